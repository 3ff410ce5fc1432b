/* What a terminal can do, and colours on it. Not for: what is worth showing. */
#ifndef COMMON_TERMINAL_H
#define COMMON_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TERMINAL_CLEAR_LINE "\r\033[K" /* to its start, and erase it: ECMA-48 sections 8.3.15 and 8.3.41 */

enum terminal_colour { TERMINAL_PLAIN, TERMINAL_BOLD, TERMINAL_RED, TERMINAL_GREEN, TERMINAL_YELLOW, TERMINAL_CYAN };

/* True if fd is a terminal of which more is known than that lines can be written to it: TERM is set, and not dumb. */
bool terminal_is_able(int fd);

/* Its columns as they are now, for a person may change them: 80 for one that does not say. */
size_t terminal_columns(int fd);

/*
 * What begins a line there, so that it does not stand behind a line that shows the progress of another program of the
 * pipeline: TERMINAL_CLEAR_LINE, or "" where that cannot be.
 */
const char *terminal_line_start(int fd);

/* True if what is written to fd may have colours: it is able, and NO_COLOR is not set (no-color.org). */
bool terminal_has_colours(int fd);

/* Writes text, in its colour if there are colours. */
void terminal_put(FILE *out, bool colours, const char *text, enum terminal_colour colour);

#endif
