# The whole job against real servers: PostgreSQL, rbldnsd with dnsdist in front
# for what goes wrong, and the stand-in for Jira. What was written is counted at
# the servers, never in our own logs.

bats_require_minimum_version 1.5.0
load support/job.bash

setup_file() {
    export COMMON=$BATS_TEST_DIRNAME/../common
    job_servers "$BATS_FILE_TMPDIR" one.test two.test three.test keyed.test=generic
}

teardown_file() { servers_stop "$BATS_FILE_TMPDIR"; }

# Every test begins in a world where nobody is listed and nothing is broken.
setup() {
    cd "$BATS_TEST_TMPDIR" || return
    job_world one.test two.test three.test
    export DNSBL_ZONES=one.test,two.test,three.test DNS_TIMEOUT=1 DNS_CONCURRENCY=100
    unset DRY_RUN RUN_DEADLINE
}

teardown() {
    [ -z "${sampler:-}" ] || kill "$sampler" 2>/dev/null || true
    [ -z "${pid:-}" ] || kill "$pid" 2>/dev/null || true
}

# monitor [OPTION...]: runs the job; its status, log (file log) and messages (file err).
monitor() {
    status=0
    "$job" "$@" >log 2>err || status=$?
    cat err
}

# ended STATUS: the job that ran ended so.
ended() {
    [ "$status" -eq "$1" ] || { echo "status $status, not $1"; jq -c 'select(.type != "address")' log; return 1; }
}

# listed ZONE ADDRESS..., unlisted ZONE ADDRESS...: from now on.
listed() { for each in "${@:2}"; do zone_list "$1" "$each"; done && rbldnsd_reload; }
unlisted() { for each in "${@:2}"; do zone_unlist "$1" "$each"; done && rbldnsd_reload; }

# row_is ADDRESS 'priority|old_priority|blocking_lists|last_event'
row_is() {
    local row
    row=$(pool_row "$1")
    [ "$row" = "$2" ] || { echo "row of $1: $row"; return 1; }
}

# tickets: one a line, by summary, since those of one run are made side by side: open or closed, summary, labels, number of comments.
tickets() {
    jira_state | jq -r '.issues | sort_by(.summary, .id) | .[] |
        [(if .open then "open" else "closed" end), .summary, (.labels | join(" ")), (.comments | length)] | join("|")'
}

tickets_are() {
    local all
    all=$(tickets)
    [ "$all" = "$1" ] || { echo "tickets: $all"; return 1; }
}

last_comment() { jira_state | jq -r '[.issues[].comments[].body] | last'; }

# written: changes with every write to the table (a new version of a row has a new xmin or place) and to Jira.
written() {
    sql 'SELECT id, xmin, ctid FROM postal.ip_addresses ORDER BY id'
    jira_control counters | jq -c '[.write_requests, .writes]'
}

# of_address, of_summary EXPRESSION: of the lines for addresses, of the last line.
of_address() { jq -c 'select(.type == "address") | '"$1" log; }
of_summary() { jq -c 'select(.type == "job_summary") | '"$1" log; }

nobody_left() { [ -z "$(pgrep -r D,R,S,T -g "$group")" ]; } # a zombie is none

# ---- what becomes of an address --------------------------------------------

@test "a clean address stays untouched" {
    pool_add 192.0.2.1 80
    before=$(written)
    monitor
    ended 0
    row_is 192.0.2.1 '80|||'
    [ "$(written)" = "$before" ]
    tickets_are ''
    [ "$(of_address '[.decision, .db_changes, .jira_action]')" = '["CLEAN",false,"no_action"]' ]
    [ "$(rbldnsd_queries '^[^ ]+ [^ ]+ 1\.2\.0\.192\.(one|two|three)\.test A ')" -ge 3 ] # it was asked
}

@test "newly listed: throttled, old_priority once, lists sorted, one ticket" {
    pool_add 192.0.2.1 80
    pool_add 192.0.2.2 70
    listed two.test 192.0.2.1
    listed one.test 192.0.2.1
    monitor
    ended 0
    row_is 192.0.2.1 '0|80|one.test,two.test|new block from list(s) one.test,two.test'
    row_is 192.0.2.2 '70|||'
    tickets_are 'open|IP 192.0.2.1 blacklisted by one.test, two.test|dnsbl-ip-192.0.2.1 dnsbl-monitor|0'
    [ "$(of_summary '[.total_ips, .listed, .newly_listed, .unchanged, .jira_created]')" = '[2,1,1,1,1]' ]
    listed three.test 192.0.2.1
    monitor
    ended 0
    [[ $(pool_row 192.0.2.1) == '0|80|'* ]] # not the 0 of meanwhile
}

