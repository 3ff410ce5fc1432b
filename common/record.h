/*
 * What the fields of a record mean: each part of an `ip` record is unpacked and
 * checked here, once, into a plain struct (dnsbl-record(5), record.schema.json).
 * All strings are borrowed from the record's object and live as long as it does.
 *
 * Each function returns NULL when the part is there and of the right types, or
 * what is wrong with it, new, for ndjson_bad().
 */
#ifndef COMMON_RECORD_H
#define COMMON_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ip.h"

/* What pg-ips adds: the row as it was read. */
struct record_row {
    bool present; /* false: a record made by hand, without a row */
    json_int_t id;
    const char *ip_text; /* the address column as it stands */
    json_int_t priority;
    bool has_priority; /* false: NULL */
    json_int_t old_priority;
    bool has_old_priority;      /* false: NULL */
    const char *blocking_lists; /* "" for NULL */
    const char *last_event;     /* "" for NULL */
};

enum record_status { RECORD_LISTED, RECORD_NOT_LISTED, RECORD_UNKNOWN };

/* What one zone says of an address. */
struct record_result {
    const char *zone;
    enum record_status status;
    const json_t *answers; /* array of strings, maybe empty */
    const char *reason;    /* the zone's TXT; NULL: none */
    const char *error;     /* why it is UNKNOWN; NULL: it is not */
    double duration_ms;
};

struct record_results {
    struct record_result *items; /* free() them; NULL when count is 0 */
    size_t count;
    const char *probed_at; /* ISO 8601 UTC; NULL: none */
};

enum record_transition {
    RECORD_TRANSITION_NONE,
    RECORD_TRANSITION_LISTED,
    RECORD_TRANSITION_CLEARED,
    RECORD_TRANSITION_CHANGED,
    RECORD_TRANSITION_HELD,
};

/* What dnsbl-decide adds. The lists are arrays of strings. */
struct record_decision {
    bool listed;
    enum record_transition transition;
    json_int_t score;
    const json_t *listed_zones, *unknown_zones, *carried_zones, *watch_zones, *added_zones, *removed_zones;
    const json_t *update; /* object, or JSON null */
};

extern const char *const record_status_names[];     /* by enum record_status */
extern const char *const record_transition_names[]; /* by enum record_transition */

/* The address of any `ip` record. *text is the member as it stands. */
char *record_ip(const json_t *object, struct ip *ip, const char **text);

/* The row; one that is missing altogether is no error, one in part is. */
char *record_row(const json_t *object, struct record_row *row);

/* The results of dnsbl-probe; missing ones are an error. */
char *record_results(const json_t *object, struct record_results *results);

/* The decision of dnsbl-decide; a missing one is an error. */
char *record_decision(const json_t *object, struct record_decision *decision);

/* Which of names (count of them) text is; -1: none. */
int record_index(const char *const *names, size_t count, const char *text);

/* Whether it can be a count: no run has so many of anything, and sums of such, over all that is kept, stay in bounds.
 */
#define RECORD_COUNT_MAX 1000000000000
bool record_is_count(json_int_t number);

/* The strings of an array joined by separator, new. */
char *record_join(const json_t *strings, const char *separator);

#endif
