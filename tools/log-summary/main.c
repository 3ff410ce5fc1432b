/*
 * log-summary: the last stage; writes the operators' log. Reads no
 * configuration and touches no server; log-summary(1).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "line.h"
#include "memory.h"
#include "ndjson.h"
#include "outage.h"
#include "record.h"
#include "signals.h"
#include "sysexits.h"
#include "tool.h"

static const char help[] = "usage: log-summary [--check[=online]] [--require-run] [--help] [--version]\n"
                           "\n"
                           "Reads the finished records and writes the log for operators: a line for each\n"
                           "address, what went wrong, and a summary of the run. See log-summary(1).\n"
                           "\n"
                           "  --check        check the configuration and exit; there is none, so that succeeds\n"
                           "  --require-run  a stream without run and end counts as cut off\n"
                           "  --help         show this text\n"
                           "  --version      show the version\n";

/* What became of an address: exactly one of these, so that they add up. */
enum outcome { NEWLY_LISTED, CLEANED, CHANGED, UNCHANGED, HELD, CONFLICTS, FAILED, OUTCOMES };
static const char *const outcome_names[OUTCOMES] = {"newly_listed", "cleaned",   "changed", "unchanged",
                                                    "held",         "conflicts", "failed"};

struct summary {
    struct outages outages;
    int64_t started_ms;
    json_int_t total, listed, outcomes[OUTCOMES];
    json_int_t jira_created, jira_updated, jira_failed;
    json_int_t lookups, unknown; /* as counted in the results */
    json_int_t sent, skipped;    /* as `end` says */
    bool dry_run;
};

/* An `ip` record, as far as the stages before this one have taken it. */
struct address {
    const char *ip;
    bool decided;
    struct record_decision decision;
    struct record_results results;
    const char *db_outcome, *jira_action, *jira_issue; /* NULL: nothing was said */
    const json_t *db_changes, *would;                  /* NULL: likewise */
    bool dry_run;
};

/* --- reading an address --- */

static bool is_text_or_nothing(const json_t *value)
{
    return !value || json_is_null(value) || json_is_string(value);
}

/* What pg-apply and jira-sync have added. */
static char *take_effects(const json_t *object, struct address *address)
{
    static const char *const texts[] = {"db_outcome", "jira_action", "jira_issue"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!is_text_or_nothing(json_object_get(object, texts[i])))
            return memory_format("\"%s\" is neither a string nor null", texts[i]);
    address->db_outcome = json_string_value(json_object_get(object, "db_outcome"));
    address->jira_action = json_string_value(json_object_get(object, "jira_action"));
    address->jira_issue = json_string_value(json_object_get(object, "jira_issue"));
    address->db_changes = json_object_get(object, "db_changes");
    if (address->db_changes && !json_is_boolean(address->db_changes))
        return memory_string("\"db_changes\" is neither true nor false");
    address->would = json_object_get(object, "would");
    if (address->would && !json_is_object(address->would))
        return memory_string("\"would\" is not an object");
    address->dry_run = json_is_true(json_object_get(object, "dry_run"));
    return NULL;
}

/* NULL, or what is wrong, new. address->results.items is the caller's to free. */
static char *take_apart(const json_t *object, struct address *address)
{
    struct ip ip;
    char *problem;

    *address = (struct address){.decided = json_object_get(object, "decision") != NULL};
    problem = record_ip(object, &ip, &address->ip);
    if (!problem && address->decided)
        problem = record_decision(object, &address->decision);
    if (!problem && json_object_get(object, "results"))
        problem = record_results(object, &address->results);
    if (!problem)
        problem = take_effects(object, address);
    return problem;
}

static bool is(const char *text, const char *expected)
{
    return text && !strcmp(text, expected);
}

/* --- counting --- */

static enum outcome outcome_of(const struct address *address)
{
    static const enum outcome by_transition[] = {
        [RECORD_TRANSITION_NONE] = UNCHANGED,  [RECORD_TRANSITION_LISTED] = NEWLY_LISTED,
        [RECORD_TRANSITION_CLEARED] = CLEANED, [RECORD_TRANSITION_CHANGED] = CHANGED,
        [RECORD_TRANSITION_HELD] = HELD,
    };

    if (is(address->db_outcome, "failed"))
        return FAILED;
    if (is(address->db_outcome, "conflict"))
        return CONFLICTS;
    if (is(address->db_outcome, "unchanged") && address->decision.transition != RECORD_TRANSITION_HELD)
        return UNCHANGED;
    return by_transition[address->decision.transition];
}

/* In a dry run, what the real one would do in Jira. */
static const char *jira_effect(const struct address *address)
{
    return address->dry_run ? json_string_value(json_object_get(address->would, "jira_action"))
                            : address->jira_action;
}

