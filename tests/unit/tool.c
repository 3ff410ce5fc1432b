/* What every program does before its work. */
#include "tool.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tap.h"

static const char *seen;

static bool take(int option, const char *argument)
{
    seen = argument;
    return option == 'z' || option == 'e';
}

/* A tool with letters of its own: several in a word, an argument in the same word or the next. */
static void check_letters(void)
{
    char name[] = "unit", letters[] = "-ezone", *arguments[] = {name, letters, NULL};
    static const struct option options[] = {{"zones", required_argument, NULL, 'z'}, {0}};
    struct tool tool = {.name = "unit", .help = "", .options = options, .letters = "ez:", .take = take};

    optind = 1;
    CHECK(tool_start(&tool, 2, arguments) == TOOL_RUN && optind == 2);
    CHECK_TEXT(seen, "one");
}

int main(void)
{
    char name[] = "unit", option[] = "--require-run", *arguments[] = {name, option, NULL};
    struct tool tool = {.name = "unit", .help = ""};
    struct rlimit core;

    close(STDIN_FILENO);
    CHECK(tool_start(&tool, 2, arguments) == TOOL_RUN && tool.require_run);
    CHECK(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0);
    tap_check(prctl(PR_GET_DUMPABLE) == 0, "no core dump is piped to a program either");
    CHECK((fcntl(STDIN_FILENO, F_GETFL) & O_ACCMODE) == O_WRONLY && read(STDIN_FILENO, name, 1) < 0);
    check_letters();
    return tap_end();
}
