/*
 * What the `run` record means to the tools that have effects (pg-apply, jira-sync),
 * and their option --allow-stale; what every stage adds to `end`. Not for: the frame that it opens (ndjson.h).
 */
#ifndef COMMON_RUN_H
#define COMMON_RUN_H

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>

/* --allow-stale, for struct tool: acts on a run however long ago it began. */
extern const struct option run_options[];
bool run_take_option(int option, const char *argument);

/*
 * Whether the run is a dry one. Ends the process with EXIT_CUT_OFF if that cannot be told: what is meant as a dry run
 * must not be acted on. left_alone as below.
 */
bool run_is_dry(const json_t *run, const char *left_alone);

/*
 * Ends the process with EXIT_CUT_OFF if the run began more than an hour ago, or does
 * not say when, unless --allow-stale was given. left_alone: what this tool has
 * therefore not done, for the message.
 */
void run_refuse_stale(const json_t *run, const char *left_alone);

/*
 * The member stage_duration_sec of an `end` record (borrowed; NULL: there is none yet), new: what it says of the
 * stages before, and how long ago this one, of that name, was started.
 */
json_t *run_stage_durations(const json_t *end, const char *stage);

#endif
