#include "ticket_text.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "names.h"
#include "page.h"

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
    if (result->status == RECORD_UNKNOWN && names_hold(ticket->decision.carried_zones, result->zone))
        fputs(" (listed it at the run before; that stands until it answers)", page->file);
    if (result->status == RECORD_NOT_LISTED)
        fputs(" (not an answer that counts as a listing)", page->file);
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

        if (result->status != status || (names && !names_hold(names, result->zone)))
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

        if (result->status == status && result->reason && (!names || names_hold(names, result->zone)) &&
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

/* In one block the names alone: nobody reads the details of what is well. But an answer that does not count is news.
 */
static void write_not_listed(struct page *page, const struct ticket *ticket)
{
    json_t *names = memory_check(json_array());

    fputs("h3. Does not list it\n{noformat}\n", page->file);
    for (size_t i = 0; i < ticket->results.count; i++) {
        const struct record_result *result = &ticket->results.items[i];

        if (result->status != RECORD_NOT_LISTED)
            continue;
        if (json_array_size(result->answers) > 0 && page_has_room(page, 2 * size_of(result)))
            write_result(page, ticket, result);
        else
            json_array_append_new(names, json_string(result->zone));
    }
    if (json_array_size(names) > 0)
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

char *ticket_description(const struct ticket *ticket)
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

char *ticket_changed_comment(const struct ticket *ticket, const struct issue *issue, bool again)
{
    const json_t *now = ticket->zones;
    bool more;
    json_t *named = ticket_named_zones(issue->summary, &more);
    json_t *added = names_without(now, again || more ? NULL : named), *removed = names_without(named, now);
    json_t *unknown = names_without(now, ticket->decision.listed_zones);
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
char *ticket_cleared_comment(const struct ticket *ticket)
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
