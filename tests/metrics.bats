# The metrics of the job, in a real Pushgateway and in a file for node_exporter.

bats_require_minimum_version 1.5.0
load support/job.bash

setup_file() {
    job_servers "$BATS_FILE_TMPDIR" one.test two.test
    pushgateway_start "$BATS_FILE_TMPDIR" --web.enable-admin-api
}

teardown_file() { servers_stop "$BATS_FILE_TMPDIR"; }

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    job_world one.test two.test
    pushgateway_start "$SERVERS" --web.enable-admin-api
    curl -sS -X PUT "$PUSHGATEWAY_URL/api/v1/admin/wipe"
    pool_add 192.0.2.1
    pool_add 192.0.2.2
    zone_list one.test 192.0.2.1
    zone_list two.test 192.0.2.1
    rbldnsd_reload
    export DNSBL_ZONES=one.test,two.test DNS_TIMEOUT=2 DNS_CONCURRENCY=100
    unset DRY_RUN SHARD_COUNT JOB_COMPLETION_INDEX PUSHGATEWAY_URL_FILE
}

teardown() {
    [ -z "${pid:-}" ] || kill "$pid" 2>/dev/null || true
    [ ! -e "$SERVERS/pushgateway.yml" ] || { pushgateway_stop && rm "$SERVERS/pushgateway.yml"; } # it asks for a password
}

# monitor [OPTION...]: runs the job; its log is log, its messages err, what the gateway has afterwards pushed.
monitor() {
    status=0
    "$job" "$@" >log 2>err || status=$?
    cat err
    ! server_running pushgateway || pushed >pushed
}

# metric NAME [LABEL=VALUE...]: the values of the series in the file that have these labels (and maybe others).
metric() {
    local label pattern="^$1[{ ]" lines
    lines=$(grep -E "$pattern" "${metrics_file:-pushed}")
    for label in "${@:2}"; do
        lines=$(grep -F "${label%%=*}=\"${label#*=}\"" <<<"$lines")
    done
    awk '{ print $NF + 0 }' <<<"$lines" | paste -sd' '
}

has() { metric "$@" | grep -q . && grep -qE "^$1[{ ]" "${metrics_file:-pushed}"; }

hasnt() { ! grep -qE "^$1[{ ]" "${metrics_file:-pushed}"; }

# without TEXT FILE...: it stands in none of them.
without() { ! grep -F -- "$@"; }

# all_running: the job is held up, and all its stages run.
all_running() { held_up && wait_for 60 stage_of "$pid" log-summary >/dev/null; }

# _tcp_listens PORT: without connecting.
_tcp_listens() { grep -q ":$(printf '%04X' "$1") 00000000:0000 0A" /proc/net/tcp; }

now() { date +%s; }

@test "a run is pushed, whole" {
    before=$(now)
    monitor
    [ "$status" -eq 0 ]
    promtool check metrics <pushed
    [ "$(metric dnsbl_addresses state=listed job=dnsbl-monitor shard=0)" = 1 ]
    [ "$(metric dnsbl_addresses state=clean)" = 1 ]
    [ "$(metric dnsbl_address_outcomes outcome=newly_listed)" = 1 ]
    [ "$(metric dnsbl_address_outcomes outcome=unchanged)" = 1 ]
    [ "$(metric dnsbl_listed ip=192.0.2.1)" = '1 1' ]
    [ "$(metric dnsbl_listed ip=192.0.2.2)" = 0 ] # awk's 0 of nothing
    [ "$(grep -c '^dnsbl_listed{' pushed)" -eq 2 ]
    [ "$(metric dnsbl_listings zone=one.test)" = 1 ]
    [ "$(metric dnsbl_lookups zone=two.test outcome=listed)" = 1 ]
    [ "$(metric dnsbl_lookups zone=two.test outcome=not_listed)" = 1 ]
    [ "$(metric dnsbl_zone_healthy zone=one.test)" = 1 ]
    [ "$(metric dnsbl_zone_health zone=one.test health=ok)" = 1 ]
    [ "$(metric dnsbl_zone_health zone=one.test health=silent)" = 0 ]
    [ "$(metric dnsbl_lookup_duration_seconds_count zone=one.test)" = 2 ]
    [ "$(metric dnsbl_lookup_duration_seconds_bucket zone=one.test le=+Inf)" = 2 ]
    [ "$(metric dnsbl_tickets action=created)" = 1 ]
    [ "$(metric dnsbl_run_complete)" = 1 ]
    [ "$(metric dnsbl_job_exit_status)" = 0 ]
    [ "$(metric dnsbl_stage_exit_status)" = '0 0 0 0 0 0' ]
    [ "$(grep -o '^dnsbl_stage_duration_seconds{.*stage="[a-z-]*"' pushed | grep -o 'stage="[a-z-]*"' | sort | paste -sd' ')" = \
        'stage="dnsbl-decide" stage="dnsbl-probe" stage="jira-sync" stage="log-summary" stage="pg-apply" stage="pg-ips"' ]
    [ "$(metric dnsbl_last_success_timestamp_seconds | cut -d. -f1)" -ge "$before" ]
    [ "$(metric dnsbl_job_duration_seconds | tr -d .)" -gt 0 ]
}

