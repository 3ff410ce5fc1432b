/*
 * The ticket of one address: how it is recognised, and what stands in it.
 * Everything is made from the record as it stands.
 */
#ifndef JIRA_SYNC_TICKET_H
#define JIRA_SYNC_TICKET_H

#include <jansson.h>

#include "ip.h"
#include "issue.h"
#include "plan.h"
#include "record.h"

#define TICKET_LABEL "dnsbl-monitor"
#define TICKET_CLEARED "dnsbl-cleared"

/* What a record says of an address, unpacked; borrows the record's object. */
struct ticket {
    char ip[IP_TEXT_SIZE];
    const char *run_id; /* NULL: a stream without run */
    struct record_row row;
    struct record_results results; /* items are the owner's to free */
    struct record_decision decision;
    const char *db_outcome; /* NULL: has not passed pg-apply */
    const json_t *zones;    /* what the summary shall name: the listed zones, and those in doubt that it names */
};

/* dnsbl-ip-<ip>, new: lower case, - for :, which JQL and people can do without quoting. */
char *ticket_label(const char *ip);

/*
 * The label of the address whose ticket this is, new; NULL: it is of none. An
 * exact label decides, else an exact "IP <ip> blacklisted by " at the start of the summary.
 */
char *ticket_owner(const struct issue *issue);

/* "IP <ip> blacklisted by", new: how the summaries begin, those of an earlier monitor too. */
char *ticket_phrase(const char *ip);

/* The names in a summary, new array of strings; *more: it names only some of them. */
json_t *ticket_named_zones(const char *summary, bool *more);

/* Whether the summary names these zones, and no others. */
bool ticket_names_same(const char *summary, const char *ip, const json_t *zones);

/* The fields of a new ticket, new. */
json_t *ticket_create(const struct ticket *ticket);

/* The body of the edit that action asks for, new. */
json_t *ticket_edit(const struct ticket *ticket, const struct issue *issue, enum plan_action action);

/* Names joined to a summary: as many as fit in JIRA_SUMMARY_MAX behind start, then "+N more"; new. */
char *ticket_line(const char *start, const json_t *names);

#endif
