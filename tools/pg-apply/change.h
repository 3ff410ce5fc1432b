/*
 * One record on its way through pg-apply: what it asks of the database, and what
 * came of it.
 */
#ifndef PG_APPLY_CHANGE_H
#define PG_APPLY_CHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "ndjson.h"
#include "record.h"

enum outcome {
    OUTCOME_PENDING, /* asks for a change that is not decided yet */
    OUTCOME_UNCHANGED,
    OUTCOME_UPDATED,
    OUTCOME_CONFLICT, /* the row is no longer what the decision was made from */
    OUTCOME_DRY_RUN,  /* would be updated */
    OUTCOME_FAILED,
};

extern const char *const outcome_names[]; /* by enum outcome, as db_outcome has them; NULL for PENDING */

struct change {
    struct ndjson_record *record; /* owned; the strings below are borrowed from it. NULL once there is a line */
    char *line;                   /* owned: what is passed on, with its newline; NULL while PENDING */
    size_t length;                /* of line, in bytes */
    size_t order;                 /* place in the batch, in the order of the input */
    bool is_address;              /* false: not an `ip` record, passed through */
    bool is_end;                  /* it says how long this stage has taken, so it is settled last of its batch */
    enum outcome outcome;
    const char *ip;
    enum record_transition transition; /* listed, cleared or changed while PENDING */
    char id[24];                       /* decimal, as a parameter */
    json_int_t id_number;
    const char *ip_text, *lists_read; /* what the row must still hold */
    const char *lists, *event;        /* what it shall hold */
    bool matched;                     /* the last statement found the row as it was read */
    bool applied;                     /* the last look found the row as it shall be */
    bool uncertain;                   /* the connection broke while it was being committed */
};

/* Takes the record apart. NULL, or what is wrong with it, new; the record stays the caller's then. */
char *change_read(struct change *change, struct ndjson_record *record);

/*
 * Makes the line of a change that is decided, and frees its record: a line takes a
 * tenth of the memory, and thousands may wait behind one change.
 */
void change_settle(struct change *change, bool dry_run);

void change_free(struct change *change); /* takes */

#endif
