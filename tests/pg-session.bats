# What pg-ips and pg-apply ask of a session and of a table: timeouts, names, keepalives, TLS, columns of other kinds.

bats_require_minimum_version 1.5.0

setup_file() {
    BUILD=$(cd "$BATS_TEST_DIRNAME/.." && realpath "${BUILD:-build}")
    export BUILD
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    local tls=$BATS_FILE_TMPDIR/tls
    mkdir "$tls"
    make_certificates "$tls" >"$tls/log" 2>&1
    postgres_start "$BATS_FILE_TMPDIR" log_statement=all ssl=on "ssl_cert_file=$tls/server.pem" "ssl_key_file=$tls/server.key"
}

# make_certificates DIR: an authority, a server's certificate of its, and an authority that signed nothing.
make_certificates() {
    local name
    for name in authority stranger; do
        openssl req -x509 -newkey rsa:2048 -nodes -keyout "$1/$name.key" -out "$1/$name.pem" -days 2 -subj "/CN=$name"
    done
    openssl req -newkey rsa:2048 -nodes -keyout "$1/server.key" -out "$1/server.csr" -subj /CN=server
    openssl x509 -req -in "$1/server.csr" -CA "$1/authority.pem" -CAkey "$1/authority.key" -CAcreateserial -days 2 \
        -extfile <(echo subjectAltName=IP:127.0.0.1) -out "$1/server.pem"
    # The server insists that its key is its own; the directory above is open to it.
    chmod 600 "$1/server.key"
    ((EUID != 0)) || chown postgres "$1/server.key"
}

teardown_file() { servers_stop "$BATS_FILE_TMPDIR"; }

setup() {
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    source "$BATS_TEST_DIRNAME/support/changes.bash"
    cd "$BATS_TEST_TMPDIR" || return
    export BATS_TEST_TIMEOUT=120
    pool_empty
    : >"$SERVERS/postgres/log"
}

read_ips() { "$BUILD/bin/pg-ips" "$@" | jq -r 'select(.type == "ip") | .ip'; }

# ---- the session -----------------------------------------------------------

@test "the timeouts are in force in each transaction, and its name says which run it is" {
    local run_id
    sql "CREATE FUNCTION postal.tell(value text) RETURNS text LANGUAGE plpgsql AS \$\$ BEGIN
            RAISE LOG 'told: % % % % %', current_setting('application_name'), current_setting('statement_timeout'),
                current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout'),
                current_setting('transaction_isolation');
            RETURN value; END \$\$;
        CREATE VIEW postal.told AS SELECT id, postal.tell(ip) AS ip, priority, \"oldPriority\", \"blockingLists\", \"lastEvent\"
            FROM postal.ip_addresses;
        GRANT SELECT ON postal.told TO dnsbl_monitor;
        CREATE FUNCTION postal.tell_update() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
            PERFORM postal.tell(''); RETURN NEW; END \$\$;
        CREATE TRIGGER tell BEFORE UPDATE ON postal.ip_addresses FOR EACH ROW EXECUTE FUNCTION postal.tell_update()"
    pool_add 192.0.2.1
    DB_TABLE=postal.told "$BUILD/bin/pg-ips" >read
    { start; decided 1 192.0.2.1 "" listed a; end; } | apply
    run_id=$(jq -r 'select(.type == "run") | .run_id' read)
    sql 'DROP TRIGGER tell ON postal.ip_addresses; DROP VIEW postal.told; DROP FUNCTION postal.tell_update, postal.tell'
    [ "$(outcomes)" = "1 updated" ]
    grep -q "told: pg-ips/${run_id:0:8} 30s 2s 15s read committed" "$SERVERS/postgres/log"
    grep -q 'told: pg-apply/6f1c7a3e 30s 2s 15s read committed' "$SERVERS/postgres/log"
}

