/*
 * planted leak|overflow|undefined: does what a sanitizer must report, so that tests/run can tell a build with
 * sanitizers that find nothing from one in which they do not look.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *volatile block; /* volatile, or compilers would find it all out, and checkers say so */

int main(int argc, char **argv)
{
    volatile size_t size = 16;
    volatile int number = INT_MAX;

    block = malloc(size);

    if (argc != 2 || !block)
        return 64;
    memset(block, 'x', size);
    if (!strcmp(argv[1], "leak")) {
        block = NULL;
    } else if (!strcmp(argv[1], "overflow")) {
        block[size] = 'x';
    } else if (!strcmp(argv[1], "undefined")) {
        number = number + 1;
    }
    printf("%d\n", number);
    free(block);
    return 0;
}
