/*
 * limits.so: changes nothing; says on FAULT_MARK (preload.h) when the kernel refuses a descriptor (`EMFILE PID`) or
 * memory (`ENOMEM PID`), that the output has no room (`ENOSPC PID`), or that nobody reads it any more (`EPIPE PID`).
 */
#include <errno.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "preload.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static int descriptor(int fd)
{
    int kept = errno;

    if (fd < 0 && kept == EMFILE)
        mark("EMFILE");
    errno = kept;
    return fd;
}

static void *memory(void *pointer)
{
    if (!pointer && errno == ENOMEM)
        mark("ENOMEM");
    return pointer;
}

int socket(int domain, int type, int protocol)
{
    REAL(socket);
    return descriptor(real(domain, type, protocol));
}

int socketpair(int domain, int type, int protocol, int pair[2])
{
    REAL(socketpair);
    return descriptor(real(domain, type, protocol, pair));
}

int pipe2(int pair[2], int flags)
{
    REAL(pipe2);
    return descriptor(real(pair, flags));
}

int pipe(int pair[2])
{
    REAL(pipe);
    return descriptor(real(pair));
}

int epoll_create1(int flags)
{
    REAL(epoll_create1);
    return descriptor(real(flags));
}

int eventfd(unsigned int value, int flags)
{
    REAL(eventfd);
    return descriptor(real(value, flags));
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    int mode;
    REAL(open);

    va_start(arguments, flags);
    mode = va_arg(arguments, int);
    va_end(arguments);
    return descriptor(real(path, flags, mode));
}

FILE *fopen(const char *path, const char *how)
{
    FILE *file;
    REAL(fopen);

    file = real(path, how);
    descriptor(file ? 0 : -1);
    return file;
}

void *malloc(size_t size)
{
    return memory(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return memory(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
    return size ? memory(__libc_realloc(old, size)) : __libc_realloc(old, size);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    ssize_t n;
    REAL(write);

    n = real(fd, bytes, size);
    if (n < 0 && fd <= STDERR_FILENO && (errno == EPIPE || errno == ENOSPC)) {
        int kept = errno;

        mark(kept == EPIPE ? "EPIPE" : "ENOSPC");
        errno = kept;
    }
    return n;
}
