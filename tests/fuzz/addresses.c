/*
 * An address, a range of addresses, a list of DNS_RESOLVERS: the whole input is each of them. What is an address is
 * one again in the form in which it is written; a range is the addresses that arithmetic says.
 */
#include <stdlib.h>
#include <string.h>

#include "../../tools/dnsbl-probe/range.h"
#include "../../tools/dnsbl-probe/servers.h"
#include "config.h"
#include "fuzz.h"
#include "ip.h"

#define STEPS 300 /* of a range that are looked at, at most */

static void check_address(const char *text)
{
    char shown[IP_TEXT_SIZE], again[IP_TEXT_SIZE], reversed[IP_REVERSED_SIZE];
    struct ip ip, other;
    size_t dots = 0;

    if (!ip_parse(text, &ip))
        return;
    HOLDS(ip.family == 4 || ip.family == 6);
    HOLDS(ip_parse(ip_format(&ip, shown), &other) && !memcmp(&ip, &other, sizeof ip));
    HOLDS(!strcmp(ip_format(&other, again), shown));
    HOLDS(ip_hash(&ip) == ip_hash(&other));
    HOLDS(strspn(shown, "0123456789abcdef:.") == strlen(shown));
    for (const char *at = ip_reversed(&ip, reversed); *at; at++)
        dots += *at == '.';
    HOLDS(dots == (ip.family == 4 ? 3 : 31));
    HOLDS(strspn(reversed, "0123456789abcdef.") == strlen(reversed));
}

/* The length of the prefix that all addresses of a range have in common. */
static unsigned bits_of(unsigned long long count)
{
    unsigned bits = 0;

    while (1ULL << bits < count)
        bits++;
    return bits;
}

/* Each is one more than the one before. */
static bool follows(const struct ip *ip, const struct ip *before)
{
    struct ip next = *before;
    unsigned place = ip->family == 4 ? 4 : 16;

    while (place-- > 0 && ++next.bytes[place] == 0)
        continue;
    return !memcmp(&next, ip, sizeof next);
}

static void check_range(const char *text, unsigned long long most)
{
    struct range range;
    char *problem = range_parse(text, most, &range);
    struct ip ip = {0}, before = {0}, first = {0};
    unsigned long long count = range.left, steps = 0;

    if (problem) {
        HOLDS(strlen(problem) < 400);
        free(problem);
        return;
    }
    HOLDS(count >= 1 && count <= (most > 1 ? most : 1) && count == 1ULL << bits_of(count));
    HOLDS(range.several == (count > 1));
    for (; steps < STEPS && range_next(&range, &ip); steps++) {
        HOLDS(steps == 0 || follows(&ip, &before));
        first = steps == 0 ? ip : first;
        before = ip;
    }
    HOLDS(steps == (count < STEPS ? count : STEPS));
    /* The first is the network's own: as many bits are zero as its addresses differ in. */
    for (unsigned bit = 0; bit < bits_of(count); bit++)
        HOLDS(!(first.bytes[(first.family == 4 ? 3 : 15) - bit / 8] >> bit % 8 & 1));
}

static void check_servers(const char *text)
{
    char *public;

    servers_check(text);
    if (config_finish() > 0)
        return;
    public = servers_public(text);
    if (public)
        HOLDS(strchr(public, '(') && fuzz_is_plain(public, strlen(public), ""));
    free(public);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);

    fuzz_begin("", 0, 1);
    check_address(text);
    check_range(text, RANGE_STANDARD);
    check_range(text, RANGE_MOST);
    check_range(text, 1);
    check_servers(text);
    fuzz_end();
    free(text);
    return 0;
}
