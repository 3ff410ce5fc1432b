# jira-sync where something goes wrong: Jira, the network, the reader, people, and records made by hand.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0

setup_file() {
    export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build}
    export RUN_ID=6f1c7a3e-9a53-4c58-8a4e-000000000001
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    source "$BATS_TEST_DIRNAME/support/jira_sync.bash"
    sites_start
}

teardown_file() {
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    source "$BATS_TEST_DIRNAME/support/jira_sync.bash"
    sites_stop
}

setup() {
    source "$BATS_TEST_DIRNAME/support/servers.bash"
    source "$BATS_TEST_DIRNAME/support/jira_sync.bash"
    cd "$BATS_TEST_TMPDIR" || return
    forget
}

# ticket N ZONES [LABEL [MEMBERS]]: as `person issue` takes it, that of 192.0.2.N.
ticket() {
    echo "{\"summary\": \"IP 192.0.2.$1 blacklisted by $2\", \"labels\": [\"dnsbl-monitor\", \"dnsbl-ip-192.0.2.$1\"${3:+, \"$3\"}]${4:+, $4}}"
}

# ---- the network -----------------------------------------------------------

# In a network of its own, where the only name server hears and does not answer: asked.
silent_resolver='
import os, socket, subprocess, sys
sys.path.insert(0, os.environ["SUPPORT"])
import dns_own_network
dns_own_network.raise_loopback()
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.77", 53))
server.settimeout(30)
program = subprocess.Popen(sys.argv[1:], stdout=open("out", "w"), stderr=open("err", "w"))
server.recv(2000)
print("asked", flush=True)
program.terminate()
sys.exit(program.wait(30) % 256)
'

@test "a resolver that is silent does not hold up the end at a signal" {
    local user=() status=0
    ((EUID == 0)) || user=(--map-root-user)
    printf 'nameserver 127.0.0.77\n' >resolv.conf
    { start; ip 192.0.2.1; } >in
    SECONDS=0
    JIRA_SERVER=https://jira.example unshare "${user[@]}" --net --mount bash -c \
        'mount --bind resolv.conf /etc/resolv.conf && exec "$2" -B -c "$0" "$1"' \
        "$silent_resolver" "$BUILD/bin/jira-sync" "$PYTHON" <in >asked || status=$?
    [ "$(cat asked)" = asked ]
    [ "$SECONDS" -le 5 ]
    [ "$status" -eq 143 ]
    [ "$(action 192.0.2.1)" = failed ]
}
