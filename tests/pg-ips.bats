# pg-ips: the table as a stream, from a real PostgreSQL.

bats_require_minimum_version 1.5.0

setup_file() {
    BUILD=$(cd "$BATS_TEST_DIRNAME/.." && realpath "${BUILD:-build}")
    export BUILD COMMON=$BATS_TEST_DIRNAME/../common
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    postgres_start "$BATS_FILE_TMPDIR"
}

teardown_file() { servers_stop "$BATS_FILE_TMPDIR"; }

setup() {
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    cd "$BATS_TEST_TMPDIR" || return
    export BATS_TEST_TIMEOUT=120
    pool_empty
}

# ips [ARGUMENT...]: runs it; stdout in out, stderr in err.
ips() { "$BUILD/bin/pg-ips" "$@" >out 2>err; }
valid() { "$SUPPORT/validate.py" "$COMMON/record.schema.json" out; }
addresses() { jq -r 'select(.type == "ip") | .ip' "${1:-out}"; }
error_types() { jq -r .error_type err; }
no_backend_left() { [ "$(backends)" = 0 ]; }
backends() { sql "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pg-ips%'"; }

@test "an address of each kind, between run and end" {
    pool_add 192.0.2.1 80
    pool_add 2001:DB8::A
    pool_add ::ffff:198.51.100.7
    sql "UPDATE postal.ip_addresses SET \"oldPriority\" = 90, \"blockingLists\" = 'a,b', \"lastEvent\" = 'x' WHERE id = 1"
    ips
    [ ! -s err ]
    valid
    jq -e -s '.[0] | .type == "run" and .dry_run == false and .shard == "0/1"' out
    jq -e -s '(now - (.[0].started_at | sub("\\.[0-9]+Z"; "Z") | fromdate)) | . >= 0 and . < 60' out
    jq -e -s '.[0].run_id == .[-1].run_id' out
    [ "$(grep '"type":"ip"' out)" = '{"type":"ip","id":1,"ip":"192.0.2.1","ip_text":"192.0.2.1","priority":80,"old_priority":90,"blocking_lists":"a,b","last_event":"x"}
{"type":"ip","id":2,"ip":"2001:db8::a","ip_text":"2001:DB8::A","priority":100,"old_priority":null,"blocking_lists":null,"last_event":null}
{"type":"ip","id":3,"ip":"198.51.100.7","ip_text":"::ffff:198.51.100.7","priority":100,"old_priority":null,"blocking_lists":null,"last_event":null}' ]
    [ "$(jq -c 'select(.type == "end") | [.ips, .skipped]' out)" = '[3,0]' ]
}

@test "an empty table is a whole stream" {
    ips
    [ "$(jq -r .type out | paste -sd' ')" = "run end" ]
    valid
}

@test "NULL is passed over, what is no address is warned of and counted" {
    sql "INSERT INTO postal.ip_addresses (ip) VALUES (NULL), (''), ('mail.example'), ('192.0.2.300'), ('192.0.2.4')"
    ips
    [ "$(addresses)" = 192.0.2.4 ]
    [ "$(jq -c 'select(.type == "end") | [.ips, .skipped]' out)" = '[1,3]' ]
    [ "$(error_types | sort | uniq -c | xargs)" = "3 not_an_address" ]
    grep -q 'mail.example' err
}

@test "thousands of junk rows do not flood the log" {
    sql "INSERT INTO postal.ip_addresses (ip) SELECT 'junk ' || n FROM generate_series(1, 2500) n"
    ips
    [ "$(jq -r 'select(.type == "end").skipped' out)" = 2500 ]
    [ "$(wc -l <err)" = 101 ]
    grep -q '2500 rows were passed over in all' err
}

@test "rows whose text is strange do not break the stream" {
    sql "INSERT INTO postal.ip_addresses (ip, \"lastEvent\") VALUES ('192.0.2.5', E'two\nlines \"quoted\" \\\\ \\t \u00e9'), (E'bad\x01\n', '')"
    ips
    valid
    [ "$(jq -r 'select(.id == 1).last_event' out)" = $'two\nlines "quoted" \\ \t é' ]
    [ "$(wc -l <err)" = 1 ]
}

@test "more rows than a page, in order, each once" {
    # Where ids have no gaps, the next page begins right behind the last row of this one.
    sql "INSERT INTO postal.ip_addresses (id, ip) SELECT n * CASE WHEN n > 1500 THEN 7 ELSE 1 END, '10.0.' || n / 250 || '.' || n % 250
        FROM generate_series(1, 3000) n"
    ips
    jq -r 'select(.type == "ip").id' out >ids
    [ "$(wc -l <ids)" = 3000 ]
    sort -n -u -c ids
    [ "$(jq -r 'select(.type == "end").ips' out)" = 3000 ]
    sql 'DELETE FROM postal.ip_addresses WHERE id > 1000' # now the last page is full
    ips
    [ "$(jq -r 'select(.type == "end").ips' out)" = 1000 ]
}

@test "each row is read once, however many pages there are" {
    sql "INSERT INTO postal.ip_addresses (ip) SELECT '10.5.' || n / 250 || '.' || n % 250 FROM generate_series(1, 20000) n"
    sql 'ANALYZE postal.ip_addresses'
    sql "SELECT pg_stat_reset_single_table_counters('postal.ip_addresses'::regclass)"
    ips
    wait_for 60 has_read 20000
    run ! has_read 40000
}

# A backend tells what it has read when it ends.
has_read() { (($(sql "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'ip_addresses'") >= $1)); }

@test "ids of all of bigint, and below zero" {
    sql 'CREATE TABLE postal.wide (LIKE postal.ip_addresses INCLUDING INDEXES); ALTER TABLE postal.wide ALTER id TYPE bigint;
         GRANT SELECT ON postal.wide TO dnsbl_monitor;'
    sql "INSERT INTO postal.wide (id, ip) VALUES (-9223372036854775808, '192.0.2.1'), (-1, '192.0.2.2'),
        (9223372036854775806, '192.0.2.3'), (9223372036854775807, '192.0.2.4')"
    DB_TABLE=postal.wide ips
    [ "$(addresses | paste -sd' ')" = "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4" ]
    grep -q '"id":-9223372036854775808,' out
    DB_TABLE=postal.wide ips --rotate
    [ "$(addresses | sort | paste -sd' ')" = "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4" ]
    sql 'DROP TABLE postal.wide'
}

@test "a column of type inet, under another name" {
    sql 'CREATE TABLE postal.inets (id smallint PRIMARY KEY, ipv4 inet, priority bigint, "oldPriority" smallint,
         "blockingLists" varchar(30), "lastEvent" varchar(90)); GRANT SELECT ON postal.inets TO dnsbl_monitor;'
    sql "INSERT INTO postal.inets VALUES (1, '192.0.2.1', 100), (2, '2001:db8:0::1', 7), (3, '::ffff:192.0.2.3', 1), (4, '192.0.2.0/24', 1), (5, NULL, 5)"
    DB_TABLE=postal.inets DB_IP_COLUMN=ipv4 ips
    [ "$(jq -r 'select(.type == "ip") | "\(.ip) \(.ip_text) \(.priority)"' out)" = "192.0.2.1 192.0.2.1 100
2001:db8::1 2001:db8::1 7
192.0.2.3 ::ffff:192.0.2.3 1" ]
    [ "$(jq -r 'select(.type == "end").skipped' out)" = 1 ]
    sql 'DROP TABLE postal.inets'
}

@test "a view, and names that need quoting" {
    sql 'CREATE SCHEMA "we.ird"; GRANT USAGE ON SCHEMA "we.ird" TO dnsbl_monitor;
         CREATE VIEW "we.ird"."ta""ble; DROP TABLE x --" AS SELECT *, ip AS "I P""; --" FROM postal.ip_addresses;
         GRANT SELECT ON "we.ird"."ta""ble; DROP TABLE x --" TO dnsbl_monitor;'
    pool_add 192.0.2.1
    DB_TABLE='"we.ird"."ta""ble; DROP TABLE x --"' DB_IP_COLUMN='I P"; --' ips
    [ "$(addresses)" = 192.0.2.1 ]
    DB_TABLE='"we.ird".ta"ble; DROP TABLE x --' DB_IP_COLUMN='"I P""; --"' ips
    [ "$(addresses)" = 192.0.2.1 ]
    DB_TABLE='"we.ird"."ta""ble; DROP TABLE x --"' DB_IP_COLUMN='I P"; --' ips --check=online
    sql 'DROP SCHEMA "we.ird" CASCADE'
}

@test "a table without its schema is found by the search path" {
    pool_add 192.0.2.1
    sql 'ALTER ROLE dnsbl_monitor SET search_path = postal'
    DB_TABLE=ip_addresses ips
    [ "$(addresses)" = 192.0.2.1 ]
    DB_TABLE=ip_addresses ips --check=online
    sql 'ALTER ROLE dnsbl_monitor RESET search_path'
}

@test "the shards are the whole, and disjoint" {
    local i
    sql "INSERT INTO postal.ip_addresses (ip) SELECT '10.1.' || n / 250 || '.' || n % 250 FROM generate_series(1, 900) n"
    sql "INSERT INTO postal.ip_addresses (ip) VALUES ('2001:db8::7'), ('2001:DB8:0::7'), ('bogus')"
    ips && addresses | sort >whole
    for i in 0 1 2; do
        ips --shard "$i/3"
        valid
        jq -e -s --arg shard "$i/3" '.[0].shard == $shard' out
        [ "$(jq -r 'select(.type == "end").ips' out)" = "$(addresses | wc -l)" ]
        (($(addresses | wc -l) > 200))
        jq -r 'select(.type == "end").skipped' out >>skipped
        addresses >>parts
        if ((i == 1)); then cp out one; fi
    done
    sort parts | diff - whole
    [ "$(sort -n skipped | paste -sd' ')" = "0 0 1" ]
    # Two spellings of an address have one owner.
    for i in 0 1 2; do
        ips --shard "$i/3"
        addresses | grep -c '^2001:db8::7$' >>spellings || true
    done
    [ "$(sort -n spellings | paste -sd' ')" = "0 0 2" ]
    SHARD_COUNT=3 JOB_COMPLETION_INDEX=1 ips
    [ "$(addresses)" = "$(addresses one)" ]
    # The option wins.
    SHARD_COUNT=9 JOB_COMPLETION_INDEX=8 ips --shard 1/3
    [ "$(addresses)" = "$(addresses one)" ]
}

@test "--rotate sends every address once, from somewhere in the middle" {
    local i
    sql "INSERT INTO postal.ip_addresses (ip) SELECT '10.2.' || n / 250 || '.' || n % 250 FROM generate_series(1, 1500) n"
    ips && addresses >whole
    for i in 1 2 3 4 5; do
        ips --rotate
        valid
        addresses | sort | diff - <(sort whole)
        addresses | head -1 >>firsts
    done
    # Five random starts among 1,500 are not all the same.
    (($(sort -u firsts | wc -l) > 1))
    pool_empty
    ips --rotate
    [ "$(jq -r .type out | paste -sd' ')" = "run end" ]
}

@test "DRY_RUN is said in the run record" {
    DRY_RUN=true ips
    jq -e -s '.[0].dry_run == true' out
}

@test "a connection string, a URI, and variables of libpq" {
    local host=$DB_HOST password=$DB_PASSWORD
    pool_add 192.0.2.1
    DB_DSN="host=$host port=$DB_PORT dbname=postal user=dnsbl_monitor password=$password" DB_HOST=overridden.invalid ips
    [ "$(addresses)" = 192.0.2.1 ]
    unset DB_HOST DB_PASSWORD DB_USER DB_NAME
    DB_DSN="postgresql://dnsbl_monitor:$password@$host:$DB_PORT/postal" ips
    [ "$(addresses)" = 192.0.2.1 ]
    PGUSER=dnsbl_monitor PGPASSWORD=$password DB_DSN="host=$host port=$DB_PORT dbname=postal" ips
    [ "$(addresses)" = 192.0.2.1 ]
    echo "postgresql://dnsbl_monitor:$password@$host:$DB_PORT/postal" >dsn
    DB_DSN_FILE=dsn ips
    [ "$(addresses)" = 192.0.2.1 ]
    # TLS was asked for, and this server has none.
    PGSSLMODE=require DB_DSN_FILE=dsn run -69 "$BUILD/bin/pg-ips" --check=online
    [[ $output == *SSL* ]]
}

@test "each password is a secret, also one that libpq alone reads: it is masked where the server repeats it" {
    local dsn="host=$DB_HOST port=$DB_PORT dbname=postal user=Sesame4711"
    unset DB_HOST DB_PASSWORD DB_USER DB_NAME
    refused() { # what the server says of a user of this name
        run -77 ips --check=online
        grep -q "authentication failed for user" err
    }
    DB_DSN="$dsn password=other" refused
    grep -q 'Sesame4711' err
    for settings in PGPASSWORD=Sesame4711 "DB_DSN=$dsn password=Sesame4711" "DB_DSN=$dsn password=other sslpassword=Sesame4711"; do
        (export DB_DSN="$dsn" "${settings?}" && refused)
        run ! grep -i sesame4711 err
    done
}

@test "all problems of the configuration at once, before anything is touched" {
    DB_HOST='' DB_PORT=0 DB_TABLE=a.b.c DB_IP_COLUMN='"open' SHARD_COUNT=2 DRY_RUN=perhaps run -78 ips
    [ ! -s out ]
    [ "$(jq -r .variable err | sort | paste -sd' ')" = "DB_HOST DB_IP_COLUMN DB_PORT DB_TABLE DRY_RUN JOB_COMPLETION_INDEX" ]
    DB_HOST='' run -78 ips --check
    SHARD_COUNT=2 JOB_COMPLETION_INDEX=2 run -78 ips --check
    DB_PORT=65536 run -78 ips --check
    DB_DSN='password=secret word' run -78 ips --check
    run ! grep -q "secret" err
}

@test "--check needs no server, --check=online does" {
    DB_PORT=1 ips --check
    [ ! -s out ]
    [ ! -s err ]
    DB_PORT=1 run -69 ips --check=online
    ips --check=online
    [ ! -s out ]
    [ ! -s err ]
}

@test "--count writes how many addresses there are, of all shards, if the check finds nothing" {
    for address in 192.0.2.1 192.0.2.2 2001:db8::1; do pool_add "$address"; done
    ips --count --shard 1/2
    [ "$(cat out)" = 3 ]
    [ ! -s err ]
    ips --check=online --count
    [ "$(cat out)" = 3 ]
    ips --check --count
    [ ! -s out ]
    DB_TABLE=postal.nothing run -78 ips --count
    [ ! -s out ]
    run -74 bash -c '"$BUILD/bin/pg-ips" --count >/dev/full'
}

@test "--check=online names what is missing and the SQL that mends it" {
    DB_TABLE=postal.nothing run -78 ips --check=online
    grep -q 'no table \\"postal\\".\\"nothing\\"' err
    DB_IP_COLUMN=ipv4 run -78 ips --check=online
    grep -q 'no column \\"ipv4\\"' err
    sql 'ALTER TABLE postal.ip_addresses DROP COLUMN "lastEvent", DROP COLUMN "oldPriority"'
    run -78 ips --check=online
    [ "$(wc -l <err)" = 2 ]
    jq -r .error_message err | sed -n 's/.*with: //p' | sql >/dev/null
    sql 'REVOKE SELECT ON postal.ip_addresses FROM dnsbl_monitor; REVOKE USAGE ON SCHEMA postal FROM dnsbl_monitor'
    run -77 ips --check=online
    grep -q 'GRANT USAGE ON SCHEMA \\"postal\\" TO \\"dnsbl_monitor\\"' err
    jq -r .error_message err | sed -n 's/.*with: //p' | sql >/dev/null
    ips --check=online
    ips
}

@test "bad options" {
    local arguments
    for arguments in --nosuch "--shard" "--shard 3/3" "--shard -1/3" "--shard 1" "--shard 1/0" "--shard 0/10001" "--check=offline" "extra"; do
        # shellcheck disable=SC2086 # several words, or none
        run -64 ips $arguments
        [ ! -s out ]
        [ "$(error_types)" = usage ]
    done
}

@test "--help and --version" {
    ips --help
    grep -q -- --shard out
    ips --version
    grep -qx 'pg-ips [0-9.]*' out
    run -74 bash -c '"$BUILD/bin/pg-ips" --help >/dev/full'
}

@test "a full disk is an output error" {
    pool_add 192.0.2.1
    run -74 bash -c '"$BUILD/bin/pg-ips" >/dev/full'
    [[ $output == *output_error* ]]
}

@test "a reader that leaves ends it quietly" {
    sql "INSERT INTO postal.ip_addresses (ip) SELECT '10.3.' || n / 250 || '.' || n % 250 FROM generate_series(1, 5000) n"
    { "$BUILD/bin/pg-ips" 2>err || echo $? >status; } | head -1 >out
    [ "$(cat status)" = 141 ]
    [ ! -s err ]
}

@test "a refused login is 77 at once" {
    DB_PASSWORD=wrong-password run -77 ips
    [ "$(error_types)" = database_refused ] # one line: no further try was announced
    grep -q 28P01 err
    run ! grep -q wrong-password err
    # A stream that has begun and has no end.
    [ "$(jq -r .type out)" = run ]
}

@test "a missing database, table or column is 78 at once, a missing right 77" {
    local setting
    for setting in DB_NAME=nosuch DB_TABLE=postal.nosuch DB_TABLE=nosuch.table DB_IP_COLUMN=nosuch; do
        export "${setting?}"
        run -78 ips
        [ "$(error_types)" = database_misfit ] # one line: no further try was announced
        export DB_NAME=postal
        unset DB_TABLE DB_IP_COLUMN
    done
    grep -q 'nosuch does not exist' err
    sql 'REVOKE SELECT ON postal.ip_addresses FROM dnsbl_monitor'
    run -77 ips
    sql 'GRANT SELECT ON postal.ip_addresses TO dnsbl_monitor'
    grep -q 'permission denied' err
    [ "$(error_types)" = database_refused ]
}

@test "an unreachable database is tried four times in 14 seconds, then 69" {
    local before=$SECONDS
    DB_PORT=$(free_port) run -69 ips
    ((SECONDS - before >= 13 && SECONDS - before <= 40))
    [ "$(jq -r .level err | uniq -c | xargs)" = "3 WARNING 1 ERROR" ]
    [ "$(jq -r .type out)" = run ]
}

@test "a database that comes back in time is enough" {
    pool_add 192.0.2.1
    postgres_stop
    "$BUILD/bin/pg-ips" >out 2>err 3>&- &
    local job=$!
    wait_for 60 grep -q 'next try' err
    postgres_start "$SERVERS"
    wait "$job"
    [ "$(addresses)" = 192.0.2.1 ]
}

@test "a slow reader holds no transaction, a lost connection costs no row" {
    local job
    sql "INSERT INTO postal.ip_addresses (ip, \"lastEvent\") SELECT '10.4.' || n / 250 || '.' || n % 250, repeat('x', 200) FROM generate_series(1, 4000) n"
    mkfifo pipe
    "$BUILD/bin/pg-ips" >pipe 2>err 3>&- &
    job=$!
    exec 7<pipe
    read -r -u 7 first
    # It writes into a full pipe now: connected, and idle outside any transaction.
    wait_for 60 stuck
    [ "$(sql "SELECT state FROM pg_stat_activity WHERE application_name LIKE 'pg-ips/%'")" = idle ]
    [ "$(sql "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'pg-ips/%'")" = "pg-ips/$(jq -r '.run_id[:8]' <<<"$first")" ]
    # Its connection is cut, and the whole server restarted.
    [ "$(sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pg-ips/%'")" = t ]
    postgres_restart immediate
    { echo "$first"; cat <&7; } >out
    exec 7<&-
    wait "$job"
    grep -q 'next try' err
    [ "$(addresses | sort -u | wc -l)" = 4000 ]
    [ "$(jq -r 'select(.type == "end").ips' out)" = 4000 ]
}

# A process in poll(2) writes nothing any more.
stuck() { [ "$(backends)" = 1 ] && [[ $(sql "SELECT state FROM pg_stat_activity WHERE application_name LIKE 'pg-ips/%' AND state_change < now() - interval '0.3 s'") == idle ]]; }

@test "SIGTERM while it waits for a lock, a reader or the server ends it in time" {
    local job before status where
    pool_add 192.0.2.1
    # The table is locked: the statement waits.
    sql "BEGIN; LOCK TABLE postal.ip_addresses; SELECT pg_sleep(30)" 3>&- >/dev/null 2>&1 &
    local locker=$!
    wait_for 60 locked
    "$BUILD/bin/pg-ips" >out 2>err 3>&- &
    job=$!
    wait_for 60 waiting
    before=$SECONDS
    kill -TERM "$job"
    status=0
    wait "$job" || status=$?
    [ "$status" = 143 ]
    ((SECONDS - before <= 5))
    [ "$(jq -r .type out)" = run ]
    sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"
    wait "$locker" || true
    # The server hangs.
    server_signal postgres STOP
    "$BUILD/bin/pg-ips" >hung 2>err 3>&- &
    job=$!
    wait_for 60 test -s hung
    before=$SECONDS
    kill -INT "$job"
    status=0
    wait "$job" || status=$?
    server_signal postgres CONT
    [ "$status" = 130 ]
    ((SECONDS - before <= 5))
}

locked() { [ "$(sql "SELECT count(*) FROM pg_locks WHERE relation = 'postal.ip_addresses'::regclass AND granted AND mode = 'AccessExclusiveLock'")" = 1 ]; }
waiting() { [ "$(sql "SELECT count(*) FROM pg_locks WHERE NOT granted")" = 1 ]; }

@test "rights to read are all it needs, and it changes nothing" {
    pool_add 192.0.2.1
    sql 'REVOKE UPDATE (priority, "oldPriority", "blockingLists", "lastEvent") ON postal.ip_addresses FROM dnsbl_monitor'
    local before
    before=$(sql 'SELECT xmin, * FROM postal.ip_addresses')
    ips
    ips --check=online
    [ "$(sql 'SELECT xmin, * FROM postal.ip_addresses')" = "$before" ]
    sql 'GRANT UPDATE (priority, "oldPriority", "blockingLists", "lastEvent") ON postal.ip_addresses TO dnsbl_monitor'
}

@test "a password whose special characters are not escaped in a URI is 78, and no piece of it is said" {
    local dsn
    for dsn in u:geheim@wort@127.0.0.1:1/db u:geheim/wort@127.0.0.1/db u:geheim@wo/rt@127.0.0.1/db u:geheim?x@wort@127.0.0.1/db; do
        DB_DSN=postgresql://$dsn run -78 ips
        grep -q DB_DSN err
        grep -q '%40' err
        run ! grep -E "geheim|wort|wo\"" err
    done
    for dsn in u:p%40ss%2Fword@127.0.0.1:1/db '127.0.0.1:1/db?user=u@x' u@127.0.0.1:1,127.0.0.1:2; do
        DB_DSN=postgres://$dsn run -0 ips --check
    done
    DB_DSN='host=127.0.0.1 dbname=a@b password=x@y@z' run -0 ips --check
}

@test "a URI without the @ that ends its login is 78, and its password is not said as a port" {
    local dsn
    for dsn in 'u:geheim 127.0.0.1:1/db' u:geheim/db u:geheim '127.0.0.1:1,u:geheim/db' u:47110815/db; do
        DB_DSN=postgresql://$dsn run -78 ips --check
        grep -q 'DB_DSN.*is the @ missing' err
        run ! grep -E 'geheim|4711' err
    done
    for dsn in u@127.0.0.1:1,127.0.0.1:2/db u@127.0.0.1/db u@127.0.0.1:,127.0.0.2/db; do
        DB_DSN=postgresql://$dsn run -0 ips --check
    done
    DB_DSN='host=127.0.0.1 port=x1' run -78 ips --check
    DB_DSN="host=127.0.0.1 port=' 1'" run -0 ips --check
}

@test "no secret in the arguments, the output or the application's name" {
    pool_add 192.0.2.1
    DB_DSN="postgresql://dnsbl_monitor:$DB_PASSWORD@$DB_HOST:$DB_PORT/postal" ips
    DB_DSN="postgresql://nobody:hunter2hunter2@$DB_HOST:$DB_PORT/postal" run -77 ips
    run ! grep -q hunter2 out err
    run ! grep -rqF -e "$DB_PASSWORD" out err "$SERVERS/postgres/log"
}
