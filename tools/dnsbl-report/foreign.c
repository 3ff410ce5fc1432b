#include "foreign.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

char *foreign_text(const char *text)
{
    char *cut, *visible;

    if (!text)
        return NULL;
    cut = text_foreign(text, strlen(text));
    visible = text_visible(cut);
    free(cut);
    return visible;
}

char *foreign_member(const json_t *object, const char *key)
{
    return foreign_text(json_string_value(json_object_get(object, key)));
}
