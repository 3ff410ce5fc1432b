#include "pg.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "config.h"
#include "memory.h"
#include "report.h"
#include "secret.h"
#include "signals.h"
#include "sysexits.h"

#define CONNECT_SECONDS 10 /* to each host, unless connect_timeout says otherwise */
#define SILENCE_MS 45000   /* a server that says nothing for so long is lost: above statement_timeout */
#define RUN_ID_SHOWN 8     /* characters of the run's id in application_name */

static const char set_timeouts[] = "SELECT pg_catalog.set_config('statement_timeout', '30s', true),"
                                   " pg_catalog.set_config('lock_timeout', '2s', true),"
                                   " pg_catalog.set_config('idle_in_transaction_session_timeout', '15s', true)";
static const char *const begin[] = {[PG_READ] = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY",
                                    [PG_WRITE] = "BEGIN ISOLATION LEVEL READ COMMITTED"};

/* Error codes of the server, by their start: the first that fits decides (PostgreSQL manual, appendix A). */
static const struct {
    const char *start;
    enum pg_fault fault;
} states[] = {
    {"28", PG_REFUSED},                          /* invalid authorization, invalid password */
    {"42501", PG_REFUSED}, {"3D000", PG_MISFIT}, /* no such database */
    {"3F000", PG_MISFIT},                        /* no such schema */
    {"42", PG_MISFIT},                           /* no such table, column, operator between these types */
    {"40003", PG_LOST},    {"40", PG_BUSY},      /* serialization failure, deadlock */
    {"55P03", PG_BUSY},                          /* lock timeout */
    {"57014", PG_BUSY},                          /* statement timeout */
    {"08", PG_LOST},                             /* connection exceptions; pgbouncer's errors */
    {"25006", PG_LOST},                          /* read-only: a standby; after a failover the primary is elsewhere */
    {"25P03", PG_LOST},                          /* idle in transaction for too long */
    {"53", PG_LOST},                             /* too many connections, disk full */
    {"57P", PG_LOST},                            /* shutting down, starting up */
    {"58", PG_LOST},                             /* input and output errors of the server */
};

/*
 * pgbouncer says all that it has against a login with the code of a protocol violation,
 * 08P01; these are its words (1.18), and those of servers behind it that it passes on.
 */
static const struct {
    const char *words;
    enum pg_fault fault;
} refusals[] = {
    {"authentication failed", PG_REFUSED}, {"login rejected", PG_REFUSED},  {"auth failed", PG_REFUSED},
    {"no such user", PG_REFUSED},          {"no such database", PG_MISFIT},
};

/* What each fault is called in the log, what a person can do about it, and how the tool ends. */
static const struct {
    const char *error_type, *advice;
    int status;
} faults[] = {
    [PG_OK] = {"database", "", EXIT_DONE},
    [PG_STOPPED] = {"interrupted", "a signal stopped it", EXIT_UNREACHABLE},
    [PG_LOST] = {"database_unreachable",
                 "check that the server runs and that DB_HOST and DB_PORT, or DB_DSN, name it", EXIT_UNREACHABLE},
    [PG_UNCERTAIN] = {"database_unreachable", "whether the last change was committed will be read from the rows",
                      EXIT_UNREACHABLE},
    [PG_BUSY] = {"database_busy", "look in pg_stat_activity for a long transaction that holds locks",
                 EXIT_UNREACHABLE},
    [PG_REFUSED] = {"database_refused", "check user and password, and the rights: --check=online names missing ones",
                    EXIT_REFUSED},
    [PG_MISFIT] = {"database_misfit",
                   "check DB_NAME or DB_DSN, DB_TABLE and DB_IP_COLUMN: --check=online names what is missing",
                   EXIT_CONFIG},
    [PG_FAILED] = {"database_error", "the table does not take or give what is asked of it", EXIT_CONFIG},
};

/* --- configuration --- */

static bool starts_with(const char *text, const char *start)
{
    return !strncmp(text, start, strlen(start));
}

/*
 * An @ or / in the password of a URI, not escaped, makes libpq take what follows for
 * host, port or database, and quote that piece of the password as such.
 */
static bool tears_password(const char *dsn)
{
    const char *rest = strstr(dsn, "://");

    if (!rest || (!starts_with(dsn, "postgresql://") && !starts_with(dsn, "postgres://")))
        return false;
    rest += strlen("://");
    if (rest[strcspn(rest, "@/")] == '@')
        rest = strchr(rest, '@') + 1;
    return memchr(rest, '@', strcspn(rest, "?")) != NULL;
}

