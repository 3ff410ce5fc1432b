/*
 * Configuration from the environment. For every variable X, X_FILE may name a
 * file to read it from (one final newline is dropped); both set is a problem;
 * empty is unset. Problems are collected, so that a person sees all of them at
 * once; nothing is touched before config_finish().
 *
 * The variables, their bounds and defaults stand in config.schema.json.
 */
#ifndef COMMON_CONFIG_H
#define COMMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#define CONFIG_FILE_MAX (1024 * 1024) /* bytes that a file named by X_FILE may hold */

/* The value, borrowed for the life of the process; NULL when unset. */
const char *config_text(const char *name);

/* The same, but unset is a problem; purpose completes "needed to …". */
const char *config_required(const char *name, const char *purpose);

/* The same as config_text(), and registered with secret_add(). */
const char *config_secret(const char *name);

/* A decimal number within bounds, inclusive; a problem otherwise. */
long config_number(const char *name, long standard, long lowest, long highest);

/* true/false, yes/no, on/off, 1/0 in any case. */
bool config_flag(const char *name, bool standard);

/*
 * The next item of a comma-separated list: the blanks around it are left out and
 * empty items are skipped. *list moves on; returns a new string, NULL at the end.
 */
char *config_item(const char **list);

/* Notes a problem with a variable. The text says what is wrong and what to do. */
__attribute__((format(printf, 2, 3))) void config_problem(const char *name, const char *format, ...);

/* Parses a whole decimal number within bounds, with nothing behind it; no problem is noted. */
bool config_parse_number(const char *text, long lowest, long highest, long *number);

/* Reports all problems noted so far on stderr, a line each; returns how many there were. */
size_t config_finish(void);

#endif