static void count_address(struct summary *summary, const struct address *address)
{
    const char *jira = jira_effect(address);

    summary->total++;
    summary->listed += address->decided && address->decision.listed;
    summary->outcomes[outcome_of(address)]++;
    summary->jira_created += is(jira, "created_issue");
    summary->jira_updated += is(jira, "updated_issue");
    summary->jira_failed += is(jira, "failed");
    summary->dry_run = summary->dry_run || address->dry_run;
}

/* --- lines --- */

/* An address waits for its slowest lookup: they run side by side. */
static double longest_lookup(const struct record_results *results)
{
    double longest = 0;

    for (size_t i = 0; i < results->count; i++)
        if (results->items[i].duration_ms > longest)
            longest = results->items[i].duration_ms;
    return longest;
}

static enum report_level level_of(const struct address *address, enum outcome outcome)
{
    if (outcome == FAILED || is(address->jira_action, "failed"))
        return REPORT_ERROR;
    if (outcome == HELD || outcome == CONFLICTS || json_array_size(address->decision.unknown_zones) > 0)
        return REPORT_WARNING;
    return REPORT_INFO;
}

static json_t *borrowed_or_null(const json_t *value)
{
    return value ? json_incref((json_t *)value) : json_null();
}

static void set_if_any(json_t *line, const char *key, const json_t *array)
{
    if (json_array_size(array) > 0)
        json_object_set_new(line, key, line_visible(array));
}

/* What the real run would have done, as far as it is known here: a copy, new. */
static json_t *visible_would(const json_t *would)
{
    const json_t *db_changes = json_object_get(would, "db_changes"), *action = json_object_get(would, "jira_action");
    json_t *copy = memory_check(json_object());

    if (json_is_boolean(db_changes))
        json_object_set(copy, "db_changes", (json_t *)db_changes);
    if (json_is_string(action))
        json_object_set_new(copy, "jira_action", line_visible(action));
    return copy;
}

/* What is there only when it says something. */
static void add_particulars(json_t *line, const struct address *address, enum outcome outcome, const json_t *object)
{
    if (address->decision.transition != RECORD_TRANSITION_NONE)
        json_object_set_new(line, "transition", json_string(record_transition_names[address->decision.transition]));
    set_if_any(line, "watch_zones", address->decision.watch_zones);
    set_if_any(line, "carried_zones", address->decision.carried_zones);
    set_if_any(line, "surge_zones", json_object_get(object, "surge_zones"));
    if (outcome == FAILED || outcome == CONFLICTS)
        json_object_set_new(line, "db_outcome", json_string(address->db_outcome));
    if (address->jira_issue)
        json_object_set_new(line, "jira_issue", line_visible_text(address->jira_issue));
    if (address->dry_run)
        json_object_set_new(line, "dry_run", json_true());
    if (address->would)
        json_object_set_new(line, "would", visible_would(address->would));
}

static void write_address(struct ndjson_out *out, const struct address *address, const json_t *object)
{
    enum outcome outcome = outcome_of(address);
    json_t *line = line_new(level_of(address, outcome), "address");

    json_object_set_new(line, "ip", line_visible_text(address->ip));
    json_object_set_new(line, "listed_zones", line_visible(address->decision.listed_zones));
    json_object_set_new(line, "unknown_zones", line_visible(address->decision.unknown_zones));
    json_object_set_new(line, "decision", borrowed_or_null(json_object_get(object, "decision")));
    json_object_set_new(line, "db_changes", borrowed_or_null(address->db_changes));
    json_object_set_new(line, "jira_action", line_visible_text(address->jira_action));
    json_object_set_new(line, "duration_ms", json_real(longest_lookup(&address->results)));
    add_particulars(line, address, outcome, object);
    ndjson_write_object(out, line);
}

static void take_lookups(struct summary *summary, struct ndjson_out *out, const struct address *address,
                         const json_t *object)
{
    const json_t *array = json_object_get(object, "results");

    summary->lookups += (json_int_t)address->results.count;
    for (size_t i = 0; i < address->results.count; i++) {
        const struct record_result *result = &address->results.items[i];
        const json_t *detail = json_object_get(json_array_get(array, i), "detail");

        if (result->status != RECORD_UNKNOWN)
            continue;
        summary->unknown++;
        outages_take_lookup(&summary->outages, out, address->ip, result, json_string_value(detail));
    }
}

static void take_address(struct summary *summary, struct ndjson_in *in, struct ndjson_out *out, const json_t *object)
{
    struct address address;
    char *problem = take_apart(object, &address);

    if (problem) {
        ndjson_bad(in, "%s", problem);
    } else {
        count_address(summary, &address);
        take_lookups(summary, out, &address, object);
        write_address(out, &address, object);
    }
    free(problem);
    free(address.results.items);
}

