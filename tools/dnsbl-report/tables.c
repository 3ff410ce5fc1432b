/* The tables that are there without a script: page.h. */
#include <stdlib.h>

#include "html.h"
#include "page.h"

enum { LISTED_ROWS = 1000 }; /* of the table of listed addresses */

static void write_number(struct ndjson_out *out, json_int_t number, bool known)
{
    if (!known) {
        html_raw(out, "<td class=\"number\" data-value=\"-1\"><span title=\"not known\">–</span></td>");
        return;
    }
    html_format(out, "<td class=\"number\" data-value=\"%lld\">", (long long)number);
    html_number(out, number);
    html_raw(out, "</td>");
}

/* --- zones --- */

static void write_health(struct ndjson_out *out, const struct view_zone *zone)
{
    const struct health_verdict *health = zone->health;

    html_format(out, "<td data-value=\"%s\"><span class=\"badge %s\">%s</span>",
                !health           ? "1"
                : health->healthy ? "2"
                                  : "0",
                !health           ? "none"
                : health->healthy ? "good"
                                  : "bad",
                health ? health->name : "not said");
    if (zone->ipv4_only)
        html_raw(out, " <span class=\"badge none\">IPv4 only</span>");
    if (zone->evidence && zone->evidence[0]) {
        html_raw(out, "<div class=\"foreign\">");
        html_text(out, zone->evidence);
        html_raw(out, "</div>");
    }
    if (health && health->advice[0])
        html_format(out, "<details><summary>What to do</summary>%s.</details>", health->advice);
    html_raw(out, "</td>");
}

static void write_unknown(struct ndjson_out *out, const struct view_zone *zone)
{
    html_format(out, "<td class=\"number\" data-value=\"%lld\">", (long long)zone->unknown);
    html_number(out, zone->unknown);
    if (zone->errors) {
        html_raw(out, "<div class=\"foreign\">");
        html_text(out, zone->errors);
        html_raw(out, "</div>");
    }
    html_raw(out, "</td>");
}

/* Three digits are what is known. */
static void write_milliseconds(struct ndjson_out *out, double milliseconds)
{
    if (milliseconds >= 1000)
        html_format(out, "%.1f s", milliseconds < 1e9 ? milliseconds / 1000 : 1e6);
    else
        html_format(out, milliseconds < 10 ? "%.1f ms" : "%.0f ms", milliseconds);
}

static void write_latency(struct ndjson_out *out, const struct latency_summary *latency)
{
    double median = latency_position(latency->median) * 100, p95 = latency_position(latency->p95) * 100;

    if (!latency->known) {
        html_raw(out, "<td class=\"number\" data-value=\"-1\"><span title=\"not known\">–</span></td>");
        return;
    }
    html_format(out, "<td class=\"latency\" data-value=\"%.3f\"><span class=\"figures\">",
                latency->p95 < 1e9 ? latency->p95 : 1e9);
    write_milliseconds(out, latency->median);
    html_raw(out, " <span class=\"slash\">/</span> ");
    write_milliseconds(out, latency->p95);
    html_raw(out, " <span class=\"slash\">/</span> ");
    write_milliseconds(out, latency->longest);
    html_format(out,
                "</span><svg class=\"range\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
                "<path class=\"scale\" d=\"M0 4H100\"/><path class=\"span\" d=\"M%.1f 4H%.1f\"/>"
                "<path class=\"middle\" d=\"M%.1f 0V8\"/></svg></td>",
                median, p95 > median ? p95 : median + 0.5, median);
}

static void write_zone(struct ndjson_out *out, const struct view *view, const struct view_zone *zone)
{
    html_raw(out, "<tr><th scope=\"row\" class=\"foreign\">");
    html_text(out, zone->name);
    html_raw(out, "</th>");
    write_health(out, zone);
    write_number(out, zone->listed, true);
    write_unknown(out, zone);
    write_number(out, zone->listed + zone->not_listed + zone->unknown, zone->counted);
    write_latency(out, &zone->latency);
    if (view->collected->history.round_count > 1) {
        html_format(out, "<td class=\"time\" data-value=\"%lld\">", (long long)zone->listed);
        chart_write_zone(out, view, zone->number);
        html_raw(out, "</td>");
    }
    html_raw(out, "</tr>\n");
}

void zones_write(struct ndjson_out *out, const struct view *view)
{
    if (view->zone_count == 0) {
        html_raw(out, "<p class=\"hint\">The input names no list.</p>\n");
        return;
    }
    html_raw(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"zones-title\">\n"
                  "<table id=\"zones\" class=\"sortable\">\n<thead><tr><th scope=\"col\">List</th>"
                  "<th scope=\"col\">Health</th><th scope=\"col\" class=\"number\">Listed</th>"
                  "<th scope=\"col\" class=\"number\">Unknown</th><th scope=\"col\" class=\"number\">Lookups</th>"
                  "<th scope=\"col\">Time of a lookup <small>median / 95 % / longest</small></th>");
    if (view->collected->history.round_count > 1)
        html_raw(out, "<th scope=\"col\">Listed over time</th>");
    html_raw(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < view->zone_count; i++)
        write_zone(out, view, &view->zones[i]);
    html_raw(out, "</tbody>\n</table>\n</div>\n");
}

/* --- addresses --- */