@test "an old_priority that is there already is kept on listing" {
    pool_add 192.0.2.1 5
    sql "UPDATE postal.ip_addresses SET \"oldPriority\" = 90"
    listed one.test 192.0.2.1
    monitor
    ended 0
    row_is 192.0.2.1 '0|90|one.test|new block from list(s) one.test'
}

@test "the same again: not one write, ticket or comment" {
    pool_add 192.0.2.1 80
    pool_add 192.0.2.2
    pool_add 2001:db8::7
    listed one.test 192.0.2.1 2001:db8::7
    monitor
    ended 0
    tickets_are "$(printf '%s\n' 'open|IP 192.0.2.1 blacklisted by one.test|dnsbl-ip-192.0.2.1 dnsbl-monitor|0' \
        'open|IP 2001:db8::7 blacklisted by one.test|dnsbl-ip-2001-db8--7 dnsbl-monitor|0')"
    before=$(written)
    monitor
    ended 0
    [ "$(written)" = "$before" ]
    [ "$(of_summary '[.listed, .newly_listed, .unchanged]')" = '[2,0,3]' ]
}

@test "cleared: priority restored, ticket commented, not closed" {
    pool_add 192.0.2.1 80
    listed one.test 192.0.2.1
    monitor
    unlisted one.test 192.0.2.1
    monitor
    ended 0
    row_is 192.0.2.1 '80|||block removed'
    tickets_are 'open|IP 192.0.2.1 blacklisted by one.test|dnsbl-cleared dnsbl-ip-192.0.2.1 dnsbl-monitor|1'
    [[ $(last_comment) == *"no longer listed"* ]]
    before=$(written)
    monitor
    [ "$(written)" = "$before" ]
}

@test "two lists at once: one ticket with both, sorted" {
    pool_add 192.0.2.1
    listed two.test 192.0.2.1
    listed one.test 192.0.2.1
    monitor
    ended 0
    tickets_are 'open|IP 192.0.2.1 blacklisted by one.test, two.test|dnsbl-ip-192.0.2.1 dnsbl-monitor|0'
    [[ $(jira_state | jq -r '.issues[0].description') == *one.test*two.test* ]]
}

@test "a list added: comment, no new ticket" {
    pool_add 192.0.2.1 80
    listed two.test 192.0.2.1
    monitor
    listed one.test 192.0.2.1
    monitor
    ended 0
    row_is 192.0.2.1 '0|80|one.test,two.test|blocking list change: one.test,two.test'
    tickets_are 'open|IP 192.0.2.1 blacklisted by one.test, two.test|dnsbl-ip-192.0.2.1 dnsbl-monitor|1'
    [[ $(last_comment) == *one.test* ]]
}

@test "one of two lists gone: updated, still throttled" {
    pool_add 192.0.2.1 80
    listed one.test 192.0.2.1
    listed two.test 192.0.2.1
    monitor
    unlisted one.test 192.0.2.1
    monitor
    ended 0
    row_is 192.0.2.1 '0|80|two.test|blocking list change: two.test'
    tickets_are 'open|IP 192.0.2.1 blacklisted by two.test|dnsbl-ip-192.0.2.1 dnsbl-monitor|1'
}

@test "old_priority NULL on clearing: the fallback" {
    pool_add 192.0.2.1 0
    sql "UPDATE postal.ip_addresses SET \"blockingLists\" = 'one.test'"
    CLEAN_FALLBACK_PRIORITY=44 monitor
    ended 0
    row_is 192.0.2.1 '44|||block removed'
}

# ---- doubt -----------------------------------------------------------------

@test "one zone times out: UNKNOWN, the others decide" {
    pool_add 192.0.2.1 80
    pool_add 192.0.2.2 80
    listed two.test 192.0.2.1
    fault_zone one.test drop
    monitor
    ended 0
    row_is 192.0.2.1 '0|80|two.test|new block from list(s) two.test'
    row_is 192.0.2.2 '80|||'
    [ "$(of_address .unknown_zones | sort -u)" = '["one.test"]' ]
    [ "$(of_summary .unhealthy_zones)" = '["one.test"]' ]
    [ "$(jq -r 'select(.type == "unknown_lookups") | .zone' log)" = one.test ]
}

