/* What is asked next, and what follows from the answers. */
#include <arpa/nameser.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "memory.h"
#include "probe.h"

/* --- tasks --- */

static void on_done(void *context, struct answer *answer, double elapsed_ms);

/*
 * Milliseconds that a lookup may take. Both test entries share one DNS_TIMEOUT, which also an
 * entry that was asked after the other one's answer keeps to. The time between, while others
 * had the lookups, is not the zone's and does not count.
 */
static double time_for(struct probe *probe, const struct task *task)
{
    double whole = (double)probe->timeout_seconds * 1000;
    struct lane *lane = task->lane;

    if (task->kind != TASK_CANARY)
        return whole;
    if (task->canary == CANARY_LISTED) { /* the first */
        lane->canary_started = clock_steady_ms();
        lane->canary_ms = 0;
        return whole;
    }
    if (lane->canaries_answered == 0)
        return whole - (double)(clock_steady_ms() - lane->canary_started);
    return whole - lane->canary_ms;
}

static void start(struct probe *probe, struct task model, const struct ip *ip, int type)
{
    struct task *task = memory_new(1, sizeof *task);
    struct lane *lane = model.lane;
    char reversed[IP_REVERSED_SIZE], name[NS_MAXDNAME];

    *task = model;
    task->probe = probe;
    task->previous = NULL;
    task->following = lane->tasks;
    if (lane->tasks)
        lane->tasks->previous = task;
    lane->tasks = task;
    lane->in_flight++;
    probe->in_flight++;
    snprintf(name, sizeof name, "%s.%s", ip_reversed(ip, reversed), probe->zones->domains[lane->domain]);
    resolver_ask(probe->resolver, name, type, time_for(probe, task), on_done, task, &task->lookup);
}

static void remove_task(struct task *task)
{
    if (task->previous)
        task->previous->following = task->following;
    else
        task->lane->tasks = task->following;
    if (task->following)
        task->following->previous = task->previous;
    task->lane->in_flight--;
    task->probe->in_flight--;
    answer_clear(&task->answer);
    free(task);
}

static void cancel_tasks(struct probe *probe, struct lane *lane)
{
    for (struct task *task = lane->tasks, *following; task; task = following) {
        following = task->following;
        resolver_cancel(probe->resolver, task->lookup);
        remove_task(task);
    }
}

/* --- lanes --- */

/*
 * A trial of a broken lane is over. With fewer than LANE_TRIALS_PART lookups in flight one trial
 * is more than their part of them, and the others have their time before the next.
 */
static void end_trial(struct probe *probe, struct lane *lane)
{
    int64_t now = clock_steady_ms();

    if (lane->half_open && probe->concurrency < LANE_TRIALS_PART)
        probe->next_trial_at =
            now + (now - lane->trial_started) * (int64_t)(LANE_TRIALS_PART / probe->concurrency - 1);
    lane->half_open = false;
}

static void open_lane(struct probe *probe, struct lane *lane, enum health health)
{
    end_trial(probe, lane);
    lane->state = LANE_OPEN;
    lane->passed = true;
    lane->health = health;
    lane->timeouts = 0;
    free(lane->detail);
    lane->detail = NULL;
    probe_emit_health(probe, lane);
}

void probe_start_canary(struct probe *probe, struct lane *lane)
{
    lane->canaries_asked = lane->canaries_answered = 0;
    if (lane->state == LANE_IDLE)
        lane->state = LANE_CANARY;
    if (lane->exempt)
        open_lane(probe, lane, HEALTH_EXEMPT);
}

/* Both test entries are answered, or one is known to be silent. */
static void judge(struct probe *probe, struct lane *lane)
{
    lane_judge(lane, probe->zones, resolver_public(probe->resolver));
    end_trial(probe, lane);
    if (lane->health == HEALTH_UNREACHABLE) {
        lane->state = LANE_BROKEN;
        lane->retry_at = clock_steady_ms() + LANE_RETRY_MS;
        probe_emit_health(probe, lane);
    } else if (lane->health == HEALTH_OK) {
        open_lane(probe, lane, HEALTH_OK);
    } else {
        lane->state = lane->family == 6 && lane->health == HEALTH_SILENT ? LANE_LEFT_OUT : LANE_CONDEMNED;
        probe_emit_health(probe, lane);
    }
}

