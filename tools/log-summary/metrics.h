/*
 * The run in numbers for a monitoring system: text that is OpenMetrics 1.0 and Prometheus' text format (0.0.4) at
 * once, as node_exporter's textfile collector and the Pushgateway want the latter. All is of one run, so there are no
 * counters. log-summary(1) names the metrics. Memory: the listed addresses, for all is written at once, at the end.
 *
 * A regular file appears under its name when it is complete, and not before.
 */
#ifndef LOG_SUMMARY_METRICS_H
#define LOG_SUMMARY_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "address.h"
#include "summary.h"
#include "tally.h"

struct metrics {
    const char *path; /* borrowed; NULL: nobody wants them */
    FILE *text;       /* what will be written: bytes, length of them */
    char *bytes;
    size_t length;
    void *listed; /* tsearch(3): addresses that have their series, for a row may occur twice */
};

/* path is what --metrics names, or NULL. */
void metrics_open(struct metrics *metrics, const char *path);

/* Takes note of an address that is listed. */
void metrics_take_address(struct metrics *metrics, const struct address *address);

/* Writes all of it. False: that failed, and was reported. */
bool metrics_close(struct metrics *metrics, const struct summary *summary, const struct tallies *tallies);

#endif
