# jira-sync: what Jira, the network, people and whole outages do to it.

bats_require_minimum_version 1.5.0

source "$BATS_TEST_DIRNAME/support/servers.bash"
source "$BATS_TEST_DIRNAME/support/jira_sync.bash"

setup_file() { sites_start; }
teardown_file() { sites_stop; }
setup() { site_anew; }

# ---- trouble ---------------------------------------------------------------

@test "a create whose answer was lost is searched for, not repeated" {
    setting '{"index_lag_searches": 1}'
    fault '{"name": "lost", "match": {"method": "POST", "path": "/issue$"}, "action": {"lose_answer": true}}'
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 0 ]
    [ "$(fired lost)" -eq 1 ]
    [ "$(searches)" -eq 4 ] # two before it is made; after 2 s in vain, after 4 s it is found
    [ "$(action 192.0.2.1)" = created_issue ]
    [ "$(jq -r 'select(.ip).jira_issue' out)" = OPS-1 ]
    [ "$(writes)" = "[1,0,0]" ]
    said jira_uncertain
}

@test "a create that a gateway answered for is searched for; one that never arrived is made" {
    fault '[{"name": "gateway", "match": {"method": "POST", "path": "/issue$", "body": "192.0.2.1 "}, "action": {"status": 504, "html": "Gateway Timeout", "work": true}},
        {"name": "reset", "match": {"method": "POST", "path": "/issue$", "body": "192.0.2.2 "}, "action": {"reset": true}}]'
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')" "$(ip 192.0.2.2 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 0 ]
    [ "$(fired gateway)$(fired reset)" -eq 11 ]
    [ "$(writes)" = "[2,0,0]" ]
    [ "$(action 192.0.2.1) $(action 192.0.2.2)" = "created_issue created_issue" ]
}

@test "an edit whose answer was lost is settled by reading: one comment" {
    person issue "[{\"summary\": \"IP 192.0.2.1 blacklisted by a.test\", \"labels\": [$ours]},
        {\"summary\": \"IP 192.0.2.2 blacklisted by a.test\"}]"
    fault '[{"name": "lost", "match": {"method": "PUT", "path": "OPS-1"}, "action": {"lose_answer": true}},
        {"name": "reset", "match": {"method": "PUT", "path": "OPS-2"}, "action": {"reset": true}}]'
    run_of "$(ip 192.0.2.1 'listed(["b.test"]; "changed")')" "$(ip 192.0.2.2 cleared)"
    [ "$status" -eq 0 ]
    [ "$(fired lost)$(fired reset)" -eq 11 ]
    [ "$(writes)" = "[0,2,2]" ]
    [ "$(action 192.0.2.1) $(action 192.0.2.2)" = "updated_issue updated_issue" ]
}

@test "a 2xx that is not Jira's answer to a write proves nothing: an edit is read again, a create searched for" {
    login='{"please": "log in"}'
    person issue "[{\"summary\": \"IP 192.0.2.1 blacklisted by a.test\", \"labels\": [$ours]},
        {\"summary\": \"IP 192.0.2.2 blacklisted by a.test\"}]"
    fault '[{"name": "edit", "match": {"method": "PUT", "path": "OPS-1"}, "action": {"status": 200, "body": '"$login"'}},
        {"name": "edit done", "match": {"method": "PUT", "path": "OPS-2"}, "action": {"status": 202, "body": '"$login"', "work": true}},
        {"name": "create", "match": {"method": "POST", "path": "/issue$", "body": "192.0.2.3 "}, "action": {"status": 200, "body": '"$login"'}},
        {"name": "create done", "match": {"method": "POST", "path": "/issue$", "body": "192.0.2.4 "}, "action": {"wrong_json": {"key": "../myself"}}},
        {"name": "create empty", "match": {"method": "POST", "path": "/issue$", "body": "192.0.2.5 "}, "action": {"status": 204, "work": true}}]'
    run_of "$(ip 192.0.2.1 'listed(["b.test"]; "changed")')" "$(ip 192.0.2.2 cleared)" \
        "$(ip 192.0.2.3 'listed(["a.test"]; "listed")')" "$(ip 192.0.2.4 'listed(["a.test"]; "listed")')" \
        "$(ip 192.0.2.5 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 0 ]
    [ "$(jira_control faults | jq -c '[.[].fired]')" = "[1,1,1,1,1]" ]
    [ "$(writes)" = "[3,2,2]" ]
    [ "$(jq -r 'select(.ip) | .jira_action' out | sort | uniq -c | xargs)" = "3 created_issue 2 updated_issue" ]
    [ "$(issue OPS-1 .summary)" = "IP 192.0.2.1 blacklisted by b.test" ]
    [ "$(issue OPS-2 '.comments | length')" -eq 1 ]
    [ "$(jq -r 'select(.error_type == "jira_uncertain").error_message' err | grep -c 'HTTP 20[0-2] with JSON that is no answer to this')" -eq 4 ]
}

