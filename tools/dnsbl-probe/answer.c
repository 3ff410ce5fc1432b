#include "answer.h"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "secret.h"
#include "text.h"

const char *const answer_error_names[ANSWER_ERRORS] = {
    [ANSWER_FINE] = "none",
    [ANSWER_TIMEOUT] = "timeout",
    [ANSWER_SERVFAIL] = "servfail",
    [ANSWER_REFUSED] = "refused",
    [ANSWER_BOGUS] = "bogus",
    [ANSWER_MALFORMED] = "malformed",
    [ANSWER_NETWORK_ERROR] = "network_error",
    [ANSWER_BLOCKED] = "blocked",
    [ANSWER_NOT_A_DNSBL] = "not_a_dnsbl_answer",
    [ANSWER_ZONE_UNREACHABLE] = "zone_unreachable",
    [ANSWER_ZONE_WILDCARD] = "zone_wildcard",
    [ANSWER_ZONE_SILENT] = "zone_silent",
    [ANSWER_ZONE_BLOCKED] = "zone_blocked",
    [ANSWER_ZONE_HIJACKED] = "zone_hijacked",
    [ANSWER_DEADLINE] = "deadline",
};

/* The lists' own words for their refusals; the last octet decides (Spamhaus, "DNSBL return codes"). */
static const struct {
    unsigned char address[4];
    const char *meaning;
} refusals[] = {
    {{127, 255, 255, 252}, "the list says that the zone's name is misspelt (127.255.255.252); correct DNSBL_ZONES"},
    {{127, 255, 255, 254},
     "the list refuses queries through a public or open resolver (127.255.255.254); "
     "set DNS_RESOLVERS=recursive or name a resolver of your own"},
    {{127, 255, 255, 255},
     "the list says that this resolver asks too much (127.255.255.255); ask less often, or get a key of your own"},
    {{127, 0, 0, 1}, "127.0.0.1 is no listing but a refusal; register with the list or use another resolver"},
};

void answer_clear(struct answer *answer)
{
    free(answer->addresses);
    free(answer->text);
    *answer = (struct answer){0};
}

static void take_address(struct answer *answer, const ns_rr *record)
{
    if (ns_rr_rdlen(*record) != 4) {
        answer->error = ANSWER_MALFORMED;
        return;
    }
    answer->addresses = memory_resize(answer->addresses, answer->count + 1, sizeof *answer->addresses);
    memcpy(answer->addresses[answer->count++], ns_rr_rdata(*record), 4);
}

/* Appends the character strings of a TXT record (RFC 1035 section 3.3.14), joined. */
static void take_text(FILE *out, const ns_rr *record)
{
    const unsigned char *at = ns_rr_rdata(*record), *end = at + ns_rr_rdlen(*record);

    while (at < end) {
        size_t length = *at++;

        if (length > (size_t)(end - at))
            length = (size_t)(end - at);
        fwrite(at, 1, length, out);
        at += length;
    }
}

static void take_records(struct answer *answer, ns_msg *message, int type, FILE *text)
{
    for (int i = 0; i < ns_msg_count(*message, ns_s_an) && !answer->error; i++) {
        ns_rr record;

        if (ns_parserr(message, ns_s_an, i, &record) < 0) {
            answer->error = ANSWER_MALFORMED;
        } else if ((int)ns_rr_type(record) == type && ns_rr_class(record) == ns_c_in) {
            if (type == ns_t_a)
                take_address(answer, &record);
            else {
                if (ftell(text) > 0)
                    fputc(' ', text);
                take_text(text, &record);
            }
        }
    }
}

/* libunbound gives a refusal of its own (local-zone refuse, an RPZ) as an answer like any other. */
static enum answer_error code_error(ns_msg message)
{
    switch (ns_msg_getflag(message, ns_f_rcode)) {
    case ns_r_noerror:
    case ns_r_nxdomain:
        return ANSWER_FINE;
    case ns_r_refused:
        return ANSWER_REFUSED;
    default:
        return ANSWER_SERVFAIL;
    }
}

void answer_read(struct answer *answer, const unsigned char *message, size_t length, int type)
{
    char *raw, *foreign;
    size_t size;
    ns_msg handle;
    FILE *text = memory_stream(&raw, &size);

    *answer = (struct answer){0};
    if (ns_initparse(message, (int)length, &handle) < 0)
        answer->error = ANSWER_MALFORMED;
    else if ((answer->error = code_error(handle)) == ANSWER_FINE)
        take_records(answer, &handle, type, text);
    fclose(text);
    if (answer->error) {
        free(answer->addresses);
        answer->addresses = NULL;
        answer->count = 0;
    } else if (size > 0) {
        foreign = text_foreign(raw, size);
        answer->text = secret_mask(foreign);
        free(foreign);
    }
    free(raw);
}

/* Which of refusals this address is; -1: none. */
static int refusal(const unsigned char address[4])
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (!memcmp(address, refusals[i].address, 4))
            return (int)i;
    return -1;
}

/* 127.255.255.0/24 is where lists put their refusals. */
static bool in_refusal_range(const unsigned char address[4])
{
    return address[0] == 127 && address[1] == 255 && address[2] == 255;
}

static bool has_refusal(const struct answer *answer)
{
    for (size_t i = 0; i < answer->count; i++)
        if (in_refusal_range(answer->addresses[i]))
            return true;
    return false;
}

static bool a_filter_names(const struct zones *zones, size_t domain, const unsigned char address[4])
{
    for (size_t i = 0; i < zones->count; i++)
        for (size_t j = 0; zones->items[i].domain == domain && j < zones->items[i].site_count; j++)
            if (zone_filter_names(&zones->items[i].sites[j].filter, address))
                return true;
    return false;
}

bool answer_blocked(const struct answer *answer, const struct zones *zones, size_t domain)
{
    static const unsigned char loopback[4] = {127, 0, 0, 1};

    if (answer->count == 0 || has_refusal(answer))
        return answer->count > 0;
    for (size_t i = 0; i < answer->count; i++)
        if (memcmp(answer->addresses[i], loopback, 4) != 0)
            return false;
    return !a_filter_names(zones, domain, loopback);
}

const char *answer_blocked_meaning(const struct answer *answer)
{
    for (size_t i = 0; i < answer->count; i++)
        if (in_refusal_range(answer->addresses[i]) && refusal(answer->addresses[i]) >= 0)
            return refusals[refusal(answer->addresses[i])].meaning;
    for (size_t i = 0; i < answer->count; i++)
        if (refusal(answer->addresses[i]) >= 0)
            return refusals[refusal(answer->addresses[i])].meaning;
    return "the list refuses our queries (127.255.255.0/24); look its return codes up";
}

bool answer_outside(const struct answer *answer)
{
    for (size_t i = 0; i < answer->count; i++)
        if (answer->addresses[i][0] != 127)
            return true;
    return false;
}

enum record_status answer_status(const struct answer *answer, const struct zones *zones, const struct zone *zone,
                                 enum answer_error *error)
{
    bool matches, positive;

    *error = answer->error;
    if (!*error && answer_blocked(answer, zones, zone->domain))
        *error = ANSWER_BLOCKED;
    if (!*error && answer_outside(answer))
        *error = ANSWER_NOT_A_DNSBL;
    if (*error)
        return RECORD_UNKNOWN;
    zone_weigh(zone, (const unsigned char(*)[4])answer->addresses, answer->count, &matches, &positive);
    return matches ? RECORD_LISTED : RECORD_NOT_LISTED;
}
