#include "change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "run.h"

const char *const outcome_names[] = {NULL, "unchanged", "updated", "conflict", "dry_run", "failed"};

static bool asks_for_change(enum record_transition transition)
{
    return transition == RECORD_TRANSITION_LISTED || transition == RECORD_TRANSITION_CLEARED ||
           transition == RECORD_TRANSITION_CHANGED;
}

/* The values of an update. Its priorities are what dnsbl-decide foresaw; those of the row itself count. */
static char *read_update(struct change *change, const json_t *update)
{
    json_error_t error;

    if (json_unpack_ex((json_t *)update, &error, 0, "{s:s, s:s}", "blocking_lists", &change->lists, "last_event",
                       &change->event) < 0)
        return memory_format("\"update\": %s", error.text);
    return NULL;
}

static char *read_address(struct change *change, const json_t *object)
{
    struct record_decision decision;
    struct record_row row;
    struct ip ip;
    char *problem = record_ip(object, &ip, &change->ip);

    if (!problem)
        problem = record_decision(object, &decision);
    if (!problem)
        problem = record_row(object, &row);
    if (problem)
        return problem;
    change->outcome = OUTCOME_UNCHANGED;
    change->transition = decision.transition;
    if (json_is_null(decision.update))
        return NULL;
    if (!asks_for_change(decision.transition))
        return memory_format("an \"update\" with the transition \"%s\"",
                             record_transition_names[decision.transition]);
    if (!row.present)
        return memory_string("an \"update\" without the row it is for (\"id\" and \"ip_text\")");
    change->outcome = OUTCOME_PENDING;
    change->id_number = row.id;
    snprintf(change->id, sizeof change->id, "%" JSON_INTEGER_FORMAT, row.id);
    change->ip_text = row.ip_text;
    change->lists_read = row.blocking_lists;
    return read_update(change, decision.update);
}

char *change_read(struct change *change, struct ndjson_record *record)
{
    *change = (struct change){.record = record, .outcome = OUTCOME_UNCHANGED};
    change->is_address = !strcmp(record->type, "ip");
    change->is_end = !strcmp(record->type, "end");
    return change->is_address ? read_address(change, record->object) : NULL;
}

/* The members that are added to an `ip` record, new. */
static json_t *members(const struct change *change, bool dry_run)
{
    const char *name = outcome_names[change->outcome];

    if (!dry_run)
        return memory_check(
            json_pack("{s:b, s:s}", "db_changes", change->outcome == OUTCOME_UPDATED, "db_outcome", name));
    return memory_check(json_pack("{s:b, s:s, s:b, s:{s:b}}", "db_changes", false, "db_outcome", name, "dry_run",
                                  true, "would", "db_changes", change->outcome == OUTCOME_DRY_RUN));
}

static json_t *end_members(const struct change *change)
{
    return memory_check(
        json_pack("{s:o}", "stage_duration_sec", run_stage_durations(change->record->object, "pg-apply")));
}

void change_settle(struct change *change, bool dry_run)
{
    json_t *fields = change->is_address ? members(change, dry_run) : change->is_end ? end_members(change) : NULL;

    change->line = ndjson_line(change->record, fields, &change->length);
    json_decref(fields);
    ndjson_record_free(change->record);
    change->record = NULL;
}

void change_free(struct change *change)
{
    ndjson_record_free(change->record);
    free(change->line);
    free(change);
}
