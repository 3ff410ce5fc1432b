/*
 * The two queries that are asked, in JQL, Jira's query language. Both name the
 * project, without which Jira Cloud runs none, and order what they find by key:
 * what is made meanwhile comes last, and no page shifts.
 *
 * summary ~ only proposes, it never decides whose ticket it is: how Jira cuts a
 * text into words is not documented. All arrays are of strings, and borrowed.
 */
#ifndef JIRA_SYNC_JQL_H
#define JIRA_SYNC_JQL_H

#include <jansson.h>

/*
 * New: what carries one of the labels or may be of an earlier program without
 * labels, and has none of these statuses. A status that the site does not know
 * would make the query an error. today, if not NULL: what carries that label and was
 * made in the last 24 hours is found whatever its status.
 */
char *jql_open(const char *project, const json_t *labels, const json_t *closed_statuses, const char *today);

/* New: what carries one of the labels, or has one of the phrases (NULL for none) in its summary; closed ones too. */
char *jql_labels(const char *project, const json_t *labels, const json_t *phrases);

#endif
