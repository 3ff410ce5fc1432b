# dnsbl-probe against rbldnsd, with dnsdist in front for what goes wrong.

bats_require_minimum_version 1.5.0

source "$BATS_TEST_DIRNAME/support/probe.bash"

setup_file() {
    lists_start a.test b.test c.test facts.test=generic four.test=generic bare.test=generic world.test=ip4trie
    zone_list a.test 192.0.2.2
    zone_list a.test 2001:db8::2
    zone_list b.test 192.0.2.2 127.0.0.4 'Sends spam'
    zone_list b.test 192.0.2.2 127.0.0.9 'Sends more spam'
    zone_list b.test 192.0.2.66 127.255.255.254 'open resolver'
    zone_list b.test 192.0.2.67 127.0.0.1 'refused'
    zone_list b.test 192.0.2.68 10.1.2.3 'not a DNSBL'
    # rbldnsd's own types cannot leave the IPv6 test entries out, or give odd texts: these zones can.
    printf '%s\n' '2.0.0.127 A 127.0.0.2' '2.2.0.192 A 127.0.0.2' \
        $'2.2.0.192 TXT "caf\351 \033[31mred\007 http://facts.test/"' | zone_write facts.test
    zone_write four.test <<'ZONE'
2.0.0.127 A 127.0.0.2
2.2.0.192 A 127.0.0.2
ZONE
    echo '2.2.0.192 A 127.0.0.2' | zone_write bare.test # no test entries
    zone_write world.test <<'ZONE'
0.0.0.0/0 :127.0.0.2:everything
ZONE
    rbldnsd_reload
}

teardown_file() { servers_stop "$BATS_FILE_TMPDIR"; }

setup() { probe_anew; }

teardown() { faultless a.test b.test c.test bare.test; }

# framed LINE...: a stream of a run with these records.
framed() {
    printf '{"type":"run","run_id":"6f1c7a3e-9a53-4c58-8a4e-000000000001","started_at":"2026-01-31T12:00:00.000Z","dry_run":false,"shard":"0/1"}\n'
    printf '%s\n' "$@"
    printf '{"type":"end","run_id":"6f1c7a3e-9a53-4c58-8a4e-000000000001","ips":%d,"skipped":0}\n' "$#"
}

# --- the stream ---

@test "an address by hand: echo 192.0.2.2 | dnsbl-probe" {
    look 192.0.2.2 >out
    [ "$(jq -r '[.results[] | .zone + "=" + .status] | join(" ")' out)" = 'a.test=LISTED b.test=LISTED' ]
    [ "$(jq -r .ip out)" = 192.0.2.2 ]
    [ ! -s errors ]
}

@test "comments, blank lines and blanks around an address are fine" {
    look '# a pool' '' '  192.0.2.2 # the first' $'192.0.2.3\r' >out
    [ "$(jq -r .ip out | tr '\n' ' ')" = '192.0.2.2 192.0.2.3 ' ]
    [ ! -s errors ]
}

@test "a run's records pass with their fields untouched and in order, run first and end last" {
    framed '{"type":"ip","ip":"192.0.2.2","id":1,"ip_text":"192.0.2.2","x":1.50,"y":{"b":1,"a":[2]}}' \
        '{"type":"odd","n":1e2}' '{"type":"ip","ip":"192.0.2.3","id":2,"ip_text":"192.0.2.3"}' | probe --require-run >out
    [ "$(jq -r 'select(.type != "zone") | .type' out | tr '\n' ' ')" = 'run ip odd ip end ' ]
    grep -qF '{"type":"ip","ip":"192.0.2.2","id":1,"ip_text":"192.0.2.2","x":1.50,"y":{"b":1,"a":[2]},"results":[' out
    grep -qxF '{"type":"odd","n":1e2}' out
    [ "$(head -n 1 out | jq -r .type)" = run ]
    [ "$(tail -n 1 out | jq -r .type)" = end ]
}

@test "results that a record has already are replaced" {
    echo '{"type":"ip","ip":"192.0.2.3","results":[],"probed_at":"x","z":1}' | probe >out
    [ "$(jq -c 'select(.type == "ip") | [(.results | length), .z]' out)" = '[2,1]' ]
    [ "$(grep -o '"results"' out | wc -l)" -eq 1 ]
}

