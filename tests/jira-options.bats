# jira-sync: dry runs, the stream, options, configuration and what is looked at before anything.

bats_require_minimum_version 1.5.0

source "$BATS_TEST_DIRNAME/support/servers.bash"
source "$BATS_TEST_DIRNAME/support/jira_sync.bash"

setup_file() { sites_start; }
teardown_file() { sites_stop; }
setup() { site_anew; }

# ---- dry run ---------------------------------------------------------------

@test "a dry run writes nothing, and says what the real run then does" {
    seed_table
    mapfile -t records < <(table_records)
    dry() { printf '%s\n' "${records[@]}" | jq -c '. + {dry_run: true, would: {db_changes: .db_changes}, db_changes: false}'; }
    { start '.dry_run = true'; dry; end; } >in
    jira_sync <in >dry 2>err
    [ "$(writes)" = "[0,0,0]" ]
    [ "$(jq -r 'select(.ip) | "\(.dry_run) \(.jira_action) \(.would | keys | join(","))"' dry | sort -u)" = "true no_action db_changes,jira_action" ]
    run_of "${records[@]}"
    diff <(jq -c 'select(.ip) | [.ip, .would.jira_action]' dry | sort) <(jq -c 'select(.ip) | [.ip, .jira_action]' out | sort)
    # by the environment
    jira_control counters -X DELETE >/dev/null
    DRY_RUN=true run_of "$(ip 192.0.2.99 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 0 ]
    [ "$(jq -c 'select(.ip) | [.dry_run, .would, .jira_issue]' out)" = '[true,{"db_changes":true,"jira_action":"created_issue"},null]' ]
    [ "$(writes)" = "[0,0,0]" ]
}

