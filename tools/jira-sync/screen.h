/*
 * Jira's screens: an issue type's screen for creating, or a ticket's for editing,
 * says which fields may be set at all, and which must be. What is not on it makes
 * a request a 400, so it is worth a look before there is something to be written.
 *
 * A screen is an object: the fields as createmeta and editmeta show them, by id.
 */
#ifndef JIRA_SYNC_SCREEN_H
#define JIRA_SYNC_SCREEN_H

#include <jansson.h>

/* Adds the fields of a page of createmeta, borrowed, to the screen. */
void screen_add(json_t *screen, const json_t *fields);

/* The fields in wanted, or the keys in it if it is an object, that the screen lacks, joined, new; NULL: it has them
 * all. */
char *screen_lacks(const json_t *screen, const json_t *wanted);

/*
 * The fields that a create must set, joined by name, new, and that neither we nor
 * configured (JIRA_FIELDS, or NULL) nor Jira itself does; NULL: there are none.
 */
char *screen_demands(const json_t *screen, const json_t *configured);

#endif