@test "all zones UNKNOWN for a clean address: nothing changes" {
    pool_add 192.0.2.1 80
    listed one.test 192.0.2.1
    for zone in one.test two.test three.test; do fault_zone "$zone" servfail; done
    before=$(sql 'SELECT xmin, ctid FROM postal.ip_addresses')
    monitor
    ended 0
    row_is 192.0.2.1 '80|||'
    [ "$(sql 'SELECT xmin, ctid FROM postal.ip_addresses')" = "$before" ]
    [[ $(tickets) != *"IP 192.0.2.1"* ]]
    [ "$(of_summary '[.dns_lookups, .dns_failures]')" = '[3,3]' ]
}

@test "all zones UNKNOWN for a listed address: it stays listed" {
    pool_add 192.0.2.1 80
    listed one.test 192.0.2.1
    monitor
    for zone in one.test two.test three.test; do fault_zone "$zone" servfail; done
    before=$(sql 'SELECT xmin, ctid FROM postal.ip_addresses')
    monitor
    ended 0
    row_is 192.0.2.1 '0|80|one.test|new block from list(s) one.test'
    [ "$(sql 'SELECT xmin, ctid FROM postal.ip_addresses')" = "$before" ]
    [ "$(of_address '[.decision, .carried_zones]')" = '["LISTED",["one.test"]]' ]
    [ "$(tickets | grep '^open|IP 192')" = 'open|IP 192.0.2.1 blacklisted by one.test|dnsbl-ip-192.0.2.1 dnsbl-monitor|0' ]
}

@test "one listing zone UNKNOWN and another clean: it stays listed" {
    pool_add 192.0.2.1 80
    listed one.test 192.0.2.1
    listed two.test 192.0.2.1
    monitor
    unlisted two.test 192.0.2.1
    unlisted one.test 192.0.2.1
    fault_zone one.test servfail
    monitor
    ended 0
    row_is 192.0.2.1 '0|80|one.test|blocking list change: one.test'
    tickets_are 'open|IP 192.0.2.1 blacklisted by one.test|dnsbl-ip-192.0.2.1 dnsbl-monitor|1'
    [[ $(last_comment) != *"no longer listed"* ]]
    # and when it answers again, it clears
    fault_zone one.test none
    monitor
    row_is 192.0.2.1 '80|||block removed'
}

@test "more than half UNKNOWN: one MAJOR MALFUNCTION ticket a day" {
    pool_add 192.0.2.1
    fault_zone one.test servfail
    fault_zone two.test refused
    monitor
    ended 0
    [ "$(jira_state | jq -c '[.issues[] | [.issuetype, .summary, .open, (.labels | contains(["MAJOR_MALFUNCTION"]))]]')" = \
        '[["Incident","DNS Infrastructure Failure Detected - 67% zones unreachable",true,true]]' ]
    [[ $(jira_state | jq -r '.issues[0].description') == *"MAJOR MALFUNCTION"*one.test*two.test* ]]
    before=$(written)
    monitor
    ended 0
    [ "$(written)" = "$before" ]
    # another zone out: a comment on the same one
    fault_zone three.test servfail
    monitor
    [ "$(jira_state | jq -c '[.issues[] | [.issuetype, (.comments | length)]]')" = '[["Incident",1]]' ]
}

@test "half UNKNOWN is not more than half" {
    pool_add 192.0.2.1
    fault_zone one.test servfail
    DNSBL_ZONES=one.test,two.test monitor
    ended 0
    [ "$(of_summary '[.dns_lookups, .dns_failures]')" = '[2,1]' ]
    tickets_are ''
}

# ---- a dry run -------------------------------------------------------------

# a_bit_of_everything: addresses to be listed, changed, cleared, left and doubted.
a_bit_of_everything() {
    local i
    for i in 1 2 3 4 5 6; do pool_add 192.0.2.$i 8$i; done
    pool_add 2001:db8::7
    listed one.test 192.0.2.1 192.0.2.2 192.0.2.3
    monitor
    ended 0
    unlisted one.test 192.0.2.1
    listed two.test 192.0.2.2 192.0.2.4 2001:db8::7
    fault_zone three.test servfail
}

