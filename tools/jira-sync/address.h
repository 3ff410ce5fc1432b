/*
 * The job of one address: from its record to its ticket, and the record's way on.
 */
#ifndef JIRA_SYNC_ADDRESS_H
#define JIRA_SYNC_ADDRESS_H

#include "census.h"
#include "ndjson.h"
#include "settings.h"
#include "sync.h"

/* What the addresses of a stream share. */
struct addresses {
    const struct settings *settings; /* borrowed */
    struct ndjson_out *out;          /* borrowed */
    struct sync *sync;               /* borrowed; NULL: Jira is not asked */
    struct census *census;           /* borrowed */
    bool dry_run;
    char *run_id; /* owned; NULL: a stream without run */
    unsigned long failed;
};

extern const struct job_kind address_kind;

/*
 * Takes the record out of the reader's hands: it is written to out, now or later,
 * or dropped as a bad one. Takes record.
 */
void address_take(struct addresses *addresses, struct ndjson_in *in, struct ndjson_record *record);

#endif
