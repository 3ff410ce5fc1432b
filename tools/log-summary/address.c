#include "address.h"

#include <string.h>

#include "memory.h"

const char *const outcome_names[OUTCOMES] = {"newly_listed", "cleaned",   "changed", "unchanged",
                                             "held",         "conflicts", "failed"};

static bool is_text_or_nothing(const json_t *value)
{
    return !value || json_is_null(value) || json_is_string(value);
}

/* What pg-apply and jira-sync have added. */
static char *read_effects(struct address *address, const json_t *object)
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

char *address_read(struct address *address, const json_t *object)
{
    struct ip ip;
    char *problem;

    *address = (struct address){.object = object, .decided = json_object_get(object, "decision") != NULL};
    problem = record_ip(object, &ip, &address->ip);
    if (!problem)
        ip_format(&ip, address->canonical);
    if (!problem && address->decided)
        problem = record_decision(object, &address->decision);
    if (!problem && json_object_get(object, "results"))
        problem = record_results(object, &address->results);
    if (!problem)
        problem = read_effects(address, object);
    return problem;
}

bool address_says(const char *text, const char *expected)
{
    return text && !strcmp(text, expected);
}

enum outcome address_outcome(const struct address *address)
{
    static const enum outcome by_transition[] = {
        [RECORD_TRANSITION_NONE] = UNCHANGED,  [RECORD_TRANSITION_LISTED] = NEWLY_LISTED,
        [RECORD_TRANSITION_CLEARED] = CLEANED, [RECORD_TRANSITION_CHANGED] = CHANGED,
        [RECORD_TRANSITION_HELD] = HELD,
    };

    if (address_says(address->db_outcome, "failed"))
        return FAILED;
    if (address_says(address->db_outcome, "conflict"))
        return CONFLICTS;
    if (address_says(address->db_outcome, "unchanged") && address->decision.transition != RECORD_TRANSITION_HELD)
        return UNCHANGED;
    return by_transition[address->decision.transition];
}

const char *address_ticket(const struct address *address)
{
    return address->dry_run ? json_string_value(json_object_get(address->would, "jira_action"))
                            : address->jira_action;
}
