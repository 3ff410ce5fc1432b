# pg-ips and pg-apply behind a real pgbouncer in transaction mode: nothing rests on a session.

bats_require_minimum_version 1.5.0

setup_file() {
    BUILD=$(cd "$BATS_TEST_DIRNAME/.." && realpath "${BUILD:-build}")
    export BUILD
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    postgres_start "$BATS_FILE_TMPDIR" log_statement=all
    # One connection for everybody: whatever one client leaves behind, the next one meets.
    pgbouncer_start "$BATS_FILE_TMPDIR" default_pool_size=1
}

teardown_file() { servers_stop "$BATS_FILE_TMPDIR"; }

setup() {
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    source "$BATS_TEST_DIRNAME/support/changes.bash"
    cd "$BATS_TEST_TMPDIR" || return
    export BATS_TEST_TIMEOUT=120
    postgres_start "$BATS_FILE_TMPDIR"
    pgbouncer_start "$BATS_FILE_TMPDIR"
    pool_empty
}

# shared: the sessions that pgbouncer has with the server, as server process ids.
shared() { sql "SELECT pid FROM pg_stat_activity WHERE usename = 'dnsbl_monitor' ORDER BY pid" | xargs; }
ask() { PGPASSWORD=$DB_PASSWORD psql_direct -h 127.0.0.1 -p "$DB_PORT" -U dnsbl_monitor -d postal -c "$1"; }
read_ids() { jq -r 'select(.type == "ip") | .id' "$1"; }

@test "it is pgbouncer in transaction mode that answers" {
    [[ $(pgbouncer_sql "SHOW CONFIG" | grep '^pool_mode|') == pool_mode\|transaction\|* ]]
    [ "$DB_PORT" = "$(cat "$SERVERS/pgbouncer/port")" ]
    [ "$DB_PORT" != "$(cat "$SERVERS/postgres/port")" ]
}

@test "all rows are read, all changes made, the members true" {
    many 2500
    "$BUILD/bin/pg-ips" >read
    diff <(seq 2500) <(read_ids read)
    [ "$(tail -n 1 read | jq -c '[.ips, .skipped]')" = "[2500,0]" ]
    apply <in
    [ ! -s err ]
    [ "$(outcomes)" = "2500 updated" ]
    [ "$(listed)" = 2500 ]
    apply <in
    [ "$(outcomes)" = "2500 conflict" ]
}

@test "the session is left as it was found: no setting, no statement, no transaction" {
    local before after
    many 3
    sql 'ALTER TABLE postal.ip_addresses ADD CONSTRAINT not_this CHECK (id <> 2 OR priority > 0)'
    before=$(ask "SELECT pg_backend_pid(), current_setting('statement_timeout'), current_setting('lock_timeout'),
        current_setting('idle_in_transaction_session_timeout'), (SELECT count(*) FROM pg_prepared_statements)")
    "$BUILD/bin/pg-ips" >read
    run -1 apply <in
    [ "$(outcomes)" = "1 updated, 1 failed, 1 updated" ]
    after=$(ask "SELECT pg_backend_pid(), current_setting('statement_timeout'), current_setting('lock_timeout'),
        current_setting('idle_in_transaction_session_timeout'), (SELECT count(*) FROM pg_prepared_statements)")
    sql 'ALTER TABLE postal.ip_addresses DROP CONSTRAINT not_this'
    [ "$before" = "$after" ] # in the very same session
    [[ $after == *"|0|0|0|0" ]]
    [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'")" = 0 ]
    # and the timeouts were in force
    grep -q "set_config('lock_timeout', '2s', true)" "$SERVERS/postgres/log"
}

@test "a reader that pauses and a writer that waits for input hold no session" {
    many 2500
    mkfifo slow input
    "$BUILD/bin/pg-ips" >slow 2>err.ips 3>&- &
    local reader=$! writer
    exec 7<slow
    head -n 1 in >first
    "$BUILD/bin/pg-apply" <input >out 2>err 3>&- 7<&- &
    writer=$!
    exec 8>input
    cat first >&8
    wait_for 60 grep -q updated out
    # Both wait now, each in the middle of its work, and the only session is free for a third.
    [ "$(ask 'SELECT 42')" = 42 ]
    exec 8>&-
    wait "$writer"
    cat <&7 >read
    exec 7<&-
    wait "$reader"
    diff <(seq 2500) <(read_ids read)
}

@test "two at once share the session: one update for each row" {
    two_at_once
    [ "$(shared | wc -w)" -le 1 ]
}

@test "a session killed under pgbouncer, and pgbouncer itself restarted, lose nothing" {
    local what job
    many 30
    for what in session pgbouncer; do
        sql 'UPDATE postal.ip_addresses SET priority = 100, "oldPriority" = NULL, "blockingLists" = NULL'
        hold 'UPDATE postal.ip_addresses SET hostname = hostname WHERE id = 20'
        "$BUILD/bin/pg-apply" <in >out 2>err 3>&- 8>&- &
        job=$!
        wait_for 60 all_waiting
        if [ "$what" = session ]; then
            sql "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted" >killed
            [ "$(cat killed)" = t ]
        else
            pgbouncer_stop
            wait_for 60 grep -q 'next try' err
            pgbouncer_start "$SERVERS"
        fi
        wait_for 60 grep -q 'next try' err
        release
        wait "$job"
        [ "$(outcomes)" = "30 updated" ]
        [ "$(listed)" = 30 ]
    done
}

@test "a server that crashes behind pgbouncer is waited for" {
    many 30
    hold 'UPDATE postal.ip_addresses SET hostname = hostname WHERE id = 20'
    "$BUILD/bin/pg-apply" <in >out 2>err 3>&- 8>&- &
    local job=$!
    wait_for 60 all_waiting
    postgres_restart immediate
    pgbouncer_start "$SERVERS"
    exec 8>&-
    wait "$holder" || true
    rm hold
    wait "$job"
    grep -q 'next try' err
    [ "$(outcomes)" = "30 updated" ]
    [ "$(listed)" = 30 ]
}

# pgbouncer gives all of these the code of a protocol violation; one line means no further try.
@test "a refused login is 77 at once, a database that is not there 78, no secret said" {
    many 1
    DB_PASSWORD=wrong-password run -77 apply <in
    [ "$(error_types | xargs)" = "database_refused changes_failed" ]
    run ! grep -q wrong-password err out
    DB_USER=nosuch run -77 apply <in
    [ "$(error_types | xargs)" = "database_refused changes_failed" ]
    DB_NAME=nosuch run -78 apply <in
    [ "$(error_types | xargs)" = "database_misfit changes_failed" ]
    # The server refuses pgbouncer's own login.
    sql "ALTER ROLE dnsbl_monitor PASSWORD 'another'"
    pgbouncer_stop
    pgbouncer_start "$SERVERS"
    DB_PASSWORD=$(cat "$SERVERS/postgres/password") run -77 apply <in
    sql <<<"ALTER ROLE dnsbl_monitor PASSWORD '$(cat "$SERVERS/postgres/password")'"
    pgbouncer_stop
    [ "$(error_types | xargs)" = "database_refused changes_failed" ]
    [ "$(listed)" = 0 ]
}
