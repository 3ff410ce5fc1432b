/*
 * pg-apply: writes what dnsbl-decide decided into the table, and passes each
 * record on with what came of it, when it is committed and not before.
 *
 * Changes are gathered while input keeps coming and committed together; a change
 * that comes alone is committed at once. Other records wait behind the changes
 * that came before them, so that all leave in their order.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apply.h"
#include "clock.h"
#include "config.h"
#include "confine.h"
#include "memory.h"
#include "report.h"
#include "run.h"
#include "signals.h"
#include "sysexits.h"
#include "tool.h"

#define BATCH_CHANGES 1000            /* changes committed together, at most */
#define BATCH_RECORDS 4000            /* records that wait, changes and others, at most */
#define BATCH_BYTES (2 * 1024 * 1024) /* of their text, give or take a record */
#define GATHER_MS 5                   /* how long a change waits for company while no input is there */
#define PIPE_BYTES (1024 * 1024)      /* of input that the kernel keeps while a batch is committed */

static const char help[] =
    "usage: pg-apply [--allow-stale] [--require-run] [--check[=online]] <records\n"
    "Writes the updates in the records of dnsbl-decide into the table, and passes the records on.\n"
    "\n"
    "      --allow-stale    acts on a run that began more than an hour ago, too\n"
    "      --require-run    a stream without run and end records was cut off\n"
    "      --check          checks the configuration, touches nothing\n"
    "      --check=online   asks the database for table, columns and rights as well\n"
    "      --help, --version\n"
    "\n"
    "Reads DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASSWORD or DB_DSN, DB_TABLE, DB_IP_COLUMN,\n"
    "LISTED_PRIORITY, CLEAN_FALLBACK_PRIORITY, DRY_RUN. The manual pg-apply(1) says the rest.\n";

struct pg_apply {
    struct apply apply;
    struct ndjson_in in;
    struct ndjson_out out;
    bool dry_run;
    struct change *waiting[BATCH_RECORDS]; /* in the order of the input */
    size_t count, bytes, changes;          /* of those waiting: how many, their text, the PENDING ones */
    int64_t gather_until;                  /* by clock_steady_ms(); counts while changes > 0 */
};

static struct pg_apply self;

/* --- configuration --- */

static void load_priority(const char *name, long standard, char text[24])
{
    snprintf(text, 24, "%ld", config_number(name, standard, 0, 2147483647));
}

static void load(void)
{
    pg_load(&self.apply.pg, "pg-apply");
    pg_table_load(&self.apply.table);
    load_priority("LISTED_PRIORITY", 0, self.apply.listed_priority);
    load_priority("CLEAN_FALLBACK_PRIORITY", 50, self.apply.fallback_priority);
    self.dry_run = config_flag("DRY_RUN", false);
}

/* --- the run record --- */

static void take_run(const json_t *run)
{
    const char *run_id = json_string_value(json_object_get(run, "run_id"));

    if (run_is_dry(run, "nothing was written"))
        self.dry_run = true;
    /* A decision that is old may be wrong by now, and no condition of the update would show it. */
    if (!self.dry_run)
        run_refuse_stale(run, "nothing was written");
    pg_set_run(&self.apply.pg, "pg-apply", run_id);
}

/* --- records --- */

static void report_conflict(const struct change *change)
{
    report_with(REPORT_WARNING, "conflict", json_pack("{s:s, s:I}", "ip", change->ip, "id", change->id_number),
                "the row of %s (id %s) is no longer as it was read; it was left as it is, for the next run",
                change->ip, change->id);
}

static void settle(struct change *change)
{
    if (change->outcome == OUTCOME_CONFLICT)
        report_conflict(change);
    if (change->outcome != OUTCOME_PENDING && !change->is_end)
        change_settle(change, self.dry_run);
}

/* Decides the changes that wait. */
static void decide(void)
{
    struct change *pending[BATCH_CHANGES];
    size_t count = 0;

    for (size_t i = 0; i < self.count; i++)
        if (self.waiting[i]->outcome == OUTCOME_PENDING)
            pending[count++] = self.waiting[i];
    if (count > 0 && self.dry_run)
        apply_look(&self.apply, pending, count);
    else if (count > 0)
        apply_changes(&self.apply, pending, count);
    for (size_t i = 0; i < count; i++)
        settle(pending[i]);
}

