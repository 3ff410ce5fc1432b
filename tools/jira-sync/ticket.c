#include "ticket.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "jira.h"
#include "memory.h"
#include "page.h"
#include "text.h"

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

static bool has(const json_t *names, const char *name)
{
    size_t index;
    const json_t *item;

    json_array_foreach (names, index, item)
        if (!strcmp(json_string_value(item), name))
            return true;
    return false;
}

/* The names in one array that are not in the other, new. */
static json_t *without(const json_t *names, const json_t *others)
{
    json_t *left = memory_check(json_array());
    size_t index;
    json_t *name;

    json_array_foreach (names, index, name)
        if (!has(others, json_string_value(name)))
            json_array_append(left, name);
    return left;
}

bool ticket_names_same(const char *summary, const char *ip, const json_t *zones)
{
    char *wanted = summary_of(ip, zones);
    bool same = !strcmp(summary, wanted), more;

    if (!same) {
        json_t *named = ticket_named_zones(summary, &more);
        json_t *gone = without(named, zones), *added = without(zones, named);

        same = !more && json_array_size(gone) == 0 && json_array_size(added) == 0;
        json_decref(named);
        json_decref(gone);
        json_decref(added);
    }
    free(wanted);
    return same;
}

/* --- what stands in it --- */

static void write_names(struct page *page, const char *title, const json_t *names)
{
    size_t index;
    const json_t *name;

    fprintf(page->file, "%s", title);
    json_array_foreach (names, index, name) {
        if (!page_has_room(page, 4 * strlen(json_string_value(name)) + 32)) {
            fprintf(page->file, ", and %zu more", json_array_size(names) - index);
            break;
        }
        fputs(index ? ", " : "", page->file);
        page_foreign(page, json_string_value(name));
    }
    fputs(json_array_size(names) ? "\n" : "none\n", page->file);
}

static void write_result(struct page *page, const struct ticket *ticket, const struct record_result *result)
{
    char *answers = record_join(result->answers, ", ");

    page_foreign(page, result->zone);
    fputs(": ", page->file);
    if (result->status == RECORD_UNKNOWN)
        page_foreign(page, result->error ? result->error : "unknown");
    else
        page_foreign(page, *answers ? answers : record_status_names[result->status]);
    if (result->status == RECORD_UNKNOWN && has(ticket->decision.carried_zones, result->zone))
        fputs(" (listed it at the run before; that stands until it answers)", page->file);
    fputc('\n', page->file);
    if (result->reason) {
        fputs("    ", page->file);
        page_foreign(page, result->reason);
        fputc('\n', page->file);
    }
    free(answers);
}

static size_t size_of(const struct record_result *result)
{
    /* A control character becomes four bytes. */
    return 4 * (strlen(result->zone) + (result->reason ? strlen(result->reason) : 0) +
                (result->error ? strlen(result->error) : 0)) +
           256 + 40 * json_array_size(result->answers);
}

/* Zones of one status, or only those in names if it is not NULL; links from their reasons below. */
static void write_results(struct page *page, const struct ticket *ticket, enum record_status status,
                          const json_t *names)
{
    size_t left_out = 0, written = 0;

    fputs("{noformat}\n", page->file);
    for (size_t i = 0; i < ticket->results.count; i++) {
        const struct record_result *result = &ticket->results.items[i];

        if (result->status != status || (names && !has(names, result->zone)))
            continue;
        if (!page_has_room(page, 2 * size_of(result))) {
            left_out++;
            continue;
        }
        write_result(page, ticket, result);
        written++;
    }
    if (left_out > 0)
        fprintf(page->file, "and %zu more, for which there is no room here\n", left_out);
    else if (written == 0)
        fputs("none\n", page->file);
    fputs("{noformat}\n", page->file);
    for (size_t i = 0; i < ticket->results.count && status == RECORD_LISTED; i++) {
        const struct record_result *result = &ticket->results.items[i];

        if (result->status == status && result->reason && (!names || has(names, result->zone)) &&
            page_has_room(page, strlen(result->reason) + 64))
            page_links(page, result->reason);
    }
}

