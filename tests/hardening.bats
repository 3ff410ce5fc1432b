# support/hardening.py: README's table of what was survived is made of whole and unfailing runs, or not at all.

bats_require_minimum_version 1.5.0

setup() {
    root=$BATS_TEST_DIRNAME/..
    cd "$BATS_TEST_TMPDIR" || return
    mkdir reports
    echo '{"inputs": {"addresses": 21, "answers of Jira": 1234}, "failed": 0}' >reports/hostile.json
    echo '{"run": 3, "fired": 3, "converged": 3, "failed": 0, "table": [{"stage": "pg-ips", "fault": "SIGKILL"},
        {"stage": "jira-sync", "fault": "SIGKILL"}, {"stage": "jira-sync", "fault": "ENOSPC log"}, {"stage": "jira-sync", "fault": "db dead"}]}' >reports/faults.json
    echo '{"executions": 70001, "seconds": 1200, "unit_tests_failed": 0, "targets": [{"lines": 88.2, "passed": true}, {"lines": 97, "passed": true}]}' >reports/fuzz.json
    echo '{"runs": 100, "listings": 7, "clearings": 6, "tickets": 5, "killed": 4, "jira_down": 3, "database_down": 2, "violations": 0}' >reports/soak.json
    echo '{"processes": 1, "errors": 0, "lost_bytes": 0, "descriptors_left": 0}' >reports/valgrind.json
    echo '{"passed": 900, "failed": 0}' >reports/sanitized.json
    echo '{"planted": 50, "caught": 50}' >reports/mutants.json
    echo '{"passed": 1000, "failed": 0}' >reports/tests.json
    printf '%s\n' before '<!-- hardening: written by make report -->' old '<!-- /hardening -->' after >page
    cp page untouched
}

hardening() { "$root/tests/support/hardening.py" reports page; }

@test "the table says what each kind of test tried, and what came of it, between the two marks" {
    hardening
    [ "$(sed -n '1p;$p' page)" = before$'\n'after ]
    [ "$(grep -c old page)" -eq 0 ]
    grep -qF '| hostile input | 21 addresses, 1,234 answers of Jira |' page
    grep -qF '| faults | 3 rows: 2 kinds of fault in 2 programs, and those of 1 server | each fired, and after each the next run made up for all |' page
    grep -qF '| fuzzing | 70,001 executions of 2 targets in 20 minutes | no finding left; 88 to 97 % of the lines that each is about |' page
    grep -qF '| soak | 100 runs: 7 listings, 6 clearings, 5 tickets, 4 runs killed, 3 with Jira down, 2 with the database down | no difference from the model |' page
    grep -qF '| memory | 1 process under memcheck | no error, no byte lost, no descriptor left open |' page
    grep -qF '| mutants | 50 defects planted | all caught |' page
    grep -qF '| all tests | 1,000 tests | all passed |' page
    touch -d 2026-03-01T12:00:00Z reports/*
    touch -d 2026-02-28T12:00:00Z reports/soak.json
    hardening
    grep -qx 'Runs of 2026-02-28 to 2026-03-01.' page
    cp page once
    hardening
    cmp page once
}

@test "without the numbers of one kind nothing is written, and it is said which target makes them" {
    local report
    for report in hostile=check faults=check fuzz=fuzz soak=soak valgrind=valgrind sanitized=sanitize-check mutants=mutants tests=check; do
        mv "reports/${report%=*}.json" kept
        run -1 --separate-stderr hardening
        [ "$stderr" = "hardening: reports/${report%=*}.json is not there; \`make ${report#*=}\` writes it" ]
        cmp page untouched
        mv kept "reports/${report%=*}.json"
    done
}

# refused REPORT FROM TO MESSAGE: with this in place of that there is no table.
refused() {
    cp "reports/$1.json" kept
    sed -i "s/$2/$3/" "reports/$1.json"
    run ! cmp -s kept "reports/$1.json"
    run -1 --separate-stderr hardening
    [ "$stderr" = "hardening: $4 failed: mend that first" ]
    cmp page untouched
    mv kept "reports/$1.json"
}

@test "what failed makes no table" {
    refused hostile '"failed": 0' '"failed": 2' 'hostile input: 2'
    refused faults '"failed": 0' '"failed": 1' 'faults: 1'
    refused faults '"fired": 3' '"fired": 2' 'faults: 1'
    refused faults '"converged": 3' '"converged": 1' 'faults: 2'
    refused fuzz '"passed": true' '"passed": false' 'fuzzing: 1'
    refused fuzz '_failed": 0' '_failed": 3' 'fuzzing: 3'
    refused soak '"violations": 0' '"violations": 1' 'soak: 1'
    refused valgrind '"errors": 0' '"errors": 1' 'memory: 1'
    refused valgrind '"lost_bytes": 0' '"lost_bytes": 8' 'memory: 8'
    refused valgrind '_left": 0' '_left": 1' 'memory: 1'
    refused sanitized '"failed": 0' '"failed": 1' 'tests: 1'
    refused mutants '"caught": 50' '"caught": 49' 'mutants: 1'
    refused tests '"failed": 0' '"failed": 1' 'tests: 1'
}

@test "a page without the marks stays as it is" {
    echo text >page
    run -1 --separate-stderr hardening
    [ "$stderr" = 'hardening: page has no line `<!-- hardening: written by make report -->` with `<!-- /hardening -->` behind it' ]
    [ "$(cat page)" = text ]
}

@test "README has a row for each kind of test" {
    rows() { sed -n '/^<!-- hardening/,/^<!-- \/hardening/s/^| \([a-z][a-z ]*\) |.*/\1/p' "$1"; }
    hardening
    rows page >expected
    rows "$root/README.md" >found
    [ "$(wc -l <expected)" -eq 8 ]
    diff expected found
}
