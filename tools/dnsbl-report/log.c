/* Lines of the operators' log, which log-summary(1) writes: collected.h. */
#include <stdlib.h>
#include <string.h>

#include "collected.h"
#include "foreign.h"
#include "memory.h"
#include "text.h"
#include "zones.h"

/* `zone` is a record's type as well; only a line of the log has job_run_id. */
bool log_is_line(const json_t *object)
{
    return json_object_get(object, "job_run_id") && json_object_get(object, "level");
}

/* The lists of an address, the more telling ones first: a zone may stand in several. */
static const struct {
    const char *key;
    enum finding_kind kind;
} lists[] = {{"surge_zones", FINDING_SURGING},
             {"carried_zones", FINDING_CARRIED},
             {"watch_zones", FINDING_WATCHED},
             {"listed_zones", FINDING_LISTED},
             {"unknown_zones", FINDING_UNKNOWN}};

/* NULL, or what is wrong, new: nothing has been counted yet. */
static char *check_lists(struct history *history, const json_t *object)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const json_t *names = json_object_get(object, lists[i].key);
        size_t index;
        json_t *item;

        if (names && !json_is_null(names) && !json_is_array(names))
            return memory_format("\"%s\" is neither an array nor null", lists[i].key);
        json_array_foreach (names, index, item)
            if (!json_is_string(item) || history_zone(history, json_string_value(item)) == HISTORY_NONE)
                return memory_format("\"%s\" holds what is no zone, or there are more than %d", lists[i].key,
                                     ZONES_SITES_MAX);
    }
    return NULL;
}

/* A lookup's line, which came before, has said why the zone is unknown. */
static void set_kind(struct collected *collected, struct address *address, uint32_t zone, enum finding_kind kind)
{
    const struct cell *cell = pool_cell(address, zone);
    const char *error = cell ? cell->finding->error : NULL, *words = cell ? cell->finding->words : NULL;

    pool_set_cell(&collected->pool, address, zone, finding_find(&collected->pool.findings, kind, NULL, error, words));
}

/* Makes a cell for each zone of the lists, as the first of them that names it says. */
static void take_lists(struct collected *collected, struct address *address, size_t run, const json_t *object)
{
    static bool seen[ZONES_SITES_MAX];

    memset(seen, 0, sizeof seen);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        enum finding_kind kind = lists[i].kind;
        size_t index;
        json_t *item;

        json_array_foreach (json_object_get(object, lists[i].key), index, item) {
            size_t zone = history_zone(&collected->history, json_string_value(item));
            struct run_zone *counts;

            if (seen[zone])
                continue;
            seen[zone] = true;
            set_kind(collected, address, (uint32_t)zone, kind);
            counts = history_run_zone(&collected->history, run, zone);
            counts->listed += kind == FINDING_LISTED || kind == FINDING_WATCHED || kind == FINDING_SURGING;
            counts->unknown += kind == FINDING_UNKNOWN || kind == FINDING_CARRIED;
        }
    }
}

static char *take_address(struct collected *collected, size_t run, const json_t *object)
{
    const char *text, *decision = json_string_value(json_object_get(object, "decision"));
    const char *transition = json_string_value(json_object_get(object, "transition"));
    struct address *address, *into, scratch = {.run = UINT32_MAX, .zone_set = POOL_ANY_ZONE};
    struct ip ip;
    char *problem = record_ip(object, &ip, &text);

    if (!problem)
        problem = check_lists(&collected->history, object);
    if (problem)
        return problem;
    address = pool_address(&collected->pool, &ip);
    into = collected_is_newer(collected, address, run) ? address : &scratch;
    if (into->run != run)
        pool_restart(&collected->pool, into, (uint32_t)run);
    take_lists(collected, into, run, object);
    into->state = (unsigned char)collected_state(into, decision, transition);
    into->notes = (unsigned char)collected_notes(object, transition);
    free(into->ticket);
    into->ticket = foreign_member(object, "jira_issue");
    collected_count(collected, address, run, into->state, into->notes);
    if (json_is_true(json_object_get(object, "dry_run")))
        collected->history.runs[run].dry_run = true;
    pool_restart(&collected->pool, &scratch, (uint32_t)run);
    return NULL;
}

