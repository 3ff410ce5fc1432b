#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define USUAL_COLUMNS 80

bool terminal_is_able(int fd)
{
    const char *kind = getenv("TERM");

    return isatty(fd) && kind && *kind && strcmp(kind, "dumb") != 0;
}

size_t terminal_columns(int fd)
{
    struct winsize size;

    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : USUAL_COLUMNS;
}

const char *terminal_line_start(int fd)
{
    return terminal_is_able(fd) ? TERMINAL_CLEAR_LINE : "";
}

bool terminal_has_colours(int fd)
{
    const char *no_color = getenv("NO_COLOR");

    return terminal_is_able(fd) && !(no_color && *no_color);
}

void terminal_put(FILE *out, bool colours, const char *text, enum terminal_colour colour)
{
    static const char *const codes[] = {[TERMINAL_BOLD] = "1",
                                        [TERMINAL_RED] = "1;31",
                                        [TERMINAL_GREEN] = "32",
                                        [TERMINAL_YELLOW] = "33",
                                        [TERMINAL_CYAN] = "36"};

    if (colours && colour != TERMINAL_PLAIN)
        fprintf(out, "\033[%sm%s\033[0m", codes[colour], text); /* ECMA-48 section 8.3.117 */
    else
        fputs(text, out);
}
