#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "report.h"
#include "sync_inside.h"

#define WRITES_MAX 4 /* how often one job may write: conflicts and lost answers in a row */

struct errand {
    struct sync *sync;
    struct job *job;
};

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

/* A 2xx other than Jira's to such a request is the word of some proxy or login: nobody knows what became of the work.
 */
static bool is_uncertain(const struct http_answer *answer)
{
    bool success = answer->status >= 200 && answer->status < 300;

    return answer->outcome == HTTP_UNCERTAIN || (answer->outcome == HTTP_ANSWERED && success);
}

static void fail(struct sync *sync, struct job *job, const struct http_answer *answer)
{
    if (is_uncertain(answer))
        sync->unreachable = true;
    step_fail(sync, job, answer);
}

static void on_created(void *context, const struct http_answer *answer)
{
    struct errand *errand = context;
    struct sync *sync = errand->sync;
    struct job *job = errand_over(errand);
    const char *key = json_string_value(json_object_get(answer->body, "key"));

    sync->writing--;
    if (answer->outcome == HTTP_ANSWERED && answer->status == 201 && issue_is_key(key)) {
        subject_set_open(job->subject, issue_new(key, json_string_value(json_object_get(answer->body, "id"))));
        step_created(sync, job);
    } else if (is_uncertain(answer) && may_write_again(job)) {
        /*
         * It may be there: search before it is sent once more, or there would be two. Only the first wait is Jira's
         * trouble and counts against the budget; the others are its index's, and four lost answers would use it up.
         */
        report(REPORT_WARNING, "jira_uncertain", "the answer to a create was lost (%s); searching for %s",
               answer->problem, job->label);
        job->written = SYNC_CREATED;
        job->seeking = true;
        job->sought = job->looked = false;
        job->tries = 0;
        http_spend(sync->jira->http, sync_waits_ms[0]);
        step_seek(sync, job);
    } else {
        fail(sync, job, answer);
    }
}

/* The ticket was changed by others since it was read, or what became of the edit is not known. */
static void reread(struct sync *sync, struct job *job, const struct http_answer *answer)
{
    report(REPORT_WARNING, "jira_uncertain", "an edit was not confirmed (%s); reading the ticket of %s again",
           answer->problem, job->label);
    if (is_uncertain(answer))
        job->written = SYNC_UPDATED;
    job->late = answer->late;
    job->tries = job->late ? 0 : job->writes - 1 < SYNC_WAITS ? job->writes - 1 : SYNC_WAITS - 1;
    http_spend(sync->jira->http, sync_waits_ms[job->tries]);
    step_wait(sync, job, PLAN_READ);
}

/* Deleted or moved by others since it was read, or there, and not ours to edit: only a look tells. */
static void check_denial(struct sync *sync, struct job *job)
{
    job->denied = true;
    job->action = PLAN_READ;
    job_list_put(&sync->to_begin, job);
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
    bool again = is_uncertain(answer) || answer->status == 409;

    sync->writing--;
    job->late = false;
    if (answer->outcome == HTTP_ANSWERED && answer->status == 204) /* 200 only where returnIssue is asked for */
        step_finish(sync, job, SYNC_UPDATED, NULL);
    else if (answer->outcome == HTTP_ANSWERED && answer->status == 404)
        check_denial(sync, job);
    else if (again && may_write_again(job))
        reread(sync, job, answer);
    else
        fail(sync, job, answer);
}

/*
 * It is gone, moved to where we do not see it, or about something else now. A search may show it as it was for some
 * time yet, and it would be read again and again.
 */
static void forget_ticket(struct sync *sync, struct job *job, const struct http_answer *answer)
{
    subject_set_open(job->subject, NULL);
    issue_free(job->closed);
    job->closed = NULL;
    job->looked = job->late = job->denied = false;
    if (job->losses == SYNC_WAITS) {
        step_fail(sync, job, answer);
        return;
    }
    job->tries = job->losses++;
    step_wait(sync, job, PLAN_LOOK);
}

/* Jira follows an issue that was moved to another project, whose people did not ask for us. */
static bool is_in_project(const struct sync *sync, const struct issue *issue)
{
    const char *project = sync->jira->settings->project;
    size_t length = strlen(project);

    return !strncmp(issue->key, project, length) && issue->key[length] == '-';
}

static bool is_ours(const struct sync *sync, const struct issue *issue, const struct job *job)
{
    char *owner = sync_owner_of(sync, issue);
    bool ours = is_in_project(sync, issue) && sync_is_about(issue, owner, job);

    free(owner);
    return ours;
}

/* Takes the issue. */
static void take_read(struct sync *sync, struct job *job, struct issue *issue)
{
    if (!issue->description)
        issue->description = memory_string(""); /* the project hides that field */
    if (issue->open) {
        subject_set_open(job->subject, issue);
    } else {
        subject_set_open(job->subject, NULL);
        issue_free(job->closed);
        job->closed = issue;
        job->looked = true;
    }
    step_on(sync, job);
}

static void on_read(void *context, const struct http_answer *answer)
{
    struct errand *errand = context;
    struct sync *sync = errand->sync;
    struct job *job = errand_over(errand);
    bool answered = answer->outcome == HTTP_ANSWERED;
    struct issue *issue =
        answered && answer->status == 200 ? issue_parse(answer->body, sync->jira->settings->excluded_statuses) : NULL;

    if (issue && is_ours(sync, issue, job)) {
        take_read(sync, job, issue);
        return;
    }
    if (issue || (answered && answer->status == 404))
        forget_ticket(sync, job, answer);
    else
        step_fail(sync, job, answer);
    issue_free(issue);
}

void request_begin(struct sync *sync, struct job *job)
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
