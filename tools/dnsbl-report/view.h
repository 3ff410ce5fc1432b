/*
 * What the page shows of what was collected: the pool now, the zones now, and how long listings have lasted.
 */
#ifndef DNSBL_REPORT_VIEW_H
#define DNSBL_REPORT_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collected.h"

struct view_zone {
    size_t number; /* in the history */
    const char *name;
    const struct health_verdict *health; /* of several shards the worst; NULL: not said */
    const char *evidence, *errors;       /* borrowed; NULL: none */
    bool ipv4_only, counted;
    json_int_t listed, not_listed, unknown;
    struct latency_summary latency; /* of several shards the longest */
};

/* From one round to another, both included. */
struct view_span {
    size_t first, last;
};

struct view {
    const struct collected *collected;
    const struct address **addresses; /* in the pool now, by address */
    size_t address_count, states[STATES];
    struct view_zone *zones; /* named by the current runs, in the order they were first heard of */
    size_t zone_count;
    size_t *column;      /* by number of the zone in the history; HISTORY_NONE: not shown */
    uint32_t common_set; /* the zone set of most addresses */
    bool from_log;       /* some current run is from a log */
    bool cut_off;        /* the input was, or reading ended early */
};

/* Borrows collected, whose history is finished. */
void view_make(struct view *view, const struct collected *collected, bool cut_off);
void view_free(struct view *view);

/*
 * When the address was listed, oldest first, new; *count of them. Rounds that were cut off do not end a listing, for
 * they do not say that it ended.
 */
struct view_span *view_spans(const struct view *view, const struct address *address, size_t *count);

/* The round of the address's state, by number. */
size_t view_round(const struct view *view, const struct address *address);

#endif
