/*
 * Writing text into a page so that it stays text. What comes from the records has been through foreign_text()
 * already and holds no control characters; here it is escaped for where it is put.
 */
#ifndef DNSBL_REPORT_HTML_H
#define DNSBL_REPORT_HTML_H

#include "ndjson.h"

/* Markup, as it is. */
void html_raw(struct ndjson_out *out, const char *markup);

/* Markup by a format whose arguments are numbers, or strings of our own. */
__attribute__((format(printf, 2, 3))) void html_format(struct ndjson_out *out, const char *format, ...);

/* Text or an attribute's value between quotes. NULL is nothing. */
void html_text(struct ndjson_out *out, const char *text);

/* A number for a person: 12,345. */
void html_number(struct ndjson_out *out, json_int_t number);

/*
 * A JSON string with its quotes, inside a script element: nothing in it can end the element or open a comment (HTML,
 * section 4.12.1.3), for <, > and & are \u escapes, and so is all that is not ASCII.
 */
void html_json_string(struct ndjson_out *out, const char *text);

#endif
