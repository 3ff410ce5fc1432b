/* What leaves: records with their results, and what is known of each zone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "config.h"
#include "memory.h"
#include "probe.h"
#include "report.h"

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

/* --- results --- */

/* True if the row's stored lists name the zone. */
static bool is_stored(const struct probe *probe, const struct slot *slot, const struct zone *zone)
{
    const char *list = slot->blocking_lists ? slot->blocking_lists : "";
    bool found = false;
    char *name;

    while (!found && (name = config_item(&list))) {
        found = zone_is_called(probe->zones, zone, name);
        free(name);
    }
    return found;
}

static json_t *answers_of(const struct answer *answer)
{
    json_t *array = json_array();

    for (size_t i = 0; i < answer->count; i++) {
        const unsigned char *octet = answer->addresses[i];

        json_array_append_new(array, json_sprintf("%u.%u.%u.%u", octet[0], octet[1], octet[2], octet[3]));
    }
    return memory_check(array);
}

/* Rounded to what a clock is worth, so that 0.1 ms does not read 0.10000000149. */
static double to_microseconds(float milliseconds)
{
    return (double)(long)((double)milliseconds * 1000 + 0.5) / 1000;
}

static json_t *result_of(struct probe *probe, const struct zone *zone, const struct outcome *outcome)
{
    enum answer_error error = ANSWER_ZONE_SILENT; /* an IPv4-only list that stands in the row: doubt */
    enum record_status status = RECORD_UNKNOWN;
    struct zone_count *count = &probe->counts[zone - probe->zones->items];
    const char *reason, *name;
    json_t *result;

    if (outcome->state == OUTCOME_SETTLED)
        status = answer_status(&outcome->answer, probe->zones, zone, &error);
    reason = status == RECORD_LISTED ? outcome->answer.text : NULL;
    name = status == RECORD_UNKNOWN ? answer_error_names[error] : NULL;
    result = json_pack("{s:s, s:s, s:o, s:s?, s:s?, s:f}", "zone", zone->name, "status", record_status_names[status],
                       "answers", answers_of(&outcome->answer), "reason", reason, "error", name, "duration_ms",
                       to_microseconds(outcome->elapsed_ms));
    if (error == ANSWER_BLOCKED && status == RECORD_UNKNOWN)
        json_object_set_new(result, "detail", json_string(answer_blocked_meaning(&outcome->answer)));
    count->lookups++;
    count->statuses[status]++;
    if (status == RECORD_UNKNOWN)
        count->errors[error]++;
    return memory_check(result);
}

static json_t *results_of(struct probe *probe, const struct slot *slot)
{
    json_t *results = memory_check(json_array());

    for (size_t i = 0; i < probe->zones->count; i++) {
        const struct zone *zone = &probe->zones->items[i];
        const struct outcome *outcome = &slot->outcomes[zone->domain];

        if (outcome->state == OUTCOME_SETTLED || is_stored(probe, slot, zone))
            json_array_append_new(results, result_of(probe, zone, outcome));
    }
    return results;
}

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

