#include "address.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memory.h"
#include "names.h"
#include "report.h"
#include "ticket.h"

#define DAY_S (24 * 60 * 60)

/* While it waits, a record is kept as text: its object takes about ten times the memory. */
struct address {
    struct addresses *all;
    struct ndjson_record *record;
    bool unpacked; /* ticket holds what record->object says */
    struct ticket ticket;
    json_t *zones; /* owned: ticket.zones */
};

/* --- the record --- */

static char *take_outcome(const json_t *object, struct ticket *ticket)
{
    const json_t *value = json_object_get(object, "db_outcome"), *would = json_object_get(object, "would");

    if (value && !json_is_null(value) && !json_is_string(value))
        return memory_string("\"db_outcome\" is neither a string nor null");
    if (would && !json_is_object(would))
        return memory_string("\"would\" is not an object");
    ticket->db_outcome = json_string_value(value);
    return NULL;
}

/* NULL, or what is wrong with the record, new. */
static char *unpack(struct address *address)
{
    const json_t *object = address->record->object;
    struct ticket *ticket = &address->ticket;
    const char *text;
    struct ip ip;
    char *problem = record_ip(object, &ip, &text);

    *ticket = (struct ticket){.run_id = address->all->run_id};
    if (!problem)
        problem = record_row(object, &ticket->row);
    if (!problem)
        problem = record_decision(object, &ticket->decision);
    if (!problem)
        problem = take_outcome(object, ticket);
    if (!problem)
        problem = record_results(object, &ticket->results);
    if (!problem)
        ip_format(&ip, ticket->ip);
    address->unpacked = !problem;
    return problem;
}

static void forget(struct address *address)
{
    free(address->ticket.results.items);
    json_decref(address->zones);
    address->ticket.results.items = NULL;
    address->zones = NULL;
}

static void rest(struct address *address)
{
    forget(address);
    address->unpacked = false;
    json_decref(address->record->object);
    address->record->object = NULL;
    address->record->type = NULL;
}

static const struct ticket *ticket_of(struct job *job)
{
    struct address *address = job->matter;

    if (!address->unpacked) {
        const struct ndjson_record *record = address->record;

        address->record->object = memory_check(json_loadb(record->text, record->length, 0, NULL));
        free(unpack(address)); /* it was right when it came */
    }
    return &address->ticket;
}

static void release(struct address *address)
{
    forget(address);
    ndjson_record_free(address->record);
    free(address);
}

/* --- its way on --- */

static json_t *would_do(const struct address *address, const char *action)
{
    json_t *old = json_object_get(address->record->object, "would");
    const json_t *changes = json_object_get(address->record->object, "db_changes");
    bool updates = changes ? json_is_true(changes) : !json_is_null(address->ticket.decision.update);
    json_t *would = old ? json_copy(old) : json_pack("{s:b}", "db_changes", updates);

    json_object_set_new(memory_check(would), "jira_action", json_string(action));
    return would;
}

static void pass_on(struct address *address, enum sync_outcome outcome, const char *action, const char *key)
{
    struct addresses *all = address->all;
    enum sync_outcome acted = all->dry_run && outcome != SYNC_FAILED ? SYNC_NO_ACTION : outcome;
    json_t *fields = json_pack("{s:s, s:s?}", "jira_action", sync_outcome_names[acted], "jira_issue", key);

    memory_check(fields);
    if (all->dry_run) {
        json_object_set_new(fields, "dry_run", json_true());
        json_object_set_new(fields, "would", would_do(address, action));
    }
    all->failed += outcome == SYNC_FAILED;
    ndjson_write_with(all->out, address->record, fields);
    release(address);
}

/* --- its ticket --- */

static const struct record_result *result_of(const struct ticket *ticket, const char *zone)
{
    for (size_t i = 0; i < ticket->results.count; i++)
        if (!strcmp(ticket->results.items[i].zone, zone))
            return &ticket->results.items[i];
    return NULL;
}

/* A zone that the run asked, though not for this address, is no longer asked in vain: it is doubt. */
static bool is_settled(const struct address *address, const char *zone)
{
    const struct record_result *result = result_of(&address->ticket, zone);

    return result ? result->status != RECORD_UNKNOWN : !census_find(address->all->census, zone);
}

static bool has_definite_answer(const struct ticket *ticket)
{
    for (size_t i = 0; i < ticket->results.count; i++)
        if (ticket->results.items[i].status != RECORD_UNKNOWN)
            return true;
    return false;
}

/*
 * Whether some zone that the ticket is about might list the address still. A summary that was cut, or that a person
 * has rewritten, does not tell which those are: any zone may be one.
 */
static bool in_doubt(const struct address *address, const struct issue *open)
{
    bool more, doubt;
    json_t *named = ticket_named_zones(open->summary, &more);
    bool told = !more && json_array_size(named) > 0;
    size_t index;
    const json_t *zone;

    doubt = !has_definite_answer(&address->ticket) ||
            (!told && json_array_size(address->ticket.decision.unknown_zones) > 0);
    json_array_foreach (named, index, zone)
        doubt = doubt || !is_settled(address, json_string_value(zone));
    json_decref(named);
    return doubt;
}

/*
 * What the ticket shall name, given the one there is or NULL. A zone that it names and that did not answer is not
 * gone: it stays, though this row does not carry it (the change that would have put it there may have been lost).
 */
