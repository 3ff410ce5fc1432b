# jira-sync where something goes wrong: Jira, the network, the reader, people, and records made by hand.

bats_require_minimum_version 1.5.0

source "$BATS_TEST_DIRNAME/support/servers.bash"
source "$BATS_TEST_DIRNAME/support/jira_sync.bash"

setup_file() { sites_start; }
teardown_file() { sites_stop; }
setup() { site_anew; }

# requests METHOD: how many came, done or not.
requests() { jira_journal | jq -s --arg method "$1" 'map(select(.method == $method)) | length'; }

# ticket N ZONES [LABEL [MEMBERS]]: as `person issue` takes it, that of 192.0.2.N.
ticket() {
    echo "{\"summary\": \"IP 192.0.2.$1 blacklisted by $2\", \"labels\": [\"dnsbl-monitor\", \"dnsbl-ip-192.0.2.$1\"${3:+, \"$3\"}]${4:+, $4}}"
}

# ---- the network -----------------------------------------------------------

# In a network of its own, where the only name server hears and does not answer: asked.
silent_resolver='
import os, socket, subprocess, sys
sys.path.insert(0, os.environ["SUPPORT"])
import dns_own_network
dns_own_network.raise_loopback()
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.77", 53))
server.settimeout(30)
program = subprocess.Popen(["/jira-sync"], preexec_fn=lambda: (os.chroot("root"), os.chdir("/")), stdout=open("out", "w"), stderr=open("err", "w"))
server.recv(2000)
print("asked", flush=True)
program.terminate()
sys.exit(program.wait(30) % 256)
'

@test "a resolver that is silent does not hold up the end at a signal" {
    local user=() status=0
    ((EUID == 0)) || user=(--map-root-user)
    own_root root "$BUILD/bin/jira-sync"
    printf 'nameserver 127.0.0.77\n' >root/etc/resolv.conf
    { start; ip 192.0.2.1; } >in
    SECONDS=0
    JIRA_SERVER=https://jira.example unshare "${user[@]}" --net "$PYTHON" -B -c "$silent_resolver" <in >asked || status=$?
    [ "$(cat asked)" = asked ]
    [ "$SECONDS" -le 5 ]
    ((status == (${SANITIZED:-0} ? 1 : 143))) # LeakSanitizer needs /proc, and ends the program with 1 for that
    [ "$(action 192.0.2.1)" = failed ]
}

# pause_after FAULT: seconds from the request which that fault struck to the next one that began behind all faults.
pause_after() {
    jira_journal | jq -s --arg fault "$1" '
        def seconds: .time | (.[0:19] + "Z" | fromdate) + (.[20:23] | tonumber / 1000);
        (map(.fault != null) | rindex(true)) as $last
        | (.[$last + 1] | seconds) - (map(select(.fault == $fault))[0] | seconds)'
}

@test "the longest pause that Jira asks for holds for all requests: retries, and what was not begun" {
    person issue "[$(ticket 1 b.test), $(ticket 2 b.test)]"
    fault '[{"name": "long", "match": {"method": "GET", "path": "/issue/OPS-1"}, "action": {"status": 429, "headers": {"Retry-After": "4"}, "body": {"message": "slowly"}}},
            {"name": "short", "match": {"method": "GET", "path": "/issue/OPS-2"}, "action": {"status": 503, "headers": {"Retry-After": "1"}, "body": {"message": "slowly"}, "delay": 0.5}}]'
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "none")')" "$(ip 192.0.2.2 'listed(["a.test"]; "none")')"
    [ "$status" -eq 0 ]
    [ "$(fired long) $(fired short)" = "1 1" ]
    [ "$(jq -n "$(pause_after long) > 3.9")" = true ]
    forget
    : >"$SERVERS/jira/journal"
    fault '[{"name": "long", "match": {"method": "POST", "path": "/issue$", "body": "192.0.2.1 "}, "action": {"status": 429, "headers": {"Retry-After": "4"}, "body": {"message": "slowly"}}},
            {"name": "short", "match": {"method": "POST", "path": "/issue$", "body": "192.0.2.2 "}, "action": {"status": 503, "headers": {"Retry-After": "1"}, "body": {"message": "slowly"}, "delay": 0.5}}]'
    records=()
    for n in 1 2 3 4; do records+=("$(ip "192.0.2.$n" 'listed(["a.test"]; "listed")')"); done
    JIRA_CONCURRENCY=2 run_of "${records[@]}"
    [ "$status" -eq 0 ]
    [ "$(fired long) $(fired short)" = "1 1" ]
    [ "$(jq -n "$(pause_after long) > 3.9")" = true ]
    [ "$(writes)" = "[4,0,0]" ]
}

