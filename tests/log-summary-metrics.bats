# log-summary: the metrics of a run, as a file. What the job makes of them: metrics.bats.

bats_require_minimum_version 1.5.0

setup_file() {
    export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build}
    export SUPPORT=$BATS_TEST_DIRNAME/support
}

setup() {
    load support/records.bash
    cd "$BATS_TEST_TMPDIR" || return
}

# metrics [OPTION...]: the file is m.prom.
metrics() { "$BUILD/bin/log-summary" --metrics m.prom "$@" >out 2>err; }

# well_formed FILE: for both formats that it claims to be, by their own strict readers; and it says no series twice.
well_formed() {
    promtool check metrics <"$1" || return
    /usr/bin/python3 - "$1" <<'PYTHON_END' || return
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
assert sum(len(family.samples) for family in parse(open(sys.argv[1]).read())) > 20
PYTHON_END
    [ -z "$(grep -v '^#' "$1" | sed 's/ [^ ]*$//' | sort | uniq -d)" ]
}

# value SERIES: exactly as it stands in the file.
value() { grep -F -- "$1 " m.prom | awk -v series="$1" 'substr($0, 1, length(series) + 1) == series " " { print $NF }'; }

everything() {
    start
    zone a.test ok
    zone b.test silent "127.0.0.2 is not listed"
    ip 1
    ip 2 "$listed | .jira_action = \"created_issue\" | .jira_issue = \"OPS-1\" | .results[0].duration_ms = 1500"
    ip 3 '.transition = "cleared" | .db_outcome = "updated" | .jira_action = "updated_issue"'
    ip 4 "$listed | .transition = \"changed\" | .listed_zones = [\"a.test\", \"b.test\"]"
    ip 5 "$listed | .transition = \"held\" | .db_outcome = \"unchanged\""
    ip 6 "$listed | .db_outcome = \"conflict\""
    ip 7 "$listed | .db_outcome = \"failed\" | $(unknown 1 zone_silent)"
    ip 8 "$(unknown 0 timeout) | .results[0].duration_ms = 5000"
    end 9 2 | jq -c '.stage_duration_sec = {"pg-ips": 0.25, "dnsbl-probe": 12}'
}

