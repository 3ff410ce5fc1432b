# shellcheck shell=bash
# database.bash - the scenarios about pg-ips and pg-apply; run reads it.
#
# Row n of the table, from 1 on, holds the address 10.0.0.0 + n.

readonly pg_ips=$BUILD/bin/pg-ips pg_apply=$BUILD/bin/pg-apply

start_database() {
    [[ -x $pg_ips && -x $pg_apply ]] || die "there is no $pg_ips or $pg_apply; make bench builds them"
    postgres_start "$dir" autovacuum=off max_wal_size=4GB || die "PostgreSQL could not be started"
    export PGHOST=$DB_HOST PGPORT=$DB_PORT PGDATABASE=$DB_NAME PGUSER=$DB_USER PGPASSWORD=$DB_PASSWORD # for the peers
    rows_few=$((few * 10)) rows_many=$((few * 1000)) changes=$((few * 100))
    query "CREATE TABLE postal.some_addresses (LIKE postal.ip_addresses INCLUDING ALL);
        GRANT SELECT ON postal.some_addresses TO dnsbl_monitor"
}

# query SQL: as the superuser, who alone may fill a table.
query() { sql "$1" 2>"$dir/err" || die "PostgreSQL: $(cat "$dir/err")"; }

# fill TABLE COUNT: one row in fifty is listed.
fill() {
    query "TRUNCATE postal.$1"
    query "INSERT INTO postal.$1 (id, ip, hostname, priority, \"oldPriority\", \"blockingLists\", \"lastEvent\")
        SELECT n, host('10.0.0.0'::inet + n), 'mx' || n || '.bench.test', CASE WHEN n % 50 = 0 THEN 0 ELSE 100 END,
            CASE WHEN n % 50 = 0 THEN 100 END, CASE WHEN n % 50 = 0 THEN 'z0.bench.test,z1.bench.test' END,
            CASE WHEN n % 50 = 0 THEN 'new block from list(s) z0.bench.test,z1.bench.test' END
        FROM generate_series(1, $2) n"
    query "VACUUM ANALYZE postal.$1"
}

# ---- pg-ips ----------------------------------------------------------------

scenario_read() {
    fill some_addresses "$rows_few"
    fill ip_addresses "$rows_many"
    : >"$dir/in"
    each_run 3 read_run
}

read_run() {
    local who
    for who in $(shuf -e few many copy); do
        "read_$who"
    done
    rm -f "$dir/out"
}

read_few() { DB_TABLE=postal.some_addresses read_addresses few "$rows_few"; }
read_many() { read_addresses many "$rows_many"; }

# read_addresses WHAT COUNT
read_addresses() {
    local who=pg-ips
    measure "$pg_ips"
    checked=$(check rows "$2") || exit
    note_measured "$1" "$checked"
}

read_copy() {
    measure psql -X -c '\copy (SELECT id, ip, priority, "oldPriority", "blockingLists", "lastEvent" FROM postal.ip_addresses) to stdout'
    note_measured copy "\"rows\":$(wc -l <"$dir/out")"
}

# ---- pg-apply --------------------------------------------------------------

scenario_write() {
    "$PYTHON" "$here/decided.py" "$changes" 1 >"$dir/all"
    "$PYTHON" "$here/decided.py" "$rows_few" 1 >"$dir/some"
    write_pgbench_script >"$dir/script"
    each_run 3 write_run
    rm "$dir/all" "$dir/some"
}

write_run() {
    local what
    for what in $(shuf -e all some extended prepared trips); do
        fill ip_addresses "$changes"
        query 'UPDATE postal.ip_addresses SET priority = 100, "oldPriority" = NULL, "blockingLists" = NULL, "lastEvent" = NULL WHERE id % 50 = 0'
        query 'VACUUM ANALYZE postal.ip_addresses'
        "write_$what"
        rm -f "$dir/out"
    done
}

write_all() { apply_changes all "$changes" && note_measured all "$checked"; }
write_some() { apply_changes some "$rows_few" && note_measured some "$checked"; }

# apply_changes WHAT COUNT [EVERY]: of the stream in the file WHAT.
apply_changes() {
    local who=pg-apply
    ln -f "$dir/$1" "$dir/in"
    measure "$pg_apply"
    rm "$dir/in"
    checked=$(check outcomes "$2" "${3:-1}") || exit
    check_rows $(($2 / ${3:-1}))
}

# check_rows COUNT: so many rows must be listed by now.
check_rows() {
    local found
    found=$(query "SELECT count(*) FROM postal.ip_addresses WHERE priority = 0 AND \"oldPriority\" = 100 AND \"blockingLists\" = 'z0.bench.test'")
    ((found == $1)) || die "$found rows are listed, not $1"
}

# Round trips are counted beside the timed runs, by a proxy.
write_trips() {
    local who=pg-apply port=$DB_PORT
    rm -f "$dir/proxy" "$dir/proxy.trips"
    "$PYTHON" "$SUPPORT/pg_proxy.py" "$DB_PORT" "$dir/proxy" &
    helper=$!
    wait_for 10 test -s "$dir/proxy" || die "the proxy does not start"
    DB_PORT=$(cat "$dir/proxy")
    apply_changes all "$changes"
    DB_PORT=$port
    wait_for 10 test -s "$dir/proxy.trips" || die "the proxy did not see the end"
    kill "$helper"
    wait "$helper"
    helper=
    note trips "\"trips\":$(cat "$dir/proxy.trips"),\"changes\":$changes"
}

# The same update, a hundred in one pipeline, the rows one after the other.
write_pgbench_script() {
    printf '%s\n' '\startpipeline'
    for _ in {1..100}; do
        cat <<'SCRIPT'
\set id :id + 1
UPDATE postal.ip_addresses SET "oldPriority" = coalesce("oldPriority", priority), priority = 0, "blockingLists" = 'z0.bench.test', "lastEvent" = 'new block from list(s) z0.bench.test' WHERE id = :id;
SCRIPT
    done
    printf '%s\n' '\endpipeline'
}

write_extended() { run_pgbench extended; }
write_prepared() { run_pgbench prepared; }

# run_pgbench PROTOCOL: extended parses each statement anew, prepared once a connection.
run_pgbench() {
    : >"$dir/in"
    measure pgbench -n -M "$1" -D id=0 -t $((changes / 100)) -f "$dir/script"
    check_rows "$changes"
    note_measured "pgbench-$1" "$(awk '/^tps/ { printf "\"rate\":%.0f", $3 * 100 }' "$dir/out")"
}

# ---- the whole stage, with next to nothing to change -----------------------

scenario_pass() {
    "$PYTHON" "$here/decided.py" "$changes" 1000 >"$dir/pass"
    fill ip_addresses "$changes"
    each_run 5 pass_run
    rm "$dir/pass"
}

pass_run() {
    query 'UPDATE postal.ip_addresses SET priority = 100, "oldPriority" = NULL, "blockingLists" = NULL WHERE "blockingLists" IS NOT NULL'
    apply_changes pass "$changes" 1000 && note_measured pass "$checked"
    rm -f "$dir/out"
}
