# log-summary: the log for people.

bats_require_minimum_version 1.5.0

setup_file() {
    export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build}
    export SUPPORT=$BATS_TEST_DIRNAME/support
}

setup() {
    load support/records.bash
    cd "$BATS_TEST_TMPDIR" || return
    unset NO_COLOR
    export TERM=xterm
}

text() { "$BUILD/bin/log-summary" --format text "$@" >out 2>err; }

# line_of TEXT: the lines that begin with it, runs of blanks made one.
line_of() { grep -F -- "$1" out | grep "^$1 " | tr -s ' '; }

dry='.dry_run = true | .db_changes = false | .db_outcome = "dry_run"'

@test "a line for each address of which there is news, in words; none for the others" {
    {
        start
        ip 1
        ip 2 "$listed | .jira_action = \"created_issue\" | .jira_issue = \"OPS-1\""
        ip 3 '.transition = "cleared" | .db_changes = true | .db_outcome = "updated" | .jira_action = "updated_issue" | .jira_issue = "OPS-3"'
        ip 4 "$listed | .transition = \"changed\" | .listed_zones = [\"a.test\", \"b.test\"] | .added_zones = [\"b.test\"] | .removed_zones = [\"c.test\"]"
        ip 5 "$listed | .transition = \"held\" | .db_changes = false | .db_outcome = \"unchanged\" | .surge_zones = [\"a.test\"]"
        ip 6 "$listed | .db_changes = false | .db_outcome = \"conflict\""
        ip 7 "$listed | .db_changes = false | .db_outcome = \"failed\""
        ip 8 "$listed | .transition = \"none\" | .db_changes = false | .db_outcome = \"unchanged\" | .jira_issue = \"OPS-8\" | .carried_zones = [\"a.test\"]"
        ip 9 "$listed | .jira_action = \"failed\""
        ip 10 '.listed_zones = ["b.test"] | .transition = "cleared" | .db_outcome = "updated"'
        ip 11 '.jira_action = "updated_issue" | .jira_issue = "OPS-11"'
        end 12 3
    } | text
    [ ! -s err ]
    [ -z "$(line_of 10.0.0.1)" ]
    [ "$(line_of 10.0.0.2)" = '10.0.0.2 throttled listed by a.test; ticket OPS-1 created' ]
    [ "$(line_of 10.0.0.3)" = '10.0.0.3 restored not listed any more; ticket OPS-3 edited' ]
    [ "$(line_of 10.0.0.4)" = '10.0.0.4 other lists listed by a.test,b.test; new b.test; gone c.test' ]
    [[ $(line_of 10.0.0.5) == '10.0.0.5 held listed by a.test; not throttled, '*SURGE_RELEASE* ]]
    [[ $(line_of 10.0.0.6) == '10.0.0.6 conflict listed by a.test; '*'next run decides' ]]
    [[ $(line_of 10.0.0.7) == '10.0.0.7 FAILED listed by a.test; the database '* ]]
    [ "$(line_of 10.0.0.8)" = '10.0.0.8 as before listed by a.test; stays though unknown a.test; ticket OPS-8' ]
    [[ $(line_of 10.0.0.9) == '10.0.0.9 throttled listed by a.test; TICKET FAILED'* ]]
    [ "$(line_of 10.0.0.10)" = '10.0.0.10 restored below the threshold; still listed by b.test' ] # never "no longer listed"
    [ "$(line_of 10.0.0.11)" = '10.0.0.11 clean not listed any more; ticket OPS-11 edited' ]
    tail -n 2 out | grep -q '^12 addresses, 22 lookups, .* s: 7 listed, 2 newly, 2 restored, 1 with other lists, 1 held, 1 in conflict, 2 FAILED, 3 rows without an address\.$'
    [ "$(tail -n 1 out)" = 'Tickets: 1 created, 2 edited, 1 FAILED.' ]
}