@test "what the run was, in numbers" {
    everything | metrics
    [ ! -s err ]
    well_formed m.prom
    [ "$(tail -n 1 m.prom)" = '# EOF' ]
    [ "$(value 'dnsbl_addresses{state="listed"}')" = 5 ]
    [ "$(value 'dnsbl_addresses{state="clean"}')" = 3 ]
    [ "$(value 'dnsbl_addresses{state="undecided"}')" = 0 ]
    [ "$(grep '^dnsbl_address_outcomes' m.prom | awk '{ sum += $NF } END { print sum }')" = 9 ]
    for one in newly_listed cleaned changed held conflicts; do
        [ "$(value "dnsbl_address_outcomes{outcome=\"$one\"}")" = 1 ]
    done
    [ "$(value 'dnsbl_address_outcomes{outcome="failed"}')" = 2 ] # one was lost on the way
    [ "$(value 'dnsbl_address_outcomes{outcome="unchanged"}')" = 2 ]
    [ "$(value dnsbl_skipped_rows)" = 2 ]
    [ "$(value 'dnsbl_tickets{action="created"}')" = 1 ]
    [ "$(value 'dnsbl_listings{zone="a.test"}')" = 5 ]
    [ "$(value 'dnsbl_lookups{zone="a.test",outcome="listed"}')" = 5 ]
    [ "$(value 'dnsbl_lookups{zone="a.test",outcome="not_listed"}')" = 2 ]
    [ "$(value 'dnsbl_lookups{zone="a.test",outcome="timeout"}')" = 1 ]
    [ "$(value 'dnsbl_lookups{zone="b.test",outcome="zone_silent"}')" = 1 ]
    [ -z "$(value 'dnsbl_lookups{zone="b.test",outcome="timeout"}')" ]
    [ "$(value 'dnsbl_zone_healthy{zone="a.test"}')" = 1 ]
    [ "$(value 'dnsbl_zone_healthy{zone="b.test"}')" = 0 ]
    [ "$(grep -c '^dnsbl_zone_health{zone="b.test".* 1$' m.prom)" -eq 1 ]
    [ "$(value 'dnsbl_zone_health{zone="b.test",health="silent"}')" = 1 ]
    [ "$(value 'dnsbl_stage_duration_seconds{stage="pg-ips"}')" = 0.25 ]
    [ "$(value 'dnsbl_stage_duration_seconds{stage="dnsbl-probe"}')" = 12 ]
    [ -n "$(value 'dnsbl_stage_duration_seconds{stage="log-summary"}')" ]
    [ "$(value dnsbl_run_complete)" = 1 ]
    [ "$(value dnsbl_run_dry)" = 0 ]
}

@test "one series for each address and list that lists it, and none for the others" {
    everything | metrics
    [ "$(grep '^dnsbl_listed{' m.prom | tr -d '\n')" = "$(for pair in 2,a 4,a 4,b 5,a 6,a 7,a; do
        printf 'dnsbl_listed{ip="10.0.0.%s",zone="%s.test"} 1' "${pair%,*}" "${pair#*,}"
    done)" ]
}

@test "an address in two rows is one series, else nobody could read the file" {
    {
        start
        ip 2 "$listed"
        ip 3 "$listed | .ip = \"2001:DB8::1\" | .listed_zones = [\"a\", \"a\", \"b\\u0001\", \"b\\\\001\"]"
        ip 4 "$listed | .ip = \"2001:db8:0::1\" | .listed_zones = [\"a\"]"
        ip 2 "$listed | .id = 9"
        end 4
    } | metrics
    well_formed m.prom
    [ "$(grep -c '^dnsbl_listed{' m.prom)" -eq 3 ]
}

@test "the histogram counts what was asked, in seconds" {
    everything | metrics
    [ "$(value 'dnsbl_lookup_duration_seconds_bucket{zone="a.test",le="0.005"}')" = 6 ]
    [ "$(value 'dnsbl_lookup_duration_seconds_bucket{zone="a.test",le="1.0"}')" = 6 ]
    [ "$(value 'dnsbl_lookup_duration_seconds_bucket{zone="a.test",le="2.5"}')" = 7 ]
    [ "$(value 'dnsbl_lookup_duration_seconds_bucket{zone="a.test",le="5.0"}')" = 8 ]
    [ "$(value 'dnsbl_lookup_duration_seconds_count{zone="a.test"}')" = 8 ]
    [ "$(value 'dnsbl_lookup_duration_seconds_sum{zone="a.test"}')" = 6.515 ]
    [ "$(value 'dnsbl_lookup_duration_seconds_count{zone="b.test"}')" = 7 ] # one was not asked
}

@test "names of strangers cannot break out of their labels" {
    {
        start
        ip 2 "$listed | .listed_zones = [\"q\\\" b\\\\ n\\n} 1\"] | .results[0].zone = \"\\u001b\\\"x\""
        end 1 -5 | jq -c '.stage_duration_sec = {"a\"b\\\n": 1, "pg-ips": "soon", "pg-apply": -1}'
    } | metrics
    well_formed m.prom
    [ "$(grep -c '^dnsbl_listed{' m.prom)" -eq 1 ]
    grep -qF 'zone="q\" b\\ n\\010} 1"} 1' m.prom
}

@test "a stream that was cut off, an empty one and a killed one are told of" {
    status=0
    everything | sed '$d' | metrics || status=$?
    [ "$status" -eq 65 ]
    well_formed m.prom
    [ "$(value dnsbl_run_complete)" = 0 ]
    status=0
    metrics --require-run </dev/null || status=$?
    [ "$status" -eq 65 ]
    [ "$(value dnsbl_run_complete)" = 0 ]
    [ "$(value 'dnsbl_addresses{state="listed"}')" = 0 ]
    promtool check metrics <m.prom
}

now() { date -u +%FT%T.000Z; }

@test "the last success stays when a run is none" {
    { start false "$(now)"; ip 1; end 1; } | metrics
    success=$(value dnsbl_last_success_timestamp_seconds)
    [ "${success%.*}" -gt 1700000000 ]
    stays() {
        metrics || true
        [ "$(value dnsbl_last_success_timestamp_seconds)" = "$success" ] || { echo "a success: $1" && return 1; }
    }
    everything | sed "s/2026-01-31T12:00:00.000Z/$(now)/" | stays "something failed"
    { start false "$(now)"; ip 1 '.jira_action = "failed"'; end 1; } | stays "a ticket failed"
    { start false "$(now)"; ip 1; end 1 | jq -c '.jira_malfunctions = [{summary: "x", jira_action: "failed", jira_issue: null}]'; } |
        stays "a ticket about DNS failed"
    { start true "$(now)"; ip 1; end 1; } | stays "a dry run protects nobody"
    { start false "$(now)"; ip 1; } | stays "cut off"
    { start false "$(now)"; ip 1; echo '{"type":"ip"'; end 1; } | stays "a bad record"
    { start false "$(now)"; ip 1 'del(.decision, .transition, .update)'; end 1; } | stays "not decided"
    { start; ip 1; end 1; } | stays "a stream of long ago"
    ip 1 | stays "no run at all"
    stays "nothing" </dev/null
    well_formed m.prom || grep -q 'dnsbl_run_complete 1' m.prom
    { start false "$(now)"; ip 1; end 1; } | metrics
    [ "$(value dnsbl_last_success_timestamp_seconds)" != "$success" ]
    rm m.prom
    everything | metrics
    [ -z "$(value dnsbl_last_success_timestamp_seconds)" ]
}

@test "the series of a pool that is listed as a whole are bounded, and that is told" {
    record=$(ip 1 "$listed | .listed_zones = [range(101) | \"z\(.).test\"]" | jq -c 'del(.results, .probed_at)')
    { start; for n in $(seq 1 1000); do echo "${record//10.0.0.1/10.0.$((n / 250)).$((n % 250))}"; done; end 1000; } | metrics
    [ "$(grep -c '^dnsbl_listed{' m.prom)" -eq 100000 ]
    [ "$(jq -r .error_type err)" = too_many_series ]
    [ "$(value 'dnsbl_addresses{state="listed"}')" = 1000 ]
    well_formed_begin=$(grep -v '^dnsbl_listed{' m.prom | promtool check metrics)
    [ -z "$well_formed_begin" ]
}

# ---- the file -------------------------------------------------------------------

@test "the file is another's to read, and never there by half" {
    mkfifo in
    metrics <in &
    exec 9>in
    { start && ip 2 "$listed"; } >&9
    [ ! -e m.prom ]
    end 1 >&9
    exec 9>&-
    wait
    well_formed m.prom
    [ "$(stat -c %a m.prom)" = 644 ]
    [ "$(find . -name 'm.prom*' | wc -l)" -eq 1 ]
    # Whoever has it open still reads all of the old one.
    cp m.prom old
    ln m.prom open
    (umask 027 && everything | metrics)
    [ "$(stat -c %a m.prom)" = 640 ]
    cmp old open
}

@test "a file that cannot be written: the log is whole, the status 74, and nothing is left" {
    status=0
    { start; ip 1; end 1; } | "$BUILD/bin/log-summary" --metrics missing/m.prom >out 2>err || status=$?
    [ "$status" -eq 74 ]
    [ "$(jq -s length out)" -eq 2 ]
    [[ $(jq -r .error_message err) == *missing/m.prom*'the log is not affected'* ]]
    status=0
    { start; ip 1; end 1; } | "$BUILD/bin/log-summary" --metrics /dev/full >out 2>err || status=$?
    [ "$status" -eq 74 ]
    [ "$(jq -s length out)" -eq 2 ]
    status=0
    { start; ip 1; end 1; } | "$BUILD/bin/log-summary" --metrics m.prom >/dev/full 2>err || status=$?
    [ "$status" -eq 74 ]
    [ -z "$(find . -name 'm.prom*')" ]
}

@test "a pipe and a descriptor are written to as they are, without what only a file can know" {
    { start; ip 1; end 1; } >in
    mkfifo pipe
    cat pipe >m.prom &
    "$BUILD/bin/log-summary" --metrics pipe <in >out
    wait
    [ "$(value dnsbl_run_complete)" = 1 ]
    [ -z "$(value dnsbl_last_success_timestamp_seconds)" ]
    "$BUILD/bin/log-summary" --metrics /dev/fd/8 <in >out 8>m.prom
    [ "$(value dnsbl_run_complete)" = 1 ]
    [ "$(tail -n 1 m.prom)" = '# EOF' ]
    run -64 "$BUILD/bin/log-summary" --metrics '' </dev/null
    run -74 "$BUILD/bin/log-summary" --metrics /dev/fd/77 <in
}
