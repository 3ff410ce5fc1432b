#include "options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "load.h"
#include "memory.h"
#include "report.h"
#include "sysexits.h"

static const char help[] =
    "usage: dnsbl-probe [-e] [-r RESOLVER] [-z ZONES] [--format FORMAT] [--range-limit N] ADDRESS...\n"
    "       dnsbl-probe [OPTION]... [--require-run] < addresses-or-records\n"
    "       dnsbl-probe --check[=online] [--addresses N|-] [--runs-a-day N] | --help | --version\n"
    "\n"
    "Asks every zone of DNSBL_ZONES about every address and shows, or adds, the results.\n"
    "ADDRESS is IPv4, IPv6, or a range such as 192.0.2.0/24.\n"
    "Input: records of pg-ips, or such an address a line (# begins a comment).\n"
    "\n"
    "  -e, --exit-code          exit with 2 if an address is listed, else 3 if that is not known\n"
    "  -r, --resolver RESOLVER  ask this one; like DNS_RESOLVERS\n"
    "  -z, --zones ZONES        ask these; like DNSBL_ZONES\n"
    "      --format FORMAT      table or ndjson (table on a terminal, else ndjson)\n"
    "      --range-limit N      addresses that a range may have (1024; 1-16777216)\n"
    "      --check              check the configuration and exit; no network\n"
    "      --check=online       also ask every zone's test entries and report its health\n"
    "      --addresses N        with --check=online: lookups a day for so many addresses; -: read N\n"
    "      --runs-a-day N       for that (96; 1-1440)\n"
    "      --require-run        take input without run and end records as cut off\n"
    "      --help               print this\n"
    "      --version            print the version\n"
    "\n"
    "Environment (each also as X_FILE, a file that holds it):\n"
    "  DNSBL_ZONES          zones to ask: [label:]domain[=filter][*weight], ...  (required)\n"
    "  DNS_TIMEOUT          seconds a lookup may take, tries included (5; 1-60)\n"
    "  DNS_CONCURRENCY      lookups in flight at most (10; 1-4096)\n"
    "  DNS_RESOLVERS        system, recursive, or addr[@port],... (system)\n"
    "  DNS_CONFIG           an unbound.conf(5) to load\n"
    "  DNSBL_CANARY_EXEMPT  zones that keep no RFC 5782 test entries\n"
    "  RUN_DEADLINE         seconds after which nothing more is asked (0: off; 0-86400)\n"
    "\n"
    "Try: dnsbl-probe -z zen.spamhaus.org 127.0.0.2\n";

enum { OPTION_FORMAT = 1, OPTION_RANGE_LIMIT, OPTION_ADDRESSES, OPTION_RUNS };

static const struct option long_options[] = {
    {"exit-code", no_argument, NULL, 'e'},
    {"resolver", required_argument, NULL, 'r'},
    {"zones", required_argument, NULL, 'z'},
    {"format", required_argument, NULL, OPTION_FORMAT},
    {"range-limit", required_argument, NULL, OPTION_RANGE_LIMIT},
    {"addresses", required_argument, NULL, OPTION_ADDRESSES},
    {"runs-a-day", required_argument, NULL, OPTION_RUNS},
    {0},
};

static struct options given;

static bool take_format(const char *argument)
{
    given.table = !strcmp(argument, "table");
    return given.table || !strcmp(argument, "ndjson");
}

static bool take_range_limit(const char *argument)
{
    long limit;

    if (!config_parse_number(argument, 1, RANGE_MOST, &limit))
        return false;
    given.range_limit = (unsigned long long)limit;
    return true;
}

static bool take_addresses(const char *argument)
{
    given.load = true;
    given.addresses = -1;
    return !strcmp(argument, "-") || config_parse_number(argument, 0, LOAD_ADDRESSES_MOST, &given.addresses);
}

/* The option wins over the variable, and over the file that holds it. */
static void replace(const char *variable, const char *value)
{
    char *file_variable = memory_format("%s_FILE", variable);

    setenv(variable, value, 1);
    unsetenv(file_variable);
    free(file_variable);
}

static bool take_option(int option, const char *argument)
{
    switch (option) {
    case 'r':
        replace("DNS_RESOLVERS", argument);
        return true;
    case 'z':
        replace("DNSBL_ZONES", argument);
        return true;
    case OPTION_FORMAT:
        return take_format(argument);
    case OPTION_RANGE_LIMIT:
        return take_range_limit(argument);
    case OPTION_ADDRESSES:
        return take_addresses(argument);
    case OPTION_RUNS:
        return config_parse_number(argument, 1, LOAD_RUNS_MOST, &given.runs);
    default:
        given.exit_code = true;
        return true;
    }
}

/* All of them are looked at before one is refused, so that a person sees everything that is wrong. */
static void take_arguments(int count, char **arguments)
{
    bool wrong = false;

    given.arguments = memory_new((size_t)count, sizeof *given.arguments);
    for (int i = 0; i < count; i++) {
        char *problem = range_parse(arguments[i], given.range_limit, &given.arguments[given.argument_count++]);

        if (problem)
            report(REPORT_ERROR, "usage", "%s%s; see dnsbl-probe --help", problem,
                   arguments[i][0] == '-' ? ", and options stand before the addresses" : "");
        wrong = wrong || problem;
        free(problem);
    }
    if (wrong)
        exit(EXIT_USAGE);
}

void options_read(struct options *options, int argc, char **argv)
{
    struct tool tool = {
        .name = "dnsbl-probe", .help = help, .options = long_options, .letters = "er:z:", .take = take_option};

    given = (struct options){.table = isatty(STDOUT_FILENO), .range_limit = RANGE_STANDARD};
    given.mode = tool_start(&tool, argc, argv);
    given.require_run = tool.require_run;
    if (given.mode != TOOL_RUN)
        tool_no_arguments(&tool, argc, argv);
    if (given.load && given.mode != TOOL_CHECK_ONLINE)
        tool_usage_error(&tool, "--addresses", "goes with --check=online");
    if (given.runs > 0 && !given.load)
        tool_usage_error(&tool, "--runs-a-day", "goes with --addresses");
    given.runs = given.runs > 0 ? given.runs : LOAD_RUNS;
    if (given.require_run && optind < argc)
        tool_usage_error(&tool, argv[optind], "is an address, and --require-run is for a stream of records");
    if (optind < argc)
        take_arguments(argc - optind, argv + optind);
    *options = given;
}

void options_free(struct options *options)
{
    free(options->arguments);
}
