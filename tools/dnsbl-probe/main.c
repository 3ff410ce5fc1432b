/*
 * dnsbl-probe: asks every DNSBL zone about every address.
 *
 * The addresses come as arguments, a line each, or in records; the results go out as
 * records with `results` and the health of each zone in `zone` records, or as a table for
 * a person. DNS trouble makes results UNKNOWN, not the exit status. See dnsbl-probe(1).
 */
#include <stdlib.h>

#include "config.h"
#include "confine.h"
#include "load.h"
#include "options.h"
#include "probe.h"
#include "sysexits.h"

/* Of the zones first, then of what the pool means for them. */
static int check(struct probe *probe, const struct options *options)
{
    int status = probe_check(probe);
    long addresses = status != EXIT_DONE || !options->load ? -1
                     : options->addresses < 0              ? load_read()
                                                           : options->addresses;

    if (addresses >= 0)
        load_report(probe->zones, addresses, options->runs);
    return status;
}

static int work(struct probe *probe, const struct options *options)
{
    confine(CONFINE_NETWORK | CONFINE_READ, NULL);
    return options->mode == TOOL_RUN ? probe_run(probe) : check(probe, options);
}

int main(int argc, char **argv)
{
    struct options options;
    struct probe_config config;
    struct zones zones;
    struct probe probe;
    bool opened;
    int status = EXIT_DONE;

    options_read(&options, argc, argv);
    zones_load(&zones);
    probe_configure(&config, &zones);
    opened = probe_open(&probe, &options, &zones, &config);
    if (config_finish() > 0 || !opened)
        status = EXIT_CONFIG;
    else if (options.mode != TOOL_CHECK)
        status = work(&probe, &options);
    probe_close(&probe);
    free(config.exempt);
    zones_free(&zones);
    options_free(&options);
    return status;
}
