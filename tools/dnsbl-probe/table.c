#include "table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>

#include "terminal.h"
#include "text.h"

#define ZONE_MOST 32     /* columns of a zone's name on a terminal */
#define VERDICT_WIDTH 10 /* "not listed" */
#define ANSWERS_LEAST 15 /* "127.255.255.254" */
#define ANSWERS_MOST 39
#define TIME_WIDTH 8    /* "12345 ms" */
#define UNBOUNDED 65536 /* of what is no terminal */

struct cell {
    const char *text;
    size_t width; /* columns that it is filled up to, and on a terminal cut to; 0: all that are left */
    bool right;
    enum terminal_colour colour;
};

void table_open(struct table *table, int fd, size_t zone_columns)
{
    *table = (struct table){.fd = fd, .is_terminal = isatty(fd), .zone_columns = zone_columns};
    table->colour = terminal_has_colours(fd);
    table->answer_columns = ANSWERS_LEAST;
    if (table->is_terminal && table->zone_columns > ZONE_MOST)
        table->zone_columns = ZONE_MOST;
}

/*
 * A line of cells with two blanks between, no wider than the terminal. Blanks are
 * written when something follows them, so that no line ends in one.
 */
static void put_line(const struct table *table, FILE *out, const struct cell *cells, size_t count)
{
    size_t left = table->is_terminal ? terminal_columns(table->fd) : UNBOUNDED, blanks = 0;

    for (size_t i = 0; i < count && left > blanks; i++) {
        const struct cell *cell = &cells[i];
        size_t room = left - blanks;
        char *visible = text_visible(cell->text);
        char *cut = text_cut(visible, cell->width && table->is_terminal ? MIN(room, cell->width) : room);
        size_t taken = text_columns(cut), fill = cell->width > taken ? cell->width - taken : 0;

        blanks += cell->right ? fill : 0;
        if (taken > 0 && blanks + taken <= left) {
            fprintf(out, "%*s", (int)blanks, "");
            terminal_put(out, table->colour, cut, cell->colour);
            left -= blanks + taken;
            blanks = 0;
        }
        blanks += 2 + (cell->right ? 0 : fill);
        free(visible);
        free(cut);
    }
    fputc('\n', out);
}

static void put_row(const struct table *table, FILE *out, const struct table_row *row)
{
    const struct cell cells[] = {{"", 0, false, TERMINAL_PLAIN}, /* the indent */
                                 {row->zone, table->zone_columns, false, TERMINAL_PLAIN},
                                 {row->verdict, VERDICT_WIDTH, false, row->colour},
                                 {row->answers, table->answer_columns, false, TERMINAL_PLAIN},
                                 {row->time, TIME_WIDTH, true, TERMINAL_PLAIN},
                                 {row->reason, 0, false, TERMINAL_PLAIN}};

    put_line(table, out, cells, sizeof cells / sizeof *cells);
}

void table_address(struct table *table, FILE *out, const char *ip, const struct table_row *rows, size_t count)
{
    static const struct table_row names = {"ZONE", "VERDICT", "ANSWERS", "TIME", "REASON", TERMINAL_PLAIN};

    for (size_t i = 0; i < count; i++)
        if (strlen(rows[i].answers) > table->answer_columns)
            table->answer_columns = MIN(strlen(rows[i].answers), ANSWERS_MOST);
    if (!table->begun)
        put_row(table, out, &names);
    table->begun = true;
    table_line(table, out, ip, TERMINAL_BOLD);
    for (size_t i = 0; i < count; i++)
        put_row(table, out, &rows[i]);
}

void table_line(const struct table *table, FILE *out, const char *text, enum terminal_colour colour)
{
    const struct cell cell = {text, 0, false, colour};

    put_line(table, out, &cell, 1);
}

void table_zone(const struct table *table, FILE *out, const char *zone, const char *word, enum terminal_colour colour,
                const char *text)
{
    const struct cell cells[] = {{"", 0, false, TERMINAL_PLAIN},
                                 {zone, table->zone_columns, false, TERMINAL_PLAIN},
                                 {word, sizeof "unreachable" - 1, false, colour},
                                 {text, 0, false, TERMINAL_PLAIN}};

    put_line(table, out, cells, sizeof cells / sizeof *cells);
}
