#include "probe.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "config.h"
#include "memory.h"
#include "report.h"
#include "signals.h"
#include "sysexits.h"

#define DEADLINE_MOST 86400

/* --- configuration --- */

void probe_configure(struct probe_config *config, const struct zones *zones)
{
    resolver_configure(&config->resolver);
    config->run_deadline = config_number("RUN_DEADLINE", 0, 0, DEADLINE_MOST);
    config->exempt = zones_choose(zones, "DNSBL_CANARY_EXEMPT");
}

/* libevent warns on stderr, where only our own lines belong, of files that epoll(7) refuses; await() sees to those.
 */
static void ignore_log(int severity, const char *message)
{
    (void)severity;
    (void)message;
}

bool probe_open(struct probe *probe, const struct options *options, const struct zones *zones,
                const struct probe_config *config)
{
    *probe = (struct probe){.options = options,
                            .zones = zones,
                            .concurrency = (unsigned)config->resolver.concurrency,
                            .timeout_seconds = config->resolver.timeout_ms / 1000};
    event_set_log_callback(ignore_log);
    probe->base = memory_check(event_base_new());
    probe->resolver = resolver_new(probe->base, &config->resolver, zones);
    if (config->run_deadline > 0)
        probe->deadline = clock_steady_ms() + config->run_deadline * 1000;
    probe->lane_count = zones->domain_count * 2;
    probe->lanes = memory_new(probe->lane_count, sizeof *probe->lanes);
    for (size_t i = 0; i < probe->lane_count; i++) {
        probe->lanes[i].domain = i / 2;
        probe->lanes[i].family = i % 2 ? 6 : 4;
    }
    for (size_t i = 0; i < zones->count; i++)
        if (config->exempt[i])
            for (int family = 4; family <= 6; family += 2)
                probe_lane(probe, zones->items[i].domain, family)->exempt = true;
    probe->counts = memory_new(zones->count, sizeof *probe->counts);
    probe->verdicts = memory_new(zones->count, sizeof *probe->verdicts);
    window_open(&probe->window, zones->domain_count, probe->concurrency);
    return probe->resolver != NULL;
}

void probe_close(struct probe *probe)
{
    if (probe->resolver)
        probe_cancel(probe);
    resolver_free(probe->resolver);
    event_base_free(probe->base);
    window_close(&probe->window);
    for (size_t i = 0; i < probe->lane_count; i++)
        lane_close(&probe->lanes[i]);
    free(probe->lanes);
    for (size_t i = 0; i < probe->zones->count; i++)
        free(probe->counts[i].shown);
    free(probe->counts);
    free(probe->verdicts);
}

/* --- the loop --- */

static void on_ready(evutil_socket_t fd, short events, void *argument)
{
    (void)fd;
    (void)events;
    (void)argument;
}

static void on_input(evutil_socket_t fd, short events, void *argument)
{
    struct probe *probe = argument;

    (void)fd;
    (void)events;
    ndjson_fill(&probe->in);
}

/* For output that goes to the same terminal as the progress. */
static void make_way(struct probe *probe)
{
    if (probe->shares_terminal)
        progress_make_way(&probe->progress);
}

static void on_output(evutil_socket_t fd, short events, void *argument)
{
    struct probe *probe = argument;

    (void)fd;
    (void)events;
    make_way(probe);
    ndjson_flush_some(&probe->out);
}

struct watches {
    struct event *input, *output, *signals, *timer;
};

static void watch(struct probe *probe, struct watches *watches)
{
    watches->input = event_new(probe->base, STDIN_FILENO, EV_READ, on_input, probe);
    watches->output = event_new(probe->base, STDOUT_FILENO, EV_WRITE, on_output, probe);
    watches->signals = event_new(probe->base, signals_fd(), EV_READ | EV_PERSIST, on_ready, NULL);
    watches->timer = evtimer_new(probe->base, on_ready, NULL);
    event_add(watches->signals, NULL);
}

static void unwatch(struct watches *watches)
{
    event_free(watches->input);
    event_free(watches->output);
    event_free(watches->signals);
    event_free(watches->timer);
}

/* epoll(7) refuses regular files, which never block. */
static bool await(struct event *event)
{
    return event_pending(event, EV_READ | EV_WRITE, NULL) || event_add(event, NULL) == 0;
}

/* True if there is room, and nothing will wake the loop for the input: it is a file, or was left unread for want of
 * room. */
static bool can_take_more(struct probe *probe, struct watches *watches)
{
    return !probe->input_ended && !window_full(&probe->window) && !event_pending(watches->input, EV_READ, NULL);
}

static void set_timer(struct probe *probe, struct event *timer, long retry)
{
    long waits[] = {resolver_next_deadline(probe->resolver), retry, -1, progress_wait(&probe->progress)};
    long wait = -1;
    struct timeval delay;

    if (probe->deadline && !probe_deadline_passed(probe)) {
        waits[2] = (long)(probe->deadline - clock_steady_ms());
        if (waits[2] < 0) /* it has come just now */
            waits[2] = 0;
    }
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
        if (waits[i] >= 0 && (wait < 0 || waits[i] < wait))
            wait = waits[i];
    if (wait < 0)
        wait = 60000;
    delay = (struct timeval){wait / 1000, wait % 1000 * 1000};
    evtimer_add(timer, &delay);
}

