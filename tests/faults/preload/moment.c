/*
 * moment.so: stops a program, as SIGSTOP does, at a moment that can be told, so that a test does there what it wants
 * and lets it go on by SIGCONT. FAULT_MARK (preload.h) says `stopped PID` then. Once: the second time is like any
 * other.
 *
 *     FAULT_MOMENT = start           before main()
 *                    in N            before it reads on behind N addresses of its standard input
 *                    in end          the same behind the record `end`
 *                    out N           in the middle of the Nth write to its standard output
 *                    send N [TEXT]   before the Nth message to a socket (that has TEXT in it)
 *                    sent N [TEXT]   after it
 *                    exit            when it exits
 *     FAULT_ERRNO  = 28              optional: instead, the call of that moment fails so, and each of its kind after
 * it
 *
 * Up to the moment `in` standard input comes a line at a time, or the program would have read beyond.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "preload.h"

static enum { NEVER, START, IN, OUT, SEND, SENT, EXIT } moment;
static long number; /* -1: the record `end` */
static char text[64];
static int error;
static bool over;

static long addresses, outputs, messages;

static const char *const names[] = {
    [START] = "start", [IN] = "in", [OUT] = "out", [SEND] = "send", [SENT] = "sent", [EXIT] = "exit"};

static void come(void)
{
    if (over)
        return;
    over = true;
    mark(error ? "failed" : "stopped");
    if (!error)
        raise(SIGSTOP);
}

__attribute__((constructor)) static void begin(void)
{
    const char *order = getenv("FAULT_MOMENT");
    char name[8] = "", count[16] = "";

    error = getenv("FAULT_ERRNO") ? (int)number_of("FAULT_ERRNO") : 0;
    if (order)
        sscanf(order, "%7s %15s %63[^\n]", name, count, text);
    for (int i = START; i <= EXIT; i++)
        if (strcmp(names[i], name) == 0)
            moment = i;
    if (order && moment == NEVER) {
        fprintf(stderr, "FAULT_MOMENT: no such moment: %s\n", order);
        _exit(99);
    }
    number = strcmp(count, "end") == 0 ? -1 : atol(count);
    if (moment == START)
        come();
}

__attribute__((destructor)) static void end(void)
{
    if (moment == EXIT)
        come();
}

/* --- standard input --- */

static ssize_t real_read(int fd, void *buffer, size_t size)
{
    REAL(read);

    return real(fd, buffer, size);
}

static bool is_ready(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    struct timespec at_once = {0};

    return ppoll(&ready, 1, &at_once, NULL) > 0;
}

/* What the line that is read begins with tells what it is. */
static void look_at(char byte)
{
    static char line[16];
    static size_t length;

    if (length < sizeof line - 1)
        line[length++] = byte;
    if (byte != '\n')
        return;
    addresses += strncmp(line, "{\"type\":\"ip\"", 12) == 0;
    if (strncmp(line, "{\"type\":\"end\"", 13) == 0)
        addresses = -1;
    length = 0;
}

static ssize_t read_line(int fd, char *buffer, size_t size)
{
    static bool at_start = true; /* of a line */
    size_t filled = 0;

    if (at_start && addresses == number)
        come();
    do {
        ssize_t n = real_read(fd, buffer + filled, 1);

        if (n <= 0)
            return filled > 0 ? (ssize_t)filled : n;
        look_at(buffer[filled]);
        at_start = buffer[filled++] == '\n';
    } while (!at_start && filled < size && is_ready(fd));
    return (ssize_t)filled;
}

ssize_t read(int fd, void *buffer, size_t size)
{
    if (moment == IN && !over && fd == STDIN_FILENO && size > 0)
        return read_line(fd, buffer, size);
    return real_read(fd, buffer, size);
}

ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room)
{
    return read(fd, buffer, size < room ? size : room);
}

/* --- standard output --- */

static ssize_t real_write(int fd, const void *bytes, size_t size)
{
    REAL(write);

    return real(fd, bytes, size);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    size_t half = size / 2;
    ssize_t n;

    if (moment != OUT || fd != STDOUT_FILENO || size == 0 || ++outputs < number || (over && !error))
        return real_write(fd, bytes, size);
    if (error) {
        come();
        errno = error;
        return -1;
    }
    n = half > 0 ? real_write(fd, bytes, half) : 0;
    if (n < 0)
        return n;
    come();
    return n > 0 ? n : real_write(fd, bytes, size);
}

/* --- sockets --- */

static bool is_it(const struct iovec *parts, size_t count)
{
    bool found = text[0] == '\0';

    for (size_t i = 0; i < count && !found; i++)
        found = memmem(parts[i].iov_base, parts[i].iov_len, text, strlen(text)) != NULL;
    return found && ++messages == number;
}

/* Around the sending of a message: whether this is the one, and the two moments. */
static bool before(const struct iovec *parts, size_t count)
{
    bool it = (moment == SEND || moment == SENT) && !over && is_it(parts, count);

    if (it && moment == SEND)
        come();
    return it;
}

static void after(bool it)
{
    int kept = errno;

    if (it && moment == SENT)
        come();
    errno = kept;
}

ssize_t sendto(int fd, const void *bytes, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
    struct iovec part = {(void *)bytes, size};
    bool it = before(&part, 1);
    ssize_t n;
    REAL(sendto);

    n = real(fd, bytes, size, flags, to, length);
    after(it);
    return n;
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    return sendto(fd, bytes, size, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    bool it = before(message->msg_iov, message->msg_iovlen);
    ssize_t n;
    REAL(sendmsg);

    n = real(fd, message, flags);
    after(it);
    return n;
}
