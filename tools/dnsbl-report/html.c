#include "html.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "text.h"

void html_raw(struct ndjson_out *out, const char *markup)
{
    ndjson_write_line(out, markup, strlen(markup));
}

void html_format(struct ndjson_out *out, const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = memory_format_list(format, arguments);
    va_end(arguments);
    html_raw(out, text);
    free(text);
}

static const char *entity(char character)
{
    switch (character) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default: /* html_text() asks for none */
        return "";
    }
}

void html_text(struct ndjson_out *out, const char *text)
{
    while (text && *text) {
        size_t plain = strcspn(text, "&<>\"'");

        ndjson_write_line(out, text, plain);
        text += plain;
        if (*text)
            html_raw(out, entity(*text++));
    }
}

void html_number(struct ndjson_out *out, json_int_t number)
{
    char text[TEXT_COUNT_SIZE];

    if (number < 0) /* no count, but the records said so */
        html_format(out, "%lld", (long long)number);
    else
        html_raw(out, text_count((unsigned long long)number, text));
}

/* Jansson knows all of JSON's escapes but those that HTML wants, and what wants them stands in strings only. */
void html_json_string(struct ndjson_out *out, const char *text)
{
    json_t *string = memory_check(json_string(text));
    char *json = memory_check(json_dumps(string, JSON_ENCODE_ANY | JSON_ENSURE_ASCII));
    const char *at = json;

    while (*at) {
        size_t plain = strcspn(at, "&<>");

        ndjson_write_line(out, at, plain);
        at += plain;
        if (*at)
            html_format(out, "\\u%04x", (unsigned)(unsigned char)*at++);
    }
    json_decref(string);
    free(json);
}
