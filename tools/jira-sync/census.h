/*
 * What a run's lookups came to, zone by zone: how many, how many of them UNKNOWN,
 * and why. Memory: the zones, of which there are at most ZONES_SITES_MAX.
 */
#ifndef JIRA_SYNC_CENSUS_H
#define JIRA_SYNC_CENSUS_H

#include <stdbool.h>
#include <stddef.h>

#include "record.h"

struct census_error {
    char *name; /* "timeout", … */
    unsigned long count;
};

struct census_zone {
    char *name;
    unsigned long lookups, unknown;
    struct census_error *errors;
    size_t error_count;
};

struct census {
    struct census_zone *zones;
    size_t count;
    unsigned long lookups, unknown;
};

/* Counts the results of an address. */
void census_add(struct census *census, const struct record_results *results);

/* Notes that there is such a zone, looked up or not. */
void census_add_zone(struct census *census, const char *name);

/* Borrowed; NULL: the run has no such zone. */
const struct census_zone *census_find(const struct census *census, const char *name);

/* More than half of a zone's lookups are UNKNOWN: one lost packet fails nobody. */
bool census_zone_failed(const struct census_zone *zone);

/* Sorts the zones by name, bytewise. */
void census_sort(struct census *census);

void census_free(struct census *census);

#endif
