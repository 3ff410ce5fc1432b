/*
 * Text that comes with the records, made fit for a person's eyes and for keeping: text_foreign() and text_visible()
 * in one, so that what is kept is short, valid UTF-8, and cannot hide, reorder or break a line.
 * Not for: escaping it for HTML or JSON (html.h).
 */
#ifndef DNSBL_REPORT_FOREIGN_H
#define DNSBL_REPORT_FOREIGN_H

#include <jansson.h>

/* New; NULL for NULL. */
char *foreign_text(const char *text);

/* The same of a member of an object; NULL when it is missing or no string. */
char *foreign_member(const json_t *object, const char *key);

#endif