@test "each zone has a record when its health is known and one with counts before end" {
    framed '{"type":"ip","ip":"192.0.2.2"}' '{"type":"ip","ip":"192.0.2.66"}' | probe --require-run >out
    [ "$(jq -c 'select(.type == "zone" and (.final | not)) | [.zone, .health]' out | sort | tr -d '\n')" = '["a.test","ok"]["b.test","ok"]' ]
    [ "$(jq -c 'select(.final) | [.zone, .lookups, .listed, .not_listed, .unknown, .errors]' out | tr -d '\n')" = \
        '["a.test",2,1,1,0,{}]["b.test",2,1,0,1,{"blocked":1}]' ]
    [ "$(jq 'select(.type == "zone") | .timeout' out | sort -u)" = "$DNS_TIMEOUT" ]
}

@test "a record that is malformed is reported, dropped, and makes the status 1" {
    run -1 --separate-stderr probe <<<$'{"type":"ip","ip":"192.0.2.2"\n{"type":"ip","ip":7}\n{"type":"ip","ip":"1.2.3"}\n{"a":1}\n{"type":"ip","type":"ip","ip":"192.0.2.9"}\n[1]\n192.0.2.300\n0x7f.1\n1.2.3\n01.2.3.4\n192.0.2.3'
    [ "$(jq -r 'select(.type == "ip") | .ip' <<<"$output")" = 192.0.2.3 ]
    [ "$(grep -c '"error_type":"bad_record"' <<<"$stderr")" -eq 10 ]
}

@test "an address with a NUL byte is no address" {
    printf '192.0.2.2\0\n192.0.2.3\n' >in
    run -1 bash -c '"$BUILD/bin/dnsbl-probe" <in 2>errors | jq -r "select(.type == \"ip\") | .ip"; exit "${PIPESTATUS[0]}"'
    [ "$output" = 192.0.2.3 ]
    grep -q NUL errors
}

@test "a stream that is cut off passes as far as it came, without end, and the status is 65" {
    framed '{"type":"ip","ip":"192.0.2.2"}' | head -n 2 >in
    run -65 --separate-stderr probe --require-run <in
    [ "$(jq -r 'select(.type != "zone") | .type' <<<"$output" | tr '\n' ' ')" = 'run ip ' ]
    [[ $stderr == *'"error_type":"cut_off"'* ]]
}

@test "a last line without newline, a second run, and anything behind end are cut off too" {
    run -65 probe < <(printf 192.0.2.2)
    run -65 probe < <(framed '{"type":"ip","ip":"192.0.2.2"}'; echo 192.0.2.3)
    run -65 probe < <(framed '{"type":"run","run_id":"x"}')
    run -65 probe --require-run </dev/null
    run -65 probe --require-run <<<'{"type":"ip","ip":"192.0.2.2"}'
    run -0 probe </dev/null
}

@test "a line over 1 MiB is dropped and does not stop the next; one of just 1 MiB passes" {
    long=$((1024 * 1024 - 80))
    { printf '{"type":"odd","x":"%*s"}\n' $((1024 * 1024)) ''; printf '{"type":"odd","x":"%*s"}\n' "$long" ''; echo 192.0.2.3; } >in
    run -1 bash -c '"$BUILD/bin/dnsbl-probe" <in >out 2>errors'
    [ "$(jq -r 'select(.type == "ip") | .ip' out)" = 192.0.2.3 ]
    [ "$(jq -r 'select(.type == "odd") | .x | length' out)" -eq "$long" ]
    [ "$(grep -c 'longer than 1048576 bytes' errors)" -eq 1 ]
}

@test "a full disk is 74, a reader that has gone ends it quietly" {
    run -74 bash -c 'echo 192.0.2.2 | "$BUILD/bin/dnsbl-probe" >/dev/full'
    [[ $output == *'"error_type":"output_error"'* ]]
    yes 192.0.2.2 | head -n 20000 >in
    run -0 --separate-stderr bash -c '"$BUILD/bin/dnsbl-probe" <in | head -n 1; exit "$(( PIPESTATUS[0] == 141 ? 0 : 99 ))"'
    [ -z "$stderr" ]
}

@test "an option that is not known is 64, --help and --version are 0" {
    run -64 probe --no-such-option
    [[ $output == *--no-such-option*--help* ]]
    run -64 probe --check=offline
    run -64 probe 192.0.2.2 extra
    run -0 probe --help
    [[ $output == usage:* ]]
    run -0 probe --version
    [[ $output == "dnsbl-probe "* ]]
    run -74 bash -c '"$BUILD/bin/dnsbl-probe" --help >/dev/full'
}

