# shellcheck shell=bash
# servers.bash - real servers for tests and for the demonstration.
#
# Source this file from bash or bats. It starts PostgreSQL, rbldnsd, dnsdist
# and the stand-in for Jira on free ports of 127.0.0.1, each with everything it
# writes below one directory, and stops them again.
#
#     setup_file() {
#         postgres_start "$BATS_FILE_TMPDIR"
#         rbldnsd_start  "$BATS_FILE_TMPDIR" one.test two.test
#         dnsdist_start  "$BATS_FILE_TMPDIR"
#         jira_start     "$BATS_FILE_TMPDIR"
#     }
#     teardown_file() { servers_stop "$BATS_FILE_TMPDIR"; }
#
# The first argument of each *_start is that directory; it is exported as
# SERVERS, which every other function uses. A *_start returns when the server
# answers, and exports the configuration that the programs under test read
# (DB_*, DNS_RESOLVERS, JIRA_*). All functions return non-zero with a message
# on stderr, and the server's log, when something fails; they also work under
# errexit, as bats uses it.
#
# As root, each server runs as its own unprivileged user; otherwise as oneself.
# Nothing here needs systemd, a fixed port or a writable place outside SERVERS.

SUPPORT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
export SUPPORT

# Debian's own interpreter, whatever else may come first in PATH.
PYTHON=/usr/bin/python3
START_ATTEMPTS=5  # a port found free may be taken before it is used
START_SECONDS=30  # how long a server may take to answer

# shellcheck source=tests/support/wait.bash
source "$SUPPORT/wait.bash"
# shellcheck source=tests/support/limits.bash
source "$SUPPORT/limits.bash"

_complain() {
    printf 'servers: %s\n' "$*" >&2
    return 1
}

# ---- processes -------------------------------------------------------------
#
# A server NAME has the directory $SERVERS/NAME with its `log` and its `pid`.
# `pid` holds the process id and its start time in clock ticks (proc(5), stat,
# field 22), so that another process that got the number later is left alone.

# _start_of PID: sets REPLY to when PID started; fails for a process that is gone or a zombie.
# This and _pid_of fork nothing: they are asked many times a second.
_start_of() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    read -ra stat <<<"${stat##*) }" # behind the name, which may hold anything
    [[ ${stat[0]} != [ZX] ]] && REPLY=${stat[19]}
}

# _pid_of NAME: sets REPLY to the process id of a server; fails when it is not running.
_pid_of() {
    local pid started
    { read -r pid started <"$SERVERS/$1/pid"; } 2>/dev/null || return 1
    _start_of "$pid" && [[ $REPLY == "$started" ]] && REPLY=$pid
}

# server_pid NAME: prints its process id; fails when it is not running.
server_pid() {
    local REPLY
    _pid_of "$1" && echo "$REPLY"
}

server_running() {
    local REPLY
    _pid_of "$1"
}

_server_gone() { ! server_running "$1"; }

# server_signal NAME SIGNAL: STOP and CONT make a server hang and come back.
server_signal() {
    local pid
    pid=$(server_pid "$1") && kill -s "$2" "$pid"
}

# _use DIR NAME USER: makes DIR the place for servers and DIR/NAME USER's own.
_use() {
    [[ -d ${1:-} ]] || _complain "$2: '${1:-}' is no directory" || return
    SERVERS=$(cd -- "$1" && pwd) || return
    export SERVERS
    mkdir -p "$SERVERS/$2" || return
    if ((EUID == 0)); then
        chown "$3" "$SERVERS/$2" || return
        _let_through "$SERVERS" || return
    fi
    _guard
}

