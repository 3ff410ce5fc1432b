/* What comes in: records, addresses by themselves, and ranges, which are taken apart while there is room. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "probe.h"

/* --- addresses by themselves --- */

/* The next address of the range under way, as a record of its own. */
static void take_address(struct probe *probe, const struct ip *ip)
{
    struct ndjson_record *record = memory_new(1, sizeof *record);
    char text[IP_TEXT_SIZE];

    record->text = memory_format("{\"type\":\"ip\",\"ip\":\"%s\"}", ip_format(ip, text));
    record->length = strlen(record->text);
    window_add(&probe->window, record, ip)->of_range = probe->range.several;
    probe->taken++;
}

/* Takes a bare line, unless it is a comment, blank or bad, which is reported; its addresses are the next to come. */
static void take_bare_line(struct probe *probe, char *text, size_t length)
{
    char *problem;

    if (memchr(text, '\0', length)) {
        ndjson_bad(&probe->in, "\"%.60s\" is not an IP address (it has a NUL byte)", text);
        return;
    }
    text[strcspn(text, "#")] = '\0';
    if (strspn(text, " \t\r") == strlen(text))
        return;
    problem = range_parse(text, probe->options->range_limit, &probe->range);
    if (problem)
        ndjson_bad(&probe->in, "%s", problem);
    free(problem);
}

/* --- records --- */

/* True if the record is an address to look up, in *ip. */
static bool take_json(struct probe *probe, struct ndjson_record *record, struct ip *ip, bool *bad)
{
    const char *text;
    char *problem;

    *bad = false;
    if (strcmp(record->type, "ip") != 0)
        return false;
    problem = record_ip(record->object, ip, &text);
    if (problem)
        ndjson_bad(&probe->in, "%s", problem);
    *bad = problem != NULL;
    free(problem);
    return !*bad;
}

/* Keeps of the parsed object what will be needed, and drops it: it is many times as large as the line. */
static void drop_object(struct slot *slot)
{
    struct ndjson_record *record = slot->record;
    const char *lists = json_string_value(json_object_get(record->object, "blocking_lists"));

    slot->is_end = !strcmp(record->type, "end");
    slot->has_results = json_object_get(record->object, "results") || json_object_get(record->object, "probed_at");
    if (lists && *lists && slot->has_ip && slot->ip.family == 6)
        slot->blocking_lists = memory_string(lists);
    record->type = NULL;
    if (slot->is_end) /* gets a member of ours */
        return;
    json_decref(record->object);
    record->object = NULL;
}

static void take_record(struct probe *probe, struct ndjson_record *record)
{
    struct ip ip;
    bool bad, is_ip;

    if (!record->object) {
        take_bare_line(probe, record->text, record->length);
        ndjson_record_free(record);
        return;
    }
    is_ip = take_json(probe, record, &ip, &bad);
    if (bad) {
        ndjson_record_free(record);
        return;
    }
    drop_object(window_add(&probe->window, record, is_ip ? &ip : NULL));
    probe->taken += is_ip;
}

/* --- both --- */

static void open_arguments(struct probe *probe)
{
    ndjson_stop(&probe->in); /* standard input is not looked at */
    probe->in.frame = NDJSON_UNFRAMED;
    for (size_t i = 0; i < probe->options->argument_count; i++)
        probe->expected += probe->options->arguments[i].left;
}

void probe_open_input(struct probe *probe)
{
    ndjson_in_open(&probe->in, STDIN_FILENO);
    probe->in.bare_lines = !probe->options->require_run;
    probe->in.require_run = probe->options->require_run;
    if (probe->options->arguments)
        open_arguments(probe);
}

bool probe_take_input(struct probe *probe)
{
    const struct options *options = probe->options;
    struct ndjson_record *record;
    struct ip ip;

    while (!probe->input_ended && !window_full(&probe->window)) {
        if (range_next(&probe->range, &ip)) {
            take_address(probe, &ip);
        } else if (probe->next_argument < options->argument_count) {
            probe->range = options->arguments[probe->next_argument++];
        } else {
            enum ndjson_event event = ndjson_next(&probe->in, &record);

            if (event == NDJSON_AGAIN)
                return true;
            if (event == NDJSON_RECORD)
                take_record(probe, record);
            else
                probe->input_ended = true;
        }
    }
    return false;
}
