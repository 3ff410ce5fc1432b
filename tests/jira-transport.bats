# jira-sync: how it speaks to Jira. TLS, proxies, redirects, logins, pages, the time it waits, and answers that do not end.

bats_require_minimum_version 1.5.0

setup_file() {
    export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build}
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    mkdir "$BATS_FILE_TMPDIR/tls" "$BATS_FILE_TMPDIR/gateway" "$BATS_FILE_TMPDIR/cloud" "$BATS_FILE_TMPDIR/datacenter"
    export AUTHORITY=$BATS_FILE_TMPDIR/authority.pem
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=stand-in -addext subjectAltName=IP:127.0.0.1 \
        -keyout "$BATS_FILE_TMPDIR/key.pem" -out "$AUTHORITY" 2>"$BATS_FILE_TMPDIR/openssl.log"
    cat "$AUTHORITY" "$BATS_FILE_TMPDIR/key.pem" >"$BATS_FILE_TMPDIR/server.pem"
    start_one tls --certificate "$BATS_FILE_TMPDIR/server.pem"
    start_one gateway --prefix /ex/jira/8a5c5b3e-0000-4000-8000-000000000000
    start_one datacenter --flavour datacenter
    start_one cloud
    cc -O2 -Wall -Werror -shared -fPIC -o "$BATS_FILE_TMPDIR/fast_clock.so" "$BATS_TEST_DIRNAME/support/history/fast_clock.c"
}

# start_one NAME [OPTION...]: a stand-in; `use NAME` is then its environment.
start_one() {
    jira_start "$BATS_FILE_TMPDIR/$1" "${@:2}"
    declare -p JIRA_SERVER JIRA_USER JIRA_API_TOKEN SERVERS | sed 's/^declare/& -g/' >"$BATS_FILE_TMPDIR/$1.env"
}

teardown_file() {
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    for name in tls gateway datacenter cloud; do
        servers_stop "$BATS_FILE_TMPDIR/$name"
    done
}

setup() {
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    cd "$BATS_TEST_TMPDIR" || return
    unset CURL_CA_BUNDLE SSL_CERT_FILE http_proxy https_proxy no_proxy
    use cloud
    jira_control reset -d {} >/dev/null
}

# shellcheck source=/dev/null
use() { source "$BATS_FILE_TMPDIR/$1.env"; }

fault() { jira_control faults -d "$1" >/dev/null; }
fired() { jira_control faults | jq ".[\"$1\"].fired"; }

# check NAME: asks Jira; `NAME.err` and `NAME.status` tell what came of it.
check() {
    local status=0
    "$BUILD/bin/jira-sync" --check=online >"$1.out" 2>"$1.err" 3>&- || status=$?
    echo "$status" >"$1.status"
}

# check_fast NAME: the same, with a clock that runs ten times as fast; ended by force when 150 s have passed on it.
check_fast() {
    local status=0 now
    now=$(date +%s%N)
    timeout 15 env LD_PRELOAD="$BATS_FILE_TMPDIR/fast_clock.so" FAST_CLOCK="10 $now $now" \
        "$BUILD/bin/jira-sync" --check=online >"$1.out" 2>"$1.err" 3>&- || status=$?
    echo "$status" >"$1.status"
}

# trouble NAME: what it said of each try that failed.
trouble() { jq -r 'select(.error_type == "jira_trouble").error_message' "$1.err"; }

