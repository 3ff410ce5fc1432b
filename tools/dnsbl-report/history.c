#include "history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "foreign.h"
#include "memory.h"
#include "report.h"
#include "text.h"
#include "zones.h"

/* What is counted of a zone while its run goes on. */
struct tally {
    struct latency latency;
    json_int_t errors[FAILURE_KINDS];
};

void history_free(struct history *history)
{
    for (size_t i = 0; i < history->run_count; i++) {
        struct run *run = &history->runs[i];

        for (size_t j = 0; j < run->zone_count; j++) {
            free(run->zones[j].evidence);
            free(run->zones[j].errors);
        }
        free(run->zones);
        free(run->id);
        free(run->started);
    }
    for (size_t i = 0; i < history->zone_count; i++) {
        free(history->zones[i].name);
        free(history->zones[i].shown);
    }
    free(history->runs);
    free(history->zones);
    free(history->tallies);
    free(history->order);
    free(history->round_of);
    free(history->rounds);
    free(history->is_current);
}

/* --- zones --- */

size_t history_zone(struct history *history, const char *name)
{
    for (size_t i = 0; i < history->zone_count; i++) {
        size_t index = (history->next_zone + i) % history->zone_count;

        if (!strcmp(history->zones[index].name, name)) {
            history->next_zone = index + 1;
            return index;
        }
    }
    if (history->zone_count == ZONES_SITES_MAX || strlen(name) > TEXT_FOREIGN_MAX)
        return HISTORY_NONE;
    history->zones = memory_resize(history->zones, history->zone_count + 1, sizeof *history->zones);
    history->tallies = memory_resize(history->tallies, history->zone_count + 1, sizeof *history->tallies);
    history->zones[history->zone_count] = (struct zone_name){memory_string(name), foreign_text(name)};
    history->tallies[history->zone_count] = (struct tally){0};
    return history->zone_count++;
}

struct run_zone *history_run_zone(struct history *history, size_t run, size_t zone)
{
    struct run *at = &history->runs[run];

    if (zone >= at->zone_count) {
        at->zones = memory_resize(at->zones, zone + 1, sizeof *at->zones);
        memset(at->zones + at->zone_count, 0, (zone + 1 - at->zone_count) * sizeof *at->zones);
        at->zone_count = zone + 1;
    }
    return &at->zones[zone];
}

char *history_take_zone(struct history *history, const json_t *object)
{
    const char *name, *health_name;
    json_int_t listed = 0, not_listed = 0, unknown = 0;
    int final = 0, ipv4_only = 0;
    const struct health_verdict *health;
    struct run_zone *zone;
    size_t run = history_current(history, NULL), index;
    json_error_t error;

    if (json_unpack_ex((json_t *)object, &error, 0, "{s:s, s:s, s?b, s?b, s?I, s?I, s?I}", "zone", &name, "health",
                       &health_name, "final", &final, "ipv4_only", &ipv4_only, "listed", &listed, "not_listed",
                       &not_listed, "unknown", &unknown) < 0)
        return memory_format("a zone record: %s", error.text);
    if (!record_is_count(listed) || !record_is_count(not_listed) || !record_is_count(unknown))
        return memory_format("a zone record: its counts of %s are none", name);
    health = health_find(health_name);
    if (!health)
        return memory_format("the health \"%s\" of the zone %s is not known", health_name, name);
    index = history_zone(history, name);
    if (index == HISTORY_NONE)
        return memory_format("there are more than %d zones, or this is no zone's name", ZONES_SITES_MAX);
    if (run == HISTORY_NONE)
        return NULL;
    zone = history_run_zone(history, run, index);
    zone->health = health;
    zone->ipv4_only = ipv4_only;
    free(zone->evidence);
    zone->evidence = health->healthy ? NULL : foreign_member(object, "detail");
    if (final) {
        zone->listed = listed;
        zone->not_listed = not_listed;
        zone->unknown = unknown;
        zone->final = zone->counted = true;
    }
    return NULL;
}

