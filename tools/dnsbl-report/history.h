/*
 * The runs that were given, and what each says of each zone. Runs go by their ids, so that a shard's or another
 * pod's lines may stand between a run's own. Strings are fit for a person's eyes (foreign.h).
 *
 * Not for: addresses (pool.h).
 */
#ifndef DNSBL_REPORT_HISTORY_H
#define DNSBL_REPORT_HISTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "health.h"
#include "latency.h"
#include "record.h"

#define HISTORY_NONE ((size_t)-1)

/* What a run says of a zone. */
struct run_zone {
    const struct health_verdict *health; /* NULL: it does not say */
    bool ipv4_only;
    bool counted;   /* not_listed is known: a log does not tell it */
    bool final;     /* the counts are those of the zone's last record */
    char *evidence; /* of an unhealthy zone; NULL: none */
    char *errors;   /* "timeout 12, servfail 3"; NULL: none */
    json_int_t listed, not_listed, unknown;
    struct latency_summary latency;
};

struct run {
    char *id;               /* "" for records outside of any run */
    char *started;          /* ISO 8601 UTC; "" when not known */
    json_int_t part, parts; /* which shard of how many; a log does not say, and counts as 0 of 1 */
    bool from_log, dry_run, whole;
    json_int_t addresses, listed, newly_listed, cleared, held, failed, in_doubt, skipped;
    struct run_zone *zones; /* by number of the zone, zone_count of them */
    size_t zone_count;
};

/* All shards of one pass over the pool; without shards one run. */
struct round {
    const char *started; /* borrowed from its first run */
    bool whole, dry_run;
    json_int_t addresses, listed, newly_listed, cleared, held, failed, in_doubt, skipped, runs, parts;
    const char *id; /* borrowed from its first run; NULL: none */
};

struct zone_name {
    char *name;  /* as it came */
    char *shown; /* for a person's eyes */
};

struct history {
    struct run *runs;          /* in the order they came */
    size_t run_count, current; /* the run that records belong to; HISTORY_NONE: none yet, or one that is left out */
    bool torn;                 /* an end was that of another run */
    bool left_out;             /* records now belong to a run that is there already */
    struct zone_name *zones;   /* in the order they were first heard of */
    size_t zone_count, next_zone;
    struct tally *tallies; /* of the current run, by number of the zone */

    /* After history_finish(): */
    size_t *order;    /* of runs, by time */
    size_t *round_of; /* by number of the run */
    struct round *rounds;
    size_t round_count;
    bool *is_current;   /* by number of the run: the pool now is what these say */
    const char *newest; /* when the newest of them began */
};

void history_free(struct history *history);

/* The zone of that name, made if need be; HISTORY_NONE: more than ZONES_SITES_MAX of them, or it is too long for one.
 */
size_t history_zone(struct history *history, const char *name);

/* What the run says of the zone; valid until the next zone is made. */
struct run_zone *history_run_zone(struct history *history, size_t run, size_t zone);

/* A `run` record: a new run, or one that is there already, which is then left out. NULL, or what is wrong, new. */
char *history_take_run(struct history *history, const json_t *object);

/* A `zone` record, an `end` record. NULL, or what is wrong, new. */
char *history_take_zone(struct history *history, const json_t *object);
char *history_take_end(struct history *history, const json_t *object);

/* The current run; one without an id is made for records outside of any. HISTORY_NONE: it is left out. */
size_t history_current(struct history *history, const char *time);

/* The run that a line of a log belongs to, made if need be; HISTORY_NONE: it is there as a stream already. */
size_t history_log_run(struct history *history, const char *id, const char *time);

/* A result of an address in the current run. */
void history_count(struct history *history, size_t zone, const struct record_result *result);

/* Adds to a text such as "timeout 12, servfail 3", which becomes new; NULL: nothing yet. name: fit for a person's
 * eyes. */
void history_add_errors(char **text, const char *name, json_int_t count);

/* Closes the current run, which has no more to say. */
void history_close(struct history *history);

/* Orders what came: rounds, and which runs tell of the pool now. Closes the current run. */
void history_finish(struct history *history);

#endif
