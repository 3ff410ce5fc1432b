/*
 * dnsbl-decide: judges each address by its results and its row, and says what
 * the row has to become. Touches no server; dnsbl-decide(1).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "confine.h"
#include "decision.h"
#include "ndjson.h"
#include "run.h"
#include "surge.h"
#include "sysexits.h"
#include "tool.h"

static const char help[] = "usage: dnsbl-decide [--check[=online]] [--require-run] [--help] [--version]\n"
                           "\n"
                           "Reads records with DNSBL results, decides which addresses are listed, and adds\n"
                           "the decision and the new values of their rows. Needs DNSBL_ZONES; see dnsbl-decide(1).\n"
                           "\n"
                           "  --check        check the configuration and exit; --check=online is the same here\n"
                           "  --require-run  a stream without run and end counts as cut off\n"
                           "  --help         show this text\n"
                           "  --version      show the version\n";

static void load(struct rules *rules, struct surge *surge)
{
    zones_load(&rules->zones);
    rules->threshold = config_number("DNSBL_THRESHOLD", 1, 1, 1000000);
    rules->listed_priority = config_number("LISTED_PRIORITY", 0, 0, 2147483647);
    rules->fallback_priority = config_number("CLEAN_FALLBACK_PRIORITY", 50, 0, 2147483647);
    surge_load(surge, rules);
}

static void take_address(struct ndjson_in *in, struct ndjson_out *out, const struct ndjson_record *record,
                         struct surge *surge)
{
    struct decision decision;
    char *problem = decision_make(surge->rules, record->object, NULL, &decision);

    if (problem)
        ndjson_bad(in, "%s", problem);
    else if (surge_count(surge, &decision))
        surge_keep(surge, record);
    else
        surge_write(out, record, &decision, NULL);
    free(problem);
    decision_free(&decision);
}

static void take_end(struct ndjson_out *out, const struct ndjson_record *record, struct surge *surge)
{
    json_t *surges = surge_finish(surge, out);
    json_t *fields = json_object();

    if (json_array_size(surges) > 0 || json_object_get(record->object, "surge"))
        json_object_set(fields, "surge", surges);
    json_decref(surges);
    json_object_set_new(fields, "stage_duration_sec", run_stage_durations(record->object, "dnsbl-decide"));
    ndjson_write_with(out, record, fields);
}

static void take(struct ndjson_in *in, struct ndjson_out *out, const struct ndjson_record *record, void *context)
{
    struct surge *surge = context;

    if (!strcmp(record->type, "ip")) {
        take_address(in, out, record, surge);
    } else if (!strcmp(record->type, "end")) {
        take_end(out, record, surge);
    } else {
        surge->running = surge->running || !strcmp(record->type, "run");
        ndjson_write(out, record);
    }
}

static int filter(struct surge *surge, bool require_run)
{
    struct ndjson_in in;
    struct ndjson_out out;
    int status;

    confine(0, NULL);
    ndjson_in_open(&in, STDIN_FILENO);
    in.require_run = require_run;
    ndjson_out_open(&out, STDOUT_FILENO, false);
    ndjson_each(&in, &out, take, surge);
    surge_give_up(surge, &out);
    ndjson_out_close(&out);
    status = ndjson_status(&in, &out);
    ndjson_in_close(&in);
    return status;
}

int main(int argc, char **argv)
{
    struct tool tool = {.name = "dnsbl-decide", .help = help};
    struct rules rules;
    struct surge surge;
    enum tool_mode mode = tool_start(&tool, argc, argv);
    int status = EXIT_DONE;

    tool_no_arguments(&tool, argc, argv);
    load(&rules, &surge);
    if (config_finish() > 0)
        status = EXIT_CONFIG;
    else if (mode == TOOL_RUN)
        status = filter(&surge, tool.require_run);
    surge_free(&surge);
    zones_free(&rules.zones);
    return status;
}