@test "SIGTERM ends it within 5 s with 143, and no line is cut" {
    mkfifo in
    "$BUILD/bin/dnsbl-probe" <in >out 2>errors & # no function: that would be a shell, which is killed instead
    pid=$!
    exec 7>in
    echo 192.0.2.2 >&7
    wait_for 60 grep -q '"ip":"192.0.2.2"' out
    started=$SECONDS
    kill "$pid"
    ended=0
    wait "$pid" || ended=$?
    [ "$ended" -eq 143 ]
    ((SECONDS - started <= 5))
    grep -q '"error_type":"interrupted"' errors
    exec 7>&-
    jq -es . out >/dev/null
}

@test "SIGTERM ends it within 5 s though its reader has stalled" {
    mkfifo stalled
    exec 8<>stalled
    yes 192.0.2.2 | head -n 100000 >in
    "$BUILD/bin/dnsbl-probe" <in >stalled 2>errors 8<&- &
    pid=$!
    full() { [ "$(awk '/^wchar/ { print $2 }' "/proc/$pid/io")" -ge 60000 ]; }
    wait_for 60 full
    started=$SECONDS
    kill "$pid"
    ended=0
    wait "$pid" || ended=$?
    exec 8>&-
    [ "$ended" -eq 143 ]
    ((SECONDS - started <= 5))
}

@test "records that wait are bounded in memory, whatever is in them" {
    mkfifo stalled
    exec 8<>stalled
    { printf '{"type":"odd","x":['; printf '1,%.0s' {1..20000}; echo '1]}'; } >record
    for i in {1..600}; do cat record; done >in
    "$BUILD/bin/dnsbl-probe" <in >stalled 8<&- &
    pid=$!
    full() { [ "$(awk '/^rchar/ { print $2 }' "/proc/$pid/io")" -ge $((16 * 1024 * 1024)) ]; }
    wait_for 60 full
    peak=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status")
    kill "$pid"
    wait "$pid" || true
    exec 8>&-
    echo "peak $peak kB"
    [ "$peak" -lt "$(at_most 65536)" ]
}

@test "an address is answered at once though the input stays open" {
    mkfifo in
    probe <in >out &
    exec 7>in
    echo 192.0.2.2 >&7
    wait_for 60 grep -q '"ip":"192.0.2.2"' out
    exec 7>&-
    wait
}

# --- configuration ---

@test "all problems of the configuration are told at once, and the status is 78" {
    DNSBL_ZONES='a.test=127.0.0.300,nodots,x:a.test,x:b.test,KEY0123.zen.dq.spamhaus.net,b.test*many' DNS_TIMEOUT=0 DNS_CONCURRENCY=1x \
        DNS_RESOLVERS=dns.example RUN_DEADLINE=-1 DNSBL_CANARY_EXEMPT=other.test run -78 probe --check
    for name in DNSBL_ZONES DNS_TIMEOUT DNS_CONCURRENCY DNS_RESOLVERS RUN_DEADLINE DNSBL_CANARY_EXEMPT; do
        [[ $output == *"\"variable\":\"$name\""* ]]
    done
    [ "$(grep -c '"variable":"DNSBL_ZONES"' <<<"$output")" -eq 5 ]
    [[ $output != *[Kk][Ee][Yy]0123* ]]
}

@test "--check asks nobody; without zones it says what to set" {
    before=$(rbldnsd_queries)
    run -0 probe --check
    [ -z "$output" ]
    [ "$(rbldnsd_queries)" -eq "$before" ]
    DNSBL_ZONES='' run -78 probe --check
    [[ $output == *"DNSBL_ZONES='"* ]]
}

@test "--check=online reports the health of every zone" {
    fault_zone b.test servfail
    run -0 probe --check=online
    [[ $output == *'zone a.test is ok'* ]]
    [[ $output == *'zone b.test is unreachable'*servfail* ]]
}

@test "--check=online ends at a signal with 143, and calls no zone well that it has not seen" {
    fault_zone b.test drop
    before=$(rbldnsd_queries '0\.0\.127\.a\.test')
    DNS_TIMEOUT=30 "$BUILD/bin/dnsbl-probe" --check=online 2>errors &
    pid=$!
    asked() { [ "$(rbldnsd_queries '0\.0\.127\.a\.test')" -gt "$before" ]; }
    wait_for 60 asked
    kill "$pid"
    ended=0
    wait "$pid" || ended=$?
    [ "$ended" -eq 143 ]
    run ! grep -q 'b.test is ok' errors
}

