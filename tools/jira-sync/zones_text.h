/*
 * What the zones say of an address, as parts of its ticket's texts. Each part takes
 * what room there is, and says how many zones it had none for.
 */
#ifndef JIRA_SYNC_ZONES_TEXT_H
#define JIRA_SYNC_ZONES_TEXT_H

#include "page.h"
#include "ticket.h"

/* A line: as many names as fit into most bytes, and then how many more. */
void zones_write_names(struct page *page, const char *title, const json_t *names, size_t most);

/* Those of names that list it, and below them the links in their reasons: there a person asks for removal. */
void zones_write_listed(struct page *page, const struct ticket *ticket, const json_t *names);

/* What lists it and does not count, if anything: nobody shall ask an allowlist for removal. */
void zones_write_harmless(struct page *page, const struct ticket *ticket);

/* What is UNKNOWN, under that title, if anything. */
void zones_write_unknown(struct page *page, const struct ticket *ticket, const char *title);

/*
 * What does not list it, if anything. The names alone: nobody reads the details of what is well. But an answer that
 * does not count is news.
 */
void zones_write_not_listed(struct page *page, const struct ticket *ticket);

#endif