@test "writes that are never confirmed end as failed, 69" {
    person issue "[{\"summary\": \"IP 192.0.2.1 blacklisted by a.test\", \"labels\": [$ours]}]"
    fault '{"name": "edit", "match": {"method": "PUT"}, "times": "always", "action": {"status": 200, "body": []}}'
    run_of "$(ip 192.0.2.1 'listed(["b.test"]; "changed")')"
    [ "$status" -eq 69 ]
    [ "$(fired edit)" -eq 4 ]
    [ "$(action 192.0.2.1)" = failed ]
}

@test "a run right behind another one makes no comment twice, though the search shows the tickets as they were" {
    setting '{"edit_lag": 60}'
    person issue "[{\"summary\": \"IP 192.0.2.1 blacklisted by a.test\", \"labels\": [$ours]},
        {\"summary\": \"IP 192.0.2.2 blacklisted by a.test\", \"labels\": [\"dnsbl-monitor\", \"dnsbl-ip-192.0.2.2\"]},
        {\"summary\": \"IP 192.0.2.3 blacklisted by a.test\", \"labels\": [\"dnsbl-monitor\", \"dnsbl-ip-192.0.2.3\", \"dnsbl-cleared\"]}]"
    mapfile -t records < <(
        ip 192.0.2.1 'listed(["b.test"]; "none")'
        ip 192.0.2.2
        ip 192.0.2.3 'listed(["a.test"]; "none")'
    )
    run_of "${records[@]}"
    [ "$status" -eq 0 ]
    [ "$(writes)" = "[0,3,3]" ]
    run_of "${records[@]}"
    [ "$status" -eq 0 ]
    [ "$(writes)" = "[0,3,3]" ]
    [ "$(jq -r 'select(.ip) | .jira_action' out | sort -u)" = no_action ]
    [ "$(curl -sf -u "$JIRA_USER:$JIRA_API_TOKEN" "$JIRA_SERVER/rest/api/2/search/jql?jql=project%3DOPS&fields=labels" |
        jq '[.issues[].fields.labels[] | select(. == "dnsbl-cleared")] | length')" -eq 1 ] # as before
}

@test "a ticket closed or deleted by a person between search and edit" {
    person issue "[{\"summary\": \"IP 192.0.2.1 blacklisted by a.test\", \"labels\": [$ours]},
        {\"summary\": \"IP 192.0.2.2 blacklisted by a.test\", \"labels\": [\"dnsbl-monitor\", \"dnsbl-ip-192.0.2.2\"]}]"
    fault '[{"name": "deleted", "match": {"method": "PUT", "path": "OPS-1"}, "action": {"person": {"delete": true}}},
        {"name": "conflict", "match": {"method": "PUT", "path": "OPS-2"}, "action": {"status": 409, "body": {"errorMessages": ["conflict"], "errors": {}}, "person": {"status": "Done"}}}]'
    run_of "$(ip 192.0.2.1 'listed(["b.test"]; "changed")')" "$(ip 192.0.2.2 'listed(["b.test"]; "changed")')"
    [ "$status" -eq 0 ]
    [ "$(fired deleted)$(fired conflict)" -eq 11 ]
    [ "$(action 192.0.2.1)" = created_issue ]
    [ "$(action 192.0.2.2)" = no_action ]
    [ "$(issue OPS-2 '.comments | length')" -eq 0 ]
}

@test "a ticket that is about something else by now, or that only the search still knows" {
    person issue "[{\"summary\": \"IP 192.0.2.1 blacklisted by a.test\", \"labels\": [$ours]},
        {\"summary\": \"IP 192.0.2.2 blacklisted by a.test\", \"labels\": [\"dnsbl-monitor\", \"dnsbl-ip-192.0.2.2\"]}]"
    fault '[{"name": "taken", "match": {"method": "GET", "path": "OPS-1"}, "action": {"person": {"summary": "Mine", "labels": ["mine"]}}},
        {"name": "unknown", "match": {"method": "GET", "path": "OPS-2"}, "times": "always",
            "action": {"status": 404, "body": {"errorMessages": ["Issue does not exist"], "errors": {}}}}]'
    run_of "$(ip 192.0.2.1)" "$(ip 192.0.2.2)"
    [ "$status" -eq 1 ]
    [ "$(fired taken)" -eq 1 ]
    [ "$(fired unknown)" -eq 4 ] # at once, and after 2, 4 and 8 s
    [ "$(action 192.0.2.1) $(action 192.0.2.2)" = "no_action failed" ]
    [ "$(issue OPS-1 '[.summary, (.comments | length)] | @csv')" = '"Mine",0' ]
    [ "$(writes)" = "[0,0,0]" ]
}

@test "Retry-After is honoured" {
    fault '{"name": "busy", "match": {"method": "POST", "path": "/issue$"}, "times": 2,
        "action": {"status": 429, "headers": {"Retry-After": "3"}, "body": {"errorMessages": ["slow down"]}}}'
    SECONDS=0
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 0 ]
    [ "$SECONDS" -ge 5 ]
    [ "$(fired busy)" -eq 2 ]
    [ "$(writes)" = "[1,0,0]" ]
}

