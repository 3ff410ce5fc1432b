#include "names.h"

#include <string.h>

#include "memory.h"

bool names_hold(const json_t *names, const char *name)
{
    size_t index;
    const json_t *item;

    json_array_foreach (names, index, item)
        if (!strcmp(json_string_value(item), name))
            return true;
    return false;
}

json_t *names_without(const json_t *names, const json_t *others)
{
    json_t *left = memory_check(json_array());
    size_t index;
    json_t *name;

    json_array_foreach (names, index, name)
        if (!names_hold(others, json_string_value(name)))
            json_array_append(left, name);
    return left;
}

void names_add(json_t *names, json_t *name)
{
    size_t index, place = 0;
    const json_t *item;

    json_array_foreach (names, index, item) {
        int order = strcmp(json_string_value(item), json_string_value(name));

        if (order == 0)
            return;
        if (order < 0)
            place = index + 1;
    }
    json_array_insert(names, place, name);
}