/* A slot whose lookup came to nothing is asked for again, should the lane open in time. */
static void give_back(struct probe *probe, struct lane *lane, unsigned long long number)
{
    struct slot *slot = window_slot(&probe->window, number);

    if (!slot || slot->outcomes[lane->domain].state != OUTCOME_ASKED)
        return;
    slot->outcomes[lane->domain].state = OUTCOME_NEW;
    if (number < lane->next)
        lane->next = number;
}

/* Settles the slot with the listing that the task was asking a reason for. */
static void settle_listing(struct probe *probe, struct task *task)
{
    struct slot *slot = window_slot(&probe->window, task->slot);

    if (!slot)
        return;
    window_settle(&probe->window, slot, task->lane->domain, &task->answer, task->elapsed_ms);
    task->answer = (struct answer){0};
}

/*
 * Opens the breaker: addresses in flight are given back, to be asked for again if the
 * zone returns in time, and listings go without their reasons.
 */
static void break_lane(struct probe *probe, struct lane *lane)
{
    bool was_open = lane->state != LANE_BROKEN;

    lane->state = LANE_BROKEN;
    end_trial(probe, lane);
    lane->retry_at = clock_steady_ms() + LANE_RETRY_MS;
    for (struct task *task = lane->tasks; task; task = task->following) {
        if (task->kind == TASK_TEXT)
            settle_listing(probe, task);
        else if (task->kind == TASK_ADDRESS)
            give_back(probe, lane, task->slot);
    }
    cancel_tasks(probe, lane);
    if (!was_open)
        return;
    lane->health = HEALTH_UNREACHABLE;
    free(lane->detail);
    lane->detail =
        memory_format("it stopped answering during the run: %d lookups in a row timed out", LANE_TIMEOUTS_MOST);
    probe_emit_health(probe, lane);
}

/* --- answers --- */

static bool is_listed(const struct probe *probe, size_t domain, const struct answer *answer)
{
    enum answer_error error;

    for (size_t i = 0; answer->count > 0 && i < probe->zones->count; i++)
        if (probe->zones->items[i].domain == domain &&
            answer_status(answer, probe->zones, &probe->zones->items[i], &error) == RECORD_LISTED)
            return true;
    return false;
}

static bool is_silence(enum answer_error error)
{
    return error == ANSWER_TIMEOUT || error == ANSWER_NETWORK_ERROR;
}

static void on_canary(struct probe *probe, struct lane *lane, enum canary canary, struct answer *answer,
                      double elapsed_ms)
{
    lane->canary_ms = elapsed_ms;
    answer_clear(&lane->canary[canary]);
    lane->canary[canary] = *answer;
    lane->canaries_answered++;
    if (is_silence(answer->error)) { /* which says enough: the other need not be asked, or waited for */
        cancel_tasks(probe, lane);
        lane->canaries_asked = lane->canaries_answered = CANARIES;
    }
    if (lane->canaries_answered == CANARIES)
        judge(probe, lane);
}

/* A zone that leaves its texts unanswered is asked for one at intervals: its listings count without their reasons. */
static bool may_ask_text(const struct lane *lane)
{
    return lane->text_timeouts < LANE_TIMEOUTS_MOST || clock_steady_ms() >= lane->text_at;
}

/* Settles the slot, or asks first why it is listed. */
static void take_address(struct probe *probe, struct lane *lane, unsigned long long number, struct answer *answer,
                         double elapsed_ms)
{
    struct slot *slot = window_slot(&probe->window, number);

    if (!slot) {
        answer_clear(answer);
    } else if (slot->outcomes[lane->domain].state != OUTCOME_SETTLED && is_listed(probe, lane->domain, answer) &&
               !probe_deadline_passed(probe) && may_ask_text(lane)) {
        struct task why = {
            .kind = TASK_TEXT, .lane = lane, .slot = number, .answer = *answer, .elapsed_ms = elapsed_ms};

        lane->text_at = clock_steady_ms() + LANE_RETRY_MS;
        start(probe, why, &slot->ip, ns_t_txt);
    } else {
        window_settle(&probe->window, slot, lane->domain, answer, elapsed_ms);
    }
}

