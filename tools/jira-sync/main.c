/*
 * jira-sync: keeps one ticket in Jira for each listed address; jira-sync(1).
 *
 * It goes on reading while Jira answers, so that Jira never holds up the stage
 * before: records that wait for their tickets are kept, up to WAITING_MAX bytes.
 * Whatever becomes of Jira, every record is passed on.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "check.h"
#include "clock.h"
#include "config.h"
#include "confine.h"
#include "malfunction.h"
#include "memory.h"
#include "ndjson.h"
#include "run.h"
#include "signals.h"
#include "sysexits.h"
#include "tool.h"

#define WAITING_MAX (64 * 1024 * 1024) /* bytes of records that wait for Jira */
#define RECORDS_AT_ONCE 256            /* read before the requests under way are looked after again */
#define OUTPUT_BACKLOG 32768           /* bytes that wait for the next stage before no more is read or begun */
#define WRITES_GRACE_MS 2000           /* of SIGNALS_GRACE_MS, for requests under way when a signal comes */

static const char help[] = "usage: jira-sync [--allow-stale] [--require-run] [--check[=online]] <records\n"
                           "Keeps one Jira ticket for each listed address, and passes the records on.\n"
                           "\n"
                           "      --allow-stale    acts on a run that began more than an hour ago, too\n"
                           "      --require-run    a stream without run and end records was cut off\n"
                           "      --check          checks the configuration, touches nothing\n"
                           "      --check=online   asks Jira for project, issue types and rights as well\n"
                           "      --help, --version\n"
                           "\n"
                           "Reads JIRA_SERVER, JIRA_USER, JIRA_API_TOKEN, JIRA_PROJECT, JIRA_ISSUE_TYPE,\n"
                           "JIRA_DNS_FAILURE_ISSUE_TYPE, JIRA_EXCLUDED_STATUSES, JIRA_IGNORE_CLOSED_DAYS,\n"
                           "JIRA_CONCURRENCY, JIRA_FIELDS, DRY_RUN. The manual jira-sync(1) says the rest.\n";

static const struct job_kind *const kinds[] = {&address_kind, &malfunction_kind};

struct stage {
    struct settings settings;
    struct http *http; /* NULL: Jira is not asked */
    struct jira jira;
    struct sync *sync;
    struct ndjson_in in;
    struct ndjson_out out;
    struct census census;
    struct addresses addresses;
    struct malfunctions malfunctions;
    struct ndjson_record *end; /* held back until all the others have left */
    bool keeps_malfunctions;
    bool input_done, judged;
};

static struct stage self;

/* --- Jira --- */

static void open_jira(struct stage *stage, bool dry_run, const char *consequence)
{
    const struct settings *settings = &stage->settings;

    if (settings->offline)
        return;
    stage->http = http_open(settings->server, settings->user, settings->token, settings->concurrency, consequence);
    jira_open(&stage->jira, settings, stage->http);
    stage->sync = sync_open(&stage->jira, dry_run, kinds, sizeof kinds / sizeof *kinds);
}

static void close_stage(struct stage *stage)
{
    if (stage->http) {
        http_close(stage->http);
        sync_close(stage->sync);
        jira_close(&stage->jira);
    }
    ndjson_in_close(&stage->in);
    census_free(&stage->census);
    free(stage->addresses.run_id);
    settings_free(&stage->settings);
}

static int check_stage(struct stage *stage)
{
    int status;

    if (stage->settings.offline)
        return EXIT_DONE;
    open_jira(stage, true, "the check went no further");
    status = check_online(&stage->jira, kinds, sizeof kinds / sizeof *kinds);
    close_stage(stage);
    return status;
}

/* --- records --- */

static void take_run(struct stage *stage, struct ndjson_record *record)
{
    const char *run_id = json_string_value(json_object_get(record->object, "run_id"));
    const char *shard = json_string_value(json_object_get(record->object, "shard"));
    struct addresses *addresses = &stage->addresses;

    if (run_is_dry(record->object, "Jira was not touched"))
        addresses->dry_run = true;
    /* A ticket about what was an hour ago would send people after what is over. */
    if (!addresses->dry_run)
        run_refuse_stale(record->object, "Jira was not touched");
    addresses->run_id = run_id ? memory_string(run_id) : NULL;
    stage->keeps_malfunctions = !shard || !strncmp(shard, "0/", 2);
    ndjson_write(&stage->out, record);
    ndjson_record_free(record);
}

