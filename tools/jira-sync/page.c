#include "page.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "jira.h"
#include "memory.h"
#include "secret.h"
#include "text.h"

void page_open(struct page *page)
{
    page->file = memory_stream(&page->text, &page->length);
}

char *page_close(struct page *page)
{
    char *masked;

    fclose(page->file);
    masked = secret_mask(page->text);
    free(page->text);
    return masked;
}

bool page_has_room(const struct page *page, size_t bytes)
{
    return (size_t)ftell(page->file) + bytes + PAGE_TAIL <= JIRA_TEXT_MAX;
}

void page_foreign(struct page *page, const char *text)
{
    char *visible = text_visible(text);

    for (const char *at = visible; *at; at++) {
        fputc(*at, page->file);
        if (*at == '{' && !strncasecmp(at, "{noformat", strlen("{noformat")))
            fputc(' ', page->file);
    }
    free(visible);
}

void page_field(struct page *page, const char *text)
{
    size_t length = strlen(text);
    char *cut;

    if (length > PAGE_FIELD_MAX)
        length = PAGE_FIELD_MAX;
    while (length > 0 && text[length] && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--; /* between characters (RFC 3629) */
    cut = memory_bytes(text, length);
    page_foreign(page, cut);
    free(cut);
}

/* Only what means nothing in wiki text and needs no escape in a URL (RFC 3986). */
static size_t url_length(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#@&=+%,;";
    size_t length = strspn(text, allowed);

    while (length > 0 && strchr(".,;:?", text[length - 1]))
        length--;
    return length;
}

void page_links(struct page *page, const char *text)
{
    for (const char *at = strcasestr(text, "http"); at; at = strcasestr(at, "http")) {
        size_t length = url_length(at);
        size_t scheme = !strncasecmp(at, "https://", 8) ? 8 : !strncasecmp(at, "http://", 7) ? 7 : 0;

        if (scheme == 0 || length <= scheme) {
            at++;
            continue;
        }
        fprintf(page->file, "* [%.*s]\n", (int)length, at);
        at += length;
    }
}
