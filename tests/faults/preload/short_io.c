/*
 * short_io.so: each read(2), write(2), recv(2) and send(2) of a stream moves 1 to FAULT_SHORT bytes and no more, as
 * the manuals allow. A datagram stays whole. FAULT_MARK (preload.h) says `short PID` at the first that was cut down.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "preload.h"

static uint32_t most, luck = 1;

__attribute__((constructor)) static void begin(void)
{
    most = (uint32_t)number_of("FAULT_SHORT");
}

/* Whether fd is a pipe or a connection; standard error stays as it is, for its lines must come whole. */
static bool is_stream(int fd)
{
    struct stat status;
    int type = 0;
    socklen_t length = sizeof type;

    if (fd == STDERR_FILENO || fstat(fd, &status) < 0)
        return false;
    if (S_ISFIFO(status.st_mode))
        return true;
    return S_ISSOCK(status.st_mode) && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 &&
           type == SOCK_STREAM;
}

static size_t cut(int fd, size_t size)
{
    static bool told;
    size_t part;

    if (size <= 1 || !is_stream(fd))
        return size;
    luck = luck * 1664525 + 1013904223; /* Numerical Recipes, section 7.1 */
    part = 1 + (luck >> 16) % most;
    if (part >= size)
        return size;
    if (!told)
        mark("short");
    told = true;
    return part;
}

ssize_t read(int fd, void *buffer, size_t size)
{
    REAL(read);
    return real(fd, buffer, cut(fd, size));
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    REAL(write);
    return real(fd, bytes, cut(fd, size));
}

ssize_t recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *from, socklen_t *length)
{
    REAL(recvfrom);
    return real(fd, buffer, flags & MSG_PEEK ? size : cut(fd, size), flags, from, length);
}

ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    return recvfrom(fd, buffer, size, flags, NULL, NULL);
}

ssize_t sendto(int fd, const void *bytes, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
    REAL(sendto);
    return real(fd, bytes, cut(fd, size), flags, to, length);
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    return sendto(fd, bytes, size, flags, NULL, 0);
}

/* The same as _FORTIFY_SOURCE calls them. */

ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room)
{
    return read(fd, buffer, size < room ? size : room);
}

ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags);
ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags)
{
    return recv(fd, buffer, size < room ? size : room, flags);
}
