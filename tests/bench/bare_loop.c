/*
 * bare_loop <names: the least that libunbound takes, set up as dnsbl-probe sets it up.
 *
 * Asks for the A records of the names on standard input, one a line, with
 * DNS_CONCURRENCY in flight, and prints as JSON how many had one, how many had none, and
 * how many came to nothing. Configured as dnsbl-probe is. No records, no health, no
 * deadlines, no texts: what dnsbl-probe adds to this is what it costs.
 */

/* NOLINTNEXTLINE(bugprone-suspicious-include): libunbound's options must be the same, and its context is private */
#include "../../tools/dnsbl-probe/resolver.c"

#include "sysexits.h"

static struct ub_ctx *unbound;
static long most, in_flight;
static bool starting, input_ended;
static unsigned long listed, not_listed, unknown;

static void start_more(void);

static void on_bare_answer(void *data, int rcode, void *message, int length, int security, char *why_bogus,
                           int limited)
{
    const unsigned char *header = message; /* RFC 1035 section 4.1.1 */

    (void)data;
    (void)security;
    (void)why_bogus;
    (void)limited;
    if (rcode == ns_r_nxdomain)
        not_listed++;
    else if (rcode != ns_r_noerror || length < NS_HFIXEDSZ)
        unknown++;
    else if (header[6] || header[7]) /* ANCOUNT */
        listed++;
    else
        not_listed++;
    in_flight--;
    start_more();
}

/* libunbound may answer before ub_resolve_event() returns: the loop goes on then, rather than anew within itself. */
static void start_more(void)
{
    char name[NS_MAXDNAME];
    int id;

    if (starting)
        return;
    starting = true;
    while (in_flight < most && !input_ended) {
        if (!fgets(name, sizeof name, stdin)) {
            input_ended = true;
            break;
        }
        name[strcspn(name, "\n")] = '\0';
        in_flight++;
        if (ub_resolve_event(unbound, name, ns_t_a, ns_c_in, NULL, on_bare_answer, &id) != 0) {
            in_flight--;
            unknown++;
        }
    }
    starting = false;
}

int main(void)
{
    struct event_base *base = memory_check(event_base_new());
    struct resolver_config config;
    struct resolver *resolver;
    struct zones zones;

    zones_load(&zones);
    resolver_configure(&config);
    resolver = resolver_new(base, &config, &zones);
    if (config_finish() > 0 || !resolver)
        return EXIT_CONFIG;
    unbound = resolver->unbound;
    most = config.concurrency;
    start_more();
    while (in_flight > 0)
        event_base_loop(base, EVLOOP_ONCE);
    printf("{\"listed\":%lu,\"not_listed\":%lu,\"unknown\":%lu}\n", listed, not_listed, unknown);
    resolver_free(resolver);
    event_base_free(base);
    zones_free(&zones);
    return EXIT_DONE;
}
