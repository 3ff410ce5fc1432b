#include "lane.h"

#include <stdlib.h>
#include <string.h>

#include "ip.h"
#include "memory.h"

enum answer_error lane_error(enum health health)
{
    static const enum answer_error errors[HEALTH_VERDICTS] = {
        [HEALTH_OK] = ANSWER_FINE,
        [HEALTH_WILDCARD] = ANSWER_ZONE_WILDCARD,
        [HEALTH_SILENT] = ANSWER_ZONE_SILENT,
        [HEALTH_BLOCKED] = ANSWER_ZONE_BLOCKED,
        [HEALTH_HIJACKED] = ANSWER_ZONE_HIJACKED,
        [HEALTH_UNREACHABLE] = ANSWER_ZONE_UNREACHABLE,
        [HEALTH_EXEMPT] = ANSWER_FINE,
    };

    return errors[health];
}

struct ip lane_canary_ip(int family, enum canary canary)
{
    unsigned char last = canary == CANARY_LISTED ? 2 : 1;
    struct ip ip = {.family = (unsigned char)family};

    if (family == 4)
        memcpy(ip.bytes, (unsigned char[]){127, 0, 0, last}, 4);
    else
        memcpy(ip.bytes, (unsigned char[]){0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, last}, 16);
    return ip;
}

static const char *entry_name(const struct lane *lane, enum canary canary)
{
    static const char *const names[2][CANARIES] = {{"127.0.0.2", "127.0.0.1"}, {"::ffff:7f00:2", "::ffff:7f00:1"}};

    return names[lane->family == 6][canary];
}

/* The verdict as far as one entry's answer gives it; HEALTH_OK: none. */
static enum health entry_health(const struct lane *lane, enum canary canary, const struct zones *zones)
{
    const struct answer *answer = &lane->canary[canary];

    if (answer->error)
        return HEALTH_OK;
    if (answer_blocked(answer, zones, lane->domain))
        return HEALTH_BLOCKED;
    return answer_outside(answer) ? HEALTH_HIJACKED : HEALTH_OK;
}

static enum health pair_health(const struct lane *lane)
{
    const struct answer *listed = &lane->canary[CANARY_LISTED], *clean = &lane->canary[CANARY_CLEAN];

    if (listed->error || clean->error)
        return HEALTH_UNREACHABLE;
    if (clean->count > 0)
        return HEALTH_WILDCARD;
    return listed->count == 0 ? HEALTH_SILENT : HEALTH_OK;
}

/* Why, for people; new. canary is the entry that told. */
static char *evidence_of(const struct lane *lane, enum health health, enum canary canary)
{
    const struct answer *answer = &lane->canary[canary];

    switch (health) {
    case HEALTH_BLOCKED:
        return memory_string(answer_blocked_meaning(answer));
    case HEALTH_HIJACKED:
        return memory_format("its test entry %s has an address outside 127.0.0.0/8", entry_name(lane, canary));
    case HEALTH_UNREACHABLE:
        return memory_format("its test entry %s cannot be looked up: %s", entry_name(lane, canary),
                             answer_error_names[answer->error]);
    case HEALTH_WILDCARD:
        return memory_format("it lists %s, which no DNSBL may", entry_name(lane, CANARY_CLEAN));
    case HEALTH_SILENT:
        return memory_format("it does not list %s, which every DNSBL must", entry_name(lane, CANARY_LISTED));
    case HEALTH_OK:
    case HEALTH_EXEMPT:
    case HEALTH_VERDICTS:
        break;
    }
    return NULL;
}

/* Lists turn public resolvers away in three ways: by a code, by NXDOMAIN for everything, by silence. */
static char *detail_of(const struct lane *lane, enum health health, enum canary canary, const char *public)
{
    char *evidence = evidence_of(lane, health, canary), *detail;

    if (!public || (health != HEALTH_BLOCKED && health != HEALTH_SILENT && health != HEALTH_UNREACHABLE))
        return evidence;
    detail =
        memory_format("%s; it was asked through %s, and many lists turn public resolvers away", evidence, public);
    free(evidence);
    return detail;
}

void lane_judge(struct lane *lane, const struct zones *zones, const char *public)
{
    bool was_unreachable = lane->health == HEALTH_UNREACHABLE;
    enum canary canary = CANARY_LISTED;

    lane->health = entry_health(lane, CANARY_LISTED, zones);
    if (lane->health == HEALTH_OK && (lane->health = entry_health(lane, CANARY_CLEAN, zones)) != HEALTH_OK)
        canary = CANARY_CLEAN;
    if (lane->health == HEALTH_OK) {
        lane->health = pair_health(lane);
        canary = lane->canary[CANARY_LISTED].error ? CANARY_LISTED : CANARY_CLEAN;
    }
    /* A zone that is still silent keeps its first evidence: libunbound answers for it from its memory of failures. */
    if (!was_unreachable || lane->health != HEALTH_UNREACHABLE) {
        free(lane->detail);
        lane->detail = detail_of(lane, lane->health, canary, public);
    }
    for (int i = 0; i < CANARIES; i++)
        answer_clear(&lane->canary[i]);
}

void lane_close(struct lane *lane)
{
    for (int i = 0; i < CANARIES; i++)
        answer_clear(&lane->canary[i]);
    free(lane->detail);
}
