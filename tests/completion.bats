# What bash completes: the functions alone, in a bash that someone types in, and loaded by bash-completion.

bats_require_minimum_version 1.5.0

programs=(pg-ips dnsbl-probe dnsbl-decide pg-apply jira-sync log-summary dnsbl-report dnsbl-monitor)

setup_file() {
    export TOP=$BATS_TEST_DIRNAME/.. SUPPORT=$BATS_TEST_DIRNAME/support
    BUILD=$(realpath -m "${BUILD:-$TOP/build}")
    export BUILD
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    unset DNSBL_ZONES DNSBL_ZONES_FILE
}

complain() {
    echo "$*" >&2
    bad=yes
}

program() { if [ "$1" = dnsbl-monitor ]; then echo "$TOP/pipelines/$1"; else echo "$BUILD/bin/$1"; fi; }
help_of() { "$(program "$1")" --help; }

# complete_lines: for each line of standard input, words parted by | as bash parts them, prints what is offered for the
# last of them, likewise; with `compopt HOW` where readline is to find it. A bash of its own: bats traces each command.
complete_lines() {
    bash -uc '
        . "$TOP/pipelines/completion.bash"
        compopt() { said="compopt $2"; }
        COMP_WORDBREAKS=$'"' \\t\\n\"\\'><=;|&(:'"'
        while IFS="|" read -r -a COMP_WORDS; do
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) said=
            _dnsbl_monitor "${COMP_WORDS[0]}"
            [[ -z $said ]] || COMPREPLY+=("$said")
            (IFS="|" && echo "${COMPREPLY[*]}")
        done' < <(sed 's/|$/||/') # read takes a last one that is empty for the end
}

complete_line() { complete_lines <<<"$1" | tr '|' '\n' | sed '/^$/d'; }

# as_offered: standard input is a table of lines and what is offered for them, parted by -->.
as_offered() {
    cat >table
    diff <(sed 's/.*--> *//' table) <(sed 's/ *-->.*//' table | complete_lines)
}

# --- the contract ---

@test "the options offered for a program are those of its --help" {
    bad=no
    for name in "${programs[@]}"; do
        help_of "$name" | sed 's/--check\[=online\]/--check --check=online/' |
            grep -oE '(^|[^a-zA-Z-])--?[a-z][a-z-]*(=online)?' | grep -oE -- '-.*' | LC_ALL=C sort -u >helped
        [ "$(wc -l <helped)" -ge 5 ]
        for typed in '' -; do
            diff helped <(complete_line "$name|$typed" | LC_ALL=C sort) ||
                complain "$name --help and pipelines/completion.bash differ"
        done
    done
    [ "$bad" = no ]
}

@test "an option that takes an argument is known as one, with the kind that --help names" {
    for name in "${programs[@]}"; do
        complete_line "$name|-" | grep -v = >options
        # The first word in capitals behind an option is the name of its argument.
        help_of "$name" | awk -v name="$name" '
            NR == FNR { options[$0]; next }
            { gsub(/[][,|]/, " ") }
            { for (i = 1; i < NF; i++) if ($i in options && !($i in argument) && $(i + 1) ~ /^[A-Z]+(\/N)?$/) argument[$i] = $(i + 1) }
            END { for (option in options) print name "|" option "|" "\t" argument[option] }' options -
    done >table
    cut -f 1 table | complete_lines | paste table - >offered
    cat offered
    [ "$(awk -F '\t' '$2 != ""' table | wc -l)" -ge 10 ]
    awk -F '\t' '
        $2 == ""        { right = $3 ~ /--help/ }
        $2 != ""        { right = $3 !~ /--help/ }
        $2 == "FILE"    { right = $3 == "compopt default" }
        $2 == "DIR"     { right = $3 == "compopt dirnames" }
        !right          { print "wrong: " $0; bad = 1 }
        END             { exit bad }' offered
}