/* Unless a line of output that is only half written stands on the terminal. */
static void draw_progress(struct probe *probe)
{
    struct progress_state state = {.done = probe->done, .total = probe->expected, .zones = probe->zones->count};

    if (progress_wait(&probe->progress) != 0 || (probe->shares_terminal && ndjson_pending(&probe->out) > 0))
        return;
    if (probe->input_ended)
        state.total = probe->taken;
    state.zones_out = probe_zones_out(probe);
    progress_draw(&probe->progress, &state);
}

/* One turn: take in, ask, let out, then wait for whatever comes first. */
static void turn(struct probe *probe, struct watches *watches)
{
    bool written = false;
    long retry;

    if (probe_take_input(probe) && !await(watches->input))
        ndjson_fill(&probe->in);
    resolver_expire(probe->resolver);
    retry = probe_retry_lanes(probe);
    probe_schedule(probe);
    probe_emit(probe);
    if (ndjson_pending(&probe->out) > 0 && !await(watches->output)) {
        make_way(probe);
        ndjson_flush(&probe->out);
        written = true; /* and no event will say so */
    }
    if (probe->input_ended && window_empty(&probe->window))
        return;
    draw_progress(probe);
    set_timer(probe, watches->timer, retry);
    event_base_loop(probe->base, EVLOOP_ONCE | (written || can_take_more(probe, watches) ? EVLOOP_NONBLOCK : 0));
}

/* Addresses that a person types leave no room for progress, and in the job other programs share the terminal. */
static void open_progress(struct probe *probe)
{
    bool typed = !probe->options->arguments && isatty(STDIN_FILENO);

    probe->shares_terminal = isatty(STDOUT_FILENO);
    progress_open(&probe->progress, !typed && !probe->options->require_run);
    if (typed && isatty(STDERR_FILENO) && !probe->options->require_run)
        report(REPORT_INFO, "input", "type an IP address or a range a line; Ctrl-D ends");
}

static void open_output(struct probe *probe)
{
    size_t columns = 0;

    ndjson_out_open(&probe->out, STDOUT_FILENO, false);
    probe->out.never_blocks = true;
    for (size_t i = 0; i < probe->zones->count; i++)
        if (strlen(probe->zones->items[i].name) > columns)
            columns = strlen(probe->zones->items[i].name);
    if (probe->options->table)
        table_open(&probe->table, STDOUT_FILENO, columns);
}

/* What the exit status becomes where it would be EXIT_DONE. */
static int found_status(const struct probe *probe)
{
    static const int statuses[] = {
        [FINDING_CLEAN] = EXIT_DONE, [FINDING_UNKNOWN] = EXIT_UNKNOWN, [FINDING_LISTED] = EXIT_LISTED};

    return probe->options->exit_code ? statuses[probe->finding] : EXIT_DONE;
}

int probe_run(struct probe *probe)
{
    struct watches watches;
    int status;

    probe_open_input(probe);
    open_output(probe);
    open_progress(probe);
    watch(probe, &watches);
    while (!signals_received() && !(probe->input_ended && window_empty(&probe->window)))
        turn(probe, &watches);
    if (signals_received())
        ndjson_stop(&probe->in);
    else if (probe->in.frame == NDJSON_UNFRAMED && !ndjson_cut_off(&probe->in))
        probe_emit_end(probe);
    unwatch(&watches);
    progress_close(&probe->progress);
    ndjson_out_close(&probe->out);
    ndjson_in_close(&probe->in);
    status = ndjson_status(&probe->in, &probe->out);
    return status == EXIT_DONE ? found_status(probe) : status;
}

static bool is_undecided(const struct probe *probe)
{
    for (size_t i = 0; i < probe->lane_count; i++)
        if (probe->lanes[i].state == LANE_CANARY)
            return true;
    return false;
}

int probe_check(struct probe *probe)
{
    struct watches watches;

    probe->deadline = 0; /* it is for runs */
    ndjson_out_open(&probe->out, -1, true);
    probe->out.gone = true; /* the zones are reported; there is no stream */
    watch(probe, &watches);
    for (size_t i = 0; i < probe->zones->domain_count; i++)
        probe_start_canary(probe, probe_lane(probe, i, 4));
    while (!signals_received() && is_undecided(probe)) {
        resolver_expire(probe->resolver);
        probe_schedule(probe);
        set_timer(probe, watches.timer, -1);
        event_base_loop(probe->base, EVLOOP_ONCE);
    }
    if (!signals_received())
        probe_report_health(probe);
    unwatch(&watches);
    ndjson_out_close(&probe->out);
    return signals_received() ? 128 + signals_received() : EXIT_DONE;
}