# _let_through DIR: mktemp's directories are closed to other users, and a server
# that root starts is one. Opens the way (not the view) down to DIR, but only
# where it leads through temporary directories.
_let_through() {
    local dir=$1 temporary
    temporary=$(realpath "${TMPDIR:-/tmp}")
    while [[ $dir == "$temporary"/* || $dir == /tmp/* ]]; do
        chmod o+x "$dir" || return
        dir=$(dirname "$dir")
    done
}

# _as USER COMMAND...: replaces nothing when we are not root.
_as() {
    local user=$1
    shift
    if ((EUID == 0)); then
        setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups --no-new-privs -- "$@"
    else
        "$@"
    fi
}

# _spawn NAME USER COMMAND...: starts a server in the background, in a session
# of its own (a ^C at the terminal is for us, not for it), with no descriptor of
# ours open (bats waits for whoever holds its descriptor 3).
_spawn() {
    local name=$1 user=$2 dir=$SERVERS/$1 as=()
    shift 2
    ((EUID == 0)) && as=(setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups --no-new-privs --)
    rm -f "$dir/pid"
    setsid -f bash -c '
        dir=$1; shift
        for fd in /proc/self/fd/*; do
            fd=${fd##*/}
            ((fd > 2)) && eval "exec $fd>&-"
        done
        read -r stat <"/proc/$$/stat"; read -ra stat <<<"${stat##*) }"
        echo "$$ ${stat[19]}" >"$dir/pid.new"; mv "$dir/pid.new" "$dir/pid"
        cd "$dir" && exec "$@"
    ' _ "$dir" "${as[@]}" "$@" </dev/null >>"$dir/log" 2>&1 || return
    wait_for 60 test -s "$dir/pid"
}

# _answers NAME COMMAND...: waits until COMMAND succeeds while NAME still runs.
_answers() {
    local name=$1 end=$((SECONDS + START_SECONDS))
    shift
    until "$@" >/dev/null 2>&1; do
        server_running "$name" || return 1
        ((SECONDS < end)) || return 1
        sleep 0.03
    done
    server_running "$name" # and it was this one that answered, not a stranger on its port
}

_failed() {
    _complain "$1 did not start; the end of its log:"
    tail -n 30 "$SERVERS/$1/log" >&2
    return 1
}

# _stop NAME [SIGNAL]: ends the server, by force after a while. No error if gone.
_stop() {
    local pid
    [[ -d $SERVERS/$1 ]] || return 0
    if pid=$(server_pid "$1"); then
        kill -s "${2:-TERM}" "$pid" 2>/dev/null || true
        kill -s CONT "$pid" 2>/dev/null || true # a stopped process would not notice
        wait_for 60 _server_gone "$1" || true
        kill -s KILL -- "-$pid" 2>/dev/null || true # and what it left in its session
        wait_for 60 _server_gone "$1" || _complain "$1 ($pid) cannot be stopped" || return
    fi
    rm -f "$SERVERS/$1/pid"
}

# servers_stop [DIR]: stops whatever runs for DIR. Safe at any time, any number
# of times, in a trap too. Files stay where they are.
servers_stop() {
    local SERVERS=${1:-${SERVERS:-}} name status=0
    [[ -n $SERVERS && -d $SERVERS ]] || return 0
    for name in garbage dnsdist dnstcp rbldnsd jira pgbouncer prometheus pushgateway; do
        _stop "$name" || status=1
    done
    _stop standby INT || status=1
    _stop postgres INT || status=1
    _stop guard # the last: until here we may be killed ourselves
    return "$status"
}

# _guard: starts a process that stops the servers when this shell ended without
# doing so: it was killed, or its terminal went away.
_guard() {
    server_running guard && return
    mkdir -p "$SERVERS/guard"
    [[ -p $SERVERS/guard/never ]] || mkfifo "$SERVERS/guard/never" || return
    _start_of "$$" || return
    _spawn guard "$(id -un)" bash -c 'source "$1" && SERVERS=$2 _guard_loop "$3" "$4"' _ \
        "$SUPPORT/servers.bash" "$SERVERS" "$$" "$REPLY"
}

# _guard_loop PID STARTED: ends when that process, or the directory, is gone. The
# process ids are kept in mind: they may be all that is left of the directory.
_guard_loop() {
    local name pid REPLY
    local -A pids=()
    exec 9<>"$SERVERS/guard/never"
    while [[ -d $SERVERS ]] && _start_of "$1" && [[ $REPLY == "$2" ]]; do
        for name in garbage dnsdist dnstcp rbldnsd jira pgbouncer pushgateway prometheus standby postgres; do
            _pid_of "$name" && pid=$REPLY && _start_of "$pid" && pids[$name]="$pid $REPLY"
        done
        read -r -t 0.5 -u 9 # a sleep that is no process: nobody writes there
    done
    rm -f "$SERVERS/guard/pid" # not me
    servers_stop "$SERVERS"
    # INT before KILL: a PostgreSQL that is killed leaves shared memory behind.
    wait_for 3 _ended INT "${pids[@]}" || _ended KILL "${pids[@]}"
}

# _ended SIGNAL "PID STARTED"...: succeeds when none is there any more that is who
# it was; sends the signal to the others and their sessions.
_ended() {
    local each REPLY status=0
    for each in "${@:2}"; do
        if _start_of "${each% *}" && [[ $REPLY == "${each#* }" ]]; then
            kill -s "$1" -- "-${each% *}"
            status=1
        fi
    done
    return "$status"
}

# free_port: prints a port nobody uses now, for UDP and TCP, from below the
# range that the kernel hands out to clients (ip_local_port_range).
free_port() {
    "$PYTHON" - <<'PYTHON_END'
import random, socket
while True:
    port = random.randrange(10000, 32000)
    try:
        for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
            with socket.socket(socket.AF_INET, kind) as sock:
                sock.bind(("127.0.0.1", port))
    except OSError:
        continue
    print(port)
    break
PYTHON_END
}

# _start_on_port NAME FUNCTION: calls `FUNCTION PORT` (which spawns the server
# and waits until it answers) with the port in $SERVERS/NAME/port if the server
# ran before, else with free ones until it works. The port ends up in that file.
# A server that runs is left as it is.
_start_on_port() {
    local name=$1 start=$2 attempts=$START_ATTEMPTS port
    server_running "$name" && return
    if [[ -s $SERVERS/$name/port ]]; then
        attempts=1
    fi
    while ((attempts-- > 0)); do
        port=$(cat "$SERVERS/$name/port" 2>/dev/null) || port=$(free_port)
        if "$start" "$port"; then
            echo "$port" >"$SERVERS/$name/port"
            return 0
        fi
        _stop "$name"
    done
    _failed "$name"
}

# ---- PostgreSQL ------------------------------------------------------------

_postgres_bin() {
    local bins=(/usr/lib/postgresql/*/bin)
    [[ -x ${bins[-1]}/postgres ]] || _complain "PostgreSQL's server is not installed (make deps)" || return
    echo "${bins[-1]}"
}

# postgres_start DIR [NAME=VALUE...]: a cluster with a database `postal` in which
# postal.sql and schema.sql were run; further arguments are server settings.
# Environment: POSTGRES_IP_COLUMN (default ip), POSTGRES_IP_TYPE (varchar(255)).
# Exports DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD for the least-rights role
# (over TCP, by password), and POSTGRES_SOCKETS, the superuser's way in.
# Called again after postgres_stop it starts the same cluster on the same port.
postgres_start() {
    _use "$1" postgres postgres || return
    export POSTGRES_SOCKETS=$SERVERS/postgres/sockets
    # sun_path of unix(7): 108 bytes with the final NUL
    ((${#POSTGRES_SOCKETS} + ${#_postgres_socket_name} <= 107)) ||
        _complain "the path $SERVERS is too long for a socket; choose a shorter one" || return
    if [[ ! -f $SERVERS/postgres/ready ]]; then
        _postgres_create "${@:2}" || return
    fi
    _start_on_port postgres _postgres_run || return
    if [[ ! -f $SERVERS/postgres/ready ]]; then
        _postgres_fill && touch "$SERVERS/postgres/ready" || return
    fi
    DB_PORT=$(cat "$SERVERS/postgres/port")
    DB_PASSWORD=$(cat "$SERVERS/postgres/password")
    export DB_HOST=127.0.0.1 DB_PORT DB_NAME=postal DB_USER=dnsbl_monitor DB_PASSWORD
}

_postgres_socket_name=/.s.PGSQL.65535

_postgres_create() {
    local bin dir=$SERVERS/postgres setting
    bin=$(_postgres_bin) || return
    rm -rf "$dir/data"
    _as postgres mkdir -p -m 0700 "$POSTGRES_SOCKETS" || return
    (cd "$dir" && _as postgres "$bin/initdb" -D "$dir/data" -U postgres -E UTF8 --locale=C.UTF-8 \
        --auth=trust --no-sync --no-instructions) >"$dir/log" 2>&1 || _failed postgres || return
    # The superuser has no password and so no way in over TCP; his socket's
    # directory is closed to everybody else.
    _as postgres tee "$dir/data/pg_hba.conf" >/dev/null <<'HBA'
local all postgres              trust
local replication postgres      trust
local all all                   scram-sha-256
host  all all      127.0.0.1/32 scram-sha-256
HBA
    {
        # A crash of the server loses nothing with fsync off, only one of the
        # machine would. mmap: there may be no /dev/shm.
        printf '%s\n' "fsync = off" "full_page_writes = off" "max_connections = 60" \
            "dynamic_shared_memory_type = mmap" "shared_buffers = 32MB" "timezone = 'UTC'" \
            "log_line_prefix = '%m [%p] %u %a '"
        for setting in "$@"; do
            printf "%s = '%s'\n" "${setting%%=*}" "${setting#*=}"
        done
    } | _as postgres tee -a "$dir/data/postgresql.conf" >/dev/null
}

# The role's password comes from a file, so that it stands on no command line.
_postgres_fill() {
    local dir=$SERVERS/postgres
    (umask 077 && head -c 18 /dev/urandom | base64 | tr +/ -_ >"$dir/password") || return
    sql -d postgres -c 'CREATE DATABASE postal' &&
        sql -v ip_column="${POSTGRES_IP_COLUMN:-ip}" -v ip_type="${POSTGRES_IP_TYPE:-varchar(255)}" \
            <"$SUPPORT/postal.sql" &&
        sql <"$SUPPORT/schema.sql" &&
        sql <<<"ALTER ROLE dnsbl_monitor PASSWORD '$(cat "$dir/password")'"
}

_postgres_run() {
    local bin port=$1
    bin=$(_postgres_bin) || return
    _spawn postgres postgres "$bin/postgres" -D "$SERVERS/postgres/data" \
        -c listen_addresses=127.0.0.1 -c port="$port" -c unix_socket_directories="$POSTGRES_SOCKETS" || return
    _answers postgres "$bin/pg_isready" -q -h "$POSTGRES_SOCKETS" -p "$port"
}

# postgres_stop [fast|immediate]: immediate is a crash with recovery at the start.
postgres_stop() {
    case ${1:-fast} in
        fast) _stop postgres INT ;;
        immediate) _stop postgres QUIT ;;
        *) _complain "postgres_stop: '$1' is neither fast nor immediate" ;;
    esac
}

# postgres_restart [fast|immediate]: on the same port, with the same data.
postgres_restart() {
    postgres_stop "${1:-fast}" && postgres_start "$SERVERS"
}

# standby_start DIR: a hot standby of the PostgreSQL that runs, which from now on answers
# a COMMIT only when the standby has it. Exports STANDBY_PORT.
standby_start() {
    local bin
    bin=$(_postgres_bin) && _use "$1" standby postgres && _as postgres mkdir -p -m 0700 "$SERVERS/standby/sockets" || return
    _as postgres "$bin/pg_basebackup" -D "$SERVERS/standby/data" -R -c fast --no-sync -U postgres \
        -h "$POSTGRES_SOCKETS" -p "$(cat "$SERVERS/postgres/port")" || return
    _start_on_port standby _standby_run || return
    STANDBY_PORT=$(cat "$SERVERS/standby/port")
    export STANDBY_PORT
    sql "ALTER SYSTEM SET synchronous_standby_names = '*'" && sql "SELECT pg_reload_conf()" >/dev/null &&
        wait_for 60 _standby_is_synchronous
}

_standby_run() {
    local bin port=$1
    bin=$(_postgres_bin) || return
    # It shall not wait for a standby of its own when it is the server one day.
    _spawn standby postgres "$bin/postgres" -D "$SERVERS/standby/data" -c synchronous_standby_names= \
        -c listen_addresses=127.0.0.1 -c port="$port" -c unix_socket_directories="$SERVERS/standby/sockets" || return
    _answers standby "$bin/pg_isready" -q -h "$SERVERS/standby/sockets" -p "$port"
}

_standby_is_synchronous() { [[ $(sql "SELECT sync_state FROM pg_stat_replication") == sync ]]; }

# standby_promote: it is the server now; the other one must be down.
standby_promote() { standby_sql 'SELECT pg_promote()' >/dev/null; }

# standby_sql STATEMENT: as sql, on the standby.
standby_sql() { POSTGRES_SOCKETS=$SERVERS/standby/sockets _sql "$STANDBY_PORT" "$@"; }

# psql_direct OPTION...: not Debian's psql, a Perl script that looks for a cluster first and takes twice as long for it.
# Bare output: rows one a line, columns parted by |.
psql_direct() {
    local bins=(/usr/lib/postgresql/*/bin)
    "${bins[-1]}/psql" -XAtq "$@"
}

# sql [STATEMENT]: runs SQL as the superuser, from stdin if no STATEMENT is
# given; rows come one a line, columns parted by |. More psql options may follow
# instead: sql -v name=value <file.
sql() { _sql "$(<"$SERVERS/postgres/port")" "$@"; }

# _sql PORT [STATEMENT]
_sql() {
    local port=$1 options=()
    shift
    if (($# == 1)) && [[ $1 != -* ]]; then
        options=(-c "$1")
    else
        options=("$@")
    fi
    PGOPTIONS='-c client_min_messages=warning' psql_direct -v ON_ERROR_STOP=1 -h "$POSTGRES_SOCKETS" \
        -p "$port" -U postgres -d postal "${options[@]}"
}

# pgbouncer_start DIR [NAME=VALUE...]: pgbouncer in transaction mode before PostgreSQL, which
# must run; further arguments are its settings. Exports DB_PORT, which now means it.
pgbouncer_start() {
    _use "$1" pgbouncer postgres || return
    local dir=$SERVERS/pgbouncer setting
    {
        printf '%s\n' "[databases]" "postal = host=127.0.0.1 port=$(cat "$SERVERS/postgres/port")" "[pgbouncer]" \
            "listen_addr = 127.0.0.1" "unix_socket_dir =" "pool_mode = transaction" "default_pool_size = 4" \
            "auth_type = scram-sha-256" "auth_file = $dir/users" "stats_users = dnsbl_monitor" "server_login_retry = 1"
        for setting in "${@:2}"; do
            printf '%s = %s\n' "${setting%%=*}" "${setting#*=}"
        done
    } >"$dir/settings"
    # It logs in with the password that the file holds, which only it may read.
    (umask 077 && printf '"dnsbl_monitor" "%s"\n' "$(cat "$SERVERS/postgres/password")" |
        _as postgres tee "$dir/users" >/dev/null) || return
    _start_on_port pgbouncer _pgbouncer_run || return
    DB_PORT=$(cat "$dir/port")
    export DB_PORT
}

_pgbouncer_run() {
    local dir=$SERVERS/pgbouncer
    { cat "$dir/settings" && echo "listen_port = $1"; } >"$dir/pgbouncer.ini"
    _spawn pgbouncer postgres /usr/sbin/pgbouncer -q "$dir/pgbouncer.ini" || return
    _answers pgbouncer pgbouncer_sql "SHOW VERSION" "$1"
}

# pgbouncer_sql COMMAND [PORT]: what its console says, columns parted by |.
pgbouncer_sql() {
    PGPASSWORD=$DB_PASSWORD psql_direct -h 127.0.0.1 -p "${2:-$(<"$SERVERS/pgbouncer/port")}" -U dnsbl_monitor -d pgbouncer -c "$1"
}

# pgbouncer_stop: clients are cut off.
pgbouncer_stop() { _stop pgbouncer; }

# pool_add ADDRESS [PRIORITY]: puts an address into the table, prints its id.
pool_add() {
    sql -v address="$1" -v priority="${2:-100}" -v column="${POSTGRES_IP_COLUMN:-ip}" <<'SQL'
INSERT INTO postal.ip_addresses (:"column", priority) VALUES (:'address', :priority) RETURNING id;
SQL
}

# pool_row ADDRESS: prints priority|oldPriority|blockingLists|lastEvent.
pool_row() {
    sql -v address="$1" -v column="${POSTGRES_IP_COLUMN:-ip}" <<'SQL'
SELECT priority, "oldPriority", "blockingLists", "lastEvent"
  FROM postal.ip_addresses WHERE :"column" = :'address' ORDER BY id;
SQL
}

# pool_empty: no addresses, ids start at 1 again.
pool_empty() { sql 'TRUNCATE postal.ip_addresses RESTART IDENTITY'; }

# ---- rbldnsd ---------------------------------------------------------------
#
# A zone has two data files, ZONE.v4 and ZONE.v6, which zone_write and its kin
# change; rbldnsd_reload makes the server read them. A change counts only then.

# rbldnsd_start DIR ZONE[=TYPE]...: serves the zones, empty but for the test
# entries of RFC 5782. TYPE ip4set (the default; entries are addresses, ranges
# and CIDR), ip4trie (the longest prefix wins, 0.0.0.0/0 works) or generic
# (resource records as they stand, no IPv6 part, no test entries). Every query
# is logged, unless RBLDNSD_LOG=off. Exports RBLDNSD_PORT, and DNS_RESOLVERS
# where no dnsdist runs in front.
# Called again after rbldnsd_stop, and without zones, it goes on as before.
rbldnsd_start() {
    _use "$1" rbldnsd "$(_rbldnsd_user)" || return
    local zone
    for zone in "${@:2}"; do
        _zone_create "${zone%%=*}" "${zone#*=}" || return
    done
    server_running rbldnsd || _rbldnsd_mark && _start_on_port rbldnsd _rbldnsd_run || return
    RBLDNSD_PORT=$(cat "$SERVERS/rbldnsd/port")
    export RBLDNSD_PORT
    server_running dnsdist || export DNS_RESOLVERS=127.0.0.1@$RBLDNSD_PORT
}

_rbldnsd_user() { if id rbldns >/dev/null 2>&1; then echo rbldns; else echo nobody; fi; }

_zone_create() {
    local zone=$1 type=ip4set dir=$SERVERS/rbldnsd
    [[ $2 != "$1" ]] && type=$2
    case $type in
        ip4set | ip4trie) echo "$zone:$type:$zone.v4 $zone:ip6trie:$zone.v6" >>"$dir/zones" ;;
        generic) echo "$zone:generic:$zone.v4" >>"$dir/zones" ;;
        *) _complain "rbldnsd_start: '$type' is no type of zone" || return ;;
    esac
    if [[ $type == generic ]]; then
        zone_write --no-test-entries "$zone" </dev/null
    else
        zone_write "$zone" </dev/null
    fi
}

