/*
 * The reconciler's judgement: what an address (or the health of the DNS) wants
 * of its ticket, what Jira shows, and what to do next. A table, without memory,
 * clock or network; whoever carries an action out asks again with what it learnt,
 * until the answer is PLAN_NOTHING or a write has succeeded.
 *
 * Why there are no two tickets, though a search may not show yet what was made up to 14 s ago. PLAN_WANT_OPEN seeks,
 * which outwaits that. PLAN_WANT_NEW creates as soon as one search finds nothing; so no run may want a ticket new
 * that a former run has just made:
 *
 * - The row was changed and the ticket made: the next run wants it open, not new. Likewise if it was killed between
 *   the two, or while it looked for a create whose answer was lost.
 * - It was killed before the row was changed: the record never came here.
 * - The row was changed by another one (conflict): nothing is done here.
 * - The row was not changed (pg-apply failed, or has no part in the pipe), so that the next run wants the ticket new
 *   again: the run that makes it does not end before a search shows it, or 14 s are over.
 *
 * What is left, while the index lags more than 14 s: a create whose answer was lost, though it was done, is not found
 * after 2, 4 and 8 s (14 in all), and is made again by the same run; and a run that begins before the index has
 * caught up makes again what the one before it made. And, while it lags at all: to be killed in those 14 s and
 * started again at once, and records kept from behind pg-apply that are replayed, and really written, twice in as
 * short a time.
 */
#ifndef JIRA_SYNC_PLAN_H
#define JIRA_SYNC_PLAN_H

#include <stdbool.h>

/* What should be shown. */
enum plan_want {
    PLAN_WANT_NEW,     /* a problem that began in this run */
    PLAN_WANT_OPEN,    /* a problem that was there before */
    PLAN_WANT_CLEARED, /* a problem that ended in this run */
    PLAN_WANT_NONE,    /* no problem */
    PLAN_WANT_DOUBT,   /* no problem was seen, but not all that the ticket names was asked */
    PLAN_WANTS,
};

/* What Jira shows. Same, other: whether the ticket names what is to be shown. */
enum plan_ticket {
    PLAN_OPEN_SAME,
    PLAN_OPEN_BARE, /* the same, without our labels: another program's, or a person took them off */
    PLAN_OPEN_OTHER,
    PLAN_OPEN_MARKED, /* says that the problem is over */
    PLAN_OPEN_UNREAD, /* there is one; what it says must be read first */
    PLAN_NOT_OPEN,    /* none that is open; closed ones were not asked for yet */
    PLAN_NEVER,
    PLAN_CLOSED_MARKED,
    PLAN_CLOSED_UNREAD, /* whether that still holds is in what it says */
    PLAN_CLOSED_LATELY, /* by a person, and that still holds */
    PLAN_CLOSED_LONG_AGO,
    PLAN_TICKETS,
};

enum plan_action {
    PLAN_NOTHING,
    PLAN_READ,   /* read the ticket */
    PLAN_LOOK,   /* search closed tickets, and open ones that were missed */
    PLAN_SEEK,   /* search again, and again: Jira's index may lag behind a former run */
    PLAN_CREATE, /* from here on: one request that writes */
    PLAN_ADOPT,  /* put our labels on it, no comment */
    PLAN_CHANGE, /* summary and comment */
    PLAN_REOPEN, /* summary and comment, mark removed; its status is people's business */
    PLAN_CLEAR,  /* comment and mark */
    PLAN_MARK,   /* mark alone, on a closed one */
    PLAN_ACTIONS,
};

/* sought: PLAN_SEEK has been done, and what it found is in ticket. */
enum plan_action plan(enum plan_want want, enum plan_ticket ticket, bool sought);

#endif
