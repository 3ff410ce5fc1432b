#!/usr/bin/env bats
bats_require_minimum_version 1.5.0

# The servers that all other tests stand on do what servers.bash says of them.

setup_file() {
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    postgres_start "$BATS_FILE_TMPDIR" log_statement=all
    rbldnsd_start "$BATS_FILE_TMPDIR" one.test two.test trie.test=ip4trie records.test=generic
    dnsdist_start "$BATS_FILE_TMPDIR"
    jira_start "$BATS_FILE_TMPDIR"
}

teardown_file() {
    servers_stop "$BATS_FILE_TMPDIR"
}

setup() {
    source "$BATS_TEST_DIRNAME/support/servers.bash"
}

# as_monitor SQL: runs it as the role that the programs log in as.
as_monitor() {
    PGPASSWORD=$DB_PASSWORD psql_direct -h "$DB_HOST" -p "$DB_PORT" -U "$DB_USER" -d "$DB_NAME" -c "$1" 2>&1
}

processes_of() {
    pgrep -f -- "$1" || true
}

no_processes_of() { [ -z "$(processes_of "$1")" ]; }

@test "the monitor's role reads the pool and updates its four columns" {
    pool_empty
    pool_add 192.0.2.1 80
    run -0 as_monitor "UPDATE postal.ip_addresses SET priority = 0, \"oldPriority\" = priority,
        \"blockingLists\" = 'one.test', \"lastEvent\" = 'x'"
    run -0 as_monitor 'SELECT priority, "oldPriority" FROM postal.ip_addresses'
    [ "$output" = "0|80" ]
    [ "$(pool_row 192.0.2.1)" = "0|80|one.test|x" ]
}

@test "the monitor's role can do nothing else" {
    local statement
    for statement in \
        "INSERT INTO postal.ip_addresses (priority) VALUES (1)" \
        "DELETE FROM postal.ip_addresses" \
        "UPDATE postal.ip_addresses SET ip = '192.0.2.9'" \
        "UPDATE postal.ip_addresses SET hostname = 'x'" \
        "TRUNCATE postal.ip_addresses" \
        "ALTER TABLE postal.ip_addresses DROP COLUMN priority" \
        "CREATE TABLE postal.mine (id int)"; do
        run ! as_monitor "$statement"
        [[ $output == *"permission denied"* || $output == *"must be owner"* ]]
    done
}

@test "a wrong password is refused" {
    DB_PASSWORD=wrong run -2 as_monitor "SELECT 1"
    [[ $output == *"password authentication failed"* ]]
}

@test "schema.sql may run twice" {
    sql <"$SUPPORT/schema.sql"
}

@test "a crash of PostgreSQL loses no committed row and keeps the port" {
    local port=$DB_PORT
    pool_empty
    pool_add 192.0.2.2
    postgres_restart immediate
    [ "$DB_PORT" = "$port" ]
    [ "$(pool_row 192.0.2.2)" = "100|||" ]
    grep -q "database system was not properly shut down" "$SERVERS/postgres/log"
}

@test "a stopped PostgreSQL refuses connections" {
    postgres_stop
    run -2 as_monitor "SELECT 1"
    [[ $output == *"Connection refused"* ]]
    postgres_start "$SERVERS"
    run -0 as_monitor "SELECT 1"
}

@test "another column name and type" {
    local other=$BATS_TEST_TMPDIR
    (
        POSTGRES_IP_COLUMN=ipv4 POSTGRES_IP_TYPE=inet postgres_start "$other"
        export POSTGRES_IP_COLUMN=ipv4
        pool_add 192.0.2.3
        [ "$(pool_row 192.0.2.3)" = "100|||" ]
        [ "$(sql "SELECT pg_typeof(ipv4) FROM postal.ip_addresses")" = inet ]
        servers_stop "$other"
    )
    [ -z "$(processes_of "$other")" ]
}

@test "a new zone has the test entries of RFC 5782 and nothing else" {
    [ "$(dnsbl_query 127.0.0.2 one.test)" = "NOERROR 127.0.0.2" ]
    [ "$(dnsbl_query 127.0.0.1 one.test)" = NXDOMAIN ]
    # ::FFFF:7F00:2 and ::FFFF:7F00:1
    [ "$(dns_query 2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.one.test)" = "NOERROR 127.0.0.2" ]
    [ "$(dns_query 1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.one.test)" = NXDOMAIN ]
}