static bool is_count(const struct ticket *ticket, enum record_status status)
{
    for (size_t i = 0; i < ticket->results.count; i++)
        if (ticket->results.items[i].status == status)
            return true;
    return false;
}

/* In one block the names alone: nobody reads the details of what is well. */
static void write_not_listed(struct page *page, const struct ticket *ticket)
{
    json_t *names = memory_check(json_array());

    for (size_t i = 0; i < ticket->results.count; i++)
        if (ticket->results.items[i].status == RECORD_NOT_LISTED)
            json_array_append_new(names, json_string(ticket->results.items[i].zone));
    fputs("h3. Does not list it\n{noformat}\n", page->file);
    write_names(page, "", names);
    fputs("{noformat}\n", page->file);
    json_decref(names);
}

/* What it means that a change was lost, by transition. */
static const struct {
    const char *now, *meanwhile;
} losses[] = {
    [RECORD_TRANSITION_NONE] = {"its row is as it was", ""},
    [RECORD_TRANSITION_LISTED] = {"this address is not throttled, mail still leaves from it",
                                  "; until then, lower its priority by hand if it cannot wait"},
    [RECORD_TRANSITION_CLEARED] = {"this address is throttled still",
                                   "; until then, raise its priority by hand if it cannot wait"},
    [RECORD_TRANSITION_CHANGED] = {"its row names other lists than this ticket",
                                   "; the priority would have stayed as it is"},
    [RECORD_TRANSITION_HELD] = {"its row is as it was", ""},
};

/* What became of the priority in the database. */
static void write_priority(struct page *page, const struct ticket *ticket)
{
    const json_t *priority = json_object_get(ticket->decision.update, "priority");
    bool changed = ticket->db_outcome && !strcmp(ticket->db_outcome, "updated") && priority;

    if (ticket->db_outcome && !strcmp(ticket->db_outcome, "failed"))
        fprintf(page->file,
                "*The database did not take the change: %s.* The reason is in the log of pg-apply. The next run "
                "tries again%s.\n",
                losses[ticket->decision.transition].now, losses[ticket->decision.transition].meanwhile);
    else if (changed && ticket->row.has_priority && ticket->decision.listed)
        fprintf(page->file, "Its priority was lowered from %lld to %lld.\n", (long long)ticket->row.priority,
                (long long)json_integer_value(priority));
    else if (changed)
        fprintf(page->file, "Its priority was put back to %lld.\n", (long long)json_integer_value(priority));
    else if (ticket->row.has_priority && ticket->row.has_old_priority)
        fprintf(page->file, "Its priority is %lld; before the listing it was %lld.\n",
                (long long)ticket->row.priority, (long long)ticket->row.old_priority);
    else if (ticket->row.has_priority)
        fprintf(page->file, "Its priority is %lld.\n", (long long)ticket->row.priority);
}

static void write_origin(struct page *page, const struct ticket *ticket)
{
    if (ticket->results.probed_at) {
        fputs("Looked up ", page->file);
        page_foreign(page, ticket->results.probed_at);
        fputs(" (UTC). ", page->file);
    }
    if (ticket->run_id) {
        fputs("Run ", page->file);
        page_foreign(page, ticket->run_id);
        fputc('.', page->file);
    }
    fputc('\n', page->file);
}