static void take_zone(struct stage *stage, struct ndjson_record *record)
{
    const char *name = json_string_value(json_object_get(record->object, "zone"));

    if (name)
        census_add_zone(&stage->census, name);
    ndjson_write(&stage->out, record);
    ndjson_record_free(record);
}

static void take_end(struct stage *stage, struct ndjson_record *record)
{
    stage->end = record;
}

static void take_address(struct stage *stage, struct ndjson_record *record)
{
    /* Here at the latest it is known whether it is a dry run. */
    if (!stage->http)
        open_jira(stage, stage->addresses.dry_run,
                  "no ticket is touched any more in this run, the next makes up for it");
    stage->addresses.sync = stage->sync;
    if (stage->sync)
        sync_start(stage->sync);
    address_take(&stage->addresses, &stage->in, record);
}

/* Without credentials only a dry run can be made, and the first record must say that it is one. NULL: there is none.
 */
static void decide_offline(struct stage *stage, const struct ndjson_record *first)
{
    if (!stage->settings.undecided)
        return;
    stage->settings.undecided = false;
    if (first && !strcmp(first->type, "run") && run_is_dry(first->object, "Jira was not touched"))
        return;
    settings_require();
    if (config_finish() > 0)
        exit(EXIT_CONFIG);
}

static void take(struct stage *stage, struct ndjson_record *record)
{
    static const struct {
        const char *type;
        void (*take)(struct stage *stage, struct ndjson_record *record);
    } types[] = {{"ip", take_address}, {"zone", take_zone}, {"run", take_run}, {"end", take_end}};

    decide_offline(stage, record);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(record->type, types[i].type)) {
            types[i].take(stage, record);
            return;
        }
    ndjson_write(&stage->out, record);
    ndjson_record_free(record);
}

/* --- the loop --- */

/* The next stage is slow: nothing is done meanwhile that would give it more. What Jira was asked goes on. */
static bool is_clogged(const struct stage *stage)
{
    return ndjson_pending(&stage->out) >= OUTPUT_BACKLOG;
}

static bool may_read(const struct stage *stage)
{
    return !stage->input_done && !is_clogged(stage) && (!stage->sync || sync_weight(stage->sync) < WAITING_MAX);
}

/* Takes what is buffered; true if more could be taken at once. */
static bool take_input(struct stage *stage)
{
    struct ndjson_record *record;

    for (int i = 0; i < RECORDS_AT_ONCE && may_read(stage); i++) {
        enum ndjson_event event = ndjson_next(&stage->in, &record);

        if (event == NDJSON_AGAIN)
            return false;
        if (event == NDJSON_END) {
            decide_offline(stage, NULL);
            stage->input_done = true;
        } else
            take(stage, record);
    }
    return may_read(stage);
}

/* In a complete stream only: half a run says nothing about the whole. */
static void judge_malfunctions(struct stage *stage)
{
    stage->judged = true;
    if (!stage->sync || !stage->end || !stage->keeps_malfunctions || ndjson_cut_off(&stage->in))
        return;
    stage->malfunctions.run_id = stage->addresses.run_id;
    stage->malfunctions.dry_run = stage->addresses.dry_run;
    malfunctions_judge(&stage->malfunctions, &stage->census, stage->end->object, stage->sync);
}

static bool is_full(const struct stage *stage)
{
    return stage->sync && sync_weight(stage->sync) >= WAITING_MAX;
}

static bool is_done(const struct stage *stage)
{
    return stage->input_done && stage->judged && (!stage->sync || sync_idle(stage->sync));
}

/* As much as the reader takes at once. */
static void write_some(struct ndjson_out *out)
{
    struct pollfd ready = {.fd = out->fd, .events = POLLOUT};

    while (ndjson_pending(out) > 0 && poll(&ready, 1, 0) > 0)
        ndjson_flush_some(out);
}

/* Waits for input, for room in the output, for Jira, or for a signal. */
static void wait_and_serve(struct stage *stage, int timeout_ms)
{
    struct pollfd fds[] = {
        {.fd = may_read(stage) ? stage->in.fd : -1, .events = POLLIN},
        {.fd = ndjson_pending(&stage->out) > 0 ? stage->out.fd : -1, .events = POLLOUT},
        {.fd = signals_fd(), .events = POLLIN},
    };

    if (stage->http)
        http_wait(stage->http, fds, 3, timeout_ms);
    else
        poll(fds, 3, timeout_ms);
    if (fds[0].revents)
        ndjson_fill(&stage->in);
    if (fds[1].revents)
        write_some(&stage->out);
}

