# What pipelines/dnsbl-monitor does with the programs it runs, shown with
# programs that do as they are told: options, exit statuses, captures, signals.

bats_require_minimum_version 1.5.0

setup() {
    export BUILD=$BATS_TEST_TMPDIR/build job=$BATS_TEST_DIRNAME/../pipelines/dnsbl-monitor
    local name
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p build/bin
    # Each reads what it should do from a file of its name in orders/, and leaves its arguments in args/.
    mkdir args orders
    cat >build/bin/pg-ips <<'TOOL'
#!/bin/bash
name=${0##*/}
[[ $1 == --version ]] && echo "$name 1.2.3" && exit
if [[ $1 == --check* ]]; then
    echo "$1" >>"args/$name.check"
    [[ -f orders/$name.check ]] && source "orders/$name.check"
    exit 0
fi
printf '%s\n' "$*" >"args/$name"
printf '%s\n' "${DRY_RUN:-}" >"args/$name.dry_run"
ls /proc/self/fd >"args/$name.descriptors"
work() { if [[ $name == pg-ips ]]; then echo record; else cat; fi; }
if [[ -f orders/$name ]]; then source "orders/$name"; else work; fi
TOOL
    chmod +x build/bin/pg-ips
    for name in dnsbl-probe dnsbl-decide pg-apply jira-sync log-summary; do
        cp build/bin/pg-ips "build/bin/$name"
    done
    unset DRY_RUN RUN_DEADLINE RUN_DEADLINE_FILE
}

# will NAME COMMANDS: what that program does.
will() { echo "$2" >"orders/$1"; }

monitor() {
    status=0
    "$job" "$@" >log 2>err || status=$?
    cat err
}

teardown() { [ -z "${group:-}" ] || kill -s KILL "$pid" -- "-$group" 2>/dev/null || true; }

stages_ran() { find args -name '*.dry_run' -printf '%f\n' | wc -l; }

last_message() { tail -n 1 err | jq -c "$1"; }

# wait_until COMMAND...: at most 10 s.
wait_until() {
    local end=$((SECONDS + 10))
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.02
    done
}

@test "six stages in one pipeline, the first without --require-run" {
    monitor
    [ "$status" -eq 0 ]
    [ "$(cat log)" = record ]
    [ "$(cat args/pg-ips)" = "" ]
    for name in dnsbl-probe dnsbl-decide pg-apply jira-sync log-summary; do
        [ "$(cat "args/$name")" = --require-run ]
    done
    [ "$(last_message '[.level, .error_type, .exit_status, (.stages | length)]')" = '["INFO","job_done",0,6]' ]
}

@test "the stages inherit no descriptor but their three" {
    build/bin/pg-ips >/dev/null
    cp args/pg-ips.descriptors expected
    monitor --capture streams
    for name in pg-ips dnsbl-probe dnsbl-decide pg-apply jira-sync log-summary; do
        diff expected "args/$name.descriptors"
    done
}

@test "no core is dumped of the shell that knows all secrets, nor of what it runs" {
    will pg-ips 'ulimit -c >"args/$name.core"; grep "^Max core" "/proc/$PPID/limits" >"args/shell.core"'
    (ulimit -c unlimited && monitor)
    [ "$(cat args/pg-ips.core)" = 0 ]
    grep -qE '^Max core file size +1 +1 ' args/shell.core # byte: core(5)
}

@test "each stage has the secrets in its environment that it uses, and no other" {
    local name secret has
    for name in pg-ips dnsbl-probe dnsbl-decide pg-apply jira-sync log-summary; do
        will "$name" 'env >"args/$name.environment"'
    done
    export DB_DSN=s DB_PASSWORD=s PGPASSWORD=s JIRA_API_TOKEN=s https_proxy=s HTTP_PROXY=s LIST_KEY=s PUSHGATEWAY_URL=
    DB_PASSWORD_FILE='' JIRA_API_TOKEN_FILE='' monitor
    for name in pg-ips dnsbl-probe dnsbl-decide pg-apply jira-sync log-summary; do
        has=$(sed -n 's/^\(DB_DSN\|DB_PASSWORD\|PGPASSWORD\|JIRA_API_TOKEN\|https_proxy\|LIST_KEY\)=s$/\1/p' "args/$name.environment" | LC_ALL=C sort | paste -sd' ')
        case $name in
            pg-*) [ "$has" = 'DB_DSN DB_PASSWORD LIST_KEY PGPASSWORD' ] ;;
            jira-sync) [ "$has" = 'JIRA_API_TOKEN LIST_KEY https_proxy' ] ;;
            *) [ "$has" = LIST_KEY ] ;;
        esac
        run -1 grep -E '^(PUSHGATEWAY_URL|HTTP_PROXY)' "args/$name.environment"
    done
}

