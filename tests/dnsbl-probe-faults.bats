# dnsbl-probe where DNS goes wrong: what every broken answer means, sick zones, dead servers.
# dns_garbage.py stands in front of dnsdist and rbldnsd, and sends what they cannot.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

source "$BATS_TEST_DIRNAME/support/probe.bash"

POOL=44 # zones z1.test, z2.test, …: each row of a table has one of its own, with its own breaker

setup_file() {
    local zones=() zone
    for ((zone = 1; zone <= POOL; zone++)); do zones+=("z$zone.test"); done
    lists_start "${zones[@]}" codes.test
    garbage_start "$BATS_FILE_TMPDIR"
    for zone in "${zones[@]}"; do
        zone_list "$zone" 192.0.2.2
        zone_list "$zone" 2001:db8::2
    done
    rbldnsd_reload
}

teardown_file() { servers_stop "$BATS_FILE_TMPDIR"; }

setup() {
    probe_anew
    export DNS_RESOLVERS=127.0.0.1@$GARBAGE_PORT DNSBL_ZONES=z1.test,z2.test DNS_CONCURRENCY=200
    garble_nothing
    garbage_forget
}

teardown() {
    garble_nothing
    exec 7>&- # an input that a test left open
    [[ -z ${probe_pid:-} ]] || kill "$probe_pid" 2>/dev/null || true
}

# --- names of questions ---


# in_zone ENTRY ZONE: the name that is asked for it. 2 and 1 are the test entries of RFC 5782, 2/6 and 1/6
# those for IPv6; `ip` is 192.0.2.2, `ip/TXT` its reason,
# `ip/6` 2001:db8::2, `all` everything.
in_zone() {
    case $1 in
        [12]) echo "$1.0.0.127.$2" ;;
        [12]/6) echo "${1%/6}.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.$2" ;;
        ip) echo "2.2.0.192.$2" ;;
        ip/TXT) echo "2.2.0.192.$2/TXT" ;;
        ip/6) echo "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.$2" ;;
        all) echo "$2" ;;
    esac
}

# asked NAME-REGEX [ACTION-REGEX]: how many questions there were.
asked() { garbage_queries " $1 [A-Z]+ ${2:-}"; }

# distinct ZONE: how many different names below it were asked.
distinct() { awk -v zone=".$1" 'substr($4, length($4) - length(zone) + 1) == zone { print $4 }' "$SERVERS/garbage/questions" | sort -u | wc -l; }

# --- tables ---
#
# A table stands on stdin, a row a line: LABEL FILTER ENTRY ACTION EXPECTED. Rows of the same label are
# one zone with several faults. FILTER and ACTION may be `-`; EXPECTED may have blanks.

