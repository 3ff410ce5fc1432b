/*
 * dnsbl-probe: asks every DNSBL zone about every address of the stream.
 *
 * Reads records (or bare addresses), writes them with `results` and the health of
 * each zone in `zone` records. DNS trouble makes results UNKNOWN, not the exit
 * status. See dnsbl-probe(1).
 */
#include <stdlib.h>

#include "config.h"
#include "probe.h"
#include "sysexits.h"
#include "tool.h"

static const char help[] =
    "usage: dnsbl-probe [--check[=online]] [--require-run] [--help] [--version] < addresses-or-records\n"
    "\n"
    "Asks every zone of DNSBL_ZONES about every address and adds the results.\n"
    "Input: records of pg-ips, or an IP address a line (# begins a comment).\n"
    "\n"
    "  --check         check the configuration and exit; no network\n"
    "  --check=online  also ask every zone's test entries and report its health\n"
    "  --require-run   take input without run and end records as cut off\n"
    "  --help          print this\n"
    "  --version       print the version\n"
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
    "Try: echo 127.0.0.2 | DNSBL_ZONES=zen.spamhaus.org dnsbl-probe\n";

int main(int argc, char **argv)
{
    struct tool tool = {.name = "dnsbl-probe", .help = help};
    struct probe_config config;
    struct zones zones;
    struct probe probe;
    enum tool_mode mode = tool_start(&tool, argc, argv);
    bool opened;
    int status = EXIT_DONE;

    tool_no_arguments(&tool, argc, argv);
    zones_load(&zones);
    probe_configure(&config, &zones);
    opened = probe_open(&probe, &zones, &config);
    if (config_finish() > 0 || !opened)
        status = EXIT_CONFIG;
    else if (mode == TOOL_RUN)
        status = probe_run(&probe, tool.require_run);
    else if (mode == TOOL_CHECK_ONLINE)
        status = probe_check(&probe);
    probe_close(&probe);
    free(config.exempt);
    zones_free(&zones);
    return status;
}
