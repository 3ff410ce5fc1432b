#include "finding.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define FIRST_BUCKETS 1024

const char *const finding_names[FINDING_KINDS] = {"listed", "surging", "carried", "unknown", "watched", "allowed"};

void findings_free(struct findings *findings)
{
    for (size_t i = 0; i < findings->bucket_count; i++) {
        struct finding *finding = findings->buckets[i];

        while (finding) {
            struct finding *next = finding->next;

            free(finding);
            finding = next;
        }
    }
    free(findings->buckets);
}

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    do
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    while (*text++);
    return hash;
}

static void grow(struct findings *findings)
{
    size_t count = findings->bucket_count ? findings->bucket_count * 2 : FIRST_BUCKETS;
    struct finding **buckets = memory_new(count, sizeof *buckets);

    for (size_t i = 0; i < findings->bucket_count; i++) {
        struct finding *finding = findings->buckets[i];

        while (finding) {
            struct finding *next = finding->next;

            finding->next = buckets[finding->hash % count];
            buckets[finding->hash % count] = finding;
            finding = next;
        }
    }
    free(findings->buckets);
    findings->buckets = buckets;
    findings->bucket_count = count;
}

static struct finding *finding_new(enum finding_kind kind, const char *answers, const char *error, const char *words)
{
    size_t answers_size = strlen(answers) + 1, error_size = strlen(error) + 1, words_size = strlen(words) + 1;
    struct finding *finding = memory_new(1, sizeof *finding + answers_size + error_size + words_size);

    finding->kind = kind;
    finding->answers = memcpy(finding->text, answers, answers_size);
    finding->error = memcpy(finding->text + answers_size, error, error_size);
    finding->words = memcpy(finding->text + answers_size + error_size, words, words_size);
    return finding;
}

struct finding *finding_find(struct findings *findings, enum finding_kind kind, const char *answers,
                             const char *error, const char *words)
{
    size_t hash;
    struct finding *finding;

    answers = answers ? answers : "";
    error = error ? error : "";
    words = words ? words : "";
    hash = hash_text(hash_text(hash_text(0xcbf29ce484222325u + kind, answers), error), words);
    if (findings->count >= findings->bucket_count)
        grow(findings);
    for (finding = findings->buckets[hash % findings->bucket_count]; finding; finding = finding->next) {
        if (finding->hash == hash && finding->kind == kind && !strcmp(finding->answers, answers) &&
            !strcmp(finding->error, error) && !strcmp(finding->words, words)) {
            finding->uses++;
            return finding;
        }
    }
    finding = finding_new(kind, answers, error, words);
    finding->hash = hash;
    finding->uses = 1;
    finding->next = findings->buckets[hash % findings->bucket_count];
    findings->buckets[hash % findings->bucket_count] = finding;
    findings->count++;
    return finding;
}

void finding_drop(struct findings *findings, struct finding *finding)
{
    struct finding **link = &findings->buckets[finding->hash % findings->bucket_count];

    if (--finding->uses > 0)
        return;
    while (*link != finding)
        link = &(*link)->next;
    *link = finding->next;
    free(finding);
    findings->count--;
}
