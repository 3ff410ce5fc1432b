#include "health.h"

#include <stddef.h>
#include <string.h>

const struct health_verdict health_verdicts[HEALTH_VERDICTS] = {
    [HEALTH_OK] = {"ok", true, false, ""},
    [HEALTH_WILDCARD] = {"wildcard", false, true,
                         "it lists 127.0.0.1, so it would list everything: remove it from DNSBL_ZONES, or name it in "
                         "DNSBL_CANARY_EXEMPT if its operator documents that it keeps no test entries"},
    [HEALTH_SILENT] =
        {"silent", false, false,
         "look at DNS_RESOLVERS first (many lists say nothing to a public resolver, and one that filters 127.0.0.0/8 "
         "silences every list): ask with DNS_RESOLVERS=recursive or a resolver of your own; then look whether the "
         "list "
         "still exists; if it never kept test entries, name it in DNSBL_CANARY_EXEMPT"},
    [HEALTH_BLOCKED] =
        {"blocked", false, false,
         "it refuses to answer us: use a resolver of your own (DNS_RESOLVERS), not a public one, and register it or "
         "its key with the list's operator"},
    [HEALTH_HIJACKED] =
        {"hijacked", false, true,
         "it answers with addresses outside 127.0.0.0/8: its domain has probably expired. Remove it from "
         "DNSBL_ZONES; if several zones do this, the resolver rewrites answers: look at DNS_RESOLVERS"},
    [HEALTH_UNREACHABLE] =
        {"unreachable", false, false,
         "its name servers do not answer in time, or not usefully: if other zones do answer, wait or look at the "
         "list's own site; if "
         "none does, look at the resolver and the network first (DNS_RESOLVERS; a public resolver may be what the "
         "list "
         "does not answer)"},
    [HEALTH_EXEMPT] = {"exempt", true, false, ""},
};

const struct health_verdict *health_find(const char *name)
{
    for (size_t i = 0; i < HEALTH_VERDICTS; i++)
        if (!strcmp(health_verdicts[i].name, name))
            return &health_verdicts[i];
    return NULL;
}
