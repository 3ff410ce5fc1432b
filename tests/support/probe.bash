# shellcheck shell=bash
# probe.bash - dnsbl-probe for tests: runs it and reads what it wrote.

export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build}
# shellcheck source=tests/support/servers.bash
source "$BATS_TEST_DIRNAME/support/servers.bash"

# lists_start ZONE...: for setup_file: rbldnsd with these zones, dnsdist in front of it.
lists_start() {
    rbldnsd_start "$BATS_FILE_TMPDIR" "$@"
    dnsdist_start "$BATS_FILE_TMPDIR"
}

# probe_anew: for setup: a folder of the test's own, and a configuration to begin with.
probe_anew() {
    cd "$BATS_TEST_TMPDIR" || return
    unset DNSBL_CANARY_EXEMPT RUN_DEADLINE DNS_CONFIG DNSBL_ZONES_FILE
    export DNSBL_ZONES=a.test,b.test DNS_TIMEOUT=2 DNS_CONCURRENCY=10
}

# faultless ZONE...: for teardown: dnsdist answers as it should again.
faultless() {
    local zone
    for zone in "$@"; do fault_zone "$zone" none; done
}

probe() { "$BUILD/bin/dnsbl-probe" "$@"; }

# look ADDRESS...: the record of each address, without the zones' records.
look() { printf '%s\n' "$@" | probe 2>errors | jq -c 'select(.type == "ip")'; }

# health ZONE: what the last record of that zone in file `out` says.
health() { jq -r --arg zone "$1" 'select(.zone == $zone) | .health' out | tail -n 1; }

# result ZONE: of the first address in file `out`, as status, error, answers.
result() {
    jq -r --arg zone "$1" 'select(.type == "ip") | .results[] | select(.zone == $zone)
        | [.status, .error // "-", (.answers | sort | join("+"))] | join(" ")' out | head -n 1
}

# detail ZONE: the evidence in its last record.
detail() { jq -r --arg zone "$1" 'select(.zone == $zone) | .detail' out | tail -n 1; }

# reason ZONE: of the first address in file `out`.
reason() { jq -r --arg zone "$1" 'select(.type == "ip") | .results[] | select(.zone == $zone) | .reason' out | head -n 1; }

# verdict ZONE: health and evidence in its last record.
verdict() { echo "$(health "$1") $(detail "$1")"; }

# six_verdict ZONE: the same, and between them what it says of the first IPv6 address.
six_verdict() {
    echo "$(health "$1") $(jq -r --arg zone "$1" 'select(.type == "ip" and (.ip | contains(":"))) | .results
        | map(select(.zone == $zone)) | .[0] | if . == null then "left-out" else .error // .status end' out | head -n 1) $(detail "$1")"
}

# statuses: how often each zone said what in file `out`: COUNT ZONE STATUS-OR-ERROR, sorted by zone.
statuses() {
    jq -r 'select(.type == "ip") | .results[] | .zone + " " + (.error // .status)' out | LC_ALL=C sort | uniq -c | sed 's/^ *//'
}

milliseconds() { echo $((${EPOCHREALTIME/./} / 1000)); }

# open_probe: the program with an input that stays open, file descriptor 7; its output is file `out`.
open_probe() {
    mkfifo in
    "$BUILD/bin/dnsbl-probe" <in >out 2>errors &
    probe_pid=$!
    exec 7>in
}

# close_probe: ends the input and waits; the program's status.
close_probe() {
    exec 7>&-
    local pid=$probe_pid
    probe_pid=
    wait "$pid"
}

# fresh [COUNT]: addresses that were not asked for yet.
fresh() {
    local i
    for ((i = 0; i < ${1:-1}; i++)); do
        fresh_count=$((${fresh_count:-0} + 1))
        echo "10.100.$((fresh_count / 250)).$((fresh_count % 250))"
    done
}
