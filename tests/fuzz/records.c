/*
 * One record, as the reader lets it through: each part of it is unpacked as the stages do, and taken through
 * pg-apply's change and what the `run` record decides. What is accepted is what the record says.
 */
#include "record.h"

#include <stdlib.h>
#include <string.h>

#include "../../tools/pg-apply/change.h"
#include "fuzz.h"
#include "run.h"
#include "sysexits.h"

static bool accepted(char *problem)
{
    bool none = !problem;

    free(problem);
    return none;
}

static void check_ip(const json_t *object)
{
    struct ip ip;
    const char *text;

    if (accepted(record_ip(object, &ip, &text)))
        HOLDS(!strcmp(text, json_string_value(json_object_get(object, "ip"))) && (ip.family == 4 || ip.family == 6));
}

static void check_row(const json_t *object)
{
    struct record_row row;

    if (!accepted(record_row(object, &row)))
        return;
    HOLDS(row.blocking_lists && row.last_event && row.present == (row.ip_text != NULL));
    HOLDS(row.present == json_is_integer(json_object_get(object, "id")));
    HOLDS(row.has_priority == json_is_integer(json_object_get(object, "priority")));
    HOLDS(!row.present || row.id == json_integer_value(json_object_get(object, "id")));
}

static bool are_strings(const json_t *array)
{
    char *joined = json_is_array(array) ? record_join(array, ",") : NULL;
    bool strings = joined != NULL;
    size_t index;
    json_t *item;

    json_array_foreach (array, index, item)
        strings = strings && json_is_string(item);
    free(joined);
    return strings;
}

static void check_results(const json_t *object)
{
    struct record_results results;

    if (!accepted(record_results(object, &results))) {
        HOLDS(!results.items && results.count == 0);
        return;
    }
    HOLDS(results.count == json_array_size(json_object_get(object, "results")));
    for (size_t i = 0; i < results.count; i++)
        HOLDS(results.items[i].zone && results.items[i].status <= RECORD_UNKNOWN &&
              are_strings(results.items[i].answers));
    free(results.items);
}

static bool check_decision(const json_t *object)
{
    struct record_decision decision;
    const char *transition = json_string_value(json_object_get(object, "transition"));

    if (!accepted(record_decision(object, &decision)))
        return false;
    HOLDS(are_strings(decision.listed_zones) && are_strings(decision.removed_zones));
    HOLDS(!strcmp(record_transition_names[decision.transition], transition));
    HOLDS(json_is_null(decision.update) || json_is_object(decision.update));
    return true;
}

/* --- pg-apply --- */

static void check_pending(const struct change *change)
{
    const json_t *update = json_object_get(change->record->object, "update");
    char *end;

    HOLDS(change->is_address && json_is_object(update) && change->ip && change->ip_text && change->lists_read);
    HOLDS(!strcmp(change->lists, json_string_value(json_object_get(update, "blocking_lists"))));
    HOLDS(change->event && change->transition != RECORD_TRANSITION_NONE &&
          change->transition != RECORD_TRANSITION_HELD);
    HOLDS(strtoll(change->id, &end, 10) == change->id_number && !*end);
}

/* Takes the change, which is decided. */
static void check_settled(struct change *change, json_t *before, bool dry_run)
{
    json_t *line, *added = json_pack("{s:n, s:n, s:n, s:n, s:n}", "db_changes", "db_outcome", "dry_run", "would",
                                     "stage_duration_sec");
    bool is_address = change->is_address;

    change_settle(change, dry_run);
    HOLDS(change->line && !change->record && change->length == strlen(change->line));
    line = json_loads(change->line, JSON_REJECT_DUPLICATES, NULL);
    HOLDS(line && fuzz_holds_members(line, before, added));
    HOLDS(!is_address || json_is_boolean(json_object_get(line, "db_changes")));
    HOLDS(!is_address || !dry_run || json_is_false(json_object_get(line, "db_changes")));
    json_decref(line);
    json_decref(added);
    change_free(change);
}

static void check_change(const char *text, json_t *object, const char *type, enum outcome outcome)
{
    struct change *change = calloc(1, sizeof *change);
    struct ndjson_record *record = calloc(1, sizeof *record);
    bool readable;

    *record = (struct ndjson_record){json_incref(object), type, strdup(text), strlen(text)};
    readable = accepted(change_read(change, record));
    if (!readable) {
        HOLDS(!strcmp(type, "ip"));
        change_free(change);
        return;
    }
    if (change->outcome == OUTCOME_PENDING) {
        check_pending(change);
        change->outcome = outcome;
    } else
        HOLDS(change->outcome == OUTCOME_UNCHANGED);
    check_settled(change, object, change->outcome == OUTCOME_DRY_RUN);
}

/* --- the run --- */

static void take_run(void *object)
{
    if (!run_is_dry(object, "nothing was written"))
        run_refuse_stale(object, "nothing was written");
}

static void check_run(json_t *object)
{
    const json_t *dry_run = json_object_get(object, "dry_run");
    int status = fuzz_ends(take_run, object);
    json_t *durations = run_stage_durations(object, "fuzz");

    HOLDS(status == -1 || status == EXIT_CUT_OFF);
    if (status == -1)
        HOLDS(json_is_true(dry_run) || run_is_fresh(object));
    else
        HOLDS(!json_is_true(dry_run));
    HOLDS(json_is_real(json_object_get(durations, "fuzz")));
    json_decref(durations);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    bool is_line = strlen(text) == size && !strchr(text, '\n');
    json_t *object = is_line ? json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const char *type = json_string_value(json_object_get(object, "type"));

    fuzz_begin("", 0, 1);
    if (type) {
        check_ip(object);
        check_row(object);
        check_results(object);
        check_decision(object);
        check_run(object);
        for (enum outcome outcome = OUTCOME_UNCHANGED; outcome <= OUTCOME_FAILED; outcome++)
            check_change(text, object, type, outcome);
    }
    fuzz_end();
    json_decref(object);
    free(text);
    return 0;
}
