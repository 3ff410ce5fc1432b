/*
 * Jira's REST API v2, Cloud and Data Center: search, read, create, edit. All
 * calls return at once; their callbacks come from http_wait().
 *
 * Not for: whether Jira can be worked with (preflight.h), which tickets there
 * should be (plan.h).
 */
#ifndef JIRA_SYNC_JIRA_H
#define JIRA_SYNC_JIRA_H

#include <jansson.h>
#include <stdbool.h>

#include "http.h"
#include "issue.h"
#include "settings.h"

#define JIRA_API "/rest/api/2"
#define JIRA_TEXT_MAX 32767 /* UTF-16 units of a description or a comment */
#define JIRA_SUMMARY_MAX 255
#define JIRA_LABELS_MAX 50 /* in one search */

struct jira {
    const struct settings *settings; /* borrowed */
    struct http *http;               /* borrowed */
    /* The rest is filled by the preflight. */
    bool cloud;
    char *issue_type_id, *failure_issue_type_id; /* owned */
    json_t *closed_statuses;                     /* owned: those of JIRA_EXCLUDED_STATUSES that the project has */
    bool no_phrases;                             /* a search for phrases in summaries was refused */
};

void jira_open(struct jira *jira, const struct settings *settings, struct http *http);
void jira_close(struct jira *jira);

typedef void jira_each(void *context, struct issue *issue); /* takes the issue */

/*
 * Searches page by page, one call of each() an issue, then done. Its answer is
 * HTTP_ANSWERED with status 200 only if every page came and was understood.
 *
 * The open ones: all that carry one of the labels (array of strings, borrowed),
 * and what an earlier program without labels may have made; and closed ones of the last 24
 * hours that carry today (NULL: none). By label: closed ones too,
 * and those whose summary has one of the phrases (array of strings, borrowed), so far as
 * Jira's search finds such: a site that refuses phrases is asked for the labels alone.
 */
void jira_search_open(struct jira *jira, const json_t *labels, const char *today, jira_each *each, http_done *done,
                      void *context);
void jira_search_labels(struct jira *jira, const json_t *labels, const json_t *phrases, jira_each *each,
                        http_done *done, void *context);

/* Reads one issue, description included; issue_parse() makes it of the answer's body. */
void jira_read(struct jira *jira, const char *key, http_done *done, void *context);

/* Asks for the screen on which an issue is edited (screen.h): "fields" of the answer's body. */
void jira_read_screen(struct jira *jira, const char *key, http_done *done, void *context);

/* fields: summary, description, labels; taken. failure: of JIRA_DNS_FAILURE_ISSUE_TYPE. The answer is 201 with a
 * key; any other 2xx does not tell what became of it.
 */
void jira_create(struct jira *jira, bool failure, json_t *fields, http_done *done, void *context);

/* body: {fields, update} as Jira takes it; taken. The answer is 204; any other 2xx does not tell what became of it.
 */
void jira_edit(struct jira *jira, const char *key, json_t *body, http_done *done, void *context);

/* What an answer says is wrong, for a person, new. */
char *jira_problem(const struct http_answer *answer);

#endif
