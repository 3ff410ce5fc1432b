/*
 * What follows from the answers of the blocklists for one address: pure, it
 * knows one record and the rules and touches nothing else. Doubt never acts:
 * UNKNOWN neither lists nor clears, zone by zone.
 *
 * Not for: what only the whole stream can tell (surge.h).
 */
#ifndef DNSBL_DECIDE_DECISION_H
#define DNSBL_DECIDE_DECISION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "record.h"
#include "zones.h"

struct rules {
    struct zones zones;
    long threshold;         /* score at which an address is LISTED */
    long listed_priority;   /* of a listed row */
    long fallback_priority; /* of a cleared row that has no old_priority */
};

/* Lists are JSON arrays of zone names sorted bytewise, owned until decision_fields(). */
struct decision {
    bool listed;
    enum record_transition transition;
    json_int_t score;
    json_t *listed_zones, *unknown_zones, *carried_zones, *watch_zones, *added_zones, *removed_zones;
    json_t *update; /* object or JSON null, owned */
    size_t *newly;  /* indexes of the blocklists that list a LISTED address and are not in its row; owned */
    size_t newly_count;
};

/*
 * Decides an `ip` record. disregarded, by index of zone, names zones whose new
 * listings do not count; NULL: none. Returns NULL, or what is wrong with the
 * record, new; then *decision holds nothing.
 */
char *decision_make(const struct rules *rules, const json_t *object, const bool *disregarded,
                    struct decision *decision);

/* Turns the decision into `held`: it stays LISTED and asks nothing of the row. */
void decision_hold(struct decision *decision);

/* The members that the record gains, new. The lists of *decision move into it. */
json_t *decision_fields(struct decision *decision);

void decision_free(struct decision *decision);

#endif
