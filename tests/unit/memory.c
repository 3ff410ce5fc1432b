/* Streams into memory: all that was written, and a NUL; arrays that grow by one. */
#include "memory.h"

#include <malloc.h>

#include "tap.h"

#define LINES 100000
#define ROOM 131072 /* the power of two above */

static void grow(void)
{
    size_t *numbers = NULL, differing = 0;

    for (size_t i = 0; i < LINES; i++) {
        numbers = memory_for_one_more(numbers, i, sizeof *numbers);
        numbers[i] = i;
    }
    for (size_t i = 0; i < LINES; i++)
        differing += numbers[i] != i;
    CHECK(differing == 0);
    CHECK(malloc_usable_size(numbers) >= ROOM * sizeof *numbers);
    free(numbers);
}

int main(void)
{
    char *text, expected[32];
    size_t length, differing = 0;
    FILE *out = memory_stream(&text, &length);

    fclose(out);
    CHECK(length == 0);
    CHECK_NEW_TEXT(text, "");

    out = memory_stream(&text, &length);
    CHECK(ftell(out) == 0);
    fwrite("a\0b", 1, 3, out);
    CHECK(ftell(out) == 3);
    fflush(out);
    CHECK(length == 3 && !memcmp(text, "a\0b", 4));
    CHECK(fseek(out, 0, SEEK_SET) == -1);
    fputs("cd", out);
    fclose(out);
    CHECK(length == 5 && !memcmp(text, "a\0bcd", 6));
    free(text);

    out = memory_stream(&text, &length);
    for (int i = 0; i < LINES; i++)
        fprintf(out, "line %6d\n", i);
    fclose(out);
    CHECK(length == LINES * strlen("line 123456\n") && strlen(text) == length);
    for (size_t i = 0; i < LINES; i++) {
        snprintf(expected, sizeof expected, "line %6zu\n", i);
        differing += memcmp(text + i * strlen(expected), expected, strlen(expected)) != 0;
    }
    CHECK(differing == 0);
    free(text);
    grow();
    return tap_end();
}
