# pg-apply: decisions into the table, on a real PostgreSQL.

bats_require_minimum_version 1.5.0

setup_file() {
    BUILD=$(cd "$BATS_TEST_DIRNAME/.." && realpath "${BUILD:-build}")
    export BUILD COMMON=$BATS_TEST_DIRNAME/../common
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    postgres_start "$BATS_FILE_TMPDIR" log_statement=all
}

teardown_file() { servers_stop "$BATS_FILE_TMPDIR"; }

setup() {
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    source "$BATS_TEST_DIRNAME/support/changes.bash"
    cd "$BATS_TEST_TMPDIR" || return
    export BATS_TEST_TIMEOUT=120
    pool_empty
}

# ---- what it writes --------------------------------------------------------

@test "listing throttles and keeps the old priority" {
    pool_add 192.0.2.1 80
    { start; decided 1 192.0.2.1 "" listed a,b; end; } | apply
    [ ! -s err ]
    [ "$(pool_row 192.0.2.1)" = "0|80|a,b|new block from list(s) a,b" ]
    "$SUPPORT/validate.py" "$COMMON/record.schema.json" out
    [ "$(jq -c 'select(.type == "ip") | [.db_changes, .db_outcome]' out)" = '[true,"updated"]' ]
    [ "$(jq -r .type out | paste -sd' ')" = "run ip end" ]
}

@test "the members of a record stay as they came, byte for byte" {
    pool_add 192.0.2.1
    decided 1 192.0.2.1 "" listed a '. + {"odd": [1.0, 1e3, "\u00e9"], zz: null}' | sed 's/"zz":null/"zz":  1.50/' >in
    apply <in
    [ "$(cat out)" = "$(sed 's/}$/,"db_changes":true,"db_outcome":"updated"}/' in)" ]
}

@test "listing an address whose old priority is kept already keeps that" {
    pool_add 192.0.2.1 0
    sql 'UPDATE postal.ip_addresses SET "oldPriority" = 70'
    decided 1 192.0.2.1 "" listed a | apply
    [ "$(pool_row 192.0.2.1)" = "0|70|a|new block from list(s) a" ]
}

@test "LISTED_PRIORITY, and the priority of the row as it is, not as it was read" {
    pool_add 192.0.2.1 33 # the record says 100
    decided 1 192.0.2.1 "" listed a | LISTED_PRIORITY=5 apply
    [ "$(pool_row 192.0.2.1)" = "5|33|a|new block from list(s) a" ]
}

@test "clearing restores, once" {
    pool_add 192.0.2.1 0
    sql "UPDATE postal.ip_addresses SET \"oldPriority\" = 70, \"blockingLists\" = 'a'"
    decided 1 192.0.2.1 a cleared >in
    apply <in
    [ "$(pool_row 192.0.2.1)" = "70|||block removed" ]
    apply <in
    [ "$(outcomes)" = "1 conflict" ]
    [ "$(pool_row 192.0.2.1)" = "70|||block removed" ]
}

@test "clearing without an old priority falls back" {
    pool_add 192.0.2.1 0
    pool_add 192.0.2.2 0
    sql "UPDATE postal.ip_addresses SET \"blockingLists\" = 'a'"
    decided 1 192.0.2.1 a cleared | apply
    decided 2 192.0.2.2 a cleared | CLEAN_FALLBACK_PRIORITY=2147483647 apply
    [ "$(pool_row 192.0.2.1)" = "50|||block removed" ]
    [ "$(pool_row 192.0.2.2)" = "2147483647|||block removed" ]
}

@test "a change of lists leaves the priorities alone" {
    pool_add 192.0.2.1 7
    sql "UPDATE postal.ip_addresses SET \"oldPriority\" = 70, \"blockingLists\" = 'a'"
    decided 1 192.0.2.1 a changed a,b | apply
    [ "$(pool_row 192.0.2.1)" = "7|70|a,b|blocking list change: a,b" ]
}

