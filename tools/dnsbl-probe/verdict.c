/* From outcomes to verdicts, and from those to the members of a record. */
#include "verdict.h"

#include <stdlib.h>

#include "config.h"
#include "memory.h"
#include "probe.h"

/* --- judging --- */

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

static struct verdict verdict_of(const struct probe *probe, const struct slot *slot, const struct zone *zone)
{
    const struct outcome *outcome = &slot->outcomes[zone->domain];
    struct verdict verdict = {.status = RECORD_UNKNOWN, .error = ANSWER_ZONE_SILENT};
    bool matches;

    if (outcome->state != OUTCOME_SETTLED) { /* an IPv4-only list: doubt where it stands in the row */
        verdict.left_out = !is_stored(probe, slot, zone);
        return verdict;
    }
    verdict.status = answer_status(&outcome->answer, probe->zones, zone, &verdict.error);
    if (verdict.status == RECORD_LISTED)
        verdict.weight = zone_weigh(zone, (const unsigned char(*)[4])outcome->answer.addresses, outcome->answer.count,
                                    &matches, &verdict.positive);
    return verdict;
}

static void count(struct zone_count *zone, const struct verdict *verdict)
{
    zone->lookups++;
    zone->statuses[verdict->status]++;
    if (verdict->status == RECORD_UNKNOWN)
        zone->errors[verdict->error]++;
}

enum finding probe_judge(struct probe *probe, const struct slot *slot)
{
    enum finding finding = FINDING_CLEAN;
    bool said = false;

    for (size_t i = 0; i < probe->zones->count; i++) {
        const struct zone *zone = &probe->zones->items[i];
        struct verdict *verdict = &probe->verdicts[i];

        *verdict = verdict_of(probe, slot, zone);
        if (verdict->left_out)
            continue;
        said = true;
        count(&probe->counts[i], verdict);
        if (verdict->positive)
            finding = FINDING_LISTED;
        else if (verdict->status == RECORD_UNKNOWN && zone->positive > 0 && finding == FINDING_CLEAN)
            finding = FINDING_UNKNOWN;
    }
    if (!said) /* by nobody */
        finding = FINDING_UNKNOWN;
    if (finding > probe->finding)
        probe->finding = finding;
    return finding;
}

/* --- as JSON --- */

json_t *probe_answers(const struct answer *answer)
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

static json_t *result_of(const struct zone *zone, const struct outcome *outcome, const struct verdict *verdict)
{
    bool unknown = verdict->status == RECORD_UNKNOWN;
    const char *reason = verdict->status == RECORD_LISTED ? outcome->answer.text : NULL;
    json_t *result = json_pack("{s:s, s:s, s:o, s:s?, s:s?, s:f}", "zone", zone->name, "status",
                               record_status_names[verdict->status], "answers", probe_answers(&outcome->answer),
                               "reason", reason, "error", unknown ? answer_error_names[verdict->error] : NULL,
                               "duration_ms", to_microseconds(outcome->elapsed_ms));

    if (unknown && verdict->error == ANSWER_BLOCKED)
        json_object_set_new(result, "detail", json_string(answer_blocked_meaning(&outcome->answer)));
    return memory_check(result);
}

json_t *probe_results(const struct probe *probe, const struct slot *slot)
{
    json_t *results = memory_check(json_array());

    for (size_t i = 0; i < probe->zones->count; i++) {
        const struct zone *zone = &probe->zones->items[i];

        if (!probe->verdicts[i].left_out)
            json_array_append_new(results, result_of(zone, &slot->outcomes[zone->domain], &probe->verdicts[i]));
    }
    return results;
}
