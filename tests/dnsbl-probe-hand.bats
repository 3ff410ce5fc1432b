# dnsbl-probe for a person: tables, arguments, ranges, the exit status, progress.

bats_require_minimum_version 1.5.0

source "$BATS_TEST_DIRNAME/support/probe.bash"

setup_file() {
    export MANUAL=$BATS_TEST_DIRNAME/../tools/dnsbl-probe.1
    lists_start a.test b.test four.test=generic odd.test=generic zen.spamhaus.org bl.spamcop.net
    zone_list a.test 192.0.2.2
    zone_list a.test 2001:db8::2
    zone_list b.test 192.0.2.2 127.0.0.4 'Sends spam'
    zone_list b.test 192.0.2.3 127.0.0.9
    zone_list b.test 192.0.2.66 127.255.255.254 'open resolver'
    zone_list zen.spamhaus.org 192.0.2.1
    zone_list bl.spamcop.net 192.0.2.9
    zone_write four.test <<'ZONE'
2.0.0.127 A 127.0.0.2
ZONE
    # A text that would clear a screen and ring a bell, and one of wide characters and accents.
    printf '%s\n' '2.0.0.127 A 127.0.0.2' '2.2.0.192 A 127.0.0.2' $'2.2.0.192 TXT "\033[2J\007red \302\233 caf\351"' \
        '3.2.0.192 A 127.0.0.2' "3.2.0.192 TXT \"$(printf '\xe4\xb8\xad\xe6\x96\x87e\xcc\x81%.0s' {1..20})\"" \
        '4.2.0.192 A 127.0.0.2' '4.2.0.192 A 127.0.0.3' '4.2.0.192 A 127.0.0.4' '4.2.0.192 A 127.0.0.5' | zone_write odd.test
    rbldnsd_reload
}

teardown_file() { servers_stop "$BATS_FILE_TMPDIR"; }

setup() {
    probe_anew
    unset NO_COLOR
    export TERM=xterm
}

teardown() { faultless a.test b.test; }

# terminal COMMAND...: on a terminal; what was written there.
terminal() { "$SUPPORT/terminal.py" "$@"; }

# untimed: a table without its times, which differ from run to run, and without blanks beyond two.
untimed() { sed -E 's/ +[0-9.]+ ms/  N ms/; s/   +/  /g'; }

# screen: what is left to be seen on a terminal of the lines that were drawn over themselves.
screen() { sed $'s/.*\r\033\\[K//'; }

# addresses: of the records in file `out`.
addresses() { jq -r 'select(.type == "ip") | .ip' out | paste -sd' '; }

# columns: of the widest line, as a terminal counts them.
columns() {
    "$PYTHON" -c '
import sys, unicodedata
def width(c): return 0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
print(max(sum(map(width, line.rstrip("\n"))) for line in open(sys.argv[1], encoding="utf-8")))' "$1"
}

# --- the table ---

