# shellcheck shell=bash
# completion.bash - what bash completes for dnsbl-monitor and its programs.
#
# Source it, or install it under the name of each program where bash-completion looks; it needs nothing of that
# package. Pressing Tab starts no program: the options stand here, and tests/completion.bats holds them to --help.

# _dnsbl_monitor_options PROGRAM: sets `options`.
_dnsbl_monitor_options() {
    options=(--check --check=online --help --version)
    [[ $1 == dnsbl-monitor ]] || options+=(--require-run)
    case $1 in
        pg-ips) options+=(--shard --rotate --count) ;;
        dnsbl-probe)
            options+=(-e --exit-code -r --resolver -z --zones --format --range-limit --addresses --runs-a-day)
            ;;
        pg-apply | jira-sync) options+=(--allow-stale) ;;
        log-summary) options+=(--format --metrics) ;;
        dnsbl-monitor) options+=(--dry-run --capture --from --write --allow-stale --format --metrics) ;;
    esac
}

# _dnsbl_monitor_values PROGRAM OPTION TYPED: what may follow OPTION, in `values`; or in `how` the way in which readline
# finds it, one of those that compopt takes. Fails for an option without argument. TYPED is what is there of that.
_dnsbl_monitor_values() {
    case "$1 $2" in
        *' --capture') how=dirnames ;;
        *' --from') values=(dnsbl-probe dnsbl-decide pg-apply jira-sync log-summary) ;;
        'dnsbl-probe --format') values=(table ndjson) ;;
        *' --format') values=(text ndjson) ;;
        *' --metrics') how=default ;; # a file
        *' -r' | *' --resolver') values=(system recursive) ;;
        *' -z' | *' --zones') _dnsbl_monitor_sites "$3" ;;
        *' --addresses') values=(-) ;;
        *' --shard' | *' --range-limit' | *' --runs-a-day') ;; # numbers
        *) return 1 ;;
    esac
}

# _dnsbl_monitor_sites TYPED: the sites of DNSBL_ZONES, behind those that are typed already. One that holds a key in
# the clear is left out: a command line can be seen by others.
_dnsbl_monitor_sites() {
    local site sites=${DNSBL_ZONES:-} before=${1%"${1##*,}"}
    [[ -n $before || $1 != \'* ]] || before=\' # an open quote
    [[ -n $sites || ! -r ${DNSBL_ZONES_FILE:-} ]] || sites=$(<"$DNSBL_ZONES_FILE")
    IFS=$', \t\n' read -r -d '' -a sites <<<"$sites"
    for site in "${sites[@]}"; do
        [[ $site != *@(.dq.spamhaus.net|.abusix.zone)* || $site == *'${'* ]] || continue
        [[ $1 == \'* ]] || printf -v site %q "$site" # brackets, asterisks and ${} are the shell's, too
        values+=("$before$site")
    done
    how=nospace # a comma may follow
}

# Sets `words` to those up to the cursor: bash parts them at = and : as well.
_dnsbl_monitor_words() {
    local piece glued=no
    words=()
    for piece in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        if ((${#words[@]} > 1)) && [[ $glued == yes || $piece == +([=:]) ]]; then
            words[-1]+=$piece
        else
            words+=("$piece")
        fi
        [[ $piece == +([=:]) ]] && glued=yes || glued=no
    done
}

# _dnsbl_monitor_reply TYPED CANDIDATE...: those that begin so, without what stands before readline's word.
_dnsbl_monitor_reply() {
    local typed=$1 before='' breaks='' candidate
    if [[ $typed == \'* ]]; then
        before=\'
    else
        [[ $COMP_WORDBREAKS != *=* ]] || breaks+='='
        [[ $COMP_WORDBREAKS != *:* ]] || breaks+=':'
        [[ -z $breaks ]] || before=${typed%"${typed##*["$breaks"]}"}
    fi
    for candidate in "${@:2}"; do
        [[ $candidate != "$typed"* ]] || COMPREPLY+=("${candidate#"$before"}")
    done
}

_dnsbl_monitor() {
    local program=${1##*/} words word option typed options values=() how=''
    COMPREPLY=()
    _dnsbl_monitor_words
    word=${words[-1]} option=${words[-2]} typed=$word
    if [[ $word == *[\<\>] || $option == *[\<\>] ]] || { ((${#words[@]} > 2)) && [[ ${words[-3]} == --from ]]; }; then
        compopt -o default # a file
        return
    fi
    if [[ $word == --*=* ]]; then
        option=${word%%=*} typed=${word#*=}
        _dnsbl_monitor_values "$program" "$option" "$typed" && values=("${values[@]/#/$option=}")
    else
        _dnsbl_monitor_values "$program" "$option" "$typed"
    fi || { _dnsbl_monitor_options "$program" && values=("${options[@]}"); }
    [[ -z $how ]] || compopt -o "$how"
    _dnsbl_monitor_reply "$word" "${values[@]}"
}

complete -F _dnsbl_monitor pg-ips dnsbl-probe dnsbl-decide pg-apply jira-sync log-summary dnsbl-report dnsbl-monitor
