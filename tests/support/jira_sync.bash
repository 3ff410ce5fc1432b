# shellcheck shell=bash
# jira_sync.bash - jira-sync for tests: records for it, runs of it against the stand-ins for Jira Cloud and
# Jira Data Center, and what came of them. Source servers.bash first.

export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build}
export COMMON=$BATS_TEST_DIRNAME/../common
export RUN_ID=6f1c7a3e-9a53-4c58-8a4e-000000000001

# sites_start, sites_stop: both stand-ins, for setup_file and teardown_file; the environment is then Cloud's.
sites_start() {
    mkdir "$BATS_FILE_TMPDIR/cloud" "$BATS_FILE_TMPDIR/datacenter"
    jira_start "$BATS_FILE_TMPDIR/datacenter" --flavour datacenter --prefix /jira
    declare -p JIRA_SERVER JIRA_USER JIRA_API_TOKEN SERVERS | sed 's/^declare/& -g/' >"$BATS_FILE_TMPDIR/datacenter.env"
    jira_start "$BATS_FILE_TMPDIR/cloud"
}

sites_stop() {
    servers_stop "$BATS_FILE_TMPDIR/cloud"
    servers_stop "$BATS_FILE_TMPDIR/datacenter"
}

# site_anew: for setup: a folder of the test's own, and stand-ins that know of nothing yet.
site_anew() {
    cd "$BATS_TEST_TMPDIR" || return
    server_signal jira CONT # a test that stopped it may have failed
    forget
    : >"$SERVERS/jira/journal"
}

forget() { jira_control reset -d {} >/dev/null; }

# use_datacenter: the rest of the test speaks to Jira Data Center.
use_datacenter() {
    source "$BATS_FILE_TMPDIR/datacenter.env"
    forget
}

jira_sync() { "$BUILD/bin/jira-sync" "$@"; }

# ---- records ---------------------------------------------------------------

start() {
    jq -nc --arg now "$(date -u +%Y-%m-%dT%H:%M:%S.000Z)" \
        '{type: "run", run_id: env.RUN_ID, started_at: $now, dry_run: false, shard: "0/1"} | '"${1:-.}"
}
end() { jq -nc '{type: "end", run_id: env.RUN_ID, ips: 1, skipped: 0} | '"${1:-.}"; }

# ip ADDRESS [JQ]: the record of a clean address that three zones know nothing of, with JQ's changes.
ip() {
    jq -nc --arg ip "$1" '
        def result(zone): {zone: zone, status: "NOT_LISTED", answers: [], reason: null, error: null, duration_ms: 2.5};
        # listed(["a.test"]; "listed"): these zones list it, with that transition.
        def listed(zones; transition):
            .results |= map(if .zone | IN(zones[]) then .status = "LISTED" | .answers = ["127.0.0.2"]
                                | .reason = "See https://\(.zone)/?ip=\($ip)." else . end)
            | .decision = "LISTED" | .transition = transition | .score = (zones | length) | .listed_zones = zones
            | if transition == "none" then . else
                .update = {priority: 0, old_priority: 100, blocking_lists: (zones | join(",")), last_event: "new block from list(s) \(zones | join(","))"}
                | .db_changes = true | .db_outcome = "updated" end;
        def cleared: .transition = "cleared" | .priority = 0 | .old_priority = 100
            | .update = {priority: 100, old_priority: null, blocking_lists: "", last_event: "block removed"}
            | .db_changes = true | .db_outcome = "updated";
        def unknown(zone): .results |= map(if .zone == zone then .status = "UNKNOWN" | .error = "timeout" else . end)
            | .unknown_zones += [zone];
        {type: "ip", id: 1, ip: $ip, ip_text: $ip, priority: 100, old_priority: null,
         blocking_lists: "", last_event: null, results: [result("a.test", "b.test", "c.test")],
         probed_at: "2026-01-31T12:00:00.000Z", decision: "CLEAN", transition: "none", score: 0, listed_zones: [],
         unknown_zones: [], carried_zones: [], watch_zones: [], added_zones: [], removed_zones: [], update: null,
         db_changes: false, db_outcome: "unchanged"}
        | '"${2:-.}"
}

# run_of RECORD...: a whole stream through jira-sync; `out`, `err` and $status tell what came of it.
run_of() {
    {
        start
        printf '%s\n' "$@"
        end
    } >in
    status=0
    jira_sync <in >out 2>err || status=$?
}

# ---- what came of it -------------------------------------------------------

# What runs in the background as $pid is stopped; its status is `status`.
terminate() {
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
}

