/*
 * What a DNS answer means for a DNSBL (RFC 5782): a packet in, the A records and
 * texts out; and a zone's verdict on them. Pure functions; nothing here asks or waits.
 */
#ifndef PROBE_ANSWER_H
#define PROBE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "record.h"
#include "zones.h"

/* Why a lookup is UNKNOWN; the names of the record's "error" are answer_error_names. */
enum answer_error {
    ANSWER_FINE,
    ANSWER_TIMEOUT,
    ANSWER_SERVFAIL,
    ANSWER_REFUSED,
    ANSWER_BOGUS,
    ANSWER_MALFORMED,
    ANSWER_NETWORK_ERROR,
    ANSWER_BLOCKED,
    ANSWER_NOT_A_DNSBL,
    ANSWER_ZONE_UNREACHABLE,
    ANSWER_ZONE_WILDCARD,
    ANSWER_ZONE_SILENT,
    ANSWER_ZONE_BLOCKED,
    ANSWER_ZONE_HIJACKED,
    ANSWER_DEADLINE,
    ANSWER_ERRORS
};

extern const char *const answer_error_names[ANSWER_ERRORS];

struct answer {
    enum answer_error error;       /* ANSWER_FINE: the records below hold; else the lookup failed */
    unsigned char (*addresses)[4]; /* all A records, network order; owned; NULL when count is 0 */
    size_t count;
    char *text; /* the TXT records, each joined from its strings, parted by a blank; owned; NULL: none */
};

/*
 * Reads a DNS message (RFC 1035 section 4) that answers a question for type.
 * The result is new: answer_clear() it. A message that cannot be read is ANSWER_MALFORMED,
 * one whose code is an error has that error.
 */
void answer_read(struct answer *answer, const unsigned char *message, size_t length, int type);
void answer_clear(struct answer *answer);

/*
 * The verdict of one zone on an answer without TXT: SPEC's table, first row that fits.
 * all and count are all zones of the run, since any zone of the same domain may give
 * 127.0.0.1 a meaning. *error is set when the status is UNKNOWN.
 */
enum record_status answer_status(const struct answer *answer, const struct zones *zones, const struct zone *zone,
                                 enum answer_error *error);

/* True if an A record says that the list refuses to answer us (or, alone, is 127.0.0.1 and no filter names it). */
bool answer_blocked(const struct answer *answer, const struct zones *zones, size_t domain);

/* True if an A record lies outside 127.0.0.0/8, where no DNSBL answers. */
bool answer_outside(const struct answer *answer);

/* The meaning of the refusal in an answer that is answer_blocked(), for people; static. */
const char *answer_blocked_meaning(const struct answer *answer);

#endif
