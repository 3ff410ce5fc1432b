/* DNSBL_ZONES: its grammar, its refusals, and what its filters and weights mean. */
#include "zones.h"

#include "config.h"
#include "memory.h"
#include "report.h"
#include "secret.h"
#include "tap.h"

static struct zones zones;
static size_t problems;

/* How many problems the list has; what could be understood is in zones. */
static size_t load(const char *list)
{
    size_t before = problems;

    zones_free(&zones);
    setenv("DNSBL_ZONES", list, 1);
    zones_load(&zones);
    problems = config_finish();
    return problems - before;
}

static void check_grammar(void)
{
    CHECK(load("zen.example.org") == 0 && zones.count == 1 && zones.domain_count == 1);
    CHECK(zones.items[0].site_count == 1 && zones.items[0].positive == 1 && zones.items[0].negative == 0);
    CHECK_TEXT(zones.items[0].name, "zen.example.org");
    CHECK(load("\n a.test,\tb.test , C_1.d-e:X.Test=127.0.0.2*-3\r\n,") == 0 && zones.count == 3);
    CHECK_TEXT(zones.items[2].name, "C_1.d-e");
    CHECK_TEXT(zones.domains[zones.items[2].domain], "x.test");
    CHECK(zones.items[2].negative == -3 && zones.items[2].positive == 0);
    CHECK(load("A:x.test=127.0.0.2*2,B:X.TEST=127.0.0.3,A:x.test=127.0.0.4*0,A:x.test*-1") == 0);
    CHECK(zones.count == 2 && zones.domain_count == 1 && zones.items[0].site_count == 3);
    CHECK(zones.items[0].positive == 2 && zones.items[0].negative == -1);
    CHECK(zones_find(&zones, "B") == &zones.items[1] && !zones_find(&zones, "b") && !zones_find(&zones, "x.test"));
    CHECK(zone_is_called(&zones, &zones.items[0], "A") && zone_is_called(&zones, &zones.items[0], "X.test"));
    CHECK(!zone_is_called(&zones, &zones.items[0], "a") && !zone_is_called(&zones, &zones.items[0], "B"));
    CHECK(load("a.test*1000000,b.test*-1000000") == 0);
    CHECK(load("_dnsbl.a-b.test,1.2.test") == 0);
}

static const char *const refused[] = {
    "", /* unset */
    " , ",
    "localhost",
    "a..test",
    ".a.test",
    "a.test.",
    "-a.test",
    "a-.test",
    "a.test-",
    "a b",
    "a.te$t",
    "caf\xc3\xa9.test",
    "a.test=",
    "a.test=127.0.0",
    "a.test=127.0.0.256",
    "a.test=127.0.0.2.",
    "a.test=127.0.0.[]",
    "a.test=127.0.0.[2",
    "a.test=127.0.0.[2..]",
    "a.test=127.0.0.[5..2]",
    "a.test=127.0.0.[2;]",
    "a.test=127.0.0.2]",
    "a.test=192.0.2.1",
    "a.test=127.0.0.x",
    "a.test*",
    "a.test*x",
    "a.test*1.5",
    "a.test*1000001",
    "a.test*-1000001",
    "a.test*2=127.0.0.2",
    ":a.test",
    "A:",
    "A:B:a.test",
    "A/B:a.test",
    "A:a.test,A:b.test",
    "a.test,a.test:b.test",
    "key4711.zen.dq.spamhaus.net",
    "KEY4711.combined.mail.abusix.zone=127.0.0.2",
    "A:${UNSET_KEY}.a.test",
    "A:${.a.test",
    /* 64 characters in a label of the domain, and in a label before it */
    "a.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.test",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx:a.test",
};

static void check_refused(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        tap_check(load(refused[i]) >= 1, "refused: \"%s\"", refused[i]);
    tap_check(load("x..y,u..v,good.test") == 2, "all problems are noted, and what is good is kept");
    tap_check(load("A:${UNSET_A}.a.test,${UNSET_B},C:${UNSET_A}.c.test=x,w..v,good.test") == 3 && zones.count == 1,
              "each variable without a value is noted once, and the other problems too");
    CHECK(zones.count == 1);
    load("A:${}.a.test");
    CHECK(zones.count == 0);
    load("A:${BAD-NAME}.a.test");
    tap_check(zones.count == 0, "no variable's name: the same problem as before");
}

static void check_limits(void)
{
    char *list = memory_new(1001, 16), *end = list;

    for (int i = 0; i < 1000; i++)
        end += sprintf(end, "z%d.test ", i);
    CHECK(load(list) == 0 && zones.count == 1000);
    sprintf(end, "more.test");
    CHECK(load(list) == 1);
    end = list;
    for (int i = 0; i < 94; i++)
        end += sprintf(end, "a.");
    sprintf(end, "b"); /* 189 characters: with 63 of a reversed IPv6 address and a dot the 253 that a name may have */
    CHECK(strlen(list) == 189 && load(list) == 0);
    sprintf(end, "bc");
    CHECK(load(list) == 1);
    free(list);
}

