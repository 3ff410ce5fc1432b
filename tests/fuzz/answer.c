/*
 * A DNS message, behind a byte that says whether TXT or A was asked for (its lowest bit). The structs of zones are
 * fixed: a domain for each kind of filter.
 */
#include "../../tools/dnsbl-probe/answer.h"

#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "fuzz.h"

static const char list[] = "any.test F:filter.test=127.0.[0;1].[2..11]*2 F:filter.test=127.0.0.3*-5 "
                           "ONE:one.test=127.0.0.1 WATCH:watch.test*0";

static bool is_loopback(const unsigned char address[4])
{
    return address[0] == 127;
}

static bool is_refusal(const unsigned char address[4])
{
    return address[0] == 127 && address[1] == 255 && address[2] == 255;
}

static void check_read(const struct answer *answer, int type, size_t size)
{
    HOLDS(answer->error <= ANSWER_MALFORMED && answer->error != ANSWER_TIMEOUT && answer->error != ANSWER_BOGUS);
    HOLDS((answer->count > 0) == (answer->addresses != NULL));
    HOLDS(answer->count <= size / 4); /* none is made up */
    if (answer->error || type == ns_t_txt)
        HOLDS(answer->count == 0);
    if (answer->error || type == ns_t_a)
        HOLDS(!answer->text);
    if (!answer->text)
        return;
    HOLDS(strlen(answer->text) <= 512);
    HOLDS(!strcasestr(answer->text, FUZZ_SECRET));
    for (const char *at = answer->text; *at; at++) /* foreign text: UTF-8, and that alone is promised here */
        HOLDS(fuzz_is_plain(at, 1,
                            "\1\2\3\4\5\6\a\b\t\n\v\f\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37\177") ||
              (unsigned char)*at >= 0x80);
}

/* The table of the specification, section 5, from the other end. */
static void check_status(const struct answer *answer, const struct zones *zones, const struct zone *zone)
{
    enum answer_error error;
    enum record_status status = answer_status(answer, zones, zone, &error);
    bool refused = false, outside = false;

    for (size_t i = 0; i < answer->count; i++) {
        refused = refused || is_refusal(answer->addresses[i]);
        outside = outside || !is_loopback(answer->addresses[i]);
    }
    HOLDS((status == RECORD_UNKNOWN) == (error != ANSWER_FINE));
    if (answer->error)
        HOLDS(error == answer->error);
    else if (refused)
        HOLDS(error == ANSWER_BLOCKED && *answer_blocked_meaning(answer));
    else if (outside)
        HOLDS(error == ANSWER_NOT_A_DNSBL);
    HOLDS(answer_outside(answer) == outside);
    if (status == RECORD_LISTED)
        HOLDS(answer->count > 0 && !refused && !outside);
    if (!error && answer->count == 0)
        HOLDS(status == RECORD_NOT_LISTED);
    if (!error && answer->count > 0 && zone->sites[0].filter.any)
        HOLDS(status == RECORD_LISTED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct zones zones;
    int type = size > 0 && data[0] & 1 ? ns_t_txt : ns_t_a;
    struct answer answer;

    if (zones.count == 0) {
        fuzz_set("DNSBL_ZONES", list);
        zones_load(&zones);
        HOLDS(config_finish() == 0);
    }
    if (size == 0)
        return 0;
    fuzz_begin("", 0, 1);
    answer_read(&answer, data + 1, size - 1, type);
    check_read(&answer, type, size);
    for (size_t i = 0; type == ns_t_a && i < zones.count; i++)
        check_status(&answer, &zones, &zones.items[i]);
    answer_clear(&answer);
    fuzz_end();
    return 0;
}
