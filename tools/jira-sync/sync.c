#include "sync.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "memory.h"
#include "preflight.h"
#include "report.h"

#define WAITS 3       /* 2, 4, 8 s: as retry.h, here without blocking */
#define GATHER_MS 200 /* how long a label waits for others, to be searched with them */
#define WRITES_MAX 4  /* how often one job may write: conflicts and lost answers in a row */

const char *const sync_outcome_names[] = {"no_action", "created_issue", "updated_issue", "failed"};

struct list {
    struct job *first, *last;
    size_t count;
};

/* What a ticket is about: a node of the tree that holds all that are open, or being worked on. */
struct subject {
    char *owner;
    struct issue *open; /* owned; NULL: none is known */
    struct job *first, *last;
    enum plan_action imagined; /* the write that a dry run has left out; PLAN_NOTHING: none */
};

struct sync {
    struct jira *jira;
    const struct job_kind *const *kinds;
    size_t kind_count;
    bool dry_run, started, knows_open, released, stopped, unreachable;
    void *subjects;       /* tsearch(3) */
    struct list arrived;  /* not looked at yet */
    struct list to_look;  /* wait for the next search by label */
    struct list to_seek;  /* PLAN_SEEK: together, when released */
    struct list to_begin; /* wait for a free request */
    struct list waiting[WAITS];
    size_t jobs, weight, writing, lookups;
};

/* A search by label: the jobs that wait for it. */
struct lookup {
    struct sync *sync;
    struct list jobs;
};

/* A request for one job. */
struct errand {
    struct sync *sync;
    struct job *job;
};

static const int64_t waits_ms[WAITS] = {2000, 4000, 8000};

static void put(struct list *list, struct job *job)
{
    job->next = NULL;
    if (list->last)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
    list->count++;
}

static void put_first(struct list *list, struct job *job)
{
    job->next = list->first;
    list->first = job;
    if (!list->last)
        list->last = job;
    list->count++;
}

static struct job *take(struct list *list)
{
    struct job *job = list->first;

    if (!job)
        return NULL;
    list->first = job->next;
    if (!list->first)
        list->last = NULL;
    job->next = NULL;
    list->count--;
    return job;
}

/* --- subjects --- */

static int by_owner(const void *left, const void *right)
{
    return strcmp(((const struct subject *)left)->owner, ((const struct subject *)right)->owner);
}

static struct subject *find_subject(struct sync *sync, const char *owner)
{
    const struct subject key = {.owner = (char *)owner};
    struct subject **found = tfind(&key, &sync->subjects, by_owner);

    return found ? *found : NULL;
}

static struct subject *subject_of(struct sync *sync, const char *owner)
{
    struct subject *subject = find_subject(sync, owner);

    if (!subject) {
        subject = memory_new(1, sizeof *subject);
        subject->owner = memory_string(owner);
        memory_check(tsearch(subject, &sync->subjects, by_owner));
    }
    return subject;
}

static void free_subject(void *pointer)
{
    struct subject *subject = pointer;

    issue_free(subject->open);
    free(subject->owner);
    free(subject);
}

static void drop_if_empty(struct sync *sync, struct subject *subject)
{
    if (subject->open || subject->first || subject->imagined)
        return;
    tdelete(subject, &sync->subjects, by_owner);
    free_subject(subject);
}

/* Takes the issue. */
static void set_open(struct subject *subject, struct issue *issue)
{
    issue_free(subject->open);
    subject->open = issue;
}

/* The subject whose ticket this is, new; NULL: it is somebody else's. */
static char *owner_of(const struct sync *sync, const struct issue *issue)
{
    char *owner = NULL;

    for (size_t i = 0; !owner && i < sync->kind_count; i++)
        owner = sync->kinds[i]->owner(issue);
    return owner;
}

/* Of two open tickets the newest is used. Takes the issue. */
static void offer_open(struct subject *subject, struct issue *issue)
{
    struct issue *older = issue;

    if (subject->open && !strcmp(subject->open->key, issue->key)) {
        set_open(subject, issue);
        return;
    }
    if (!subject->open || subject->open->id < issue->id) {
        older = subject->open;
        subject->open = issue;
    }
    if (older)
        report(REPORT_WARNING, "jira_two_tickets",
               "%s and %s are both open for the same thing; %s is used, close the other", older->key,
               subject->open->key, subject->open->key);
    issue_free(older);
}

