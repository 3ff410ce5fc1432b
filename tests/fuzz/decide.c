/*
 * The whole of dnsbl-decide: a stream in, a stream out, with the surge brake. The first byte says how: bit 0
 * --require-run, bit 1 the brake is off, bit 2 SURGE_RELEASE, the others the pieces in which the stream comes.
 */
int dnsbl_decide_main(int argc, char **argv);
#define main dnsbl_decide_main
#include "../../tools/dnsbl-decide/main.c"
#undef main

#include "fuzz.h"

static struct rules rules;

static void load_once(void)
{
    if (rules.zones.count > 0)
        return;
    fuzz_set("DNSBL_ZONES", "a.test B:b.test=127.0.0.[2..4]*2 WATCH:w.test*0 ALLOW:l.test*-2 C:c.test");
    zones_load(&rules.zones);
    HOLDS(config_finish() == 0);
    rules.threshold = 1;
    rules.fallback_priority = 50;
}

static void load_surge(struct surge *surge, unsigned options)
{
    fuzz_set("SURGE_LIMIT_PERCENT", options & 2 ? "0" : "1");
    fuzz_set("SURGE_RELEASE", options & 4 ? "C" : "");
    surge_load(surge, &rules);
    HOLDS(config_finish() == 0);
}

struct seen {
    size_t runs, ends, ips;
};

static void check_decided(const json_t *object)
{
    struct record_decision decision;
    const char *transition = json_string_value(json_object_get(object, "transition"));

    HOLDS(record_decision(object, &decision) == NULL);
    if (decision.transition == RECORD_TRANSITION_HELD)
        HOLDS(decision.listed && json_is_null(decision.update));
    if (decision.transition == RECORD_TRANSITION_LISTED)
        HOLDS(json_array_size(decision.listed_zones) > json_array_size(decision.carried_zones));
    HOLDS(json_is_null(decision.update) == (!strcmp(transition, "none") || !strcmp(transition, "held")));
}

static void check_record(const json_t *object, void *context)
{
    const char *type = json_string_value(json_object_get(object, "type"));
    struct seen *seen = context;

    HOLDS(type && seen->ends == 0);
    seen->runs += !strcmp(type, "run");
    seen->ends += !strcmp(type, "end");
    if (!strcmp(type, "ip")) {
        check_decided(object);
        seen->ips++;
    }
}

static size_t count_lines(const uint8_t *data, size_t size)
{
    size_t lines = 0;

    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct surge surge;
    struct seen seen = {0};
    size_t lines;
    int status;

    load_once();
    if (size == 0)
        return 0;
    fuzz_begin(data + 1, size - 1, 1 + data[0] / 8U * 40);
    load_surge(&surge, data[0]);
    status = filter(&surge, data[0] & 1);
    surge_free(&surge);
    fuzz_end();
    lines = fuzz_each_line(&fuzz_out, check_record, &seen);
    HOLDS(seen.runs <= 1 && (seen.ends == 0 || seen.runs == 1));
    HOLDS(status == 0 || status == 1 || status == 65);
    HOLDS((status == 1) == (status != 65 && fuzz_messages("bad_record") > 0));
    if (status != 65) /* what came in has left, but for what was told to be bad */
        HOLDS(lines + fuzz_messages("bad_record") == count_lines(data + 1, size - 1));
    return 0;
}