@test "NULL and empty lists are the same" {
    pool_add 192.0.2.1
    pool_add 192.0.2.2
    sql "UPDATE postal.ip_addresses SET \"blockingLists\" = '' WHERE id = 2"
    { decided 1 192.0.2.1 "" listed a; decided 2 192.0.2.2 "" listed a '.blocking_lists = null'; } | apply
    [ "$(outcomes)" = "2 updated" ]
}

@test "records without an update pass, and touch neither row nor server" {
    local before
    pool_add 192.0.2.1
    before=$(sql 'SELECT xmin, * FROM postal.ip_addresses')
    { start; decided 1 192.0.2.1 "" none; decided 1 192.0.2.1 "" held; echo '{"type":"zone","zone":"a"}'; echo '{"type":"other","x":[]}'; end; } |
        DB_PORT=1 apply
    [ "$(outcomes)" = "2 unchanged" ]
    [ "$(jq -r .type out | paste -sd' ')" = "run ip ip zone other end" ]
    [ "$(grep -c db_ out)" = 2 ]
    [ "$(sql 'SELECT xmin, * FROM postal.ip_addresses')" = "$before" ]
}

@test "an address that was not read from a table passes" {
    jq -nc '{type: "ip", ip: "192.0.2.1", decision: "LISTED", transition: "listed", score: 1, listed_zones: ["a"], unknown_zones: [],
        carried_zones: [], watch_zones: [], added_zones: ["a"], removed_zones: [], update: null}' | apply
    [ "$(outcomes)" = "1 unchanged" ]
}

# ---- the condition ---------------------------------------------------------

@test "a row that is no longer as it was read is a conflict, and left alone" {
    local before
    pool_add 192.0.2.1
    pool_add 192.0.2.2
    pool_add 192.0.2.3
    sql "UPDATE postal.ip_addresses SET \"blockingLists\" = 'other' WHERE id = 1"
    before=$(sql 'SELECT xmin, * FROM postal.ip_addresses WHERE id < 3 ORDER BY id')
    { decided 1 192.0.2.1 "" listed a; decided 2 192.0.2.99 "" listed a; decided 3 192.0.2.3 "" listed a; decided 4 192.0.2.4 "" listed a; } | apply
    [ "$(outcomes)" = "2 conflict, 1 updated, 1 conflict" ]
    [ "$(jq -c '[.id, .db_changes]' out | paste -sd' ')" = "[1,false] [2,false] [3,true] [4,false]" ]
    [ "$(error_types | uniq -c | xargs)" = "3 conflict" ]
    [ "$(sql 'SELECT xmin, * FROM postal.ip_addresses WHERE id < 3 ORDER BY id')" = "$before" ]
}

@test "the same input twice changes no row twice" {
    local before
    many 50
    apply <in
    [ "$(outcomes)" = "50 updated" ]
    before=$(sql 'SELECT xmin, * FROM postal.ip_addresses ORDER BY id')
    apply <in
    [ "$(outcomes)" = "50 conflict" ]
    [ "$(sql 'SELECT xmin, * FROM postal.ip_addresses ORDER BY id')" = "$before" ]
}

@test "an operator who changes the row while it waits for the lock is not overwritten" {
    pool_add 192.0.2.1
    pool_add 192.0.2.2
    hold "UPDATE postal.ip_addresses SET priority = 42 WHERE id = 1; UPDATE postal.ip_addresses SET \"blockingLists\" = 'by hand' WHERE id = 2"
    { decided 1 192.0.2.1 "" listed a; decided 2 192.0.2.2 "" listed a; } >in
    apply <in 3>&- &
    local job=$!
    wait_for 60 all_waiting
    release COMMIT
    wait "$job"
    [ "$(outcomes)" = "1 updated, 1 conflict" ]
    [ "$(pool_row 192.0.2.1)" = "0|42|a|new block from list(s) a" ]
    [ "$(pool_row 192.0.2.2)" = "100||by hand|" ]
}

@test "two at once: one update for each row, no deadlock" {
    two_at_once
}

