/*
 * Tests in C that speak the Test Anything Protocol (testanything.org). A program
 * is a main() of CHECK and CHECK_TEXT that returns tap_end().
 */
#ifndef UNIT_TAP_H
#define UNIT_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int tap_count, tap_failures;

__attribute__((format(printf, 2, 3))) static inline bool tap_check(bool good, const char *format, ...)
{
    va_list arguments;

    printf("%sok %d - ", good ? "" : "not ", ++tap_count);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    tap_failures += !good;
    return good;
}

static inline void tap_text(const char *found, const char *expected, const char *what)
{
    if (!tap_check(found && !strcmp(found, expected), "%s", what))
        printf("# found    %s\n# expected %s\n", found ? found : "(nothing)", expected);
}

static inline int tap_end(void)
{
    printf("1..%d\n", tap_count);
    return tap_failures > 0;
}

#define CHECK(condition) tap_check(condition, "%s", #condition)

/* The text found is borrowed, or freed here. */
#define CHECK_TEXT(found, expected) tap_text(found, expected, #found)
#define CHECK_NEW_TEXT(found, expected)                                                                              \
    do {                                                                                                             \
        char *tap_found = found;                                                                                     \
        tap_text(tap_found, expected, #found);                                                                       \
        free(tap_found);                                                                                             \
    } while (0)

/* From here to tap_stderr(), stderr goes into a file. */
static inline void tap_capture_stderr(void)
{
    FILE *file = tmpfile();

    if (!file || dup2(fileno(file), STDERR_FILENO) < 0)
        abort();
    fclose(file);
}

/* What was written to stderr since tap_capture_stderr(), new. */
static inline char *tap_stderr(void)
{
    off_t size = lseek(STDERR_FILENO, 0, SEEK_END);
    char *text = calloc((size_t)size + 1, 1);

    if (!text || pread(STDERR_FILENO, text, (size_t)size, 0) != size || ftruncate(STDERR_FILENO, 0) < 0)
        abort();
    lseek(STDERR_FILENO, 0, SEEK_SET);
    return text;
}

#endif
