#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "memory.h"
#include "report.h"
#include "secret.h"

struct problem {
    char *name, *text;
};

/* A variable that was read from a file, kept so that its value can be borrowed and is read once. */
struct file_value {
    char *name, *value;
};

static struct problem *problems;
static size_t problem_count;
static struct file_value *file_values;
static size_t file_value_count;

void config_problem(const char *name, const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = memory_format_list(format, arguments);
    va_end(arguments);
    for (size_t i = 0; i < problem_count; i++) {
        if (!strcmp(problems[i].name, name) && !strcmp(problems[i].text, text)) {
            free(text);
            return;
        }
    }
    problems = memory_resize(problems, problem_count + 1, sizeof *problems);
    problems[problem_count++] = (struct problem){memory_string(name), text};
}

/* The whole file as a new string without its final newline; NULL with a problem noted. */
static char *read_value(const char *name, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *value = memory_new(CONFIG_FILE_MAX + 2, 1);
    size_t length = 0;
    ssize_t n = -1;

    while (fd >= 0 && length <= CONFIG_FILE_MAX &&
           (n = read(fd, value + length, CONFIG_FILE_MAX + 1 - length)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        length += (size_t)n;
    }
    if (n < 0)
        config_problem(name, "cannot read the file %s: %s; check the path and its permissions", path,
                       strerror(errno));
    else if (length > CONFIG_FILE_MAX)
        config_problem(name, "the file %s is larger than %d bytes", path, CONFIG_FILE_MAX);
    else if (memchr(value, '\0', length))
        config_problem(name, "the file %s contains a NUL byte; it must be text", path);
    else {
        if (length > 0 && value[length - 1] == '\n')
            value[--length] = '\0';
        close(fd);
        return memory_resize(value, length + 1, 1);
    }
    if (fd >= 0)
        close(fd);
    free(value);
    return NULL;
}

static const char *value_from_file(const char *name, const char *file_variable, const char *path)
{
    for (size_t i = 0; i < file_value_count; i++)
        if (!strcmp(file_values[i].name, name))
            return file_values[i].value;
    file_values = memory_resize(file_values, file_value_count + 1, sizeof *file_values);
    file_values[file_value_count] = (struct file_value){memory_string(name), read_value(file_variable, path)};
    return file_values[file_value_count++].value;
}

const char *config_text(const char *name)
{
    char *file_variable = memory_format("%s_FILE", name);
    const char *value = getenv(name), *path = getenv(file_variable);

    if (value && !*value)
        value = NULL;
    if (path && *path) {
        if (value)
            config_problem(name, "set both directly and by %s; keep one of them", file_variable);
        else
            value = value_from_file(name, file_variable, path);
    }
    free(file_variable);
    return value && *value ? value : NULL;
}

const char *config_required(const char *name, const char *purpose)
{
    const char *value = config_text(name);

    if (!value)
        config_problem(name, "not set; needed to %s (or %s_FILE, a file that holds it)", purpose, name);
    return value;
}

const char *config_secret(const char *name)
{
    const char *value = config_text(name);

    if (value)
        secret_add(value);
    return value;
}

bool config_parse_number(const char *text, long lowest, long highest, long *number)
{
    const char *digits = text + (*text == '-');
    char *end;

    if (*digits < '0' || *digits > '9')
        return false;
    errno = 0;
    *number = strtol(text, &end, 10);
    return errno == 0 && *end == '\0' && *number >= lowest && *number <= highest;
}

long config_number(const char *name, long standard, long lowest, long highest)
{
    const char *value = config_text(name);
    long number;

    if (!value)
        return standard;
    if (config_parse_number(value, lowest, highest, &number))
        return number;
    config_problem(name, "\"%s\" is not a whole number from %ld to %ld", value, lowest, highest);
    return standard;
}

bool config_flag(const char *name, bool standard)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"true", true}, {"false", false}, {"yes", true}, {"no", false},
                 {"on", true},   {"off", false},   {"1", true},   {"0", false}};
    const char *value = config_text(name);

    if (!value)
        return standard;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcasecmp(value, words[i].word))
            return words[i].value;
    config_problem(name, "\"%s\" is neither true nor false", value);
    return standard;
}

char *config_item(const char **list)
{
    static const char blanks[] = " \t\r\n";
    const char *start = *list + strspn(*list, " \t\r\n,");
    size_t length = strcspn(start, ",");

    *list = start + length;
    while (length > 0 && strchr(blanks, start[length - 1]))
        length--;
    return length > 0 ? memory_bytes(start, length) : NULL;
}

size_t config_finish(void)
{
    for (size_t i = 0; i < problem_count; i++)
        report_with(REPORT_ERROR, "config_error", json_pack("{s:s}", "variable", problems[i].name), "%s: %s",
                    problems[i].name, problems[i].text);
    return problem_count;
}
