#include "text.h"

#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "memory.h"

size_t text_utf8_length(const unsigned char *bytes, size_t available)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high;
        size_t length;
    } forms[] = {/* RFC 3629 section 4 */
                 {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
                 {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
                 {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (available < forms[i].length || bytes[0] < forms[i].first_low || bytes[0] > forms[i].first_high)
            continue;
        if (forms[i].length > 1 && (bytes[1] < forms[i].second_low || bytes[1] > forms[i].second_high))
            return 0;
        for (size_t j = 2; j < forms[i].length; j++)
            if ((bytes[j] & 0xc0) != 0x80)
                return 0;
        return forms[i].length;
    }
    return 0;
}

static uint32_t code_point(const unsigned char *bytes, size_t length)
{
    static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = bytes[0] & first_bits[length];

    for (size_t i = 1; i < length; i++)
        code = code << 6 | (bytes[i] & 0x3f);
    return code;
}

/*
 * What is not seen, or changes how the rest is: Unicode's general categories Cc, Cf, Zl and Zp
 * (UnicodeData.txt 15.0), among them the controls of ISO 6429 and those of writing direction (UAX #9); what has no
 * shape of its own (Default_Ignorable_Code_Point, DerivedCoreProperties.txt), in which text can be hidden; and the
 * blank pattern of braille.
 */
static bool is_hidden(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0x0000, 0x001f},   {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x034f, 0x034f},   {0x0600, 0x0605},
                  {0x061c, 0x061c},   {0x06dd, 0x06dd},   {0x070f, 0x070f},   {0x0890, 0x0891},   {0x08e2, 0x08e2},
                  {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e},
                  {0x2060, 0x206f},   {0x2800, 0x2800},   {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
                  {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f},
                  {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};

    for (size_t i = 0; i < sizeof ranges / sizeof *ranges && code >= ranges[i].first; i++)
        if (code <= ranges[i].last)
            return true;
    return false;
}

static void escape(FILE *out, const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        fprintf(out, "\\%03u", (unsigned)bytes[i]);
}

char *text_foreign(const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    char *text;
    size_t size, kept = 0;
    FILE *out = memory_stream(&text, &size);

    while (length > 0) {
        size_t step = *at ? text_utf8_length(at, length) : 0;
        size_t width = step ? step : 4;

        if (kept + width > TEXT_FOREIGN_MAX)
            break;
        if (step)
            fwrite(at, 1, step, out);
        else
            escape(out, at, 1);
        kept += width;
        step = step ? step : 1;
        at += step;
        length -= step;
    }
    fclose(out);
    return text;
}

char *text_visible(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t length = strlen(text), size;
    char *visible;
    FILE *out = memory_stream(&visible, &size);

    while (length > 0) {
        size_t step = text_utf8_length(at, length);

        if (step && !is_hidden(code_point(at, step)))
            fwrite(at, 1, step, out);
        else
            escape(out, at, step ? step : 1);
        step = step ? step : 1;
        at += step;
        length -= step;
    }
    fclose(out);
    return visible;
}

/* --- columns of a terminal --- */

/* The C library knows widths in a UTF-8 locale only; where there is none, each character counts as one column. */
static locale_t utf8_locale(void)
{
    static locale_t locale;

    if (!locale)
        locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    return locale;
}

void text_prepare(void)
{
    utf8_locale();
}

static size_t character_columns(uint32_t code)
{
    locale_t locale = utf8_locale(), former;
    int width = 1;

    if (code >= 0x80 && locale) {
        former = uselocale(locale);
        width = wcwidth((wchar_t)code);
        uselocale(former);
    }
    return width < 0 ? 1 : (size_t)width;
}

/* The length in bytes of the character at the start of text, and its columns. A byte that is not UTF-8 is one. */
static size_t next_character(const char *text, size_t length, size_t *columns)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t size = text_utf8_length(bytes, length);

    *columns = size ? character_columns(code_point(bytes, size)) : 1;
    return size ? size : 1;
}

size_t text_columns(const char *text)
{
    size_t length = strlen(text), sum = 0, columns;

    for (size_t at = 0; at < length; sum += columns)
        at += next_character(text + at, length - at, &columns);
    return sum;
}

char *text_cut(const char *text, size_t columns)
{
    size_t length = strlen(text), at = 0, taken = 0, next;

    if (text_columns(text) <= columns)
        return memory_string(text);
    if (columns == 0)
        return memory_string("");
    for (;;) {
        size_t size = next_character(text + at, length - at, &next);

        if (taken + next > columns - 1) /* the last is for the mark */
            return memory_format("%.*s…", (int)at, text);
        at += size;
        taken += next;
    }
}

char *text_count(unsigned long long number, char buffer[TEXT_COUNT_SIZE])
{
    char digits[TEXT_COUNT_SIZE], *out = buffer;
    int length = snprintf(digits, sizeof digits, "%llu", number);

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
    return buffer;
}
