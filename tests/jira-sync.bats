# jira-sync: the tickets, against a stand-in that is stricter than Jira.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031

bats_require_minimum_version 1.5.0

setup_file() {
    export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build}
    export COMMON=$BATS_TEST_DIRNAME/../common
    export RUN_ID=6f1c7a3e-9a53-4c58-8a4e-000000000001
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    source "$BATS_TEST_DIRNAME/support/jira_sync.bash"
    sites_start
}

teardown_file() {
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    source "$BATS_TEST_DIRNAME/support/jira_sync.bash"
    sites_stop
}

setup() {
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    source "$BATS_TEST_DIRNAME/support/jira_sync.bash"
    cd "$BATS_TEST_TMPDIR" || return
    server_signal jira CONT # a test that stopped it may have failed
    forget
}

ours='"dnsbl-monitor", "dnsbl-ip-192.0.2.1"'
long_ago='"created": "-20d"'

@test "a new listing gets one ticket, and the same again not one write" {
    run_of "$(ip 192.0.2.1 'listed(["a.test", "b.test"]; "listed") | unknown("c.test")')" "$(ip 192.0.2.2)"
    [ "$status" -eq 0 ]
    [ ! -s err ]
    [ "$(jq -r '.type' out | tr '\n' ' ')" = "run ip ip end " ]
    [ "$(action 192.0.2.1)" = created_issue ]
    [ "$(jq -r 'select(.ip == "192.0.2.1").jira_issue' out)" = OPS-1 ]
    [ "$(action 192.0.2.2)" = no_action ]
    [ "$(issues .summary)" = "IP 192.0.2.1 blacklisted by a.test, b.test" ]
    [ "$(issues '.labels | join(" ")')" = "dnsbl-ip-192.0.2.1 dnsbl-monitor" ]
    [ "$(issues .issuetype)" = Task ]
    issues .description >text
    grep -q 'lowered from 100 to 0' text
    grep -qx 'a.test: 127.0.0.2' text
    grep -qx '\* \[https://a.test/?ip=192.0.2.1\]' text
    grep -qx 'c.test: timeout' text
    grep -q "$RUN_ID" text
    grep -q 'already queued' text
    [ "$(writes)" = "[1,0,0]" ]
    jira_control counters -X DELETE >/dev/null
    run_of "$(ip 192.0.2.1 'listed(["a.test", "b.test"]; "none") | unknown("c.test")')" "$(ip 192.0.2.2)"
    [ "$status" -eq 0 ]
    [ "$(action 192.0.2.1)" = no_action ]
    [ "$(writes)" = "[0,0,0]" ]
    [ "$(jira_control counters | jq '[.requests[]] | add')" -le 8 ]
}

@test "records pass otherwise as they came, unknown types and members too" {
    run_of '{"type":"zone","zone":"a.test","health":"ok","x":1.10}' '{"type":"new","y":[1e2]}' \
        "$(ip 192.0.2.2 '.z = {"w": 1}')"
    [ "$status" -eq 0 ]
    [ "$(sed -n 2,3p out)" = "$(sed -n 2,3p in)" ]
    [ "$(sed -n 4p out)" = "$(sed -n 4p in | sed 's/}$/,"jira_action":"no_action","jira_issue":null}/')" ]
    [ "$(sed -n 5p out)" = "$(sed -n 5p in)" ]
}

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

# newest N JQ: of the newest issue of 192.0.2.N.
newest() { jira_state | jq -r --arg s "IP 192.0.2.$1 blacklisted by " '[.issues[] | select(.summary | startswith($s))][-1] | '"$2"; }

