#include "resolver.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unbound-event.h>
#include <unbound.h>
#include <unistd.h>

#include "config.h"
#include "memory.h"
#include "servers.h"

#define INFRA_SECONDS 5 /* below LANE_RETRY_MS: a zone that is tried again is really asked */

struct lookup {
    struct resolver *resolver;
    char *name;
    int type;
    int id;                   /* libunbound's, for ub_cancel() */
    bool returned;            /* ub_resolve_event() has returned, so id holds */
    bool over;                /* done was called while it had not */
    double started, deadline; /* ms */
    void (*done)(void *, struct answer *, double);
    void *context;
    struct lookup *earlier, *later; /* in the order of their deadlines */
};

struct resolver {
    struct ub_ctx *unbound;
    FILE *log; /* what libunbound says; the last line is kept for messages */
    char last_log[256];
    char *public; /* owned; a public resolver among the servers, NULL: none is known as one */
    double timeout_ms;
    struct lookup *earliest, *latest;
};

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

/* --- configuration --- */

void resolver_configure(struct resolver_config *config)
{
    const char *resolvers = config_text("DNS_RESOLVERS");

    config->resolvers = resolvers ? resolvers : "system";
    config->unbound_conf = config_text("DNS_CONFIG");
    config->timeout_ms = config_number("DNS_TIMEOUT", 5, 1, 60) * 1000;
    config->concurrency = config_number("DNS_CONCURRENCY", 10, 1, 4096);
    if (config->unbound_conf && access(config->unbound_conf, R_OK) != 0)
        config_problem("DNS_CONFIG", "cannot read the file %s: %s", config->unbound_conf, strerror(errno));
    servers_check(config->resolvers);
}

/* --- setting libunbound up --- */

static ssize_t keep_log(void *context, const char *text, size_t length)
{
    struct resolver *resolver = context;
    const char *newline = memchr(text, '\n', length); /* text has no NUL at its end */
    size_t shown = newline ? (size_t)(newline - text) : length;

    if (shown > 0)
        snprintf(resolver->last_log, sizeof resolver->last_log, "%.*s", (int)shown, text);
    return (ssize_t)length;
}

static void open_log(struct resolver *resolver)
{
    cookie_io_functions_t functions = {.write = keep_log};

    resolver->log = memory_check(fopencookie(resolver, "w", functions));
    setvbuf(resolver->log, NULL, _IOLBF, BUFSIZ);
    ub_ctx_debugout(resolver->unbound, resolver->log);
}

static bool set(struct resolver *resolver, const char *option, const char *value)
{
    return ub_ctx_set_option(resolver->unbound, option, value) == 0;
}

static bool set_number(struct resolver *resolver, const char *option, long value)
{
    char text[24];

    snprintf(text, sizeof text, "%ld", value);
    return set(resolver, option, text);
}

/*
 * Why each (unbound.conf(5)): test servers are on loopback; answers of a DNSBL are rarely signed, and one that
 * cannot be validated would be lost; rbldnsd answers NXDOMAIN for empty non-terminals, which ends a minimised
 * recursion; a server that was silent is asked again rather than declared down for 15 minutes; records keep
 * their order from run to run. Not set:
 * infra-cache-max-rtt. Below its default a server whose answers take half a second counts as down.
 */
static bool set_options(struct resolver *resolver, const struct resolver_config *config)
{
    return set(resolver, "do-not-query-localhost:", "no") &&
           (config->unbound_conf || set(resolver, "module-config:", "iterator")) &&
           set(resolver, "qname-minimisation:", "no") && set(resolver, "infra-keep-probing:", "yes") &&
           set(resolver, "rrset-roundrobin:", "no") && set_number(resolver, "infra-host-ttl:", INFRA_SECONDS) &&
           set_number(resolver, "outgoing-range:", config->concurrency * 4 + 64) &&
           set_number(resolver, "num-queries-per-thread:", config->concurrency * 4 + 64) &&
           set_number(resolver, "outgoing-num-tcp:", config->concurrency < 100 ? config->concurrency : 100);
}

/*
 * For every domain: a local-zone that lets it through, since libunbound answers some
 * top-level domains itself, test. for one (RFC 6761); and a forward-zone of its own unless servers is NULL:
 * libunbound keeps its timing and its opinion of a server per forward, so a zone
 * that is silent behind a shared forwarder does not slow the others down. The
 * file is in memory: domains may hold keys.
 */
static void write_domain(FILE *out, const char *domain, const char *servers)
{
    char *server;

    fprintf(out, "server:\n local-zone: \"%s.\" transparent\n", domain);
    if (!servers)
        return;
    fprintf(out, "forward-zone:\n name: \"%s.\"\n", domain);
    while ((server = config_item(&servers))) {
        fprintf(out, " forward-addr: %s\n", server);
        free(server);
    }
}

