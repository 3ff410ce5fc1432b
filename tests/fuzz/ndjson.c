/*
 * The reader and the writer of the stream. The first byte says how it is read: options of the reader by its bits 0-2,
 * whether \1 stands for 64 KiB of `x` (bit 3, behind 0100: lines as long as they may be, and longer), and into which
 * pieces it is cut. However it comes in, the same records come out, and what was accepted can be passed on and read
 * again.
 */
#include "ndjson.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

enum { BARE_LINES = 1, REQUIRE_RUN = 2, COLLECTED = 4, INFLATED = 8 };

#define BLOWN_UP 65536
#define BLOWN_UP_MOST 20 /* of which 16 are NDJSON_LINE_MAX */

struct reading {
    char *text; /* what was read, a record a line */
    size_t length;
    unsigned long bad, lines, ips;
    int status;
};

static char *inflate(const uint8_t *data, size_t size, size_t *length)
{
    size_t count = 0;
    char *text, *to;

    for (size_t i = 0; i < size; i++)
        count += data[i] == 1;
    count = count > BLOWN_UP_MOST ? BLOWN_UP_MOST : count;
    to = text = malloc(size + count * BLOWN_UP + 1);
    if (!text)
        abort();
    for (size_t i = 0; i < size; i++) {
        bool blown_up = data[i] == 1 && count > 0;

        memset(to, blown_up ? 'x' : data[i], blown_up ? BLOWN_UP : 1);
        to += blown_up ? BLOWN_UP : 1;
        count -= blown_up;
    }
    *length = (size_t)(to - text);
    return text;
}

/* Members that a stage adds stand behind those that came; one that is there already takes its new value. */
static void check_line(const struct ndjson_record *record, json_t *fields)
{
    size_t length;
    char *line = ndjson_line(record, fields, &length);
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);

    HOLDS(length == strlen(line) && line[length - 1] == '\n' && !memchr(line, '\n', length - 1));
    HOLDS(object && fuzz_holds_members(object, record->object, fields) && fuzz_holds_members(object, fields, NULL));
    json_decref(object);
    json_decref(fields);
    free(line);
}

static void check_record(const struct ndjson_record *record, unsigned options)
{
    json_t *object;

    HOLDS(strlen(record->text) == record->length || !record->object);
    HOLDS(record->length < NDJSON_LINE_MAX && !memchr(record->text, '\n', record->length));
    if (!record->object) {
        HOLDS((options & BARE_LINES) && !record->type && record->text[0] != '{');
        return;
    }
    object = json_loadb(record->text, record->length, JSON_REJECT_DUPLICATES, NULL);
    HOLDS(object && json_equal(object, record->object));
    HOLDS(!strcmp(record->type, json_string_value(json_object_get(object, "type"))));
    json_decref(object);
    if (record->length > 4096)
        return;
    check_line(record, json_pack("{s:f, s:[s, n]}", "\tfuzz", 0.1, "fuzz too", "}"));
    check_line(record, json_pack("{s:s, s:s}", "type", record->type, "fuzz", "\"}"));
}

static void keep(struct ndjson_in *in, struct ndjson_out *out, const struct ndjson_record *record, void *options)
{
    (void)in;
    check_record(record, *(unsigned *)options);
    ndjson_write(out, record);
}

static struct reading read_all(const char *text, size_t length, size_t piece, unsigned options)
{
    struct reading reading;
    struct ndjson_in in;
    struct ndjson_out out;

    fuzz_begin(text, length, piece);
    ndjson_in_open(&in, STDIN_FILENO);
    in.bare_lines = options & BARE_LINES;
    in.require_run = options & REQUIRE_RUN;
    in.collected = options & COLLECTED;
    ndjson_out_open(&out, STDOUT_FILENO, false);
    ndjson_each(&in, &out, keep, &options);
    ndjson_out_close(&out);
    reading =
        (struct reading){.bad = in.bad, .lines = in.line, .ips = in.lines_ip, .status = ndjson_status(&in, &out)};
    ndjson_in_close(&in);
    fuzz_end();
    reading.length = fuzz_out.length;
    reading.text = fuzz_string((const uint8_t *)fuzz_out.bytes, fuzz_out.length);
    HOLDS(fuzz_messages("bad_record") == reading.bad);
    HOLDS((fuzz_messages("cut_off") == 1) == (reading.status == 65));
    HOLDS(reading.status == 65 || reading.status == (reading.bad > 0));
    return reading;
}

static void check_same(const struct reading *one, const struct reading *other)
{
    HOLDS(one->length == other->length && !memcmp(one->text, other->text, one->length));
    HOLDS(one->bad == other->bad && one->lines == other->lines && one->ips == other->ips);
    HOLDS(one->status == other->status);
}

/* What was passed on by a reader without complaint is read without complaint, and passed on as it is. */
static void check_again(const struct reading *reading, unsigned options)
{
    struct reading again = read_all(reading->text, reading->length, 65536, options);

    if (reading->status != 65)
        HOLDS(again.bad == 0 && again.status == 0);
    HOLDS(again.length == reading->length && !memcmp(again.text, reading->text, again.length));
    free(again.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading whole, pieces;
    unsigned options;
    size_t length;
    char *text;

    if (size == 0)
        return 0;
    options = data[0] & (data[0] >> 4 == 4 ? 15 : 7); /* long lines take long: for one first byte in 16 */
    text = options & INFLATED ? inflate(data + 1, size - 1, &length) : fuzz_string(data + 1, length = size - 1);
    whole = read_all(text, length, 65536, options);
    pieces = read_all(text, length, options & INFLATED ? 50000 + data[0] : 1 + data[0] / 16U, options);
    check_same(&whole, &pieces);
    check_again(&whole, options);
    free(whole.text);
    free(pieces.text);
    free(text);
    return 0;
}
