#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "memory.h"
#include "preflight.h"
#include "sync_inside.h"

char *sync_owner_of(const struct sync *sync, const struct issue *issue)
{
    char *owner = NULL;

    for (size_t i = 0; !owner && i < sync->kind_count; i++)
        owner = sync->kinds[i]->owner(issue);
    return owner;
}

bool sync_is_about(const struct issue *issue, const char *owner, const struct job *job)
{
    if (!owner || !strcmp(owner, job->owner))
        return owner != NULL;
    return job->written == SYNC_CREATED && job->kind->made && job->kind->made(job, issue);
}

/* --- the beginning --- */

/* Closed tickets of today that are not marked. */
static void note_closed(struct sync *sync, const struct issue *issue)
{
    for (size_t i = 0; i < sync->kind_count; i++) {
        const struct job_kind *kind = sync->kinds[i];
        char *owner = kind->of_a_day && !issue_has_label(issue, kind->mark) ? kind->owner(issue) : NULL;

        if (owner)
            json_array_append_new(sync->closed, json_string(owner));
        free(owner);
    }
}

static void on_open_issue(void *context, struct issue *issue)
{
    struct sync *sync = context;
    char *owner = issue->open ? sync_owner_of(sync, issue) : NULL;

    if (!issue->open)
        note_closed(sync, issue);
    if (owner)
        subject_offer_open(subject_of(&sync->subjects, owner), issue);
    else
        issue_free(issue);
    free(owner);
}

static void on_open_known(void *context, const struct http_answer *answer)
{
    struct sync *sync = context;
    char *problem = jira_problem(answer);

    if (answer->outcome == HTTP_ANSWERED && answer->status == 200)
        sync->knows_open = true;
    else
        http_give_up(sync->jira->http, HTTP_DOWN, "Jira does not tell which tickets are open (%s)", problem);
    free(problem);
}

static void on_preflight(void *context)
{
    struct sync *sync = context;
    const char *today = NULL;
    json_t *labels;

    if (http_verdict(sync->jira->http) != HTTP_WORKS)
        return;
    labels = memory_check(json_array());
    for (size_t i = 0; i < sync->kind_count; i++) {
        json_array_append_new(labels, json_string(sync->kinds[i]->label));
        if (sync->kinds[i]->of_a_day)
            today = sync->kinds[i]->label;
    }
    jira_search_open(sync->jira, labels, today, on_open_issue, on_open_known, sync);
    json_decref(labels);
}

struct sync *sync_open(struct jira *jira, bool dry_run, const struct job_kind *const *kinds, size_t kind_count)
{
    struct sync *sync = memory_new(1, sizeof *sync);

    *sync = (struct sync){.jira = jira, .dry_run = dry_run, .kinds = kinds, .kind_count = kind_count};
    sync->closed = memory_check(json_array());
    return sync;
}

void sync_close(struct sync *sync)
{
    subjects_free(&sync->subjects);
    json_decref(sync->closed);
    free(sync);
}

void sync_start(struct sync *sync)
{
    if (!sync->started)
        preflight(sync->jira, on_preflight, sync);
    sync->started = true;
}

/* --- the work --- */

void sync_take(struct sync *sync, struct job *job)
{
    struct subject *subject = subject_of(&sync->subjects, job->owner);
    bool alone = subject_add(subject, job);

    sync->jobs++;
    sync->weight += job->weight;
    if (alone && sync->knows_open && !sync->stopped && http_verdict(sync->jira->http) == HTTP_WORKS) {
        step_on(sync, job);
        return;
    }
    job->kind->rest(job);
    if (alone)
        job_list_put(&sync->arrived, job);
}

void sync_release(struct sync *sync)
{
    sync->released = true;
}

void sync_stop(struct sync *sync)
{
    sync->stopped = true;
}

/* The next of a list, unless enough are over; weight: of all jobs when this began. */
static struct job *take_next(const struct sync *sync, struct job_list *list, size_t weight)
{
    return weight - sync->weight < SYNC_AT_ONCE ? job_list_take(list) : NULL;
}

/* Jira was given up: nobody waits for anything any more. */
static void fail_all(struct sync *sync, struct job_list *list, size_t weight)
{
    struct job *job;

    while ((job = take_next(sync, list, weight)))
        step_finish(sync, job, job->confirming ? SYNC_CREATED : SYNC_FAILED, NULL);
}