_rbldnsd_run() {
    local port=$1 dir=$SERVERS/rbldnsd zones=() log=()
    read -ra zones <<<"$(tr '\n' ' ' <"$dir/zones")"
    [[ ${RBLDNSD_LOG:-on} == off ]] || log=(-l "+$dir/queries")
    # No check at intervals: data changes when a test says so.
    _spawn rbldnsd "$(_rbldnsd_user)" rbldnsd -n -c 0 -b "127.0.0.1/$port" -w "$dir" "${log[@]}" \
        "${zones[@]}" marker.invalid:generic:marker || return
    _answers rbldnsd _rbldnsd_has_read "$port" 1
}

# rbldnsd_stop: nobody answers any more; rbldnsd_start DIR brings it back.
rbldnsd_stop() { _stop rbldnsd; }

# rbldnsd_reload: has the server read what was changed, and waits until it did.
rbldnsd_reload() {
    _rbldnsd_mark || return
    server_signal rbldnsd HUP || _complain "rbldnsd is not running" || return
    _rbldnsd_has_read "$RBLDNSD_PORT" 10 >/dev/null && return
    _complain "rbldnsd does not serve what it was given; the end of its log:"
    tail -n 20 "$SERVERS/rbldnsd/log" >&2
    return 1
}

# Each start and each reload is a generation. Its number is served in a zone of
# its own, which tells what the server has read; and it is the modification time
# of the files written for it, in seconds: rbldnsd looks at whole seconds and
# would miss the second change within one.