static void run(struct stage *stage)
{
    while (!signals_received()) {
        bool more = take_input(stage);

        if (stage->input_done && !stage->judged && (!stage->sync || sync_knows(stage->sync)))
            judge_malfunctions(stage);
        if (stage->sync && (stage->input_done || is_full(stage)))
            sync_release(stage->sync);
        if (stage->sync && !is_clogged(stage))
            sync_work(stage->sync);
        if (is_done(stage))
            break;
        wait_and_serve(stage, more ? 0 : stage->sync && !is_clogged(stage) ? sync_timeout(stage->sync) : -1);
    }
}

/* What was begun may end; what waits is passed on as it is. One grace time is for both. */
static void stop(struct stage *stage)
{
    int64_t now = clock_steady_ms(), deadline = now + WRITES_GRACE_MS, left;

    stage->out.stop_at = now + SIGNALS_GRACE_MS;
    ndjson_stop(&stage->in);
    if (!stage->sync)
        return;
    sync_stop(stage->sync);
    while (sync_writing(stage->sync) && (left = deadline - clock_steady_ms()) > 0) {
        struct pollfd out = {.fd = ndjson_pending(&stage->out) > 0 ? stage->out.fd : -1, .events = POLLOUT};

        http_wait(stage->http, &out, 1, (int)left);
        if (out.revents)
            write_some(&stage->out);
    }
    http_give_up(stage->http, HTTP_INTERRUPTED, "stopped by signal %d", signals_received());
    while (!sync_idle(stage->sync)) {
        http_wait(stage->http, NULL, 0, 0);
        sync_work(stage->sync);
        if (is_clogged(stage))
            ndjson_flush(&stage->out);
    }
}

/* Last of all, and only of a whole stream: whoever reads it takes the stream for complete. */
static void write_end(struct stage *stage)
{
    json_t *done = stage->malfunctions.done;

    if (stage->end && !ndjson_cut_off(&stage->in) && !signals_received())
        ndjson_write_with(&stage->out, stage->end,
                          json_pack("{s:O*, s:o}", "jira_malfunctions", done, "stage_duration_sec",
                                    run_stage_durations(stage->end->object, "jira-sync")));
    json_decref(done);
    ndjson_record_free(stage->end);
}

/* --- exit status --- */

/* What has become of the tickets. */
static int jira_status(const struct stage *stage)
{
    if (stage->http && http_verdict(stage->http) == HTTP_REFUSED)
        return EXIT_REFUSED;
    if (stage->http && (http_verdict(stage->http) == HTTP_DOWN || sync_unreachable(stage->sync)))
        return EXIT_UNREACHABLE;
    return stage->addresses.failed + stage->malfunctions.failed > 0 ? EXIT_SOME_FAILED : EXIT_DONE;
}

int main(int argc, char **argv)
{
    struct tool tool = {.name = "jira-sync", .help = help, .options = run_options, .take = run_take_option};
    enum tool_mode mode = tool_start(&tool, argc, argv);
    struct stage *stage = &self;
    int status;

    tool_no_arguments(&tool, argc, argv);
    settings_load(&stage->settings, mode == TOOL_RUN);
    if (config_finish() > 0)
        return EXIT_CONFIG;
    if (mode == TOOL_CHECK)
        return EXIT_DONE;
    confine(CONFINE_NETWORK | CONFINE_READ, NULL);
    if (mode == TOOL_CHECK_ONLINE)
        return check_stage(stage);
    ndjson_in_open(&stage->in, STDIN_FILENO);
    stage->in.require_run = tool.require_run;
    ndjson_out_open(&stage->out, STDOUT_FILENO, true);
    stage->out.never_blocks = true; /* or Jira would seem slow whenever the reader is */
    stage->addresses = (struct addresses){.settings = &stage->settings,
                                          .out = &stage->out,
                                          .census = &stage->census,
                                          .dry_run = stage->settings.dry_run};
    run(stage);
    if (signals_received())
        stop(stage);
    write_end(stage);
    ndjson_out_close(&stage->out);
    status = exit_status_worse(ndjson_status(&stage->in, &stage->out), jira_status(stage));
    close_stage(stage);
    return status;
}
