#include "decision.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "memory.h"
#include "report.h"
#include "text.h"

/* --- sets of names --- */

/* Borrowed: a name as it is, and with a key inside it masked. Labels and configured domains are their own. */
struct name {
    const char *exact, *shown;
};

struct names {
    struct name *items;
    size_t count;
};

static void names_add(struct names *names, const char *exact, const char *shown)
{
    names->items = memory_for_one_more(names->items, names->count, sizeof *names->items);
    names->items[names->count++] = (struct name){exact, shown};
}

static int bytewise(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->exact, ((const struct name *)b)->exact);
}

static void names_sort(struct names *names)
{
    if (names->count > 1)
        qsort(names->items, names->count, sizeof *names->items, bytewise);
}

static int bytewise_as_shown(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->shown, ((const struct name *)b)->shown);
}

/* For people, and for the stages behind: sorted as shown, and two that differ in their keys alone are one. */
static json_t *names_shown(const struct names *names)
{
    json_t *array = memory_check(json_array());
    struct name *sorted = memory_new(names->count, sizeof *sorted);

    if (names->count > 0)
        memcpy(sorted, names->items, names->count * sizeof *sorted);
    qsort(sorted, names->count, sizeof *sorted, bytewise_as_shown);
    for (size_t i = 0; i < names->count; i++)
        if (i == 0 || strcmp(sorted[i - 1].shown, sorted[i].shown) != 0)
            json_array_append_new(array, json_string(sorted[i].shown));
    free(sorted);
    return array;
}

/*
 * For the database, new: the row's own names stay as they are. Masked, they would
 * match nothing any more.
 */
static char *names_joined(const struct names *names)
{
    json_t *array = memory_check(json_array());
    char *text;

    for (size_t i = 0; i < names->count; i++)
        json_array_append_new(array, json_string(names->items[i].exact));
    text = record_join(array, ",");
    json_decref(array);
    return text;
}

/* --- what is known of one address --- */

/* What one configured zone says. */
struct opinion {
    enum { LEFT_OUT, NOT_LISTED, LISTED, UNKNOWN } answer;
    bool stored;   /* a name in the row stands for this zone */
    bool matches;  /* LISTED: by any site */
    bool positive; /* LISTED: by a site of positive weight */
    bool carried;  /* UNKNOWN, and its listing in the row stays */
    long weight;   /* what it adds to the score */
};

/* A name in the row's blocking_lists. */
struct stored_name {
    char *name, *shown;
    bool blocklist; /* a configured zone of positive weight has this name or domain */
    bool lists;     /* such a zone, or one of another weight, lists the address now */
    bool stands;    /* it is one of listed_zones, under this name or another */
};

struct evaluation {
    const struct rules *rules;
    struct record_row row;
    struct opinion *opinions; /* by index of zone */
    struct stored_name *stored;
    size_t stored_count;
    bool definite; /* a blocklist answered */
    bool unknown;  /* a zone is UNKNOWN */
    bool kept;     /* a stored name that is not configured may not go yet */
    long doubt;    /* what allowlists that are UNKNOWN could take off the score; not positive */
    json_int_t score;
    struct names listed, unknowns, carried, watched, added, removed;
};

static bool is_blocklist(const struct zone *zone)
{
    return zone->positive > 0;
}

static void evaluation_free(struct evaluation *evaluation)
{
    struct names *lists[] = {&evaluation->listed,  &evaluation->unknowns, &evaluation->carried,
                             &evaluation->watched, &evaluation->added,    &evaluation->removed};

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        free(lists[i]->items);
    for (size_t i = 0; i < evaluation->stored_count; i++) {
        free(evaluation->stored[i].name);
        free(evaluation->stored[i].shown);
    }
    free(evaluation->stored);
    free(evaluation->opinions);
}

/* --- reading the results --- */

/* Says once that a zone of the records is not among ours, so that a renamed label is noticed. */
static void warn_of_stranger(const char *zone)
{
    static json_t *warned;
    char *masked, *shown;

    if (!warned)
        warned = memory_check(json_object());
    if (json_object_get(warned, zone) || json_object_size(warned) >= ZONES_SITES_MAX)
        return;
    json_object_set_new(warned, zone, json_true());
    masked = zone_name_shown(zone);
    shown = text_foreign(masked, strlen(masked));
    report(REPORT_WARNING, "zone_not_configured",
           "the records have results of %s, which DNSBL_ZONES does not name; they are ignored. "
           "Give dnsbl-probe and dnsbl-decide the same DNSBL_ZONES",
           shown);
    free(masked);
    free(shown);
}

