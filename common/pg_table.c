#include "pg_table.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "memory.h"
#include "report.h"
#include "sysexits.h"
#include "text.h"

/* --- names --- */

/* What stands between double quotes at *at, where two of them are one; NULL: not closed, or nothing. */
static char *take_quoted(const char **at)
{
    const char *from = *at + 1;
    char *name = memory_new(strlen(from) + 1, 1), *end = name;

    while (*from && (from[0] != '"' || from[1] == '"')) {
        from += *from == '"';
        *end++ = *from++;
    }
    *at = from + (*from == '"');
    if (*from == '"' && end != name)
        return name;
    free(name);
    return NULL;
}

/* A name at *at, which ends at a dot if dots part names; NULL: there is none. */
static char *take_name(const char **at, bool dots)
{
    size_t length = dots ? strcspn(*at, ".") : strlen(*at);
    char *name;

    if (**at == '"')
        return take_quoted(at);
    name = length > 0 ? memory_bytes(*at, length) : NULL;
    *at += length;
    return name;
}

static bool is_utf8(const char *text)
{
    size_t left = strlen(text), step;

    for (; left > 0; left -= step, text += step)
        if (!(step = text_utf8_length((const unsigned char *)text, left)))
            return false;
    return true;
}

static void load_table(struct pg_table *table, const char *text)
{
    const char *at = text;

    table->name = take_name(&at, true);
    if (table->name && *at == '.') {
        at++;
        table->schema = table->name;
        table->name = take_name(&at, true);
    }
    if (!table->name || *at || !is_utf8(text))
        config_problem("DB_TABLE",
                       "\"%s\" is neither table nor schema.table; write a name that holds a dot or begins with a "
                       "double quote in double quotes: \"my.schema\".\"my.table\"",
                       text);
}

static void load_column(struct pg_table *table, const char *text)
{
    const char *at = text;

    table->column = take_name(&at, false);
    if (!table->column || *at || !is_utf8(text))
        config_problem("DB_IP_COLUMN", "\"%s\" is not the name of a column, bare or in double quotes", text);
}

void pg_table_load(struct pg_table *table)
{
    const char *name = config_text("DB_TABLE"), *column = config_text("DB_IP_COLUMN");

    *table = (struct pg_table){0};
    load_table(table, name ? name : "postal.ip_addresses");
    load_column(table, column ? column : "ip");
}

static char *quote(PGconn *connection, const char *name)
{
    char *quoted = memory_check(PQescapeIdentifier(connection, name, strlen(name)));
    char *copy = memory_string(quoted);

    PQfreemem(quoted);
    return copy;
}

void pg_table_quote(struct pg_table *table, PGconn *connection)
{
    char *name;

    if (table->sql_name)
        return;
    name = quote(connection, table->name);
    table->sql_column = quote(connection, table->column);
    if (table->schema) {
        char *schema = quote(connection, table->schema);

        table->sql_name = memory_format("%s.%s", schema, name);
        free(schema);
        free(name);
    } else {
        table->sql_name = name;
    }
}

void pg_table_free(struct pg_table *table)
{
    free(table->schema);
    free(table->name);
    free(table->column);
    free(table->sql_name);
    free(table->sql_column);
    *table = (struct pg_table){0};
}

/* --- the online check --- */

/* A row for each column that is needed: what the catalogue and the rights of the role say of it. */
static const char inspect[] =
    "WITH wanted(name) AS (VALUES ($3), ('id'), ('priority'), ('oldPriority'), ('blockingLists'), ('lastEvent')),"
    " relation AS (SELECT c.oid, c.relnamespace FROM pg_catalog.pg_class c"
    "  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE c.relname = $2::name AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
    "  AND CASE WHEN $1::text IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = $1::name END)"
    " SELECT w.name, r.oid IS NOT NULL, pg_catalog.has_schema_privilege(r.relnamespace, 'USAGE'),"
    "  a.attnum IS NOT NULL, pg_catalog.has_column_privilege(r.oid, a.attnum, 'SELECT'),"
    "  pg_catalog.has_column_privilege(r.oid, a.attnum, 'UPDATE'), a.atttypid IN (20, 21, 23), current_user"
    " FROM wanted w LEFT JOIN relation r ON true LEFT JOIN pg_catalog.pg_attribute a"
    "  ON a.attrelid = r.oid AND a.attname = w.name::name AND a.attnum > 0 AND NOT a.attisdropped";
enum { NAME, TABLE_THERE, USAGE, COLUMN_THERE, MAY_SELECT, MAY_UPDATE, IS_INTEGER, ROLE };

