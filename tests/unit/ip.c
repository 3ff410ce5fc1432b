/* Addresses: strict parsing, canonical text, query names, sharding. */
#include "ip.h"

#include "tap.h"

static const char *canonical(const char *text)
{
    static char buffer[IP_TEXT_SIZE];
    struct ip ip;

    return ip_parse(text, &ip) ? ip_format(&ip, buffer) : "none";
}

static const char *reversed(const char *text)
{
    static char buffer[IP_REVERSED_SIZE];
    struct ip ip;

    return ip_parse(text, &ip) ? ip_reversed(&ip, buffer) : "none";
}

static const struct {
    const char *text, *expected;
} forms[] = {
    {"192.0.2.1", "192.0.2.1"},
    {" 192.0.2.1\t\r\n", "192.0.2.1"},
    {"0.0.0.0", "0.0.0.0"},
    {"255.255.255.255", "255.255.255.255"},
    {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
    {"2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1"},
    {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* RFC 5952 section 4.2.2: one group is not shortened */
    {"::", "::"},
    {"::1", "::1"},
    {"::ffff:192.0.2.1", "192.0.2.1"},
    {"::FFFF:c000:0201", "192.0.2.1"},
    {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
    {"2001:0db8:0000:0000:0000:ffff:192.000.002.001", "none"},
    {"0000:0000:0000:0000:0000:ffff:192.168.100.228", "192.168.100.228"}, /* 45 characters, the longest there is */
    {"", "none"},
    {" ", "none"},
    {"192.0.2", "none"},
    {"192.0.2.256", "none"},
    {"192.0.02.1", "none"},
    {"192.0.2.1.", "none"},
    {"192.0.2.1/32", "none"},
    {"192.0.2.-1", "none"},
    {"192.0.2.1 x", "none"},
    {"0x7f.1", "none"},
    {"3221225985", "none"},
    {"fe80::1%eth0", "none"},
    {"2001:db8::/32", "none"},
    {"2001:db8:::1", "none"},
    {"12345::", "none"},
    {"1:2:3:4:5:6:7:8:9", "none"},
    {"::ffff:192.0.2.1111111111111111111111111111111111111111", "none"},
};

int main(void)
{
    struct ip a, b;

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        tap_text(canonical(forms[i].text), forms[i].expected, forms[i].text);
    CHECK_TEXT(reversed("192.0.2.99"), "99.2.0.192"); /* the examples of RFC 5782 sections 2.1 and 2.4 */
    CHECK_TEXT(reversed("2001:db8:1:2:3:4:567:89ab"),
               "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2");
    CHECK_TEXT(reversed("::ffff:127.0.0.2"), "2.0.0.127");
    CHECK(ip_parse("192.0.2.1", &a) && ip_parse("::ffff:192.0.2.1", &b) && ip_hash(&a) == ip_hash(&b));
    CHECK(ip_parse("192.0.2.2", &b) && ip_hash(&a) != ip_hash(&b));
    /* Shards of one job may run on different machines: the number is fixed. FNV-1a of 04 c0 00 02 01. */
    CHECK(ip_hash(&a) == 0xadfafc6fd835e47eULL);
    return tap_end();
}