@test "--check=online hears every zone out, whatever RUN_DEADLINE says" {
    fault_zone a.test drop
    fault_zone b.test drop
    RUN_DEADLINE=1 DNS_CONCURRENCY=1 run -0 timeout 60 "$BUILD/bin/dnsbl-probe" --check=online
    [[ $output == *'zone a.test is unreachable'*'zone b.test is unreachable'* ]]
}

@test "a value may come from a file, its final newline dropped; both is an error" {
    echo a.test >zones
    DNSBL_ZONES='' DNSBL_ZONES_FILE=zones look 192.0.2.2 >out
    [ "$(jq -r '.results[].zone' out)" = a.test ]
    DNSBL_ZONES_FILE=zones run -78 probe --check
    DNSBL_ZONES='' DNSBL_ZONES_FILE=none run -78 probe --check
    [[ $output == *none* ]]
}

@test "1,000 sites are taken, 1,001 are an error" {
    DNSBL_ZONES=$(printf 'z%d:a.test=127.0.0.2,' {1..1000}) look 192.0.2.2 >out
    [ "$(jq '.results | length' out)" -eq 1000 ]
    DNSBL_ZONES=$(printf 'z%d:a.test=127.0.0.2,' {1..1001}) run -78 probe --check
    [[ $output == *1001* ]]
}

@test "a line that would grow over 1 MiB loses its reasons, not its verdicts" {
    DNSBL_ZONES=$(seq -f "z%g$(printf '%050d' 0):a.test=127.0.0.2" 1 1000 | paste -sd' ')
    export DNSBL_ZONES
    printf '{"type":"ip","ip":"192.0.2.2","pad":"%*s"}\n' 850000 '' | probe >out
    [ "$(jq -r 'select(.type == "ip") | [.results[] | select(.status == "LISTED" and .cut)] | length' out)" -eq 1000 ]
    [ "$(wc -L <out)" -lt $((1024 * 1024)) ]
}

# --- what an answer means ---

@test "an A record is a listing, with all A records and the reason kept" {
    look 192.0.2.2 >out
    [ "$(result a.test)" = 'LISTED - 127.0.0.2' ]
    [ "$(result b.test)" = 'LISTED - 127.0.0.4+127.0.0.9' ]
    reason=$(jq -r '.results[] | select(.zone == "b.test") | .reason' out)
    [[ $reason == *'Sends spam'* && $reason == *'Sends more spam'* ]]
}

@test "NXDOMAIN, and NOERROR without A, are no listing" {
    look 192.0.2.3 >out
    [ "$(result a.test)" = 'NOT_LISTED - ' ]
    fault_zone b.test none
    DNSBL_ZONES=facts.test look 0.2.0.192 >out # an empty non-terminal
    [ "$(result facts.test)" = 'NOT_LISTED - ' ]
}

@test "a filter decides which A records count, and the others are kept" {
    DNSBL_ZONES='yes:b.test=127.0.0.[2;4..5] no:b.test=127.0.0.5 b.test=127.0.[0;1].9*2' look 192.0.2.2 >out
    [ "$(result yes)" = 'LISTED - 127.0.0.4+127.0.0.9' ]
    [ "$(result no)" = 'NOT_LISTED - 127.0.0.4+127.0.0.9' ]
    [ "$(result b.test)" = 'LISTED - 127.0.0.4+127.0.0.9' ]
}

@test "a domain with several filters is asked once" {
    before=$(rbldnsd_queries '77\.2\.0\.192\.a\.test A ')
    DNSBL_ZONES='x:a.test=127.0.0.2 y:a.test=127.0.0.3 z:a.test' look 192.0.2.77 >out
    [ "$(jq '.results | length' out)" -eq 3 ]
    [ "$(rbldnsd_queries '77\.2\.0\.192\.a\.test A ')" -eq $((before + 1)) ]
}

@test "127.255.255.0/24 is no listing but a refusal, and its meaning is told" {
    look 192.0.2.66 >out
    [ "$(result b.test)" = 'UNKNOWN blocked 127.255.255.254' ]
    [[ $(jq -r '.results[1].detail' out) == *resolver* ]]
}