# effects STREAM FILTER: of all addresses, sorted.
effects() { jq -c "select(.type == \"ip\") | [.ip, $2]" "$1" | sort; }

@test "DRY_RUN: nothing written, and would is what the real run then does" {
    a_bit_of_everything
    before=$(written)
    DRY_RUN=true monitor --capture dry
    ended 0
    [ "$(written)" = "$before" ]
    [ "$(of_summary .dry_run)" = true ]
    monitor --dry-run
    ended 0
    [ "$(written)" = "$before" ]
    monitor --capture real
    ended 0
    [ "$(written)" != "$before" ]
    effects dry/jira-sync.ndjson '.would.db_changes, .would.jira_action' >would
    effects real/jira-sync.ndjson '.db_changes, .jira_action' >did
    diff would did
    [ "$(cut -d, -f2- did | sort -u)" = "$(printf '%s\n' 'false,"no_action"]' 'true,"created_issue"]' 'true,"updated_issue"]')" ]
}

# ---- servers that are not there, or refuse ----------------------------------

@test "database down: 69, said so, no ticket" {
    pool_add 192.0.2.1
    listed one.test 192.0.2.1
    postgres_stop
    monitor
    ended 69
    told 'pg-ips: .*could not reach'
    jq -e 'select(.tool == "pg-ips" and .level == "ERROR") | .error_message' err | grep -qF "$DB_PORT"
    tickets_are ''
    [ "$(of_summary .complete)" = false ]
    postgres_start "$SERVERS"
    row_is 192.0.2.1 '100|||'
}

@test "database login refused: 77 at once, no ticket" {
    pool_add 192.0.2.1
    listed one.test 192.0.2.1
    started=$SECONDS
    DB_PASSWORD=wrong monitor
    ended 77
    ((SECONDS - started < 13)) # three more tries would take 14
    told 'pg-ips: .*refused'
    jq -e 'select(.tool == "pg-ips" and .level == "ERROR") | .error_message' err | grep -qF "$DB_USER"
    tickets_are ''
    row_is 192.0.2.1 '100|||'
}

@test "Jira down: 69, and the throttling still happened" {
    pool_add 192.0.2.1 80
    pool_add 192.0.2.2 80
    listed one.test 192.0.2.1
    monitor
    unlisted one.test 192.0.2.1
    listed one.test 192.0.2.2
    jira_control faults -d '{"name": "down", "match": {"path": "^/rest/"}, "times": "always", "action": {"status": 503}}' >/dev/null
    before=$(jira_control counters | jq -c .writes)
    monitor
    ended 69
    told 'jira-sync: .*could not reach'
    row_is 192.0.2.1 '80|||block removed'
    row_is 192.0.2.2 '0|80|one.test|new block from list(s) one.test'
    [ "$(jira_control counters | jq '.faults.down.fired > 0')" = true ]
    [ "$(jira_control counters | jq -c .writes)" = "$before" ]
    [ "$(of_address .jira_action | sort -u)" = '"failed"' ]
    # the next run brings what is missing, and no more
    jira_control faults -X DELETE >/dev/null
    monitor
    ended 0
    tickets_are "$(printf '%s\n' 'open|IP 192.0.2.1 blacklisted by one.test|dnsbl-cleared dnsbl-ip-192.0.2.1 dnsbl-monitor|1' \
        'open|IP 192.0.2.2 blacklisted by one.test|dnsbl-ip-192.0.2.2 dnsbl-monitor|0')"
}

@test "Jira login refused: 77, and the throttling still happened" {
    pool_add 192.0.2.1 80
    listed one.test 192.0.2.1
    JIRA_API_TOKEN=wrong monitor
    ended 77
    told 'jira-sync: .*refused'
    told 'JIRA_API_TOKEN|JIRA_USER|credentials|token'
    row_is 192.0.2.1 '0|80|one.test|new block from list(s) one.test'
    tickets_are ''
}

