#include "collected.h"

#include <stdlib.h>
#include <string.h>

bool collected_is_newer(const struct collected *collected, const struct address *address, size_t run)
{
    const struct run *runs = collected->history.runs;

    return address->run == UINT32_MAX || address->run == run ||
           strcmp(runs[run].started, runs[address->run].started) >= 0;
}

bool collected_is(const char *text, const char *expected)
{
    return text && !strcmp(text, expected);
}

unsigned collected_notes(const json_t *object, const char *transition)
{
    const char *db_outcome = json_string_value(json_object_get(object, "db_outcome"));
    const char *jira_action = json_string_value(json_object_get(object, "jira_action"));

    return (collected_is(transition, "listed") ? NOTE_NEWLY_LISTED : 0) |
           (collected_is(transition, "cleared") ? NOTE_CLEARED : 0) |
           (collected_is(transition, "changed") ? NOTE_CHANGED : 0) |
           (collected_is(db_outcome, "conflict") ? NOTE_CONFLICT : 0) |
           (collected_is(db_outcome, "failed") ? NOTE_DB_FAILED : 0) |
           (collected_is(jira_action, "failed") ? NOTE_JIRA_FAILED : 0);
}

enum state collected_state(const struct address *address, const char *decision, const char *transition)
{
    bool unknown = false, listed = false;

    for (size_t i = 0; i < address->cell_count; i++) {
        enum finding_kind kind = address->cells[i].finding->kind;

        unknown = unknown || kind == FINDING_UNKNOWN;
        listed = listed || kind == FINDING_LISTED;
    }
    if (collected_is(transition, "held"))
        return STATE_HELD;
    if (decision ? !strcmp(decision, "LISTED") : listed)
        return STATE_LISTED;
    if (unknown)
        return STATE_DOUBT;
    return decision || address->zone_set != POOL_ANY_ZONE ? STATE_CLEAN : STATE_UNCHECKED;
}

void collected_count(struct collected *collected, struct address *address, size_t run, enum state state,
                     unsigned notes)
{
    struct run *counts = &collected->history.runs[run];

    counts->addresses++;
    counts->listed += state == STATE_LISTED;
    counts->held += state == STATE_HELD;
    counts->in_doubt += state == STATE_DOUBT;
    counts->newly_listed += (notes & NOTE_NEWLY_LISTED) != 0;
    counts->cleared += (notes & NOTE_CLEARED) != 0;
    counts->failed += (notes & (NOTE_DB_FAILED | NOTE_JIRA_FAILED)) != 0;
    if (state == STATE_LISTED)
        pool_listed_in(address, (uint32_t)run);
}

/* Types that are not known pass, as everywhere. */
void collected_take(struct ndjson_in *in, struct ndjson_out *out, const struct ndjson_record *record, void *context)
{
    struct collected *collected = context;
    char *problem = NULL;

    (void)out;
    if (log_is_line(record->object))
        problem = log_take_line(collected, record->type, record->object);
    else if (!strcmp(record->type, "ip"))
        problem = stream_take_address(collected, record->object);
    else if (!strcmp(record->type, "zone"))
        problem = history_take_zone(&collected->history, record->object);
    else if (!strcmp(record->type, "run"))
        problem = history_take_run(&collected->history, record->object);
    else if (!strcmp(record->type, "end"))
        problem = history_take_end(&collected->history, record->object);
    if (problem)
        ndjson_bad(in, "%s", problem);
    free(problem);
}
