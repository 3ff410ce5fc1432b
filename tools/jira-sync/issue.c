#include "issue.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "memory.h"

struct issue *issue_new(const char *key, const char *id)
{
    struct issue *issue = memory_new(1, sizeof *issue);

    *issue =
        (struct issue){.key = memory_string(key), .id = id ? strtoll(id, NULL, 10) : 0, .open = true, .unread = true};
    issue->summary = memory_string("");
    issue->labels = memory_check(json_array());
    return issue;
}

void issue_free(struct issue *issue)
{
    if (!issue)
        return;
    free(issue->key);
    free(issue->summary);
    free(issue->description);
    json_decref(issue->labels);
    free(issue);
}

void issue_forget_description(struct issue *issue)
{
    if (!issue)
        return;
    free(issue->description);
    issue->description = NULL;
}

bool issue_is_key(const char *text)
{
    size_t project = text ? strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") : 0;
    size_t number = project > 0 && text[project] == '-' ? strspn(text + project + 1, "0123456789") : 0;

    return number > 0 && !text[project + 1 + number];
}

bool issue_has_label(const struct issue *issue, const char *label)
{
    size_t index;
    json_t *item;

    json_array_foreach (issue->labels, index, item)
        if (json_is_string(item) && !strcmp(json_string_value(item), label))
            return true;
    return false;
}

bool issue_names_hold(const json_t *names, const char *name)
{
    size_t index;
    json_t *item;

    json_array_foreach (names, index, item)
        if (!strcasecmp(json_string_value(item), name))
            return true;
    return false;
}

/* Jira's times: 2026-11-20T10:00:00.000+0200. 0: it is none. */
static time_t parse_time(const json_t *value)
{
    const char *text = json_string_value(value), *rest;
    struct tm local = {0}, zone = {0};

    if (!text || !(rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &local)))
        return 0;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (!strptime(rest, "%z", &zone))
        return 0;
    return timegm(&local) - zone.tm_gmtoff;
}

/* Not every workflow sets a resolution; then the last change of the status, or of anything, must do. */
static time_t closing_time(const json_t *fields)
{
    static const char *const sources[] = {"resolutiondate", "statuscategorychangedate", "updated"};
    time_t when = 0;

    for (size_t i = 0; when == 0 && i < sizeof sources / sizeof *sources; i++)
        when = parse_time(json_object_get(fields, sources[i]));
    return when;
}

struct issue *issue_parse(const json_t *object, const json_t *closed)
{
    const char *id, *key, *summary, *status;
    const json_t *fields = json_object_get(object, "fields"), *description;
    json_t *labels = json_object_get(fields, "labels");
    struct issue *issue;

    if (json_unpack((json_t *)object, "{s:s, s:s, s:{s:s, s:{s:s}}}", "id", &id, "key", &key, "fields", "summary",
                    &summary, "status", "name", &status) < 0 ||
        !issue_is_key(key)) /* it becomes a part of paths */
        return NULL;
    issue = issue_new(key, id);
    issue->unread = false;
    free(issue->summary);
    issue->summary = memory_string(summary);
    if (json_is_array(labels)) {
        json_decref(issue->labels);
        issue->labels = json_incref(labels);
    }
    description = json_object_get(fields, "description");
    if (description)
        issue->description = memory_string(json_is_string(description) ? json_string_value(description) : "");
    issue->open = !issue_names_hold(closed, status);
    issue->created = parse_time(json_object_get(fields, "created"));
    issue->closed = issue->open ? 0 : closing_time(fields);
    return issue;
}
