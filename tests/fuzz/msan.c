/*
 * MemorySanitizer knows of no byte that a library wrote which was not built with it, and calls it uninitialised.
 * Jansson's and libcurl's memory is therefore cleared when it is given, what their functions and libresolv's write
 * elsewhere is declared to be written, and what they themselves give to the C library is not looked at. With other
 * sanitizers these only pass the calls on.
 */
#include <arpa/nameser.h>
#include <curl/curl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* There where the target is linked with libcurl. */
#pragma weak curl_global_init_mem
#pragma weak __real_curl_url_set
#pragma weak __real_curl_url_get

#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define WRITTEN(address, size) __msan_unpoison(address, size)
#define ENTER() __msan_scoped_disable_interceptor_checks()
#define LEAVE() __msan_scoped_enable_interceptor_checks()

static void *cleared(size_t size)
{
    return calloc(1, size);
}

__attribute__((constructor)) static void clear_memory(void)
{
    json_set_alloc_funcs(cleared, free);
    ENTER();
    if (curl_global_init_mem)
        curl_global_init_mem(CURL_GLOBAL_NOTHING, cleared, free, realloc, strdup, calloc);
    LEAVE();
}
#else
#define WRITTEN(address, size) (void)(address)
#define ENTER() (void)0
#define LEAVE() (void)0
#endif

FILE *__real_fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions);
FILE *__wrap_fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions);
json_t *__wrap_json_pack(const char *format, ...);
int __wrap_json_unpack(json_t *root, const char *format, ...);
int __wrap_json_unpack_ex(json_t *root, json_error_t *error, size_t flags, const char *format, ...);
json_t *__real_json_loadb(const char *bytes, size_t length, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *bytes, size_t length, size_t flags, json_error_t *error);
json_t *__wrap_json_loads(const char *text, size_t flags, json_error_t *error);
size_t __real_json_dumpb(const json_t *value, char *to, size_t size, size_t flags);
size_t __wrap_json_dumpb(const json_t *value, char *to, size_t size, size_t flags);
char *__real_json_dumps(const json_t *value, size_t flags);
char *__wrap_json_dumps(const json_t *value, size_t flags);
CURLUcode __real_curl_url_set(CURLU *url, CURLUPart what, const char *part, unsigned flags);
CURLUcode __wrap_curl_url_set(CURLU *url, CURLUPart what, const char *part, unsigned flags);
CURLUcode __real_curl_url_get(const CURLU *url, CURLUPart what, char **part, unsigned flags);
CURLUcode __wrap_curl_url_get(const CURLU *url, CURLUPart what, char **part, unsigned flags);
int __real_ns_initparse(const unsigned char *bytes, int length, ns_msg *message);
int __wrap_ns_initparse(const unsigned char *bytes, int length, ns_msg *message);
int __real_ns_parserr(ns_msg *message, ns_sect section, int index, ns_rr *record);
int __wrap_ns_parserr(ns_msg *message, ns_sect section, int index, ns_rr *record);

json_t *__wrap_json_pack(const char *format, ...)
{
    va_list arguments;
    json_t *value;

    va_start(arguments, format);
    ENTER();
    value = json_vpack_ex(NULL, 0, format, arguments);
    LEAVE();
    va_end(arguments);
    return value;
}

/* Of a format of objects: keys are given, and each value is a pointer to what is written. */
static void values_written(const char *format, va_list arguments)
{
    for (const char *at = format; *at; at++) {
        if (strchr("{}:?, ", *at))
            continue;
        if (*at == 's' && (at[1] == ':' || at[1] == '?'))
            (void)va_arg(arguments, const char *);
        else
            WRITTEN(va_arg(arguments, void *), *at == 'b' || *at == 'i' ? sizeof(int) : sizeof(void *));
    }
}