/*
 * Whether one of the ports, with commas between, is none; an empty one is the standard. libpq finds that out when it
 * connects, and quotes the value: where an @ is missing, it is the password.
 */
static bool has_strange_port(const PQconninfoOption *options)
{
    const char *list;
    char *port;
    long number;
    bool is_strange = false;

    while (options->keyword && strcmp(options->keyword, "port") != 0)
        options++;
    list = options->keyword ? options->val : NULL;
    while (list && !is_strange && (port = config_item(&list))) {
        is_strange = !config_parse_number(port, 1, 65535, &number);
        free(port);
    }
    return is_strange;
}

/* Secrets inside a connection string, and whether it is one; libpq's own message could quote a secret. */
static void inspect_dsn(const char *dsn)
{
    char *problem = NULL;
    PQconninfoOption *options = PQconninfoParse(dsn, &problem);

    PQfreemem(problem);
    if (options && tears_password(dsn))
        config_problem("DB_DSN",
                       "an @ stands behind the one that ends the login; in user and password write @ as %%40 "
                       "and / as %%2F, and in the name of a database @ as %%40");
    else if (options && has_strange_port(options))
        config_problem("DB_DSN",
                       "the port is not a number, nor several with commas between; in a URI, is the @ missing that "
                       "ends user and password?");
    if (!options)
        config_problem("DB_DSN",
                       "neither a postgresql:// URI nor keyword=value pairs that libpq understands; put "
                       "values with blanks in single quotes, and escape special characters of a URI as %%XX");
    for (PQconninfoOption *option = options; option && option->keyword; option++)
        if (option->val && (!strcmp(option->keyword, "password") || !strcmp(option->keyword, "sslpassword")))
            secret_add(option->val);
    PQconninfoFree(options);
}

void pg_load(struct pg *pg, const char *tool)
{
    static const char purpose[] = "connect to the database, unless DB_DSN is set";

    *pg = (struct pg){.dsn = config_secret("DB_DSN")};
    pg_set_run(pg, tool, NULL);
    if (getenv("PGPASSWORD"))
        secret_add(getenv("PGPASSWORD"));
    if (pg->dsn) {
        inspect_dsn(pg->dsn);
        return;
    }
    pg->host = config_required("DB_HOST", purpose);
    config_number("DB_PORT", 5432, 1, 65535);
    pg->port = config_text("DB_PORT");
    pg->name = config_required("DB_NAME", purpose);
    pg->user = config_required("DB_USER", purpose);
    pg->password = config_secret("DB_PASSWORD");
    if (!pg->password)
        config_required("DB_PASSWORD", purpose);
}

void pg_set_run(struct pg *pg, const char *tool, const char *run_id)
{
    free(pg->application);
    pg->application = run_id ? memory_format("%s/%.*s", tool, RUN_ID_SHOWN, run_id) : memory_format("%s", tool);
}

/* --- what went wrong --- */

static enum pg_fault fault_of(const char *sqlstate)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (starts_with(sqlstate, states[i].start))
            return states[i].fault;
    return PG_FAILED;
}

/* Keeps a message of libpq as one line, without the lines that name places in the server's source. */
static void note(struct pg *pg, const char *sqlstate, const char *message)
{
    char *text = memory_new(strlen(message) + 1, 1), *end = text;

    while (*message) {
        size_t length = strcspn(message += strspn(message, "\t"), "\n");

        if (length > 0 && !starts_with(message, "LOCATION:")) {
            if (end != text)
                *end++ = ' ';
            memcpy(end, message, length);
            end += length;
        }
        message += length + (message[length] == '\n');
    }
    free(pg->message);
    pg->message = text;
    strncpy(pg->sqlstate, sqlstate, sizeof pg->sqlstate - 1);
}

static enum pg_fault lost(struct pg *pg, const char *message)
{
    note(pg, "", message ? message : PQerrorMessage(pg->connection));
    pg_close(pg);
    return PG_LOST;
}

static enum pg_fault stopped(struct pg *pg)
{
    note(pg, "", "interrupted");
    pg_close(pg);
    return PG_STOPPED;
}

/*
 * An error that arose inside a function or a statement that the server runs by itself,
 * so in a trigger or for a foreign key, is that row's affair even if it speaks of missing
 * tables or rights. The context says so in the server's language; these stay in all.
 */
static bool arose_inside(const char *context)
{
    return context && (strstr(context, "SQL") || strstr(context, "PL/"));
}

