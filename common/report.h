/*
 * What a tool says on stderr: one JSON object a line in one write(2), or, when
 * stderr is a terminal, `tool: message`. Control bytes and secrets are masked.
 * The lines are described by log.schema.json.
 *
 * Not for: the stream on stdout (ndjson.h).
 */
#ifndef COMMON_REPORT_H
#define COMMON_REPORT_H

#include <jansson.h>

enum report_level { REPORT_INFO, REPORT_WARNING, REPORT_ERROR };

/* Once, first: the name is borrowed for the life of the process. */
void report_open(const char *tool);

/* The run that lines belong to from now on; NULL: none. Copied. */
void report_run(const char *run_id);

/*
 * clear is called before each line that goes to a terminal, to take away what stands in its place there (a line that
 * shows progress). NULL: nothing does.
 */
void report_before(void (*clear)(void));

/* error_type is a snake_case word that a log query can match. */
__attribute__((format(printf, 3, 4))) void report(enum report_level level, const char *error_type, const char *format,
                                                  ...);

/* The same with further fields for the line; takes details, an object. */
__attribute__((format(printf, 4, 5))) void report_with(enum report_level level, const char *error_type,
                                                       json_t *details, const char *format, ...);

/* Reports an error and ends the process with status. Only tools, and memory.h and the stdout of ndjson.h, may. */
__attribute__((format(printf, 3, 4), noreturn)) void die(int status, const char *error_type, const char *format, ...);

/* The same when memory has run out, with EXIT_BUG: allocates nothing. For memory.h. */
__attribute__((noreturn)) void die_without_memory(void);

#endif