check_table() {
    seed_table
    mapfile -t records < <(table_records)
    run_of "${records[@]}"
    [ "$status" -eq 0 ]
    jq -r 'select(.type == "ip") | "\(.ip) \(.jira_action)"' out | sort >actions
    diff - actions <<'ACTIONS'
192.0.2.10 created_issue
192.0.2.11 created_issue
192.0.2.12 created_issue
192.0.2.13 created_issue
192.0.2.14 no_action
192.0.2.15 no_action
192.0.2.16 updated_issue
192.0.2.17 updated_issue
192.0.2.18 updated_issue
192.0.2.19 no_action
192.0.2.20 updated_issue
192.0.2.21 no_action
192.0.2.22 updated_issue
192.0.2.23 no_action
192.0.2.24 no_action
192.0.2.25 no_action
192.0.2.26 no_action
ACTIONS
    # 4 creates; edits of 16, 17, 18, 20, 22, all but the one of the closed ticket with a comment
    [ "$(writes)" = "[4,5,4]" ]
    [ "$(newest 16 .summary)" = "IP 192.0.2.16 blacklisted by a.test, b.test" ]
    [ "$(newest 16 '.comments[0].body' | grep -cE '^(added:   b.test|removed: c.test|now:     a.test, b.test)$')" -eq 3 ]
    newest 17 '.comments[0].body' | grep -q 'listed again'
    [ "$(newest 17 '.labels | index("dnsbl-cleared")')" = null ]
    newest 18 '.comments[0].body' | grep -q 'no longer listed'
    newest 18 '.comments[0].body' | grep -q 'put back to 100'
    [ "$(newest 18 '[.status, (.labels | index("dnsbl-cleared") != null)] | @csv')" = '"To Do",true' ]
    [ "$(newest 20 '[.status, (.comments | length), (.labels | index("dnsbl-cleared") != null)] | @csv')" = '"Done",0,true' ]
    [ "$(jq -s 'map(select(.ip == "192.0.2.23"))[0].jira_issue' out)" = null ]

    # What a former run did is not done again: all that is listed has no transition any more.
    jira_control counters -X DELETE >/dev/null
    mapfile -t records < <(table_records | jq -c 'if .transition == "held" then . else .transition = "none" end')
    run_of "${records[@]}"
    [ "$status" -eq 0 ]
    [ "$(writes)" = "[0,0,0]" ]
}

@test "every row of the table, on Jira Cloud" { check_table; }

@test "every row of the table, on Jira Data Center" {
    use_datacenter
    check_table
}

@test "a ticket that the search does not find yet is sought again, found, and not doubled" {
    setting '{"index_lag_searches": 3}'
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')"
    [ "$(writes)" = "[1,0,0]" ]
    # A run right behind it does not find that ticket at first: not among the open ones, not by its label, not after 2 s.
    jira_control counters -X DELETE >/dev/null
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "none")')"
    [ "$status" -eq 0 ]
    [ "$(searches)" -eq 4 ]
    [ "$(writes)" = "[0,0,0]" ]
    [ "$(action 192.0.2.1)" = no_action ]
}

@test "tickets of the earlier monitor are adopted and labelled, others' are never touched" {
    person issue '[{"summary": "IP 192.0.2.1 blacklisted by a.test,b.test"},
        {"summary": "IP 192.0.2.2 blacklisted by a.test"},
        {"summary": "IP 192.0.2.30 blacklisted by a.test"},
        {"summary": "Re: IP 192.0.2.3 blacklisted by a.test"},
        {"summary": "IP 192.0.2.3 was blacklisted by a.test"},
        {"summary": "blacklisted by", "labels": ["dnsbl-monitor"]}]'
    run_of "$(ip 192.0.2.1 'listed(["a.test", "b.test"]; "none")')" "$(ip 192.0.2.2)" \
        "$(ip 192.0.2.3 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 0 ]
    [ "$(issue OPS-1 '[(.labels | join(" ")), .summary, (.comments | length)] | @csv')" = \
        '"dnsbl-ip-192.0.2.1 dnsbl-monitor","IP 192.0.2.1 blacklisted by a.test,b.test",0' ]
    [ "$(issue OPS-2 '.labels | join(" ")')" = "dnsbl-cleared dnsbl-ip-192.0.2.2 dnsbl-monitor" ]
    for key in OPS-3 OPS-4 OPS-5; do
        [ "$(issue "$key" '[(.labels | length), (.comments | length)] | @csv')" = 0,0 ]
    done
    [ "$(action 192.0.2.3)" = created_issue ]
    run_of "$(ip 192.0.2.1 'listed(["a.test", "b.test"]; "none")')" "$(ip 192.0.2.2)"
    [ "$(writes)" = "[1,2,1]" ]
}

@test "a ticket whose throttle failed is made at once, and a run right behind it makes no second one" {
    setting '{"index_lag_searches": 2}'
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed") | .db_changes = false | .db_outcome = "failed"')"
    [ "$status" -eq 0 ]
    # two searches before it is made, and three until one finds it
    [ "$(searches)" -eq 5 ]
    [ "$(action 192.0.2.1)" = created_issue ]
    [ "$(jq -r 'select(.ip).jira_issue' out)" = OPS-1 ]
    # Now the database takes it.
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 0 ]
    [ "$(action 192.0.2.1)" = no_action ]
    [ "$(writes)" = "[1,0,0]" ]
}

@test "a ticket that was made is not called failed when Jira or the run ends before it is found" {
    failed='listed(["a.test"]; "listed") | .db_changes = false | .db_outcome = "failed"'
    setting '{"index_lag": 60}'
    fault '{"name": "down", "match": {"path": "search", "nth": [3]}, "action": {"status": 503, "headers": {"Retry-After": "3600"}, "text": ""}}'
    run_of "$(ip 192.0.2.1 "$failed")"
    [ "$status" -eq 69 ]
    [ "$(fired down)" -eq 1 ]
    [ "$(action 192.0.2.1)" = created_issue ]
    jira_control faults -X DELETE >/dev/null
    { start; ip 192.0.2.2 "$failed"; end; } >in
    "$BUILD/bin/jira-sync" <in >out 2>err &
    pid=$!
    wait_for 10 eval '[ "$(writes)" = "[2,0,0]" ]'
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 143 ]
    [ "$(action 192.0.2.2)" = created_issue ]
}

