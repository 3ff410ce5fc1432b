/* The log for machines: lines as log.schema.json describes them. */
#include "line.h"
#include "log.h"
#include "memory.h"

/* --- addresses --- */

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
    if (outcome == FAILED || address_says(address->jira_action, "failed"))
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
static void add_particulars(json_t *line, const struct address *address, enum outcome outcome)
{
    if (address->decision.transition != RECORD_TRANSITION_NONE)
        json_object_set_new(line, "transition", json_string(record_transition_names[address->decision.transition]));
    set_if_any(line, "watch_zones", address->decision.watch_zones);
    set_if_any(line, "carried_zones", address->decision.carried_zones);
    set_if_any(line, "surge_zones", json_object_get(address->object, "surge_zones"));
    if (outcome == FAILED || outcome == CONFLICTS)
        json_object_set_new(line, "db_outcome", json_string(address->db_outcome));
    if (address->jira_issue)
        json_object_set_new(line, "jira_issue", line_visible_text(address->jira_issue));
    if (address->dry_run)
        json_object_set_new(line, "dry_run", json_true());
    if (address->would)
        json_object_set_new(line, "would", visible_would(address->would));
}

static void write_address(struct log *log, const struct address *address)
{
    enum outcome outcome = address_outcome(address);
    json_t *line = line_new(level_of(address, outcome), "address");

    json_object_set_new(line, "ip", line_visible_text(address->ip));
    json_object_set_new(line, "listed_zones", line_visible(address->decision.listed_zones));
    json_object_set_new(line, "unknown_zones", line_visible(address->decision.unknown_zones));
    json_object_set_new(line, "decision", borrowed_or_null(json_object_get(address->object, "decision")));
    json_object_set_new(line, "db_changes", borrowed_or_null(address->db_changes));
    json_object_set_new(line, "jira_action", line_visible_text(address->jira_action));
    json_object_set_new(line, "duration_ms", json_real(longest_lookup(&address->results)));
    add_particulars(line, address, outcome);
    ndjson_write_object(log->out, line);
}

/* --- zones and lookups --- */

static void write_zone(struct log *log, const struct tally *tally, const char *detail)
{
    json_t *line = line_new(REPORT_WARNING, "zone");

    json_object_set_new(line, "zone", line_visible_text(tally->name));
    json_object_set_new(line, "health", json_string(tally->health->name));
    json_object_set_new(line, "evidence", line_visible_text(detail));
    json_object_set_new(line, "advice", json_string(tally->health->advice));
    ndjson_write_object(log->out, line);
}

/* The members that a lookup's line and a zone's line have in common. query_type: RFC 5782 section 2.1. */
static json_t *unknown_line(const char *type, const char *zone, const char *error, const char *message,
                            const struct tally *tally)
{
    json_t *line = line_new(REPORT_WARNING, type);

    json_object_set_new(line, "zone", line_visible_text(zone));
    json_object_set_new(line, "query_type", json_string("A"));
    json_object_set_new(line, "error_type", line_visible_text(error ? error : "not_said"));
    json_object_set_new(line, "error_message", line_visible_text(message));
    json_object_set_new(line, "timeout_value", tally && tally->timeout > 0 ? json_real(tally->timeout) : json_null());
    return line;
}

static void write_lookup(struct log *log, const struct tally *tally, const char *ip,
                         const struct record_result *result, const char *detail)
{
    enum failure failure = failure_find(result->error);
    json_t *line = unknown_line("unknown_lookup", result->zone, result->error,
                                detail ? detail : failure_kinds[failure].message, tally);

    if (failure == FAILURE_TIMEOUT && !(tally && tally->timeout > 0))
        json_object_set_new(line, "timeout_value", json_real(result->duration_ms / 1000));
    json_object_set_new(line, "ip", line_visible_text(ip));
    ndjson_write_object(log->out, line);
}

static void write_lookups(struct log *log, const struct tally *tally, enum failure failure)
{
    json_t *line = unknown_line("unknown_lookups", tally->name, failure_kinds[failure].name,
                                failure_kinds[failure].message, tally);

    json_object_set_new(line, "count", json_integer(tally->deferred[failure]));
    ndjson_write_object(log->out, line);
}

/* --- the summary --- */

static void set_count(json_t *line, const char *key, json_int_t count)
{
    json_object_set_new(line, key, json_integer(count));
}

static void write_summary(struct log *log, const struct summary *summary, const struct tallies *tallies)
{
    bool trouble = !summary->complete || summary->outcomes[FAILED] > 0 || summary->jira_failed > 0;
    json_t *line = line_new(trouble ? REPORT_ERROR : REPORT_INFO, "job_summary");
    json_t *suggestion = summary->complete ? tallies_suggestion(tallies) : NULL; /* else zones may be missing */

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
    json_object_set_new(line, "unhealthy_zones", tallies_unhealthy(tallies));
    if (suggestion)
        json_object_set_new(line, "suggested_dnsbl_zones", suggestion);
    json_object_set_new(line, "duration_sec", json_real(summary->seconds));
    json_object_set_new(line, "complete", json_boolean(summary->complete));
    json_object_set_new(line, "dry_run", json_boolean(summary->dry_run));
    ndjson_write_object(log->out, line);
}

const struct log_style log_json = {
    .address = write_address,
    .zone = write_zone,
    .lookup = write_lookup,
    .lookups = write_lookups,
    .summary = write_summary,
};