# proc(5), /proc/net/tcp: "tr" is 02 for a keepalive timer, "tm->when" the hundredths of a second until it ends.
@test "a connection that waits is kept alive by TCP, soon enough" {
    local job timer
    many 1
    hold 'UPDATE postal.ip_addresses SET hostname = hostname WHERE id = 1'
    "$BUILD/bin/pg-apply" <in >out 2>err 3>&- 8>&- &
    job=$!
    wait_for 60 all_waiting
    # At first it is that of what has not been acknowledged yet.
    kept_alive() {
        timer=$(awk -v port="$(printf '%04X' "$DB_PORT")" '$3 ~ ":" port "$" && $4 == "01" { print $6 }' "/proc/$job/net/tcp" |
            grep '^02:')
    }
    wait_for 60 kept_alive
    release
    wait "$job"
    ((0x${timer#*:} <= 3000)) # 30 s
    [ "$(outcomes)" = "1 updated" ]
}

@test "TLS as libpq is told: the server's certificate is verified, and without that no password is sent" {
    local tls=$SERVERS/tls
    many 1
    export PGSSLMODE=verify-full PGSSLROOTCERT=$tls/authority.pem
    [ "$(read_ips)" = 10.0.0.1 ]
    hold 'UPDATE postal.ip_addresses SET hostname = hostname WHERE id = 1'
    "$BUILD/bin/pg-apply" <in >out 2>err 3>&- 8>&- &
    wait_for 60 all_waiting
    [ "$(sql "SELECT s.ssl FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name LIKE 'pg-apply%'")" = t ]
    release
    wait $!
    [ "$(outcomes)" = "1 updated" ]
    # Not the authority that is trusted; not the name that was signed.
    : >"$SERVERS/postgres/log"
    PGSSLROOTCERT=$tls/stranger.pem run -69 "$BUILD/bin/pg-ips" --check=online
    [[ $output == *"certificate verify failed"* ]]
    DB_HOST=localhost run -69 "$BUILD/bin/pg-ips" --check=online
    [[ $output == *"does not match host name"* ]]
    run ! grep -q 'connection authorized\|statement:' "$SERVERS/postgres/log"
}

# ---- the table -------------------------------------------------------------

@test "a shard keeps its addresses when others come and go" {
    local i
    sql "INSERT INTO postal.ip_addresses (id, ip) SELECT n * 10, '10.1.' || n / 250 || '.' || n % 250 FROM generate_series(1, 600) n"
    for i in 0 1 2; do read_ips --shard "$i/3" | sort >"before$i"; done
    sql "INSERT INTO postal.ip_addresses (id, ip) SELECT n * 10 - 5, '10.2.' || n / 250 || '.' || n % 250 FROM generate_series(-300, 900) n;
        DELETE FROM postal.ip_addresses WHERE id IN (20, 3000, 6000)"
    for i in 0 1 2; do
        read_ips --shard "$i/3" | sort >"after$i"
        comm -23 "before$i" "after$i" >>gone
        (($(wc -l <"before$i") > 100 && $(wc -l <"after$i") > $(wc -l <"before$i")))
    done
    [ "$(sort gone | paste -sd' ')" = "10.1.0.2 10.1.1.50 10.1.2.100" ]
}

@test "columns that take no NULL: empty lists stay empty, a priority that cannot be forgotten is said to be the row's trouble" {
    sql "ALTER TABLE postal.ip_addresses ALTER \"blockingLists\" SET DEFAULT '', ALTER \"blockingLists\" SET NOT NULL,
        ALTER \"lastEvent\" SET DEFAULT '', ALTER \"lastEvent\" SET NOT NULL"
    pool_add 192.0.2.1 80
    pool_add 192.0.2.2 70
    "$BUILD/bin/pg-ips" | jq -c 'select(.type == "ip") | [.blocking_lists, .last_event]' | sort -u >read
    [ "$(cat read)" = '["",""]' ]
    { decided 1 192.0.2.1 "" listed a; decided 2 192.0.2.2 "" listed a; } | apply
    [ "$(outcomes)" = "2 updated" ]
    sql 'ALTER TABLE postal.ip_addresses ADD CONSTRAINT kept CHECK ("oldPriority" IS NOT NULL OR id <> 1)'
    { decided 1 192.0.2.1 a cleared; decided 2 192.0.2.2 a cleared; } >in
    run -1 apply <in
    sql 'ALTER TABLE postal.ip_addresses DROP CONSTRAINT kept, ALTER "blockingLists" DROP NOT NULL, ALTER "lastEvent" DROP NOT NULL'
    [ "$(outcomes)" = "1 failed, 1 updated" ]
    [[ $(jq -r 'select(.error_type == "row_error").error_message' err) == *'192.0.2.1 (id 1)'*kept* ]]
    [ "$(pool_row 192.0.2.1)" = "0|80|a|new block from list(s) a" ]
    [ "$(pool_row 192.0.2.2)" = "70|||block removed" ]
}

@test "a priority of NULL is no priority to go back to" {
    pool_add 192.0.2.1
    sql 'UPDATE postal.ip_addresses SET priority = NULL'
    decided 1 192.0.2.1 "" listed a | apply
    [ "$(pool_row 192.0.2.1)" = "0||a|new block from list(s) a" ]
    decided 1 192.0.2.1 a cleared | apply
    [ "$(pool_row 192.0.2.1)" = "50|||block removed" ] # CLEAN_FALLBACK_PRIORITY
}

# A sequence remembers across a rollback how often it was tried.
@test "what the server calls a serialization failure is tried again, and its row alone fails in the end" {
    many 3
    sql "CREATE SEQUENCE postal.tries; GRANT USAGE ON SEQUENCE postal.tries TO dnsbl_monitor;
        CREATE FUNCTION postal.collide() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
            IF NEW.id = 2 AND nextval('postal.tries') <= 2 THEN
                RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001'; END IF;
            RETURN NEW; END \$\$;
        CREATE TRIGGER collide BEFORE UPDATE ON postal.ip_addresses FOR EACH ROW EXECUTE FUNCTION postal.collide()"
    apply <in
    [ "$(outcomes)" = "3 updated" ]
    [ "$(sql 'SELECT last_value FROM postal.tries')" = 3 ]
    grep -q '"sqlstate":"40001"' err
    sql "ALTER SEQUENCE postal.tries MINVALUE -1000 RESTART WITH -1000; ALTER TABLE postal.ip_addresses DISABLE TRIGGER collide;
        UPDATE postal.ip_addresses SET \"blockingLists\" = NULL, \"oldPriority\" = NULL, priority = 100;
        ALTER TABLE postal.ip_addresses ENABLE TRIGGER collide" # now it is for ever
    run -69 apply <in
    sql 'DROP TRIGGER collide ON postal.ip_addresses; DROP FUNCTION postal.collide; DROP SEQUENCE postal.tries'
    [ "$(outcomes)" = "1 updated, 1 failed, 1 updated" ]
}
