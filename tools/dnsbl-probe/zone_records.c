/* What is known of each zone: its records, and the messages about those that are not well. */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "probe.h"
#include "report.h"

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

static bool is_ipv4_only(struct probe *probe, const struct zone *zone)
{
    return probe_lane(probe, zone->domain, 6)->state == LANE_LEFT_OUT;
}

enum health probe_zone_health(struct probe *probe, const struct zone *zone, char **detail)
{
    const struct lane *lane = worse_lane(probe, zone->domain);
    const char *text = !has_verdict(lane)          ? "RUN_DEADLINE came before its test entries were answered"
                       : lane->detail              ? lane->detail
                       : is_ipv4_only(probe, zone) ? "an IPv4-only list; IPv6 addresses are not asked for"
                                                   : NULL;

    *detail = lane->detail && lane->family == 6 ? memory_format("for IPv6 addresses, %s", lane->detail)
              : text                            ? memory_string(text)
                                                : NULL;
    return has_verdict(lane) ? lane->health : HEALTH_UNREACHABLE;
}

/* The zone's record without its counts, new. */
static json_t *zone_record(struct probe *probe, const struct zone *zone)
{
    char *detail;
    enum health health = probe_zone_health(probe, zone, &detail);
    json_t *record =
        json_pack("{s:s, s:s, s:s, s:I, s:s?}", "type", "zone", "zone", zone->name, "health",
                  health_verdicts[health].name, "timeout", (json_int_t)probe->timeout_seconds, "detail", detail);

    if (is_ipv4_only(probe, zone))
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

size_t probe_zones_out(struct probe *probe)
{
    size_t count = 0;

    for (size_t i = 0; i < probe->zones->count; i++)
        count += is_sick(worse_lane(probe, probe->zones->items[i].domain));
    return count;
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

/* Writes the zone's record if it says something new; false: it does not. A table has its zones at its end. */
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
    if (!probe->options->table)
        return ndjson_write_object(&probe->out, record);
    json_decref(record);
    return true;
}

void probe_write_zone(struct probe *probe, const struct zone *zone, const struct lane *lane)
{
    if (write_zone(probe, zone) && is_sick(lane))
        report_sick(zone, lane);
}

static json_t *errors_of(const struct zone_count *count)
{
    json_t *errors = json_object();

    for (int i = 0; i < ANSWER_ERRORS; i++)
        if (count->errors[i] > 0)
            json_object_set_new(errors, answer_error_names[i], json_integer((json_int_t)count->errors[i]));
    return memory_check(errors);
}

void probe_write_counts(struct probe *probe)
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