action() { jq -r --arg ip "$1" 'select(.ip == $ip) | .jira_action' out; }
writes() { jira_control counters | jq -c '.writes | [.create, .edit, .comment]'; }
fired() { jira_control faults | jq ".[\"$1\"].fired"; }
issues() { jira_state | jq -r '.issues[] | '"$1"; }
issue() { jira_state | jq -r --arg key "$1" '.issues[] | select(.key == $key) | '"$2"; }
person() { jira_control "$1" -d "$2" >/dev/null; }
fault() { jira_control faults -d "$1" >/dev/null; }
setting() { jira_control settings -d "$1" >/dev/null; }
said() { jq -es --arg type "$1" 'any(.error_type == $type)' err >/dev/null; }

# searches: all of them so far; the first of each run is for the open tickets.
searches() { jira_control counters | jq '[.requests | to_entries[] | select(.key | test("POST .*/search")).value] | add // 0'; }

# Pieces of the stand-in's order for an issue: the labels of 192.0.2.1's, and when one was made.
ours='"dnsbl-monitor", "dnsbl-ip-192.0.2.1"'
long_ago='"created": "-20d"'

# Of a record: more than half of its lookups are UNKNOWN.
sick='unknown("a.test") | unknown("b.test")'

# seed_table: an issue for each row in which Jira has one. N of 192.0.2.N is the row.
seed_table() {
    labels() { echo '"labels": ["dnsbl-monitor", "dnsbl-ip-192.0.2.'"$1"'"'"${2:-}"']'; }
    summary() { echo '"summary": "IP 192.0.2.'"$1"' blacklisted by '"$2"'"'; }
    person issue "[
        {$(summary 12 a.test), $(labels 12 ', "dnsbl-cleared"'), $long_ago, \"resolved\": \"-1d\", \"status\": \"Done\"},
        {$(summary 13 a.test), $(labels 13), $long_ago, \"resolved\": \"-8d\", \"status\": \"Done\"},
        {$(summary 14 a.test), $(labels 14), $long_ago, \"resolved\": \"-6d\", \"status\": \"Done\"},
        {$(summary 15 a.test), $(labels 15)},
        {$(summary 16 'a.test, c.test'), $(labels 16)},
        {$(summary 17 a.test), $(labels 17 ', "dnsbl-cleared"')},
        {$(summary 18 a.test), $(labels 18)},
        {$(summary 19 'a.test, b.test'), $(labels 19)},
        {$(summary 20 a.test), $(labels 20), \"status\": \"Done\"},
        {$(summary 21 a.test), $(labels 21 ', "dnsbl-cleared"')},
        {$(summary 22 'a.test, gone.test'), $(labels 22)},
        {$(summary 23 a.test), $(labels 23)},
        {$(summary 24 a.test), $(labels 24)},
        {$(summary 26 a.test), $(labels 26 ', "dnsbl-cleared"'), \"status\": \"Done\"}]"
    jira_control counters -X DELETE >/dev/null
}

table_records() {
    ip 192.0.2.10 'listed(["a.test"]; "listed")'
    ip 192.0.2.11 'listed(["a.test"]; "none")'
    ip 192.0.2.12 'listed(["a.test"]; "none")'
    ip 192.0.2.13 'listed(["a.test"]; "none")'
    ip 192.0.2.14 'listed(["a.test"]; "none")'
    ip 192.0.2.15 'listed(["a.test"]; "none")'
    ip 192.0.2.16 'listed(["a.test", "b.test"]; "changed")'
    ip 192.0.2.17 'listed(["a.test"]; "listed")'
    ip 192.0.2.18 cleared
    ip 192.0.2.19 'unknown("b.test")'
    ip 192.0.2.20 cleared
    ip 192.0.2.21
    ip 192.0.2.22
    ip 192.0.2.23 'listed(["b.test"]; "held")'
    ip 192.0.2.24 'listed(["b.test"]; "changed") | .db_outcome = "conflict"'
    ip 192.0.2.25
    ip 192.0.2.26 cleared
}

# thousand [JQ]: the record of an address that a thousand zones with long names list, for long reasons.
thousand() {
    ip 192.0.2.1 '[range(1000) | "a-rather-long-name-of-a-zone-\(.).example.test"] as $zones
        | .results = [$zones[] | {zone: ., status: "LISTED", answers: ["127.0.0.2"], reason: ("r" * 300 + " https://x.test/"), error: null, duration_ms: 1}]
        | .decision = "LISTED" | .listed_zones = $zones | '"${1:-.}"
}