static enum pg_fault failed(struct pg *pg, const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    enum pg_fault fault;

    if (!sqlstate || !primary)
        return lost(pg, PQresultErrorMessage(result));
    fault = fault_of(sqlstate);
    note(pg, sqlstate, primary);
    if ((fault == PG_REFUSED || fault == PG_MISFIT) && arose_inside(context))
        return PG_FAILED;
    if (fault == PG_LOST)
        pg_close(pg);
    return fault;
}

/* --- waiting --- */

static enum pg_fault wait_socket(struct pg *pg, short events, int64_t deadline)
{
    for (;;) {
        int64_t now = clock_steady_ms(), until = deadline;
        bool stopping = signals_received() != 0;
        struct pollfd ready[] = {{.fd = PQsocket(pg->connection), .events = events},
                                 {.fd = stopping ? -1 : signals_fd(), .events = POLLIN}};

        if (stopping && pg->stop_at == 0)
            pg->stop_at = now + SIGNALS_GRACE_MS;
        if (stopping && pg->stop_at < until)
            until = pg->stop_at;
        if (stopping && (!pg->finishing || now >= until))
            return stopped(pg);
        if (now >= until)
            return lost(pg, "the server does not answer");
        if (poll(ready, 2, (int)(until - now)) > 0 && ready[0].revents)
            return PG_OK;
    }
}

/* The next thing that PQgetResult(3) has to say, NULL included; sends what is left to send meanwhile. */
static enum pg_fault next_result(struct pg *pg, PGresult **result)
{
    int64_t deadline = clock_steady_ms() + SILENCE_MS;

    for (;;) {
        int unsent = PQflush(pg->connection);
        enum pg_fault fault;

        if (unsent < 0)
            return lost(pg, NULL);
        if (!PQisBusy(pg->connection))
            break;
        fault = wait_socket(pg, unsent ? POLLIN | POLLOUT : POLLIN, deadline);
        if (fault)
            return fault;
        if (!PQconsumeInput(pg->connection))
            return lost(pg, NULL);
    }
    *result = PQgetResult(pg->connection);
    return PG_OK;
}

/* --- connecting --- */

/* The code in a message of verbosity PQERRORS_VERBOSE, "FATAL:  28P01: …"; libpq has no other way to tell it. */
static void find_sqlstate(const char *message, char sqlstate[6])
{
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    sqlstate[0] = '\0';
    for (const char *at = message; (at = strstr(at, ":  ")); at++) {
        if (strspn(at + 3, alphabet) == 5 && starts_with(at + 8, ": ")) {
            memcpy(sqlstate, at + 3, 5);
            sqlstate[5] = '\0';
        }
    }
}

static enum pg_fault cannot_connect(struct pg *pg)
{
    const char *message = PQerrorMessage(pg->connection);
    enum pg_fault fault = PG_LOST;
    char sqlstate[6];

    find_sqlstate(message, sqlstate);
    if (sqlstate[0])
        fault = fault_of(sqlstate);
    else if (starts_with(message, "invalid "))
        fault = PG_MISFIT; /* a setting that libpq does not know: sslmode, port, … */
    for (size_t i = 0; !strcmp(sqlstate, "08P01") && i < sizeof refusals / sizeof *refusals; i++)
        if (strstr(message, refusals[i].words))
            fault = refusals[i].fault;
    if (PQconnectionNeedsPassword(pg->connection))
        fault = PG_REFUSED;
    note(pg, sqlstate, message);
    pg_close(pg);
    return fault == PG_FAILED ? PG_LOST : fault;
}

/* How long connecting may take, all hosts together: PQconnectPoll(3) leaves that to its caller. */
static int64_t connect_deadline(PGconn *connection)
{
    PQconninfoOption *options = PQconninfo(connection);
    long seconds = CONNECT_SECONDS, hosts = 1;

    for (PQconninfoOption *option = options; option && option->keyword; option++) {
        if (!option->val)
            continue;
        if (!strcmp(option->keyword, "connect_timeout"))
            config_parse_number(option->val, 2, 3600, &seconds);
        if (!strcmp(option->keyword, "host"))
            for (const char *at = option->val; (at = strchr(at, ',')); at++)
                hosts++;
    }
    PQconninfoFree(options);
    return clock_steady_ms() + hosts * (seconds > 0 ? seconds : CONNECT_SECONDS) * 1000;
}

