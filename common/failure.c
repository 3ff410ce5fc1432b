#include "failure.h"

#include <string.h>

const struct failure_kind failure_kinds[FAILURE_KINDS] = {
    [FAILURE_TIMEOUT] = {"timeout", true, "no answer within the time that a lookup may take"},
    [FAILURE_SERVFAIL] = {"servfail", true, "the resolver answered SERVFAIL"},
    [FAILURE_REFUSED] = {"refused", true, "the resolver or the list answered REFUSED"},
    [FAILURE_BOGUS] = {"bogus", true, "the answer failed DNSSEC validation"},
    [FAILURE_MALFORMED] = {"malformed", true, "the answer could not be understood"},
    [FAILURE_NETWORK_ERROR] = {"network_error", true, "the resolver could not be reached"},
    [FAILURE_BLOCKED] = {"blocked", true, "the list refuses to answer this resolver or key"},
    [FAILURE_NOT_A_DNSBL_ANSWER] = {"not_a_dnsbl_answer", true,
                                    "the answer is outside 127.0.0.0/8, so it does not come from a blocklist"},
    [FAILURE_ZONE_UNREACHABLE] = {"zone_unreachable", false, "not asked, because the zone does not answer"},
    [FAILURE_ZONE_WILDCARD] = {"zone_wildcard", false, "not asked, because the zone lists everything"},
    [FAILURE_ZONE_SILENT] = {"zone_silent", false, "not asked, because the zone does not list its own test entry"},
    [FAILURE_ZONE_BLOCKED] = {"zone_blocked", false, "not asked, because the list refuses to answer"},
    [FAILURE_ZONE_HIJACKED] = {"zone_hijacked", false, "not asked, because the zone answers outside 127.0.0.0/8"},
    [FAILURE_DEADLINE] = {"deadline", false, "not asked, because RUN_DEADLINE had passed"},
    [FAILURE_OTHER] = {"other", false, "no reason was given"},
};

enum failure failure_find(const char *name)
{
    for (enum failure i = 0; name && i < FAILURE_OTHER; i++)
        if (!strcmp(failure_kinds[i].name, name))
            return i;
    return FAILURE_OTHER;
}
