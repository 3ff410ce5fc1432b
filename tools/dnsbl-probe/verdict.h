/*
 * What one zone says of one address. Not for: how it is written (emit.c), or what one
 * answer means (answer.h).
 */
#ifndef PROBE_VERDICT_H
#define PROBE_VERDICT_H

#include "answer.h"

struct verdict {
    bool left_out; /* nothing: an IPv4-only list, and an IPv6 address */
    enum record_status status;
    enum answer_error error; /* why it is UNKNOWN */
};

#endif