@test "a dry run tells of two rows with one address what the real run does" {
    person issue "[{\"summary\": \"IP 192.0.2.2 blacklisted by a.test\", \"labels\": [\"dnsbl-monitor\", \"dnsbl-ip-192.0.2.2\"]},
        {\"summary\": \"IP 192.0.2.3 blacklisted by a.test\", \"labels\": [\"dnsbl-monitor\", \"dnsbl-ip-192.0.2.3\"]},
        {\"summary\": \"IP 192.0.2.4 blacklisted by a.test\", \"labels\": [\"dnsbl-monitor\", \"dnsbl-ip-192.0.2.4\"], \"status\": \"Done\"}]"
    twice() {
        ip "$@"
        ip "$@" | jq -c '.id = 2'
    }
    mapfile -t records < <(
        twice 192.0.2.1 'listed(["a.test"]; "listed")'
        twice 192.0.2.2 'listed(["b.test"]; "changed")'
        twice 192.0.2.3 cleared
        twice 192.0.2.4 cleared
        twice 192.0.2.5 'listed(["a.test"]; "listed") | .db_changes = false | .db_outcome = "conflict"'
    )
    DRY_RUN=true run_of "${records[@]}"
    [ "$(writes)" = "[0,0,0]" ]
    jq -c 'select(.ip) | [.ip, .id, .would.db_changes, .would.jira_action]' out | sort >would
    run_of "${records[@]}"
    [ "$status" -eq 0 ]
    [ "$(writes)" = "[1,3,2]" ]
    jq -c 'select(.ip) | [.ip, .id, .db_changes, .jira_action]' out | sort | diff would -
}

@test "a dry run works without credentials" {
    unset JIRA_API_TOKEN JIRA_PROJECT
    DRY_RUN=true run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')" "$(ip 192.0.2.2 "$sick")"
    [ "$status" -eq 0 ]
    [ ! -s err ]
    [ "$(jq -r 'select(.ip).would.jira_action' out | sort -u)" = unknown ]
    [ "$(jira_control counters | jq '[.requests[]] | length')" -eq 0 ]
}

# ---- the stream ------------------------------------------------------------

@test "bad records are dropped, counted and said, and stop nobody" {
    run_of 'not json' '{"type":"ip","ip":"192.0.2.300"}' "$(ip 192.0.2.3 'del(.decision)')" "$(ip 192.0.2.4 'del(.results)')" \
        "$(ip 192.0.2.5 '.db_outcome = 1')" "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 1 ]
    [ "$(jq -r 'select(.error_type == "bad_record").error_type' err | wc -l)" -eq 5 ]
    [ "$(jq -r 'select(.ip).ip' out)" = 192.0.2.1 ]
    [ "$(action 192.0.2.1)" = created_issue ]
}

@test "a stream that was cut off: what came is done, 65" {
    { start; ip 192.0.2.1 'listed(["a.test"]; "listed")'; } >in
    status=0
    jira_sync <in >out 2>err || status=$?
    [ "$status" -eq 65 ]
    [ "$(action 192.0.2.1)" = created_issue ]
    { start; end; ip 192.0.2.2; } >in
    status=0
    jira_sync <in >out 2>err || status=$?
    [ "$status" -eq 65 ]
    [ "$(jq -r .type out)" = run ] # the end of no whole stream
    status=0
    jira_sync --require-run </dev/null >out 2>err || status=$?
    [ "$status" -eq 65 ]
}

@test "an overlong line is dropped, and one that would become too long" {
    { start; ip 192.0.2.1 '.x = ("y" * 1100000)'; ip 192.0.2.2; end; } >in
    status=0
    jira_sync <in >out 2>err || status=$?
    [ "$status" -eq 1 ]
    [ "$(jq -r 'select(.ip).ip' out)" = 192.0.2.2 ]
    ip 192.0.2.1 '.x = ""' >line
    { start; ip 192.0.2.1 '.x = ("y" * '$((1048576 - $(wc -c <line)))')'; ip 192.0.2.2; end; } >in
    [ "$(wc -L <in)" -eq 1048575 ]
    status=0
    jira_sync <in >out 2>err || status=$?
    [ "$status" -eq 1 ]
    [ "$(jq -r 'select(.ip).ip' out)" = 192.0.2.2 ]
}

@test "a full disk: 74, and the tickets are kept all the same" {
    { start; ip 192.0.2.1 'listed(["a.test"]; "listed")'; end; } >in
    status=0
    jira_sync <in >/dev/full 2>err || status=$?
    [ "$status" -eq 74 ]
    [ "$(writes)" = "[1,0,0]" ]
}

@test "a reader that is gone: 74, and the tickets are kept all the same" {
    { start; ip 192.0.2.1 'listed(["a.test"]; "listed")'; end; } >in
    set +o pipefail
    { status=0; jira_sync <in 2>err || status=$?; echo "$status" >status; } | true
    [ "$(cat status)" -eq 74 ]
    [ "$(writes)" = "[1,0,0]" ]
}

@test "a run of more than an hour ago is not acted on, unless told to" {
    { start '.started_at = "2026-01-31T12:00:00.000Z"'; ip 192.0.2.1 'listed(["a.test"]; "listed")'; end; } >in
    status=0
    jira_sync <in >out 2>err || status=$?
    [ "$status" -eq 65 ]
    said stale_run
    [ "$(jira_control counters | jq '[.requests[]] | length')" -eq 0 ]
    jira_sync --allow-stale <in >out 2>err
    [ "$(writes)" = "[1,0,0]" ]
}

@test "without run and end no ticket is missing, and none is needed" {
    ip 192.0.2.1 'listed(["a.test"]; "listed") | del(.db_outcome, .db_changes, .id, .ip_text)' | jira_sync >out 2>err
    [ "$(action 192.0.2.1)" = created_issue ]
    jira_sync </dev/null >out 2>err
    [ ! -s out ]
}

# ---- options, configuration, preflight -------------------------------------

@test "options" {
    run -64 jira_sync --nonsense
    run -64 jira_sync argument
    run -64 jira_sync --check=offline
    run -0 jira_sync --help
    [[ $output == usage:* ]]
    run -0 jira_sync --version
    [[ $output == jira-sync\ * ]]
}

@test "configuration: all problems at once, and nothing is asked" {
    run -0 jira_sync --check
    export JIRA_SERVER=http://jira.example.org JIRA_USER=a:b JIRA_PROJECT=ops JIRA_CONCURRENCY=65 \
        JIRA_IGNORE_CLOSED_DAYS=3651 JIRA_FIELDS='{"summary": "x", "labels": ["a b"]}' JIRA_API_TOKEN='two words'
    unset JIRA_ISSUE_TYPE
    for option in --check --check=online ""; do
        status=0
        # shellcheck disable=SC2086 # several words, or none
        jira_sync $option </dev/null >out 2>err || status=$?
        [ "$status" -eq 78 ]
        [ ! -s out ]
        for name in JIRA_SERVER JIRA_USER JIRA_PROJECT JIRA_CONCURRENCY JIRA_IGNORE_CLOSED_DAYS JIRA_ISSUE_TYPE JIRA_API_TOKEN; do
            jq -r .error_message err | grep -q "$name"
        done
        [ "$(jq -r .error_message err | grep -c JIRA_FIELDS)" -eq 2 ]
        [ "$(grep -c 'two words' err)" -eq 0 ]
    done
    for server in ftp://x.test https://u:p@x.test 'https://x.test/?a=b' x.test '' 'https://x.test/a b'; do
        JIRA_SERVER=$server run -78 jira_sync --check
    done
    JIRA_SERVER=https://bücher.test run -78 jira_sync --check
    [[ $output == *xn--* ]]
    for labels in '""' 1 '"a b"' "\"$(printf 'x%.0s' {1..256})\""; do
        JIRA_FIELDS="{\"labels\": [$labels]}" run jira_sync --check
        [[ $output == *'"labels\" must be an array'* ]]
    done
    JIRA_FIELDS="{\"labels\": [\"$(printf 'x%.0s' {1..255})\"]}" run jira_sync --check
    [[ $output != *JIRA_FIELDS* ]]
    unset JIRA_FIELDS
    unset JIRA_SERVER JIRA_API_TOKEN JIRA_PROJECT
    DRY_RUN=true run jira_sync --check
    [[ $output != *JIRA_SERVER* ]]
}

@test "--check=online: what is missing in Jira, all of it" {
    run -0 jira_sync --check=online
    setting '{"permissions": ["BROWSE_PROJECTS", "CREATE_ISSUES"]}'
    JIRA_ISSUE_TYPE=Ticket run -77 jira_sync --check=online
    [[ $output == *EDIT_ISSUES* && $output == *ADD_COMMENTS* && $output == *'"Ticket\"'* ]]
    JIRA_PROJECT=NOPE run -77 jira_sync --check=online
    [[ $output == *JIRA_PROJECT* ]]
    JIRA_API_TOKEN=wrong-token run -77 jira_sync --check=online
    [[ $output != *wrong-token* ]]
    [ "$(writes)" = "[0,0,0]" ]
}

@test "--check=online: every missing right is named at once, whichever it is" {
    problems() { jq -r 'select(.error_type == "jira_preflight" and .level == "ERROR").error_message' err; }
    online() { status=0; jira_sync --check=online >out 2>err || status=$?; }
    for flavour in cloud datacenter; do
        [ "$flavour" = cloud ] || use_datacenter
        setting '{"permissions": ["BROWSE_PROJECTS", "EDIT_ISSUES"]}'
        JIRA_EXCLUDED_STATUSES=Nonsense online
        [ "$status" -eq 77 ]
        [ "$(problems | grep -oE '[A-Z]+_[A-Z]+' | xargs)" = "CREATE_ISSUES ADD_COMMENTS" ]
        said jira_statuses # and the rest is still asked
        [ "$(grep -c 'check JIRA_USER' err)" -eq 0 ]
        setting '{"permissions": ["CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS"]}'
        online
        [ "$status" -eq 77 ]
        jq -r .error_message err | grep -q 'project OPS at .* does not exist, or this user may not see it'
        setting '{"permissions": ["BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES"]}'
        JIRA_DNS_FAILURE_ISSUE_TYPE=Outage online
        [ "$status" -eq 77 ]
        [ "$(problems | wc -l)" -eq 2 ]
        problems | grep -q ADD_COMMENTS
        problems | grep -q '"Outage".*check JIRA_DNS_FAILURE_ISSUE_TYPE (it has: Task, Incident)'
    done
    # A Jira that shows rights to a project that it does not show.
    use_datacenter
    fault '{"name": "rights", "match": {"path": "mypermissions"}, "action": {"wrong_json": {"permissions": {"EDIT_ISSUES": {"havePermission": true}}}}}'
    online
    [ "$status" -eq 77 ]
    [ "$(problems | grep -oE '[A-Z]+_[A-Z]+' | xargs)" = "BROWSE_PROJECTS CREATE_ISSUES ADD_COMMENTS" ]
    [ "$(problems | wc -l)" -eq 3 ]
}

@test "a screen that lacks a field, or demands one: named before anything is written" {
    for flavour in cloud datacenter; do
        [ "$flavour" = cloud ] || use_datacenter
        # Read a few at a time: the fields are on several pages.
        setting '{"page_cap": 3, "off_screen": {"create": ["labels"], "create Incident": ["description"]},
            "custom_fields": {"customfield_10010": {"name": "Team", "required": true},
                "customfield_10011": {"name": "Severity", "required": true, "default": "low"},
                "customfield_10012": {"name": "Colour"}}}'
        run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')" "$(ip 192.0.2.2)"
        [ "$status" -eq 77 ]
        [ "$(action 192.0.2.1) $(action 192.0.2.2)" = "failed failed" ]
        [ "$(tail -n 1 out | jq -r .type)" = end ]
        [ "$(writes)" = "[0,0,0]" ]
        jq -r 'select(.error_type == "jira_preflight").error_message' err >problems
        [ "$(wc -l <problems)" -eq 4 ]
        grep -qF 'for creating a "Task" in project OPS lacks: labels;' problems
        grep -qF 'for creating a "Incident" in project OPS lacks: description, labels;' problems
        for type in Task Incident; do
            grep -qF "demands of a new \"$type\" what nobody sets: Team (customfield_10010); put it into JIRA_FIELDS" problems
        done
        setting '{"off_screen": {}}'
        JIRA_FIELDS='{"customfield_10010": "Mail", "customfield_10099": 1}' run -77 jira_sync --check=online
        [ "$(grep -c 'lacks what JIRA_FIELDS sets: customfield_10099' <<<"$output")" -eq 2 ]
        JIRA_FIELDS='{"customfield_10010": "Mail"}' run -0 jira_sync --check=online
    done
}

@test "--check=online: a screen for editing that lacks a field" {
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed") | '"$sick")"
    [ "$(writes)" = "[2,0,0]" ]
    run -0 jira_sync --check=online
    setting '{"off_screen": {"edit Task": ["labels"], "edit Incident": ["description", "priority"]}}'
    run -77 jira_sync --check=online
    [ "$(issue OPS-1 .issuetype) $(issue OPS-2 .issuetype)" = "Task Incident" ]
    [ "$(grep -o 'for editing OPS-[12] lacks: [a-z, ]*;' <<<"$output" | sort | tr '\n' ' ')" = \
        "for editing OPS-1 lacks: labels; for editing OPS-2 lacks: description; " ]
    # A run does what it can, and says of the rest what Jira says.
    run_of "$(ip 192.0.2.1 cleared)" "$(ip 192.0.2.2 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 1 ]
    [ "$(action 192.0.2.1) $(action 192.0.2.2)" = "failed created_issue" ]
    jq -r 'select(.ip == "192.0.2.1").error_message' err | grep -q "labels: Field 'labels' cannot be set"
}

@test "--check=online: a screen for editing that cannot be read is not well" {
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')"
    fault '[{"name": "gone", "match": {"path": "editmeta", "nth": 1}, "action": {"status": 404, "body": {"errorMessages": ["Issue does not exist"], "errors": {}}}},
        {"name": "foreign", "match": {"path": "editmeta", "nth": 1}, "action": {"wrong_json": {"please": "log in"}}},
        {"name": "down", "match": {"path": "editmeta"}, "times": 4, "action": {"status": 503, "html": "busy"}}]'
    for expected in 77 69 69; do
        run "-$expected" jira_sync --check=online
        [[ $output == *'does not tell what the screen for editing OPS-1 holds (HTTP '* ]]
    done
    [ "$(fired gone)$(fired foreign)$(fired down)" -eq 114 ]
    run -0 jira_sync --check=online
}