# ---- edits and creates that go astray --------------------------------------

# clock SPEED SHOWN: the program's time is SHOWN (seconds since 1970) now, and passes SPEED times as fast.
clock() {
    [ -s "$BATS_FILE_TMPDIR/clock.so" ] ||
        ${CC:-cc} -shared -fPIC -O2 -o "$BATS_FILE_TMPDIR/clock.so" "$SUPPORT/history/fast_clock.c"
    export FAST_CLOCK="$1 ${EPOCHREALTIME/./}000 ${2}000000000"
}
jira_sync_by_clock() { LD_PRELOAD=$BATS_FILE_TMPDIR/clock.so "$BUILD/bin/jira-sync"; }

@test "an edit that Jira finishes after the answer was given up is not made twice" {
    person issue "$(ticket 1 b.test)"
    # By the program's clock: given up after 30 s, done after 37 s.
    fault '{"name": "late", "match": {"method": "PUT"}, "action": {"delay": 7.5}}'
    { start; ip 192.0.2.1 'listed(["a.test"]; "none")'; end; } >in
    clock 5 "$(date +%s)"
    jira_sync_by_clock <in >out 2>err
    [ "$(fired late)" -eq 1 ]
    [ "$(action 192.0.2.1)" = updated_issue ]
    [ "$(writes)" = "[0,1,1]" ]
    [ "$(requests PUT)" -eq 1 ]
}

@test "an edit that is answered with 404 is not sent again while the ticket is there" {
    person issue "[$(ticket 1 b.test), $(ticket 2 b.test)]"
    fault '{"name": "denied", "match": {"method": "PUT", "path": "/OPS-1$"}, "times": "always", "action": {"status": 404, "body": {"errorMessages": ["Issue Does Not Exist"], "errors": {}}}}'
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "none")')" "$(ip 192.0.2.2 'listed(["a.test"]; "none")')"
    [ "$status" -eq 1 ]
    [ "$(fired denied)" -eq 1 ]
    [ "$(action 192.0.2.1) $(action 192.0.2.2)" = "failed updated_issue" ]
    said jira_error
}

@test "a ticket that was moved to another project is nobody's any more" {
    person issue "$(ticket 1 b.test)"
    fault "{\"name\": \"moved\", \"match\": {\"method\": \"GET\", \"path\": \"/issue/OPS-1\"}, \"action\": {\"person\": {\"delete\": true}, \"status\": 200, \"body\":
        {\"id\": \"10001\", \"key\": \"LEGAL-5\", \"fields\": {\"status\": {\"name\": \"To Do\"}, \"description\": \"\", \"created\": \"2026-01-31T12:00:00.000+0000\",
            \"summary\": \"IP 192.0.2.1 blacklisted by b.test\", \"labels\": [\"dnsbl-monitor\", \"dnsbl-ip-192.0.2.1\"]}}}}"
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 0 ]
    [ "$(fired moved) $(requests PUT)" = "1 0" ]
    [ "$(action 192.0.2.1)" = created_issue ]
    [ "$(writes)" = "[1,0,0]" ]
}

# ---- doubt -----------------------------------------------------------------

@test "while an allowlist is UNKNOWN that would decide, the ticket stays as it is" {
    person issue "[$(ticket 1 a.test), $(ticket 2 a.test)]"
    # Of two rows of one address one is throttled, the other is not: neither was changed.
    undecided='listed(["a.test"]; "none") | unknown("c.test")'
    run_of "$(ip 192.0.2.1 "$undecided | .decision = \"CLEAN\"")" "$(ip 192.0.2.1 "$undecided | .id = 2")" \
        "$(ip 192.0.2.2 'listed(["a.test"]; "none") | .decision = "CLEAN"')"
    [ "$status" -eq 0 ]
    [ "$(action 192.0.2.1 | tr '\n' ' ')" = "no_action no_action " ]
    [ "$(action 192.0.2.2)" = updated_issue ] # nothing is UNKNOWN, so it is below the threshold
    [ "$(writes)" = "[0,1,1]" ]
}

