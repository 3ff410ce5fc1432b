# The manuals: every example in them, and the commands of README.md for a person, are run as they stand, against real
# servers. A test has the name of its example, so that none of the two is without the other.

bats_require_minimum_version 1.5.0

programs=(pg-ips dnsbl-probe dnsbl-decide pg-apply jira-sync log-summary dnsbl-report dnsbl-monitor)

# PAGES and WORLD are set where this suite runs itself with pages that are wrong: below.
setup_file() {
    export TOP=$BATS_TEST_DIRNAME/.. COMMON=$BATS_TEST_DIRNAME/../common SUITE=$BATS_TEST_FILENAME
    BUILD=$(realpath -m "${BUILD:-$TOP/build}")
    export BUILD PAGES=${PAGES:-$TOP} EXAMPLES=$BATS_FILE_TMPDIR/examples
    load support/servers.bash
    mkdir "$EXAMPLES"
    "$SUPPORT/examples.py" "$EXAMPLES" "$PAGES"/{tools,common,pipelines}/*.[1-8] "$PAGES/README.md"
    [ -n "${WORLD:-}" ] || world_start
}

# A pool, the lists that the examples name, and what a run that found something has left.
world_start() {
    export WORLD=$BATS_FILE_TMPDIR DNS_TIMEOUT=2 DNS_CONFIG=$BATS_FILE_TMPDIR/unbound.conf
    export DNSBL_ZONES='zen.spamhaus.org=127.0.0.[2..11],bl.spamcop.net'
    postgres_start "$WORLD"
    rbldnsd_start "$WORLD" zen.spamhaus.org bl.spamcop.net
    dnsdist_start "$WORLD"
    jira_start "$WORLD"
    zone_list bl.spamcop.net 192.0.2.1 127.0.0.2 'Blocked - see https://www.spamcop.net/bl.shtml?192.0.2.1'
    zone_list zen.spamhaus.org 192.0.2.9 127.0.0.4
    zone_list zen.spamhaus.org 192.0.2.66 127.255.255.254 'open resolver'
    rbldnsd_reload
    # Whoever is asked, it is our server that answers for these domains.
    for zone in zen.spamhaus.org bl.spamcop.net; do
        printf 'forward-zone:\n name: "%s"\n forward-addr: %s\n' "$zone" "$DNS_RESOLVERS"
    done >"$DNS_CONFIG"
    unset DNS_RESOLVERS
    world_anew
    "$TOP/pipelines/dnsbl-monitor" --capture "$WORLD/captures" >"$WORLD/job.log"
    [ "$(jq 'select(.type == "job_summary") | .newly_listed' "$WORLD/job.log")" = 2 ]
}

# 192.0.2.30 was listed, and is not any more.
world_anew() {
    sql <<'SQL'
TRUNCATE postal.ip_addresses RESTART IDENTITY;
INSERT INTO postal.ip_addresses (ip, priority, "oldPriority", "blockingLists") VALUES
    ('192.0.2.1', 100, NULL, NULL), ('192.0.2.9', 100, NULL, NULL), ('192.0.2.20', 100, NULL, NULL),
    ('192.0.2.30', 0, 100, 'zen.spamhaus.org'), ('192.0.2.66', 100, NULL, NULL);
SQL
    jira_control reset -d '{}' >/dev/null
}

teardown_file() {
    load support/servers.bash
    servers_stop "$BATS_FILE_TMPDIR"
}

setup() {
    load support/servers.bash
    cd "$BATS_TEST_TMPDIR" || return
    export PATH=$BUILD/bin:$TOP/pipelines:$PATH
}

complain() {
    echo "$*" >&2
    bad=yes
}

# example [VARIABLE=VALUE]... [SED-OPTION...]: runs the example whose name the test has, after sed if there is something
# that cannot be here; its status must be 0, its output is in the files out and err. EXIT_ON_ERROR=no: a command in it
# may fail.
example() {
    local status=0 settings=(EXIT_ON_ERROR=yes)
    while [[ ${1:-} == [A-Z]*=* ]]; do
        settings+=("$1")
        shift
    done
    example_text >example.sh
    (($# == 0)) || sed -i "$@" example.sh
    [ "$WORLD" != "$BATS_FILE_TMPDIR" ] || world_anew
    env "${settings[@]}" bash -c 'set -o pipefail; [ "$EXIT_ON_ERROR" = no ] || set -e; . ./example.sh' \
        >out 2>err </dev/null || status=$?
    cat example.sh out err
    [ "$status" -eq 0 ] || { echo "status $status"; return 1; }
}

# example_text: of the example whose name the test has; fails if there is none.
example_text() {
    local number
    number=$(grep -nxF -- "$BATS_TEST_DESCRIPTION" "$EXAMPLES/names" | cut -d: -f1)
    [ -n "$number" ] || { echo "no manual has this example"; return 1; }
    cat "$EXAMPLES/$number"
}

# nothing_written: all rows are still those of one INSERT, and Jira counts no writes.
nothing_written() {
    [ "$(sql 'SELECT DISTINCT xmin FROM postal.ip_addresses' | wc -l)" = 1 ] &&
        [ "$(jira_control counters | jq '.writes | add')" = 0 ]
}

captured() { cp "$WORLD/captures/$1.ndjson" "$2"; }

untimed() { sed -E 's/ +[0-9.]+ ms/ N ms/; s/ +/ /g'; }

# page FILE: a page of dnsbl-report that shows 192.0.2.1.
page() { grep -qi '<!doctype html>' "$1" && grep -q 192.0.2.1 "$1" && grep -q '</html>' "$1"; }

# --- pg-ips ---

@test "pg-ips(1): How many addresses are listed now?" {
    example
    [ "$(cat out)" = 1 ]
}

@test "pg-ips(1): Every address against the configured zones, nothing written" {
    example
    [ "$(jq -r 'select(.type == "ip") | .ip + " " + .transition' out | paste -sd,)" = \
        '192.0.2.1 listed,192.0.2.9 listed,192.0.2.20 none,192.0.2.30 cleared,192.0.2.66 none' ]
    nothing_written
}

# --- dnsbl-probe ---

@test "dnsbl-probe(1): Look an address up" {
    example
    [ "$(jq -r 'select(.type == "ip") | .results[] | .zone + " " + .status' out)" = \
        $'zen.spamhaus.org NOT_LISTED\nbl.spamcop.net LISTED' ]
}

@test "dnsbl-probe(1): The same for a program, the verdict of each zone on a line" {
    example
    [ "$(cat out)" = $'zen.spamhaus.org NOT_LISTED\nbl.spamcop.net LISTED' ]
}

@test "dnsbl-probe(1): Which addresses of a network does a list have?" {
    example
    [ "$(grep '^192' out)" = 192.0.2.1 ]
    grep -qF '256 addresses: 1 listed, 0 unknown, 255 not listed' out
}

@test "dnsbl-probe(1): In a script, with the zones of the environment" {
    example EXIT_ON_ERROR=no
    [ "$(cat out)" = listed ]
    example EXIT_ON_ERROR=no -e 's/192\.0\.2\.1/192.0.2.20/'
    [ "$(cat out)" = clean ]
    example EXIT_ON_ERROR=no -e 's/192\.0\.2\.1/192.0.2.66/'
    [ "$(cat out)" = 'not known' ]
}

@test "dnsbl-probe(1): May a pool of 3,500 addresses be checked once an hour?" {
    example
    grep -q '84,048 times a day' err
    run ! grep -q WARNING err
}

@test "dnsbl-probe(1): Are all zones well, asked without a forwarder?" {
    example
    grep -q 'zone zen.spamhaus.org is ok' err
    grep -q 'zone bl.spamcop.net is ok' err
}

# --- dnsbl-decide, pg-apply, jira-sync, log-summary ---

@test "dnsbl-decide(1): Judge one address by hand" {
    example
    [ "$(jq -c 'select(.type == "ip") | [.ip, .decision, .listed_zones]' out)" = '["192.0.2.1","LISTED",["bl.spamcop.net"]]' ]
}

@test "dnsbl-decide(1): See what a higher threshold would have decided on captured records" {
    captured dnsbl-probe probed.ndjson
    example
    [ "$(grep -cF '"CLEAN"' out)" = 5 ]
    grep -qxF '["192.0.2.1","CLEAN",1]' out
}

@test "pg-apply(1): What would the decisions in a captured file change now?" {
    captured dnsbl-decide captured.ndjson
    example
    [ "$(paste -sd' ' out)" = '192.0.2.1 192.0.2.9 192.0.2.30' ]
    nothing_written
}

@test "jira-sync(1): Ask whether all is set up" {
    : >"$SERVERS/jira/journal"
    example
    jira_journal | grep -q myself
}

@test "jira-sync(1): What would a captured run do to the tickets?" {
    captured pg-apply captured.ndjson
    example
    [ "$(sort out | paste -sd' ')" = '["192.0.2.1","created_issue"] ["192.0.2.20","no_action"] ["192.0.2.30","no_action"] ["192.0.2.66","no_action"] ["192.0.2.9","created_issue"]' ]
    nothing_written
}

@test "log-summary(1): What went wrong in a run" {
    captured jira-sync captured.ndjson
    example
    [ "$(jq -r '[.type, .ip, .error_type // "-"] | join(" ")' out)" = \
        $'unknown_lookup 192.0.2.66 blocked\naddress 192.0.2.66 -' ]
}

@test "log-summary(1): The same run for a person, and its numbers for Prometheus" {
    captured jira-sync captured.ndjson
    example
    grep -q '192\.0\.2\.1.*bl\.spamcop\.net' out
    run ! jq -e . out
    grep -q '^# TYPE dnsbl_' dnsbl.prom
}

# --- dnsbl-report ---

@test "dnsbl-report(1): A page of two runs that ‘dnsbl-monitor --capture’ kept" {
    mkdir monday tuesday
    captured jira-sync monday/jira-sync.ndjson
    sed 's/"run_id":"......../"run_id":"00000000/' monday/jira-sync.ndjson >tuesday/jira-sync.ndjson
    example
    page pool.html
    grep -q 'over time' pool.html
    [ ! -s err ]
}

@test "dnsbl-report(1): Of a log, replaced on a web server at once when it is whole" {
    cp "$WORLD/job.log" job.log
    example
    page pool.html
    [ ! -e pool.new ]
}

@test "dnsbl-report(1): Of addresses by hand" {
    example
    page address.html
}

# --- dnsbl-record ---

@test "dnsbl-record(5): A listed address behind dnsbl-decide(1), here broken into lines" {
    example_text | jq -c . >record
    "$SUPPORT/validate.py" "$COMMON/record.schema.json" record
    # and it is what dnsbl-decide makes of what the stages before have found
    jq -c 'del(.decision, .transition, .score, .listed_zones, .unknown_zones, .carried_zones, .watch_zones,
        .added_zones, .removed_zones, .update)' record |
        DNSBL_THRESHOLD=2 DNSBL_ZONES='CSS:css.example=127.0.0.3*2' dnsbl-decide >decided
    diff <(jq -S . record) <(jq -S . decided)
}

# --- the job ---

@test "dnsbl-monitor(1): What would a run do?" {
    example
    [ "$(jq -r '.[0] + " " + (.[1].db_changes | tostring) + " " + .[1].jira_action' out | sort | paste -sd,)" = \
        '192.0.2.1 true created_issue,192.0.2.20 false no_action,192.0.2.30 true no_action,192.0.2.66 false no_action,192.0.2.9 true created_issue' ]
    nothing_written
}

@test "dnsbl-monitor(1): Keep the streams of a run, and see what another threshold would have decided" {
    example
    [ "$(jq -c 'select(.type == "job_summary") | [.dry_run, .newly_listed, .listed]' out | paste -sd' ')" = '[false,2,2] [true,0,0]' ]
}

@test "dnsbl-monitor(1): Show a person what a run would do, and what it finds" {
    example
    grep -q '192\.0\.2\.1.*bl\.spamcop\.net' out
    run ! jq -e . out
    nothing_written
}

@test "dnsbl-monitor(7): There are three ways to use it. First the job, as a scheduler runs it; before its first real run, look at what it would do" {
    example
    [ "$(jq -c '[.type, .total_ips, .newly_listed, .cleaned, .dry_run]' out)" = '["job_summary",5,2,1,true]' ]
    nothing_written
}

@test "dnsbl-monitor(7): Second, by hand: each program does its part alone, on records or on plain addresses" {
    example
    [ "$(cat out)" = $'192.0.2.1 CLEAN\n192.0.2.9 LISTED' ]
}

@test "dnsbl-monitor(7): Third, replay: what was captured can be judged again, as a dry run, for instance with another list of less weight" {
    example
    [ "$(cat out)" = 192.0.2.9 ]
    nothing_written
}

# --- README.md ---

# checkout: makes this a place like a checkout in which `make` has built already.
checkout() {
    mkdir build
    ln -s "$BUILD/bin" build/bin
    ln -s "$TOP/pipelines" pipelines
    make() { [ "$*" = 'deps all' ]; }
    export -f make
}

@test "README.md: By hand 1" {
    checkout
    example
    [ "$(jq -r 'select(.type == "ip") | .results[] | .zone + " " + .status' out)" = \
        $'zen.spamhaus.org NOT_LISTED\nbl.spamcop.net LISTED' ]
    grep -q 'zone zen.spamhaus.org is ok' err
}

@test "README.md: By hand 2" {
    diff <(example_text | untimed) <(dnsbl-probe --format table 192.0.2.1 | untimed)
}

@test "README.md: By hand 3" {
    example
    [ "$(jq 'select(.type == "ip").ip' out | wc -l)" = 257 ]
    grep -qxF 'not clean (2)' out
}

@test "README.md: By hand 4" {
    checkout
    example -e "s|/tmp/|$PWD/|g"
    [ "$(jq -c 'select(.type == "job_summary") | [.dry_run, .newly_listed]' out | paste -sd' ')" = '[true,2] [true,2]' ]
    [ "$(jq -r 'select(.type == "ip") | .ip' out)" = 192.0.2.30 ]
    nothing_written
}

@test "README.md: On the wall 1" {
    checkout
    cp "$WORLD/job.log" .
    kubectl() { [ "$*" = '-n dnsbl-monitor logs job/first' ] && cat job.log; }
    export -f kubectl
    example -e "s|/var/lib|$PWD|g; \$ s|pool.html|of-log.html|"
    page pool.html
    page of-log.html
}

# --- none without the other ---

@test "every example has a test, and every test of one its example" {
    # Names of others have neither a section in parentheses nor a file's name.
    sed -nE 's/^@test "(([a-z-]+\([1-8]\)|README\.md): .*)" \{$/\1/p' "$SUITE" | sort >tested
    sort "$EXAMPLES/names" >written
    diff tested written
    [ "$(wc -l <written)" -ge 20 ]
}

# suite_with_pages FILTER: this suite, with the pages in the folder pages and the servers that run; its TAP in file tap.
suite_with_pages() {
    env PAGES="$PWD/pages" bats --tap --filter "$1" "$SUITE" >tap 2>&1 || true
    cat tap
}

pages() {
    rm -rf pages
    mkdir -p pages
    (cd "$TOP" && cp --parents {tools,common,pipelines}/*.[1-8] README.md "$BATS_TEST_TMPDIR/pages")
}

@test "an example that fails, or does nothing, fails its test" {
    pages
    for file in pages/*/*.[1-8]; do
        awk '/^\.Sh / { inside = ($0 == ".Sh EXAMPLES") } { print } inside && /^\.Bd/ { print "exit" }' "$file" >new
        mv new "$file"
    done
    awk '/^    / && !block { print "    exit" } { block = /^    /; print }' pages/README.md >new
    mv new pages/README.md
    suite_with_pages '\([1-8]\): |README.md: '
    [ "$(grep -c '^not ok' tap)" = "$(wc -l <"$EXAMPLES/names")" ]
    run ! grep -q '^ok' tap
    pages # right in all but its status
    sed -i '/^\.Sh EXAMPLES/,/^\.Sh/s/^\.Ed/exit 9\n&/' pages/tools/pg-ips.1
    suite_with_pages '^pg-ips.*How many'
    grep -q '^not ok' tap
    grep -qF 'status 9' tap
}