@test "a Retry-After beyond the budget means that Jira is down, at once" {
    fault '{"name": "busy", "match": {"path": "myself"}, "times": "always",
        "action": {"status": 503, "headers": {"Retry-After": "3600"}, "text": ""}}'
    SECONDS=0
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 69 ]
    [ "$SECONDS" -lt 10 ]
    [ "$(fired busy)" -eq 1 ]
    [ "$(action 192.0.2.1)" = failed ]
}

@test "one address that Jira refuses fails alone" {
    fault '{"name": "refused", "match": {"method": "POST", "path": "/issue$", "body": "192.0.2.1 "}, "times": "always",
        "action": {"status": 400, "body": {"errorMessages": [], "errors": {"summary": "not that one"}}}}'
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')" "$(ip 192.0.2.2 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 1 ]
    [ "$(fired refused)" -eq 1 ]
    [ "$(action 192.0.2.1) $(action 192.0.2.2)" = "failed created_issue" ]
    jq -r 'select(.ip == "192.0.2.1").error_message' err | grep -q 'summary: not that one'
}

@test "expired credentials on Jira Cloud: 77, every record passes, and no ticket" {
    setting '{"token_valid": false}'
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')" "$(ip 192.0.2.2)"
    [ "$status" -eq 77 ]
    [ "$(action 192.0.2.1) $(action 192.0.2.2)" = "failed failed" ]
    [ "$(tail -n 1 out | jq -r .type)" = end ]
    said jira_refused
    [ "$(writes)" = "[0,0,0]" ]
    [ "$(jira_control counters | jq '.requests["POST /rest/api/2/search/jql"]')" = null ]
}

@test "credentials that expire during the run: an empty search is not believed" {
    fault '{"name": "expired", "match": {"path": "search/jql"}, "times": "always", "action":
        {"status": 200, "headers": {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}, "body": {"issues": [], "isLast": true}}}'
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 77 ]
    [ "$(fired expired)" -eq 1 ]
    [ "$(writes)" = "[0,0,0]" ]
}

@test "of two words on the login the one that it failed counts" {
    fault '{"name": "expired", "match": {"path": "search/jql"}, "times": "always", "action": {"status": 200,
        "headers": {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED", "x-seraph-loginreason": "OK"}, "body": {"issues": [], "isLast": true}}}'
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 77 ]
    [ "$(writes)" = "[0,0,0]" ]
}

@test "wrong credentials on Jira Data Center, and 403: 77, asked once" {
    use_datacenter
    JIRA_API_TOKEN=wrong-token run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 77 ]
    [ "$(action 192.0.2.1)" = failed ]
    [ "$(jira_control counters | jq '[.requests[]] | add')" -le 2 ]
    fault '{"name": "forbidden", "match": {"method": "POST", "path": "/issue$"}, "times": "always", "action": {"status": 403, "html": "Forbidden"}}'
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 77 ]
    [ "$(fired forbidden)" -eq 1 ]
}

