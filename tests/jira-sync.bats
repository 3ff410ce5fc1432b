# jira-sync: the tickets, against a stand-in that is stricter than Jira.

bats_require_minimum_version 1.5.0

source "$BATS_TEST_DIRNAME/support/servers.bash"
source "$BATS_TEST_DIRNAME/support/jira_sync.bash"

setup_file() { sites_start; }
teardown_file() { sites_stop; }
setup() { site_anew; }

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

# Found by the soak: such a ticket said that one list has the address, and that none has.
@test "a name in the row that is configured no more stands in the ticket as such" {
    run_of "$(ip 192.0.2.1 'listed(["gone.test", "a.test"]; "listed") | unknown("c.test")')" \
        "$(ip 192.0.2.2 'listed(["gone.test"]; "listed") | unknown("c.test")')"
    [ "$status" -eq 0 ]
    for each in 1 2; do
        newest "$each" .description | sed -n '/^h3. Lists it/,/^h3. Unknown/p' >text
        grep -qx 'gone.test: not configured any more (listed it before; that stands until all others answer)' text
        run ! grep -qx none text
    done
}

@test "records pass otherwise as they came, unknown types and members too" {
    run_of '{"type":"zone","zone":"a.test","health":"ok","x":1.10}' '{"type":"new","y":[1e2]}' \
        "$(ip 192.0.2.2 '.z = {"w": 1}')"
    [ "$status" -eq 0 ]
    [ "$(sed -n 2,3p out)" = "$(sed -n 2,3p in)" ]
    [ "$(sed -n 4p out)" = "$(sed -n 4p in | sed 's/}$/,"jira_action":"no_action","jira_issue":null}/')" ]
    [ "$(sed -n 5p out | sed 's/,"stage_duration_sec":{"jira-sync":[0-9.]*}}$/}/')" = "$(sed -n 5p in)" ]
}

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
    wait_for 60 eval '[ "$(writes)" = "[2,0,0]" ]'
    terminate
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
        { ip "192.0.2.$n" 'listed(["a.test"]; "none")'; ip "192.0.2.10$n"; } >&7
        wait_for 60 eval '[ "$(action "192.0.2.10$n")" = no_action ]'
    done
    { ip 192.0.2.4 'listed(["a.test"]; "none")'; end; } >&7
    exec 7>&-
    wait "$pid"
    [ "$(by_label | xargs)" = "4 4 4 4" ] # when all have come, and after 2, 4 and 8 s
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

@test "the room that links take is no room for names that are configured no more" {
    run_of "$(ip 192.0.2.1 '[range(20) | "z\(.).test"] as $zones | .results = [result($zones[])]
        | listed($zones; "listed") | .results[].reason += "https://x.test/" + ("a" * 440)
        | .listed_zones += [range(400) | "formerly-configured-list-\(.).example"]')"
    [ "$status" -eq 0 ]
    issues .description >text
    [ "$(wc -c <text)" -le 32768 ] # with a newline
    grep -q 'not configured any more' text
    grep -q 'more, for which there is no room here' text
    [ "$(grep -c '^\* \[' text)" -eq "$(grep -c '^    See' text)" ]
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
