/*
 * Why a lookup is UNKNOWN: the words that `error` of a result holds (dnsbl-record(5)). Not for: what is wrong with a
 * whole zone (health.h).
 */
#ifndef COMMON_FAILURE_H
#define COMMON_FAILURE_H

#include <stdbool.h>

enum failure {
    FAILURE_TIMEOUT,
    FAILURE_SERVFAIL,
    FAILURE_REFUSED,
    FAILURE_BOGUS,
    FAILURE_MALFORMED,
    FAILURE_NETWORK_ERROR,
    FAILURE_BLOCKED,
    FAILURE_NOT_A_DNSBL_ANSWER,
    FAILURE_ZONE_UNREACHABLE,
    FAILURE_ZONE_WILDCARD,
    FAILURE_ZONE_SILENT,
    FAILURE_ZONE_BLOCKED,
    FAILURE_ZONE_HIJACKED,
    FAILURE_DEADLINE,
    FAILURE_OTHER, /* a word that is none of these, or none at all */
    FAILURE_KINDS
};

struct failure_kind {
    const char *name;
    bool asked; /* false: the zone or the run was at fault, and the zone was not asked about this address */
    const char *message;
};

extern const struct failure_kind failure_kinds[FAILURE_KINDS]; /* by enum failure */

/* FAILURE_OTHER for a word that is not known, and for NULL. */
enum failure failure_find(const char *name);

#endif
