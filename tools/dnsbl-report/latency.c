#include "latency.h"

#include <stddef.h>

/* The upper bound of each step, in milliseconds. */
static const double *bounds(void)
{
    static double steps[LATENCY_STEPS];

    if (steps[0] > 0)
        return steps;
    steps[0] = 0.1;
    for (size_t i = 1; i < LATENCY_STEPS; i++)
        steps[i] = steps[i - 1] * 1.1;
    return steps;
}

static size_t step_of(double duration_ms)
{
    const double *steps = bounds();
    size_t low = 0, high = LATENCY_STEPS - 1;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (duration_ms <= steps[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

double latency_position(double duration_ms)
{
    double first = (double)step_of(1), last = (double)step_of(10000), step = (double)step_of(duration_ms);

    return step < first ? 0 : step > last ? 1 : (step - first) / (last - first);
}

void latency_add(struct latency *latency, double duration_ms)
{
    latency->counts[step_of(duration_ms)]++;
    latency->total++;
    if (duration_ms > latency->longest)
        latency->longest = duration_ms;
}

/* What part of the lookups (in percent) took no longer than. */
static double quantile(const struct latency *latency, unsigned percent)
{
    uint64_t wanted = ((uint64_t)latency->total * percent + 99) / 100, seen = 0;
    double bound;
    size_t i = 0;

    while (i < LATENCY_STEPS - 1 && seen + latency->counts[i] < wanted)
        seen += latency->counts[i++];
    bound = bounds()[i];
    return bound < latency->longest ? bound : latency->longest;
}

struct latency_summary latency_summarise(const struct latency *latency)
{
    if (latency->total == 0)
        return (struct latency_summary){0};
    return (struct latency_summary){true, quantile(latency, 50), quantile(latency, 95), latency->longest};
}
