/*
 * The addresses as page.js reads them: page.h. Written so that what is usual costs little: an address that is clean,
 * was asked of the usual zones in the newest round and was never listed is a string, and equal findings are one.
 *
 *     address = text | [text, state, zone set, round, [zone, finding, …], [first round, last round, …], notes,
 * ticket]
 *
 * state, zone, finding and round are indexes; a zone set of -1 is that of a log, which does not tell.
 */
#include <stdlib.h>

#include "html.h"
#include "page.h"

static void write_names(struct ndjson_out *out, const char *key, const char *const *names, size_t count)
{
    html_format(out, "\"%s\":[", key);
    for (size_t i = 0; i < count; i++) {
        html_raw(out, i ? "," : "");
        html_json_string(out, names[i]);
    }
    html_raw(out, "],\n");
}

static void write_zones(struct ndjson_out *out, const struct view *view)
{
    html_raw(out, "\"zones\":[");
    for (size_t i = 0; i < view->zone_count; i++) {
        html_raw(out, i ? "," : "");
        html_json_string(out, view->zones[i].name);
    }
    html_raw(out, "],\n");
}

static void write_rounds(struct ndjson_out *out, const struct history *history)
{
    html_raw(out, "\"rounds\":[");
    for (size_t i = 0; i < history->round_count; i++) {
        html_raw(out, i ? "," : "");
        html_json_string(out, history->rounds[i].started);
    }
    html_raw(out, "],\n");
}

static void write_finding(struct ndjson_out *out, const struct finding *finding)
{
    html_format(out, "[%d,", (int)finding->kind);
    html_json_string(out, finding->answers);
    html_raw(out, ",");
    html_json_string(out, finding->error);
    html_raw(out, ",");
    html_json_string(out, finding->words);
    html_raw(out, "]");
}

/* Numbers them from 1 on the way; 0 is one that has no number yet. */
static void write_findings(struct ndjson_out *out, const struct view *view)
{
    size_t count = 0;

    html_raw(out, "\"findings\":[0");
    for (size_t i = 0; i < view->address_count; i++) {
        for (size_t j = 0; j < view->addresses[i]->cell_count; j++) {
            struct finding *finding = view->addresses[i]->cells[j].finding;

            if (finding->number)
                continue;
            finding->number = ++count;
            html_raw(out, ",\n");
            write_finding(out, finding);
        }
    }
    html_raw(out, "],\n");
}

static void write_sets(struct ndjson_out *out, const struct view *view)
{
    const struct pool *pool = &view->collected->pool;

    html_raw(out, "\"sets\":[");
    for (size_t i = 0; i < pool->zone_set_count; i++) {
        const char *comma = "";

        html_raw(out, i ? ",[" : "[");
        for (size_t j = 0; j < pool->zone_sets[i]->count; j++) {
            size_t column = view->column[pool->zone_sets[i]->zones[j]];

            if (column == HISTORY_NONE)
                continue;
            html_format(out, "%s%zu", comma, column);
            comma = ",";
        }
        html_raw(out, "]");
    }
    html_raw(out, "],\n");
}

static void write_spans(struct ndjson_out *out, const struct view *view, const struct address *address)
{
    size_t count;
    struct view_span *spans = view_spans(view, address, &count);

    html_raw(out, "[");
    for (size_t i = 0; i < count; i++)
        html_format(out, "%s%zu,%zu", i ? "," : "", spans[i].first, spans[i].last);
    html_raw(out, "]");
    free(spans);
}

static void write_address(struct ndjson_out *out, const struct view *view, const struct address *address)
{
    bool newest = view_round(view, address) + 1 == view->collected->history.round_count;
    char text[IP_TEXT_SIZE];

    ip_format(&address->ip, text);
    if (address->state == STATE_CLEAN && newest && address->zone_set == view->common_set && !address->cell_count &&
        !address->listed_count && !address->notes && !address->ticket) {
        html_format(out, "\"%s\"", text);
        return;
    }
    html_format(out, "[\"%s\",%d,%ld,%zu,[", text, address->state,
                address->zone_set == POOL_ANY_ZONE ? -1L : (long)address->zone_set, view_round(view, address));
    for (size_t i = 0; i < address->cell_count; i++)
        html_format(out, "%s%zu,%zu", i ? "," : "", view->column[address->cells[i].zone],
                    address->cells[i].finding->number);
    html_raw(out, "],");
    write_spans(out, view, address);
    html_format(out, ",%u,", address->notes);
    html_json_string(out, address->ticket ? address->ticket : "");
    html_raw(out, "]");
}

void data_write(struct ndjson_out *out, const struct view *view)
{
    html_raw(out, "{");
    write_names(out, "states", state_names, STATES);
    write_names(out, "notes", note_names, NOTES);
    write_names(out, "kinds", finding_names, FINDING_KINDS);
    write_zones(out, view);
    write_rounds(out, &view->collected->history);
    write_findings(out, view);
    write_sets(out, view);
    html_format(out, "\"common\":%ld,\n\"addresses\":[",
                view->common_set == POOL_ANY_ZONE ? -1L : (long)view->common_set);
    for (size_t i = 0; i < view->address_count; i++) {
        html_raw(out, i ? ",\n" : "\n");
        write_address(out, view, view->addresses[i]);
    }
    html_raw(out, "]}");
}
