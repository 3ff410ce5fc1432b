/*
 * What a run has found out about each zone: its health, and its lookups by outcome. Memory: the zones, which are at
 * most ZONES_SITES_MAX. Not for: how that is written (log.h, metrics.h).
 */
#ifndef LOG_SUMMARY_TALLY_H
#define LOG_SUMMARY_TALLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "failure.h"
#include "health.h"
#include "record.h"

enum { TALLY_STEPS = 12 };

/* The upper bound of each step of the histogram, in seconds; the last one is infinite. */
extern const double tally_steps[TALLY_STEPS];

struct tally {
    char *name;
    const struct health_verdict *health; /* the last one; NULL: nothing was said of it */
    double timeout;                      /* seconds that a lookup may take; 0: not known */
    bool final;                          /* its last record carries the counts of the run, these: */
    json_int_t lookups, unknown;

    /* As counted in the results. */
    json_int_t listed, not_listed, failed[FAILURE_KINDS];
    json_int_t deferred[FAILURE_KINDS]; /* those of failed that get one line together, at the end */
    json_int_t steps[TALLY_STEPS];      /* lookups that were asked, by how long they took */
    double seconds;                     /* all of these */
};

struct tallies {
    struct tally *items; /* in the order they were first heard of */
    size_t count;
    size_t next; /* where the next name is looked for first: records name zones in one order */
};

void tallies_free(struct tallies *tallies);

/* The zone of that name, made if need be; NULL: there are more zones than can be configured. Valid until the next. */
struct tally *tallies_find(struct tallies *tallies, const char *name);

/*
 * A `zone` record. NULL, or what is wrong with it, new. *fallen_ill is the zone if that is the record's news, else
 * NULL.
 */
char *tallies_take_zone(struct tallies *tallies, const json_t *object, const struct tally **fallen_ill);

/* Counts a result of an address. */
void tally_count(struct tally *tally, const struct record_result *result);

/* What the final zone records say of all lookups. False: there were none. */
bool tallies_totals(const struct tallies *tallies, json_int_t *lookups, json_int_t *failures);

/* Names of the zones whose last health is bad, new. */
json_t *tallies_unhealthy(const struct tallies *tallies);

/* Names of all zones but those that answer wrongly by themselves, new; NULL when that is all of them. */
json_t *tallies_suggestion(const struct tallies *tallies);

#endif