/* --- the end of a job --- */

static void finish(struct sync *sync, struct job *job, enum sync_outcome outcome, const char *why)
{
    struct subject *subject = job->subject;
    const struct issue *issue = subject->open ? subject->open : job->closed;

    job->kind->done(job, outcome, issue ? issue->key : NULL, why);
    subject->first = job->behind;
    if (subject->first)
        put(&sync->arrived, subject->first);
    else
        subject->last = NULL;
    if (subject->open && (outcome == SYNC_CREATED || outcome == SYNC_UPDATED) && !sync->dry_run)
        subject->open->unread = true; /* whoever comes next reads what was written */
    issue_forget_description(subject->open);
    sync->jobs--;
    sync->weight -= job->weight;
    drop_if_empty(sync, subject);
    issue_free(job->closed);
    free(job->owner);
    free(job->label);
    free(job->phrase);
    free(job);
}

static void fail(struct sync *sync, struct job *job, const struct http_answer *answer)
{
    char *problem = jira_problem(answer);

    if (answer->outcome == HTTP_FAILED)
        sync->unreachable = true;
    finish(sync, job, SYNC_FAILED, answer->outcome == HTTP_STOPPED ? NULL : problem);
    free(problem);
}

/* --- what is to be done --- */

static enum plan_ticket ticket_of(struct job *job)
{
    const struct issue *open = job->subject->open;

    if (open)
        return open->unread ? PLAN_OPEN_UNREAD : job->kind->open_ticket(job, open);
    if (!job->looked)
        return PLAN_NOT_OPEN;
    return job->closed ? job->kind->closed_ticket(job, job->closed) : PLAN_NEVER;
}

/* A write in a dry run is done when it is known. */
static void begin_later(struct sync *sync, struct job *job)
{
    if (sync->dry_run && job->action >= PLAN_CREATE) {
        job->subject->imagined = job->action;
        finish(sync, job, job->action == PLAN_CREATE ? SYNC_CREATED : SYNC_UPDATED, NULL);
        return;
    }
    job->kind->rest(job);
    if (job->subject->open && job->subject->open->description)
        put_first(&sync->to_begin, job); /* what was read is kept until it is written, so let it not be many */
    else
        put(&sync->to_begin, job);
}

static void look_later(struct sync *sync, struct job *job)
{
    job->due = clock_steady_ms() + GATHER_MS;
    put(&sync->to_look, job);
}

/* In a dry run: an earlier job of the same subject, another row of the address, would have done it. */
static bool was_imagined(const struct job *job)
{
    enum plan_action imagined = job->subject->imagined;

    return imagined == PLAN_CREATE || (imagined && imagined == job->action);
}

/*
 * What a search shows may be older than what a former run has written; what is read by itself is not. A comment would
 * be there twice.
 */
static bool must_read_first(const struct job *job)
{
    return (job->action == PLAN_CHANGE || job->action == PLAN_REOPEN || job->action == PLAN_CLEAR) &&
           !job->subject->open->description;
}

static void advance(struct sync *sync, struct job *job)
{
    enum plan_want want = job->kind->want(job, job->subject->open);

    job->action = plan(want, ticket_of(job), job->sought);
    if (must_read_first(job))
        job->action = PLAN_READ;
    if (job->action == PLAN_NOTHING || was_imagined(job)) {
        finish(sync, job, job->written, NULL);
    } else if (job->action == PLAN_LOOK) {
        job->kind->rest(job);
        look_later(sync, job);
    } else if (job->action == PLAN_SEEK) {
        job->kind->rest(job);
        job->seeking = true;
        job->tries = 0;
        put(&sync->to_seek, job);
    } else {
        begin_later(sync, job);
    }
}

/* Waits 2, 4 or 8 s; then the job reads its ticket, or looks for it. Jobs that wait equally long stay in order. */
static void wait_then(struct sync *sync, struct job *job, enum plan_action action)
{
    job->action = action;
    job->due = clock_steady_ms() + waits_ms[job->tries];
    put(&sync->waiting[job->tries++], job);
}

