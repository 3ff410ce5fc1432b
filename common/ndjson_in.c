/* The reading half of ndjson.h. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "ndjson.h"
#include "report.h"
#include "secret.h"
#include "signals.h"
#include "sysexits.h"
#include "text.h"

#define FIRST_BUFFER (64 * 1024)

void ndjson_in_open(struct ndjson_in *in, int fd)
{
    *in = (struct ndjson_in){.fd = fd, .size = FIRST_BUFFER, .frame = NDJSON_EMPTY};
    in->buffer = memory_new(in->size, 1);
}

void ndjson_in_close(struct ndjson_in *in)
{
    free(in->buffer);
    in->buffer = NULL;
}

void ndjson_record_free(struct ndjson_record *record)
{
    if (!record)
        return;
    json_decref(record->object);
    free(record->text);
    free(record);
}

void ndjson_bad(struct ndjson_in *in, const char *format, ...)
{
    va_list arguments;
    char *problem, *masked, *shown;

    va_start(arguments, format);
    problem = memory_format_list(format, arguments);
    va_end(arguments);
    masked = secret_mask(problem);                /* before it is cut: of half a secret nobody knows that it is one */
    shown = text_foreign(masked, strlen(masked)); /* it may quote the record */
    report(REPORT_ERROR, "bad_record", "line %lu: %s; the record was dropped", in->line, shown);
    free(problem);
    free(masked);
    free(shown);
    in->bad++;
}

/* Makes room to read into: moves what is left to the front, and grows up to the longest line. */
static void make_room(struct ndjson_in *in)
{
    if (in->start > 0) {
        memmove(in->buffer, in->buffer + in->start, in->filled - in->start);
        in->filled -= in->start;
        in->scanned -= in->start;
        in->start = 0;
    }
    if (in->filled == in->size && in->size < NDJSON_LINE_MAX) {
        in->size *= 2;
        in->buffer = memory_resize(in->buffer, in->size, 1);
    }
}

void ndjson_fill(struct ndjson_in *in)
{
    ssize_t n;

    make_room(in);
    n = read(in->fd, in->buffer + in->filled, in->size - in->filled);
    if (n > 0) {
        in->filled += (size_t)n;
    } else if (n == 0) {
        in->eof = true;
    } else if (errno != EINTR && errno != EAGAIN) {
        report(REPORT_ERROR, "input_error", "cannot read the input: %s", strerror(errno));
        in->failed = in->eof = true;
    }
}

void ndjson_stop(struct ndjson_in *in)
{
    in->eof = true;
    in->start = in->scanned = in->filled = 0;
}

/*
 * The next whole line: its start and length without newline. NULL: none is
 * buffered. Lines that are too long are reported once and thrown away as they come.
 */
static char *next_line(struct ndjson_in *in, size_t *length)
{
    for (;;) {
        char *from = in->buffer + in->scanned;
        char *newline = in->filled > in->scanned ? memchr(from, '\n', in->filled - in->scanned) : NULL;
        char *line = in->buffer + in->start;

        if (newline && !in->discarding) {
            *length = (size_t)(newline - line);
            in->start = in->scanned = (size_t)(newline + 1 - in->buffer);
            in->line++;
            return line;
        }
        if (newline) {
            in->discarding = false;
            in->start = in->scanned = (size_t)(newline + 1 - in->buffer);
            continue;
        }
        in->scanned = in->filled;
        if (in->discarding || in->filled - in->start >= NDJSON_LINE_MAX) {
            if (!in->discarding) {
                in->cut_off = in->cut_off || (in->frame == NDJSON_ENDED && !in->collected);
                in->line++;
                ndjson_bad(in, "longer than %d bytes", NDJSON_LINE_MAX);
            }
            in->discarding = true;
            in->start = in->scanned = in->filled = 0;
        }
        return NULL;
    }
}

/* What a tool says on stderr has a tool, and no type. */
static bool is_message(const json_t *object)
{
    return !json_object_get(object, "type") && json_is_string(json_object_get(object, "tool"));
}

/* The object of a line with its type checked; NULL: reported as bad, or passed over. */
static json_t *parse(struct ndjson_in *in, const char *line, size_t length)
{
    bool has_nul = memchr(line, '\0', length); /* which Jansson lets pass behind a number, true, false and null */
    json_error_t error;
    json_t *object = has_nul ? NULL : json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);

    if (has_nul)
        ndjson_bad(in, "not JSON that can be used: it has a NUL byte");
    else if (!object)
        ndjson_bad(in, "not JSON that can be used: %s (column %d)", error.text, error.column);
    else if (!json_is_object(object))
        ndjson_bad(in, "not a JSON object");
    else if (in->collected && is_message(object))
        ; /* nothing to say of it */
    else if (!json_is_string(json_object_get(object, "type")))
        ndjson_bad(in, "no \"type\" that is a string");
    else
        return object;
    json_decref(object);
    return NULL;
}