@test "listings come and go, many times within a second" {
    local i
    for i in 1 2 3 4 5; do
        zone_list two.test 192.0.2.7
        rbldnsd_reload
        [ "$(dnsbl_query 192.0.2.7 two.test)" = "NOERROR 127.0.0.2" ]
        zone_unlist two.test 192.0.2.7
        rbldnsd_reload
        [ "$(dnsbl_query 192.0.2.7 two.test)" = NXDOMAIN ]
    done
}

@test "codes, reasons, several records, IPv6" {
    zone_write one.test <<'ZONE'
192.0.2.1 :127.0.0.4:because of $
192.0.2.1 :127.0.0.10:
198.51.100.0/24
2001:db8::1 :127.0.0.3:six
ZONE
    rbldnsd_reload
    [ "$(dnsbl_query 192.0.2.1 one.test)" = "NOERROR 127.0.0.10 127.0.0.4" ]
    [[ "$(dnsbl_query 192.0.2.1 one.test TXT)" == *"because of 192.0.2.1"* ]]
    [ "$(dnsbl_query 198.51.100.77 one.test)" = "NOERROR 127.0.0.2" ]
    [ "$(dns_query 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.one.test)" = "NOERROR 127.0.0.3" ]
}

@test "a zone emptied, a zone that lists the world, a zone of records" {
    zone_empty two.test
    zone_list trie.test 0.0.0.0/0
    echo 'odd A 203.0.113.9' | zone_write records.test
    rbldnsd_reload
    [ "$(dnsbl_query 127.0.0.2 two.test)" = NXDOMAIN ]
    [ "$(dnsbl_query 127.0.0.1 trie.test)" = "NOERROR 127.0.0.2" ]
    [ "$(dns_query odd.records.test)" = "NOERROR 203.0.113.9" ]
    zone_write two.test </dev/null
    rbldnsd_reload
    [ "$(dnsbl_query 127.0.0.2 two.test)" = "NOERROR 127.0.0.2" ]
}

@test "a fault hits its zone alone, and goes" {
    local fault expected answer
    while read -r fault expected; do
        fault_zone two.test "$fault"
        answer=$(dnsbl_query 127.0.0.2 two.test) || true
        echo "$fault: $answer"
        [ "$answer" = "$expected" ]
        [ "$(dnsbl_query 127.0.0.2 trie.test)" = "NOERROR 127.0.0.2" ]
    done <<'FAULTS'
drop TIMEOUT
loss:100 TIMEOUT
loss:0 NOERROR 127.0.0.2
servfail SERVFAIL
refused REFUSED
nxdomain NXDOMAIN
spoof:203.0.113.1,127.0.0.9 NOERROR 127.0.0.9 203.0.113.1
truncate TRUNCATED
none NOERROR 127.0.0.2
FAULTS
}

@test "a delayed zone is late" {
    local before after
    fault_zone two.test delay:300
    before=$(date +%s%3N)
    [ "$(dnsbl_query 127.0.0.2 two.test)" = "NOERROR 127.0.0.2" ]
    after=$(date +%s%3N)
    fault_zone two.test none
    ((after - before >= 300))
}

@test "a truncated answer is whole over TCP" {
    fault_zone two.test truncate
    run -0 "$PYTHON" "$SUPPORT/dns_query.py" "$DNSDIST_PORT" 2.0.0.127.two.test A --tcp
    fault_zone two.test none
    [ "$output" = "NOERROR 127.0.0.2" ]
}

@test "an error in a rule is an error" {
    run -1 dnsdist_rule 'addAction('
    run -1 dnsdist_rule 'nosuchfunction()'
    run -1 fault_zone two.test nosuchfault
}

@test "queries are counted at the server" {
    local before
    before=$(rbldnsd_queries 'two\.test')
    dnsbl_query 192.0.2.200 two.test
    dnsbl_query 192.0.2.201 two.test
    [ "$(rbldnsd_queries 'two\.test')" -eq $((before + 2)) ]
    [ "$(rbldnsd_queries '201\.2\.0\.192\.two\.test A')" -eq 1 ]
}