@test "Jira down: 69 after the retries, every record passes" {
    JIRA_SERVER=http://127.0.0.1:$(free_port)
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')" "$(ip 192.0.2.2)"
    [ "$status" -eq 69 ]
    [ "$(action 192.0.2.1) $(action 192.0.2.2)" = "failed failed" ]
    [ "$(tail -n 1 out | jq -r .type)" = end ]
    said jira_unreachable
    [ "$(jq -r 'select(.error_type == "jira_trouble").error_message' err | grep -cE 'again in (2|4|8) s')" -eq 3 ]
}

@test "what is no Jira, and an answer that is none, are not believed" {
    fault '{"name": "page", "match": {"path": "serverInfo"}, "times": "always", "action": {"status": 200, "html": "Welcome"}}'
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 69 ]
    jira_control faults -X DELETE >/dev/null
    fault '{"name": "wrong", "match": {"path": "search/jql"}, "times": "always", "action": {"wrong_json": {"nothing": 1}}}'
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 69 ]
    [ "$(fired wrong)" -ge 1 ]
    [ "$(writes)" = "[0,0,0]" ]
}

@test "a Jira that does not say what it is is told by its host" {
    use_datacenter
    fault '{"name": "old", "match": {"path": "serverInfo"}, "times": "always", "action": {"wrong_json": {"version": "7.0.0"}}}'
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 0 ]
    [ "$(fired old)" -eq 1 ]
    [ "$(jira_control counters | jq '.requests | to_entries | map(select(.key | test("search$")).value) | add')" -eq 2 ]
    [ "$(action 192.0.2.1)" = created_issue ]
}

@test "it goes on reading while Jira answers; others overtake, end is last" {
    fault '{"name": "slow", "match": {"method": "POST", "path": "/issue$"}, "action": {"delay": 8}}'
    mkfifo pipe
    "$BUILD/bin/jira-sync" <pipe >out 2>err &
    pid=$!
    {
        start
        ip 192.0.2.1 'listed(["a.test"]; "listed")'
        # more than a pipe holds
        ip 192.0.2.2 '.filler = ("x" * 1000)' | awk '{ for (n = 0; n < 1000; n++) print }'
        end
    } >pipe
    # All was read, and all but one is on its way, before Jira has answered.
    wait_for 60 eval '[ "$(fired slow)" -eq 1 ]'
    server_signal jira STOP # for as long as it takes on a slow machine
    wait_for 60 eval '[ "$(wc -l <out)" -ge 1000 ]'
    [ "$(grep -c '"192.0.2.1"' out)" -eq 0 ]
    server_signal jira CONT
    wait "$pid"
    [ "$(wc -l <out)" -eq 1003 ]
    [ "$(tail -n 1 out | jq -r .type)" = end ]
    [ "$(tail -n 2 out | head -n 1 | jq -r .jira_action)" = created_issue ]
}

@test "what waits for Jira is bounded, and passes when Jira is back" {
    record=$(ip 192.0.2.1 '.filler = ("x" * 1000000)')
    { start; for n in {1..80}; do echo "$record"; done; end; } >in
    [ "$(stat -c %s in)" -gt 80000000 ]
    server_signal jira STOP
    "$BUILD/bin/jira-sync" <in >out 2>err 3>&- &
    pid=$!
    taken() { awk '/^pos:/ { print $2 }' "/proc/$pid/fdinfo/0"; }
    reached=0 still=0
    while [ "$still" -lt 20 ] && kill -0 "$pid"; do # for 2 s not a byte
        sleep 0.1
        still=$(($(taken) == reached && reached >= 64 * 1024 * 1024 ? still + 1 : 0))
        reached=$(taken)
    done
    server_signal jira CONT
    # what waits, and what the reader has taken ahead
    [ "$reached" -le $((68 * 1024 * 1024)) ]
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 0 ]
    [ "$(grep -c '"type":"ip"' out)" -eq 80 ]
    [ "$(tail -n 1 out | jq -r .type)" = end ]
    rm in out
}

@test "a signal ends it: what waits passes on, nothing more is begun" {
    fault '{"name": "slow", "match": {"path": "serverInfo"}, "action": {"delay": 20}}'
    mkfifo pipe
    "$BUILD/bin/jira-sync" <pipe >out 2>err &
    pid=$!
    exec 7>pipe
    { start; ip 192.0.2.1 'listed(["a.test"]; "listed")'; } >&7
    wait_for 60 eval '[ "$(fired slow)" -eq 1 ]'
    SECONDS=0
    terminate
    exec 7>&-
    [ "$status" -eq 143 ]
    [ "$SECONDS" -le 5 ]
    [ "$(action 192.0.2.1)" = failed ]
    [ "$(writes)" = "[0,0,0]" ]
}