static void write_findings(struct ndjson_out *out, const struct view *view, const struct address *address)
{
    html_raw(out, "<td><ul>");
    for (size_t i = 0; i < address->cell_count; i++) {
        const struct cell *cell = &address->cells[i];

        html_format(out, "<li><span class=\"kind %s\">%s</span> <b class=\"foreign\">",
                    finding_names[cell->finding->kind], finding_names[cell->finding->kind]);
        html_text(out, view->collected->history.zones[cell->zone].shown);
        html_raw(out, "</b> <span class=\"foreign\">");
        html_text(out, cell->finding->answers);
        html_text(out, cell->finding->error);
        html_raw(out, "</span> <span class=\"foreign\">");
        html_text(out, cell->finding->words);
        html_raw(out, "</span></li>");
    }
    html_raw(out, "</ul></td>");
}

static void write_notes(struct ndjson_out *out, const struct address *address)
{
    for (size_t i = 0; i < NOTES; i++)
        if (address->notes & (1u << i))
            html_format(out, " <span class=\"note\">%s</span>", note_names[i]);
}

/* One run alone does not tell since when. */
static bool tells_since(const struct view *view)
{
    return view->collected->history.round_count > 1;
}

static void write_since(struct ndjson_out *out, const struct view *view, const struct address *address)
{
    size_t count;
    struct view_span *spans = view_spans(view, address, &count);

    html_raw(out, "<td>");
    if (count > 0 && address->state == STATE_LISTED) {
        page_write_time(out, view->collected->history.rounds[spans[count - 1].first].started);
        html_raw(out, spans[count - 1].first == 0 ? " or before" : "");
    }
    html_raw(out, "</td>");
    free(spans);
}

static void write_address(struct ndjson_out *out, const struct view *view, const struct address *address)
{
    char text[IP_TEXT_SIZE];

    html_format(out, "<tr><th scope=\"row\">%s</th><td><span class=\"badge %s\">%s</span>",
                ip_format(&address->ip, text), address->state == STATE_LISTED ? "bad" : "doubt",
                state_names[address->state]);
    write_notes(out, address);
    html_raw(out, "</td>");
    write_findings(out, view, address);
    if (tells_since(view))
        write_since(out, view, address);
    html_raw(out, "<td class=\"foreign\">");
    html_text(out, address->ticket);
    html_raw(out, "</td></tr>\n");
}

static bool is_listed(const struct address *address)
{
    return address->state == STATE_LISTED || address->state == STATE_HELD;
}

/* Their names alone: tens of thousands of rows are more than a browser likes, and the script makes its own. */
static void write_others(struct ndjson_out *out, const struct view *view, size_t from)
{
    const char *before = "<p>Listed as well: ";

    for (size_t i = from; i < view->address_count; i++) {
        char text[IP_TEXT_SIZE];

        if (!is_listed(view->addresses[i]))
            continue;
        html_format(out, "%s%s", before, ip_format(&view->addresses[i]->ip, text));
        before = ", ";
    }
    html_raw(out, before[0] == ',' ? ".</p>\n" : "");
}

void listed_write(struct ndjson_out *out, const struct view *view)
{
    size_t rows = 0, i;

    if (view->states[STATE_LISTED] + view->states[STATE_HELD] == 0) {
        html_format(out, "<p>None of the %zu addresses is listed.</p>\n", view->address_count);
        return;
    }
    html_raw(out, "<div class=\"scroll\">\n<table>\n<thead><tr><th scope=\"col\">Address</th>"
                  "<th scope=\"col\">State</th><th scope=\"col\">Lists</th>");
    html_raw(out, tells_since(view) ? "<th scope=\"col\">Listed since</th>" : "");
    html_raw(out, "<th scope=\"col\">Ticket</th></tr></thead>\n<tbody>\n");
    for (i = 0; i < view->address_count && rows < LISTED_ROWS; i++) {
        if (!is_listed(view->addresses[i]))
            continue;
        write_address(out, view, view->addresses[i]);
        rows++;
    }
    html_raw(out, "</tbody>\n</table>\n</div>\n");
    write_others(out, view, i);
}

/* --- rounds --- */

static void write_round(struct ndjson_out *out, const struct round *round)
{
    html_raw(out, "<tr><th scope=\"row\">");
    page_write_time(out, round->started);
    html_format(out, "</th><td>%s%s</td>", round->whole ? "whole" : "<strong>not whole</strong>",
                round->dry_run ? ", dry" : "");
    write_number(out, round->addresses, true);
    write_number(out, round->listed, true);
    write_number(out, round->newly_listed, true);
    write_number(out, round->cleared, true);
    write_number(out, round->held, true);
    write_number(out, round->in_doubt, true);
    write_number(out, round->failed, true);
    html_raw(out, "<td class=\"foreign\"><code>");
    html_text(out, round->id);
    html_raw(out, "</code></td></tr>\n");
}

void rounds_write(struct ndjson_out *out, const struct view *view)
{
    const struct history *history = &view->collected->history;

    html_format(out, "<details><summary>All %zu runs as a table</summary>\n", history->round_count);
    html_raw(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"All runs\">\n<table id=\"runs\" "
                  "class=\"sortable\">\n"
                  "<thead><tr>");
    static const char *const heads[] = {"Began",   "Stream", "Addresses", "Listed", "Newly listed",
                                        "Cleared", "Held",   "In doubt",  "Failed", "Run"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        html_format(out, "<th scope=\"col\"%s>%s</th>", i >= 2 && i <= 8 ? " class=\"number\"" : "", heads[i]);
    html_raw(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = history->round_count; i-- > 0;)
        write_round(out, &history->rounds[i]);
    html_raw(out, "</tbody>\n</table>\n</div>\n</details>\n");
}
