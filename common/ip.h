/*
 * IP addresses: text in, canonical text and DNSBL query names out.
 * IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2) is IPv4 here: it is the same host.
 */
#ifndef COMMON_IP_H
#define COMMON_IP_H

#include <stdbool.h>
#include <stddef.h>

#define IP_TEXT_SIZE 46     /* INET6_ADDRSTRLEN */
#define IP_REVERSED_SIZE 64 /* 32 nibbles with dots between, and a NUL */

struct ip {
    unsigned char family;    /* 4 or 6 */
    unsigned char bytes[16]; /* network order; the first 4 for IPv4 */
};

/*
 * Strict: dotted quads of four decimal numbers without leading zeros, or RFC 4291
 * text; no scope, no prefix length. Blanks around it are ignored. False: no address.
 */
bool ip_parse(const char *text, struct ip *ip);

/* RFC 5952 text, in buffer, which is returned. */
char *ip_format(const struct ip *ip, char buffer[IP_TEXT_SIZE]);

/* The owner name below a zone, without a dot at the end: RFC 5782 sections 2.1 and 2.4. Returns buffer. */
char *ip_reversed(const struct ip *ip, char buffer[IP_REVERSED_SIZE]);

/* Equal addresses give equal numbers, on every machine: FNV-1a over family and bytes, for sharding. */
unsigned long long ip_hash(const struct ip *ip);

#endif
