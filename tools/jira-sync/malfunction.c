#include "malfunction.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "malfunction_text.h"
#include "memory.h"
#include "report.h"
#include "ticket.h"

#define LABEL "MAJOR_MALFUNCTION" /* Jira refuses a blank in a label */
#define RECOVERED "dnsbl-recovered"
#define MADE_LATELY_S 600   /* less than the job's period: what the run before has made is not taken for this one's */
#define LINE_MAX_BYTES 4000 /* of the line of failed zones in a description */

/* What distinguishes the two. The summary tells them apart, the line in the description says what failed. */
static const struct {
    const char *word, *summary, *line;
} sorts[SORTS] = {
    [DNS_FAILURE] = {"dns", "DNS Infrastructure Failure Detected - ", "Failed zones: "},
    [SURGE] = {"surge", "DNSBL surge held: ", "Surging zones: "},
};

/* --- whose ticket it is --- */

static char *owner_on(enum malfunction_sort sort, time_t when)
{
    struct tm day;

    gmtime_r(&when, &day);
    return memory_format(LABEL " %s %04d-%02d-%02d", sorts[sort].word, day.tm_year + 1900, day.tm_mon + 1,
                         day.tm_mday);
}

static char *owner(const struct issue *issue)
{
    if (!issue_has_label(issue, LABEL))
        return NULL;
    for (size_t i = 0; i < SORTS; i++)
        if (!strncmp(issue->summary, sorts[i].summary, strlen(sorts[i].summary)))
            return owner_on((enum malfunction_sort)i, issue->created);
    return NULL;
}

/* --- what failed --- */