@test "on a terminal an address by hand gives a table" {
    NO_COLOR=1 terminal --columns 120 bash -c 'echo 192.0.2.2 | "$BUILD/bin/dnsbl-probe"' >out
    cat out
    [ "$(untimed <out)" = "  ZONE  VERDICT  ANSWERS  TIME  REASON
192.0.2.2
  a.test  LISTED  127.0.0.2  N ms  Listed in a.test, see https://a.test/?ip=192.0.2.2
  b.test  LISTED  127.0.0.4  N ms  Sends spam" ]
    run ! grep -q ' $' out # no line ends in blanks
}

@test "in a pipe it gives NDJSON; --format says otherwise" {
    probe 192.0.2.2 >out
    [ "$(jq -r .type out | paste -sd' ')" = 'zone zone ip zone zone' ]
    terminal bash -c '"$BUILD/bin/dnsbl-probe" --format ndjson 192.0.2.2 2>&1' >out
    [ "$(jq -r .type out | paste -sd' ')" = 'zone zone ip zone zone' ]
    probe --format=table 192.0.2.2 >out
    [ "$(untimed <out | sed -n 3p)" = '  a.test  LISTED  127.0.0.2  N ms  Listed in a.test, see https://a.test/?ip=192.0.2.2' ]
    run -64 probe --format xml 192.0.2.2
    [[ $output == *xml* ]]
}

@test "the columns stand below each other, and their names above them" {
    DNSBL_ZONES=a.test,quite-a-long-label:b.test,odd.test probe --format table 192.0.2.4 192.0.2.2 >out
    cat out
    [ "$(head -n 1 out)" = '  ZONE                VERDICT     ANSWERS                                      TIME  REASON' ]
    [[ $(sed -n 4p out) == '  quite-a-long-label  not listed  '* ]]
    [[ $(sed -n 5p out) == '  odd.test            LISTED      127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.5  '* ]]
    [ "$(grep -c '^192' out)" -eq 2 ]
    [ "$(tail -n 1 out)" = '2 addresses: 2 listed, 0 unknown, 0 not listed' ]
}

@test "verdicts have colours on a terminal, but not with NO_COLOR, a dumb one, or elsewhere" {
    red=$'\033[1;31mLISTED\033[0m'
    command='"$BUILD/bin/dnsbl-probe" 192.0.2.2'
    [[ $(terminal bash -c "$command") == *"$red"* ]]
    [[ $(NO_COLOR='' terminal bash -c "$command") == *"$red"* ]]
    run ! grep -q $'\033' <(NO_COLOR=0 terminal bash -c "$command")
    run ! grep -q $'\033' <(TERM=dumb terminal bash -c "$command")
    run ! grep -q $'\033' <(env -u TERM "$SUPPORT/terminal.py" bash -c "$command")
    terminal bash -c '"$BUILD/bin/dnsbl-probe" --format table 192.0.2.2 >out'
    grep -q LISTED out
    run ! grep -q $'\033' out
}

@test "every verdict has its word" {
    DNSBL_ZONES='a.test*0 b.test*-1 four.test odd.test' probe --format table 192.0.2.2 192.0.2.66 2001:db8::2 2>errors | untimed >out
    cat out
    for line in '  a.test  watched  127.0.0.2  ' '  b.test  allowed  127.0.0.4  ' '  four.test  not listed  ' '  odd.test  LISTED  127.0.0.2  ' \
        '  b.test  UNKNOWN  127.255.255.254  N ms  blocked: the list refuses queries through a public' '  four.test  left out  an IPv4-only list'; do
        grep -qF -- "$line" out || { echo "no line: $line"; return 1; }
    done
    [ "$(tail -n 1 out)" = '3 addresses: 1 listed, 0 unknown, 2 not listed' ]
}

@test "zones that are not well are told below the table" {
    fault_zone b.test nxdomain
    probe --format table 192.0.2.2 2>errors | untimed >out
    cat out
    grep -qxF '  b.test  UNKNOWN  zone_silent' out
    [ "$(tail -n 2 out)" = 'Zones that are not well, and what they say is UNKNOWN:
  b.test  silent  it does not list 127.0.0.2, which every DNSBL must' ]
    grep -q 'DNS_RESOLVERS=recursive' errors
}

@test "control characters of a list's text are masked, on a terminal and elsewhere" {
    export DNSBL_ZONES=odd.test NO_COLOR=1
    probe --format table 192.0.2.2 >out
    grep -qF '\027[2J\007red \194\155 caf\233' out
    terminal --columns 100 bash -c '"$BUILD/bin/dnsbl-probe" 192.0.2.2' >out
    run ! grep -qP '[\x00-\x09\x0b-\x1f\x7f]' out
    [[ $(cat out) == *'\027[2J'* ]]
}

@test "lines are as wide as the terminal, and cut between characters" {
    export DNSBL_ZONES=odd.test,a.test,b.test NO_COLOR=1
    for width in 20 41 60 61 62 63; do
        terminal --columns "$width" bash -c '"$BUILD/bin/dnsbl-probe" 192.0.2.3 192.0.2.4' >out
        iconv -f UTF-8 -t UTF-8 out >/dev/null
        widest=$(columns out)
        echo "$width: $widest"
        ((widest <= width && widest > width - 4))
        [ "$(wc -l <out)" -eq 10 ]
    done
    terminal bash -c '"$BUILD/bin/dnsbl-probe" 192.0.2.3' >out # one that does not say
    widest=$(columns out)
    ((widest == 79 || widest == 80))
    terminal --columns 200 bash -c '"$BUILD/bin/dnsbl-probe" 192.0.2.3 192.0.2.4' >out
    run ! grep -q '…' out
}

@test "a table of a stream that is cut off is 65, of a full disk 74" {
    printf '{"type":"run","run_id":"x"}\n{"type":"ip","ip":"192.0.2.2"}\n' >in
    run -65 --separate-stderr probe --format table <in
    [[ $output == *192.0.2.2* ]]
    run -74 bash -c '"$BUILD/bin/dnsbl-probe" --format table 192.0.2.2 >/dev/full'
    [[ $output == *'"error_type":"output_error"'* ]]
}

@test "a table of a whole run has its end, and none of its records" {
    printf '%s\n' '{"type":"run","run_id":"x"}' '{"type":"ip","ip":"192.0.2.2"}' '{"type":"ip","ip":"192.0.2.9"}' '{"type":"end"}' >in
    run -0 --separate-stderr probe --require-run --format table <in
    [ "$(tail -n 1 <<<"$output")" = '2 addresses: 1 listed, 0 unknown, 1 not listed' ]
    [[ $output != *'{'* ]]
}

# --- arguments ---

@test "addresses are taken as arguments, in their order, and standard input is left alone" {
    probe 192.0.2.2 2001:DB8::2 ::ffff:192.0.2.3 >out < <(echo 192.0.2.9)
    [ "$(addresses)" = '192.0.2.2 2001:db8::2 192.0.2.3' ]
    probe 192.0.2.2 >out <&-
    [ "$(addresses)" = 192.0.2.2 ]
    { probe -- 192.0.2.2 && cat; } >out < <(echo left)
    [ "$(tail -n 1 out)" = left ]
}

@test "arguments that are no addresses are a usage error that names each, and nobody is asked" {
    before=$(rbldnsd_queries)
    run -64 probe 192.0.2.2 example.org 1.2.3 192.0.2.0/33 192.0.2.1/24
    for wrong in example.org 1.2.3 192.0.2.0/33 192.0.2.1/24; do
        [ "$(grep -cF "\\\"$wrong\\\"" <<<"$output")" -eq 1 ]
    done
    run -64 probe 192.0.2.2 -e
    [[ $output == *'options stand before the addresses'* ]]
    run -64 probe ''
    run -64 probe --check 192.0.2.2
    run -64 probe --require-run 192.0.2.2
    [[ $output == *192.0.2.2*--require-run* ]]
    [ "$(rbldnsd_queries)" -eq "$before" ]
}

@test "what is wrong with an option is told by its name" {
    run -64 probe -x
    [[ $output == *'-x is no option'* ]]
    run -64 probe -ex 192.0.2.2
    [[ $output == *'-ex is no option'* ]]
    run -64 probe --exit-code=2
    [[ $output == *'--exit-code=2 is no option of this program, or takes no argument'* ]]
    run -64 probe -z
    [[ $output == *'-z needs an argument'* ]]
    run -64 probe --resolver
    [[ $output == *'--resolver needs an argument'* ]]
}

@test "-z gives the zones, -r the resolver; they win over the environment" {
    server=$DNS_RESOLVERS
    echo b.test >zones
    DNSBL_ZONES='' DNSBL_ZONES_FILE=zones DNS_RESOLVERS=127.0.0.1@1 probe -r "$server" -z A:a.test 192.0.2.2 >out
    [ "$(jq -r 'select(.type == "ip") | .results[] | .zone + " " + .status' out)" = 'A LISTED' ]
    DNS_RESOLVERS=system probe --resolver="$server" --zones='b.test=127.0.0.9, a.test' 192.0.2.2 >out
    [ "$(result b.test) $(result a.test)" = 'NOT_LISTED - 127.0.0.4 LISTED - 127.0.0.2' ]
    KEY=sesame4711 run -0 --separate-stderr probe -z 'K:${KEY}.a.test' 192.0.2.2
    [[ $output == *'"zone":"K"'* && $output$stderr != *sesame4711* ]]
    run -78 probe -z a..test -r dns.example 192.0.2.2
    [[ $output == *a..test* && $output == *dns.example* ]]
    run -0 --separate-stderr probe -z a.test --check=online
    [[ $stderr == *'zone a.test is ok'* && $stderr != *b.test* ]]
}

@test "without zones the message says what to type, and that works" {
    unset DNSBL_ZONES
    run -78 --separate-stderr probe 192.0.2.1
    message=$(jq -r .error_message <<<"$stderr")
    echo "$message"
    [[ $message =~ (export\ DNSBL_ZONES=\'[^\']*\').*(dnsbl-probe\ -z\ [^ ]*)\ ADDRESS ]]
    typed=("${BASH_REMATCH[@]:1}")
    eval "${typed[0]}"
    probe 192.0.2.1 >out
    [ "$(result zen.spamhaus.org)" = 'LISTED - 127.0.0.2' ]
    unset DNSBL_ZONES
    PATH=$BUILD/bin:$PATH eval "${typed[1]} 192.0.2.9" >out
    [ "$(result bl.spamcop.net)" = 'LISTED - 127.0.0.2' ]
}

@test "a person who gives no address is told that one is waited for" {
    terminal bash -c 'timeout 1 "$BUILD/bin/dnsbl-probe"; true' >out
    grep -q 'type an IP address or a range a line; Ctrl-D ends' out
    run -0 --separate-stderr probe </dev/null
    [ -z "$stderr" ]
}

# --- the exit status ---

@test "-e makes a listing 2, doubt 3, and neither 0; without it all three are 0" {
    fault_zone b.test none
    while read -r status arguments; do
        # shellcheck disable=SC2086 # several words, or none
        run "-$status" --separate-stderr probe -e $arguments
        # shellcheck disable=SC2086 # several words, or none
        run -0 --separate-stderr probe $arguments
    done <<'TABLE'
0 192.0.2.8
2 192.0.2.2
2 192.0.2.8 192.0.2.2
2 192.0.2.66 192.0.2.2
3 192.0.2.66
3 192.0.2.8 192.0.2.66
2 -z b.test=127.0.0.9 192.0.2.3
0 -z b.test=127.0.0.9 192.0.2.2
2 192.0.2.0/29
0 192.0.2.8/29
0 -z four.test 192.0.2.2
3 -z four.test 2001:db8::2
TABLE
    run -2 --separate-stderr probe --exit-code <<<192.0.2.2
    run -2 --separate-stderr probe -e <<<'{"type":"ip","ip":"192.0.2.2"}'
    run -0 --separate-stderr probe -e </dev/null
}

@test "-e: a zone that is not well leaves doubt, unless another one lists the address" {
    fault_zone b.test drop
    DNS_TIMEOUT=1 run -3 --separate-stderr probe -e 192.0.2.8
    DNS_TIMEOUT=1 run -2 --separate-stderr probe -e 192.0.2.2
}

@test "-e: allowlists and zones that only watch change nothing" {
    DNSBL_ZONES='a.test*0 b.test*-1' run -0 --separate-stderr probe -e 192.0.2.2
    DNSBL_ZONES='b.test*0' run -0 --separate-stderr probe -e 192.0.2.66
    DNSBL_ZONES='x:b.test=127.0.0.4*0 y:b.test=127.0.0.9*2' run -0 --separate-stderr probe -e 192.0.2.2
    DNSBL_ZONES='x:b.test=127.0.0.4*0 x:b.test=127.0.0.9*2' run -2 --separate-stderr probe -e 192.0.2.3
}

@test "-e: every other status wins" {
    run -1 --separate-stderr probe -e <<<$'192.0.2.2\nnonsense'
    run -65 --separate-stderr probe -e < <(printf 192.0.2.2)
    run -74 bash -c '"$BUILD/bin/dnsbl-probe" -e 192.0.2.2 >/dev/full'
    run -64 probe -e nonsense
    DNS_TIMEOUT=0 run -78 probe -e 192.0.2.2
    run -0 probe -e --check
}

# --- ranges ---

@test "a range stands for its addresses, where it stands" {
    probe >out <<'LINES'
192.0.2.200
192.0.2.0/30   # four
  10.0.0.254/31
10.0.0.7/32
2001:db8::fffe/127
::ffff:192.0.2.4/127
255.255.255.254/31
192.0.2.201
LINES
    [ "$(addresses)" = '192.0.2.200 192.0.2.0 192.0.2.1 192.0.2.2 192.0.2.3 10.0.0.254 10.0.0.255 10.0.0.7 2001:db8::fffe 2001:db8::ffff 192.0.2.4 192.0.2.5 255.255.255.254 255.255.255.255 192.0.2.201' ]
    [ "$(jq -r 'select(.ip == "192.0.2.2") | .results[0].status' out)" = LISTED ]
    probe 10.0.0.0/30 192.0.2.2 10.1.0.0/31 >out
    [ "$(addresses)" = '10.0.0.0 10.0.0.1 10.0.0.2 10.0.0.3 192.0.2.2 10.1.0.0 10.1.0.1' ]
}

@test "a range that is none is an error of its line alone, and says what would be right" {
    run -1 --separate-stderr probe <<'LINES'
192.0.2.2
192.0.2.1/24
2001:db8::1/64
10.0.0.0/8
2001:db8::/32
10.0.0.0/21
192.0.2.0/33
192.0.2.0/-1
192.0.2.0/024
192.0.2.0/
/24
192.0.2.0/24/24
192.0.2.0 /24
192.0.2.0/ 24
2001:db8::/129
::ffff:192.0.2.0/95
example.org/24
192.0.2.3
LINES
    [ "$(jq -r 'select(.type == "ip") | .ip' <<<"$output" | paste -sd' ')" = '192.0.2.2 192.0.2.3' ]
    [ "$(grep -c '"error_type":"bad_record"' <<<"$stderr")" -eq 16 ]
    jq -r .error_message <<<"$stderr" >messages
    cat messages
    sed -n 1p messages | grep -qF 'line 2: "192.0.2.1/24" has bits set behind its prefix; the range that it lies in is 192.0.2.0/24'
    sed -n 2p messages | grep -qF 'is 2001:db8::/64'
    sed -n 3p messages | grep -qF 'has 16,777,216 addresses, and 1,024 is the most a range may have; if you mean them all: --range-limit 16777216'
    sed -n 4p messages | grep -qF 'has 2^96 addresses'
    sed -n 5p messages | grep -qF 'has 2,048 addresses'
    [ "$(grep -c 'is not a range of addresses' messages)" -eq 11 ]
}

@test "the limit is raised and lowered on purpose" {
    [ "$(probe 10.9.0.0/22 | jq -r 'select(.type == "ip").ip' | wc -l)" -eq 1024 ]
    run -64 probe 10.9.0.0/21
    [[ $output == *'--range-limit 2048'* ]]
    [ "$(probe --range-limit 2048 10.9.0.0/21 | jq -r 'select(.type == "ip").ip' | sort -u | wc -l)" -eq 2048 ]
    run -64 probe --range-limit=1 10.9.0.0/31
    probe --range-limit=1 10.9.0.0/32 >out
    [ "$(addresses)" = 10.9.0.0 ]
    for limit in 0 16777217 -1 1k ''; do run -64 probe --range-limit "$limit" 192.0.2.2; done
}

@test "records have addresses, not ranges; a job takes no lines" {
    run -1 --separate-stderr probe <<<'{"type":"ip","ip":"192.0.2.0/30"}'
    run -65 --separate-stderr probe --require-run <<<192.0.2.0/30
    [ -z "$(jq 'select(.type == "ip")' <<<"$output")" ]
}

@test "a range takes no memory, however large" {
    mkfifo stalled
    exec 8<>stalled
    "$BUILD/bin/dnsbl-probe" --range-limit 16777216 10.0.0.0/8 >stalled 8<&- &
    pid=$!
    written() { [ "$(awk '/^wchar/ { print $2 }' "/proc/$pid/io")" -ge 30000 ]; } # the pipe holds 64 KiB at most
    wait_for 60 written
    peak=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status")
    kill "$pid"
    ended=0
    wait "$pid" || ended=$?
    exec 8>&-
    echo "peak $peak kB"
    [ "$ended" -eq 143 ]
    [ "$peak" -lt "$(at_most 65536)" ]
}

@test "of a range the table shows what there is to tell, and counts the rest" {
    probe --format table 192.0.2.0/25 192.0.2.9 2>errors | untimed >out
    cat out
    [ "$(grep '^[0-9.]*$' out | paste -sd' ')" = '192.0.2.2 192.0.2.3 192.0.2.66 192.0.2.9' ]
    [ "$(tail -n 2 out)" = $'129 addresses: 2 listed, 1 unknown, 126 not listed\nNot shown: 125 of a range, of which there is nothing to tell' ]
    fault_zone b.test nxdomain # told once, not of each address
    probe --format table 192.0.2.0/25 2>errors | untimed >out
    [ "$(grep -c '^192' out)" -eq 1 ]
    grep -qxF '128 addresses: 1 listed, 127 unknown, 0 not listed' out
    grep -q '^  b.test  silent' out
}

# --- progress ---

@test "long work shows its progress on a terminal, and leaves nothing of it there" {
    fault_zone a.test delay:300
    fault_zone b.test nxdomain
    NO_COLOR=1 terminal --columns 100 bash -c '"$BUILD/bin/dnsbl-probe" 192.0.2.0/25' >raw
    tr '\r' '\n' <raw >drawn
    cat -v drawn
    grep -qE $'^\033\\[K[0-9]+ of 128 addresses, [0-9.]+/s, 1 of 2 zones out, [0-9]+ s left' drawn
    [ "$(grep -c 'of 128 addresses' drawn)" -ge 2 ]
    screen <raw >seen
    cat -v seen
    run ! grep -q 'of 128 addresses\|/s,' seen
    [ "$(untimed <seen | grep -c '^  b.test')" -eq 2 ] # the table's and that of its end
    run ! grep -q $'\033\|\r' seen
}

@test "progress on a terminal beside a stream in a pipe; the total of a stream is known when it has ended" {
    fault_zone a.test delay:300
    printf '10.11.0.%d\n' {1..100} >in
    terminal bash -c '{ cat in; sleep 4; } | "$BUILD/bin/dnsbl-probe" >out' >raw
    [ "$(jq -r 'select(.type == "ip").ip' out | wc -l)" -eq 100 ]
    tr '\r' '\n' <raw | cat -v
    tr '\r' '\n' <raw | grep -qE $'^\033\\[K[0-9]+ addresses, [0-9.]+/s$'
    [ -z "$(screen <raw)" ]
    terminal bash -c '"$BUILD/bin/dnsbl-probe" <in >out' >raw
    tr '\r' '\n' <raw | grep -qE $'^\033\\[K[0-9]+ of 100 addresses, [0-9.]+/s, [0-9]+ s left$'
    [ -z "$(screen <raw)" ]
}

@test "no progress in a pipe, in a file, on a dumb terminal, in the job, or for short work" {
    fault_zone a.test delay:300
    probe --format table 10.12.0.0/26 >out 2>errors
    [ ! -s errors ]
    terminal bash -c '"$BUILD/bin/dnsbl-probe" 10.12.0.0/26 2>errors >/dev/null' >raw
    [ ! -s raw ]
    [ ! -s errors ]
    TERM=dumb terminal bash -c '"$BUILD/bin/dnsbl-probe" 10.12.0.0/26 >/dev/null' >raw
    [ ! -s raw ]
    { echo '{"type":"run","run_id":"x"}'; printf '{"type":"ip","ip":"10.12.0.%d"}\n' {1..60}; echo '{"type":"end"}'; } >in
    terminal bash -c '"$BUILD/bin/dnsbl-probe" --require-run <in >/dev/null' >raw
    [ ! -s raw ]
    fault_zone a.test none
    terminal bash -c '"$BUILD/bin/dnsbl-probe" 192.0.2.8 >/dev/null' >raw
    [ ! -s raw ]
}

@test "messages, a signal and a reader that goes leave no progress behind" {
    fault_zone a.test delay:300
    terminal bash -c '{ printf "10.13.0.%d\n" {1..100}; sleep 3; echo nonsense; } | "$BUILD/bin/dnsbl-probe" >/dev/null' >raw || true
    grep -q $'\033\\[K[0-9]' raw
    [ "$(screen <raw)" = 'dnsbl-probe: line 101: "nonsense" is not an IP address; the record was dropped' ]
    terminal bash -c 'timeout -s INT 3 "$BUILD/bin/dnsbl-probe" 10.13.0.0/24 >/dev/null' >raw || true
    grep -q $'\033\\[K[0-9]' raw
    [[ $(screen <raw) == 'dnsbl-probe: stopped by signal 2'* ]]
    # the reader goes when the progress is there; then the next record finds nobody
    terminal bash -c '"$BUILD/bin/dnsbl-probe" 10.13.0.0/24 | { sleep 3; exec 0<&-; }' >raw || true
    grep -q $'\033\\[K[0-9]' raw
    [ -z "$(screen <raw)" ]
}

@test "SIGTERM in the middle of a range ends it within 5 s with 143" {
    fault_zone a.test delay:300
    started=$SECONDS
    run -143 --separate-stderr timeout -s TERM --preserve-status 2 "$BUILD/bin/dnsbl-probe" 10.14.0.0/22
    ((SECONDS - started <= 7))
    [[ $stderr == *'"error_type":"interrupted"'* ]]
    jq -es . <<<"$output" >/dev/null
}

# --- what a pool means for the lists ---

# loads: what --check=online said of them.
loads() { jq -r 'select(.error_type == "load") | .zone + " " + (.lookups | tostring)' errors; }
quotas() { jq -r 'select(.error_type == "quota") | "\(.level) \(.operator) \(.lookups) \(.quota)"' errors; }

@test "--check=online --addresses tells the lookups a day of each domain, and what is too many" {
    export DNSBL_ZONES='SBL:zen.spamhaus.org=127.0.0.2 CSS:zen.spamhaus.org=127.0.0.3 bl.spamcop.net'
    run -0 --separate-stderr probe --check=online --addresses 3122
    echo "$stderr" >errors
    [ -z "$output" ]
    [ "$(loads)" = $'SBL and 1 more of its domain 299904\nbl.spamcop.net 299904' ]
    [ -z "$(quotas)" ]
    probe --check=online --addresses=3124 2>errors # two more, and one too many
    [ "$(quotas)" = 'WARNING Spamhaus 300096 300000' ]
    grep -q '300,096 lookups a day are more than the 300,000 that Spamhaus allows' errors
    probe --check=online --runs-a-day 24 --addresses 3124 2>errors
    [ "$(loads | tail -n 1)" = 'bl.spamcop.net 75024' ]
    [ -z "$(quotas)" ]
    echo 10000 | probe --check=online --addresses - 2>errors
    [ "$(loads | tail -n 1)" = 'bl.spamcop.net 960192' ]
    probe --check=online --addresses - </dev/null 2>errors # the count could not be taken: that is told elsewhere
    [ -z "$(loads)" ]
    probe --check=online 2>errors
    [ -z "$(loads)" ]
}

@test "an operator's quota is for all its zones together, keyed ones too, and no other's" {
    export DNS_TIMEOUT=1 KEY=sesame4711
    probe --check=online -z 'zen.spamhaus.org D:${KEY}.zen.dq.spamhaus.net notspamhaus.org rep.mailspike.net list.dnswl.org' \
        --addresses 1600 2>errors
    [ "$(quotas)" = $'WARNING Spamhaus 307584 300000\nWARNING Mailspike 153792 100000\nWARNING DNSWL 153792 100000' ]
    run ! grep -q sesame4711 errors
}

@test "--addresses and --runs-a-day are strict, and go with --check=online" {
    run -64 probe --addresses 10 192.0.2.2
    run -64 probe --check --addresses 10
    run -64 probe --check=online --runs-a-day 10
    for number in -1 1k 1000000001 ''; do run -64 probe --check=online --addresses "$number"; done
    for number in 0 1441 x; do run -64 probe --check=online --addresses 1 --runs-a-day "$number"; done
    run -0 --separate-stderr probe --check=online --addresses - <<<'ten'
    [[ $stderr == *'\"ten\" on standard input is not a number of addresses'* ]]
}

# --- the manual ---

@test "the manual, --help and the program have the same options" {
    probe --help | grep -oE '^ +(-[a-z], )?--[a-z-]+' | grep -oE '\-\-?[a-z-]+' | sort -u >helped
    grep '^\.It Fl' "$MANUAL" | grep -oE 'Fl -?[a-z-]+|, -[a-z-]+' | sed -E 's/^(Fl |, )/-/' | sort -u >explained
    diff helped explained
    while read -r option; do
        case $option in
            -z | --zones) set -- "$option" a.test ;;
            -r | --resolver) set -- "$option" system ;;
            --format) set -- "$option" table ;;
            --range-limit) set -- "$option" 1 ;;
            --addresses) set -- "$option" 1 --check=online ;;
            --runs-a-day) set -- --addresses 1 "$option" 1 --check=online ;;
            *) set -- "$option" ;;
        esac
        [[ $* == *online* ]] || set -- "$@" --check
        run -0 --separate-stderr probe "$@"
    done <explained
}
