#include "preflight.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "memory.h"
#include "record.h"
#include "report.h"
#include "screen.h"

#define PAGES_MAX 100 /* of 200 types or fields; a server that always has another one must not hold us */

struct preflight {
    struct jira *jira;
    size_t step, problems;
    bool hides_project, hides_types; /* a right is missing without which Jira does not show them */
    size_t seen;                     /* on the pages before */
    size_t pages;                    /* of this step so far */
    json_t *type_names;
    json_t *screen;
    void (*done)(void *context);
    void *context;
};

/* Notes that something is missing; the rest is still asked, so that a person sees all of it at once. */
__attribute__((format(printf, 2, 3))) static void missing(struct preflight *check, const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = memory_format_list(format, arguments);
    va_end(arguments);
    report(REPORT_ERROR, "jira_preflight", "%s", text);
    free(text);
    check->problems++;
}

/* An answer that the step cannot go on with. */
static void unexpected(struct preflight *check, const char *what, const struct http_answer *answer)
{
    char *problem = jira_problem(answer);

    missing(check, "Jira does not tell %s of project %s: %s", what, check->jira->settings->project, problem);
    free(problem);
}

/* --- the steps: a path, and what to make of the answer --- */

static char *server_info_path(const struct preflight *check)
{
    (void)check;
    return memory_string(JIRA_API "/serverInfo");
}

static bool is_atlassian(const char *server)
{
    static const char suffix[] = ".atlassian.net", gateway[] = "api.atlassian.com/ex/jira/";
    const char *host = strstr(server, "://") + strlen("://");
    size_t length = strcspn(host, ":/");

    return (length > strlen(suffix) && !strncasecmp(host + length - strlen(suffix), suffix, strlen(suffix))) ||
           !strncasecmp(host, gateway, strlen(gateway));
}

static bool take_server_info(struct preflight *check, const struct http_answer *answer)
{
    const char *type = json_string_value(json_object_get(answer->body, "deploymentType"));
    struct jira *jira = check->jira;

    if (answer->status != 200 || !json_is_object(answer->body))
        http_give_up(jira->http, HTTP_DOWN, "there is no Jira at %s (%s); check JIRA_SERVER, its path included",
                     jira->settings->server, answer->problem);
    jira->cloud = type ? !strcmp(type, "Cloud") : is_atlassian(jira->settings->server);
    return true;
}

static char *myself_path(const struct preflight *check)
{
    (void)check;
    return memory_string(JIRA_API "/myself");
}

static bool take_myself(struct preflight *check, const struct http_answer *answer)
{
    struct jira *jira = check->jira;

    if (answer->status != 200 || !json_is_object(answer->body))
        http_give_up(jira->http, HTTP_REFUSED, "Jira at %s does not know us (%s); check JIRA_USER and JIRA_API_TOKEN",
                     jira->settings->server, answer->problem);
    return true;
}

static char *permissions_path(const struct preflight *check)
{
    return memory_format(JIRA_API "/mypermissions?projectKey=%s&permissions="
                                  "BROWSE_PROJECTS,CREATE_ISSUES,EDIT_ISSUES,ADD_COMMENTS",
                         check->jira->settings->project);
}

static bool is_granted(const json_t *permissions, const char *name)
{
    return json_is_true(json_object_get(json_object_get(permissions, name), "havePermission"));
}

/* Asking all the same would be answered with 403, and that ends everything before all is reported. */
static void note_hidden(struct preflight *check, const json_t *permissions)
{
    check->hides_project = !is_granted(permissions, "BROWSE_PROJECTS");
    check->hides_types = check->hides_project || !is_granted(permissions, "CREATE_ISSUES");
    if (check->hides_types)
        report(REPORT_WARNING, "jira_preflight",
               "without those rights Jira does not show the issue types and screens of project %s: they were not "
               "looked at",
               check->jira->settings->project);
}

static bool take_permissions(struct preflight *check, const struct http_answer *answer)
{
    static const struct {
        const char *name, *purpose;
    } needed[] = {{"BROWSE_PROJECTS", "see the tickets of"},
                  {"CREATE_ISSUES", "create tickets in"},
                  {"EDIT_ISSUES", "edit the tickets of"},
                  {"ADD_COMMENTS", "comment on the tickets of"}};
    const json_t *all = json_object_get(answer->body, "permissions");
    const char *project = check->jira->settings->project;

    if (answer->status == 404)
        http_give_up(check->jira->http, HTTP_REFUSED,
                     "project %s at %s does not exist, or this user may not see it; check JIRA_PROJECT", project,
                     check->jira->settings->server);
    else if (answer->status != 200)
        unexpected(check, "our rights", answer);
    if (answer->status != 200)
        return true;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!is_granted(all, needed[i].name))
            missing(check, "this user may not %s project %s: the permission %s is missing", needed[i].purpose,
                    project, needed[i].name);
    note_hidden(check, all);
    return true;
}

