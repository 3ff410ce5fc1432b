/* Records of the stream: collected.h. */
#include <stdlib.h>
#include <string.h>

#include "collected.h"
#include "foreign.h"
#include "memory.h"
#include "zones.h"

/* An `ip` record, as far as the stages before have taken it. Borrowed from the record, but for the results. */
struct parts {
    struct ip ip;
    bool decided, probed;
    struct record_decision decision;
    struct record_results results;
    const json_t *surge_zones;
};

static bool has(const json_t *names, const char *name)
{
    size_t index;
    json_t *item;

    json_array_foreach (names, index, item)
        if (collected_is(json_string_value(item), name))
            return true;
    return false;
}

/* NULL, or what is wrong, new. parts->results.items is the caller's to free. */
static char *take_apart(const json_t *object, struct parts *parts)
{
    const char *text;
    char *problem;

    *parts = (struct parts){.decided = json_object_get(object, "decision") != NULL,
                            .probed = json_object_get(object, "results") != NULL,
                            .surge_zones = json_object_get(object, "surge_zones")};
    problem = record_ip(object, &parts->ip, &text);
    if (!problem && parts->decided)
        problem = record_decision(object, &parts->decision);
    if (!problem && parts->probed)
        problem = record_results(object, &parts->results);
    return problem;
}

/* --- cells --- */

static enum finding_kind kind_of(const struct parts *parts, const struct record_result *result)
{
    if (result->status == RECORD_UNKNOWN)
        return has(parts->decision.carried_zones, result->zone) ? FINDING_CARRIED : FINDING_UNKNOWN;
    if (has(parts->surge_zones, result->zone))
        return FINDING_SURGING;
    if (!parts->decided || has(parts->decision.listed_zones, result->zone))
        return FINDING_LISTED;
    return has(parts->decision.watch_zones, result->zone) ? FINDING_WATCHED : FINDING_ALLOWED;
}

static struct finding *find_result(struct findings *findings, const struct parts *parts,
                                   const struct record_result *result, const json_t *object)
{
    char *joined = record_join(result->answers, " "), *answers = foreign_text(joined);
    char *error = foreign_text(result->error);
    char *words = result->status == RECORD_LISTED ? foreign_text(result->reason) : foreign_member(object, "detail");
    struct finding *finding = finding_find(findings, kind_of(parts, result), answers, error, words);

    free(joined);
    free(answers);
    free(error);
    free(words);
    return finding;
}

/* Names that the row holds and that are not configured any more have no result. */
static void add_carried(struct collected *collected, struct address *address, const struct parts *parts)
{
    size_t index;
    json_t *item;

    json_array_foreach (parts->decision.carried_zones, index, item) {
        size_t zone = history_zone(&collected->history, json_string_value(item));

        if (zone == HISTORY_NONE || pool_cell(address, (uint32_t)zone))
            continue;
        pool_add_cell(
            address, (uint32_t)zone,
            finding_find(&collected->pool.findings, FINDING_CARRIED, NULL, NULL, "not configured any more"));
    }
}

/* The numbers of the results' zones, in numbers. NULL, or what is wrong, new: nothing has been counted yet. */
static char *number_zones(struct history *history, const struct record_results *results, uint32_t *numbers)
{
    static bool seen[ZONES_SITES_MAX];

    if (results->count > ZONES_SITES_MAX)
        return memory_format("there are more than %d results", ZONES_SITES_MAX);
    memset(seen, 0, sizeof seen);
    for (size_t i = 0; i < results->count; i++) {
        size_t zone = history_zone(history, results->items[i].zone);

        if (zone == HISTORY_NONE)
            return memory_format("there are more than %d zones, or a result has no zone's name", ZONES_SITES_MAX);
        if (seen[zone])
            return memory_format("the zone %s stands twice in the results", results->items[i].zone);
        seen[zone] = true;
        numbers[i] = (uint32_t)zone;
    }
    return NULL;
}

static int by_number(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;

    return (a > b) - (a < b);
}

/* Counts the results, and makes the address's cells and its set of zones. numbers are sorted on the way. */
static void take_results(struct collected *collected, struct address *address, const struct parts *parts,
                         const json_t *object, uint32_t *numbers)
{
    const json_t *array = json_object_get(object, "results");

    for (size_t i = 0; i < parts->results.count; i++) {
        const struct record_result *result = &parts->results.items[i];

        history_count(&collected->history, numbers[i], result);
        if (result->status != RECORD_NOT_LISTED)
            pool_add_cell(address, numbers[i],
                          find_result(&collected->pool.findings, parts, result, json_array_get(array, i)));
    }
    qsort(numbers, parts->results.count, sizeof *numbers, by_number);
    address->zone_set = pool_zone_set(&collected->pool, numbers, parts->results.count);
}

/* What becomes of an address in the run: kept if nothing newer is known of it, counted in any case. */
static void take_parts(struct collected *collected, size_t run, const struct parts *parts, const json_t *object,
                       uint32_t *numbers)
{
    const char *transition = parts->decided ? record_transition_names[parts->decision.transition] : NULL;
    const char *decision = !parts->decided ? NULL : parts->decision.listed ? "LISTED" : "CLEAN";
    struct address *address = pool_address(&collected->pool, &parts->ip);
    struct address scratch = {.zone_set = POOL_ANY_ZONE};
    struct address *into = collected_is_newer(collected, address, run) ? address : &scratch;
    enum state state;

    pool_restart(&collected->pool, into, (uint32_t)run);
    if (parts->probed)
        take_results(collected, into, parts, object, numbers);
    add_carried(collected, into, parts);
    state = collected_state(into, decision, transition);
    into->state = (unsigned char)state;
    into->notes = (unsigned char)collected_notes(object, transition);
    into->ticket = foreign_member(object, "jira_issue");
    collected_count(collected, address, run, state, into->notes);
    pool_restart(&collected->pool, &scratch, (uint32_t)run);
}

char *stream_take_address(struct collected *collected, const json_t *object)
{
    const char *probed_at = json_string_value(json_object_get(object, "probed_at"));
    size_t run = history_current(&collected->history, probed_at);
    static uint32_t numbers[ZONES_SITES_MAX];
    struct parts parts;
    char *problem = take_apart(object, &parts);

    if (!problem)
        problem = number_zones(&collected->history, &parts.results, numbers);
    if (!problem && run != HISTORY_NONE)
        take_parts(collected, run, &parts, object, numbers);
    free(parts.results.items);
    return problem;
}
