# The whole job on real servers, run after run over a world that changes, held against a model of the rules
# (../support/soak.py), and the proof that it can fail. `make soak RUNS=100 SEED=1`

bats_require_minimum_version 1.5.0

setup() {
    export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../../build}
    soak=$BATS_TEST_DIRNAME/../support/soak.py
    cd "$BATS_TEST_TMPDIR" || return
}

@test "after each of so many runs all rows, all tickets and the log are as the rules say, and nothing is left behind" {
    local runs=${RUNS:-100} report=$PWD/soak.json
    [ "$runs" -lt 100 ] || report=${REPORT:-$PWD}/soak.json
    "$soak" --runs "$runs" --seed "${SEED:-1}" --report "$report" >out || { cat out; false; }
    jq -e --argjson runs "$runs" '.runs == $runs and .violations == 0' "$report"
    # In fewer runs not each kind has come.
    [ "$runs" -lt 13 ] || jq -e '[.addresses, .listings, .clearings, .tickets, .killed, .jira_down, .database_down] | all(. > 0)' "$report"
}

@test "each discrepancy that is planted behind its back is told of, with how to play it again" {
    run -3 --separate-stderr "$soak" --plant --seed 1
    [ "$(grep -c '^planted .*: told$' <<<"$output")" -eq 10 ]
    grep -q '^    again: make soak SEED=1 RUNS=1$' <<<"$output"
}
