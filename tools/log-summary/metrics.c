#include "metrics.h"

#include <errno.h>
#include <math.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memory.h"
#include "metrics_file.h"
#include "report.h"
#include "text.h"
#include "tool.h"

#define LABEL_COLUMNS 255 /* the longest name of a zone is shorter */
#define LAST_SUCCESS "dnsbl_last_success_timestamp_seconds"

/* --- the format --- */

/* Prometheus text format 0.0.4 and OpenMetrics agree on these three escapes. */
static void put_label(FILE *file, const char *name, const char *value)
{
    char *visible = text_visible(value), *cut = text_cut(visible, LABEL_COLUMNS);

    fprintf(file, "%s=\"", name);
    for (const char *at = cut; *at; at++) {
        if (*at == '\\' || *at == '"')
            fputc('\\', file);
        fputc(*at, file);
    }
    fputc('"', file);
    free(visible);
    free(cut);
}

static void put_family(FILE *file, const char *name, const char *type, const char *help)
{
    fprintf(file, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A gauge without labels, whole. */
static void put_gauge(FILE *file, const char *name, const char *help, double value)
{
    put_family(file, name, "gauge", help);
    fprintf(file, "%s %.15g\n", name, value);
}

/* A sample with one label. */
static void put_sample(FILE *file, const char *name, const char *label, const char *value, double number)
{
    fprintf(file, "%s{", name);
    put_label(file, label, value);
    fprintf(file, "} %.15g\n", number);
}

/* And with two, the first of which is the zone. */
static void put_zone_sample(FILE *file, const char *name, const struct tally *tally, const char *label,
                            const char *value, double number)
{
    fprintf(file, "%s{", name);
    put_label(file, "zone", tally->name);
    fputc(',', file);
    put_label(file, label, value);
    fprintf(file, "} %.15g\n", number);
}

/* --- addresses --- */

static int compare_lines(const void *one, const void *other)
{
    return strcmp(one, other);
}

/* Takes line; true if it has not been here before. */
static bool is_new(struct metrics *metrics, char *line)
{
    char **known = memory_check(tsearch(line, &metrics->listed, compare_lines));

    if (*known == line)
        return true;
    free(line);
    return false;
}

/* The sample of an address and a list, new. */
static char *listing(const char *ip, const char *zone)
{
    char *line;
    size_t length;
    FILE *file = memory_stream(&line, &length);

    fputs("dnsbl_listed{", file);
    put_label(file, "ip", ip);
    fputc(',', file);
    put_label(file, "zone", zone);
    fputs("} 1\n", file);
    fclose(file);
    return line;
}

void metrics_take_address(struct metrics *metrics, const struct address *address)
{
    size_t index;
    json_t *zone;

    if (!metrics->path || !address->decision.listed)
        return;
    json_array_foreach (address->decision.listed_zones, index, zone) {
        if (metrics->series == METRICS_SERIES_MOST && !metrics->full) {
            metrics->full = true;
            report(REPORT_WARNING, "too_many_series",
                   "more than %d addresses and zones that list them: the metrics name no more of them, only count",
                   METRICS_SERIES_MOST);
        }
        if (metrics->full)
            return;
        if (is_new(metrics, listing(address->canonical, json_string_value(zone))))
            metrics->series++;
    }
}

static void put_line(const void *node, VISIT visit, void *file)
{
    if (visit == postorder || visit == leaf)
        fputs(*(char *const *)node, file);
}

static void put_addresses(FILE *file, const struct summary *summary)
{
    put_family(file, "dnsbl_addresses", "gauge", "Addresses of the pool by what was decided of them.");
    put_sample(file, "dnsbl_addresses", "state", "listed", (double)summary->listed);
    put_sample(file, "dnsbl_addresses", "state", "clean", (double)summary->clean);
    put_sample(file, "dnsbl_addresses", "state", "undecided", (double)summary->undecided);
    put_family(file, "dnsbl_address_outcomes", "gauge",
               "Addresses by what became of them, in a dry run what would; these add up to all.");
    for (size_t i = 0; i < OUTCOMES; i++)
        put_sample(file, "dnsbl_address_outcomes", "outcome", outcome_names[i], (double)summary->outcomes[i]);
    put_gauge(file, "dnsbl_skipped_rows", "Rows of the table whose address is none.", (double)summary->skipped);
    put_family(file, "dnsbl_tickets", "gauge",
               "Tickets of addresses by what was done about them, in a dry run what would be.");
    put_sample(file, "dnsbl_tickets", "action", "created", (double)summary->jira_created);
    put_sample(file, "dnsbl_tickets", "action", "updated", (double)summary->jira_updated);
    put_sample(file, "dnsbl_tickets", "action", "failed", (double)summary->jira_failed);
}

/* --- zones --- */

static void put_lookups(FILE *file, const struct tallies *tallies)
{
    put_family(file, "dnsbl_listings", "gauge", "Addresses that the zone lists, whatever its weight.");
    for (size_t i = 0; i < tallies->count; i++)
        put_sample(file, "dnsbl_listings", "zone", tallies->items[i].name, (double)tallies->items[i].listed);
    put_family(file, "dnsbl_lookups", "gauge", "Lookups by outcome, unasked ones included.");
    for (size_t i = 0; i < tallies->count; i++) {
        const struct tally *tally = &tallies->items[i];

        put_zone_sample(file, "dnsbl_lookups", tally, "outcome", "listed", (double)tally->listed);
        put_zone_sample(file, "dnsbl_lookups", tally, "outcome", "not_listed", (double)tally->not_listed);
        for (size_t j = 0; j < FAILURE_KINDS; j++)
            if (tally->failed[j] > 0)
                put_zone_sample(file, "dnsbl_lookups", tally, "outcome", failure_kinds[j].name,
                                (double)tally->failed[j]);
    }
}

static void put_health_of(FILE *file, const struct tally *tally)
{
    for (size_t i = 0; tally->health && i < HEALTH_VERDICTS; i++)
        put_zone_sample(file, "dnsbl_zone_health", tally, "health", health_verdicts[i].name,
                        tally->health == &health_verdicts[i]);
}

static void put_health(FILE *file, const struct tallies *tallies)
{
    put_family(file, "dnsbl_zone_healthy", "gauge", "1 for a zone whose answers count.");
    for (size_t i = 0; i < tallies->count; i++)
        if (tallies->items[i].health)
            put_sample(file, "dnsbl_zone_healthy", "zone", tallies->items[i].name, tallies->items[i].health->healthy);
    put_family(file, "dnsbl_zone_health", "gauge", "1 for the verdict on the zone, 0 for the others.");
    for (size_t i = 0; i < tallies->count; i++)
        put_health_of(file, &tallies->items[i]);
}

static void put_histogram(FILE *file, const struct tally *tally)
{
    json_int_t lookups = 0;
    char bound[32];

    for (size_t i = 0; i < TALLY_STEPS; i++) {
        lookups += tally->steps[i];
        /* OpenMetrics wants a floating point number here, 1.0 for 1. */
        snprintf(bound, sizeof bound, tally_steps[i] == floor(tally_steps[i]) ? "%.1f" : "%g", tally_steps[i]);
        put_zone_sample(file, "dnsbl_lookup_duration_seconds_bucket", tally, "le",
                        isinf(tally_steps[i]) ? "+Inf" : bound, (double)lookups);
    }
    put_sample(file, "dnsbl_lookup_duration_seconds_sum", "zone", tally->name, tally->seconds);
    put_sample(file, "dnsbl_lookup_duration_seconds_count", "zone", tally->name, (double)lookups);
}

static void put_latency(FILE *file, const struct tallies *tallies)
{
    put_family(file, "dnsbl_lookup_duration_seconds", "histogram", "How long the lookups took that were asked.");
    for (size_t i = 0; i < tallies->count; i++)
        put_histogram(file, &tallies->items[i]);
}

/* --- the run --- */

static double now(void)
{
    struct timespec time;
    int64_t milliseconds;

    clock_gettime(CLOCK_REALTIME, &time);
    milliseconds = time.tv_sec * 1000 + time.tv_nsec / 1000000;
    return (double)milliseconds / 1000;
}

static void put_run(FILE *file, const struct summary *summary)
{
    const char *stage;
    json_t *seconds;

    put_gauge(file, "dnsbl_run_complete", "1 if the stream of records was whole.", summary->complete);
    put_gauge(file, "dnsbl_run_dry", "1 if nothing was to be written.", summary->dry_run);
    put_gauge(file, "dnsbl_run_duration_seconds", "How long the run took.", summary->seconds);
    put_gauge(file, "dnsbl_run_end_timestamp_seconds", "When the run ended.", now());
    put_family(file, "dnsbl_stage_duration_seconds", "gauge", "How long a stage ran; they run side by side.");
    json_object_foreach (summary->durations, stage, seconds)
        if (json_number_value(seconds) >= 0 && json_is_number(seconds) && strcmp(stage, "log-summary") != 0)
            put_sample(file, "dnsbl_stage_duration_seconds", "stage", stage, json_number_value(seconds));
    put_sample(file, "dnsbl_stage_duration_seconds", "stage", "log-summary", (double)tool_age_ms() / 1000);
}

/* When the run before was one, as the file says that is about to be replaced; 0: it does not. */
static double last_success(const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    double seconds = 0;

    while (file && getline(&line, &size, file) > 0)
        if (!strncmp(line, LAST_SUCCESS " ", sizeof LAST_SUCCESS))
            seconds = strtod(line + sizeof LAST_SUCCESS, NULL);
    free(line);
    if (file)
        fclose(file);
    return isfinite(seconds) && seconds > 0 ? seconds : 0;
}

/* A pipe cannot tell of the runs before, so whoever reads it has to know. */
static void put_last_success(const struct metrics *metrics, const struct summary *summary)
{
    double seconds;

    if (!metrics_file_keeps(metrics->path))
        return;
    seconds = summary_succeeded(summary) ? now() : last_success(metrics->path);
    if (seconds > 0)
        put_gauge(metrics->text, LAST_SUCCESS, "When a run last was whole and failed in nothing.", seconds);
}

/* --- all of it --- */

void metrics_open(struct metrics *metrics, const char *path)
{
    *metrics = (struct metrics){.path = path};
    if (path)
        metrics->text = memory_stream(&metrics->bytes, &metrics->length);
}

bool metrics_close(struct metrics *metrics, const struct summary *summary, const struct tallies *tallies)
{
    bool written;

    if (!metrics->path)
        return true;
    put_family(metrics->text, "dnsbl_listed", "gauge", "1 for each address that is listed and zone that lists it.");
    twalk_r(metrics->listed, put_line, metrics->text);
    put_addresses(metrics->text, summary);
    put_lookups(metrics->text, tallies);
    put_health(metrics->text, tallies);
    put_latency(metrics->text, tallies);
    put_run(metrics->text, summary);
    put_last_success(metrics, summary);
    fputs("# EOF\n", metrics->text);
    fclose(metrics->text);
    written = metrics_file_write(metrics->path, metrics->bytes, metrics->length);
    if (!written)
        report(REPORT_ERROR, "metrics_failed", "the metrics could not be written to %s: %s; the log is not affected",
               metrics->path, strerror(errno));
    free(metrics->bytes);
    tdestroy(metrics->listed, free);
    return written;
}
