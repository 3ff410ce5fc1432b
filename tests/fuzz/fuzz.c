#include "fuzz.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "confine.h"
#include "ndjson.h"
#include "report.h"
#include "secret.h"
#include "state.h"

#define VARIABLES 32

struct fuzz_text fuzz_out, fuzz_err;
bool fuzz_terminal;

static bool active; /* the calls below are answered here */
static const char *input;
static size_t left, most;
static jmp_buf *end;

static struct {
    const char *name, *value;
} variables[VARIABLES];

void fuzz_fail(const char *file, int line, const char *condition)
{
    active = false;
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    if (fuzz_err.length > 0)
        fprintf(stderr, "the last messages: %s\n",
                fuzz_err.bytes + (fuzz_err.length > 2000 ? fuzz_err.length - 2000 : 0));
    abort();
}

/* Freed memory that is kept for long only makes each input touch new pages: half of the time would go there. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "quarantine_size_mb=2:max_malloc_fill_size=0:malloc_context_size=8:allocator_may_return_null=0";
}

/* In place of common/confine.c: the process is the fuzzer's, which reads and writes files between inputs. */
void confine(unsigned reach, const char *directory)
{
    (void)reach, (void)directory;
}

/* --- system calls, by the linker's --wrap (see targets.mk) --- */

ssize_t __real_read(int fd, void *to, size_t size);
ssize_t __wrap_read(int fd, void *to, size_t size);
ssize_t __real_write(int fd, const void *from, size_t size);
ssize_t __wrap_write(int fd, const void *from, size_t size);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_isatty(int fd);
time_t __real_time(time_t *seconds);
time_t __wrap_time(time_t *seconds);
char *__real_getenv(const char *name);
char *__wrap_getenv(const char *name);
void __real__exit(int status);
void __wrap__exit(int status);

ssize_t __wrap_read(int fd, void *to, size_t size)
{
    if (!active || fd != STDIN_FILENO)
        return __real_read(fd, to, size);
    size = size < most ? size : most;
    size = size < left ? size : left;
    memcpy(to, input, size);
    input += size;
    left -= size;
    return (ssize_t)size;
}

static void keep(struct fuzz_text *text, const char *bytes, size_t size)
{
    if (text->length + size >= text->room) {
        text->room = 2 * (text->length + size) + 4096;
        text->bytes = realloc(text->bytes, text->room);
        if (!text->bytes)
            abort();
    }
    memcpy(text->bytes + text->length, bytes, size);
    text->length += size;
    text->bytes[text->length] = '\0';
}

ssize_t __wrap_write(int fd, const void *from, size_t size)
{
    if (!active || (fd != STDOUT_FILENO && fd != STDERR_FILENO))
        return __real_write(fd, from, size);
    keep(fd == STDOUT_FILENO ? &fuzz_out : &fuzz_err, from, size);
    return (ssize_t)size;
}

/* All that is asked for is ready; input only where it is waited for, so that output is flushed in between. */
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    int ready = 0;

    if (!active)
        return __real_poll(fds, count, timeout);
    for (nfds_t i = 0; i < count; i++) {
        bool waits = fds[i].events != POLLIN || timeout != 0;

        fds[i].revents = fds[i].fd >= 0 && fds[i].fd <= STDERR_FILENO && waits ? fds[i].events : 0;
        ready += fds[i].revents != 0;
    }
    return ready;
}

time_t __wrap_time(time_t *seconds)
{
    if (!active)
        return __real_time(seconds);
    if (seconds)
        *seconds = FUZZ_NOW;
    return FUZZ_NOW;
}

int __wrap_isatty(int fd)
{
    return fuzz_terminal && fd >= 0;
}

/* setenv(3) would keep every value for ever. */
char *__wrap_getenv(const char *name)
{
    for (size_t i = 0; i < VARIABLES && variables[i].name; i++)
        if (!strcmp(variables[i].name, name))
            return (char *)variables[i].value;
    return active ? NULL : __real_getenv(name);
}

void __wrap__exit(int status)
{
    if (active)
        HOLDS(end != NULL); /* nothing else may end the process because of what it reads */
    if (end)
        longjmp(*end, status + 1);
    __real__exit(status);
}

/* --- the process --- */

void fuzz_begin(const void *bytes, size_t length, size_t piece)
{
    secret_add(FUZZ_SECRET);
    fuzz_out.length = fuzz_err.length = 0;
    keep(&fuzz_out, "", 0);
    keep(&fuzz_err, "", 0);
    input = bytes;
    left = length;
    most = piece > 0 ? piece : 1;
    fuzz_terminal = false;
    active = true;
}

void fuzz_set(const char *name, const char *value)
{
    size_t i = 0;

    while (variables[i].name && strcmp(variables[i].name, name) != 0)
        HOLDS(++i < VARIABLES);
    variables[i].name = name;
    variables[i].value = value;
}

static void check_message(const json_t *message, void *context)
{
    static const char *const members[] = {"timestamp", "level", "tool", "error_type", "error_message"};

    (void)context;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        HOLDS(json_is_string(json_object_get(message, members[i])));
    HOLDS(fuzz_all_plain(message));
}

