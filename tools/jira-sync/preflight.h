/*
 * Whether Jira can be worked with, asked before anything else: which Jira it is,
 * who we are, whether the project, its issue types and our rights are there. Without
 * it a search that finds nothing proves nothing: Jira Cloud answers wrong
 * credentials with 200 and no issues.
 */
#ifndef JIRA_SYNC_PREFLIGHT_H
#define JIRA_SYNC_PREFLIGHT_H

#include "jira.h"

/*
 * Calls back once, from http_wait(). What is missing has then been reported, all
 * of it, and http_verdict() says whether Jira was given up.
 */
void preflight(struct jira *jira, void (*done)(void *context), void *context);

#endif
