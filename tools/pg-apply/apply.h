/*
 * Brings changes into the table: conditional updates, in batches, each batch one
 * transaction. When one row fails, the batch is done again row by row; what may
 * pass is tried again; after a connection that broke during COMMIT the rows tell
 * what was committed.
 */
#ifndef PG_APPLY_APPLY_H
#define PG_APPLY_APPLY_H

#include "change.h"
#include "pg.h"
#include "pg_table.h"

struct apply {
    struct pg pg;
    struct pg_table table;
    char listed_priority[24], fallback_priority[24]; /* decimal, as parameters */
    char *update_sql[RECORD_TRANSITION_HELD + 1];    /* by transition; made at the first connection */
    char *look_sql;
    bool gave_up;         /* the database cannot be used: nothing more is tried */
    int status;           /* the exit status that this has earned, EXIT_DONE so far */
    unsigned long failed; /* changes that could not be made */
};

/*
 * Decides every PENDING change among count of them; the array is sorted by id.
 * One is left PENDING only when a signal came.
 */
void apply_changes(struct apply *apply, struct change **changes, size_t count);

/* The same for a dry run: looks at the rows, writes nothing. */
void apply_look(struct apply *apply, struct change **changes, size_t count);

void apply_free(struct apply *apply);

#endif
