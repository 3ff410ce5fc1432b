/* Backoff, with a clock that only counts; and the clock's own texts. */
#include "retry.h"

#include "clock.h"
#include "tap.h"

static int64_t now, waits[8];
static size_t wait_count;
static bool interrupted;

static int64_t counted_now(void)
{
    return now;
}

static bool counted_wait(int64_t milliseconds)
{
    waits[wait_count++ % 8] = milliseconds;
    now += milliseconds;
    return !interrupted;
}

static const struct clock counting = {counted_now, counted_wait};

static unsigned tries_until(unsigned success)
{
    struct retry retry = RETRY_START;
    unsigned tries = 0;

    do
        tries++;
    while (tries != success && retry_wait(&retry));
    return tries;
}

static void check_retry(void)
{
    struct retry retry = RETRY_START;

    clock_replace(&counting);
    CHECK(tries_until(99) == 4);
    CHECK(wait_count == 3 && waits[0] == 2000 && waits[1] == 4000 && waits[2] == 8000);
    CHECK(clock_steady_ms() == 14000);
    CHECK(tries_until(2) == 2);
    CHECK(wait_count == 4);
    CHECK(retry_seconds(&retry) == 2);
    CHECK(retry_wait(&retry) && retry_seconds(&retry) == 4);
    CHECK(retry_wait(&retry) && retry_wait(&retry));
    CHECK(retry_seconds(&retry) == 0 && !retry_wait(&retry));
    interrupted = true;
    CHECK(tries_until(99) == 1);
    clock_replace(NULL);
}

static void check_clock(void)
{
    char text[CLOCK_TEXT_SIZE];
    int64_t before = clock_steady_ms();
    time_t seconds;

    CHECK(clock_wait_ms(20) && clock_steady_ms() - before >= 20);
    CHECK(strlen(clock_text(text)) == 24 && text[10] == 'T' && text[19] == '.' && text[23] == 'Z');
    CHECK(clock_parse(text, &seconds) && seconds <= time(NULL) && seconds >= time(NULL) - 5);
    CHECK(clock_parse("2026-01-31T23:59:59.999Z", &seconds) && seconds == 1769903999);
    CHECK(clock_parse("2026-01-31T23:59:59Z", &seconds) && seconds == 1769903999);
    CHECK(clock_parse("2026-01-31T23:59:59+00:00", &seconds) && seconds == 1769903999);
    CHECK(!clock_parse("2026-01-31T23:59:59+01:00", &seconds));
    CHECK(!clock_parse("2026-01-31T23:59:59", &seconds));
    CHECK(!clock_parse("2026-01-31", &seconds));
    CHECK(!clock_parse("26-1-31T3:9:9Z", &seconds) && !clock_parse(" 026-01-31T23:59:59Z", &seconds));
    CHECK(!clock_parse("2026-01-31T23:59:59.Z", &seconds));
    CHECK(!clock_parse("yesterday", &seconds));
    CHECK(!clock_parse("", &seconds));
}

int main(void)
{
    check_retry();
    check_clock();
    return tap_end();
}
