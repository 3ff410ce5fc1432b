/*
 * Subjects: what tickets are about, each with its open ticket and with the jobs that
 * want something of it, which are done one after another. Only those are kept that
 * have a ticket or a job.
 */
#ifndef JIRA_SYNC_SUBJECT_H
#define JIRA_SYNC_SUBJECT_H

#include <jansson.h>

#include "job.h"

struct subjects {
    void *tree; /* tsearch(3); NULL: empty */
};

struct subject {
    char *owner;
    struct issue *open;   /* owned; NULL: none is known */
    struct issue *others; /* owned: older ones that are open as well */
    struct job *first, *last;
    enum plan_action imagined; /* the write that a dry run has left out; PLAN_NOTHING: none */
};

void subjects_free(struct subjects *subjects);

/* The subject of that owner (job_kind), borrowed; made if there was none. */
struct subject *subject_of(struct subjects *subjects, const char *owner);

/* Owners that begin so, of every open ticket, one a ticket; new array of strings. */
json_t *subjects_open(const struct subjects *subjects, const char *prefix);

/* Takes the issue; NULL: none is open. */
void subject_set_open(struct subject *subject, struct issue *issue);

/* An open ticket was found. Of two the newest is used, and the other one reported. Takes the issue. */
void subject_offer_open(struct subject *subject, struct issue *issue);

/* Goes on with one of the others, as the open one; false: there is none. */
bool subject_use_other(struct subject *subject);

/* Puts the job behind the others; true if there are none. */
bool subject_add(struct subject *subject, struct job *job);

/* The first job is over; returns the one behind it, or NULL. */
struct job *subject_next(struct subject *subject);

/* Frees the subject if nothing is to be remembered of it. */
void subject_drop_if_empty(struct subjects *subjects, struct subject *subject);

#endif