static void write_slot(struct probe *probe, const struct slot *slot)
{
    char now[CLOCK_TEXT_SIZE], *line;
    size_t length;
    json_t *fields;

    if (!slot->has_ip) {
        if (slot->is_end)
            probe_emit_counts(probe);
        ndjson_write(&probe->out, slot->record);
        return;
    }
    fields = json_pack("{s:o, s:s}", "results", results_of(probe, slot), "probed_at", clock_text(now));
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

/* --- zones --- */

/* A domain's health: that of IPv4, or of IPv6 where only that is sick. */
static const struct lane *worse_lane(struct probe *probe, size_t domain)
{
    const struct lane *four = probe_lane(probe, domain, 4), *six = probe_lane(probe, domain, 6);
    bool six_is_sick = six->state == LANE_BROKEN || six->state == LANE_CONDEMNED;

    return lane_error(four->health) == ANSWER_FINE && six_is_sick ? six : four;
}

/* False: there was no address to judge it for, or RUN_DEADLINE came first. It is not to be called well. */
static bool has_verdict(const struct lane *lane)
{
    return lane->state != LANE_IDLE && lane->state != LANE_CANARY;
}

static json_t *zone_record(struct probe *probe, const struct zone *zone)
{
    const struct lane *lane = worse_lane(probe, zone->domain);
    bool ipv4_only = probe_lane(probe, zone->domain, 6)->state == LANE_LEFT_OUT;
    enum health health = has_verdict(lane) ? lane->health : HEALTH_UNREACHABLE;
    char *detail = lane->detail && lane->family == 6 ? memory_format("for IPv6 addresses, %s", lane->detail) : NULL;
    json_t *record = json_pack("{s:s, s:s, s:s, s:I, s:s?}", "type", "zone", "zone", zone->name, "health",
                               health_verdicts[health].name, "timeout", (json_int_t)probe->timeout_seconds, "detail",
                               detail               ? detail
                               : !has_verdict(lane) ? "RUN_DEADLINE came before its test entries were answered"
                               : lane->detail       ? lane->detail
                               : ipv4_only          ? "an IPv4-only list; IPv6 addresses are not asked for"
                                                    : NULL);

    if (ipv4_only)
        json_object_set_new(record, "ipv4_only", json_true());
    free(detail);
    return memory_check(record);
}

static bool is_sick(const struct lane *lane)
{
    return lane_error(lane->health) != ANSWER_FINE && lane->state != LANE_LEFT_OUT;
}

static void report_sick(const struct zone *zone, const struct lane *lane)
{
    report_with(REPORT_WARNING, answer_error_names[lane_error(lane->health)],
                json_pack("{s:s, s:s}", "zone", zone->name, "health", health_verdicts[lane->health].name),
                "zone %s is %s: %s; %s", zone->name, health_verdicts[lane->health].name, lane->detail,
                health_verdicts[lane->health].advice);
}

void probe_report_health(struct probe *probe)
{
    for (size_t i = 0; i < probe->zones->count; i++) {
        const struct zone *zone = &probe->zones->items[i];
        const struct lane *lane = worse_lane(probe, zone->domain);

        if (!is_sick(lane))
            report_with(REPORT_INFO, "zone_health",
                        json_pack("{s:s, s:s}", "zone", zone->name, "health", health_verdicts[lane->health].name),
                        "zone %s is %s", zone->name, health_verdicts[lane->health].name);
    }
}

/* Writes the zone's record if it says something new; false: it does not. */
static bool write_zone(struct probe *probe, const struct zone *zone)
{
    char **shown = &probe->counts[zone - probe->zones->items].shown;
    json_t *record = zone_record(probe, zone);
    char *text = memory_check(json_dumps(record, JSON_COMPACT));

    if (*shown && !strcmp(*shown, text)) {
        free(text);
        json_decref(record);
        return false;
    }
    free(*shown);
    *shown = text;
    return ndjson_write_object(&probe->out, record);
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

        if (zone->domain == lane->domain && write_zone(probe, zone) && is_sick(lane))
            report_sick(zone, lane);
    }
}

static json_t *errors_of(const struct zone_count *count)
{
    json_t *errors = json_object();

    for (int i = 0; i < ANSWER_ERRORS; i++)
        if (count->errors[i] > 0)
            json_object_set_new(errors, answer_error_names[i], json_integer((json_int_t)count->errors[i]));
    return memory_check(errors);
}

void probe_emit_counts(struct probe *probe)
{
    for (size_t i = 0; i < probe->zones->count; i++) {
        const struct zone *zone = &probe->zones->items[i];
        const struct zone_count *count = &probe->counts[i];
        json_t *record, *counts;

        if (count->lookups == 0 && !has_verdict(probe_lane(probe, zone->domain, 4)))
            continue;
        record = zone_record(probe, zone);
        counts = json_pack("{s:b, s:I, s:I, s:I, s:I, s:o}", "final", 1, "lookups", (json_int_t)count->lookups,
                           "listed", (json_int_t)count->statuses[RECORD_LISTED], "not_listed",
                           (json_int_t)count->statuses[RECORD_NOT_LISTED], "unknown",
                           (json_int_t)count->statuses[RECORD_UNKNOWN], "errors", errors_of(count));
        json_object_update(record, memory_check(counts));
        json_decref(counts);
        ndjson_write_object(&probe->out, record);
    }
}
