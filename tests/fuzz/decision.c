/*
 * The rules of dnsbl-decide, on records made of the input's bytes, which are choices here: rules, the row, and for
 * each zone what it answers. Doubt never acts: a decision that changes the row stands whatever those zones would have
 * said that said nothing. A second run has nothing to do.
 */
#include "../../tools/dnsbl-decide/decision.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "fuzz.h"

static const char list[] = "a.test B:b.test=127.0.0.[2..4]*2 WATCH:w.test*0 ALLOW:l.test*-2 FEW:l.test=127.0.0.3*-1 "
                           "MIXED:m.test=127.0.0.2*3 MIXED:m.test=127.0.0.3*-4 C:c.test*1";
static const char *const answers[] = {"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.10"};
static const char *const stored[] = {"a.test", "A.TEST", "B", "b.test", "WATCH",        "ALLOW",
                                     "MIXED",  "m.test", "C", "gone",   "GONE.example", "x.dq.spamhaus.net"};

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ZONES_MOST 8

enum says { NOTHING, NOT_LISTED, LISTED, UNKNOWN };

/* One address as it may be found. */
struct scene {
    enum says says[ZONES_MOST];
    unsigned answers[ZONES_MOST]; /* of LISTED: bits of answers */
    unsigned row;                 /* bits of stored */
    bool has_priority, has_old_priority, reversed;
};

static struct rules rules;

static void load_rules(void)
{
    if (rules.zones.count > 0)
        return;
    fuzz_set("DNSBL_ZONES", list);
    zones_load(&rules.zones);
    HOLDS(config_finish() == 0 && rules.zones.count <= ZONES_MOST);
    rules.listed_priority = 0;
    rules.fallback_priority = 50;
}

static struct scene scene_of(const uint8_t *data, size_t size)
{
    uint8_t bytes[4 + 2 * ZONES_MOST] = {0};
    struct scene scene;

    memcpy(bytes, data, size < sizeof bytes ? size : sizeof bytes);
    rules.threshold = 1 + bytes[0] % 4;
    scene = (struct scene){.row = (bytes[2] & 15U) << 8 | bytes[1],
                           .has_priority = bytes[3] & 1,
                           .has_old_priority = bytes[3] & 2,
                           .reversed = bytes[3] & 4};
    for (size_t i = 0; i < ZONES_MOST; i++) {
        scene.says[i] = bytes[4 + 2 * i] & 3;
        scene.answers[i] = bytes[5 + 2 * i] & 15;
    }
    return scene;
}

static json_t *result_of(const struct scene *scene, size_t zone)
{
    static const char *const statuses[] = {[NOT_LISTED] = "NOT_LISTED", [LISTED] = "LISTED", [UNKNOWN] = "UNKNOWN"};
    json_t *given = json_array();

    for (size_t i = 0; scene->says[zone] == LISTED && i < COUNT(answers); i++)
        if (scene->answers[zone] >> i & 1)
            json_array_append_new(given, json_string(answers[i]));
    return json_pack("{s:s, s:s, s:o}", "zone", rules.zones.items[zone].name, "status", statuses[scene->says[zone]],
                     "answers", given);
}

static json_t *record_of(const struct scene *scene)
{
    json_t *results = json_array(), *names = json_array(), *record;
    char *lists;

    for (size_t i = 0; i < COUNT(stored); i++)
        if (scene->row >> i & 1)
            json_array_append_new(names, json_string(stored[i]));
    for (size_t i = 0; i < rules.zones.count; i++) {
        if (scene->says[i] != NOTHING)
            json_array_insert_new(results, scene->reversed ? 0 : json_array_size(results), result_of(scene, i));
    }
    lists = record_join(names, ", ");
    record = json_pack("{s:s, s:s, s:i, s:s, s:s, s:o}", "type", "ip", "ip", "192.0.2.1", "id", 7, "ip_text",
                       "192.0.2.1", "blocking_lists", lists, "results", results);
    json_object_set_new(record, "priority", scene->has_priority ? json_integer(80) : json_null());
    json_object_set_new(record, "old_priority", scene->has_old_priority ? json_integer(90) : json_null());
    json_decref(names);
    free(lists);
    return record;
}

static struct decision decide(const json_t *record)
{
    struct decision decision;

    HOLDS(decision_make(&rules, record, NULL, &decision) == NULL);
    return decision;
}

static struct decision decide_scene(const struct scene *scene)
{
    json_t *record = record_of(scene);
    struct decision decision = decide(record);

    json_decref(record);
    return decision;
}

/* --- what a decision says --- */

static bool holds(const json_t *names, const char *name)
{
    size_t index;
    json_t *item;

    json_array_foreach (names, index, item)
        if (!strcmp(json_string_value(item), name))
            return true;
    return false;
}

static void check_names(const json_t *names, const json_t *of)
{
    const char *before = NULL;
    size_t index;
    json_t *item;

    json_array_foreach (names, index, item) {
        HOLDS(!before || strcmp(before, json_string_value(item)) < 0);
        HOLDS(!of || holds(of, json_string_value(item)));
        before = json_string_value(item);
    }
}

static void check_lists(const struct decision *decision)
{
    size_t index;
    json_t *item;

    check_names(decision->listed_zones, NULL);
    check_names(decision->unknown_zones, NULL);
    check_names(decision->carried_zones, decision->listed_zones);
    check_names(decision->added_zones, decision->listed_zones);
    check_names(decision->removed_zones, NULL);
    check_names(decision->watch_zones, NULL);
    json_array_foreach (decision->removed_zones, index, item)
        HOLDS(decision->transition != RECORD_TRANSITION_LISTED);
    /* A zone that has become one to watch may stand in the row, and is carried there until all have answered. */
    json_array_foreach (decision->watch_zones, index, item)
        HOLDS(!holds(decision->listed_zones, json_string_value(item)) ||
              holds(decision->carried_zones, json_string_value(item)));
}

