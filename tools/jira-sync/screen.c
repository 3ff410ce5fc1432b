#include "screen.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "record.h"

static char *joined_or_null(json_t *names)
{
    char *joined = json_array_size(names) > 0 ? record_join(names, ", ") : NULL;

    json_decref(names);
    return joined;
}

void screen_add(json_t *screen, const json_t *fields)
{
    const json_t *field;
    size_t index;

    json_array_foreach (fields, index, field) {
        const char *id = json_string_value(json_object_get(field, "fieldId"));

        if (!id)
            id = json_string_value(json_object_get(field, "key"));
        if (id)
            json_object_set(screen, id, (json_t *)field);
    }
}

char *screen_lacks(const json_t *screen, const json_t *wanted)
{
    json_t *names = memory_check(json_array()), *item;
    const char *name;
    size_t index;

    json_array_foreach (wanted, index, item)
        if (!json_object_get(screen, json_string_value(item)))
            json_array_append(names, item);
    json_object_foreach ((json_t *)wanted, name, item)
        if (!json_object_get(screen, name))
            json_array_append_new(names, json_string(name));
    return joined_or_null(names);
}

/*
 * Whether somebody sees to it: we do to the first five, and Jira takes the user who asks for the reporter,
 * though Data Center calls that field required and without a default.
 */
static bool is_set(const char *id, const json_t *configured)
{
    static const char *const set[] = {"project", "issuetype", "summary", "description", "labels", "reporter"};

    for (size_t i = 0; i < sizeof set / sizeof *set; i++)
        if (!strcmp(id, set[i]))
            return true;
    return json_object_get(configured, id) != NULL;
}

char *screen_demands(const json_t *screen, const json_t *configured)
{
    json_t *names = memory_check(json_array()), *field;
    const char *id;

    json_object_foreach ((json_t *)screen, id, field) {
        const char *name = json_string_value(json_object_get(field, "name"));
        char *text;

        /* Without a word on a default it is not claimed that there is none. */
        if (is_set(id, configured) || !json_is_true(json_object_get(field, "required")) ||
            !json_is_false(json_object_get(field, "hasDefaultValue")))
            continue;
        text = memory_format("%s (%s)", name ? name : id, id);
        json_array_append_new(names, json_string(text));
        free(text);
    }
    return joined_or_null(names);
}
