# dnsbl-report: a page from records or logs. What a browser makes of it is in browser/dnsbl-report.bats.

bats_require_minimum_version 1.5.0

setup_file() {
    export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build}
    export SUPPORT=$BATS_TEST_DIRNAME/support COMMON=$BATS_TEST_DIRNAME/../common
    export REPORT_TOP=$BATS_TEST_DIRNAME/..
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    source "$SUPPORT/options.bash"
    source "$SUPPORT/report.bash"
    source "$SUPPORT/wait.bash"
    source "$SUPPORT/limits.bash"
}

# ---- the page ---------------------------------------------------------------

@test "a run becomes a page that is well formed, with the listed address, the zones and all addresses" {
    {
        run_record 1
        zone a.test ok
        zone b.test unreachable "127.0.0.2: timeout, 3 times"
        ip 1
        ip 2 "$listed | .jira_issue = \"OPS-1\""
        ip 3 "$(unknown 1 zone_unreachable)"
        end_record 1 3
    } | page
    [ ! -s err ]
    parsed ends >ends
    [ "$(cat ends)" = 1 ]
    [ "$(parsed tiles)" = 'addresses 3, listed 1, newly listed 1, cleared 0, in doubt 1, list not well 1' ]
    [ "$(parsed row 10.0.0.2)" = '10.0.0.2 | listed newly listed | listed a.test 127.0.0.2 a reason | OPS-1' ]
    [ "$(parsed row a.test)" = 'a.test | ok | 1 | 0 | 3 | 2.5 ms / 2.5 ms / 2.5 ms' ]
    [[ $(parsed row b.test) == 'b.test | unreachable127.0.0.2: timeout, 3 timesWhat to doits name servers do not answer'*' | 0 | 1zone_unreachable 1 | 3 | '* ]]
    [ "$(data '.addresses | map(if type == "string" then . else .[0:2] end)')" = '["10.0.0.1",["10.0.0.2",0],["10.0.0.3",2]]' ]
    [ "$(data '[.zones, .common, .sets[.common]]')" = '[["a.test","b.test"],0,[0,1]]' ]
    [ "$(data '.addresses[2][4] as $cells | [.zones[$cells[0]], .findings[$cells[1]]]')" = '["b.test",[3,"","zone_unreachable",""]]' ]
}

@test "the page names the hash of its script and style in its policy, and nothing that it could ask for" {
    { run_record 1; ip 1; end_record 1 1; } | page
    parsed policy >policy
    [ "$(cut -d' ' -f1-3,5- policy)" = "default-src 'none'; script-src style-src $(parsed hash style); img-src data:; base-uri 'none'; form-action 'none'" ]
    grep -qF "script-src $(parsed hash script);" policy
    [ "$(parsed references)" = "data:, #pool" ]
    [ -z "$(parsed inline)" ]
}

@test "what is clean costs its address only" {
    { run_record 1; for n in {1..250}; do ip "$n"; done; end_record 1 250; } | page
    { run_record 1; for n in {1..150}; do ip "$n"; done; end_record 1 150; } | page half.html
    [ $(($(wc -c <page.html) - $(wc -c <half.html))) -lt $((100 * 16)) ]
}

@test "when a thousand are listed, the others are named behind the table" {
    {
        run_record 1
        jq -nc 'range(1002) | {type: "ip", ip: "10.1.\(. / 256 | floor).\(. % 256)", results: [
            {zone: "a.test", status: "LISTED", answers: ["127.0.0.2"], reason: "\(.)", error: null, duration_ms: 1}]}'
        end_record 1 1002
    } | page
    [ ! -s err ]
    [ "$(grep -c '^<tr><th scope="row">10' page.html)" = 1000 ]
    grep -qxF '<p>Listed as well: 10.1.3.232, 10.1.3.233.</p>' page.html
    [ "$(data '.addresses | length')" = 1002 ]
}

