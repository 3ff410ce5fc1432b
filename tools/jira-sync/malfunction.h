/*
 * MAJOR MALFUNCTION: the tickets about the monitor's own sight. Two kinds, each
 * one ticket a UTC day: more than half of a run's lookups UNKNOWN, and a zone
 * whose surge of new listings was held back.
 *
 * Judged at the end of a complete stream; carried out like the addresses' jobs.
 */
#ifndef JIRA_SYNC_MALFUNCTION_H
#define JIRA_SYNC_MALFUNCTION_H

#include <jansson.h>

#include "census.h"
#include "sync.h"

extern const struct job_kind malfunction_kind;

struct malfunctions {
    const struct census *census; /* borrowed; sorted by malfunctions_judge() */
    const char *run_id;          /* borrowed */
    bool dry_run;
    unsigned long failed;
    json_t *done; /* owned: what became of them, array for the end record; NULL: nothing */
};

/* Takes what there is to do to sync. end: the run's last record, borrowed. */
void malfunctions_judge(struct malfunctions *malfunctions, struct census *census, const json_t *end,
                        struct sync *sync);

#endif