@test "127.0.0.1 alone is a refusal unless a filter names it" {
    look 192.0.2.67 >out
    [ "$(result b.test)" = 'UNKNOWN blocked 127.0.0.1' ]
    DNSBL_ZONES='white:b.test=127.0.0.1*-1 black:b.test=127.0.0.[2..9]' look 192.0.2.67 >out
    [ "$(result white)" = 'LISTED - 127.0.0.1' ]
    [ "$(result black)" = 'NOT_LISTED - 127.0.0.1' ]
}

@test "an A record outside 127.0.0.0/8 is no DNSBL's answer" {
    look 192.0.2.68 >out
    [ "$(result b.test)" = 'UNKNOWN not_a_dnsbl_answer 10.1.2.3' ]
}

@test "a failing answer is UNKNOWN and says what failed; the other zones decide" {
    DNSBL_CANARY_EXEMPT=b.test
    export DNSBL_CANARY_EXEMPT DNS_TIMEOUT=1
    while read -r fault error; do
        fault_zone b.test "$fault"
        look 192.0.2.2 >out
        [ "$(result b.test)" = "UNKNOWN $error " ] || { echo "$fault: $(result b.test)"; return 1; }
        [ "$(result a.test)" = 'LISTED - 127.0.0.2' ]
    done <<<$'servfail servfail\nrefused refused\ndrop timeout\ndelay:3000 timeout'
}

@test "an answer that is truncated is fetched over TCP" {
    fault_zone a.test truncate
    look 192.0.2.2 >out
    [ "$(result a.test)" = 'LISTED - 127.0.0.2' ]
}

@test "nobody answers at all: everything is UNKNOWN, the status is 0" {
    DNS_RESOLVERS=127.0.0.1@$(free_port) DNS_TIMEOUT=1 run -0 --separate-stderr probe <<<192.0.2.2
    echo "$output" >out
    [ "$(result a.test)" = 'UNKNOWN zone_unreachable ' ]
    [ "$(health a.test)" = unreachable ]
    [[ $stderr == *'look at the resolver and the network first'* ]]
}

@test "odd bytes in a TXT record are escaped, links are kept" {
    DNSBL_ZONES=facts.test look 192.0.2.2 >out
    [ "$(jq -r '.results[0].reason' out)" = $'caf\\233 \033[31mred\007 http://facts.test/' ]
    run ! grep -q $'\033' out
}

@test "IPv6 addresses are asked for by their nibbles; mapped ones are IPv4" {
    look 2001:DB8:0:0::2 ::ffff:192.0.2.2 >out
    [ "$(jq -r .ip out | tr '\n' ' ')" = '2001:db8::2 192.0.2.2 ' ]
    [ "$(result a.test)" = 'LISTED - 127.0.0.2' ]
}

@test "an IPv4-only list is left out for IPv6 addresses, but not where the row names it" {
    export DNSBL_ZONES=a.test,four.test
    { echo 192.0.2.2; echo 2001:db8::2; echo '{"type":"ip","ip":"2001:db8::3","blocking_lists":"x, four.test"}'; } | probe >out
    [ "$(jq -c 'select(.type == "ip") | [.results[] | .zone + " " + .status + " " + (.error // "-")]' out | tr -d '\n')" = \
        '["a.test LISTED -","four.test LISTED -"]["a.test LISTED -"]["a.test NOT_LISTED -","four.test UNKNOWN zone_silent"]' ]
    [ "$(health four.test)" = ok ]
    [ "$(jq -r 'select(.zone == "four.test") | .ipv4_only' out | tail -n 1)" = true ]
}

# --- canaries ---

@test "a zone that lists the whole world inside 127/8 is wildcard, all its answers UNKNOWN" {
    DNSBL_ZONES=a.test,world.test probe <<<192.0.2.3 >out
    [ "$(health world.test)" = wildcard ]
    [ "$(result world.test)" = 'UNKNOWN zone_wildcard ' ]
    [ "$(result a.test)" = 'NOT_LISTED - ' ]
}

@test "a zone that answers outside 127/8 for the world is hijacked" {
    fault_zone b.test spoof:198.51.100.7
    probe <<<192.0.2.3 >out
    [ "$(health b.test)" = hijacked ]
    [ "$(result b.test)" = 'UNKNOWN zone_hijacked ' ]
}

@test "a zone that refuses our resolver is blocked, and says what to do" {
    fault_zone b.test spoof:127.255.255.254
    probe <<<192.0.2.3 >out 2>errors
    [ "$(health b.test)" = blocked ]
    [ "$(result b.test)" = 'UNKNOWN zone_blocked ' ]
    grep -q 'DNS_RESOLVERS=recursive' errors
}

