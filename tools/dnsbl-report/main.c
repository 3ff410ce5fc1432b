/*
 * dnsbl-report: a page from records or operators' logs, of one run or of many. Reads no configuration and touches no
 * server; dnsbl-report(1).
 */
#include <unistd.h>

#include "collected.h"
#include "confine.h"
#include "ndjson.h"
#include "page.h"
#include "signals.h"
#include "sysexits.h"
#include "tool.h"
#include "view.h"

static const char help[] = "usage: dnsbl-report [--check[=online]] [--require-run] [--help] [--version]\n"
                           "\n"
                           "Reads finished records, of one run or of many behind each other, or operators' logs,\n"
                           "and writes a page in HTML: the pool now, the lists, and what was listed when. The page\n"
                           "is one file and asks nobody for anything. See dnsbl-report(1).\n"
                           "\n"
                           "  --check        check the configuration and exit; there is none, so that succeeds\n"
                           "  --require-run  input that is not runs, each with run and end, counts as cut off\n"
                           "  --help         show this text\n"
                           "  --version      show the version\n";

static void write_page(struct ndjson_out *out, struct collected *collected, bool cut_off)
{
    struct view view;

    history_finish(&collected->history);
    view_make(&view, collected, cut_off);
    page_write(out, &view);
    view_free(&view);
}

/* All of the input, as one page. */
static int make_page(bool require_run)
{
    struct collected collected = {.history.current = HISTORY_NONE};
    struct ndjson_in in;
    struct ndjson_out out;
    int status;

    ndjson_in_open(&in, STDIN_FILENO);
    in.collected = true;
    in.require_run = require_run;
    ndjson_out_open(&out, STDOUT_FILENO, false);
    ndjson_each(&in, &out, collected_take, &collected);
    in.cut_off = in.cut_off || collected.history.torn;
    write_page(&out, &collected, ndjson_cut_off(&in) || signals_received());
    ndjson_out_close(&out);
    status = ndjson_status(&in, &out);
    ndjson_in_close(&in);
    pool_free(&collected.pool);
    history_free(&collected.history);
    return status;
}

int main(int argc, char **argv)
{
    struct tool tool = {.name = "dnsbl-report", .help = help};
    enum tool_mode mode = tool_start(&tool, argc, argv);

    tool_no_arguments(&tool, argc, argv);
    if (mode != TOOL_RUN)
        return EXIT_DONE;
    confine(0, NULL);
    return make_page(tool.require_run);
}