@test "of a list that is only watched by now and lists it still, no text says that it does not" {
    person issue "[$(ticket 1 a.test), $(ticket 2 b.test)]"
    watched='cleared | .watch_zones = ["a.test"] | .results[0] |= (.status = "LISTED" | .answers = ["127.0.0.2"] | .reason = "still here")'
    run_of "$(ip 192.0.2.1 "$watched")" "$(ip 192.0.2.2 "$watched")"
    [ "$status" -eq 0 ]
    [ "$(writes)" = "[0,2,2]" ]
    issue OPS-1 '.comments[0].body' >text
    grep -q 'listed too little now' text
    grep -q '^a.test: 127.0.0.2' text
    [ "$(grep -c 'no longer listed' text)" -eq 0 ]
    issue OPS-2 '.comments[0].body' | grep -q 'no longer listed' # which never was about a.test
}

# ---- answers ---------------------------------------------------------------

@test "a page that says that there are more, and shows no way to them, is believed on no site" {
    for site in cloud datacenter; do
        [ "$site" = cloud ] || use_datacenter
        person issue "$(ticket 1 a.test)"
        page='{"issues": [], "isLast": false}'
        [ "$site" = cloud ] || page='{"issues": [], "startAt": 0, "maxResults": 100, "total": 1}'
        for which in 1 2; do # the open tickets; one label
            fault "{\"name\": \"$site$which\", \"match\": {\"method\": \"POST\", \"path\": \"/search\", \"nth\": $which}, \"action\": {\"wrong_json\": $page}}"
            run_of "$(ip 192.0.2.2 'listed(["a.test"]; "listed")')"
            [ "$status" -eq 69 ]
            [ "$(fired "$site$which")" -eq 1 ]
            [ "$(action 192.0.2.2)" = failed ]
            [ "$(writes)" = "[0,0,0]" ]
            jira_control faults -X DELETE >/dev/null
        done
        # a last page that does not say so
        fault "{\"name\": \"last\", \"match\": {\"method\": \"POST\", \"path\": \"/search\"}, \"action\": {\"wrong_json\": {\"issues\": [], \"maxResults\": 100}}}"
        run_of "$(ip 192.0.2.2 'listed(["a.test"]; "listed")')"
        [ "$status $(fired last)" = "0 1" ]
        [ "$(writes)" = "[1,0,0]" ]
    done
}

@test "a label that Jira refuses fails alone in a search for many" {
    fault '{"name": "bad", "match": {"method": "POST", "path": "/search", "body": "dnsbl-ip-192.0.2.7\\\\\""}, "times": "always", "action": {"status": 400, "body": {"errorMessages": ["no"], "errors": {}}}}'
    mapfile -t records < <(for n in {1..20}; do echo "192.0.2.$n"; done | jq -Rc --argjson of "$(ip 192.0.2.0 'listed(["a.test"]; "listed")')" '$of + {ip: ., ip_text: .}')
    run_of "${records[@]}"
    [ "$status" -eq 1 ]
    [ "$(fired bad)" -gt 1 ]
    [ "$(jq -r 'select(.jira_action == "failed").ip' out)" = 192.0.2.7 ]
    [ "$(writes)" = "[19,0,0]" ]
    run ! said jira_search # phrases are not to blame
}

@test "pages of issue types without end" {
    jira_sync() { timeout 60 "$BUILD/bin/jira-sync" "$@"; }
    use_datacenter
    fault '{"name": "endless", "match": {"method": "GET", "path": "/issuetypes"}, "times": "always", "action": {"wrong_json": {"isLast": false, "values": [{"id": "1", "name": "Story"}]}}}'
    run_of "$(ip 192.0.2.1)"
    [ "$status" -eq 77 ]
    [ "$(fired endless)" -eq 100 ]
}

