/*
 * What a pool of addresses means for the lists: how many lookups a day, and which of
 * them are known to allow fewer to those who have no contract with them.
 */
#ifndef PROBE_LOAD_H
#define PROBE_LOAD_H

#include "zones.h"

#define LOAD_RUNS 96 /* a day: the job's schedule, every 15 minutes */
#define LOAD_ADDRESSES_MOST 1000000000
#define LOAD_RUNS_MOST 1440

/*
 * Reports, for each domain that is asked, the lookups a day at so many runs over so many
 * addresses, and warns of those that are too many. One lookup an address and domain, and
 * the test entries once a run; what comes on top, a reason for each listing, is not known here.
 */
void load_report(const struct zones *zones, long addresses, long runs);

/* The number of addresses that standard input holds, as pg-ips --count writes it; -1: none, whoever should have
 * written it has told why, or reported. */
long load_read(void);

#endif
