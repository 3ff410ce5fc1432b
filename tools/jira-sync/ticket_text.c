#include "ticket_text.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "names.h"
#include "page.h"
#include "zones_text.h"

/* Bytes that a line of names may take, so that no line takes the room of those behind it. */
#define NOW_MAX 8000
#define CHANGE_MAX 4000

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
        page_field(page, ticket->results.probed_at);
        fputs(" (UTC). ", page->file);
    }
    if (ticket->run_id) {
        fputs("Run ", page->file);
        page_field(page, ticket->run_id);
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
    zones_write_listed(&page, ticket, ticket->decision.listed_zones);
    zones_write_harmless(&page, ticket);
    zones_write_unknown(&page, ticket,
                        "h3. Unknown in this run\nThese did not answer, or not so that it counts. It is neither a "
                        "listing nor an all-clear.\n");
    zones_write_not_listed(&page, ticket);
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
        zones_write_names(&page, "added:   ", added, CHANGE_MAX);
        zones_write_names(&page, "removed: ", removed, CHANGE_MAX);
    }
    zones_write_names(&page, "now:     ", now, NOW_MAX);
    if (json_array_size(unknown) > 0)
        zones_write_names(&page, "unknown, so they stay: ", unknown, CHANGE_MAX);
    fputs("{noformat}\n", page.file);
    if (json_array_size(added) > 0)
        zones_write_listed(&page, ticket, added);
    write_priority(&page, ticket);
    write_origin(&page, ticket);
    json_decref(named);
    json_decref(added);
    json_decref(removed);
    json_decref(unknown);
    return page_close(&page);
}

/* What lists it still, though too little, or is only watched now, and is what the ticket is about; new. */
static json_t *still_listing(const struct ticket *ticket, const struct issue *issue)
{
    json_t *still = memory_check(json_copy((json_t *)ticket->decision.listed_zones)), *zone;
    bool more;
    json_t *named = ticket_named_zones(issue->summary, &more);
    bool told = !more && json_array_size(named) > 0;
    size_t index;

    json_array_foreach (ticket->decision.watch_zones, index, zone)
        if (!told || names_hold(named, json_string_value(zone)))
            names_add(still, zone);
    json_decref(named);
    return still;
}

/* Not "no longer listed" of an address that some list still lists, only not heavily enough. */
char *ticket_cleared_comment(const struct ticket *ticket, const struct issue *issue)
{
    json_t *still = still_listing(ticket, issue);
    struct page page;

    page_open(&page);
    if (json_array_size(still) == 0) {
        fprintf(page.file, "{{%s}} is no longer listed.\n", ticket->ip);
    } else {
        fprintf(page.file, "{{%s}} is listed too little now to be throttled: its score is %lld. Still lists it:\n",
                ticket->ip, (long long)ticket->decision.score);
        zones_write_listed(&page, ticket, still);
    }
    json_decref(still);
    zones_write_unknown(&page, ticket, "Unknown in this run, but this ticket does not name them:\n");
    write_priority(&page, ticket);
    fputs("Check that nothing is left to be done, and close this ticket. If the address is listed again while it is "
          "open, a comment here says so.\n",
          page.file);
    write_origin(&page, ticket);
    return page_close(&page);
}
