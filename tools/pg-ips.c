/*
 * pg-ips: the addresses of a table, as a stream of records.
 *
 * Reads pages by id, each in a transaction that has ended before a line of it is
 * written: a slow reader holds neither a snapshot nor a lock, and a broken
 * connection costs one page read again. The transaction is explicit, though one
 * SELECT would do without, because SET LOCAL needs it, and timeouts set in any
 * other way would not survive pgbouncer's transaction mode.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "clock.h"
#include "config.h"
#include "confine.h"
#include "ip.h"
#include "memory.h"
#include "ndjson.h"
#include "pg.h"
#include "pg_table.h"
#include "report.h"
#include "run.h"
#include "signals.h"
#include "sysexits.h"
#include "text.h"
#include "tool.h"

#define PAGE_ROWS "1000"
#define PAGE_ROWS_NUMBER 1000
#define SHARDS_MAX 10000
#define WARNINGS_MAX 100 /* addresses that are none, each with a line of its own */

static const char help[] =
    "usage: pg-ips [--shard I/N] [--rotate] [--check[=online]] [--count]\n"
    "Writes a record for each address in a PostgreSQL table, between a run and an end record.\n"
    "\n"
    "      --shard I/N      only the addresses of part I (from 0) of N; SHARD_COUNT and\n"
    "                       JOB_COMPLETION_INDEX say the same\n"
    "      --rotate         starts at a random id and wraps round\n"
    "      --check          checks the configuration, touches nothing\n"
    "      --check=online   asks the database for table, columns and rights as well\n"
    "      --count          checks the same, and writes how many addresses the table has\n"
    "      --require-run    accepted, as in the other stages; there is no input here\n"
    "      --help, --version\n"
    "\n"
    "Reads DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASSWORD or DB_DSN, DB_TABLE, DB_IP_COLUMN, DRY_RUN.\n"
    "The manual pg-ips(1) says the rest.\n";

struct pg_ips {
    struct pg pg;
    struct pg_table table;
    struct ndjson_out out;
    char run_id[37];
    long shard, shards;
    bool shard_given, rotate, dry_run, count;
    char *page_sql;
    json_int_t sent, skipped;
};

static struct pg_ips self;

/* --- configuration --- */

enum { OPTION_SHARD = 1, OPTION_ROTATE, OPTION_COUNT };

static const struct option options[] = {{"shard", required_argument, NULL, OPTION_SHARD},
                                        {"rotate", no_argument, NULL, OPTION_ROTATE},
                                        {"count", no_argument, NULL, OPTION_COUNT},
                                        {0}};

static bool take_shard(const char *argument)
{
    const char *slash = strchr(argument, '/');
    char *index = slash ? memory_bytes(argument, (size_t)(slash - argument)) : NULL;
    bool valid = slash && config_parse_number(slash + 1, 1, SHARDS_MAX, &self.shards) &&
                 config_parse_number(index, 0, self.shards - 1, &self.shard);

    free(index);
    self.shard_given = true;
    return valid;
}

static bool take_option(int option, const char *argument)
{
    if (option == OPTION_SHARD)
        return take_shard(argument);
    if (option == OPTION_ROTATE)
        self.rotate = true;
    else
        self.count = true;
    return true;
}

/* An Indexed Job says which part this is; half of that saying would leave addresses to nobody. */
static void load_shard(void)
{
    if (self.shard_given)
        return;
    self.shards = config_number("SHARD_COUNT", 1, 1, SHARDS_MAX);
    self.shard = config_number("JOB_COMPLETION_INDEX", 0, 0, self.shards - 1);
    if (self.shards > 1 && !config_text("JOB_COMPLETION_INDEX"))
        config_problem("JOB_COMPLETION_INDEX", "not set, though SHARD_COUNT is; run an Indexed Job, or use --shard");
}

static void load(void)
{
    pg_load(&self.pg, "pg-ips");
    pg_table_load(&self.table);
    load_shard();
    self.dry_run = config_flag("DRY_RUN", false);
}

/* --- the frame --- */

static void random_bytes(void *bytes, size_t length)
{
    if (getrandom(bytes, length, 0) != (ssize_t)length)
        die(EXIT_BUG, "system_error", "no random bytes from the kernel: %s", strerror(errno));
}

