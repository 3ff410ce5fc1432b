# jira-sync: how it speaks to Jira. TLS, proxies, redirects, logins, and answers that do not end.
# shellcheck disable=SC1090,SC1091,SC2030,SC2031

bats_require_minimum_version 1.5.0

setup_file() {
    export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build}
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    mkdir "$BATS_FILE_TMPDIR/tls" "$BATS_FILE_TMPDIR/gateway" "$BATS_FILE_TMPDIR/cloud"
    export AUTHORITY=$BATS_FILE_TMPDIR/authority.pem
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=stand-in -addext subjectAltName=IP:127.0.0.1 \
        -keyout "$BATS_FILE_TMPDIR/key.pem" -out "$AUTHORITY" 2>"$BATS_FILE_TMPDIR/openssl.log"
    cat "$AUTHORITY" "$BATS_FILE_TMPDIR/key.pem" >"$BATS_FILE_TMPDIR/server.pem"
    start_one tls --certificate "$BATS_FILE_TMPDIR/server.pem"
    start_one gateway --prefix /ex/jira/8a5c5b3e-0000-4000-8000-000000000000
    start_one cloud
}

# start_one NAME [OPTION...]: a stand-in; `use NAME` is then its environment.
start_one() {
    jira_start "$BATS_FILE_TMPDIR/$1" "${@:2}"
    declare -p JIRA_SERVER JIRA_USER JIRA_API_TOKEN SERVERS | sed 's/^declare/& -g/' >"$BATS_FILE_TMPDIR/$1.env"
}

teardown_file() {
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    for name in tls gateway cloud; do
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

use() { source "$BATS_FILE_TMPDIR/$1.env"; }

fault() { jira_control faults -d "$1" >/dev/null; }
fired() { jira_control faults | jq ".[\"$1\"].fired"; }

# check NAME: asks Jira; `NAME.err` and `NAME.status` tell what came of it.
check() {
    local status=0
    "$BUILD/bin/jira-sync" --check=online >"$1.out" 2>"$1.err" 3>&- || status=$?
    echo "$status" >"$1.status"
}

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

@test "an answer without end, one cut short, and one that is no JSON are no answers" {
    fault '[{"name": "endless", "match": {"path": "myself", "nth": [1]}, "action": {"endless_body": true}},
        {"name": "cut", "match": {"path": "serverInfo", "nth": [1]}, "action": {"truncate": 20}},
        {"name": "none", "match": {"path": "statuses", "nth": [1]}, "action": {"status": 200, "html": "Hello"}}]'
    check odd
    [ "$(cat odd.status)" -eq 0 ]
    [ "$(fired endless)$(fired cut)$(fired none)" = 111 ]
    [ "$(jq -r 'select(.error_type == "jira_trouble").error_message' odd.err | grep -c 'trying again in 2 s')" -eq 3 ]
}

@test "a Retry-After beyond all bounds ends it at once" {
    fault '{"name": "busy", "match": {"path": "myself"}, "times": "always",
        "action": {"status": 429, "headers": {"Retry-After": "9223372036854775807"}, "text": ""}}'
    check busy
    [ "$(cat busy.status)" -eq 69 ]
    [ "$(fired busy)" -eq 1 ]
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