@test "the next run takes the place of the last, and a cleared address leaves no series" {
    monitor
    has dnsbl_listed
    zone_unlist one.test 192.0.2.1
    zone_unlist two.test 192.0.2.1
    rbldnsd_reload
    monitor
    [ "$status" -eq 0 ]
    hasnt dnsbl_listed
    [ "$(metric dnsbl_address_outcomes outcome=cleaned)" = 1 ]
}

@test "a zone that is out is told of" {
    fault_zone two.test drop
    DNS_TIMEOUT=1 monitor
    [ "$status" -eq 0 ]
    [ "$(metric dnsbl_zone_healthy zone=two.test)" = 0 ]
    [ "$(metric dnsbl_zone_health zone=two.test health=unreachable)" = 1 ]
    [ "$(metric dnsbl_lookups zone=two.test outcome=zone_unreachable)" = 2 ]
    [ "$(metric dnsbl_lookup_duration_seconds_count zone=two.test)" = 0 ]
}

@test "with the database down the failure is pushed, and the last success stays" {
    monitor
    success=$(metric dnsbl_last_success_timestamp_seconds)
    postgres_stop
    monitor
    [ "$status" -eq 69 ]
    [ "$(metric dnsbl_job_exit_status)" = 69 ]
    [ "$(metric dnsbl_stage_exit_status stage=pg-ips)" = 69 ]
    [ "$(metric dnsbl_run_complete)" = 0 ]
    hasnt dnsbl_listed
    [ "$(metric dnsbl_last_success_timestamp_seconds)" = "$success" ]
    promtool check metrics <pushed
}

@test "with Jira down what was found is pushed, and the failure" {
    export JIRA_SERVER=http://127.0.0.1:1
    monitor
    [ "$status" -eq 69 ]
    [ "$(metric dnsbl_job_exit_status)" = 69 ]
    [ "$(metric dnsbl_stage_exit_status stage=jira-sync)" = 69 ]
    [ "$(metric dnsbl_addresses state=listed)" = 1 ]
    [ "$(metric dnsbl_tickets action=failed)" -ge 1 ]
    hasnt dnsbl_last_success_timestamp_seconds
}

@test "refused credentials and a wrong configuration are pushed" {
    JIRA_API_TOKEN=wrong-token monitor
    [ "$status" -eq 77 ]
    [ "$(metric dnsbl_job_exit_status)" = 77 ]
    DNSBL_ZONES=one.test,bad..name monitor
    [ "$status" -eq 78 ]
    [ "$(metric dnsbl_job_exit_status)" = 78 ]
    [ "$(metric dnsbl_stage_exit_status stage=dnsbl-probe)" = 78 ]
    hasnt dnsbl_addresses
    [ "$(metric dnsbl_run_dry)" = 0 ]
    DRY_RUN=on DNSBL_ZONES=one.test,bad..name monitor
    [ "$(metric dnsbl_run_dry job=dnsbl-monitor-dry-run)" = 1 ]
    [ "$(pool_row 192.0.2.1 | cut -d'|' -f1)" = 0 ]
}

@test "a Pushgateway that is down, refuses, leads elsewhere or hangs fails nothing" {
    pushgateway_stop
    monitor
    [ "$status" -eq 0 ]
    [ "$(pool_row 192.0.2.1 | cut -d'|' -f1)" = 0 ]
    told 'could not be pushed'
    [ "$(jq -r 'select(.error_type == "push_failed") | .level' err)" = WARNING ]
    PUSHGATEWAY_URL=$JIRA_SERVER monitor
    [ "$status" -eq 0 ]
    told 'could not be pushed to the Pushgateway: HTTP status 404'
    # What a proxy or a gateway repeats of a login is not shown.
    for proxy in http://user:geheim@nowhere.invalid:99999x 'http://user:gehe im'; do
        DNSBL_ZONES=one.test,bad..name http_proxy=$proxy monitor
        [ "$status" -eq 78 ]
        told 'could not be pushed to the Pushgateway: its proxy has no address; HTTP status 000'
        without geheim err
        without 'gehe im' err
    done
    hanging=$(free_port)
    "$PYTHON" - "$hanging" 3>&- <<'PYTHON_END' &
import socket, sys, threading
# Answers the first with a redirection, 1 MB of control characters, and what it was asked; the others never.
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
first = listener.accept()[0]
asked = first.recv(65536)
first.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\nConnection: close\r\n\r\n" + b"\x1b\0" * 500000 + asked)
first.close()
kept = []
while True:
    kept.append(listener.accept())
PYTHON_END
    pid=$!
    wait_for 60 _tcp_listens "$hanging"
    PUSHGATEWAY_URL=http://u:geheim@127.0.0.1:$hanging monitor
    [ "$status" -eq 0 ]
    told 'could not be pushed to the Pushgateway: .*HTTP status 302'
    [ "$(LC_ALL=C grep -c '[[:cntrl:]]' err)" -eq 0 ]
    without "$(printf u:geheim | base64)" err
    [ "$(jq -r 'select(.error_type == "push_failed") | .error_message | length' err)" -lt 700 ]
    PUSHGATEWAY_URL=http://127.0.0.1:$hanging monitor
    [ "$status" -eq 0 ]
    told 'could not be pushed to the Pushgateway: .*timed out'
}