@test "the exit status is the cause" {
    # statuses of the six stages -> status of the job
    local -a statuses
    local expected name i
    while read -r -a statuses; do
        expected=${statuses[6]}
        for i in 0 1 2 3 4 5; do
            name=$(printf '%s\n' pg-ips dnsbl-probe dnsbl-decide pg-apply jira-sync log-summary | sed -n $((i + 1))p)
            if ((statuses[i] > 128 && statuses[i] != 143)); then
                will "$name" "work; kill -s $((statuses[i] - 128)) \$\$"
            else
                will "$name" "work; exit ${statuses[i]}"
            fi
        done
        monitor
        echo "${statuses[*]:0:6} -> $status"
        [ "$status" -eq "$expected" ]
        [ "$(last_message '[.stages["pg-ips", "dnsbl-probe", "dnsbl-decide", "pg-apply", "jira-sync", "log-summary"]] | map(tostring) | join(" ")')" = "\"${statuses[*]:0:6}\"" ]
    done <<'TABLE'
0 0 0 0 0 0 0
0 0 0 0 1 0 1
0 0 65 0 0 0 65
1 0 65 65 65 65 65
1 0 69 65 65 65 69
69 65 65 65 65 65 69
0 0 0 77 65 65 77
0 0 0 69 77 0 77
0 0 0 77 78 64 78
0 0 0 77 64 1 64
0 0 0 77 70 1 70
0 0 137 65 65 65 137
0 0 139 77 65 65 77
0 0 0 0 137 74 137
0 0 0 0 74 69 74
141 141 0 69 65 65 69
141 65 65 65 65 65 65
0 0 0 0 0 141 74
0 0 42 0 0 0 70
0 127 65 65 65 65 70
143 65 0 0 0 0 143
TABLE
}

@test "a stage that failed is named, with what its status means" {
    will pg-apply 'work; exit 77'
    will dnsbl-decide 'kill -s KILL $$'
    monitor
    [ "$status" -eq 77 ]
    [[ $(last_message .error_message) == *"dnsbl-decide: ended by SIGKILL (137); pg-apply: its credentials or permissions were refused (77)"* ]]
}

@test "every check runs, all problems are told, nothing is started" {
    will pg-ips.check 'echo "problem one" >&2; exit 78'
    will jira-sync.check 'echo "problem two" >&2; exit 64'
    monitor
    [ "$status" -eq 78 ]
    grep -q 'problem one' err
    grep -q 'problem two' err
    [ "$(find args -name '*.check' | wc -l)" -eq 6 ]
    [ "$(stages_ran)" -eq 0 ]
    [[ $(last_message .error_message) == *"nothing was touched: pg-ips: "*"(78); jira-sync: "*"(64)"* ]]
    rm orders/pg-ips.check
    monitor
    [ "$status" -eq 64 ]
}

@test "--check and --check=online start no stage" {
    monitor --check
    [ "$status" -eq 0 ]
    [ "$(cat args/log-summary.check)" = --check ]
    will pg-ips.check 'exit 69'
    will jira-sync.check 'exit 77'
    monitor --check=online
    [ "$status" -eq 77 ]
    [ "$(tail -n 1 args/log-summary.check)" = --check=online ]
    [ "$(stages_ran)" -eq 0 ]
}

@test "wrong usage is 64 and starts nothing" {
    local arguments
    : >file
    while read -r -a arguments; do
        monitor "${arguments[@]}"
        echo "${arguments[*]} -> $status"
        [ "$status" -eq 64 ]
        [ "$(last_message .error_type)" = '"usage"' ]
    done <<'TABLE'
--nonsense
operand
--check=offline
--capture
--capture=
--from
--from pg-apply
--from pg-ips file
--from nosuch file
--from pg-apply nosuch
--from pg-apply .
--write
--allow-stale
--dry-run --write
--from pg-apply file --write --dry-run
TABLE
    [ -z "$(ls args)" ]
}

@test "--help and --version" {
    monitor --help
    [ "$status" -eq 0 ]
    grep -q '^usage: dnsbl-monitor' log
    monitor --version
    [ "$status" -eq 0 ]
    [ "$(cat log)" = "dnsbl-monitor 1.2.3" ]
    run -74 bash -c '"$job" --help >/dev/full'
}