@test "--check=online: a signal ends it, whatever it waits for" {
    local path
    for path in myself search; do
        fault "{\"name\": \"slow-$path\", \"match\": {\"path\": \"$path\"}, \"action\": {\"delay\": 20}}"
        "$BUILD/bin/jira-sync" --check=online >out 2>err 3>&- &
        pid=$!
        wait_for 60 eval "[ \"\$(fired slow-$path)\" -eq 1 ]"
        terminate
        [ "$status" -eq 143 ]
        [ "$(jq -r '[.error_type, .error_message] | join(": ")' err)" = "interrupted: stopped by signal 15; the check went no further" ]
    done
}

@test "a status that the site does not know breaks no search; one of another name can mean closed" {
    person issue "{\"summary\": \"IP 192.0.2.1 blacklisted by a.test\", \"labels\": [$ours], \"status\": \"In Progress\"}"
    JIRA_EXCLUDED_STATUSES='Nonsense "quoted", in progress' run_of "$(ip 192.0.2.1 'listed(["b.test"]; "none")')"
    [ "$status" -eq 0 ]
    [ "$(action 192.0.2.1)" = no_action ]
    [ ! -s err ]
    JIRA_EXCLUDED_STATUSES=Nonsense run_of "$(ip 192.0.2.1 'listed(["a.test"]; "none")')"
    [ "$status" -eq 0 ]
    said jira_statuses
}

