/*
 * What a real run would do, for the end of a dry one: a line for each address that it would change or whose ticket it
 * would. At most WOULD_LINES of them are kept; of the others only how many there are.
 */
#ifndef LOG_SUMMARY_WOULD_H
#define LOG_SUMMARY_WOULD_H

#include <stddef.h>
#include <stdio.h>

#include "address.h"
#include "summary.h"

#define WOULD_LINES 1000

struct would {
    char *lines[WOULD_LINES]; /* owned */
    size_t count;             /* may be more than are kept */
};

void would_free(struct would *would);

/* Takes note of an address of a dry run, if anything would be done about it. */
void would_take(struct would *would, const struct address *address);

/* The list, in plain text, with what jira-sync would do about tickets on DNS itself. */
void would_write(const struct would *would, const struct summary *summary, FILE *out);

#endif