# ---- malfunction -----------------------------------------------------------

@test "more than half of the lookups unknown: one ticket a day" {
    run_of "$(ip 192.0.2.1 "$sick")" "$(ip 192.0.2.2 'unknown("a.test")')"
    [ "$status" -eq 0 ]
    [ "$(writes)" = "[0,0,0]" ] # 3 of 6 is not more than half
    run_of "$(ip 192.0.2.1 "$sick")" "$(ip 192.0.2.2 "$sick")"
    [ "$status" -eq 0 ]
    tail -n 1 out | jq -e '.jira_malfunctions == [{summary: "DNS Infrastructure Failure Detected - 67% zones unreachable",
        jira_action: "created_issue", jira_issue: "OPS-1"}]'
    [ "$(issues '[.summary, .issuetype, (.labels | join(" "))] | @csv')" = \
        '"DNS Infrastructure Failure Detected - 67% zones unreachable","Incident","MAJOR_MALFUNCTION dnsbl-monitor"' ]
    issues .description >text
    grep -q 'MAJOR MALFUNCTION' text
    grep -qx 'Failed zones: a.test, b.test' text
    grep -qx 'a.test: 2 of 2 unknown: timeout 2' text
    grep -q "$RUN_ID" text
    run_of "$(ip 192.0.2.1 "$sick")" "$(ip 192.0.2.2 "$sick")"
    [ "$(writes)" = "[1,0,0]" ]
    # another set of zones: one edit
    run_of "$(ip 192.0.2.1 "$sick | unknown(\"c.test\")")"
    [ "$(writes)" = "[1,1,1]" ]
    issues .summary | grep -q '100%'
    issues .description | grep -qx 'Failed zones: a.test, b.test, c.test'
    run_of "$(ip 192.0.2.1 "$sick | unknown(\"c.test\")")"
    [ "$(writes)" = "[1,1,1]" ]
    # well again
    run_of "$(ip 192.0.2.1)"
    [ "$(writes)" = "[1,2,2]" ]
    issues '.comments[-1].body' | grep -q recovered
    [ "$(issues '[.status, (.labels | join(" "))] | @csv')" = '"To Do","MAJOR_MALFUNCTION dnsbl-monitor dnsbl-recovered"' ]
    run_of "$(ip 192.0.2.1)"
    [ "$(writes)" = "[1,2,2]" ]
    # and back, the same day
    run_of "$(ip 192.0.2.1 "$sick")"
    [ "$(writes)" = "[1,3,3]" ]
    [ "$(issues '.labels | join(" ")')" = "MAJOR_MALFUNCTION dnsbl-monitor" ]
    # closed by a person while it lasts: seen
    person issue/OPS-1 '{"status": "Done"}'
    run_of "$(ip 192.0.2.1 "$sick")"
    [ "$(writes)" = "[1,3,3]" ]
}

@test "the zones that failed are sorted; another share of lookups is no other trouble" {
    run_of "$(ip 192.0.2.1 'unknown("c.test") | unknown("a.test") | .results |= reverse')"
    [ "$status" -eq 0 ]
    issues .description | grep -qx 'Failed zones: a.test, c.test'
    issues .summary | grep -q ' 67% '
    jira_control counters -X DELETE >/dev/null
    # Of b.test less than half: the same two zones, 80 %.
    mapfile -t records < <(for n in 1 2 3; do ip "192.0.2.$n" 'unknown("c.test") | unknown("a.test")'; done
        for n in 4 5; do ip "192.0.2.$n" 'unknown("a.test") | unknown("b.test") | unknown("c.test")'; done)
    run_of "${records[@]}"
    [ "$status" -eq 0 ]
    [ "$(writes)" = "[0,0,0]" ]
    issues .summary | grep -q ' 67% '
}

