#include "plan.h"

static const enum plan_action table[PLAN_WANTS][PLAN_TICKETS] = {
    [PLAN_WANT_NEW] =
        {
            [PLAN_OPEN_SAME] = PLAN_NOTHING,
            [PLAN_OPEN_BARE] = PLAN_ADOPT,
            [PLAN_OPEN_OTHER] = PLAN_CHANGE,
            [PLAN_OPEN_MARKED] = PLAN_REOPEN,
            [PLAN_OPEN_UNREAD] = PLAN_READ,
            /* Pages of a search shift while people close tickets: what was missed is found by its label. */
            [PLAN_NOT_OPEN] = PLAN_LOOK,
            [PLAN_NEVER] = PLAN_CREATE,
            [PLAN_CLOSED_MARKED] = PLAN_CREATE,
            [PLAN_CLOSED_UNREAD] = PLAN_CREATE,
            [PLAN_CLOSED_LATELY] = PLAN_CREATE,
            [PLAN_CLOSED_LONG_AGO] = PLAN_CREATE,
        },
    [PLAN_WANT_OPEN] =
        {
            [PLAN_OPEN_SAME] = PLAN_NOTHING,
            [PLAN_OPEN_BARE] = PLAN_ADOPT,
            [PLAN_OPEN_OTHER] = PLAN_CHANGE,
            [PLAN_OPEN_MARKED] = PLAN_REOPEN,
            [PLAN_OPEN_UNREAD] = PLAN_READ,
            [PLAN_NOT_OPEN] = PLAN_LOOK,
            /* A former run's ticket was lost, or a person's closing has outlived its time. */
            [PLAN_NEVER] = PLAN_SEEK,
            [PLAN_CLOSED_MARKED] = PLAN_SEEK,
            [PLAN_CLOSED_UNREAD] = PLAN_READ,
            [PLAN_CLOSED_LATELY] = PLAN_NOTHING,
            [PLAN_CLOSED_LONG_AGO] = PLAN_SEEK,
        },
    [PLAN_WANT_CLEARED] =
        {
            [PLAN_OPEN_SAME] = PLAN_CLEAR,
            [PLAN_OPEN_BARE] = PLAN_CLEAR,
            [PLAN_OPEN_OTHER] = PLAN_CLEAR,
            [PLAN_OPEN_MARKED] = PLAN_NOTHING,
            [PLAN_OPEN_UNREAD] = PLAN_READ,
            [PLAN_NOT_OPEN] = PLAN_LOOK,
            [PLAN_NEVER] = PLAN_NOTHING,
            [PLAN_CLOSED_MARKED] = PLAN_NOTHING,
            [PLAN_CLOSED_UNREAD] = PLAN_READ,
            [PLAN_CLOSED_LATELY] = PLAN_MARK,
            [PLAN_CLOSED_LONG_AGO] = PLAN_MARK,
        },
    [PLAN_WANT_NONE] =
        {
            [PLAN_OPEN_SAME] = PLAN_CLEAR,
            [PLAN_OPEN_BARE] = PLAN_CLEAR,
            [PLAN_OPEN_OTHER] = PLAN_CLEAR,
            [PLAN_OPEN_MARKED] = PLAN_NOTHING,
            [PLAN_OPEN_UNREAD] = PLAN_READ,
            /* Nothing whatever is closed: all else is PLAN_NOTHING. */
        },
    [PLAN_WANT_DOUBT] = {[PLAN_OPEN_UNREAD] = PLAN_READ},
};

enum plan_action plan(enum plan_want want, enum plan_ticket ticket, bool sought)
{
    enum plan_action action = table[want][ticket];

    return action == PLAN_SEEK && sought ? PLAN_CREATE : action;
}