static json_t *names_of_failed(const struct census *census)
{
    json_t *names = memory_check(json_array());

    for (size_t i = 0; i < census->count; i++)
        if (census_zone_failed(&census->zones[i]))
            json_array_append_new(names, json_string(census->zones[i].name));
    return names;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static json_t *names_of_surging(const json_t *surge)
{
    size_t count = 0, index;
    const char **sorted = memory_new(json_array_size(surge) + 1, sizeof *sorted);
    json_t *names = memory_check(json_array());
    const json_t *item;

    json_array_foreach (surge, index, item) {
        const char *zone = json_string_value(json_object_get(item, "zone"));

        if (zone)
            sorted[count++] = zone;
    }
    qsort(sorted, count, sizeof *sorted, by_text);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(names, json_string(sorted[i]));
    free(sorted);
    return names;
}

/* FNV-1a: what was cut from a line still tells two sets apart. */
static uint64_t hash(const char *text)
{
    uint64_t value = 14695981039346656037u;

    for (; *text; text++)
        value = (value ^ (unsigned char)*text) * 1099511628211u;
    return value;
}

/* The set as one line, comparable after Jira has turned it into a document and back: no blanks at its ends, no
 * braces. */
static char *line_of(enum malfunction_sort sort, const json_t *names)
{
    char *joined = record_join(names, ", ");
    size_t length = strlen(joined);
    char *line;

    if (length <= LINE_MAX_BYTES) {
        line = memory_format("%s%s", sorts[sort].line, joined);
    } else {
        size_t cut = LINE_MAX_BYTES;

        while (cut > 0 && joined[cut] != ',')
            cut--;
        line = memory_format("%s%.*s%s… (%zu zones in all, %016" PRIx64 ")", sorts[sort].line, (int)cut, joined,
                             cut > 0 ? ", " : "", json_array_size(names), hash(joined));
    }
    free(joined);
    return line;
}

/* Whether the description holds the line, whole. */
static bool holds_line(const char *description, const char *line)
{
    const char *at = strstr(description, line);

    return at && strchr("\r\n{", at[strlen(line)]);
}

/* The line's names, up to the line's end; new. NULL: there is none, a person has taken it out. */
static char *names_on_line(enum malfunction_sort sort, const char *description)
{
    const char *at = strstr(description, sorts[sort].line);

    if (!at)
        return NULL;
    at += strlen(sorts[sort].line);
    return memory_bytes(at, strcspn(at, "\r\n{"));
}

/* --- the plan --- */

/* Whether one of the zones is still out. Of those that a cut line does not name any may be one. */
static bool names_failed(const struct census *census, const char *names)
{
    bool cut = strstr(names, "…") != NULL, failed = false;

    for (const char *at = names; *at && !failed; at += strspn(at, ", ")) {
        size_t length = strcspn(at, ",");
        char *name = memory_bytes(at, length);
        const struct census_zone *zone = census_find(census, name);

        failed = zone && census_zone_failed(zone);
        free(name);
        at += length;
    }
    for (size_t i = 0; i < census->count && cut && !failed; i++)
        failed = census_zone_failed(&census->zones[i]);
    return failed;
}

/*
 * It is over only when the zones on the ticket answer again. Near one half of the lookups it would else be over and
 * back at every other run; and a surging zone that is out lists nobody.
 */
static bool is_in_doubt(const struct malfunction *malfunction, const struct issue *issue)
{
    char *names = names_on_line(malfunction->sort, issue->description);
    bool doubt = names && names_failed(malfunction->all->census, names);

    free(names);
    return doubt;
}

static enum plan_want want(struct job *job, const struct issue *open)
{
    const struct malfunction *malfunction = job->matter;
    const struct issue *issue = open ? open : job->closed;

    if (malfunction->failing)
        return PLAN_WANT_OPEN;
    if (issue && !issue->unread && issue->description && is_in_doubt(malfunction, issue))
        return PLAN_WANT_DOUBT;
    return PLAN_WANT_CLEARED;
}

static enum plan_ticket open_ticket(struct job *job, const struct issue *open)
{
    const struct malfunction *malfunction = job->matter;

    if (issue_has_label(open, RECOVERED))
        return PLAN_OPEN_MARKED;
    if (!malfunction->failing)
        return PLAN_OPEN_SAME;
    if (!open->description)
        return PLAN_OPEN_UNREAD;
    return holds_line(open->description, malfunction->line) ? PLAN_OPEN_SAME : PLAN_OPEN_OTHER;
}

/*
 * A ticket of today that a person closed while the trouble lasted has been seen: that holds for the same zones, until
 * they have been well again.
 */
static enum plan_ticket closed_ticket(struct job *job, const struct issue *closed)
{
    const struct malfunction *malfunction = job->matter;

    if (issue_has_label(closed, RECOVERED))
        return PLAN_CLOSED_MARKED;
    if (!closed->description)
        return PLAN_CLOSED_UNREAD;
    if (malfunction->failing && !holds_line(closed->description, malfunction->line))
        return PLAN_CLOSED_LONG_AGO;
    return PLAN_CLOSED_LATELY;
}

/* --- as Jira takes it --- */

/* It is Jira's clock that says on which day a ticket was made, and midnight may have passed meanwhile. */
static bool made(const struct job *job, const struct issue *issue)
{
    const struct malfunction *malfunction = job->matter;
    char *day = owner_on(malfunction->sort, issue->created), *its = owner(issue);
    bool same_sort = its && !strcmp(its, day);
    time_t now = time(NULL);

    free(day);
    free(its);
    return same_sort && issue->created > now - MADE_LATELY_S && issue->created < now + MADE_LATELY_S;
}

/* It wants its ticket open, and nothing new: the next run searches again before it makes one. */
static bool recurs(struct job *job)
{
    (void)job;
    return false;
}

static json_t *create(struct job *job)
{
    const struct malfunction *malfunction = job->matter;
    char *text = malfunction_description(malfunction);
    json_t *fields = json_pack("{s:s, s:s, s:[s,s]}", "summary", malfunction->summary, "description", text, "labels",
                               TICKET_LABEL, LABEL);

    free(text);
    return memory_check(fields);
}

static json_t *edit(struct job *job, const struct issue *issue, enum plan_action action)
{
    const struct malfunction *malfunction = job->matter;
    bool over = action == PLAN_CLEAR || action == PLAN_MARK;
    json_t *body = memory_check(json_pack("{s:{}}", "update")), *update = json_object_get(body, "update");

    (void)issue;
    if (action != PLAN_MARK) {
        char *comment = malfunction_comment(malfunction, action);

        json_object_set_new(update, "comment", json_pack("[{s:{s:s}}]", "add", "body", comment));
        free(comment);
    }
    if (over || action == PLAN_REOPEN)
        json_object_set_new(update, "labels", json_pack("[{s:s}]", over ? "add" : "remove", RECOVERED));
    if (!over) {
        char *text = malfunction_description(malfunction);

        json_object_set_new(body, "fields",
                            json_pack("{s:s, s:s}", "summary", malfunction->summary, "description", text));
        free(text);
    }
    return memory_check(body);
}

/* --- as a job --- */

static void rest(struct job *job)
{
    (void)job; /* there is nothing to be saved */
}

static void done(struct job *job, enum sync_outcome outcome, const char *key, const char *why)
{
    struct malfunction *malfunction = job->matter;
    struct malfunctions *all = malfunction->all;
    const char *summary = malfunction->summary ? malfunction->summary : job->owner;

    if (outcome == SYNC_FAILED) {
        all->failed++;
        report(REPORT_ERROR, "jira_error", "the ticket \"%s\" could not be put right%s%s", summary, why ? ": " : "",
               why ? why : "");
    }
    if (outcome != SYNC_NO_ACTION) {
        if (!all->done)
            all->done = memory_check(json_array());
        json_array_append_new(all->done, json_pack("{s:s, s:s, s:s?}", "summary", summary,
                                                   all->dry_run && outcome != SYNC_FAILED ? "would" : "jira_action",
                                                   sync_outcome_names[outcome], "jira_issue", key));
    }
    free(malfunction->summary);
    free(malfunction->line);
    json_decref(malfunction->surge);
    free(malfunction);
}

const struct job_kind malfunction_kind = {
    .label = LABEL,
    .failure = true,
    .mark = RECOVERED,
    .of_a_day = true,
    .owner = owner,
    .want = want,
    .open_ticket = open_ticket,
    .closed_ticket = closed_ticket,
    .made = made,
    .recurs = recurs,
    .create = create,
    .edit = edit,
    .rest = rest,
    .done = done,
};

/* --- the judgement --- */

/* Takes summary, line and surge of facts. */
static void begin(struct sync *sync, const struct malfunction *facts, char *of)
{
    struct malfunction *malfunction = memory_new(1, sizeof *malfunction);
    struct job *job = memory_new(1, sizeof *job);

    *malfunction = *facts;
    *job = (struct job){.kind = &malfunction_kind, .matter = malfunction, .owner = of};
    job->label = memory_string(LABEL);
    job->weight = sizeof *job + sizeof *malfunction;
    sync_take(sync, job);
}

static void begin_failing(struct sync *sync, struct malfunction *facts, const json_t *names)
{
    facts->failing = true;
    facts->line = line_of(facts->sort, names);
    begin(sync, facts, owner_on(facts->sort, time(NULL)));
}

/* All that are open, of whatever day, and what people closed today. */
static void begin_recovered(struct sync *sync, const struct malfunction *facts)
{
    char *prefix = memory_format(LABEL " %s ", sorts[facts->sort].word);
    char *today = owner_on(facts->sort, time(NULL));
    json_t *owners = sync_owners(sync, prefix, today);
    size_t index;
    const json_t *item;

    json_array_foreach (owners, index, item)
        begin(sync, facts, memory_string(json_string_value(item)));
    json_decref(owners);
    free(today);
    free(prefix);
}

static void judge_dns(struct malfunctions *all, struct sync *sync)
{
    const struct census *census = all->census;
    struct malfunction facts = {.all = all, .sort = DNS_FAILURE};

    if (census->unknown * 2 > census->lookups) {
        json_t *names = names_of_failed(census);

        facts.summary = memory_format("%s%lu%% zones unreachable", sorts[DNS_FAILURE].summary,
                                      (census->unknown * 100 + census->lookups - 1) / census->lookups);
        begin_failing(sync, &facts, names);
        json_decref(names);
    } else if (census->lookups > 0) {
        begin_recovered(sync, &facts);
    }
}

static void judge_surge(struct malfunctions *all, struct sync *sync, json_t *surge)
{
    struct malfunction facts = {.all = all, .sort = SURGE};
    json_t *names = names_of_surging(surge);

    if (json_array_size(names) > 0) {
        facts.surge = json_incref(surge);
        facts.summary = ticket_line(sorts[SURGE].summary, names);
        begin_failing(sync, &facts, names);
    } else if (all->census->lookups > 0) {
        begin_recovered(sync, &facts);
    }
    json_decref(names);
}

void malfunctions_judge(struct malfunctions *malfunctions, struct census *census, const json_t *end,
                        struct sync *sync)
{
    census_sort(census);
    malfunctions->census = census;
    judge_dns(malfunctions, sync);
    judge_surge(malfunctions, sync, json_object_get(end, "surge"));
}
