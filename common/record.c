#include "record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

const char *const record_status_names[] = {"LISTED", "NOT_LISTED", "UNKNOWN"};
const char *const record_transition_names[] = {"none", "listed", "cleared", "changed", "held"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

int record_index(const char *const *names, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(names[i], text))
            return (int)i;
    return -1;
}

bool record_is_count(json_int_t number)
{
    return number >= 0 && number <= RECORD_COUNT_MAX;
}

char *record_join(const json_t *strings, const char *separator)
{
    size_t length, index;
    char *text;
    json_t *item;
    FILE *out = memory_stream(&text, &length);

    json_array_foreach (strings, index, item)
        fprintf(out, "%s%s", index ? separator : "", json_string_value(item));
    fclose(out);
    return text;
}

/* json_unpack_ex(3) does not change its object, though its type does not say so. */
#define UNPACK(object, error, ...) json_unpack_ex((json_t *)(object), error, 0, __VA_ARGS__)

char *record_ip(const json_t *object, struct ip *ip, const char **text)
{
    json_error_t error;

    if (UNPACK(object, &error, "{s:s}", "ip", text) < 0)
        return memory_format("member \"ip\": %s", error.text);
    if (!ip_parse(*text, ip))
        return memory_format("\"%s\" is not an IP address", *text);
    return NULL;
}

/* A member that may be an integer, null or missing. */
static bool take_integer(const json_t *object, const char *key, json_int_t *number, bool *present)
{
    const json_t *value = json_object_get(object, key);

    *present = json_is_integer(value);
    *number = json_integer_value(value);
    return !value || json_is_null(value) || *present;
}

/* A member that may be a string, null or missing. */
static bool take_string(const json_t *object, const char *key, const char **text, const char *otherwise)
{
    const json_t *value = json_object_get(object, key);

    *text = json_is_string(value) ? json_string_value(value) : otherwise;
    return !value || json_is_null(value) || json_is_string(value);
}

char *record_row(const json_t *object, struct record_row *row)
{
    *row = (struct record_row){.blocking_lists = "", .last_event = ""};
    if (!take_integer(object, "id", &row->id, &row->present))
        return memory_string("member \"id\" is not an integer");
    if (!take_string(object, "ip_text", &row->ip_text, NULL))
        return memory_string("member \"ip_text\" is not a string");
    if (row->present != (row->ip_text != NULL))
        return memory_string("a row needs both \"id\" and \"ip_text\"");
    if (!take_integer(object, "priority", &row->priority, &row->has_priority) ||
        !take_integer(object, "old_priority", &row->old_priority, &row->has_old_priority))
        return memory_string("\"priority\" and \"old_priority\" are integers or null");
    if (!take_string(object, "blocking_lists", &row->blocking_lists, "") ||
        !take_string(object, "last_event", &row->last_event, ""))
        return memory_string("\"blocking_lists\" and \"last_event\" are strings or null");
    return NULL;
}

static bool all_strings(const json_t *array)
{
    size_t index;
    json_t *item;

    if (!json_is_array(array))
        return false;
    json_array_foreach (array, index, item)
        if (!json_is_string(item))
            return false;
    return true;
}

static char *take_result(const json_t *object, struct record_result *result)
{
    static json_t *no_answers;
    const char *status;
    json_error_t error;
    int index;

    if (!no_answers)
        no_answers = memory_check(json_array());
    *result = (struct record_result){.answers = no_answers};
    if (UNPACK(object, &error, "{s:s, s:s, s?o, s?F}", "zone", &result->zone, "status", &status, "answers",
               &result->answers, "duration_ms", &result->duration_ms) < 0)
        return memory_format("a result: %s", error.text);
    index = record_index(record_status_names, COUNT(record_status_names), status);
    if (index < 0)
        return memory_format("a result has the status \"%s\"", status);
    result->status = (enum record_status)index;
    if (!all_strings(result->answers))
        return memory_string("the \"answers\" of a result are not an array of strings");
    if (!take_string(object, "reason", &result->reason, NULL) || !take_string(object, "error", &result->error, NULL))
        return memory_string("\"reason\" and \"error\" of a result are strings or null");
    return NULL;
}

char *record_results(const json_t *object, struct record_results *results)
{
    const json_t *array = json_object_get(object, "results");
    char *problem = NULL;

    *results = (struct record_results){0};
    if (!json_is_array(array))
        return memory_string("no \"results\" that is an array; this record has not passed dnsbl-probe");
    if (!take_string(object, "probed_at", &results->probed_at, NULL))
        return memory_string("\"probed_at\" is not a string");
    results->count = json_array_size(array);
    if (results->count > 0)
        results->items = memory_new(results->count, sizeof *results->items);
    for (size_t i = 0; !problem && i < results->count; i++)
        problem = take_result(json_array_get(array, i), &results->items[i]);
    if (problem) {
        free(results->items);
        *results = (struct record_results){0};
    }
    return problem;
}

char *record_decision(const json_t *object, struct record_decision *decision)
{
    const char *verdict, *transition;
    json_error_t error;
    int index;

    *decision = (struct record_decision){0};
    if (UNPACK(object, &error, "{s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "decision", &verdict,
               "transition", &transition, "score", &decision->score, "listed_zones", &decision->listed_zones,
               "unknown_zones", &decision->unknown_zones, "carried_zones", &decision->carried_zones, "watch_zones",
               &decision->watch_zones, "added_zones", &decision->added_zones, "removed_zones",
               &decision->removed_zones, "update", &decision->update) < 0)
        return memory_format("no decision that can be used: %s", error.text);
    decision->listed = !strcmp(verdict, "LISTED");
    if (!decision->listed && strcmp(verdict, "CLEAN") != 0)
        return memory_format("the decision \"%s\" is neither LISTED nor CLEAN", verdict);
    index = record_index(record_transition_names, COUNT(record_transition_names), transition);
    if (index < 0)
        return memory_format("the transition \"%s\" is not known", transition);
    decision->transition = (enum record_transition)index;
    if (!all_strings(decision->listed_zones) || !all_strings(decision->unknown_zones) ||
        !all_strings(decision->carried_zones) || !all_strings(decision->watch_zones) ||
        !all_strings(decision->added_zones) || !all_strings(decision->removed_zones))
        return memory_string("the lists of zones are arrays of strings");
    if (!json_is_null(decision->update) && !json_is_object(decision->update))
        return memory_string("\"update\" is an object or null");
    return NULL;
}
