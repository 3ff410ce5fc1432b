/*
 * The surge brake: addresses about to become listed are held back until the
 * stream's end, when it is known whether one zone lists so many of them at once
 * that the zone is the likelier culprit. Memory: the lines held back.
 *
 * Off unless SURGE_LIMIT_PERCENT is set and the stream began with `run`: other
 * streams have no end that could be waited for.
 */
#ifndef DNSBL_DECIDE_SURGE_H
#define DNSBL_DECIDE_SURGE_H

#include <stdbool.h>

#include "decision.h"
#include "ndjson.h"

#define SURGE_ALWAYS_ALLOWED 10 /* new listings of a zone that are no surge, however small the pool */

struct surge {
    const struct rules *rules; /* borrowed */
    long limit_percent;        /* 0: off */
    bool *released;            /* by index of zone: a person has checked its surge */
    bool running;              /* the stream began with `run` */
    unsigned long total;       /* addresses decided */
    unsigned long *newly;      /* by index of zone: of these, how many it newly lists */
    struct surge_line *held;
    size_t held_count, held_room;
};

/* Reads SURGE_LIMIT_PERCENT and SURGE_RELEASE; what is wrong with them is a config_problem(). */
void surge_load(struct surge *surge, const struct rules *rules);
void surge_free(struct surge *surge);

/* Counts a decision of the stream. True: the record is to be held back. */
bool surge_count(struct surge *surge, const struct decision *decision);

/* Keeps a copy of the record's line. */
void surge_keep(struct surge *surge, const struct ndjson_record *record);

/*
 * At the stream's end: decides again and writes all that was held back. Returns a
 * report for the `end` record, new: an array with an item for each surging zone.
 */
json_t *surge_finish(struct surge *surge, struct ndjson_out *out);

/* On a stream without end: all that was held back leaves as `held`. Nothing after surge_finish(). */
void surge_give_up(struct surge *surge, struct ndjson_out *out);

/* Writes the record with its decision, and with the zones (new, taken; NULL: none) whose surge it is part of. */
void surge_write(struct ndjson_out *out, const struct ndjson_record *record, struct decision *decision,
                 json_t *surge_zones);

#endif