@test "yesterday's malfunction is not today's, but recovers with it" {
    person issue '{"summary": "DNS Infrastructure Failure Detected - 80% zones unreachable", "labels": ["MAJOR_MALFUNCTION"],
        "issuetype": "Incident", "description": "Failed zones: a.test, b.test", "created": "-25h"}'
    run_of "$(ip 192.0.2.1 "$sick")"
    [ "$(writes)" = "[1,0,0]" ]
    run_of "$(ip 192.0.2.1 'unknown("c.test")')"
    [ "$(issues '.labels | index("dnsbl-recovered") != null' | tr '\n' ' ')" = "true true " ]
    issue OPS-1 '.comments[-1].body' | grep -q 'recovered.*still 1 of 3 lookups'
    issue OPS-1 '.comments[-1].body' | grep -qx 'c.test: 1 of 1 unknown: timeout 1'
    [ "$(writes)" = "[1,2,2]" ]
}

@test "no malfunction in half a stream, without a run, or on another shard" {
    { start; ip 192.0.2.1 "$sick"; } >in
    status=0
    jira_sync <in >out 2>err || status=$?
    [ "$status" -eq 65 ]
    ip 192.0.2.1 "$sick" >in
    jira_sync <in >out 2>err
    { start '.shard = "1/2"'; ip 192.0.2.1 "$sick"; end; } >in
    jira_sync <in >out 2>err
    [ "$(writes)" = "[0,0,0]" ]
}

@test "a malfunction ticket whose answer was lost is not doubled" {
    fault '{"name": "lost", "match": {"method": "POST", "path": "/issue$"}, "action": {"lose_answer": true}}'
    run_of "$(ip 192.0.2.1 "$sick")"
    [ "$status" -eq 0 ]
    [ "$(fired lost)" -eq 1 ]
    [ "$(writes)" = "[1,0,0]" ]
}

@test "any number of zones fits into the ticket of a malfunction and of a surge, and its comment" {
    surge='.surge = [range(1000) | {zone: "a-rather-long-name-of-a-zone-\(.).example.test", newly_listed: 40, total: 100, limit_percent: 5}]'
    unknown='.results |= map(.status = "UNKNOWN" | .error = "timeout") | .unknown_zones = .listed_zones | .listed_zones = [] | .decision = "CLEAN"'
    for round in first second; do
        { start; thousand "$unknown"; end "$surge"; } >in
        jira_sync <in >out 2>err
        [ "$(issues .key | wc -l)" -eq 2 ]
        for member in $([ "$round" = first ] && echo .description || echo '.description .comments[0].body'); do
            issues "select(.summary | startswith(\"DNS I\")) | $member" >text
            [ "$(($(grep -c '^a-.*: 1 of 1 unknown: timeout 1$' text) + $(grep -oE '^and [0-9]+ more' text | cut -d ' ' -f 2)))" -eq "${zones:=1000}" ]
            issues "select(.summary | startswith(\"DNSBL\")) | $member" >text
            [ "$(($(grep -c '^a-.*: newly lists 40 of 100' text) + $(grep -oE '^and [0-9]+ more' text | cut -d ' ' -f 2)))" -eq "$zones" ]
        done
        # the second time it is one zone less: an edit of both, with a comment
        surge="$surge | .surge |= .[1:]"
        unknown="$unknown | .results |= .[1:]"
        zones=999
    done
    [ "$(writes)" = "[2,2,2]" ]
}

@test "a surge that was held gets a ticket, and recovers when its zone answers" {
    surge='.surge = [{zone: "b.test", newly_listed: 40, total: 100, limit_percent: 5}]'
    { start; ip 192.0.2.1 'listed(["b.test"]; "held")'; end "$surge"; } >in
    jira_sync <in >out 2>err
    jira_sync <in >out 2>err
    [ "$(writes)" = "[1,0,0]" ]
    [ "$(issues '[.summary, .issuetype, (.labels | join(" "))] | @csv')" = '"DNSBL surge held: b.test","Incident","MAJOR_MALFUNCTION dnsbl-monitor"' ]
    issues .description | grep -q 'MAJOR MALFUNCTION'
    issues .description | grep -qx 'Surging zones: b.test'
    issues .description | grep -qx 'b.test: newly lists 40 of 100 addresses; more than 5 % are held'
    issues .description | grep -q SURGE_RELEASE
    [ "$(action 192.0.2.1)" = no_action ]
    run_of "$(ip 192.0.2.1 'unknown("b.test")')"
    [ "$(writes)" = "[1,0,0]" ]
    run_of "$(ip 192.0.2.1)"
    [ "$(writes)" = "[1,1,1]" ]
    issues '.comments[0].body' | grep -q recovered
}
