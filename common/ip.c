#include "ip.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const unsigned char mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static size_t length_of(const struct ip *ip)
{
    return ip->family == 4 ? 4 : 16;
}

bool ip_parse(const char *text, struct ip *ip)
{
    static const char blanks[] = " \t\r\n";
    char trimmed[IP_TEXT_SIZE];
    size_t length;

    text += strspn(text, blanks);
    length = strlen(text);
    while (length > 0 && strchr(blanks, text[length - 1]))
        length--;
    if (length == 0 || length >= sizeof trimmed)
        return false;
    memcpy(trimmed, text, length);
    trimmed[length] = '\0';

    memset(ip, 0, sizeof *ip);
    if (inet_pton(AF_INET, trimmed, ip->bytes) == 1) {
        ip->family = 4;
        return true;
    }
    if (inet_pton(AF_INET6, trimmed, ip->bytes) != 1)
        return false;
    ip->family = 6;
    if (!memcmp(ip->bytes, mapped_prefix, sizeof mapped_prefix)) {
        memmove(ip->bytes, ip->bytes + sizeof mapped_prefix, 4);
        memset(ip->bytes + 4, 0, sizeof ip->bytes - 4);
        ip->family = 4;
    }
    return true;
}

char *ip_format(const struct ip *ip, char buffer[IP_TEXT_SIZE])
{
    inet_ntop(ip->family == 4 ? AF_INET : AF_INET6, ip->bytes, buffer, IP_TEXT_SIZE);
    return buffer;
}

char *ip_reversed(const struct ip *ip, char buffer[IP_REVERSED_SIZE])
{
    char *end = buffer;

    for (size_t i = length_of(ip); i-- > 0;) {
        size_t left = IP_REVERSED_SIZE - (size_t)(end - buffer);
        unsigned byte = ip->bytes[i];

        if (ip->family == 4)
            end += snprintf(end, left, "%s%u", end == buffer ? "" : ".", byte);
        else
            end += snprintf(end, left, "%s%x.%x", end == buffer ? "" : ".", byte & 0x0f, byte >> 4);
    }
    return buffer;
}

unsigned long long ip_hash(const struct ip *ip)
{
    unsigned long long hash = 14695981039346656037ULL;

    hash = (hash ^ ip->family) * 1099511628211ULL;
    for (size_t i = 0; i < length_of(ip); i++)
        hash = (hash ^ ip->bytes[i]) * 1099511628211ULL;
    return hash;
}
