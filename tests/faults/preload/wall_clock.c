/*
 * wall_clock.so: the clock that people set is FAULT_CLOCK seconds off as soon as there is the file FAULT_CLOCK_SET;
 * the steady ones go on. FAULT_MARK (preload.h) says `stepped PID` at the first time that is told so.
 */
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "preload.h"

static time_t step(void)
{
    static bool is_set;
    const char *file = getenv("FAULT_CLOCK_SET");

    if (!is_set && file && access(file, F_OK) == 0) {
        is_set = true;
        mark("stepped");
    }
    return is_set ? number_of("FAULT_CLOCK") : 0;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int result = (int)syscall(SYS_clock_gettime, clock, time);

    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        time->tv_sec += step();
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
    struct timespec now = {0};

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *time = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *seconds)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_REALTIME, &now);
    if (seconds)
        *seconds = now.tv_sec;
    return now.tv_sec;
}
