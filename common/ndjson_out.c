/* The writing half of ndjson.h. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "memory.h"
#include "ndjson.h"
#include "report.h"
#include "signals.h"
#include "sysexits.h"

#define BUFFER_SIZE (64 * 1024)
#define OWN_NUMBERS (JSON_COMPACT | JSON_REAL_PRECISION(15))     /* 0.1 as 0.1 */
#define FOREIGN_NUMBERS (JSON_COMPACT | JSON_REAL_PRECISION(17)) /* the same double when read again */

void ndjson_out_open(struct ndjson_out *out, int fd, bool outlives_reader)
{
    *out = (struct ndjson_out){.fd = fd, .outlives_reader = outlives_reader, .size = BUFFER_SIZE};
    out->buffer = memory_new(out->size, 1);
    if (outlives_reader)
        signal(SIGPIPE, SIG_IGN);
}

void ndjson_out_close(struct ndjson_out *out)
{
    ndjson_flush(out);
    free(out->buffer);
    out->buffer = NULL;
}

static void give_up_writing(struct ndjson_out *out, int error)
{
    if (out->outlives_reader) {
        report(REPORT_ERROR, "output_error",
               "cannot write to the next stage: %s; its output is dropped, "
               "the work goes on",
               strerror(error));
        out->gone = true;
        out->start = out->filled = 0;
        return;
    }
    if (error == EPIPE) {
        /* As SIGPIPE would have done, had it not been ignored by whoever started us. */
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    die(EXIT_OUTPUT, "output_error", "cannot write the output: %s", strerror(error));
}

/* After a signal a reader that is slow may hold us up no longer than the grace time, all its pauses together. */
static void wait_writable(struct ndjson_out *out)
{
    struct pollfd ready[] = {{.fd = out->fd, .events = POLLOUT}, {.fd = signals_fd(), .events = POLLIN}};

    if (!signals_received()) {
        poll(ready, 2, -1);
        return;
    }
    if (out->stop_at == 0)
        out->stop_at = clock_steady_ms() + SIGNALS_GRACE_MS;
    if (clock_steady_ms() >= out->stop_at)
        _exit(128 + signals_received());
    poll(ready, 1, (int)(out->stop_at - clock_steady_ms()) + 1);
}

static bool is_writable(const struct ndjson_out *out)
{
    struct pollfd ready = {.fd = out->fd, .events = POLLOUT};

    return poll(&ready, 1, 0) > 0;
}

void ndjson_flush_some(struct ndjson_out *out)
{
    size_t amount = out->filled - out->start;
    ssize_t n;

    if (out->gone || amount == 0)
        return;
    if (amount > PIPE_BUF)
        amount = PIPE_BUF;
    n = write(out->fd, out->buffer + out->start, amount);
    if (n >= 0)
        out->start += (size_t)n;
    else if (errno != EINTR && errno != EAGAIN)
        give_up_writing(out, errno);
    if (out->start == out->filled)
        out->start = out->filled = 0;
}

void ndjson_flush(struct ndjson_out *out)
{
    while (!out->gone && out->filled > out->start) {
        if (is_writable(out))
            ndjson_flush_some(out);
        else
            wait_writable(out);
    }
}

size_t ndjson_pending(const struct ndjson_out *out)
{
    return out->filled - out->start;
}

/* Room for length more bytes without writing any: first by moving, then by growing. */
static void make_room(struct ndjson_out *out, size_t length)
{
    if (length > out->size - out->filled && out->start > 0) {
        memmove(out->buffer, out->buffer + out->start, out->filled - out->start);
        out->filled -= out->start;
        out->start = 0;
    }
    while (length >= out->size - out->filled) {
        out->size *= 2;
        out->buffer = memory_resize(out->buffer, out->size, 1);
    }
}

void ndjson_write_line(struct ndjson_out *out, const char *line, size_t length)
{
    if (out->never_blocks && !out->gone)
        make_room(out, length);
    while (length > 0 && !out->gone) {
        size_t step = length < out->size - out->filled ? length : out->size - out->filled;

        memcpy(out->buffer + out->filled, line, step);
        out->filled += step;
        line += step;
        length -= step;
        if (out->filled == out->size)
            ndjson_flush(out);
    }
}

void ndjson_write(struct ndjson_out *out, const struct ndjson_record *record)
{
    ndjson_write_line(out, record->text, record->length);
    ndjson_write_line(out, "\n", 1);
}

static bool shares_a_key(const json_t *object, const json_t *fields)
{
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *)fields, key, value)
        if (json_object_get(object, key))
            return true;
    return false;
}

/* Members that both have take their new values in place; everything is written anew. */
static char *merged_line(const struct ndjson_record *record, const json_t *fields)
{
    json_t *merged = memory_check(json_copy(record->object));
    char *text, *line;

    json_object_update(merged, (json_t *)fields);
    text = memory_check(json_dumps(merged, FOREIGN_NUMBERS));
    line = memory_format("%s\n", text);
    free(text);
    json_decref(merged);
    return line;
}

char *ndjson_line(const struct ndjson_record *record, const json_t *fields, size_t *length)
{
    char *line, *added;

    if (json_object_size(fields) == 0) {
        line = memory_format("%s\n", record->text);
    } else if (shares_a_key(record->object, fields)) {
        line = merged_line(record, fields);
    } else {
        /* A record has at least its type, so its members end before the last brace with one of them. */
        const char *brace = strrchr(record->text, '}');

        added = memory_check(json_dumps(fields, OWN_NUMBERS));
        line = memory_format("%.*s,%s\n", (int)(brace - record->text), record->text, added + 1);
        free(added);
    }
    *length = strlen(line);
    return line;
}

bool ndjson_write_fitting(struct ndjson_out *out, const char *line, size_t length)
{
    if (length <= NDJSON_LINE_MAX) {
        ndjson_write_line(out, line, length);
        return true;
    }
    report(REPORT_ERROR, "bad_record",
           "a record would be longer than %d bytes with what this stage adds; "
           "it was dropped",
           NDJSON_LINE_MAX);
    out->refused++;
    return false;
}

bool ndjson_write_with(struct ndjson_out *out, const struct ndjson_record *record, json_t *fields)
{
    size_t length;
    char *line = ndjson_line(record, fields, &length);
    bool written = ndjson_write_fitting(out, line, length);

    json_decref(fields);
    free(line);
    return written;
}

/* Most objects fit into the first buffer, and then cost no allocation. */
bool ndjson_write_object(struct ndjson_out *out, json_t *object)
{
    char first[1024], *line = first;
    size_t length = json_dumpb(object, first, sizeof first, OWN_NUMBERS);
    bool written;

    if (length >= sizeof first) {
        line = memory_new(length + 1, 1);
        json_dumpb(object, line, length, OWN_NUMBERS);
    }
    line[length] = '\n';
    written = ndjson_write_fitting(out, line, length + 1);
    if (line != first)
        free(line);
    json_decref(object);
    return written;
}
