/*
 * PostgreSQL through libpq: one connection, transactions on it, and what went
 * wrong, in one word that a tool can act on. Every wait has a deadline and is
 * ended by SIGTERM and SIGINT (signals.h).
 *
 * Nothing rests on the state of a session: the timeouts are set inside each
 * transaction (SET LOCAL), statements are unnamed, and no startup option is
 * sent, so that pgbouncer in transaction mode works.
 *
 * Not for: the names and columns of the table (pg_table.h).
 *
 * Host names are resolved by PQconnectStart(3), which no signal interrupts.
 */
#ifndef COMMON_PG_H
#define COMMON_PG_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "retry.h"

enum pg_fault {
    PG_OK,
    PG_STOPPED,   /* a signal came */
    PG_LOST,      /* unreachable, not ready, or the connection broke; nothing was committed */
    PG_UNCERTAIN, /* the connection broke after COMMIT was sent: it may or may not have happened */
    PG_BUSY,      /* deadlock, serialization failure, a timeout: the same may succeed when tried again */
    PG_REFUSED,   /* the login or a right was refused */
    PG_MISFIT,    /* the database, the table or a column is not there, or not as it must be */
    PG_FAILED,    /* a statement failed for what it says: a constraint, a trigger, a value out of range */
};

struct pg {
    const char *dsn;                                  /* borrowed; NULL: the five that follow */
    const char *host, *port, *name, *user, *password; /* borrowed */
    char *application;                                /* application_name: the tool and the start of the run's id */
    PGconn *connection;                               /* NULL: none */
    char *message;                                    /* what went wrong last, for a person */
    char sqlstate[6];                                 /* of that; "" when it did not come from a server */
    bool finishing;                                   /* what is in flight gets SIGNALS_GRACE_MS after a signal */
    int64_t stop_at;                                  /* when that is over, by clock_steady_ms(); 0: no signal yet */
};

/* Reads DB_DSN or DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD; problems go to config_problem(). */
void pg_load(struct pg *pg, const char *tool);

/* The run that the server's administrators shall see; before the first pg_connect(). */
void pg_set_run(struct pg *pg, const char *tool, const char *run_id);

/* One try; PG_OK at once when there is a connection. */
enum pg_fault pg_connect(struct pg *pg);

void pg_close(struct pg *pg); /* the connection; pg_connect() opens another */
void pg_free(struct pg *pg);

/* A statement with its parameters $1, $2, … in text form. All borrowed. */
struct pg_statement {
    const char *sql;
    const char *const *values; /* NULL among them: SQL's NULL */
    int count;
};

enum pg_access { PG_READ, PG_WRITE };

/*
 * Runs the statements in order in one transaction at READ COMMITTED: two round
 * trips in all (libpq's pipeline mode), one if it only reads. take gets each statement's result, which
 * it must PQclear(3); what they say holds only if PG_OK is returned in the end.
 * On any other outcome nothing was committed, but for PG_UNCERTAIN, and
 * PG_STOPPED after COMMIT was sent.
 */
enum pg_fault pg_transaction(struct pg *pg, enum pg_access access, const struct pg_statement *statements,
                             size_t count, void (*take)(void *context, size_t index, PGresult *result),
                             void *context);

/*
 * Waits 2, 4, 8 seconds (retry.h) with a warning if another try can help after
 * this fault; false: it cannot, or no try is left.
 */
bool pg_retry(const struct pg *pg, enum pg_fault fault, struct retry *retry);

/* Reports the fault as an error, with the server's words and what to do. */
void pg_report(const struct pg *pg, enum pg_fault fault);

/* The exit status of a tool that ends because of the fault. */
int pg_exit_status(enum pg_fault fault);

#endif