_rbldnsd_generation() { if [[ -e $SERVERS/rbldnsd/generation ]]; then echo "$(<"$SERVERS/rbldnsd/generation")"; else echo 0; fi; }

_rbldnsd_marker() {
    local generation
    generation=$(_rbldnsd_generation)
    echo "127.1.$((generation / 256)).$((generation % 256))"
}

# _rbldnsd_mark: closes the generation that was written, opens the next.
_rbldnsd_mark() {
    local dir=$SERVERS/rbldnsd
    _rbldnsd_marker >"$dir/expected" && echo "generation A $(<"$dir/expected")" >"$dir/marker" &&
        _zone_stamp "$dir/marker" && echo $(($(_rbldnsd_generation) + 1)) >"$dir/generation"
}

_rbldnsd_has_read() {
    dns_query_port "$1" generation.marker.invalid A --within "$2" --until "NOERROR $(<"$SERVERS/rbldnsd/expected")"
}

_zone_stamp() { chmod a+r "$@" && touch -d "@$((1000000000 + $(_rbldnsd_generation)))" "$@"; }

# zone_write [--no-test-entries] ZONE: the zone's data is what stands on stdin,
# IPv4 and IPv6 lines mixed: `ADDRESS [:CODE:TEXT]`; the form is that of
# rbldnsd(8). A line `:CODE:TEXT` is the default for those that follow.
zone_write() {
    local tests=yes zone dir=$SERVERS/rbldnsd
    if [[ $1 == --no-test-entries ]]; then
        tests=no
        shift
    fi
    zone=$1
    {
        echo ":127.0.0.2:Listed in $zone, see https://$zone/?ip=\$"
        [[ $tests == no ]] || echo "127.0.0.2 :127.0.0.2:Test entry of $zone"
    } >"$dir/$zone.v4.new"
    {
        echo ":127.0.0.2:Listed in $zone, see https://$zone/?ip=\$"
        [[ $tests == no ]] || echo "::ffff:7f00:2 :127.0.0.2:Test entry of $zone"
    } >"$dir/$zone.v6.new"
    if grep -q "$zone:generic" "$dir/zones"; then
        cat >"$dir/$zone.v4.new"
    else
        awk -v v4="$dir/$zone.v4.new" -v v6="$dir/$zone.v6.new" '
            /^[:$]/            { print >>v4; print >>v6; next }
            $1 ~ /:/           { print >>v6; next }
                               { print >>v4 }'
    fi
    _zone_stamp "$dir/$zone.v4.new" "$dir/$zone.v6.new"
    mv "$dir/$zone.v4.new" "$dir/$zone.v4" && mv "$dir/$zone.v6.new" "$dir/$zone.v6"
}

