# shellcheck shell=bash
# The job as it runs, for suites that start it in the background.

# stage_of JOB NAME: process id of a stage that the job with process id JOB runs; its check is none.
stage_of() {
    local shell stage
    shell=$(pgrep -P "$1" -x dnsbl-monitor) && stage=$(pgrep -P "$shell" -x "$2") &&
        ! grep -qa -- --check "/proc/$stage/cmdline" && echo "$stage"
}
