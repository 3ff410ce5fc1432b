/*
 * What the libraries of this folder, which are for LD_PRELOAD, have in common: the witness that a fault has fired.
 * Each appends a line to the file FAULT_MARK: its word, and the process id. Without FAULT_MARK nothing is written.
 *
 * Nothing here allocates: the library that lets malloc(3) fail calls it in the middle of that.
 */
#ifndef FAULTS_PRELOAD_H
#define FAULTS_PRELOAD_H

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MARKS_FD 900 /* deeds.py knows it */

/* Declares `real`, the function behind ours of that name. Where dlsym(3) is needed. */
#define REAL(name)                                                                                                   \
    static __typeof__(name) *real;                                                                                   \
    if (!real)                                                                                                       \
    real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static int marks = -1; /* the file */

/* Opened before anything goes wrong, and out of the way of the descriptors that a program is allowed. */
__attribute__((constructor(101))) static void open_marks(void)
{
    const char *file = getenv("FAULT_MARK");
    int fd = file ? (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644) : -1;

    if (fd >= 0) {
        marks = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, MARKS_FD);
        syscall(SYS_close, fd);
    }
}

/* By the system call itself, for the function around it may be one that fails. */
static inline void mark(const char *word)
{
    char line[64];
    int length = snprintf(line, sizeof line, "%s %d\n", word, (int)getpid());

    if (marks >= 0)
        syscall(SYS_write, marks, line, length);
}

/* A number from the environment; without it, or if it is none, the process ends: a test that says it wrongly must
 * fail. */
static inline long number_of(const char *name)
{
    const char *text = getenv(name);
    char *end = NULL;
    long number = text ? strtol(text, &end, 10) : 0;

    if (!text || end == text || *end) {
        fprintf(stderr, "%s is no number\n", name);
        _exit(99);
    }
    return number;
}

#endif
