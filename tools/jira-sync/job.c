#include "job.h"

#include <stdlib.h>

const char *const sync_outcome_names[] = {"no_action", "created_issue", "updated_issue", "failed"};

void job_free(struct job *job)
{
    issue_free(job->closed);
    free(job->owner);
    free(job->label);
    free(job->phrase);
    free(job);
}

void job_list_put(struct job_list *list, struct job *job)
{
    job->next = NULL;
    if (list->last)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
    list->count++;
}

void job_list_put_first(struct job_list *list, struct job *job)
{
    job->next = list->first;
    list->first = job;
    if (!list->last)
        list->last = job;
    list->count++;
}

struct job *job_list_take(struct job_list *list)
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