@test "each kind of finding, and a zone that was not asked" {
    {
        run_record 1
        zone a.test ok
        zone b.test ok | jq -c '.ipv4_only = true'
        ip 1 "$listed"
        ip 2 '.results[0].status = "LISTED" | .results[0].answers = ["127.0.0.2"] | .watch_zones = ["a.test"]'
        ip 3 '.results[0].status = "LISTED" | .results[0].answers = ["127.0.0.2"]'
        ip 4 "$(unknown 0 timeout) | .decision = \"LISTED\" | .listed_zones = [\"a.test\"] | .carried_zones = [\"a.test\"]"
        ip 5 "$listed | .transition = \"held\" | .update = null | .surge_zones = [\"a.test\"]"
        ip 6 "$(unknown 1 servfail) | .results[1].detail = \"in words\""
        ip 7 '.ip = "2001:db8::7" | .results |= .[0:1]'
        ip 8 '{type, ip}'
        ip 9 '.decision = "LISTED" | .listed_zones = ["old"] | .carried_zones = ["old"] | .unknown_zones = ["old"]'
        end_record 1 9
    } | page
    [ ! -s err ]
    [ "$(kinds)" = '10.0.0.1 listed: a.test listed
10.0.0.2 clean: a.test watched
10.0.0.3 clean: a.test allowed
10.0.0.4 listed: a.test carried
10.0.0.5 held: a.test surging
10.0.0.6 in doubt: b.test unknown
10.0.0.8 not checked:
10.0.0.9 listed: old carried
2001:db8::7 clean:' ]
    [ "$(data '.sets[.addresses[-1][2]]')" = '[0]' ]
    [ "$(data '.findings[-2]')" = '[3,"","servfail","in words"]' ]
    [[ $(parsed row b.test) == *'IPv4 only'* ]]
}

@test "conflicts and failures are noted" {
    {
        run_record 1
        ip 1 "$listed | .db_outcome = \"conflict\""
        ip 2 "$listed | .db_outcome = \"failed\" | .jira_action = \"failed\""
        end_record 1 2
    } | page
    [[ $(parsed row 10.0.0.1) == '10.0.0.1 | listed newly listed conflict in the database | '* ]]
    [[ $(parsed row 10.0.0.2) == '10.0.0.2 | listed newly listed the database failed the ticket failed | '* ]]
    [[ $(parsed tiles) == *', failed to write 1, '* ]]
}

@test "latencies: the median, what 95 % take at most, and the longest; unasked lookups do not count" {
    {
        run_record 1
        for n in {1..100}; do ip "$n" ".results[0].duration_ms = $n | $(unknown 1 zone_silent) | .results[1].duration_ms = 0"; done
        end_record 1 100
    } | page
    parsed row a.test >row
    read -r median p95 longest < <(sed 's/.* | \([0-9.]*\) ms \/ \([0-9.]*\) ms \/ \([0-9.]*\) ms$/\1 \2 \3/' row)
    awk -v m="$median" -v p="$p95" -v l="$longest" 'BEGIN { exit !(m >= 50 && m <= 55 && p >= 95 && p <= 100 && l == 100) }'
    [[ $(parsed row b.test) == *' | –' ]]
}

@test "records of earlier stages will do" {
    { ip 1 '{type, ip}'; ip 2 "$listed | {type, ip, results, probed_at}"; ip 3 '{type, ip, results, probed_at}'; } | page
    [ ! -s err ]
    [ "$(kinds)" = '10.0.0.1 not checked:
10.0.0.2 listed: a.test listed
10.0.0.3 clean:' ]
    [ "$(parsed when)" = '2026-01-31 12:00 UTC' ]
}

# ---- several runs -----------------------------------------------------------

@test "several runs: the pool is the newest one's, and listings have a past" {
    {
        run_record 3; ip 1; ip 2 "$listed"; end_record 3 2
        run_record 1; ip 1 "$listed"; ip 2; ip 9; end_record 1 3
        run_record 2; ip 1 "$listed"; ip 2 "$listed"; ip 9; end_record 2 3
    } | page
    [ ! -s err ]
    [ "$(data .rounds)" = '["2026-01-01T00:15:00.000Z","2026-01-01T00:30:00.000Z","2026-01-01T00:45:00.000Z"]' ]
    [ "$(data '.addresses | map([.[0], .[1], .[5]])')" = '[["10.0.0.1",4,[0,1]],["10.0.0.2",0,[1,2]]]' ]
    [[ $(parsed row 10.0.0.2) == *' | 2026-01-01 00:30 UTC | '* ]]
    [ "$(parsed runs)" = '2026-01-01 00:45 UTC | whole | 2 | 1
2026-01-01 00:30 UTC | whole | 3 | 2
2026-01-01 00:15 UTC | whole | 3 | 1' ]
    [ "$(parsed labels)" = 'from 1 to 1, at most 2; from 0 to 0, at most 0; from 1 to 1, at most 2' ]
}

@test "one that was cut off among them: it and the others are there, status 65" {
    {
        run_record 1; ip 1 "$listed"; ip 2; end_record 1 2
        run_record 2; ip 2 "$listed"
        run_record 3; ip 1 "$listed"; ip 2; end_record 3 2
    } >in
    run -65 --separate-stderr report <in
    echo "$output" >page.html
    [ "$(jq -r .error_type <<<"$stderr")" = cut_off ]
    [ "$(data '.addresses | map([.[0], .[1], .[5]])')" = '[["10.0.0.1",0,[0,2]],["10.0.0.2",4,[1,1]]]' ]
    [[ $(parsed runs) == *'2026-01-01 00:30 UTC | not whole | 1 | 1'* ]]
    [[ $(parsed warnings) == *'input was cut off'* ]]
}

@test "the newest was cut off: what it did not reach is as the run before left it" {
    {
        run_record 1; zone a.test ok; ip 1 "$listed"; ip 2; ip 3 "$listed"; end_record 1 3
        run_record 2; zone a.test silent; ip 1
    } >in
    run -65 --separate-stderr report <in
    echo "$output" >page.html
    [ "$(data '.addresses | map(if type == "string" then . else [.[0], .[1], .[3]] end)')" = '[["10.0.0.1",4,1],["10.0.0.2",4,0],["10.0.0.3",0,0]]' ]
    [[ $(parsed warnings) == *'newest run is not whole'* ]]
    [[ $(parsed row a.test) == 'a.test | silent'*' | 2 | 0 | 3 | '* ]]
}

@test "shards are one run, and each one's newest counts" {
    shard() { run_record "$1" | jq -c --arg shard "$2" '.shard = $shard | .run_id |= sub("0000$"; "\($shard[0:1])000")'; }
    over() { end_record "$1" 1 | jq -c --arg shard "$2" '.run_id |= sub("0000$"; "\($shard[0:1])000")'; }
    {
        shard 1 0/2; ip 1 "$listed"; over 1 0/2
        shard 1 1/2; ip 2 "$listed"; over 1 1/2
        shard 2 0/2; ip 1; over 2 0/2
        shard 2 1/2; ip 2 "$listed"; over 2 1/2
    } | page
    [ ! -s err ]
    [ "$(data '[(.rounds | length), (.addresses | map([.[0], .[1], .[5]]))]')" = '[2,[["10.0.0.1",4,[0,0]],["10.0.0.2",0,[0,1]]]]' ]
    [ "$(parsed runs)" = '2026-01-01 00:30 UTC | whole | 2 | 1
2026-01-01 00:15 UTC | whole | 2 | 2' ]
}

@test "the same run from several stages counts once" {
    { run_record 1; ip 1 "$listed"; end_record 1 1; } >one
    cat one one one | page
    [ "$(jq -r .error_type err | paste -sd' ')" = "run_again run_again" ]
    [[ $(parsed tiles) == 'addresses 1, listed 1, newly listed 1, '* ]]
}

@test "a record without a run among runs is one of its own" {
    { ip 7 "$listed | .probed_at = \"2025-01-01T00:00:00.000Z\""; run_record 1; ip 1; end_record 1 1; } | page
    [ ! -s err ]
    [ "$(data '[.rounds[0], .addresses]')" = '["2025-01-01T00:00:00.000Z",["10.0.0.1"]]' ]
}

# ---- operators' logs --------------------------------------------------------

@test "a log as log-summary writes it" {
    {
        run_record 1
        zone b.test unreachable "timeouts"
        ip 1
        ip 2 "$listed | .jira_issue = \"OPS-7\""
        ip 3 "$(unknown 0 servfail)"
        ip 4 "$(unknown 1 zone_unreachable)"
        end_record 1 4
    } | "$BUILD/bin/log-summary" >log
    "$SUPPORT/validate.py" "$COMMON/log.schema.json" log
    page <log
    [ ! -s err ]
    [ "$(kinds)" = '10.0.0.1 clean:
10.0.0.2 listed: a.test listed
10.0.0.3 in doubt: a.test unknown
10.0.0.4 in doubt: b.test unknown' ]
    [ "$(data '.addresses[1:3] | map([.[2], .[7]])')" = '[[-1,"OPS-7"],[-1,""]]' ]
    [ "$(data '.addresses[2][4] as $cells | .findings[$cells[1]]')" = '[3,"","servfail","the resolver answered SERVFAIL"]' ]
    [[ $(parsed row b.test) == 'b.test | unreachabletimeouts'*' | 0 | 1zone_unreachable 1 | – | –' ]]
    [[ $(parsed row a.test) == 'a.test | ok | 1 | 1 | – | –' ]]
    [[ $(parsed warnings) == *"operators' logs"* ]]
}

@test "a container's log: the programs' messages among the lines, several runs, the last one under way" {
    log_of() { "$BUILD/bin/log-summary" | jq -c --arg time "2026-01-01T0$1:00:00.000Z" '.timestamp = $time'; }
    message=$(jq -nc '{timestamp: "2026-01-01T02:00:00.000Z", level: "ERROR", job_run_id: null, tool: "jira-sync", error_type: "http", error_message: "x"}')
    { run_record 1; ip 1 "$listed"; ip 2; end_record 1 2; } | log_of 1 >first
    { run_record 2; ip 1; ip 2 "$listed"; end_record 2 2; } | log_of 2 >second
    { cat first; echo "$message"; sed '$d' second; } | page
    [ ! -s err ]
    [ "$(data '.addresses | map([.[0], .[1]])')" = '[["10.0.0.1",4],["10.0.0.2",0]]' ]
    [ "$(parsed runs)" = '2026-01-01 02:00 UTC | not whole | 2 | 1
2026-01-01 01:00 UTC | whole | 2 | 1' ]
}

# ---- text of strangers ------------------------------------------------------

@test "hostile text stays text, in the tables and in the data" {
    evil='</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> &lt; "'\''`{{data}}'
    {
        run_record 1
        zone a.test silent "$evil" | jq -c '.zone = "<b>z</b>"'
        jq -nc --arg evil "$evil" '$evil + "\u2028\u202e\u0007\u001b[2J"' >text
        ip 1 "$listed | .results[0].reason = $(cat text) | .results[0].answers = [\"</td>\"] | .jira_issue = $(cat text)
            | .results[1].zone = \"<b>z</b>\""
        end_record 1 1
    } | page
    [ ! -s err ]
    shown="$evil"'\226\128\168\226\128\174\007\027[2J'
    [ "$(data '.addresses[0][7]')" = "$(jq -n --arg shown "$shown" '$shown')" ]
    [ "$(data '.findings[1]')" = "$(jq -nc --arg shown "$shown" '[0, "</td>", "", $shown]')" ]
    [[ $(parsed row 10.0.0.1) == "10.0.0.1 | listed newly listed | listed a.test </td> $shown | $shown" ]]
    [[ $(parsed row '<b>z</b>') == "<b>z</b> | silent$evil"* ]]
    [ "$(parsed elements script)" = 2 ]
    [ "$(parsed elements img)$(parsed elements b)" = "01" ] # the list's name in the static table is bold
    run ! env LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80[\xa8-\xae]' page.html
}

@test "texts are cut to 512 bytes before they are kept" {
    { run_record 1; ip 1 "$listed | .results[0].reason = \"x\" * 100000"; end_record 1 1; } | page
    [ "$(data '.findings[1][3] | length')" = 512 ]
    [ "$(wc -c <page.html)" -lt 60000 ]
}

@test "memory does not grow with the stream, but with what is listed" {
    { run_record 1; yes "$(ip 2 '.pad = "x" * 2000')" | head -n 40000; end_record 1 40000; } >large
    [ "$(wc -c <large)" -gt 100000000 ]
    (limit_addresses 40000; page <large)
    [ ! -s err ]
}

# ---- the stream -------------------------------------------------------------

@test "a stream without end: the page says so, status 65" {
    { run_record 1; ip 1; } >in
    run -65 --separate-stderr report <in
    [ "$(jq -r .error_type <<<"$stderr")" = cut_off ]
    grep -q 'The input was cut off' <<<"$output"
}

@test "a last line without newline, and an end without run: 65" {
    { run_record 1; ip 1; end_record 1 1 | tr -d '\n'; } >in
    run -65 report <in
    { ip 1; end_record 1 1; } >in
    run -65 report <in
}

@test "an end of another run leaves its run cut off" {
    { run_record 1; ip 1; end_record 2 1; } >in
    run -65 --separate-stderr report <in
    echo "$output" >page.html
    [[ $(parsed warnings) == *'newest run is not whole'* ]]
}

@test "--require-run takes runs, and no log, bare records or nothing" {
    { run_record 1; ip 1; end_record 1 1; } >one
    { run_record 2; ip 1; end_record 2 1; } >two
    report --require-run <one >/dev/null
    cat one two | report --require-run >/dev/null
    cat one <(ip 1) two >in
    run -65 report --require-run <in
    "$BUILD/bin/log-summary" <one >in
    run -65 report --require-run <in
    run -65 report --require-run </dev/null
}

@test "nothing at all makes a page that says so" {
    page </dev/null
    [[ $(parsed warnings) == *'nothing to report'* ]]
    [ "$(data .addresses)" = '[]' ]
}

@test "a bad record is reported, dropped and makes the status 1" {
    {
        echo 'not json'
        echo '[]'
        echo '{"no":"type"}'
        echo '{"type":"ip"}'
        ip 1 '.ip = "10.0.0.1/24"'
        ip 1 '.decision = "MAYBE"'
        ip 1 '.results = 1'
        ip 1 '.results[1].zone = "a.test"'
        ip 1 '.results[0].zone = "x" * 600'
        ip 1 | sed 's/}$/,"ip":"10.0.0.2"}/'
        zone a.test splendid
        zone a.test ok | jq -c 'del(.zone)'
        jq -nc '{timestamp: "2025-01-01T00:00:00.000Z", level: "INFO", job_run_id: null, type: "address", ip: "10.0.0.1", listed_zones: 1}'
        jq -nc '{timestamp: "2025-01-01T00:00:00.000Z", level: "INFO", job_run_id: null, type: "zone", zone: "a.test", health: "splendid"}'
    } >bad
    { run_record 1; cat bad; ip 2; end_record 1 1; } >in
    run -1 --separate-stderr report <in
    echo "$output" >page.html
    printf '%s\n' "${stderr_lines[@]}" >err
    [ "$(jq -r .error_type err | sort | uniq -c | awk '{ print $1, $2 }')" = "$(wc -l <bad) bad_record" ]
    "$SUPPORT/validate.py" "$COMMON/log.schema.json" err
    [ "$(data .addresses)" = '["10.0.0.2"]' ]
}

@test "a line of more than 1 MiB is dropped" {
    { run_record 1; ip 1 '.pad = "x" * 1048576'; ip 2; end_record 1 2; run_record 2; ip 1; ip 3; end_record 2 2; } >in
    run -1 --separate-stderr report <in
    [[ $stderr == *"longer than 1048576 bytes"* ]]
    echo "$output" >page.html
    [ "$(data .addresses)" = '["10.0.0.1","10.0.0.3"]' ]
}

@test "a full disk is fatal: 74" {
    { run_record 1; ip 1; end_record 1 1; } >in
    run -74 --separate-stderr bash -c '"$BUILD/bin/dnsbl-report" <in >/dev/full'
    [ "$(jq -r .error_type <<<"$stderr")" = output_error ]
}

@test "a reader that is gone ends it quietly" {
    { run_record 1; for n in {1..20000}; do echo '{"type":"ip","ip":"10.0.'$((n / 250))'.'$((n % 250))'"}'; done; end_record 1 20000; } >in
    run -0 --separate-stderr bash -c '{ "$BUILD/bin/dnsbl-report" <in; echo $? >status; } | true'
    [ -z "$stderr" ]
    [ "$(cat status)" -eq 141 ]
}

@test "after SIGTERM there is a page of what had come, status 143" {
    mkfifo pipe
    "$BUILD/bin/dnsbl-report" <pipe >page.html 2>err &
    pid=$!
    exec 9>pipe
    { run_record 1; ip 1; } >&9
    # It has read the records when it sleeps with the pipe empty.
    has_read() { [[ $(awk '/^State/ { print $2 }' "/proc/$pid/status") == S && $(pipe_bytes) == 0 ]]; }
    wait_for 60 has_read
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    exec 9>&-
    [ "$status" -eq 143 ]
    [ "$(data .addresses)" = '["10.0.0.1"]' ]
    [[ $(parsed warnings) == *'input was cut off'* ]]
}

@test "options: help, version, check, and what is none" {
    usual_options dnsbl-report
    report --check
    report --check=online
}

@test "the manual's examples run" {
    mkdir monday tuesday
    { run_record 1; ip 1; end_record 1 1; } >monday/jira-sync.ndjson
    { run_record 2; ip 1 "$listed"; end_record 2 1; } >tuesday/jira-sync.ndjson
    "$BUILD/bin/log-summary" <monday/jira-sync.ndjson >job.log
    awk '/^\.Sh EXAMPLES/ { on = 1 } /^\.Sh SEE/ { on = 0 } /^\.Ed/ { in_code = 0 } on && in_code; /^\.Bd/ { in_code = 1; if (on) print ":" }' \
        "$REPORT_TOP/tools/dnsbl-report.1" >script
    grep -c dnsbl-report script
    PATH=$BUILD/bin:$PATH DNSBL_ZONES=a.test DNS_RESOLVERS=127.0.0.1@9 DNS_TIMEOUT=1 bash -euo pipefail script
    for name in pool.html address.html; do [ "$(tail -n 1 "$name")" = '</html>' ]; done
}
