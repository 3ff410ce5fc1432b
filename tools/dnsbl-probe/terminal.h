/* What a terminal can do, for those who draw on it (table.h, progress.h). */
#ifndef PROBE_TERMINAL_H
#define PROBE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* True if fd is a terminal of which more is known than that lines can be written to it: TERM is set, and not dumb. */
bool terminal_is_able(int fd);

/* Its columns as they are now, for a person may change them: 80 for one that does not say. */
size_t terminal_columns(int fd);

#endif