/* --- the other records --- */

static void take_run(struct summary *summary, const json_t *object)
{
    line_run(json_string_value(json_object_get(object, "run_id")));
    summary->dry_run = json_is_true(json_object_get(object, "dry_run"));
}

static void take_end(struct summary *summary, const json_t *object)
{
    summary->sent = json_integer_value(json_object_get(object, "ips"));
    summary->skipped = json_integer_value(json_object_get(object, "skipped"));
}

static void take(struct ndjson_in *in, struct ndjson_out *out, const struct ndjson_record *record, void *context)
{
    struct summary *summary = context;

    if (!strcmp(record->type, "ip")) {
        take_address(summary, in, out, record->object);
    } else if (!strcmp(record->type, "zone")) {
        char *problem = outages_take_zone(&summary->outages, out, record->object);

        if (problem)
            ndjson_bad(in, "%s", problem);
        free(problem);
    } else if (!strcmp(record->type, "run")) {
        take_run(summary, record->object);
    } else if (!strcmp(record->type, "end")) {
        take_end(summary, record->object);
    }
}

/* --- the summary --- */

/* Addresses that were sent but dropped on the way as bad records have failed as well: each is in one count. */
static void count_lost(struct summary *summary)
{
    json_int_t lost = summary->sent - summary->total;

    if (lost <= 0)
        return;
    summary->outcomes[FAILED] += lost;
    summary->total += lost;
}

/* The final zone records know of all lookups, those of records dropped on the way included. */
static void settle_lookups(struct summary *summary)
{
    json_int_t lookups, unknown;

    if (outages_totals(&summary->outages, &lookups, &unknown)) {
        summary->lookups = lookups;
        summary->unknown = unknown;
    }
}

static void set_count(json_t *line, const char *key, json_int_t count)
{
    json_object_set_new(line, key, json_integer(count));
}

static void write_summary(const struct summary *summary, struct ndjson_out *out, bool complete)
{
    bool trouble = !complete || summary->outcomes[FAILED] > 0 || summary->jira_failed > 0;
    json_t *line = line_new(trouble ? REPORT_ERROR : REPORT_INFO, "job_summary");
    json_t *suggestion = complete ? outages_suggestion(&summary->outages) : NULL; /* else zones may be missing */

    set_count(line, "total_ips", summary->total);
    set_count(line, "listed", summary->listed);
    for (size_t i = 0; i < OUTCOMES; i++)
        set_count(line, outcome_names[i], summary->outcomes[i]);
    set_count(line, "skipped", summary->skipped);
    set_count(line, "jira_created", summary->jira_created);
    set_count(line, "jira_updated", summary->jira_updated);
    set_count(line, "jira_failed", summary->jira_failed);
    set_count(line, "dns_lookups", summary->lookups);
    set_count(line, "dns_failures", summary->unknown);
    json_object_set_new(line, "unhealthy_zones", outages_unhealthy(&summary->outages));
    if (suggestion)
        json_object_set_new(line, "suggested_dnsbl_zones", suggestion);
    json_object_set_new(line, "duration_sec", json_real((double)(clock_steady_ms() - summary->started_ms) / 1000));
    json_object_set_new(line, "complete", json_boolean(complete));
    json_object_set_new(line, "dry_run", json_boolean(summary->dry_run));
    ndjson_write_object(out, line);
}

static void conclude(struct summary *summary, const struct ndjson_in *in, struct ndjson_out *out)
{
    bool complete = !ndjson_cut_off(in) && !signals_received();

    if (complete) {
        count_lost(summary);
        settle_lookups(summary);
    }
    outages_report(&summary->outages, out);
    write_summary(summary, out, complete);
    outages_free(&summary->outages);
}

int main(int argc, char **argv)
{
    struct tool tool = {.name = "log-summary", .help = help};
    struct summary summary = {.started_ms = clock_steady_ms()};
    struct ndjson_in in;
    struct ndjson_out out;
    enum tool_mode mode = tool_start(&tool, argc, argv);
    int status;

    tool_no_arguments(&tool, argc, argv);
    if (mode != TOOL_RUN)
        return EXIT_DONE;
    ndjson_in_open(&in, STDIN_FILENO);
    in.require_run = tool.require_run;
    ndjson_out_open(&out, STDOUT_FILENO, false);
    ndjson_each(&in, &out, take, &summary);
    conclude(&summary, &in, &out);
    ndjson_out_close(&out);
    status = ndjson_status(&in, &out);
    ndjson_in_close(&in);
    line_run(NULL);
    return status;
}
