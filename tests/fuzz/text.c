/*
 * A text from strangers: cut, made visible, masked, fitted to a terminal, put into a ticket; and read as a time. The
 * first byte is how many columns there are.
 */
#include "text.h"

#include <stdlib.h>
#include <string.h>

#include "../../tools/jira-sync/page.h"
#include "clock.h"
#include "fuzz.h"
#include "secret.h"

static void check_foreign(const uint8_t *data, size_t size)
{
    char *text = text_foreign(data, size), *visible = text_visible(text), *again = text_foreign(text, strlen(text));

    HOLDS(strlen(text) <= TEXT_FOREIGN_MAX && !strcmp(text, again));
    HOLDS(fuzz_is_plain(visible, strlen(visible), ""));
    free(text);
    free(visible);
    free(again);
}

static void check_visible(const char *text)
{
    char *visible = text_visible(text), *again = text_visible(visible);

    HOLDS(fuzz_is_plain(visible, strlen(visible), ""));
    HOLDS(!strcmp(visible, again) && strlen(visible) >= strlen(text));
    if (fuzz_is_ordinary(text, strlen(text)))
        HOLDS(!strcmp(text, visible));
    free(visible);
    free(again);
}

static void check_cut(const char *text, size_t columns)
{
    char *visible = text_visible(text), *cut = text_cut(visible, columns);

    HOLDS(text_columns(cut) <= columns && fuzz_is_plain(cut, strlen(cut), ""));
    if (text_columns(visible) <= columns)
        HOLDS(!strcmp(visible, cut));
    free(visible);
    free(cut);
}

static void check_mask(const char *text)
{
    char *masked = secret_mask(text);

    HOLDS(!strcasestr(masked, FUZZ_SECRET));
    if (!strcasestr(text, FUZZ_SECRET))
        HOLDS(!strcmp(text, masked));
    free(masked);
}

/* Nothing of it is markup: no {noformat} ends the block that it stands in, and a link is a URL and no more. */
static void check_page(const char *text)
{
    struct page page;
    char *written;

    page_open(&page);
    page_foreign(&page, text);
    fputc('\n', page.file);
    page_field(&page, text);
    fputc('\n', page.file);
    page_links(&page, text);
    written = page_close(&page);
    HOLDS(!strcasestr(written, "{noformat") && !strcasestr(written, FUZZ_SECRET));
    HOLDS(fuzz_is_plain(written, strlen(written), "\n"));
    for (char *at = strchr(strchr(written, '\n') + 1, '\n') + 1, *link; (link = fuzz_cut(&at, "\n"));)
        HOLDS(!*link || (!strncasecmp(link, "* [http", 7) && strcspn(link + 3, "]|[{}") + 4 == strlen(link)) ||
              strstr(link, SECRET_MASK));
    free(written);
}

static void check_time(const char *text)
{
    time_t seconds = 0;

    if (clock_parse(text, &seconds))
        HOLDS(strlen(text) >= 20 && seconds > -70000000000 && seconds < 300000000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (size == 0)
        return 0;
    text = fuzz_string(data + 1, size - 1);
    fuzz_begin("", 0, 1);
    check_foreign(data + 1, size - 1);
    check_visible(text);
    check_cut(text, data[0]);
    check_mask(text);
    check_page(text);
    check_time(text);
    fuzz_end();
    free(text);
    return 0;
}
