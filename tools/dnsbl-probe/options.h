/*
 * The command line of dnsbl-probe: what a person says who uses it by hand. The
 * environment says the rest (probe.h, zones.h).
 */
#ifndef PROBE_OPTIONS_H
#define PROBE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "range.h"
#include "tool.h"

struct options {
    enum tool_mode mode;
    bool require_run;
    bool table;                     /* the output is a table for a person, not NDJSON */
    bool exit_code;                 /* -e: the exit status tells what was found */
    unsigned long long range_limit; /* addresses that a range may have */
    struct range *arguments;        /* owned; the addresses to ask about; NULL: those of standard input */
    size_t argument_count;
    bool load;      /* with --check=online: tell what a pool means for the lists */
    long addresses; /* that it has; -1: standard input says */
    long runs;      /* a day */
};

/*
 * Reads it; ends the process with EXIT_USAGE when something is wrong with it. --zones and
 * --resolver replace DNSBL_ZONES and DNS_RESOLVERS in the environment: before those are read.
 */
void options_read(struct options *options, int argc, char **argv);
void options_free(struct options *options);

#endif
