/*
 * The log for people: what there is news of, then the zones' troubles and the totals; in a dry run what a real run
 * would do. Addresses that are clean and stay so have no line.
 */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "memory.h"
#include "terminal.h"
#include "text.h"
#include "words.h"

#define ADDRESS_WIDTH 15 /* of IPv4; IPv6 may take what it needs */
#define VERB_WIDTH 11    /* "other lists" */

/* A line, or several, that are written at once; text_end() gives them to the log. */
struct text {
    FILE *file;
    char *bytes;
    size_t length;
};

static void text_begin(struct text *text, const struct log *log)
{
    *text = (struct text){0};
    text->file = memory_stream(&text->bytes, &text->length);
    fputs(log->line_start, text->file);
}

static void text_end(struct text *text, struct log *log)
{
    fclose(text->file);
    ndjson_write_line(log->out, text->bytes, text->length);
    free(text->bytes);
}

/* --- addresses --- */

struct verb {
    const char *word; /* NULL: there is no news */
    enum terminal_colour colour;
};

static struct verb verb_of(const struct address *address)
{
    static const struct verb by_outcome[OUTCOMES] = {
        [NEWLY_LISTED] = {"throttled", TERMINAL_RED}, [CLEANED] = {"restored", TERMINAL_GREEN},
        [CHANGED] = {"other lists", TERMINAL_YELLOW}, [UNCHANGED] = {NULL, TERMINAL_PLAIN},
        [HELD] = {"held", TERMINAL_YELLOW},           [CONFLICTS] = {"conflict", TERMINAL_YELLOW},
        [FAILED] = {"FAILED", TERMINAL_RED},
    };
    struct verb verb = by_outcome[address_outcome(address)];

    if (verb.word)
        return verb;
    if (address->decision.listed)
        return (struct verb){"as before", TERMINAL_PLAIN};
    if (address->jira_action && !address_says(address->jira_action, "no_action"))
        return (struct verb){"clean", TERMINAL_PLAIN};
    for (size_t i = 0; !address->decided && i < address->results.count; i++)
        if (address->results.items[i].status == RECORD_LISTED)
            return (struct verb){"listed", TERMINAL_RED};
    return (struct verb){0};
}

/* What is to be said of it beyond that, and what to do; NULL: nothing. */
static const char *advice_of(const struct address *address)
{
    static const char *const advices[OUTCOMES] = {
        [HELD] = "not throttled, for the list surges: look at it, then let it through with SURGE_RELEASE",
        [CONFLICTS] = "the row was changed meanwhile; the next run decides",
        [FAILED] = "the database did not take the change; the next run tries again",
    };

    return advices[address_outcome(address)];
}

/* In a dry run these stand in the list at the end instead. */
static bool is_change(const struct address *address)
{
    enum outcome outcome = address_outcome(address);

    return outcome == NEWLY_LISTED || outcome == CLEANED || outcome == CHANGED;
}

/* `ticket OPS-1 created`, new; NULL: there is none, and nothing was done. */
static char *ticket_of(const struct address *address)
{
    const char *action = address->jira_action, *issue = address->jira_issue ? address->jira_issue : "?";

    if (address_says(action, "failed"))
        return memory_string("TICKET FAILED, the next run tries again");
    if (address_says(action, "created_issue"))
        return memory_format("ticket %s created", issue);
    if (address_says(action, "updated_issue"))
        return memory_format("ticket %s edited", issue);
    return address->jira_issue ? memory_format("ticket %s", issue) : NULL;
}

static void write_address(struct log *log, const struct address *address)
{
    struct verb verb = verb_of(address);
    const char *advice = advice_of(address);
    char *why, *ticket, *line, *visible;
    struct text text;

    if (!verb.word || (address->dry_run && is_change(address)))
        return;
    why = words_why(address);
    ticket = ticket_of(address);
    line = memory_format("%s%s%s%s%s", why, ticket ? "; " : "", ticket ? ticket : "", advice ? "; " : "",
                         advice ? advice : "");
    visible = text_visible(line);
    text_begin(&text, log);
    fprintf(text.file, "%-*s  ", ADDRESS_WIDTH, address->canonical);
    terminal_put(text.file, log->colours, verb.word, verb.colour);
    fprintf(text.file, "%*s  %s\n", VERB_WIDTH - (int)strlen(verb.word), "", visible);
    text_end(&text, log);
    free(why);
    free(ticket);
    free(line);
    free(visible);
}

/* --- zones and lookups --- */

