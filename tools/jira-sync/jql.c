#include "jql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

struct query {
    FILE *out;
    char *text;
    size_t length;
};

static void write_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (const char *at = text; *at; at++)
        fprintf(out, "%s%c", *at == '"' || *at == '\\' ? "\\" : "", *at);
    fputc('"', out);
}

static void write_list(FILE *out, const json_t *strings)
{
    size_t index;
    const json_t *item;

    fputc('(', out);
    json_array_foreach (strings, index, item) {
        fputs(index ? ", " : "", out);
        write_string(out, json_string_value(item));
    }
    fputc(')', out);
}

/* In text these need a backslash of their own: Atlassian, "Search syntax for text fields". */
static void write_phrase(FILE *out, const char *phrase)
{
    char *text = memory_new(2 * strlen(phrase) + 3, 1), *to = text;

    *to++ = '"';
    for (const char *at = phrase; *at; at++) {
        if (strchr("+-&|!(){}[]^~*?\\:\"", *at))
            *to++ = '\\';
        *to++ = *at;
    }
    *to = '"';
    write_string(out, text);
    free(text);
}

static void begin(struct query *query, const char *project, const json_t *labels)
{
    query->out = memory_stream(&query->text, &query->length);
    fputs("project = ", query->out);
    write_string(query->out, project);
    fputs(" AND (labels in ", query->out);
    write_list(query->out, labels);
}

static char *end(struct query *query)
{
    fputs(" ORDER BY key ASC", query->out);
    fclose(query->out);
    return query->text;
}

char *jql_open(const char *project, const json_t *labels, const json_t *closed_statuses, const char *today)
{
    struct query query;

    begin(&query, project, labels);
    fputs(" OR summary ~ \"blacklisted\")", query.out);
    if (json_array_size(closed_statuses) > 0) {
        fputs(" AND (status not in ", query.out);
        write_list(query.out, closed_statuses);
        if (today) {
            fputs(" OR (labels = ", query.out);
            write_string(query.out, today);
            fputs(" AND created >= \"-1d\")", query.out); /* a date by itself would be in the user's zone */
        }
        fputc(')', query.out);
    }
    return end(&query);
}

/* However the site cuts a text into words, it does so with a summary and with a phrase from it alike. */
char *jql_labels(const char *project, const json_t *labels, const json_t *phrases)
{
    struct query query;
    size_t index;
    const json_t *phrase;

    begin(&query, project, labels);
    json_array_foreach (phrases, index, phrase) {
        fputs(" OR summary ~ ", query.out);
        write_phrase(query.out, json_string_value(phrase));
    }
    fputc(')', query.out);
    return end(&query);
}
