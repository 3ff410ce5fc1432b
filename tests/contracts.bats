# The contracts: schemas, manuals and programs say the same.

bats_require_minimum_version 1.5.0

tools=(pg-ips dnsbl-probe dnsbl-decide pg-apply jira-sync log-summary dnsbl-report)

setup_file() {
    export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build}
    export TOP=$BATS_TEST_DIRNAME/.. SUPPORT=$BATS_TEST_DIRNAME/support COMMON=$BATS_TEST_DIRNAME/../common
}

teardown_file() {
    load support/servers.bash
    servers_stop "$BATS_FILE_TMPDIR"
}

setup() { cd "$BATS_TEST_TMPDIR" || return; }

config() { jq -r "$1" "${@:2}" "$COMMON/config.schema.json"; }
variables_of() { config '.properties | to_entries[] | select(.value["x-tools"] | index($tool) != null) | .key' --arg tool "$1" | sort; }
all_variables() { config '.properties | keys[]' | sort; }

# A configuration that every tool is content with; nothing listens there.
configured() {
    env -i PATH="$PATH" DB_HOST=127.0.0.1 DB_PORT=1 DB_NAME=x DB_USER=x DB_PASSWORD=sesame DNSBL_ZONES=a.test,b.test \
        JIRA_SERVER=http://127.0.0.1:1 JIRA_USER=x JIRA_API_TOKEN=sesame JIRA_PROJECT=OPS JIRA_ISSUE_TYPE=Task \
        JIRA_DNS_FAILURE_ISSUE_TYPE=Incident SHARD_COUNT=10000 JOB_COMPLETION_INDEX=0 "$@"
}

# check TOOL NAME VALUE: the status of --check; stderr is in file err.
check() {
    local status=0
    configured "$2=$3" "$BUILD/bin/$1" --check >out 2>err </dev/null || status=$?
    echo "$status"
}

complain() {
    echo "$*" >&2
    bad=yes
}

# section MANUAL NAME: the text of a section, mdoc as it stands.
section() { awk -v name="$2" '/^\.Sh / { inside = ($0 == ".Sh " name); next } inside' "$1"; }

# --- schemas ---

