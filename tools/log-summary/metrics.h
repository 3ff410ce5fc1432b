/*
 * The run in numbers for a monitoring system: text that is OpenMetrics 1.0 and Prometheus' text format (0.0.4) at
 * once, as node_exporter's textfile collector and the Pushgateway want the latter. All is of one run, so there are no
 * counters. log-summary(1) names the metrics. Memory: the listed addresses.
 *
 * A regular file appears under its name when it is complete, and not before. What cannot be written is reported once,
 * and told by metrics_close().
 */
#ifndef LOG_SUMMARY_METRICS_H
#define LOG_SUMMARY_METRICS_H

#include <stdbool.h>
#include <stdio.h>

#include "address.h"
#include "summary.h"
#include "tally.h"

struct metrics {
    const char *path; /* borrowed; NULL: nobody wants them */
    char *temporary;  /* the name until it is complete; NULL: path is a pipe or a device, and written to as it is */
    FILE *file;       /* NULL: it could not be opened */
    void *listed;     /* tsearch(3): addresses that have been written, for a row may occur twice */
};

/* path is what --metrics names, or NULL. */
void metrics_open(struct metrics *metrics, const char *path);

/* Writes the series of an address that is listed. */
void metrics_take_address(struct metrics *metrics, const struct address *address);

/* Writes the rest, and puts the file into its place. False: that failed. */
bool metrics_close(struct metrics *metrics, const struct summary *summary, const struct tallies *tallies);

#endif
