# The benchmark's harness, with numbers so small that its figures mean nothing.

bats_require_minimum_version 1.5.0

setup() {
    export TMPDIR=$BATS_TEST_TMPDIR BENCH_RUNS=2 BENCH_ADDRESSES=20
    BUILD=$(realpath "${BUILD:-$BATS_TEST_DIRNAME/../../build}")
    # Of our own: what the benchmark writes must not replace what a person measured.
    mkdir "$TMPDIR/build"
    cp -r "$BUILD/bin" "$BUILD/bench" "$TMPDIR/build/"
    export BUILD=$TMPDIR/build
}

bench() { "$BATS_TEST_DIRNAME/run" "$@"; }

# left_over: what the benchmark left in the temporary directory; its processes' names hold that too.
left_over() {
    find "$TMPDIR" -maxdepth 1 -name 'dnsbl-bench.*'
    pgrep -af "$TMPDIR/dnsbl-bench" || true
}

# falsify FILTER [TOOL]: replaces dnsbl-probe, or the tool, by one whose output goes through a filter of jq.
falsify() {
    local tool=$BUILD/bin/${2:-dnsbl-probe}
    mv "$tool" "$tool.true"
    printf '#!/bin/bash\nset -o pipefail\n"%s" | jq -c '\''%s'\''\n' "$tool.true" "$1" >"$tool"
    chmod +x "$tool"
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

@test "the scenarios about the database: figures, peers, memory and round trips" {
    BENCH_RUNS=1 run -0 --separate-stderr bench read write pass
    for what in 'rows through pg-ips .*psql' 'changes through pg-apply .*pgbench extended' 'pgbench prepared' 'round trips' \
        'peak memory' '1 change in 1,000'; do
        grep -q "$what" <<<"$output"
    done
    [ "$(jq '[.rows[] | select(.met != null)] | length' "$BUILD/bench.json")" -eq 7 ]
    # Two thousand changes, a thousand a batch, two round trips each.
    [ "$(jq -c '.runs[] | select(.what == "trips") | [.trips, .changes]' "$BUILD/bench.json")" = '[4,2000]' ]
    run -0 left_over
    [ -z "$output" ] || { echo "$output"; false; }
}

@test "a row lost, a change not made, a change only said to be made: failures, too" {
    falsify 'select(.id != 77)' pg-ips
    run -1 --separate-stderr bench read
    [[ $stderr == *'pg-ips: wrong results: record 77 is of row 78'* ]]
    falsify 'if .id == 77 then .db_outcome = "conflict" else . end' pg-apply
    run -1 --separate-stderr bench write
    [[ $stderr == *"pg-apply: wrong results: {'updated': "*", 'conflict': 1}"* ]]
    printf '#!/bin/bash\nexec jq -c '\''if .type == "ip" then . + {db_outcome: (if .update then "updated" else "unchanged" end)} else . end'\''\n' >"$BUILD/bin/pg-apply"
    run -1 --separate-stderr bench pass
    [[ $stderr == *'0 rows are listed, not 2'* ]]
}

@test "what cannot be measured is a failure" {
    printf '#!/bin/sh\necho no such luck >&2\nexit 70\n' >"$BUILD/bin/dnsbl-probe"
    run -1 --separate-stderr bench hand
    [[ $stderr == *'dnsbl-probe ended with status 70: no such luck'* ]]
}

@test "a scenario that does not exist is wrong usage" {
    run -64 --separate-stderr bench nothing
    [[ $stderr == *'there are: loopback silent '*' read write pass'* ]]
}

@test "the faults fire, and end with the scenario: silence, loss and delay" {
    BENCH_RUNS=1 run -0 --separate-stderr bench slow
    # enough that one in a hundred is some in any case
    BENCH_RUNS=1 BENCH_ADDRESSES=200 run -0 --separate-stderr bench loss
    [ "$(jq '.runs[] | select(.scenario == "loss" and .what == "probe") | .lost > 0' "$BUILD/bench.json")" = true ]
}

@test "ended by a signal, it leaves nothing behind" {
    BENCH_RUNS=1000 "$BATS_TEST_DIRNAME/run" hand >"$TMPDIR/build/out" 2>&1 3>&- &
    bench=$!
    timeout 120 bash -c "until [ -s '$TMPDIR'/dnsbl-bench.*/runs ]; do sleep 0.05; done"
    kill -TERM "$bench"
    status=0
    wait "$bench" || status=$?
    [ "$status" -eq 143 ]
    run -0 left_over
    [ -z "$output" ] || { echo "$output"; false; }
}