@test "--dry-run wins over the environment, also where that is a file" {
    echo false >flag
    DRY_RUN_FILE=flag monitor --dry-run
    [ "$status" -eq 0 ]
    [ "$(sort -u args/*.dry_run)" = true ]
    DRY_RUN=false monitor --dry-run
    [ "$(sort -u args/*.dry_run)" = true ]
}

@test "with a deadline pg-ips rotates" {
    RUN_DEADLINE=600 monitor
    [ "$(cat args/pg-ips)" = --rotate ]
    RUN_DEADLINE=0 monitor
    [ "$(cat args/pg-ips)" = "" ]
    printf 600 >deadline
    RUN_DEADLINE_FILE=deadline monitor
    [ "$(cat args/pg-ips)" = --rotate ]
}

@test "--from runs a stage and those behind it, dry unless told otherwise" {
    printf 'one\ntwo\n' >captured
    monitor --from dnsbl-decide captured
    [ "$status" -eq 0 ]
    [ "$(cat log)" = "$(cat captured)" ]
    [ "$(stages_ran)" -eq 4 ]
    [ "$(sort -u args/*.dry_run)" = true ]
    [ "$(cat args/dnsbl-decide args/pg-apply args/jira-sync args/log-summary | paste -sd,)" = \
        '--require-run,--require-run --allow-stale,--require-run --allow-stale,--require-run' ]
    monitor --from dnsbl-decide captured --write
    [ "$(sort -u args/*.dry_run)" = "" ]
    [ "$(cat args/pg-apply)" = --require-run ]
    monitor --from jira-sync captured --write --allow-stale
    [ "$(cat args/jira-sync)" = '--require-run --allow-stale' ]
    monitor --from log-summary captured
    [ "$(cat log)" = "$(cat captured)" ]
}

@test "captures are what flowed, for the owner's eyes alone, whatever was there before" {
    mkdir streams
    echo old >streams/pg-ips.ndjson
    chmod 644 streams/pg-ips.ndjson
    echo precious >elsewhere
    ln -s ../elsewhere streams/pg-apply.ndjson
    will dnsbl-probe 'cat >/dev/null; echo probed'
    umask 000
    monitor --capture streams
    [ "$status" -eq 0 ]
    [ "$(find streams -type f -perm 0600 -printf '%f\n' | sort | paste -sd' ')" = \
        'dnsbl-decide.ndjson dnsbl-probe.ndjson jira-sync.ndjson pg-apply.ndjson pg-ips.ndjson' ]
    [ "$(cat streams/pg-ips.ndjson)" = record ]
    [ "$(cat streams/jira-sync.ndjson)" = probed ]
    [ "$(cat elsewhere)" = precious ]
    monitor --capture=new/place
    [ "$status" -eq 0 ]
    [ "$(stat -c %a new/place)" = 700 ]
}

@test "a capture that cannot be made fails the job and nothing else" {
    : >file
    monitor --capture file
    [ "$status" -eq 74 ]
    [ "$(cat log)" = record ]
    grep -q 'cannot write file/pg-apply.ndjson' err
}

@test "a capture that cannot be written fails the job and nothing else" {
    will pg-ips 'for i in {1..20000}; do echo "record number $i"; done'
    # SIGXFSZ and EFBIG in place of a full disk; only the captures are files
    (
        ulimit -f 64
        status=0
        "$job" --capture streams 2> >(cat >err) || status=$?
        echo "$status" | cat >&2
    ) 2> >(cat >status) | cat >log
    wait_until test -s status
    [ "$(cat status)" -eq 74 ]
    [ "$(wc -l <log)" -eq 20000 ]
    [[ $(last_message .error_message) == *"streams/pg-ips.ndjson is incomplete"*"streams/jira-sync.ndjson is incomplete"* ]]
}

@test "a capture is whole even when the stage behind it dies" {
    will pg-apply 'for i in {1..20000}; do echo "record number $i"; done'
    will jira-sync 'exit 69'
    monitor --capture streams
    [ "$status" -eq 69 ]
    [ "$(wc -l <streams/pg-apply.ndjson)" -eq 20000 ]
    [ "$(last_message '.stages["pg-apply"]')" = 0 ]
}

@test "a reader that is gone is 74" {
    will log-summary 'trap - PIPE; cat; for i in {1..20000}; do echo "more and more"; done'
    status=0
    "$job" 2>err | true || true
    [ "${PIPESTATUS[0]}" -eq 74 ] || [ "$(last_message .exit_status)" -eq 74 ]
}