# Its answers come from the file, so that nothing is sent to the public resolver.
@test "a zone that turns us away is said to do so for the public resolver that is asked, however it does it" {
    local zone public=8.8.8.8
    cat >unbound.conf <<'CONF'
server:
    local-zone: "code.example." static
    local-data: "2.0.0.127.code.example. A 127.255.255.254"
    local-zone: "nothing.example." static
    local-zone: "rcode.example." refuse
    local-zone: "fine.example." static
    local-data: "2.0.0.127.fine.example. A 127.0.0.2"
CONF
    export DNS_CONFIG=unbound.conf DNSBL_ZONES=code.example,nothing.example,rcode.example,fine.example
    DNS_RESOLVERS=192.0.2.53,$public probe <<<192.0.2.9 >out 2>errors
    [ "$(grep -c 'DNS_RESOLVERS.* of your own' errors)" -eq 2 ]
    [ "$(health code.example) $(health nothing.example) $(health rcode.example)" = 'blocked silent unreachable' ]
    for zone in code nothing rcode; do
        jq -r --arg zone "$zone.example" 'select(.zone == $zone) | .detail' out |
            grep -q "asked through $public (Google Public DNS), and many lists turn public resolvers away"
    done
    [ "$(health fine.example)" = ok ]
    DNS_RESOLVERS=192.0.2.53 probe <<<192.0.2.9 >out
    [ "$(health nothing.example)" = silent ]
    run ! grep -q 'asked through' out
}

@test "a verdict that is there at once, from local data, does not overtake the run record" {
    cat >unbound.conf <<'CONF'
server:
    local-zone: "fine.example." static
    local-data: "2.0.0.127.fine.example. A 127.0.0.2"
CONF
    framed '{"type":"ip","ip":"192.0.2.9"}' >in # run and address come in one read
    DNS_CONFIG=unbound.conf DNSBL_ZONES=fine.example probe <in >out
    [ "$(jq -r .type out | paste -sd' ')" = "run zone ip zone end" ]
}

@test "a zone that was emptied, or a resolver that says NXDOMAIN to all, is silent" {
    fault_zone b.test nxdomain
    probe <<<192.0.2.2 >out
    [ "$(health b.test)" = silent ]
    [ "$(result b.test)" = 'UNKNOWN zone_silent ' ]
}

@test "a sick zone is asked for its test entries and nothing more" {
    entries=$(rbldnsd_queries '\.0\.0\.127\.bare\.test')
    others=$(rbldnsd_queries '192\.bare\.test')
    DNSBL_ZONES=bare.test look 192.0.2.{1..50} >out
    [ "$(rbldnsd_queries '\.0\.0\.127\.bare\.test')" -gt "$entries" ] # the server itself sees what is asked
    [ "$(rbldnsd_queries '192\.bare\.test')" -eq "$others" ]
}

@test "an exempt zone is believed without test entries" {
    fault_zone b.test nxdomain
    DNSBL_CANARY_EXEMPT=b.test probe <<<192.0.2.2 >out
    [ "$(health b.test)" = exempt ]
    [ "$(result b.test)" = 'NOT_LISTED - ' ]
}

@test "a test entry with another code than the filter's is as good" {
    DNSBL_ZONES=b.test=127.0.0.4 probe <<<192.0.2.2 >out
    [ "$(health b.test)" = ok ]
    [ "$(result b.test)" = 'LISTED - 127.0.0.4+127.0.0.9' ]
}

@test "a zone that is silent holds up nobody: the others' addresses are all asked meanwhile" {
    fault_zone b.test drop
    DNS_TIMEOUT=2 look 10.9.{0..3}.{1..250} >out
    [ "$(jq -r '.results[0].status' out | sort | uniq -c | tr -s ' ')" = ' 1000 NOT_LISTED' ]
    [ "$(jq -r '.results[1].error' out | sort | uniq -c | tr -s ' ')" = ' 1000 zone_unreachable' ]
}

@test "a zone that is silent from the start holds its share of the lookups, not those of the others" {
    fault_zone b.test drop
    fault_zone c.test drop
    DNSBL_ZONES=b.test,c.test,a.test DNS_CONCURRENCY=3 probe <<<192.0.2.2 >out
    [ "$(jq -r 'select(.type == "zone" and (.final | not)) | .zone' out | head -n 1)" = a.test ]
    [ "$(jq -r 'select(.type == "zone" and (.final | not)) | .health' out | tail -n 2 | sort -u)" = unreachable ]
}

