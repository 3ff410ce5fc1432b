# Every program under valgrind's memcheck: the whole job against real servers, by hand, and what fails cheaply. No access
# to memory that is not there, no use of a value that was never set, no block lost, no descriptor left open at the end.
# make valgrind

bats_require_minimum_version 1.5.0

stages=(pg-ips dnsbl-probe dnsbl-decide pg-apply jira-sync log-summary)

setup_file() {
    load ../support/job.bash
    load ../support/valgrind.bash
    job_servers "$BATS_FILE_TMPDIR" a.test b.test
    mkdir "$BATS_FILE_TMPDIR/valgrind"
    under_valgrind "$BATS_FILE_TMPDIR/valgrind"
}

teardown_file() {
    load ../support/servers.bash
    load ../support/valgrind.bash
    servers_stop "$BATS_FILE_TMPDIR"
    [ -z "${VALGRIND_REPORT:-}" ] || judge --report "$VALGRIND_REPORT" "$BATS_FILE_TMPDIR"/logs-* >/dev/null || true
}

setup() {
    load ../support/job.bash
    load ../support/valgrind.bash
    cd "$BATS_TEST_TMPDIR" || return
    export VALGRIND_LOGS=$BATS_FILE_TMPDIR/logs-$BATS_TEST_NUMBER
    mkdir "$VALGRIND_LOGS"
    programs=$BATS_FILE_TMPDIR/valgrind/bin
    # Under memcheck all takes fifty times as long.
    export DNSBL_ZONES='A:a.test=127.0.0.2*2,b.test' DNSBL_THRESHOLD=1 DNS_TIMEOUT=30 SURGE_LIMIT_PERCENT=60
}

# monitor [OPTION...]: runs the job under memcheck.
monitor() {
    status=0
    BUILD=${programs%/bin} "$job" "$@" >log 2>err || status=$?
    cat err
}

counts() { jq -r 'select(.type == "job_summary") | "\(.total_ips) \(.newly_listed) \(.cleaned) \(.changed) \(.jira_created) \(.jira_updated)"' log; }

# judge_all N PROGRAM...: N processes of each were run, and memcheck found nothing.
judge_all() {
    local expected=("${@:2}")
    expected=("${expected[@]/#/--expect=}")
    judge "${expected[@]/%/=$1}" "$VALGRIND_LOGS"
}

# ends STATUS PROGRAM [OPTION...]: with that status, under memcheck, which has one of its own for what it finds.
ends() {
    local found=0
    "$programs/$2" "${@:3}" >out 2>err || found=$?
    [ "$found" -eq "$1" ] || { echo "$* ended with $found"; tail -n 3 err; return 1; }
}

@test "the job: 50 addresses of both families, listed, changed and cleared, with tickets, captures and metrics" {
    job_world a.test b.test
    { for n in {1..44}; do echo "192.0.2.$n"; done; for n in {1..6}; do echo "2001:db8::$n"; done; } |
        sed "s/.*/INSERT INTO postal.ip_addresses (ip, priority) VALUES ('&', 100);/" | sql
    for n in {1..6}; do zone_list a.test "192.0.2.$n" 127.0.0.2 "Reason $n, https://a.test/$n"; done
    zone_list a.test 2001:db8::3
    zone_list b.test 192.0.2.6 127.0.0.4
    rbldnsd_reload
    monitor
    [ "$status" -eq 0 ]
    [ "$(counts)" = "50 7 0 0 7 0" ]
    for n in {1..3}; do zone_unlist a.test "192.0.2.$n"; done
    for n in 4 40; do zone_list b.test "192.0.2.$n"; done
    rbldnsd_reload
    fault_zone a.test none
    monitor --capture captured --metrics metrics.prom
    [ "$status" -eq 0 ]
    [ "$(counts)" = "50 1 3 1 1 4" ]
    [ "$(tail -n 1 metrics.prom)" = '# EOF' ]
    cp captured/jira-sync.ndjson "$BATS_FILE_TMPDIR/finished.ndjson"
    cp captured/pg-ips.ndjson "$BATS_FILE_TMPDIR/pool.ndjson"
    # Nothing to do, one list silent, one that refuses, and a surge that is held.
    for n in {10..43}; do zone_list b.test "192.0.2.$n"; done
    rbldnsd_reload
    fault_zone a.test spoof:127.255.255.254
    monitor --dry-run
    [ "$status" -eq 0 ]
    judge_all 6 "${stages[@]}" # a check and a run each
}

