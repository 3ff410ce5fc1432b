/*
 * log-summary: the last stage; writes the operators' log, and the metrics of the run.
 * Reads no configuration and touches no server; log-summary(1).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "confine.h"
#include "line.h"
#include "log.h"
#include "metrics.h"
#include "metrics_file.h"
#include "ndjson.h"
#include "signals.h"
#include "sysexits.h"
#include "terminal.h"
#include "text.h"
#include "tool.h"

static const char help[] = "usage: log-summary [--format FORMAT] [--metrics FILE] [--require-run]\n"
                           "       log-summary --check[=online] | --help | --version\n"
                           "\n"
                           "Reads the finished records and writes the log for operators: a line for each\n"
                           "address, what went wrong, and a summary of the run. See log-summary(1).\n"
                           "\n"
                           "  --format FORMAT  text, for people, or ndjson (text on a terminal, else ndjson)\n"
                           "  --metrics FILE   also write the numbers of the run there, for Prometheus\n"
                           "  --require-run    a stream without run and end counts as cut off\n"
                           "  --check          check the configuration and exit; there is none, so that succeeds\n"
                           "  --help           show this text\n"
                           "  --version        show the version\n";

enum { OPTION_FORMAT = 1, OPTION_METRICS };

static const struct option options[] = {
    {"format", required_argument, NULL, OPTION_FORMAT},
    {"metrics", required_argument, NULL, OPTION_METRICS},
    {0},
};

static const struct log_style *asked_style; /* NULL: --format was not given */
static const char *metrics_path;

static struct log_summary {
    struct log log;
    struct would would;
    bool keeps_would; /* somebody will read it */
    struct metrics metrics;
    struct summary summary;
    struct tallies tallies;
} self;

static bool take_option(int option, const char *argument)
{
    if (option == OPTION_METRICS) {
        metrics_path = argument;
        return *argument;
    }
    asked_style = !strcmp(argument, "text") ? &log_text : !strcmp(argument, "ndjson") ? &log_json : NULL;
    return asked_style != NULL;
}

/* --- records --- */

/* One line for each is useful until a whole zone is out: then they are counted, and make one line together. */
static bool is_deferred(const struct tally *tally, enum failure failure)
{
    if (!tally || self.log.style->defers_lookups)
        return tally != NULL;
    return failure != FAILURE_OTHER && (!failure_kinds[failure].asked || (tally->health && !tally->health->healthy));
}

static void take_lookups(const struct address *address)
{
    const json_t *array = json_object_get(address->object, "results");

    for (size_t i = 0; i < address->results.count; i++) {
        const struct record_result *result = &address->results.items[i];
        struct tally *tally = tallies_find(&self.tallies, result->zone);
        enum failure failure = failure_find(result->error);
        const char *detail = json_string_value(json_object_get(json_array_get(array, i), "detail"));

        if (tally)
            tally_count(tally, result);
        if (result->status != RECORD_UNKNOWN)
            continue;
        if (is_deferred(tally, failure))
            tally->deferred[failure]++;
        else if (self.log.style->lookup)
            self.log.style->lookup(&self.log, tally, address->ip, result, detail);
    }
}

static void take_address(struct ndjson_in *in, const json_t *object)
{
    struct address address;
    char *problem = address_read(&address, object);

    if (problem) {
        ndjson_bad(in, "%s", problem);
    } else {
        summary_take_address(&self.summary, &address);
        take_lookups(&address);
        metrics_take_address(&self.metrics, &address);
        if (self.keeps_would)
            would_take(&self.would, &address);
        self.log.style->address(&self.log, &address);
    }
    free(problem);
    free(address.results.items);
}

static void take_zone(struct ndjson_in *in, const json_t *object)
{
    const struct tally *fallen_ill;
    char *problem = tallies_take_zone(&self.tallies, object, &fallen_ill);

    if (problem)
        ndjson_bad(in, "%s", problem);
    else if (fallen_ill)
        self.log.style->zone(&self.log, fallen_ill, json_string_value(json_object_get(object, "detail")));
    free(problem);
}

static void take_run(struct ndjson_in *in, const json_t *object)
{
    (void)in;
    line_run(json_string_value(json_object_get(object, "run_id")));
    summary_take_run(&self.summary, object);
}

static void take_end(struct ndjson_in *in, const json_t *object)
{
    (void)in;
    summary_take_end(&self.summary, object);
}

static void take(struct ndjson_in *in, struct ndjson_out *out, const struct ndjson_record *record, void *context)
{
    static const struct {
        const char *type;
        void (*take)(struct ndjson_in *in, const json_t *object);
    } types[] = {{"ip", take_address}, {"zone", take_zone}, {"run", take_run}, {"end", take_end}};

    (void)out, (void)context;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(record->type, types[i].type))
            types[i].take(in, record->object);
}

/* --- the story --- */

static void write_deferred(void)
{
    for (size_t i = 0; i < self.tallies.count; i++)
        for (enum failure failure = 0; failure < FAILURE_KINDS; failure++)
            if (self.tallies.items[i].deferred[failure] > 0)
                self.log.style->lookups(&self.log, &self.tallies.items[i], failure);
}

/* False: the metrics could not be written. */
static bool conclude(const struct ndjson_in *in)
{
    bool written;

    summary_close(&self.summary, &self.tallies, !ndjson_cut_off(in) && !signals_received(), in->bad == 0);
    write_deferred();
    self.log.style->summary(&self.log, &self.summary, &self.tallies);
    ndjson_flush(self.log.out); /* a run whose log is lost is no success */
    written = metrics_close(&self.metrics, &self.summary, &self.tallies);
    ndjson_out_close(self.log.out);
    /* Whoever has the log in a file or a pipe has not seen it. */
    if (self.summary.dry_run && self.keeps_would && self.log.style != &log_text)
        would_write(&self.would, &self.summary, stderr);
    would_free(&self.would);
    summary_free(&self.summary);
    tallies_free(&self.tallies);
    line_run(NULL);
    return written;
}

static void choose_style(struct ndjson_out *out)
{
    const struct log_style *usual = isatty(STDOUT_FILENO) ? &log_text : &log_json;

    self.log = (struct log){.style = asked_style ? asked_style : usual,
                            .out = out,
                            .colours = terminal_has_colours(STDOUT_FILENO),
                            .line_start = isatty(STDERR_FILENO) ? terminal_line_start(STDOUT_FILENO) : "",
                            .would = &self.would};
    self.keeps_would = self.log.style == &log_text || isatty(STDERR_FILENO);
}

int main(int argc, char **argv)
{
    struct tool tool = {.name = "log-summary", .help = help, .options = options, .take = take_option};
    struct ndjson_in in;
    struct ndjson_out out;
    enum tool_mode mode = tool_start(&tool, argc, argv);
    char *directory;
    bool written;
    int status;

    tool_no_arguments(&tool, argc, argv);
    if (mode != TOOL_RUN)
        return EXIT_DONE;
    text_prepare();
    directory = metrics_path ? metrics_file_directory(metrics_path) : NULL;
    confine(directory ? CONFINE_WRITE : 0, directory);
    free(directory);
    ndjson_in_open(&in, STDIN_FILENO);
    in.require_run = tool.require_run;
    ndjson_out_open(&out, STDOUT_FILENO, false);
    choose_style(&out);
    metrics_open(&self.metrics, metrics_path);
    ndjson_each(&in, &out, take, NULL);
    written = conclude(&in);
    status = ndjson_status(&in, &out);
    ndjson_in_close(&in);
    return written || (status > 128) ? status : EXIT_OUTPUT;
}
