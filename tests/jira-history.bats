# jira-sync through histories made by chance: support/jira_history.py.
#
# HISTORIES says how many (default 20, the least in which everything happens), HISTORY_SEED
# which is the first (default 1). What happened how often is shown in any case.

bats_require_minimum_version 1.5.0

setup_file() {
    export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build}
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# A clock that did not run fast, or not evenly, would leave waits and lags in another order than Jira has them.
@test "the program's clock is the one it was given, and its waits are as much shorter" {
    cc -O2 -shared -fPIC -o fast_clock.so "$BATS_TEST_DIRNAME/support/history/fast_clock.c"
    cc -O2 -x c -o ./show - <<'C'
#include <poll.h>
#include <stdio.h>
#include <time.h>
int main(void)
{
    struct timespec before, after;
    time_t wall = time(NULL);

    clock_gettime(CLOCK_MONOTONIC, &before);
    poll(NULL, 0, 20000);
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("%ld %ld\n", (long)(wall / 60), (long)(after.tv_sec - before.tv_sec));
}
C
    start=$SECONDS
    now=$(date +%s%N)
    read -r minutes waited < <(LD_PRELOAD=$PWD/fast_clock.so FAST_CLOCK="100 $now 6000000000000" ./show)
    ((minutes >= 100 && minutes < 110))
    ((waited >= 19 && waited < 1000))
    ((SECONDS - start < 15)) # or 20 s would have been 20 s
}

@test "after every run of ${HISTORIES:-20} histories all tickets are as they should be" {
    "$BATS_TEST_DIRNAME/support/jira_history.py" --seed "${HISTORY_SEED:-1}" --histories "${HISTORIES:-20}" >out || {
        cat out
        false
    }
    cat out >&3
    tail -n 1 out | grep -q ' 0 broken$'
}
