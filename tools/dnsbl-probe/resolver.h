/*
 * Asynchronous lookups through libunbound's event interface, with a deadline each
 * (libunbound has none of its own and may take minutes to give a dead server up).
 *
 * Not for: deciding what to ask when (probe.h), or what an answer means (answer.h).
 */
#ifndef PROBE_RESOLVER_H
#define PROBE_RESOLVER_H

#include <event2/event.h>
#include <stdbool.h>

#include "answer.h"
#include "zones.h"

struct resolver_config {
    const char *resolvers;    /* DNS_RESOLVERS: system, recursive, or addr[@port],… */
    const char *unbound_conf; /* DNS_CONFIG: a file; NULL: none */
    long timeout_ms;          /* a lookup, all tries included */
    long concurrency;         /* lookups in flight at most */
};

struct resolver;
struct lookup;

/*
 * Reads the configuration (DNS_RESOLVERS, DNS_CONFIG, DNS_TIMEOUT, DNS_CONCURRENCY)
 * and notes problems by config_problem().
 */
void resolver_configure(struct resolver_config *config);

/*
 * A resolver whose lookups run in base's loop. Each domain gets servers of its
 * own in libunbound's eyes, so that one that times out does not spoil the timing
 * of the others; unless DNS_CONFIG says what is asked where. NULL: not possible, noted as a config_problem(). Borrows
 * config and domains for its lifetime.
 */
struct resolver *resolver_new(struct event_base *base, const struct resolver_config *config,
                              const struct zones *zones);
void resolver_free(struct resolver *resolver);

/* A public resolver among the servers that DNS_RESOLVERS means, for people; borrowed. NULL: none is known as one. */
const char *resolver_public(const struct resolver *resolver);

/*
 * Asks for the name's records of type (ns_t_a, ns_t_txt), class IN. done is called once, maybe
 * before this returns, unless the lookup is cancelled; the answer is done's to
 * clear. elapsed_ms is measured from here. The lookup may take most_ms, but never more than
 * DNS_TIMEOUT.
 */
void resolver_ask(struct resolver *resolver, const char *name, int type, double most_ms,
                  void (*done)(void *context, struct answer *answer, double elapsed_ms), void *context,
                  struct lookup **lookup);

/* Forgets a lookup in flight; done is not called. */
void resolver_cancel(struct resolver *resolver, struct lookup *lookup);

/* Ends the lookups whose time is up, each with ANSWER_TIMEOUT. */
void resolver_expire(struct resolver *resolver);

/* Milliseconds until the next lookup's time is up; -1: none is in flight. */
long resolver_next_deadline(const struct resolver *resolver);

#endif
