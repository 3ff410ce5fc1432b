/*
 * What people read in the ticket of an address: its description, and the comments
 * that come with edits. Wiki text, made from the record; everything returned is new.
 */
#ifndef JIRA_SYNC_TICKET_TEXT_H
#define JIRA_SYNC_TICKET_TEXT_H

#include "ticket.h"

char *ticket_description(const struct ticket *ticket);

/* That it is listed by other zones than the issue's summary names, or, again, that it is listed once more. */
char *ticket_changed_comment(const struct ticket *ticket, const struct issue *issue, bool again);

/* That it is listed no more, or too little to be throttled. */
char *ticket_cleared_comment(const struct ticket *ticket, const struct issue *issue);

#endif