@test "a zone list with a typo: 78, all problems named, no server touched" {
    pool_add 192.0.2.1
    listed one.test 192.0.2.1
    queries=$(rbldnsd_queries)
    requests=$(jira_control counters | jq -c .requests)
    before=$(written)
    DNSBL_ZONES='one.test=127.0.0.300,two..test' DB_PORT=http DNS_TIMEOUT=0 monitor
    ended 78
    told '127\.0\.0\.300'
    told 'two\.\.test'
    told 'DB_PORT'
    told 'DNS_TIMEOUT'
    told 'nothing was touched: .*pg-ips.*dnsbl-probe'
    [ "$(rbldnsd_queries)" -eq "$queries" ]
    [ "$(jira_control counters | jq -c .requests)" = "$requests" ]
    [ "$(written)" = "$before" ]
    [ ! -s log ]
}

@test "--check asks nobody, --check=online asks everybody and changes nothing" {
    pool_add 192.0.2.1
    listed one.test 192.0.2.1
    before=$(written)
    postgres_stop
    monitor --check
    ended 0
    postgres_start "$SERVERS"
    queries=$(rbldnsd_queries)
    monitor --check=online
    ended 0
    [ "$(rbldnsd_queries)" -gt "$queries" ]
    [ "$(written)" = "$before" ]
    grep -q 'zone one.test is asked about 288 times a day, in 96 runs' err # one address and two test entries
    JIRA_API_TOKEN=wrong monitor --check=online
    ended 77
    DB_PASSWORD=wrong monitor --check=online
    ended 77
}

# ---- killed ----------------------------------------------------------------

is_locked() { [ "$(sql "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'postal.ip_addresses'::regclass")" = 1 ]; }

# pg-ips has done its work when the others are held up: it gets a lock to wait for.
lock_table() {
    sql 'BEGIN; LOCK postal.ip_addresses; SELECT pg_sleep(60)' >/dev/null 2>&1 3>&- &
    wait_for 60 is_locked
}

unlock_table() {
    sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK postal%'" >/dev/null
}

@test "a killed stage in the middle: non-zero, named, and the next run repairs it" {
    local address stage i=0
    for stage in pg-ips dnsbl-probe dnsbl-decide pg-apply jira-sync log-summary; do
        address=192.0.2.$((++i))
        pool_add "$address" 80
        listed one.test "$address"
        [ "$stage" != pg-ips ] || lock_table
        held_up
        wait_for 60 stage_of "$pid" log-summary >/dev/null
        wait_for 60 stage_of "$pid" "$stage" >/dev/null
        kill -s KILL "$(stage_of "$pid" "$stage")"
        finished
        unlock_table
        echo "$stage killed: $status"
        ended 137
        told "$stage: ended by SIGKILL"
        case $stage in
            jira-sync | log-summary) row_is "$address" '0|80|one.test|new block from list(s) one.test' ;;
            *) row_is "$address" '80|||' ;;
        esac
        monitor
        ended 0
        row_is "$address" '0|80|one.test|new block from list(s) one.test'
        [ "$(tickets | grep -c "IP $address blacklisted by one.test|")" -eq 1 ]
    done
}

@test "SIGTERM: 143 within 5 s, nothing half done, nobody left" {
    pool_add 192.0.2.1 80
    listed one.test 192.0.2.1
    held_up
    wait_for 60 stage_of "$pid" log-summary
    group=$(pgrep -P "$pid" -x dnsbl-monitor)
    started=$SECONDS
    kill -s TERM "$pid"
    finished
    ended 143
    ((SECONDS - started <= 6))
    told 'ended by SIGTERM'
    wait_for 2 nobody_left
    row_is 192.0.2.1 '80|||'
    tickets_are ''
    monitor
    ended 0
    row_is 192.0.2.1 '0|80|one.test|new block from list(s) one.test'
}

# ---- by hand, and replayed --------------------------------------------------

@test "echo 192.0.2.1 | dnsbl-probe" {
    listed two.test 192.0.2.1
    run --separate-stderr bash -c 'echo 192.0.2.1 | "$BUILD/bin/dnsbl-probe"'
    [ "$status" -eq 0 ]
    [ "$(jq -c 'select(.type == "ip") | [.ip, (.results | sort_by(.zone)[] | .status)]' <<<"$output")" = \
        '["192.0.2.1","NOT_LISTED","NOT_LISTED","LISTED"]' ]
}

