/* What comes in: records, and addresses by themselves. */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "probe.h"

/* Makes a record of a bare line; false: a comment or blank, or reported as bad. */
static bool take_bare_line(struct probe *probe, struct ndjson_record *record, struct ip *ip)
{
    bool has_nul = memchr(record->text, '\0', record->length) != NULL;
    char text[IP_TEXT_SIZE];

    if (!has_nul)
        record->text[strcspn(record->text, "#")] = '\0';
    if (!has_nul && strspn(record->text, " \t\r") == strlen(record->text))
        return false;
    if (has_nul || !ip_parse(record->text, ip)) {
        ndjson_bad(&probe->in, "\"%.60s\" is not an IP address%s", record->text,
                   has_nul ? " (it has a NUL byte)" : "");
        return false;
    }
    free(record->text);
    record->text = memory_format("{\"type\":\"ip\",\"ip\":\"%s\"}", ip_format(ip, text));
    record->length = strlen(record->text);
    return true;
}

/* True if the record is an address to look up, in *ip. */
static bool take_json(struct probe *probe, struct ndjson_record *record, struct ip *ip, bool *bad)
{
    const char *text;
    char *problem;

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
    json_decref(record->object);
    record->object = NULL;
    record->type = NULL;
}

static void take_record(struct probe *probe, struct ndjson_record *record)
{
    struct ip ip;
    bool bad = false, is_ip;
    struct slot *slot;

    if (record->object)
        is_ip = take_json(probe, record, &ip, &bad);
    else {
        is_ip = take_bare_line(probe, record, &ip);
        bad = !is_ip;
    }
    if (bad) {
        ndjson_record_free(record);
        return;
    }
    slot = window_add(&probe->window, record, is_ip ? &ip : NULL);
    if (record->object)
        drop_object(slot);
}

bool probe_take_input(struct probe *probe)
{
    struct ndjson_record *record;

    while (!window_full(&probe->window)) {
        enum ndjson_event event = ndjson_next(&probe->in, &record);

        if (event == NDJSON_RECORD)
            take_record(probe, record);
        else {
            probe->input_ended = event == NDJSON_END;
            return event == NDJSON_AGAIN;
        }
    }
    return false;
}
