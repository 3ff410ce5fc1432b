#include "memory.h"

#include <stdio.h>
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
