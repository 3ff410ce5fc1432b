/*
 * A line of the operators' log (log.schema.json). Not for: stderr (report.h).
 */
#ifndef LOG_SUMMARY_LINE_H
#define LOG_SUMMARY_LINE_H

#include <jansson.h>

#include "report.h"

/* The run that lines belong to from now on; NULL: none. Copied. */
void line_run(const char *run_id);

/* A line with its timestamp, job_run_id, level and type, new. */
json_t *line_new(enum report_level level, const char *type);

/* A copy of a string, or of an array of strings, fit for a person's eyes, new; JSON null for NULL. */
json_t *line_visible(const json_t *value);

/* The same for a plain string. */
json_t *line_visible_text(const char *text);

#endif