/* RFC 9562 section 5.4. */
static void make_run_id(char text[37])
{
    unsigned char bytes[16];
    char *end = text;

    random_bytes(bytes, sizeof bytes);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    for (size_t i = 0; i < sizeof bytes; i++)
        end += sprintf(end, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
}

static void write_run(void)
{
    char now[CLOCK_TEXT_SIZE];
    char *shard = memory_format("%ld/%ld", self.shard, self.shards);

    make_run_id(self.run_id);
    report_run(self.run_id);
    pg_set_run(&self.pg, "pg-ips", self.run_id);
    ndjson_write_object(&self.out, json_pack("{s:s, s:s, s:s, s:b, s:s}", "type", "run", "run_id", self.run_id,
                                             "started_at", clock_text(now), "dry_run", self.dry_run, "shard", shard));
    ndjson_flush(&self.out);
    free(shard);
}

static void write_end(void)
{
    if (self.skipped > WARNINGS_MAX)
        report(REPORT_WARNING, "not_an_address", "%" JSON_INTEGER_FORMAT " rows were passed over in all",
               self.skipped);
    ndjson_write_object(&self.out, json_pack("{s:s, s:s, s:I, s:I, s:o}", "type", "end", "run_id", self.run_id, "ips",
                                             self.sent, "skipped", self.skipped, "stage_duration_sec",
                                             run_stage_durations(NULL, "pg-ips")));
}

/* --- rows --- */

enum { ID, ADDRESS, PRIORITY, OLD_PRIORITY, BLOCKING_LISTS, LAST_EVENT };

/*
 * format() gives what the server shows of any type: text as it is, inet without the
 * /32 that ::text adds. ORDER BY names the table's id: a bare id would mean the
 * output's, which is another expression, and every page would sort the whole table.
 */
static char *page_sql(const struct pg_table *table)
{
    return memory_format("SELECT t.id::bigint, pg_catalog.format('%%s', t.%s), t.priority::bigint,"
                         " t.\"oldPriority\"::bigint, t.\"blockingLists\"::text, t.\"lastEvent\"::text FROM %s AS t"
                         " WHERE t.id >= $1::bigint AND t.id <= $2::bigint AND t.%s IS NOT NULL"
                         " ORDER BY t.id LIMIT " PAGE_ROWS,
                         table->sql_column, table->sql_name, table->sql_column);
}

static json_t *integer_or_null(const PGresult *page, int row, int field)
{
    if (PQgetisnull(page, row, field))
        return json_null();
    return json_integer(strtoll(PQgetvalue(page, row, field), NULL, 10));
}

/* A database without an encoding may hold bytes that are not UTF-8; they are shown escaped. */
static json_t *string_or_null(const PGresult *page, int row, int field)
{
    char *escaped;
    json_t *string;

    if (PQgetisnull(page, row, field))
        return json_null();
    string = json_string(PQgetvalue(page, row, field));
    if (string)
        return string;
    escaped = text_visible(PQgetvalue(page, row, field));
    string = json_string(escaped);
    free(escaped);
    return string;
}

/* What is no address has no owner among the shards by its hash: the first one speaks of it. */
static void skip(const PGresult *page, int row)
{
    const char *text = PQgetvalue(page, row, ADDRESS);
    char *shown;

    if (self.shard != 0 || ++self.skipped > WARNINGS_MAX)
        return;
    shown = text_foreign(text, strlen(text));
    report_with(REPORT_WARNING, "not_an_address",
                json_pack("{s:s, s:s}", "id", PQgetvalue(page, row, ID), "ip", shown),
                "the row with id %s holds \"%s\", which is not an IP address; it was passed over",
                PQgetvalue(page, row, ID), shown);
    free(shown);
}

static void write_row(const PGresult *page, int row)
{
    char text[IP_TEXT_SIZE];
    struct ip ip;

    if (!ip_parse(PQgetvalue(page, row, ADDRESS), &ip)) {
        skip(page, row);
        return;
    }
    if (ip_hash(&ip) % (unsigned long long)self.shards != (unsigned long long)self.shard)
        return;
    self.sent += ndjson_write_object(
        &self.out,
        json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "type", "ip", "id", integer_or_null(page, row, ID),
                  "ip", ip_format(&ip, text), "ip_text", string_or_null(page, row, ADDRESS), "priority",
                  integer_or_null(page, row, PRIORITY), "old_priority", integer_or_null(page, row, OLD_PRIORITY),
                  "blocking_lists", string_or_null(page, row, BLOCKING_LISTS), "last_event",
                  string_or_null(page, row, LAST_EVENT)));
}

/* --- pages --- */

static void keep(void *context, size_t index, PGresult *result)
{
    PGresult **kept = context;

    (void)index;
    PQclear(*kept);
    *kept = result;
}

