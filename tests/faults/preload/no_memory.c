/*
 * no_memory.so: the allocation number FAULT_ALLOCATION fails, counted from main() on, or, with FAULT_BEHIND set, from
 * where common/confine.c has made its filter, and FAULT_MARK (preload.h)
 * says `failed PID`, and `own PID` if the program itself had asked, not a library. Those behind it succeed, unless
 * FAULT_FOR_EVER is set.
 */
#include <errno.h>
#include <link.h>
#include <seccomp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "preload.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static long which;
static bool for_ever, waits;
static atomic_long allocations;
static uintptr_t own_start, own_end; /* where the program's own code is */

/* dl_iterate_phdr(3): the first object is the program. */
static int note_program(struct dl_phdr_info *object, size_t size, void *data)
{
    (void)size, (void)data;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];

        if (part->p_type == PT_LOAD && (part->p_flags & PF_X)) {
            own_start = object->dlpi_addr + part->p_vaddr;
            own_end = own_start + part->p_memsz;
        }
    }
    return 1;
}

/* Called when the libraries that a program is linked with have been set up; those are not the matter here. */
__attribute__((constructor)) static void begin(void)
{
    for_ever = getenv("FAULT_FOR_EVER") != NULL;
    waits = getenv("FAULT_BEHIND") != NULL;
    dl_iterate_phdr(note_program, NULL);
    allocations = 0;
    which = number_of("FAULT_ALLOCATION");
}

/* `caller`: where the allocation returns to. */
static bool fails(const void *caller)
{
    long n = which > 0 && !waits ? ++allocations : 0;

    if (n == 0 || (n != which && !(for_ever && n > which)))
        return false;
    if (n == which && (uintptr_t)caller >= own_start && (uintptr_t)caller < own_end)
        mark("own");
    if (n == which)
        mark("failed");
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, bytes);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size)
{
    void *memory = fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);

    if (!memory)
        return ENOMEM;
    *result = memory;
    return 0;
}

/* The last that confine() calls. */
void seccomp_release(scmp_filter_ctx context)
{
    REAL(seccomp_release);

    real(context);
    waits = false;
}

/* How many there were: a sweep ends where they do. */
__attribute__((destructor)) static void end(void)
{
    char word[32];

    snprintf(word, sizeof word, "allocations=%ld", (long)allocations);
    mark(word);
}
