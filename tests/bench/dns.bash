# shellcheck shell=bash
# dns.bash - the scenarios about dnsbl-probe; run reads it.

readonly probe=$BUILD/bin/dnsbl-probe bare=$BUILD/bench/bare_loop
readonly peer_address=127.0.0.99 # where adnshost finds rbldnsd: it knows no port but 53

# ---- addresses, zones, servers ---------------------------------------------
#
# Address n is 127.16.0.0 + n, of loopback: no documentation range holds a million.
# check.py says which of them a zone lists: 2 in 100.

readonly count_up='
    function address(n) { return sprintf("127.%d.%d.%d", 16 + int(n / 65536), int(n / 256) % 256, n % 256) }
    function turned(n)  { return sprintf("%d.%d.%d.127", n % 256, int(n / 256) % 256, 16 + int(n / 65536)) }'

# addresses COUNT
addresses() { awk -v count="$1" "$count_up"'BEGIN { for (n = 0; n < count; n++) print address(n) }'; }

# names COUNT ZONE...: what is asked for, all zones of one address after the other.
names() {
    awk -v count="$1" "$count_up"'BEGIN {
        for (n = 0; n < count; n++) for (i = 1; i < ARGC; i++) print turned(n) "." ARGV[i] }' "${@:2}"
}

# Prints the first COUNT zones of the ten, or of the thousand.
zones() { printf 'z%d.bench.test\n' $(seq 0 $(($1 - 1))); }
sites() { printf 'z%d.sites.test\n' $(seq 0 $(($1 - 1))); }

fill_zones() {
    local zone
    for zone in {0..9}; do
        awk -v zone="$zone" -v count="$large" "$count_up"'BEGIN {
            for (n = (50 - zone) % 50; n < count; n += 50) print address(n) }' | zone_write "z$zone.bench.test" || return
    done
    # A thousand domains in one file: rbldnsd need not know where one ends.
    awk "$count_up"'BEGIN {
        for (zone = 0; zone < 1000; zone++) {
            print "2.0.0.127.z" zone " A 127.0.0.2"
            for (n = (1000 - zone) % 50; n < 100; n += 50) {
                print turned(n) ".z" zone " A 127.0.0.2"
                print turned(n) ".z" zone " TXT \"Listed in z" zone ".sites.test\""
            }
        } }' | zone_write sites.test || return
    rbldnsd_reload
}

start_dns() {
    local domains
    [[ -x $probe && -x $bare ]] || die "there is no $probe or $bare; make bench builds them"
    mapfile -t domains < <(zones 10)
    rbldnsd_start "$dir" "${domains[@]}" sites.test=generic || die "rbldnsd could not be started"
    fill_zones || die "rbldnsd does not take its zones"
    loopback=$DNS_RESOLVERS
    dnsdist_start "$dir" || die "dnsdist could not be started"
    proxy=$DNS_RESOLVERS
}

# ---- measuring -------------------------------------------------------------

# run_probe RESOLVERS IN_FLIGHT ADDRESSES ZONES [MODE]: MODE is that of check.py.
run_probe() {
    local who=dnsbl-probe
    addresses "$3" >"$dir/in"
    DNS_RESOLVERS=$1 DNS_CONCURRENCY=$2 DNSBL_ZONES=$("${zones_of:-zones}" "$4") measure "$probe"
    checked=$(check records "${@:3}") || exit
}

# run_bare RESOLVERS IN_FLIGHT ADDRESSES ZONES
run_bare() {
    local who=bare_loop domains
    mapfile -t domains < <("${zones_of:-zones}" "$4")
    names "$3" "${domains[@]}" >"$dir/in"
    DNS_RESOLVERS=$1 DNS_CONCURRENCY=$2 DNSBL_ZONES=${domains[*]} measure "$bare"
    checked=$(check counts "$3" "$4") || exit
}