# seed_closed: tickets of the earlier monitor, without labels, that were closed; and one that only looks like one.
seed_closed() {
    person issue "[
        {\"summary\": \"IP 192.0.2.1 blacklisted by a.test\", \"status\": \"Done\", $long_ago, \"resolved\": \"-6d\"},
        {\"summary\": \"IP 2001:db8::1 blacklisted by a.test\", \"status\": \"Done\", $long_ago, \"resolved\": \"-6d\"},
        {\"summary\": \"IP 192.0.2.2 blacklisted by a.test\", \"status\": \"Done\", $long_ago, \"resolved\": \"-8d\"},
        {\"summary\": \"IP 192.0.2.3 blacklisted by a.test\", \"status\": \"Done\", $long_ago, \"resolved\": \"-6d\"},
        {\"summary\": \"Re: IP 192.0.2.4 blacklisted by a.test\", \"status\": \"Done\", $long_ago, \"resolved\": \"-6d\"}]"
    jira_control counters -X DELETE >/dev/null
}

# by_label: the labels in each search by label since the last `mark_journal`, how many of them, a line a search.
mark_journal() { journal=$(jira_journal | wc -l); }
by_label() { jira_journal | tail -n +"$((journal + 1))" | jq -r 'select(.path | endswith("/search/jql")).body.jql
    | [scan("dnsbl-ip-")] | length | select(. > 0)'; }

@test "addresses that are sought again share their searches, whenever they came" {
    mark_journal
    mkfifo pipe
    "$BUILD/bin/jira-sync" <pipe >out 2>err 3>&- &
    pid=$!
    exec 7>pipe
    start >&7
    for n in 1 2 3; do
        ip "192.0.2.$n" 'listed(["a.test"]; "none")' >&7
        wait_for 10 eval '[ "$(by_label | wc -l)" -eq "$n" ]'
    done
    { ip 192.0.2.4 'listed(["a.test"]; "none")'; end; } >&7
    exec 7>&-
    wait "$pid"
    [ "$(by_label | xargs)" = "1 1 1 1 4 4 4" ] # each when it came, and all of them after 2, 4 and 8 s
    [ "$(writes)" = "[4,0,0]" ]
}

@test "closed tickets are searched for fifty addresses at a time" {
    person issue "$(jq -nc '[range(1; 121) | {summary: "IP 192.0.2.\(.) blacklisted by a.test",
        labels: ["dnsbl-monitor", "dnsbl-ip-192.0.2.\(.)"], status: "Done"}]')"
    mapfile -t records < <(ip 192.0.2.1 'listed(["a.test"]; "none") | . as $record | range(1; 121) as $n
        | $record | .ip = "192.0.2.\($n)" | .ip_text = .ip')
    mark_journal
    run_of "${records[@]}"
    [ "$status" -eq 0 ]
    [ "$(by_label | sort -n | xargs)" = "20 50 50" ]
    [ "$(jq -r 'select(.ip) | .jira_action' out | sort | uniq -c | xargs)" = "120 no_action" ]
}

@test "a run of many addresses that changes nothing makes eight requests and the pages of its search" {
    person issue "$(jq -nc '[range(0; 200) | {summary: "IP 10.0.0.\(.) blacklisted by a.test",
        labels: (["dnsbl-monitor", "dnsbl-ip-10.0.0.\(.)"] + if . % 4 == 1 then ["dnsbl-cleared"] else [] end)}]')"
    jira_control counters -X DELETE >/dev/null
    # With tickets: listed, clean and marked, clean in doubt, held. Without: clean, held, conflict.
    mapfile -t records < <(ip 10.0.0.1 '. as $record | range(500) as $n | $record
        | .ip = "10.0.\($n / 200 | floor).\($n % 200)" | .ip_text = .ip'"
        | if \$n < 200 then
            [listed([\"a.test\"]; \"none\"), ., unknown(\"a.test\"), listed([\"b.test\"]; \"held\")][\$n % 4]
          else [., listed([\"a.test\"]; \"held\"), (listed([\"a.test\"]; \"listed\") | .db_outcome = \"conflict\")][\$n % 3] end")
    [ "${#records[@]}" -eq 500 ]
    run_of "${records[@]}"
    [ "$status" -eq 0 ]
    [ "$(jq -r 'select(.ip) | .jira_action' out | sort | uniq -c | xargs)" = "500 no_action" ]
    [ "$(writes)" = "[0,0,0]" ]
    [ "$(searches)" -eq 2 ] # 200 tickets, 100 a page
    [ "$(jira_control counters | jq '[.requests[]] | add')" -le 9 ]
}

@test "JIRA_IGNORE_CLOSED_DAYS says how long a person's closing holds" {
    person issue "[{\"summary\": \"IP 192.0.2.1 blacklisted by a.test\", \"status\": \"Done\", $long_ago, \"resolved\": \"-6d\"},
        {\"summary\": \"IP 192.0.2.2 blacklisted by a.test\", \"status\": \"Done\", $long_ago, \"resolved\": \"-1s\"},
        {\"summary\": \"IP 192.0.2.3 blacklisted by a.test\", \"status\": \"Done\", $long_ago, \"resolved\": \"-9d\"}]"
    # days: of 192.0.2.N alone, so that the three can run side by side
    days() { { start; ip "192.0.2.$2" 'listed(["a.test"]; "none")'; end; } | JIRA_IGNORE_CLOSED_DAYS=$1 jira_sync 3>&- >"out.$2" 2>"err.$2"; }
    days 3 1 &
    days 0 2 &
    days 10 3
    wait
    [ "$(cat out.? | jq -rs 'map(select(.ip)) | sort_by(.ip)[].jira_action' | xargs)" = "created_issue created_issue no_action" ]
}

@test "closed tickets of the earlier monitor count like our own" {
    mapfile -t records < <(
        ip 192.0.2.1 'listed(["a.test"]; "none")'
        ip 2001:db8::1 'listed(["a.test"]; "none")'
        ip 192.0.2.2 'listed(["a.test"]; "none")'
        ip 192.0.2.3 cleared
        ip 192.0.2.4 'listed(["a.test"]; "none")'
    )
    for flavour in cloud datacenter; do
        [ "$flavour" = cloud ] || use_datacenter
        seed_closed
        run_of "${records[@]}"
        [ "$status" -eq 0 ]
        [ ! -s err ]
        # closed lately: respected; long ago, or another's: a new one; cleared: marked, and from now on known by its label
        [ "$(for n in 192.0.2.{1,2,3,4} 2001:db8::1; do action "$n"; done | tr '\n' ' ')" = \
            "no_action created_issue updated_issue created_issue no_action " ]
        [ "$(issue OPS-4 '[.status, (.labels | join(" ")), (.comments | length)] | @csv')" = \
            '"Done","dnsbl-cleared dnsbl-ip-192.0.2.3 dnsbl-monitor",0' ]
        [ "$(writes)" = "[2,1,0]" ]
        run_of "${records[@]}"
        [ "$(writes)" = "[2,1,0]" ]
    done
}

@test "a site that refuses to search for phrases is asked for labels alone" {
    seed_closed
    person issue "{\"summary\": \"IP 192.0.2.5 blacklisted by a.test\", \"labels\": [\"dnsbl-ip-192.0.2.5\"], \"status\": \"Done\"}"
    fault '{"name": "unparsed", "match": {"path": "search/jql", "body": "blacklisted by"}, "times": "always", "action":
        {"status": 400, "body": {"errorMessages": ["Unable to parse the text"], "errors": {}}}}'
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "none")')" "$(ip 192.0.2.5 'listed(["a.test"]; "none")')"
    [ "$status" -eq 0 ]
    [ "$(fired unparsed)" -eq 1 ]
    [ "$(jq -r 'select(.error_type == "jira_search").error_message' err | grep -c 'Unable to parse the text')" -eq 1 ]
    [ "$(action 192.0.2.1) $(action 192.0.2.5)" = "created_issue no_action" ]
}

@test "blanks and order do not make other zones of a summary that a person has rewritten" {
    person issue "{\"summary\": \"IP 192.0.2.1 blacklisted by b.test ,a.test\", \"labels\": [$ours]}"
    run_of "$(ip 192.0.2.1 'listed(["a.test", "b.test"]; "none")')"
    [ "$(action 192.0.2.1)" = no_action ]
    [ "$(writes)" = "[0,0,0]" ]
}

@test "a ticket keeps the name of a list that did not answer, though the row does not carry it" {
    # The database did not take the change, so the next run finds a clean row.
    run_of "$(ip 192.0.2.1 'listed(["a.test", "b.test"]; "listed") | .db_changes = false | .db_outcome = "failed"')"
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed") | unknown("b.test")')"
    [ "$(action 192.0.2.1)" = no_action ]
    # Another list joins: the one in doubt stays.
    run_of "$(ip 192.0.2.1 'listed(["a.test", "c.test"]; "changed") | unknown("b.test")')"
    [ "$(issues .summary)" = "IP 192.0.2.1 blacklisted by a.test, b.test, c.test" ]
    issues '.comments[0].body' >comment
    [ "$(grep -cxE 'added:   c.test|removed: none|now:     a.test, b.test, c.test|unknown, so they stay: b.test' comment)" -eq 4 ]
    # An answer, and it goes.
    run_of "$(ip 192.0.2.1 'listed(["a.test", "c.test"]; "none")')"
    [ "$(issues .summary)" = "IP 192.0.2.1 blacklisted by a.test, c.test" ]
    issues '.comments[1].body' | grep -qx 'removed: b.test'
    [ "$(writes)" = "[1,2,2]" ]
}

@test "two open tickets for one address: a warning, and the newest is used" {
    person issue "[{\"summary\": \"IP 192.0.2.1 blacklisted by a.test\", \"labels\": [$ours]},
        {\"summary\": \"IP 192.0.2.1 blacklisted by a.test\", \"labels\": [$ours]}]"
    run_of "$(ip 192.0.2.1 'listed(["b.test"]; "changed")')"
    [ "$status" -eq 0 ]
    said jira_two_tickets
    [ "$(issue OPS-1 .summary)" = "IP 192.0.2.1 blacklisted by a.test" ]
    [ "$(issue OPS-2 .summary)" = "IP 192.0.2.1 blacklisted by b.test" ]
}

@test "two rows with one address get one ticket" {
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')" "$(ip 192.0.2.1 'listed(["a.test"]; "listed") | .id = 2')"
    [ "$status" -eq 0 ]
    [ "$(writes)" = "[1,0,0]" ]
    [ "$(action 192.0.2.1 | tr '\n' ' ')" = "created_issue no_action " ]
}

@test "all pages of a search are read, however short" {
    for flavour in cloud datacenter; do
        [ "$flavour" = cloud ] || use_datacenter
        setting '{"page_cap": 3}'
        person issue "$(jq -nc '[range(1; 11) | {summary: "IP 192.0.2.\(.) blacklisted by a.test",
            labels: ["dnsbl-monitor", "dnsbl-ip-192.0.2.\(.)"]}]')"
        mapfile -t records < <(for n in {1..10}; do ip "192.0.2.$n" 'listed(["a.test"]; "none")'; done)
        run_of "${records[@]}"
        [ "$status" -eq 0 ]
        [ "$(writes)" = "[0,0,0]" ]
        [ "$(jq -c 'select(.jira_issue)' out | wc -l)" -eq 10 ]
    done
}

@test "Data Center: a person closes a ticket while the pages are read, and no other is passed over" {
    use_datacenter
    setting '{"page_cap": 3}'
    # without labels: by its label each would be found all the same
    person issue "$(jq -nc '[range(1; 9) | {summary: "IP 192.0.2.\(.) blacklisted by a.test"}]')"
    fault '{"name": "closed", "match": {"path": "search", "nth": [2]}, "action": {"person": {"key": "OPS-1", "status": "Done"}}}'
    mapfile -t records < <(for n in {2..8}; do ip "192.0.2.$n" 'listed(["a.test"]; "listed")'; done)
    run_of "${records[@]}"
    [ "$status" -eq 0 ]
    [ "$(fired closed)" -eq 1 ]
    [ "$(writes)" = "[0,7,0]" ] # they get our labels
    [ "$(issues .key | wc -l)" -eq 8 ]
}

@test "many new listings take a create each, and few searches" {
    mapfile -t records < <(ip 192.0.2.1 'listed(["a.test"]; "listed") | . as $record | range(120) as $n
        | $record | .ip = "192.0.2.\($n)" | .ip_text = .ip')
    run_of "${records[@]}"
    [ "$status" -eq 0 ]
    [ "$(writes)" = "[120,0,0]" ]
    [ "$(jira_control counters | jq '.requests["POST /rest/api/2/search/jql"]')" -le 5 ]
    [ "$(jira_control counters | jq .connections)" -le 20 ] # ours and those of this test
}

@test "below the threshold no text says that it is no longer listed" {
    person issue "{\"summary\": \"IP 192.0.2.1 blacklisted by a.test, b.test\", \"labels\": [$ours]}"
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "none") | .decision = "CLEAN" | cleared')"
    [ "$status" -eq 0 ]
    [ "$(issue OPS-1 '.comments[0].body' | grep -c 'no longer listed')" -eq 0 ]
    issue OPS-1 '.comments[0].body' | grep -q 'listed too little now'
    issue OPS-1 '.comments[0].body' | grep -qx 'a.test: 127.0.0.2'
}

@test "an address that nobody answered for is not cleared, nor one whose zone was left out" {
    person issue "{\"summary\": \"IP 192.0.2.1 blacklisted by gone.test\", \"labels\": [$ours]}"
    # without a run, so that it is no malfunction as well
    ip 192.0.2.1 'unknown("a.test") | unknown("b.test") | unknown("c.test")' | jira_sync >out 2>err
    [ "$(action 192.0.2.1)" = no_action ]
    run_of '{"type":"zone","zone":"gone.test","health":"ok","detail":""}' "$(ip 192.0.2.1)"
    [ "$(action 192.0.2.1)" = no_action ]
    run_of "$(ip 192.0.2.1)"
    [ "$(action 192.0.2.1)" = updated_issue ]
}

@test "a ticket that does not tell its zones is cleared only when every zone has answered" {
    person issue "[{\"summary\": \"Mail to a customer bounces\", \"labels\": [$ours]},
        {\"summary\": \"IP 192.0.2.2 blacklisted by a.test, +3 more\"}, {\"summary\": \"IP 192.0.2.3 blacklisted by a.test\"}]"
    run_of "$(ip 192.0.2.1 'unknown("c.test")')" "$(ip 192.0.2.2 'unknown("c.test")')" "$(ip 192.0.2.3 'unknown("c.test")')"
    [ "$status" -eq 0 ]
    [ "$(action 192.0.2.1) $(action 192.0.2.2) $(action 192.0.2.3)" = "no_action no_action updated_issue" ]
    run_of "$(ip 192.0.2.1)" "$(ip 192.0.2.2)"
    [ "$(action 192.0.2.1) $(action 192.0.2.2)" = "updated_issue updated_issue" ]
    [ "$(writes)" = "[0,3,3]" ]
}

@test "the ticket tells of an answer that is no listing" {
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed") | .results[1].answers = ["127.0.0.10", "127.0.0.11"]')"
    issues .description >text
    grep -qx 'b.test: 127.0.0.10, 127.0.0.11 (not an answer that counts as a listing)' text
    grep -qx 'c.test' text
}

# part TITLE: what stands in `text` under that heading.
part() { awk -v title="h3. $1" '/^h3\. /{ on = ($0 == title) } on' text; }

@test "the ticket sets apart what lists it, what is watched or allows it, and what is unknown" {
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed") | unknown("c.test") | .watch_zones = ["watch.test"]
        | def lists(zone): .results += [.results[0] | .zone = zone | .reason = "See https://\(zone)/remove"];
        lists("watch.test") | lists("allow.test")')"
    [ "$status" -eq 0 ]
    issues .description >text
    head -n 1 text | grep -qF '{{192.0.2.1}} is listed by 1 blocklist.'
    [ "$(part 'Lists it' | grep -oE '^[a-z]+\.test|\[https.*')" = "$(printf '%s\n' a.test '[https://a.test/?ip=192.0.2.1]')" ]
    [ "$(part 'Watched only' | grep -oE '^[a-z]+\.test|No action|\[https.*')" = "$(printf '%s\n' 'No action' watch.test)" ]
    [ "$(part 'Allowlists, and what does not count' | grep -oE '^[a-z]+\.test|No action|\[https.*')" = "$(printf '%s\n' 'No action' allow.test)" ]
    [ "$(part 'Unknown in this run' | grep -oE '^[a-z]+\.test.*')" = "c.test: timeout" ]
    [ "$(part 'Does not list it' | grep -oE '^[a-z]+\.test.*')" = "b.test" ]
    # and the same of a comment
    run_of "$(ip 192.0.2.1 'listed(["a.test", "b.test"]; "changed") | .watch_zones = ["watch.test"]
        | .results += [.results[0] | .zone = "watch.test"]')"
    [ "$(issues '.comments[0].body' | grep -c watch.test)" -eq 0 ]
}

@test "the ticket tells when the address was looked up, and what happens when it clears" {
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')"
    issues .description >text
    tail -n 1 text | grep -qxF "Looked up 2026-01-31T12:00:00.000Z (UTC). Run $RUN_ID."
    part 'What happens by itself' | grep -q '^\* When it is listed no more, its former priority is put back, .* gets the label dnsbl-cleared\. It is not closed'
}

@test "the ticket says when the throttle failed" {
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed") | .db_outcome = "failed" | .db_changes = false')"
    [ "$status" -eq 0 ]
    issues .description | grep -q 'The database did not take the change: this address is not throttled'
    [ "$(issues .description | grep -c 'was lowered')" -eq 0 ]
}

@test "of a failed change that is no throttle the ticket does not say that mail still leaves" {
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')" "$(ip 192.0.2.2 'listed(["a.test"]; "listed")')"
    failed='| .db_changes = false | .db_outcome = "failed"'
    run_of "$(ip 192.0.2.1 "listed([\"a.test\", \"b.test\"]; \"changed\") $failed")" "$(ip 192.0.2.2 "cleared $failed")"
    [ "$(writes)" = "[2,2,2]" ]
    newest 1 '.comments[0].body' | grep -q 'did not take the change: its row names other lists'
    newest 2 '.comments[0].body' | grep -q 'did not take the change: this address is throttled still'
    run ! grep 'mail still leaves' <<<"$(issues '.comments[].body')"
}

@test "foreign text cannot leave its block, nor hide" {
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed") | .results[0].reason =
        "x {noformat}h1. y {NoFormat:title=z}\u001b[2J\nhttps://a.test/?q=1|evil] javascript:alert(1) \u202eabc"')"
    [ "$status" -eq 0 ]
    issues .description >text
    [ "$(grep -ciF '{noformat' text)" -eq "$(grep -cx '{noformat}' text)" ]
    grep -qF 'x { noformat}h1. y { NoFormat:title=z}\027[2J\010https://a.test/?q=1|evil] javascript:alert(1) \226\128\174abc' text
    grep -qx '\* \[https://a.test/?q=1\]' text
    [ "$(grep -c '^\* \[' text)" -eq 1 ]
}

# thousand [JQ]: the record of an address that a thousand zones with long names list, for long reasons.
thousand() {
    ip 192.0.2.1 '[range(1000) | "a-rather-long-name-of-a-zone-\(.).example.test"] as $zones
        | .results = [$zones[] | {zone: ., status: "LISTED", answers: ["127.0.0.2"], reason: ("r" * 300 + " https://x.test/"), error: null, duration_ms: 1}]
        | .decision = "LISTED" | .listed_zones = $zones | '"${1:-.}"
}

@test "any number of zones fits into a ticket" {
    run_of "$(thousand '.transition = "listed"')"
    [ "$status" -eq 0 ]
    issues .summary | grep -qE '^IP 192.0.2.1 blacklisted by .*, \+99[0-9] more$'
    issues .description >text
    part 'Lists it' | grep -q 'more, for which there is no room here'
    [ "$(grep -c ': 127.0.0.2$' text)" -ge 50 ]
    [ "$(grep -c ': 127.0.0.2$' text)" -eq "$(grep -cF '* [https://x.test/]' text)" ]
    grep -q "$RUN_ID" text
    run_of "$(thousand)"
    [ "$(writes)" = "[1,0,0]" ]
}

@test "any number of zones fits into a comment: the names first, then as many reasons as there is room for" {
    person issue "[{\"summary\": \"IP 192.0.2.2 blacklisted by a.test\", \"labels\": [\"dnsbl-monitor\", \"dnsbl-ip-192.0.2.2\"]},
        {\"summary\": \"IP 192.0.2.3 blacklisted by a.test\", \"labels\": [\"dnsbl-monitor\", \"dnsbl-ip-192.0.2.3\", \"dnsbl-cleared\"]},
        {\"summary\": \"IP 192.0.2.4 blacklisted by a.test\", \"labels\": [\"dnsbl-monitor\", \"dnsbl-ip-192.0.2.4\"]}]"
    run_of "$(thousand '.ip = "192.0.2.2" | .transition = "changed"')" "$(thousand '.ip = "192.0.2.3" | .transition = "changed"')" \
        "$(thousand '.ip = "192.0.2.4" | .decision = "CLEAN" | cleared
            | .results = ([{zone: "a.test", status: "NOT_LISTED", answers: [], reason: null, error: null, duration_ms: 1}]
                + [.results[] | .status = "UNKNOWN" | .error = "timeout"]) | .unknown_zones = .listed_zones | .listed_zones = []')"
    [ "$status" -eq 0 ]
    [ "$(jq -r 'select(.ip) | .jira_action' out | sort -u)" = updated_issue ]
    for n in 2 3; do
        newest "$n" '.comments[0].body' >text
        # names: as many as fit, and how many more
        for line in now: $([ "$n" -eq 3 ] || echo added:); do
            grep "^$line" text | tr -d , >names
            grep -qE "^$line +(a-rather-long-name-of-a-zone-[0-9]+.example.test )+and [0-9]+ more$" names
            [ "$(($(grep -o 'example.test' names | wc -l) + $(grep -oE '[0-9]+ more' names | cut -d ' ' -f 1)))" -eq 1000 ]
        done
        # answers: likewise
        [ "$(grep -c ': 127.0.0.2$' text)" -ge 10 ]
        [ "$(($(grep -c ': 127.0.0.2$' text) + $(grep -oE '^and [0-9]+ more' text | cut -d ' ' -f 2)))" -eq 1000 ]
        grep -q "$RUN_ID" text
    done
    newest 4 '.comments[0].body' | grep -q 'is no longer listed'
    newest 4 '.comments[0].body' | grep -q 'more, for which there is no room here'
}

@test "a name that no comment has room for leaves no stray comma" {
    person issue "[{\"summary\": \"IP 192.0.2.1 blacklisted by a.test\", \"labels\": [$ours]}]"
    run_of "$(ip 192.0.2.1 '.decision = "LISTED" | .transition = "changed" | .listed_zones = ["z" * 30000, "b.test"]')"
    [ "$status" -eq 0 ]
    issues '.comments[0].body' | grep -qx 'now:     2, for which there is no room here'
}

@test "JIRA_FIELDS is merged into what a create sends" {
    setting '{"custom_fields": {"customfield_10010": {"name": "Team", "required": true}}}'
    export JIRA_FIELDS='{"customfield_10010": "Mail", "labels": ["mail-team"]}'
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 0 ]
    [ "$(issues '[.extra.customfield_10010, (.labels | join(" "))] | @csv')" = '"Mail","dnsbl-ip-192.0.2.1 dnsbl-monitor mail-team"' ]
}

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
    wait_for 30 eval '[ "$(fired slow)" -eq 1 ]'
    server_signal jira STOP # for as long as it takes on a slow machine
    wait_for 20 eval '[ "$(wc -l <out)" -ge 1000 ]'
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
    [ "$(cut -c 1-20 out | grep -c '^{"type":"ip"')" -eq 80 ]
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
    wait_for 10 eval '[ "$(fired slow)" -eq 1 ]'
    SECONDS=0
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    exec 7>&-
    [ "$status" -eq 143 ]
    [ "$SECONDS" -le 5 ]
    [ "$(action 192.0.2.1)" = failed ]
    [ "$(writes)" = "[0,0,0]" ]
}

# ---- malfunction -----------------------------------------------------------

sick='unknown("a.test") | unknown("b.test")'

@test "more than half of the lookups unknown: one ticket a day" {
    run_of "$(ip 192.0.2.1 "$sick")" "$(ip 192.0.2.2 'unknown("a.test")')"
    [ "$status" -eq 0 ]
    [ "$(writes)" = "[0,0,0]" ] # 3 of 6 is not more than half
    run_of "$(ip 192.0.2.1 "$sick")" "$(ip 192.0.2.2 "$sick")"
    [ "$status" -eq 0 ]
    [ "$(tail -n 1 out | jq -c .jira_malfunctions)" = \
        '[{"summary":"DNS Infrastructure Failure Detected - 67% zones unreachable","jira_action":"created_issue","jira_issue":"OPS-1"}]' ]
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
        # shellcheck disable=SC2086
        jira_sync $option </dev/null >out 2>err || status=$?
        [ "$status" -eq 78 ]
        [ ! -s out ]
        for name in JIRA_SERVER JIRA_USER JIRA_PROJECT JIRA_CONCURRENCY JIRA_IGNORE_CLOSED_DAYS JIRA_ISSUE_TYPE JIRA_API_TOKEN; do
            jq -r .error_message err | grep -q "$name"
        done
        [ "$(jq -r .error_message err | grep -c JIRA_FIELDS)" -eq 2 ]
        [ "$(grep -c 'two words' err)" -eq 0 ]
    done
    for server in ftp://x.test https://u:p@x.test 'https://x.test/?a=b' x.test ''; do
        JIRA_SERVER=$server run -78 jira_sync --check
    done
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

@test "--check=online: a signal ends it" {
    fault '{"name": "slow", "match": {"path": "myself"}, "action": {"delay": 20}}'
    "$BUILD/bin/jira-sync" --check=online >out 2>err 3>&- &
    pid=$!
    wait_for 10 eval '[ "$(fired slow)" -eq 1 ]'
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 143 ]
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
    [ "$(grep -c "$JIRA_API_TOKEN" state)" -eq 0 ]
    grep -q 'x \*\*\* y' state
    fault "{\"name\": \"loud\", \"match\": {\"method\": \"POST\", \"path\": \"/issue\$\"}, \"action\": {\"status\": 400, \"body\": {\"message\": \"$JIRA_API_TOKEN\"}}}"
    run_of "$(ip 192.0.2.2 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 1 ]
    [ "$(grep -c "$JIRA_API_TOKEN" err)" -eq 0 ]
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
    for proxy in nonsense://user:geheimnis@127.0.0.1:1 'http://user:gehe imnis@127.0.0.1:1' user:geheimnis@@127.0.0.1:1; do
        http_proxy=$proxy "$BUILD/bin/jira-sync" --check=online >out 2>"err.${proxy%%[:@]*}" 3>&- &
    done
    wait
    for log in err.*; do
        grep -q jira_unreachable "$log"
        grep -qi "proxy" "$log"
        run ! grep -E 'gehe|imnis' "$log"
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