_zone_file() {
    local file=$SERVERS/rbldnsd/$1.v4
    [[ $2 == *:* ]] && file=$SERVERS/rbldnsd/$1.v6
    [[ -f $file ]] || _complain "there is no zone '$1'" || return
    echo "$file"
}

# zone_list ZONE ADDRESS [CODE [TEXT]]: adds a listing. Twice with two codes
# gives two A records.
zone_list() {
    local file
    file=$(_zone_file "$1" "$2") || return
    if (($# > 2)); then
        echo "$2 :$3:${4:-Listed in $1, code $3}" >>"$file"
    else
        echo "$2" >>"$file"
    fi
    _zone_stamp "$file"
}

# zone_unlist ZONE ADDRESS: removes all listings of it, written as they were added.
zone_unlist() {
    local file
    file=$(_zone_file "$1" "$2") || return
    awk -v address="$2" '$1 != address' "$file" >"$file.new" && mv "$file.new" "$file" && _zone_stamp "$file"
}

# zone_empty ZONE: not even the test entries are left, as in a list shut down.
zone_empty() { zone_write --no-test-entries "$1" </dev/null; }

# rbldnsd_queries [REGEX]: how many queries were asked so far whose log line
# (`time client name type class: rcode/answers/length`) matches.
rbldnsd_queries() {
    grep -v 'marker\.invalid' "$SERVERS/rbldnsd/queries" 2>/dev/null | grep -cE -- "${1:-.}" || true
}

# dns_query_port PORT NAME [TYPE]: prints RCODE and answers, see dns_query.py.
dns_query_port() { "$PYTHON" "$SUPPORT/dns_query.py" "$@"; }

# dns_query NAME [TYPE]: the same at the server in DNS_RESOLVERS.
dns_query() { dns_query_port "${DNS_RESOLVERS##*@}" "$@"; }

# dnsbl_query ADDRESS ZONE [TYPE]: the question that RFC 5782 puts for an IPv4 address.
dnsbl_query() {
    local octets
    IFS=. read -ra octets <<<"$1"
    dns_query "${octets[3]}.${octets[2]}.${octets[1]}.${octets[0]}.$2" "${@:3}"
}

# ---- dnsdist ---------------------------------------------------------------

# dnsdist_start DIR [LUA-FILE]: a proxy in front of rbldnsd, which must run; it
# answers over TCP too. LUA-FILE is further configuration. Exports DNSDIST_PORT
# and DNS_RESOLVERS, which now means dnsdist.
dnsdist_start() {
    _use "$1" dnstcp "$(_dnsdist_user)" && _use "$1" dnsdist "$(_dnsdist_user)" || return
    local dir=$SERVERS/dnsdist
    : >"$dir/more.lua"
    (($# < 2)) || cp "$2" "$dir/more.lua" || return
    [[ -s $dir/key ]] || (umask 077 && head -c 32 /dev/urandom | base64 >"$dir/key") || return
    _dnstcp_start && _start_on_port dnsdist _dnsdist_run || return
    DNSDIST_PORT=$(cat "$dir/port")
    export DNSDIST_PORT DNS_RESOLVERS=127.0.0.1@$DNSDIST_PORT
}

_dnsdist_user() { if id _dnsdist >/dev/null 2>&1; then echo _dnsdist; else echo nobody; fi; }

# rbldnsd knows no TCP: this does, on the same port number.
_dnstcp_start() {
    local user
    user=$(_dnsdist_user)
    server_running dnstcp && return
    # A copy: that user may not be allowed into the place of this checkout.
    install -m 0644 "$SUPPORT/dns_tcp.py" "$SERVERS/dnstcp/" || return
    _spawn dnstcp "$user" "$PYTHON" "$SERVERS/dnstcp/dns_tcp.py" "$RBLDNSD_PORT" || return
    _answers dnstcp _tcp_open "$RBLDNSD_PORT" || _failed dnstcp
}

_tcp_open() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

_dnsdist_run() {
    local port=$1 console dir=$SERVERS/dnsdist
    console=$(free_port)
    (umask 077 && _dnsdist_configuration "$port" "$console" >"$dir/dnsdist.conf") || return
    ((EUID != 0)) || chown "$(_dnsdist_user)" "$dir/dnsdist.conf" "$dir/more.lua" || return
    _spawn dnsdist "$(_dnsdist_user)" dnsdist --supervised --disable-syslog -C "$dir/dnsdist.conf" || return
    _answers dnsdist dns_query_port "$port" ready.marker.invalid && dnsdist_rule 'showVersion()' >/dev/null
}

# set_fault is what fault_zone calls over the console: a rule has a name, so it
# can be taken back; a new fault replaces the old one.
_dnsdist_configuration() {
    cat <<LUA
setLocal("127.0.0.1:$1")
controlSocket("127.0.0.1:$2")
setKey("$(cat "$SERVERS/dnsdist/key")")
setSecurityPollSuffix("")
newServer{address="127.0.0.1:$RBLDNSD_PORT", name="rbldnsd"}
getServer(0):setUp() -- no health check: a server that is down is to look like one

local faults = {}
function set_fault(zone, action, only_for)
    local name = "fault " .. zone
    if faults[name] then rmRule(name) faults[name] = nil end
    if action == nil then return end
    local rule = makeRule({zone})
    if only_for then rule = AndRule{rule, only_for} end
    addAction(rule, action, {name=name})
    faults[name] = true
end

LUA
    cat "$SERVERS/dnsdist/more.lua"
}

dnsdist_stop() { _stop dnsdist && _stop dnstcp; }

# dnsdist_rule LUA: runs LUA in the running dnsdist, prints what it says.
dnsdist_rule() {
    local output
    output=$(dnsdist -C "$SERVERS/dnsdist/dnsdist.conf" -e "$1" 2>&1) || _complain "dnsdist: $output" || return
    # The console reports an error in words only.
    [[ $output != *rror:* && $output != *"not connect"* ]] || _complain "dnsdist: $output" || return
    [[ -z $output ]] || printf '%s\n' "$output"
}

# fault_zone ZONE FAULT: what happens to queries below ZONE from now on.
#   drop              no answer            loss:PERCENT   no answer to so many
#   servfail refused nxdomain              with that response code
#   delay:MS          late                 spoof:ADDRESS[,ADDRESS]  with these A records
#   truncate          over UDP truncated, over TCP whole
#   none              as it should be
fault_zone() {
    local zone=$1 value=${2#*:} action only_for=nil
    case $2 in
        none) action=nil ;;
        drop) action='DropAction()' ;;
        loss:*) action='DropAction()' only_for="ProbaRule($value / 100)" ;;
        servfail | refused | nxdomain)
            action="RCodeAction(DNSRCode.${2^^})" ;;
        delay:*) action="DelayAction($value)" ;;
        spoof:*) action="SpoofAction({\"${value//,/\", \"}\"})" ;;
        truncate) action='TCAction()' only_for='TCPRule(false)' ;;
        *) _complain "fault_zone: unknown fault '$2'" || return ;;
    esac
    # Asking dnsdist costs a process; most tests begin with taking back what is not there.
    [[ $2 != none || -e $SERVERS/dnsdist/fault.$zone ]] || return 0
    : >"$SERVERS/dnsdist/fault.$zone" || return
    dnsdist_rule "set_fault(\"$zone.\", $action, $only_for)" || return
    [[ $2 != none ]] || rm -f "$SERVERS/dnsdist/fault.$zone"
}