@test "an example without a test fails the suite, and a test without its example" {
    pages
    sed -i '/^\.Sh EXAMPLES/a Look at nothing:\n.Bd -literal\ntrue\n.Ed\n.Pp' pages/tools/pg-ips.1
    sed -i '/^\.Sh EXAMPLES/,/^\.Sh SEE/{/^\.Bd/,/^\.Ed/d}' pages/tools/pg-apply.1
    suite_with_pages 'every example has a test|^pg-apply'
    [ "$(grep -c '^not ok' tap)" = 2 ]
    grep -qF '> pg-ips(1): Look at nothing' tap
    grep -qF '< pg-apply(1): What would' tap
}

# --- what the pages refer to ---

@test "each page is referred to by dnsbl-monitor(7), and refers to it; all others that are named exist" {
    bad=no
    cd "$PAGES"
    # Those of Debian's that our pages may name, for none of them has to be installed here.
    known=(cron.8 curl.1 make.1 resolv.conf.5 seccomp.2 unbound.conf.5)
    for file in {tools,common,pipelines}/*.[1-8]; do
        page=${file##*/}
        while read -r _ name section _; do
            [[ -f tools/$name.$section || -f common/$name.$section || -f pipelines/$name.$section ||
                " ${known[*]} " == *" $name.$section "* ]] || complain "$page names $name($section), which is nowhere"
        done < <(grep -hE '^\.(It )?Xr ' "$file" | sed 's/^\.It /./')
        [[ $page == dnsbl-monitor.7 ]] || {
            sed -n '/^\.Sh SEE ALSO/,$p' "$file" | grep -qxE '\.Xr dnsbl-monitor 7( ,)?' || complain "$page does not name dnsbl-monitor(7)"
            sed -n '/^\.Sh SEE ALSO/,$p' pipelines/dnsbl-monitor.7 | grep -qxE "\.Xr ${page%.*} ${page##*.}( ,)?" ||
                complain "dnsbl-monitor(7) does not name $page"
        }
    done
    [ "$bad" = no ]
}

@test "the options in each manual are those of --help" {
    bad=no
    for name in "${programs[@]}"; do
        "$name" --help | sed 's/--check\[=online\]/--check/' | grep -oE '(^|[^a-zA-Z-])--?[a-z][a-z-]*' |
            grep -oE -- '-.*' | LC_ALL=C sort -u >helped
        # `.It Fl e , -exit-code`, `.It Fl Fl dry-run`, `.It Fl -check=online`
        cat "$PAGES"/*/"$name.1" | sed -nE 's/^\.It Fl//p' | sed -E 's/Fl/-/g; s/- -/--/g; s/ (Ar|Ns) .*//; s/=online//' |
            sed 's/[, ]/\n/g' | sed -nE 's/^-*([a-z])/\1/p' | sed -E 's/^.$/-&/; s/^[a-z].+/--&/' | LC_ALL=C sort -u >explained
        [ "$(wc -l <explained)" -ge 4 ]
        diff helped explained || complain "$name(1) and --help differ"
    done
    [ "$bad" = no ]
}
