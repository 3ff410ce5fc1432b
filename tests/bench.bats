# The benchmark's harness, with numbers so small that its figures mean nothing.

bats_require_minimum_version 1.5.0

setup() {
    export TMPDIR=$BATS_TEST_TMPDIR BENCH_RUNS=2 BENCH_ADDRESSES=20
    BUILD=$(realpath "${BUILD:-$BATS_TEST_DIRNAME/../build}")
    # Of our own: what the benchmark writes must not replace what a person measured.
    mkdir "$TMPDIR/build"
    cp -r "$BUILD/bin" "$BUILD/bench" "$TMPDIR/build/"
    export BUILD=$TMPDIR/build
}

bench() { "$BATS_TEST_DIRNAME/bench/run" "$@"; }

# left_over: what the benchmark left in the temporary directory; its processes' names hold that too.
left_over() {
    find "$TMPDIR" -maxdepth 1 -name 'dnsbl-bench.*'
    pgrep -af "$TMPDIR/dnsbl-bench" || true
}

# Replaces dnsbl-probe by one whose output goes through a filter of jq.
falsify() {
    mv "$BUILD/bin/dnsbl-probe" "$BUILD/bin/true-probe"
    printf '#!/bin/bash\nset -o pipefail\n"%s" | jq -c '\''%s'\''\n' "$BUILD/bin/true-probe" "$1" >"$BUILD/bin/dnsbl-probe"
    chmod +x "$BUILD/bin/dnsbl-probe"
}

@test "a scenario gives a table, and every run's numbers as JSON" {
    run -0 --separate-stderr bench loopback hand
    for what in dnsperf 'bare loop' 'thread pool' adnshost 'CPU time of 200 lookups' 'one address by hand'; do
        grep -q "$what" <<<"$output"
    done
    [ "$(wc -L <<<"$output")" -le 110 ]
    [ "$(jq '[.runs[] | select(.scenario == "loopback" and .what == "probe")] | length' "$BUILD/bench.json")" -eq 2 ]
    [ "$(jq -c '[.runs[] | select(.scenario == "loopback" and .what == "bare" or .what == "probe")
        | .listed + .not_listed + .unknown] | unique' "$BUILD/bench.json")" = '[10,200]' ]
    [ "$(jq '[.rows[] | select(.met != null)] | length' "$BUILD/bench.json")" -eq 4 ]
    run -0 left_over
    [ -z "$output" ] || { echo "$output"; false; }
}

@test "a figure that is missed is said to be, and is no failure" {
    falsify '.'
    sed -i '2i sleep 0.5' "$BUILD/bin/dnsbl-probe" # no rate can be reached
    BENCH_RUNS=1 run -0 --separate-stderr bench loopback
    grep -q 'bare loop .* >= 0.8 *MISSED' <<<"$output"
    [ "$(jq '.rows[] | select(.against | startswith("bare loop")) | select(.must_reach == ">= 0.8") | .met' "$BUILD/bench.json")" = false ]
}

@test "results that are wrong are a failure, and nothing is left behind" {
    falsify 'if .ip == "127.16.0.7" then .results[3].status = "LISTED" else . end'
    run -1 --separate-stderr bench hand loopback
    [[ $stderr == *'loopback, run 1: dnsbl-probe: wrong results: address 7, zone 3: LISTED, not NOT_LISTED'* ]]
    [ ! -e "$BUILD/bench.json" ]
    run -0 left_over
    [ -z "$output" ] || { echo "$output"; false; }
}

@test "what cannot be measured is a failure" {
    printf '#!/bin/sh\necho no such luck >&2\nexit 70\n' >"$BUILD/bin/dnsbl-probe"
    run -1 --separate-stderr bench hand
    [[ $stderr == *'dnsbl-probe ended with status 70: no such luck'* ]]
}

@test "a scenario that does not exist is wrong usage" {
    run -64 --separate-stderr bench nothing
    [[ $stderr == *'there are: loopback silent'* ]]
}

@test "the faults fire, and end with the scenario: silence, loss and delay" {
    BENCH_RUNS=1 run -0 --separate-stderr bench slow
    # enough that one in a hundred is some in any case
    BENCH_RUNS=1 BENCH_ADDRESSES=200 run -0 --separate-stderr bench loss
    [ "$(jq '.runs[] | select(.scenario == "loss" and .what == "probe") | .lost > 0' "$BUILD/bench.json")" = true ]
}

@test "ended by a signal, it leaves nothing behind" {
    BENCH_RUNS=1000 "$BATS_TEST_DIRNAME/bench/run" hand >"$TMPDIR/build/out" 2>&1 3>&- &
    bench=$!
    timeout 20 bash -c "until [ -s '$TMPDIR'/dnsbl-bench.*/runs ]; do sleep 0.05; done"
    kill -TERM "$bench"
    status=0
    wait "$bench" || status=$?
    [ "$status" -eq 143 ]
    run -0 left_over
    [ -z "$output" ] || { echo "$output"; false; }
}
