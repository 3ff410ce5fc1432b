/*
 * fast_clock.so, for LD_PRELOAD: a program's time passes faster than ours, all
 * of it alike, so that a test need not wait for what takes 2, 4 and 8 seconds.
 *
 *     FAST_CLOCK="SPEED REAL VIRTUAL"
 *
 *     FAST_CLOCK_FOR="NAME..."    optional: for programs of these names alone
 *
 * At the real time REAL (ns since 1970) the program's clock shows VIRTUAL, and
 * from there on it runs SPEED times as fast. Steady clocks run as fast. What
 * poll(2) is told to wait is cut down by SPEED. Nothing else is changed: no wait
 * is left out, and the order of what happens is that of real time.
 *
 * jira-sync and libcurl, with addresses that need no resolver, know of no other
 * way to wait or to tell the time.
 */
#define _GNU_SOURCE 1
#undef _FORTIFY_SOURCE /* whose poll(2) is __poll_chk(), defined below */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000) /* ns */

static int64_t speed = 1, real_start, virtual_start;

/* One of FAST_CLOCK_FOR, or there is none. */
static bool is_meant(void)
{
    char names[256], *rest;
    const char *given = getenv("FAST_CLOCK_FOR");

    snprintf(names, sizeof names, "%s", given ? given : program_invocation_short_name);
    for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest))
        if (strcmp(name, program_invocation_short_name) == 0)
            return true;
    return false;
}

__attribute__((constructor)) static void read_order(void)
{
    const char *order = getenv("FAST_CLOCK");
    long long given[3];

    if (!is_meant())
        return; /* its time is ours */

    /* NOLINTNEXTLINE(cert-err34-c): our own tests write it, and a number too large would show at once */
    if (!order || sscanf(order, "%lld %lld %lld", &given[0], &given[1], &given[2]) != 3 || given[0] < 1) {
        fputs("fast_clock: FAST_CLOCK is not \"SPEED REAL VIRTUAL\"\n", stderr);
        _exit(70);
    }
    speed = given[0];
    real_start = given[1];
    virtual_start = given[2];
}

static int64_t true_time(clockid_t clock)
{
    struct timespec now = {0};

    syscall(SYS_clock_gettime, clock, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

static int64_t fast_time(clockid_t clock)
{
    int64_t now = true_time(clock);

    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        return virtual_start + (now - real_start) * speed;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_BOOTTIME:
        return now * speed;
    default:
        return now;
    }
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int64_t now = fast_time(clock);

    *time = (struct timespec){.tv_sec = now / SECOND, .tv_nsec = now % SECOND};
    return 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
    int64_t now = fast_time(CLOCK_REALTIME);

    (void)zone;
    *time = (struct timeval){.tv_sec = now / SECOND, .tv_usec = now % SECOND / 1000};
    return 0;
}

time_t time(time_t *seconds)
{
    time_t now = fast_time(CLOCK_REALTIME) / SECOND;

    if (seconds)
        *seconds = now;
    return now;
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    int64_t wait = timeout_ms * INT64_C(1000000) / speed;
    struct timespec limit = {.tv_sec = wait / SECOND, .tv_nsec = wait % SECOND};

    return ppoll(fds, count, timeout_ms < 0 ? NULL : &limit, NULL);
}

int __poll_chk(struct pollfd *fds, nfds_t count, int timeout_ms, size_t size);
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout_ms, size_t size)
{
    (void)size;
    return poll(fds, count, timeout_ms);
}
