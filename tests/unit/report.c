/* Log lines: one JSON object each, controls and secrets masked. */
#include "report.h"

#include "secret.h"
#include "tap.h"

/* The only line on stderr as an object, new. */
static json_t *line(void)
{
    char *text = tap_stderr();
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    tap_check(object && strchr(text, '\n') == text + strlen(text) - 1, "one line: %.*s", (int)strcspn(text, "\n"),
              text);
    free(text);
    return object;
}

static const char *member(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

int main(void)
{
    json_t *object, *kept = json_pack("{s:s}", "k", "sesame");

    tap_capture_stderr();
    report_open("unit");
    secret_add("sesame");
    report(REPORT_WARNING, "odd", "%s and\n\x1b[0m\xff %s", "sesame", "\u202e");
    object = line();
    CHECK_TEXT(member(object, "error_message"), "*** and\\010\\027[0m\\255 \\226\\128\\174");
    CHECK_TEXT(member(object, "level"), "WARNING");
    CHECK_TEXT(member(object, "tool"), "unit");
    CHECK_TEXT(member(object, "error_type"), "odd");
    CHECK(strlen(member(object, "timestamp")) == 24);
    CHECK(json_is_null(json_object_get(object, "job_run_id")));
    json_decref(object);

    report_run("run-1");
    report_with(
        REPORT_ERROR, "worse",
        json_pack("{s:s, s:i, s:[s], s:s}", "server", "http://sesame@x", "n", 5, "zones", "a sesame", "level", "NO"),
        "text");
    object = line();
    CHECK_TEXT(member(object, "server"), "http://***@x");
    CHECK_TEXT(member(object, "level"), "ERROR");
    CHECK_TEXT(member(object, "job_run_id"), "run-1");
    CHECK(json_integer_value(json_object_get(object, "n")) == 5);
    CHECK_TEXT(json_string_value(json_array_get(json_object_get(object, "zones"), 0)), "a ***");
    json_decref(object);

    report_with(REPORT_INFO, "kept", json_pack("{s:O}", "part", kept), "text");
    object = line();
    CHECK_TEXT(member(json_object_get(object, "part"), "k"), "***");
    tap_text(member(kept, "k"), "sesame", "what a caller keeps is not masked");
    json_decref(object);
    json_decref(kept);

    report_run("run\xc2\x9b"
               "2J-2");
    report_with(REPORT_INFO, "steered", json_pack("{s:s}", "server", "a\u202eb"), "text");
    object = line();
    CHECK_TEXT(member(object, "job_run_id"), "run\\194\\1552J-2");
    CHECK_TEXT(member(object, "server"), "a\\226\\128\\174b");
    json_decref(object);

    report_run(NULL);
    report(REPORT_INFO, "fine", "%s", "");
    object = line();
    CHECK(json_is_null(json_object_get(object, "job_run_id")));
    json_decref(object);
    return tap_end();
}