/* Results come in the order of the configuration as a rule, so the zone after the last one found is tried first. */
static size_t find_zone(const struct zones *zones, const char *name, size_t guess)
{
    const struct zone *zone;

    if (guess < zones->count && !strcmp(zones->items[guess].name, name))
        return guess;
    zone = zones_find(zones, name);
    return zone ? (size_t)(zone - zones->items) : zones->count;
}

/*
 * Weighs a listing by its A records, which say more than its status when the
 * record was made under another configuration. A listing without any A record
 * counts for sites without filter; where all have one, nobody knows what it means.
 */
static char *weigh_listing(const struct zone *zone, const struct record_result *result, struct opinion *opinion)
{
    static const unsigned char named_by_no_filter[1][4] = {{0, 0, 0, 0}};
    size_t count = json_array_size(result->answers);
    unsigned char(*addresses)[4];

    if (count == 0) {
        opinion->weight = zone_weigh(zone, named_by_no_filter, 1, &opinion->matches, &opinion->positive);
        opinion->answer = opinion->matches ? LISTED : UNKNOWN;
        return NULL;
    }
    addresses = memory_new(count, sizeof *addresses);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(result->answers, i));

        if (inet_pton(AF_INET, text, addresses[i]) != 1) {
            free(addresses);
            return memory_format("the answer \"%s\" of %s is not an A record", text, zone->name);
        }
    }
    opinion->answer = LISTED;
    opinion->weight =
        zone_weigh(zone, (const unsigned char(*)[4])addresses, count, &opinion->matches, &opinion->positive);
    free(addresses);
    return NULL;
}

static char *take_result(struct evaluation *evaluation, const struct record_result *result, size_t index)
{
    const struct zone *zone = &evaluation->rules->zones.items[index];
    struct opinion *opinion = &evaluation->opinions[index];

    if (opinion->answer != LEFT_OUT)
        return memory_format("the zone %s has two results", zone->name);
    if (result->status == RECORD_LISTED)
        return weigh_listing(zone, result, opinion);
    opinion->answer = result->status == RECORD_UNKNOWN ? UNKNOWN : NOT_LISTED;
    return NULL;
}

static char *take_results(struct evaluation *evaluation, const json_t *object)
{
    const struct zones *zones = &evaluation->rules->zones;
    struct record_results results;
    char *problem = record_results(object, &results);

    for (size_t i = 0, index = 0; !problem && i < results.count; i++, index++) {
        size_t found = find_zone(zones, results.items[i].zone, index);

        if (found == zones->count) {
            warn_of_stranger(results.items[i].zone);
            continue;
        }
        index = found;
        problem = take_result(evaluation, &results.items[i], index);
    }
    free(results.items);
    return problem;
}

/* --- reading the row --- */

/* Each once: a hash table keeps a column that was filled with nonsense from holding up the other rows. */
static void take_stored_names(struct evaluation *evaluation)
{
    const char *list = evaluation->row.blocking_lists;
    json_t *seen = memory_check(json_object());
    char *name;

    while ((name = config_item(&list))) {
        if (json_object_get(seen, name)) {
            free(name);
            continue;
        }
        json_object_set_new(seen, name, json_true());
        evaluation->stored =
            memory_for_one_more(evaluation->stored, evaluation->stored_count, sizeof *evaluation->stored);
        evaluation->stored[evaluation->stored_count++] =
            (struct stored_name){.name = name, .shown = zone_name_shown(name)};
    }
    json_decref(seen);
}

/*
 * Joins the row's names with the zones they stand for. A blocklist in the row
 * that was not asked this time is as good as UNKNOWN: its silence clears nobody.
 */
static void match_stored_names(struct evaluation *evaluation)
{
    const struct zones *zones = &evaluation->rules->zones;

    for (size_t i = 0; i < evaluation->stored_count; i++) {
        struct stored_name *stored = &evaluation->stored[i];

        for (size_t j = 0; j < zones->count; j++) {
            struct opinion *opinion = &evaluation->opinions[j];

            if (!zone_is_called(zones, &zones->items[j], stored->name))
                continue;
            opinion->stored = true;
            if (is_blocklist(&zones->items[j])) {
                stored->blocklist = true;
                if (opinion->answer == LEFT_OUT)
                    opinion->answer = UNKNOWN;
            }
            stored->lists = stored->lists || opinion->matches;
            stored->stands =
                stored->stands || opinion->positive || (is_blocklist(&zones->items[j]) && opinion->answer == UNKNOWN);
        }
    }
}

/* --- the score --- */

/* New listings of these zones are taken back: they have answered, but they do not count. */
static void disregard(struct evaluation *evaluation, const bool *disregarded)
{
    for (size_t i = 0; i < evaluation->rules->zones.count; i++) {
        struct opinion *opinion = &evaluation->opinions[i];

        if (disregarded[i] && opinion->positive && !opinion->stored)
            *opinion = (struct opinion){.answer = NOT_LISTED};
    }
}