static bool load_domains(struct resolver *resolver, const struct zones *zones, const char *servers)
{
    int fd = memfd_create("zones", MFD_CLOEXEC);
    FILE *out = fd < 0 ? NULL : fdopen(dup(fd), "w");
    char path[32];
    bool loaded = false;

    for (size_t i = 0; out && i < zones->domain_count; i++)
        write_domain(out, zones->domains[i], servers);
    if (out && fclose(out) == 0) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        loaded = ub_ctx_config(resolver->unbound, path) == 0;
    }
    if (fd >= 0)
        close(fd);
    return loaded;
}

/* A forward for everything, so that the stubs and forwards of DNS_CONFIG win. */
static bool set_forwards(struct resolver *resolver, const char *servers)
{
    char *server;
    bool good = true;

    while (good && (server = config_item(&servers))) {
        good = ub_ctx_set_fwd(resolver->unbound, server) == 0;
        free(server);
    }
    return good;
}

/* No name is asked twice, and whoever is asked keeps a cache; only a recursion needs one here, for its delegations.
 */
static bool set_small_caches(struct resolver *resolver)
{
    return set(resolver, "msg-cache-size:", "64k") && set(resolver, "rrset-cache-size:", "64k");
}

static bool set_servers(struct resolver *resolver, const struct resolver_config *config, const struct zones *zones)
{
    char *servers = servers_list(config->resolvers);
    bool good;

    if (!config->unbound_conf)
        good = load_domains(resolver, zones, servers) && (!servers || set_small_caches(resolver));
    else
        good = !servers || set_forwards(resolver, servers);
    resolver->public = servers ? servers_public(servers) : NULL;
    free(servers);
    return good;
}

/* A socket a lookup and some of libunbound's own. */
static void raise_descriptor_limit(long concurrency)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur != RLIM_INFINITY && (long)limit.rlim_cur < concurrency * 2 + 64)
        config_problem("DNS_CONCURRENCY",
                       "%ld lookups in flight need %ld open files, but this process may open %ld; "
                       "lower it or raise the limit (ulimit -n)",
                       concurrency, concurrency * 2 + 64, (long)limit.rlim_cur);
}

struct resolver *resolver_new(struct event_base *base, const struct resolver_config *config,
                              const struct zones *zones)
{
    struct resolver *resolver = memory_new(1, sizeof *resolver);

    resolver->timeout_ms = (double)config->timeout_ms;
    resolver->unbound = memory_check(ub_ctx_create_event(base));
    open_log(resolver);
    raise_descriptor_limit(config->concurrency);
    if (config->unbound_conf && ub_ctx_config(resolver->unbound, config->unbound_conf) != 0) {
        config_problem("DNS_CONFIG", "libunbound does not accept the file %s: %s; see unbound.conf(5)",
                       config->unbound_conf, *resolver->last_log ? resolver->last_log : "syntax error");
    } else if (set_options(resolver, config) && set_servers(resolver, config, zones)) {
        return resolver;
    } else {
        config_problem("DNS_RESOLVERS", "libunbound does not accept the servers %s: %s", config->resolvers,
                       *resolver->last_log ? resolver->last_log : "no reason given");
    }
    resolver_free(resolver);
    return NULL;
}

/* --- lookups --- */

/* Nearly always the latest: only few are given less time than others. */
static void insert(struct resolver *resolver, struct lookup *lookup)
{
    struct lookup *before = resolver->latest;

    while (before && before->deadline > lookup->deadline)
        before = before->earlier;
    lookup->earlier = before;
    lookup->later = before ? before->later : resolver->earliest;
    if (before)
        before->later = lookup;
    else
        resolver->earliest = lookup;
    if (lookup->later)
        lookup->later->earlier = lookup;
    else
        resolver->latest = lookup;
}

static void unlink_lookup(struct resolver *resolver, struct lookup *lookup)
{
    if (lookup->earlier)
        lookup->earlier->later = lookup->later;
    else
        resolver->earliest = lookup->later;
    if (lookup->later)
        lookup->later->earlier = lookup->earlier;
    else
        resolver->latest = lookup->earlier;
}

static void free_lookup(struct lookup *lookup)
{
    unlink_lookup(lookup->resolver, lookup);
    free(lookup->name);
    free(lookup);
}

/* Gives the answer out. A lookup that ends inside resolver_ask() is freed there. */
static void finish(struct lookup *lookup, struct answer *answer)
{
    void (*done)(void *, struct answer *, double) = lookup->done;
    void *context = lookup->context;
    double elapsed = now_ms() - lookup->started;

    if (lookup->returned)
        free_lookup(lookup);
    else
        lookup->over = true;
    done(context, answer, elapsed);
}