@test "zones that fall ill, and lookups that found nothing out, each told of once" {
    {
        start
        zone a.test silent '127.0.0.2 is not listed'
        for n in $(seq 1 30); do ip "$n" "$(unknown 0 zone_silent) | $(unknown 1 timeout)"; done
        ip 31 "$(unknown 1 nonsense)"
        end 31
    } | text
    grep -q '^a\.test is silent: 127\.0\.0\.2 is not listed$' out
    grep -q '^  What to do: .*DNS_RESOLVERS' out
    [ "$(grep -c '^10\.' out)" -eq 0 ]
    grep -q '^a\.test: 30 lookups unknown (zone_silent): not asked' out
    grep -q '^b\.test: 30 lookups unknown (timeout): no answer within' out
    grep -q '^b\.test: 1 lookup unknown (other): no reason' out
    grep -q '62 lookups, .*, 61 lookups unknown\.$' out
    grep -q '^Lists that are not well: a\.test$' out
}

@test "a list that had better go is named" {
    { start; zone a.test ok; zone b.test wildcard '127.0.0.1 is listed'; end 0; } | text
    grep -q '^DNSBL_ZONES had better hold only: a\.test$' out
}

@test "a stream that was cut off says so, last" {
    status=0
    { start; ip 1 "$listed"; } | text || status=$?
    [ "$status" -eq 65 ]
    [ "$(tail -n 1 out)" = 'This is not all: the stream was cut off.' ]
}

@test "records without a decision: what the lists answer" {
    ip 1 "$listed | del(.decision, .transition, .score, .listed_zones, .unknown_zones, .carried_zones, .watch_zones,
        .added_zones, .removed_zones, .update, .db_changes, .db_outcome, .jira_action, .jira_issue)" | text
    [ "$(line_of 10.0.0.1)" = '10.0.0.1 listed not decided; listed by a.test' ]
    grep -q ', 1 not decided\.$' out
}

# ---- what a real run would do ---------------------------------------------------

