/*
 * A table for a person's eyes: an address, and below it a line a zone. On a terminal
 * the lines are as wide as that, what is too long is cut, and verdicts have colours (not
 * where NO_COLOR is set, see no-color.org, or TERM is dumb); elsewhere nothing is cut or coloured. Control
 * characters are masked. Not for: what is worth a line (show.c).
 */
#ifndef PROBE_TABLE_H
#define PROBE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "terminal.h"

struct table {
    int fd; /* where it will be written: only looked at */
    bool is_terminal, colour, begun;
    size_t zone_columns, answer_columns; /* the widths of columns; the latter grows as answers come */
};

/* All borrowed; "" where there is nothing to say. */
struct table_row {
    const char *zone, *verdict, *answers, *time, *reason;
    enum terminal_colour colour; /* of the verdict */
};

/* zone_columns: of the longest name of a zone. */
void table_open(struct table *table, int fd, size_t zone_columns);

/* An address with its rows, for the first one below the names of the columns. */
void table_address(struct table *table, FILE *out, const char *ip, const struct table_row *rows, size_t count);

/* Below the last: a line of text. */
void table_line(const struct table *table, FILE *out, const char *text, enum terminal_colour colour);

/* And a zone: its name, a word in a colour, and what there is to say of it. */
void table_zone(const struct table *table, FILE *out, const char *zone, const char *word, enum terminal_colour colour,
                const char *text);

#endif