static char *types_path(const struct preflight *check)
{
    if (check->hides_types)
        return NULL;
    return memory_format(JIRA_API "/issue/createmeta/%s/issuetypes?startAt=%zu&maxResults=200",
                         check->jira->settings->project, check->seen);
}

/* Whether there is another page behind one with count items. Cloud gives the total; to Data Center that is optional.
 */
static bool goes_on(struct preflight *check, const json_t *page, size_t count)
{
    const json_t *total = json_object_get(page, "total");

    check->seen += count;
    if (++check->pages < PAGES_MAX && count > 0 &&
        (total ? (json_int_t)check->seen < json_integer_value(total)
               : json_is_false(json_object_get(page, "isLast"))))
        return true;
    check->seen = check->pages = 0;
    return false;
}

/* A type may be given by its name, or by its number where names are translated. */
static void take_type(const json_t *type, const char *wanted, char **id)
{
    const char *name = json_string_value(json_object_get(type, "name"));
    const char *number = json_string_value(json_object_get(type, "id"));

    if (!*id && name && number && (!strcasecmp(name, wanted) || !strcmp(number, wanted)))
        *id = memory_string(number);
}

static void need_type(struct preflight *check, const char *variable, const char *wanted, const char *id)
{
    char *names;

    if (id)
        return;
    names = record_join(check->type_names, ", ");
    missing(check, "project %s has no issue type \"%s\" that this user may create; check %s (it has: %s)",
            check->jira->settings->project, wanted, variable, names);
    free(names);
}

static bool take_types(struct preflight *check, const struct http_answer *answer)
{
    struct jira *jira = check->jira;
    const json_t *types = json_object_get(answer->body, "issueTypes"), *type;
    size_t index;

    if (answer->status != 200) {
        unexpected(check, "the issue types", answer);
        return true;
    }
    if (!types)
        types = json_object_get(answer->body, "values"); /* Data Center */
    json_array_foreach (types, index, type) {
        json_t *name = json_object_get(type, "name");

        take_type(type, jira->settings->issue_type, &jira->issue_type_id);
        take_type(type, jira->settings->failure_issue_type, &jira->failure_issue_type_id);
        if (json_is_string(name))
            json_array_append(check->type_names, name);
    }
    if (goes_on(check, answer->body, json_array_size(types)))
        return false;
    need_type(check, "JIRA_ISSUE_TYPE", jira->settings->issue_type, jira->issue_type_id);
    need_type(check, "JIRA_DNS_FAILURE_ISSUE_TYPE", jira->settings->failure_issue_type, jira->failure_issue_type_id);
    return true;
}

/* NULL: there is no such type, or its screen has been looked at. */
static char *screen_path(const struct preflight *check, const char *type_id, const char *seen_id)
{
    if (!type_id || (seen_id && !strcmp(type_id, seen_id)))
        return NULL;
    return memory_format(JIRA_API "/issue/createmeta/%s/issuetypes/%s?startAt=%zu&maxResults=200",
                         check->jira->settings->project, type_id, check->seen);
}

static void judge_screen(struct preflight *check, const char *type)
{
    const struct settings *settings = check->jira->settings;
    json_t *ours = memory_check(json_pack("[s,s,s]", "summary", "description", "labels"));
    char *lacks = screen_lacks(check->screen, ours), *unknown = screen_lacks(check->screen, settings->fields);
    char *demands = screen_demands(check->screen, settings->fields);

    json_decref(ours);
    if (lacks)
        missing(check,
                "the screen for creating a \"%s\" in project %s lacks: %s; no ticket can be made without, so have it "
                "put there by whoever keeps the project's screens",
                type, settings->project, lacks);
    free(lacks);
    if (unknown)
        missing(check, "the screen for creating a \"%s\" in project %s lacks what JIRA_FIELDS sets: %s", type,
                settings->project, unknown);
    free(unknown);
    if (demands)
        missing(check, "project %s demands of a new \"%s\" what nobody sets: %s; put it into JIRA_FIELDS",
                settings->project, type, demands);
    free(demands);
    json_object_clear(check->screen);
}