@test "a silent test entry is enough: a zone is given up after one DNS_TIMEOUT, whenever there is room for the other" {
    fault_zone b.test drop
    fault_zone world.test delay:700 # judged after some two seconds; then there is room
    started=${EPOCHREALTIME/./}
    DNSBL_ZONES=b.test,world.test DNS_CONCURRENCY=2 DNS_TIMEOUT=4 probe <<<192.0.2.2 >out
    took=$(((${EPOCHREALTIME/./} - started) / 1000))
    fault_zone world.test none
    echo "$took ms"
    [ "$(health world.test) $(health b.test)" = 'wildcard unreachable' ]
    ((took < 5000))
}

@test "a zone whose answers take half a second is slow, not dead" {
    fault_zone b.test delay:500
    look 10.6.0.{1..20} >out
    [ "$(jq -r '.results[1].status' out | sort -u)" = NOT_LISTED ]
}

@test "a zone that goes silent in the run is cut off by its breaker; what was answered stays" {
    mkfifo in
    DNS_TIMEOUT=1 probe <in >out 2>errors &
    exec 7>in
    echo 192.0.2.2 >&7
    wait_for 60 grep -q '"ip":"192.0.2.2"' out
    fault_zone b.test drop
    printf '%s\n' 10.8.0.{1..200} >&7
    exec 7>&-
    wait
    [ "$(result b.test)" = 'LISTED - 127.0.0.4+127.0.0.9' ]
    [ "$(health b.test)" = unreachable ]
    [ "$(jq -r 'select(.type == "ip") | .results[] | select(.zone == "b.test" and .error == "zone_unreachable") | .error' out | wc -l)" -gt 150 ]
    [ "$(jq -r 'select(.type == "ip") | .results[] | select(.zone == "a.test") | .error' out | sort -u)" = null ]
}

@test "a zone that comes back in the run is used again" {
    mkfifo in
    fault_zone b.test drop
    DNS_TIMEOUT=1 probe <in >out 2>errors &
    exec 7>in
    echo 192.0.2.3 >&7
    wait_for 60 grep -q '"ip":"192.0.2.3"' out
    fault_zone b.test none
    # addresses keep coming until the zone is tried again
    again() { echo 192.0.2.2 >&7; grep -q '"zone":"b.test","health":"ok"' out; }
    wait_for 60 again
    echo 192.0.2.2 >&7
    exec 7>&-
    wait
    [ "$(jq -r 'select(.type == "ip") | .results[] | select(.zone == "b.test") | .status' out | tail -n 1)" = LISTED ]
}

# silenced ZONE: asks it about an address through file descriptor 7, then makes it silent until its breaker opens.
silenced() {
    echo 192.0.2.2 >&7
    wait_for 60 grep -q '"ip":"192.0.2.2"' out
    fault_zone "$1" drop
    printf '%s\n' 10.8.1.{1..5} >&7
    wait_for 60 grep -q "\"zone\":\"$1\",\"health\":\"unreachable\"" out
    fault_zone "$1" none
}

@test "a zone that comes back is used again though only IPv6 addresses wait for it" {
    mkfifo in
    DNS_TIMEOUT=1 probe <in >out 2>errors &
    exec 7>in
    silenced b.test
    again() { echo 2001:db8::2 >&7; [ "$(grep -c '"zone":"b.test","health":"ok"' out)" -ge 2 ]; }
    wait_for 60 again
    exec 7>&-
    wait
}

@test "an exempt zone that comes back is not asked for test entries either" {
    export DNSBL_CANARY_EXEMPT=bare.test DNSBL_ZONES=bare.test
    entries=$(rbldnsd_queries '0\.0\.127\.bare\.test')
    mkfifo in
    DNS_TIMEOUT=1 probe <in >out 2>errors &
    exec 7>in
    silenced bare.test
    count=0 # an answer from memory would not do
    again() { echo "10.8.2.$((count++))" >&7; grep -q '"health":"silent"' out || [ "$(grep -c '"health":"exempt"' out)" -ge 2 ]; }
    wait_for 60 again
    exec 7>&-
    wait
    [ "$(health bare.test)" = exempt ]
    [ "$(rbldnsd_queries '0\.0\.127\.bare\.test')" -eq "$entries" ]
}