# garble_table: takes a table, sets its faults, and keeps in file `rows` LABEL ZONE ENTRY ACTION EXPECTED; in
# DNSBL_ZONES the zones. FROM is the number of the first of the pool's zones to use.
garble_table() {
    local label filter entry action expected zone
    local -A zone_of=()
    DNSBL_ZONES=''
    : >rows
    while read -r label filter entry action expected; do
        [[ -n $label && $label != '#'* ]] || continue
        zone=${zone_of[$label]:-}
        if [[ -z $zone ]]; then
            zone=z$((${#zone_of[@]} + ${FROM:-1})).test
            ((${#zone_of[@]} + ${FROM:-1} <= POOL)) || { echo "the pool has too few zones"; return 1; }
            zone_of[$label]=$zone
            [[ $filter != - ]] || filter=
            DNSBL_ZONES+="$label:$zone${filter:+=$filter} "
        fi
        [[ $action == - ]] || garble "$(in_zone "$entry" "$zone")" "$action"
        echo "$label $zone $entry $action $expected" >>rows
    done
    export DNSBL_ZONES
}

# fired: every fault of the table met a question.
fired() {
    local label zone entry action expected name status=0
    while read -r label zone entry action expected; do
        [[ $action == - ]] && continue
        name=$(in_zone "$entry" "$zone")
        if (($(garbage_queries "${name%/*} [A-Z]+ $action\$") == 0)); then
            echo "$label: the fault $action at entry $entry never met a question"
            status=1
        fi
    done <rows
    return "$status"
}

# as_expected FUNCTION: `FUNCTION LABEL` prints for every row what stands under EXPECTED, a pattern.
as_expected() {
    local label zone entry action expected found status=0
    while read -r label zone entry action expected; do
        [[ -n $expected ]] || continue # another row of the label says it
        found=$("$1" "$label")
        found=${found%"${found##*[! ]}"}
        # shellcheck disable=SC2053 # a pattern
        if [[ $found != $expected ]]; then
            echo "$label: expected '$expected', found '$found'"
            status=1
        fi
    done <rows
    return "$status"
}

# --- what an answer means ---

@test "what each answer means" {
    garble_table <<'TABLE'
    # label    filter            entry  action                          status, error, answers
    listed     -                 ip     -                               LISTED - 127.0.0.2
    nxdomain   -                 ip     rcode:nxdomain                  NOT_LISTED -
    no-a       -                 ip     a:                              NOT_LISTED -
    two        -                 ip     a:127.0.0.4,127.0.0.9           LISTED - 127.0.0.4+127.0.0.9
    match      127.0.0.[4;9]     ip     a:127.0.0.4,127.0.0.7           LISTED - 127.0.0.4+127.0.0.7
    other      127.0.0.9         ip     a:127.0.0.4,127.0.0.7           NOT_LISTED - 127.0.0.4+127.0.0.7
    far        -                 ip     a:127.200.3.255                 LISTED - 127.200.3.255
    many       -                 ip     records:60                      LISTED - 127.1.0.0+*+127.1.0.9
    typo       -                 ip     a:127.255.255.252               UNKNOWN blocked 127.255.255.252
    public     -                 ip     a:127.255.255.254               UNKNOWN blocked 127.255.255.254
    too-many   -                 ip     a:127.255.255.255               UNKNOWN blocked 127.255.255.255
    refusal    -                 ip     a:127.255.255.7                 UNKNOWN blocked 127.255.255.7
    mixed      127.0.0.2         ip     a:127.0.0.2,127.255.255.254     UNKNOWN blocked 127.0.0.2+127.255.255.254
    named      127.255.255.254   ip     a:127.255.255.254               UNKNOWN blocked 127.255.255.254
    one        -                 ip     a:127.0.0.1                     UNKNOWN blocked 127.0.0.1
    one-other  127.0.0.2         ip     a:127.0.0.1                     UNKNOWN blocked 127.0.0.1
    one-named  127.0.0.[1;2]     ip     a:127.0.0.1                     LISTED - 127.0.0.1
    one-more   -                 ip     a:127.0.0.1,127.0.0.4           LISTED - 127.0.0.1+127.0.0.4
    one-less   127.0.0.2         ip     a:127.0.0.1,127.0.0.4           NOT_LISTED - 127.0.0.1+127.0.0.4
    outside    -                 ip     a:198.51.100.7                  UNKNOWN not_a_dnsbl_answer 198.51.100.7
    beside     -                 ip     a:127.0.0.2,198.51.100.7        UNKNOWN not_a_dnsbl_answer 127.0.0.2+198.51.100.7
    filtered   127.0.0.2         ip     a:127.0.0.2,198.51.100.7        UNKNOWN not_a_dnsbl_answer 127.0.0.2+198.51.100.7
    both       -                 ip     a:127.255.255.255,198.51.100.7  UNKNOWN blocked 127.255.255.255+198.51.100.7
    servfail   -                 ip     rcode:servfail                  UNKNOWN servfail
    refused    -                 ip     rcode:refused                   UNKNOWN refused
    notimp     -                 ip     rcode:notimp                    UNKNOWN servfail
    silent     -                 ip     drop                            UNKNOWN timeout
    late       -                 ip     delay:2500                      UNKNOWN timeout
    slow       -                 ip     delay:300                       LISTED - 127.0.0.2
    truncated  -                 ip     truncate                        LISTED - 127.0.0.2
TABLE
    probe <<<192.0.2.2 >out
    as_expected result
    fired
    for meaning in typo:misspelt public:resolver too-many:'asks too much' refusal:127.255.255.0/24 one:'no listing but a refusal'; do
        detail=$(jq -r --arg zone "${meaning%%:*}" 'select(.type == "ip") | .results[] | select(.zone == $zone) | .detail' out)
        [[ $detail == *"${meaning#*:}"* ]]
    done
}

@test "a packet that is no answer is never a verdict" {
    garble_table <<'TABLE'
    # label        filter  entry  action           status, error, answers
    random         -       ip     random:50        UNKNOWN timeout
    random-tail    -       ip     randomtail:40    UNKNOWN malformed
    other-id       -       ip     otherid          UNKNOWN timeout
    other-name     -       ip     othername        UNKNOWN @(malformed|network_error|timeout)
    other-type     -       ip     othertype        UNKNOWN @(timeout|malformed)
    no-question    -       ip     noquestion       UNKNOWN @(timeout|malformed)
    header-only    -       ip     header           UNKNOWN malformed
    three-bytes    -       ip     bytes:3          UNKNOWN @(timeout|malformed)
    half-question  -       ip     bytes:20         UNKNOWN malformed
    echo           -       ip     echo             UNKNOWN @(malformed|network_error|timeout)
    nothing        -       ip     nothing          UNKNOWN @(timeout|malformed)
    loop           -       ip     loop             UNKNOWN malformed
    beyond         -       ip     forward          UNKNOWN malformed
    cut            -       ip     cut:2            UNKNOWN malformed
    one-of-five    -       ip     count:5          UNKNOWN malformed
    a-of-0         -       ip     rdlength:0       UNKNOWN malformed
    a-of-3         -       ip     rdlength:3       UNKNOWN malformed
    a-of-16        -       ip     rdlength:16      UNKNOWN malformed
    length-lies    -       ip     rdlengthlies:400 UNKNOWN malformed
    tc-silent      -       ip     truncate:silent  UNKNOWN @(timeout|network_error)
    tc-closed      -       ip     truncate:closed  UNKNOWN @(timeout|network_error)
    formerr        -       ip     rcode:formerr    UNKNOWN malformed
    alias          -       ip     cname:1          LISTED - 127.0.0.2
    aliases        -       ip     cname:5          LISTED - 127.0.0.2
    alias-loop     -       ip     cnameloop        UNKNOWN @(servfail|malformed)
    well           -       ip     -                LISTED - 127.0.0.2
TABLE
    probe <<<192.0.2.2 >out
    as_expected result
    fired
}

@test "an answer that DNSSEC proves wrong is bogus, and no listing" {
    # Its zone is not signed, the anchor says that it is: as after an attack, or an expired key.
    cat >unbound.conf <<CONF
server:
    module-config: "validator iterator"
    local-zone: "test." nodefault
    trust-anchor: "z2.test. DS 12345 8 2 $(printf '00%.0s' {1..32})"
CONF
    DNS_CONFIG=unbound.conf probe <<<192.0.2.2 >out
    [ "$(result z1.test)" = 'LISTED - 127.0.0.2' ]
    [ "$(result z2.test)" = 'UNKNOWN zone_unreachable ' ]
    [[ $(detail z2.test) == *bogus* ]]
    DNS_CONFIG=unbound.conf DNSBL_CANARY_EXEMPT=z2.test probe <<<192.0.2.2 >out
    [ "$(result z2.test)" = 'UNKNOWN bogus ' ]
    (($(asked 'z2\.test' true) > 0))
}

@test "a server that cannot be reached is a network error, a closed port this or a timeout" {
    export DNSBL_CANARY_EXEMPT=z1.test
    DNS_RESOLVERS=255.255.255.255 probe <<<192.0.2.2 >out 2>errors # nothing can be sent there
    # what failed is told from a timeout by the time it took, which a busy machine lengthens
    [[ $(result z1.test) == 'UNKNOWN '@(network_error|timeout)' ' ]]
    [[ $(verdict z2.test) == unreachable*@(network_error|timeout)* ]]
    DNS_RESOLVERS=127.0.0.9@$GARBAGE_PORT probe <<<192.0.2.2 >out 2>errors
    [[ $(result z1.test) == 'UNKNOWN '@(network_error|timeout)' ' ]]
    [ "$(health z2.test)" = unreachable ]
}

# --- reasons ---

@test "every TXT record is a part of the reason; odd bytes are escaped, 512 bytes at most" {
    garble_table <<'TABLE'
    # label   filter  entry  action
    several   -       ip     texts:=536f6d65,=7465787473
    odd       -       ip     texts:=61ff00c3a9
    long      -       ip     texts:1x600
    cut       -       ip     texts:=6162,1x511
    euro      -       ip     texts:1x510,=e282ac
    empty     -       ip     texts:1x0
    none      -       ip     texts:0x0
    huge      -       ip     texts:200x255
    refused   -       ip/TXT rcode:refused
    silent    -       ip/TXT drop
    garbage   -       ip/TXT randomtail:60
TABLE
    probe <<<192.0.2.2 >out
    fired
    [ "$(jq -r 'select(.type == "ip") | .results[] | .status' out | sort -u)" = LISTED ]
    [[ $(reason several) == @(Some texts|texts Some) ]] # a resolver may turn the records round
    [ "$(reason odd)" = 'a\255\000é' ]
    [ "$(reason long)" = "$(printf 'x%.0s' {1..512})" ]
    [[ $(reason cut) =~ ^(ab x{509}|x{511})\ ?$ ]]
    [[ $(reason euro) =~ ^(x{510}|€ x{508})\ ?$ ]] # no half character
    [[ $(reason huge) =~ ^(x{255}\ ){2}$ ]]
    [[ $(reason empty) == @(|null) ]]
    for label in none refused silent garbage; do [ "$(reason "$label")" = null ]; done
}

# --- test entries ---

@test "what each answer to a test entry says of its zone" {
    export DNSBL_CANARY_EXEMPT=exempt,exempt-silent
    garble_table <<'TABLE'
    # label         filter     entry  action                         health, evidence
    well            -          all    -                              ok null
    other-code      127.0.0.2  2      a:127.0.0.99                   ok null
    one-named       127.0.0.1  2      a:127.0.0.1                    ok null
    no-a            -          1      a:                             ok null
    world           -          all    a:127.0.0.2                    wildcard *127.0.0.1*
    world-many      -          all    a:127.0.0.2,127.0.0.3          wildcard *127.0.0.1*
    rewriter        -          1      a:127.0.53.53                  wildcard *127.0.0.1*
    empty           -          all    rcode:nxdomain                 silent *127.0.0.2*
    silent-no-a     -          2      a:                             silent *127.0.0.2*
    world-outside   -          all    a:198.51.100.7                 hijacked *127.0.0.2*outside*
    ad-server       -          1      a:198.51.100.7                 hijacked *127.0.0.1*outside*
    beside          -          2      a:127.0.0.2,198.51.100.7       hijacked *127.0.0.2*outside*
    blocked         -          all    a:127.255.255.254              blocked *resolver*
    blocked-1       -          1      a:127.255.255.255              blocked *asks?too?much*
    blocked-2       -          2      a:127.255.255.252              blocked *misspelt*
    refusal         -          2      a:127.0.0.1                    blocked *127.0.0.1*
    drop            -          all    drop                           unreachable *timeout*
    drop-1          -          1      drop                           unreachable *127.0.0.1*timeout*
    drop-2          -          2      drop                           unreachable *127.0.0.2*timeout*
    late            -          all    delay:2500                     unreachable *timeout*
    servfail        -          all    rcode:servfail                 unreachable *servfail*
    servfail-1      -          1      rcode:servfail                 unreachable *127.0.0.1*servfail*
    refused         -          all    rcode:refused                  unreachable *refused*
    header          -          2      header                         unreachable *malformed*
    cut             -          1      cut:2                          unreachable *malformed*
    other-id        -          2      otherid                        unreachable *timeout*
    tc-silent       -          2      truncate:silent                unreachable *
    tc              -          all    truncate                       ok null
    exempt          -          all    a:198.51.100.7                 exempt null
    exempt-silent   -          all    rcode:nxdomain                 exempt null
TABLE
    probe <<<192.0.2.2 >out 2>errors
    as_expected verdict
    # An exempt zone is not asked for its test entries at all; that is checked below.
    sed -i '/^exempt/d' rows
    fired
    # Each sick zone is warned of, says what its answers are, and was asked no address.
    while read -r label zone _ _ health _; do
        [[ $health != ok ]] || continue
        grep -q "\"zone\":\"$label\",\"health\":\"$health\"" errors || { echo "$label: no warning"; false; }
        [ "$(result "$label")" = "UNKNOWN zone_$health " ] || { echo "$label: $(result "$label")"; false; }
        (($(asked "$(in_zone ip "$zone")") == 0)) || { echo "$label: was asked for addresses"; false; }
    done <rows
    [ "$(result exempt)" = 'UNKNOWN not_a_dnsbl_answer 198.51.100.7' ]
    [ "$(result exempt-silent)" = 'NOT_LISTED - ' ]
    (($(asked '[12]\.0\.0\.127\.z(29|30)\.test') == 0))
}

@test "the test entries for IPv6 decide for IPv6 addresses only" {
    garble_table <<'TABLE'
    # label      filter  entry  action               health, error or status of the IPv6 address, evidence
    well         -       2/6    -                    ok LISTED null
    wildcard     -       1/6    a:127.0.0.2          wildcard zone_wildcard *IPv6*::ffff:7f00:1*
    ipv4-only    -       2/6    rcode:nxdomain       ok left-out *IPv4-only*
    hijacked     -       1/6    a:198.51.100.7       hijacked zone_hijacked *IPv6*::ffff:7f00:1*
    blocked      -       2/6    a:127.255.255.254    blocked zone_blocked *IPv6*resolver*
    refusal      -       2/6    a:127.0.0.1          blocked zone_blocked *IPv6*127.0.0.1*
    unreachable  -       2/6    drop                 unreachable zone_unreachable *IPv6*::ffff:7f00:2*timeout*
    servfail     -       1/6    rcode:servfail       unreachable zone_unreachable *IPv6*::ffff:7f00:1*servfail*
    garbage      -       2/6    header               unreachable zone_unreachable *IPv6*malformed*
    sick-four    -       1      a:127.0.0.2          wildcard zone_wildcard *127.0.0.1*
TABLE
    printf '%s\n' 192.0.2.2 2001:db8::2 | probe >out 2>errors
    as_expected six_verdict
    fired
    [ "$(jq -r 'select(.ip == "192.0.2.2") | .results[] | select(.status != "LISTED") | .zone' out)" = sick-four ]
    # of the zone that failed for IPv4, the entries for IPv6 were not asked for
    (($(asked 'f\.7\.f\.f\.f\.f\.[0.]+\.z10\.test') == 0))
}

@test "one lost packet, or one SERVFAIL, condemns no zone" {
    local number=0 entry fault
    DNSBL_ZONES=
    for entry in 2 1 2/6 1/6; do
        for fault in drop rcode:servfail rcode:refused otherid header truncate:closed; do
            number=$((number + 1))
            garble "$(in_zone "$entry" "z$number.test")" "$fault" 1
            DNSBL_ZONES+="z$number.test "
        done
    done
    printf '%s\n' 192.0.2.2 2001:db8::2 | probe >out
    for ((zone = 1; zone <= number; zone++)); do
        [ "$(health "z$zone.test")" = ok ] || { echo "z$zone: $(health "z$zone.test") $(detail "z$zone.test")"; bad=1; }
        (($(asked ".*\.z$zone\.test" '(drop|rcode|otherid|header|truncate)') == 1)) || { echo "z$zone: the fault did not fire once"; bad=1; }
    done
    [ -z "${bad:-}" ]
    [ "$(jq -r 'select(.type == "ip") | .results[] | .status' out | sort -u)" = LISTED ]
}

@test "a zone's addresses wait for its own test entries only" {
    garble "$(in_zone 2 z2.test)" drop 2
    DNS_CONCURRENCY=10 look 10.1.0.{1..50} >out
    [ "$(jq -r '.results[] | .zone + " " + .status' out | sort | uniq -c | tr -s ' ' | tr -d '\n')" = ' 50 z1.test NOT_LISTED 50 z2.test NOT_LISTED' ]
    (($(asked '.*' drop) == 2))
    # the first zone's addresses were all asked before the second's test entry was answered
    sed '/0\.0\.1\.10\.z2\|2\.0\.0\.127\.z2\.test A true/,$d' "$SERVERS/garbage/questions" >before
    [ "$(grep -c '0\.1\.10\.z1\.test' before)" -eq 50 ]
    run ! grep -q '0\.1\.10\.z2\.test' before
}

@test "both test entries together take DNS_TIMEOUT at most, though one lookup is all that may be in flight" {
    garble "$(in_zone 2 z1.test)" drop 4 # answered after more than two seconds
    garble "$(in_zone 1 z1.test)" drop
    export DNSBL_ZONES=z1.test DNS_CONCURRENCY=1 DNS_TIMEOUT=5
    started=$(milliseconds)
    probe <<<192.0.2.2 >out 2>errors
    took=$(($(milliseconds) - started))
    echo "$took ms"
    ((took >= 4900 && took < 7000))
    [[ $(verdict z1.test) == unreachable*127.0.0.1*timeout* ]]
    (($(asked '1\.0\.0\.127\.z1\.test' drop) > 0)) # the first had been answered
}

@test "a zone's test entries do not pay for the time that others had the lookups" {
    local zone
    # one lookup: the silent zone has it for the whole DNS_TIMEOUT between the other's two entries
    garble z2.test drop
    DNS_TIMEOUT=1 DNS_CONCURRENCY=1 probe <<<192.0.2.2 >out 2>errors
    [ "$(result z1.test)" = 'LISTED - 127.0.0.2' ]
    [ "$(health z2.test)" = unreachable ]
    # half the zones silent, and two zones for each lookup
    DNSBL_ZONES=
    for ((zone = 1; zone <= 20; zone++)); do
        ((zone % 2 == 1)) || garble "z$zone.test" drop
        DNSBL_ZONES+="z$zone.test "
    done
    DNS_TIMEOUT=1 DNS_CONCURRENCY=10 probe <<<192.0.2.2 >out 2>errors
    [ "$(jq -r 'select(.final) | .health' out | sort | uniq -c | tr -s ' ' | tr -d '\n')" = ' 10 ok 10 unreachable' ]
    # all well, but more of them than can be asked within DNS_TIMEOUT
    garble_nothing
    for ((zone = 1; zone <= 20; zone++)); do garble "z$zone.test" delay:200; done
    DNS_TIMEOUT=1 DNS_CONCURRENCY=2 probe <<<192.0.2.2 >out 2>errors
    [ "$(jq -r 'select(.final) | .health' out | sort | uniq -c | tr -s ' ')" = ' 20 ok' ]
}

# --- sick zones ---

@test "one lookup at a time, and many dead zones: the good one is asked all the same" {
    local zone
    DNSBL_ZONES=z1.test
    for ((zone = 2; zone <= 9; zone++)); do
        garble "z$zone.test" drop
        DNSBL_ZONES+=",z$zone.test"
    done
    # exempt: each has a lookup of its own tried at intervals; in turn these could hold the only one for ever
    garble z1.test delay:20
    export DNS_CONCURRENCY=1 DNS_TIMEOUT=1 DNSBL_CANARY_EXEMPT=$DNSBL_ZONES
    printf '%s\n' 10.5.0.{1..200} | timeout 90 "$BUILD/bin/dnsbl-probe" >out 2>errors
    statuses | grep -qx '200 z1.test NOT_LISTED'
    [ "$(statuses | grep -c '^19[0-9] z[2-9].test zone_unreachable$')" -eq 8 ]
}

@test "texts that nobody answers cost a few lookups, not the listings" {
    garble 3.10.z1.test a:127.0.0.2
    garble 3.10.z1.test/TXT drop
    export DNS_CONCURRENCY=4 DNS_TIMEOUT=1
    look 10.3.0.{1..60} >out
    [ "$(statuses)" = $'60 z1.test LISTED\n60 z2.test NOT_LISTED' ]
    texts=$(awk '$5 == "TXT" && $6 == "drop" { print $4 }' "$SERVERS/garbage/questions" | sort -u | wc -l)
    echo "$texts texts asked for"
    ((texts >= 3 && texts <= 8)) # three silent ones, and those in flight beside them
}

@test "an exempt zone that is dead stays so when IPv6 addresses come" {
    local tried
    garble z1.test drop
    export DNSBL_ZONES=z1.test DNSBL_CANARY_EXEMPT=z1.test DNS_TIMEOUT=1
    open_probe
    fresh 5 >&7
    wait_for 60 grep -q '"health":"unreachable"' out
    tried=$((SECONDS + 8)) # longer than it takes until a dead zone is tried again
    come() { echo "2001:db8::$((++address))" >&7; ((SECONDS > tried)); }
    address=0
    wait_for 60 come
    close_probe
    [ "$(jq -r 'select(.zone == "z1.test" and (.final | not)) | .health' out | tr '\n' ' ')" = 'exempt unreachable ' ]
    [ "$(jq -r 'select(.type == "ip") | .results[0].status' out | sort -u)" = UNKNOWN ]
}

@test "two dead zones of five, and one that lists the world, cost the others neither answers nor time" {
    garble z4.test drop
    garble z5.test drop
    garble z6.test a:127.0.0.2
    export DNSBL_ZONES=z1.test,z2.test,z3.test,z4.test,z5.test,z6.test DNS_TIMEOUT=2 DNS_CONCURRENCY=20
    started=$(milliseconds)
    look 10.2.{0..3}.{1..250} >out
    took=$(($(milliseconds) - started))
    echo "$took ms"
    [ "$(statuses)" = "$(printf '1000 z%d.test NOT_LISTED\n' 1 2 3; printf '1000 z%d.test zone_unreachable\n' 4 5; echo 1000 z6.test zone_wildcard)" ]
    ((took < (${SANITIZED:-0} ? 60000 : 15000))) # one DNS_TIMEOUT of what is asked next, and what a thousand records cost
    for zone in z4 z5; do (($(distinct "$zone.test") == 2)); done # names: its two test entries
    (($(distinct z6.test) == 2))
    for zone in z1 z2 z3; do (($(distinct "$zone.test") == 1002)); done
}

@test "a zone that goes silent holds no more than its share of what is in flight" {
    local zone
    export DNSBL_ZONES=z1.test,z2.test,z3.test,z4.test,z5.test DNS_CONCURRENCY=10 DNS_TIMEOUT=1
    garble 3.10.z1.test drop
    # The others are busy for longer than the first lookups of the silent one take to time out.
    for zone in z2 z3 z4 z5; do garble "3.10.$zone.test" delay:100; done
    look 10.3.0.{1..80} >out
    [ "$(statuses | sed -n 's/^80 \(.*\) NOT_LISTED$/\1/p' | tr '\n' ' ')" = 'z2.test z3.test z4.test z5.test ' ]
    first=$(awk '/3\.10\.z1\.test/ { print $1; exit }' "$SERVERS/garbage/questions")
    # in its first 0.9 s each lookup of it is still in flight: ceil(10 / 5) may be
    count=$(awk -v first="$first" '/3\.10\.z1\.test/ && $1 < first + 0.9 { print $4 }' "$SERVERS/garbage/questions" | sort -u | wc -l)
    echo "$count in flight"
    ((count == 2))
    # the breaker: three timeouts, so two rounds of two; nothing more in so short a run, unless sanitizers make it long
    (($(distinct 3.10.z1.test) <= (${SANITIZED:-0} ? 8 : 4)))
    statuses | grep -qE '^7[0-9] z1.test zone_unreachable$'
}

@test "a dead zone gets one question in six seconds, and is used again when it answers" {
    export DNS_TIMEOUT=1
    open_probe
    echo 192.0.2.2 >&7
    wait_for 60 grep -q '"ip":"192.0.2.2"' out
    garble z2.test drop
    # addresses keep coming
    unreachable() { fresh >&7; grep -q '"zone":"z2.test","health":"unreachable"' out; }
    wait_for 60 unreachable
    since=$(milliseconds)
    before=$(distinct z2.test)
    known=$fresh_count
    tried() { fresh >&7; (($(distinct z2.test) > before)); }
    wait_for 60 tried
    trials=$(($(distinct z2.test) - before))
    took=$(($(milliseconds) - since))
    echo "$trials trials in $took ms, $(grep -c '"type":"ip"' out) records"
    ((trials == 1 && took > 5000 && took < 11000)) # not two at once, nor the next but one
    # nobody waited for it but the one that tried
    spared() { (($(grep -c zone_unreachable out) >= fresh_count - known - 1)); }
    wait_for 60 spared
    garble_nothing
    well() { fresh >&7; [ "$(grep -c '"zone":"z2.test","health":"ok"' out)" -ge 2 ]; }
    wait_for 60 well # what was asked last before it answered may still be out
    fresh >&7
    close_probe
    [ "$(jq -r 'select(.type == "ip") | .results[1].status' out | tail -n 1)" = NOT_LISTED ]
    [ "$(jq -c 'select(.zone == "z2.test" and (.final | not)) | .health' out | tr -d '\n')" = '"ok""unreachable""ok"' ]
    [ "$(jq -r 'select(.type == "ip") | .results[0].error' out | sort -u)" = null ]
}

# --- servers ---

@test "one of several servers is dead: everything is answered, in DNS_TIMEOUT" {
    local fault
    export DNS_TIMEOUT=5 # libunbound chooses at random, and may try the dead one four times
    for fault in drop rcode:servfail rcode:refused header closed; do
        garble_nothing
        garbage_forget
        first=127.0.0.2
        if [[ $fault == closed ]]; then first=127.0.0.9; else garble @127.0.0.2 . "$fault"; fi
        DNS_RESOLVERS=$first@$GARBAGE_PORT,127.0.0.1@$GARBAGE_PORT look 192.0.2.2 10.4.0.{1..20} >out
        [ "$(statuses | sed 's/^[0-9]* //' | sort -u | tr '\n' ' ')" = 'z1.test LISTED z1.test NOT_LISTED z2.test LISTED z2.test NOT_LISTED ' ]
        (($(asked '.*' true) > 0))
        [[ $fault == closed ]] || (($(asked '.*' "$fault") > 0)) # libunbound asks the servers in turn
    done
}

@test "a server that dies in the run costs nothing but time" {
    export DNS_TIMEOUT=5 DNS_RESOLVERS=127.0.0.2@$GARBAGE_PORT,127.0.0.1@$GARBAGE_PORT
    open_probe
    fresh 20 >&7
    answered() { (($(grep -c '"type":"ip"' out) >= $1)); }
    wait_for 60 answered 20
    (($(garbage_queries ' 127\.0\.0\.2 udp ') > 0))
    garble @127.0.0.2 . drop
    fresh 40 >&7
    wait_for 60 answered 60
    close_probe
    [ "$(statuses | tr '\n' ' ')" = '60 z1.test NOT_LISTED 60 z2.test NOT_LISTED ' ]
    (($(asked '.*' drop) > 0))
}

@test "servers may have IPv6 addresses, alone and beside others" {
    DNS_RESOLVERS=::1@$GARBAGE_PORT look 192.0.2.2 2001:db8::2 >out
    [ "$(statuses | tr '\n' ' ')" = '2 z1.test LISTED 2 z2.test LISTED ' ]
    (($(garbage_queries ' ::1 udp ') >= 12))
    (($(garbage_queries ' 127\.') == 0))
    garble @127.0.0.1 . drop
    DNS_TIMEOUT=5 DNS_RESOLVERS=127.0.0.1@$GARBAGE_PORT,::1@$GARBAGE_PORT look 192.0.2.2 10.4.1.{1..20} >out
    [ "$(statuses | sed 's/^[0-9]* //' | sort -u | tr '\n' ' ')" = 'z1.test LISTED z1.test NOT_LISTED z2.test LISTED z2.test NOT_LISTED ' ]
    (($(asked '.*' drop) > 0))
}

@test "DNS_RESOLVERS=recursive asks the servers of the zones, here by stub-zones" {
    printf 'server:\n local-zone: "test." nodefault\n' >unbound.conf
    printf 'stub-zone:\n name: "z%d.test"\n stub-addr: 127.0.0.1@%d\n' 1 "$GARBAGE_PORT" 2 "$RBLDNSD_PORT" >>unbound.conf
    before=$(rbldnsd_queries 'z2\.test')
    DNS_CONFIG=unbound.conf DNS_RESOLVERS=recursive look 192.0.2.2 192.0.2.3 >out
    [ "$(statuses | tr '\n' ' ')" = '1 z1.test LISTED 1 z1.test NOT_LISTED 1 z2.test LISTED 1 z2.test NOT_LISTED ' ]
    (($(asked '.*z1\.test') > 0 && $(asked '.*z2\.test') == 0))
    (($(rbldnsd_queries 'z2\.test') > before))
}

@test "a forward-zone of DNS_CONFIG is for its zone, DNS_RESOLVERS for the others" {
    printf 'server:\n local-zone: "test." nodefault\nforward-zone:\n name: "z2.test"\n forward-addr: 127.0.0.3@%d\n' "$GARBAGE_PORT" >unbound.conf
    DNS_CONFIG=unbound.conf look 192.0.2.2 >out
    [ "$(statuses | tr '\n' ' ')" = '1 z1.test LISTED 1 z2.test LISTED ' ]
    (($(garbage_queries ' 127\.0\.0\.3 .*z2\.test') >= 3 && $(garbage_queries ' 127\.0\.0\.3 .*z1\.test') == 0))
    (($(garbage_queries ' 127\.0\.0\.1 .*z1\.test') >= 3 && $(garbage_queries ' 127\.0\.0\.1 .*z2\.test') == 0))
}

# in_own_network DIR COMMAND...: runs it in a network of its own with nothing but loopback, and with DIR as root of
# the file system, so that /etc/resolv.conf is the test's. Root needs no user namespace for that, which a chroot forbids.
# LeakSanitizer needs /proc, and its own options from there; it ends the program with status 1 for that.
in_own_network() {
    local user=() status=0
    ((EUID == 0)) || user=(--map-root-user)
    unshare "${user[@]}" --net "$PYTHON" "$SUPPORT/dns_own_network.py" "$@" || status=$?
    ((status == (${SANITIZED:-0} ? 1 : 0)))
}

@test "DNS_RESOLVERS=system asks the servers of /etc/resolv.conf, the local machine where it names none" {
    local conf expected
    own_root root "$BUILD/bin/dnsbl-probe"
    # The program's own forwards are a file below /proc, which is not there; with a DNS_CONFIG it makes none.
    printf 'server:\n local-zone: "test." nodefault\n' >root/unbound.conf
    export DNS_CONFIG=/unbound.conf
    unset DNS_RESOLVERS
    while IFS='|' read -r conf expected; do
        rm -f root/etc/resolv.conf
        [[ $conf == none ]] || printf %b "$conf" >root/etc/resolv.conf
        in_own_network root <<<192.0.2.2 >out
        [ "$(result z1.test)" = 'LISTED - 127.0.0.2' ] || { echo "$conf: $(verdict z1.test)"; false; }
        [ "$(cut -d' ' -f2 root/questions | sort -u | tr '\n' ' ')" = "$expected " ] || { echo "$conf: asked $(cat root/questions)"; false; }
    done <<'TABLE'
nameserver 127.0.0.3\n|127.0.0.3
# a comment\nsearch example\n\tnameserver\t127.0.0.2 \noptions ndots:5\n|127.0.0.2
nameserver ::1\n|::1
nameserver fe80::1%eth0\nnameserver 127.0.0.4\n|127.0.0.4
options edns0\n|127.0.0.1
none|127.0.0.1
TABLE
}

# --- DNS is down ---

@test "DNS is down at the start and comes back in the run: later addresses are answered" {
    local how
    export DNS_TIMEOUT=1 DNS_RESOLVERS=127.0.0.1@$RBLDNSD_PORT
    for how in silent closed; do
        rm -f in
        if [[ $how == silent ]]; then server_signal rbldnsd STOP; else rbldnsd_stop; fi
        open_probe
        echo 192.0.2.2 >&7
        wait_for 60 grep -q '"ip":"192.0.2.2"' out
        if [[ $how == silent ]]; then server_signal rbldnsd CONT; else rbldnsd_start "$SERVERS"; fi
        back() { fresh >&7; [ "$(grep -c '"type":"zone".*"health":"ok"' out)" -ge 2 ]; }
        wait_for 60 back
        echo 192.0.2.2 >&7
        close_probe
        for zone in z1.test z2.test; do
            [ "$(result "$zone")" = 'UNKNOWN zone_unreachable ' ]
            [ "$(jq -r --arg zone "$zone" 'select(.zone == $zone and (.final | not)) | .health' out | tr '\n' ' ')" = 'unreachable ok ' ]
        done
        [ "$(jq -r 'select(.type == "ip") | .results[].status' out | tail -n 2 | sort -u)" = LISTED ]
        [ "$(head -n 2 out | jq -r .health | sort -u)" = unreachable ]
    done
}

# --- the stream ---

@test "a live stream: a record leaves when the slowest of its zones has answered" {
    garble "$(in_zone ip z2.test)" drop 2
    open_probe
    echo 192.0.2.2 >&7
    wait_for 60 grep -q '"ip":"192.0.2.2"' out
    (($(asked "$(in_zone ip z2.test)" drop) == 2)) # it had to be asked three times
    kill -0 "$probe_pid"
    [ "$(result z2.test)" = 'LISTED - 127.0.0.2' ]
    close_probe
}

@test "no site, one, and a thousand domains" {
    DNSBL_ZONES=' , ' run -78 --separate-stderr probe <<<192.0.2.2
    [ -z "$output" ]
    [[ $stderr == *DNSBL_ZONES* ]]
    DNSBL_ZONES=z1.test look 192.0.2.2 >out
    [ "$(statuses)" = '1 z1.test LISTED' ]
    garble many.test rfc5782
    garbage_forget
    DNS_CONCURRENCY=10 DNS_TIMEOUT=5 DNSBL_ZONES=$(printf 'n%d.many.test ' {1..1000}) look 192.0.2.2 192.0.2.3 >out
    [ "$(jq -r '.results[].status' out | sort | uniq -c | tr -s ' ' | tr -d '\n')" = ' 1000 LISTED 1000 NOT_LISTED' ]
    (($(distinct many.test) == 4000)) # two test entries and two addresses each
}

@test "sites of one domain have one lookup and one test, their filters decide apart" {
    garble z1.test rfc5782
    DNSBL_ZONES='a:z1.test=127.0.0.2 b:z1.test=127.0.0.3*2 c:z1.test' look 192.0.2.2 >out
    [ "$(statuses | tr '\n' ' ')" = '1 a LISTED 1 b NOT_LISTED 1 c LISTED ' ]
    (($(asked '.*z1\.test') == 4)) # the test entries, the address, the reason
}

# --- secrets ---

@test "a key in a zone's name is hidden where DNS fails, too" {
    local fault
    export DNSBL_ZONES='KEYED:s3cr3tk3y.z1.test PLAIN:z2.test VAR:${THE_KEY}.z3.test' THE_KEY=S3CR3TK3Z DNS_TIMEOUT=1
    for fault in drop rcode:servfail rcode:refused a:198.51.100.7 a:127.255.255.254 header texts:=5333435233544b335a2e7a332e74657374; do
        garble_nothing
        garble z3.test "$fault"
        DNSBL_CANARY_EXEMPT=VAR probe <<<192.0.2.2 >"out.$fault" 2>"errors.$fault"
        probe <<<192.0.2.2 >>"out.$fault" 2>>"errors.$fault"
        probe --check=online >>"out.$fault" 2>>"errors.$fault"
        (($(asked '.*s3cr3tk3z\.z3\.test' "$fault") > 0))
    done
    grep -q '"zone":"VAR"' out.drop
    run ! grep -qri 's3cr3tk3z' . # in none of the files
    garble z3.test drop
    DNSBL_CANARY_EXEMPT='' open_probe
    echo 192.0.2.2 >&7
    wait_for 60 grep -q '"ip":"192.0.2.2"' out
    run ! grep -qi s3cr3t "/proc/$probe_pid/cmdline"
    close_probe
    DNSBL_ZONES='VAR:${THE_KEY}.z3.test VAR:${THE_KEY}.z2.test X:${THE_KEY}..test' run -78 probe --check
    [[ ${output,,} != *s3cr3tk3z* ]]
}