@test "the values offered are those that the program takes, and no other" {
    for name in "${programs[@]}"; do
        help_of "$name" >helped
        complete_line "$name|--format|" | sort >offered
        grep -q -- --format helped || continue
        # It says `(table on a terminal, else ndjson)`, on one line or two.
        tr -s ' \n' ' ' <helped | grep -oE -- '--format FORMAT [^(]*\(\w+ on a terminal, else \w+' |
            sed -E 's/.*\((\w+) .* (\w+)$/\1\n\2/' | sort | diff - offered
    done
    run -64 "$TOP/pipelines/dnsbl-monitor" --from nonsense /dev/null
    [[ $output =~ 'choose one of '([a-z -]*) ]]
    [ "$(complete_line 'dnsbl-monitor|--from|' | paste -sd' ')" = "${BASH_REMATCH[1]}" ]
    for value in $(complete_line 'dnsbl-probe|-r|'); do
        run -0 env DNSBL_ZONES=a.test "$BUILD/bin/dnsbl-probe" -r "$value" --check
    done
}

# --- words ---

@test "what is typed selects, parted at = and : or not" {
    as_offered <<'TABLE'
pg-ips|--co                               --> --count
pg-ips|--nonsense                         -->
/opt/bin/pg-ips|--sh                      --> --shard
dnsbl-decide|--check                      --> --check|--check=online
dnsbl-decide|--check|=                    --> online
dnsbl-decide|--check|=|on                 --> online
dnsbl-probe|--format|                     --> table|ndjson
dnsbl-probe|--format|=                    --> table|ndjson
dnsbl-probe|--format|=|t                  --> table
dnsbl-probe|-e|-r|s                       --> system
dnsbl-probe|2001|:|db8|::|1|--add         --> --addresses
dnsbl-probe|--range-limit|                -->
dnsbl-probe|192.0.2.1|19                  -->
dnsbl-monitor|--from|p                    --> pg-apply
dnsbl-monitor|--from|pg-apply|            --> compopt default
dnsbl-monitor|--from|pg-apply|a.nd|--w    --> --write
dnsbl-monitor|--capture|                  --> compopt dirnames
dnsbl-monitor|--capture|=|st              --> compopt dirnames
dnsbl-decide|<|                           --> compopt default
dnsbl-decide|<|pro                        --> compopt default
dnsbl-decide|<                            --> compopt default
log-summary|2>|                           --> compopt default
TABLE
}

@test "zones come from DNSBL_ZONES, quoted for the shell, and none with a key in the clear" {
    export DNSBL_ZONES='CSS:${KEY}.zen.dq.spamhaus.net=127.0.0.3*2, S:sesame4711.zen.dq.spamhaus.net
        zen.spamhaus.org=127.0.0.[2;4..11]  bl.spamcop.net*0,abc.abusix.zone'
    touch 'bl.spamcop.net0' # that an unquoted asterisk would find
    complete_line 'dnsbl-probe|-z|' >offered
    cat offered
    [ "$(tail -n 1 offered)" = 'compopt nospace' ]
    [ "$(wc -l <offered)" -eq 4 ]
    # As the shell takes them, they are what is configured.
    eval "set -- $(head -n -1 offered | paste -sd' ')"
    [ "$*" = 'CSS:${KEY}.zen.dq.spamhaus.net=127.0.0.3*2 zen.spamhaus.org=127.0.0.[2;4..11] bl.spamcop.net*0' ]
    run -0 env -u DNSBL_ZONES KEY=x "$BUILD/bin/dnsbl-probe" -z "$1,$2,$3" --check
    as_offered <<'TABLE'
dnsbl-probe|-z|bl               --> bl.spamcop.net\*0|compopt nospace
dnsbl-probe|-z|a.test,bl        --> a.test,bl.spamcop.net\*0|compopt nospace
dnsbl-probe|-z|CSS|:            --> \$\{KEY\}.zen.dq.spamhaus.net=127.0.0.3\*2|compopt nospace
dnsbl-probe|--zones|=|zen       --> zen.spamhaus.org=127.0.0.\[2\;4..11\]|compopt nospace
dnsbl-probe|-z|'CSS:            --> CSS:${KEY}.zen.dq.spamhaus.net=127.0.0.3*2|compopt nospace
dnsbl-probe|-z|'a.test,bl       --> a.test,bl.spamcop.net*0|compopt nospace
TABLE
    echo one.test,two.test >zones
    [ "$(DNSBL_ZONES='' DNSBL_ZONES_FILE=zones complete_line 'dnsbl-probe|-z|t')" = $'two.test\ncompopt nospace' ]
    [ "$(DNSBL_ZONES='' DNSBL_ZONES_FILE=missing complete_line 'dnsbl-probe|-z|t')" = 'compopt nospace' ]
}

