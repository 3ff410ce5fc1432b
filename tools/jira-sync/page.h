/*
 * A description or comment in Jira's wiki text, within Jira's limit, with foreign
 * text in it that can do no harm there.
 */
#ifndef JIRA_SYNC_PAGE_H
#define JIRA_SYNC_PAGE_H

#include <stdbool.h>
#include <stdio.h>

struct page {
    FILE *file; /* for text of our own */
    char *text;
    size_t length;
};

void page_open(struct page *page);

/* The text, new; secrets in it are masked. */
char *page_close(struct page *page);

/*
 * Whether so many bytes, and a closing part of PAGE_TAIL bytes, still fit. What
 * comes in any number (zones, reasons) asks before it is written.
 */
#define PAGE_TAIL 6000
bool page_has_room(const struct page *page, size_t bytes);

/* Foreign text in a {noformat} block: control characters escaped, the block's own marker taken apart. */
void page_foreign(struct page *page, const char *text);

/* Foreign text that should be short, such as a time or a number: what is beyond PAGE_FIELD_MAX bytes is left out. */
#define PAGE_FIELD_MAX 128
void page_field(struct page *page, const char *text);

/* The http and https URLs in foreign text, each as a link on a line of its own. */
void page_links(struct page *page, const char *text);

#endif
