#include "retry.h"

#include <stddef.h>

#include "clock.h"

static const unsigned waits[] = {2, 4, 8};

unsigned retry_seconds(const struct retry *retry)
{
    return retry->waited < sizeof waits / sizeof *waits ? waits[retry->waited] : 0;
}

bool retry_wait(struct retry *retry)
{
    unsigned seconds = retry_seconds(retry);

    if (seconds == 0)
        return false;
    retry->waited++;
    return clock_wait_ms((int64_t)seconds * 1000);
}