static bool take_screen(struct preflight *check, const char *type, const struct http_answer *answer)
{
    const json_t *fields = json_object_get(answer->body, "fields");

    if (answer->status != 200) {
        unexpected(check, "which fields a new ticket has", answer);
        return true;
    }
    if (!fields)
        fields = json_object_get(answer->body, "values"); /* Data Center */
    screen_add(check->screen, fields);
    if (goes_on(check, answer->body, json_array_size(fields)))
        return false;
    judge_screen(check, type);
    return true;
}

static char *address_screen_path(const struct preflight *check)
{
    return screen_path(check, check->jira->issue_type_id, NULL);
}

static bool take_address_screen(struct preflight *check, const struct http_answer *answer)
{
    return take_screen(check, check->jira->settings->issue_type, answer);
}

static char *failure_screen_path(const struct preflight *check)
{
    return screen_path(check, check->jira->failure_issue_type_id, check->jira->issue_type_id);
}

static bool take_failure_screen(struct preflight *check, const struct http_answer *answer)
{
    return take_screen(check, check->jira->settings->failure_issue_type, answer);
}

static char *statuses_path(const struct preflight *check)
{
    if (check->hides_project)
        return NULL;
    return memory_format(JIRA_API "/project/%s/statuses", check->jira->settings->project);
}

static bool take_statuses(struct preflight *check, const struct http_answer *answer)
{
    struct jira *jira = check->jira;
    const json_t *excluded = jira->settings->excluded_statuses;
    size_t i, j;
    json_t *type, *status;

    if (answer->status != 200)
        unexpected(check, "the statuses", answer);
    json_array_foreach (answer->body, i, type)
        json_array_foreach (json_object_get(type, "statuses"), j, status) {
            json_t *name = json_object_get(status, "name");

            if (json_is_string(name) && issue_names_hold(excluded, json_string_value(name)) &&
                !issue_names_hold(jira->closed_statuses, json_string_value(name)))
                json_array_append(jira->closed_statuses, name);
        }
    if (answer->status == 200 && json_array_size(jira->closed_statuses) == 0)
        report(REPORT_WARNING, "jira_statuses",
               "project %s has none of the statuses in JIRA_EXCLUDED_STATUSES: no ticket will ever count as closed",
               jira->settings->project);
    return true;
}

/*
 * In this order. A step without a path has nothing to ask; one that returns false is taken again, for its next page.
 * These and a search of one page are the eight requests that a run makes which has nothing to change.
 */
static const struct {
    char *(*path)(const struct preflight *check);
    bool (*take)(struct preflight *check, const struct http_answer *answer);
} steps[] = {
    {server_info_path, take_server_info},
    {myself_path, take_myself},
    {permissions_path, take_permissions},
    {types_path, take_types},
    {address_screen_path, take_address_screen},
    {failure_screen_path, take_failure_screen},
    {statuses_path, take_statuses},
};

static void ask(struct preflight *check);

static void finish(struct preflight *check)
{
    const struct settings *settings = check->jira->settings;

    if (check->problems > 0)
        http_give_up(check->jira->http, HTTP_REFUSED, "project %s at %s cannot be worked with as it is",
                     settings->project, settings->server);
    check->done(check->context);
    json_decref(check->type_names);
    json_decref(check->screen);
    free(check);
}

static void on_answer(void *context, const struct http_answer *answer)
{
    struct preflight *check = context;
    const struct jira *jira = check->jira;

    if (answer->outcome != HTTP_ANSWERED)
        http_give_up(jira->http, HTTP_DOWN, "Jira at %s does not answer (%s)", jira->settings->server,
                     answer->problem);
    else if (steps[check->step].take(check, answer))
        check->step++;
    ask(check);
}

static void ask(struct preflight *check)
{
    static const size_t count = sizeof steps / sizeof *steps;
    char *path = NULL;

    while (http_verdict(check->jira->http) == HTTP_WORKS && check->step < count &&
           !(path = steps[check->step].path(check)))
        check->step++;
    if (!path) {
        finish(check);
        return;
    }
    http_send(check->jira->http, "GET", path, NULL, true, on_answer, check);
    free(path);
}

void preflight(struct jira *jira, void (*done)(void *), void *context)
{
    struct preflight *check = memory_new(1, sizeof *check);

    *check = (struct preflight){.jira = jira,
                                .type_names = memory_check(json_array()),
                                .screen = memory_check(json_object()),
                                .done = done,
                                .context = context};
    ask(check);
}