/* What stands before dbname is our default, which a connection string may replace; what stands behind is not. */
static PGconn *start(const struct pg *pg)
{
    const char *const keywords[] = {"keepalives_idle",
                                    "keepalives_interval",
                                    "keepalives_count",
                                    "tcp_user_timeout",
                                    "host",
                                    "port",
                                    "user",
                                    "password",
                                    "dbname",
                                    "application_name",
                                    "client_encoding",
                                    NULL};
    const char *const values[] = {"30",
                                  "10",
                                  "3",
                                  "15000",
                                  pg->host,
                                  pg->port,
                                  pg->user,
                                  pg->password,
                                  pg->dsn ? pg->dsn : pg->name,
                                  pg->application,
                                  "UTF8",
                                  NULL};

    return memory_check(PQconnectStartParams(keywords, values, pg->dsn != NULL));
}

static enum pg_fault finish_connecting(struct pg *pg)
{
    int64_t deadline = connect_deadline(pg->connection);
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;

    if (PQstatus(pg->connection) == CONNECTION_BAD)
        return cannot_connect(pg);
    while (state != PGRES_POLLING_OK) {
        enum pg_fault fault = wait_socket(pg, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline);

        if (fault)
            return fault;
        state = PQconnectPoll(pg->connection);
        if (state == PGRES_POLLING_FAILED)
            return cannot_connect(pg);
    }
    return PG_OK;
}

/* Servers' notices are for their own log. */
static void ignore_notice(void *context, const PGresult *notice)
{
    (void)context;
    (void)notice;
}

enum pg_fault pg_connect(struct pg *pg)
{
    enum pg_fault fault;

    if (pg->connection && PQstatus(pg->connection) == CONNECTION_OK)
        return PG_OK;
    pg_close(pg);
    if (signals_received())
        return stopped(pg);
    pg->finishing = false;
    pg->connection = start(pg);
    PQsetErrorVerbosity(pg->connection, PQERRORS_VERBOSE);
    PQsetNoticeReceiver(pg->connection, ignore_notice, NULL);
    fault = finish_connecting(pg);
    if (fault)
        return fault;
    if (PQsetnonblocking(pg->connection, 1) != 0 || !PQenterPipelineMode(pg->connection))
        return lost(pg, NULL);
    return PG_OK;
}

void pg_close(struct pg *pg)
{
    PQfinish(pg->connection);
    pg->connection = NULL;
}

void pg_free(struct pg *pg)
{
    pg_close(pg);
    free(pg->application);
    free(pg->message);
    pg->application = pg->message = NULL;
}

/* --- transactions --- */

static bool queue(struct pg *pg, const char *sql, int count, const char *const *values)
{
    return PQsendQueryParams(pg->connection, sql, count, NULL, values, NULL, NULL, 0) == 1;
}

/* The result of the next statement; PG_OK with *result NULL: it was skipped because one before it failed. */
static enum pg_fault statement_result(struct pg *pg, PGresult **result)
{
    PGresult *got = NULL, *mark = NULL;
    ExecStatusType status;
    enum pg_fault fault = next_result(pg, &got);

    *result = NULL;
    if (fault)
        return fault;
    status = PQresultStatus(got);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
        *result = got;
        fault = next_result(pg, &mark);
    } else {
        fault = status == PGRES_PIPELINE_ABORTED ? PG_OK : failed(pg, got);
        PQclear(got);
        if (pg->connection)
            fault = next_result(pg, &mark) ? PG_LOST : fault;
    }
    PQclear(mark);
    if (fault) {
        PQclear(*result);
        *result = NULL;
    }
    return fault;
}

static enum pg_fault sync_result(struct pg *pg)
{
    PGresult *mark = NULL;
    enum pg_fault fault = next_result(pg, &mark);

    if (!fault && PQresultStatus(mark) != PGRES_PIPELINE_SYNC)
        fault = lost(pg, "the server's answers are out of step");
    PQclear(mark);
    return fault;
}

/*
 * Whether a statement's text is to be sent: it is not that of the one before it. Of
 * several in a row the server then parses and plans one; what is parsed has no name
 * (protocol-flow, "Extended Query"), so nothing of it outlives the transaction.
 */
static bool is_new_text(const struct pg_statement *statements, size_t i)
{
    return i == 0 || statements[i].sql != statements[i - 1].sql;
}

static bool queue_statement(struct pg *pg, const struct pg_statement *statements, size_t i)
{
    const struct pg_statement *one = &statements[i];

    if (is_new_text(statements, i) && PQsendPrepare(pg->connection, "", one->sql, one->count, NULL) != 1)
        return false;
    return PQsendQueryPrepared(pg->connection, "", one->count, one->values, NULL, NULL, 0) == 1;
}