static void write_zone(struct log *log, const struct tally *tally, const char *detail)
{
    char *name = text_visible(tally->name), *evidence = text_visible(detail ? detail : "");
    struct text text;

    text_begin(&text, log);
    terminal_put(text.file, log->colours, name, TERMINAL_BOLD);
    fputs(" is ", text.file);
    terminal_put(text.file, log->colours, tally->health->name, TERMINAL_YELLOW);
    fprintf(text.file, "%s%s\n  What to do: %s\n", *evidence ? ": " : "", evidence, tally->health->advice);
    text_end(&text, log);
    free(name);
    free(evidence);
}

static void write_lookups(struct log *log, const struct tally *tally, enum failure failure)
{
    char *name = text_visible(tally->name), number[TEXT_COUNT_SIZE];
    json_int_t count = tally->deferred[failure];
    struct text text;

    text_begin(&text, log);
    fprintf(text.file, "%s: %s lookup%s unknown (%s): %s\n", name, text_count((unsigned long long)count, number),
            count == 1 ? "" : "s", failure_kinds[failure].name, failure_kinds[failure].message);
    text_end(&text, log);
    free(name);
}

/* --- the summary --- */

/* `, 3 held`, if there are any. */
static void put_count(struct text *text, const struct log *log, const char *before, json_int_t count,
                      const char *word, enum terminal_colour colour)
{
    char number[TEXT_COUNT_SIZE], *phrase;

    if (count == 0)
        return;
    phrase = memory_format("%s %s", text_count((unsigned long long)count, number), word);
    fputs(before, text->file);
    terminal_put(text->file, log->colours, phrase, colour);
    free(phrase);
}

static void put_zones(struct text *text, const char *before, json_t *zones)
{
    char *names = record_join(zones, ", ");

    fprintf(text->file, "%s%s\n", before, names);
    free(names);
    json_decref(zones);
}

static void put_totals(struct text *text, const struct log *log, const struct summary *summary)
{
    char total[TEXT_COUNT_SIZE], lookups[TEXT_COUNT_SIZE];

    fprintf(text->file, "%s address%s, %s lookup%s, %.1f s: ", text_count((unsigned long long)summary->total, total),
            summary->total == 1 ? "" : "es", text_count((unsigned long long)summary->lookups, lookups),
            summary->lookups == 1 ? "" : "s", summary->seconds);
    fprintf(text->file, "%lld listed", (long long)summary->listed);
    put_count(text, log, ", ", summary->outcomes[NEWLY_LISTED], "newly", TERMINAL_RED);
    put_count(text, log, ", ", summary->outcomes[CLEANED], "restored", TERMINAL_GREEN);
    put_count(text, log, ", ", summary->outcomes[CHANGED], "with other lists", TERMINAL_YELLOW);
    put_count(text, log, ", ", summary->outcomes[HELD], "held", TERMINAL_YELLOW);
    put_count(text, log, ", ", summary->outcomes[CONFLICTS], "in conflict", TERMINAL_YELLOW);
    put_count(text, log, ", ", summary->outcomes[FAILED], "FAILED", TERMINAL_RED);
    put_count(text, log, ", ", summary->undecided, "not decided", TERMINAL_PLAIN);
    put_count(text, log, ", ", summary->unknown, "lookups unknown", TERMINAL_YELLOW);
    put_count(text, log, ", ", summary->skipped, "rows without an address", TERMINAL_PLAIN);
    fputs(".\n", text->file);
    if (summary->jira_created + summary->jira_updated + summary->jira_failed == 0)
        return;
    fprintf(text->file, "Tickets: %lld created, %lld edited", (long long)summary->jira_created,
            (long long)summary->jira_updated);
    put_count(text, log, ", ", summary->jira_failed, "FAILED", TERMINAL_RED);
    fputs(".\n", text->file);
}

static void write_summary(struct log *log, const struct summary *summary, const struct tallies *tallies)
{
    json_t *unhealthy = tallies_unhealthy(tallies), *suggestion = tallies_suggestion(tallies);
    struct text text;

    text_begin(&text, log);
    fputc('\n', text.file);
    put_totals(&text, log, summary);
    if (json_array_size(unhealthy) > 0)
        put_zones(&text, "Lists that are not well: ", json_incref(unhealthy));
    json_decref(unhealthy);
    if (suggestion && summary->complete)
        put_zones(&text, "DNSBL_ZONES had better hold only: ", json_incref(suggestion));
    json_decref(suggestion);
    if (!summary->complete)
        terminal_put(text.file, log->colours, "This is not all: the stream was cut off.\n", TERMINAL_RED);
    if (summary->dry_run) {
        fputc('\n', text.file);
        would_write(log->would, summary, text.file);
    }
    text_end(&text, log);
}

const struct log_style log_text = {
    .defers_lookups = true,
    .address = write_address,
    .zone = write_zone,
    .lookups = write_lookups,
    .summary = write_summary,
};
