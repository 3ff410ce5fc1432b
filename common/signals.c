#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "sysexits.h"

static volatile sig_atomic_t received;
static int wakeup[2] = {-1, -1};

static void on_signal(int number)
{
    int saved = errno;

    if (!received) {
        received = number;
        (void)!write(wakeup[1], "", 1);
    }
    errno = saved;
}

void signals_install(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    if (pipe2(wakeup, O_CLOEXEC | O_NONBLOCK) < 0)
        die(EXIT_BUG, "system_error", "cannot make a pipe: %s", strerror(errno));
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

int signals_received(void)
{
    return received;
}

int signals_fd(void)
{
    return wakeup[0];
}
