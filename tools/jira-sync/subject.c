#include "subject.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "report.h"

static int by_owner(const void *left, const void *right)
{
    return strcmp(((const struct subject *)left)->owner, ((const struct subject *)right)->owner);
}

struct subject *subject_of(struct subjects *subjects, const char *owner)
{
    const struct subject key = {.owner = (char *)owner};
    struct subject **found = tfind(&key, &subjects->tree, by_owner), *subject;

    if (found)
        return *found;
    subject = memory_new(1, sizeof *subject);
    subject->owner = memory_string(owner);
    memory_check(tsearch(subject, &subjects->tree, by_owner));
    return subject;
}

static void free_subject(void *pointer)
{
    struct subject *subject = pointer;

    while (subject_use_other(subject))
        ;
    issue_free(subject->open);
    free(subject->owner);
    free(subject);
}

void subjects_free(struct subjects *subjects)
{
    tdestroy(subjects->tree, free_subject);
    subjects->tree = NULL;
}

void subject_drop_if_empty(struct subjects *subjects, struct subject *subject)
{
    if (subject->open || subject->others || subject->first || subject->imagined)
        return;
    tdelete(subject, &subjects->tree, by_owner);
    free_subject(subject);
}

bool subject_add(struct subject *subject, struct job *job)
{
    bool alone = !subject->first;

    job->subject = subject;
    if (alone)
        subject->first = job;
    else
        subject->last->behind = job;
    subject->last = job;
    return alone;
}

struct job *subject_next(struct subject *subject)
{
    subject->first = subject->first->behind;
    if (!subject->first)
        subject->last = NULL;
    return subject->first;
}

void subject_set_open(struct subject *subject, struct issue *issue)
{
    issue_free(subject->open);
    subject->open = issue;
}

bool subject_use_other(struct subject *subject)
{
    struct issue *other = subject->others;

    if (!other)
        return false;
    subject->others = other->next;
    other->next = NULL;
    subject_set_open(subject, other);
    return true;
}

/* What is shown anew takes the place of what was known. */
static void forget_other(struct subject *subject, const char *key)
{
    struct issue **at = &subject->others, *found;

    while (*at && strcmp((*at)->key, key) != 0)
        at = &(*at)->next;
    found = *at;
    if (found)
        *at = found->next;
    issue_free(found);
}

void subject_offer_open(struct subject *subject, struct issue *issue)
{
    struct issue *older = issue;

    forget_other(subject, issue->key);
    if (subject->open && !strcmp(subject->open->key, issue->key)) {
        subject_set_open(subject, issue);
        return;
    }
    if (!subject->open || subject->open->id < issue->id) {
        older = subject->open;
        subject->open = issue;
    }
    if (!older)
        return;
    report(REPORT_WARNING, "jira_two_tickets",
           "%s and %s are both open for the same thing; %s is used, close the other", older->key, subject->open->key,
           subject->open->key);
    older->next = subject->others;
    subject->others = older;
}

struct owners {
    const char *prefix;
    json_t *names;
};

static void collect(const void *node, VISIT visit, void *context)
{
    const struct subject *subject = *(const struct subject *const *)node;
    struct owners *owners = context;

    if ((visit != postorder && visit != leaf) || !subject->open ||
        strncmp(subject->owner, owners->prefix, strlen(owners->prefix)) != 0)
        return;
    json_array_append_new(owners->names, json_string(subject->owner));
    for (const struct issue *other = subject->others; other; other = other->next)
        json_array_append_new(owners->names, json_string(subject->owner));
}

json_t *subjects_open(const struct subjects *subjects, const char *prefix)
{
    struct owners owners = {.prefix = prefix, .names = memory_check(json_array())};

    twalk_r(subjects->tree, collect, &owners);
    return owners.names;
}
