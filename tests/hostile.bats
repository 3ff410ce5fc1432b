# A world that means harm, met by the whole job: lists whose reasons are markup and terminal sequences, a name server
# that sends ten megabytes, a Jira that never ends its answer, a table full of what is no address, and lines that are
# no records for each program. Nothing of it may be taken for what it is not, be shown as anything but text, or cost
# anybody else anything. How single programs meet single things, their own suites show; this counts what was tried.

bats_require_minimum_version 1.5.0
load support/job.bash

setup_file() {
    export HOSTILE=$BATS_TEST_DIRNAME/support/hostile COMMON=$BATS_TEST_DIRNAME/../common
    POSTGRES_IP_TYPE=text job_servers "$BATS_FILE_TMPDIR" evil.test good.test
    garbage_start "$BATS_FILE_TMPDIR"
}

teardown_file() {
    servers_stop "$BATS_FILE_TMPDIR"
    [ -z "${REPORT:-}" ] || [ -n "${TESTS:-}" ] || { mkdir -p "$REPORT" && jq -n --rawfile tried "$BATS_FILE_TMPDIR/tried" '
        {inputs: (reduce ($tried | split("\n")[] | select(. != "") | split("\t")) as [$number, $what] ({}; .[$what] += ($number | tonumber))),
         failed: '"$(find "$BATS_FILE_TMPDIR" -name 'failed.*' | wc -l)"'}' \
        >"$REPORT/hostile.json"; }
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    job_world evil.test good.test
    garble_nothing
    export DNSBL_ZONES=evil.test,good.test DNS_TIMEOUT=3 DNS_CONCURRENCY=100
    unset DRY_RUN
}

teardown() { [ -n "${BATS_TEST_COMPLETED:-}" ] || : >"$BATS_FILE_TMPDIR/failed.$BATS_TEST_NUMBER"; }

# inputs NAME: the lines of that file, without comments.
inputs() { grep -v '^#' "$HOSTILE/$1"; }

# each_input NAME FUNCTION: calls it with each line of that file, whose bytes printf's %b makes; COUNT is how many there were.
each_input() {
    local line
    COUNT=0
    while IFS= read -r line; do
        "$2" "$line"
        ((++COUNT))
    done < <(inputs "$1")
    ((COUNT > 20))
}

monitor() {
    status=0
    "$job" "$@" >log 2>err || status=$?
    cat err
}

# visible text|json|json+ FILE...
visible() { "$HOSTILE/visible.py" "$@"; }

written() {
    sql 'SELECT id, xmin, ctid FROM postal.ip_addresses ORDER BY id'
    jira_control counters | jq -c '[.write_requests, .writes]'
}

bad_records() { jq -r 'select(.error_type == "bad_record").error_message' "$1" | wc -l; }

# tried NUMBER WHAT: last in a test, so that it counts what was survived; a test that does not come so far is counted in teardown.
tried() { printf '%s\t%s\n' "$@" >>"$BATS_FILE_TMPDIR/tried"; }

# ---- what lists say ----------------------------------------------------------

# An address of its own for each text, listed by evil.test for this reason.
give_reason() {
    local ip=192.0.2.$((COUNT + 1))
    pool_add "$ip"
    zone_list evil.test "$ip"
    garble "$((COUNT + 1)).2.0.192.evil.test/TXT" "texts:=$(printf %b "$1" | od -An -v -tx1 | tr -d ' \n')"
}

@test "reasons that are markup, commands or noise are text to all who read them, and change nothing else" {
    each_input texts give_reason
    rbldnsd_reload
    monitor --capture streams
    [ "$status" -eq 0 ]
    [ "$(jq -r 'select(.type == "job_summary").newly_listed' log)" -eq "$COUNT" ]
    # Each reason came, and is kept as it was said, but for what is no text.
    [ "$(jq -c 'select(.type == "ip") | .results[] | select(.zone == "evil.test").reason | strings' \
        streams/dnsbl-probe.ndjson | wc -l)" -eq "$COUNT" ]
    jq -se 'any(.ip == "192.0.2.1" and (.results[0].reason | startswith("\u001b[2J")))' streams/dnsbl-probe.ndjson >/dev/null
    # The operators' log, messages and tickets
    "$BATS_TEST_DIRNAME/support/validate.py" "$COMMON/log.schema.json" log err
    visible json log err
    jira_state >state
    visible json+ state
    "$BUILD/bin/log-summary" --format text <streams/jira-sync.ndjson >text
    visible text text
    # One ticket an address, its own; none for the address, none of the labels that a reason names
    jq -e '.issues | length == '"$COUNT"' and (map(.summary) | unique | length == '"$COUNT"')' state
    run ! grep -q 'IP 192.0.2.99 blacklisted by [^e]' state
    jq -r '.issues[] | select(.labels | contains(["dnsbl-cleared"]) or contains(["MAJOR_MALFUNCTION"])).key' state >marked
    [ ! -s marked ]
    # No markup of Jira's outside its block
    [ "$(jq -r '.issues[].description' state | awk '/^\{noformat\}$/ { inside = !inside; next } !inside' |
        grep -cE 'alert\(1\)[^]]*$|\{color|\{panel|\[~admin|!http' || true)" -eq 0 ]
    [ "$(sql 'SELECT DISTINCT "blockingLists", "lastEvent" FROM postal.ip_addresses')" = 'evil.test|new block from list(s) evil.test' ]
    # A page with these reasons has the elements of one without, and no attribute or address more.
    "$BUILD/bin/dnsbl-report" <streams/jira-sync.ndjson >page
    jq -c 'if .type == "ip" then .results[0].reason = "harmless" else . end' streams/jira-sync.ndjson | "$BUILD/bin/dnsbl-report" >harmless
    page_says() { "$BATS_TEST_DIRNAME/support/report_page.py" "$@"; }
    for what in references inline 'elements script' 'elements img' 'elements a' ends; do
        read -ra what <<<"$what"
        page_says harmless "${what[@]}" >expected
        page_says page "${what[@]}" >found
        diff expected found
    done
    visible text page
    # And the next run finds nothing to do.
    before=$(written)
    monitor
    [ "$status" -eq 0 ]
    [ "$(written)" = "$before" ]
    tried "$COUNT" "reasons of lists"
}

@test "ten megabytes over TCP in place of an answer cost this list's answer, and no memory" {
    pool_add 192.0.2.1
    pool_add 192.0.2.2
    zone_list good.test 192.0.2.1
    rbldnsd_reload
    garble 1.2.0.192.evil.test flood:10
    command time -f '%M' -o rss "$BUILD/bin/dnsbl-probe" >out 2>err < <(printf '192.0.2.1\n192.0.2.2\n')
    [ "$(garbage_queries ' tcp 1.2.0.192.evil.test A flood:10$')" -ge 1 ]
    [ "$(jq -r 'select(.type == "ip") | [.ip, (.results[] | .zone, .status)] | join(" ")' out)" = \
        '192.0.2.1 evil.test UNKNOWN good.test LISTED
192.0.2.2 evil.test NOT_LISTED good.test NOT_LISTED' ]
    [ "$(tail -n 1 rss)" -lt "$(at_most 100000)" ]
    tried 1 "flood from a name server"
}

# ---- what Jira says ----------------------------------------------------------

@test "a Jira that never ends its answer, and one whose errors are commands: the address is safe, the log is text" {
    pool_add 192.0.2.1
    zone_list evil.test 192.0.2.1
    rbldnsd_reload
    jira_control faults -d '[
        {"name": "endless", "match": {"path": "myself", "nth": [1]}, "action": {"endless_body": true}},
        {"name": "evil", "match": {"method": "POST", "path": "issue$"}, "action": {"status": 400, "body":
            {"errorMessages": ["\u001b[2J<script>alert(1)</script>\r\n\u202e{\"level\":\"INFO\"}"],
             "errors": {"summary\u001b]0;x\u0007": "\u009b31m no\u2028 {noformat}h1. [~admin] *x*"}}}}]' >/dev/null
    monitor
    [ "$status" -eq 1 ]
    [ "$(jira_control faults | jq -c '[.endless.fired, .evil.fired]')" = '[1,1]' ]
    visible json log err
    grep -qF 'script>alert(1)' err
    [ "$(pool_row 192.0.2.1)" = '0|100|evil.test|new block from list(s) evil.test' ]
    monitor
    [ "$status" -eq 0 ]
    [ "$(jira_state | jq '.issues | length')" -eq 1 ]
    tried 2 "answers of Jira"
}

@test "answers of Jira that are no UTF-8: an error page, an error and a list of tickets, none of which is believed or repeated" {
    pool_add 192.0.2.1
    zone_list evil.test 192.0.2.1
    rbldnsd_reload
    jira_control faults -d '[
        {"name": "page", "match": {"path": "myself", "nth": [1]}, "action": {"status": 502, "text": "<h1>\udc9b31m Passerelle d\udce9faillante</h1>",
            "headers": {"Content-Type": "text/html; charset=iso-8859-1"}}},
        {"name": "search", "match": {"path": "search", "nth": [2]}, "action": {"status": 200, "text":
            "{\"isLast\": true, \"issues\": [], \"x\": \"\udcff\udc9b\udcc0\udc80\"}"}},
        {"name": "error", "match": {"method": "POST", "path": "issue$"}, "action": {"status": 400, "text":
            "{\"errorMessages\": [\"\udcff\udc9b31m d\udce9j\udce0\"]}"}}]' >/dev/null
    monitor
    [ "$status" -eq 1 ]
    [ "$(jira_control faults | jq -c '[.page.fired, .search.fired, .error.fired]')" = '[1,1,1]' ]
    visible json log err
    iconv -f UTF-8 -t UTF-8 err log >/dev/null
    run ! grep -q 31m err
    [ "$(jq -r 'select(.tool == "jira-sync") | [.level, .error_type, (.error_message | capture("(?<what>HTTP [0-9]+[^;]*)").what)] | join(" ")' err |
        sort)" = 'ERROR jira_error HTTP 400
WARNING jira_trouble HTTP 200 without JSON
WARNING jira_trouble HTTP 502' ]
    [ "$(pool_row 192.0.2.1)" = '0|100|evil.test|new block from list(s) evil.test' ]
    monitor
    [ "$status" -eq 0 ]
    [ "$(jira_state | jq '.issues | length')" -eq 1 ]
    tried 3 "answers of Jira"
}

