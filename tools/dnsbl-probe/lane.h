/*
 * A lane is one domain for one family of addresses: its queue (the window's slots
 * from `next` on), its health by RFC 5782's test entries, and its circuit breaker.
 * Lanes share nothing, so a sick zone costs the others nothing.
 */
#ifndef PROBE_LANE_H
#define PROBE_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer.h"
#include "health.h"

#define LANE_TIMEOUTS_MOST 3 /* consecutive timeouts, with none answered between, that open the breaker */
#define LANE_RETRY_MS 6000   /* between tries of a lane that does not answer; libunbound caches failures for 5 s */
#define LANE_TRIALS_PART 8   /* such tries hold about one in so many of the lookups in flight at most */

enum lane_state {
    LANE_IDLE,      /* no address of its family has come */
    LANE_CANARY,    /* its test entries are being asked for; its slots wait */
    LANE_OPEN,      /* its slots are asked for */
    LANE_BROKEN,    /* it does not answer: nobody waits for it, and it is tried again at intervals */
    LANE_CONDEMNED, /* it answers, but not as a DNSBL does: it is asked nothing more */
    LANE_LEFT_OUT,  /* an IPv4-only list, for IPv6 */
};

/* Which test entry: RFC 5782 section 5. */
enum canary { CANARY_LISTED, CANARY_CLEAN, CANARIES };

struct task;

struct lane {
    size_t domain;
    int family; /* 4 or 6 */
    bool exempt;
    enum lane_state state;
    enum health health;      /* HEALTH_OK until judged */
    char *detail;            /* owned; why it is not well, for people; NULL: nothing to say */
    unsigned long long next; /* number of the first slot not yet looked at */
    unsigned in_flight;
    bool passed;                                /* it was open once: its breaker, not its canary, is what closed it */
    unsigned canaries_asked, canaries_answered; /* of CANARIES, in this round */
    struct answer canary[CANARIES];
    int64_t canary_started; /* steady ms: when this round's first entry was asked for */
    double canary_ms;       /* that the first to be answered took */
    unsigned timeouts;      /* consecutive */
    bool half_open;         /* broken, and one lookup is under way to see whether it answers again */
    int64_t retry_at;       /* steady ms: when a broken lane is tried again */
    int64_t trial_started;  /* steady ms */
    unsigned text_timeouts; /* consecutive, of TXT */
    int64_t text_at;        /* steady ms: when the next text is asked for, after too many of them */
    struct task *tasks;     /* in flight */
};

/* The address of a test entry: 127.0.0.2 and 127.0.0.1, or ::ffff:7f00:2 and ::ffff:7f00:1. */
struct ip lane_canary_ip(int family, enum canary canary);

/*
 * The verdict on both test entries, which it clears: sets health and detail. For IPv6,
 * HEALTH_SILENT means an IPv4-only list. public names a public resolver that is asked, NULL:
 * none is; it may be the cause, and the detail says so.
 */
void lane_judge(struct lane *lane, const struct zones *zones, const char *public);

/* What a lookup in a zone of this health is: ANSWER_FINE where it is asked. */
enum answer_error lane_error(enum health health);

void lane_close(struct lane *lane);

#endif
