/*
 * The stream: newline-delimited JSON objects, one a line (dnsbl-record(5)).
 *
 * The reader bounds lines, refuses what is not a JSON object with unique keys,
 * and watches the frame that a run puts around its records: `run` first, `end`
 * last. The writer flushes before the reader blocks, not after each record.
 *
 * Not for: what the fields of a record mean (record.h).
 */
#ifndef COMMON_NDJSON_H
#define COMMON_NDJSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NDJSON_LINE_MAX (1024 * 1024) /* bytes of a line, its newline included */

/* One line of the stream. */
struct ndjson_record {
    json_t *object;   /* owned; NULL for a bare line */
    const char *type; /* borrowed from object: its member "type"; NULL for a bare line */
    char *text;       /* owned: the line as it came, without newline */
    size_t length;    /* of text, in bytes */
};

void ndjson_record_free(struct ndjson_record *record); /* takes; NULL does nothing */

/* --- reading --- */

enum ndjson_event {
    NDJSON_RECORD, /* a record is there */
    NDJSON_AGAIN,  /* no whole line is buffered: wait until the descriptor is readable, then ndjson_fill() */
    NDJSON_END,    /* nothing more will come; ndjson_status() says how it ended */
};

struct ndjson_in {
    int fd;
    bool bare_lines;  /* lines that do not begin with '{' are records without object */
    bool require_run; /* a stream without `run` counts as cut off */
    /*
     * Not one stream but what people have collected: a run may follow another's end, and reading goes on behind one
     * that was cut off (it counts as such); the tools' own messages (log.schema.json) are passed over in silence.
     */
    bool collected;
    char *buffer;
    size_t start, filled, scanned, size;
    unsigned long line;     /* number of the line last returned, from 1 */
    unsigned long bad;      /* records that were reported and dropped */
    unsigned long lines_ip; /* records of type "ip" returned */
    bool eof, discarding, failed;
    enum { NDJSON_UNFRAMED, NDJSON_EMPTY, NDJSON_IN_RUN, NDJSON_ENDED } frame;
    bool cut_off;
    bool torn; /* the last line had no newline */
};

void ndjson_in_open(struct ndjson_in *in, int fd);
void ndjson_in_close(struct ndjson_in *in); /* frees the buffer; the descriptor stays the caller's */

/* The next record, new, in *record. Bad lines are reported, counted and passed over. */
enum ndjson_event ndjson_next(struct ndjson_in *in, struct ndjson_record **record);

/* One read(2), which blocks unless the descriptor is readable; EINTR and EAGAIN are no errors. */
void ndjson_fill(struct ndjson_in *in);

/* Stops reading for good, as at a signal: the next event is NDJSON_END. */
void ndjson_stop(struct ndjson_in *in);

/* Reports a record of this reader as bad ("line N: …") and counts it. The caller drops the record. */
__attribute__((format(printf, 2, 3))) void ndjson_bad(struct ndjson_in *in, const char *format, ...);

/* True if the stream began with `run` and has not come to its `end`, or had anything behind it. After NDJSON_END. */
bool ndjson_cut_off(const struct ndjson_in *in);

/* --- writing --- */

struct ndjson_out {
    int fd;
    bool outlives_reader; /* when the reader is gone: drop output, go on, and exit EXIT_OUTPUT at the end */
    bool gone;            /* that has happened */
    bool never_blocks;    /* the buffer grows instead; whoever sets it flushes by ndjson_flush_some() */
    char *buffer;
    size_t start, filled, size;
    int64_t stop_at; /* after a signal: when waiting for the reader ends, by clock_steady_ms(); 0: no wait yet */
    unsigned long refused; /* records not written because their line would be too long */
};

/* outlives_reader is false for all but pg-apply and jira-sync. */
void ndjson_out_open(struct ndjson_out *out, int fd, bool outlives_reader);
void ndjson_out_close(struct ndjson_out *out); /* flushes, frees */

/* The record as it came, byte for byte. */
void ndjson_write(struct ndjson_out *out, const struct ndjson_record *record);

/*
 * The record with members added behind its own, which stay byte for byte as they
 * came unless fields names them too; takes fields. False: the line would be longer
 * than NDJSON_LINE_MAX; it was reported, counted and not written.
 */
bool ndjson_write_with(struct ndjson_out *out, const struct ndjson_record *record, json_t *fields);

/* A record of one's own; takes object. */
bool ndjson_write_object(struct ndjson_out *out, json_t *object);

/* The line that ndjson_write_with() would write, new and with its newline; borrows fields. *length in bytes. */
char *ndjson_line(const struct ndjson_record *record, const json_t *fields, size_t *length);

/* Writes bytes as they are: a finished line (newline included, within NDJSON_LINE_MAX), or a part of what is no
 * NDJSON. */
void ndjson_write_line(struct ndjson_out *out, const char *line, size_t length);

/* The same for a line of any length; false as for ndjson_write_with(). */
bool ndjson_write_fitting(struct ndjson_out *out, const char *line, size_t length);

/*
 * Writes all that is buffered; ends the process when that fails (see outlives_reader),
 * and SIGNALS_GRACE_MS after a signal when the reader is slow.
 */
void ndjson_flush(struct ndjson_out *out);

/*
 * For event loops that must not block: writes at most PIPE_BUF bytes, which
 * poll(2) promises to be possible once POLLOUT was seen on out->fd.
 */
void ndjson_flush_some(struct ndjson_out *out);

/* Bytes waiting to be written. */
size_t ndjson_pending(const struct ndjson_out *out);

/* --- both --- */

/*
 * The shared loop: reads to the end, gives every record to take, which writes what
 * it likes to out and must not free the record; flushes before blocking.
 */
void ndjson_each(struct ndjson_in *in, struct ndjson_out *out,
                 void (*take)(struct ndjson_in *in, struct ndjson_out *out, const struct ndjson_record *record,
                              void *context),
                 void *context);

/*
 * The exit status that reading and writing have earned: 128 + n after a signal,
 * EXIT_OUTPUT, EXIT_CUT_OFF, EXIT_SOME_FAILED or EXIT_DONE, the first that holds.
 * out may be NULL. Reports a cut-off stream.
 */
int ndjson_status(const struct ndjson_in *in, const struct ndjson_out *out);

#endif
