/*
 * What the parts of sync.h share, and nobody else sees:
 *
 *   sync.c      jobs come in, wait and wake; when Jira is given up
 *   step.c      what is next for a job, and its end
 *   lookup.c    searches by label, many jobs in one
 *   request.c   a job's own requests: create, edit, read
 */
#ifndef JIRA_SYNC_SYNC_INSIDE_H
#define JIRA_SYNC_SYNC_INSIDE_H

#include "subject.h"
#include "sync.h"

struct lookup;

#define SYNC_WAITS 3 /* 2, 4, 8 s: as retry.h, here without blocking */

extern const int64_t sync_waits_ms[SYNC_WAITS];

struct sync {
    struct jira *jira;
    const struct job_kind *const *kinds;
    size_t kind_count;
    bool dry_run, started, knows_open, released, stopped, unreachable;
    struct subjects subjects;
    json_t *closed;            /* owned: owners of closed tickets of today */
    struct job_list arrived;   /* not looked at yet */
    struct job_list to_look;   /* wait for the next search by label */
    struct job_list to_gather; /* likewise, but when released: they have time */
    struct job_list to_seek;   /* PLAN_SEEK: together, when released */
    struct job_list to_begin;  /* wait for a free request */
    struct job_list waiting[SYNC_WAITS];
    struct lookup *halves; /* parts of searches that Jira refused */
    size_t jobs, weight, writing, lookups;
};

/* The owner of the subject whose ticket this is, new; NULL: it is somebody else's. */
char *sync_owner_of(const struct sync *sync, const struct issue *issue);

/* Whether it is the ticket of the job's subject, or, after a create whose answer was lost, may be what that made.
 * owner: sync_owner_of() it. */
bool sync_is_about(const struct issue *issue, const char *owner, const struct job *job);

/* --- step.c; each takes the job --- */

/* Asks the plan, and puts the job where it then belongs. */
void step_on(struct sync *sync, struct job *job);

/* A search for its ticket is over: the next is due after 2, 4 and 8 s, unless it was found. */
void step_seek(struct sync *sync, struct job *job);    /* before it is created, or created again */
void step_confirm(struct sync *sync, struct job *job); /* after it was created */

/* Its ticket was created. */
void step_created(struct sync *sync, struct job *job);

/* Waits for as long as its tries say, then does the action: PLAN_READ or PLAN_LOOK. */
void step_wait(struct sync *sync, struct job *job, enum plan_action action);

void step_finish(struct sync *sync, struct job *job, enum sync_outcome outcome, const char *why);
void step_fail(struct sync *sync, struct job *job, const struct http_answer *answer);

/* Searches for the jobs of one of halves, or for the first in to_look, as many as fit into one search. */
void lookup_begin(struct sync *sync);

/* Puts the jobs of halves back into to_look. */
void lookup_drop_halves(struct sync *sync);

/* Begins what the job's action says: PLAN_READ, or a write. Takes the job. */
void request_begin(struct sync *sync, struct job *job);

#endif
