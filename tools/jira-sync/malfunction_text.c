#include "malfunction_text.h"

#include <string.h>

#include "clock.h"
#include "page.h"

static void write_origin(struct page *page, const struct malfunction *malfunction)
{
    char now[CLOCK_TEXT_SIZE];

    fprintf(page->file, "%s (UTC), run ", clock_text(now));
    page_field(page, malfunction->all->run_id ? malfunction->all->run_id : "unknown");
    fputs(".\n", page->file);
}

static void write_zone(struct page *page, const struct census_zone *zone)
{
    page_foreign(page, zone->name);
    fprintf(page->file, ": %lu of %lu unknown", zone->unknown, zone->lookups);
    for (size_t i = 0; i < zone->error_count; i++) {
        size_t length = strnlen(zone->errors[i].name, PAGE_FIELD_MAX);

        if (!page_has_room(page, 4 * length + 32))
            break;
        fputs(i ? ", " : ": ", page->file);
        page_field(page, zone->errors[i].name);
        fprintf(page->file, " %lu", zone->errors[i].count);
    }
    fputc('\n', page->file);
}

static void write_zones(struct page *page, const struct census *census)
{
    size_t left_out = 0;

    fputs("{noformat}\n", page->file);
    for (size_t i = 0; i < census->count; i++) {
        const struct census_zone *zone = &census->zones[i];

        if (zone->unknown == 0)
            continue;
        if (page_has_room(page, 2 * strlen(zone->name) + 512))
            write_zone(page, zone);
        else
            left_out++;
    }
    if (left_out > 0)
        fprintf(page->file, "and %zu more, for which there is no room here\n", left_out);
    fputs("{noformat}\n", page->file);
}

static void write_failure(struct page *page, const struct malfunction *malfunction)
{
    const struct census *census = malfunction->all->census;

    fprintf(page->file,
            "%lu of %lu lookups of this run came to nothing. Unknown is neither listed nor clean: addresses that are "
            "throttled stay so, and *new listings may go unseen* until this is mended.\n",
            census->unknown, census->lookups);
    write_zones(page, census);
}

static void write_surge(struct page *page, const struct malfunction *malfunction)
{
    size_t index, left_out = 0;
    const json_t *item;

    fputs("These zones list many addresses all at once, which is mostly the zone's fault, not the addresses'. What "
          "they "
          "newly list was held back: nothing was throttled for it.\n{noformat}\n",
          page->file);
    json_array_foreach (malfunction->surge, index, item) {
        const char *zone = json_string_value(json_object_get(item, "zone"));

        if (!zone)
            continue;
        if (!page_has_room(page, 2 * strlen(zone) + 128)) {
            left_out++;
            continue;
        }
        page_foreign(page, zone);
        fprintf(page->file,
                ": newly lists %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
                " addresses; more than %" JSON_INTEGER_FORMAT " %% are held\n",
                json_integer_value(json_object_get(item, "newly_listed")),
                json_integer_value(json_object_get(item, "total")),
                json_integer_value(json_object_get(item, "limit_percent")));
    }
    if (left_out > 0)
        fprintf(page->file, "and %zu more, for which there is no room here\n", left_out);
    fputs("{noformat}\n", page->file);
}

static const char *const advice[SORTS] = {
    [DNS_FAILURE] =
        "h3. What to do\n"
        "# Look at our own resolver first (DNS_RESOLVERS): when many zones fail together it is mostly that.\n"
        "# blocked: the zone refuses our resolver or our number of queries; use a resolver of our own, or a key.\n"
        "# Only some zones out, for days: take them out of DNSBL_ZONES. The job's log names those worth keeping.\n"
        "# This ticket says so when all is well again.\n----\n",
    [SURGE] =
        "h3. What to do\n"
        "# Look some of the addresses up on the zone's own page.\n"
        "# The zone is wrong: take it out of DNSBL_ZONES until it is mended.\n"
        "# The zone is right: let it through with SURGE_RELEASE, which takes the zone's name. The next run then "
        "throttles what it lists.\n"
        "# This ticket says so when all is well again.\n----\n",
};

char *malfunction_description(const struct malfunction *malfunction)
{
    struct page page;

    page_open(&page);
    fputs("*MAJOR MALFUNCTION*\n\n{noformat}\n", page.file);
    page_foreign(&page, malfunction->line);
    fputs("\n{noformat}\n", page.file);
    (malfunction->sort == SURGE ? write_surge : write_failure)(&page, malfunction);
    fputs(advice[malfunction->sort], page.file);
    write_origin(&page, malfunction);
    return page_close(&page);
}

static void write_recovery(struct page *page, const struct malfunction *malfunction)
{
    const struct census *census = malfunction->all->census;

    if (malfunction->sort == SURGE || census->unknown == 0) {
        fputs("*recovered*: all is well again.\n", page->file);
    } else {
        fprintf(page->file, "*recovered*, mostly: still %lu of %lu lookups of this run came to nothing.\n",
                census->unknown, census->lookups);
        write_zones(page, census);
    }
    fputs("Check that nothing is left to be done, and close this ticket.\n", page->file);
}

char *malfunction_comment(const struct malfunction *malfunction, enum plan_action action)
{
    struct page page;

    page_open(&page);
    if (action == PLAN_CLEAR) {
        write_recovery(&page, malfunction);
    } else {
        fputs(action == PLAN_REOPEN ? "It is back.\n{noformat}\n" : "It is other zones now.\n{noformat}\n",
              page.file);
        page_foreign(&page, malfunction->line);
        fputs("\n{noformat}\n", page.file);
        (malfunction->sort == SURGE ? write_surge : write_failure)(&page, malfunction);
    }
    write_origin(&page, malfunction);
    return page_close(&page);
}