void fuzz_end(void)
{
    active = false;
    HOLDS(!strcasestr(fuzz_err.bytes, FUZZ_SECRET));
    if (fuzz_terminal)
        HOLDS(fuzz_is_plain(fuzz_err.bytes, fuzz_err.length, "\n\r\033"));
    else
        fuzz_each_line(&fuzz_err, check_message, NULL);
    memset(variables, 0, sizeof variables);
    report_run(NULL);
    state_reset(); /* or LeakSanitizer would have to look for what is only kept, after every input */
}

int fuzz_ends(void (*work)(void *context), void *context)
{
    jmp_buf here;
    int status;

    end = &here;
    status = setjmp(here);
    if (status == 0)
        work(context);
    end = NULL;
    return status - 1;
}

/* --- input --- */

char *fuzz_string(const uint8_t *data, size_t size)
{
    char *text = calloc(size + 1, 1);

    if (!text)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    return text;
}

char *fuzz_cut(char **text, const char *separator)
{
    char *part = *text, *at = part ? strstr(part, separator) : NULL;

    *text = at ? at + strlen(separator) : NULL;
    if (at)
        *at = '\0';
    return part;
}

/* --- output --- */

size_t fuzz_each_line(const struct fuzz_text *text, void (*take)(const json_t *object, void *context), void *context)
{
    const char *at = text->bytes, *behind = text->bytes + text->length;
    size_t count = 0;

    for (; at < behind; count++) {
        const char *newline = memchr(at, '\n', (size_t)(behind - at));
        json_t *object;

        HOLDS(newline != NULL);
        HOLDS(newline - at < NDJSON_LINE_MAX);
        object = json_loadb(at, (size_t)(newline - at), JSON_REJECT_DUPLICATES, NULL);
        HOLDS(json_is_object(object));
        if (take)
            take(object, context);
        json_decref(object);
        at = newline + 1;
    }
    return count;
}

/* The length of the character, 0: it is none; *code is what it encodes. Not text.c's: that is under test. */
static size_t decode(const unsigned char *at, size_t available, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = at[0] < 0x80 ? 1 : at[0] >> 5 == 6 ? 2 : at[0] >> 4 == 14 ? 3 : at[0] >> 3 == 30 ? 4 : 0;

    if (length == 0 || length > available)
        return 0;
    *code = length == 1 ? at[0] : at[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if (at[i] >> 6 != 2)
            return 0;
        *code = *code << 6 | (at[i] & 0x3fU);
    }
    return *code < least[length] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff) ? 0 : length;
}

/* Controls, those of writing direction and lines, and what has no shape (Default_Ignorable_Code_Point). */
static bool is_harmful(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0, 0x1f},        {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},    {0x61c, 0x61c},
                  {0x115f, 0x1160}, {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200f},  {0x2028, 0x202e},
                  {0x2060, 0x206f}, {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},  {0xffa0, 0xffa0},
                  {0xfff0, 0xfff8}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};

    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

bool fuzz_is_plain(const char *text, size_t length, const char *allowed)
{
    const unsigned char *at = (const unsigned char *)text;
    uint32_t code;

    while (length > 0) {
        size_t step = decode(at, length, &code);

        if (step == 0 || (is_harmful(code) && (code == 0 || code > 0x7f || !strchr(allowed, (int)code))))
            return false;
        at += step;
        length -= step;
    }
    return true;
}

bool fuzz_is_ordinary(const char *text, size_t length)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0x20, 0x7e},     {0xae, 0x2ff},    {0x370, 0x589},
                  {0x4e00, 0x9fff}, {0xac00, 0xd7a3}, {0x1f300, 0x1faff}};
    const unsigned char *at = (const unsigned char *)text;
    uint32_t code = 0; /* decode() leaves it where there is no character */

    while (length > 0) {
        size_t step = decode(at, length, &code), i = 0;

        while (i < sizeof ranges / sizeof *ranges && (code < ranges[i].first || code > ranges[i].last))
            i++;
        if (step == 0 || i == sizeof ranges / sizeof *ranges)
            return false;
        at += step;
        length -= step;
    }
    return true;
}

bool fuzz_all_plain(const json_t *value)
{
    const char *key;
    size_t index;
    json_t *member;

    if (json_is_string(value) && !fuzz_is_plain(json_string_value(value), json_string_length(value), ""))
        return false;
    json_array_foreach (value, index, member)
        if (!fuzz_all_plain(member))
            return false;
    json_object_foreach ((json_t *)value, key, member)
        if (!fuzz_is_plain(key, strlen(key), "") || !fuzz_all_plain(member))
            return false;
    return true;
}

bool fuzz_holds_members(const json_t *larger, const json_t *object, const json_t *except)
{
    const char *key;
    json_t *member;

    json_object_foreach ((json_t *)object, key, member)
        if (!json_object_get(except, key) && !json_equal(json_object_get(larger, key), member))
            return false;
    return true;
}

struct search {
    const char *error_type;
    size_t count;
};

static void count_type(const json_t *message, void *context)
{
    struct search *search = context;
    const char *type = json_string_value(json_object_get(message, "error_type"));

    search->count += type && !strcmp(type, search->error_type);
}

size_t fuzz_messages(const char *error_type)
{
    struct search search = {.error_type = error_type};

    fuzz_each_line(&fuzz_err, count_type, &search);
    return search.count;
}
