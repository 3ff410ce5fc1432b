/*
 * A line on a terminal that says how far long work has come, drawn over itself, and
 * taken away before anything else is written there. It is on stderr, and only if that
 * is a terminal: what goes into a pipe or a pod's log has no such line.
 */
#ifndef PROBE_PROGRESS_H
#define PROBE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRESS_SAMPLES 10 /* seconds that the rate is taken over */

struct progress {
    bool enabled;
    int64_t next_at; /* steady ms: when it is drawn again; at first when the work is long enough for it */
    struct {
        int64_t at; /* steady ms; 0: not taken yet */
        unsigned long long done;
    } samples[PROGRESS_SAMPLES]; /* a ring, one a second at most */
    size_t turn;                 /* where the next goes, the oldest until then */
};

/* How far the work is. */
struct progress_state {
    unsigned long long done, total; /* addresses; total 0: not known */
    size_t zones, zones_out;
};

/* wanted: nothing speaks against it but what stderr is. From now on report.h takes the line away before it writes. */
void progress_open(struct progress *progress, bool wanted);
void progress_close(struct progress *progress);

/* Draws the line if its time has come. Nothing else may have been begun on the terminal. */
void progress_draw(struct progress *progress, const struct progress_state *state);

/* Takes the line away, before something is written to the terminal by other means than report.h; the next
 * progress_draw() draws it again. */
void progress_make_way(struct progress *progress);

/* Milliseconds until it is to be drawn again; -1: never. */
long progress_wait(const struct progress *progress);

#endif
