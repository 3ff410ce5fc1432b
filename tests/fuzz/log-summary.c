/*
 * The whole of log-summary: a stream in, the operators' log and the metrics out. The first byte says how: bit 0 the
 * log is text, bit 1 on a terminal, bit 2 --require-run, the others the pieces in which the stream comes.
 */
int log_summary_main(int argc, char **argv);
#define main log_summary_main
#include "../../tools/log-summary/main.c"
#undef main

#include "../../tools/log-summary/metrics_file.h"
#include "fuzz.h"
#include "report.h"

/* --- the metrics, in place of a file --- */

#if __has_feature(memory_sanitizer)
#define METRICS NULL /* they are in a tree of the C library's (tsearch(3)), which it did not see written */
#else
#define METRICS "metrics"
#endif

bool metrics_file_keeps(const char *path)
{
    (void)path;
    return true;
}

char *metrics_file_directory(const char *path)
{
    (void)path;
    return NULL;
}

/* The value of a label between its quotes: \\, \" and \n are its escapes. Returns what is behind. */
static const char *skip_value(const char *at)
{
    HOLDS(*at == '"');
    for (at++; *at != '"'; at++) {
        HOLDS(*at && *at != '\n');
        if (*at == '\\')
            HOLDS(strchr("\\\"n", *++at) && *at);
    }
    return at + 1;
}

/* OpenMetrics: name{label="value",…} number */
static void check_sample(const char *line)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyz_";
    const char *at = line + strspn(line, name);
    char *end;

    HOLDS(at > line && !strncmp(line, "dnsbl_", 6));
    if (*at == '{') {
        do {
            at++;
            at += strspn(at, name);
            HOLDS(*at == '=');
            at = skip_value(at + 1);
        } while (*at == ',');
        HOLDS(*at++ == '}');
    }
    HOLDS(*at == ' ');
    strtod(at + 1, &end);
    HOLDS(end > at + 1 && *end == '\0');
}

bool metrics_file_write(const char *path, const char *bytes, size_t length)
{
    char *text = fuzz_string((const uint8_t *)bytes, length), *rest = text, *line;

    (void)path;
    HOLDS(fuzz_is_plain(bytes, length, "\n"));
    HOLDS(length > 6 && !strcmp(bytes + length - 6, "# EOF\n"));
    while ((line = fuzz_cut(&rest, "\n")))
        if (*line && *line != '#')
            check_sample(line);
    free(text);
    return true;
}

/* --- the log --- */

struct seen {
    size_t addresses, summaries;
    json_int_t total;
};

static json_int_t number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    HOLDS(json_is_integer(value));
    return json_integer_value(value);
}

static void check_summary(const json_t *line, struct seen *seen)
{
    static const char *const parts[] = {"newly_listed", "cleaned",   "changed", "unchanged",
                                        "held",         "conflicts", "failed"};
    json_int_t sum = 0;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        HOLDS(number(line, parts[i]) >= 0);
        sum += number(line, parts[i]);
    }
    seen->total = number(line, "total_ips");
    HOLDS(sum == seen->total);
    HOLDS(number(line, "listed") <= seen->total && number(line, "skipped") >= 0);
    HOLDS(json_is_boolean(json_object_get(line, "complete")) && json_is_boolean(json_object_get(line, "dry_run")));
    seen->summaries++;
}

static void check_line(const json_t *line, void *context)
{
    const char *type = json_string_value(json_object_get(line, "type"));
    struct seen *seen = context;

    HOLDS(json_is_string(json_object_get(line, "timestamp")) && json_is_string(json_object_get(line, "level")));
    HOLDS(type && seen->summaries == 0);
    HOLDS(fuzz_all_plain(line));
    seen->addresses += !strcmp(type, "address");
    if (!strcmp(type, "job_summary"))
        check_summary(line, seen);
}

static int run(unsigned bits)
{
    struct ndjson_in in;
    struct ndjson_out out;
    int status;

    self = (struct log_summary){0};
    fuzz_terminal = bits & 2 && bits & 1;
    asked_style = bits & 1 ? &log_text : &log_json;
    ndjson_in_open(&in, STDIN_FILENO);
    in.require_run = bits & 4;
    ndjson_out_open(&out, STDOUT_FILENO, false);
    choose_style(&out);
    metrics_open(&self.metrics, METRICS);
    ndjson_each(&in, &out, take, NULL);
    HOLDS(conclude(&in));
    status = ndjson_status(&in, &out);
    ndjson_in_close(&in);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen seen = {0};
    int status;

    if (size == 0)
        return 0;
    fuzz_begin(data + 1, size - 1, 1 + data[0] / 8U * 40);
    fuzz_set("TERM", "xterm");
    status = run(data[0]);
    HOLDS(status == 0 || status == 1 || status == 65);
    if (data[0] & 1) {
        HOLDS(fuzz_is_plain(fuzz_out.bytes, fuzz_out.length, fuzz_terminal ? "\n\r\033" : "\n"));
    } else {
        fuzz_each_line(&fuzz_out, check_line, &seen);
        HOLDS(seen.summaries == 1 && (json_int_t)seen.addresses <= seen.total);
        if (status == 0)
            HOLDS(fuzz_messages("bad_record") == 0);
    }
    fuzz_end();
    return 0;
}
