/*
 * The records between input and output, in order: each waits here until every
 * domain has settled what it says of the record's address. Bounded in records and
 * in bytes, whatever the input's length.
 */
#ifndef PROBE_WINDOW_H
#define PROBE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

#include "answer.h"
#include "ip.h"
#include "ndjson.h"

enum outcome_state {
    OUTCOME_NEW,      /* not asked yet */
    OUTCOME_ASKED,    /* in flight */
    OUTCOME_SETTLED,  /* the answer holds */
    OUTCOME_LEFT_OUT, /* this domain does not list addresses of this family */
};

/* What one domain says of one address. */
struct outcome {
    struct answer answer;
    float elapsed_ms;
    enum outcome_state state;
};

struct slot {
    struct ndjson_record *record; /* owned; only its text */
    bool has_ip;                  /* false: a record that passes through */
    bool is_end;                  /* it is the end record */
    bool of_range;                /* a person wrote a range, not this address */
    bool has_results;             /* it came with members that are to be replaced */
    struct ip ip;
    char *blocking_lists;     /* owned; of the row, kept for IPv6 addresses; NULL: none */
    size_t waiting;           /* domains that have not settled */
    struct outcome *outcomes; /* borrowed of the window, one a domain; NULL without ip */
};

/* Slots have ascending numbers; those from head to below tail are in the window. */
struct window {
    struct slot *slots;       /* a ring */
    struct outcome *outcomes; /* of all slots, one after the other */
    size_t size, domains, bytes;
    unsigned long long head, tail;
};

/* in_flight: how many lookups may be, all domains together; the more, the further the fast domains may be ahead. */
void window_open(struct window *window, size_t domains, size_t in_flight);
void window_close(struct window *window);

bool window_full(const struct window *window);
bool window_empty(const struct window *window);

/* Adds a slot at the tail; takes record. Without ip it waits for nobody. */
struct slot *window_add(struct window *window, struct ndjson_record *record, const struct ip *ip);

/* The slot of a number; NULL: it has left the window. */
struct slot *window_slot(struct window *window, unsigned long long number);

/* Frees the slot at the head and moves on. */
void window_remove(struct window *window);

/* Settles a domain's outcome; takes answer. Does nothing where it is settled already. */
void window_settle(struct window *window, struct slot *slot, size_t domain, struct answer *answer, double elapsed_ms);

/* Settles an outcome without an answer: for an error, or as left out (ANSWER_FINE). */
void slot_settle_unasked(struct slot *slot, size_t domain, enum answer_error error);

#endif