void history_count(struct history *history, size_t zone, const struct record_result *result)
{
    struct run_zone *counts = history_run_zone(history, history->current, zone);
    struct tally *tally = &history->tallies[zone];
    bool asked = true;

    if (result->status == RECORD_UNKNOWN) {
        enum failure error = failure_find(result->error);

        tally->errors[error]++;
        asked = failure_kinds[error].asked;
    }
    if (asked)
        latency_add(&tally->latency, result->duration_ms);
    if (counts->final)
        return;
    counts->counted = true;
    counts->listed += result->status == RECORD_LISTED;
    counts->not_listed += result->status == RECORD_NOT_LISTED;
    counts->unknown += result->status == RECORD_UNKNOWN;
}

void history_add_errors(char **text, const char *name, json_int_t count)
{
    char *longer = memory_format("%s%s%s %lld", *text ? *text : "", *text ? ", " : "", name, (long long)count);

    free(*text);
    *text = longer;
}

/* New; NULL: none. */
static char *describe_errors(const struct tally *tally)
{
    char *text = NULL;

    for (enum failure i = 0; i < FAILURE_KINDS; i++)
        if (tally->errors[i] > 0)
            history_add_errors(&text, failure_kinds[i].name, tally->errors[i]);
    return text;
}

/* --- runs --- */

static size_t find_run(const struct history *history, const char *id)
{
    for (size_t i = history->run_count; i-- > 0;)
        if (id && history->runs[i].id && !strcmp(history->runs[i].id, id))
            return i;
    return HISTORY_NONE;
}

static size_t add_run(struct history *history, const char *id, const char *started)
{
    history->runs = memory_for_one_more(history->runs, history->run_count, sizeof *history->runs);
    history->runs[history->run_count] = (struct run){
        .id = foreign_text(id), .started = started ? foreign_text(started) : memory_string(""), .parts = 1};
    return history->run_count++;
}

/* Reads "I/N". */
static bool take_shard(const char *text, struct run *run)
{
    char extra;
    long long part, parts;

    /* NOLINTNEXTLINE(cert-err34-c): two numbers in 20 characters are not too large */
    if (strlen(text) > 20 || sscanf(text, "%lld/%lld%c", &part, &parts, &extra) != 2 || part < 0 || part >= parts)
        return false;
    run->part = part;
    run->parts = parts;
    return true;
}

char *history_take_run(struct history *history, const json_t *object)
{
    const char *id, *started = NULL, *shard = NULL;
    int dry_run = 0;
    struct run where = {.parts = 1};
    json_error_t error;

    history_close(history);
    if (json_unpack_ex((json_t *)object, &error, 0, "{s:s, s?s, s?b, s?s}", "run_id", &id, "started_at", &started,
                       "dry_run", &dry_run, "shard", &shard) < 0)
        return memory_format("a run record: %s", error.text);
    if (strlen(id) > TEXT_FOREIGN_MAX)
        return memory_string("a run record: its \"run_id\" is no run's");
    if (shard && !take_shard(shard, &where))
        return memory_format("a run record: \"%s\" is no shard", shard);
    if (find_run(history, id) != HISTORY_NONE) {
        report(REPORT_WARNING, "run_again", "run %s is there already; what it says again is left out", id);
        history->left_out = true;
        return NULL;
    }
    history->current = add_run(history, id, started);
    history->runs[history->current].dry_run = dry_run;
    history->runs[history->current].part = where.part;
    history->runs[history->current].parts = where.parts;
    return NULL;
}

char *history_take_end(struct history *history, const json_t *object)
{
    const char *id;
    json_int_t skipped = 0;
    struct run *run = history->current == HISTORY_NONE ? NULL : &history->runs[history->current];
    json_error_t error;

    if (json_unpack_ex((json_t *)object, &error, 0, "{s:s, s?I}", "run_id", &id, "skipped", &skipped) < 0)
        return memory_format("an end record: %s", error.text);
    if (!record_is_count(skipped))
        return memory_string("an end record: \"skipped\" is no count");
    if (run) {
        run->whole = !strcmp(run->id, id);
        run->skipped = skipped;
        history->torn = history->torn || !run->whole;
    }
    history_close(history);
    return NULL;
}

size_t history_current(struct history *history, const char *time)
{
    if (history->left_out)
        return HISTORY_NONE;
    if (history->current == HISTORY_NONE) {
        history->current = find_run(history, "");
        if (history->current == HISTORY_NONE)
            history->current = add_run(history, "", NULL);
        history->runs[history->current].whole = true; /* nothing says that there is more */
    }
    if (time && !history->runs[history->current].started[0]) {
        free(history->runs[history->current].started);
        history->runs[history->current].started = foreign_text(time);
    }
    return history->current;
}

