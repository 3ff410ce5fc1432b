/* What to know at a glance, and what to know before believing it: page.h. */
#include "html.h"
#include "page.h"

static void write_tile(struct ndjson_out *out, const char *class, json_int_t number, const char *label)
{
    html_format(out, "<div class=\"tile%s%s\"><dt>%s</dt><dd>", number ? " " : "", number ? class : "", label);
    html_number(out, number);
    html_raw(out, "</dd></div>\n");
}

static json_int_t unhealthy(const struct view *view)
{
    json_int_t count = 0;

    for (size_t i = 0; i < view->zone_count; i++)
        count += view->zones[i].health && !view->zones[i].health->healthy;
    return count;
}

static void write_tiles(struct ndjson_out *out, const struct view *view, const struct round *last)
{
    html_raw(out, "<dl class=\"tiles\">\n");
    write_tile(out, "", (json_int_t)view->address_count, "addresses");
    write_tile(out, "bad", (json_int_t)view->states[STATE_LISTED], "listed");
    write_tile(out, "bad", last->newly_listed, "newly listed");
    write_tile(out, "good", last->cleared, "cleared");
    if (view->states[STATE_HELD])
        write_tile(out, "doubt", (json_int_t)view->states[STATE_HELD], "held");
    write_tile(out, "doubt", (json_int_t)view->states[STATE_DOUBT], "in doubt");
    if (view->states[STATE_UNCHECKED])
        write_tile(out, "doubt", (json_int_t)view->states[STATE_UNCHECKED], "not checked");
    if (last->failed)
        write_tile(out, "bad", last->failed, "failed to write");
    write_tile(out, "doubt", unhealthy(view), unhealthy(view) == 1 ? "list not well" : "lists not well");
    html_raw(out, "</dl>\n");
}

static void write_warnings(struct ndjson_out *out, const struct view *view, const struct round *last)
{
    if (view->cut_off)
        html_raw(out,
                 "<p class=\"warning\"><strong>The input was cut off.</strong> Something may be missing here.</p>\n");
    if (!last->whole)
        html_raw(out, "<p class=\"warning\"><strong>The newest run is not whole:</strong> addresses that it did not "
                      "reach are shown as an earlier run left them, where there is one.</p>\n");
    if (last->dry_run)
        html_raw(out,
                 "<p class=\"warning\">The newest run was a <strong>dry run</strong>: nothing was written.</p>\n");
    if (last->skipped)
        html_format(out, "<p class=\"warning\">%lld rows hold no address, and were skipped.</p>\n",
                    (long long)last->skipped);
    if (view->from_log)
        html_raw(out, "<p class=\"hint\">Made from operators' logs: they tell neither answers, reasons and times of "
                      "lookups, nor lists that never listed an address or failed.</p>\n");
}

void summary_write(struct ndjson_out *out, const struct view *view)
{
    const struct history *history = &view->collected->history;
    const struct round *last = history->round_count ? &history->rounds[history->round_count - 1] : NULL;

    if (!last) {
        html_raw(out, "<p class=\"warning\"><strong>There is nothing to report:</strong> the input holds no run, no "
                      "address and no list.</p>\n");
        return;
    }
    html_raw(out, "<p class=\"when\">As of ");
    page_write_time(out, last->started);
    html_raw(out, "<span id=\"age\"></span>");
    if (last->id) {
        html_raw(out, " <span class=\"run\">run <code>");
        html_text(out, last->id);
        html_raw(out, "</code></span>");
    }
    html_raw(out, "</p>\n");
    write_warnings(out, view, last);
    write_tiles(out, view, last);
}
