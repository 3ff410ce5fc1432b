# shellcheck shell=bash
# changes.bash - decisions for pg-apply, and what became of them; for suites that
# source servers.bash and have a PostgreSQL. BUILD is where make put things.

# ---- the input -------------------------------------------------------------

start() { jq -nc '{type: "run", run_id: "6f1c7a3e-9a53-4c58-8a4e-0123456789ab", started_at: (now | todate | sub("Z"; ".000Z")), dry_run: false, shard: "0/1"} | '"${1:-.}"; }
end() { echo '{"type":"end","run_id":"6f1c7a3e-9a53-4c58-8a4e-0123456789ab","ips":1,"skipped":0}'; }

# decided ID ADDRESS LISTS-READ TRANSITION [LISTS [JQ]]: a record as dnsbl-decide writes it.
decided() {
    jq -nc --argjson id "$1" --arg ip "$2" --arg read "$3" --arg transition "$4" --arg lists "${5:-}" '
        {type: "ip", id: $id, ip: $ip, ip_text: $ip, priority: 100, old_priority: null, blocking_lists: $read,
         last_event: null, decision: (if $transition == "cleared" then "CLEAN" else "LISTED" end), transition: $transition,
         score: 1, listed_zones: [], unknown_zones: [], carried_zones: [], watch_zones: [], added_zones: [], removed_zones: [],
         update: {
            listed: {priority: 0, old_priority: 100, blocking_lists: $lists, last_event: "new block from list(s) \($lists)"},
            cleared: {priority: 50, old_priority: null, blocking_lists: "", last_event: "block removed"},
            changed: {blocking_lists: $lists, last_event: "blocking list change: \($lists)"}}[$transition]}
        | '"${6:-.}"
}

# many COUNT: addresses 10.0.X.Y with ids from 1, and in the file `in` a listing for each.
many() {
    sql "INSERT INTO postal.ip_addresses (ip) SELECT '10.0.' || n / 250 || '.' || n % 250 FROM generate_series(1, $1) n"
    decided 0 X "" listed a >one
    sql 'SELECT id, ip FROM postal.ip_addresses ORDER BY id' |
        awk -F'|' 'NR == FNR { one = $0; next } { line = one; sub(/"id":0/, "\"id\":" $1, line); gsub(/"X"/, "\"" $2 "\"", line); print line }' one - >in
}

# ---- running and looking ---------------------------------------------------

# apply [ARGUMENT...]: runs it on stdin; stdout in out, stderr in err.
apply() { "$BUILD/bin/pg-apply" "$@" >out 2>err; }

# two_at_once: 400 changes by two of it, one of which has them in another order. Fails unless each is made once.
two_at_once() {
    local one two
    many 400
    shuf in >shuffled
    "$BUILD/bin/pg-apply" <in >out1 2>err1 3>&- &
    one=$!
    "$BUILD/bin/pg-apply" <shuffled >out2 2>err2 3>&- &
    two=$!
    wait "$one" && wait "$two" || return
    [ "$(cat out1 out2 | jq -r .db_outcome | sort | uniq -c | xargs)" = "400 conflict 400 updated" ] &&
        [ "$(listed)" = 400 ]
}

outcomes() { jq -r 'select(.type == "ip") | .db_outcome' "${1:-out}" | uniq -c | awk '{ printf "%s%s %s", sep, $1, $2; sep = ", " }'; }
error_types() { jq -r .error_type err; }
listed() { sql "SELECT count(*) FROM postal.ip_addresses WHERE priority = 0 AND \"blockingLists\" = 'a' AND \"oldPriority\" = 100"; }
# Statements of the program that the server has seen.
seen() { grep -c "dnsbl_monitor pg-apply.*$1" "$SERVERS/postgres/log" || true; }
all_waiting() { [ "$(sql 'SELECT count(*) FROM pg_locks WHERE NOT granted')" = "${1:-1}" ]; }

# hold SQL: runs it in a transaction that stays open until release.
hold() {
    mkfifo hold
    sql -f - <hold >held 2>&1 3>&- &
    holder=$!
    exec 8>hold
    echo "BEGIN; $1; SELECT 'held';" >&8
    wait_for 60 grep -q held held
}

release() {
    echo "${1:-ROLLBACK};" >&8
    exec 8>&-
    wait "$holder"
    rm hold
}

# proxy_start FILE [FATE]: pg_proxy.py; DB_PORT is to be what FILE holds.
proxy_start() {
    "$PYTHON" "$SUPPORT/pg_proxy.py" "$DB_PORT" "$@" 3>&- &
    proxy=$!
    wait_for 60 test -s "$1"
}

proxy_stop() {
    kill "$proxy"
    wait "$proxy" || true
}