static int unpack(json_t *root, json_error_t *error, size_t flags, const char *format, va_list arguments)
{
    va_list again;
    int result;

    va_copy(again, arguments);
    ENTER();
    result = json_vunpack_ex(root, error, flags, format, arguments);
    LEAVE();
    values_written(format, again);
    va_end(again);
    if (error)
        WRITTEN(error, sizeof *error);
    return result;
}

int __wrap_json_unpack_ex(json_t *root, json_error_t *error, size_t flags, const char *format, ...)
{
    va_list arguments;
    int result;

    va_start(arguments, format);
    result = unpack(root, error, flags, format, arguments);
    va_end(arguments);
    return result;
}

int __wrap_json_unpack(json_t *root, const char *format, ...)
{
    va_list arguments;
    int result;

    va_start(arguments, format);
    result = unpack(root, NULL, 0, format, arguments);
    va_end(arguments);
    return result;
}

json_t *__wrap_json_loadb(const char *bytes, size_t length, size_t flags, json_error_t *error)
{
    json_t *value;

    ENTER();
    value = __real_json_loadb(bytes, length, flags, error);
    LEAVE();
    if (error)
        WRITTEN(error, sizeof *error);
    return value;
}

json_t *__wrap_json_loads(const char *text, size_t flags, json_error_t *error)
{
    return __wrap_json_loadb(text, strlen(text), flags, error);
}

size_t __wrap_json_dumpb(const json_t *value, char *to, size_t size, size_t flags)
{
    size_t length;

    ENTER();
    length = __real_json_dumpb(value, to, size, flags);
    LEAVE();
    WRITTEN(to, length < size ? length : size);
    return length;
}

char *__wrap_json_dumps(const json_t *value, size_t flags)
{
    char *text;

    ENTER();
    text = __real_json_dumps(value, flags);
    LEAVE();
    return text;
}

CURLUcode __wrap_curl_url_set(CURLU *url, CURLUPart what, const char *part, unsigned flags)
{
    CURLUcode code;

    ENTER();
    code = __real_curl_url_set(url, what, part, flags);
    LEAVE();
    return code;
}

CURLUcode __wrap_curl_url_get(const CURLU *url, CURLUPart what, char **part, unsigned flags)
{
    CURLUcode code;

    ENTER();
    code = __real_curl_url_get(url, what, part, flags);
    if (code == CURLUE_OK) /* its memory may have grown, which no calloc() has cleared */
        WRITTEN(*part, strlen(*part) + 1);
    LEAVE();
    return code;
}

int __wrap_ns_initparse(const unsigned char *bytes, int length, ns_msg *message)
{
    int result = __real_ns_initparse(bytes, length, message);

    WRITTEN(message, sizeof *message);
    return result;
}

int __wrap_ns_parserr(ns_msg *message, ns_sect section, int index, ns_rr *record)
{
    int result = __real_ns_parserr(message, section, index, record);

    WRITTEN(record, sizeof *record);
    return result;
}

/* --- streams of ours (memory_stream()): stdio, which is not built with it, gives them the bytes --- */

struct cookie {
    void *own;
    cookie_io_functions_t functions;
};

static ssize_t cookie_write(void *context, const char *bytes, size_t size)
{
    struct cookie *cookie = context;

    WRITTEN(bytes, size);
    return cookie->functions.write(cookie->own, bytes, size);
}

static int cookie_seek(void *context, off64_t *offset, int whence)
{
    struct cookie *cookie = context;

    WRITTEN(offset, sizeof *offset);
    return cookie->functions.seek(cookie->own, offset, whence);
}

static int cookie_close(void *context)
{
    struct cookie *cookie = context;
    int result = cookie->functions.close(cookie->own);

    free(cookie);
    return result;
}

FILE *__wrap_fopencookie(void *own, const char *mode, cookie_io_functions_t functions)
{
    struct cookie *cookie = malloc(sizeof *cookie);

    if (!cookie)
        return NULL;
    *cookie = (struct cookie){own, functions};
    return __real_fopencookie(
        cookie, mode, (cookie_io_functions_t){.write = cookie_write, .seek = cookie_seek, .close = cookie_close});
}