/* Says why a zone is unknown; the address's own line follows. */
static char *take_lookup(struct collected *collected, size_t run, const json_t *object)
{
    const char *text, *name = json_string_value(json_object_get(object, "zone"));
    size_t zone = name ? history_zone(&collected->history, name) : HISTORY_NONE;
    char *error, *words, *problem;
    struct address *address;
    struct ip ip;

    problem = record_ip(object, &ip, &text);
    if (!problem && zone == HISTORY_NONE)
        problem = memory_string("a lookup's line without the name of a zone");
    if (problem)
        return problem;
    address = pool_address(&collected->pool, &ip);
    if (!collected_is_newer(collected, address, run))
        return NULL;
    if (address->run != run)
        pool_restart(&collected->pool, address, (uint32_t)run);
    error = foreign_member(object, "error_type");
    words = foreign_member(object, "error_message");
    pool_set_cell(&collected->pool, address, (uint32_t)zone,
                  finding_find(&collected->pool.findings, FINDING_UNKNOWN, NULL, error, words));
    address->state = STATE_DOUBT;
    free(error);
    free(words);
    return NULL;
}

static char *take_zone(struct collected *collected, size_t run, const json_t *object)
{
    const char *name = json_string_value(json_object_get(object, "zone"));
    const char *health = json_string_value(json_object_get(object, "health"));
    size_t index = name ? history_zone(&collected->history, name) : HISTORY_NONE;
    struct run_zone *zone;

    if (index == HISTORY_NONE || !health || !health_find(health))
        return memory_string("a zone's line without \"zone\" or a \"health\" that is known");
    zone = history_run_zone(&collected->history, run, index);
    zone->health = health_find(health);
    free(zone->evidence);
    zone->evidence = foreign_member(object, "evidence");
    return NULL;
}

/* Lookups that were counted instead of told one by one. */
static char *take_lookups(struct collected *collected, size_t run, const json_t *object)
{
    const char *name = json_string_value(json_object_get(object, "zone"));
    size_t index = name ? history_zone(&collected->history, name) : HISTORY_NONE;
    char *error = foreign_member(object, "error_type");
    struct run_zone *zone;

    if (index == HISTORY_NONE || !error) {
        free(error);
        return memory_string("a line of lookups without \"zone\" or \"error_type\"");
    }
    zone = history_run_zone(&collected->history, run, index);
    if (!zone->errors || strlen(zone->errors) <= TEXT_FOREIGN_MAX)
        history_add_errors(&zone->errors, error, json_integer_value(json_object_get(object, "count")));
    free(error);
    return NULL;
}

/* What is not among the unhealthy zones at the end is well. */
static void take_health(struct collected *collected, size_t run, const json_t *unhealthy)
{
    for (size_t i = 0; json_is_array(unhealthy) && i < collected->history.runs[run].zone_count; i++) {
        struct run_zone *zone = history_run_zone(&collected->history, run, i);
        bool named = false;
        size_t index;
        json_t *item;

        json_array_foreach (unhealthy, index, item)
            named = named || collected_is(json_string_value(item), collected->history.zones[i].name);
        if (named || (!zone->health && zone->listed + zone->unknown == 0))
            continue;
        zone->health = health_find("ok");
        free(zone->evidence);
        zone->evidence = NULL;
    }
}

static char *take_summary(struct collected *collected, size_t run, const json_t *object)
{
    struct run *counts = &collected->history.runs[run];
    json_int_t skipped = json_integer_value(json_object_get(object, "skipped"));

    if (!record_is_count(skipped))
        return memory_string("a summary whose \"skipped\" is no count");
    counts->whole = json_is_true(json_object_get(object, "complete"));
    counts->dry_run = counts->dry_run || json_is_true(json_object_get(object, "dry_run"));
    counts->skipped = skipped;
    take_health(collected, run, json_object_get(object, "unhealthy_zones"));
    return NULL;
}

char *log_take_line(struct collected *collected, const char *type, const json_t *object)
{
    static const struct {
        const char *type;
        char *(*take)(struct collected *, size_t run, const json_t *);
    } lines[] = {{"address", take_address},
                 {"unknown_lookup", take_lookup},
                 {"unknown_lookups", take_lookups},
                 {"zone", take_zone},
                 {"job_summary", take_summary}};
    size_t run = history_log_run(&collected->history, json_string_value(json_object_get(object, "job_run_id")),
                                 json_string_value(json_object_get(object, "timestamp")));

    for (size_t i = 0; run != HISTORY_NONE && i < sizeof lines / sizeof *lines; i++)
        if (!strcmp(lines[i].type, type))
            return lines[i].take(collected, run, object);
    return NULL;
}
