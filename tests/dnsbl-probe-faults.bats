# dnsbl-probe where DNS goes wrong: what every broken answer means, sick zones, dead servers.
# dns_garbage.py stands in front of dnsdist and rbldnsd, and sends what they cannot.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

POOL=44 # zones z1.test, z2.test, …: each row of a table has one of its own, with its own breaker

setup_file() {
    export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build}
    load support/servers.bash
    local zones=() zone
    for ((zone = 1; zone <= POOL; zone++)); do zones+=("z$zone.test"); done
    rbldnsd_start "$BATS_FILE_TMPDIR" "${zones[@]}" codes.test
    dnsdist_start "$BATS_FILE_TMPDIR"
    garbage_start "$BATS_FILE_TMPDIR"
    for zone in "${zones[@]}"; do
        zone_list "$zone" 192.0.2.2
        zone_list "$zone" 2001:db8::2
    done
    rbldnsd_reload
}

teardown_file() {
    load support/servers.bash
    servers_stop "$BATS_FILE_TMPDIR"
}

setup() {
    load support/servers.bash
    load support/probe.bash
    cd "$BATS_TEST_TMPDIR" || return
    unset DNSBL_CANARY_EXEMPT RUN_DEADLINE DNS_CONFIG DNSBL_ZONES_FILE
    export DNS_RESOLVERS=127.0.0.1@$GARBAGE_PORT DNSBL_ZONES=z1.test,z2.test DNS_TIMEOUT=2 DNS_CONCURRENCY=200
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
    [ "$(result z1.test)" = 'UNKNOWN network_error ' ]
    [[ $(verdict z2.test) == unreachable*network_error* ]]
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
