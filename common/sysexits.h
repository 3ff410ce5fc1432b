/*
 * The one vocabulary of exit statuses, after sysexits(3).
 *
 * Every tool documents these in its manual. A status above 128 is 128 plus the
 * number of the signal that ended the tool.
 */
#ifndef COMMON_SYSEXITS_H
#define COMMON_SYSEXITS_H

enum exit_status {
    EXIT_DONE = 0,         /* done; DNS trouble alone is still 0 */
    EXIT_SOME_FAILED = 1,  /* done, but some records failed */
    EXIT_USAGE = 64,       /* wrong options or arguments */
    EXIT_CUT_OFF = 65,     /* input cut off, not a stream, or too old to act on */
    EXIT_UNREACHABLE = 69, /* database or Jira unreachable after retries */
    EXIT_BUG = 70,         /* a bug of ours, or no memory left */
    EXIT_OUTPUT = 74,      /* output could not be written */
    EXIT_REFUSED = 77,     /* credentials or permissions refused */
    EXIT_CONFIG = 78,      /* configuration error */
};

/*
 * Of two statuses the one that is named as the cause when both hold: the first of
 * 78, 64, 70, 77, a signal, 74, 69, 65, 1; the job names its own by the same order.
 */
int exit_status_worse(int one, int other);

#endif