# --- with a person ---

# typed: types the lines of standard input, ^I for Tab, into a bash whose programs tell what they were given; prints
# that. No configuration of the person's, nor of this machine's.
typed() {
    local name
    mkdir -p shims home
    for name in "${programs[@]}"; do
        printf '#!/bin/sh\nprintf "<%%s>" "$@"\necho " %s"\n' "$name" >"shims/$name"
        chmod +x "shims/$name"
    done
    { sed 's/\^I/\t/g'; echo exit; } | env -i PATH="$PWD/shims:/usr/bin:/bin" HOME="$PWD/home" TERM=dumb PS1='$ ' \
        INPUTRC=/dev/null "$@" timeout 60 "$SUPPORT/terminal.py" --typing '$ ' bash --noprofile --norc -i >screen
    cat -A screen >&2
    grep -a '^<' screen
}

@test "in a shell without bash-completion" {
    mkdir -p streams/monday
    touch 'streams/a capture.ndjson' sheet
    typed >out <<TYPED
. $TOP/pipelines/completion.bash
dnsbl-probe --check=o^I--addr^I 3 --runs^I 4
dnsbl-monitor --cap^Istr^I
dnsbl-monitor --capture=str^I
dnsbl-monitor --fr^Ipg^Istr^Ia^I--wr^I
dnsbl-decide --requ^I <she^I >out.nd
dnsbl-probe --format=ta^I192.0.2.1
export DNSBL_ZONES='CSS:\${KEY}.lists.example=127.0.0.[2..3]*2 bl.spamcop.net'
dnsbl-probe -z CSS:^I 192.0.2.1
dnsbl-probe -z 'CS^I 192.0.2.1
dnsbl-probe -z bl^I,CS^I --he^I
TYPED
    diff - out <<'GIVEN'
<--check=online><--addresses><3><--runs-a-day><4> dnsbl-probe
<--capture><streams/> dnsbl-monitor
<--capture=streams/> dnsbl-monitor
<--from><pg-apply><streams/a capture.ndjson><--write> dnsbl-monitor
<--format=table><192.0.2.1> dnsbl-probe
<-z><CSS:${KEY}.lists.example=127.0.0.[2..3]*2><192.0.2.1> dnsbl-probe
<-z><CSS:${KEY}.lists.example=127.0.0.[2..3]*2><192.0.2.1> dnsbl-probe
<-z><bl.spamcop.net,CSS:${KEY}.lists.example=127.0.0.[2..3]*2><--help> dnsbl-probe
GIVEN
    [ "$(cat out.nd)" = '<--require-run> dnsbl-decide' ]
}

@test "bash-completion loads it when a program is typed, from where it was installed" {
    env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -C "$TOP" B="$BUILD" install-data DESTDIR="$PWD/root"
    for name in "${programs[@]}"; do echo "$name --vers^I"; done >lines
    { echo . /usr/share/bash-completion/bash_completion; cat lines; } | typed XDG_DATA_DIRS="$PWD/root/usr/local/share" >out
    diff <(printf '<--version> %s\n' "${programs[@]}") out
    typed <lines >out # nobody completes where nobody loaded it
    [ "$(grep -c '^<--vers> ' out)" -eq ${#programs[@]} ]
}
