/*
 * Zones that are out, and lookups that found nothing out. A line for each UNKNOWN
 * lookup is useful until a whole zone is out: then they are counted, and make one
 * line a zone and error type at the end. Memory: zones times error types.
 */
#ifndef LOG_SUMMARY_OUTAGE_H
#define LOG_SUMMARY_OUTAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ndjson.h"
#include "record.h"

struct outages {
    struct outage_zone *zones; /* in the order they were first heard of */
    size_t count;
    size_t next; /* where the next name is looked for first: records name zones in one order */
};

void outages_free(struct outages *outages);

/* A `zone` record: writes a line when the zone has become unhealthy. NULL, or what is wrong with it, new. */
char *outages_take_zone(struct outages *outages, struct ndjson_out *out, const json_t *object);

/*
 * An UNKNOWN result of an address: counts it, or writes its line. query_type is
 * always A (RFC 5782 section 2.1); detail (borrowed, may be NULL) is dnsbl-probe's own explanation.
 */
void outages_take_lookup(struct outages *outages, struct ndjson_out *out, const char *ip,
                         const struct record_result *result, const char *detail);

/* At the end: the lines for what was counted. */
void outages_report(const struct outages *outages, struct ndjson_out *out);

/* What the final zone records say of all lookups. False: there were none. */
bool outages_totals(const struct outages *outages, json_int_t *lookups, json_int_t *failures);

/* Names of the zones whose last health is bad, new. */
json_t *outages_unhealthy(const struct outages *outages);

/* Names of all zones but those that answer wrongly by themselves, new; NULL when that is all of them. */
json_t *outages_suggestion(const struct outages *outages);

#endif
