/*
 * Variables and the files that X_FILE names. The input is `VALUE` parts, each ending at a line with a dot alone, for
 * the variables below in their order; the first byte says which of the first eight are files, the second whether the
 * numbers are read. What jira-sync makes of its settings fits into URLs, headers and queries.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../tools/jira-sync/settings.h"
#include "fuzz.h"
#include "secret.h"

static const char *const variables[] = {
    "JIRA_API_TOKEN",
    "JIRA_SERVER",
    "JIRA_USER",
    "JIRA_FIELDS",
    "JIRA_PROJECT",
    "JIRA_EXCLUDED_STATUSES",
    "DRY_RUN",
    "JIRA_CONCURRENCY",
    "https_proxy",
    "JIRA_ISSUE_TYPE",
    "JIRA_DNS_FAILURE_ISSUE_TYPE",
    "JIRA_IGNORE_CLOSED_DAYS",
};

enum { VARIABLES = sizeof variables / sizeof *variables, FILES_MOST = 8 };

struct given {
    char *values[VARIABLES]; /* NULL: not set */
    size_t lengths[VARIABLES];
    bool by_file[VARIABLES];
    int files[FILES_MOST];
    char names[FILES_MOST][40], paths[FILES_MOST][40]; /* of the variables X_FILE */
};

static void put(struct given *given, size_t i)
{
    if (!given->by_file[i] || !given->values[i]) {
        fuzz_set(variables[i], given->values[i]);
        return;
    }
    given->files[i] = memfd_create("value", MFD_CLOEXEC);
    if (given->files[i] < 0 || pwrite(given->files[i], given->values[i], given->lengths[i], 0) < 0)
        abort();
    snprintf(given->names[i], sizeof given->names[i], "%s_FILE", variables[i]);
    snprintf(given->paths[i], sizeof given->paths[i], "/proc/self/fd/%d", given->files[i]);
    fuzz_set(given->names[i], given->paths[i]);
}

/* The values, in a copy of the input that begins at text, which is length bytes long. */
static void give(struct given *given, char *text, size_t length, unsigned by_file)
{
    char *at = text, *end = text + length;

    for (size_t i = 0; i < VARIABLES; i++) {
        char *dot = at < end ? memmem(at, (size_t)(end - at), "\n.\n", 3) : NULL;

        given->by_file[i] = i < FILES_MOST && by_file >> i & 1;
        given->values[i] = at < end ? at : NULL;
        given->lengths[i] = (size_t)((dot ? dot : end) - at);
        if (dot)
            *dot = '\0';
        at = dot ? dot + 3 : end;
        if (i < FILES_MOST)
            given->files[i] = -1;
        put(given, i);
    }
}

static void close_files(const struct given *given)
{
    for (size_t i = 0; i < FILES_MOST; i++)
        if (given->files[i] >= 0)
            close(given->files[i]);
}

/* What is in a file counts but for one final newline, and cannot hold a NUL. */
static void check_value(const struct given *given, size_t i)
{
    const char *value = config_text(variables[i]), *expected = given->values[i] ? given->values[i] : "";
    size_t length = given->lengths[i];

    if (!given->by_file[i])
        length = strlen(expected);
    else if (memchr(expected, '\0', length))
        length = 0;
    else if (length > 0 && expected[length - 1] == '\n')
        length--;
    HOLDS(length == 0 ? !value : value && strlen(value) == length && !memcmp(value, expected, length));
    HOLDS(value == config_text(variables[i])); /* once read, it stays */
}

static bool is_graphic(const char *text)
{
    for (; text && *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

static void check_settings(const struct settings *settings)
{
    HOLDS(!settings->server || !strncasecmp(settings->server, "http", 4));
    HOLDS(!settings->server || settings->server[strlen(settings->server) - 1] != '/');
    HOLDS(!settings->server || is_graphic(settings->server));
    HOLDS(is_graphic(settings->token) && !(settings->user && strchr(settings->user, ':')));
    HOLDS(!settings->project ||
          strspn(settings->project, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(settings->project));
    HOLDS(settings->concurrency >= 1 && settings->concurrency <= 64 && settings->ignore_closed_days <= 3650);
    HOLDS(settings->offline || (settings->server && settings->token && settings->project && settings->issue_type));
    HOLDS(!settings->fields || !json_object_get(settings->fields, "summary"));
    HOLDS(json_is_array(settings->excluded_statuses));
}

/* The seeds' token, which nobody but the product has registered as a secret. */
static void check_secret(const struct settings *settings)
{
    if (settings->token && !strcmp(settings->token, "tokentoken"))
        HOLDS(!strcasestr(fuzz_err.bytes, "tokentoken"));
}

static void check_items(const char *list)
{
    char *item;
    size_t length = strlen(list), sum = 0;

    while ((item = config_item(&list))) {
        HOLDS(*item && !strchr(item, ',') && !strchr(" \t\r\n", *item) && !strchr(" \t\r\n", item[strlen(item) - 1]));
        sum += strlen(item);
        free(item);
    }
    HOLDS(sum <= length);
}

static void check_number(const char *text)
{
    long number;

    if (!config_parse_number(text, -50, 1000, &number))
        return;
    HOLDS(number >= -50 && number <= 1000 && strtol(text, NULL, 10) == number);
    HOLDS(strspn(text, "-0123456789") == strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings settings;
    struct given given = {0};
    char *text;

    if (size < 2)
        return 0;
    text = fuzz_string(data + 2, size - 2);
    fuzz_begin("", 0, 1);
    give(&given, text, size - 2, data[0]);
    for (size_t i = 0; i < VARIABLES; i++)
        check_value(&given, i);
    settings_load(&settings, data[1] & 1);
    if (data[1] & 2)
        settings_require();
    if (config_finish() == 0)
        check_settings(&settings);
    check_secret(&settings);
    check_items(given.values[0] ? given.values[0] : "");
    check_number(given.values[0] ? given.values[0] : "");
    fuzz_end();
    settings_free(&settings);
    close_files(&given);
    free(text);
    return 0;
}