@test "a zone without a verdict is not called well" {
    framed | sed '/^$/d' | probe --require-run >out
    [ "$(jq -r .type out | tr '\n' ' ')" = 'run end ' ]
    fault_zone a.test drop
    framed '{"type":"ip","ip":"192.0.2.3"}' |
        DNSBL_ZONES=a.test,b.test RUN_DEADLINE=1 DNS_CONCURRENCY=1 DNS_TIMEOUT=2 probe --require-run >out
    [ "$(result b.test)" = 'UNKNOWN deadline ' ]
    [ "$(health b.test)" = unreachable ]
    [[ $(jq -r 'select(.final and .zone == "b.test") | .detail' out) == *RUN_DEADLINE* ]]
}

@test "after RUN_DEADLINE no reason is asked for either; the listing counts" {
    fault_zone b.test delay:2300
    before=$(rbldnsd_queries '2\.2\.0\.192\.b\.test TXT')
    DNSBL_ZONES=b.test DNSBL_CANARY_EXEMPT=b.test RUN_DEADLINE=2 DNS_TIMEOUT=8 look 192.0.2.2 >out
    [ "$(result b.test)" = 'LISTED - 127.0.0.4+127.0.0.9' ]
    [ "$(jq '.results[0].reason' out)" = null ]
    [ "$(rbldnsd_queries '2\.2\.0\.192\.b\.test TXT')" -eq "$before" ]
}

@test "after RUN_DEADLINE nothing more is asked, and the stream ends in order" {
    fault_zone b.test delay:400
    printf '{"type":"ip","ip":"10.7.0.%d"}\n' {1..100} >records
    mapfile -t records <records
    framed "${records[@]}" | RUN_DEADLINE=2 DNS_CONCURRENCY=4 probe --require-run >out
    [ "$(tail -n 1 out | jq -r .type)" = end ]
    [ "$(jq 'select(.type == "ip") | .ip' out | wc -l)" -eq 100 ]
    [ "$(jq 'select(.zone == "b.test" and .final) | .errors.deadline' out)" -gt 20 ]
}

# --- secrets ---

@test "a key in a zone's name appears nowhere, its label does" {
    printf 'S3CR3TK3Y\n' >key
    fault_zone S3CR3TK3Y.a.test none
    DNSBL_ZONES='KEYED:${THE_KEY}.a.test' THE_KEY_FILE=key DNS_TIMEOUT=1 run -0 probe <<<192.0.2.2
    [[ $output == *'"zone":"KEYED"'* ]]
    [[ $output != *[Ss]3[Cc][Rr]3[Tt]* ]]
    DNSBL_ZONES='X Y:S3CR3TK3Y.zen.dq.spamhaus.net*x S3CR3TK3Y.combined.mail.abusix.zone' run -78 probe --check
    [[ $output != *[Ss]3[Cc][Rr]3[Tt]* ]]
    DNSBL_CANARY_EXEMPT=s3cr3tk3y.zen.dq.spamhaus.net run -78 probe --check
    [[ $output == *DNSBL_CANARY_EXEMPT* && $output != *[Ss]3[Cc][Rr]3[Tt]* ]]
    DNSBL_ZONES='${THE_KEY}.a.test' THE_KEY_FILE=key run -78 probe --check
    [[ $output == *'needs a label'* && $output != *[Ss]3[Cc][Rr]3[Tt]* ]]
}

# --- DNS_CONFIG ---

@test "DNS_CONFIG loads an unbound.conf; one that cannot be used is an error" {
    cat >unbound.conf <<'CONF'
server:
    local-zone: "local.example." static
    local-data: "2.0.0.127.local.example. A 127.0.0.2"
    local-data: "9.2.0.192.local.example. A 127.0.0.6"
    local-data: '9.2.0.192.local.example. TXT "from a file"'
CONF
    DNS_CONFIG=unbound.conf DNSBL_ZONES=local.example probe <<<192.0.2.9 >out
    [ "$(result local.example)" = 'LISTED - 127.0.0.6' ]
    [ "$(jq -r 'select(.type == "ip") | .results[0].reason' out)" = 'from a file' ]
    echo 'no: such: thing' >broken.conf
    DNS_CONFIG=broken.conf run -78 probe --check
    [[ $output == *broken.conf* ]]
    DNS_CONFIG=none.conf run -78 probe --check
}
