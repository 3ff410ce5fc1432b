#include "would.h"

#include <stdlib.h>

#include "memory.h"
#include "text.h"
#include "words.h"

#define LINE_COLUMNS 400 /* there may be a thousand lists */

void would_free(struct would *would)
{
    for (size_t i = 0; i < would->count && i < WOULD_LINES; i++)
        free(would->lines[i]);
}

/* `, priority 100 -> 0`, as far as the row as read tells; new. */
static char *priorities(const struct address *address)
{
    json_int_t now, then;

    if (json_unpack((json_t *)address->object, "{s:I, s:{s:I}}", "priority", &now, "update", "priority", &then) < 0)
        return memory_string("");
    return memory_format(", priority %lld -> %lld", (long long)now, (long long)then);
}

static const char *verb(const struct address *address)
{
    static const char *const verbs[] = {
        [RECORD_TRANSITION_LISTED] = "throttle",
        [RECORD_TRANSITION_CLEARED] = "restore",
        [RECORD_TRANSITION_CHANGED] = "note other lists of",
    };

    if (!json_is_true(json_object_get(address->would, "db_changes")))
        return NULL;
    return address->decision.transition < sizeof verbs / sizeof *verbs ? verbs[address->decision.transition] : NULL;
}

/* `create a ticket`, `edit OPS-1`, new; NULL: nothing would be done there, or is known beside a change. */
static char *ticket(const struct address *address, bool changes)
{
    const char *action = address_ticket(address), *issue = address->jira_issue;

    if (address_says(action, "created_issue"))
        return memory_string("create a ticket");
    if (address_says(action, "updated_issue"))
        return memory_format("edit the ticket %s", issue ? issue : "");
    if (address_says(action, "failed"))
        return memory_string("the ticket could not be looked at");
    if (address_says(action, "unknown") && changes)
        return memory_string("a ticket is not looked for without Jira's credentials");
    return NULL;
}

/* change and in_jira may be NULL; new. */
static char *line_of(const struct address *address, const char *change, const char *in_jira)
{
    char *why = words_why(address), *what = change ? priorities(address) : memory_string(" as it is");
    char *line = memory_format("%s %s%s (%s)%s%s", change ? change : "keep", address->canonical, what, why,
                               in_jira ? "; " : "", in_jira ? in_jira : "");
    char *visible = text_visible(line), *cut = text_cut(visible, LINE_COLUMNS);

    free(why);
    free(what);
    free(line);
    free(visible);
    return cut;
}

void would_take(struct would *would, const struct address *address)
{
    const char *change = address->dry_run ? verb(address) : NULL;
    char *in_jira = address->dry_run ? ticket(address, change != NULL) : NULL;

    if (!change && !in_jira)
        return;
    if (would->count < WOULD_LINES)
        would->lines[would->count] = line_of(address, change, in_jira);
    would->count++;
    free(in_jira);
}

/* Tickets about DNS itself: what jira-sync says it would do (jira-sync(1)). Returns how many. */
static size_t write_malfunctions(const struct summary *summary, FILE *out)
{
    size_t index, count = 0;
    json_t *malfunction;

    json_array_foreach (summary->malfunctions, index, malfunction) {
        const char *action = json_string_value(json_object_get(malfunction, "would"));
        const char *about = json_string_value(json_object_get(malfunction, "summary"));
        char *visible;

        if (!action || !about)
            continue;
        visible = text_visible(about);
        fprintf(out, "  %s \"%s\"\n", address_says(action, "created_issue") ? "create the ticket" : "edit the ticket",
                visible);
        free(visible);
        count++;
    }
    return count;
}

void would_write(const struct would *would, const struct summary *summary, FILE *out)
{
    char number[TEXT_COUNT_SIZE];
    size_t count = would->count;

    fprintf(out, "A real run would:\n");
    for (size_t i = 0; i < would->count && i < WOULD_LINES; i++)
        fprintf(out, "  %s\n", would->lines[i]);
    if (would->count > WOULD_LINES)
        fprintf(out, "  and so on, for %s addresses more (--format ndjson names them all)\n",
                text_count(would->count - WOULD_LINES, number));
    count += write_malfunctions(summary, out);
    if (count == 0)
        fprintf(out, "  change nothing\n");
    if (!summary->complete)
        fprintf(out, "  and perhaps more: the stream was cut off before its end\n");
}
