/*
 * Which servers are asked: the values of DNS_RESOLVERS, resolv.conf(5), and the
 * public resolvers that many lists refuse.
 */
#ifndef PROBE_SERVERS_H
#define PROBE_SERVERS_H

#include <stdbool.h>

/* Notes by config_problem() what of a DNS_RESOLVERS is wrong. */
void servers_check(const char *resolvers);

/* The servers it means: a list of addr[@port],…, each as forward-addr of unbound.conf(5) has it; new. NULL:
 * recursive. */
char *servers_list(const char *resolvers);

/* The first of such a list that is a public resolver, as "ADDRESS (OPERATOR)", for people; new. NULL: none is known
 * as one. */
char *servers_public(const char *list);

#endif
