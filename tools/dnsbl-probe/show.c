/* The results as a table: what is worth a line, and in which words. */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "probe.h"
#include "text.h"

/* What a person reads for a verdict. */
struct wording {
    const char *word;
    enum terminal_colour colour;
};

static struct wording wording_of(const struct verdict *verdict)
{
    if (verdict->left_out)
        return (struct wording){"left out", TERMINAL_PLAIN};
    if (verdict->status == RECORD_UNKNOWN)
        return (struct wording){"UNKNOWN", TERMINAL_YELLOW};
    if (verdict->status == RECORD_NOT_LISTED)
        return (struct wording){"not listed", TERMINAL_GREEN};
    if (verdict->positive)
        return (struct wording){"LISTED", TERMINAL_RED};
    return verdict->weight < 0 ? (struct wording){"allowed", TERMINAL_GREEN}
                               : (struct wording){"watched", TERMINAL_CYAN};
}

/* All A records, new. */
static char *answers_text(const struct answer *answer)
{
    json_t *answers = probe_answers(answer);
    char *text = record_join(answers, ",");

    json_decref(answers);
    return text;
}

/* New; "" for what was not asked. */
static char *time_text(double milliseconds)
{
    if (milliseconds <= 0)
        return memory_string("");
    return memory_format(milliseconds < 10 ? "%.1f ms" : "%.0f ms", milliseconds);
}

/* Why; new. */
static char *reason_text(const struct verdict *verdict, const struct answer *answer)
{
    if (verdict->left_out)
        return memory_string("an IPv4-only list");
    if (verdict->status == RECORD_UNKNOWN && verdict->error == ANSWER_BLOCKED)
        return memory_format("blocked: %s", answer_blocked_meaning(answer));
    if (verdict->status == RECORD_UNKNOWN)
        return memory_string(answer_error_names[verdict->error]);
    return memory_string(verdict->status == RECORD_LISTED && answer->text ? answer->text : "");
}

/* True for what is said of a whole zone, below the table, rather than of an address. */
static bool is_of_zone(enum answer_error error)
{
    return error >= ANSWER_ZONE_UNREACHABLE;
}

/* Of a range, what no zone lists, and no lookup failed for, is only counted. */
static bool is_worth_showing(const struct probe *probe, const struct slot *slot)
{
    bool worth = !slot->of_range;

    for (size_t i = 0; i < probe->zones->count && !worth; i++) {
        const struct verdict *verdict = &probe->verdicts[i];

        worth = !verdict->left_out && (verdict->status == RECORD_LISTED ||
                                       (verdict->status == RECORD_UNKNOWN && !is_of_zone(verdict->error)));
    }
    return worth;
}

static void fill_row(const struct probe *probe, const struct slot *slot, size_t index, struct table_row *row)
{
    const struct zone *zone = &probe->zones->items[index];
    const struct outcome *outcome = &slot->outcomes[zone->domain];
    const struct verdict *verdict = &probe->verdicts[index];
    struct wording wording = wording_of(verdict);

    *row = (struct table_row){.zone = zone->name,
                              .verdict = wording.word,
                              .colour = wording.colour,
                              .answers = answers_text(&outcome->answer),
                              .time = time_text((double)outcome->elapsed_ms),
                              .reason = reason_text(verdict, &outcome->answer)};
}

static void write_out(struct probe *probe, FILE *out, char **text, const size_t *length)
{
    fclose(out);
    ndjson_write_line(&probe->out, *text, *length);
    free(*text);
}

void probe_show_address(struct probe *probe, const struct slot *slot, enum finding finding)
{
    struct table_row *rows;
    char ip[IP_TEXT_SIZE], *text;
    size_t length;
    FILE *out;

    probe->findings[finding]++;
    if (!is_worth_showing(probe, slot)) {
        probe->not_shown++;
        return;
    }
    rows = memory_new(probe->zones->count, sizeof *rows);
    out = memory_stream(&text, &length);
    for (size_t i = 0; i < probe->zones->count; i++)
        fill_row(probe, slot, i, &rows[i]);
    table_address(&probe->table, out, ip_format(&slot->ip, ip), rows, probe->zones->count);
    for (size_t i = 0; i < probe->zones->count; i++) {
        free((char *)rows[i].answers);
        free((char *)rows[i].time);
        free((char *)rows[i].reason);
    }
    free(rows);
    write_out(probe, out, &text, &length);
}

static void show_sums(struct probe *probe, FILE *out)
{
    char all[TEXT_COUNT_SIZE], listed[TEXT_COUNT_SIZE], unknown[TEXT_COUNT_SIZE], clean[TEXT_COUNT_SIZE];
    const unsigned long long *found = probe->findings;
    char *sums = memory_format("%s addresses: %s listed, %s unknown, %s not listed", text_count(probe->done, all),
                               text_count(found[FINDING_LISTED], listed), text_count(found[FINDING_UNKNOWN], unknown),
                               text_count(found[FINDING_CLEAN], clean));

    table_line(&probe->table, out, sums, TERMINAL_PLAIN);
    free(sums);
}

static void show_not_shown(struct probe *probe, FILE *out)
{
    char number[TEXT_COUNT_SIZE];
    char *text = memory_format("Not shown: %s of a range, of which there is nothing to tell",
                               text_count(probe->not_shown, number));

    table_line(&probe->table, out, text, TERMINAL_PLAIN);
    free(text);
}

/* The zones that are not well, below a line that says so. */
static void show_zones(struct probe *probe, FILE *out)
{
    bool begun = false;

    for (size_t i = 0; i < probe->zones->count; i++) {
        char *detail;
        const struct health_verdict *health =
            &health_verdicts[probe_zone_health(probe, &probe->zones->items[i], &detail)];

        if (!health->healthy && probe->counts[i].lookups > 0) {
            if (!begun)
                table_line(&probe->table, out,
                           "Zones that are not well, and what they say is UNKNOWN:", TERMINAL_BOLD);
            begun = true;
            table_zone(&probe->table, out, probe->zones->items[i].name, health->name, TERMINAL_YELLOW,
                       detail ? detail : "");
        }
        free(detail);
    }
}

void probe_show_end(struct probe *probe)
{
    char *text;
    size_t length;
    FILE *out = memory_stream(&text, &length);

    if (probe->taken > 1)
        show_sums(probe, out);
    if (probe->not_shown > 0)
        show_not_shown(probe, out);
    show_zones(probe, out);
    write_out(probe, out, &text, &length);
}
