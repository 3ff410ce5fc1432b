/*
 * What all zones say of one address, and what that adds up to. Not for: how it is
 * written (emit.c, table.h), or what one answer means (answer.h).
 */
#ifndef PROBE_VERDICT_H
#define PROBE_VERDICT_H

#include "answer.h"

/* What one zone says of one address. */
struct verdict {
    bool left_out; /* nothing: an IPv4-only list, and an IPv6 address */
    enum record_status status;
    enum answer_error error; /* why it is UNKNOWN */
    bool positive;           /* LISTED by a site that counts against it: its weight is positive */
    long weight;             /* LISTED: of all sites that match */
};

/* In ascending order of what -e makes of them. */
enum finding {
    FINDING_CLEAN,   /* every blocklist knows it, and none lists it */
    FINDING_UNKNOWN, /* none lists it, but of one that is not known */
    FINDING_LISTED,
    FINDINGS
};

#endif
