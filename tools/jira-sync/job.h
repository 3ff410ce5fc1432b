/*
 * A job: an address, or a malfunction of the DNS, on its way to a ticket that is as
 * it should be. What it is about is its kind's business (address.c, malfunction.c),
 * what is done for it the business of sync.h. Here are also the lists in which jobs
 * wait; a job is in one of them at most.
 */
#ifndef JIRA_SYNC_JOB_H
#define JIRA_SYNC_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "issue.h"
#include "plan.h"

struct subject;

enum sync_outcome { SYNC_NO_ACTION, SYNC_CREATED, SYNC_UPDATED, SYNC_FAILED };

extern const char *const sync_outcome_names[]; /* "no_action", … by enum sync_outcome */

struct job {
    const struct job_kind *kind;
    void *matter;  /* the kind's, owned by the job */
    char *owner;   /* owned: what the kind's owner() says of its tickets */
    char *label;   /* owned: by which its tickets are searched */
    char *phrase;  /* owned: that the summaries of tickets without that label begin with; NULL: there are none such */
    size_t weight; /* bytes of memory it keeps while it waits */

    /* The rest is the business of sync.h's parts. */
    struct subject *subject;
    struct job *next;   /* in the list that it waits in */
    struct job *behind; /* the next of the same subject */
    enum plan_action action;
    bool looked;          /* closed tickets were asked for; closed is the newest, or NULL */
    bool seeking, sought; /* PLAN_SEEK, or the search after a create whose answer was lost: under way; done */
    unsigned tries, writes, losses;
    bool late;                 /* an edit got no answer in time, and may yet be done */
    bool denied;               /* an edit was answered as if the ticket were not there */
    int64_t due;               /* steady ms */
    struct issue *closed;      /* owned */
    bool confirming, found;    /* its ticket was created: until search finds it; search did */
    enum sync_outcome written; /* what a write whose answer was lost has done, if it was done */
};

struct job_kind {
    const char *label; /* that all its tickets carry */
    bool failure;      /* its tickets are of JIRA_DNS_FAILURE_ISSUE_TYPE */
    const char *mark;  /* label of a ticket whose trouble is over */
    bool of_a_day;     /* a ticket is of one day: closed ones of today matter, and every open one is marked, not the
                          newest */
    char *(*owner)(const struct issue *issue); /* the subject whose ticket this is, new; NULL: of none of this kind */
    /* What is to be shown, given the open ticket or NULL, and which case that ticket is; of a closed one likewise. */
    enum plan_want (*want)(struct job *job, const struct issue *open);
    enum plan_ticket (*open_ticket)(struct job *job, const struct issue *open);
    enum plan_ticket (*closed_ticket)(struct job *job, const struct issue *closed);
    /* Whether it may be what a create of this job has made, though it is of another subject; NULL: never. */
    bool (*made)(const struct job *job, const struct issue *issue);
    bool (*recurs)(struct job *job);    /* the next run may want a new ticket again, as if this one had made none */
    json_t *(*create)(struct job *job); /* new, for jira_create() */
    json_t *(*edit)(struct job *job, const struct issue *issue, enum plan_action act); /* new, for jira_edit() */
    void (*rest)(struct job *job); /* it will wait: what can be had again is not kept */
    /* It is over; the matter is to be freed. key: of its ticket, or NULL. why: it failed, for a person. */
    void (*done)(struct job *job, enum sync_outcome outcome, const char *key, const char *why);
};

void job_free(struct job *job); /* takes; its matter has been freed by done() */

struct job_list {
    struct job *first, *last;
    size_t count;
};

void job_list_put(struct job_list *list, struct job *job);
void job_list_put_first(struct job_list *list, struct job *job);
struct job *job_list_take(struct job_list *list); /* the first; NULL: there is none */

#endif
