/*
 * Carries the plan out: jobs (an address, or a malfunction of the DNS) come in,
 * are compared with what Jira shows, and go when their ticket is as it should be
 * or cannot be made so. All without blocking.
 *
 * Jobs of one subject are done one after another; jobs of different subjects side
 * by side and in any order. Nothing is written before the open tickets are known.
 *
 * Not for: what a job is about. That is its kind's (address.c, malfunction.c).
 */
#ifndef JIRA_SYNC_SYNC_H
#define JIRA_SYNC_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "jira.h"
#include "plan.h"

struct sync;
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

    /* The rest is the business of sync.c. */
    struct subject *subject;
    struct job *next;   /* in the list that it waits in */
    struct job *behind; /* the next of the same subject */
    enum plan_action action;
    bool looked;          /* closed tickets were asked for; closed is the newest, or NULL */
    bool seeking, sought; /* PLAN_SEEK, or the search after a create whose answer was lost: under way; done */
    unsigned tries, writes;
    int64_t due;               /* steady ms */
    struct issue *closed;      /* owned */
    bool confirming, found;    /* its ticket was created: until search finds it; search did */
    enum sync_outcome written; /* what a write whose answer was lost has done, if it was done */
};

struct job_kind {
    const char *label;                         /* that all its tickets carry */
    bool failure;                              /* its tickets are of JIRA_DNS_FAILURE_ISSUE_TYPE */
    char *(*owner)(const struct issue *issue); /* the subject whose ticket this is, new; NULL: of none of this kind */
    /* What is to be shown, given the open ticket or NULL, and which case that ticket is; of a closed one likewise. */
    enum plan_want (*want)(struct job *job, const struct issue *open);
    enum plan_ticket (*open_ticket)(struct job *job, const struct issue *open);
    enum plan_ticket (*closed_ticket)(struct job *job, const struct issue *closed);
    bool (*recurs)(struct job *job);    /* the next run may want a new ticket again, as if this one had made none */
    json_t *(*create)(struct job *job); /* new, for jira_create() */
    json_t *(*edit)(struct job *job, const struct issue *issue, enum plan_action act); /* new, for jira_edit() */
    void (*rest)(struct job *job); /* it will wait: what can be had again is not kept */
    /* It is over; the matter is to be freed. key: of its ticket, or NULL. why: it failed, for a person. */
    void (*done)(struct job *job, enum sync_outcome outcome, const char *key, const char *why);
};

/* dry_run: everything is read and nothing written; the outcome is what would have been. All borrowed. */
struct sync *sync_open(struct jira *jira, bool dry_run, const struct job_kind *const *kinds, size_t kind_count);
void sync_close(struct sync *sync); /* when it is idle */

/* Starts with the preflight and the search of open tickets, if that has not been done. */
void sync_start(struct sync *sync);

/* The job is done now or later; takes it. */
void sync_take(struct sync *sync, struct job *job);

/* No further jobs will come, or none for now: those that are to be sought together wait for no others from now on. */
void sync_release(struct sync *sync);

/* From now on nothing is begun; what was begun goes on. */
void sync_stop(struct sync *sync);

/* Does what can be done without waiting. Call it before each http_wait(). */
void sync_work(struct sync *sync);

/* Milliseconds until sync_work() has something to do by itself; -1: nothing. */
int sync_timeout(const struct sync *sync);

size_t sync_weight(const struct sync *sync);    /* of all jobs, in bytes */
bool sync_idle(const struct sync *sync);        /* there is no job */
bool sync_writing(const struct sync *sync);     /* a request that writes is under way */
bool sync_unreachable(const struct sync *sync); /* a job failed because Jira could not be reached */

/* Whether it is known by now which tickets are open, or never will be. */
bool sync_knows(const struct sync *sync);

/* Owners of the open tickets that begin so; new array of strings. */
json_t *sync_open_owners(const struct sync *sync, const char *prefix);

#endif
