#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "sync_inside.h"

/* A search by label: the jobs that wait for it. */
struct lookup {
    struct sync *sync;
    struct job_list jobs;
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

static void consider(void *context, struct issue *issue)
{
    struct job *job = job_of(context, issue);

    if (job && issue->open) {
        job->found = job->found || (job->subject->open && !strcmp(job->subject->open->key, issue->key));
        subject_offer_open(job->subject, issue);
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

void lookup_begin(struct sync *sync)
{
    struct lookup *lookup = memory_new(1, sizeof *lookup);
    json_t *labels = memory_check(json_array()), *phrases = memory_check(json_array());

    lookup->sync = sync;
    sync->lookups++;
    while (sync->to_look.first && json_array_size(labels) < JIRA_LABELS_MAX) {
        struct job *job = job_list_take(&sync->to_look);

        json_array_append_new(labels, json_string(job->label));
        if (job->phrase)
            json_array_append_new(phrases, json_string(job->phrase));
        job_list_put(&lookup->jobs, job);
    }
    jira_search_labels(sync->jira, labels, phrases, consider, on_looked, lookup);
    json_decref(labels);
    json_decref(phrases);
}
