/*
 * Time: the wall clock for what people read, a steady one for measuring, and
 * waiting. The clock can be replaced, so that retry.h is tested without waiting.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define CLOCK_TEXT_SIZE 25 /* 2026-01-31T23:59:59.999Z and a NUL */

struct clock {
    int64_t (*steady_ms)(void);            /* never steps back */
    bool (*wait_ms)(int64_t milliseconds); /* false: a signal asked us to stop */
};

/* Borrowed; NULL puts the real clock back. */
void clock_replace(const struct clock *replacement);

int64_t clock_steady_ms(void);

/* Waits; false when interrupted by SIGTERM or SIGINT (signals.h). */
bool clock_wait_ms(int64_t milliseconds);

/* Now as ISO 8601 UTC with milliseconds, in buffer, which is returned. */
char *clock_text(char buffer[CLOCK_TEXT_SIZE]);

/* Reads what clock_text() writes, and any RFC 3339 time in UTC; false: it is none. */
bool clock_parse(const char *text, time_t *seconds);

#endif
