#include "jira.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jql.h"
#include "memory.h"
#include "report.h"
#include "secret.h"

#define PAGE_SIZE 500
#define PAGES_MAX 10000
#define PROBLEM_MAX 500 /* bytes of a server's message that are worth reading */

void jira_open(struct jira *jira, const struct settings *settings, struct http *http)
{
    *jira = (struct jira){.settings = settings, .http = http, .closed_statuses = memory_check(json_array())};
}

void jira_close(struct jira *jira)
{
    free(jira->issue_type_id);
    free(jira->failure_issue_type_id);
    json_decref(jira->closed_statuses);
}

/* --- messages --- */

static void add_message(FILE *out, const char *name, const json_t *value)
{
    if (json_is_string(value) && json_string_length(value) > 0)
        fprintf(out, "; %s%s%s", name ? name : "", name ? ": " : "", json_string_value(value));
}

char *jira_problem(const struct http_answer *answer)
{
    const json_t *message;
    json_t *errors = json_object_get(answer->body, "errors"), *value;
    char *text, *masked;
    const char *name;
    size_t length, index;
    FILE *out = memory_stream(&text, &length);

    fprintf(out, "%s", answer->problem);
    json_array_foreach (json_object_get(answer->body, "errorMessages"), index, message)
        add_message(out, NULL, message);
    json_object_foreach (errors, name, value)
        add_message(out, name, value);
    add_message(out, NULL, json_object_get(answer->body, "message"));
    add_message(out, NULL, json_object_get(answer->body, "error"));
    fclose(out);
    masked = secret_mask(text); /* before it is cut: of half a secret nobody knows that it is one */
    free(text);
    if (strlen(masked) > PROBLEM_MAX)
        memcpy(masked + PROBLEM_MAX - strlen(" …"), " …", sizeof " …");
    return masked;
}

/* --- search --- */

struct search {
    struct jira *jira;
    char *jql;
    char *plain;   /* the query without phrases; NULL: jql has none */
    char *refusal; /* what Jira said of the one with them; NULL: nothing, so far */
    char *token;   /* Cloud: of the next page; NULL: the first */
    size_t start;  /* Data Center: issues seen so far */
    size_t pages;
    jira_each *each;
    http_done *done;
    void *context;
};

static void search_page(struct search *search);

static void search_over(struct search *search, const struct http_answer *answer)
{
    search->done(search->context, answer);
    free(search->jql);
    free(search->plain);
    free(search->refusal);
    free(search->token);
    free(search);
}

/* Phrases help to find what others made, and must not stand in the way of finding our own. */
static void search_without_phrases(struct search *search, const struct http_answer *answer)
{
    search->refusal = jira_problem(answer);
    free(search->jql);
    search->jql = search->plain;
    search->plain = NULL;
    search_page(search);
}

/* Without them it works, so they were what it refused, and not a label. */
static void blame_phrases(struct search *search)
{
    if (!search->jira->no_phrases)
        report(REPORT_WARNING, "jira_search",
               "Jira refuses to search summaries (%s): closed tickets without our labels are not found",
               search->refusal);
    search->jira->no_phrases = true;
    free(search->refusal);
    search->refusal = NULL;
}

enum position {
    POSITION_LAST,
    POSITION_MORE,
    POSITION_WRONG /* there is more, it says, and does not show how to come by it: "none" must not be read from that
                    */
};

/* Whether there is another page; Cloud gives a token for it. */
static enum position take_position(struct search *search, const json_t *body, size_t count)
{
    const char *token = json_string_value(json_object_get(body, "nextPageToken"));
    const json_t *is_last = json_object_get(body, "isLast");
    json_int_t capacity = json_integer_value(json_object_get(body, "maxResults"));
    json_int_t total = json_integer_value(json_object_get(body, "total"));
    bool less;

    search->start += count;
    if (!search->jira->cloud) {
        less = (json_int_t)search->start < total;
        if (count == 0)
            return less ? POSITION_WRONG : POSITION_LAST;
        /* the server may cap both, so neither alone is believed */
        return less || (json_int_t)count >= capacity ? POSITION_MORE : POSITION_LAST;
    }
    free(search->token);
    search->token = token ? memory_string(token) : NULL;
    if (token && !json_is_true(is_last))
        return POSITION_MORE;
    return json_is_false(is_last) ? POSITION_WRONG : POSITION_LAST;
}

/* False: the page is not what a search answers, and "none" must not be read from it. */
static bool take_page(struct search *search, const json_t *body)
{
    const json_t *issues = json_object_get(body, "issues"), *object;
    size_t index;

    if (!json_is_array(issues))
        return false;
    json_array_foreach (issues, index, object) {
        struct issue *issue = issue_parse(object, search->jira->settings->excluded_statuses);

        if (!issue)
            return false;
        search->each(search->context, issue);
    }
    return true;
}

