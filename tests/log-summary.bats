# log-summary: the operators' log.

bats_require_minimum_version 1.5.0

setup_file() {
    export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build}
    export SUPPORT=$BATS_TEST_DIRNAME/support COMMON=$BATS_TEST_DIRNAME/../common
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    source "$SUPPORT/options.bash"
    source "$SUPPORT/records.bash"
    source "$SUPPORT/wait.bash"
}

summarise() { "$BUILD/bin/log-summary" "$@"; }
valid() { "$SUPPORT/validate.py" "$COMMON/log.schema.json" "$@"; }
summary() { jq -c 'select(.type == "job_summary") | '"$1" out; }
lines_of() { jq -c --arg type "$1" 'select(.type == $type) | '"$2" out; }

@test "a line for each address and a summary, all as the schema says" {
    {
        start
        ip 1
        ip 2 "$listed | .jira_action = \"created_issue\" | .jira_issue = \"OPS-1\""
        end 2 3
    } >in
    summarise <in >out 2>err
    [ ! -s err ]
    valid out
    [ "$(wc -l <out)" -eq 3 ]
    jq() { command -p jq "$@"; } # members stand as they came
    [ "$(sed -n 1p out | jq -c 'del(.timestamp)')" = '{"job_run_id":"'"$RUN_ID"'","level":"INFO","type":"address","ip":"10.0.0.1","listed_zones":[],"unknown_zones":[],"decision":"CLEAN","db_changes":false,"jira_action":"no_action","duration_ms":7.25}' ]
    [ "$(sed -n 2p out | jq -c 'del(.timestamp)')" = '{"job_run_id":"'"$RUN_ID"'","level":"INFO","type":"address","ip":"10.0.0.2","listed_zones":["a.test"],"unknown_zones":[],"decision":"LISTED","db_changes":true,"jira_action":"created_issue","duration_ms":7.25,"transition":"listed","jira_issue":"OPS-1"}' ]
    [ "$(sed -n 3p out | jq -c 'del(.timestamp, .duration_sec)')" = '{"job_run_id":"'"$RUN_ID"'","level":"INFO","type":"job_summary","total_ips":2,"listed":1,"newly_listed":1,"cleaned":0,"changed":0,"unchanged":1,"held":0,"conflicts":0,"failed":0,"skipped":3,"jira_created":1,"jira_updated":0,"jira_failed":0,"dns_lookups":4,"dns_failures":0,"unhealthy_zones":[],"complete":true,"dry_run":false}' ]
}

@test "every address is in exactly one count, and they add up" {
    {
        start
        ip 1
        ip 2 "$listed"
        ip 3 '.transition = "cleared" | .db_changes = true | .db_outcome = "updated" | .jira_action = "updated_issue"'
        ip 4 "$listed | .transition = \"changed\" | .jira_action = \"updated_issue\""
        ip 5 "$listed | .transition = \"held\" | .db_changes = false | .db_outcome = \"unchanged\" | .surge_zones = [\"a.test\"]"
        ip 6 "$listed | .db_changes = false | .db_outcome = \"conflict\""
        ip 7 "$listed | .db_changes = false | .db_outcome = \"failed\""
        ip 8 "$listed | .db_changes = false | .db_outcome = \"unchanged\""
        ip 9 "$listed | .jira_action = \"failed\""
        end 9
    } >in
    summarise <in >out
    valid out
    [ "$(summary '[.total_ips, .newly_listed, .cleaned, .changed, .unchanged, .held, .conflicts, .failed]')" = '[9,2,1,1,2,1,1,1]' ]
    [ "$(summary '[.listed, .jira_created, .jira_updated, .jira_failed, .level]')" = '[7,0,2,1,"ERROR"]' ]
    [ "$(lines_of address .level | paste -sd' ')" = \
        '"INFO" "INFO" "INFO" "INFO" "WARNING" "WARNING" "ERROR" "INFO" "ERROR"' ]
    [ "$(lines_of address '.db_outcome // empty' | paste -sd' ')" = '"conflict" "failed"' ]
    [ "$(lines_of address '.surge_zones // empty')" = '["a.test"]' ]
}

