/*
 * How the log is written: as JSON lines (log_json.c, log.schema.json), or for people (log_text.c).
 */
#ifndef LOG_SUMMARY_LOG_H
#define LOG_SUMMARY_LOG_H

#include <stdbool.h>

#include "address.h"
#include "ndjson.h"
#include "summary.h"
#include "tally.h"
#include "would.h"

struct log;

struct log_style {
    /* True: lookups that found nothing out are always told of together, at the end. */
    bool defers_lookups;
    void (*address)(struct log *log, const struct address *address);
    /* A zone has fallen ill; detail (may be NULL) is the evidence. */
    void (*zone)(struct log *log, const struct tally *tally, const char *detail);
    /* A lookup found nothing out. tally may be NULL; detail (may be NULL) is dnsbl-probe's own explanation. */
    void (*lookup)(struct log *log, const struct tally *tally, const char *ip, const struct record_result *result,
                   const char *detail);
    /* Those of one failure that were deferred. */
    void (*lookups)(struct log *log, const struct tally *tally, enum failure failure);
    void (*summary)(struct log *log, const struct summary *summary, const struct tallies *tallies);
};

struct log {
    const struct log_style *style;
    struct ndjson_out *out;
    bool colours;              /* for people: out is a terminal that has them */
    const char *line_start;    /* for people: what begins a line there (terminal.h) */
    const struct would *would; /* for people, in a dry run: what a real run would do */
};

extern const struct log_style log_json, log_text;

#endif
