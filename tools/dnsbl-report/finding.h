/*
 * What a zone says of an address when that is worth a word: listed, watched, unknown, … with its answers and reason.
 * Many addresses share a finding (a zone that is out says the same of all), so equal ones are kept once and counted.
 * Being clean is no finding.
 */
#ifndef DNSBL_REPORT_FINDING_H
#define DNSBL_REPORT_FINDING_H

#include <stddef.h>

enum finding_kind {
    FINDING_LISTED,
    FINDING_SURGING, /* lists it, but surges, so that it does not count */
    FINDING_CARRIED, /* unknown; an earlier listing stays */
    FINDING_UNKNOWN,
    FINDING_WATCHED, /* lists it with weight 0 */
    FINDING_ALLOWED, /* an allowlist has it */
    FINDING_KINDS
};

extern const char *const finding_names[FINDING_KINDS];

/* Texts are "" when there is none. */
struct finding {
    struct finding *next; /* in its bucket */
    size_t hash, uses;
    size_t number; /* for whoever writes them out */
    enum finding_kind kind;
    const char *answers, *error, *words; /* words: the reason of a listing, or the error's detail */
    char text[];                         /* what those point into */
};

struct findings {
    struct finding **buckets;
    size_t bucket_count, count;
};

void findings_free(struct findings *findings);

/* Texts may be NULL. The result is valid until it is dropped as often as it was found. */
struct finding *finding_find(struct findings *findings, enum finding_kind kind, const char *answers,
                             const char *error, const char *words);
void finding_drop(struct findings *findings, struct finding *finding);

#endif