# ---- broken packets ---------------------------------------------------------

# garbage_start DIR: a server (dns_garbage.py, which tells what it can do) in front
# of dnsdist or, where none runs, of rbldnsd. It listens on 127.0.0.1 to 127.0.0.4 and
# ::1 alike. Exports GARBAGE_PORT and DNS_RESOLVERS, which now means it.
garbage_start() {
    _use "$1" garbage "$(_dnsdist_user)" || return
    install -m 0644 "$SUPPORT/dns_garbage.py" "$SERVERS/garbage/" || return
    garble_nothing && _start_on_port garbage _garbage_run || return
    GARBAGE_PORT=$(cat "$SERVERS/garbage/port")
    export GARBAGE_PORT DNS_RESOLVERS=127.0.0.1@$GARBAGE_PORT
}

_garbage_run() {
    _spawn garbage "$(_dnsdist_user)" "$PYTHON" "$SERVERS/garbage/dns_garbage.py" "$1" "${DNSDIST_PORT:-$RBLDNSD_PORT}" || return
    _answers garbage dns_query_port "$1" ready.marker.invalid
}

# garble [@SERVER] NAME ACTION [TIMES]: what becomes of questions for NAME and all below
# it from now on; the last that fits counts.
garble() {
    local server=
    [[ $1 != @* ]] || { server="$1 "; shift; }
    echo "$server$1 $2 ${3:-0} $EPOCHREALTIME" >>"$SERVERS/garbage/faults"
}