size_t history_log_run(struct history *history, const char *id, const char *time)
{
    size_t index = find_run(history, id ? id : "");

    if (index == HISTORY_NONE) {
        index = add_run(history, id ? id : "", time);
        history->runs[index].from_log = true;
    }
    return history->runs[index].from_log ? index : HISTORY_NONE;
}

void history_close(struct history *history)
{
    for (size_t i = 0; history->current != HISTORY_NONE && i < history->zone_count; i++) {
        struct tally *tally = &history->tallies[i];

        if (tally->latency.total > 0)
            history_run_zone(history, history->current, i)->latency = latency_summarise(&tally->latency);
        if (i < history->runs[history->current].zone_count) {
            struct run_zone *zone = history_run_zone(history, history->current, i);

            free(zone->errors);
            zone->errors = describe_errors(tally);
        }
        *tally = (struct tally){0};
    }
    history->current = HISTORY_NONE;
    history->left_out = false;
}

/* --- the end --- */

static int by_time(const void *one, const void *other, void *context)
{
    const struct run *runs = context;
    size_t a = *(const size_t *)one, b = *(const size_t *)other;
    int order = strcmp(runs[a].started, runs[b].started);

    return order ? order : (a > b) - (a < b);
}

static void add_to_round(struct round *round, const struct run *run)
{
    round->whole = round->whole && run->whole;
    round->dry_run = round->dry_run || run->dry_run;
    round->runs++;
    round->addresses += run->addresses;
    round->listed += run->listed;
    round->newly_listed += run->newly_listed;
    round->cleared += run->cleared;
    round->held += run->held;
    round->failed += run->failed;
    round->in_doubt += run->in_doubt;
    round->skipped += run->skipped;
}

/* Runs of different shards that follow each other are one round; the same shard again begins the next. */
static void make_rounds(struct history *history)
{
    size_t first = 0; /* of the round, by order */

    history->rounds = memory_new(history->run_count, sizeof *history->rounds);
    for (size_t i = 0; i < history->run_count; i++) {
        const struct run *run = &history->runs[history->order[i]];
        bool begins = i == 0;

        for (size_t j = first; j < i; j++) {
            const struct run *other = &history->runs[history->order[j]];

            begins = begins || other->parts != run->parts || other->part == run->part;
        }
        if (begins) {
            first = i;
            history->rounds[history->round_count++] = (struct round){
                .started = run->started, .id = run->id[0] ? run->id : NULL, .whole = true, .parts = run->parts};
        }
        add_to_round(&history->rounds[history->round_count - 1], run);
        history->round_of[history->order[i]] = history->round_count - 1;
    }
    for (size_t i = 0; i < history->round_count; i++)
        history->rounds[i].whole = history->rounds[i].whole && history->rounds[i].runs == history->rounds[i].parts;
}

/*
 * Of each shard the newest whole run tells of the pool now, with those behind it, which were cut off; of a shard that
 * has none, all its runs do.
 */
static void find_current(struct history *history)
{
    json_int_t parts = history->run_count ? history->runs[history->order[history->run_count - 1]].parts : 0;

    for (size_t i = history->run_count; i-- > 0;) {
        const struct run *run = &history->runs[history->order[i]];
        bool superseded = run->parts != parts;

        for (size_t j = i + 1; !superseded && j < history->run_count; j++) {
            const struct run *later = &history->runs[history->order[j]];

            superseded = later->whole && later->parts == parts && later->part == run->part;
        }
        history->is_current[history->order[i]] = !superseded;
    }
}

void history_finish(struct history *history)
{
    history_close(history);
    history->order = memory_new(history->run_count, sizeof *history->order);
    history->round_of = memory_new(history->run_count, sizeof *history->round_of);
    history->is_current = memory_new(history->run_count, sizeof *history->is_current);
    for (size_t i = 0; i < history->run_count; i++)
        history->order[i] = i;
    qsort_r(history->order, history->run_count, sizeof *history->order, by_time, history->runs);
    make_rounds(history);
    find_current(history);
    history->newest = history->run_count ? history->runs[history->order[history->run_count - 1]].started : "";
}
