/*
 * SIGTERM and SIGINT become a flag and a readable descriptor, so that every
 * wait in a tool can be woken and the tool ends in its own time:
 * stop taking input, finish or abandon within SIGNALS_GRACE_MS, exit 128 + n.
 */
#ifndef COMMON_SIGNALS_H
#define COMMON_SIGNALS_H

#define SIGNALS_GRACE_MS 4000

/* Once, before any wait. */
void signals_install(void);

/* SIGTERM or SIGINT when one has come, else 0. */
int signals_received(void);

/* Readable from the moment a signal came; for poll(2) only, never read. -1 before signals_install(). */
int signals_fd(void);

#endif
