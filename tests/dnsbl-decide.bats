# dnsbl-decide: rules (dnsbl-decide.cases), surge brake, stream, configuration.

bats_require_minimum_version 1.5.0

setup_file() {
    export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build}
    export SUPPORT=$BATS_TEST_DIRNAME/support COMMON=$BATS_TEST_DIRNAME/../common
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    source "$SUPPORT/options.bash"
    source "$SUPPORT/records.bash"
    source "$SUPPORT/wait.bash"
    export DNSBL_ZONES=a.test,b.test
    unset DNSBL_ZONES_FILE SURGE_LIMIT_PERCENT SURGE_RELEASE DNSBL_THRESHOLD LISTED_PRIORITY CLEAN_FALLBACK_PRIORITY
}

# untimed FILE: without how long the stage took, which stands in `end`.
untimed() { sed 's/,"stage_duration_sec":{"dnsbl-decide":[0-9.]*}}$/}/' "$1"; }
decide() { "$BUILD/bin/dnsbl-decide" "$@"; }
cases() { "$SUPPORT/decide_cases.py" "$BUILD/bin/dnsbl-decide" "$BATS_TEST_DIRNAME/dnsbl-decide.cases" "$1"; }

# ips FROM TO LISTS [ZONE...]: addresses 10.x.y.z; their rows' lists, and the zones of those asked that list them.
asked='"a.test","b.test"'
ips() {
    jq -nc --argjson from "$1" --argjson to "$2" --arg lists "$3" --args "
        range(\$from; \$to + 1) as \$i
        | {type: \"ip\", id: \$i, ip: \"10.\(\$i / 65536 | floor).\(\$i / 256 % 256 | floor).\(\$i % 256)\"}
        | . + {ip_text: .ip, priority: (if \$lists == \"\" then 100 else 0 end),
            old_priority: (if \$lists == \"\" then null else 100 end), blocking_lists: \$lists, last_event: null,
            results: [($asked) as \$zone | (\$ARGS.positional | index(\$zone) != null) as \$listed
                | {zone: \$zone, status: (if \$listed then \"LISTED\" else \"NOT_LISTED\" end),
                    answers: (if \$listed then [\"127.0.0.2\"] else [] end), reason: null, error: null, duration_ms: 2.5}],
            probed_at: \"2026-01-31T12:00:00.000Z\"}" "${@:4}"
}

# framed: puts run and end around what comes.
framed() {
    local lines
    lines=$(cat)
    start
    echo "$lines"
    end "$(grep -c . <<<"$lines")"
}

# counts: "transition number" of the records in the file out, sorted.
counts() { jq -r 'select(.type == "ip").transition' out | sort | uniq -c | awk '{ print $2, $1 }' | paste -sd' '; }

valid() { "$SUPPORT/validate.py" "$COMMON/record.schema.json" "$@"; }
valid_log() { "$SUPPORT/validate.py" "$COMMON/log.schema.json" "$@"; }
error_types() { jq -r .error_type err | sort | uniq -c | awk '{ print $2, $1 }' | paste -sd' '; }

# --- the rules ---

@test "the decision table" { cases "the decision table"; }
@test "doubt never acts" { cases "doubt never acts"; }
@test "weights and filters" { cases "weights and filters"; }
@test "allowlists that are UNKNOWN are weighed both ways" { cases "allowlists that are UNKNOWN"; }
@test "names in the row stand for zones" { cases "names in the row"; }
@test "keys in stored names are not shown" { cases "keys in stored names"; }

@test "every section of the case file is run" {
    run -0 grep -c '^== ' "$BATS_TEST_DIRNAME/dnsbl-decide.cases"
    [ "$output" = "$(grep -c '^@test.*{ cases "' "$BATS_TEST_FILENAME")" ]
}

@test "a listing, byte for byte" {
    ips 1 1 "" b.test a.test | framed >in
    decide <in >out 2>err
    [ ! -s err ]
    expected=$(sed -n 's/}$//; 2p' in)',"decision":"LISTED","transition":"listed","score":2,"listed_zones":["a.test","b.test"],"unknown_zones":[],"carried_zones":[],"watch_zones":[],"added_zones":["a.test","b.test"],"removed_zones":[],"update":{"priority":0,"old_priority":100,"blocking_lists":"a.test,b.test","last_event":"new block from list(s) a.test,b.test"}}'
    [ "$(sed -n 2p out)" = "$expected" ]
    valid out
}

@test "what was decided is decided the same again" {
    { ips 1 3 "" a.test; ips 4 6 a.test; ips 7 8 a.test b.test; } | framed >in
    decide <in >out
    decide <out >again
    cmp <(untimed out) <(untimed again)
    [ "$(counts)" = "changed 2 cleared 3 listed 3" ]
}

@test "a zone that is not configured is ignored with one warning" {
    ips 1 50 "" b.test | framed >in
    DNSBL_ZONES=a.test decide <in >out 2>err
    [ "$(counts)" = "none 50" ]
    [ "$(error_types)" = "zone_not_configured 1" ]
    grep -q b.test err
    valid_log err
}

# --- the stream ---

@test "other records and unknown members pass through untouched, in order" {
    {
        start
        echo '{"type":"zone","zone":"a.test","health":"ok","detail":null,  "x":[1,2.50,{"y":"\u00e9"}]}'
        ips 1 1 "" | sed 's/{/{"new": 1e3,/'
        echo '{"type":"weather","big":9007199254740993}'
        ips 2 2 "" a.test
        end 2
    } >in
    decide <in >out
    sed 's/,"decision".*/}/' out | untimed - | cmp - in
    [ "$(counts)" = "listed 1 none 1" ]
}

@test "a bad record is reported, dropped and makes the status 1" {
    {
        echo 'not json'
        echo '[1]'
        echo '{"no":"type"}'
        echo '{"type":"ip","ip":"10.0.0.1","ip":"10.0.0.1","results":[]}'
        echo '{"type":"ip","ip":"10.0.0.1","results":[],"n":99999999999999999999}'
        echo '{"type":"ip","results":[]}'
        echo '{"type":"ip","ip":"10.0.0.256","results":[]}'
        echo '{"type":"ip","ip":"10.0.0.1"}'
        echo '{"type":"ip","ip":"10.0.0.1","results":{}}'
        echo '{"type":"ip","ip":"10.0.0.1","results":[{"zone":"a.test","status":"MAYBE"}]}'
        echo '{"type":"ip","ip":"10.0.0.1","results":[{"zone":"a.test","status":"LISTED","answers":["127.0.0"]}]}'
        echo '{"type":"ip","ip":"10.0.0.1","results":[{"zone":"a.test","status":"UNKNOWN"},{"zone":"a.test","status":"LISTED"}]}'
        echo '{"type":"ip","ip":"10.0.0.1","id":1,"results":[]}'
        echo '{"type":"ip","ip":"10.0.0.1","id":1,"ip_text":"10.0.0.1","priority":"100","results":[]}'
        echo '{"type":"ip","ip":"10.0.0.1","id":1,"ip_text":"10.0.0.1","blocking_lists":7,"results":[]}'
        printf '{"type":"ip","ip":"10.0.0.1","results":[],"x":"\xff"}\n'
    } >bad
    { start; cat bad; ips 1 1 "" a.test; end 1; } >in
    run -1 --separate-stderr decide <in
    [ "${#lines[@]}" -eq 3 ]
    [ "$(jq -r .transition <<<"${lines[1]}")" = listed ]
    printf '%s\n' "${stderr_lines[@]}" >err
    [ "$(error_types)" = "bad_record $(wc -l <bad)" ]
    valid_log err
    jq -r .error_message err | awk -v line=2 '$0 !~ "^line " line++ ":" { print; bad = 1 } END { exit bad }'
}

@test "a stream without end was cut off: what came is passed on, status 65" {
    { start; ips 1 3 ""; } >in
    run -65 --separate-stderr decide <in
    [ "${#lines[@]}" -eq 4 ]
    [ "$(jq -r .error_type <<<"$stderr")" = cut_off ]
}

@test "a last line without newline, a second run, and a line behind end are cut off too" {
    ips 1 1 "" >one
    { start; cat one; printf '%s' "$(end 1)"; } >no_newline
    { start; cat one; start; cat one; end 2; } >two_runs
    { start; cat one; end 1; cat one; } >behind_end
    printf '%s' "$(cat one)" >no_frame
    { cat one; end 1; } >no_run
    for file in no_newline two_runs behind_end no_frame no_run; do
        run -65 --separate-stderr decide <"$file"
        [ "$(jq -r .error_type <<<"$stderr")" = cut_off ]
    done
}

@test "an empty stream is cut off only with --require-run" {
    decide </dev/null
    run -65 --separate-stderr decide --require-run </dev/null
    ips 1 1 "" >bare
    decide <bare >/dev/null
    run -65 --separate-stderr decide --require-run <bare
    framed <bare | decide --require-run >/dev/null
}

@test "a line of more than 1 MiB is dropped, the longest allowed is not" {
    /usr/bin/python3 - "$(ips 1 1 "")" >in <<'PROGRAM'
import sys
record = sys.argv[1][:-1]
limit = 1024 * 1024
def line(length):  # with its newline
    start = record + ',"pad":"'
    return start + "x" * (length - len(start) - 3) + '"}\n'
sys.stdout.write(line(limit + 1) + line(limit) + line(limit - 1000) + record + "}\n")
PROGRAM
    run -1 --separate-stderr decide <in
    # The longest allowed came in, but has no room for the decision; the one after it has.
    [ "${#lines[@]}" -eq 2 ]
    [ "${#lines[0]}" -le 1048575 ]
    [ "${#lines[0]}" -gt 1047000 ]
    [ "$(jq -r .error_type <<<"$stderr" | paste -sd' ')" = "bad_record bad_record" ]
    grep -q 'longer than 1048576 bytes' <<<"${stderr_lines[0]}"
    grep -q 'would be longer' <<<"${stderr_lines[1]}"
}

@test "a row whose lists are nonsense holds nothing up" {
    ips 1 1 "" | jq -c '.blocking_lists = ([range(60000) | "z\(.)"] | join(","))' >in
    ips 2 2 "" >>in
    run -0 --separate-stderr bash -c 'source "$SUPPORT/limits.bash" && limit_processor 3 && exec "$BUILD/bin/dnsbl-decide"' <in
    [ "$(jq -r .transition <<<"$output" | paste -sd' ')" = "cleared none" ]
}

@test "a full disk is fatal: 74" {
    ips 1 1 "" >in
    run -74 --separate-stderr bash -c '"$BUILD/bin/dnsbl-decide" <in >/dev/full'
    [ "$(jq -r .error_type <<<"$stderr")" = output_error ]
    run -74 bash -c '"$BUILD/bin/dnsbl-decide" --help >/dev/full'
}

@test "a reader that is gone ends it quietly" {
    ips 1 3000 "" >in
    run -0 --separate-stderr bash -c '{ "$BUILD/bin/dnsbl-decide" <in; echo $? >status; } | true'
    [ -z "$stderr" ]
    [ "$(cat status)" -eq 141 ]
}

@test "a slow stream is live" {
    mkfifo pipe
    decide <pipe >out &
    exec 9>pipe
    ips 1 1 "" a.test >&9
    wait_for 60 test -s out
    exec 9>&-
    wait $!
    [ "$(counts)" = "listed 1" ]
}

# --- options and configuration ---

@test "options: help, version, and what is none" {
    usual_options dnsbl-decide --help=1
}

@test "all problems of the configuration at once, nothing read or written" {
    export DNSBL_ZONES='a.test*x,b.test=1.2.3.4,K.zen.dq.spamhaus.net' DNSBL_THRESHOLD=0 LISTED_PRIORITY=-1 \
        CLEAN_FALLBACK_PRIORITY=5x SURGE_LIMIT_PERCENT=101
    run -78 --separate-stderr decide <<<'not json'
    [ -z "$output" ]
    printf '%s\n' "${stderr_lines[@]}" >err
    [ "$(jq -r .variable err | sort | paste -sd' ')" = \
        "CLEAN_FALLBACK_PRIORITY DNSBL_THRESHOLD DNSBL_ZONES DNSBL_ZONES DNSBL_ZONES LISTED_PRIORITY SURGE_LIMIT_PERCENT" ]
    valid_log err
}

@test "DNSBL_ZONES is required, and can come from a file" {
    unset DNSBL_ZONES
    run -78 --separate-stderr decide --check
    grep -q '"variable":"DNSBL_ZONES"' <<<"$stderr"
    echo a.test >zones
    DNSBL_ZONES_FILE=zones decide --check
    DNSBL_ZONES_FILE=zones decide --check=online
    DNSBL_ZONES=a.test DNSBL_ZONES_FILE=zones run -78 decide --check
    DNSBL_ZONES_FILE=missing run -78 decide --check
}

@test "SURGE_RELEASE names configured zones" {
    SURGE_RELEASE=a.test,b.test decide --check
    DNSBL_ZONES=A:a.test SURGE_RELEASE="a.test, A" decide --check
    SURGE_RELEASE=a.test,c.test run -78 --separate-stderr decide --check
    [ "$(jq -r .variable <<<"$stderr")" = SURGE_RELEASE ]
    grep -q c.test <<<"$stderr"
}

@test "a key in DNSBL_ZONES is never shown" {
    export KEY=sesame4711 DNSBL_ZONES='CSS:${KEY}.zen.dq.spamhaus.net*2,CSS:other.test,a.test'
    run -78 --separate-stderr decide --check
    [[ $stderr != *sesame4711* ]]
    export DNSBL_ZONES='CSS:${KEY}.zen.dq.spamhaus.net*2,a.test'
    ips 1 1 "a.test,SESAME4711.zen.dq.spamhaus.net" | sed 's/"b.test"/"CSS"/' | decide >out 2>err
    jq -c 'del(.blocking_lists)' out >added
    run -1 grep -i sesame added err
    [ "$(jq -r .removed_zones[] out | paste -sd' ')" = "***.zen.dq.spamhaus.net a.test" ]
}

@test "a key is not shown where a zone is named that is not configured" {
    SURGE_RELEASE=sesame4711.zen.dq.spamhaus.net run -78 --separate-stderr decide --check
    [[ $stderr != *sesame4711* && $stderr == *"***.zen.dq.spamhaus.net"* ]]
    ips 1 1 "" | sed 's/"b.test"/"sesame4711.zen.dq.spamhaus.net"/' >in
    run -0 --separate-stderr decide <in
    [[ $stderr != *sesame4711* && $stderr == *"***.zen.dq.spamhaus.net"* ]]
    ips 1 1 "" | jq -c '.results[1].zone = "z" * 100000' >in
    run -0 --separate-stderr decide <in
    [ "${#stderr}" -lt 1500 ]
    [ "$(jq -r .error_type <<<"$stderr")" = zone_not_configured ]
}

# --- the surge brake ---

@test "surge: a zone that newly lists too many is held, and the end says so" {
    { ips 1 20 "" a.test; ips 21 100 ""; } | framed >in
    SURGE_LIMIT_PERCENT=19 decide <in >out 2>err
    [ "$(counts)" = "held 20 none 80" ]
    [ "$(jq -c 'select(.transition == "held") | [.decision, .update, .surge_zones, .listed_zones]' out | sort -u)" = \
        '["LISTED",null,["a.test"],["a.test"]]' ]
    jq -se 'last.surge == [{zone: "a.test", newly_listed: 20, total: 100, limit_percent: 19}]' out
    [ "$(error_types)" = "surge 1" ]
    grep -q '20 of 100 addresses.*SURGE_RELEASE=a.test' err
    valid out
    valid_log err
}

@test "surge: exactly the limit is none, and one more is" {
    { ips 1 20 "" a.test; ips 21 100 ""; } | framed >in
    SURGE_LIMIT_PERCENT=20 decide <in >out 2>err
    [ "$(counts)" = "listed 20 none 80" ]
    [ ! -s err ]
    [ "$(jq -c 'select(.type == "end") | has("surge")' out)" = false ]
    { ips 1 21 "" a.test; ips 22 100 ""; } | framed | SURGE_LIMIT_PERCENT=20 decide >out 2>err
    [ "$(counts)" = "held 21 none 79" ]
}

@test "surge: ten addresses are never a surge, eleven may be" {
    ips 1 10 "" a.test | framed | SURGE_LIMIT_PERCENT=1 decide >out
    [ "$(counts)" = "listed 10" ]
    ips 1 11 "" a.test | framed | SURGE_LIMIT_PERCENT=1 decide >out 2>err
    [ "$(counts)" = "held 11" ]
}

@test "surge: addresses about to become listed leave before end, in order, behind the others" {
    { ips 1 2 "" a.test; ips 3 4 ""; ips 5 5 "" b.test; ips 6 6 a.test b.test; } | framed >in
    SURGE_LIMIT_PERCENT=50 decide <in >out
    [ "$(jq -r '.id // .type' out | paste -sd' ')" = "run 3 4 6 1 2 5 end" ]
    SURGE_LIMIT_PERCENT=0 decide <in >out
    [ "$(jq -r '.id // .type' out | paste -sd' ')" = "run 1 2 3 4 5 6 end" ]
}

@test "surge: what another zone lists is decided without the surging one" {
    { ips 1 20 "" a.test; ips 21 23 "" a.test b.test; ips 24 60 ""; } | framed >in
    SURGE_LIMIT_PERCENT=30 decide <in >out 2>err
    [ "$(counts)" = "held 20 listed 3 none 37" ]
    [ "$(jq -c 'select(.transition == "listed") | [.listed_zones, .update.blocking_lists, .score, .surge_zones]' out | sort -u)" = \
        '[["b.test"],"b.test",1,["a.test"]]' ]
    valid out
}

@test "surge: below the threshold without the surging zone is held" {
    { ips 1 20 "" a.test b.test; ips 21 60 "" b.test; } | framed >in
    DNSBL_ZONES='a.test,b.test*0' SURGE_LIMIT_PERCENT=30 decide <in >out 2>err
    [ "$(counts)" = "held 20 none 40" ]
    DNSBL_THRESHOLD=2 SURGE_LIMIT_PERCENT=30 DNSBL_ZONES=a.test,b.test decide <in >out 2>err
    [ "$(counts)" = "held 20 none 40" ]
}

@test "surge: what never reaches the threshold is no new listing" {
    { ips 1 20 "" a.test; ips 21 23 "" a.test b.test; ips 24 60 ""; } | framed |
        DNSBL_THRESHOLD=2 SURGE_LIMIT_PERCENT=10 decide >out 2>err
    [ "$(counts)" = "listed 3 none 57" ]
    [ ! -s err ]
}

@test "surge: listed rows that gain the zone count, and are not held themselves" {
    { ips 1 9 b.test a.test b.test; ips 10 14 "" a.test; ips 15 40 ""; } | framed |
        SURGE_LIMIT_PERCENT=30 decide >out 2>err
    [ "$(counts)" = "changed 9 held 5 none 26" ]
    [ "$(jq -c 'select(.type == "end").surge[0] | [.newly_listed, .total]' out)" = '[14,40]' ]
}

@test "surge: rows that have the zone already do not count" {
    { ips 1 30 a.test a.test; ips 31 33 "" a.test; ips 34 40 ""; } | framed |
        SURGE_LIMIT_PERCENT=10 decide >out 2>err
    [ "$(counts)" = "listed 3 none 37" ]
    [ ! -s err ]
}

@test "surge: SURGE_RELEASE lets one zone through, not the other" {
    { ips 1 20 "" a.test; ips 21 40 "" b.test; } | framed >in
    SURGE_RELEASE=a.test SURGE_LIMIT_PERCENT=30 decide <in >out 2>err
    [ "$(counts)" = "held 20 listed 20" ]
    [ "$(jq -c 'select(.transition == "held").surge_zones' out | sort -u)" = '["b.test"]' ]
    SURGE_RELEASE=a.test,b.test SURGE_LIMIT_PERCENT=30 decide <in >out 2>err
    [ "$(counts)" = "listed 40" ]
}

@test "surge: two zones at once" {
    ips 1 20 "" a.test b.test | framed | SURGE_LIMIT_PERCENT=30 decide >out 2>err
    [ "$(counts)" = "held 20" ]
    [ "$(jq -c 'select(.type == "end").surge[].zone' out | paste -sd' ')" = '"a.test" "b.test"' ]
    [ "$(error_types)" = "surge 2" ]
}

@test "surge: off without a run record" {
    ips 1 20 "" a.test | SURGE_LIMIT_PERCENT=1 decide >out
    [ "$(counts)" = "listed 20" ]
}

@test "surge: on a cut-off stream all that was held back is held" {
    { start; ips 1 3 "" a.test; ips 4 5 ""; } >in
    SURGE_LIMIT_PERCENT=50 run -65 --separate-stderr decide <in
    printf '%s\n' "${lines[@]}" >out
    printf '%s\n' "${stderr_lines[@]}" >err
    [ "$(counts)" = "held 3 none 2" ]
    [ "$(error_types)" = "cut_off 1 surge 1" ]
    valid out
}

@test "surge: after SIGTERM all that was held back is held, status 143" {
    mkfifo pipe
    SURGE_LIMIT_PERCENT=50 "$BUILD/bin/dnsbl-decide" <pipe >out 2>err &
    pid=$!
    exec 9>pipe
    { start; ips 1 3 "" a.test; ips 4 4 ""; } >in
    cat in >&9
    taken_in() { [ "$(wc -l <out)" -ge 2 ]; } # the fourth address comes out when all have been
    wait_for 60 taken_in
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 143 ]
    exec 9>&-
    [ "$(counts)" = "held 3 none 1" ]
    valid out
}

@test "surge: after SIGTERM a slow reader does not hold it up" {
    { start; ips 1 9000 "" a.test; ips 9001 9001 ""; } >in
    mkfifo pipe slow
    SURGE_LIMIT_PERCENT=50 "$BUILD/bin/dnsbl-decide" <pipe >slow 2>err &
    pid=$!
    exec 9>pipe
    # Reads what comes at once, then goes on for a minute at a quarter of the pace that would do.
    /usr/bin/python3 -c '
import os, time
slow = os.open("slow", os.O_RDONLY)
while os.read(slow, 4096):
    open("begun", "w").close()
    time.sleep(0.05)
' &
    reader=$!
    cat in >&9
    wait_for 60 test -e begun # the last address comes out when all have been taken in
    before=$SECONDS
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    exec 9>&-
    kill "$reader"
    [ "$status" -eq 143 ]
    [ $((SECONDS - before)) -le 6 ]
}

@test "surge: a replay forgets what was held when it was captured" {
    ips 1 20 "" a.test | framed | SURGE_LIMIT_PERCENT=30 decide >held 2>err
    SURGE_RELEASE=a.test SURGE_LIMIT_PERCENT=30 decide <held >out
    [ "$(counts)" = "listed 20" ]
    [ "$(jq -c 'select(.type == "ip").surge_zones, select(.type == "end").surge' out | sort -u)" = '[]' ]
}