@test "of two closed tickets the one that was closed last counts" {
    person issue "[$(ticket 1 a.test '' '"status": "Done", "created": "-30d", "resolved": "-1d"'),
        $(ticket 1 a.test '' '"status": "Done", "created": "-29d", "resolved": "-10d"')]"
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "none")')"
    [ "$status" -eq 0 ]
    [ "$(writes)" = "[0,0,0]" ] # a person closed it yesterday
}

@test "no secret is shown in parts, nor as the header carries it" {
    login=$(printf '%s:%s' "$JIRA_USER" "$JIRA_API_TOKEN" | base64 -w 0)
    long=$(printf 'x%.0s' {1..475})
    fault "[{\"name\": \"parts\", \"match\": {\"method\": \"POST\", \"path\": \"/issue\$\", \"body\": \"192.0.2.1 \"}, \"action\": {\"status\": 400, \"body\": {\"message\": \"$long$JIRA_API_TOKEN\"}}},
            {\"name\": \"header\", \"match\": {\"method\": \"POST\", \"path\": \"/issue\$\", \"body\": \"192.0.2.2 \"}, \"action\": {\"status\": 400, \"body\": {\"message\": \"Authorization: Basic $login\"}}}]"
    run_of "$(ip 192.0.2.1 'listed(["a.test"]; "listed")')" "$(ip 192.0.2.2 'listed(["a.test"]; "listed")')"
    [ "$status" -eq 1 ]
    [ "$(fired parts) $(fired header)" = "1 1" ]
    [ "$(grep -c '\*\*\*' err)" -eq 2 ]
    [ "$(grep -cF -e "${JIRA_API_TOKEN:0:8}" -e "${login:0:20}" err)" -eq 0 ]
}

# ---- malfunctions ----------------------------------------------------------

surge() { end ".surge = [{zone: \"$1\", newly_listed: 40, total: 100, limit_percent: 5}]"; }
marks() { issues '(.labels | index("dnsbl-recovered") != null)' | tr '\n' ' '; }

@test "a malfunction that a person closed: the same is not told again that day, other zones are" {
    run_of "$(ip 192.0.2.1 "$sick")"
    person issue/OPS-1 '{"status": "Done"}'
    run_of "$(ip 192.0.2.1 "$sick")"
    [ "$status" -eq 0 ]
    [ "$(writes)" = "[1,0,0]" ]
    run_of "$(ip 192.0.2.1 'unknown("b.test") | unknown("c.test")')"
    [ "$status" -eq 0 ]
    [ "$(writes)" = "[2,0,0]" ]
    issue OPS-2 .description | grep -qx 'Failed zones: b.test, c.test'
}

@test "a malfunction that a person closed is over when all is well: the next one that day gets a ticket" {
    run_of "$(ip 192.0.2.1 "$sick")"
    person issue/OPS-1 '{"status": "Done"}'
    # still out, though less than half is unknown: not over
    run_of "$(ip 192.0.2.1 'unknown("a.test")')"
    [ "$(writes) $(marks)" = "[1,0,0] false " ]
    run_of "$(ip 192.0.2.1)"
    [ "$status" -eq 0 ]
    [ "$(writes) $(marks)" = "[1,1,0] true " ]
    # marked once, and then no more looked for
    jira_control counters -X DELETE >/dev/null
    run_of "$(ip 192.0.2.1)"
    [ "$(writes)" = "[0,0,0]" ]
    [ "$(jira_control counters | jq '[.requests[]] | add')" -le 8 ]
    run_of "$(ip 192.0.2.1 "$sick")"
    [ "$status" -eq 0 ]
    [ "$(writes)" = "[1,0,0]" ]
    [ "$(issues .status | tr '\n' ' ')" = "Done To Do " ]
}

@test "a surge that a person closed hides no other surge, nor the same one later" {
    held() { { start; ip 192.0.2.1 'listed(["b.test"]; "held")'; surge "$1"; } >in; status=0; jira_sync <in >out 2>err || status=$?; }
    held b.test
    person issue/OPS-1 '{"status": "Done"}'
    held b.test
    [ "$(writes)" = "[1,0,0]" ]
    held a.test
    [ "$(writes)" = "[2,0,0]" ]
    person issue/OPS-2 '{"status": "Done"}'
    run_of "$(ip 192.0.2.1)"
    [ "$(writes) $(issue OPS-2 '.labels | index("dnsbl-recovered") != null')" = "[2,1,0] true" ]
    held a.test
    [ "$status" -eq 0 ]
    [ "$(writes)" = "[3,1,0]" ]
}

@test "near one half a malfunction is over only when the zones on its ticket answer again" {
    run_of "$(ip 192.0.2.1 "$sick")"
    for _ in 1 2; do
        run_of "$(ip 192.0.2.1 "$sick")" "$(ip 192.0.2.2 'unknown("a.test")')" # 3 of 6
        [ "$status" -eq 0 ]
        [ "$(writes)" = "[1,0,0]" ]
        run_of "$(ip 192.0.2.1 "$sick")"
        [ "$(writes)" = "[1,0,0]" ]
    done
    run_of "$(ip 192.0.2.1 'unknown("c.test")')"
    [ "$(writes) $(marks)" = "[1,1,1] true " ]
    issues '.comments[-1].body' | grep -q 'recovered.*still 1 of 3 lookups'
}

@test "two open malfunction tickets of one day: both say that it is over" {
    for n in 1 2 3; do
        person issue '{"summary": "DNS Infrastructure Failure Detected - 80% zones unreachable", "labels": ["MAJOR_MALFUNCTION"],
            "issuetype": "Incident", "description": "Failed zones: a.test, b.test"}'
    done
    run_of "$(ip 192.0.2.1)"
    [ "$status" -eq 0 ]
    said jira_two_tickets
    [ "$(writes) $(marks)" = "[0,3,3] true true true " ]
    run_of "$(ip 192.0.2.1)"
    [ "$(writes)" = "[0,3,3]" ]
}