static const struct ticket *ticket_for(struct job *job, const struct issue *issue)
{
    struct address *address = job->matter;
    const struct ticket *ticket = ticket_of(job);
    bool more, over = !issue || issue_has_label(issue, TICKET_CLEARED);
    json_t *named = ticket_named_zones(over ? "" : issue->summary, &more), *zone;
    size_t index;

    json_decref(address->zones);
    address->ticket.zones = address->zones = memory_check(json_copy((json_t *)ticket->decision.listed_zones));
    json_array_foreach (named, index, zone)
        if (!is_settled(address, json_string_value(zone)))
            names_add(address->zones, zone);
    json_decref(named);
    return ticket;
}

/*
 * Too little listed, and no change, while something is UNKNOWN: it may be an allowlist that would decide, so the row
 * was left as it is (dnsbl-decide(1)), and so is the ticket.
 */
static bool is_undecided(const struct record_decision *decision)
{
    return decision->transition == RECORD_TRANSITION_NONE && json_array_size(decision->listed_zones) > 0 &&
           json_array_size(decision->unknown_zones) > 0;
}

static enum plan_want want(struct job *job, const struct issue *open)
{
    const struct ticket *ticket = ticket_of(job);

    if (ticket->decision.listed)
        return ticket->decision.transition == RECORD_TRANSITION_LISTED ? PLAN_WANT_NEW : PLAN_WANT_OPEN;
    if (is_undecided(&ticket->decision) || (open && !open->unread && in_doubt(job->matter, open)))
        return PLAN_WANT_DOUBT;
    return ticket->decision.transition == RECORD_TRANSITION_CLEARED ? PLAN_WANT_CLEARED : PLAN_WANT_NONE;
}

static enum plan_ticket open_ticket(struct job *job, const struct issue *open)
{
    const struct ticket *ticket = ticket_for(job, open);

    if (issue_has_label(open, TICKET_CLEARED))
        return PLAN_OPEN_MARKED;
    if (ticket->decision.listed && !ticket_names_same(open->summary, ticket->ip, ticket->zones))
        return PLAN_OPEN_OTHER;
    if (!issue_has_label(open, TICKET_LABEL) || !issue_has_label(open, job->label))
        return PLAN_OPEN_BARE;
    return PLAN_OPEN_SAME;
}

static enum plan_ticket closed_ticket(struct job *job, const struct issue *closed)
{
    const struct address *address = job->matter;
    time_t holds = (time_t)address->all->settings->ignore_closed_days * DAY_S;

    if (issue_has_label(closed, TICKET_CLEARED))
        return PLAN_CLOSED_MARKED;
    return time(NULL) - closed->closed < holds ? PLAN_CLOSED_LATELY : PLAN_CLOSED_LONG_AGO;
}

/* Only a row that was changed is not listed anew by the next run. */
static bool recurs(struct job *job)
{
    const struct ticket *ticket = ticket_of(job);

    return ticket->decision.transition == RECORD_TRANSITION_LISTED &&
           (!ticket->db_outcome || strcmp(ticket->db_outcome, "updated") != 0);
}

static json_t *create(struct job *job)
{
    return ticket_create(ticket_for(job, NULL));
}

static json_t *edit(struct job *job, const struct issue *issue, enum plan_action action)
{
    return ticket_edit(ticket_for(job, issue), issue, action);
}

static void rest_job(struct job *job)
{
    rest(job->matter);
}

static void done(struct job *job, enum sync_outcome outcome, const char *key, const char *why)
{
    const struct ticket *ticket = ticket_of(job);

    if (outcome == SYNC_FAILED && why)
        report_with(REPORT_ERROR, "jira_error", json_pack("{s:s}", "ip", ticket->ip),
                    "the ticket of %s%s%s could not be put right: %s", ticket->ip, key ? ", " : "", key ? key : "",
                    why);
    pass_on(job->matter, outcome, outcome == SYNC_FAILED ? "unknown" : sync_outcome_names[outcome], key);
}

const struct job_kind address_kind = {
    .label = TICKET_LABEL,
    .mark = TICKET_CLEARED,
    .owner = ticket_owner,
    .want = want,
    .open_ticket = open_ticket,
    .closed_ticket = closed_ticket,
    .recurs = recurs,
    .create = create,
    .edit = edit,
    .rest = rest_job,
    .done = done,
};

/* Held back by the surge brake, or changed by somebody else meanwhile: the next run decides. */
static bool is_left_alone(const struct ticket *ticket)
{
    return ticket->decision.transition == RECORD_TRANSITION_HELD ||
           (ticket->db_outcome && !strcmp(ticket->db_outcome, "conflict"));
}

static struct job *job_new(struct address *address)
{
    struct job *job = memory_new(1, sizeof *job);

    *job = (struct job){.kind = &address_kind, .matter = address};
    job->label = ticket_label(address->ticket.ip);
    job->phrase = ticket_phrase(address->ticket.ip);
    job->owner = memory_string(job->label);
    job->weight = address->record->length + sizeof *address + sizeof *job + 8 * strlen(job->label);
    return job;
}

void address_take(struct addresses *addresses, struct ndjson_in *in, struct ndjson_record *record)
{
    struct address *address = memory_new(1, sizeof *address);
    char *problem;

    *address = (struct address){.all = addresses, .record = record};
    problem = unpack(address);
    if (problem) {
        ndjson_bad(in, "%s", problem);
        free(problem);
        release(address);
        return;
    }
    census_add(addresses->census, &address->ticket.results);
    if (is_left_alone(&address->ticket))
        pass_on(address, SYNC_NO_ACTION, sync_outcome_names[SYNC_NO_ACTION], NULL);
    else if (!addresses->sync)
        pass_on(address, SYNC_NO_ACTION, "unknown", NULL);
    else
        sync_take(addresses->sync, job_new(address));
}
