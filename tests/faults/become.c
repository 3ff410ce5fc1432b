/*
 * become: stands where dnsbl-monitor looks for the six programs, under each one's name, and becomes the program of
 * that name. A script would do; this is a static program because there are hundreds of them, and each costs the start
 * of a shell.
 *
 *     FAULTS_PROGRAMS   the folder of the programs
 *     FAULTS_STAGE      the name of the one that something is to happen to, and only to it:
 *     FAULTS_PRELOAD      its LD_PRELOAD
 *     FAULTS_SET          NAME=VALUE, put into its environment
 *     FAULTS_COMMAND      what bash(1) runs in its place; there `program` runs it
 *     FAULTS_CLOCK_LIB  LD_PRELOAD of those that wait long for their servers (see fast_clock.c), or of none:
 * FAULTS_HURRIED FAULTS_HURRIED      their names
 *
 * The programs' checks are not the matter here: they succeed.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char shell[] = "program() { LD_PRELOAD=$FAULTS_PRELOAD \"$FAULTS_PROGRAM\" \"$@\"; }\n";

static const char *setting(const char *name)
{
    const char *value = getenv(name);

    return value ? value : "";
}

static void become_command(char *name, char *path, char **arguments, int count)
{
    char *text, *words[16] = {(char *)"bash", (char *)"-c"};

    if (count > 11 || asprintf(&text, "%s%s", shell, getenv("FAULTS_COMMAND")) < 0)
        _exit(99);
    words[2] = text;
    words[3] = name;
    memcpy(words + 4, arguments, (size_t)count * sizeof *words);
    setenv("FAULTS_PROGRAM", path, 1);
    execv("/bin/bash", words);
}

int main(int argc, char **argv)
{
    char *path, *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    bool faulty = strcmp(name, setting("FAULTS_STAGE")) == 0;

    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], "--check", 7) == 0)
            return 0;
    if (asprintf(&path, "%s/%s", setting("FAULTS_PROGRAMS"), name) < 0)
        return 99;
    if (faulty && *setting("FAULTS_SET"))
        putenv(getenv("FAULTS_SET"));
    if (faulty && *setting("FAULTS_COMMAND"))
        become_command(name, path, argv + 1, argc - 1);
    else if (faulty)
        setenv("LD_PRELOAD", setting("FAULTS_PRELOAD"), 1);
    else if (strstr(setting("FAULTS_HURRIED"), name))
        setenv("LD_PRELOAD", setting("FAULTS_CLOCK_LIB"), 1);
    argv[0] = path;
    execv(path, argv);
    perror(path);
    return 99;
}
