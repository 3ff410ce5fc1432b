#include "summary.h"

#include "run.h"
#include "tool.h"

void summary_free(struct summary *summary)
{
    json_decref(summary->durations);
    json_decref(summary->malfunctions);
}

void summary_take_address(struct summary *summary, const struct address *address)
{
    const char *ticket = address_ticket(address);

    summary->total++;
    summary->listed += address->decided && address->decision.listed;
    summary->clean += address->decided && !address->decision.listed;
    summary->undecided += !address->decided;
    summary->outcomes[address_outcome(address)]++;
    summary->jira_created += address_says(ticket, "created_issue");
    summary->jira_updated += address_says(ticket, "updated_issue");
    summary->jira_failed += address_says(ticket, "failed");
    summary->dry_run = summary->dry_run || address->dry_run;
    summary->lookups += (json_int_t)address->results.count;
    for (size_t i = 0; i < address->results.count; i++)
        summary->unknown += address->results.items[i].status == RECORD_UNKNOWN;
}

/* A copy of a member if it has that type; NULL: there is none. */
static json_t *member(const json_t *object, const char *key, json_type type)
{
    json_t *value = json_object_get(object, key);

    return value && json_typeof(value) == type ? json_incref(value) : NULL;
}

void summary_take_run(struct summary *summary, const json_t *object)
{
    summary->dry_run = json_is_true(json_object_get(object, "dry_run"));
    summary->fresh = run_is_fresh(object);
}

/* 0 for what is no count. */
static json_int_t count(const json_t *object, const char *key)
{
    json_int_t number = json_integer_value(json_object_get(object, key));

    return record_is_count(number) ? number : 0;
}

void summary_take_end(struct summary *summary, const json_t *object)
{
    summary->sent = count(object, "ips");
    summary->skipped = count(object, "skipped");
    summary->durations = member(object, "stage_duration_sec", JSON_OBJECT);
    summary->malfunctions = member(object, "jira_malfunctions", JSON_ARRAY);
}

/* Addresses that were sent but dropped on the way as bad records have failed as well: each is in one count. */
static void count_lost(struct summary *summary)
{
    json_int_t lost = summary->sent - summary->total;

    if (lost <= 0)
        return;
    summary->outcomes[FAILED] += lost;
    summary->total += lost;
}

void summary_close(struct summary *summary, const struct tallies *tallies, bool complete, bool flawless)
{
    json_int_t lookups, unknown;

    summary->complete = complete;
    summary->flawless = flawless;
    summary->seconds = (double)tool_age_ms() / 1000;
    if (!complete)
        return;
    count_lost(summary);
    /* The final zone records know of all lookups, those of records dropped on the way included. */
    if (tallies_totals(tallies, &lookups, &unknown)) {
        summary->lookups = lookups;
        summary->unknown = unknown;
    }
}

bool summary_succeeded(const struct summary *summary)
{
    size_t index;
    json_t *malfunction;

    json_array_foreach (summary->malfunctions, index, malfunction)
        if (address_says(json_string_value(json_object_get(malfunction, "jira_action")), "failed"))
            return false;
    return summary->complete && summary->flawless && summary->fresh && !summary->dry_run && summary->undecided == 0 &&
           summary->outcomes[FAILED] == 0 && summary->jira_failed == 0;
}
