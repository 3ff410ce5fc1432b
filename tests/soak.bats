# The whole job on real servers, run after run over a world that changes, held against a model of the rules: support/soak.py.
# `make soak` makes a hundred runs of it; here are as few as it takes for every kind of run to come, and the proof
# that it can fail.

bats_require_minimum_version 1.5.0

setup_file() {
    export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build}
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

soak() { "$BATS_TEST_DIRNAME/support/soak.py" "$@" >out; }

@test "after each of 13 runs all rows, all tickets and the log are as the rules say, and nothing is left behind" {
    soak --runs 13 --seed "${SOAK_SEED:-1}" --report soak.json || { cat out; false; }
    jq -e '.runs == 13 and .violations == 0 and .addresses > 500 and .listings > 0 and .clearings > 0 and .tickets > 0
        and .killed > 0 and .jira_down == 2 and .database_down == 1' soak.json || { cat soak.json; false; }
}

@test "each discrepancy that is planted behind its back is told of, with how to play it again" {
    run -3 --separate-stderr "$BATS_TEST_DIRNAME/support/soak.py" --plant --seed 1
    [ "$(grep -c '^planted .*: told$' <<<"$output")" -eq 8 ]
    grep -q '^    again: make soak SEED=1 RUNS=1$' <<<"$output"
}
