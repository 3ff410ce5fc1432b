/* What leaves, and when: records with their results, or the table that a person reads instead. */
#include <stdlib.h>

#include "clock.h"
#include "memory.h"
#include "probe.h"
#include "run.h"

#define PENDING_MOST (256 * 1024) /* bytes of output that may wait for the reader */

struct lane *probe_lane(struct probe *probe, size_t domain, int family)
{
    return &probe->lanes[domain * 2 + (family == 6)];
}

/* --- settling what nobody will answer --- */

/* The lane whose state decides for an address: a domain that failed for IPv4 has not been tried for IPv6. */
static const struct lane *deciding_lane(struct probe *probe, size_t domain, int family)
{
    const struct lane *lane = probe_lane(probe, domain, family);

    return lane->state == LANE_IDLE ? probe_lane(probe, domain, 4) : lane;
}

static void settle_unanswerable(struct probe *probe, struct slot *slot)
{
    bool late = probe_deadline_passed(probe);

    for (size_t i = 0; i < probe->zones->domain_count; i++) {
        const struct lane *lane = deciding_lane(probe, i, slot->ip.family);
        enum outcome_state state = slot->outcomes[i].state;

        if (state == OUTCOME_SETTLED || state == OUTCOME_LEFT_OUT)
            continue;
        if (lane->state == LANE_LEFT_OUT)
            slot_settle_unasked(slot, i, ANSWER_FINE);
        else if (lane->state == LANE_BROKEN || lane->state == LANE_CONDEMNED)
            slot_settle_unasked(slot, i, lane_error(lane->health));
        else if (late && state == OUTCOME_NEW)
            slot_settle_unasked(slot, i, ANSWER_DEADLINE);
    }
}

/* --- records --- */

/* Answers and reasons are what grows without bound in a hostile world; the verdicts always fit. */
static void cut_results(json_t *results)
{
    json_t *result;
    size_t index;

    json_array_foreach (results, index, result) {
        json_t *answers = json_object_get(result, "answers");

        while (json_array_size(answers) > 4)
            json_array_remove(answers, json_array_size(answers) - 1);
        json_object_set_new(result, "reason", json_null());
        json_object_set_new(result, "cut", json_true());
    }
}

static void write_results(struct probe *probe, const struct slot *slot)
{
    char now[CLOCK_TEXT_SIZE], *line;
    size_t length;
    json_t *fields = json_pack("{s:o, s:s}", "results", probe_results(probe, slot), "probed_at", clock_text(now));

    if (slot->has_results)
        slot->record->object = memory_check(json_loadb(slot->record->text, slot->record->length, 0, NULL));
    line = ndjson_line(slot->record, memory_check(fields), &length);
    if (length > NDJSON_LINE_MAX) {
        cut_results(json_object_get(fields, "results"));
        ndjson_write_with(&probe->out, slot->record, fields);
    } else {
        ndjson_write_line(&probe->out, line, length);
        json_decref(fields);
    }
    free(line);
}

static void write_address(struct probe *probe, const struct slot *slot)
{
    enum finding finding = probe_judge(probe, slot);

    if (probe->options->table)
        probe_show_address(probe, slot, finding);
    else
        write_results(probe, slot);
    probe->done++;
}

static void write_slot(struct probe *probe, const struct slot *slot)
{
    if (slot->has_ip) {
        write_address(probe, slot);
        return;
    }
    if (slot->is_end)
        probe_emit_end(probe);
    if (probe->options->table)
        return;
    if (slot->is_end)
        ndjson_write_with(
            &probe->out, slot->record,
            json_pack("{s:o}", "stage_duration_sec", run_stage_durations(slot->record->object, "dnsbl-probe")));
    else
        ndjson_write(&probe->out, slot->record);
}

void probe_emit(struct probe *probe)
{
    while (!window_empty(&probe->window) && ndjson_pending(&probe->out) < PENDING_MOST) {
        struct slot *slot = window_slot(&probe->window, probe->window.head);

        if (slot->waiting > 0)
            settle_unanswerable(probe, slot);
        if (slot->waiting > 0)
            return;
        write_slot(probe, slot);
        window_remove(&probe->window);
    }
}

/*
 * Local data is an answer at once, in the same turn as the question; the zone's record for it must not overtake
 * that of the run, which waits for no answer.
 */
static void write_what_is_before(struct probe *probe)
{
    while (!window_empty(&probe->window)) {
        struct slot *slot = window_slot(&probe->window, probe->window.head);

        if (slot->has_ip || slot->is_end)
            return;
        write_slot(probe, slot);
        window_remove(&probe->window);
    }
}

void probe_emit_health(struct probe *probe, const struct lane *lane)
{
    write_what_is_before(probe);
    for (size_t i = 0; i < probe->zones->count; i++) {
        const struct zone *zone = &probe->zones->items[i];

        if (zone->domain == lane->domain)
            probe_write_zone(probe, zone, lane);
    }
}

void probe_emit_end(struct probe *probe)
{
    if (probe->options->table)
        probe_show_end(probe);
    else
        probe_write_counts(probe);
}
