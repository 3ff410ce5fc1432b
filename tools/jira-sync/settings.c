#include "settings.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "loopback.h"
#include "memory.h"
#include "secret.h"

#define CONCURRENCY_MAX 64
#define LABEL_MAX 255 /* Jira's, of a single label */
#define IGNORE_CLOSED_DAYS_MAX 3650

/* Whether it is of visible characters of ASCII alone. */
static bool is_graphic(const char *text)
{
    while (isgraph((unsigned char)*text))
        text++;
    return !*text;
}

/* What is wrong with a server's URL; NULL: nothing. */
static const char *url_problem(CURLU *url, const char *text)
{
    static const CURLUPart unwanted[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT};
    char *scheme = NULL, *host = NULL, *part = NULL;
    const char *problem = NULL;

    if (!is_graphic(text))
        return "holds a character that no URL has: a name goes in its ASCII form (xn--...), the rest as %20";
    if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK)
        return "is not a URL such as https://example.atlassian.net";
    curl_url_get(url, CURLUPART_SCHEME, &scheme, 0);
    curl_url_get(url, CURLUPART_HOST, &host, 0);
    if (!scheme || !host || (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0))
        problem = "must begin with https://";
    else if (!strcmp(scheme, "http") && !loopback_is(host))
        problem =
            "must begin with https://, or the token could be read on its way (http:// is for loopback addresses)";
    for (size_t i = 0; !problem && i < sizeof unwanted / sizeof *unwanted; i++) {
        if (curl_url_get(url, unwanted[i], &part, 0) == CURLUE_OK)
            problem = "must hold no user, password, query or fragment; it is scheme, host and maybe a path";
        curl_free(part);
        part = NULL;
    }
    curl_free(scheme);
    curl_free(host);
    return problem;
}

static void load_server(struct settings *settings, const char *text)
{
    CURLU *url;
    const char *problem;

    if (!text)
        return;
    url = memory_check(curl_url());
    problem = url_problem(url, text);
    if (problem)
        config_problem("JIRA_SERVER", "%s", problem);
    curl_url_cleanup(url);
    settings->server = memory_string(text);
    for (size_t length = strlen(text); length > 0 && settings->server[length - 1] == '/'; length--)
        settings->server[length - 1] = '\0';
}

/* As Jira spells keys unless an administrator changed its pattern: it goes into paths and queries. */
static void check_project(const char *key)
{
    bool valid;

    if (!key)
        return;
    valid = key[0] >= 'A' && key[0] <= 'Z' && key[1];
    for (const char *at = key; *at; at++)
        valid = valid && ((*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') || *at == '_');
    if (!valid)
        config_problem("JIRA_PROJECT",
                       "\"%s\" is not the key of a project: capital letters, digits and _, such as OPS", key);
}

static void check_login(const struct settings *settings)
{
    if (settings->user && strchr(settings->user, ':'))
        config_problem("JIRA_USER", "must not hold a colon: HTTP's Basic login could not carry it (RFC 7617)");
    if (settings->token && !is_graphic(settings->token))
        config_problem("JIRA_API_TOKEN", "holds a blank, a control character, or one beyond ASCII; copy it again");
}

/* RFC 4648 section 4, new. */
static char *base64(const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = strlen(text);
    char *encoded = memory_new(4 * (length / 3 + 1) + 1, 1), *to = encoded;

    for (size_t i = 0; i < length; i += 3) {
        unsigned bits = 0;

        for (size_t j = 0; j < 3; j++)
            bits = bits << 8 | (i + j < length ? (unsigned char)text[i + j] : 0);
        for (size_t j = 0; j < 4; j++)
            *to++ = i + j <= length ? digits[bits >> (18 - 6 * j) & 63] : '=';
    }
    return encoded;
}

/* USER:PASSWORD, and as a header carries that, which a proxy or an error page may quote (RFC 7617). */
static void note_login(const char *login)
{
    const char *colon = strchr(login, ':');
    char *encoded = base64(login);

    secret_add(login);
    secret_add(encoded);
    if (colon)
        secret_add(colon + 1);
    free(encoded);
}

static void note_jira(const struct settings *settings)
{
    char *login;

    if (!settings->user || !settings->token)
        return;
    login = memory_format("%s:%s", settings->user, settings->token);
    note_login(login);
    free(login);
}

/* Where its @ is missing, what is no port may be a password, and libcurl quotes the whole. */
static void note_what_is_no_url(const char *value)
{
    CURLU *url = memory_check(curl_url());
    const char *start = strstr(value, "://");

    if (curl_url_set(url, CURLUPART_URL, value, CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
        secret_add(value);
        secret_add(start ? start + strlen("://") : value);
    }
    curl_url_cleanup(url);
}

/* libcurl reads these by itself, sends the login without its escapes (RFC 3986), and quotes a proxy that it cannot
   use as it stands, password and all. */
static void note_proxies(void)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]), *end = value ? strrchr(value, '@') : NULL;
        const char *start = end ? strstr(value, "://") : NULL;
        char *login, *sent;

        if (value && *value)
            note_what_is_no_url(value);
        if (!end)
            continue;
        start = start && start < end ? start + strlen("://") : value;
        login = memory_bytes(start, (size_t)(end - start));
        sent = memory_check(curl_easy_unescape(NULL, login, 0, NULL));
        note_login(login);
        note_login(sent);
        curl_free(sent);
        free(login);
    }
}