/* Follows run … end, run … end and what is between them. */
static void follow_frames(struct ndjson_in *in, bool is_run, bool is_end)
{
    bool inside = in->frame == NDJSON_IN_RUN;

    if (is_run ? inside : !inside && (is_end || in->require_run))
        in->cut_off = true;
    if (is_run)
        in->frame = NDJSON_IN_RUN;
    else if (is_end)
        in->frame = NDJSON_ENDED;
    else if (!inside)
        in->frame = NDJSON_UNFRAMED;
}

/* Follows run … end. False: the stream is out of order here, and is read no further. */
static bool follow_frame(struct ndjson_in *in, const char *type)
{
    bool is_run = !strcmp(type, "run"), is_end = !strcmp(type, "end");

    if (in->collected) {
        follow_frames(in, is_run, is_end);
        return true;
    }
    if ((is_run && in->frame != NDJSON_EMPTY) || (is_end && in->frame != NDJSON_IN_RUN)) {
        in->cut_off = true;
        ndjson_stop(in);
        return false;
    }
    if (is_run)
        in->frame = NDJSON_IN_RUN;
    else if (is_end)
        in->frame = NDJSON_ENDED;
    else if (in->frame == NDJSON_EMPTY)
        in->frame = NDJSON_UNFRAMED;
    return true;
}

static struct ndjson_record *new_record(struct ndjson_in *in, const char *line, size_t length, json_t *object)
{
    struct ndjson_record *record = memory_new(1, sizeof *record);

    record->object = object;
    record->type = json_string_value(json_object_get(object, "type"));
    record->text = memory_bytes(line, length);
    record->length = length;
    if (!object && in->frame == NDJSON_EMPTY)
        in->frame = NDJSON_UNFRAMED;
    if (record->type && !strcmp(record->type, "run"))
        report_run(json_string_value(json_object_get(object, "run_id")));
    if (record->type && !strcmp(record->type, "ip"))
        in->lines_ip++;
    return record;
}

enum ndjson_event ndjson_next(struct ndjson_in *in, struct ndjson_record **record)
{
    size_t length;
    char *line;

    while ((line = next_line(in, &length))) {
        json_t *object = NULL;

        if (in->frame == NDJSON_ENDED && !in->collected) {
            in->cut_off = true;
            ndjson_stop(in);
            break;
        }
        if (in->bare_lines && line[0] != '{') {
            *record = new_record(in, line, length, NULL);
            return NDJSON_RECORD;
        }
        object = parse(in, line, length);
        if (object && follow_frame(in, json_string_value(json_object_get(object, "type")))) {
            *record = new_record(in, line, length, object);
            return NDJSON_RECORD;
        }
        json_decref(object);
    }
    if (!in->eof)
        return NDJSON_AGAIN;
    if (in->filled > in->start || in->discarding) {
        in->cut_off = in->torn = true;
        ndjson_stop(in);
    }
    return NDJSON_END;
}

bool ndjson_cut_off(const struct ndjson_in *in)
{
    return in->cut_off || in->failed || in->frame == NDJSON_IN_RUN || (in->require_run && in->frame != NDJSON_ENDED);
}

void ndjson_each(struct ndjson_in *in, struct ndjson_out *out,
                 void (*take)(struct ndjson_in *, struct ndjson_out *, const struct ndjson_record *, void *),
                 void *context)
{
    struct ndjson_record *record;
    enum ndjson_event event;

    while ((event = ndjson_next(in, &record)) != NDJSON_END) {
        struct pollfd ready[] = {{.fd = in->fd, .events = POLLIN}, {.fd = signals_fd(), .events = POLLIN}};

        if (event == NDJSON_RECORD) {
            take(in, out, record, context);
            ndjson_record_free(record);
        } else {
            if (poll(ready, 1, 0) == 0)
                ndjson_flush(out);
            if (poll(ready, 2, -1) > 0 && ready[0].revents)
                ndjson_fill(in);
        }
        if (signals_received())
            ndjson_stop(in);
    }
}

int ndjson_status(const struct ndjson_in *in, const struct ndjson_out *out)
{
    if (signals_received()) {
        report(REPORT_WARNING, "interrupted",
               "stopped by signal %d before the end of the input; "
               "the next run takes up what is left",
               signals_received());
        return 128 + signals_received();
    }
    if (ndjson_cut_off(in)) {
        report(REPORT_ERROR, "cut_off", "the input is not a whole stream: %s",
               in->failed                   ? "reading it failed"
               : in->torn                   ? "its last line has no newline"
               : in->frame == NDJSON_IN_RUN ? "it stopped before its end record; look at the stage before this one"
               : in->frame == NDJSON_EMPTY  ? "it is empty; look at the stage before this one"
               : in->collected              ? "one of its runs lacks its run or its end record"
               : in->frame == NDJSON_ENDED  ? "something follows its end record; replay one run at a time"
                                            : "its first record is not run");
        if (!(out && out->gone))
            return EXIT_CUT_OFF;
    }
    if (out && out->gone)
        return EXIT_OUTPUT;
    return in->bad || (out && out->refused) ? EXIT_SOME_FAILED : EXIT_DONE;
}