/* Looks for a ticket until it is found or 14 s are over. */
static void seek_on(struct sync *sync, struct job *job)
{
    if (job->subject->open || job->tries == WAITS) {
        job->seeking = false;
        job->sought = true;
        advance(sync, job);
    } else {
        wait_then(sync, job, PLAN_LOOK);
    }
}

/*
 * The row does not tell the next run that there is a ticket, so only Jira can: whoever
 * searches from now on shall find it. After 14 s it is left to itself.
 */
static void confirm_on(struct sync *sync, struct job *job)
{
    if (job->found || job->tries == WAITS)
        finish(sync, job, SYNC_CREATED, NULL);
    else
        wait_then(sync, job, PLAN_LOOK);
}

static void created(struct sync *sync, struct job *job)
{
    if (!job->kind->recurs(job)) {
        finish(sync, job, SYNC_CREATED, NULL);
        return;
    }
    job->kind->rest(job);
    job->confirming = true;
    job->found = false;
    job->tries = 0;
    look_later(sync, job);
}

/* --- requests that write --- */

static struct errand *errand_new(struct sync *sync, struct job *job)
{
    struct errand *errand = memory_new(1, sizeof *errand);

    *errand = (struct errand){.sync = sync, .job = job};
    return errand;
}

static struct job *errand_over(struct errand *errand)
{
    struct job *job = errand->job;

    free(errand);
    return job;
}

static bool may_write_again(const struct job *job)
{
    return job->writes < WRITES_MAX;
}

static void on_created(void *context, const struct http_answer *answer)
{
    struct errand *errand = context;
    struct sync *sync = errand->sync;
    struct job *job = errand_over(errand);
    const char *key = json_string_value(json_object_get(answer->body, "key"));

    sync->writing--;
    if (answer->outcome == HTTP_ANSWERED && answer->status == 201 && key) {
        set_open(job->subject, issue_new(key, json_string_value(json_object_get(answer->body, "id"))));
        created(sync, job);
    } else if ((answer->outcome == HTTP_UNCERTAIN || answer->status == 201) && may_write_again(job)) {
        /* It may be there: search before it is sent once more, or there would be two. */
        report(REPORT_WARNING, "jira_uncertain", "the answer to a create was lost (%s); searching for %s",
               answer->problem, job->label);
        job->written = SYNC_CREATED;
        job->seeking = true;
        job->sought = job->looked = false;
        job->tries = 0;
        http_spend(sync->jira->http, waits_ms[0]);
        seek_on(sync, job);
    } else {
        if (answer->outcome == HTTP_UNCERTAIN)
            sync->unreachable = true;
        fail(sync, job, answer);
    }
}

/* The ticket was changed, moved or deleted by others since it was read, or what became of the edit is not known. */
static void reread(struct sync *sync, struct job *job, const struct http_answer *answer)
{
    report(REPORT_WARNING, "jira_uncertain", "an edit was not confirmed (%s); reading the ticket of %s again",
           answer->problem, job->label);
    if (answer->outcome == HTTP_UNCERTAIN)
        job->written = SYNC_UPDATED;
    job->tries = job->writes - 1 < WAITS ? job->writes - 1 : WAITS - 1;
    http_spend(sync->jira->http, waits_ms[job->tries]);
    wait_then(sync, job, PLAN_READ);
}

/* Closed tickets are marked too: which one was edited? */
static const struct issue *edited(const struct job *job)
{
    return job->subject->open ? job->subject->open : job->closed;
}

static void on_edited(void *context, const struct http_answer *answer)
{
    struct errand *errand = context;
    struct sync *sync = errand->sync;
    struct job *job = errand_over(errand);
    bool again = answer->outcome == HTTP_UNCERTAIN || answer->status == 404 || answer->status == 409;

    sync->writing--;
    if (answer->outcome == HTTP_ANSWERED && (answer->status == 204 || answer->status == 200))
        finish(sync, job, SYNC_UPDATED, NULL);
    else if (again && may_write_again(job))
        reread(sync, job, answer);
    else {
        if (answer->outcome == HTTP_UNCERTAIN)
            sync->unreachable = true;
        fail(sync, job, answer);
    }
}

