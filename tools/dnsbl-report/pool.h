/*
 * The addresses, each as the newest run that names it says, and in which runs it was listed.
 * Memory: a little for each address, and what is not clean of it; clean results are implied by the set of zones that
 * answered for it, which nearly all addresses share.
 */
#ifndef DNSBL_REPORT_POOL_H
#define DNSBL_REPORT_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "finding.h"
#include "ip.h"

enum state { /* what to look at first comes first */
             STATE_LISTED,
             STATE_HELD,      /* listed by a zone that surges */
             STATE_DOUBT,     /* not listed, but a zone is unknown */
             STATE_UNCHECKED, /* nothing was asked, or nothing is known of it */
             STATE_CLEAN,
             STATES
};

extern const char *const state_names[STATES];

/* What else there is to say. */
enum note {
    NOTE_NEWLY_LISTED = 1,
    NOTE_CLEARED = 2,
    NOTE_CHANGED = 4,
    NOTE_CONFLICT = 8,
    NOTE_DB_FAILED = 16,
    NOTE_JIRA_FAILED = 32,
    NOTES = 6,
};

extern const char *const note_names[NOTES]; /* by number of the bit */

struct cell {
    struct finding *finding; /* counted */
    uint32_t zone;
};

#define POOL_ANY_ZONE UINT32_MAX /* zone_set of an address from a log: who answered is not said */

struct address {
    struct ip ip;
    unsigned char state, notes;
    uint32_t run;      /* whose state this is, by number */
    uint32_t zone_set; /* the zones that were asked of it */
    uint32_t cell_count, listed_count;
    struct cell *cells;
    uint32_t *listed_in; /* numbers of the runs in which it was listed, in the order they came */
    char *ticket;        /* for a person's eyes; NULL: none */
};

/* A set of zones, by number. */
struct zone_set {
    size_t count;
    uint32_t zones[];
};

struct pool {
    struct address *addresses; /* in the order they were first heard of */
    size_t count, room;
    uint32_t *index; /* open addressing; 0: free, else number + 1 */
    size_t index_size;
    struct zone_set **zone_sets;
    size_t zone_set_count;
    struct findings findings;
};

void pool_free(struct pool *pool);

/* The address, made if need be; valid until the next one is made. */
struct address *pool_address(struct pool *pool, const struct ip *ip);

/* Forgets what was said of it before; what comes is the state in this run. */
void pool_restart(struct pool *pool, struct address *address, uint32_t run);

/* Takes finding. If the address has one for the zone already, the new one takes its place. */
void pool_set_cell(struct pool *pool, struct address *address, uint32_t zone, struct finding *finding);

/* The same for a zone that the address has none for yet. */
void pool_add_cell(struct address *address, uint32_t zone, struct finding *finding);

/* NULL: none. Borrowed. */
struct cell *pool_cell(const struct address *address, uint32_t zone);

void pool_listed_in(struct address *address, uint32_t run);

/* The number of a set of zones (count of them, ascending, borrowed). */
uint32_t pool_zone_set(struct pool *pool, const uint32_t *zones, size_t count);

#endif
