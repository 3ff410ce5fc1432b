#include "line.h"

#include <stdlib.h>

#include "clock.h"
#include "memory.h"
#include "text.h"

static char *current_run;

void line_run(const char *run_id)
{
    free(current_run);
    current_run = run_id ? text_visible(run_id) : NULL;
}

json_t *line_new(enum report_level level, const char *type)
{
    static const char *const level_names[] = {"INFO", "WARNING", "ERROR"};
    char now[CLOCK_TEXT_SIZE];

    return memory_check(json_pack("{s:s, s:s?, s:s, s:s}", "timestamp", clock_text(now), "job_run_id", current_run,
                                  "level", level_names[level], "type", type));
}

json_t *line_visible_text(const char *text)
{
    char *visible;
    json_t *string;

    if (!text)
        return json_null();
    visible = text_visible(text);
    string = memory_check(json_string(visible));
    free(visible);
    return string;
}

json_t *line_visible(const json_t *value)
{
    json_t *array, *item;
    size_t index;

    if (!json_is_array(value))
        return line_visible_text(json_string_value(value));
    array = memory_check(json_array());
    json_array_foreach (value, index, item)
        json_array_append_new(array, line_visible_text(json_string_value(item)));
    return array;
}
