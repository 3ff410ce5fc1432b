/*
 * An `ip` record, as far as the stages before this one have taken it, and what became of the address.
 */
#ifndef LOG_SUMMARY_ADDRESS_H
#define LOG_SUMMARY_ADDRESS_H

#include <jansson.h>
#include <stdbool.h>

#include "ip.h"
#include "record.h"

/* Strings and values are borrowed from the record. */
struct address {
    const json_t *object; /* the record itself */
    char canonical[IP_TEXT_SIZE];
    const char *ip; /* as it stands there */
    bool decided;
    struct record_decision decision;
    struct record_results results;
    const char *db_outcome, *jira_action, *jira_issue; /* NULL: nothing was said */
    const json_t *db_changes, *would;                  /* NULL: likewise */
    bool dry_run;
};

/* What became of an address: exactly one of these, so that they add up. */
enum outcome { NEWLY_LISTED, CLEANED, CHANGED, UNCHANGED, HELD, CONFLICTS, FAILED, OUTCOMES };

extern const char *const outcome_names[OUTCOMES];

/* NULL, or what is wrong with the record, new. address->results.items is the caller's to free. */
char *address_read(struct address *address, const json_t *object);

enum outcome address_outcome(const struct address *address);

/* What was done in Jira, or in a dry run, what the real one would do there; NULL: nothing was said of it. */
const char *address_ticket(const struct address *address);

/* True if text, which may be NULL, is expected. */
bool address_says(const char *text, const char *expected);

#endif