static bool names(const char *filter, unsigned char last)
{
    const unsigned char address[4] = {127, 0, 0, last};
    char *list = NULL;
    bool found;

    if (asprintf(&list, "a.test=%s", filter) < 0)
        abort();
    found = load(list) == 0 && zone_filter_names(&zones.items[0].sites[0].filter, address);
    free(list);
    return found;
}

static void check_filters(void)
{
    const unsigned char answers[][4] = {{127, 0, 0, 2}, {127, 0, 0, 10}};
    const unsigned char elsewhere[4] = {127, 0, 1, 2};
    bool matches, positive;

    CHECK(names("127.0.0.2", 2) && !names("127.0.0.2", 3));
    CHECK(names("127.0.0.[2;4..6]", 2) && !names("127.0.0.[2;4..6]", 3) && names("127.0.0.[2;4..6]", 4));
    CHECK(names("127.0.0.[2;4..6]", 6) && !names("127.0.0.[2;4..6]", 7));
    CHECK(names("127.0.0.[0..255]", 0) && names("127.0.0.[0..255]", 255));
    CHECK(names("127.[0..1].[0].[2]", 2));
    CHECK(load("a.test=127.0.0.2") == 0 && !zone_filter_names(&zones.items[0].sites[0].filter, elsewhere));
    tap_check(load("a.test") == 0 && !zone_filter_names(&zones.items[0].sites[0].filter, answers[0]),
              "no filter names nothing");

    CHECK(load("M:a.test=127.0.0.2*2,M:a.test=127.0.0.10*-1,M:a.test=127.0.0.3*4,M:a.test*0") == 0);
    CHECK(zone_weigh(&zones.items[0], answers, 2, &matches, &positive) == 1 && matches && positive);
    CHECK(zone_weigh(&zones.items[0], answers, 1, &matches, &positive) == 2 && matches && positive);
    CHECK(zone_weigh(&zones.items[0], answers + 1, 1, &matches, &positive) == -1 && matches && !positive);
    CHECK(zone_weigh(&zones.items[0], answers, 0, &matches, &positive) == 0 && !matches && !positive);
}

/* Sites that are quoted in a message, with a key in a place where none is expected. */
static const char *const mistyped[] = {
    "typed1.zen.dq.spamhaus.net:CSS",           "CSS:typed2.zen.dq.spamhaus.net.",
    "CSS:Typed3.zen.DQ.spamhaus.net/127.0.0.3", "CSS=typed4.zen.dq.spamhaus.net",
    "CSS;typed5.zen.dq.spamhaus.net;CSS",       "A:a.test*typed6.combined.mail.abusix.zone",
    "CSS: typed7.zen.dq.spamhaus.net:a.test",
};

static void check_keys(void)
{
    char *text;

    setenv("ZONE_KEY", "sesame4711", 1);
    free(tap_stderr());
    CHECK(load("CSS:${ZONE_KEY}.zen.dq.spamhaus.net=127.0.0.3*2") == 0);
    CHECK_TEXT(zones.items[0].name, "CSS");
    CHECK_TEXT(zones.domains[0], "sesame4711.zen.dq.spamhaus.net");
    CHECK_NEW_TEXT(secret_mask("SESAME4711"), SECRET_MASK);
    CHECK(load("CSS:${ZONE_KEY}.zen.dq.spamhaus.net=1.2.3.4") == 1);
    CHECK(load("X:PlainKey99.combined.mail.abusix.zone*x") == 1);
    for (size_t i = 0; i < sizeof mistyped / sizeof *mistyped; i++)
        tap_check(load(mistyped[i]) >= 1, "mistyped: %s", mistyped[i]);
    text = tap_stderr();
    CHECK(!strstr(text, "sesame4711") && !strcasestr(text, "PlainKey99") && strstr(text, SECRET_MASK));
    tap_check(!strcasestr(text, "typed"), "no key of a mistyped site is shown");
    free(text);
    CHECK_NEW_TEXT(zone_name_shown("zen.spamhaus.org"), "zen.spamhaus.org");
    CHECK_NEW_TEXT(zone_name_shown("OTHERKEY.zen.DQ.spamhaus.net"), "***.zen.DQ.spamhaus.net");
    CHECK_NEW_TEXT(zone_name_shown("otherkey.combined.mail.abusix.zone"), "***.combined.mail.abusix.zone");
    CHECK_NEW_TEXT(zone_name_shown("dq.spamhaus.net"), "dq.spamhaus.net");
    CHECK_NEW_TEXT(zone_name_shown("sesame4711.elsewhere.test"), "***.elsewhere.test");
}

int main(void)
{
    report_open("unit");
    tap_capture_stderr();
    check_grammar();
    check_refused();
    check_limits();
    check_filters();
    check_keys();
    zones_free(&zones);
    return tap_end();
}
