#include "tool.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "memory.h"
#include "report.h"
#include "signals.h"
#include "sysexits.h"

#ifndef VERSION
#error "VERSION is defined by the makefile"
#endif

enum { LETTERS_MAX = 32 }; /* of short options, with getopt's own and the final NUL */

static int64_t started_ms;

enum { OPTION_HELP = 256, OPTION_VERSION, OPTION_CHECK, OPTION_REQUIRE_RUN };

static const struct option common_options[] = {
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"check", optional_argument, NULL, OPTION_CHECK},
    {"require-run", no_argument, NULL, OPTION_REQUIRE_RUN},
};

/*
 * A closed standard descriptor would be given to the next socket, and the stream
 * or a log line would be written to a server. Opened the wrong way round, its use
 * fails as that of a closed one does.
 */
static void occupy_standard_descriptors(void)
{
    static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};

    for (int fd = 0; fd < 3; fd++)
        /* cppcheck-suppress leakReturnValNotUsed ; it is fd, and to stay open */
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
            _exit(EXIT_BUG);
}

/* A dump would hold secrets. One that is piped to a program does not ask for the limit (core(5)). */
static void forbid_core_dumps(void)
{
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}

void tool_usage_error(const struct tool *tool, const char *what, const char *problem)
{
    die(EXIT_USAGE, "usage", "%s %s; see %s --help", what, problem, tool->name);
}

__attribute__((noreturn)) static void print_and_exit(const char *text)
{
    bool written = fputs(text, stdout) >= 0 && fflush(stdout) == 0;

    exit(written ? EXIT_DONE : EXIT_OUTPUT);
}

/* The common options and the tool's own, as getopt_long(3) wants them; new. */
static struct option *all_options(const struct tool *tool)
{
    size_t common = sizeof common_options / sizeof *common_options, own = 0;
    struct option *options;

    while (tool->options && tool->options[own].name)
        own++;
    options = memory_new(common + own + 1, sizeof *options);
    memcpy(options, common_options, sizeof common_options);
    if (own > 0)
        memcpy(options + common, tool->options, own * sizeof *options);
    return options;
}

static enum tool_mode take_check(const struct tool *tool, const char *argument)
{
    if (!argument)
        return TOOL_CHECK;
    if (strcmp(argument, "online") != 0)
        tool_usage_error(tool, argument, "is nothing that --check knows; it is --check or --check=online");
    return TOOL_CHECK_ONLINE;
}

/* word: `--format xml`'s first word, or all of `--format=xml`. */
__attribute__((noreturn)) static void refuse_argument(const struct tool *tool, const char *word)
{
    char *quoted = memory_format("\"%s\"", optarg ? optarg : "");

    tool_usage_error(tool, quoted, memory_format("is not a valid argument of %.*s", (int)strcspn(word, "="), word));
}

int64_t tool_age_ms(void)
{
    return clock_steady_ms() - started_ms;
}

enum tool_mode tool_start(struct tool *tool, int argc, char **argv)
{
    struct option *options;
    enum tool_mode mode = TOOL_RUN;
    const char *word; /* that getopt_long() looks at: an option, or several letters */
    char letters[LETTERS_MAX];
    int option, index = 0;

    started_ms = clock_steady_ms();
    occupy_standard_descriptors();
    forbid_core_dumps();
    report_open(tool->name);
    memory_for_json();
    signals_install();
    options = all_options(tool);
    snprintf(letters, sizeof letters, "+:%s", tool->letters ? tool->letters : "");
    opterr = 0;
    while ((void)(word = argv[optind]), (option = getopt_long(argc, argv, letters, options, &index)) != -1) {
        if (option == OPTION_HELP)
            print_and_exit(tool->help);
        else if (option == OPTION_VERSION)
            print_and_exit(memory_format("%s %s\n", tool->name, VERSION));
        else if (option == OPTION_CHECK)
            mode = take_check(tool, optarg);
        else if (option == OPTION_REQUIRE_RUN)
            tool->require_run = true;
        else if (option == ':')
            tool_usage_error(tool, word, "needs an argument");
        else if (option == '?')
            tool_usage_error(tool, word, "is no option of this program, or takes no argument");
        else if (!tool->take(option, optarg))
            refuse_argument(tool, word);
    }
    free(options);
    return mode;
}

void tool_no_arguments(const struct tool *tool, int argc, char **argv)
{
    if (optind < argc)
        tool_usage_error(tool, argv[optind], "is an argument that is not expected");
}