static void give_up(struct sync *sync)
{
    size_t weight = sync->weight;

    lookup_drop_halves(sync);
    for (int i = 0; i < SYNC_WAITS; i++)
        fail_all(sync, &sync->waiting[i], weight);
    fail_all(sync, &sync->to_look, weight);
    fail_all(sync, &sync->to_gather, weight);
    fail_all(sync, &sync->to_seek, weight);
    fail_all(sync, &sync->to_begin, weight);
    fail_all(sync, &sync->arrived, weight); /* last: whoever was behind another one is here now */
}

static void wake(struct sync *sync)
{
    int64_t now = clock_steady_ms();

    for (int i = 0; i < SYNC_WAITS; i++)
        while (sync->waiting[i].first && sync->waiting[i].first->due <= now) {
            struct job *job = job_list_take(&sync->waiting[i]);

            job_list_put(job->action == PLAN_READ ? &sync->to_begin : &sync->to_look, job);
        }
}

/* One search takes many labels, so a lone one waits a little for company, unless no more will come. */
static bool may_look(const struct sync *sync, int64_t now)
{
    const struct job_list *list = &sync->to_look;

    return sync->halves ||
           (list->first && (list->count >= JIRA_LABELS_MAX || sync->released || now >= list->first->due));
}

static void begin_what_fits(struct sync *sync)
{
    while (http_free(sync->jira->http) > 0) {
        if (may_look(sync, clock_steady_ms()))
            lookup_begin(sync);
        else if (sync->to_begin.first)
            request_begin(sync, job_list_take(&sync->to_begin));
        else
            break;
    }
}

static void gather(struct sync *sync)
{
    struct job *job;

    while (sync->released && (job = job_list_take(&sync->to_gather)))
        job_list_put(&sync->to_look, job);
}

static void seek_together(struct sync *sync)
{
    struct job *job;

    if (!sync->released || sync->arrived.first || sync->to_look.first || sync->lookups > 0)
        return; /* others may still join */
    while ((job = job_list_take(&sync->to_seek)))
        step_seek(sync, job);
}

void sync_work(struct sync *sync)
{
    size_t weight = sync->weight;
    struct job *job;

    if (http_verdict(sync->jira->http) != HTTP_WORKS) {
        give_up(sync);
        return;
    }
    if (sync->stopped || !sync->knows_open)
        return;
    while ((job = take_next(sync, &sync->arrived, weight)))
        step_on(sync, job);
    wake(sync);
    gather(sync);
    seek_together(sync);
    begin_what_fits(sync);
    sync->released = false;
}

static int64_t sooner(const struct job_list *list, int64_t now, int64_t soonest)
{
    int64_t left;

    if (!list->first)
        return soonest;
    left = list->first->due > now ? list->first->due - now : 0;
    return soonest < 0 || left < soonest ? left : soonest;
}

int sync_timeout(const struct sync *sync)
{
    int64_t now = clock_steady_ms(), soonest = -1;
    bool given_up = http_verdict(sync->jira->http) != HTTP_WORKS;

    if (given_up ? sync->jobs > 0 : sync->arrived.first && sync->knows_open && !sync->stopped)
        return 0;
    for (int i = 0; i < SYNC_WAITS; i++)
        soonest = sooner(&sync->waiting[i], now, soonest);
    if (http_free(sync->jira->http) > 0)
        soonest = sooner(&sync->to_look, now, soonest);
    return (int)soonest;
}

size_t sync_weight(const struct sync *sync)
{
    return sync->weight;
}

bool sync_idle(const struct sync *sync)
{
    return sync->jobs == 0;
}

bool sync_writing(const struct sync *sync)
{
    return sync->writing > 0;
}

bool sync_unreachable(const struct sync *sync)
{
    return sync->unreachable;
}

/* --- what is open --- */

bool sync_knows(const struct sync *sync)
{
    return !sync->started || sync->knows_open || http_verdict(sync->jira->http) != HTTP_WORKS;
}

static bool holds(const json_t *strings, const char *string)
{
    size_t index;
    json_t *item;

    json_array_foreach ((json_t *)strings, index, item)
        if (!strcmp(json_string_value(item), string))
            return true;
    return false;
}

json_t *sync_owners(const struct sync *sync, const char *prefix, const char *today)
{
    json_t *owners = subjects_open(&sync->subjects, prefix);

    if (holds(sync->closed, today) && !holds(owners, today))
        json_array_append_new(owners, memory_check(json_string(today)));
    return owners;
}
