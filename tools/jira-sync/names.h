/* Names of zones as a JSON array of strings, compared bytewise. */
#ifndef JIRA_SYNC_NAMES_H
#define JIRA_SYNC_NAMES_H

#include <jansson.h>
#include <stdbool.h>

bool names_hold(const json_t *names, const char *name);

/* Those that are not among the others, in their order; new. */
json_t *names_without(const json_t *names, const json_t *others);

/* Puts a name in its place among sorted ones, once; borrows it. */
void names_add(json_t *names, json_t *name);

#endif
