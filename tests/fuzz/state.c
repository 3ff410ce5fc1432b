/*
 * config.c and secret.c themselves, in place of their objects in common.a: what they remember for the life of the
 * process is static there.
 */
#include "state.h"

#include "../../common/config.c"
#define count secret_count /* its name is of that file alone */
#include "../../common/secret.c"
#undef count

static void forget_problems(void)
{
    for (size_t i = 0; i < problem_count; i++) {
        free(problems[i].name);
        free(problems[i].text);
    }
    free(problems);
    problems = NULL;
    problem_count = 0;
}

static void forget_files(void)
{
    for (size_t i = 0; i < file_value_count; i++) {
        free(file_values[i].name);
        free(file_values[i].value);
    }
    free(file_values);
    file_values = NULL;
    file_value_count = 0;
}

void state_reset(void)
{
    forget_problems();
    forget_files();
    while (secret_count > 0)
        free(secrets[--secret_count]);
    free(secrets);
    secrets = NULL;
}
