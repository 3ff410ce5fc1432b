#include "sysexits.h"

#define SIGNALLED 128 /* stands for every status above it */

static int rank(int status)
{
    static const int order[] = {EXIT_CONFIG, EXIT_USAGE,       EXIT_BUG,     EXIT_REFUSED,    SIGNALLED,
                                EXIT_OUTPUT, EXIT_UNREACHABLE, EXIT_CUT_OFF, EXIT_SOME_FAILED};
    int place = 0, count = sizeof order / sizeof *order;

    while (place < count && order[place] != (status > SIGNALLED ? SIGNALLED : status))
        place++;
    return place;
}

int exit_status_worse(int one, int other)
{
    return rank(other) < rank(one) ? other : one;
}
