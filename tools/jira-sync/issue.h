/* An issue as Jira last showed it. */
#ifndef JIRA_SYNC_ISSUE_H
#define JIRA_SYNC_ISSUE_H

#include <jansson.h>
#include <stdbool.h>
#include <time.h>

struct issue {
    char *key;
    long long id;       /* grows with time */
    char *summary;      /* "" when unknown */
    char *description;  /* NULL: it was found by a search, not read by itself */
    json_t *labels;     /* array */
    bool open;          /* its status does not mean closed */
    bool unread;        /* only the key can be relied on */
    struct issue *next; /* in a list (subject.h) */
    time_t created;
    time_t closed; /* when it was closed, as near as can be told; 0: it is open, or nobody knows */
};

/* New: one that is there and open, of which nothing else is known. id: as Jira gives it, NULL: unknown. */
struct issue *issue_new(const char *key, const char *id);

/* What Jira shows, new; NULL: it is not an issue with a key, summary and status. closed: names of statuses, in any
 * case. */
struct issue *issue_parse(const json_t *object, const json_t *closed);

void issue_forget_description(struct issue *issue); /* NULL does nothing */

void issue_free(struct issue *issue); /* takes; NULL does nothing */

/* Whether it can be an issue's key, as OPS-1. NULL is none. */
bool issue_is_key(const char *text);

bool issue_has_label(const struct issue *issue, const char *label);

/* Whether the array of strings holds name, in any case. */
bool issue_names_hold(const json_t *names, const char *name);

#endif