@test "columns of type inet, IPv6, mapped addresses, a view" {
    sql 'CREATE TABLE postal.inets (id bigint PRIMARY KEY, ipv4 inet, priority smallint, "oldPriority" bigint,
         "blockingLists" varchar(30), "lastEvent" varchar(90), extra int NOT NULL DEFAULT 1);
         CREATE VIEW postal."in.ets" AS SELECT * FROM postal.inets; GRANT SELECT ON postal."in.ets" TO dnsbl_monitor;
         GRANT UPDATE (priority, "oldPriority", "blockingLists", "lastEvent") ON postal."in.ets" TO dnsbl_monitor;'
    sql "INSERT INTO postal.inets VALUES (1, '192.0.2.1', 100), (2, '2001:db8::1', 100), (9223372036854775807, '::ffff:192.0.2.3', 100)"
    export DB_TABLE='postal."in.ets"' DB_IP_COLUMN=ipv4
    "$BUILD/bin/pg-ips" >read
    {
        decided 1 192.0.2.1 "" listed a
        decided 2 2001:db8::1 "" listed a
        decided 0 192.0.2.3 "" listed a ".id = 0 | .ip_text = $(sed -n 4p read | jq .ip_text)" | sed 's/"id":0/"id":9223372036854775807/'
    } | apply
    apply --check=online
    unset DB_TABLE DB_IP_COLUMN
    [ "$(sql "SELECT count(*) FROM postal.inets WHERE priority = 0 AND \"oldPriority\" = 100 AND \"blockingLists\" = 'a'")" = 3 ]
    sql 'DROP TABLE postal.inets CASCADE'
}

# ---- batches ---------------------------------------------------------------

@test "many changes, few transactions, one row's error is its own" {
    local transactions
    many 2500
    sql 'ALTER TABLE postal.ip_addresses ADD CONSTRAINT not_this CHECK (id <> 1700 OR priority > 0)'
    transactions=$(sql "SELECT pg_stat_get_db_xact_commit(oid) FROM pg_database WHERE datname = 'postal'")
    run -1 apply <in
    [ "$(outcomes)" = "1699 updated, 1 failed, 800 updated" ]
    [ "$(listed)" = 2499 ]
    [ "$(jq -c 'select(.error_type == "row_error") | [.ip, .id, .sqlstate]' err)" = '["10.0.6.200",1700,"23514"]' ]
    grep -q not_this err
    jq -r .id out | sort -n -c
    sql 'ALTER TABLE postal.ip_addresses DROP CONSTRAINT not_this'
    # The batch with the error is done row by row, the others are not.
    pool_empty
    many 2500
    : >"$SERVERS/postgres/log"
    apply <in
    [ "$(outcomes)" = "2500 updated" ]
    (($(seen COMMIT) <= 50))
}

@test "a hundred changes cost no more than a round trip" {
    many 5000
    proxy_start proxy
    DB_PORT=$(cat proxy) apply <in
    wait_for 60 test -s proxy.trips
    proxy_stop
    [ "$(outcomes)" = "5000 updated" ]
    (($(cat proxy.trips) > 0 && $(cat proxy.trips) <= 50))
}

@test "a column too narrow, a trigger that raises, a trigger without its own table: that row alone" {
    many 6
    sql 'ALTER TABLE postal.ip_addresses ALTER "blockingLists" TYPE varchar(5);
         CREATE FUNCTION postal.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.id = 4 THEN RAISE EXCEPTION '"'no, thanks'"'; END IF;
            IF NEW.id = 5 THEN PERFORM 1 FROM postal.audit_that_is_not_there; END IF;
            IF NEW.id = 6 THEN RETURN NULL; END IF;
            RETURN NEW; END $$;
         CREATE TRIGGER refuse BEFORE UPDATE ON postal.ip_addresses FOR EACH ROW EXECUTE FUNCTION postal.refuse();'
    jq -c 'if .id == 2 then .update.blocking_lists = "abcdef" else . end' in >changed
    run -1 apply <changed
    sql 'DROP TRIGGER refuse ON postal.ip_addresses; DROP FUNCTION postal.refuse; ALTER TABLE postal.ip_addresses ALTER "blockingLists" TYPE text'
    [ "$(outcomes)" = "1 updated, 1 failed, 1 updated, 2 failed, 1 conflict" ]
    [ "$(jq -r 'select(.error_type == "row_error").sqlstate' err | paste -sd' ')" = "22001 P0001 42P01" ]
    grep -q 'no, thanks' err
    [ "$(listed)" = 2 ]
}

