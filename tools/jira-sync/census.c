#include "census.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "zones.h"

/* Kinds of errors told apart; what is beyond, from records made by hand, counts as the last. */
#define ERRORS_MAX 32

static struct census_zone *find(const struct census *census, const char *name, size_t guess)
{
    /* Records name their zones in one order, so the zone is mostly where it was the last time. */
    if (guess < census->count && !strcmp(census->zones[guess].name, name))
        return &census->zones[guess];
    for (size_t i = 0; i < census->count; i++)
        if (!strcmp(census->zones[i].name, name))
            return &census->zones[i];
    return NULL;
}

static struct census_zone *find_or_add(struct census *census, const char *name, size_t guess)
{
    struct census_zone *zone = find(census, name, guess);

    if (zone || census->count >= ZONES_SITES_MAX)
        return zone;
    census->zones = memory_resize(census->zones, census->count + 1, sizeof *census->zones);
    zone = &census->zones[census->count++];
    *zone = (struct census_zone){.name = memory_string(name)};
    return zone;
}

static void count_error(struct census_zone *zone, const char *name)
{
    size_t i = 0;

    while (i < zone->error_count && strcmp(zone->errors[i].name, name) != 0)
        i++;
    if (i == ERRORS_MAX) {
        i--;
    } else if (i == zone->error_count) {
        zone->errors = memory_resize(zone->errors, i + 1, sizeof *zone->errors);
        zone->errors[zone->error_count++] = (struct census_error){.name = memory_string(name)};
    }
    zone->errors[i].count++;
}

void census_add(struct census *census, const struct record_results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        const struct record_result *result = &results->items[i];
        struct census_zone *zone = find_or_add(census, result->zone, i);
        bool unknown = result->status == RECORD_UNKNOWN;

        census->lookups++;
        census->unknown += unknown;
        if (!zone)
            continue;
        zone->lookups++;
        zone->unknown += unknown;
        if (unknown)
            count_error(zone, result->error ? result->error : "unknown");
    }
}

void census_add_zone(struct census *census, const char *name)
{
    find_or_add(census, name, 0);
}

const struct census_zone *census_find(const struct census *census, const char *name)
{
    return find(census, name, 0);
}

bool census_zone_failed(const struct census_zone *zone)
{
    return zone->unknown * 2 > zone->lookups;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct census_zone *)left)->name, ((const struct census_zone *)right)->name);
}

void census_sort(struct census *census)
{
    if (census->count > 0)
        qsort(census->zones, census->count, sizeof *census->zones, by_name);
}

void census_free(struct census *census)
{
    for (size_t i = 0; i < census->count; i++) {
        for (size_t j = 0; j < census->zones[i].error_count; j++)
            free(census->zones[i].errors[j].name);
        free(census->zones[i].errors);
        free(census->zones[i].name);
    }
    free(census->zones);
    *census = (struct census){0};
}
