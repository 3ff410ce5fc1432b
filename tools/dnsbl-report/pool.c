#include "pool.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define FIRST_INDEX 4096

const char *const state_names[STATES] = {"listed", "held", "in doubt", "not checked", "clean"};
const char *const note_names[NOTES] = {"newly listed",        "cleared",
                                       "lists changed",       "conflict in the database",
                                       "the database failed", "the ticket failed"};

void pool_free(struct pool *pool)
{
    for (size_t i = 0; i < pool->count; i++) {
        free(pool->addresses[i].cells);
        free(pool->addresses[i].listed_in);
        free(pool->addresses[i].ticket);
    }
    for (size_t i = 0; i < pool->zone_set_count; i++)
        free(pool->zone_sets[i]);
    findings_free(&pool->findings);
    free(pool->zone_sets);
    free(pool->addresses);
    free(pool->index);
}

/* --- addresses --- */

static bool same_ip(const struct ip *one, const struct ip *other)
{
    return one->family == other->family && !memcmp(one->bytes, other->bytes, one->family == 4 ? 4 : 16);
}

/* Where the address is in the index, or would be. */
static uint32_t *find_slot(struct pool *pool, const struct ip *ip)
{
    size_t at = (size_t)ip_hash(ip) % pool->index_size;

    while (pool->index[at] && !same_ip(&pool->addresses[pool->index[at] - 1].ip, ip))
        at = (at + 1) % pool->index_size;
    return &pool->index[at];
}

static void grow(struct pool *pool)
{
    free(pool->index);
    pool->index_size = pool->index_size ? pool->index_size * 2 : FIRST_INDEX;
    pool->index = memory_new(pool->index_size, sizeof *pool->index);
    for (size_t i = 0; i < pool->count; i++)
        *find_slot(pool, &pool->addresses[i].ip) = (uint32_t)(i + 1);
}

struct address *pool_address(struct pool *pool, const struct ip *ip)
{
    uint32_t *slot;

    if (pool->count * 2 >= pool->index_size)
        grow(pool);
    slot = find_slot(pool, ip);
    if (*slot)
        return &pool->addresses[*slot - 1];
    if (pool->count == pool->room) {
        pool->room = pool->room ? pool->room * 2 : FIRST_INDEX / 2;
        pool->addresses = memory_resize(pool->addresses, pool->room, sizeof *pool->addresses);
    }
    pool->addresses[pool->count] =
        (struct address){.ip = *ip, .state = STATE_UNCHECKED, .run = UINT32_MAX, .zone_set = POOL_ANY_ZONE};
    *slot = (uint32_t)++pool->count;
    return &pool->addresses[pool->count - 1];
}

void pool_restart(struct pool *pool, struct address *address, uint32_t run)
{
    for (size_t i = 0; i < address->cell_count; i++)
        finding_drop(&pool->findings, address->cells[i].finding);
    free(address->cells);
    free(address->ticket);
    address->cells = NULL;
    address->ticket = NULL;
    address->cell_count = 0;
    address->state = STATE_UNCHECKED;
    address->notes = 0;
    address->zone_set = POOL_ANY_ZONE;
    address->run = run;
}

/* --- cells --- */

struct cell *pool_cell(const struct address *address, uint32_t zone)
{
    for (size_t i = 0; i < address->cell_count; i++)
        if (address->cells[i].zone == zone)
            return &address->cells[i];
    return NULL;
}

void pool_set_cell(struct pool *pool, struct address *address, uint32_t zone, struct finding *finding)
{
    struct cell *cell = pool_cell(address, zone);

    if (cell) {
        finding_drop(&pool->findings, cell->finding);
        cell->finding = finding;
    } else {
        pool_add_cell(address, zone, finding);
    }
}

void pool_add_cell(struct address *address, uint32_t zone, struct finding *finding)
{
    address->cells = memory_resize(address->cells, address->cell_count + 1, sizeof *address->cells);
    address->cells[address->cell_count++] = (struct cell){finding, zone};
}

void pool_listed_in(struct address *address, uint32_t run)
{
    uint32_t count = address->listed_count;

    if (count > 0 && address->listed_in[count - 1] == run)
        return;
    address->listed_in = memory_for_one_more(address->listed_in, count, sizeof *address->listed_in);
    address->listed_in[address->listed_count++] = run;
}

uint32_t pool_zone_set(struct pool *pool, const uint32_t *zones, size_t count)
{
    struct zone_set *set;

    for (size_t i = pool->zone_set_count; i-- > 0;)
        if (pool->zone_sets[i]->count == count && !memcmp(pool->zone_sets[i]->zones, zones, count * sizeof *zones))
            return (uint32_t)i;
    set = memory_new(1, sizeof *set + count * sizeof *zones);
    set->count = count;
    memcpy(set->zones, zones, count * sizeof *zones);
    pool->zone_sets = memory_for_one_more(pool->zone_sets, pool->zone_set_count, sizeof *pool->zone_sets);
    pool->zone_sets[pool->zone_set_count] = set;
    return (uint32_t)pool->zone_set_count++;
}
