#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "memory.h"
#include "secret.h"
#include "sysexits.h"
#include "terminal.h"
#include "text.h"

static const char *const level_names[] = {"INFO", "WARNING", "ERROR"};
static const char *tool_name = "dnsbl-monitor";
static char *current_run;
static void (*clear_terminal)(void);

void report_open(const char *tool)
{
    tool_name = tool;
}

void report_run(const char *run_id)
{
    char *masked = run_id ? secret_mask(run_id) : NULL;
    char *kept = masked ? text_foreign(masked, strlen(masked)) : NULL;

    free(current_run);
    current_run = kept ? text_visible(kept) : NULL;
    free(kept);
    free(masked);
}

void report_before(void (*clear)(void))
{
    clear_terminal = clear;
}

/* One write, so that lines of several stages on one pipe do not mix; a lost log line must not end the work. */
static void write_bytes(const char *line, size_t length)
{
    size_t done = 0;

    while (done < length) {
        ssize_t n = write(STDERR_FILENO, line + done, length - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
}

static void write_line(const char *text)
{
    char *line = memory_format("%s\n", text);

    write_bytes(line, strlen(line));
    free(line);
}

static void write_plain(const char *message)
{
    char *visible = text_visible(message);
    char *line = memory_format("%s%s: %s", terminal_line_start(STDERR_FILENO), tool_name, visible);

    if (clear_terminal)
        clear_terminal();
    write_line(line);
    free(line);
    free(visible);
}

/* Secrets and control characters in every string of details. */
/* NOLINTNEXTLINE(misc-no-recursion): what is reported is flat, and what is read no deeper than Jansson allows */
static void mask_strings(json_t *value)
{
    const char *key;
    json_t *member;
    size_t index;

    if (json_is_string(value)) {
        char *masked = secret_mask(json_string_value(value)), *visible = text_visible(masked);

        json_string_set(value, visible);
        free(masked);
        free(visible);
    }
    json_object_foreach (value, key, member)
        mask_strings(member);
    json_array_foreach (value, index, member)
        mask_strings(member);
}

static void write_json(enum report_level level, const char *error_type, const char *message, json_t *details)
{
    char now[CLOCK_TEXT_SIZE];
    char *visible = text_visible(message);
    json_t *line =
        json_pack("{s:s, s:s, s:s?, s:s, s:s, s:s}", "timestamp", clock_text(now), "level", level_names[level],
                  "job_run_id", current_run, "tool", tool_name, "error_type", error_type, "error_message", visible);
    char *text;

    free(visible);
    if (details) {
        json_t *masked = memory_check(json_deep_copy(details)); /* parts of it may belong to a record */

        mask_strings(masked);
        json_object_update_missing(line, masked);
        json_decref(masked);
    }
    text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(line);
    if (text)
        write_line(text);
    free(text);
}

__attribute__((format(printf, 4, 0))) static void report_list(enum report_level level, const char *error_type,
                                                              json_t *details, const char *format, va_list arguments)
{
    char *message = NULL, *masked;

    if (vasprintf(&message, format, arguments) < 0)
        die_without_memory();
    masked = secret_mask(message);
    if (isatty(STDERR_FILENO))
        write_plain(masked);
    else
        write_json(level, error_type, masked, details);
    free(masked);
    free(message);
    json_decref(details);
}

void report(enum report_level level, const char *error_type, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report_list(level, error_type, NULL, format, arguments);
    va_end(arguments);
}

void report_with(enum report_level level, const char *error_type, json_t *details, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report_list(level, error_type, details, format, arguments);
    va_end(arguments);
}

void die(int status, const char *error_type, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report_list(REPORT_ERROR, error_type, NULL, format, arguments);
    va_end(arguments);
    _exit(status);
}

void die_without_memory(void)
{
    static const char message[] = "out of memory; raise the memory limit of this process";
    char line[512], now[CLOCK_TEXT_SIZE];
    /* Whoever wrote the stream chose it; what would have to be escaped is left out. */
    bool plain = current_run && strspn(current_run, "0123456789abcdefABCDEF-") == strlen(current_run);
    const char *quote = plain ? "\"" : "";
    int length;

    if (isatty(STDERR_FILENO))
        length = snprintf(line, sizeof line, "%s: %s\n", tool_name, message);
    else
        length = snprintf(line, sizeof line,
                          "{\"timestamp\":\"%s\",\"level\":\"ERROR\",\"job_run_id\":%s%.64s%s,\"tool\":\"%s\","
                          "\"error_type\":\"out_of_memory\",\"error_message\":\"%s\"}\n",
                          clock_text(now), quote, plain ? current_run : "null", quote, tool_name, message);
    write_bytes(line, (size_t)length);
    _exit(EXIT_BUG);
}
