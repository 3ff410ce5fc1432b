#include "check.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "preflight.h"
#include "report.h"
#include "screen.h"
#include "signals.h"
#include "sysexits.h"

struct check {
    struct jira *jira;
    const struct job_kind *const *kinds;
    size_t kind_count;
    struct issue **newest; /* owned: of each kind, the newest of its open tickets; NULL: there is none */
    size_t at;             /* the kind whose ticket is looked at */
    bool lacking, done;
};

static void ask(struct check *check);

static void judge_screen(struct check *check, const json_t *screen)
{
    json_t *wanted = memory_check(json_pack("[s,s]", "summary", "labels"));
    char *lacks;

    if (check->kinds[check->at]->failure)
        json_array_append_new(wanted, json_string("description"));
    lacks = screen_lacks(screen, wanted);
    json_decref(wanted);
    if (!lacks)
        return;
    report(REPORT_ERROR, "jira_preflight",
           "the screen for editing %s lacks: %s; edits that need it will fail, so have it put there by whoever "
           "keeps the project's screens",
           check->newest[check->at]->key, lacks);
    check->lacking = true;
    free(lacks);
}

/* Jira does not say what the screen holds: it refuses to, or it is out of order. */
static void miss_screen(struct check *check, const struct http_answer *answer)
{
    static const char format[] = "Jira does not tell what the screen for editing %s holds (%s)";
    const char *key = check->newest[check->at]->key;
    char *problem = jira_problem(answer);

    if (answer->outcome == HTTP_ANSWERED && answer->status >= 300) {
        report(REPORT_ERROR, "jira_preflight", format, key, problem);
        check->lacking = true;
    } else {
        http_give_up(check->jira->http, HTTP_DOWN, format, key, problem);
    }
    free(problem);
}

static void on_edit_screen(void *context, const struct http_answer *answer)
{
    struct check *check = context;
    const json_t *screen = json_object_get(answer->body, "fields");

    if (answer->outcome == HTTP_ANSWERED && answer->status == 200 && json_is_object(screen))
        judge_screen(check, screen);
    else
        miss_screen(check, answer);
    check->at++;
    ask(check);
}

static void ask(struct check *check)
{
    while (check->at < check->kind_count && !check->newest[check->at])
        check->at++;
    if (check->at < check->kind_count && http_verdict(check->jira->http) == HTTP_WORKS)
        jira_read_screen(check->jira, check->newest[check->at]->key, on_edit_screen, check);
    else
        check->done = true;
}

static void on_issue(void *context, struct issue *issue)
{
    struct check *check = context;

    for (size_t i = 0; i < check->kind_count; i++) {
        char *owner =
            issue->open && issue_has_label(issue, check->kinds[i]->label) ? check->kinds[i]->owner(issue) : NULL;
        struct issue **newest = &check->newest[i];

        if (owner && (!*newest || (*newest)->id < issue->id)) {
            issue_free(*newest);
            *newest = issue;
            free(owner);
            return;
        }
        free(owner);
    }
    issue_free(issue);
}

static void on_issues(void *context, const struct http_answer *answer)
{
    struct check *check = context;
    char *problem = jira_problem(answer);

    if (answer->outcome != HTTP_ANSWERED || answer->status != 200)
        http_give_up(check->jira->http, HTTP_DOWN, "Jira does not tell which tickets are open (%s)", problem);
    free(problem);
    ask(check);
}

static void on_preflight(void *context)
{
    struct check *check = context;
    json_t *labels = memory_check(json_array());

    for (size_t i = 0; i < check->kind_count; i++)
        json_array_append_new(labels, json_string(check->kinds[i]->label));
    if (http_verdict(check->jira->http) == HTTP_WORKS)
        jira_search_open(check->jira, labels, NULL, on_issue, on_issues, check);
    else
        check->done = true;
    json_decref(labels);
}

static int status_of(const struct check *check)
{
    const int statuses[] = {
        [HTTP_WORKS] = EXIT_DONE,
        [HTTP_DOWN] = EXIT_UNREACHABLE,
        [HTTP_REFUSED] = EXIT_REFUSED,
        [HTTP_INTERRUPTED] = 128 + signals_received(),
    };
    int status = statuses[http_verdict(check->jira->http)];

    return check->lacking ? exit_status_worse(status, EXIT_REFUSED) : status;
}

int check_online(struct jira *jira, const struct job_kind *const *kinds, size_t kind_count)
{
    struct check check = {.jira = jira, .kinds = kinds, .kind_count = kind_count};
    int status;

    check.newest = memory_new(kind_count, sizeof(struct issue *));
    preflight(jira, on_preflight, &check);
    while (!check.done && !signals_received()) {
        struct pollfd signal = {.fd = signals_fd(), .events = POLLIN};

        http_wait(jira->http, &signal, 1, -1);
    }
    if (!check.done)
        http_give_up(jira->http, HTTP_INTERRUPTED, "stopped by signal %d", signals_received());
    while (!check.done)
        http_wait(jira->http, NULL, 0, 0);
    status = status_of(&check);
    for (size_t i = 0; i < kind_count; i++)
        issue_free(check.newest[i]);
    free(check.newest);
    return status;
}
