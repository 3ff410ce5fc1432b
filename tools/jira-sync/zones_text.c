#include "zones_text.h"

#include <stdlib.h>
#include <string.h>

#include "jira.h"
#include "memory.h"
#include "names.h"

void zones_write_names(struct page *page, const char *title, const json_t *names, size_t most)
{
    size_t index, used = 0;
    const json_t *name;

    fprintf(page->file, "%s", title);
    json_array_foreach (names, index, name) {
        size_t room = 4 * strlen(json_string_value(name)) + 32; /* a control character becomes four bytes */

        if (used + room > most || !page_has_room(page, room)) {
            fprintf(page->file, index ? ", and %zu more" : "%zu, for which there is no room here",
                    json_array_size(names) - index);
            break;
        }
        fputs(index ? ", " : "", page->file);
        page_foreign(page, json_string_value(name));
        used += strlen(json_string_value(name)) + 2;
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

static bool has_result(const struct ticket *ticket, const char *zone)
{
    for (size_t i = 0; i < ticket->results.count; i++)
        if (!strcmp(ticket->results.items[i].zone, zone))
            return true;
    return false;
}

/* The bytes that shall follow; below: NULL for none. */
static size_t size_below(const struct page *below)
{
    return below ? (size_t)ftell(below->file) : 0;
}

/* Those of names that no zone has any more: the row has them, and they stand while others are UNKNOWN. */
static void write_unasked(struct page *page, const struct ticket *ticket, const json_t *names,
                          const struct page *below, size_t *written, size_t *left_out)
{
    static const char what[] = ": not configured any more (listed it before; that stands until all others answer)\n";
    size_t index;
    const json_t *name;

    json_array_foreach (names, index, name) {
        if (has_result(ticket, json_string_value(name)))
            continue;
        if (!page_has_room(page, 4 * strlen(json_string_value(name)) + sizeof what + size_below(below))) {
            ++*left_out;
            continue;
        }
        page_foreign(page, json_string_value(name));
        fputs(what, page->file);
        ++*written;
    }
}

/* Writes the result if it, and below bytes that shall follow, fit. */
static bool write_result_if_room(struct page *page, const struct ticket *ticket, const struct record_result *result,
                                 size_t below)
{
    struct page lines;
    char *text;
    bool room;

    page_open(&lines);
    write_result(&lines, ticket, result);
    text = page_close(&lines);
    room = page_has_room(page, strlen(text) + below);
    if (room)
        fputs(text, page->file);
    free(text);
    return room;
}

/* The links from a result's reason, new. */
static char *links_of(const struct record_result *result)
{
    struct page links;

    page_open(&links);
    page_links(&links, result->reason ? result->reason : "");
    return page_close(&links);
}

/*
 * Zones of one status, or only those in names if it is not NULL. below: where the links from those that were written
 * are noted, for which room is kept; NULL: they are not wanted.
 */
static void write_results(struct page *page, const struct ticket *ticket, enum record_status status,
                          const json_t *names, struct page *below)
{
    size_t left_out = 0, written = 0;

    fputs("{noformat}\n", page->file);
    for (size_t i = 0; i < ticket->results.count; i++) {
        const struct record_result *result = &ticket->results.items[i];
        char *links;

        if (result->status != status || (names && !names_hold(names, result->zone)))
            continue;
        links = below ? links_of(result) : memory_string("");
        if (write_result_if_room(page, ticket, result, strlen(links) + size_below(below))) {
            written++;
            if (below)
                fputs(links, below->file);
        } else {
            left_out++;
        }
        free(links);
    }
    write_unasked(page, ticket, names, below, &written, &left_out);
    if (left_out > 0)
        fprintf(page->file, "and %zu more, for which there is no room here\n", left_out);
    else if (written == 0)
        fputs("none\n", page->file);
    fputs("{noformat}\n", page->file);
}

void zones_write_listed(struct page *page, const struct ticket *ticket, const json_t *names)
{
    struct page links;
    char *text;

    page_open(&links);
    write_results(page, ticket, RECORD_LISTED, names, &links);
    text = page_close(&links);
    fputs(text, page->file);
    free(text);
}

/* Zones that list it, but neither against it nor as watched ones; new array. */
static json_t *names_not_counted(const struct ticket *ticket)
{
    json_t *names = memory_check(json_array());

    for (size_t i = 0; i < ticket->results.count; i++) {
        const struct record_result *result = &ticket->results.items[i];

        if (result->status == RECORD_LISTED && !names_hold(ticket->decision.listed_zones, result->zone) &&
            !names_hold(ticket->decision.watch_zones, result->zone))
            json_array_append_new(names, json_string(result->zone));
    }
    return names;
}

void zones_write_harmless(struct page *page, const struct ticket *ticket)
{
    json_t *others = names_not_counted(ticket);

    if (json_array_size(ticket->decision.watch_zones) > 0) {
        fputs("h3. Watched only\nThese list it, too, but are only watched: they do not throttle it. No action is "
              "needed.\n",
              page->file);
        write_results(page, ticket, RECORD_LISTED, ticket->decision.watch_zones, NULL);
    }
    if (json_array_size(others) > 0) {
        fputs("h3. Allowlists, and what does not count\nEach of these either speaks for the address, or is a list "
              "whose listing is not counted in this run. No action is needed.\n",
              page->file);
        write_results(page, ticket, RECORD_LISTED, others, NULL);
    }
    json_decref(others);
}

static bool has_status(const struct ticket *ticket, enum record_status status)
{
    for (size_t i = 0; i < ticket->results.count; i++)
        if (ticket->results.items[i].status == status)
            return true;
    return false;
}

void zones_write_unknown(struct page *page, const struct ticket *ticket, const char *title)
{
    if (!has_status(ticket, RECORD_UNKNOWN))
        return;
    fputs(title, page->file);
    write_results(page, ticket, RECORD_UNKNOWN, NULL, NULL);
}

void zones_write_not_listed(struct page *page, const struct ticket *ticket)
{
    json_t *names;

    if (!has_status(ticket, RECORD_NOT_LISTED))
        return;
    names = memory_check(json_array());
    fputs("h3. Does not list it\n{noformat}\n", page->file);
    for (size_t i = 0; i < ticket->results.count; i++) {
        const struct record_result *result = &ticket->results.items[i];

        if (result->status != RECORD_NOT_LISTED)
            continue;
        if (json_array_size(result->answers) == 0 || !write_result_if_room(page, ticket, result, 0))
            json_array_append_new(names, json_string(result->zone));
    }
    if (json_array_size(names) > 0)
        zones_write_names(page, "", names, JIRA_TEXT_MAX);
    fputs("{noformat}\n", page->file);
    json_decref(names);
}
