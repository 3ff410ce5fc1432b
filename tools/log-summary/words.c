#include "words.h"

#include <stdlib.h>

#include "memory.h"

/* `PREFIX A,B` behind what there is, or nothing where the list is empty; takes text. */
static char *with_list(char *text, const char *prefix, const json_t *zones)
{
    char *names, *longer;

    if (json_array_size(zones) == 0)
        return text;
    names = record_join(zones, ",");
    longer = memory_format("%s%s%s%s", text, *text ? "; " : "", prefix, names);
    free(names);
    free(text);
    return longer;
}

/* Without a decision: the zones that list it by their answers. */
static char *answers_of(const struct address *address)
{
    json_t *zones = memory_check(json_array());
    char *text;

    for (size_t i = 0; i < address->results.count; i++)
        if (address->results.items[i].status == RECORD_LISTED)
            json_array_append_new(zones, json_string(address->results.items[i].zone));
    text = with_list(memory_string(""), "not decided; listed by ", zones);
    json_decref(zones);
    return text;
}

char *words_why(const struct address *address)
{
    const struct record_decision *decision = &address->decision;
    bool any = json_array_size(decision->listed_zones) > 0;
    char *text;

    if (!address->decided)
        return answers_of(address);
    if (decision->listed)
        text = with_list(memory_string(""), "listed by ", decision->listed_zones);
    else if (any)
        text = with_list(memory_string(""), "below the threshold; still listed by ", decision->listed_zones);
    else
        text = memory_string("not listed any more");
    if (decision->transition == RECORD_TRANSITION_CHANGED) {
        text = with_list(text, "new ", decision->added_zones);
        text = with_list(text, "gone ", decision->removed_zones);
    }
    return with_list(text, "stays though unknown ", decision->carried_zones);
}
