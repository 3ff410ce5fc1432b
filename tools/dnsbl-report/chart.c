/* Listings over time, as SVG that needs no script: page.h. */
#include <stdlib.h>

#include "clock.h"
#include "html.h"
#include "memory.h"
#include "page.h"

enum { WIDTH = 1000, HEIGHT = 100 };

/*
 * Where a round begins, from left to right: by time, or one after the other when a time is not known. The last one
 * has a place as wide as the others have on average. New.
 */
static double *positions(const struct history *history)
{
    double *x = memory_new(history->round_count, sizeof *x), places = (double)history->round_count;
    double width = WIDTH * (places - 1) / places;
    time_t first = 0, last = 0, at;
    bool timed = history->round_count > 1 && clock_parse(history->rounds[0].started, &first) &&
                 clock_parse(history->rounds[history->round_count - 1].started, &last) && last > first;

    for (size_t i = 0; i < history->round_count; i++) {
        if (timed && clock_parse(history->rounds[i].started, &at))
            x[i] = (double)(at - first) / (double)(last - first) * width;
        else
            x[i] = (double)i / places * WIDTH;
    }
    return x;
}

static json_int_t largest(const json_int_t *values, size_t count)
{
    json_int_t most = 0;

    for (size_t i = 0; i < count; i++)
        most = values[i] > most ? values[i] : most;
    return most;
}

/* A line in steps: a value holds until the next one is known. closed: with the area below it. */
static void write_path(struct ndjson_out *out, const double *x, const json_int_t *values, size_t count, double scale,
                       const char *class, bool closed)
{
    html_format(out, "<path class=\"%s\" d=\"", class);
    html_format(out, "M%.1f %.1f", x[0], closed ? HEIGHT : HEIGHT - (double)values[0] * scale);
    for (size_t i = 0; i < count; i++)
        html_format(out, "H%.1fV%.1f", x[i], HEIGHT - (double)values[i] * scale);
    html_format(out, "H%d", WIDTH);
    html_raw(out, closed ? "V100Z\"/>" : "\"/>");
}

static json_int_t *values_of_zone(const struct history *history, size_t zone)
{
    json_int_t *values = memory_new(history->round_count, sizeof *values);

    for (size_t i = 0; i < history->run_count; i++)
        if (zone < history->runs[i].zone_count)
            values[history->round_of[i]] += history->runs[i].zones[zone].listed;
    return values;
}

static json_int_t *values_of_all(const struct history *history)
{
    json_int_t *values = memory_new(history->round_count, sizeof *values);

    for (size_t i = 0; i < history->round_count; i++)
        values[i] = history->rounds[i].listed;
    return values;
}

/* Says in words what the drawing says. */
static void open_svg(struct ndjson_out *out, const struct history *history, const json_int_t *values,
                     const char *class)
{
    html_format(out,
                "<svg class=\"%s\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
                "aria-label=\"from %lld to %lld, at most %lld\">",
                class, WIDTH, HEIGHT, (long long)values[0], (long long)values[history->round_count - 1],
                (long long)largest(values, history->round_count));
}

/* A mark for each round that is marked. */
static void write_marks(struct ndjson_out *out, const double *x, const bool *marked, size_t count, const char *class)
{
    html_format(out, "<path class=\"%s\" d=\"", class);
    for (size_t i = 0; i < count; i++)
        if (marked[i])
            html_format(out, "M%.1f 0V%d", x[i], HEIGHT);
    html_raw(out, "\"/>");
}

/* Rounds that were cut off: what they do not say is not there. */
static void write_gaps(struct ndjson_out *out, const struct history *history, const double *x)
{
    bool *gaps = memory_new(history->round_count, sizeof *gaps);

    for (size_t i = 0; i < history->round_count; i++)
        gaps[i] = !history->rounds[i].whole;
    write_marks(out, x, gaps, history->round_count, "gap");
    free(gaps);
}

/* Rounds in which the zone was not well, so that nothing it did not list means anything. */
static void write_outages(struct ndjson_out *out, const struct history *history, const double *x, size_t zone)
{
    bool *outages = memory_new(history->round_count, sizeof *outages);

    for (size_t i = 0; i < history->run_count; i++) {
        const struct run *run = &history->runs[i];

        if (zone < run->zone_count && run->zones[zone].health && !run->zones[zone].health->healthy)
            outages[history->round_of[i]] = true;
    }
    write_marks(out, x, outages, history->round_count, "out");
    free(outages);
}

void chart_write_zone(struct ndjson_out *out, const struct view *view, size_t zone)
{
    const struct history *history = &view->collected->history;
    json_int_t *values = values_of_zone(history, zone), most = largest(values, history->round_count);
    double scale = most ? (double)(HEIGHT - 4) / (double)most : 0, *x = positions(history);

    open_svg(out, history, values, "spark");
    write_outages(out, history, x, zone);
    write_path(out, x, values, history->round_count, scale, "area", true);
    html_raw(out, "</svg>");
    html_format(out, " <span class=\"most\" aria-hidden=\"true\">max %lld</span>", (long long)most);
    free(values);
    free(x);
}

void chart_write(struct ndjson_out *out, const struct view *view)
{
    const struct history *history = &view->collected->history;
    json_int_t *values, most;
    double scale, *x;

    if (history->round_count < 2)
        return;
    values = values_of_all(history);
    most = largest(values, history->round_count);
    scale = most ? (double)(HEIGHT - 4) / (double)most : 0;
    x = positions(history);
    html_raw(out, "<section aria-labelledby=\"time-title\">\n<h2 id=\"time-title\">Listed addresses over time</h2>\n"
                  "<figure class=\"chart\">\n");
    html_format(out,
                "<div class=\"plot\"><span class=\"top\" aria-hidden=\"true\">%lld</span>"
                "<span class=\"bottom\" aria-hidden=\"true\">0</span>",
                (long long)most);
    open_svg(out, history, values, "all");
    write_path(out, x, values, history->round_count, scale, "area", true);
    write_path(out, x, values, history->round_count, scale, "line", false);
    write_gaps(out, history, x);
    html_raw(out, "</svg></div>\n<figcaption><span>");
    page_write_time(out, history->rounds[0].started);
    html_raw(out, "</span><span>");
    page_write_time(out, history->rounds[history->round_count - 1].started);
    html_raw(out, "</span></figcaption>\n</figure>\n");
    rounds_write(out, view);
    html_raw(out, "</section>\n");
    free(values);
    free(x);
}
