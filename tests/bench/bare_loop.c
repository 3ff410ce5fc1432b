/*
 * bare_loop IN_FLIGHT SERVER[@PORT] DOMAIN... <names: the least that libunbound takes.
 *
 * Asks for the A records of the names on standard input, one a line, with so many in
 * flight, and prints as JSON how many had one, how many had none, and how many came to
 * nothing. No records, no health, no deadlines, no texts: what dnsbl-probe adds to this
 * is what it costs. The options are those of tools/dnsbl-probe/resolver.c, which says why
 * each; the two must stay alike, or the comparison means nothing.
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unbound-event.h>
#include <unbound.h>

#define TYPE_A 1   /* RFC 1035 section 3.2.2 */
#define CLASS_IN 1 /* section 3.2.4 */
#define NXDOMAIN 3 /* section 4.1.1 */

static struct ub_ctx *unbound;
static unsigned most, in_flight;
static bool starting, input_ended;
static unsigned long listed, not_listed, failed;

static void die(const char *what)
{
    fprintf(stderr, "bare_loop: %s\n", what);
    exit(1);
}

/* --- libunbound --- */

static void set(const char *option, const char *value)
{
    if (ub_ctx_set_option(unbound, option, value) != 0)
        die(option);
}

static void set_number(const char *option, unsigned value)
{
    char text[16];

    snprintf(text, sizeof text, "%u", value);
    set(option, text);
}

static void set_options(void)
{
    set("do-not-query-localhost:", "no");
    set("module-config:", "iterator");
    set("qname-minimisation:", "no");
    set("infra-keep-probing:", "yes");
    set_number("outgoing-range:", most * 4 + 64);
    set_number("num-queries-per-thread:", most * 4 + 64);
    set_number("outgoing-num-tcp:", most < 100 ? most : 100);
}

static void load_domains(const char *server, char **domains)
{
    int fd = memfd_create("zones", MFD_CLOEXEC);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    char path[32];

    if (!out)
        die("no memory for the zones");
    for (; *domains; domains++)
        fprintf(out,
                "server:\n local-zone: \"%s.\" transparent\n"
                "forward-zone:\n name: \"%s.\"\n forward-addr: %s\n",
                *domains, *domains, server);
    fflush(out);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (ub_ctx_config(unbound, path) != 0)
        die("libunbound does not accept the zones");
    fclose(out);
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* --- the loop --- */

static void start_more(void);

static void on_answer(void *data, int rcode, void *message, int length, int security, char *why_bogus, int limited)
{
    const unsigned char *header = message;

    (void)data;
    (void)security;
    (void)why_bogus;
    (void)limited;
    if (rcode == 0 && length >= 12)
        *(header[6] || header[7] ? &listed : &not_listed) += 1; /* ANCOUNT */
    else
        *(rcode == NXDOMAIN ? &not_listed : &failed) += 1;
    in_flight--;
    start_more();
}

/* libunbound may answer before ub_resolve_event() returns: the loop goes on then, rather than anew within itself. */
static void start_more(void)
{
    char name[256];
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
        if (ub_resolve_event(unbound, name, TYPE_A, CLASS_IN, NULL, on_answer, &id) != 0)
            die("libunbound does not take a name");
    }
    starting = false;
}

int main(int argc, char **argv)
{
    struct event_base *base = event_base_new();

    most = argc > 3 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    if (most == 0)
        die("usage: bare_loop IN_FLIGHT SERVER[@PORT] DOMAIN... <names");
    unbound = base ? ub_ctx_create_event(base) : NULL;
    if (!unbound)
        die("libunbound cannot be set up");
    raise_descriptor_limit();
    set_options();
    load_domains(argv[2], argv + 3);
    start_more();
    while (in_flight > 0)
        event_base_loop(base, EVLOOP_ONCE);
    printf("{\"listed\":%lu,\"not_listed\":%lu,\"unknown\":%lu}\n", listed, not_listed, failed);
    ub_ctx_delete(unbound);
    event_base_free(base);
    return 0;
}
