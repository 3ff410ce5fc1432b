# support/hardening.py: README's table of what was survived is made of whole and unfailing runs, or not at all.

bats_require_minimum_version 1.5.0

setup() {
    root=$BATS_TEST_DIRNAME/..
    cd "$BATS_TEST_TMPDIR" || return
    mkdir reports
    echo '{"inputs": {"addresses": 21, "answers of Jira": 1234}, "failed": 0}' >reports/hostile.json
    echo '{"run": 3, "fired": 3, "converged": 2, "failed": 0, "table": [{"stage": "pg-ips", "fault": "SIGKILL"},
        {"stage": "jira-sync", "fault": "SIGKILL"}, {"stage": "jira-sync", "fault": "ENOSPC log"}]}' >reports/faults.json
    echo '{"executions": 70001, "seconds": 1200, "targets": [{"lines": 88.2, "passed": true}, {"lines": 97, "passed": true}]}' >reports/fuzz.json
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
    grep -qF '| faults | 3 rows: 2 kinds of fault in 2 stages and servers | 3 fired, after 2 the next run made up for all; 0 failed |' page
    grep -qF '| fuzzing | 70,001 executions of 2 targets in 20 minutes | 88 to 97 % of the lines that each is about; 0 failed |' page
    grep -qF '| soak | 100 runs: 7 listings, 6 clearings, 5 tickets, 4 runs killed, 3 with Jira down, 2 with the database down | 0 differences from the model |' page
    grep -qF '| memory | 1 process under memcheck | 0 errors, 0 bytes lost, 0 descriptors left open |' page
    grep -qF '| mutants | 50 defects planted | 50 caught |' page
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

@test "hostile input that was taken for what it is not, and fuzzing without coverage, make no table" {
    sed -i 's/"failed": 0/"failed": 1/' reports/hostile.json
    run -1 --separate-stderr hardening
    [ "$stderr" = "hardening: 1 test of hostile input failed: mend that first" ]
    sed -i 's/"failed": 1/"failed": 0/' reports/hostile.json
    echo '{"executions": 1, "seconds": 20, "targets": [{"passed": false}]}' >reports/fuzz.json
    run -1 --separate-stderr hardening
    [ "$stderr" = "hardening: fuzz.json has no coverage: mend what failed first" ]
    cmp page untouched
}

@test "a page without the marks stays as it is" {
    echo text >page
    run -1 --separate-stderr hardening
    [ "$stderr" = 'hardening: page has no line `<!-- hardening: written by make report -->` with `<!-- /hardening -->` behind it' ]
    [ "$(cat page)" = text ]
}
