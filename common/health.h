/*
 * The verdicts on a zone's health (dnsbl-record(5)): what dnsbl-probe finds by RFC 5782's
 * test entries, and what a person does about it. Not for: how the verdict is reached.
 */
#ifndef COMMON_HEALTH_H
#define COMMON_HEALTH_H

#include <stdbool.h>

enum health {
    HEALTH_OK,
    HEALTH_WILDCARD,
    HEALTH_SILENT,
    HEALTH_BLOCKED,
    HEALTH_HIJACKED,
    HEALTH_UNREACHABLE,
    HEALTH_EXEMPT,
    HEALTH_VERDICTS
};

struct health_verdict {
    const char *name;
    bool healthy;
    bool remove;        /* it is the zone itself that is wrong, so it had better go from DNSBL_ZONES */
    const char *advice; /* what to look at and to do; "" for a healthy one */
};

extern const struct health_verdict health_verdicts[HEALTH_VERDICTS]; /* by enum health */

/* The verdict of that name; NULL: there is none. */
const struct health_verdict *health_find(const char *name);

#endif
