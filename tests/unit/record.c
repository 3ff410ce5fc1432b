/* The parts of a record, and what is refused. */
#include "record.h"

#include "tap.h"

static json_t *object;

static const json_t *load(const char *text)
{
    json_error_t error;

    json_decref(object);
    object = json_loads(text, 0, &error);
    if (!object)
        printf("Bail out! %s: %s\n", error.text, text);
    return object;
}

/* A problem is expected; it is shown, for its text is for people. */
static void refused(char *problem, const char *what)
{
    tap_check(problem != NULL, "refused: %s", what);
    if (problem)
        printf("# %s\n", problem);
    free(problem);
}

static void check_ip(void)
{
    static const char *const bad[] = {"{}", "{\"ip\":1}", "{\"ip\":null}", "{\"ip\":\"\"}",
                                      "{\"ip\":\"192.0.2.1/24\"}"};
    const char *text;
    struct ip ip;

    CHECK(!record_ip(load("{\"ip\":\"192.0.2.1\"}"), &ip, &text) && ip.family == 4);
    CHECK_TEXT(text, "192.0.2.1");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(record_ip(load(bad[i]), &ip, &text), bad[i]);
}

static void check_row(void)
{
    static const char *const bad[] = {
        "{\"id\":1}",
        "{\"ip_text\":\"x\"}",
        "{\"id\":\"1\",\"ip_text\":\"x\"}",
        "{\"id\":1.0,\"ip_text\":\"x\"}",
        "{\"id\":1,\"ip_text\":1}",
        "{\"id\":1,\"ip_text\":\"x\",\"priority\":\"1\"}",
        "{\"id\":1,\"ip_text\":\"x\",\"old_priority\":1.5}",
        "{\"id\":1,\"ip_text\":\"x\",\"blocking_lists\":[]}",
        "{\"id\":1,\"ip_text\":\"x\",\"last_event\":1}",
    };
    struct record_row row;

    CHECK(!record_row(load("{\"type\":\"ip\"}"), &row) && !row.present);
    CHECK(!record_row(load("{\"id\":9007199254740993,\"ip_text\":\" x\",\"priority\":null,\"old_priority\":-1,"
                           "\"blocking_lists\":null,\"last_event\":\"e\"}"),
                      &row));
    CHECK(row.present && row.id == 9007199254740993 && !row.has_priority && row.has_old_priority &&
          row.old_priority == -1);
    CHECK_TEXT(row.ip_text, " x");
    CHECK_TEXT(row.blocking_lists, "");
    CHECK_TEXT(row.last_event, "e");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(record_row(load(bad[i]), &row), bad[i]);
}

static void check_results(void)
{
    static const char *const bad[] = {
        "{}",
        "{\"results\":{}}",
        "{\"results\":[1]}",
        "{\"results\":[{\"zone\":\"a\"}]}",
        "{\"results\":[{\"status\":\"LISTED\"}]}",
        "{\"results\":[{\"zone\":\"a\",\"status\":\"listed\"}]}",
        "{\"results\":[{\"zone\":\"a\",\"status\":\"LISTED\",\"answers\":null}]}",
        "{\"results\":[{\"zone\":\"a\",\"status\":\"LISTED\",\"answers\":[1]}]}",
        "{\"results\":[{\"zone\":\"a\",\"status\":\"LISTED\",\"reason\":1}]}",
        "{\"results\":[{\"zone\":\"a\",\"status\":\"LISTED\",\"error\":1}]}",
        "{\"results\":[{\"zone\":\"a\",\"status\":\"LISTED\",\"duration_ms\":\"1\"}]}",
        "{\"results\":[],\"probed_at\":1}",
    };
    struct record_results results;

    CHECK(!record_results(load("{\"results\":[]}"), &results) && results.count == 0 && !results.probed_at);
    CHECK(!record_results(load("{\"results\":[{\"zone\":\"a\",\"status\":\"LISTED\",\"answers\":[\"127.0.0.2\"],"
                               "\"reason\":\"why\",\"error\":null,\"duration_ms\":3},"
                               "{\"zone\":\"b\",\"status\":\"UNKNOWN\",\"error\":\"timeout\",\"duration_ms\":1.5}],"
                               "\"probed_at\":\"now\"}"),
                          &results));
    CHECK(results.count == 2 && results.items[0].status == RECORD_LISTED && results.items[0].duration_ms == 3 &&
          !results.items[0].error && json_array_size(results.items[0].answers) == 1);
    CHECK(results.items[1].status == RECORD_UNKNOWN && results.items[1].duration_ms == 1.5 &&
          !results.items[1].reason && json_array_size(results.items[1].answers) == 0);
    CHECK_TEXT(results.items[1].error, "timeout");
    CHECK_TEXT(results.probed_at, "now");
    free(results.items);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(record_results(load(bad[i]), &results), bad[i]);
}

static void check_decision(void)
{
    static const char good[] =
        "{\"decision\":\"LISTED\",\"transition\":\"held\",\"score\":-2,\"listed_zones\":[\"a\","
        "\"b\"],\"unknown_zones\":[],\"carried_zones\":[],\"watch_zones\":[],\"added_zones\":[],"
        "\"removed_zones\":[],\"update\":null}";
    static const char *const changes[][2] = {
        {"decision", "\"MAYBE\""}, {"transition", "\"x\""},   {"score", "1.5"}, {"score", "\"1\""},
        {"listed_zones", "[1]"},   {"unknown_zones", "null"}, {"update", "1"},  {"removed_zones", "{}"},
    };
    struct record_decision decision;

    CHECK(!record_decision(load(good), &decision) && decision.listed && decision.score == -2 &&
          decision.transition == RECORD_TRANSITION_HELD && json_is_null(decision.update));
    CHECK_NEW_TEXT(record_join(decision.listed_zones, ","), "a,b");
    CHECK_NEW_TEXT(record_join(decision.added_zones, ","), "");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        load(good);
        json_object_set_new(object, changes[i][0], json_loads(changes[i][1], JSON_DECODE_ANY, NULL));
        refused(record_decision(object, &decision), changes[i][0]);
        load(good);
        json_object_del(object, changes[i][0]);
        refused(record_decision(object, &decision), changes[i][0]);
    }
}

static void check_counts(void)
{
    CHECK(record_is_count(0) && record_is_count(RECORD_COUNT_MAX));
    CHECK(!record_is_count(-1) && !record_is_count(RECORD_COUNT_MAX + 1));
}

int main(void)
{
    check_counts();
    check_ip();
    check_row();
    check_results();
    check_decision();
    CHECK(record_index(record_status_names, 3, "NOT_LISTED") == RECORD_NOT_LISTED);
    CHECK(record_index(record_status_names, 3, "") == -1);
    json_decref(object);
    return tap_end();
}
