#include "memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "report.h"

void *memory_check(void *pointer)
{
    if (!pointer)
        die_without_memory();
    return pointer;
}

static void *allocate(size_t size)
{
    return memory_check(malloc(size ? size : 1));
}

void memory_for_json(void)
{
    json_set_alloc_funcs(allocate, free);
}

void *memory_new(size_t count, size_t size)
{
    return memory_check(calloc(count ? count : 1, size ? size : 1));
}

void *memory_resize(void *old, size_t count, size_t size)
{
    return memory_check(reallocarray(old, count ? count : 1, size ? size : 1));
}

void *memory_for_one_more(void *items, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0)
        return items;
    return memory_resize(items, count ? 2 * count : 1, size);
}

char *memory_string(const char *text)
{
    return memory_check(strdup(text));
}

char *memory_bytes(const void *bytes, size_t length)
{
    char *copy = memory_new(length + 1, 1);

    memcpy(copy, bytes, length);
    return copy;
}

char *memory_format_list(const char *format, va_list arguments)
{
    char *text;

    return memory_check(vasprintf(&text, format, arguments) < 0 ? NULL : text);
}

char *memory_format(const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = memory_format_list(format, arguments);
    va_end(arguments);
    return text;
}

/* --- streams, by fopencookie(3) --- */

struct memory_stream {
    char **text;
    size_t *length, room; /* room: bytes of *text, with the NUL */
};

static ssize_t stream_write(void *cookie, const char *bytes, size_t count)
{
    struct memory_stream *stream = cookie;
    char *text = *stream->text;

    if (count >= stream->room - *stream->length) {
        stream->room = (*stream->length + count + 1) / 2 * 3 + 1;
        text = memory_resize(text, stream->room, 1);
        *stream->text = text;
    }
    memcpy(text + *stream->length, bytes, count);
    *stream->length += count;
    text[*stream->length] = '\0';
    return (ssize_t)count;
}

/* Tells the position, for ftell(3). */
static int stream_seek(void *cookie, off64_t *offset, int whence)
{
    const struct memory_stream *stream = cookie;

    if (*offset != 0 || whence != SEEK_CUR) {
        errno = EINVAL;
        return -1;
    }
    *offset = (off64_t)*stream->length;
    return 0;
}

static int stream_close(void *cookie)
{
    free(cookie);
    return 0;
}

FILE *memory_stream(char **text, size_t *length)
{
    static const cookie_io_functions_t functions = {
        .write = stream_write, .seek = stream_seek, .close = stream_close};
    struct memory_stream *stream = memory_new(1, sizeof *stream);

    *stream = (struct memory_stream){.text = text, .length = length, .room = 64};
    *text = memory_new(stream->room, 1);
    *length = 0;
    return memory_check(fopencookie(stream, "w", functions));
}
