/* The stream: lines, frames, writing, and what happens when writing fails. */
#include "ndjson.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "memory.h"
#include "report.h"
#include "secret.h"
#include "sysexits.h"
#include "tap.h"
#include "text.h"

#define RUN "{\"type\":\"run\"}\n"
#define IP "{\"type\":\"ip\"}\n"
#define END "{\"type\":\"end\"}\n"

/* A descriptor that holds the bytes. */
static int holding(const char *bytes, size_t length)
{
    FILE *file = tmpfile();
    int fd;

    if (!file || fwrite(bytes, 1, length, file) != length || fflush(file) != 0)
        abort();
    fd = dup(fileno(file));
    fclose(file);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

/* Reads an open stream to its end and closes it; returns the first letters of its records' types, "-" for a bare
 * line. */
static const char *read_on(struct ndjson_in *in)
{
    static char letters[256];
    struct ndjson_record *record;
    enum ndjson_event event;
    size_t count = 0;

    while ((event = ndjson_next(in, &record)) != NDJSON_END) {
        if (event == NDJSON_AGAIN) {
            ndjson_fill(in);
            continue;
        }
        if (count < sizeof letters - 1)
            letters[count++] = record->type ? record->type[0] : '-';
        ndjson_record_free(record);
    }
    letters[count] = '\0';
    ndjson_in_close(in);
    close(in->fd);
    free(tap_stderr());
    return letters;
}

static const char *read_all(struct ndjson_in *in, const char *bytes, size_t length, bool bare_lines, bool require_run)
{
    ndjson_in_open(in, holding(bytes, length));
    in->bare_lines = bare_lines;
    in->require_run = require_run;
    return read_on(in);
}

static void check_frames(void)
{
    static const struct {
        const char *stream, *letters;
        bool require_run, cut_off;
        int status;
    } cases[] = {
        {RUN IP IP END, "riie", true, false, EXIT_DONE},
        {RUN END, "re", true, false, EXIT_DONE},
        {IP IP, "ii", false, false, EXIT_DONE},
        {IP IP, "ii", true, true, EXIT_CUT_OFF},
        {"", "", false, false, EXIT_DONE},
        {"", "", true, true, EXIT_CUT_OFF},
        {RUN, "r", false, true, EXIT_CUT_OFF},
        {RUN IP, "ri", false, true, EXIT_CUT_OFF},
        {RUN IP "{\"type\":\"end\"}", "ri", false, true, EXIT_CUT_OFF},
        {IP "{\"type\":\"ip\"}", "i", false, true, EXIT_CUT_OFF},
        {RUN IP RUN IP END, "ri", false, true, EXIT_CUT_OFF},
        {RUN IP END IP, "rie", false, true, EXIT_CUT_OFF},
        {RUN IP END "\n", "rie", false, true, EXIT_CUT_OFF},
        {RUN IP END "x", "rie", false, true, EXIT_CUT_OFF},
        {RUN END RUN END, "re", false, true, EXIT_CUT_OFF},
        {IP RUN END, "i", false, true, EXIT_CUT_OFF},
        {IP END, "i", false, true, EXIT_CUT_OFF},
        {END, "", false, true, EXIT_CUT_OFF},
        {RUN "x\n" IP END, "rie", false, false, EXIT_SOME_FAILED},
        {"x\n" RUN IP END, "rie", true, false, EXIT_SOME_FAILED},
        {RUN "{\"type\":\"new\"}\n" END, "rne", false, false, EXIT_DONE},
        {RUN " " IP "\t{ \"type\" : \"ip\" } \r\n" END, "riie", false, false, EXIT_DONE},
    };
    struct ndjson_in in;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *stream = cases[i].stream;
        const char *letters = read_all(&in, stream, strlen(stream), false, cases[i].require_run);
        int status = ndjson_status(&in, NULL);

        tap_check(!strcmp(letters, cases[i].letters) && ndjson_cut_off(&in) == cases[i].cut_off &&
                      status == cases[i].status,
                  "frame %zu: %s, cut off %d, status %d", i, letters, ndjson_cut_off(&in), status);
    }
}

