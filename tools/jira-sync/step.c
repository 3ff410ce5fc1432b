#include <stdlib.h>

#include "clock.h"
#include "sync_inside.h"

#define GATHER_MS 200 /* how long a label waits for others, to be searched with them */

const int64_t sync_waits_ms[SYNC_WAITS] = {2000, 4000, 8000};

/* --- the end --- */

void step_finish(struct sync *sync, struct job *job, enum sync_outcome outcome, const char *why)
{
    struct subject *subject = job->subject;
    const struct issue *issue = subject->open ? subject->open : job->closed;
    struct job *next;

    job->kind->done(job, outcome, issue ? issue->key : NULL, why);
    next = subject_next(subject);
    if (next)
        job_list_put(&sync->arrived, next);
    if (subject->open && (outcome == SYNC_CREATED || outcome == SYNC_UPDATED) && !sync->dry_run)
        subject->open->unread = true; /* whoever comes next reads what was written */
    issue_forget_description(subject->open);
    sync->jobs--;
    sync->weight -= job->weight;
    subject_drop_if_empty(&sync->subjects, subject);
    job_free(job);
}

void step_fail(struct sync *sync, struct job *job, const struct http_answer *answer)
{
    char *problem = jira_problem(answer);

    if (answer->outcome == HTTP_FAILED)
        sync->unreachable = true;
    step_finish(sync, job, SYNC_FAILED, answer->outcome == HTTP_STOPPED ? NULL : problem);
    free(problem);
}

/* --- what is next --- */

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
        step_finish(sync, job, job->action == PLAN_CREATE ? SYNC_CREATED : SYNC_UPDATED, NULL);
        return;
    }
    job->kind->rest(job);
    if (job->subject->open && job->subject->open->description)
        job_list_put_first(&sync->to_begin, job); /* what was read is kept until it is written: let it not be many */
    else
        job_list_put(&sync->to_begin, job);
}

static void look_later(struct sync *sync, struct job *job)
{
    job->kind->rest(job);
    job->due = clock_steady_ms() + GATHER_MS;
    job_list_put(&sync->to_look, job);
}

/* Without news from the database nobody waits for the answer: one search for many, at whatever pace they come. */
static void look_together(struct sync *sync, struct job *job)
{
    job->kind->rest(job);
    job_list_put(&sync->to_gather, job);
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

/* That its trouble is over stands on every ticket of a day, not on the newest alone. */
static void pass_over_marked(struct job *job)
{
    struct subject *subject = job->subject;

    while (job->kind->of_a_day && subject->open && issue_has_label(subject->open, job->kind->mark) &&
           job->kind->want(job, subject->open) == PLAN_WANT_CLEARED && subject_use_other(subject))
        ;
}

void step_on(struct sync *sync, struct job *job)
{
    enum plan_want want;

    pass_over_marked(job);
    want = job->kind->want(job, job->subject->open);
    job->action = plan(want, ticket_of(job), job->sought);
    if (must_read_first(job))
        job->action = PLAN_READ;
    if (job->denied && job->action > PLAN_CREATE) {
        step_finish(sync, job, SYNC_FAILED,
                    "Jira shows the ticket, and answers an edit as if it were not there (HTTP 404)");
        return;
    }
    if (job->late && job->action > PLAN_CREATE && job->tries < SYNC_WAITS) {
        job->kind->rest(job);
        http_spend(sync->jira->http, sync_waits_ms[job->tries]);
        step_wait(sync, job, PLAN_READ);
        return;
    }
    if (job->action == PLAN_NOTHING || was_imagined(job)) {
        step_finish(sync, job, job->written, NULL);
    } else if (job->action == PLAN_LOOK) {
        (want == PLAN_WANT_OPEN ? look_together : look_later)(sync, job);
    } else if (job->action == PLAN_SEEK) {
        job->kind->rest(job);
        job->seeking = true;
        job->tries = 0;
        job_list_put(&sync->to_seek, job);
    } else {
        begin_later(sync, job);
    }
}

/* --- waiting for Jira's index --- */

/* Jobs that wait equally long stay in order. */
void step_wait(struct sync *sync, struct job *job, enum plan_action action)
{
    job->action = action;
    job->due = clock_steady_ms() + sync_waits_ms[job->tries];
    job_list_put(&sync->waiting[job->tries++], job);
}

void step_seek(struct sync *sync, struct job *job)
{
    if (job->subject->open || job->tries == SYNC_WAITS) {
        job->seeking = false;
        job->sought = true;
        step_on(sync, job);
    } else {
        step_wait(sync, job, PLAN_LOOK);
    }
}

void step_created(struct sync *sync, struct job *job)
{
    if (!job->kind->recurs(job)) {
        step_finish(sync, job, SYNC_CREATED, NULL);
        return;
    }
    job->confirming = true;
    job->found = false;
    job->tries = 0;
    look_later(sync, job);
}

/*
 * The row does not tell the next run that there is a ticket, so only Jira can: whoever
 * searches from now on shall find it. After 14 s it is left to itself.
 */
void step_confirm(struct sync *sync, struct job *job)
{
    if (job->found || job->tries == SYNC_WAITS)
        step_finish(sync, job, SYNC_CREATED, NULL);
    else
        step_wait(sync, job, PLAN_LOOK);
}