# run_dnsperf RESOLVERS NAME-COUNT OPTION...: prints its report.
run_dnsperf() {
    local port=${1##*@}
    names "$2" z0.bench.test | sed 's/$/ A/' >"$dir/names"
    dnsperf -s 127.0.0.1 -p "$port" -d "$dir/names" -c 1 "${@:3}" >"$dir/out" 2>"$dir/err" &
    child=$!
    wait "$child" || die "dnsperf failed: $(tail -n 3 "$dir/err")"
    child=
    grep -q 'Queries lost: *0 ' "$dir/out" || die "dnsperf lost queries: $(grep 'Queries lost' "$dir/out")"
}

# measure_answer DELAY: sets answer, the seconds that an answer takes through dnsdist,
# which are at least DELAY, one asked after the other.
measure_answer() {
    run_dnsperf "$proxy" 20 -q 1 -n 1
    answer=$(awk -v delay="$1" '/Average Latency/ && $4 >= delay { print $4 }' "$dir/out")
    [[ -n $answer ]] || die "the answers are not delayed: $(grep Latency "$dir/out")"
    note answer "\"seconds\":$answer"
}

# ---- the server's side -----------------------------------------------------
#
# The output waits for the silent zone, so it does not tell when the others had been
# answered. dnsdist does: it writes down when each question came that it did not drop.
# The last answer is one answer time after the last question.

# log_questions: from now on, into a file of this run's own; no fault may be set after it.
log_questions() {
    questions=$SERVERS/dnsdist/questions.$scenario.$run
    dnsdist_rule "rmRule('questions')" >/dev/null 2>&1
    # binary, append, buffered, verbose only, timestamps
    dnsdist_rule "addAction(AllRule(), LogAction('$questions', false, false, false, false, true), {name='questions'})" || exit
}

# Sets last: seconds from began to the last answer of the first nine zones.
find_last_answer() {
    # The timestamp's second part is a number of nanoseconds, without leading zeros.
    last=$(awk -v began="$began" -v answer="$answer" -v expected=$(($1 * 9)) '
        $6 ~ /\.z[0-8]\.bench\.test\.$/ && $7 == "A" {
            split(substr($1, 2), time, /[.\]]/)
            split(began, start, ".")
            at = time[1] - start[1] + time[2] / 1e9 - start[2] / 1e6
            if (at > latest) latest = at
            if (!seen[$6]++) names++
        }
        END { if (names < expected) exit 1; printf "%.3f", latest + answer }' "$questions") ||
        die "dnsdist did not see all questions of the nine zones"
    dnsdist_rule "rmRule('questions')" || exit
    rm -f "$questions"
}

# How many questions were dropped so far.
dropped() { dnsdist_rule 'dumpStats()' | awk '{ for (i = 1; i < NF; i++) if ($i == "rule-drop") print $(i + 1) }'; }

# faults [ZONE FAULT]...: those, and no others.
faults() {
    local zone
    for zone in test bench.test z9.bench.test; do
        fault_zone "$zone" none || exit
    done
    while (($# > 0)); do
        fault_zone "$1" "$2" || exit
        shift 2
    done
}

# ---- the scenarios ---------------------------------------------------------

scenario_loopback() {
    start_peer
    each_run 5 loopback_run
    [[ -z $helper ]] || kill "$helper"
    helper=
}

loopback_run() {
    local who
    for who in $(shuf -e dnsperf bare probe pool adns); do
        "loopback_$who"
    done
}

loopback_dnsperf() {
    run_dnsperf "$loopback" "$few" -q 100 -l 1
    note dnsperf "$(awk '/Queries per second/ { printf "\"rate\":%.0f", $4 }' "$dir/out")"
}

loopback_bare() { run_bare "$loopback" 100 "$few" 10 && note_measured bare "$checked"; }
loopback_probe() { run_probe "$loopback" 100 "$few" 10 && note_measured probe "$checked"; }

# A rate takes fewer addresses than the others need; Python's start would count for more then.
loopback_pool() {
    local who=thread_pool count=$((few / 10)) domains
    mapfile -t domains < <(zones 10)
    addresses "$count" >"$dir/in"
    measure "$PYTHON" "$here/thread_pool.py" "$RBLDNSD_PORT" "${domains[@]}"
    seconds=$(cat "$dir/err")
    checked=$(check counts "$count" 10) || exit
    note_measured pool "$checked"
}

# A second rbldnsd with the same data, on the only port that adns knows. It may not be
# ours to have: then only that row is missing, and says why.
start_peer() {
    local zones as=() user=rbldns
    ((EUID != 0)) || as=(--reuid="$user" --regid="$(id -g "$user")" --clear-groups
        --inh-caps=+net_bind_service --ambient-caps=+net_bind_service)
    read -ra zones <<<"$(tr '\n' ' ' <"$SERVERS/rbldnsd/zones")"
    setpriv --pdeathsig KILL "${as[@]}" -- rbldnsd -n -c 0 -b "$peer_address/53" -w "$SERVERS/rbldnsd" "${zones[@]}" \
        >"$dir/peer.log" 2>&1 &
    helper=$!
    wait_for 10 peer_decided
    no_peer=
    grep -q ' started ' "$dir/peer.log" || no_peer=$(tail -n 1 "$dir/peer.log" | tr -d '"' | sed 's/^rbldnsd: //')
}

peer_decided() { grep -q ' started ' "$dir/peer.log" || ! kill -0 "$helper" 2>/dev/null; }

# adns sends all it has at once, more than a socket takes in: it gets a hundred at a time.
loopback_adns() {
    local domains who=adnshost
    if [[ -n $no_peer ]]; then
        note adns "\"not_measured\":\"$no_peer\""
        return
    fi
    mapfile -t domains < <(zones 10)
    names "$few" "${domains[@]}" >"$dir/in"
    measure split -l 100 --filter "adnshost --config 'nameserver $peer_address' -f -a -ta || :"
    # A line an answer, `id records ok|tempfail|... number reason name ...`, and one a record.
    awk '/^[0-9]+ [0-9]+ / { $5 == "ok" ? listed++ : $5 == "nxdomain" ? not_listed++ : unknown++ }
        END { printf "{\"listed\":%d,\"not_listed\":%d,\"unknown\":%d}", listed, not_listed, unknown }' "$dir/out" >"$dir/counts"
    mv "$dir/counts" "$dir/out"
    checked=$(check counts "$few" 10) || exit
    note_measured adns "$checked"
}

scenario_silent() {
    local in_flight
    for in_flight in 10 100 1000; do
        scenario=silent-$in_flight
        if ((in_flight == 10)) && [[ $full == no ]]; then
            each_run 2 silent_run "$in_flight" $((few / 5))
        else
            each_run 3 silent_run "$in_flight" "$few"
        fi
    done
}

# silent_run IN_FLIGHT ADDRESSES
silent_run() {
    local who
    faults test delay:30 z9.bench.test drop
    measure_answer 0.030
    for who in $(shuf -e silent_bare silent_probe); do
        log_questions
        "$who" "$@"
    done
}

silent_bare() {
    run_bare "$proxy" "$1" "$2" 9
    note_measured bare "\"in_flight\":$1,$checked"
}

silent_probe() {
    local before
    before=$(dropped)
    run_probe "$proxy" "$1" "$2" 10 silent
    (($(dropped) > before)) || die "no question to the silent zone was dropped"
    find_last_answer "$2"
    note_measured probe "\"in_flight\":$1,\"last_answer\":$last,$checked"
}

scenario_halfway() { each_run 2 halfway_run; }

halfway_run() {
    local half
    faults test delay:30
    measure_answer 0.030
    half=$(awk -v answer="$answer" -v lookups=$((few * 10)) 'BEGIN { print lookups * answer / 100 / 2 }')
    (sleep "$half" && fault_zone z9.bench.test drop) &
    helper=$!
    run_probe "$proxy" 100 "$few" 10 halfway
    wait "$helper" || die "the zone could not be silenced"
    helper=
    note_measured probe "\"in_flight\":100,\"silent_after\":$half,$checked"
    faults
}

scenario_loss() { each_run 3 loss_run; }

loss_run() {
    local before
    faults test delay:30
    measure_answer 0.030
    faults test delay:30 bench.test loss:1
    before=$(dropped)
    run_probe "$proxy" 100 "$few" 10 lossy
    (($(dropped) > before)) || die "no packet was lost"
    note_measured probe "\"in_flight\":100,\"lost\":$(($(dropped) - before)),$checked"
    faults
}

scenario_slow() { each_run 3 slow_run; }

slow_run() {
    local count modes=([9]='' [10]=late)
    faults test delay:10 z9.bench.test delay:300
    measure_answer 0.010
    for count in $(shuf -e 9 10); do
        log_questions
        run_probe "$proxy" 100 "$few" "$count" "${modes[count]}"
        find_last_answer "$few"
        note_measured "zones-$count" "\"last_answer\":$last,$checked"
    done
}

scenario_memory() { each_run 2 memory_run; }

memory_run() {
    local count
    for count in $(shuf -e "$small" "$large"); do
        run_probe "$loopback" 100 "$count" 3
        rm -f "$dir/out"
        note_measured "$count" "$checked"
    done
}

scenario_sites() {
    local zones_of=sites
    each_run 2 sites_run
}

sites_run() {
    local who addresses=$((few / 10))
    for who in $(shuf -e bare probe); do
        "run_$who" "$loopback" 100 "$addresses" 1000
        note_measured "$who" "$checked"
    done
}

scenario_hand() { each_run 20 hand_run; }
hand_run() { run_probe "$loopback" 10 1 10 && note_measured probe "$checked"; }
