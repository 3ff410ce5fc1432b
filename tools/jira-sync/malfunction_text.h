/*
 * What people read in the ticket of a malfunction: its description, and the comments
 * that come with edits. Wiki text; everything returned is new.
 */
#ifndef JIRA_SYNC_MALFUNCTION_TEXT_H
#define JIRA_SYNC_MALFUNCTION_TEXT_H

#include "malfunction.h"

enum malfunction_sort { DNS_FAILURE, SURGE, SORTS };

struct malfunction {
    struct malfunctions *all; /* borrowed */
    enum malfunction_sort sort;
    bool failing;
    char *summary, *line; /* owned; line: the failed zones, by which a description is compared */
    json_t *surge;        /* owned: end's member; NULL */
};

char *malfunction_description(const struct malfunction *malfunction);

/* What an edit says besides: that it is over, back, or other zones. */
char *malfunction_comment(const struct malfunction *malfunction, enum plan_action action);

#endif