# garble_nothing: takes all of them back.
garble_nothing() { : >"$SERVERS/garbage/faults" && chmod a+r "$SERVERS/garbage/faults"; }

# garbage_forget: counts from 0 again.
garbage_forget() { : >"$SERVERS/garbage/questions"; }

# garbage_queries [REGEX]: how many questions it got so far whose log line
# (`seconds server udp|tcp name type action`) matches.
garbage_queries() {
    grep -v 'marker\.invalid' "$SERVERS/garbage/questions" 2>/dev/null | grep -cE -- "${1:-.}" || true
}

# ---- the stand-in for Jira -------------------------------------------------

# jira_start DIR [OPTION...]: options are those of jira/server.py, but for the
# token's, and win over the defaults here. Exports JIRA_SERVER, JIRA_USER, JIRA_API_TOKEN,
# JIRA_PROJECT, JIRA_ISSUE_TYPE and JIRA_DNS_FAILURE_ISSUE_TYPE.
# --flavour datacenter means a Bearer token: JIRA_USER is then empty.
jira_start() {
    _use "$1" jira "$(id -un)" || return
    local dir=$SERVERS/jira flavour
    flavour=$(_option --flavour cloud "${@:2}")
    JIRA_USER=monitor@example.org
    [[ $flavour != datacenter ]] || JIRA_USER=
    JIRA_USER=$(_option --user "$JIRA_USER" "${@:2}")
    JIRA_PROJECT=$(_option --project OPS "${@:2}")
    # The token is in a file: it stands on no command line.
    [[ -s $dir/token ]] || (umask 077 && head -c 18 /dev/urandom | base64 | tr +/ -_ >"$dir/token") || return
    if ! server_running jira; then
        rm -f "$dir/url"
        _spawn jira "$(id -un)" "$PYTHON" -B "$SUPPORT/jira/server.py" --port 0 --port-file "$dir/url" \
            --flavour "$flavour" --user "$JIRA_USER" --token-file "$dir/token" --project "$JIRA_PROJECT" \
            --issue-types Task,Incident --journal "$dir/journal" "${@:2}" || return
        _answers jira test -s "$dir/url" || _failed jira || return
    fi
    JIRA_SERVER=$(cat "$dir/url")
    JIRA_API_TOKEN=$(cat "$dir/token")
    export JIRA_SERVER JIRA_USER JIRA_API_TOKEN JIRA_PROJECT
    export JIRA_ISSUE_TYPE=Task JIRA_DNS_FAILURE_ISSUE_TYPE=Incident
}