static void on_page(void *context, const struct http_answer *answer)
{
    struct search *search = context;
    struct http_answer wrong = {.outcome = HTTP_FAILED, .problem = "the answer to a search was none"};
    enum position position;

    if (answer->outcome == HTTP_ANSWERED && answer->status == 400 && search->plain && search->pages == 0) {
        search_without_phrases(search, answer);
        return;
    }
    if (answer->outcome != HTTP_ANSWERED || answer->status != 200) {
        search_over(search, answer);
        return;
    }
    if (search->refusal)
        blame_phrases(search);
    if (!take_page(search, answer->body)) {
        search_over(search, &wrong);
        return;
    }
    position = take_position(search, answer->body, json_array_size(json_object_get(answer->body, "issues")));
    if (position != POSITION_MORE) {
        wrong.problem = "a page of a search says that there are more, and shows no way to them";
        search_over(search, position == POSITION_LAST ? answer : &wrong);
        return;
    }
    if (++search->pages >= PAGES_MAX) {
        wrong.problem = "the pages of a search do not end";
        search_over(search, &wrong);
        return;
    }
    search_page(search);
}

static void search_page(struct search *search)
{
    const struct jira *jira = search->jira;
    json_t *body = json_pack("{s:s, s:[s,s,s,s,s,s], s:i}", "jql", search->jql, "fields", "summary", "labels",
                             "status", "created", "updated", "resolutiondate", "maxResults", PAGE_SIZE);

    memory_check(body);
    if (!jira->cloud)
        json_object_set_new(body, "startAt", json_integer((json_int_t)search->start));
    else
        json_array_append_new(json_object_get(body, "fields"), json_string("statuscategorychangedate"));
    if (search->token)
        json_object_set_new(body, "nextPageToken", json_string(search->token));
    http_send(jira->http, "POST", jira->cloud ? JIRA_API "/search/jql" : JIRA_API "/search", body, true, on_page,
              search);
}

/* Takes jql and plain. */
static void search_begin(struct jira *jira, char *jql, char *plain, jira_each *each, http_done *done, void *context)
{
    struct search *search = memory_new(1, sizeof *search);

    *search =
        (struct search){.jira = jira, .jql = jql, .plain = plain, .each = each, .done = done, .context = context};
    search_page(search);
}

void jira_search_open(struct jira *jira, const json_t *labels, const char *today, jira_each *each, http_done *done,
                      void *context)
{
    search_begin(jira, jql_open(jira->settings->project, labels, jira->closed_statuses, today), NULL, each, done,
                 context);
}

void jira_search_labels(struct jira *jira, const json_t *labels, const json_t *phrases, jira_each *each,
                        http_done *done, void *context)
{
    char *plain = jql_labels(jira->settings->project, labels, NULL);

    if (jira->no_phrases || json_array_size(phrases) == 0)
        search_begin(jira, plain, NULL, each, done, context);
    else
        search_begin(jira, jql_labels(jira->settings->project, labels, phrases), plain, each, done, context);
}

/* --- one issue --- */

void jira_read(struct jira *jira, const char *key, http_done *done, void *context)
{
    char *path =
        memory_format("%s/issue/%s?fields=summary,labels,status,created,updated,resolutiondate,description%s",
                      JIRA_API, key, jira->cloud ? ",statuscategorychangedate" : "");

    http_send(jira->http, "GET", path, NULL, true, done, context);
    free(path);
}

void jira_read_screen(struct jira *jira, const char *key, http_done *done, void *context)
{
    char *path = memory_format("%s/issue/%s/editmeta", JIRA_API, key);

    http_send(jira->http, "GET", path, NULL, true, done, context);
    free(path);
}

/* JIRA_FIELDS besides ours; labels of both. */
static void add_configured_fields(json_t *fields, const json_t *configured)
{
    const json_t *labels = json_object_get(configured, "labels");

    if (labels)
        json_array_extend(json_object_get(fields, "labels"), (json_t *)labels);
    json_object_update_missing(fields, (json_t *)configured);
}

void jira_create(struct jira *jira, bool failure, json_t *fields, http_done *done, void *context)
{
    const char *type = failure ? jira->failure_issue_type_id : jira->issue_type_id;

    json_object_set_new(fields, "project", json_pack("{s:s}", "key", jira->settings->project));
    json_object_set_new(fields, "issuetype", json_pack("{s:s}", "id", type));
    add_configured_fields(fields, jira->settings->fields);
    http_send(jira->http, "POST", JIRA_API "/issue", json_pack("{s:o}", "fields", fields), false, done, context);
}

void jira_edit(struct jira *jira, const char *key, json_t *body, http_done *done, void *context)
{
    char *path = memory_format("%s/issue/%s", JIRA_API, key);

    http_send(jira->http, "PUT", path, body, false, done, context);
    free(path);
}
