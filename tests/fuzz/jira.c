/*
 * The whole of jira-sync but http.c: the input is what Jira answers, and, behind a line `--`, the stream of records
 * (a small one if there is none). An answer is a line:
 *
 *     STATUS JSON    that status with that body; 0: the answer was lost
 *     .              what a Jira without tickets answers to the request; so it is when the lines are used up
 *
 * A first line `?` stands for --check=online, which reads no stream.
 *
 * No answer may lead to a request that a person would not recognise: paths are paths, bodies fit into Jira's fields,
 * nothing is written before it is known which tickets are open, nor in a dry run. All records leave.
 */
int jira_sync_main(int argc, char **argv);
#define main jira_sync_main
#include "../../tools/jira-sync/main.c"
#undef main

#include <stdio.h>

#include "fuzz.h"
#include "report.h"

#define TURNS_MOST 20000
#define ANSWERS_MOST 2000

static const char usual_stream[] =
    "{\"type\":\"run\",\"run_id\":\"11111111-1111-4111-8111-111111111111\",\"started_at\":\"2026-01-01T00:00:00."
    "000Z\","
    "\"dry_run\":false,\"shard\":\"0/1\"}\n"
    "{\"type\":\"zone\",\"zone\":\"a.test\",\"health\":\"ok\"}\n"
    "{\"type\":\"ip\",\"ip\":\"192.0.2.1\",\"id\":1,\"ip_text\":\"192.0.2.1\",\"priority\":50,\"old_priority\":null,"
    "\"blocking_lists\":\"\",\"results\":[{\"zone\":\"a.test\",\"status\":\"LISTED\",\"answers\":[\"127.0.0.2\"],"
    "\"reason\":\"see http://a.test/?192.0.2.1 {noformat} "
    "hunter2secret\"}],\"probed_at\":\"2026-01-01T00:00:01.000Z\","
    "\"decision\":\"LISTED\",\"transition\":\"listed\",\"score\":1,\"listed_zones\":[\"a.test\"],\"unknown_zones\":[]"
    ","
    "\"carried_zones\":[],\"watch_zones\":[],\"added_zones\":[\"a.test\"],\"removed_zones\":[],\"update\":{"
    "\"priority\":0,\"old_priority\":50,\"blocking_lists\":\"a.test\",\"last_event\":\"new block from list(s) "
    "a.test\"},"
    "\"db_changes\":true,\"db_outcome\":\"updated\"}\n"
    "{\"type\":\"ip\",\"ip\":\"192.0.2.2\",\"id\":2,\"ip_text\":\"192.0.2.2\",\"priority\":0,\"old_priority\":50,"
    "\"blocking_lists\":\"a.test\",\"results\":[{\"zone\":\"a.test\",\"status\":\"NOT_LISTED\"}],\"decision\":"
    "\"CLEAN\","
    "\"transition\":\"cleared\",\"score\":0,\"listed_zones\":[],\"unknown_zones\":[],\"carried_zones\":[],"
    "\"watch_zones\":[],\"added_zones\":[],\"removed_zones\":[\"a.test\"],\"update\":{\"priority\":50,\"old_"
    "priority\":"
    "null,\"blocking_lists\":\"\",\"last_event\":\"block removed\"},\"db_changes\":true,\"db_outcome\":\"updated\"}\n"
    "{\"type\":\"ip\",\"ip\":\"2001:db8::3\",\"id\":3,\"ip_text\":\"2001:db8::3\",\"priority\":0,\"old_priority\":50,"
    "\"blocking_lists\":\"a.test\",\"results\":[{\"zone\":\"a.test\",\"status\":\"LISTED\",\"answers\":[\"127.0.0."
    "2\"]},"
    "{\"zone\":\"b.test\",\"status\":\"LISTED\",\"answers\":[\"127.0.0.9\"]}],\"decision\":\"LISTED\",\"transition\":"
    "\"none\",\"score\":1,\"listed_zones\":[\"a.test\",\"b.test\"],\"unknown_zones\":[],\"carried_zones\":[],"
    "\"watch_zones\":[],\"added_zones\":[],\"removed_zones\":[],\"update\":null,\"db_changes\":false,"
    "\"db_outcome\":\"unchanged\"}\n"
    "{\"type\":\"ip\",\"ip\":\"192.0.2.4\",\"id\":4,\"ip_text\":\"192.0.2.4\",\"priority\":9,\"old_priority\":null,"
    "\"blocking_lists\":\"\",\"results\":[{\"zone\":\"b.test\",\"status\":\"UNKNOWN\",\"error\":\"timeout\"}],"
    "\"decision\":\"CLEAN\",\"transition\":\"none\",\"score\":0,\"listed_zones\":[],\"unknown_zones\":[\"b.test\"],"
    "\"carried_zones\":[],\"watch_zones\":[],\"added_zones\":[],\"removed_zones\":[],\"update\":null}\n"
    "{\"type\":\"end\",\"run_id\":\"11111111-1111-4111-8111-111111111111\",\"ips\":4,\"skipped\":0}\n";

