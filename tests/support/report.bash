# shellcheck shell=bash
# Runs for the tests of dnsbl-report, and what its page says.

# shellcheck source=tests/support/records.bash
source "$SUPPORT/records.bash"

report() { "$BUILD/bin/dnsbl-report" "$@"; }

# page [FILE]: makes page.html (or FILE) of stdin; its messages are in err.
page() { "$BUILD/bin/dnsbl-report" >"${1:-page.html}" 2>err; }

# data JQ: of what page.js reads.
data() { parsed data | jq -c "$1"; }

# parsed WHAT...: see report_page.py.
parsed() { "$SUPPORT/report_page.py" page.html "$@"; }

# What stands of each address in the data: its state, and each finding.
kinds() {
    parsed data | jq -r '. as $d | .addresses[]
        | if type == "string" then [., 4, 0, 0, []] else . end
        | "\(.[0]) \($d.states[.[1]]):" + (.[4] as $c | [range(0; $c | length; 2)] | map(" \($d.zones[$c[.]]) \($d.kinds[$d.findings[$c[. + 1]][0]])") | join(","))'
}

# How many bytes wait in the pipe at descriptor 9 (FIONREAD).
pipe_bytes() { python3 -c 'import array, fcntl, termios
waiting = array.array("i", [0])
fcntl.ioctl(9, termios.FIONREAD, waiting)
print(waiting[0])'; }

# ---- runs -------------------------------------------------------------------

run_id() { printf '6f1c7a3e-9a53-4c58-8a4e-%08d0000' "$1"; }

# run_record N: the Nth run, a quarter of an hour after the one before; end_record N IPS: its end.
run_record() { RUN_ID=$(run_id "$1") start false "$(date -u -d "2026-01-01 UTC + $((15 * $1)) minutes" +%FT%T.000Z)"; }
end_record() { RUN_ID=$(run_id "$1") end "$2"; }
