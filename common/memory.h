/*
 * Allocation that cannot fail: when memory runs out, the process says so in one
 * line and ends with EXIT_BUG. Everything returned is new (the caller's to free).
 * Not for: buffers whose size a stranger chooses; bound those first.
 */
#ifndef COMMON_MEMORY_H
#define COMMON_MEMORY_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

void *memory_new(size_t count, size_t size);               /* zeroed */
void *memory_resize(void *old, size_t count, size_t size); /* takes old */

/*
 * Takes `items`, an array of `count` that grew by this alone from NULL on, and returns it with room for one more.
 * Room doubles whenever the count is a power of two, so that an array which strangers fill costs no more than its
 * size.
 */
void *memory_for_one_more(void *items, size_t count, size_t size);

char *memory_string(const char *text);
char *memory_bytes(const void *bytes, size_t length); /* NUL-terminated copy */
__attribute__((format(printf, 1, 2))) char *memory_format(const char *format, ...);
__attribute__((format(printf, 1, 0))) char *memory_format_list(const char *format, va_list arguments);

/*
 * A stream that writes into memory, as open_memstream(3): after fflush() or fclose(), *text is what was written, with
 * a NUL behind it (new), and *length its bytes. That one drops what there is no memory for, and not all its callers
 * are told; this one ends the process. It cannot be read, and its position is its end.
 */
FILE *memory_stream(char **text, size_t *length);

/*
 * From now on Jansson's memory cannot run out either: it does not tell that from text that is no JSON, and a record,
 * or a server's answer, would be taken for a bad one.
 */
void memory_for_json(void);

/* Passes a new pointer through, or ends the process if it is NULL. */
void *memory_check(void *pointer);

#endif
