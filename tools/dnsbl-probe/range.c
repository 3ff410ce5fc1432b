#include "range.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "text.h"

#define SHOWN 60 /* bytes of a text that is quoted */

static unsigned bits_of(const struct ip *ip)
{
    return ip->family == 4 ? 32 : 128;
}

/* A number of at most most, strictly: digits without leading zeros, and at most blanks behind them. */
static bool parse_length(const char *text, unsigned most, unsigned *length)
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 3 || (digits > 1 && *text == '0'))
        return false;
    if (text[digits + strspn(text + digits, " \t\r\n")])
        return false;
    *length = (unsigned)strtoul(text, NULL, 10);
    return *length <= most;
}

/* The address and the length of its prefix; those of an IPv4-mapped address as of the IPv4 address that it is. */
static bool parse_parts(const char *text, const char *slash, struct ip *ip, unsigned *length)
{
    char *address = memory_bytes(text, (size_t)(slash - text));
    bool blank = slash == text || strchr(" \t", slash[-1]), is_address = !blank && ip_parse(address, ip);
    bool mapped = is_address && ip->family == 4 && strchr(address, ':');

    free(address);
    if (!is_address || !parse_length(slash + 1, mapped ? 128 : bits_of(ip), length))
        return false;
    if (mapped && *length < 96)
        return false;
    if (mapped)
        *length -= 96;
    return true;
}

/* The same address with all bits behind the prefix zero. */
static struct ip network_of(const struct ip *ip, unsigned length)
{
    struct ip network = *ip;

    for (unsigned bit = length; bit < bits_of(ip); bit++)
        network.bytes[bit / 8] = (unsigned char)(network.bytes[bit / 8] & ~(0x80U >> bit % 8));
    return network;
}

static char *too_large(const char *text, unsigned host_bits, unsigned long long most)
{
    char limit[TEXT_COUNT_SIZE], number[TEXT_COUNT_SIZE];
    char *size =
        host_bits < 64 ? memory_string(text_count(1ULL << host_bits, number)) : memory_format("2^%u", host_bits);
    char *advice = host_bits < 64 && 1ULL << host_bits <= RANGE_MOST
                       ? memory_format("if you mean them all: --range-limit %llu", 1ULL << host_bits)
                       : memory_string("ask about parts of it");
    char *problem = memory_format("\"%.*s\" has %s addresses, and %s is the most a range may have; %s", SHOWN, text,
                                  size, text_count(most, limit), advice);

    free(size);
    free(advice);
    return problem;
}

static char *parse_range(const char *text, const char *slash, unsigned long long most, struct range *range)
{
    char shown[IP_TEXT_SIZE];
    unsigned length, host_bits;
    struct ip ip, network;

    if (!parse_parts(text, slash, &ip, &length))
        return memory_format("\"%.*s\" is not a range of addresses, such as 192.0.2.0/24 or 2001:db8::/120", SHOWN,
                             text);
    network = network_of(&ip, length);
    if (memcmp(network.bytes, ip.bytes, sizeof ip.bytes) != 0)
        return memory_format("\"%.*s\" has bits set behind its prefix; the range that it lies in is %s/%u", SHOWN,
                             text, ip_format(&network, shown), length);
    host_bits = bits_of(&ip) - length;
    if (host_bits >= 64 || 1ULL << host_bits > most)
        return too_large(text, host_bits, most);
    *range = (struct range){.next = ip, .left = 1ULL << host_bits, .several = host_bits > 0};
    return NULL;
}

char *range_parse(const char *text, unsigned long long most, struct range *range)
{
    const char *slash = strchr(text, '/');

    if (slash)
        return parse_range(text, slash, most, range);
    *range = (struct range){.left = 1};
    if (ip_parse(text, &range->next))
        return NULL;
    range->left = 0;
    return memory_format("\"%.*s\" is not an IP address", SHOWN, text);
}

bool range_next(struct range *range, struct ip *ip)
{
    if (range->left == 0)
        return false;
    *ip = range->next;
    range->left--;
    for (unsigned i = bits_of(ip) / 8; i-- > 0 && ++range->next.bytes[i] == 0;)
        ;
    return true;
}
