/*
 * How long lookups took: a histogram of fixed size whose steps are a tenth apart, which is finer than the network.
 */
#ifndef DNSBL_REPORT_LATENCY_H
#define DNSBL_REPORT_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

enum { LATENCY_STEPS = 144 }; /* 0.1 ms * 1.1^143: 83 s, longer than DNS_TIMEOUT may be */

struct latency {
    uint32_t counts[LATENCY_STEPS];
    uint32_t total;
    double longest;
};

/* In milliseconds. */
struct latency_summary {
    bool known; /* false: nothing was measured */
    double median, p95, longest;
};

void latency_add(struct latency *latency, double duration_ms);
struct latency_summary latency_summarise(const struct latency *latency);

/* Where a duration is on a scale of equal factors, from 0 (1 ms or less) to 1 (10 s or more). */
double latency_position(double duration_ms);

#endif
