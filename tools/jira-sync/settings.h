/*
 * What the environment says: read and checked before anything is touched.
 * Not for: what can only be known by asking Jira.
 */
#ifndef JIRA_SYNC_SETTINGS_H
#define JIRA_SYNC_SETTINGS_H

#include <jansson.h>
#include <stdbool.h>

struct settings {
    char *server;      /* URL without a slash at its end */
    const char *user;  /* NULL: the token is a Bearer token */
    const char *token; /* a secret */
    const char *project, *issue_type, *failure_issue_type;
    json_t *excluded_statuses; /* array of strings: statuses that mean closed */
    json_t *fields;            /* object: what every create sends besides; its labels are an array of strings */
    unsigned concurrency;
    unsigned ignore_closed_days;
    bool dry_run;
    bool offline;   /* a dry run without credentials: Jira is not asked */
    bool undecided; /* offline, if the run record says that it is a dry run; else settings_require() */
};

/*
 * Problems are noted with config_problem(); the caller calls config_finish(). by_record: a run record will come,
 * which may yet say that it is a dry run.
 */
void settings_load(struct settings *settings, bool by_record);

/* Notes what of the credentials is missing, after all; likewise. */
void settings_require(void);
void settings_free(struct settings *settings);

#endif