@test "a dry run has a group of its own, and no success" {
    monitor --dry-run
    [ "$status" -eq 0 ]
    [ "$(metric dnsbl_run_dry job=dnsbl-monitor-dry-run)" = 1 ]
    [ "$(metric dnsbl_address_outcomes outcome=newly_listed job=dnsbl-monitor-dry-run)" = 1 ]
    hasnt dnsbl_last_success_timestamp_seconds
    without 'job="dnsbl-monitor"' pushed
    DRY_RUN=yes monitor
    without 'job="dnsbl-monitor"' pushed
}

@test "a replay and a check push nothing" {
    PUSHGATEWAY_URL='' "$job" --capture streams >/dev/null 2>&1
    monitor --from dnsbl-decide streams/dnsbl-probe.ndjson
    [ "$status" -eq 0 ]
    hasnt dnsbl_job_exit_status
    monitor --from pg-apply streams/dnsbl-decide.ndjson --write
    hasnt dnsbl_job_exit_status
    monitor --check
    hasnt dnsbl_job_exit_status
}

@test "each shard has a group of its own" {
    SHARD_COUNT=2 JOB_COMPLETION_INDEX=1 monitor
    [ "$status" -eq 0 ]
    [ "$(metric dnsbl_job_exit_status shard=1)" = 0 ]
    SHARD_COUNT=2 JOB_COMPLETION_INDEX=0 monitor
    [ "$(metric dnsbl_job_exit_status)" = '0 0' ]
    [ "$(grep -c '^dnsbl_listed{' pushed)" -eq 2 ]
    [ "$(metric dnsbl_last_success_timestamp_seconds shard=0 kept=success)" -gt 0 ]
}

