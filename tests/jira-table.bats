# jira-sync by the table of its specification: each thing that should be, in each state of Jira, with each fault.
#
# The cells, the table and the faults are in support/jira_table/. Each desired state is met in each state of Jira, and each
# fault once; PAIRS=1 runs so many that each pair occurs, FULL=1 all; ONLY='cloud / listed / .* / lost' those that it fits.
# WORKERS is how many run at a time: they wait more than they work. In how many cells each fault fired, with each state, is
# shown in any case.

bats_require_minimum_version 1.5.0

setup() {
    BUILD=$(realpath "${BUILD:-$BATS_TEST_DIRNAME/../build}")
    cd "$BATS_TEST_TMPDIR" || return
}

cells() { /usr/bin/python3 -B "$BATS_TEST_DIRNAME/support/jira_table/cells.py" "$@"; }

@test "each desired state in each state of Jira with each fault: the least, once, and the next runs agree" {
    cells "$BUILD/bin/jira-sync" ${FULL:+--full} ${PAIRS:+--pairs} ${ONLY:+--only "$ONLY"} ${WORKERS:+--workers "$WORKERS"} >out || {
        cat out
        false
    }
    cat out >&3
}