@test "a captured stream replayed gives the same decisions, and writes nothing" {
    a_bit_of_everything
    monitor --capture streams
    ended 0
    before=$(written)
    monitor --from dnsbl-decide streams/dnsbl-probe.ndjson --capture again
    ended 0
    [ "$(written)" = "$before" ]
    decisions='.decision, .transition, .score, .listed_zones, .unknown_zones, .carried_zones, .added_zones, .removed_zones, .update'
    diff <(effects streams/dnsbl-decide.ndjson "$decisions") <(effects again/dnsbl-decide.ndjson "$decisions")
    [ "$(wc -l <again/dnsbl-decide.ndjson)" -ge 9 ]
    [ "$(of_summary .dry_run)" = true ]
    # the whole of it was asked of the zones anew: the rows have changed since, the answers have not
    monitor --from dnsbl-probe streams/pg-ips.ndjson --capture anew
    ended 0
    diff <(effects streams/dnsbl-decide.ndjson "$decisions") <(effects anew/dnsbl-decide.ndjson "$decisions")
    [ "$(written)" = "$before" ]
}

@test "a replay acts only when told so, and on an old stream only when told so twice" {
    pool_add 192.0.2.1 80
    listed one.test 192.0.2.1
    monitor --dry-run --capture dry
    ended 0
    # A dry run's stream stays one, whatever happens to it later.
    monitor --from pg-apply dry/dnsbl-decide.ndjson --write
    ended 0
    row_is 192.0.2.1 '80|||'
    jq -c 'if .type == "run" then .dry_run = false | .started_at = "2026-01-01T00:00:00.000Z" else . end' \
        dry/dnsbl-decide.ndjson >old.ndjson
    monitor --from pg-apply old.ndjson
    ended 0
    row_is 192.0.2.1 '80|||'
    monitor --from pg-apply old.ndjson --write
    ended 65
    row_is 192.0.2.1 '80|||'
    tickets_are ''
    monitor --from pg-apply old.ndjson --write --allow-stale
    ended 0
    row_is 192.0.2.1 '0|80|one.test|new block from list(s) one.test'
    [ "$(tickets | wc -l)" -eq 1 ]
}

@test "an empty or torn capture counts as cut off" {
    pool_add 192.0.2.1
    monitor --capture streams
    : >empty.ndjson
    monitor --from dnsbl-decide empty.ndjson
    ended 65
    head -c -20 streams/dnsbl-probe.ndjson >torn.ndjson
    monitor --from dnsbl-decide torn.ndjson
    ended 65
    [ "$(of_summary .complete)" = false ]
}

@test "with RUN_DEADLINE the addresses are read from somewhere in the middle" {
    local i
    for i in {1..60}; do echo "('10.0.0.$i')"; done | paste -sd, |
        sed 's/^/INSERT INTO postal.ip_addresses (ip) VALUES /' | sql
    for i in 1 2 3 4 5; do
        RUN_DEADLINE=600 monitor --capture streams
        ended 0
        [ "$(jq -c 'select(.type == "ip") | .id' streams/pg-ips.ndjson | sort -u | wc -l)" -eq 60 ]
        jq -r 'select(.type == "ip") | .id' streams/pg-ips.ndjson | head -n 1 >>firsts
    done
    [ "$(sort -u firsts | wc -l)" -gt 1 ]
}

# ---- contracts and secrets --------------------------------------------------

