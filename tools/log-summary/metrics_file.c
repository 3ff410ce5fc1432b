#include "metrics_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "memory.h"

/* The descriptor that a path /dev/fd/N names; -1: it is none. tool_start() has made ours unreachable by name. */
static int descriptor_of(const char *path)
{
    static const char directory[] = "/dev/fd/";
    long number;

    if (strncmp(path, directory, sizeof directory - 1) != 0 ||
        !config_parse_number(path + sizeof directory - 1, 0, INT_MAX, &number))
        return -1;
    return (int)number;
}

static bool is_special(const char *path)
{
    struct stat status;

    return descriptor_of(path) >= 0 || (stat(path, &status) == 0 && !S_ISREG(status.st_mode));
}

bool metrics_file_keeps(const char *path)
{
    return !is_special(path);
}

char *metrics_file_directory(const char *path)
{
    char *resolved, *directory;
    const char *name, *slash;

    if (descriptor_of(path) >= 0)
        return NULL;
    resolved = is_special(path) ? realpath(path, NULL) : NULL;
    name = resolved ? resolved : path;
    slash = strrchr(name, '/');
    directory = slash ? memory_bytes(name, slash == name ? 1 : (size_t)(slash - name)) : memory_string(".");
    free(resolved);
    return directory;
}

static FILE *open_temporary(char *name)
{
    mode_t mask = umask(0);
    int fd = mkstemp(name);

    umask(mask);
    if (fd < 0)
        return NULL;
    fchmod(fd, 0666 & ~mask); /* who collects it is somebody else */
    return fdopen(fd, "w");
}

/* Takes file; NULL is one that could not be opened. */
static bool write_all(FILE *file, const char *bytes, size_t length)
{
    bool written = file && fwrite(bytes, 1, length, file) == length;

    return file && fclose(file) == 0 && written;
}

static bool replace_file(const char *path, const char *bytes, size_t length)
{
    char *temporary = memory_format("%s.XXXXXX", path);
    FILE *file = open_temporary(temporary);
    bool written = write_all(file, bytes, length) && rename(temporary, path) == 0;
    int reason = errno;

    if (file && !written)
        unlink(temporary);
    free(temporary);
    errno = reason;
    return written;
}

bool metrics_file_write(const char *path, const char *bytes, size_t length)
{
    int fd = descriptor_of(path);

    if (!is_special(path))
        return replace_file(path, bytes, length);
    return write_all(fd >= 0 ? fdopen(fd, "w") : fopen(path, "w"), bytes, length);
}
