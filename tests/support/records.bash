# shellcheck shell=bash
# records.bash - records of a run; those of addresses and lists as they stand at the end of the pipeline:
#
#     { start; zone a.test ok; ip 1; ip 2 "$listed"; ip 3 "$(unknown 0 timeout)"; final a.test ok 3 1; end 3; } >in

export RUN_ID=6f1c7a3e-9a53-4c58-8a4e-000000000001

# start [DRY-RUN [STARTED-AT]], end IPS [SKIPPED]: of the run RUN_ID.
start() {
    jq -nc --arg time "${2:-2026-01-31T12:00:00.000Z}" \
        '{type: "run", run_id: env.RUN_ID, started_at: $time, dry_run: '"${1:-false}"', shard: "0/1"}'
}
end() { jq -nc '{type: "end", run_id: env.RUN_ID, ips: '"$1"', skipped: '"${2:-0}"'}'; }

# ip N [JQ]: a finished record of 10.0.0.N, clean and unchanged, with JQ's changes.
ip() {
    jq -nc --argjson n "$1" '
        {type: "ip", id: $n, ip: "10.0.0.\($n)", ip_text: "10.0.0.\($n)", priority: 100, old_priority: null,
         blocking_lists: "", last_event: null,
         results: [{zone: "a.test", status: "NOT_LISTED", answers: [], reason: null, error: null, duration_ms: 2.5},
                   {zone: "b.test", status: "NOT_LISTED", answers: [], reason: null, error: null, duration_ms: 7.25}],
         probed_at: "2026-01-31T12:00:00.000Z", decision: "CLEAN", transition: "none", score: 0, listed_zones: [],
         unknown_zones: [], carried_zones: [], watch_zones: [], added_zones: [], removed_zones: [], update: null,
         db_changes: false, db_outcome: "unchanged", jira_action: "no_action", jira_issue: null}
        | '"${2:-.}"
}

# Changes for ip: a.test lists it now; lookup N (0: a.test, 1: b.test) ended with ERROR.
listed='.results[0].status = "LISTED" | .results[0].answers = ["127.0.0.2"] | .results[0].reason = "a reason"
    | .decision = "LISTED" | .transition = "listed" | .listed_zones = ["a.test"] | .db_changes = true | .db_outcome = "updated"'
unknown() { echo '.results['"$1"'].status = "UNKNOWN" | .results['"$1"'].error = "'"$2"'" | .unknown_zones += [.results['"$1"'].zone]'; }

# zone ZONE HEALTH [EVIDENCE]; final ZONE HEALTH LOOKUPS UNKNOWN: the zone's last record, where none was listed.
zone() { jq -nc --arg zone "$1" --arg health "$2" --arg detail "${3:-}" '{type: "zone", zone: $zone, health: $health, detail: $detail}'; }
final() {
    zone "$1" "$2" | jq -c '. + {final: true, lookups: '"$3"', listed: 0, not_listed: '$(($3 - $4))', unknown: '"$4"', errors: {timeout: '"$4"'}}'
}