static void count_zone(struct evaluation *evaluation, const struct zone *zone, struct opinion *opinion)
{
    if (opinion->answer == UNKNOWN) {
        evaluation->unknown = true;
        names_add(&evaluation->unknowns, zone->name, zone->name);
        evaluation->doubt += zone->negative;
        opinion->carried = opinion->stored && is_blocklist(zone);
        if (opinion->carried) {
            opinion->weight = zone->positive;
            names_add(&evaluation->carried, zone->name, zone->name);
        }
    } else if (opinion->answer != LEFT_OUT) {
        evaluation->definite = evaluation->definite || is_blocklist(zone);
        if (opinion->matches && !opinion->positive && opinion->weight == 0)
            names_add(&evaluation->watched, zone->name, zone->name);
    }
    if (opinion->positive || opinion->carried) {
        names_add(&evaluation->listed, zone->name, zone->name);
        if (!opinion->stored)
            names_add(&evaluation->added, zone->name, zone->name);
    }
    evaluation->score += opinion->weight;
}

/*
 * A stored name that no configured blocklist answers to may be a typo or a
 * renamed label, so it goes only when every zone has answered, and weighs enough
 * by itself until then.
 */
static void count_stored_name(struct evaluation *evaluation, struct stored_name *stored)
{
    if (!stored->blocklist && (evaluation->unknown || !evaluation->definite)) {
        stored->stands = evaluation->kept = true;
        evaluation->score += evaluation->rules->threshold;
        names_add(&evaluation->listed, stored->name, stored->shown);
        names_add(&evaluation->carried, stored->name, stored->shown);
    }
    if (!stored->stands && !stored->lists)
        names_add(&evaluation->removed, stored->name, stored->shown);
}

static void count_all(struct evaluation *evaluation)
{
    struct names *lists[] = {&evaluation->listed,  &evaluation->unknowns, &evaluation->carried,
                             &evaluation->watched, &evaluation->added,    &evaluation->removed};

    for (size_t i = 0; i < evaluation->rules->zones.count; i++)
        count_zone(evaluation, &evaluation->rules->zones.items[i], &evaluation->opinions[i]);
    for (size_t i = 0; i < evaluation->stored_count; i++)
        count_stored_name(evaluation, &evaluation->stored[i]);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        names_sort(lists[i]);
}

/* --- the verdict --- */

static bool reaches(const struct evaluation *evaluation, json_int_t score)
{
    return evaluation->listed.count > 0 && score >= evaluation->rules->threshold;
}

/* True if the row's names and listed_zones are the same set, whatever the zones are called in it. */
static bool same_lists(const struct evaluation *evaluation)
{
    for (size_t i = 0; i < evaluation->stored_count; i++)
        if (!evaluation->stored[i].stands)
            return false;
    return evaluation->added.count == 0;
}

static void judge(const struct evaluation *evaluation, struct decision *decision)
{
    bool row_listed = evaluation->stored_count > 0;
    bool at_most = reaches(evaluation, evaluation->score);
    bool at_least = reaches(evaluation, evaluation->score + evaluation->doubt);

    decision->score = evaluation->score;
    decision->transition = RECORD_TRANSITION_NONE;
    decision->listed = row_listed;
    if (!evaluation->definite || at_most != at_least || (evaluation->kept && !at_most))
        return;
    decision->listed = at_most;
    if (at_most && !row_listed)
        decision->transition = RECORD_TRANSITION_LISTED;
    else if (!at_most && row_listed)
        decision->transition = RECORD_TRANSITION_CLEARED;
    else if (at_most && !same_lists(evaluation))
        decision->transition = RECORD_TRANSITION_CHANGED;
}

static void note_new_listings(const struct evaluation *evaluation, struct decision *decision)
{
    if (!reaches(evaluation, evaluation->score))
        return;
    for (size_t i = 0; i < evaluation->rules->zones.count; i++) {
        if (!evaluation->opinions[i].positive || evaluation->opinions[i].stored)
            continue;
        decision->newly = memory_resize(decision->newly, decision->newly_count + 1, sizeof *decision->newly);
        decision->newly[decision->newly_count++] = i;
    }
}

/* --- the row's new values --- */

static json_t *integer_or_null(bool present, json_int_t number)
{
    return memory_check(present ? json_integer(number) : json_null());
}

