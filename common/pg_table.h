/*
 * The table of addresses: DB_TABLE and DB_IP_COLUMN, quoted for SQL, and whether
 * the server has what they name. The other columns have fixed names: id,
 * priority, "oldPriority", "blockingLists", "lastEvent".
 *
 * A name is taken as it stands, capitals included. DB_TABLE may be schema.table;
 * a name that holds a dot is written in double quotes, as in SQL.
 */
#ifndef COMMON_PG_TABLE_H
#define COMMON_PG_TABLE_H

#include "pg.h"

struct pg_table {
    char *schema;                /* as the catalogue has it; NULL: by the search path */
    char *name, *column;         /* as the catalogue has them; NULL: a configuration problem was noted */
    char *sql_name, *sql_column; /* quoted; NULL before pg_table_quote() */
};

/* Problems go to config_problem(). */
void pg_table_load(struct pg_table *table);

/* Needs a connection, whose encoding the quoting depends on. Does nothing the second time. */
void pg_table_quote(struct pg_table *table, PGconn *connection);

void pg_table_free(struct pg_table *table);

/*
 * Asks the server for table, columns and rights, and reports each thing that is
 * missing with the SQL that mends it. Returns an exit status: EXIT_DONE, what
 * pg_exit_status() says, EXIT_CONFIG (something is not there) or EXIT_REFUSED
 * (a right is missing). Changes nothing.
 */
int pg_table_check(struct pg *pg, struct pg_table *table, enum pg_access access);

#endif