@test "an issue whose key would lead a request elsewhere is no issue: no request is made with it" {
    pool_add 192.0.2.1
    zone_list evil.test 192.0.2.1
    rbldnsd_reload
    jira_control faults -d '{"name": "elsewhere", "match": {"path": "search"}, "times": "always", "action": {"wrong_json":
        {"isLast": true, "issues": [{"id": "10001", "key": "../user?x=", "fields": {"status": {"name": "To Do"},
            "summary": "IP 192.0.2.1 blacklisted by none.test", "labels": ["dnsbl-monitor", "dnsbl-ip-192.0.2.1"]}}]}}}' >/dev/null
    monitor
    [ "$status" -eq 69 ]
    [ "$(jira_control faults | jq .elsewhere.fired)" -ge 1 ]
    run ! grep -F '../user' <(jira_journal | jq -r .path)
    [ "$(jira_journal | jq -r .path | grep -c search)" -ge 1 ]
    [ "$(pool_row 192.0.2.1)" = '0|100|evil.test|new block from list(s) evil.test' ]
    tried 1 "key of an issue"
}

@test "a ticket that a person filled with commands is known by its label, and nothing of it is repeated" {
    jira_control issue -d '{"summary": "IP 192.0.2.1 blacklisted by \u001b[2Jx,<b>y</b>,\u202ez",
        "labels": ["dnsbl-monitor", "dnsbl-ip-192.0.2.1"]}' >/dev/null
    pool_add 192.0.2.1
    monitor
    [ "$status" -eq 0 ]
    visible json log err
    jira_state | jq '[.issues[].comments[].body]' >comments
    visible json+ comments
    jira_state | jq -e '.issues | length == 1 and (.[0].labels | contains(["dnsbl-cleared"]))'
    tried 1 "ticket by hand"
}