@test "addresses that were sent and dropped on the way have failed" {
    { start; ip 1; end 4; } | summarise >out
    [ "$(summary '[.total_ips, .unchanged, .failed, .complete]')" = '[4,1,3,true]' ]
}

@test "a dry run counts what the real one would do" {
    {
        start true
        ip 1 "$listed | .db_changes = false | .db_outcome = \"dry_run\" | .dry_run = true
            | .jira_action = \"no_action\" | .would = {db_changes: true, jira_action: \"created_issue\"}"
        end 1
    } | summarise >out
    valid out
    [ "$(summary '[.newly_listed, .jira_created, .dry_run]')" = '[1,1,true]' ]
    [ "$(lines_of address '[.dry_run, .would]')" = '[true,{"db_changes":true,"jira_action":"created_issue"}]' ]
}

@test "watched, carried and unknown zones stand in the line" {
    { start; ip 1 "$(unknown 0 timeout) | .listed_zones = [\"a.test\"] | .carried_zones = [\"a.test\"] | .watch_zones = [\"b.test\"]"; end 1; } | summarise >out
    valid out
    [ "$(lines_of address '[.level, .unknown_zones, .carried_zones, .watch_zones]')" = '["WARNING",["a.test"],["a.test"],["b.test"]]' ]
}

# --- lookups and zones ---

