# shellcheck shell=bash
# wait.bash - waiting for an event in tests.

# wait_for SECONDS COMMAND...: runs COMMAND until it succeeds; 1 if it never does.
wait_for() {
    local end=$((SECONDS + $1)) pause=2
    shift
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep "0.0$pause" # at first often; who waits longer takes less of the processors
        ((pause == 9)) || ((++pause))
    done
}