static json_t *listing_update(const struct evaluation *evaluation, const char *lists, const char *event)
{
    const struct record_row *row = &evaluation->row;
    json_t *old = row->has_old_priority ? integer_or_null(true, row->old_priority)
                                        : integer_or_null(row->has_priority, row->priority);

    return json_pack("{s:I, s:o, s:s, s:s}", "priority", (json_int_t)evaluation->rules->listed_priority,
                     "old_priority", old, "blocking_lists", lists, "last_event", event);
}

static json_t *clearing_update(const struct evaluation *evaluation)
{
    const struct record_row *row = &evaluation->row;
    json_int_t priority =
        row->has_old_priority ? row->old_priority : (json_int_t)evaluation->rules->fallback_priority;

    return json_pack("{s:I, s:n, s:s, s:s}", "priority", priority, "old_priority", "blocking_lists", "", "last_event",
                     "block removed");
}

static json_t *row_update(const struct evaluation *evaluation, const struct decision *decision)
{
    bool listing = decision->transition == RECORD_TRANSITION_LISTED;
    char *lists, *shown, *event;
    json_t *update;

    if (decision->transition == RECORD_TRANSITION_NONE)
        return json_null();
    if (decision->transition == RECORD_TRANSITION_CLEARED)
        return memory_check(clearing_update(evaluation));
    lists = names_joined(&evaluation->listed);
    shown = record_join(decision->listed_zones, ",");
    event = memory_format("%s%s", listing ? "new block from list(s) " : "blocking list change: ", shown);
    update = listing ? listing_update(evaluation, lists, event)
                     : json_pack("{s:s, s:s}", "blocking_lists", lists, "last_event", event);
    free(lists);
    free(shown);
    free(event);
    return memory_check(update);
}

/* --- all together --- */

/* Without a transition there is nothing that the row gains or loses. */
static json_t *difference(const struct decision *decision, enum record_transition never, const struct names *names)
{
    static const struct names none;
    bool nothing = decision->transition == RECORD_TRANSITION_NONE || decision->transition == never;

    return names_shown(nothing ? &none : names);
}

static void conclude(const struct evaluation *evaluation, struct decision *decision)
{
    judge(evaluation, decision);
    note_new_listings(evaluation, decision);
    decision->listed_zones = names_shown(&evaluation->listed);
    decision->unknown_zones = names_shown(&evaluation->unknowns);
    decision->carried_zones = names_shown(&evaluation->carried);
    decision->watch_zones = names_shown(&evaluation->watched);
    decision->added_zones = difference(decision, RECORD_TRANSITION_CLEARED, &evaluation->added);
    decision->removed_zones = difference(decision, RECORD_TRANSITION_LISTED, &evaluation->removed);
    decision->update = row_update(evaluation, decision);
}

char *decision_make(const struct rules *rules, const json_t *object, const bool *disregarded,
                    struct decision *decision)
{
    struct evaluation evaluation = {.rules = rules};
    const char *text;
    struct ip ip;
    char *problem = record_ip(object, &ip, &text);

    *decision = (struct decision){0};
    evaluation.opinions = memory_new(rules->zones.count, sizeof *evaluation.opinions);
    if (!problem)
        problem = record_row(object, &evaluation.row);
    if (!problem)
        problem = take_results(&evaluation, object);
    if (!problem) {
        take_stored_names(&evaluation);
        match_stored_names(&evaluation);
        if (disregarded)
            disregard(&evaluation, disregarded);
        count_all(&evaluation);
        conclude(&evaluation, decision);
    }
    evaluation_free(&evaluation);
    return problem;
}

void decision_hold(struct decision *decision)
{
    decision->listed = true;
    decision->transition = RECORD_TRANSITION_HELD;
    json_decref(decision->update);
    decision->update = json_null();
}

json_t *decision_fields(struct decision *decision)
{
    json_t *fields = json_pack(
        "{s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "decision", decision->listed ? "LISTED" : "CLEAN",
        "transition", record_transition_names[decision->transition], "score", decision->score, "listed_zones",
        decision->listed_zones, "unknown_zones", decision->unknown_zones, "carried_zones", decision->carried_zones,
        "watch_zones", decision->watch_zones, "added_zones", decision->added_zones, "removed_zones",
        decision->removed_zones, "update", decision->update);

    decision->listed_zones = decision->unknown_zones = decision->carried_zones = NULL;
    decision->watch_zones = decision->added_zones = decision->removed_zones = decision->update = NULL;
    return memory_check(fields);
}

void decision_free(struct decision *decision)
{
    json_t *owned[] = {decision->listed_zones, decision->unknown_zones, decision->carried_zones,
                       decision->watch_zones,  decision->added_zones,   decision->removed_zones,
                       decision->update};

    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        json_decref(owned[i]);
    free(decision->newly);
    *decision = (struct decision){0};
}