static void on_address(struct probe *probe, struct lane *lane, unsigned long long number, struct answer *answer,
                       double elapsed_ms)
{
    bool silent = is_silence(answer->error), on_trial = lane->state == LANE_BROKEN;

    lane->timeouts = silent ? lane->timeouts + 1 : 0;
    if (on_trial && silent) {
        give_back(probe, lane, number);
        break_lane(probe, lane);
        answer_clear(answer);
        return;
    }
    if (on_trial)
        open_lane(probe, lane, lane->exempt ? HEALTH_EXEMPT : HEALTH_OK);
    take_address(probe, lane, number, answer, elapsed_ms);
    if (lane->timeouts >= LANE_TIMEOUTS_MOST)
        break_lane(probe, lane);
}

static void on_text(struct probe *probe, struct task *task, struct answer *text)
{
    task->lane->text_timeouts = is_silence(text->error) ? task->lane->text_timeouts + 1 : 0;
    task->answer.text = text->text;
    text->text = NULL;
    answer_clear(text);
    settle_listing(probe, task);
}

static void on_done(void *context, struct answer *answer, double elapsed_ms)
{
    struct task *task = context;
    struct task done = *task;

    if (task->kind == TASK_TEXT)
        on_text(task->probe, task, answer);
    remove_task(task);
    if (done.kind == TASK_CANARY)
        on_canary(done.probe, done.lane, done.canary, answer, elapsed_ms);
    else if (done.kind == TASK_ADDRESS)
        on_address(done.probe, done.lane, done.slot, answer, elapsed_ms);
}

/* --- the schedule --- */

bool probe_deadline_passed(const struct probe *probe)
{
    return probe->deadline && clock_steady_ms() >= probe->deadline;
}

/* The next slot for this lane to ask for, NULL: none. Moves lane->next to it. */
static struct slot *next_slot(struct probe *probe, struct lane *lane)
{
    if (lane->next < probe->window.head)
        lane->next = probe->window.head;
    for (; lane->next < probe->window.tail; lane->next++) {
        struct slot *slot = window_slot(&probe->window, lane->next);

        if (slot->has_ip && slot->ip.family == lane->family && slot->outcomes[lane->domain].state == OUTCOME_NEW)
            return slot;
    }
    return NULL;
}

static bool wants_canary(const struct lane *lane)
{
    return !lane->exempt && lane->canaries_asked < CANARIES &&
           (lane->state == LANE_CANARY || (lane->state == LANE_BROKEN && lane->half_open));
}

static bool start_address(struct probe *probe, struct lane *lane)
{
    struct slot *slot = next_slot(probe, lane);
    struct task task = {.kind = TASK_ADDRESS, .lane = lane, .slot = lane->next};

    if (!slot)
        return false;
    lane->next++;
    slot->outcomes[lane->domain].state = OUTCOME_ASKED;
    start(probe, task, &slot->ip, ns_t_a);
    return true;
}

/* What a lane may have in flight. */
struct shares {
    unsigned open;    /* one that is asked about addresses */
    unsigned testing; /* one that is asked for its test entries, or tried again */
};

/* One more lookup of a lane within its share; false: it has none to start. */
static bool start_one(struct probe *probe, struct lane *lane, const struct shares *shares)
{
    if (wants_canary(lane) && lane->in_flight < shares->testing) {
        struct task task = {.kind = TASK_CANARY, .lane = lane, .canary = (enum canary)lane->canaries_asked++};
        struct ip ip = lane_canary_ip(lane->family, task.canary);

        start(probe, task, &ip, ns_t_a);
        return true;
    }
    return lane->state == LANE_OPEN && lane->in_flight < shares->open && start_address(probe, lane);
}

static unsigned part_of(unsigned whole, unsigned parts)
{
    return parts ? (whole + parts - 1) / parts : whole;
}

/*
 * An equal part of the whole for each lane that has something to ask, rounded up, so that
 * a silent one holds no more than that and none is left idle. One that asks for its test
 * entries cannot use more than two, and leaves the rest of its part to the others.
 */