/* The response code of a message if it is a response to this lookup; -1: it is not. */
static int response_code(const struct lookup *lookup, const unsigned char *message, int length)
{
    char name[NS_MAXDNAME];
    ns_msg handle;
    ns_rr question;

    if (length < NS_HFIXEDSZ || !(message[2] & 0x80))
        return -1;
    if (ns_initparse(message, length, &handle) < 0 || ns_parserr(&handle, ns_s_qd, 0, &question) < 0) {
        /* A broken answer section makes ns_initparse() fail; the question stands before it. */
        if (dn_expand(message, message + length, message + NS_HFIXEDSZ, name, sizeof name) < 0)
            return ns_r_noerror;
    } else {
        snprintf(name, sizeof name, "%s", ns_rr_name(question));
    }
    return strcasecmp(name, lookup->name) ? -1 : message[3] & 0x0f;
}

/*
 * libunbound reports every failure as SERVFAIL, but leaves in the buffer the
 * message it last saw. If that is a response to this very question, the server's
 * own code says what was wrong; after a timeout it is something else.
 */
static enum answer_error failure_of(const struct lookup *lookup, const unsigned char *message, int length)
{
    int code = message ? response_code(lookup, message, length) : -1;

    if (code < 0)
        return now_ms() - lookup->started < 20 ? ANSWER_NETWORK_ERROR : ANSWER_TIMEOUT;
    return code == ns_r_refused                           ? ANSWER_REFUSED
           : code == ns_r_noerror || code == ns_r_formerr ? ANSWER_MALFORMED
                                                          : ANSWER_SERVFAIL;
}

static void on_answer(void *data, int rcode, void *message, int length, int security, char *why_bogus, int limited)
{
    struct lookup *lookup = data;
    struct answer answer = {0};

    (void)why_bogus;
    (void)limited;
    if (security == 1)
        answer.error = ANSWER_BOGUS;
    else if (rcode != ns_r_noerror)
        answer.error = failure_of(lookup, message, length);
    else
        answer_read(&answer, message, (size_t)length, lookup->type);
    finish(lookup, &answer);
}

void resolver_ask(struct resolver *resolver, const char *name, int type, double most_ms,
                  void (*done)(void *context, struct answer *answer, double elapsed_ms), void *context,
                  struct lookup **handle)
{
    struct lookup *lookup = memory_new(1, sizeof *lookup);
    double now = now_ms();

    *lookup = (struct lookup){.resolver = resolver,
                              .name = memory_string(name),
                              .type = type,
                              .started = now,
                              .deadline = now + (most_ms < resolver->timeout_ms ? most_ms : resolver->timeout_ms),
                              .done = done,
                              .context = context};
    insert(resolver, lookup);
    *handle = lookup;
    if (ub_resolve_event(resolver->unbound, name, type, ns_c_in, lookup, on_answer, &lookup->id) != 0 &&
        !lookup->over) {
        lookup->over = true;
        done(context, &(struct answer){.error = ANSWER_NETWORK_ERROR}, now_ms() - now);
    }
    lookup->returned = true;
    if (lookup->over)
        free_lookup(lookup);
}

const char *resolver_public(const struct resolver *resolver)
{
    return resolver->public;
}

void resolver_cancel(struct resolver *resolver, struct lookup *lookup)
{
    ub_cancel(resolver->unbound, lookup->id);
    free_lookup(lookup);
}

static double time_left(const struct resolver *resolver)
{
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): nothing is before the earliest, so unlink_lookup() moves it on */
    return resolver->earliest->deadline - now_ms();
}

void resolver_expire(struct resolver *resolver)
{
    while (resolver->earliest && time_left(resolver) <= 0) {
        struct answer late = {.error = ANSWER_TIMEOUT};

        ub_cancel(resolver->unbound, resolver->earliest->id);
        finish(resolver->earliest, &late);
    }
}

long resolver_next_deadline(const struct resolver *resolver)
{
    double left = resolver->earliest ? time_left(resolver) : -1;

    return !resolver->earliest ? -1 : left > 0 ? (long)left + 1 : 0;
}

void resolver_free(struct resolver *resolver)
{
    if (!resolver)
        return;
    for (struct lookup *lookup = resolver->earliest, *later; lookup; lookup = later) {
        later = lookup->later;
        resolver_cancel(resolver, lookup);
    }
    ub_ctx_delete(resolver->unbound);
    fclose(resolver->log);
    free(resolver->public);
    free(resolver);
}