/* --- in place of http.c --- */

struct exchange {
    struct exchange *next;
    const char *method;
    char *path;
    bool search;
    http_done *done;
    void *context;
};

struct http {
    struct exchange *first, **last;
    unsigned busy, concurrency;
    enum http_verdict verdict;
    int64_t lost_ms;
};

static char *answers; /* what is left of them */
static size_t answered, turns, created;
static bool knows_tickets; /* a search was answered */
static bool secret_named;  /* see names_secret() */
static int64_t now;

struct http *http_open(const char *base, const char *user, const char *token, unsigned concurrency,
                       const char *consequence)
{
    struct http *http = calloc(1, sizeof *http);

    HOLDS(base && user && token && concurrency > 0 && consequence);
    http->last = &http->first;
    http->concurrency = concurrency;
    return http;
}

static struct exchange *take_first(struct http *http)
{
    struct exchange *exchange = http->first;

    http->first = exchange->next;
    if (!http->first)
        http->last = &http->first;
    http->busy--;
    return exchange;
}

static void release(struct exchange *exchange)
{
    free(exchange->path);
    free(exchange);
}

void http_close(struct http *http)
{
    while (http->first)
        release(take_first(http));
    free(http);
}

unsigned http_free(const struct http *http)
{
    return http->verdict == HTTP_WORKS && http->busy < http->concurrency ? http->concurrency - http->busy : 0;
}

enum http_verdict http_verdict(const struct http *http)
{
    return http->verdict;
}

void http_give_up(struct http *http, enum http_verdict verdict, const char *format, ...)
{
    va_list arguments;
    char *why;

    if (http->verdict != HTTP_WORKS)
        return;
    http->verdict = verdict;
    va_start(arguments, format);
    why = memory_format_list(format, arguments);
    va_end(arguments);
    report(REPORT_ERROR, "jira_unreachable", "%s", why);
    free(why);
}

void http_spend(struct http *http, int64_t milliseconds)
{
    HOLDS(milliseconds >= 0);
    http->lost_ms += milliseconds;
    if (http->lost_ms > HTTP_BUDGET_MS)
        http_give_up(http, HTTP_DOWN, "Jira has cost too much waiting");
}

/* --- what is asked --- */

static size_t utf16_units(const char *text)
{
    size_t units = 0;

    for (; *text; text++)
        units += ((unsigned char)*text & 0xc0) != 0x80 ? 1U + ((unsigned char)*text >= 0xf0) : 0;
    return units;
}

static void check_fields(const json_t *fields)
{
    const json_t *summary = json_object_get(fields, "summary"), *description = json_object_get(fields, "description");
    const json_t *labels = json_object_get(fields, "labels"), *label;
    size_t index;

    HOLDS(!summary || (json_is_string(summary) && utf16_units(json_string_value(summary)) <= JIRA_SUMMARY_MAX));
    HOLDS(!summary || (json_string_length(summary) > 0 && !strchr(json_string_value(summary), '\n')));
    HOLDS(!description ||
          (json_is_string(description) && utf16_units(json_string_value(description)) <= JIRA_TEXT_MAX));
    HOLDS(!description || fuzz_is_plain(json_string_value(description), json_string_length(description), "\n"));
    json_array_foreach (labels, index, label)
        HOLDS(json_string_length(label) > 0 && json_string_length(label) <= 255 &&
              !strpbrk(json_string_value(label), " \t\r\n"));
}

static bool is_write(const char *method, const char *path)
{
    return !strcmp(method, "PUT") || (!strcmp(method, "POST") && !strcmp(path, JIRA_API "/issue"));
}

/*
 * Whether a record's list has a name with the secret in it: names are public, and stay as they are. Elsewhere, in
 * what lists and resolvers say, it is masked.
 */
static bool is_named(const json_t *value)
{
    static const char *const said[] = {"reason", "detail", "error"};
    bool found = json_is_string(value) && strcasestr(json_string_value(value), FUZZ_SECRET);
    json_t *part;
    const char *key;
    size_t index;

    json_array_foreach (value, index, part)
        found = found || is_named(part);
    json_object_foreach ((json_t *)value, key, part)
        found = found || (record_index(said, sizeof said / sizeof *said, key) < 0 && is_named(part));
    return found;
}

