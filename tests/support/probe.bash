# shellcheck shell=bash
# probe.bash - dnsbl-probe for tests: runs it and reads what it wrote.

probe() { "$BUILD/bin/dnsbl-probe" "$@"; }

# look ADDRESS...: the record of each address, without the zones' records.
look() { printf '%s\n' "$@" | probe 2>errors | jq -c 'select(.type == "ip")'; }

# health ZONE: what the last record of that zone in file `out` says.
health() { jq -r --arg zone "$1" 'select(.zone == $zone) | .health' out | tail -n 1; }

# result ZONE: of the first address in file `out`, as status, error, answers.
result() {
    jq -r --arg zone "$1" 'select(.type == "ip") | .results[] | select(.zone == $zone)
        | [.status, .error // "-", (.answers | sort | join("+"))] | join(" ")' out | head -n 1
}

# detail ZONE: the evidence in its last record.
detail() { jq -r --arg zone "$1" 'select(.zone == $zone) | .detail' out | tail -n 1; }

# reason ZONE: of the first address in file `out`.
reason() { jq -r --arg zone "$1" 'select(.type == "ip") | .results[] | select(.zone == $zone) | .reason' out | head -n 1; }

# verdict ZONE: health and evidence in its last record.
verdict() { echo "$(health "$1") $(detail "$1")"; }

# six_verdict ZONE: the same, and between them what it says of the first IPv6 address.
six_verdict() {
    echo "$(health "$1") $(jq -r --arg zone "$1" 'select(.type == "ip" and (.ip | contains(":"))) | .results
        | map(select(.zone == $zone)) | .[0] | if . == null then "left-out" else .error // .status end' out | head -n 1) $(detail "$1")"
}