# ---- what the table and the input say ----------------------------------------

add_row() { sql -v "ip=$1" <<<"INSERT INTO postal.ip_addresses (ip, priority) VALUES (:'ip', 100)" >/dev/null; }

@test "a table full of what is no address: warned of, counted, not asked for; the others are served" {
    # PostgreSQL keeps UTF-8 only, and no NUL.
    add_text() {
        local text
        printf -v text %b "$1" # what bash keeps of it: no NUL
        iconv -f UTF-8 -t UTF-8 <<<"$text" >/dev/null 2>&1 && add_row "$text" && ((++rows)) || true
    }
    rows=0
    each_input addresses add_text
    pool_add 192.0.2.1
    add_row ::ffff:192.0.2.2
    zone_list evil.test 192.0.2.1
    zone_list evil.test 192.0.2.2
    rbldnsd_reload
    before=$(rbldnsd_queries)
    monitor --capture streams
    [ "$status" -eq 0 ]
    [ "$rows" -ge $((COUNT - 2)) ]
    [ "$(jq -c 'select(.type == "job_summary") | [.total_ips, .skipped, .listed]' log)" = "[2,$rows,2]" ]
    visible json log err
    # Four test entries, two addresses at two lists, and two reasons
    [ $(($(rbldnsd_queries) - before)) -eq 10 ]
    [ "$(sql "SELECT count(*) FROM postal.ip_addresses WHERE priority <> 100")" -eq 2 ]
    [ "$(jira_state | jq -r '.issues[].summary' | sort | paste -sd,)" = \
        'IP 192.0.2.1 blacklisted by evil.test,IP 192.0.2.2 blacklisted by evil.test' ]
    tried "$rows" "rows that are no address"
}