static bool names_secret(const char *stream)
{
    bool found = false;

    for (size_t length; !found && *stream; stream += length + (stream[length] == '\n')) {
        json_t *record;

        length = strcspn(stream, "\n");
        record = json_loadb(stream, length, 0, NULL);
        found = is_named(record);
        json_decref(record);
    }
    return found;
}

static void check_body(const char *method, const char *path, const json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);
    const json_t *comments = json_object_get(json_object_get(body, "update"), "comment"), *comment;
    size_t index;

    HOLDS(text && (secret_named || !strcasestr(text, FUZZ_SECRET)));
    HOLDS(strstr(path, "/search") ? json_is_string(json_object_get(body, "jql")) : is_write(method, path));
    check_fields(json_object_get(body, "fields"));
    json_array_foreach (comments, index, comment) {
        const json_t *words = json_object_get(json_object_get(comment, "add"), "body");

        HOLDS(json_string_length(words) > 0 && utf16_units(json_string_value(words)) <= JIRA_TEXT_MAX);
    }
    free(text);
}

/* Only what needs no escape in a path or a query (RFC 3986), so that nothing that Jira said is more than a name. */
static void check_path(const char *path)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/?=&,";
    const char *query = strchr(path, '?');

    HOLDS(!strncmp(path, JIRA_API "/", strlen(JIRA_API "/")) && strspn(path, allowed) == strlen(path));
    HOLDS(!strstr(path, "//") && (!query || !strchr(query + 1, '?')) && !strcasestr(path, FUZZ_SECRET));
}

void http_send(struct http *http, const char *method, const char *path, json_t *body, bool repeatable,
               http_done *done, void *context)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);

    check_path(path);
    if (body)
        check_body(method, path, body);
    if (is_write(method, path))
        HOLDS(!repeatable && knows_tickets && !self.addresses.dry_run);
    else
        HOLDS(repeatable);
    json_decref(body);
    *exchange = (struct exchange){.method = method, .path = strdup(path), .done = done, .context = context};
    exchange->search = strstr(path, "/search") != NULL;
    *http->last = exchange;
    http->last = &exchange->next;
    http->busy++;
}

/* --- what is answered --- */

/* What a Jira with a project OPS and without tickets says; *status as well. */
static json_t *usual_answer(const struct exchange *exchange, long *status)
{
    static const struct {
        const char *part, *body;
    } bodies[] = {
        {"/serverInfo", "{\"deploymentType\":\"Server\"}"},
        {"/myself", "{\"name\":\"dnsbl\"}"},
        {"/mypermissions", "{\"permissions\":{\"BROWSE_PROJECTS\":{\"havePermission\":true},\"CREATE_ISSUES\":{"
                           "\"havePermission\":true},\"EDIT_ISSUES\":{\"havePermission\":true},\"ADD_COMMENTS\":{"
                           "\"havePermission\":true}}}"},
        {"/issuetypes/",
         "{\"values\":[{\"fieldId\":\"summary\"},{\"fieldId\":\"description\"},{\"fieldId\":\"labels\"}],"
         "\"isLast\":true}"},
        {"/issuetypes",
         "{\"values\":[{\"name\":\"Task\",\"id\":\"3\"},{\"name\":\"Bug\",\"id\":\"4\"}],\"isLast\":true}"},
        {"/statuses", "[{\"statuses\":[{\"name\":\"Done\"},{\"name\":\"Open\"}]}]"},
        {"/search", "{\"issues\":[],\"total\":0,\"isLast\":true}"},
    };
    char key[64];

    *status = 200;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        if (strstr(exchange->path, bodies[i].part))
            return json_loads(bodies[i].body, 0, NULL);
    *status = !strcmp(exchange->method, "PUT") ? 204 : !strcmp(exchange->method, "POST") ? 201 : 404;
    snprintf(key, sizeof key, "OPS-%zu", ++created);
    return *status == 201 ? json_pack("{s:s, s:s}", "id", "10001", "key", key) : NULL;
}

static void reply(const struct exchange *exchange)
{
    char *line = answered++ < ANSWERS_MOST ? fuzz_cut(&answers, "\n") : NULL, *text = line;
    struct http_answer answer = {.outcome = HTTP_ANSWERED, .problem = "HTTP, as fuzzed"};
    json_t *body = NULL;

    if (!line || *line == '.') {
        body = usual_answer(exchange, &answer.status);
    } else {
        answer.status = strtol(line, &text, 10);
        body = json_loads(text, 0, NULL);
    }
    /* As http.c: what is no answer is not one, and 401 and 403 never come so far. */
    if (answer.status < 200 || answer.status > 499 || answer.status == 401 || answer.status == 403 ||
        (answer.status < 300 && answer.status != 204 && !body))
        answer =
            (struct http_answer){.outcome = is_write(exchange->method, exchange->path) ? HTTP_UNCERTAIN : HTTP_FAILED,
                                 .late = answer.status == 1,
                                 .problem = "the answer was lost"};
    else
        answer.body = body;
    knows_tickets = knows_tickets || (exchange->search && answer.status == 200);
    exchange->done(exchange->context, &answer);
    json_decref(body);
}