@test "by hand: addresses, a range, a table, exit statuses that tell, and the page" {
    job_world a.test b.test
    zone_list a.test 192.0.2.9
    rbldnsd_reload
    ends 2 dnsbl-probe -e 192.0.2.9 2001:db8::9
    ends 0 dnsbl-probe --format table 192.0.2.0/28
    ends 0 dnsbl-probe -z a.test ::ffff:192.0.2.9
    "$programs/dnsbl-report" <"$BATS_FILE_TMPDIR/finished.ndjson" >page.html
    grep -q '192.0.2.6' page.html
    judge --expect dnsbl-probe=3 --expect dnsbl-report=1 "$VALGRIND_LOGS"
}

@test "wrong options, wrong settings, bad records, input cut off, and nowhere to write" {
    local name found finished=$BATS_FILE_TMPDIR/finished.ndjson
    for name in "${stages[@]}" dnsbl-report; do
        ends 64 "$name" --nonsense
        ends 0 "$name" --help
    done
    export DNSBL_ZONES='a.test=127.0.0.300,b..test*x' DB_PORT=x JIRA_SERVER=ftp://x
    for name in "${stages[@]:0:5}"; do
        ends 78 "$name" --check
    done
    unset DB_PORT JIRA_SERVER
    export DNSBL_ZONES=a.test DB_PORT=1 JIRA_SERVER=http://127.0.0.1:1
    for name in dnsbl-probe dnsbl-decide log-summary; do
        ends 65 "$name" --require-run < <(head -c 3000 "$finished")
        ends 1 "$name" < <(printf '%s\n' '{"type":"ip","ip":"1.2.3"}' '{"type":"ip","type":"ip"}' '{' '{"type":"ip","ip":7}')
    done
    for name in pg-apply jira-sync; do
        ends 65 "$name" --require-run </dev/null
    done
    for name in dnsbl-decide log-summary dnsbl-report; do
        found=0
        "$programs/$name" <"$finished" >/dev/full 2>err || found=$?
        [ "$found" -eq 74 ]
    done
    judge --expect pg-ips=3 --expect dnsbl-probe=5 --expect dnsbl-decide=6 --expect pg-apply=4 --expect jira-sync=4 \
        --expect log-summary=5 --expect dnsbl-report=3 "$VALGRIND_LOGS"
}

@test "the servers refuse us" {
    DB_PASSWORD=wrong ends 77 pg-ips
    JIRA_API_TOKEN=wrong ends 77 jira-sync <"$BATS_FILE_TMPDIR/finished.ndjson"
    judge --expect pg-ips=1 --expect jira-sync=1 "$VALGRIND_LOGS"
}

@test "ended by SIGTERM in the middle of their input" {
    local name pid found
    mkfifo input
    for name in "${stages[@]:1}"; do
        "$programs/$name" --require-run <input >"$name.out" 2>err 3>&- &
        pid=$!
        exec 9>input
        head -n 12 "$BATS_FILE_TMPDIR/finished.ndjson" >&9
        wait_for 300 test -s "$name.out" # so it is at work
        kill -s TERM "$pid"
        found=0
        wait "$pid" || found=$?
        exec 9>&-
        [ "$found" -eq 143 ] || { echo "$name ended with $found"; tail -n 3 err; false; }
    done
    judge_all 1 "${stages[@]:1}"
}

@test "memcheck is heard: of a block that is lost, a value after its end, a descriptor left open, and of a process that was killed" {
    cc -g -shared -fPIC -x c -o planted.so - <<'C'
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
static char *volatile block;
__attribute__((constructor)) static void plant(void)
{
    const char *what = getenv("PLANT");

    if (!strcmp(what, "lost")) {
        block = malloc(100);
        block = NULL;
    } else if (!strcmp(what, "ended")) {
        block = malloc(100);
        free(block);
        if (block[7])
            block = NULL;
    } else if (!strcmp(what, "descriptor")) {
        open("/dev/zero", O_RDONLY);
    }
}
C
    local what
    for what in lost ended descriptor nothing; do
        mkdir "$what"
        VALGRIND_LOGS=$PWD/$what PLANT=$what LD_PRELOAD=$PWD/planted.so "$programs/dnsbl-decide" --help >/dev/null || [ "$?" -eq 99 ]
    done
    judge nothing
    run -1 judge lost
    [[ $output == *'1 errors, 100 bytes lost'* ]]
    run -1 judge ended
    [[ $output == *'1 errors, 0 bytes lost'* ]]
    run -1 judge descriptor
    [[ $output == *'left open at the end: file descriptor '*': /dev/zero'* ]]
    sed -i '/ERROR SUMMARY/d' nothing/*
    run -1 judge nothing
    [[ $output == *'no summary: it was killed'* ]]
    run -1 judge --expect dnsbl-decide=2 lost
    [[ $output == *'1 processes of dnsbl-decide have logs, not 2'* ]]
}
