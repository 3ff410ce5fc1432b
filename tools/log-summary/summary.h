/*
 * The run as a whole, in numbers.
 */
#ifndef LOG_SUMMARY_SUMMARY_H
#define LOG_SUMMARY_SUMMARY_H

#include <jansson.h>
#include <stdbool.h>

#include "address.h"
#include "tally.h"

struct summary {
    json_int_t total;
    json_int_t listed, clean, undecided; /* without those that were lost on the way, which have failed */
    json_int_t outcomes[OUTCOMES];
    json_int_t jira_created, jira_updated, jira_failed;
    json_int_t lookups, unknown; /* as counted in the results; in the end what the zone records say */
    json_int_t sent, skipped;    /* as `end` says */
    json_t *durations;           /* of the stages, by name, in seconds, as `end` says; owned, NULL: it says nothing */
    json_t *malfunctions;        /* what jira-sync says of its tickets about DNS itself; owned, NULL: nothing */
    bool dry_run, complete;
    double seconds; /* that the run took */
};

void summary_free(struct summary *summary);

void summary_take_address(struct summary *summary, const struct address *address);
void summary_take_end(struct summary *summary, const json_t *object);

/* At the end of the stream. complete: it was whole, and so the final records of the zones know best. */
void summary_close(struct summary *summary, const struct tallies *tallies, bool complete);

/* True if the stream was whole and nothing has failed, as far as this stage can see. */
bool summary_succeeded(const struct summary *summary);

#endif
