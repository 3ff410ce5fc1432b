/*
 * What the `run` record means to the tools that have effects (pg-apply, jira-sync).
 * Not for: the frame that it opens (ndjson.h).
 */
#ifndef COMMON_RUN_H
#define COMMON_RUN_H

#include <jansson.h>

/*
 * Ends the process with EXIT_CUT_OFF if the run began more than an hour ago, or does
 * not say when. left_alone: what this tool has therefore not done, for the message.
 */
void run_refuse_stale(const json_t *run, const char *left_alone);

#endif