@test "over TLS: only with an authority that is known, and for the name that the certificate is for" {
    use tls
    [[ $JIRA_SERVER == https://* ]]
    check unknown &
    CURL_CA_BUNDLE=$AUTHORITY JIRA_SERVER=${JIRA_SERVER/127.0.0.1/localhost} check other_name &
    CURL_CA_BUNDLE=$AUTHORITY check bundle
    [ "$(cat bundle.status)" -eq 0 ]
    SSL_CERT_FILE=$AUTHORITY check file
    [ "$(cat file.status)" -eq 0 ]
    wait
    for name in unknown other_name; do
        [ "$(cat "$name.status")" -eq 69 ]
        grep -qi certificate "$name.err"
    done
    # Nobody but the two that knew it has sent anything.
    [ "$(jira_journal | grep -c '/myself')" -eq 2 ]
}

@test "behind Atlassian's gateway the path is kept, and the token may be a Bearer token" {
    use gateway
    check basic
    [ "$(cat basic.status)" -eq 0 ]
    JIRA_USER='' JIRA_SERVER=$JIRA_SERVER/// check bearer
    [ "$(cat bearer.status)" -eq 0 ]
    [ "$(jira_journal | jq -r 'select(.path == "/rest/api/2/myself").auth' | tr '\n' ' ')" = "Basic Bearer " ]
}

@test "a redirect is not followed: the token stays with Jira" {
    use gateway
    elsewhere=$JIRA_SERVER
    before=$(jira_journal | wc -l)
    use cloud
    fault "$(jq -nc --arg to "$elsewhere/rest/api/2/myself" '{name: "moved", match: {path: "myself"}, times: "always",
        action: {status: 302, headers: {Location: $to}, text: ""}}')"
    check moved
    [ "$(cat moved.status)" -eq 77 ]
    [ "$(fired moved)" -eq 1 ]
    grep -q 'HTTP 302' moved.err
    use gateway
    [ "$(jira_journal | wc -l)" -eq "$before" ]
}

@test "a proxy is used, but for the hosts that are to have none" {
    # Nobody listens where JIRA_SERVER says; the stand-in answers as a proxy does.
    proxy=$JIRA_SERVER
    JIRA_SERVER=http://127.0.0.1:$(free_port)
    http_proxy=$proxy check proxy
    [ "$(cat proxy.status)" -eq 0 ]
    http_proxy=$proxy no_proxy=127.0.0.1 check direct
    [ "$(cat direct.status)" -eq 69 ]
}

# The proxy leads to the stand-in; nobody listens where JIRA_SERVER says.
@test "a proxy for HTTPS makes the connection, and sees nothing of what is said over it" {
    use tls
    "$BATS_TEST_DIRNAME/support/jira/proxy.py" proxy.port "${JIRA_SERVER#https://}" 3>&- &
    proxy=$!
    wait_for 60 test -s proxy.port
    export CURL_CA_BUNDLE=$AUTHORITY
    JIRA_SERVER=https://127.0.0.1:$(free_port)
    https_proxy=http://127.0.0.1:$(cat proxy.port) check proxy
    kill "$proxy"
    [ "$(cat proxy.status)" -eq 0 ]
    grep -q "^CONNECT ${JIRA_SERVER#https://} HTTP/1.1" proxy.port.log
    run ! grep -i authorization proxy.port.log
    check direct
    [ "$(cat direct.status)" -eq 69 ]
}

# A listener whose queue is full: the kernel drops what would open another connection, as a firewall does.
@test "a connection that does not come about is given up after 10 s, and tried again" {
    /usr/bin/python3 - >port 3>&- <<'PYTHON' &
import socket, time
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
waiting = []
try:
    while len(waiting) < 10:
        waiting.append(socket.create_connection(listener.getsockname(), 1))
except TimeoutError:
    print(listener.getsockname()[1], flush=True)
    time.sleep(60)
PYTHON
    listener=$!
    wait_for 60 test -s port
    JIRA_SERVER=http://127.0.0.1:$(cat port) check_fast hangs
    kill "$listener"
    [ "$(cat hangs.status)" -eq 69 ]
    # Not the 30 s that an answer may take.
    [ "$(trouble hangs | grep -oE '[0-9]+ (ms|milliseconds)' | awk '$1 >= 10000 && $1 < 20000' | wc -l)" -ge 2 ]
}

@test "an answer without end, one cut short, and one that is no JSON are no answers" {
    fault '[{"name": "endless", "match": {"path": "myself", "nth": [1]}, "action": {"endless_body": true}},
        {"name": "cut", "match": {"path": "serverInfo", "nth": [1]}, "action": {"truncate": 20}},
        {"name": "none", "match": {"path": "statuses", "nth": [1]}, "action": {"status": 200, "html": "Hello"}}]'
    check odd
    [ "$(cat odd.status)" -eq 0 ]
    [ "$(fired endless)$(fired cut)$(fired none)" = 111 ]
    [ "$(trouble odd | grep -c 'trying again in 2 s')" -eq 3 ]
    # The bound on an answer ended the endless one, not the 30 s that an answer may take.
    trouble odd | grep -q 'myself: Failure writing output'
}

