# The image: built, and run as Kubernetes would run it, with the limits and the security
# context of kubernetes/base/cronjob.yaml, against real servers on loopback.
#
# FULL=1 takes 100,000 addresses where 10,000 have to do otherwise, and half an hour. Seconds are shown and judge nothing:
# this may run on any machine, beside anything; memory must hold.
# IMAGE_BASE names a base image that is here already; IMAGE_STORE a directory for what
# podman makes, which is then kept for the next time; IMAGE an image in there, which is
# then not built.

bats_require_minimum_version 1.5.0

source "$BATS_TEST_DIRNAME/../support/servers.bash"
source "$BATS_TEST_DIRNAME/../support/image/engine.bash"

POD=$BATS_TEST_DIRNAME/../support/image/container.py
WATCH=$BATS_TEST_DIRNAME/../support/image/watch.py
LARGE=$((${FULL:-0} ? 100000 : 10000))
ZONES=(z{0..9}.image.test)
LISTED=50 # addresses, whatever the number of all
rlimits=(--ulimit nofile=1024:4096 --ulimit nproc=4096:4096) # podman would raise them, which needs a right of its own

setup_file() {
    # Not below BATS_FILE_TMPDIR: podman takes no path of more than 50 characters there.
    [ -n "${IMAGE_STORE:-}" ] || OWN_STORE=$(mktemp -d "${TMPDIR:-/tmp}/image.XXXXXX")
    export OWN_STORE IMAGE_STORE=${IMAGE_STORE:-$OWN_STORE} IMAGE_BASE=${IMAGE_BASE:-localhost/dnsbl-base} ENGINE RBLDNSD_LOG=off
    mkdir -p "$IMAGE_STORE"
    engine_find run
    TRACES=$(engine_traces)
    export TRACES
    engine image inspect "$IMAGE_BASE" >/dev/null 2>&1 || image_base "$IMAGE_BASE" >"$BATS_FILE_TMPDIR/base.log" 2>&1 ||
        { tail -n 30 "$BATS_FILE_TMPDIR/base.log" && false; }
    if [ -z "${IMAGE:-}" ]; then
        export IMAGE=localhost/dnsbl-monitor:check
        image_build "$IMAGE" "$IMAGE_BASE" >"$BATS_FILE_TMPDIR/build.log" 2>&1 || { tail -n 30 "$BATS_FILE_TMPDIR/build.log" && false; }
    fi
    postgres_start "$BATS_FILE_TMPDIR" fsync=off
    rbldnsd_start "$BATS_FILE_TMPDIR" "${ZONES[@]}"
    list
    rbldnsd_reload
    dnsdist_start "$BATS_FILE_TMPDIR"
    jira_start "$BATS_FILE_TMPDIR"
    fault_zone z9.image.test drop
    dnsdist_rule 'addAction(AllRule(), DelayAction(30))'
    secrets "$BATS_FILE_TMPDIR/secrets" 0440
}

teardown_file() {
    servers_stop "$BATS_FILE_TMPDIR"
    [[ $ENGINE != docker ]] || engine image rm "$IMAGE" "$IMAGE_BASE" >/dev/null 2>&1 || true
    engine_clean "$TRACES"
    [ -z "${OWN_STORE:-}" ] || rm -rf "$OWN_STORE"
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return # an OOM leaves a file where podman was started
    jira_control reset -d {} >/dev/null
    pool_empty
}

teardown() {
    local pod
    for pod in 0 1 2 3; do engine rm -f -t 0 "$(name "$pod")" >/dev/null 2>&1 || true; done
    wait
}

name() { echo "dnsbl-check-$$-${1:-0}"; }