/*
 * What only reads is ended in the same breath, which saves a round trip a page: there
 * is nothing to find out about its COMMIT.
 */
static enum pg_fault send_all(struct pg *pg, enum pg_access access, const struct pg_statement *statements,
                              size_t count)
{
    bool sent = queue(pg, begin[access], 0, NULL) && queue(pg, set_timeouts, 0, NULL);

    for (size_t i = 0; sent && i < count; i++)
        sent = queue_statement(pg, statements, i);
    if (access == PG_READ)
        sent = sent && queue(pg, "COMMIT", 0, NULL);
    return sent && PQpipelineSync(pg->connection) ? PG_OK : lost(pg, NULL);
}

/* The next of the results of send_all(); *outcome is the first error, behind which all are skipped, or a lost
 * connection. */
static PGresult *take_one(struct pg *pg, enum pg_fault *outcome)
{
    PGresult *result;
    enum pg_fault fault = statement_result(pg, &result);

    if (!*outcome || !pg->connection)
        *outcome = fault;
    return result;
}

/* Reads the results of send_all(). */
static enum pg_fault take_all(struct pg *pg, enum pg_access access, const struct pg_statement *statements,
                              size_t count, void (*take)(void *, size_t, PGresult *), void *context)
{
    enum pg_fault outcome = PG_OK;

    for (int i = 0; i < 2 && pg->connection; i++) /* BEGIN and the timeouts */
        PQclear(take_one(pg, &outcome));
    for (size_t i = 0; i < count && pg->connection; i++) {
        PGresult *result;

        if (is_new_text(statements, i))
            PQclear(take_one(pg, &outcome));
        if (pg->connection && (result = take_one(pg, &outcome)))
            take(context, i, result);
    }
    if (access == PG_READ && pg->connection)
        PQclear(take_one(pg, &outcome)); /* COMMIT */
    if (pg->connection && sync_result(pg) && !pg->connection)
        return signals_received() ? PG_STOPPED : PG_LOST;
    return outcome;
}

/* COMMIT or ROLLBACK. */
static enum pg_fault end_transaction(struct pg *pg, const char *command)
{
    PGresult *result = NULL;
    enum pg_fault fault;

    if (!queue(pg, command, 0, NULL) || !PQpipelineSync(pg->connection)) {
        lost(pg, NULL);
        return PG_UNCERTAIN; /* it may have been sent before the connection broke */
    }
    fault = statement_result(pg, &result);
    if (!pg->connection)
        return fault == PG_STOPPED ? PG_STOPPED : PG_UNCERTAIN;
    if (!fault && strcmp(PQcmdStatus(result), command) != 0) {
        note(pg, "", "the server rolled the transaction back instead of committing it");
        fault = PG_FAILED;
    }
    PQclear(result);
    sync_result(pg); /* if the connection breaks only now, the answer is known all the same */
    return fault;
}

enum pg_fault pg_transaction(struct pg *pg, enum pg_access access, const struct pg_statement *statements,
                             size_t count, void (*take)(void *, size_t, PGresult *), void *context)
{
    enum pg_fault fault;

    if (signals_received())
        return stopped(pg);
    pg->finishing = access == PG_WRITE;
    fault = send_all(pg, access, statements, count);
    if (!fault)
        fault = take_all(pg, access, statements, count, take, context);
    if (!pg->connection)
        return fault;
    if (fault)
        end_transaction(pg, "ROLLBACK");
    else if (access == PG_WRITE)
        fault = end_transaction(pg, "COMMIT");
    return fault;
}

/* --- for the tools --- */

static json_t *details(const struct pg *pg)
{
    return memory_check(json_pack("{s:s*}", "sqlstate", *pg->sqlstate ? pg->sqlstate : NULL));
}

bool pg_retry(const struct pg *pg, enum pg_fault fault, struct retry *retry)
{
    if ((fault != PG_LOST && fault != PG_BUSY && fault != PG_UNCERTAIN) || retry_seconds(retry) == 0)
        return false;
    report_with(REPORT_WARNING, faults[fault].error_type, details(pg), "%s; next try in %u s", pg->message,
                retry_seconds(retry));
    return retry_wait(retry);
}

void pg_report(const struct pg *pg, enum pg_fault fault)
{
    report_with(REPORT_ERROR, faults[fault].error_type, details(pg), "%s; %s", pg->message, faults[fault].advice);
}

int pg_exit_status(enum pg_fault fault)
{
    if (fault == PG_STOPPED && signals_received())
        return 128 + signals_received();
    return faults[fault].status;
}
