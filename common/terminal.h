/* What a terminal can do, and colours on it. Not for: what is worth showing. */
#ifndef COMMON_TERMINAL_H
#define COMMON_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum terminal_colour { TERMINAL_PLAIN, TERMINAL_BOLD, TERMINAL_RED, TERMINAL_GREEN, TERMINAL_YELLOW, TERMINAL_CYAN };

/* True if fd is a terminal of which more is known than that lines can be written to it: TERM is set, and not dumb. */
bool terminal_is_able(int fd);

/* Its columns as they are now, for a person may change them: 80 for one that does not say. */
size_t terminal_columns(int fd);

/* True if what is written to fd may have colours: it is able, and NO_COLOR is not set (no-color.org). */
bool terminal_has_colours(int fd);

/* Writes text, in its colour if there are colours. */
void terminal_put(FILE *out, bool colours, const char *text, enum terminal_colour colour);

#endif
