/*
 * Carries the plan out: jobs (an address, or a malfunction of the DNS) come in,
 * are compared with what Jira shows, and go when their ticket is as it should be
 * or cannot be made so. All without blocking.
 *
 * Jobs of one subject are done one after another; jobs of different subjects side
 * by side and in any order. Nothing is written before the open tickets are known.
 *
 * Not for: what a job is about. That is its kind's (address.c, malfunction.c). What
 * its parts share is in sync_inside.h.
 */
#ifndef JIRA_SYNC_SYNC_H
#define JIRA_SYNC_SYNC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "jira.h"
#include "job.h"

struct sync;

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

/*
 * Does what can be done without waiting, but at a time not much more than SYNC_AT_ONCE bytes of jobs are over: they
 * are output. Call it before each http_wait().
 */
#define SYNC_AT_ONCE 65536
void sync_work(struct sync *sync);

/* Milliseconds until sync_work() has something to do by itself; -1: nothing. */
int sync_timeout(const struct sync *sync);

size_t sync_weight(const struct sync *sync);    /* of all jobs, in bytes */
bool sync_idle(const struct sync *sync);        /* there is no job */
bool sync_writing(const struct sync *sync);     /* a request that writes is under way */
bool sync_unreachable(const struct sync *sync); /* a job failed because Jira could not be reached */

/* Whether it is known by now which tickets are open, or never will be. */
bool sync_knows(const struct sync *sync);

/*
 * Owners that begin so, of open tickets, and the one of today if the first search showed a closed ticket of
 * its, each once; new array of strings.
 */
json_t *sync_owners(const struct sync *sync, const char *prefix, const char *today);

#endif