@test "a closed stdout, stderr or stdin" {
    will log-summary 'work || exit 74'
    run -74 bash -c '"$job" >&- 2>err'
    will log-summary work
    bash -c '"$job" >log 2>&-'
    [ "$(cat log)" = record ]
    bash -c '"$job" >log 2>err <&-'
    [ "$(cat log)" = record ]
}

@test "messages that nobody reads any more end nothing" {
    local status=0
    : >file
    mkfifo gone
    exec 8<>gone 9>gone 8<&-
    "$job" >log 2>&9 || status=$?
    [ "$status" -eq 0 ]
    [ "$(cat log)" = record ]
    "$job" --capture file >log 2>&9 || status=$?
    [ "$status" -eq 74 ]
    [ "$(cat log)" = record ]
    "$job" --nonsense 2>&9 || status=$?
    [ "$status" -eq 64 ]
    exec 9>&-
    # and the stages do not ignore SIGPIPE
    will pg-ips 'grep SigIgn /proc/self/status >args/ignores'
    monitor
    grep -E 'SigIgn:.*[02468ace]...$' args/ignores # SIGPIPE is bit 12
}

@test "a terminal gets plain words" {
    run -64 "$BATS_TEST_DIRNAME/support/terminal.py" "$job" --nonsense
    [ "$output" = 'dnsbl-monitor: --nonsense is no option of this program; see dnsbl-monitor --help' ]
}

# start: the job in the background as $pid, until its stages run.
start() {
    rm -f args/log-summary
    # a shell without job control makes what it puts into the background ignore SIGINT
    env --default-signal=INT "$job" "$@" >log 2>err 3>&- &
    pid=$!
    wait_until test -s args/log-summary.descriptors
    group=$(pgrep -P "$pid" -x dnsbl-monitor)
}

ended() { [[ ! -d /proc/$pid || $(cut -d' ' -f3 "/proc/$pid/stat") == Z ]]; }

nobody_left() { [ -z "$(pgrep -r D,R,S,T -g "$group")" ]; } # a zombie is none

finish() {
    status=0
    wait_until ended
    wait "$pid" || status=$?
    cat err
    wait_until nobody_left
}

@test "SIGTERM and SIGINT reach every stage, and nobody is left" {
    local name signal number
    for signal in TERM:143 INT:130 HUP:129; do
        number=${signal#*:} signal=${signal%:*}
        for name in pg-ips dnsbl-probe dnsbl-decide pg-apply jira-sync log-summary; do
            will "$name" "trap 'echo $signal >args/$name.signal; exit $number' TERM INT HUP; while :; do sleep 0.02; done"
        done
        rm -f args/*
        start
        kill -s "$signal" "$pid"
        finish
        [ "$status" -eq "$number" ]
        [ "$(find args -name '*.signal' | wc -l)" -eq 6 ]
        [ "$(last_message '[.error_type, .exit_status]')" = "[\"interrupted\",$number]" ]
    done
}

@test "a stage that does not end is killed after 5 s" {
    will pg-apply "trap '' TERM; touch args/deaf; while :; do sleep 0.1; done"
    start
    wait_until test -e args/deaf
    before=$SECONDS
    kill -s TERM "$pid"
    finish
    [ "$status" -eq 143 ]
    ((SECONDS - before >= 4 && SECONDS - before <= 15))
}

@test "at a signal the captures are kept until their stage has ended" {
    will pg-apply 'trap "echo the last words; exit 143" TERM; echo first; touch args/ready; while :; do sleep 0.02; done'
    start --capture streams
    wait_until test -e args/ready
    kill -s TERM "$pid"
    finish
    [ "$status" -eq 143 ]
    [ "$(cat streams/pg-apply.ndjson)" = $'first\nthe last words' ]
}

@test "a shell that is killed above the stages is not taken for success" {
    will pg-apply 'touch args/ready; sleep 20'
    start
    wait_until test -e args/ready
    kill -s KILL "$group"
    finish
    [ "$status" -eq 137 ]
    [ "$(last_message '.stages["pg-apply"]')" = null ]
}

@test "installed beside its programs, and found through a link" {
    mkdir -p usr/bin bin
    cp "$job" build/bin/* usr/bin/
    ln -s ../usr/bin/dnsbl-monitor bin/dnsbl-monitor
    job=bin/dnsbl-monitor BUILD=/nonexistent monitor
    [ "$status" -eq 0 ]
    [ "$(cat log)" = record ]
}

@test "a program that is missing is told by name, with what to do" {
    rm build/bin/pg-apply
    monitor
    [ "$status" -eq 78 ]
    [[ $(last_message .error_message) == *"pg-apply; in a checkout, run make"* ]]
    [ "$(stages_ran)" -eq 0 ]
}
