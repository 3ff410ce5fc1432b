#include "page.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "html.h"
#include "memory.h"

/*
 * The files, as as(1) includes them; the makefile knows that this object depends on
 * them, and defines the hashes that CSP wants (Content Security Policy Level 3, section 2.3.1).
 */
#define EMBED(name, file)                                                                                            \
    extern const char name[], name##_end[]; /* NOLINT(bugprone-macro-parentheses): they are declared */              \
    __asm__(".pushsection .rodata\n"                                                                                 \
            ".global " #name ", " #name "_end\n"                                                                     \
            ".hidden " #name ", " #name "_end\n" #name ":\n"                                                         \
            ".incbin \"" file "\"\n" #name "_end:\n"                                                                 \
            ".popsection\n")

/* In bytes. To C these are two arrays, whose addresses must not be subtracted (C11 6.5.6). */
#define EMBEDDED_SIZE(name) ((size_t)((uintptr_t)name##_end - (uintptr_t)(name)))

EMBED(page_html, "tools/dnsbl-report/page.html");
EMBED(page_css, "tools/dnsbl-report/page.css");
EMBED(page_js, "tools/dnsbl-report/page.js");

void page_write_time(struct ndjson_out *out, const char *time)
{
    time_t seconds;

    if (!clock_parse(time, &seconds)) {
        html_text(out, time[0] ? time : "at an unknown time");
        return;
    }
    html_raw(out, "<time datetime=\"");
    html_text(out, time);
    html_format(out, "\">%.10s %.5s UTC</time>", time, time + 11);
}

static void write_style(struct ndjson_out *out, const struct view *view)
{
    (void)view;
    ndjson_write_line(out, page_css, EMBEDDED_SIZE(page_css));
}

static void write_script(struct ndjson_out *out, const struct view *view)
{
    (void)view;
    ndjson_write_line(out, page_js, EMBEDDED_SIZE(page_js));
}

static void write_style_hash(struct ndjson_out *out, const struct view *view)
{
    (void)view;
    html_raw(out, PAGE_CSS_HASH);
}

static void write_script_hash(struct ndjson_out *out, const struct view *view)
{
    (void)view;
    html_raw(out, PAGE_JS_HASH);
}

static void write_version(struct ndjson_out *out, const struct view *view)
{
    (void)view;
    html_raw(out, VERSION);
}

static const struct {
    const char *name;
    void (*write)(struct ndjson_out *, const struct view *);
} parts[] = {
    {"style", write_style},           {"script", write_script},
    {"style-hash", write_style_hash}, {"script-hash", write_script_hash},
    {"version", write_version},       {"summary", summary_write},
    {"zones", zones_write},           {"listed", listed_write},
    {"chart", chart_write},           {"data", data_write},
};

static void write_part(struct ndjson_out *out, const struct view *view, const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strlen(parts[i].name) == length && !strncmp(parts[i].name, name, length))
            parts[i].write(out, view);
}

void page_write(struct ndjson_out *out, const struct view *view)
{
    char *template = memory_bytes(page_html, EMBEDDED_SIZE(page_html)), *at = template, *part;

    while ((part = strstr(at, "{{"))) {
        char *end = strstr(part, "}}");

        ndjson_write_line(out, at, (size_t)(part - at));
        write_part(out, view, part + 2, (size_t)(end - part - 2));
        at = end + 2;
    }
    html_raw(out, at);
    free(template);
}