@test "a malfunction ticket whose answer is lost at midnight is not doubled" {
    midnight=$(date -u -d 'today 00:00' +%s)
    # The first search is for the open tickets, the second is before the create.
    fault "[{\"name\": \"lost\", \"match\": {\"method\": \"POST\", \"path\": \"/issue\$\"}, \"action\": {\"lose_answer\": true}},
            {\"name\": \"midnight\", \"match\": {\"method\": \"POST\", \"path\": \"/search\", \"nth\": 6},
             \"action\": {\"person\": {\"key\": \"OPS-1\", \"created\": \"$(date -u -d "@$((midnight + 1))" +%FT%TZ)\"}}}]"
    { start; ip 192.0.2.1 "$sick"; end; } >in
    clock 5 $((midnight - 40))
    jira_sync_by_clock <in >out 2>err
    [ "$(fired lost) $(fired midnight)" = "1 1" ]
    [ "$(writes)" = "[1,0,0]" ]
    jira_control faults -X DELETE >/dev/null
    clock 5 $((midnight + 60))
    jira_sync_by_clock <in >out 2>err
    [ "$(writes)" = "[1,0,0]" ]
}

@test "a zone whose name is longer than a ticket's line" {
    long=$(printf 'a%.0s' {1..4100})
    run_of "$(ip 192.0.2.1 ".results[0].zone = \"$long\" | .results |= map(.status = \"UNKNOWN\" | .error = \"timeout\")")"
    [ "$status" -eq 0 ]
    [ "$(writes)" = "[1,0,0]" ]
    issues .description | grep -q '^Failed zones: … (3 zones in all, [0-9a-f]*)$'
}

# ---- the reader ------------------------------------------------------------

# many COUNT FIRST: records of new listings, 3 kB each, for as many addresses.
many() { for ((n = $2; n < $2 + $1; n++)); do echo "192.0.2.$n"; done | jq -Rc --argjson of "$(ip 192.0.2.0 'listed(["a.test"]; "listed")')" '$of + {ip: ., ip_text: ., x: ("y" * 3000)}'; }

# An answer that takes more than 30 s counts as lost.
@test "time that the reader takes is not counted as Jira's" {
    { start; many 80 1; end; } >in
    jira_sync <in 2>err | { sleep 33; cat >out; }
    [ "${PIPESTATUS[0]}" -eq 0 ]
    [ ! -s err ]
    [ "$(jq -r 'select(.ip) | .jira_action' out | sort | uniq -c | tr -s ' ')" = " 80 created_issue" ]
    [ "$(tail -n 1 out | jq -r .type)" = end ]
    [ "$(writes)" = "[80,0,0]" ]
}

