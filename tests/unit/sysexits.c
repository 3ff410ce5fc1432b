/* Which of two exit statuses is the cause. */
#include "sysexits.h"

#include "tap.h"

int main(void)
{
    static const int order[] = {78, 64, 70, 77, 143, 74, 69, 65, 1, 0};
    const int count = sizeof order / sizeof *order;

    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++)
            CHECK(exit_status_worse(order[i], order[j]) == order[i < j ? i : j]);
    CHECK(exit_status_worse(130, 74) == 130 && exit_status_worse(77, 129) == 77);
    return tap_end();
}
