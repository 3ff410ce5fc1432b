/*
 * no_memory.so: the allocation number FAULT_ALLOCATION, counted from main() on, fails, and FAULT_MARK (preload.h)
 * says `failed PID`. Those behind it succeed, unless FAULT_FOR_EVER is set.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "preload.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static long which;
static bool for_ever;
static atomic_long allocations;

/* Called when the libraries that a program is linked with have been set up; those are not the matter here. */
__attribute__((constructor)) static void begin(void)
{
    for_ever = getenv("FAULT_FOR_EVER") != NULL;
    allocations = 0;
    which = number_of("FAULT_ALLOCATION");
}

static bool fails(void)
{
    long n = which > 0 ? ++allocations : 0;

    if (n == 0 || (n != which && !(for_ever && n > which)))
        return false;
    if (n == which)
        mark("failed");
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails() ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(old, bytes);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size)
{
    void *memory = fails() ? NULL : __libc_memalign(alignment, size);

    if (!memory)
        return ENOMEM;
    *result = memory;
    return 0;
}

/* How many there were: a sweep ends where they do. */
__attribute__((destructor)) static void end(void)
{
    char word[32];

    snprintf(word, sizeof word, "allocations=%ld", (long)allocations);
    mark(word);
}
