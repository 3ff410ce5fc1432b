#include "ticket.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "jira.h"
#include "memory.h"
#include "names.h"
#include "text.h"
#include "ticket_text.h"

#define IP_LABEL "dnsbl-ip-"
#define MIDDLE " blacklisted by "

/* --- whose ticket it is --- */

char *ticket_label(const char *ip)
{
    char *label = memory_format(IP_LABEL "%s", ip);

    for (char *at = label + strlen(IP_LABEL); *at; at++)
        *at = *at == ':' ? '-' : (char)tolower((unsigned char)*at);
    return label;
}

char *ticket_phrase(const char *ip)
{
    char *phrase = memory_format("IP %s" MIDDLE, ip);

    phrase[strlen(phrase) - 1] = '\0';
    return phrase;
}

/* The label of the address in an exact summary, new; *zones: what follows. NULL: it is another summary. */
static char *owner_by_summary(const char *summary, const char **zones)
{
    const char *middle = strstr(summary, MIDDLE);
    char text[IP_TEXT_SIZE] = "";
    struct ip ip;

    if (strncmp(summary, "IP ", 3) != 0 || !middle || middle <= summary + 3 ||
        (size_t)(middle - summary - 3) >= sizeof text)
        return NULL;
    memcpy(text, summary + 3, (size_t)(middle - summary - 3));
    if (strchr(text, ' ') || !ip_parse(text, &ip))
        return NULL;
    *zones = middle + strlen(MIDDLE);
    return ticket_label(ip_format(&ip, text));
}

char *ticket_owner(const struct issue *issue)
{
    const char *zones, *first = NULL;
    char *by_summary = owner_by_summary(issue->summary, &zones);
    size_t index;
    json_t *label;

    json_array_foreach (issue->labels, index, label) {
        const char *text = json_string_value(label);

        if (!text || strncmp(text, IP_LABEL, strlen(IP_LABEL)) != 0)
            continue;
        if (by_summary && !strcmp(text, by_summary))
            return by_summary; /* a ticket of several addresses has one owner, the one in its summary */
        if (!first)
            first = text;
    }
    if (!first)
        return by_summary;
    free(by_summary);
    return memory_string(first);
}

/* --- the summary --- */

char *ticket_line(const char *start, const json_t *names)
{
    size_t count = json_array_size(names), index;
    char *line = memory_string(start);
    const json_t *name;

    json_array_foreach (names, index, name) {
        char *visible = text_visible(json_string_value(name));
        char *longer = memory_format("%s%s%s", line, index ? ", " : "", visible);
        char more[32];
        size_t left = count - index - 1;

        free(visible);
        snprintf(more, sizeof more, ", +%zu more", left);
        if (strlen(longer) + (left ? strlen(more) : 0) > JIRA_SUMMARY_MAX) {
            free(longer);
            longer = memory_format("%s%s+%zu more", line, index ? ", " : "", left + 1);
            free(line);
            return longer;
        }
        free(line);
        line = longer;
    }
    return line;
}

static char *summary_of(const char *ip, const json_t *zones)
{
    char *start = memory_format("IP %s" MIDDLE, ip);
    char *summary = ticket_line(start, zones);

    free(start);
    return summary;
}

json_t *ticket_named_zones(const char *summary, bool *more)
{
    json_t *names = memory_check(json_array());
    const char *at = NULL;
    char *owner = owner_by_summary(summary, &at);

    *more = false;
    free(owner);
    while (at && *at) {
        size_t length, name;

        at += strspn(at, ", ");
        name = length = strcspn(at, ",");
        while (name > 0 && at[name - 1] == ' ')
            name--;
        if (*at == '+')
            *more = true;
        else if (name > 0)
            json_array_append_new(names, json_stringn(at, name));
        at += length;
    }
    return names;
}

bool ticket_names_same(const char *summary, const char *ip, const json_t *zones)
{
    char *wanted = summary_of(ip, zones);
    bool same = !strcmp(summary, wanted), more;

    if (!same) {
        json_t *named = ticket_named_zones(summary, &more);
        json_t *gone = names_without(named, zones), *added = names_without(zones, named);

        same = !more && json_array_size(gone) == 0 && json_array_size(added) == 0;
        json_decref(named);
        json_decref(gone);
        json_decref(added);
    }
    free(wanted);
    return same;
}

/* --- as Jira takes it --- */

json_t *ticket_create(const struct ticket *ticket)
{
    char *summary = summary_of(ticket->ip, ticket->zones), *text = ticket_description(ticket);
    char *label = ticket_label(ticket->ip);
    json_t *fields =
        json_pack("{s:s, s:s, s:[s,s]}", "summary", summary, "description", text, "labels", TICKET_LABEL, label);

    free(summary);
    free(text);
    free(label);
    return memory_check(fields);
}

static void add_label_change(json_t *changes, const char *operation, const char *label)
{
    json_array_append_new(changes, json_pack("{s:s}", operation, label));
}

/* Which labels an edit changes; our own are put back by every edit. */
static json_t *label_changes(const struct ticket *ticket, const struct issue *issue, enum plan_action action)
{
    json_t *changes = memory_check(json_array());
    char *label = ticket_label(ticket->ip);

    if (!issue_has_label(issue, TICKET_LABEL))
        add_label_change(changes, "add", TICKET_LABEL);
    if (!issue_has_label(issue, label))
        add_label_change(changes, "add", label);
    if (action == PLAN_REOPEN)
        add_label_change(changes, "remove", TICKET_CLEARED);
    if (action == PLAN_CLEAR || action == PLAN_MARK)
        add_label_change(changes, "add", TICKET_CLEARED);
    free(label);
    return changes;
}

static char *comment_of(const struct ticket *ticket, const struct issue *issue, enum plan_action action)
{
    if (action == PLAN_CHANGE || action == PLAN_REOPEN)
        return ticket_changed_comment(ticket, issue, action == PLAN_REOPEN);
    return action == PLAN_CLEAR ? ticket_cleared_comment(ticket, issue) : NULL;
}

json_t *ticket_edit(const struct ticket *ticket, const struct issue *issue, enum plan_action action)
{
    char *comment = comment_of(ticket, issue, action);
    json_t *labels = label_changes(ticket, issue, action);
    json_t *update = memory_check(json_object()), *body = memory_check(json_object());

    if (comment)
        json_object_set_new(update, "comment", json_pack("[{s:{s:s}}]", "add", "body", comment));
    if (json_array_size(labels) > 0)
        json_object_set(update, "labels", labels);
    if (json_object_size(update) > 0)
        json_object_set(body, "update", update);
    if (action == PLAN_CHANGE || action == PLAN_REOPEN) {
        char *summary = summary_of(ticket->ip, ticket->zones);

        json_object_set_new(body, "fields", json_pack("{s:s}", "summary", summary));
        free(summary);
    }
    json_decref(update);
    json_decref(labels);
    free(comment);
    return body;
}