static char *describe(const struct ticket *ticket)
{
    size_t count = json_array_size(ticket->decision.listed_zones);
    struct page page;

    page_open(&page);
    fprintf(page.file,
            "{{%s}} is listed by %zu blocklist%s. Wherever these are asked, mail from this address is refused.\n",
            ticket->ip, count, count == 1 ? "" : "s");
    write_priority(&page, ticket);
    fputs("\nh3. Lists it\n", page.file);
    write_results(&page, ticket, RECORD_LISTED, NULL);
    if (is_count(ticket, RECORD_UNKNOWN)) {
        fputs(
            "h3. Unknown in this run\nThese did not answer, or not so that it counts. It is neither a listing nor an "
            "all-clear.\n",
            page.file);
        write_results(&page, ticket, RECORD_UNKNOWN, NULL);
    }
    if (is_count(ticket, RECORD_NOT_LISTED))
        write_not_listed(&page, ticket);
    fputs("h3. What to do\n"
          "# Find out why: the reasons above, the links in them, and what was sent from this address before.\n"
          "# Stop the cause first. Who asks for removal too early is listed again, for longer.\n"
          "# Ask each list for removal on its own page.\n"
          "h3. What happens by itself\n"
          "* The address is looked up at every run. A comment here says when lists are added or go.\n"
          "* When it is listed no more, its former priority is put back, a comment says so, and this ticket gets the "
          "label " TICKET_CLEARED ". It is not closed: that is for people.\n"
          "* A ticket closed by hand stays closed for a while even if the listing goes on.\n"
          "* Mail already queued on this address keeps leaving from it, retries included: Postal picks an address "
          "once, when it queues a message.\n----\n",
          page.file);
    write_origin(&page, ticket);
    return page_close(&page);
}

static char *changed_comment(const struct ticket *ticket, const struct issue *issue, bool again)
{
    const json_t *now = ticket->zones;
    bool more;
    json_t *named = ticket_named_zones(issue->summary, &more);
    json_t *added = without(now, again || more ? NULL : named), *removed = without(named, now);
    json_t *unknown = without(now, ticket->decision.listed_zones);
    struct page page;

    page_open(&page);
    fprintf(page.file,
            again ? "{{%s}} is listed again.\n{noformat}\n" : "The lists of {{%s}} have changed.\n{noformat}\n",
            ticket->ip);
    if (!again && !more) {
        write_names(&page, "added:   ", added);
        write_names(&page, "removed: ", removed);
    }
    write_names(&page, "now:     ", now);
    if (json_array_size(unknown) > 0)
        write_names(&page, "unknown, so they stay: ", unknown);
    fputs("{noformat}\n", page.file);
    if (json_array_size(added) > 0)
        write_results(&page, ticket, RECORD_LISTED, added);
    write_priority(&page, ticket);
    write_origin(&page, ticket);
    json_decref(named);
    json_decref(added);
    json_decref(removed);
    json_decref(unknown);
    return page_close(&page);
}

/* Not "no longer listed" of an address that some list still lists, only not heavily enough. */
static char *cleared_comment(const struct ticket *ticket)
{
    struct page page;

    page_open(&page);
    if (json_array_size(ticket->decision.listed_zones) == 0) {
        fprintf(page.file, "{{%s}} is no longer listed.\n", ticket->ip);
    } else {
        fprintf(page.file, "{{%s}} is listed too little now to be throttled: its score is %lld. Still lists it:\n",
                ticket->ip, (long long)ticket->decision.score);
        write_results(&page, ticket, RECORD_LISTED, ticket->decision.listed_zones);
    }
    if (is_count(ticket, RECORD_UNKNOWN)) {
        fputs("Unknown in this run, but this ticket does not name them:\n", page.file);
        write_results(&page, ticket, RECORD_UNKNOWN, NULL);
    }
    write_priority(&page, ticket);
    fputs("Check that nothing is left to be done, and close this ticket. If the address is listed again while it is "
          "open, a comment here says so.\n",
          page.file);
    write_origin(&page, ticket);
    return page_close(&page);
}

/* --- as Jira takes it --- */

json_t *ticket_create(const struct ticket *ticket)
{
    char *summary = summary_of(ticket->ip, ticket->zones), *text = describe(ticket);
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
        return changed_comment(ticket, issue, action == PLAN_REOPEN);
    return action == PLAN_CLEAR ? cleared_comment(ticket) : NULL;
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
