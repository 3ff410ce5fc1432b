/*
 * What every program does before its work: the common options, safe standard
 * descriptors, the flag for signals. Not for: reading configuration.
 */
#ifndef COMMON_TOOL_H
#define COMMON_TOOL_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

enum tool_mode {
    TOOL_RUN,
    TOOL_CHECK,        /* --check: configuration only, no network */
    TOOL_CHECK_ONLINE, /* --check=online: asks the servers, changes nothing */
};

struct tool {
    const char *name;
    const char *help;                               /* what --help prints, ending in a newline */
    const struct option *options;                   /* further long options, NULL: none; their val are in 1…255 */
    const char *letters;                            /* and short ones, as getopt(3) has them; NULL: none */
    bool (*take)(int option, const char *argument); /* false: the argument is not valid */
    bool require_run; /* set by --require-run: a stream without run and end was cut off */
};

/*
 * Handles --help, --version, --check[=online] and --require-run, and gives the
 * rest to tool->take. Ends the process with EXIT_USAGE on anything else, and for
 * --help and --version. Returns the mode; optind is at the first argument.
 */
enum tool_mode tool_start(struct tool *tool, int argc, char **argv);

/* How long ago tool_start() was called. */
int64_t tool_age_ms(void);

/* Ends the process with EXIT_USAGE and the message `WHAT PROBLEM; see NAME --help`. */
__attribute__((noreturn)) void tool_usage_error(const struct tool *tool, const char *what, const char *problem);

/* Ends with EXIT_USAGE if arguments are left over after the options. */
void tool_no_arguments(const struct tool *tool, int argc, char **argv);

#endif