static struct shares fair_shares(struct probe *probe)
{
    unsigned open = 0, testing = 0, equal, reserved;
    struct shares shares;

    for (size_t i = 0; i < probe->lane_count; i++) {
        struct lane *lane = &probe->lanes[i];

        if (lane->state == LANE_OPEN && (lane->in_flight > 0 || next_slot(probe, lane)))
            open++;
        else if (lane->state == LANE_CANARY || lane->in_flight > 0)
            testing++;
    }
    equal = part_of(probe->concurrency, open + testing);
    shares.testing = equal < CANARIES ? equal : CANARIES;
    reserved = testing * shares.testing;
    shares.open = part_of(probe->concurrency > reserved ? probe->concurrency - reserved : 1, open);
    return shares;
}

/* The first address of a family has come. A domain that fails for IPv4 is not tried for IPv6. */
static void wake_lane(struct probe *probe, struct lane *lane)
{
    struct lane *first = probe_lane(probe, lane->domain, 4);

    if (first->state == LANE_IDLE)
        probe_start_canary(probe, first);
    if (lane != first && (first->state == LANE_OPEN || lane->exempt))
        probe_start_canary(probe, lane);
}

void probe_schedule(struct probe *probe)
{
    size_t passed = 0;
    struct shares shares;

    if (probe_deadline_passed(probe))
        return;
    shares = fair_shares(probe);
    for (size_t i = 0; i < probe->lane_count && probe->in_flight < probe->concurrency; i++)
        if (probe->lanes[i].canaries_answered > 0 && wants_canary(&probe->lanes[i]))
            start_one(probe, &probe->lanes[i], &shares); /* what is begun comes first */
    while (probe->in_flight < probe->concurrency && passed < probe->lane_count) {
        struct lane *lane = &probe->lanes[probe->turn++ % probe->lane_count];

        if (lane->state == LANE_IDLE && next_slot(probe, lane))
            wake_lane(probe, lane);
        passed = start_one(probe, lane, &shares) ? 0 : passed + 1;
    }
}

/* True if an address waits for this lane, or for that of IPv6, which is not woken while this one is broken. */
static bool is_wanted(struct probe *probe, struct lane *lane)
{
    struct lane *six = probe_lane(probe, lane->domain, 6);

    return next_slot(probe, lane) || (six->state == LANE_IDLE && next_slot(probe, six));
}

/* The broken lane that has waited longest to be tried again and is wanted; NULL: none. *trials: those under way. */
static struct lane *next_to_retry(struct probe *probe, unsigned *trials)
{
    struct lane *nearest = NULL;

    *trials = 0;
    for (size_t i = 0; i < probe->lane_count; i++) {
        struct lane *lane = &probe->lanes[i];

        if (lane->state != LANE_BROKEN)
            continue;
        if (lane->half_open)
            ++*trials;
        else if ((!nearest || lane->retry_at < nearest->retry_at) && is_wanted(probe, lane))
            nearest = lane;
    }
    return nearest;
}

static bool others_ask(struct probe *probe)
{
    for (size_t i = 0; i < probe->lane_count; i++)
        if (probe->lanes[i].state == LANE_OPEN && next_slot(probe, &probe->lanes[i]))
            return true;
    return false;
}

long probe_retry_lanes(struct probe *probe)
{
    unsigned trials, most = probe->concurrency / LANE_TRIALS_PART + 1;
    struct lane *lane;

    while (!probe_deadline_passed(probe) && (lane = next_to_retry(probe, &trials))) {
        int64_t now = clock_steady_ms(), left = lane->retry_at - now;

        if (now < probe->next_trial_at && left < probe->next_trial_at - now && others_ask(probe))
            left = probe->next_trial_at - now;
        if (left > 0)
            return (long)left;
        if (trials >= most || probe->in_flight >= probe->concurrency)
            return -1; /* a lookup that ends brings us back */
        lane->half_open = true;
        lane->trial_started = now;
        if (!lane->passed || !start_address(probe, lane))
            probe_start_canary(probe, lane);
    }
    return -1;
}

void probe_cancel(struct probe *probe)
{
    for (size_t i = 0; i < probe->lane_count; i++)
        cancel_tasks(probe, &probe->lanes[i]);
}
