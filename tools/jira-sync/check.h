/*
 * --check=online: what a run asks before anything else, and what a run cannot ask
 * of a project without tickets: whether the ones there are can be edited.
 */
#ifndef JIRA_SYNC_CHECK_H
#define JIRA_SYNC_CHECK_H

#include "sync.h"

/* Waits until all is asked, and has then reported what is missing; returns the exit status. */
int check_online(struct jira *jira, const struct job_kind *const *kinds, size_t kind_count);

#endif
