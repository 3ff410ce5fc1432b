/*
 * Ranges of addresses in CIDR notation (RFC 4632 section 3.1, RFC 4291 section 2.3),
 * taken apart address by address: however large, a range is a few bytes.
 */
#ifndef PROBE_RANGE_H
#define PROBE_RANGE_H

#include <stdbool.h>

#include "ip.h"

/*
 * How many addresses a range may have unless a person says otherwise: a /22 or a /118. Each
 * list is then asked 1,024 times, one percent of what the strictest that are known allow a
 * day; a slip of the finger (/8 for /28) costs no more than a message.
 */
#define RANGE_STANDARD 1024
#define RANGE_MOST 16777216 /* and what a person can say: a /8 or a /104 */

/* The addresses that are still to come. */
struct range {
    struct ip next;
    unsigned long long left;
    bool several; /* it had more than one to begin with */
};

/*
 * An address as ip_parse() takes it, or address/length, all of its addresses meant: the first
 * and the last of an IPv4 network too. most: how many it may have. NULL: it is in *range; else
 * what is wrong with it and what to do, new.
 */
char *range_parse(const char *text, unsigned long long most, struct range *range);

/* The next address; false: there is none. */
bool range_next(struct range *range, struct ip *ip);

#endif