@test "log lines and records validate against their schemas" {
    a_bit_of_everything
    cat log >>logs
    cat err >>messages
    monitor --capture streams
    ended 0
    cat log >>logs
    cat err >>messages
    monitor --dry-run --capture dry
    cat log >>logs
    DB_PASSWORD=wrong JIRA_API_TOKEN=wrong monitor
    cat log >>logs
    cat err >>messages
    DNS_TIMEOUT=x monitor
    cat err >>messages
    "$SUPPORT/validate.py" "$COMMON/log.schema.json" logs messages
    "$SUPPORT/validate.py" "$COMMON/record.schema.json" streams/*.ndjson dry/*.ndjson
    [ "$(find streams dry -name '*.ndjson' | wc -l)" -eq 10 ]
    [ "$(jq -r .type logs | sort -u | paste -sd' ')" = 'address job_summary unknown_lookups zone' ]
    jq -e 'select(.type == "job_summary") |
        .newly_listed + .cleaned + .changed + .unchanged + .held + .conflicts + .failed == .total_ips' logs
}

# sample FILE: what stands on the command line of whoever runs, again and again.
sample() {
    while :; do
        cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' >>"$1"
        sleep 0.1
    done
}

# from_files [OPTION...]: the same as monitor, with the secrets in files.
from_files() {
    local dir=$BATS_FILE_TMPDIR/secret-files
    mkdir -p "$dir"
    status=0
    (
        for name in DB_PASSWORD JIRA_API_TOKEN LIST_KEY; do
            echo "${!name}" >"$dir/$name"
            export "${name}_FILE=$dir/$name"
            unset "$name"
        done
        monitor "$@"
        exit "$status"
    ) || status=$?
}

@test "no secret appears in any output, argv or ticket" {
    local i
    LIST_KEY=$(head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n')
    export LIST_KEY
    secrets=$BATS_FILE_TMPDIR/secrets # not where everything is searched
    export DNSBL_ZONES="one.test,two.test,KEYED:\${LIST_KEY}.keyed.test"
    # rbldnsd's generic zone: the key stands in the data, not on its command line.
    zone_write --no-test-entries keyed.test <<ZONE
2.0.0.127.$LIST_KEY A 127.0.0.2
1.2.0.192.$LIST_KEY A 127.0.0.2
1.2.0.192.$LIST_KEY TXT "see https://$LIST_KEY.keyed.test/?ip=192.0.2.1"
ZONE
    rbldnsd_reload
    encoded=$(od -An -v -tx1 <<<"${DB_PASSWORD}" | tr -d '\n' | sed 's/ 0a$//; s/ /%/g') # as a URI may write it
    printf '%s\n' "$LIST_KEY" "$DB_PASSWORD" "$JIRA_API_TOKEN" "$encoded" \
        "$(printf '%s:%s' "$JIRA_USER" "$JIRA_API_TOKEN" | base64 -w 0)" >"$secrets"
    for i in 1 2 3; do pool_add 192.0.2.$i; done
    listed one.test 192.0.2.2
    sample cmdlines 3>&- &
    sampler=$!
    held_up --capture streams --metrics metrics
    looked_at() { grep -A 1 '/log-summary$' cmdlines | grep -qx -- --require-run; } # the last one to be started
    wait_for 60 looked_at
    finished
    ended 0
    cp log log.normal
    cp err err.normal
    from_files --capture streams.files
    ended 0
    cp log log.files
    cp err err.files
    "$BUILD/bin/log-summary" --format text <streams/jira-sync.ndjson >text
    "$BUILD/bin/dnsbl-report" <streams/jira-sync.ndjson >page
    # and where things go wrong
    fault_zone keyed.test servfail
    monitor --capture streams.sick
    cp log log.sick
    cp err err.sick
    fault_zone keyed.test none
    DB_DSN="host=127.0.0.1 port=$DB_PORT dbname=nosuch user=$DB_USER password=$DB_PASSWORD" monitor
    [ "$status" -ne 0 ]
    cp err err.dsn
    DB_DSN="postgresql://$DB_USER:$DB_PASSWORD@127.0.0.1:$DB_PORT/postal?nosuch=1" monitor
    ended 78
    cp err err.uri
    DB_DSN="postgresql://$DB_USER:$encoded@127.0.0.1:$DB_PORT/postal?nosuch=1" monitor
    ended 78
    cp err err.encoded
    DB_DSN="postgresql://$DB_USER:$encoded@127.0.0.1:$DB_PORT/nosuch" monitor
    [ "$status" -ne 0 ]
    cp err err.refused
    JIRA_API_TOKEN=${JIRA_API_TOKEN}x monitor
    ended 77
    cp err err.token
    DNSBL_ZONES="one.test,\${LIST_KEY}.zen.dq.spamhaus.net,X:\${LIST_KEY}..test" monitor
    ended 78
    cp err err.zones
    kill "$sampler"
    jira_state >state
    sql 'SELECT * FROM postal.ip_addresses' >rows
    # The run did what it should, and the search can find what it looks for.
    grep -q KEYED rows
    grep -q 'IP 192.0.2.1 blacklisted by KEYED' state
    for each in text page metrics; do grep -q KEYED "$each"; done
    grep -q -- --require-run cmdlines
    [ "$(wc -l <"$secrets")" -eq 5 ]
    grep -qFf "$secrets" "$secrets"
    run -1 grep -rliFf "$secrets" . # in capitals as well: names of DNS have no case
    [ -z "$output" ]
}
