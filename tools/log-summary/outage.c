#include "outage.h"

#include <stdlib.h>
#include <string.h>

#include "health.h"
#include "line.h"
#include "memory.h"
#include "zones.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Why a lookup is UNKNOWN (dnsbl-record(5)). */
static const struct failure {
    const char *name;
    bool whole_zone; /* it says something of the zone or the run, not of one lookup */
    const char *message;
} failures[] = {
    {"timeout", false, "no answer within the time that a lookup may take"},
    {"servfail", false, "the resolver answered SERVFAIL"},
    {"refused", false, "the resolver or the list answered REFUSED"},
    {"bogus", false, "the answer failed DNSSEC validation"},
    {"malformed", false, "the answer could not be understood"},
    {"network_error", false, "the resolver could not be reached"},
    {"blocked", false, "the list refuses to answer this resolver or key"},
    {"not_a_dnsbl_answer", false, "the answer is outside 127.0.0.0/8, so it does not come from a blocklist"},
    {"zone_unreachable", true, "not asked, because the zone does not answer"},
    {"zone_wildcard", true, "not asked, because the zone lists everything"},
    {"zone_silent", true, "not asked, because the zone does not list its own test entry"},
    {"zone_blocked", true, "not asked, because the list refuses to answer"},
    {"zone_hijacked", true, "not asked, because the zone answers outside 127.0.0.0/8"},
    {"deadline", true, "not asked, because RUN_DEADLINE had passed"},
};

struct outage_zone {
    char *name;
    const struct health_verdict *health; /* the last one; NULL: nothing was said of it */
    json_t *timeout;                     /* seconds that a lookup may take; NULL: not known */
    bool final;                          /* its last record carries the counts of the run */
    json_int_t lookups, unknown;
    json_int_t counted[COUNT(failures)]; /* UNKNOWN lookups, by failure */
};

void outages_free(struct outages *outages)
{
    for (size_t i = 0; i < outages->count; i++) {
        free(outages->zones[i].name);
        json_decref(outages->zones[i].timeout);
    }
    free(outages->zones);
}

/* The zone of that name, made if need be; NULL: there are more zones than can be configured. */
static struct outage_zone *find_or_add(struct outages *outages, const char *name)
{
    for (size_t i = 0; i < outages->count; i++) {
        size_t index = (outages->next + i) % outages->count;

        if (!strcmp(outages->zones[index].name, name)) {
            outages->next = index + 1;
            return &outages->zones[index];
        }
    }
    if (outages->count == ZONES_SITES_MAX)
        return NULL;
    outages->zones = memory_resize(outages->zones, outages->count + 1, sizeof *outages->zones);
    outages->zones[outages->count] = (struct outage_zone){.name = memory_string(name)};
    return &outages->zones[outages->count++];
}

/* --- zones --- */

static void write_zone(struct ndjson_out *out, const char *name, const struct health_verdict *health,
                       const json_t *detail)
{
    json_t *line = line_new(REPORT_WARNING, "zone");

    json_object_set_new(line, "zone", line_visible_text(name));
    json_object_set_new(line, "health", json_string(health->name));
    json_object_set_new(line, "evidence", line_visible(detail));
    json_object_set_new(line, "advice", json_string(health->advice));
    ndjson_write_object(out, line);
}

char *outages_take_zone(struct outages *outages, struct ndjson_out *out, const json_t *object)
{
    const char *name, *health_name;
    const struct health_verdict *health;
    struct outage_zone *zone;
    json_int_t lookups = 0, unknown = 0;
    double timeout = 0;
    int final = 0;
    json_error_t error;

    if (json_unpack_ex((json_t *)object, &error, 0, "{s:s, s:s, s?b, s?I, s?I, s?F}", "zone", &name, "health",
                       &health_name, "final", &final, "lookups", &lookups, "unknown", &unknown, "timeout",
                       &timeout) < 0)
        return memory_format("a zone record: %s", error.text);
    health = health_find(health_name);
    if (!health)
        return memory_format("the health \"%s\" of the zone %s is not known", health_name, name);
    zone = find_or_add(outages, name);
    if (!zone)
        return memory_format("there are more than %d zones", ZONES_SITES_MAX);
    if (!health->healthy && zone->health != health)
        write_zone(out, name, health, json_object_get(object, "detail"));
    zone->health = health;
    zone->final = final;
    zone->lookups = lookups;
    zone->unknown = unknown;
    json_decref(zone->timeout);
    zone->timeout = json_incref(json_object_get(object, "timeout"));
    return NULL;
}

