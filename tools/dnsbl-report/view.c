#include "view.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* --- zones --- */

/* Health of several shards: the one that needs looking at. */
static const struct health_verdict *worse(const struct health_verdict *one, const struct health_verdict *other)
{
    if (!one || (other && one->healthy && !other->healthy))
        return other;
    return one;
}

static void merge_health(struct view_zone *into, const struct run_zone *from)
{
    const struct health_verdict *health = worse(into->health, from->health);

    if (health != into->health)
        into->evidence = from->evidence;
    into->health = health;
    into->ipv4_only = into->ipv4_only || from->ipv4_only;
}

static void merge_counts(struct view_zone *into, const struct run_zone *from)
{
    into->counted = into->counted || from->counted;
    into->errors = into->errors ? into->errors : from->errors;
    into->listed += from->listed;
    into->not_listed += from->not_listed;
    into->unknown += from->unknown;
    if (!into->latency.known || (from->latency.known && from->latency.p95 > into->latency.p95))
        into->latency = from->latency;
}

static bool says_something(const struct run_zone *zone)
{
    return zone->health || zone->counted || zone->listed + zone->unknown > 0;
}

static void show_zone(struct view *view, size_t number)
{
    if (view->column[number] != HISTORY_NONE)
        return;
    view->column[number] = view->zone_count;
    view->zones[view->zone_count++] =
        (struct view_zone){.number = number, .name = view->collected->history.zones[number].shown};
}

static void find_zones(struct view *view)
{
    const struct history *history = &view->collected->history;

    view->zones = memory_new(history->zone_count, sizeof *view->zones);
    view->column = memory_new(history->zone_count, sizeof *view->column);
    for (size_t i = 0; i < history->zone_count; i++)
        view->column[i] = HISTORY_NONE;
    for (size_t i = 0; i < history->run_count; i++) {
        const struct run *run = &history->runs[i];

        view->from_log = view->from_log || (history->is_current[i] && run->from_log);
        for (size_t j = 0; history->is_current[i] && j < run->zone_count; j++) {
            if (says_something(&run->zones[j]))
                show_zone(view, j);
        }
    }
    for (size_t i = 0; i < view->address_count; i++)
        for (size_t j = 0; j < view->addresses[i]->cell_count; j++)
            show_zone(view, view->addresses[i]->cells[j].zone);
}

/*
 * Of each shard, counts are those of its newest whole run, for one behind it that was cut off has not asked all; of
 * one without a whole run, those of all. A zone's health is the newest that is known.
 */
static void fill_zones_from(struct view *view, size_t position)
{
    const struct history *history = &view->collected->history;
    const struct run *run = &history->runs[history->order[position]];

    for (size_t zone = 0; zone < run->zone_count; zone++) {
        bool counts = true, health = run->zones[zone].health != NULL;

        if (!says_something(&run->zones[zone]))
            continue;
        for (size_t i = 0; i < history->run_count; i++) {
            const struct run *other = &history->runs[history->order[i]];

            if (i == position || !history->is_current[history->order[i]] || other->part != run->part)
                continue;
            counts = counts && (run->whole || !other->whole);
            health = health && (i < position || zone >= other->zone_count || !other->zones[zone].health);
        }
        if (counts)
            merge_counts(&view->zones[view->column[zone]], &run->zones[zone]);
        if (health)
            merge_health(&view->zones[view->column[zone]], &run->zones[zone]);
    }
}

static void fill_zones(struct view *view)
{
    const struct history *history = &view->collected->history;

    for (size_t i = 0; i < history->run_count; i++)
        if (history->is_current[history->order[i]])
            fill_zones_from(view, i);
}

/* --- addresses --- */

static int by_address(const void *one, const void *other)
{
    const struct ip *a = &(*(const struct address *const *)one)->ip,
                    *b = &(*(const struct address *const *)other)->ip;

    if (a->family != b->family)
        return a->family - b->family;
    return memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16);
}

static void find_addresses(struct view *view)
{
    const struct pool *pool = &view->collected->pool;
    const struct history *history = &view->collected->history;

    view->addresses = memory_new(pool->count, sizeof *view->addresses);
    for (size_t i = 0; i < pool->count; i++) {
        const struct address *address = &pool->addresses[i];

        if (address->run == UINT32_MAX || !history->is_current[address->run])
            continue;
        view->addresses[view->address_count++] = address;
        view->states[address->state]++;
    }
    qsort(view->addresses, view->address_count, sizeof *view->addresses, by_address);
}

static void find_common_set(struct view *view)
{
    size_t *counts = memory_new(view->collected->pool.zone_set_count, sizeof *counts), most = 0;

    view->common_set = POOL_ANY_ZONE;
    for (size_t i = 0; i < view->address_count; i++) {
        uint32_t set = view->addresses[i]->zone_set;

        if (set != POOL_ANY_ZONE && ++counts[set] > most) {
            most = counts[set];
            view->common_set = set;
        }
    }
    free(counts);
}

void view_make(struct view *view, const struct collected *collected, bool cut_off)
{
    *view = (struct view){.collected = collected, .cut_off = cut_off};
    find_addresses(view);
    find_common_set(view);
    find_zones(view);
    fill_zones(view);
}

void view_free(struct view *view)
{
    free(view->addresses);
    free(view->zones);
    free(view->column);
}

/* --- time --- */

size_t view_round(const struct view *view, const struct address *address)
{
    return view->collected->history.round_of[address->run];
}

static int by_size(const void *one, const void *other)
{
    size_t a = *(const size_t *)one, b = *(const size_t *)other;

    return (a > b) - (a < b);
}

/* Whether the rounds between the two say nothing of the address because they were cut off. */
static bool joined(const struct history *history, size_t before, size_t after)
{
    for (size_t i = before + 1; i < after; i++)
        if (history->rounds[i].whole)
            return false;
    return true;
}

struct view_span *view_spans(const struct view *view, const struct address *address, size_t *count)
{
    const struct history *history = &view->collected->history;
    size_t *rounds = memory_new(address->listed_count, sizeof *rounds);
    struct view_span *spans = memory_new(address->listed_count, sizeof *spans);

    *count = 0;
    for (size_t i = 0; i < address->listed_count; i++)
        rounds[i] = history->round_of[address->listed_in[i]];
    qsort(rounds, address->listed_count, sizeof *rounds, by_size);
    for (size_t i = 0; i < address->listed_count; i++) {
        if (*count > 0 && joined(history, spans[*count - 1].last, rounds[i]))
            spans[*count - 1].last = rounds[i];
        else
            spans[(*count)++] = (struct view_span){rounds[i], rounds[i]};
    }
    free(rounds);
    return spans;
}