static void check_update(const struct scene *scene, const struct decision *decision)
{
    const json_t *lists = json_object_get(decision->update, "blocking_lists");
    const json_t *old = json_object_get(decision->update, "old_priority");

    HOLDS(json_is_null(decision->update) == (decision->transition == RECORD_TRANSITION_NONE));
    HOLDS(decision->transition != RECORD_TRANSITION_HELD);
    switch (decision->transition) {
    case RECORD_TRANSITION_LISTED: /* a positive zone lists it now: nothing was stored that could be carried */
        HOLDS(decision->listed && scene->row == 0 && json_array_size(decision->carried_zones) == 0);
        HOLDS(json_array_size(decision->listed_zones) > 0 && json_string_length(lists) > 0);
        HOLDS(json_integer_value(json_object_get(decision->update, "priority")) == 0);
        HOLDS(json_integer_value(old) == (scene->has_old_priority ? 90 : scene->has_priority ? 80 : 0));
        break;
    case RECORD_TRANSITION_CLEARED:
        HOLDS(!decision->listed && scene->row != 0 && json_string_length(lists) == 0 && json_is_null(old));
        HOLDS(json_integer_value(json_object_get(decision->update, "priority")) ==
              (scene->has_old_priority ? 90 : 50));
        break;
    case RECORD_TRANSITION_CHANGED:
        HOLDS(decision->listed && scene->row != 0 && json_string_length(lists) > 0 && !old);
        break;
    case RECORD_TRANSITION_NONE:
    case RECORD_TRANSITION_HELD: /* not here, as was seen above */
        HOLDS(decision->listed == (scene->row != 0));
        break;
    }
}

/* --- doubt --- */

/* The same where those that said nothing speak against the decision: say for a blocklist, against for an allowlist.
 */
static struct scene spoken(const struct scene *scene, enum says blocklists, enum says allowlists)
{
    struct scene other = *scene;

    for (size_t i = 0; i < rules.zones.count; i++) {
        const struct zone *zone = &rules.zones.items[i];
        bool in_doubt = scene->says[i] == UNKNOWN, mixed = zone->positive > 0 && zone->negative < 0;

        if (in_doubt && !mixed && zone->positive > 0)
            other.says[i] = blocklists;
        else if (in_doubt && !mixed && zone->negative < 0)
            other.says[i] = allowlists;
        if (in_doubt)
            other.answers[i] = 2; /* matches every filter but MIXED's, whose listing takes away */
    }
    return other;
}

static bool is_stored(const struct scene *scene, const struct zone *zone)
{
    for (size_t i = 0; i < COUNT(stored); i++)
        if (scene->row >> i & 1 && zone_is_called(&rules.zones, zone, stored[i]))
            return true;
    return false;
}

/* What was carried stands as if the zone had listed it. */
static struct scene carried(const struct scene *scene)
{
    struct scene other = spoken(scene, NOT_LISTED, NOT_LISTED);

    for (size_t i = 0; i < rules.zones.count; i++)
        if (scene->says[i] == UNKNOWN && rules.zones.items[i].positive > 0 && is_stored(scene, &rules.zones.items[i]))
            other.says[i] = rules.zones.items[i].negative < 0 ? UNKNOWN : LISTED;
    return other;
}

static void check_doubt(const struct scene *scene, const struct decision *decision)
{
    struct scene against =
        decision->transition == RECORD_TRANSITION_LISTED ? spoken(scene, NOT_LISTED, LISTED) : carried(scene);
    struct decision then;
    bool definite = false;

    for (size_t i = 0; i < rules.zones.count; i++)
        definite = definite ||
                   (rules.zones.items[i].positive > 0 && (scene->says[i] == NOT_LISTED || scene->says[i] == LISTED));
    if (!definite)
        HOLDS(decision->transition == RECORD_TRANSITION_NONE);
    if (decision->transition != RECORD_TRANSITION_LISTED && decision->transition != RECORD_TRANSITION_CLEARED)
        return;
    then = decide_scene(&against);
    HOLDS(then.listed == decision->listed);
    decision_free(&then);
}

/* --- the next run --- */

static void check_next_run(const struct scene *scene, const struct decision *decision)
{
    json_t *record = record_of(scene);
    struct decision next;

    if (json_is_object(decision->update))
        json_object_update(record, decision->update);
    next = decide(record);
    HOLDS(next.transition == RECORD_TRANSITION_NONE && next.listed == decision->listed);
    decision_free(&next);
    json_decref(record);
}

static void check_order(const struct scene *scene, struct decision *decision)
{
    struct scene other = *scene;
    struct decision again;
    json_t *one, *two;

    other.reversed = !scene->reversed;
    again = decide_scene(&other);
    one = decision_fields(decision);
    two = decision_fields(&again);
    HOLDS(json_equal(one, two));
    json_decref(one);
    json_decref(two);
    decision_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scene scene;
    struct decision decision;

    load_rules();
    scene = scene_of(data, size);
    fuzz_begin("", 0, 1);
    decision = decide_scene(&scene);
    check_lists(&decision);
    check_update(&scene, &decision);
    check_doubt(&scene, &decision);
    check_next_run(&scene, &decision);
    check_order(&scene, &decision);
    decision_free(&decision);
    fuzz_end();
    return 0;
}
