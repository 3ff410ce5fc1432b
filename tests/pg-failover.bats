# pg-ips and pg-apply across a failover: a primary that dies, a synchronous standby that takes over.

bats_require_minimum_version 1.5.0

setup_file() {
    BUILD=$(cd "$BATS_TEST_DIRNAME/.." && realpath "${BUILD:-build}")
    export BUILD
}

setup() {
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    source "$BATS_TEST_DIRNAME/support/changes.bash"
    cd "$BATS_TEST_TMPDIR" || return
    export BATS_TEST_TIMEOUT=120
    postgres_start "$BATS_TEST_TMPDIR"
    sql <"$SUPPORT/audit.sql"
    standby_start "$BATS_TEST_TMPDIR"
    # Both servers, of which libpq takes the one that can be written to.
    export DB_DSN="host=127.0.0.1,127.0.0.1 port=$DB_PORT,$STANDBY_PORT dbname=postal user=dnsbl_monitor password=$DB_PASSWORD target_session_attrs=read-write"
}

teardown() { servers_stop "$BATS_TEST_TMPDIR"; }

# fail_over: the primary dies as by a power cut, with every connection to it.
fail_over() { postgres_stop immediate && standby_promote; }

written() { [ "$(jq -r 'select(.db_outcome == "updated") | .id' out.one out.two | wc -l)" -ge "$1" ]; }

# trickle FILE: its lines one after the other, so that they do not all make one transaction.
trickle() {
    local line
    while IFS= read -r line; do
        printf '%s\n' "$line"
        sleep 0.004
    done <"$1"
}

# edit_priorities: an operator who is at work until the file `stop` is there, on whichever server is alive.
edit_priorities() {
    local sql
    until [ -e stop ]; do
        sql="UPDATE postal.ip_addresses SET priority = $((RANDOM % 90 + 10)) WHERE id = $((RANDOM % 600 + 1)) AND coalesce(\"blockingLists\", '') = ''"
        sql "$sql" 2>/dev/null || standby_sql "$sql" 2>/dev/null || sleep 0.05
    done
}

@test "a failover under two jobs and an operator: no change lost, none made twice, every old priority right" {
    local one two operator
    many 600
    shuf in >shuffled
    edit_priorities 3>&- &
    operator=$!
    trickle in | "$BUILD/bin/pg-apply" >out.one 2>err.one 3>&- &
    one=$!
    trickle shuffled | "$BUILD/bin/pg-apply" >out.two 2>err.two 3>&- &
    two=$!
    wait_for 60 written 100
    run ! written 600
    fail_over
    wait "$one"
    wait "$two"
    touch stop
    wait "$operator"
    grep -q 'next try' err.one err.two
    # Each row was listed by one of the two, and the other says so; but where both had sent their commit when the server
    # died, both find the row as they wanted it, and neither can know whose it was.
    [ "$(cat out.one out.two | jq -r .db_outcome | grep -c .)" -eq 1200 ]
    [ "$(cat out.one out.two | jq -r .db_outcome | sort -u | xargs)" = "conflict updated" ]
    diff <(seq 600) <(cat out.one out.two | jq -r 'select(.db_outcome == "updated") | .id' | sort -nu)
    [ "$(standby_sql "SELECT count(*) FROM audit WHERE who = 'dnsbl_monitor'")" = 600 ]
    [ "$(standby_sql "SELECT count(DISTINCT new->>'id') FROM audit WHERE who = 'dnsbl_monitor' AND new->>'blockingLists' = 'a'
        AND new->'oldPriority' = old->'priority' AND new->>'priority' = '0'")" = 600 ]
    # and the operator was there on both sides of the failover, with edits that the listings kept
    [ "$(standby_sql "SELECT count(*) > 0 FROM postal.ip_addresses WHERE \"oldPriority\" <> 100")" = t ]
}

@test "a failover while pages are read: every row once" {
    local job
    many 5000
    mkfifo slow
    "$BUILD/bin/pg-ips" >slow 2>err 3>&- &
    job=$!
    exec 7<slow
    IFS= read -r -u 7 line # the first page is on its way, the reader pauses
    [[ $line == *'"run"'* ]]
    fail_over
    cat <&7 >read
    wait "$job"
    grep -q 'next try' err
    diff <(seq 5000) <(jq -r 'select(.type == "ip") | .id' read)
}

@test "a standby alone takes no writes, and is no refusal" {
    many 1
    DB_DSN="host=127.0.0.1 port=$STANDBY_PORT dbname=postal user=dnsbl_monitor password=$DB_PASSWORD" run -69 apply <in
    [ "$(outcomes)" = "1 failed" ]
    grep -q 25006 err
    [ "$(listed)" = 0 ]
}
