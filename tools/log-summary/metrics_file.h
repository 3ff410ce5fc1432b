/*
 * Where metrics go. A regular file is replaced as a whole: it is written under another name in the same directory and
 * renamed. A pipe or a device is written to as it is; /dev/fd/N is the descriptor N.
 */
#ifndef LOG_SUMMARY_METRICS_FILE_H
#define LOG_SUMMARY_METRICS_FILE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The directory in which that file is replaced, or where what it stands for is; new. NULL: it is a descriptor, which
 * needs none.
 */
char *metrics_file_directory(const char *path);

/* True if what is written there can be read again: a regular file, or one that does not exist yet. */
bool metrics_file_keeps(const char *path);

/* False: that failed; errno says why, and what was there is still there. */
bool metrics_file_write(const char *path, const char *bytes, size_t length);

#endif