static void on_read(void *context, const struct http_answer *answer)
{
    struct errand *errand = context;
    struct sync *sync = errand->sync;
    struct job *job = errand_over(errand);
    struct issue *issue;

    if (answer->outcome == HTTP_ANSWERED && answer->status == 404) {
        /* It is gone, or moved to where we do not see it. */
        set_open(job->subject, NULL);
        issue_free(job->closed);
        job->closed = NULL;
        job->looked = false;
        advance(sync, job);
        return;
    }
    issue = answer->outcome == HTTP_ANSWERED && answer->status == 200
                ? issue_parse(answer->body, sync->jira->settings->excluded_statuses)
                : NULL;
    if (!issue) {
        fail(sync, job, answer);
        return;
    }
    if (!issue->description)
        issue->description = memory_string(""); /* the project hides that field */
    if (issue->open) {
        set_open(job->subject, issue);
    } else {
        set_open(job->subject, NULL);
        issue_free(job->closed);
        job->closed = issue;
        job->looked = true;
    }
    advance(sync, job);
}

static void begin(struct sync *sync, struct job *job)
{
    struct errand *errand = errand_new(sync, job);
    const struct issue *issue = edited(job);
    json_t *body;

    if (job->action == PLAN_READ) {
        jira_read(sync->jira, issue->key, on_read, errand);
        return;
    }
    sync->writing++;
    job->writes++;
    if (job->action == PLAN_CREATE) {
        body = job->kind->create(job);
        job->kind->rest(job);
        jira_create(sync->jira, job->kind->failure, body, on_created, errand);
    } else {
        body = job->kind->edit(job, issue, job->action);
        job->kind->rest(job);
        jira_edit(sync->jira, issue->key, body, on_edited, errand);
    }
}

/* --- searches by label --- */

static struct job *job_of(const struct lookup *lookup, const struct issue *issue)
{
    char *owner = owner_of(lookup->sync, issue);
    struct job *job = owner ? lookup->jobs.first : NULL;

    while (job && strcmp(job->owner, owner) != 0)
        job = job->next;
    free(owner);
    return job;
}

static void consider(void *context, struct issue *issue)
{
    struct job *job = job_of(context, issue);

    if (job && issue->open) {
        job->found = job->found || (job->subject->open && !strcmp(job->subject->open->key, issue->key));
        offer_open(job->subject, issue);
    } else if (job && (!job->closed || job->closed->id <= issue->id)) {
        issue_free(job->closed);
        job->closed = issue;
    } else {
        issue_free(issue);
    }
}

static void on_looked(void *context, const struct http_answer *answer)
{
    struct lookup *lookup = context;
    struct job *job;

    lookup->sync->lookups--;
    while ((job = take(&lookup->jobs))) {
        job->looked = true;
        if (job->confirming)
            confirm_on(lookup->sync, job);
        else if (answer->outcome != HTTP_ANSWERED || answer->status != 200)
            fail(lookup->sync, job, answer);
        else if (job->seeking)
            seek_on(lookup->sync, job);
        else
            advance(lookup->sync, job);
    }
    free(lookup);
}

static void look(struct sync *sync)
{
    struct lookup *lookup = memory_new(1, sizeof *lookup);
    json_t *labels = memory_check(json_array()), *phrases = memory_check(json_array());

    lookup->sync = sync;
    sync->lookups++;
    while (sync->to_look.first && json_array_size(labels) < JIRA_LABELS_MAX) {
        struct job *job = take(&sync->to_look);

        json_array_append_new(labels, json_string(job->label));
        if (job->phrase)
            json_array_append_new(phrases, json_string(job->phrase));
        put(&lookup->jobs, job);
    }
    jira_search_labels(sync->jira, labels, phrases, consider, on_looked, lookup);
    json_decref(labels);
    json_decref(phrases);
}

/* --- the beginning --- */

static void on_open_issue(void *context, struct issue *issue)
{
    struct sync *sync = context;
    char *owner = issue->open ? owner_of(sync, issue) : NULL;

    if (owner)
        offer_open(subject_of(sync, owner), issue);
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
    json_t *labels;

    if (http_verdict(sync->jira->http) != HTTP_WORKS)
        return;
    labels = memory_check(json_array());
    for (size_t i = 0; i < sync->kind_count; i++)
        json_array_append_new(labels, json_string(sync->kinds[i]->label));
    jira_search_open(sync->jira, labels, on_open_issue, on_open_known, sync);
    json_decref(labels);
}