static void check_collected(void)
{
    static const struct {
        const char *stream, *letters;
        bool require_run;
        int status;
    } cases[] = {
        {RUN IP END RUN IP END, "rierie", true, EXIT_DONE},
        {IP RUN END IP, "irei", false, EXIT_DONE},
        {IP RUN END, "ire", true, EXIT_CUT_OFF},
        {RUN END IP RUN END, "reire", true, EXIT_CUT_OFF},
        {"", "", true, EXIT_CUT_OFF},
        {RUN IP RUN IP END, "ririe", false, EXIT_CUT_OFF},
        {RUN END RUN IP, "reri", false, EXIT_CUT_OFF},
        {RUN END END, "ree", false, EXIT_CUT_OFF},
        {RUN END "{\"type\":\"run\"}", "re", false, EXIT_CUT_OFF},
        {RUN "{\"tool\":\"pg-ips\"}\n" END, "re", false, EXIT_DONE},
        {RUN "{\"tool\":1}\n" END, "re", false, EXIT_SOME_FAILED},
        {RUN END "x\n" RUN END, "rere", false, EXIT_SOME_FAILED},
    };
    struct ndjson_in in;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *letters;
        int status;

        ndjson_in_open(&in, holding(cases[i].stream, strlen(cases[i].stream)));
        in.collected = true;
        in.require_run = cases[i].require_run;
        letters = read_on(&in);
        status = ndjson_status(&in, NULL);
        tap_check(!strcmp(letters, cases[i].letters) && status == cases[i].status, "collected %zu: %s, status %d", i,
                  letters, status);
    }
}

static void check_bad_lines(void)
{
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"type\":1}",
        "{\"type\":\"ip\"",
        "{\"type\":\"ip\"} x",
        "{\"type\":\"ip\",\"type\":\"ip\"}",
        "{\"type\":\"ip\",\"a\":{\"b\":1,\"b\":2}}",
        "{\"type\":\"ip\",\"n\":9223372036854775808}",
        "{\"type\":\"ip\",\"n\":1e999}",
        "{\"type\":\"ip\",\"s\":\"\xff\"}",
        "{\"type\":\"ip\",\"s\":\"\\ud800\"}",
        "{\"type\":\"ip\",\"s\":\"\\u0000\"}",
        "{\"type\":\"ip\",\"s\":\"\t\"}",
        "{'type':'ip'}",
    };
    static const char with_nul[] = "{\"type\":\"i\0p\"}\n" IP;
    static const char nul_behind[] = "{\"type\":\"ip\",\"n\":5\0}\n" IP; /* which Jansson reads */
    static const char biggest[] = "{\"type\":\"ip\",\"n\":9223372036854775807}\n";
    struct ndjson_in in;
    char *line;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        line = memory_format("%s\n" IP, bad[i]);
        tap_check(!strcmp(read_all(&in, line, strlen(line), false, false), "i") && in.bad == 1, "bad: %s", bad[i]);
        free(line);
    }
    tap_check(!strcmp(read_all(&in, with_nul, sizeof with_nul - 1, false, false), "i") && in.bad == 1, "bad: NUL");
    CHECK(!strcmp(read_all(&in, nul_behind, sizeof nul_behind - 1, false, false), "i") && in.bad == 1);
    CHECK(!strcmp(read_all(&in, biggest, strlen(biggest), false, false), "i") && !in.bad);
}

static void check_bare_lines(void)
{
    static const char stream[] = "192.0.2.1\n# comment\n\n" IP " {}\nnonsense\n";
    struct ndjson_in in;

    CHECK_TEXT(read_all(&in, stream, strlen(stream), true, false), "---i--");
    CHECK(in.bad == 0 && !ndjson_cut_off(&in) && in.lines_ip == 1);
    CHECK_TEXT(read_all(&in, "192.0.2.1", 9, true, false), "");
    CHECK(ndjson_cut_off(&in));
}

