# What each program can still reach when it reads what strangers wrote (common/confine.h): tried from within, by
# support/reach.c, which is preloaded. The last test runs the whole job so: the programs must miss nothing of it.

bats_require_minimum_version 1.5.0
load support/job.bash

setup_file() {
    job_servers "$BATS_FILE_TMPDIR" one.test two.test
    export REACH=$BUILD/tests/support/reach.so
}

teardown_file() { servers_stop "$BATS_FILE_TMPDIR"; }

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    ulimit -S -c "$(ulimit -H -c)" # a core is forbidden whatever the limit was
}

teardown() { server_signal postgres CONT; }

# reaches NAMES TOOL [ARGUMENT...]: it reaches these, on one line, and all else is refused; by EPERM, or by EACCES where
# Landlock does it.
reaches() {
    local -x LD_PRELOAD=$REACH
    rm -f reach.socket # who can name a socket cannot take the name away
    "$BUILD/bin/$2" "${@:3}" </dev/null >out 2>err || true
    LD_PRELOAD=
    [ "$(grep -c '^reach ' err)" -eq 33 ] || return
    [ "$(grep '^reach ' err | grep -vcE '^reach [a-z-]+ (yes|EPERM|EACCES)$')" -eq 0 ] || return
    [ "$(sed -n 's/^reach \(.*\) yes$/\1/p' err | paste -sd ' ')" = "$1" ] || { sed -n 's/^reach //p' err; return 1; }
}

# Whether the kernel has it: landlock_create_ruleset(2) tells its version.
has_landlock() { /usr/bin/python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).syscall(444, None, 0, 1) < 1)'; }

# What the servers' clients keep; the thread is for libcurl's resolver. Without Landlock, as in Linux before 5.13 or where
# it is not switched on, they can also look into processes of the same account, and name sockets.
client="read-file socket make-thread"
has_landlock || client="read-file socket make-thread look-into-other name-socket"
readonly client

@test "dnsbl-decide, log-summary and dnsbl-report reach no file, no network, no process" {
    export DNSBL_ZONES=a.test
    for tool in dnsbl-decide log-summary dnsbl-report; do
        reaches make-thread "$tool"
    done
    reaches make-thread log-summary --metrics /dev/fd/8 8>metrics # it is open already
    [ -s metrics ]
}

@test "log-summary reaches files to write metrics as well, by Landlock in their directory alone, and no network" {
    local files="make-file remove-file rename-file make-thread change-mode change-times"
    local devices="write-file append-file remove-file rename-file make-thread change-mode change-times"
    if ! has_landlock; then
        files="read-file write-file append-file make-file make-directory remove-file rename-file make-thread change-mode change-times look-into-other"
        devices=$files
    fi
    for file in metrics "$PWD/metrics"; do
        rm -f metrics
        reaches "$files" log-summary --metrics "$file"
        [ -s metrics ]
    done
    reaches "$devices" log-summary --metrics /dev/null
}

@test "dnsbl-probe reaches the network and what there is to read" {
    export DNSBL_ZONES=a.test DNS_RESOLVERS=127.0.0.1@1
    reaches "$client" dnsbl-probe
    reaches "$client" dnsbl-probe --check=online
}

@test "pg-ips and pg-apply reach the network and what there is to read" {
    reaches "$client" pg-ips
    reaches "$client" pg-ips --check=online
    reaches "$client" pg-apply
    reaches "$client" pg-apply --check=online
}

@test "jira-sync reaches the network and what there is to read" {
    reaches "$client" jira-sync
    reaches "$client" jira-sync --check=online
}

@test "a kernel without seccomp is told of, and nothing fails for it" {
    # As in a container whose own filter forbids filters.
    DNSBL_ZONES=a.test run -0 --separate-stderr /usr/bin/python3 - "$BUILD/bin/dnsbl-decide" <<'PY'
import ctypes, errno, os, sys

SCMP_ACT_ALLOW, SCMP_ACT_ERRNO = 0x7FFF0000, 0x00050000  # seccomp.h

seccomp = ctypes.CDLL("libseccomp.so.2", use_errno=True)
seccomp.seccomp_init.restype = ctypes.c_void_p
filter = ctypes.c_void_p(seccomp.seccomp_init(SCMP_ACT_ALLOW))
for name in b"seccomp", b"prctl":
    call = seccomp.seccomp_syscall_resolve_name(name)
    assert seccomp.seccomp_rule_add(filter, SCMP_ACT_ERRNO | errno.EPERM, call, 0) == 0
assert seccomp.seccomp_load(filter) == 0
os.execv(sys.argv[1], sys.argv[1:])
PY
    [ "$(jq -r '[.level, .error_type] | join(" ")' <<<"$stderr")" = "INFO not_confined" ]
}

@test "a program that crashes leaves no core, whatever the limit was" {
    export DNSBL_ZONES=one.test
    server_signal postgres STOP # pg-ips waits for it, the others for their input
    run -0 /usr/bin/python3 - "$BUILD"/bin/* /usr/bin/cat <<'PY'
import os, resource, signal, subprocess, sys, time

def crash(command):
    """Whether a core was dumped, also where cores go to a program: the kernel tells the parent."""
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    end = time.monotonic() + 20
    while time.monotonic() < end:    # until it sleeps: it has begun by then
        with open(f"/proc/{child.pid}/stat", encoding="ascii") as file:
            name, state = file.read().partition(" (")[2].split(") ")[:2]
        if name == os.path.basename(command) and state[0] == "S":
            break
        time.sleep(0.02)
    child.send_signal(signal.SIGABRT)
    _, status = os.waitpid(child.pid, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT, (command, status)
    return os.WCOREDUMP(status)

resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
*tools, other = sys.argv[1:]
assert len(tools) == 7, tools
for tool in tools:
    assert not crash(tool), tool
print("cat", "dumps" if crash(other) else "does not dump")
PY
    # So it would have been seen, unless this machine dumps nothing of anybody.
    [ "$output" = "cat dumps" ] || [ "$(ulimit -H -c)" = 0 ] || [[ $(</proc/sys/kernel/core_pattern) == '|'* ]]
}

# A run that throttles, one that restores and finds a list sick; each stage then had its say.
@test "the whole job does nothing of what its programs have given away" {
    job_world one.test two.test
    pool_add 192.0.2.1
    pool_add 2001:db8::7
    zone_list one.test 192.0.2.1
    rbldnsd_reload
    export DNSBL_ZONES=one.test,two.test DNS_TIMEOUT=1 LD_PRELOAD=$REACH
    for transition in listed cleared; do
        "$job" --capture streams --metrics metrics >log 2>err
        LD_PRELOAD='' jq -se "any(.transition == \"$transition\")" streams/dnsbl-decide.ndjson
        [ "$(grep -c '^reach read-file' err)" -eq 6 ]
        [ "$(grep -c '^reach read-file yes' err)" -eq 4 ]
        [ "$(grep -c '^reach make-file yes' err)" -eq 0 ] # log-summary writes metrics to a descriptor
        run ! grep '^refused' err
        LD_PRELOAD='' zone_unlist one.test 192.0.2.1
        rbldnsd_reload
        fault_zone two.test servfail
    done
}
