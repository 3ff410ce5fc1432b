/*
 * The whole of dnsbl-report: streams and logs in, a page out. The first byte says into which pieces the input is cut,
 * and by bit 0 --require-run. The page is taken apart as a browser would: nothing that was read may be markup in it,
 * and what the script reads is JSON.
 */
int dnsbl_report_main(int argc, char **argv);
#define main dnsbl_report_main
#include "../../tools/dnsbl-report/main.c"
#undef main

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static const char *const elements[] = {
    "a",      "b",        "body",    "button", "caption", "circle",     "code",     "dd",     "desc",     "details",
    "div",    "dl",       "dt",      "em",     "figure",  "figcaption", "fieldset", "footer", "form",     "g",
    "h1",     "h2",       "h3",      "head",   "header",  "html",       "i",        "input",  "label",    "legend",
    "li",     "line",     "link",    "main",   "meta",    "nav",        "noscript", "ol",     "option",   "p",
    "path",   "polyline", "pre",     "rect",   "search",  "script",     "section",  "select", "small",    "span",
    "strong", "style",    "summary", "svg",    "table",   "tbody",      "td",       "text",   "template", "tfoot",
    "th",     "thead",    "time",    "title",  "tr",      "ul",         "use",
};

/* How often those are there that would do something: as often as without any input. */
struct page_counts {
    size_t scripts, styles, links, handlers, tags;
};

static bool is_element(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (strlen(elements[i]) == length && !strncmp(elements[i], name, length))
            return true;
    return false;
}

/* A reference to a character: one of html_text()'s, or of the page's own. */
static void check_reference(const char *at)
{
    const char *end = at + 1 + strspn(at + 1, "#0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    HOLDS(end > at + 1 && end - at < 12 && *end == ';');
}

/* From the blank behind the element's name; returns what is behind the >. */
static const char *take_attributes(const char *at, struct page_counts *counts)
{
    for (;;) {
        size_t name;

        at += strspn(at, " \n");
        if (*at == '>')
            return at + 1;
        if (*at == '/') {
            at++;
            continue;
        }
        name = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-:0123456789");
        HOLDS(name > 0);
        counts->handlers += !strncasecmp(at, "on", 2) || !strncasecmp(at, "href", 4) || !strncasecmp(at, "src", 3) ||
                            !strncasecmp(at, "style", 5);
        at += name;
        if (*at != '=')
            continue;
        HOLDS(at[1] == '"');
        for (at += 2; *at != '"'; at++) {
            HOLDS(*at && *at != '<' && *at != '>');
            if (*at == '&')
                check_reference(at);
        }
        at++;
    }
}

static const char *take_tag(const char *at, struct page_counts *counts)
{
    size_t length;

    if (!strncmp(at, "<!doctype html>", 15) || !strncmp(at, "<!DOCTYPE html>", 15))
        return at + 15;
    at += at[1] == '/' ? 2 : 1;
    length = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789");
    HOLDS(is_element(at, length));
    counts->tags++;
    counts->scripts += length == 6 && !strncmp(at, "script", 6);
    counts->styles += length == 5 && !strncmp(at, "style", 5);
    counts->links += (length == 4 && !strncmp(at, "link", 4)) || (length == 1 && *at == 'a');
    return take_attributes(at + length, counts);
}

/* Between a script's tags nothing is markup but the end: its text is as long as that is away. */
static const char *take_raw(const char *at, const char *end_tag, bool is_data)
{
    const char *end = strstr(at, end_tag);
    json_t *data;

    HOLDS(end != NULL);
    if (is_data) {
        HOLDS(!memchr(at, '<', (size_t)(end - at)) && !memchr(at, '&', (size_t)(end - at)));
        data = json_loadb(at, (size_t)(end - at), JSON_REJECT_DUPLICATES, NULL);
        HOLDS(json_is_object(data) && json_is_array(json_object_get(data, "addresses")) && fuzz_all_plain(data));
        json_decref(data);
    }
    return end;
}

/* The part of a page that differs from another one's: without its head, style included, and without page.js. */
static const char *body_of(const char *page, const char **end)
{
    const char *data = strstr(page, "<script type="), *body = strstr(page, "</head>");

    HOLDS(body && data);
    *end = strstr(data, "</script>\n<script>");
    HOLDS(*end != NULL);
    *end += strlen("</script>");
    return body;
}

static struct page_counts check_body(const char *at, const char *end)
{
    struct page_counts counts = {0};

    HOLDS(fuzz_is_plain(at, (size_t)(end - at), "\n"));
    while (at < end) {
        if (*at == '<') {
            bool script = !strncmp(at, "<script", 7), style = !strncmp(at, "<style", 6);
            bool is_data = script && strcspn(at, ">") > strlen("<script");

            at = take_tag(at, &counts);
            if (script || style)
                at = take_raw(at, script ? "</script>" : "</style>", is_data);
        } else {
            HOLDS(*at != '>');
            if (*at == '&')
                check_reference(at);
            at++;
        }
    }
    return counts;
}

/* What is the same in every page, byte for byte, and what is usual in the rest of one without input. */
static struct {
    size_t head, tail;
    char *page;
    struct page_counts counts;
} empty;

static void make_empty(void)
{
    const char *body, *end;

    fuzz_begin("", 0, 1);
    make_page(false);
    empty.page = fuzz_string((const uint8_t *)fuzz_out.bytes, fuzz_out.length);
    body = body_of(empty.page, &end);
    empty.head = (size_t)(body - empty.page);
    empty.tail = strlen(end);
    empty.counts = check_body(body, end);
    fuzz_end();
}

static void check_page(const struct fuzz_text *page)
{
    const char *end, *body = body_of(page->bytes, &end);
    struct page_counts counts = check_body(body, end);

    HOLDS(strlen(page->bytes) == page->length);
    HOLDS(page->length > empty.head + empty.tail && !memcmp(page->bytes, empty.page, empty.head));
    HOLDS(!strcmp(end, empty.page + strlen(empty.page) - empty.tail));
    HOLDS(counts.scripts == empty.counts.scripts && counts.styles == empty.counts.styles);
    HOLDS(counts.links == empty.counts.links && counts.handlers == empty.counts.handlers);
    HOLDS(counts.tags >= empty.counts.tags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int status;

    if (!empty.page)
        make_empty();
    if (size == 0)
        return 0;
    fuzz_begin(data + 1, size - 1, 1 + data[0] / 2U * 20);
    status = make_page((data[0] & 1) != 0);
    HOLDS(status == 0 || status == 1 || status == 65);
    check_page(&fuzz_out);
    fuzz_end();
    return 0;
}
