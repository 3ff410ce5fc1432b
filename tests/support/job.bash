# shellcheck shell=bash
# job.bash - the whole job against real servers.

# shellcheck source=tests/support/servers.bash
source "${BASH_SOURCE[0]%/*}/servers.bash"

# job_servers DIR ZONE...: starts all that the job asks and writes to. Exports BUILD and job, the program.
job_servers() {
    local root=${BASH_SOURCE[0]%/*}/../..
    export BUILD=${BUILD:-$root/build} job=$root/pipelines/dnsbl-monitor
    postgres_start "$1" && rbldnsd_start "$@" && dnsdist_start "$1" && jira_start "$1"
}

# job_world ZONE...: nobody is in the pool, nobody is listed, and nothing is broken.
job_world() {
    local zone
    server_signal dnsdist CONT # a test that stopped it may have failed
    postgres_start "$SERVERS"
    pool_empty
    for zone in "$@"; do
        zone_write "$zone" </dev/null
        fault_zone "$zone" none
    done
    rbldnsd_reload
    jira_control reset -X POST -d '{}' >/dev/null
}

# told REGEX: a message in the file err says so.
told() { jq -r .error_message err | grep -qE -- "$1" || { echo "nobody said: $1"; return 1; }; }

# held_up [OPTION...]: starts the job in the background ($pid), which gets no answer from DNS until finished() is called.
held_up() {
    server_signal dnsdist STOP
    DNS_TIMEOUT=60 "$job" "$@" >log 2>err 3>&- &
    pid=$!
}

# finished: lets it go on, and waits; its status is in status.
finished() {
    status=0
    server_signal dnsdist CONT
    wait "$pid" || status=$?
    cat err
}

# stage_of JOB NAME: process id of a stage that the job with process id JOB runs; its check is none.
stage_of() {
    local shell stage
    shell=$(pgrep -P "$1" -x dnsbl-monitor) && stage=$(pgrep -P "$shell" -x "$2") &&
        ! grep -qa -- --check "/proc/$stage/cmdline" && echo "$stage"
}
