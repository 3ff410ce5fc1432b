#include "run.h"

#include <time.h>

#include "clock.h"
#include "memory.h"
#include "report.h"
#include "sysexits.h"
#include "tool.h"

#define STALE_SECONDS 3600

enum { OPTION_ALLOW_STALE = 1 };

const struct option run_options[] = {{"allow-stale", no_argument, NULL, OPTION_ALLOW_STALE}, {0}};

static bool allow_stale;

bool run_take_option(int option, const char *argument)
{
    (void)argument;
    allow_stale = option == OPTION_ALLOW_STALE;
    return allow_stale;
}

bool run_is_dry(const json_t *run, const char *left_alone)
{
    const json_t *dry_run = json_object_get(run, "dry_run");

    if (dry_run && !json_is_null(dry_run) && !json_is_boolean(dry_run))
        die(EXIT_CUT_OFF, "bad_record", "\"dry_run\" of the run record is neither true nor false; %s", left_alone);
    return json_is_true(dry_run);
}

void run_refuse_stale(const json_t *run, const char *left_alone)
{
    const char *started = json_string_value(json_object_get(run, "started_at"));
    time_t begun;

    if (allow_stale)
        return;
    if (!started || !clock_parse(started, &begun))
        die(EXIT_CUT_OFF, "stale_run",
            "the run record does not say when it began (started_at); %s; --allow-stale acts on it all the same",
            left_alone);
    if (time(NULL) - begun > STALE_SECONDS)
        die(EXIT_CUT_OFF, "stale_run",
            "the run began at %s, more than an hour ago; %s; start a new run, or use --allow-stale", started,
            left_alone);
}

json_t *run_stage_durations(const json_t *end, const char *stage)
{
    json_t *before = json_object_get(end, "stage_duration_sec");
    json_t *durations = memory_check(json_is_object(before) ? json_copy(before) : json_object());

    json_object_set_new(durations, stage, json_real((double)tool_age_ms() / 1000));
    return durations;
}