@test "a foreign key whose check lacks a right is the row's affair" {
    many 2
    sql "CREATE TABLE postal.known (lists text PRIMARY KEY); INSERT INTO postal.known VALUES ('a');
         CREATE ROLE pool_owner; GRANT USAGE ON SCHEMA postal TO pool_owner;
         ALTER TABLE postal.ip_addresses ADD CONSTRAINT known FOREIGN KEY (\"blockingLists\") REFERENCES postal.known;
         ALTER TABLE postal.known OWNER TO pool_owner; REVOKE ALL ON postal.known FROM pool_owner"
    run -1 apply <in
    sql 'ALTER TABLE postal.ip_addresses DROP CONSTRAINT known; DROP TABLE postal.known; DROP OWNED BY pool_owner; DROP ROLE pool_owner'
    [ "$(outcomes)" = "2 failed" ]
    [ "$(jq -r 'select(.error_type == "row_error").sqlstate' err | paste -sd' ')" = "42501 42501" ]
}

@test "a lone record is committed and passed on while the input stays open" {
    pool_add 192.0.2.1
    mkfifo input
    apply <input 3>&- &
    local job=$!
    exec 7>input
    start >&7
    decided 1 192.0.2.1 "" listed a >&7
    wait_for 60 grep -q '"db_outcome":"updated"' out
    [ "$(pool_row 192.0.2.1)" = "0|100|a|new block from list(s) a" ]
    # No transaction is open while it waits.
    [ "$(sql "SELECT state FROM pg_stat_activity WHERE application_name = 'pg-apply/6f1c7a3e'")" = idle ]
    end >&7
    exec 7>&-
    wait "$job"
}

@test "a record is not passed on before its change is committed" {
    pool_add 192.0.2.1
    hold 'SELECT 1 FROM postal.ip_addresses WHERE id = 1 FOR UPDATE'
    { start; decided 1 192.0.2.1 "" listed a; decided 1 192.0.2.1 "" none; end; } >in
    apply <in 3>&- &
    local job=$!
    wait_for 60 all_waiting
    run ! grep -q '"type":"ip"' out
    release
    wait "$job"
    [ "$(outcomes)" = "1 updated, 1 unchanged" ]
}

# ---- trouble with the database ---------------------------------------------

@test "a row that stays locked fails alone after four tries; the status is 69" {
    local before=$SECONDS
    many 5
    hold 'SELECT 1 FROM postal.ip_addresses WHERE id = 3 FOR UPDATE'
    run -69 apply <in
    release
    [ "$(outcomes)" = "2 updated, 1 failed, 2 updated" ]
    [ "$(jq -r 'select(.error_type == "row_error").sqlstate' err)" = 55P03 ]
    [ "$(listed)" = 4 ]
    ((SECONDS - before >= 20))
}

@test "a lock that goes in time is waited for" {
    many 3
    hold 'LOCK TABLE postal.ip_addresses'
    apply <in 3>&- &
    local job=$!
    wait_for 60 grep -q 'next try' err
    release
    wait "$job"
    [ "$(outcomes)" = "3 updated" ]
}

@test "a deadlock is tried again" {
    many 2
    # We hold 2 and want 1; it holds 1 and wants 2.
    hold 'SELECT 1 FROM postal.ip_addresses WHERE id = 2 FOR UPDATE'
    : >"$SERVERS/postgres/log"
    apply <in 3>&- &
    local job=$!
    wait_for 60 all_waiting
    echo "SET LOCAL deadlock_timeout = '1h'; SELECT 1 FROM postal.ip_addresses WHERE id = 1 FOR UPDATE;" >&8
    wait_for 60 all_waiting 0
    release
    wait "$job"
    grep -q 'dnsbl_monitor pg-apply ERROR:  deadlock detected' "$SERVERS/postgres/log"
    [ "$(outcomes)" = "2 updated" ]
    [ "$(listed)" = 2 ]
}

@test "a killed backend in the middle loses nothing" {
    many 3
    hold 'SELECT 1 FROM postal.ip_addresses WHERE id = 2 FOR UPDATE'
    apply <in 3>&- &
    local job=$!
    wait_for 60 all_waiting
    [ "$(sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pg-apply'")" = t ]
    release
    wait "$job"
    grep -q 'next try in 2 s' err
    [ "$(outcomes)" = "3 updated" ]
    [ "$(listed)" = 3 ]
}

@test "a server restarted in the middle loses nothing" {
    local mode
    for mode in fast immediate; do
        pool_empty
        many 3
        mkfifo "input.$mode"
        apply <"input.$mode" 3>&- &
        local job=$!
        exec 7>"input.$mode"
        head -1 in >&7
        wait_for 60 grep -q updated out
        postgres_restart "$mode"
        tail -n +2 in >&7
        exec 7>&-
        wait "$job"
        grep -q 'next try' err
        [ "$(outcomes)" = "3 updated" ]
        [ "$(listed)" = 3 ]
    done
}

@test "a commit that was not answered is found out, whether it happened or not" {
    local fate
    many 2
    for fate in lost dropped; do
        sql "UPDATE postal.ip_addresses SET priority = 100, \"oldPriority\" = NULL, \"blockingLists\" = NULL"
        proxy_start "$fate" "$fate"
        DB_PORT=$(cat "$fate") apply <in
        proxy_stop
        grep -q 'next try' err
        [ "$(outcomes)" = "2 updated" ]
        [ "$(listed)" = 2 ]
        [ "$(cat "$fate.cut")" = 1 ]
    done
}

@test "a refused login is 77 at once; all records still pass, and say that they failed" {
    many 3
    { start; cat in; decided 1 10.0.0.1 "" none; end; } >stream
    DB_PASSWORD=wrong-password run -77 apply <stream
    [ "$(outcomes)" = "3 failed, 1 unchanged" ]
    [ "$(jq -r .type out | paste -sd' ')" = "run ip ip ip ip end" ]
    [ "$(jq -c 'select(.db_outcome == "failed").db_changes' out | uniq)" = false ]
    [ "$(error_types | paste -sd' ')" = "database_refused changes_failed" ]
    run ! grep -q wrong-password out err
    [ "$(listed)" = 0 ]
}

@test "an unreachable database is tried four times in 14 seconds, then 69; all records pass" {
    local before=$SECONDS
    many 1500
    { start; cat in; end; } >stream
    DB_PORT=$(free_port) run -69 apply <stream
    ((SECONDS - before >= 13 && SECONDS - before <= 40))
    [ "$(outcomes)" = "1500 failed" ]
    [ "$(tail -1 out | jq -r .type)" = end ]
    [ "$(error_types | uniq -c | xargs)" = "4 database_unreachable 1 changes_failed" ]
}

@test "a missing right is 77, a missing column or table 78, nothing written" {
    many 2
    sql 'REVOKE UPDATE (priority) ON postal.ip_addresses FROM dnsbl_monitor'
    run -77 apply <in
    sql 'GRANT UPDATE (priority) ON postal.ip_addresses TO dnsbl_monitor'
    [ "$(outcomes)" = "2 failed" ]
    DB_IP_COLUMN=nosuch run -78 apply <in
    grep -q 'column \\"nosuch\\" does not exist' err
    DB_TABLE=postal.nosuch run -78 apply <in
    DB_NAME=nosuch run -78 apply <in
    [ "$(listed)" = 0 ]
}

@test "a server that takes no writes is unreachable, not refused" {
    many 1
    sql "ALTER DATABASE postal SET default_transaction_read_only = on"
    run -69 apply <in
    sql -c "SET default_transaction_read_only = off" -c "ALTER DATABASE postal RESET default_transaction_read_only"
    grep -q 25006 err
    [ "$(outcomes)" = "1 failed" ]
}

# ---- dry run, old runs -----------------------------------------------------

@test "a dry run looks and writes nothing" {
    local before
    many 3
    sql "UPDATE postal.ip_addresses SET \"blockingLists\" = 'other' WHERE id = 2"
    before=$(sql 'SELECT xmin, * FROM postal.ip_addresses ORDER BY id')
    { start '.dry_run = true'; cat in; decided 1 10.0.0.1 "" none; end; } | apply
    "$SUPPORT/validate.py" "$COMMON/record.schema.json" out
    [ "$(outcomes)" = "1 dry_run, 1 conflict, 1 dry_run, 1 unchanged" ]
    [ "$(jq -c 'select(.type == "ip") | [.dry_run, .would.db_changes, .db_changes]' out | paste -sd' ')" = \
        "[true,true,false] [true,false,false] [true,true,false] [true,false,false]" ]
    { start; cat in; end; } | DRY_RUN=true apply
    [ "$(outcomes)" = "1 dry_run, 1 conflict, 1 dry_run" ]
    [ "$(sql 'SELECT xmin, * FROM postal.ip_addresses ORDER BY id')" = "$before" ]
    # What it foresaw is what then happens.
    jq -c 'select(.type == "ip" and .would.db_changes) | .id' out >would
    { start; cat in; end; } | apply
    jq -c 'select(.type == "ip" and .db_changes) | .id' out | diff would -
}

@test "a run older than an hour is not acted on, unless told so" {
    local old='.started_at = (now - 3700 | todate | sub("Z"; ".000Z"))' change
    many 1
    for change in "$old" 'del(.started_at)' '.started_at = "yesterday"' '.started_at = 5'; do
        { start "$change"; cat in; end; } >stream
        run -65 apply <stream
        [ "$(error_types)" = stale_run ]
        [ ! -s out ]
        [ "$(listed)" = 0 ]
    done
    { start '.started_at = (now - 3500 | todate | sub("Z"; ".000Z"))'; end; } | apply
    { start "$old"; cat in; end; } | DRY_RUN=true apply
    [ "$(outcomes)" = "1 dry_run" ]
    { start "$old"; cat in; end; } | apply --allow-stale
    [ "$(listed)" = 1 ]
}

# ---- the stream ------------------------------------------------------------

@test "bad records are counted and dropped, the others done" {
    many 2
    {
        head -1 in
        echo 'not json'
        echo '{"type":"ip","type":"ip"}'
        echo '{"type":"ip","ip":"192.0.2.1"}'
        decided 1 bogus "" listed a
        decided 1 192.0.2.1 "" listed a 'del(.id, .ip_text)'
        decided 1 192.0.2.1 "" listed a 'del(.ip_text)'
        decided 1 192.0.2.1 "" listed a '.update.blocking_lists = 5'
        decided 1 192.0.2.1 "" listed a 'del(.update.last_event)'
        decided 1 192.0.2.1 "" none x '.update = {blocking_lists: "x", last_event: "y"}'
        decided 1 192.0.2.1 "" listed a '.transition = "other"'
        decided 1 192.0.2.1 "" listed a | sed 's/"id":1/"id":9223372036854775808/'
        tail -1 in
    } >stream
    run -1 apply <stream
    [ "$(outcomes)" = "2 updated" ]
    [ "$(error_types | uniq -c | xargs)" = "11 bad_record" ]
    [ "$(listed)" = 2 ]
}

@test "of a stream that was cut off, what came is done, and the status is 65" {
    many 2
    { start; cat in; } >stream
    run -65 apply <stream
    [ "$(outcomes)" = "2 updated" ]
    run -65 apply --require-run </dev/null
    run -0 apply </dev/null
    { start; end; head -1 in; } >stream
    run -65 apply <stream
    head -c 50 in >stream
    run -65 apply <stream
}

@test "a line that is too long is dropped" {
    many 1
    { head -c 1100000 /dev/zero | tr '\0' x; echo; cat in; } >stream
    run -1 apply <stream
    [ "$(outcomes)" = "1 updated" ]
    [ "$(error_types)" = bad_record ]
}

@test "the reader's death loses no change: 74 when all is done" {
    many 1200
    { start; cat in; end; } >stream
    { "$BUILD/bin/pg-apply" <stream 2>err || echo $? >status; } | head -1 >out
    [ "$(cat status)" = 74 ]
    [ "$(listed)" = 1200 ]
    pool_empty
    many 3
    run -74 bash -c '"$BUILD/bin/pg-apply" <in >/dev/full'
    [ "$(listed)" = 3 ]
}

@test "SIGTERM: what is not committed is not passed on, and the end comes within 5 seconds" {
    local before status=0 job
    many 3
    hold 'LOCK TABLE postal.ip_addresses'
    { start; cat in; end; } >stream
    "$BUILD/bin/pg-apply" <stream >out 2>err 3>&- &
    job=$!
    wait_for 60 all_waiting
    before=$SECONDS
    kill -TERM "$job"
    wait "$job" || status=$?
    release
    [ "$status" = 143 ]
    ((SECONDS - before <= 5))
    [ "$(jq -r .type out)" = run ]
    wait_for 60 all_waiting 0
    [ "$(listed)" = 0 ]
    # While it waits for input it ends at once.
    mkfifo input
    "$BUILD/bin/pg-apply" <input >out 2>err 3>&- &
    job=$!
    exec 7>input
    head -1 in >&7
    wait_for 60 grep -q updated out
    kill -INT "$job"
    status=0
    wait "$job" || status=$?
    exec 7>&-
    [ "$status" = 130 ]
    [ "$(listed)" = 1 ]
}

# ---- the command line ------------------------------------------------------

@test "all problems of the configuration at once, the input untouched" {
    many 1
    DB_HOST='' LISTED_PRIORITY=-1 CLEAN_FALLBACK_PRIORITY=2147483648 DRY_RUN=no-idea run -78 apply <in
    [ ! -s out ]
    [ "$(jq -r .variable err | sort | paste -sd' ')" = "CLEAN_FALLBACK_PRIORITY DB_HOST DRY_RUN LISTED_PRIORITY" ]
    LISTED_PRIORITY=0x10 run -78 apply --check
    LISTED_PRIORITY=2147483647 CLEAN_FALLBACK_PRIORITY=0 DB_PORT=1 apply --check
    [ "$(listed)" = 0 ]
}

@test "--check=online names missing columns and rights and the SQL that mends it" {
    apply --check=online
    sql 'REVOKE UPDATE ("lastEvent", priority) ON postal.ip_addresses FROM dnsbl_monitor'
    run -77 apply --check=online
    [ "$(wc -l <err)" = 2 ]
    jq -r .error_message err | sed -n 's/.*with: //p' | sql >/dev/null
    apply --check=online
    sql 'ALTER TABLE postal.ip_addresses DROP COLUMN "blockingLists"'
    run -78 apply --check=online
    jq -r .error_message err | sed -n 's/.*with: //p' | sql >/dev/null
    run -77 apply --check=online # a new column has no rights yet
    jq -r .error_message err | sed -n 's/.*with: //p' | sql >/dev/null
    apply --check=online
    DB_PORT=$(free_port) run -69 apply --check=online
    DB_PASSWORD=wrong-password run -77 apply --check=online
}

@test "bad options, --help, --version" {
    local arguments
    for arguments in --nosuch "--check=offline" "--allow-stale=1" "extra"; do
        run -64 apply $arguments </dev/null
        [ "$(error_types)" = usage ]
    done
    apply --help
    grep -q -- --allow-stale out
    apply --version
    grep -qx 'pg-apply [0-9.]*' out
}