# _option NAME DEFAULT ARGUMENT...: the value behind the last NAME, or DEFAULT.
_option() {
    local name=$1 value=$2
    shift 2
    while (($# > 1)); do
        [[ $1 != "$name" ]] || value=$2
        shift
    done
    printf '%s\n' "$value"
}

jira_stop() { _stop jira; }

# jira_control PATH [CURL-OPTION...]: the stand-in's own interface, which Jira
# has not: state, counters, faults (see jira/README.md).
#     jira_control faults -d '{"name": "down", "action": {"status": 503}}'
jira_control() {
    curl -sS --fail-with-body --noproxy '*' --max-time 30 "${@:2}" "$JIRA_SERVER/_stand-in/$1"
}

jira_state() { jira_control state; }

# jira_journal: every request it got, a JSON object a line.
jira_journal() { cat "$SERVERS/jira/journal"; }

# ---- a root of its own -------------------------------------------------------

# own_root DIR PROGRAM: makes DIR a root for chroot(2), with PROGRAM, its libraries and an empty etc: for a program
# that has to find another /etc/resolv.conf than this machine's.
own_root() {
    local library
    mkdir -p "$1/etc" && cp "$2" "$1/" || return
    for library in $(ldd "$2" | grep -o '/[^ ]*'); do
        mkdir -p "$1${library%/*}" && cp -L "$library" "$1$library" || return
    done
}

# ---- the Pushgateway ---------------------------------------------------------

# pushgateway_start DIR [OPTION...]: exports PUSHGATEWAY_URL.
pushgateway_start() {
    _use "$1" pushgateway prometheus || return
    PUSHGATEWAY_OPTIONS=("${@:2}")
    _start_on_port pushgateway _pushgateway_run || return
    PUSHGATEWAY_URL=http://127.0.0.1:$(<"$SERVERS/pushgateway/port")
    export PUSHGATEWAY_URL
}

_pushgateway_run() {
    _spawn pushgateway prometheus /usr/bin/prometheus-pushgateway --web.listen-address="127.0.0.1:$1" \
        "${PUSHGATEWAY_OPTIONS[@]}" || return
    _answers pushgateway _tcp_open "$1"
}

pushgateway_stop() { _stop pushgateway; }

# pushed [CURL-OPTION...]: all that it has, as Prometheus would fetch it.
pushed() {
    curl -sS --fail-with-body --noproxy '*' --max-time 30 "$@" "http://127.0.0.1:$(<"$SERVERS/pushgateway/port")/metrics"
}

# ---- Prometheus --------------------------------------------------------------

# prometheus_start DIR CONFIGURATION: exports PROMETHEUS_URL. The file is read where it stands, by the server's user.
prometheus_start() {
    _use "$1" prometheus prometheus || return
    PROMETHEUS_CONFIGURATION=$2
    _start_on_port prometheus _prometheus_run || return
    PROMETHEUS_URL=http://127.0.0.1:$(<"$SERVERS/prometheus/port")
    export PROMETHEUS_URL
}

_prometheus_run() {
    _spawn prometheus prometheus /usr/bin/prometheus --config.file="$PROMETHEUS_CONFIGURATION" \
        --storage.tsdb.path="$SERVERS/prometheus/data" --web.listen-address="127.0.0.1:$1" || return
    _answers prometheus curl -sf --noproxy '*' "http://127.0.0.1:$1/-/ready"
}
