#include "window.h"

#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "memory.h"

#define SLOTS_MOST 8192                         /* more buys nothing: the slowest zone sets the pace */
#define SLOTS_FEW 512                           /* enough while few lookups are in flight, */
#define SLOTS_A_LOOKUP 5                        /* or so many for each that may be */
#define SLOTS_LEAST 16                          /* a thousand zones still overlap */
#define OUTCOME_BYTES ((size_t)8 * 1024 * 1024) /* bound on the outcomes of all slots */
#define RECORD_BYTES ((size_t)16 * 1024 * 1024) /* bound on the records and answers of all slots */

void window_open(struct window *window, size_t domains, size_t in_flight)
{
    size_t fitting = OUTCOME_BYTES / (sizeof(struct outcome) * MAX(domains, 1));
    size_t useful = MIN(MAX(SLOTS_FEW, in_flight * SLOTS_A_LOOKUP), SLOTS_MOST);

    *window = (struct window){.domains = domains};
    window->size = MAX(MIN(fitting, useful), SLOTS_LEAST);
    window->slots = memory_new(window->size, sizeof *window->slots);
    window->outcomes = memory_new(window->size * (domains ? domains : 1), sizeof *window->outcomes);
}

bool window_full(const struct window *window)
{
    return window->tail - window->head == window->size || window->bytes >= RECORD_BYTES;
}

bool window_empty(const struct window *window)
{
    return window->tail == window->head;
}

struct slot *window_add(struct window *window, struct ndjson_record *record, const struct ip *ip)
{
    size_t place = window->tail++ % window->size;
    struct slot *slot = &window->slots[place];

    *slot = (struct slot){.record = record, .has_ip = ip != NULL};
    window->bytes += record->length;
    if (ip) {
        slot->ip = *ip;
        slot->waiting = window->domains;
        slot->outcomes = &window->outcomes[place * window->domains];
        memset(slot->outcomes, 0, window->domains * sizeof *slot->outcomes);
    }
    return slot;
}

struct slot *window_slot(struct window *window, unsigned long long number)
{
    if (number < window->head || number >= window->tail)
        return NULL;
    return &window->slots[number % window->size];
}

static size_t answer_bytes(const struct answer *answer)
{
    return answer->count * sizeof *answer->addresses + (answer->text ? strlen(answer->text) : 0);
}

void window_remove(struct window *window)
{
    struct slot *slot = &window->slots[window->head++ % window->size];

    window->bytes -= slot->record->length;
    for (size_t i = 0; slot->has_ip && i < window->domains; i++) {
        window->bytes -= answer_bytes(&slot->outcomes[i].answer);
        answer_clear(&slot->outcomes[i].answer);
    }
    free(slot->blocking_lists);
    ndjson_record_free(slot->record);
}

void window_close(struct window *window)
{
    while (!window_empty(window))
        window_remove(window);
    free(window->slots);
    free(window->outcomes);
}

void window_settle(struct window *window, struct slot *slot, size_t domain, struct answer *answer, double elapsed_ms)
{
    struct outcome *outcome = &slot->outcomes[domain];

    if (outcome->state == OUTCOME_SETTLED || outcome->state == OUTCOME_LEFT_OUT) {
        answer_clear(answer);
        return;
    }
    outcome->answer = *answer;
    outcome->elapsed_ms = (float)elapsed_ms;
    outcome->state = OUTCOME_SETTLED;
    window->bytes += answer_bytes(&outcome->answer);
    slot->waiting--;
}

void slot_settle_unasked(struct slot *slot, size_t domain, enum answer_error error)
{
    struct outcome *outcome = &slot->outcomes[domain];

    outcome->answer.error = error;
    outcome->state = error ? OUTCOME_SETTLED : OUTCOME_LEFT_OUT;
    slot->waiting--;
}