@test "a line for each UNKNOWN lookup" {
    {
        start
        zone a.test ok
        ip 1 "$(unknown 0 timeout) | .results[0].duration_ms = 5000.5"
        ip 2 "$(unknown 0 servfail) | $(unknown 1 blocked) | .results[1].detail = \"public resolver\""
        end 2
    } | summarise >out
    valid out
    [ "$(lines_of unknown_lookup '[.level, .ip, .zone, .query_type, .error_type, .timeout_value]')" = \
        '["WARNING","10.0.0.1","a.test","A","timeout",5.0005]
["WARNING","10.0.0.2","a.test","A","servfail",null]
["WARNING","10.0.0.2","b.test","A","blocked",null]' ]
    [ "$(lines_of unknown_lookup .error_message | tail -1)" = '"public resolver"' ]
    [ "$(summary '[.dns_lookups, .dns_failures]')" = '[4,3]' ]
}

@test "timeout_value is what the zone's record says" {
    { start; zone a.test ok | jq -c '.timeout = 5'; ip 1 "$(unknown 0 timeout)"; end 1; } | summarise >out
    [ "$(lines_of unknown_lookup .timeout_value)" = 5 ]
}

@test "where a whole zone is out, one line a zone and error type" {
    {
        start
        zone a.test unreachable "127.0.0.2: timeout, 3 times"
        for n in {1..40}; do ip "$n" "$(unknown 0 zone_unreachable) | $(unknown 1 timeout)"; done
        for n in {41..50}; do ip "$n" "$(unknown 0 timeout)"; done
        end 50
    } | summarise >out
    valid out
    [ "$(lines_of unknown_lookups '[.zone, .error_type, .count, .query_type]')" = \
        '["a.test","timeout",10,"A"]
["a.test","zone_unreachable",40,"A"]' ]
    [ "$(lines_of unknown_lookup .zone | sort | uniq -c | awk '{ print $1, $2 }')" = '40 "b.test"' ]
    [ "$(lines_of zone '[.zone, .health, .evidence]')" = '["a.test","unreachable","127.0.0.2: timeout, 3 times"]' ]
}

@test "unasked lookups are counted even without a zone record" {
    { start; for n in {1..20}; do ip "$n" "$(unknown 0 deadline) | $(unknown 1 zone_silent)"; done; end 20; } | summarise >out
    [ "$(lines_of unknown_lookups '[.zone, .error_type, .count]')" = '["a.test","deadline",20]
["b.test","zone_silent",20]' ]
    [ -z "$(lines_of unknown_lookup .)" ]
}

@test "a zone that recovers gets a line for each lookup again" {
    {
        start
        zone a.test unreachable
        ip 1 "$(unknown 0 zone_unreachable)"
        zone a.test ok
        ip 2 "$(unknown 0 timeout)"
        end 2
    } | summarise >out
    [ "$(lines_of unknown_lookup .ip)" = '"10.0.0.2"' ]
    [ "$(lines_of unknown_lookups .count)" = 1 ]
    [ "$(summary .unhealthy_zones)" = '[]' ]
}

@test "each unhealthy zone has its line, with what to do, once" {
    {
        start
        for health in ok exempt wildcard silent blocked hijacked unreachable; do zone "$health.test" "$health" "evidence"; done
        for health in ok exempt wildcard silent blocked hijacked unreachable; do final "$health.test" "$health" 1 0; done
        end 0
    } | summarise >out
    valid out
    [ "$(lines_of zone '[.health, .evidence, (.advice | length > 20)]')" = '["wildcard","evidence",true]
["silent","evidence",true]
["blocked","evidence",true]
["hijacked","evidence",true]
["unreachable","evidence",true]' ]
    [ "$(summary .unhealthy_zones)" = '["wildcard.test","silent.test","blocked.test","hijacked.test","unreachable.test"]' ]
    [ "$(summary .suggested_dnsbl_zones)" = '["ok.test","exempt.test","silent.test","blocked.test","unreachable.test"]' ]
}

@test "no suggestion when it would not differ" {
    { start; zone a.test ok; zone b.test silent; end 0; } | summarise >out
    [ "$(summary 'has("suggested_dnsbl_zones")')" = false ]
}

@test "lookups are those of the final zone records" {
    { start; zone a.test ok; ip 1 "$(unknown 0 timeout)"; final a.test ok 100 7; final b.test ok 100 0; end 1; } | summarise >out
    [ "$(summary '[.dns_lookups, .dns_failures]')" = '[200,7]' ]
}

# --- the stream ---

@test "a stream without end: the summary says that it is not complete, status 65" {
    { start; ip 1; ip 2; } >in
    run -65 --separate-stderr summarise <in
    printf '%s\n' "${lines[@]}" >out
    valid out
    [ "$(summary '[.total_ips, .unchanged, .complete, .level]')" = '[2,2,false,"ERROR"]' ]
    [ "$(jq -r .error_type <<<"$stderr")" = cut_off ]
}

@test "a cut-off stream suggests no zones, for it may not have named all, and counts the lookups it has seen" {
    { start; zone a.test wildcard; zone b.test ok; ip 1; final a.test wildcard 1 1; } >in
    run -65 --separate-stderr summarise <in
    printf '%s\n' "${lines[@]}" >out
    valid out
    [ "$(summary '[has("suggested_dnsbl_zones"), .unhealthy_zones, .dns_lookups, .dns_failures]')" = '[false,["a.test"],2,0]' ]
}

@test "a line behind end, and an empty stream with --require-run: not complete" {
    { start; end 0; ip 1; } >in
    run -65 summarise <in
    grep -q '"complete":false' <<<"$output"
    run -65 summarise --require-run </dev/null
    grep -q '"complete":false' <<<"$output"
    summarise </dev/null >out
    [ "$(summary '[.total_ips, .complete, .job_run_id]')" = '[0,true,null]' ]
}

@test "records of earlier stages will do" {
    {
        ip 1 '{type, ip}'
        ip 2 '{type, ip, results, probed_at}'
        ip 3 'del(.db_changes, .db_outcome, .jira_action, .jira_issue)'
    } | summarise >out
    valid out
    [ "$(lines_of address '[.ip, .decision, .listed_zones, .db_changes, .jira_action]')" = '["10.0.0.1",null,null,null,null]
["10.0.0.2",null,null,null,null]
["10.0.0.3","CLEAN",[],null,null]' ]
    [ "$(summary '[.total_ips, .unchanged, .dns_lookups, .job_run_id]')" = '[3,3,4,null]' ]
}

@test "a bad record is reported, dropped and makes the status 1" {
    {
        echo 'not json'
        echo '{"type":"ip"}'
        ip 1 '.ip = "10.0.0.1/24"'
        ip 1 '.decision = "MAYBE"'
        ip 1 '.transition = "sideways"'
        ip 1 '.results = 1'
        ip 1 '.db_changes = "yes"'
        ip 1 '.jira_action = 1'
        ip 1 '.would = true'
        ip 1 | sed 's/}$/,"ip":"10.0.0.2"}/'
        zone a.test splendid
        zone a.test ok | jq -c 'del(.zone)'
        zone a.test ok | jq -c '.timeout = "5"'
    } >bad
    { start; cat bad; ip 2; end 1; } >in
    run -1 --separate-stderr summarise <in
    printf '%s\n' "${lines[@]}" >out
    printf '%s\n' "${stderr_lines[@]}" >err
    [ "$(jq -r .error_type err | sort | uniq -c | awk '{ print $1, $2 }')" = "$(wc -l <bad) bad_record" ]
    valid err
    [ "$(summary '[.total_ips, .unchanged]')" = '[1,1]' ]
}

@test "a line of more than 1 MiB is dropped" {
    { start; ip 1 '.pad = "x" * 1048576'; ip 2; end 2; } >in
    run -1 --separate-stderr summarise <in
    [[ $stderr == *"longer than 1048576 bytes"* ]]
    printf '%s\n' "${lines[@]}" >out
    [ "$(summary '[.total_ips, .unchanged, .failed]')" = '[2,1,1]' ]
}

@test "a full disk is fatal: 74" {
    { start; ip 1; end 1; } >in
    run -74 --separate-stderr bash -c '"$BUILD/bin/log-summary" <in >/dev/full'
    [ "$(jq -r .error_type <<<"$stderr")" = output_error ]
}

@test "a reader that is gone ends it quietly" {
    line=$(ip 1)
    { start; for ((i = 0; i < 3000; i++)); do echo "$line"; done; end 3000; } >in
    run -0 --separate-stderr bash -c '{ "$BUILD/bin/log-summary" <in; echo $? >status; } | true'
    [ -z "$stderr" ]
    [ "$(cat status)" -eq 141 ]
}

@test "after SIGTERM there is a summary, status 143" {
    mkfifo pipe
    "$BUILD/bin/log-summary" <pipe >out 2>err &
    pid=$!
    exec 9>pipe
    { start; ip 1; } >&9
    wait_for 60 test -s out
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    exec 9>&-
    [ "$status" -eq 143 ]
    [ "$(summary '[.total_ips, .complete]')" = '[1,false]' ]
}

@test "foreign text cannot steer a terminal" {
    {
        start
        zone a.test wildcard "$(printf 'a\033[2Jb\u202ec')"
        ip 1 "$(unknown 1 timeout) | .results[1].detail = \"x\u009by\" | .listed_zones = [\"a\u001b[0m\"]
            | .dry_run = true | .would = {jira_action: \"z\u009b\", db_changes: true}"
        end 1
    } | summarise >out
    [ "$(lines_of zone .evidence)" = '"a\\027[2Jb\\226\\128\\174c"' ]
    [ "$(lines_of unknown_lookup .error_message)" = '"x\\194\\155y"' ]
    [ "$(lines_of address .listed_zones)" = '["a\\027[0m"]' ]
    [ "$(lines_of address .would)" = '{"db_changes":true,"jira_action":"z\\194\\155"}' ]
}

@test "options: help, version, check, and what is none" {
    usual_options log-summary
    summarise --check
    summarise --check=online
}
