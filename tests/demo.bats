# The demonstration: what it promises, and that it leaves nothing behind.

bats_require_minimum_version 1.5.0

setup() {
    export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build} TMPDIR=$BATS_TEST_TMPDIR
    demo=$BATS_TEST_DIRNAME/demo
    cd "$BATS_TEST_TMPDIR" || return
}

teardown() { [ -z "${pid:-}" ] || kill -s TERM -- "-$pid" 2>/dev/null || true; }

# nothing_left: no file, and no process that has our directory on its command line.
nothing_left() {
    [ -z "$(find "$TMPDIR" -name 'dnsbl-demo.*')" ] && ! pgrep -f -- "$TMPDIR/dnsbl-demo"
}

# On a busy machine the demonstration takes more than a minute.
wait_until() {
    local end=$((SECONDS + 240))
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.05
    done
}

written() { grep -o 'counted at the servers: .*' out; }

@test "three runs, shown within 80 columns, and a page that stays" {
    rm -f "$BUILD/report.html"
    (cd "$BATS_TEST_DIRNAME/.." && tests/demo) >out 2>err 3>&-
    [ ! -s err ]
    [ "$(written | sed -n 1p)" = 'counted at the servers: 11 rows, 11 tickets, 0 comments.' ]
    [ "$(written | sed -n 2p)" = 'counted at the servers: 0 rows, 0 tickets, 0 comments.' ]
    [ "$(written | sed -n 3p)" = 'counted at the servers: 6 rows, 1 ticket, 5 comments.' ]
    [ "$(written | sed -n 4p)" = 'counted at the servers: 0 rows, 0 tickets, 0 comments.' ]
    grep -q '^  10.20.1.12  *0 -> 100  .*restored' out
    grep -q '^  10.20.1.150 .*TRAPS is unknown' out
    grep -q '^  10.20.9.9  *100 -> 0  .*throttled' out
    grep -q '^    XBL  *LISTED  *127.0.0.4 ' out
    grep -q '^    throttle 10.20.3.201, priority 100 -> 0 (listed by FLAPS)' out
    grep -q '^  dnsbl_addresses{state="listed"} 9$' out
    [ "$(awk 'length > 80' out)" = "" ]
    grep -q '10\.20\.9\.9' "$BUILD/report.html"
    run ! grep -q $'\e' out
    nothing_left
}

@test "interrupted while it works, it cleans up" {
    # as from a terminal: the signal goes to the whole process group
    setsid env --default-signal=INT "$demo" >out 2>err 3>&- &
    pid=$!
    wait_until grep -q 'first run' out
    kill -s INT -- "-$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 130 ]
    wait_until nothing_left
}

@test "--keep waits, and says how to look around" {
    mkfifo enter
    exec 4<>enter
    "$demo" --keep <enter >out 2>err 3>&- &
    pid=$!
    wait_until grep -q 'In another terminal' out
    environment=$(sed -n 's/^ *\. \(.*environment\)$/\1/p' out)
    [ "$(stat -c %a "$environment")" = 600 ]
    (
        # shellcheck disable=SC1090 # the demonstration makes it
        . "$environment"
        [ "$("$BATS_TEST_DIRNAME/../pipelines/dnsbl-monitor" --dry-run | jq -c 'select(.type == "job_summary") | .total_ips')" = 1001 ]
    )
    echo >&4
    wait "$pid"
    nothing_left
}

@test "wrong usage" {
    run -64 "$demo" --nonsense
}