write_line() { printf '%b\n' "$1"; }

@test "lines that are no address: each told once, none asked for, the addresses between them answered" {
    { echo 192.0.2.1; each_input addresses write_line; printf '192.0.2.3\0\n192.0.2.4\n'; } >in
    count=$(wc -l <in)
    status=0
    "$BUILD/bin/dnsbl-probe" <in >out 2>err || status=$?
    [ "$status" -eq 1 ]
    [ "$(jq -r 'select(.type == "ip").ip' out | paste -sd,)" = 192.0.2.1,192.0.2.4 ]
    [ "$(jq -r .error_type err | grep -c bad_)" -eq $((count - 2)) ]
    visible json err
    tried $((count - 2)) "lines that are no address"
}

# Records of two addresses, and between them all that is no record; COUNT is how many.
hostile_stream() {
    start
    ip 1
    each_input lines write_line
    head -c 1048577 /dev/zero | tr '\0' ' ' && echo
    head -c 10485760 /dev/zero | tr '\0' '[' && echo
    printf '{"type":"ip","ip":"1.2.3.4","x":%s}\n' "$(head -c 100000 /dev/zero | tr '\0' '[')"
    ip 2
    end 2
}

@test "lines that are no records, 10 MiB ones among them: each program tells of each once, and passes on the others" {
    load support/records.bash
    hostile_stream >in
    count=$(($(wc -l <in) - 4))
    export DRY_RUN=true DNSBL_ZONES=a.test DNS_RESOLVERS=127.0.0.1@1 DNS_TIMEOUT=1
    for tool in dnsbl-probe dnsbl-decide pg-apply jira-sync log-summary dnsbl-report; do
        status=0
        command time -f '%M' -o rss "$BUILD/bin/$tool" <in >out 2>err || status=$?
        echo "$tool: $status, $(bad_records err) of $count"
        [ "$status" -eq 1 ]
        [ "$(bad_records err)" -eq "$count" ]
        visible json err
        [ "$(tail -n 1 rss)" -lt "$(at_most 60000)" ]
        case $tool in
            dnsbl-report) visible text out ;;
            log-summary) [ "$(jq -r 'select(.type == "address").ip' out | paste -sd,)" = 10.0.0.1,10.0.0.2 ] ;;
            *) [ "$(jq -r 'select(.type == "ip").ip' out | paste -sd,)" = 10.0.0.1,10.0.0.2 ] ;;
        esac
    done
    tried $((6 * count)) "lines that are no record"
}

@test "1,001 sites are refused by each program, and by the job before it touches anything" {
    pool_add 192.0.2.1
    before=$(written)
    DNSBL_ZONES=$(printf 's%d.test,' {1..1001})
    export DNSBL_ZONES
    for tool in dnsbl-probe dnsbl-decide; do
        run -78 "$BUILD/bin/$tool" </dev/null
        [[ $output == *'1001 sites; 1000 is the most'* ]]
    done
    queries=$(rbldnsd_queries)
    monitor
    [ "$status" -eq 78 ]
    [ "$(written)" = "$before" ]
    [ "$(rbldnsd_queries)" = "$queries" ]
    tried 1 "list of 1,001 sites"
}
