/*
 * Gives away what a program does not need, before it reads what strangers wrote: a bug in the reading of a DNS
 * answer, of Jira's or of a record then reaches no further than the program itself must. By seccomp(2), through
 * libseccomp; what is forbidden fails with EPERM, so that a library that tries it in vain goes on. What a filter of
 * calls cannot see, names of files above all, is landlock(7)'s, where the kernel has that.
 *
 * Not for: what the container or the account forbids already; and no replacement for it.
 */
#ifndef COMMON_CONFINE_H
#define COMMON_CONFINE_H

/* What is left, by or; none of it: the standard descriptors, memory, clocks. */
enum confine_reach {
    CONFINE_NETWORK = 1, /* sockets, but none that others connect to; bind(2) can give one a name in a directory */
    CONFINE_READ = 2,    /* files, to read them */
    CONFINE_WRITE = 4,   /* files, to read, make, change and remove them, and their modes and owners; by Landlock in
                            one directory */
};

/*
 * For the life of the process and of the threads that it then makes; once, after the configuration has been read.
 * `directory`: the one for CONFINE_WRITE, else NULL. Left to nobody: running a program, making a process, signalling,
 * slowing down or tracing another one, shared memory, listening, sockets that are not for the internet or this
 * machine, typing for whoever is at the terminal, changing mounts, namespaces or the kernel; and by Landlock looking
 * into another process below /proc, and naming a socket in a directory.
 * Where the kernel has no seccomp that is reported at level INFO, and nothing is given away by it; Landlock is an
 * extra of which nothing is said. Nor is anything in a build with a sanitizer, which needs what is forbidden here.
 */
void confine(unsigned reach, const char *directory);

#endif
