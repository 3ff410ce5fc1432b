#include "clock.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "signals.h"

static int64_t real_steady_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool real_wait_ms(int64_t milliseconds)
{
    int64_t until = real_steady_ms() + milliseconds;

    while (!signals_received()) {
        int64_t left = until - real_steady_ms();
        struct pollfd wakeup = {.fd = signals_fd(), .events = POLLIN};

        if (left <= 0)
            return true;
        poll(&wakeup, 1, (int)(left > 60000 ? 60000 : left));
    }
    return false;
}

static const struct clock real_clock = {real_steady_ms, real_wait_ms};
static const struct clock *current = &real_clock;

void clock_replace(const struct clock *replacement)
{
    current = replacement ? replacement : &real_clock;
}

int64_t clock_steady_ms(void)
{
    return current->steady_ms();
}

bool clock_wait_ms(int64_t milliseconds)
{
    return current->wait_ms(milliseconds);
}

char *clock_text(char buffer[CLOCK_TEXT_SIZE])
{
    struct timespec now;
    struct tm utc;
    size_t length;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    length = strftime(buffer, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(buffer + length, CLOCK_TEXT_SIZE - length, ".%03uZ", (unsigned)(now.tv_nsec / 1000000) % 1000U);
    return buffer;
}

/* RFC 3339 section 5.6; strptime(3) alone would take blanks and fewer digits, too. */
static bool has_all_digits(const char *text)
{
    static const char form[] = "0000-00-00T00:00:00";

    for (size_t i = 0; form[i]; i++)
        if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    return true;
}

bool clock_parse(const char *text, time_t *seconds)
{
    static const char digits[] = "0123456789";
    struct tm utc = {0};
    const char *rest = has_all_digits(text) ? strptime(text, "%Y-%m-%dT%H:%M:%S", &utc) : NULL;

    if (!rest)
        return false;
    if (*rest == '.' && strspn(rest + 1, digits) > 0)
        rest += 1 + strspn(rest + 1, digits);
    if (strcmp(rest, "Z") != 0 && strcmp(rest, "+00:00") != 0)
        return false;
    *seconds = timegm(&utc);
    return true;
}
