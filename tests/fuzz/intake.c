/*
 * What dnsbl-probe reads: bare addresses, ranges, comments and records, up to the window in which they wait. The
 * first byte says how large a range may be, and into which pieces the input is cut.
 */
#include <stdlib.h>
#include <string.h>

#include "../../tools/dnsbl-probe/probe.h"
#include "fuzz.h"

#define SLOTS_MOST 5000 /* that are looked at, of one input */

static void check_slot(const struct slot *slot)
{
    const struct ndjson_record *record = slot->record;
    json_t *object = json_loadb(record->text, record->length, JSON_REJECT_DUPLICATES, NULL);
    struct ip ip;

    HOLDS(json_is_object(object) && record->length < NDJSON_LINE_MAX && !record->type);
    HOLDS(slot->is_end == !strcmp(json_string_value(json_object_get(object, "type")), "end"));
    HOLDS((record->object != NULL) == slot->is_end);
    if (slot->has_ip) {
        HOLDS(ip_parse(json_string_value(json_object_get(object, "ip")), &ip) && !memcmp(&ip, &slot->ip, sizeof ip));
        HOLDS(slot->waiting == 2 && slot->outcomes[0].state == OUTCOME_NEW && !slot->outcomes[1].answer.text);
    }
    HOLDS(!slot->blocking_lists || slot->ip.family == 6);
    json_decref(object);
}

/* An answer for one domain, none for the other. */
static void settle(struct window *window, struct slot *slot)
{
    struct answer answer;

    if (!slot->has_ip)
        return;
    answer = (struct answer){.text = strdup("listed")};
    window_settle(window, slot, 0, &answer, 1);
    answer = (struct answer){.text = strdup("once more")};
    window_settle(window, slot, 0, &answer, 1);
    HOLDS(!strcmp(slot->outcomes[0].answer.text, "listed"));
    slot_settle_unasked(slot, 1, ANSWER_DEADLINE);
    HOLDS(slot->waiting == 0);
}

static void run(struct probe *probe)
{
    unsigned long long addresses = 0, slots = 0;

    while (!probe->input_ended && slots < SLOTS_MOST) {
        bool more = probe_take_input(probe);

        HOLDS(more || probe->input_ended || window_full(&probe->window));
        while (!window_empty(&probe->window)) {
            struct slot *slot = window_slot(&probe->window, probe->window.head);

            if (slots++ < SLOTS_MOST)
                check_slot(slot);
            settle(&probe->window, slot);
            addresses += slot->has_ip;
            window_remove(&probe->window);
        }
        HOLDS(probe->window.bytes == 0);
        if (more)
            ndjson_fill(&probe->in);
    }
    HOLDS(addresses == probe->taken);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned long long limits[] = {1, RANGE_STANDARD, 4096, 65536};
    struct options options = {.range_limit = limits[size > 0 ? data[0] & 3 : 0]};
    struct probe probe = {.options = &options};

    if (size == 0)
        return 0;
    fuzz_begin(data + 1, size - 1, 1 + data[0]);
    options.require_run = data[0] & 4;
    window_open(&probe.window, 2, 10);
    probe_open_input(&probe);
    run(&probe);
    window_close(&probe.window);
    ndjson_in_close(&probe.in);
    fuzz_end();
    return 0;
}
