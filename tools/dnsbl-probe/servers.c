#include "servers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "ip.h"
#include "memory.h"

#define RESOLV_CONF "/etc/resolv.conf"

/* In the canonical form of RFC 5952; their operators' own pages name them. */
static const struct {
    const char *address, *name;
} public_resolvers[] = {
    {"8.8.8.8", "Google Public DNS"},
    {"8.8.4.4", "Google Public DNS"},
    {"2001:4860:4860::8888", "Google Public DNS"},
    {"2001:4860:4860::8844", "Google Public DNS"},
    {"1.1.1.1", "Cloudflare"},
    {"1.0.0.1", "Cloudflare"},
    {"1.1.1.2", "Cloudflare"},
    {"1.0.0.2", "Cloudflare"},
    {"2606:4700:4700::1111", "Cloudflare"},
    {"2606:4700:4700::1001", "Cloudflare"},
    {"9.9.9.9", "Quad9"},
    {"9.9.9.10", "Quad9"},
    {"149.112.112.112", "Quad9"},
    {"149.112.112.10", "Quad9"},
    {"2620:fe::fe", "Quad9"},
    {"2620:fe::9", "Quad9"},
    {"208.67.222.222", "OpenDNS"},
    {"208.67.220.220", "OpenDNS"},
    {"2620:119:35::35", "OpenDNS"},
    {"2620:119:53::53", "OpenDNS"},
};

static bool is_keyword(const char *resolvers)
{
    return !strcmp(resolvers, "system") || !strcmp(resolvers, "recursive");
}

/* addr or addr@port as unbound.conf(5) takes it in forward-addr. */
static bool parse_server(const char *text, struct ip *ip)
{
    char *address = memory_string(text), *at = strchr(address, '@');
    long port;
    bool good;

    if (at)
        *at = '\0';
    good = ip_parse(address, ip) && (!at || config_parse_number(at + 1, 1, 65535, &port));
    free(address);
    return good;
}

void servers_check(const char *resolvers)
{
    const char *rest = resolvers;
    size_t count = 0;
    struct ip ip;
    char *server;

    if (is_keyword(resolvers))
        return;
    while ((server = config_item(&rest))) {
        count++;
        if (!parse_server(server, &ip))
            config_problem("DNS_RESOLVERS",
                           "\"%s\" is not an IP address, or address@port; or say system or recursive", server);
        free(server);
    }
    if (count == 0)
        config_problem("DNS_RESOLVERS", "it names no server");
}

/* The nameserver lines of resolv.conf(5). */
static char *system_servers(void)
{
    char line[512], *list;
    size_t size;
    FILE *out = memory_stream(&list, &size), *in = fopen(RESOLV_CONF, "re");
    struct ip ip;

    while (in && fgets(line, sizeof line, in)) {
        char address[IP_TEXT_SIZE + 1];

        if (sscanf(line, " nameserver %46s", address) == 1 && parse_server(address, &ip))
            fprintf(out, "%s,", address);
    }
    if (in)
        fclose(in);
    fclose(out);
    if (!*list) { /* resolv.conf(5): without a nameserver line the local machine is asked */
        free(list);
        list = memory_string("127.0.0.1");
    }
    return list;
}

char *servers_list(const char *resolvers)
{
    if (!strcmp(resolvers, "recursive"))
        return NULL;
    return strcmp(resolvers, "system") != 0 ? memory_string(resolvers) : system_servers();
}

static const char *public_name(const char *address)
{
    for (size_t i = 0; i < sizeof public_resolvers / sizeof *public_resolvers; i++)
        if (!strcmp(public_resolvers[i].address, address))
            return public_resolvers[i].name;
    return NULL;
}

char *servers_public(const char *list)
{
    char text[IP_TEXT_SIZE], *server, *found = NULL;

    while (!found && (server = config_item(&list))) {
        const char *name;
        struct ip ip;

        if (parse_server(server, &ip) && (name = public_name(ip_format(&ip, text))))
            found = memory_format("%s (%s)", text, name);
        free(server);
    }
    return found;
}