@test "a signal ends it in time when both Jira and the reader are slow" {
    fault '{"name": "slow", "match": {"method": "POST", "path": "/issue$"}, "times": "always", "action": {"delay": 20}}'
    many 26 2 | jq -c '.decision = "CLEAN" | .transition = "none" | .listed_zones = []' >wave
    mkfifo pipe reader
    exec 8<>reader
    "$BUILD/bin/jira-sync" <pipe >reader 2>err &
    pid=$!
    exec 7>pipe
    { start; many 1 1; } >&7
    wait_for 60 eval '[ "$(fired slow)" -eq 1 ]'
    for part in 1,8p 9,16p 17,26p; do # in all more than the pipe to the reader holds
        sed -n "$part" wave >&7
        sleep 0.7
    done
    SECONDS=0
    terminate
    exec 7>&- 8>&-
    wait
    [ "$status" -eq 143 ]
    [ "$SECONDS" -le 5 ]
}

# ---- records made by hand --------------------------------------------------

@test "a run record that does not tell whether it is a dry run is acted on by nobody" {
    { start '.dry_run = "true"'; ip 192.0.2.1 'listed(["a.test"]; "listed")'; end; } >in
    run -65 jira_sync <in
    [[ $output == *'neither true nor false'* ]]
    [ "$(writes)" = "[0,0,0]" ]
    DB_DSN=host=127.0.0.1 run -65 "$BUILD/bin/pg-apply" <in
    [[ $output == *'neither true nor false'* ]]
}

@test "a dry run by its record needs no credentials; any other run does" {
    without() { env -u JIRA_SERVER -u JIRA_API_TOKEN -u JIRA_USER -u JIRA_PROJECT -u JIRA_ISSUE_TYPE -u JIRA_DNS_FAILURE_ISSUE_TYPE "$BUILD/bin/jira-sync" "$@"; }
    { start '.dry_run = true'; ip 192.0.2.1 'listed(["a.test"]; "listed")'; end; } >in
    without <in >out 2>err
    [ "$(jq -c 'select(.ip) | [.dry_run, .would.jira_action]' out)" = '[true,"unknown"]' ]
    for first in "$(start)" "$(ip 192.0.2.1)" ''; do
        status=0
        printf '%s' "${first:+$first$'\n'}" | without >out 2>err || status=$?
        [ "$status" -eq 78 ]
        [ ! -s out ]
        [ "$(jq -r .variable err | sort | tr '\n' ' ')" = "JIRA_API_TOKEN JIRA_DNS_FAILURE_ISSUE_TYPE JIRA_ISSUE_TYPE JIRA_PROJECT JIRA_SERVER " ]
    done
    run -78 without --check
    run -78 without --check=online
}

@test "a run's number and a time of any length make no ticket too long" {
    huge=$(printf 'x%.0s' {1..40000})
    { start ".run_id = \"$huge\""; ip 192.0.2.1 "listed([\"a.test\"]; \"listed\") | $sick | .probed_at = \"$huge\""; end; } >in
    jira_sync <in >out 2>err
    [ "$(writes)" = "[2,0,0]" ]
}

@test "in a slow stream that changes nothing closed tickets are searched once, and the other records go on" {
    person issue "[$(for n in 1 2 3 4; do ticket $n a.test '' '"status": "Done", "created": "-20d", "resolved": "-1d"'; [ $n = 4 ] || echo ,; done)]"
    mkfifo pipe
    "$BUILD/bin/jira-sync" <pipe >out 2>err &
    pid=$!
    exec 7>pipe
    start >&7
    for n in 1 2 3 4; do
        ip "192.0.2.$n" 'listed(["a.test"]; "none")' >&7
        sleep 0.5
    done
    ip 192.0.2.9 >&7
    wait_for 60 eval '[ "$(action 192.0.2.9)" = no_action ]'
    end >&7
    exec 7>&-
    wait "$pid"
    [ "$(jq -r 'select(.ip) | .jira_action' out | sort | uniq -c | tr -s ' ')" = " 5 no_action" ]
    [ "$(searches)" -eq 2 ]
    [ "$(writes)" = "[0,0,0]" ]
}