@test "DNS goes away and comes back with what was written meanwhile" {
    rbldnsd_stop
    run -1 dnsbl_query 127.0.0.2 two.test
    zone_list two.test 192.0.2.9
    rbldnsd_start "$SERVERS"
    [ "$(dnsbl_query 192.0.2.9 two.test)" = "NOERROR 127.0.0.2" ]
}

@test "the stand-in for Jira knows the user it was started for" {
    run -0 curl -sf -u "$JIRA_USER:$JIRA_API_TOKEN" "$JIRA_SERVER/rest/api/2/myself"
    run -22 curl -sf -u "$JIRA_USER:wrong" "$JIRA_SERVER/rest/api/2/myself"
    jira_control issue -d '{"summary": "IP 192.0.2.1 blacklisted by one.test"}' >/dev/null
    [ "$(jira_state | jq -r '.issues[0].summary')" = "IP 192.0.2.1 blacklisted by one.test" ]
    [ "$(jira_journal | grep -c '/rest/api/2/myself')" -eq 2 ]
}

@test "a stand-in for Jira Data Center, below a path" {
    local other=$BATS_TEST_TMPDIR
    (
        jira_start "$other" --flavour datacenter --prefix /jira
        [ -z "$JIRA_USER" ]
        [[ $JIRA_SERVER == */jira ]]
        curl -sf -H "Authorization: Bearer $JIRA_API_TOKEN" "$JIRA_SERVER/rest/api/2/myself"
        servers_stop "$other"
    )
    [ -z "$(processes_of "$other")" ]
}

@test "no secret stands on a command line" {
    local secret where=(/proc/[0-9]*/cmdline)
    grep -qsaF -- "$SERVERS" "${where[@]}" # this is how one would be found
    for secret in "$DB_PASSWORD" "$JIRA_API_TOKEN" "$(cat "$SERVERS/dnsdist/key")"; do
        [ "${#secret}" -ge 24 ]
        run ! grep -qsaF -f <(echo "$secret") "${where[@]}"
    done
}

@test "starting what runs changes nothing" {
    local name before=() after=()
    for name in postgres rbldnsd dnstcp dnsdist jira; do
        before+=("$(server_pid "$name")")
    done
    postgres_start "$SERVERS"
    rbldnsd_start "$SERVERS"
    dnsdist_start "$SERVERS"
    jira_start "$SERVERS"
    for name in postgres rbldnsd dnstcp dnsdist jira; do
        after+=("$(server_pid "$name")")
    done
    [ "${before[*]}" = "${after[*]}" ]
}

@test "a server that hangs is stopped all the same, and nobody else" {
    local other=$BATS_TEST_TMPDIR
    (
        rbldnsd_start "$other" three.test
        dnsdist_start "$other"
        server_signal dnsdist STOP
        servers_stop "$other"
        servers_stop "$other"
    )
    [ -z "$(processes_of "$other")" ]
    [ "$(dnsbl_query 127.0.0.2 two.test)" = "NOERROR 127.0.0.2" ]
}

@test "a server that cannot start says why" {
    local other=$BATS_TEST_TMPDIR
    run -1 rbldnsd_start "$other" broken.test=nosuchtype
    [[ $output == *nosuchtype* ]]
    run -1 postgres_start "$other" nosuchsetting=1
    [[ $output == *nosuchsetting* ]]
    servers_stop "$other"
    [ -z "$(processes_of "$other")" ]
}

@test "whoever starts servers and is killed leaves none behind" {
    local pid other=$BATS_TEST_TMPDIR
    mkfifo "$other/fifo" # to wait at, for nothing
    bash -c 'source "$1"; rbldnsd_start "$2" three.test; postgres_start "$2"; touch "$2/up"; read -r <>"$2/fifo"' _ \
        "$SUPPORT/servers.bash" "$other" 3>&- &
    pid=$!
    wait_for 60 test -e "$other/up"
    [ -n "$(processes_of "$other/rbldnsd")" ]
    kill -s KILL "$pid"
    wait_for 60 no_processes_of "$other"
}