would() {
    start true
    ip 1
    ip 2 "$listed | $dry | .update = {priority: 0} | .would = {db_changes: true, jira_action: \"created_issue\"}"
    ip 3 "$dry | .priority = 0 | .transition = \"cleared\" | .update = {priority: 80} | .jira_issue = \"OPS-3\"
        | .would = {db_changes: true, jira_action: \"updated_issue\"}"
    ip 4 "$listed | $dry | .transition = \"none\" | .db_outcome = \"unchanged\" | .would = {db_changes: false, jira_action: \"created_issue\"}"
    ip 5 "$listed | $dry | .transition = \"changed\" | .would = {db_changes: true, jira_action: \"unknown\"}"
    ip 6 "$listed | $dry | .transition = \"none\" | .would = {db_changes: false, jira_action: \"unknown\"}"
    end 6 | jq -c '.jira_malfunctions = [{summary: "DNS Infrastructure Failure Detected - 60% zones unreachable", would: "created_issue", jira_issue: null}]'
}

readonly would_list='A real run would:
  throttle 10.0.0.2, priority 100 -> 0 (listed by a.test); create a ticket
  restore 10.0.0.3, priority 0 -> 80 (not listed any more); edit the ticket OPS-3
  keep 10.0.0.4 as it is (listed by a.test); create a ticket
  note other lists of 10.0.0.5 (listed by a.test); a ticket is not looked for without Jira'\''s credentials
  create the ticket "DNS Infrastructure Failure Detected - 60% zones unreachable"'

@test "a dry run ends with what a real run would do, and says it once" {
    would | text
    [ "$(sed -n '/^A real run would:/,$p' out)" = "$would_list" ]
    [ "$(grep -c '10\.0\.0\.2' out)" -eq 1 ]
    grep -q '^10\.0\.0\.6 *as before' out
}

@test "where nothing would be done, that is said; a list that is too long is cut and counted" {
    { start true; ip 1 "$dry | .db_outcome = \"unchanged\" | .would = {db_changes: false, jira_action: \"no_action\"}"; end 1; } | text
    [ "$(tail -n 2 out)" = $'A real run would:\n  change nothing' ]
    record=$(ip 1 "$listed | $dry | .would = {db_changes: true, jira_action: \"created_issue\"}")
    { start true; for n in $(seq 1 1203); do echo "${record//10.0.0.1/10.0.$((n / 250)).$((n % 250))}"; done; end 1203; } | text
    [ "$(grep -c '^  throttle' out)" -eq 1000 ]
    [ "$(tail -n 1 out)" = '  and so on, for 203 addresses more (--format ndjson names them all)' ]
}

@test "a line is cut by the columns that its characters take" {
    wide=$(printf '中%.0s' {1..300})
    { start true; ip 1 "$listed | $dry | .listed_zones = [\"$wide\"] | .would = {db_changes: true, jira_action: \"no_action\"}"; end 1; } | text
    cut=$(tail -n 1 out)
    [[ $cut == *中… && ${#cut} -lt 250 ]]
}

@test "with the log in a pipe the list is shown on the terminal of standard error, and nowhere without one" {
    would >in
    "$SUPPORT/terminal.py" bash -c '"$BUILD/bin/log-summary" <in >out.json' | tr -d '\r' >err
    [ "$(cat err)" = "$would_list" ]
    [ "$(jq -s 'length' out.json)" -eq 7 ]
    "$BUILD/bin/log-summary" <in >out.json 2>err
    [ ! -s err ]
}

# ---- the terminal ---------------------------------------------------------------

@test "text is what a terminal gets, in colours; NO_COLOR and TERM=dumb are respected" {
    { start; ip 2 "$listed"; end 1; } >in
    "$SUPPORT/terminal.py" bash -c '"$BUILD/bin/log-summary" <in' >out
    grep -q $'^\r\e\[K10\.0\.0\.2  *\e\[1;31mthrottled\e\[0m ' out
    NO_COLOR=1 "$SUPPORT/terminal.py" bash -c '"$BUILD/bin/log-summary" <in' | sed $'s/^\r\e\[K//' >out
    [ "$(grep -c $'\e' out)" -eq 0 ]
    grep -q '^10\.0\.0\.2  *throttled ' out
    TERM=dumb "$SUPPORT/terminal.py" bash -c '"$BUILD/bin/log-summary" <in' >out
    [ "$(grep -c $'\e' out)" -eq 0 ]
    "$SUPPORT/terminal.py" bash -c '"$BUILD/bin/log-summary" --format ndjson <in' | tr -d '\r' | jq -e -s 'length == 2'
    text <in
    [ "$(grep -c $'\e' out)" -eq 0 ]
}

@test "control characters of strangers are masked" {
    {
        start true
        zone a.test silent "$(printf 'a\033[2Jb\u202ec')"
        ip 1 "$listed | .listed_zones = [\"z\\u001b[31m\"] | .jira_issue = \"O\\u0007\""
        ip 2 "$listed | $dry | .listed_zones = [\"z\\u001b[31m\"] | .would = {db_changes: true, jira_action: \"updated_issue\"} | .jira_issue = \"\\u001bP\""
        end 2
    } | text
    [ "$(LC_ALL=C grep -c '[[:cntrl:]]' out)" -eq 0 ]
    [ "$(grep -c '\\027' out)" -ge 3 ]
}

@test "no format but these" {
    for options in '--format' '--format xml' '--format ""'; do
        eval "run -64 --separate-stderr '$BUILD/bin/log-summary' $options" </dev/null
        [[ $stderr == *format* ]]
    done
}

@test "a log that cannot be written is status 74" {
    status=0
    { start; ip 2 "$listed"; end 1; } | "$BUILD/bin/log-summary" --format text >/dev/full 2>err || status=$?
    [ "$status" -eq 74 ]
}