# secrets DIR MODE: what stands for the Secret, as its volume would be mounted.
secrets() {
    mkdir -p "$1"
    printf '%s' "$DB_PASSWORD" >"$1/DB_PASSWORD"
    printf '%s' "$JIRA_API_TOKEN" >"$1/JIRA_API_TOKEN"
    chgrp 1000 "$1"/*
    chmod "$2" "$1"/*
}

# ---- the pool ---------------------------------------------------------------

# address N is 10.64.0.0 + N.
addresses() { awk -v count="$1" 'BEGIN { for (n = 0; n < count; n++) printf "10.%d.%d.%d\n", 64 + int(n / 65536), int(n / 256) % 256, n % 256 }'; }

# LISTED of the first 1,000 are on z0, half of those on z1 too.
list() {
    addresses 1000 | awk -v every=$((1000 / LISTED)) 'NR % every == 0' >on-z0
    zone_write z0.image.test <on-z0
    awk 'NR % 2' on-z0 | zone_write z1.image.test
    rm on-z0
}

# pool COUNT
pool() { addresses "$1" | sql "COPY postal.ip_addresses (ip) FROM STDIN"; }

throttled() { sql 'SELECT count(*) FROM postal.ip_addresses WHERE priority = 0'; }
blacklisted() { tickets | grep -c blacklisted || true; }

# What the runs of a test have to leave behind alike.
rows() { sql 'SELECT ip, priority, "oldPriority", "blockingLists", "lastEvent" FROM postal.ip_addresses ORDER BY id'; }
tickets() { jira_state | jq -c '.issues[] | [.summary, .labels, .issuetype, .open, (.comments | length)]' | sort; }

# ---- the pod ----------------------------------------------------------------

# pod [OPTION...] [-- ARGUMENT...]: runs the image to its end; options are those of container.py. Leaves $status,
# the files out and err, $seconds, and in `figures` what watch.py saw. NAME=N tells pods apart that run beside others.
pod() {
    local options=() arguments network=host began pid
    while (($# > 0)) && [[ $1 != -- ]]; do
        [[ $1 != --network=* ]] || { network=${1#*=}; shift; continue; }
        options+=("$1")
        shift
    done
    shift || true
    "$POD" --set DB_HOST=127.0.0.1 --set DB_PORT="$DB_PORT" --set JIRA_SERVER="$JIRA_SERVER" --set JIRA_USER="$JIRA_USER" \
        --set JIRA_PROJECT=OPS --set JIRA_DNS_FAILURE_ISSUE_TYPE=Incident --set DNS_RESOLVERS="$DNS_RESOLVERS" \
        --set DNSBL_ZONES="${ZONES[*]}" --set DNSBL_THRESHOLD=1 "${options[@]}" "${SECRETS:-$BATS_FILE_TMPDIR/secrets}" >arguments.$$
    mapfile -d '' -t arguments <arguments.$$
    [ "$ENGINE" = docker ] || arguments+=(--read-only-tmpfs=false)
    arguments+=("${rlimits[@]}")
    began=$EPOCHREALTIME
    engine run --name "$(name "${NAME:-0}")" --network "$network" "${arguments[@]}" "$IMAGE" "$@" >"out${NAME:-}" 2>"err${NAME:-}" 3>&- &
    running=$!
    # Not before it is there: `inspect` knows a container without a process, too.
    until pid=$(engine inspect --format '{{.State.Pid}}' "$(name "${NAME:-0}")" 2>/dev/null) && [ "$pid" -gt 0 ]; do
        kill -0 "$running" 2>/dev/null || break
    done
    "$WATCH" "$pid" >"figures${NAME:-}" 2>/dev/null 3>&- &
    watching=$!
    [ -z "${MEANWHILE:-}" ] || "$MEANWHILE"
    status=0
    wait "$running" || status=$?
    seconds=$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
    wait "$watching" || true
    engine rm -f "$(name "${NAME:-0}")" >/dev/null 2>&1 || true
}

summary() { jq -r --arg field "$1" 'select(.type == "job_summary") | .[$field]' "out${NAME:-}"; }
mebibytes() { jq '.memory / 1048576 | ceil' "figures${NAME:-}"; }
say() { printf '      %s\n' "$*" >&3; }
told() {
    say "$1: $seconds s, $(mebibytes) MiB at the most, $(jq '.own / 1048576 * 10 | round / 10' figures) of them the programs', $(jq -r '"\(.cpu * 10 | round / 10) s of processor, throttled in \(.throttled) of \(.periods) periods"' figures)"
}

# ---- the image --------------------------------------------------------------

@test "it holds what it takes to run the job, and little else" {
    inside() { engine run --rm --network none "${rlimits[@]}" --entrypoint bash "$IMAGE" -c "$1"; }
    [ "$(engine inspect --format '{{.Config.User}} {{json .Config.Entrypoint}}' "$IMAGE")" = '1000:1000 ["/usr/local/bin/dnsbl-monitor"]' ]
    [ "$(engine inspect --format '{{index .Config.Labels "org.opencontainers.image.version"}}' "$IMAGE")" = "$(sed -n 's/^VERSION := //p' "$BATS_TEST_DIRNAME/../../Makefile")" ]
    [ "$(inside 'ls /usr/local/bin' | xargs)" = "dnsbl-decide dnsbl-monitor dnsbl-probe dnsbl-report jira-sync log-summary pg-apply pg-ips" ]
    run ! inside 'type cc || type gcc || type make || type python3'
    inside 'type curl' # for the Pushgateway
    [ "$(inside 'find /var/lib/apt/lists /var/cache/apt /var/log -type f -size +0 2>/dev/null | wc -l')" = 0 ]
    # Nothing that the base does not have makes somebody root.
    privileged() { engine run --rm --network none "${rlimits[@]}" --user 0 --entrypoint find "$1" / -xdev -type f -perm /6000 | sort; }
    [ "$(privileged "$IMAGE")" = "$(privileged "$IMAGE_BASE")" ]
    [ -n "$(privileged "$IMAGE_BASE")" ]
    say "$(engine inspect --format '{{.Size}}' "$IMAGE" | awk '{ printf "%.0f MB", $1 / 1e6 }'), of which the base has $(engine inspect --format '{{.Size}}' "$IMAGE_BASE" | awk '{ printf "%.0f MB", $1 / 1e6 }')"
}

# ---- the job ----------------------------------------------------------------

@test "1,000 addresses, ten zones, 30 ms, one zone dead; ten times as many; four pods do what one does" {
    local in_flight bytes
    for in_flight in 10 100; do
        jira_control reset -d {} >/dev/null
        pool_empty
        pool 1000
        pod --set DNS_CONCURRENCY=$in_flight
        [ "$status" -eq 0 ]
        [ "$(summary total_ips) $(summary newly_listed) $(summary jira_created) $(summary complete)" = "1000 $LISTED $LISTED true" ]
        [ "$(summary unhealthy_zones | xargs)" = "[ z9.image.test ]" ]
        told "1,000 addresses, $in_flight in flight"
        [ "$(mebibytes)" -le 96 ]
        rows >"rows$in_flight"
    done
    bytes=$(jq .own figures)
    diff rows10 rows100
    pod # again: nothing to do
    [ "$status" -eq 0 ]
    [ "$(summary unchanged) $(summary jira_created) $(summary jira_updated)" = "1000 0 0" ]
    rows | diff rows100 -
    pool_empty
    pool "$LARGE"
    jira_control reset -d {} >/dev/null
    pod
    [ "$status" -eq 0 ]
    [ "$(summary total_ips) $(summary newly_listed) $(summary complete)" = "$LARGE $LISTED true" ]
    told "$LARGE addresses, 100 in flight"
    [ "$(mebibytes)" -le 96 ]
    # A tenth more, and the 2 MiB of pg-ips: 1,000 addresses fit into the pipes, and it has ended before the others'
    # peak.
    [ "$(jq .own figures)" -le $((bytes * 110 / 100 + 2 * 1048576)) ]
    rows >whole
    tickets >whole-tickets
    # Four pods do together what one does.
    pool_empty
    pool "$LARGE"
    jira_control reset -d {} >/dev/null
    local index pods=()
    for index in 0 1 2 3; do
        (
            mkdir "pod$index" && cd "pod$index" || exit
            NAME=$index pod --overlay sharded --index "$index"
            exit "$status"
        ) &
        pods+=($!)
    done
    for index in 0 1 2 3; do
        wait "${pods[index]}"
    done
    [ "$(cat pod?/out? | jq -s 'map(select(.type == "job_summary") | .total_ips) | add')" = "$LARGE" ]
    rows | diff whole -
    tickets | diff whole-tickets -
    say "memory of 4 pods with $((LARGE / 4)) each: $(for index in 0 1 2 3; do jq '.memory / 1048576 | ceil' "pod$index/figures$index"; done | xargs) MiB"
}

# ---- what a cluster does to it ----------------------------------------------

stop() {
    wait_for 60 "$WHEN"
    SECONDS=0
    engine stop "$(name)" >/dev/null
    stopped=$SECONDS
}

# What says that it is in the middle of its work.
some_throttled() { [ "$(throttled)" -gt 0 ]; }
some_logged() { [ "$(grep -c '"type":"address"' out)" -gt 100 ]; }

stopped_pod() {
    [ "$stopped" -le 10 ]
    [ "$status" -eq 143 ] || { echo "$status"; tail -n 5 err; tail -n 3 out; false; }
    jq -es 'any(.tool == "dnsbl-monitor" and .exit_status == 143)' err >/dev/null
    jq -e . out >/dev/null # nothing half
    [ "$(sql "SELECT count(*) FROM postal.ip_addresses WHERE (priority = 0) <> (\"oldPriority\" IS NOT NULL AND \"blockingLists\" <> '')")" -eq 0 ]
    say "stopped after $stopped s with $(throttled) of $LISTED throttled and $(blacklisted) tickets"
}

@test "a pod that is asked to stop ends within ten seconds, and says so; the next one repairs" {
    fault_zone z8.image.test delay:900 # so that it is not done before
    pool 1000
    # With the surge brake as it is in the ConfigMap nothing is written before the end; without it rows are.
    WHEN=some_logged MEANWHILE=stop pod
    stopped_pod
    [ "$(throttled) $(blacklisted)" = "0 0" ]
    WHEN=some_throttled MEANWHILE=stop pod --set SURGE_LIMIT_PERCENT=0
    stopped_pod
    fault_zone z8.image.test none
    pod
    [ "$status" -eq 0 ]
    [ "$(throttled) $(blacklisted)" = "$LISTED $LISTED" ]
}

kill_all() {
    wait_for 60 "$WHEN"
    engine kill "$(name)" >/dev/null
}

@test "out of memory: it ends with the signal, names the stage, and the next one repairs" {
    pool 1000
    pod --memory 7Mi
    [ "$status" -eq 137 ] || { echo "$status"; tail -n 5 err; false; }
    jq -es 'any(.tool == "dnsbl-monitor" and .error_type == "stage_failed" and .exit_status == 137 and any(.stages[]; . == 137))' err >/dev/null
    say "$(jq -r 'select(.exit_status == 137).error_message' err)"
    # As a cluster does it since 1.28: all processes at once, so that nobody is left to say anything.
    fault_zone z8.image.test delay:900
    WHEN=some_throttled MEANWHILE=kill_all pod --set SURGE_LIMIT_PERCENT=0
    fault_zone z8.image.test none
    [ "$status" -eq 137 ]
    pod
    [ "$status" -eq 0 ]
    [ "$(summary complete)" = true ]
    [ "$(throttled) $(blacklisted)" = "$LISTED $LISTED" ]
}

@test "a secret that is missing, or that its user may not read: 78, by its name, and nothing is touched" {
    pool 1000
    secrets here 0440
    rm here/JIRA_API_TOKEN
    SECRETS=here pod
    [ "$status" -eq 78 ]
    jq -es 'any(.variable == "JIRA_API_TOKEN_FILE" and (.error_message | contains("/run/secrets/dnsbl-monitor/JIRA_API_TOKEN")))' err >/dev/null
    [ ! -s out ]
    secrets here 0400 # a Secret without fsGroup: root alone may read it
    SECRETS=here pod
    [ "$status" -eq 78 ]
    jq -es 'any(.variable == "DB_PASSWORD_FILE" and (.error_message | contains("ermission")))' err >/dev/null
    [ "$(throttled)" -eq 0 ]
    [ "$(jira_control counters | jq .write_requests)" -eq 0 ]
}

@test "any user will do that may read the secrets" {
    pool 1000
    pod --user 4321
    [ "$status" -eq 0 ]
    [ "$(summary newly_listed)" -eq "$LISTED" ]
}

@test "no network: 69, after the retries, and it says what it could not reach" {
    pod --network=none
    [ "$status" -eq 69 ]
    jq -es 'any(.tool == "pg-ips" and (.error_message | contains("127.0.0.1")))' err >/dev/null
    jq -es 'any(.tool == "dnsbl-monitor" and .exit_status == 69)' err >/dev/null
    told "no network"
}