void http_wait(struct http *http, struct pollfd *fds, unsigned count, int timeout_ms)
{
    const struct http_answer stopped = {.outcome = HTTP_STOPPED, .problem = "Jira was given up"};

    HOLDS(++turns < TURNS_MOST);
    poll(fds, count, -1);
    if (!http->first && timeout_ms > 0)
        now += timeout_ms;
    while (http->verdict != HTTP_WORKS && http->first) {
        struct exchange *exchange = take_first(http);

        exchange->done(exchange->context, &stopped);
        release(exchange);
    }
    if (http->first) {
        struct exchange *exchange = take_first(http);

        reply(exchange);
        release(exchange);
    }
}

/* --- the stage --- */

static int64_t steady(void)
{
    return now;
}

static bool wait_for(int64_t milliseconds)
{
    now += milliseconds;
    return true;
}

static void load(void)
{
    static const char *const values[][2] = {{"JIRA_SERVER", "https://jira.example"},
                                            {"JIRA_USER", "dnsbl"},
                                            {"JIRA_API_TOKEN", FUZZ_SECRET},
                                            {"JIRA_PROJECT", "OPS"},
                                            {"JIRA_ISSUE_TYPE", "Task"},
                                            {"JIRA_DNS_FAILURE_ISSUE_TYPE", "Bug"}};

    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        fuzz_set(values[i][0], values[i][1]);
    run_take_option(run_options[0].val, NULL);
    settings_load(&self.settings, true);
    HOLDS(config_finish() == 0);
}

static void open_stage(const char *stream)
{
    static const struct clock clock = {steady, wait_for};

    now = 1000;
    answered = turns = created = 0;
    knows_tickets = false;
    secret_named = names_secret(stream);
    clock_replace(&clock);
    self = (struct stage){0};
    fuzz_begin(stream, strlen(stream), 65536);
    load();
}

static int run_stage(void)
{
    struct stage *stage = &self;

    ndjson_in_open(&stage->in, STDIN_FILENO);
    ndjson_out_open(&stage->out, STDOUT_FILENO, true);
    stage->out.never_blocks = true;
    stage->addresses = (struct addresses){.settings = &stage->settings, .out = &stage->out, .census = &stage->census};
    run(stage);
    write_end(stage);
    ndjson_out_close(&stage->out);
    return exit_status_worse(ndjson_status(&stage->in, &stage->out), jira_status(stage));
}

static void check_record(const json_t *record, void *count)
{
    static const char *const actions[] = {"created_issue", "updated_issue", "no_action", "failed"};
    const char *action = json_string_value(json_object_get(record, "jira_action"));
    const json_t *issue = json_object_get(record, "jira_issue");

    if (strcmp(json_string_value(json_object_get(record, "type")), "ip") != 0)
        return;
    HOLDS(action && record_index(actions, sizeof actions / sizeof *actions, action) >= 0);
    HOLDS(json_is_null(issue) || json_is_string(issue));
    ++*(size_t *)count;
}

/* A `run` record that does not say whether it is dry ends the process, which is the records' target's business. */
static bool ends_process(const char *stream)
{
    return strstr(stream, "dry_run") && !strstr(stream, "\"dry_run\":false") && !strstr(stream, "\"dry_run\":true");
}

static void check_stream(const char *stream)
{
    size_t addresses = 0;
    int status;

    open_stage(stream);
    status = run_stage();
    HOLDS(status == 0 || status == 1 || status == 65 || status == 69 || status == 77);
    HOLDS(!self.sync || sync_idle(self.sync));
    fuzz_each_line(&fuzz_out, check_record, &addresses);
    HOLDS(addresses <= self.in.lines_ip && addresses + self.in.bad + self.out.refused >= self.in.lines_ip);
    close_stage(&self);
}

static void check_check(void)
{
    int status;

    open_stage("");
    status = check_stage(&self);
    HOLDS(status == 0 || status == 69 || status == 77);
    HOLDS(created == 0 && fuzz_out.length == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size), *rest = text;
    const char *stream;

    answers = fuzz_cut(&rest, "\n--\n");
    stream = rest && *rest ? rest : usual_stream;
    if (!strncmp(answers, "?\n", 2)) {
        answers += 2;
        check_check();
    } else if (!ends_process(stream)) {
        check_stream(stream);
    }
    clock_replace(NULL);
    fuzz_end();
    free(text);
    return 0;
}
