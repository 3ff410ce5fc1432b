#include "surge.h"

#include <stdlib.h>

#include "config.h"
#include "memory.h"
#include "report.h"

struct surge_line {
    char *text; /* without newline; parsed again when it is released, for objects take many times the room */
    size_t length;
};

void surge_load(struct surge *surge, const struct rules *rules)
{
    *surge = (struct surge){.rules = rules,
                            .limit_percent = config_number("SURGE_LIMIT_PERCENT", 0, 0, 100),
                            .released = zones_choose(&rules->zones, "SURGE_RELEASE")};
    surge->newly = memory_new(rules->zones.count, sizeof *surge->newly);
}

void surge_free(struct surge *surge)
{
    free(surge->released);
    free(surge->newly);
    free(surge->held);
}

bool surge_count(struct surge *surge, const struct decision *decision)
{
    surge->total++;
    for (size_t i = 0; i < decision->newly_count; i++)
        surge->newly[decision->newly[i]]++;
    return surge->running && surge->limit_percent > 0 && decision->transition == RECORD_TRANSITION_LISTED;
}

void surge_keep(struct surge *surge, const struct ndjson_record *record)
{
    if (surge->held_count == surge->held_room) {
        surge->held_room = surge->held_room ? surge->held_room * 2 : 64;
        surge->held = memory_resize(surge->held, surge->held_room, sizeof *surge->held);
    }
    surge->held[surge->held_count++] =
        (struct surge_line){memory_bytes(record->text, record->length), record->length};
}

/* A captured record may carry a surge from when it was captured: that must not stand any longer. */
static void set_surge(json_t *fields, const json_t *object, const char *key, json_t *surge)
{
    if (json_array_size(surge) > 0 || json_object_get(object, key))
        json_object_set_new(fields, key, surge ? surge : json_array());
    else
        json_decref(surge);
}

void surge_write(struct ndjson_out *out, const struct ndjson_record *record, struct decision *decision,
                 json_t *surge_zones)
{
    json_t *fields = decision_fields(decision);

    set_surge(fields, record->object, "surge_zones", surge_zones);
    ndjson_write_with(out, record, fields);
}

/* The zones that newly list the address and are surging, new. */
static json_t *surging_zones_of(const struct rules *rules, const struct decision *decision, const bool *surging)
{
    json_t *names = memory_check(json_array());

    for (size_t i = 0; surging && i < decision->newly_count; i++)
        if (surging[decision->newly[i]])
            json_array_append_new(names, json_string(rules->zones.items[decision->newly[i]].name));
    return names;
}

/*
 * Decides a record once more, now without the new listings of surging zones; if it
 * is not LISTED without them, it is held. surging NULL: the stream had no end, so
 * nobody knows, and it is held.
 */
static void release(const struct rules *rules, const bool *surging, struct surge_line *line, struct ndjson_out *out)
{
    struct ndjson_record record = {.text = line->text, .length = line->length};
    struct decision first, again = {0};
    json_t *surge_zones;

    record.object = memory_check(json_loadb(line->text, line->length, 0, NULL));
    free(decision_make(rules, record.object, NULL, &first)); /* it was good when it came, so it is now */
    surge_zones = surging_zones_of(rules, &first, surging);
    if (surging)
        free(decision_make(rules, record.object, surging, &again));
    if (again.transition == RECORD_TRANSITION_LISTED) {
        surge_write(out, &record, &again, surge_zones);
    } else {
        decision_hold(&first);
        surge_write(out, &record, &first, surge_zones);
    }
    decision_free(&first);
    decision_free(&again);
    json_decref(record.object);
    free(line->text);
}

static void release_all(struct surge *surge, const bool *surging, struct ndjson_out *out)
{
    for (size_t i = 0; i < surge->held_count; i++)
        release(surge->rules, surging, &surge->held[i], out);
    surge->held_count = 0;
}

static bool is_surging(const struct surge *surge, size_t zone)
{
    return surge->running && surge->limit_percent > 0 && !surge->released[zone] &&
           surge->newly[zone] > SURGE_ALWAYS_ALLOWED &&
           surge->newly[zone] * 100 > (unsigned long)surge->limit_percent * surge->total;
}

/* Says what was held and how a person lets it through; returns the item for the `end` record, new. */
static json_t *describe(const struct surge *surge, size_t zone)
{
    const char *name = surge->rules->zones.items[zone].name;
    json_t *item =
        memory_check(json_pack("{s:s, s:I, s:I, s:I}", "zone", name, "newly_listed", (json_int_t)surge->newly[zone],
                               "total", (json_int_t)surge->total, "limit_percent", (json_int_t)surge->limit_percent));

    report_with(
        REPORT_WARNING, "surge", json_deep_copy(item),
        "%s newly lists %lu of %lu addresses, more than %ld %%: its new listings do not count in this run, and "
        "addresses that nothing else lists are held. If they are real, set SURGE_RELEASE=%s",
        name, surge->newly[zone], surge->total, surge->limit_percent, name);
    return item;
}

json_t *surge_finish(struct surge *surge, struct ndjson_out *out)
{
    size_t zones = surge->rules->zones.count;
    bool *surging = memory_new(zones, sizeof *surging);
    json_t *summary = memory_check(json_array());

    for (size_t i = 0; i < zones; i++) {
        surging[i] = is_surging(surge, i);
        if (surging[i])
            json_array_append_new(summary, describe(surge, i));
    }
    release_all(surge, surging, out);
    free(surging);
    return summary;
}

void surge_give_up(struct surge *surge, struct ndjson_out *out)
{
    if (surge->held_count > 0)
        report(REPORT_WARNING, "surge",
               "the stream has no end, so it is not known whether a zone is surging: "
               "%zu addresses about to become listed are held until the next run",
               surge->held_count);
    release_all(surge, NULL, out);
}