@test "no secret in output, log or ticket" {
    run_of "$(ip 192.0.2.1 "listed([\"a.test\"]; \"listed\") | .results[0].reason = \"x $JIRA_API_TOKEN y\"")"
    [ "$status" -eq 0 ]
    jira_state >state
    [ "$(grep -cF -e "$JIRA_API_TOKEN" state)" -eq 0 ]
    grep -q 'x \*\*\* y' state
    fault "{\"name\": \"loud\", \"match\": {\"method\": \"POST\", \"path\": \"/issue\$\"}, \"action\": {\"status\": 400, \"body\": {\"message\": \"$JIRA_API_TOKEN\"}}}"
    run_of "$(ip 192.0.2.2 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 1 ]
    [ "$(grep -cF -e "$JIRA_API_TOKEN" err)" -eq 0 ]
}

@test "a plain request to this machine takes no proxy that is not on it, too" {
    for proxy in http://nowhere.invalid:3128 nowhere.invalid socks5h://user:secret@nowhere.invalid:1080 'http://[2001:db8::1]:1'; do
        for name in http_proxy all_proxy ALL_PROXY; do
            run -0 env "$name=$proxy" "$BUILD/bin/jira-sync" --check=online
        done
    done
    # on it: used
    for proxy in http://127.0.0.1:1 localhost:1 'http://[::1]:1'; do
        http_proxy=$proxy all_proxy=http://nowhere.invalid "$BUILD/bin/jira-sync" --check=online >out 2>"err.${proxy//[!a-z0-9]/}" 3>&- &
    done
    wait
    for log in err.*; do
        grep -q jira_unreachable "$log"
    done
}

@test "http:// is for this machine, by whatever name" {
    for server in http://localhost:1 'http://[::1]:1/jira' http://127.1.2.3 HTTP://LOCALHOST; do
        JIRA_SERVER=$server run -0 jira_sync --check
    done
    for server in http://localhost.example.org 'http://[::2]' http://128.0.0.1 http://10.0.0.1; do
        JIRA_SERVER=$server run -78 jira_sync --check
    done
}

@test "a proxy's password is not in what libcurl says of the proxy" {
    local number=0
    for proxy in nonsense://user:geheimnis@127.0.0.1:1 'http://user:gehe imnis@127.0.0.1:1' user:geheimnis@@127.0.0.1:1 \
        http://user:geheimnis user:geheimnis 'http://user:gehe imnis' http://user:geheimnis@127.0.0.1:99999x; do
        ((number += 1))
        http_proxy=$proxy "$BUILD/bin/jira-sync" --check=online >out 2>"err.$number" 3>&- &
    done
    wait
    [ "$number" -eq 7 ]
    for log in err.*; do
        grep -q jira_unreachable "$log"
        grep -qi "proxy" "$log"
        run ! grep -E 'gehe|imnis' "$log"
    done
}

@test "nor is it in any other message: as it is written, as it is sent, and in base64" {
    # The project's key is quoted where it is none.
    for secret in user:gehe%69mnis gehe%69mnis user:geheimnis geheimnis dXNlcjpnZWhlaW1uaXM= dXNlcjpnZWhlJTY5bW5pcw==; do
        JIRA_PROJECT=$secret run -78 --separate-stderr env https_proxy=http://user:gehe%69mnis@proxy.test:3128 \
            "$BUILD/bin/jira-sync" --check
        [ "$(jq -r .error_message <<<"$stderr" | grep -o '^.* is not the key')" = 'JIRA_PROJECT: "***" is not the key' ]
    done
}

@test "records and log lines are as their schemas say" {
    seed_table
    mapfile -t records < <(table_records | head -n 3)
    fault '{"name": "busy", "match": {"path": "myself"}, "action": {"status": 503, "html": "busy"}}'
    run_of "${records[@]}" "$(ip 192.0.2.1 "$sick")" "$(ip 192.0.2.2 "$sick")" "$(ip 192.0.2.3 "$sick")" "$(ip 192.0.2.4 "$sick")"
    [ "$(fired busy)" -eq 1 ]
    "$SUPPORT/validate.py" "$COMMON/record.schema.json" out
    [ -s err ]
    "$SUPPORT/validate.py" "$COMMON/log.schema.json" err
}
