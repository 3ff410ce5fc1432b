#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "sync_inside.h"

/* A search by label: the jobs that wait for it. */
struct lookup {
    struct sync *sync;
    struct job_list jobs;
    struct lookup *next; /* in sync->halves */
};

static struct job *job_of(const struct lookup *lookup, const struct issue *issue)
{
    char *owner = sync_owner_of(lookup->sync, issue);
    struct job *job = lookup->jobs.first;

    while (job && !sync_is_about(issue, owner, job))
        job = job->next;
    free(owner);
    return job;
}

/* Of closed tickets the one closed last tells what a person did last. */
static bool is_later(const struct issue *issue, const struct issue *than)
{
    return !than || issue->id == than->id || issue->closed > than->closed ||
           (issue->closed == than->closed && issue->id > than->id);
}

static void consider(void *context, struct issue *issue)
{
    struct job *job = job_of(context, issue);

    if (job && issue->open) {
        job->found = job->found || (job->subject->open && !strcmp(job->subject->open->key, issue->key));
        subject_offer_open(job->subject, issue);
    } else if (job && is_later(issue, job->closed)) {
        issue_free(job->closed);
        job->closed = issue;
    } else {
        issue_free(issue);
    }
}

/* Jira refuses something in it. Halved again and again, whatever that is fails alone. */
static void halve(struct lookup *lookup)
{
    struct sync *sync = lookup->sync;
    struct lookup *half = memory_new(1, sizeof *half);

    *half = (struct lookup){.sync = sync, .next = lookup};
    while (half->jobs.count < lookup->jobs.count)
        job_list_put(&half->jobs, job_list_take(&lookup->jobs));
    lookup->next = sync->halves;
    sync->halves = half;
    sync->lookups++;
}

static void on_looked(void *context, const struct http_answer *answer)
{
    struct lookup *lookup = context;
    struct job *job;

    if (answer->outcome == HTTP_ANSWERED && answer->status == 400 && lookup->jobs.count > 1) {
        halve(lookup);
        return;
    }
    lookup->sync->lookups--;
    while ((job = job_list_take(&lookup->jobs))) {
        job->looked = true;
        if (job->confirming)
            step_confirm(lookup->sync, job);
        else if (answer->outcome != HTTP_ANSWERED || answer->status != 200)
            step_fail(lookup->sync, job, answer);
        else if (job->seeking)
            step_seek(lookup->sync, job);
        else
            step_on(lookup->sync, job);
    }
    free(lookup);
}

static struct lookup *next_half(struct sync *sync)
{
    struct lookup *lookup = sync->halves;

    if (lookup)
        sync->halves = lookup->next;
    return lookup;
}

static struct lookup *lookup_new(struct sync *sync)
{
    struct lookup *lookup = memory_new(1, sizeof *lookup);

    lookup->sync = sync;
    sync->lookups++;
    while (sync->to_look.first && lookup->jobs.count < JIRA_LABELS_MAX)
        job_list_put(&lookup->jobs, job_list_take(&sync->to_look));
    return lookup;
}

void lookup_drop_halves(struct sync *sync)
{
    struct lookup *lookup;

    while ((lookup = next_half(sync))) {
        struct job *job;

        while ((job = job_list_take(&lookup->jobs)))
            job_list_put(&sync->to_look, job);
        sync->lookups--;
        free(lookup);
    }
}

void lookup_begin(struct sync *sync)
{
    struct lookup *lookup = sync->halves ? next_half(sync) : lookup_new(sync);
    json_t *labels = memory_check(json_array()), *phrases = memory_check(json_array());

    for (const struct job *job = lookup->jobs.first; job; job = job->next) {
        json_array_append_new(labels, json_string(job->label));
        if (job->phrase)
            json_array_append_new(phrases, json_string(job->phrase));
    }
    jira_search_labels(sync->jira, labels, phrases, consider, on_looked, lookup);
    json_decref(labels);
    json_decref(phrases);
}
