#include "progress.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "memory.h"
#include "report.h"
#include "terminal.h"
#include "text.h"

#define FIRST_MS 2000 /* before that nobody wonders */
#define EVERY_MS 500
#define SAMPLE_MS 1000

static volatile sig_atomic_t is_drawn;

/* Async-signal-safe. */
static void clear(void)
{
    if (is_drawn)
        (void)!write(STDERR_FILENO, TERMINAL_CLEAR_LINE, sizeof TERMINAL_CLEAR_LINE - 1);
    is_drawn = false;
}

/* The reader of our output is gone: end by the signal as without us, but with a clean terminal. */
static void on_broken_pipe(int number)
{
    clear();
    signal(number, SIG_DFL);
    raise(number);
}

void progress_open(struct progress *progress, bool wanted)
{
    int64_t now = clock_steady_ms();

    *progress = (struct progress){.enabled = wanted && terminal_is_able(STDERR_FILENO),
                                  .next_at = now + FIRST_MS,
                                  .samples[0].at = now,
                                  .turn = 1};
    if (!progress->enabled)
        return;
    report_before(clear);
    if (signal(SIGPIPE, on_broken_pipe) == SIG_IGN)
        signal(SIGPIPE, SIG_IGN);
}

void progress_make_way(struct progress *progress)
{
    if (is_drawn)
        progress->next_at = 0;
    clear();
}

void progress_close(struct progress *progress)
{
    clear();
    progress->enabled = false;
}

long progress_wait(const struct progress *progress)
{
    int64_t left = progress->next_at - clock_steady_ms();

    if (!progress->enabled)
        return -1;
    return left > 0 ? (long)left : 0;
}

/* Addresses a second, over the last PROGRESS_SAMPLES seconds or what there is of them. */
static double rate_of(struct progress *progress, unsigned long long done)
{
    size_t last = (progress->turn + PROGRESS_SAMPLES - 1) % PROGRESS_SAMPLES, oldest = progress->turn;
    int64_t now = clock_steady_ms();
    double rate;

    if (progress->samples[oldest].at == 0) /* the ring is not full */
        oldest = 0;
    rate =
        progress->samples[oldest].at == 0 || now <= progress->samples[oldest].at
            ? 0
            : (double)(done - progress->samples[oldest].done) * 1000 / (double)(now - progress->samples[oldest].at);
    if (now - progress->samples[last].at >= SAMPLE_MS) {
        progress->samples[progress->turn].at = now;
        progress->samples[progress->turn].done = done;
        progress->turn = (progress->turn + 1) % PROGRESS_SAMPLES;
    }
    return rate;
}

static void put_time_left(FILE *out, double seconds)
{
    if (seconds < 90)
        fprintf(out, ", %.0f s left", seconds);
    else if (seconds < 5400)
        fprintf(out, ", %.0f min left", seconds / 60);
    else
        fprintf(out, ", %.1f h left", seconds / 3600);
}

/* New: "1,200 of 65,536 addresses, 210/s, 2 of 10 zones out, 5 min left", what is not known left out. */
static char *text_of(const struct progress_state *state, double rate)
{
    char number[TEXT_COUNT_SIZE], *text;
    size_t size;
    FILE *out = memory_stream(&text, &size);

    fputs(text_count(state->done, number), out);
    if (state->total > 0)
        fprintf(out, " of %s", text_count(state->total, number));
    fputs(" addresses", out);
    if (rate > 0)
        fprintf(out, rate < 10 ? ", %.1f/s" : ", %.0f/s", rate);
    if (state->zones_out > 0)
        fprintf(out, ", %zu of %zu zones out", state->zones_out, state->zones);
    if (rate > 0 && state->total > state->done)
        put_time_left(out, (double)(state->total - state->done) / rate);
    fclose(out);
    return text;
}

void progress_draw(struct progress *progress, const struct progress_state *state)
{
    char *text, *cut, *line;

    if (progress_wait(progress) != 0)
        return;
    progress->next_at = clock_steady_ms() + EVERY_MS;
    text = text_of(state, rate_of(progress, state->done));
    cut = text_cut(text, terminal_columns(STDERR_FILENO) - 1); /* a full line would wrap */
    line = memory_format(TERMINAL_CLEAR_LINE "%s", cut);
    is_drawn = true;
    (void)!write(STDERR_FILENO, line, strlen(line));
    free(text);
    free(cut);
    free(line);
}
