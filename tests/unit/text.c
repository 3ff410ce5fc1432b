/* Text from strangers: valid UTF-8, bounded, harmless on a terminal. */
#include "text.h"

#include "tap.h"

static char *foreign(const char *bytes)
{
    return text_foreign(bytes, strlen(bytes));
}

static size_t utf8(const char *bytes)
{
    return text_utf8_length((const unsigned char *)bytes, strlen(bytes));
}

static void check_utf8(void)
{
    CHECK(utf8("a") == 1);
    CHECK(utf8("\u00e9") == 2);
    CHECK(utf8("\u20ac") == 3);
    CHECK(utf8("\U0001F600") == 4);
    CHECK(utf8("\x80") == 0);
    CHECK(utf8("\xc0\xaf") == 0);         /* overlong */
    CHECK(utf8("\xe0\x80\xaf") == 0);     /* overlong */
    CHECK(utf8("\xed\xa0\x80") == 0);     /* surrogate */
    CHECK(utf8("\xf4\x90\x80\x80") == 0); /* above U+10FFFF */
    CHECK(utf8("\xe2\x82") == 0);         /* cut off */
    CHECK(utf8("\xe2\x82x") == 0);
    CHECK(utf8("\xff") == 0);
}

static void check_foreign(void)
{
    char long_text[1000];
    char *kept;

    CHECK_NEW_TEXT(foreign("Listed, see https://example.org/?ip=192.0.2.1"),
                   "Listed, see https://example.org/?ip=192.0.2.1");
    CHECK_NEW_TEXT(foreign("caf\u00e9"), "caf\u00e9");
    CHECK_NEW_TEXT(foreign("caf\xe9!"), "caf\\233!");
    CHECK_NEW_TEXT(foreign("\xe2\x82"), "\\226\\130");
    CHECK_NEW_TEXT(text_foreign("a\0b", 3), "a\\000b");
    CHECK_NEW_TEXT(text_foreign("", 0), "");

    memset(long_text, 'x', sizeof long_text);
    kept = text_foreign(long_text, sizeof long_text);
    CHECK(strlen(kept) == TEXT_FOREIGN_MAX);
    free(kept);
    long_text[TEXT_FOREIGN_MAX - 1] = '\xc3'; /* would be cut in two */
    long_text[TEXT_FOREIGN_MAX] = '\xa9';
    kept = text_foreign(long_text, sizeof long_text);
    CHECK(strlen(kept) == TEXT_FOREIGN_MAX - 1);
    free(kept);
    long_text[TEXT_FOREIGN_MAX - 2] = '\xff'; /* its four characters have no room */
    kept = text_foreign(long_text, sizeof long_text);
    CHECK(strlen(kept) == TEXT_FOREIGN_MAX - 2);
    free(kept);
}

static void check_visible(void)
{
    CHECK_NEW_TEXT(text_visible("plain \u00e9\U0001F600"), "plain \u00e9\U0001F600");
    CHECK_NEW_TEXT(text_visible("a\nb\tc\x1b[2J\x7f"), "a\\010b\\009c\\027[2J\\127");
    CHECK_NEW_TEXT(text_visible("\xc2\x85"), "\\194\\133");    /* C1 */
    CHECK_NEW_TEXT(text_visible("\u202e"), "\\226\\128\\174"); /* right-to-left override */
    CHECK_NEW_TEXT(text_visible("\u2066"), "\\226\\129\\166");
    CHECK_NEW_TEXT(text_visible("\u2028"), "\\226\\128\\168");
    CHECK_NEW_TEXT(text_visible("1.2\u200b.3"), "1.2\\226\\128\\139.3"); /* zero-width space */
    CHECK_NEW_TEXT(text_visible("\ufeffa"), "\\239\\187\\191a");         /* byte order mark */
    CHECK_NEW_TEXT(text_visible("\u2010\u2030"), "\u2010\u2030");        /* between two ranges that are hidden */
    CHECK_NEW_TEXT(text_visible("\U000e0fff\U000e1000"), "\\243\\160\\191\\191\U000e1000");
    CHECK_NEW_TEXT(text_visible("a\ufe0f\u0301"), "a\\239\\184\\143\u0301"); /* a variation selector, an accent */
    CHECK_NEW_TEXT(text_visible("\u3164"), "\\227\\133\\164");               /* Hangul filler */
    CHECK_NEW_TEXT(text_visible("\xff"), "\\255");
    CHECK_NEW_TEXT(text_visible(""), "");
}

static void check_columns(void)
{
    char number[TEXT_COUNT_SIZE];

    CHECK(text_columns("") == 0);
    CHECK(text_columns("abc") == 3);
    CHECK(text_columns("caf\u00e9") == 4);
    CHECK(text_columns("e\u0301") == 1);      /* a combining accent */
    CHECK(text_columns("\u4e2d\u6587") == 4); /* wide characters */
    CHECK_NEW_TEXT(text_cut("abcdef", 6), "abcdef");
    CHECK_NEW_TEXT(text_cut("abcdef", 5), "abcd\u2026");
    CHECK_NEW_TEXT(text_cut("abcdef", 1), "\u2026");
    CHECK_NEW_TEXT(text_cut("abcdef", 0), "");
    CHECK_NEW_TEXT(text_cut("", 0), "");
    CHECK_NEW_TEXT(text_cut("caf\u00e9s", 4), "caf\u2026");
    CHECK_NEW_TEXT(text_cut("caf\u00e9s", 5), "caf\u00e9s");
    CHECK_NEW_TEXT(text_cut("\u4e2d\u6587\u5b57", 4), "\u4e2d\u2026"); /* half a character is none */
    CHECK_NEW_TEXT(text_cut("e\u0301xy", 2), "e\u0301\u2026");
    CHECK_TEXT(text_count(0, number), "0");
    CHECK_TEXT(text_count(999, number), "999");
    CHECK_TEXT(text_count(1024, number), "1,024");
    CHECK_TEXT(text_count(1234567, number), "1,234,567");
    CHECK_TEXT(text_count(18446744073709551615ULL, number), "18,446,744,073,709,551,615");
}

int main(void)
{
    check_utf8();
    check_foreign();
    check_visible();
    check_columns();
    return tap_end();
}