/* The columns that pg-apply writes; the first is of stock Postal, schema.sql adds the others. */
static const struct {
    const char *name, *quoted, *type;
} written[] = {{"priority", "priority", NULL},
               {"oldPriority", "\"oldPriority\"", "integer"},
               {"blockingLists", "\"blockingLists\"", "text"},
               {"lastEvent", "\"lastEvent\"", "text"}};
#define WRITTEN (sizeof written / sizeof *written)

static bool is_true(const PGresult *result, int row, int field)
{
    return !strcmp(PQgetvalue(result, row, field), "t");
}

static int which_written(const char *name)
{
    for (size_t i = 0; i < WRITTEN; i++)
        if (!strcmp(written[i].name, name))
            return (int)i;
    return -1;
}

static int missing_column(const struct pg_table *table, const char *name)
{
    int known = which_written(name);

    if (known > 0)
        report(REPORT_ERROR, "database_misfit",
               "the table %s has no column %s; its owner adds it with: ALTER TABLE %s ADD COLUMN %s %s;",
               table->sql_name, written[known].quoted, table->sql_name, written[known].quoted, written[known].type);
    else
        report(REPORT_ERROR, "database_misfit",
               "the table %s has no column \"%s\"; set DB_TABLE and DB_IP_COLUMN to those of this database (Postal "
               "itself calls the address ipv4)",
               table->sql_name, name);
    return EXIT_CONFIG;
}

/* What one row of inspect says: EXIT_DONE, or reported. */
static int inspect_column(const struct pg_table *table, const PGresult *result, int row, enum pg_access access,
                          const char *role)
{
    const char *name = PQgetvalue(result, row, NAME);
    int known = which_written(name), status = EXIT_DONE;

    if (!is_true(result, row, COLUMN_THERE))
        return missing_column(table, name);
    if (!strcmp(name, "id") && !is_true(result, row, IS_INTEGER)) {
        report(REPORT_ERROR, "database_misfit",
               "the column id of %s is not smallint, integer or bigint; DB_TABLE must name a table whose rows have "
               "such an id",
               table->sql_name);
        return EXIT_CONFIG;
    }
    if (!is_true(result, row, MAY_SELECT)) {
        report(REPORT_ERROR, "database_refused",
               "the role %s may not read \"%s\"; the table's owner allows it with: GRANT SELECT ON %s TO %s;", role,
               name, table->sql_name, role);
        status = EXIT_REFUSED;
    }
    if (access == PG_WRITE && known >= 0 && !is_true(result, row, MAY_UPDATE)) {
        report(REPORT_ERROR, "database_refused",
               "the role %s may not change \"%s\"; the table's owner allows it with: GRANT UPDATE (%s) ON %s TO %s;",
               role, name, written[known].quoted, table->sql_name, role);
        status = EXIT_REFUSED;
    }
    return status;
}

static int inspect_table(const struct pg_table *table, const PGresult *result, enum pg_access access,
                         PGconn *connection)
{
    char *role = quote(connection, PQgetvalue(result, 0, ROLE));
    int status = EXIT_DONE;

    if (!is_true(result, 0, TABLE_THERE)) {
        report(REPORT_ERROR, "database_misfit", "there is no table %s in this database; check DB_NAME and DB_TABLE",
               table->sql_name);
        status = EXIT_CONFIG;
    } else if (!is_true(result, 0, USAGE) && table->schema) {
        char *schema = quote(connection, table->schema);

        report(REPORT_ERROR, "database_refused",
               "the role %s may not use the schema %s; its owner allows it with: GRANT USAGE ON SCHEMA %s TO %s;",
               role, schema, schema, role);
        free(schema);
        status = EXIT_REFUSED;
    }
    for (int row = 0; is_true(result, 0, TABLE_THERE) && row < PQntuples(result); row++) {
        int column = inspect_column(table, result, row, access, role);

        status = column > status ? column : status; /* 78 before 77 */
    }
    free(role);
    return status;
}

static void keep(void *context, size_t index, PGresult *result)
{
    PGresult **kept = context;

    (void)index;
    *kept = result;
}

int pg_table_check(struct pg *pg, struct pg_table *table, enum pg_access access)
{
    const char *const values[] = {table->schema, table->name, table->column};
    const struct pg_statement statement = {inspect, values, 3};
    PGresult *result = NULL;
    enum pg_fault fault = pg_connect(pg);
    int status;

    if (!fault)
        fault = pg_transaction(pg, PG_READ, &statement, 1, keep, &result);
    if (fault) {
        pg_report(pg, fault);
        status = pg_exit_status(fault);
    } else {
        pg_table_quote(table, pg->connection);
        status = inspect_table(table, result, access, pg->connection);
    }
    PQclear(result);
    return status;
}