@test "a Retry-After beyond all bounds ends it at once" {
    fault '{"name": "busy", "match": {"path": "myself"}, "times": "always",
        "action": {"status": 429, "headers": {"Retry-After": "9223372036854775807"}, "text": ""}}'
    check busy
    [ "$(cat busy.status)" -eq 69 ]
    [ "$(fired busy)" -eq 1 ]
    grep -q 'has cost more than 60 s' busy.err
}

@test "waits add up: after 60 s in all Jira is given up" {
    fault '{"name": "busy", "match": {"path": "myself"}, "times": "always",
        "action": {"status": 429, "headers": {"Retry-After": "25"}, "text": ""}}'
    check_fast busy
    [ "$(cat busy.status)" -eq 69 ]
    [ "$(fired busy)" -eq 3 ] # 25 s, 25 s, and another 25 s would be too much
    [ "$(trouble busy | grep -c 'trying again in 25 s')" -eq 3 ]
    grep -q 'has cost more than 60 s' busy.err
}

@test "what trying again does not change is asked once" {
    for status in 400 401 403 404 413; do
        fault '{"name": "s'"$status"'", "match": {"path": "mypermissions"}, "times": "always", "action": {"status": '"$status"', "html": "No"}}'
        check "s$status"
        [ "$(cat "s$status.status")" -eq 77 ]
        [ "$(fired "s$status")" -eq 1 ]
        jira_control faults -X DELETE >/dev/null
    done
}

# clean NUMBER: the record of an address that was listed once, and whose ticket is still open.
clean() {
    jq -nc --argjson n "$1" '{type: "ip", id: $n, ip: "192.0.2.\($n)", ip_text: "192.0.2.\($n)", priority: 100, old_priority: null,
        blocking_lists: "", last_event: null, probed_at: "2026-01-31T12:00:00.000Z", decision: "CLEAN", transition: "none", score: 0,
        results: [{zone: "a.test", status: "NOT_LISTED", answers: [], reason: null, error: null, duration_ms: 2.5}],
        listed_zones: [], unknown_zones: [], carried_zones: [], watch_zones: [], added_zones: [], removed_zones: [],
        update: null, db_changes: false, db_outcome: "unchanged"}'
}

# Nothing else looks for the ticket of an address that has long been clean: what the search misses stays open for ever.
@test "more open tickets than Data Center counts: all are seen" {
    use datacenter
    jira_control reset -d {} >/dev/null
    jira_control settings -d '{"page_cap": 3, "total_cap": 5}' >/dev/null
    for number in {1..10}; do
        jira_control issue -d "$(jq -nc --arg ip "192.0.2.$number" \
            '{summary: "IP \($ip) blacklisted by a.test", labels: ["dnsbl-monitor", "dnsbl-ip-\($ip)"]}')" >/dev/null
        clean "$number" >>in
    done
    "$BUILD/bin/jira-sync" <in >out 2>err 3>&-
    [ "$(jq -r .jira_action out | sort | uniq -c | tr -s ' ')" = " 10 updated_issue" ]
    [ "$(jira_state | jq '[.issues[] | select(.labels | index("dnsbl-cleared"))] | length')" -eq 10 ]
    [ "$(jira_control counters | jq '.requests["POST /rest/api/2/search"]')" -eq 4 ]
}

@test "a request that there is no memory to begin is not waited for" {
    LD_PRELOAD=$BUILD/tests/support/no_transfer.so run -70 --separate-stderr timeout 60 "$BUILD/bin/jira-sync" --check=online
    [ "$(jq -r .error_type <<<"$stderr")" = out_of_memory ]
}