/* A record whose line has length bytes, its newline included. */
static char *line_of(size_t length)
{
    static const char frame[] = "{\"type\":\"ip\",\"pad\":\"\"}\n";

    return memory_format("{\"type\":\"ip\",\"pad\":\"%0*d\"}\n", (int)(length - strlen(frame)), 0);
}

static void check_long_lines(void)
{
    static const struct {
        size_t length;
        bool fits;
    } cases[] = {{65535, true},
                 {65536, true},
                 {65537, true},
                 {NDJSON_LINE_MAX, true},
                 {NDJSON_LINE_MAX + 1, false},
                 {3 * NDJSON_LINE_MAX + 7, false}};
    struct ndjson_in in;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *line = line_of(cases[i].length), *stream = memory_format(IP "%s" IP, line);
        const char *letters = read_all(&in, stream, strlen(stream), false, false);

        tap_check(!strcmp(letters, cases[i].fits ? "iii" : "ii") && in.bad == !cases[i].fits && in.line == 3,
                  "a line of %zu bytes", cases[i].length);
        free(stream);
        free(line);
    }
}

/* Too long or not, it stands behind end. */
static void check_long_line_behind_end(void)
{
    char *line = line_of(2 * NDJSON_LINE_MAX), *stream = memory_format(RUN END "%s", line);
    struct ndjson_in in;

    CHECK_TEXT(read_all(&in, stream, strlen(stream), false, false), "re");
    CHECK(ndjson_cut_off(&in) && ndjson_status(&in, NULL) == EXIT_CUT_OFF);
    free(tap_stderr());
    free(stream);
    free(line);
}

/* What a record quotes of itself is cut, so that a log line stays one write (pipe(7)). */
static void check_report_is_short(void)
{
    struct ndjson_in in = {.line = 7};
    char *foreign = memory_new(NDJSON_LINE_MAX, 1), *text;

    memset(foreign, 'x', NDJSON_LINE_MAX - 1);
    ndjson_bad(&in, "\"%s\" is not an IP address", foreign);
    text = tap_stderr();
    CHECK(in.bad == 1 && strlen(text) < 1024 && strstr(text, "line 7: ") && strstr(text, "dropped"));
    free(text);
    free(foreign);
}

/* Of a secret that the cut goes through, the head would be shown: nobody knows it for what it is. */
static void check_report_masks_before_it_cuts(void)
{
    struct ndjson_in in = {.line = 7};
    char *quoted, *text;

    secret_add("a-key-that-nobody-shall-see");
    quoted = memory_format("%*s%s", TEXT_FOREIGN_MAX - 8, "", "a-key-that-nobody-shall-see");
    ndjson_bad(&in, "%s", quoted);
    text = tap_stderr();
    CHECK(in.bad == 1 && !strstr(text, "a-key") && strstr(text, SECRET_MASK));
    free(text);
    free(quoted);
}

static void check_read_error(void)
{
    struct ndjson_in in;
    int fd = open("/", O_RDONLY | O_DIRECTORY);
    char *text;

    ndjson_in_open(&in, fd);
    ndjson_fill(&in);
    CHECK(ndjson_status(&in, NULL) == EXIT_CUT_OFF);
    text = tap_stderr();
    CHECK(strstr(text, "Is a directory") && strstr(text, "reading it failed") && !strstr(text, "empty"));
    free(text);
    ndjson_in_close(&in);
    close(fd);
}

/* What writing a record with fields gives, new. */
static char *written(const char *text, const char *fields)
{
    struct ndjson_record record = {.object = json_loads(text, 0, NULL), .text = memory_string(text)};
    json_t *added = json_loads(fields, 0, NULL);
    size_t length;
    char *line = ndjson_line(&record, added, &length);

    if (length != strlen(line))
        abort();
    json_decref(added);
    json_decref(record.object);
    free(record.text);
    return line;
}

