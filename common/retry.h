/*
 * Backoff as one idiom:
 *
 *     struct retry retry = RETRY_START;
 *     do
 *         done = attempt();
 *     while (!done && retry_wait(&retry));
 *
 * Waits 2, 4 and 8 seconds, so an operation is tried four times in all.
 */
#ifndef COMMON_RETRY_H
#define COMMON_RETRY_H

#include <stdbool.h>

struct retry {
    unsigned waited; /* how many of the waits are used up */
};

#define RETRY_START                                                                                                  \
    {                                                                                                                \
        0                                                                                                            \
    }

/* Waits before the next try; false: no try is left, or a signal asked us to stop. */
bool retry_wait(struct retry *retry);

/* Seconds that the next retry_wait() will wait, 0 when there is none. */
unsigned retry_seconds(const struct retry *retry);

#endif
