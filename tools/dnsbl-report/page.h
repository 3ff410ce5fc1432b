/*
 * The page: page.html with its {{parts}} filled in, page.css and page.js. They are files of their own and part of
 * the program; the page asks nobody for anything, and its Content-Security-Policy allows just these two texts.
 */
#ifndef DNSBL_REPORT_PAGE_H
#define DNSBL_REPORT_PAGE_H

#include "ndjson.h"
#include "view.h"

void page_write(struct ndjson_out *out, const struct view *view);

/* --- its parts --- */

void summary_write(struct ndjson_out *out, const struct view *view); /* summary.c: what to know at a glance */
void zones_write(struct ndjson_out *out, const struct view *view);   /* tables.c */
void listed_write(struct ndjson_out *out, const struct view *view);
void rounds_write(struct ndjson_out *out, const struct view *view);
void chart_write(struct ndjson_out *out, const struct view *view); /* chart.c */
void chart_write_zone(struct ndjson_out *out, const struct view *view,
                      size_t zone);                               /* zone by number in the history */
void data_write(struct ndjson_out *out, const struct view *view); /* data.c: for page.js */

/* A time element. */
void page_write_time(struct ndjson_out *out, const char *time);

#endif