static void check_fields(void)
{
    CHECK_NEW_TEXT(written("{ \"type\":\"ip\", \"x\" : 1.50e1 }", "{\"a\":[1],\"b\":0.1}"),
                   "{ \"type\":\"ip\", \"x\" : 1.50e1 ,\"a\":[1],\"b\":0.1}\n");
    CHECK_NEW_TEXT(written("{\"type\":\"ip\",\"s\":\"}\"}  ", "{\"a\":\"}\"}"),
                   "{\"type\":\"ip\",\"s\":\"}\",\"a\":\"}\"}\n");
    CHECK_NEW_TEXT(written("{\"type\":\"ip\"}", "{}"), "{\"type\":\"ip\"}\n");
    CHECK_NEW_TEXT(written("{\"type\":\"ip\",\"a\":1,\"z\":0.1}", "{\"n\":2,\"a\":3}"),
                   "{\"type\":\"ip\",\"a\":3,\"z\":0.10000000000000001,\"n\":2}\n");
}

static void check_too_long(void)
{
    char *line = line_of(NDJSON_LINE_MAX);
    struct ndjson_record record = {.text = line, .length = NDJSON_LINE_MAX - 1};
    struct ndjson_out out;
    int fd = holding("", 0);

    line[NDJSON_LINE_MAX - 1] = '\0';
    record.object = json_loads(line, 0, NULL);
    ndjson_out_open(&out, fd, false);
    ndjson_write(&out, &record);
    CHECK(!ndjson_write_with(&out, &record, json_pack("{s:i}", "a", 1)) && out.refused == 1);
    CHECK(ndjson_write_object(&out, json_pack("{s:s}", "type", "x")));
    ndjson_out_close(&out);
    CHECK(lseek(fd, 0, SEEK_END) == NDJSON_LINE_MAX + (off_t)strlen("{\"type\":\"x\"}\n"));
    close(fd);
    json_decref(record.object);
    free(line);
    free(tap_stderr());
}

/* Writes a record in another process; returns its wait status, and whether it got behind the write. */
static int write_to(int fd, bool outlives_reader, bool *survived)
{
    int status, behind[2];
    char byte;

    if (pipe(behind) < 0)
        abort();
    fflush(stdout);
    if (fork() == 0) {
        struct ndjson_out out;

        ndjson_out_open(&out, fd, outlives_reader);
        ndjson_write_line(&out, IP, strlen(IP));
        ndjson_out_close(&out);
        _exit(write(behind[1], "", 1) == 1 && out.gone ? 1 : 0);
    }
    close(behind[1]);
    *survived = read(behind[0], &byte, 1) == 1;
    close(behind[0]);
    wait(&status);
    return status;
}

static void check_failing_writes(void)
{
    int full = open("/dev/full", O_WRONLY), ends[2], status;
    bool survived;
    char *text;

    status = write_to(full, false, &survived);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_OUTPUT && !survived);
    text = tap_stderr();
    CHECK(strstr(text, "output_error"));
    free(text);
    status = write_to(full, true, &survived);
    CHECK(survived && WIFEXITED(status) && WEXITSTATUS(status) == 1);
    free(tap_stderr());
    close(full);

    if (pipe(ends) < 0)
        abort();
    close(ends[0]);
    status = write_to(ends[1], false, &survived);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE && !survived);
    CHECK_NEW_TEXT(tap_stderr(), "");
    status = write_to(ends[1], true, &survived);
    CHECK(survived && WIFEXITED(status) && WEXITSTATUS(status) == 1);
    free(tap_stderr());
    close(ends[1]);
}

int main(void)
{
    report_open("unit");
    tap_capture_stderr();
    check_frames();
    check_collected();
    check_bad_lines();
    check_bare_lines();
    check_long_lines();
    check_long_line_behind_end();
    check_report_is_short();
    check_report_masks_before_it_cuts();
    check_read_error();
    check_fields();
    check_too_long();
    check_failing_writes();
    return tap_end();
}
