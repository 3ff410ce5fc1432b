#include "tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "line.h"
#include "memory.h"
#include "zones.h"

const double tally_steps[TALLY_STEPS] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, HUGE_VAL};

void tallies_free(struct tallies *tallies)
{
    for (size_t i = 0; i < tallies->count; i++)
        free(tallies->items[i].name);
    free(tallies->items);
}

struct tally *tallies_find(struct tallies *tallies, const char *name)
{
    for (size_t i = 0; i < tallies->count; i++) {
        size_t index = (tallies->next + i) % tallies->count;

        if (!strcmp(tallies->items[index].name, name)) {
            tallies->next = index + 1;
            return &tallies->items[index];
        }
    }
    if (tallies->count == ZONES_SITES_MAX)
        return NULL;
    tallies->items = memory_resize(tallies->items, tallies->count + 1, sizeof *tallies->items);
    tallies->items[tallies->count] = (struct tally){.name = memory_string(name)};
    return &tallies->items[tallies->count++];
}

char *tallies_take_zone(struct tallies *tallies, const json_t *object, const struct tally **fallen_ill)
{
    const char *name, *health_name;
    const struct health_verdict *health;
    struct tally *tally;
    json_int_t lookups = 0, unknown = 0;
    double timeout = 0;
    int final = 0;
    json_error_t error;

    *fallen_ill = NULL;
    if (json_unpack_ex((json_t *)object, &error, 0, "{s:s, s:s, s?b, s?I, s?I, s?F}", "zone", &name, "health",
                       &health_name, "final", &final, "lookups", &lookups, "unknown", &unknown, "timeout",
                       &timeout) < 0)
        return memory_format("a zone record: %s", error.text);
    if (!record_is_count(lookups) || !record_is_count(unknown))
        return memory_format("a zone record: \"lookups\" and \"unknown\" of %s are no counts", name);
    health = health_find(health_name);
    if (!health)
        return memory_format("the health \"%s\" of the zone %s is not known", health_name, name);
    tally = tallies_find(tallies, name);
    if (!tally)
        return memory_format("there are more than %d zones", ZONES_SITES_MAX);
    if (!health->healthy && tally->health != health)
        *fallen_ill = tally;
    tally->health = health;
    tally->final = final;
    tally->lookups = lookups;
    tally->unknown = unknown;
    tally->timeout = timeout;
    return NULL;
}

static void count_duration(struct tally *tally, double seconds)
{
    size_t step = 0;

    while (seconds > tally_steps[step])
        step++;
    tally->steps[step]++;
    tally->seconds += seconds;
}

void tally_count(struct tally *tally, const struct record_result *result)
{
    enum failure failure = failure_find(result->error);

    if (result->status == RECORD_LISTED)
        tally->listed++;
    else if (result->status == RECORD_NOT_LISTED)
        tally->not_listed++;
    else
        tally->failed[failure]++;
    if (result->status != RECORD_UNKNOWN || failure_kinds[failure].asked)
        count_duration(tally, result->duration_ms / 1000);
}

bool tallies_totals(const struct tallies *tallies, json_int_t *lookups, json_int_t *failures)
{
    bool any = false;

    *lookups = *failures = 0;
    for (size_t i = 0; i < tallies->count; i++) {
        any = any || tallies->items[i].final;
        *lookups += tallies->items[i].final ? tallies->items[i].lookups : 0;
        *failures += tallies->items[i].final ? tallies->items[i].unknown : 0;
    }
    return any;
}

json_t *tallies_unhealthy(const struct tallies *tallies)
{
    json_t *names = memory_check(json_array());

    for (size_t i = 0; i < tallies->count; i++)
        if (tallies->items[i].health && !tallies->items[i].health->healthy)
            json_array_append_new(names, line_visible_text(tallies->items[i].name));
    return names;
}

json_t *tallies_suggestion(const struct tallies *tallies)
{
    json_t *names = memory_check(json_array());
    bool differs = false;

    for (size_t i = 0; i < tallies->count; i++) {
        const struct tally *tally = &tallies->items[i];

        if (tally->health && tally->health->remove)
            differs = true;
        else if (tally->health)
            json_array_append_new(names, line_visible_text(tally->name));
    }
    if (differs)
        return names;
    json_decref(names);
    return NULL;
}