struct sync *sync_open(struct jira *jira, bool dry_run, const struct job_kind *const *kinds, size_t kind_count)
{
    struct sync *sync = memory_new(1, sizeof *sync);

    *sync = (struct sync){.jira = jira, .dry_run = dry_run, .kinds = kinds, .kind_count = kind_count};
    return sync;
}

void sync_close(struct sync *sync)
{
    tdestroy(sync->subjects, free_subject);
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
    struct subject *subject = subject_of(sync, job->owner);
    bool alone = !subject->first;

    job->subject = subject;
    if (alone)
        subject->first = job;
    else
        subject->last->behind = job;
    subject->last = job;
    sync->jobs++;
    sync->weight += job->weight;
    if (alone && sync->knows_open && !sync->stopped && http_verdict(sync->jira->http) == HTTP_WORKS) {
        advance(sync, job);
        return;
    }
    job->kind->rest(job);
    if (alone)
        put(&sync->arrived, job);
}

void sync_release(struct sync *sync)
{
    sync->released = true;
}

void sync_stop(struct sync *sync)
{
    sync->stopped = true;
}

/* Jira was given up: nobody waits for anything any more. */
static void fail_all(struct sync *sync, struct list *list)
{
    struct job *job;

    while ((job = take(list)))
        finish(sync, job, job->confirming ? SYNC_CREATED : SYNC_FAILED, NULL);
}

static void give_up(struct sync *sync)
{
    for (int i = 0; i < WAITS; i++)
        fail_all(sync, &sync->waiting[i]);
    fail_all(sync, &sync->to_look);
    fail_all(sync, &sync->to_seek);
    fail_all(sync, &sync->to_begin);
    fail_all(sync, &sync->arrived); /* last: whoever was behind another one is here now */
}

static void wake(struct sync *sync)
{
    int64_t now = clock_steady_ms();

    for (int i = 0; i < WAITS; i++)
        while (sync->waiting[i].first && sync->waiting[i].first->due <= now) {
            struct job *job = take(&sync->waiting[i]);

            put(job->action == PLAN_READ ? &sync->to_begin : &sync->to_look, job);
        }
}

/* One search takes many labels, so a lone one waits a little for company, unless no more will come. */
static bool may_look(const struct sync *sync, int64_t now)
{
    const struct list *list = &sync->to_look;

    return list->first && (list->count >= JIRA_LABELS_MAX || sync->released || now >= list->first->due);
}

static void begin_what_fits(struct sync *sync)
{
    while (http_free(sync->jira->http) > 0) {
        if (may_look(sync, clock_steady_ms()))
            look(sync);
        else if (sync->to_begin.first)
            begin(sync, take(&sync->to_begin));
        else
            break;
    }
}

static void seek_together(struct sync *sync)
{
    struct job *job;

    if (!sync->released || sync->arrived.first || sync->to_look.first || sync->lookups > 0)
        return; /* others may still join */
    while ((job = take(&sync->to_seek)))
        seek_on(sync, job);
}

void sync_work(struct sync *sync)
{
    struct job *job;

    if (http_verdict(sync->jira->http) != HTTP_WORKS) {
        give_up(sync);
        return;
    }
    if (sync->stopped || !sync->knows_open)
        return;
    while ((job = take(&sync->arrived)))
        advance(sync, job);
    wake(sync);
    seek_together(sync);
    begin_what_fits(sync);
    sync->released = false;
}

static int64_t sooner(const struct list *list, int64_t now, int64_t soonest)
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

    for (int i = 0; i < WAITS; i++)
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

struct owners {
    const char *prefix;
    json_t *names;
};

static void collect(const void *node, VISIT visit, void *context)
{
    const struct subject *subject = *(const struct subject *const *)node;
    struct owners *owners = context;

    if ((visit == postorder || visit == leaf) && subject->open &&
        !strncmp(subject->owner, owners->prefix, strlen(owners->prefix)))
        json_array_append_new(owners->names, json_string(subject->owner));
}

json_t *sync_open_owners(const struct sync *sync, const char *prefix)
{
    struct owners owners = {.prefix = prefix, .names = memory_check(json_array())};

    twalk_r(sync->subjects, collect, &owners);
    return owners.names;
}