/* --- lookups --- */

static size_t find_failure(const char *name)
{
    size_t i = 0;

    while (i < COUNT(failures) && (!name || strcmp(failures[i].name, name) != 0))
        i++;
    return i;
}

/* The members that a lookup's line and a zone's line have in common. */
static json_t *unknown_line(const char *type, const char *zone, const char *error, const char *message,
                            const struct outage_zone *known)
{
    json_t *line = line_new(REPORT_WARNING, type);

    json_object_set_new(line, "zone", line_visible_text(zone));
    json_object_set_new(line, "query_type", json_string("A"));
    json_object_set_new(line, "error_type", line_visible_text(error ? error : "not_said"));
    json_object_set_new(line, "error_message", line_visible_text(message));
    json_object_set_new(line, "timeout_value", known && known->timeout ? json_incref(known->timeout) : json_null());
    return line;
}

static void write_lookup(struct ndjson_out *out, const char *ip, const struct record_result *result,
                         const char *message, const struct outage_zone *known)
{
    json_t *line = unknown_line("unknown_lookup", result->zone, result->error, message, known);

    if (result->error && !strcmp(result->error, "timeout") && !(known && known->timeout))
        json_object_set_new(line, "timeout_value", json_real(result->duration_ms / 1000));
    json_object_set_new(line, "ip", line_visible_text(ip));
    ndjson_write_object(out, line);
}

void outages_take_lookup(struct outages *outages, struct ndjson_out *out, const char *ip,
                         const struct record_result *result, const char *detail)
{
    struct outage_zone *zone = find_or_add(outages, result->zone);
    size_t index = find_failure(result->error);
    bool known = index < COUNT(failures);
    bool out_of_order = zone && zone->health && !zone->health->healthy;

    if (zone && known && (out_of_order || failures[index].whole_zone))
        zone->counted[index]++;
    else
        write_lookup(out, ip, result,
                     detail  ? detail
                     : known ? failures[index].message
                             : "no reason was given",
                     zone);
}

void outages_report(const struct outages *outages, struct ndjson_out *out)
{
    for (size_t i = 0; i < outages->count; i++) {
        const struct outage_zone *zone = &outages->zones[i];

        for (size_t j = 0; j < COUNT(failures); j++) {
            json_t *line;

            if (zone->counted[j] == 0)
                continue;
            line = unknown_line("unknown_lookups", zone->name, failures[j].name, failures[j].message, zone);
            json_object_set_new(line, "count", json_integer(zone->counted[j]));
            ndjson_write_object(out, line);
        }
    }
}

/* --- the summary --- */

bool outages_totals(const struct outages *outages, json_int_t *lookups, json_int_t *failed)
{
    bool any = false;

    *lookups = *failed = 0;
    for (size_t i = 0; i < outages->count; i++) {
        any = any || outages->zones[i].final;
        *lookups += outages->zones[i].final ? outages->zones[i].lookups : 0;
        *failed += outages->zones[i].final ? outages->zones[i].unknown : 0;
    }
    return any;
}

json_t *outages_unhealthy(const struct outages *outages)
{
    json_t *names = memory_check(json_array());

    for (size_t i = 0; i < outages->count; i++)
        if (outages->zones[i].health && !outages->zones[i].health->healthy)
            json_array_append_new(names, line_visible_text(outages->zones[i].name));
    return names;
}

json_t *outages_suggestion(const struct outages *outages)
{
    json_t *names = memory_check(json_array());
    bool differs = false;

    for (size_t i = 0; i < outages->count; i++) {
        const struct outage_zone *zone = &outages->zones[i];

        if (zone->health && zone->health->remove)
            differs = true;
        else if (zone->health)
            json_array_append_new(names, line_visible_text(zone->name));
    }
    if (differs)
        return names;
    json_decref(names);
    return NULL;
}
