/*
 * What was read: runs and addresses, from records of the stream (dnsbl-record(5)) and from lines of the operators'
 * log (log.schema.json).
 */
#ifndef DNSBL_REPORT_COLLECTED_H
#define DNSBL_REPORT_COLLECTED_H

#include <jansson.h>

#include "history.h"
#include "ndjson.h"
#include "pool.h"

struct collected {
    struct history history;
    struct pool pool;
};

/* For ndjson_each(); context is the collection. */
void collected_take(struct ndjson_in *in, struct ndjson_out *out, const struct ndjson_record *record, void *context);

/* An `ip` record. NULL, or what is wrong, new. */
char *stream_take_address(struct collected *collected, const json_t *object);

/* True for a line of the operators' log. */
bool log_is_line(const json_t *object);

/* Such a line. NULL, or what is wrong, new. */
char *log_take_line(struct collected *collected, const char *type, const json_t *object);

/* Whether what the run says of an address is newer than what is known of it. */
bool collected_is_newer(const struct collected *collected, const struct address *address, size_t run);

/* The state that the verdict and the cells come to; decision: "LISTED", "CLEAN", or NULL when there is none. */
enum state collected_state(const struct address *address, const char *decision, const char *transition);

/* What else an address's record or line says, which are alike in that; transition: NULL when there is none. */
unsigned collected_notes(const json_t *object, const char *transition);

/* True if there is a text, and it is that. */
bool collected_is(const char *text, const char *expected);

/* Counts the address in its run, and keeps that it is listed there. */
void collected_count(struct collected *collected, struct address *address, size_t run, enum state state,
                     unsigned notes);

#endif