static void stop_if_signalled(void)
{
    if (signals_received())
        die(128 + signals_received(), "interrupted", "stopped by signal %d; the stream has no end record",
            signals_received());
}

/* One read of the table, with connection and retries; the result is new. Ends the process if it cannot be had. */
static PGresult *read_table(const char *sql, int count, const char *const *values)
{
    const struct pg_statement statement = {sql, values, count};
    struct retry retry = RETRY_START;
    PGresult *result = NULL;
    enum pg_fault fault;

    do {
        fault = pg_connect(&self.pg);
        if (!fault)
            fault = pg_transaction(&self.pg, PG_READ, &statement, 1, keep, &result);
    } while (fault && pg_retry(&self.pg, fault, &retry));
    if (!fault)
        return result;
    stop_if_signalled();
    pg_report(&self.pg, fault);
    exit(pg_exit_status(fault));
}

/* All rows with an id from first to last, both included. */
static void write_range(int64_t first, int64_t last)
{
    bool more = true;

    while (more) {
        char low[24], high[24];
        const char *const bounds[] = {low, high};
        PGresult *page;
        int rows;

        snprintf(low, sizeof low, "%" PRId64, first);
        snprintf(high, sizeof high, "%" PRId64, last);
        page = read_table(self.page_sql, 2, bounds);
        rows = PQntuples(page);
        for (int row = 0; row < rows; row++)
            write_row(page, row);
        if (rows > 0)
            first = strtoll(PQgetvalue(page, rows - 1, ID), NULL, 10);
        PQclear(page);
        ndjson_flush(&self.out); /* before waiting for the database */
        more = rows == PAGE_ROWS_NUMBER && first < last;
        first += more;
    }
}

/* A random id between the lowest and the highest there is. */
static int64_t random_id(void)
{
    char *sql = memory_format("SELECT min(id)::bigint, max(id)::bigint FROM %s", self.table.sql_name);
    PGresult *result = read_table(sql, 0, NULL);
    uint64_t low = (uint64_t)strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    uint64_t span = (uint64_t)strtoll(PQgetvalue(result, 0, 1), NULL, 10) - low, offset;

    random_bytes(&offset, sizeof offset);
    PQclear(result);
    free(sql);
    return (int64_t)(low + (span == UINT64_MAX ? offset : offset % (span + 1)));
}

static void write_addresses(void)
{
    int64_t middle = INT64_MIN;

    PQclear(read_table("SELECT", 0, NULL)); /* connects, for the quoting */
    pg_table_quote(&self.table, self.pg.connection);
    self.page_sql = page_sql(&self.table);
    if (self.rotate)
        middle = random_id();
    write_range(middle, INT64_MAX);
    if (middle > INT64_MIN)
        write_range(INT64_MIN, middle - 1);
}

/* --- checking --- */

/* Of all shards: together they are what the lists are asked about. A row that is no address counts, too. */
static int write_count(void)
{
    char *sql = memory_format("SELECT count(t.%s) FROM %s AS t", self.table.sql_column, self.table.sql_name);
    PGresult *result = read_table(sql, 0, NULL);
    bool written = printf("%s\n", PQgetvalue(result, 0, 0)) > 0 && fflush(stdout) == 0;

    PQclear(result);
    free(sql);
    if (!written)
        report(REPORT_ERROR, "output_error", "cannot write the output: %s", strerror(errno));
    return written ? EXIT_DONE : EXIT_OUTPUT;
}

static int check_online(void)
{
    int status = pg_table_check(&self.pg, &self.table, PG_READ);

    return status == EXIT_DONE && self.count ? write_count() : status;
}

int main(int argc, char **argv)
{
    struct tool tool = {.name = "pg-ips", .help = help, .options = options, .take = take_option};
    enum tool_mode mode = tool_start(&tool, argc, argv);

    tool_no_arguments(&tool, argc, argv);
    load();
    if (config_finish() > 0)
        return EXIT_CONFIG;
    if (mode == TOOL_CHECK)
        return EXIT_DONE;
    confine(CONFINE_NETWORK | CONFINE_READ, NULL);
    if (mode == TOOL_CHECK_ONLINE || self.count)
        return check_online();
    ndjson_out_open(&self.out, STDOUT_FILENO, false);
    write_run();
    write_addresses();
    stop_if_signalled();
    write_end();
    ndjson_out_close(&self.out);
    pg_free(&self.pg);
    pg_table_free(&self.table);
    free(self.page_sql);
    return self.out.refused ? EXIT_SOME_FAILED : EXIT_DONE;
}
