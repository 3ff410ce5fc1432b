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

bool clock_parse(const char *text, time_t *seconds)
{
    struct tm utc = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);

    if (!rest)
        return false;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (strcmp(rest, "Z") != 0 && strcmp(rest, "+00:00") != 0)
        return false;
    *seconds = timegm(&utc);
    return true;
}
