#include "secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "memory.h"

#define SHORTEST 4

static char **secrets;
static size_t count;

/* Longest first, so that a secret which contains another is masked whole. */
static int by_length(const void *a, const void *b)
{
    size_t left = strlen(*(char *const *)a), right = strlen(*(char *const *)b);

    return left < right ? 1 : left > right ? -1 : 0;
}

void secret_add(const char *value)
{
    if (strlen(value) < SHORTEST)
        return;
    for (size_t i = 0; i < count; i++)
        if (!strcmp(secrets[i], value))
            return;
    secrets = memory_resize(secrets, count + 1, sizeof *secrets);
    secrets[count++] = memory_string(value);
    qsort(secrets, count, sizeof *secrets, by_length);
}

/* The registered value at the start of text, or NULL. */
static const char *secret_at(const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (!strncasecmp(text, secrets[i], strlen(secrets[i])))
            return secrets[i];
    return NULL;
}

char *secret_mask(const char *text)
{
    char *masked;
    size_t length;
    FILE *out;

    if (count == 0)
        return memory_string(text);
    out = memory_stream(&masked, &length);
    while (*text) {
        const char *secret = secret_at(text);

        if (secret) {
            fputs(SECRET_MASK, out);
            text += strlen(secret);
        } else {
            fputc(*text++, out);
        }
    }
    fclose(out);
    return masked;
}