@test "the schemas are JSON Schemas" { "$SUPPORT/validate.py" --schema "$COMMON"/*.schema.json; }

@test "the schemas refuse what is wrong" {
    refuse() {
        echo "$2" >line
        run -1 --separate-stderr "$SUPPORT/validate.py" "$COMMON/$1.schema.json" line
        [[ $stderr == line:1:* ]] || complain "$1.schema.json takes $2: $stderr"
    }
    bad=no
    refuse record '[]'
    refuse record '{"no":"type"}'
    refuse record '{"type":"ip"}'
    refuse record '{"type":"ip","ip":"10.0.0.1","ip":"10.0.0.1"}'
    refuse record '{"type":"run","run_id":"1"}'
    refuse record '{"type":"zone","zone":"a.test","health":"fine","detail":null}'
    refuse record '{"type":"zone","zone":"a.test","health":"ok","detail":null,"final":true}'
    refuse record '{"type":"ip","ip":"10.0.0.1","results":[]}'
    refuse record '{"type":"ip","ip":"10.0.0.1","probed_at":"2026-01-31T12:00:00.000Z","results":[{"zone":"a","status":"UNKNOWN","answers":[],"reason":null,"error":null,"duration_ms":1}]}'
    refuse record '{"type":"ip","ip":"10.0.0.1","probed_at":"2026-01-31T12:00:00.000Z","results":[{"zone":"a","status":"LISTED","answers":[],"reason":null,"error":null,"duration_ms":1}]}'
    refuse record '{"type":"ip","ip":"10.0.0.1","decision":"LISTED"}'
    refuse record '{"type":"ip","ip":"10.0.0.1","db_outcome":"fine","db_changes":true}'
    refuse record '{"type":"end","run_id":"6f1c7a3e-9a53-4c58-8a4e-000000000001","ips":-1,"skipped":0}'
    refuse log '{"timestamp":"2026-01-31T12:00:00.000Z","level":"INFO","job_run_id":null}'
    refuse log '{"timestamp":"2026-01-31T12:00:00.000Z","level":"INFO","job_run_id":null,"type":"job_summary"}'
    refuse log '{"timestamp":"2026-01-31 12:00","level":"INFO","job_run_id":null,"tool":"pg-ips","error_type":"x","error_message":"y"}'
    refuse log '{"timestamp":"2026-01-31T12:00:00.000Z","level":"INFO","job_run_id":null,"tool":"ls","error_type":"x","error_message":"y"}'
    [ "$bad" = no ]
}

@test "every type of record and every member is explained in dnsbl-record(5)" {
    jq -r '.["$defs"] | to_entries[] | select(.key | IN("run", "zone", "ip", "end", "result")) | .value.properties | keys[]' \
        "$COMMON/record.schema.json" | sort -u >members
    [ "$(wc -l <members)" -gt 40 ]
    bad=no
    while read -r member; do
        grep '^\.It Va\|^\.Va\|^\.Cm' "$COMMON/dnsbl-record.5" | grep -qw -- "$member" || complain "$member is not explained"
    done <members
    jq -r '.["$defs"].error.enum[], .["$defs"].zone.properties.health.enum[]' "$COMMON/record.schema.json" >words
    while read -r word; do
        grep '^\.Cm\|^\.It' "$COMMON/dnsbl-record.5" | grep -qw -- "$word" || complain "$word is not explained"
    done <words
    [ "$bad" = no ]
}

# --- manuals ---

@test "each tool has a manual with all its sections" {
    bad=no
    for manual in "${tools[@]/#/$TOP/tools/}"; do
        [ -f "$manual.1" ] || { complain "$manual.1 is missing"; continue; }
        for name in NAME SYNOPSIS DESCRIPTION ENVIRONMENT "EXIT STATUS" EXAMPLES "SEE ALSO"; do
            [ -n "$(section "$manual.1" "$name")" ] || complain "$manual.1 has no section $name"
        done
    done
    [ "$bad" = no ]
}

@test "each tool's manual names the variables that the tool reads, and no other" {
    bad=no
    for tool in "${tools[@]}"; do
        section "$TOP/tools/$tool.1" ENVIRONMENT | grep '^\.It Ev' | grep -oE '\b[A-Z][A-Z_]+\b' | sort -u >documented
        comm -12 documented <(all_variables) >known
        diff <(variables_of "$tool") known || complain "$tool(1) and config.schema.json differ"
    done
    [ "$bad" = no ]
}

@test "the bounds of numbers are stated in the manual of the first tool that reads them" {
    bad=no
    while read -r tool name lowest highest; do
        section "$TOP/tools/$tool.1" ENVIRONMENT >text || true
        for bound in "$lowest" "$highest"; do
            grep -qE "\\b${bound}\\b" text || complain "$tool(1) does not state the bound $bound of $name"
        done
    done < <(config '.properties | to_entries[] | select(.value.type == "integer" and .key != "JOB_COMPLETION_INDEX")
        | "\(.value["x-tools"][0]) \(.key) \(.value.minimum) \(.value.maximum)"')
    [ "$bad" = no ]
}

# --- programs ---

@test "each tool helps, tells its version, and is content with a good configuration" {
    for tool in "${tools[@]}"; do
        run -0 configured "$BUILD/bin/$tool" --check
        [ -z "$output" ]
        run -0 "$BUILD/bin/$tool" --help
        [[ $output == "usage: $tool "* ]]
        run -0 "$BUILD/bin/$tool" --version
        [[ $output == "$tool "[0-9]* ]]
        run -64 configured "$BUILD/bin/$tool" --nonsense
    done
}

@test "the bounds of numbers are those of config.schema.json" {
    bad=no
    while read -r tool name lowest highest; do
        for value in "$lowest" "$highest"; do
            [ "$(check "$tool" "$name" "$value")" = 0 ] || complain "$tool refuses $name=$value: $(cat err)"
        done
        for value in $((lowest - 1)) $((highest + 1)) 1x 1.5 0x1 "1 " 99999999999999999999; do
            [ "$(check "$tool" "$name" "$value")" = 78 ] || complain "$tool takes $name=$value"
            grep -q "\"$name" err || complain "$tool does not name $name: $(cat err)"
        done
    done < <(config '.properties | to_entries[] | select(.value.type == "integer") as {$key, $value}
        | $value["x-tools"][] | "\(.) \($key) \($value.minimum) \($value.maximum)"')
    [ "$bad" = no ]
}

@test "flags are strict" {
    bad=no
    while read -r tool name; do
        for value in true FALSE yes No on off 1 0; do
            [ "$(check "$tool" "$name" "$value")" = 0 ] || complain "$tool refuses $name=$value: $(cat err)"
        done
        for value in maybe 2 "true "; do
            [ "$(check "$tool" "$name" "$value")" = 78 ] || complain "$tool takes $name=$value"
        done
    done < <(config '.properties | to_entries[] | select(.value.type == "boolean") as {$key, $value} | $value["x-tools"][] | "\(.) \($key)"')
    [ "$bad" = no ]
}

@test "a tool reads its own variables, from files too, and no others" {
    bad=no
    for tool in "${tools[@]}"; do
        variables_of "$tool" >own
        while read -r name; do
            expected=0
            ! grep -qx "$name" own || expected=78
            [ "$(check "$tool" "${name}_FILE" "$PWD/missing/file")" = "$expected" ] || {
                # That file is read only where the variable is not set as well, which is wrong, too.
                complain "$tool with ${name}_FILE missing does not end with $expected: $(cat err)"
            }
            [ "$expected" = 0 ] || grep -q "$name" err || complain "$tool does not name $name: $(cat err)"
        done < <(all_variables)
    done
    [ "$bad" = no ]
}

@test "required variables are required, and defaults are valid" {
    bad=no
    while read -r tool name; do
        [ "$(check "$tool" "$name" "")" = 78 ] || complain "$tool does without $name"
    done < <(config '.properties | to_entries[] | select(.value["x-required"]) as {$key, $value} | $value["x-tools"][] | "\(.) \($key)"')
    while IFS=$'\t' read -r tool name value; do
        [ "$(check "$tool" "$name" "$value")" = 0 ] || complain "$tool refuses its own default $name=$value"
    done < <(config '.properties | to_entries[] | select(.value.default != null) as {$key, $value} | $value["x-tools"][] | [., $key, ($value.default | tostring)] | @tsv')
    [ "$bad" = no ]
}

# --- what the programs write ---

# between NAME COMMAND...: runs a stage, keeps what it writes in NAME, its log in NAME.log, its status in NAME.status.
between() {
    local status=0
    "${@:2}" 2>"$1.log" | tee "$1" || status=${PIPESTATUS[0]}
    echo "$status" >"$1.status"
}

job() {
    between 1 "$BUILD/bin/pg-ips" </dev/null | between 2 "$BUILD/bin/dnsbl-probe" | between 3 "$BUILD/bin/dnsbl-decide" |
        between 4 "$BUILD/bin/pg-apply" | between 5 "$BUILD/bin/jira-sync" | between 6 "$BUILD/bin/log-summary" >/dev/null
}

valid_job() {
    cat ./*.log >&2
    [ "$(cat ./[1-6].status | sort -u)" = 0 ]
    "$SUPPORT/validate.py" "$COMMON/record.schema.json" [1-5]
    "$SUPPORT/validate.py" "$COMMON/log.schema.json" 6
    cat ./*.log >logs
    [ ! -s logs ] || "$SUPPORT/validate.py" "$COMMON/log.schema.json" logs
}

@test "records and log lines of a whole job are valid, dry and real" {
    load support/servers.bash
    postgres_start "$BATS_FILE_TMPDIR"
    rbldnsd_start "$BATS_FILE_TMPDIR" a.test b.test
    jira_start "$BATS_FILE_TMPDIR"
    export DNSBL_ZONES='a.test,A2:a.test=127.0.0.4*0,b.test,gone.test' DNS_TIMEOUT=1
    zone_list a.test 192.0.2.2
    zone_list a.test 192.0.2.3 127.0.0.4 "a reason"
    zone_list b.test 2001:db8::3
    rbldnsd_reload
    for address in 192.0.2.{1..5} 2001:db8::3 "no address"; do pool_add "$address" >/dev/null; done
    sql "UPDATE postal.ip_addresses SET priority = 0, \"oldPriority\" = 100, \"blockingLists\" = 'b.test' WHERE id = 4"
    for dry_run in true false; do
        mkdir "dry-$dry_run"
        pushd "dry-$dry_run"
        DRY_RUN=$dry_run job
        valid_job
        [ "$(jq -r 'select(.type == "ip").transition' 5 | sort | uniq -c | awk '{ print $2, $1 }' | paste -sd' ')" = \
            "cleared 1 listed 3 none 2" ]
        [ "$(jq -c 'select(.type == "job_summary") | [.total_ips, .newly_listed, .cleaned, .unchanged, .failed, .skipped, .jira_created, .dry_run, .complete]' 6)" = \
            "[6,3,1,2,0,1,3,$dry_run,true]" ]
        popd
    done
}