static bool all_labels(const json_t *labels)
{
    size_t index;
    json_t *label;

    if (!json_is_array(labels))
        return false;
    json_array_foreach (labels, index, label) {
        size_t length = json_string_length(label); /* 0 also of what is no string */

        if (length == 0 || length > LABEL_MAX || strpbrk(json_string_value(label), " \t\r\n"))
            return false;
    }
    return true;
}

static void load_fields(struct settings *settings)
{
    static const char *const ours[] = {"project", "issuetype", "summary", "description"};
    const char *text = config_text("JIRA_FIELDS");
    json_error_t error;
    const json_t *labels;

    if (!text)
        return;
    settings->fields = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(settings->fields)) {
        config_problem("JIRA_FIELDS", "is not a JSON object%s%s", settings->fields ? "" : ": ",
                       settings->fields ? "" : error.text);
        return;
    }
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (json_object_get(settings->fields, ours[i]))
            config_problem("JIRA_FIELDS", "must not set \"%s\": that is this program's to say", ours[i]);
    labels = json_object_get(settings->fields, "labels");
    if (labels && !all_labels(labels))
        config_problem("JIRA_FIELDS", "\"labels\" must be an array of strings without blanks, of 1 to %d bytes",
                       LABEL_MAX);
}

static void load_statuses(struct settings *settings)
{
    const char *list = config_text("JIRA_EXCLUDED_STATUSES");
    char *item;

    if (!list)
        list = "Done,Closed,Resolved";
    settings->excluded_statuses = memory_check(json_array());
    while ((item = config_item(&list))) {
        json_t *name = json_string(item);

        if (!name)
            config_problem("JIRA_EXCLUDED_STATUSES", "is not UTF-8");
        else
            json_array_append_new(settings->excluded_statuses, name);
        free(item);
    }
}

static const char *needed(const char *name, bool optional)
{
    return optional ? config_text(name) : config_required(name, "keep the tickets");
}

void settings_require(void)
{
    static const char *const names[] = {"JIRA_SERVER", "JIRA_API_TOKEN", "JIRA_PROJECT", "JIRA_ISSUE_TYPE",
                                        "JIRA_DNS_FAILURE_ISSUE_TYPE"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        needed(names[i], false);
}

void settings_load(struct settings *settings, bool by_record)
{
    const char *server;
    bool optional;

    *settings = (struct settings){.dry_run = config_flag("DRY_RUN", false)};
    server = config_text("JIRA_SERVER");
    settings->token = config_secret("JIRA_API_TOKEN");
    settings->undecided = by_record && !settings->dry_run && !server && !settings->token;
    settings->offline = optional = settings->undecided || (settings->dry_run && (!server || !settings->token));
    if (!optional) {
        server = config_required("JIRA_SERVER", "keep the tickets");
        config_required("JIRA_API_TOKEN", "keep the tickets");
    }
    load_server(settings, server);
    settings->user = config_text("JIRA_USER");
    check_login(settings);
    note_jira(settings);
    note_proxies();
    settings->project = needed("JIRA_PROJECT", optional);
    check_project(settings->project);
    settings->issue_type = needed("JIRA_ISSUE_TYPE", optional);
    settings->failure_issue_type = needed("JIRA_DNS_FAILURE_ISSUE_TYPE", optional);
    load_statuses(settings);
    load_fields(settings);
    settings->concurrency = (unsigned)config_number("JIRA_CONCURRENCY", 4, 1, CONCURRENCY_MAX);
    settings->ignore_closed_days = (unsigned)config_number("JIRA_IGNORE_CLOSED_DAYS", 7, 0, IGNORE_CLOSED_DAYS_MAX);
}

void settings_free(struct settings *settings)
{
    free(settings->server);
    json_decref(settings->excluded_statuses);
    json_decref(settings->fields);
}