@test "a password in the URL is seen nowhere, and works" {
    secret=S3cretOfTheGateway
    hash=$(/usr/bin/python3 -W ignore -c 'import crypt, sys; print(crypt.crypt(sys.argv[1], crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))' "$secret")
    pushgateway_stop
    (umask 077 && printf 'basic_auth_users:\n  pusher: %s\n' "$hash" >"$SERVERS/pushgateway.yml")
    chmod a+r "$SERVERS/pushgateway.yml"
    pushgateway_start "$SERVERS" --web.config.file="$SERVERS/pushgateway.yml"
    printf 'http://pusher:%s@%s\n' "$secret" "${PUSHGATEWAY_URL#http://}" >url
    (until [ -e over ]; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' >>argv; sleep 0.01; done) 3>&- &
    pid=$!
    # A push may be over before anybody looks: curl itself tells how it was called.
    mkdir bin
    printf '#!/bin/bash\ntr "\\0" "\\n" </proc/$$/cmdline >>"%s"\nenv >"%s"\nexec "%s" "$@"\n' "$PWD/argv.curl" "$PWD/environment" "$(command -v curl)" >bin/curl
    chmod +x bin/curl
    secrets='^(DB_DSN|DB_PASSWORD|JIRA_API_TOKEN|PUSHGATEWAY_URL)(_FILE)?='
    [ "$(env | grep -cE "$secrets")" -ge 3 ]
    PATH=$PWD/bin:$PATH PUSHGATEWAY_URL='' PUSHGATEWAY_URL_FILE=url no_proxy=127.0.0.1 "$job" >log 2>err
    grep -qx no_proxy=127.0.0.1 environment
    run ! grep -E "$secrets" environment
    printf 'http://pusher:wrong%s@127.0.0.1:%s' "$secret" "$(<"$SERVERS/pushgateway/port")" >url
    PATH=$PWD/bin:$PATH PUSHGATEWAY_URL='' PUSHGATEWAY_URL_FILE=url "$job" >log2 2>err2
    grep -q push_failed err2
    touch over
    wait "$pid" # so that it does not see the next command
    pushed -u "pusher:$secret" >pushed
    [ "$(metric dnsbl_job_exit_status)" = 0 ]
    grep -q -- --max-time argv.curl
    grep -q log-summary argv
    without "$secret" argv argv.curl log err log2 err2
}

@test "a Pushgateway that cannot be one is a configuration error" {
    for url in ftp://gateway http:// http:///path 'http://gateway:9091?x' 'http://u:p#w@gateway' 'http://gate way' $'http://gateway\nhttp://other'; do
        PUSHGATEWAY_URL=$url run -78 "$job" --check
        [[ $output == *'PUSHGATEWAY_URL is no URL'* ]]
    done
    PUSHGATEWAY_URL=$url monitor
    [ "$status" -eq 78 ]
    [ "$(pool_row 192.0.2.1 | cut -d'|' -f1)" = 100 ]
    PUSHGATEWAY_URL_FILE=/nonexistent monitor
    [ "$status" -eq 78 ]
    told 'both set'
    PUSHGATEWAY_URL='' PUSHGATEWAY_URL_FILE=/nonexistent DNSBL_ZONES=bad..name monitor --check
    [ "$status" -eq 78 ]
    told 'cannot read the file /nonexistent'
    told 'bad\.\.name'
    monitor --check=online
    [ "$status" -eq 0 ]
    pushgateway_stop
    monitor --check=online
    [ "$status" -eq 69 ]
    told 'Pushgateway does not answer'
    told 'the check failed, nothing was touched: dnsbl-monitor: it could not reach its server \(69\)'
}

@test "a signal during the push ends it soon, and leaves no process behind" {
    port=$(free_port)
    "$PYTHON" -c 'import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
kept = [listener.accept()]
open("asked", "w").close()
listener.accept()' "$port" 3>&- &
    pid=$!
    wait_for 60 _tcp_listens "$port"
    PUSHGATEWAY_URL=http://127.0.0.1:$port setsid "$job" >log 2>err 3>&- &
    group=$!
    wait_for 60 test -e asked
    kill -s TERM "$group"
    wait "$group"
    [ -z "$(pgrep -r D,R,S,T -s "$group")" ]
}

@test "a run that is ended by a signal is pushed" {
    all_running
    kill -s TERM "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 143 ]
    pushed >pushed
    [ "$(metric dnsbl_job_exit_status)" = 143 ]
    hasnt dnsbl_last_success_timestamp_seconds
}

@test "a log-summary that was killed leaves the job's own metrics" {
    all_running
    kill -s KILL "$(stage_of "$pid" log-summary)"
    finished
    [ "$status" -eq 137 ]
    pushed >pushed
    [ "$(metric dnsbl_stage_exit_status stage=log-summary)" = 137 ]
    hasnt dnsbl_addresses
}

# ---- a file --------------------------------------------------------------------

@test "--metrics FILE: the same for node_exporter, and a success is kept when a run fails" {
    export PUSHGATEWAY_URL='' metrics_file=dnsbl.prom
    monitor --metrics dnsbl.prom
    [ "$status" -eq 0 ]
    promtool check metrics <dnsbl.prom
    /usr/bin/python3 -c 'from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
assert len(list(parse(open("dnsbl.prom").read()))) > 15'
    [ "$(metric dnsbl_job_exit_status)" = 0 ]
    [ "$(metric dnsbl_addresses state=listed)" = 1 ]
    [ "$(stat -c %a dnsbl.prom)" = 644 ]
    [ "$(ls)" = "$(printf '%s\n' dnsbl.prom err log pushed)" ]
    success=$(metric dnsbl_last_success_timestamp_seconds)
    [ "$success" -gt 0 ]
    JIRA_SERVER=http://127.0.0.1:1 monitor --metrics=dnsbl.prom
    [ "$status" -eq 69 ]
    [ "$(metric dnsbl_job_exit_status)" = 69 ]
    [ "$(metric dnsbl_last_success_timestamp_seconds)" = "$success" ]
    promtool check metrics <dnsbl.prom
    without dnsbl_ pushed
}

@test "a metrics file that cannot be written fails the job with 74, after its work" {
    PUSHGATEWAY_URL='' monitor --metrics /nonexistent/dnsbl.prom
    [ "$status" -eq 74 ]
    told 'cannot write the metrics to /nonexistent/dnsbl.prom'
    [ "$(pool_row 192.0.2.1 | cut -d'|' -f1)" = 0 ]
}

@test "--metrics with a replay, without a file, on what is none, and --format with nonsense are usage errors" {
    mkfifo pipe
    for options in '--metrics' '--metrics pipe' '--metrics /dev/null' '--metrics .' '--metrics x --from dnsbl-decide /dev/null' '--format' '--format xml'; do
        # shellcheck disable=SC2086 # several words, or none
        run "$job" $options
        [ "$status" -eq 64 ]
    done
}