/* Decides what waits, and passes it on; what a signal left undecided is not passed on, nor what is behind it. */
static void finish_batch(void)
{
    bool decided = true;

    decide();
    for (size_t i = 0; i < self.count; i++) {
        if (self.waiting[i]->is_end)
            change_settle(self.waiting[i], self.dry_run);
        decided = decided && self.waiting[i]->line;
        if (decided)
            ndjson_write_fitting(&self.out, self.waiting[i]->line, self.waiting[i]->length);
        change_free(self.waiting[i]);
    }
    self.count = self.bytes = self.changes = 0;
}

static bool batch_is_full(void)
{
    return self.changes == BATCH_CHANGES || self.count == BATCH_RECORDS || self.bytes >= BATCH_BYTES;
}

static void take(struct ndjson_record *record)
{
    struct change *change = memory_new(1, sizeof *change);
    char *problem = change_read(change, record);

    if (problem) {
        ndjson_bad(&self.in, "%s", problem);
        free(problem);
        change_free(change);
        return;
    }
    if (!strcmp(record->type, "run"))
        take_run(record->object);
    change->order = self.count;
    self.waiting[self.count++] = change;
    self.bytes += record->length;
    settle(change);
    if (change->outcome == OUTCOME_PENDING && self.changes++ == 0)
        self.gather_until = clock_steady_ms() + GATHER_MS;
    if (self.changes == 0 || batch_is_full())
        finish_batch();
}

/* --- the loop --- */

static bool readable_within(int milliseconds)
{
    struct pollfd ready[] = {{.fd = self.in.fd, .events = POLLIN}, {.fd = signals_fd(), .events = POLLIN}};

    return poll(ready, 2, milliseconds) > 0 && ready[0].revents;
}

/* No transaction is open, and no change waits for its commit, while this waits for input. */
static void wait_for_input(void)
{
    int64_t left = self.gather_until - clock_steady_ms();

    if (self.changes > 0 && !readable_within(left > 0 ? (int)left : 0))
        finish_batch();
    if (!readable_within(0))
        ndjson_flush(&self.out);
    if (!signals_received() && readable_within(-1))
        ndjson_fill(&self.in);
}

static void run(void)
{
    struct ndjson_record *record;
    enum ndjson_event event;

    /* The longer the queue that builds up during a commit, the fewer commits; not every descriptor is a pipe. */
    fcntl(self.in.fd, F_SETPIPE_SZ, PIPE_BYTES);
    while ((event = ndjson_next(&self.in, &record)) != NDJSON_END) {
        if (event == NDJSON_RECORD)
            take(record);
        else
            wait_for_input();
        if (signals_received())
            ndjson_stop(&self.in);
    }
    finish_batch();
}

static int final_status(void)
{
    int status = exit_status_worse(ndjson_status(&self.in, &self.out), self.apply.status);

    if (self.apply.failed > 0)
        report(REPORT_ERROR, "changes_failed", "%lu changes were not written; the next run makes up for them",
               self.apply.failed);
    return self.apply.failed > 0 ? exit_status_worse(status, EXIT_SOME_FAILED) : status;
}

int main(int argc, char **argv)
{
    struct tool tool = {.name = "pg-apply", .help = help, .options = run_options, .take = run_take_option};
    enum tool_mode mode = tool_start(&tool, argc, argv);
    int status;

    tool_no_arguments(&tool, argc, argv);
    load();
    if (config_finish() > 0)
        return EXIT_CONFIG;
    if (mode == TOOL_CHECK)
        return EXIT_DONE;
    confine(CONFINE_NETWORK | CONFINE_READ, NULL);
    if (mode == TOOL_CHECK_ONLINE)
        return pg_table_check(&self.apply.pg, &self.apply.table, PG_WRITE);
    ndjson_in_open(&self.in, STDIN_FILENO);
    self.in.require_run = tool.require_run;
    ndjson_out_open(&self.out, STDOUT_FILENO, true);
    run();
    ndjson_out_close(&self.out);
    status = final_status();
    ndjson_in_close(&self.in);
    apply_free(&self.apply);
    return status;
}
