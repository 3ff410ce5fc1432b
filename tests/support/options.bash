# shellcheck shell=bash
# options.bash - the options of a program that reads stdin and takes no arguments.

# usual_options TOOL [ARGUMENT...]: asserts that TOOL has --help and --version, and refuses each ARGUMENT and what no
# filter takes.
usual_options() {
    local tool=$1 program=$BUILD/bin/$1 argument
    shift
    run -0 "$program" --help
    [[ $output == usage:* ]]
    run -0 "$program" --version
    [[ $output == "$tool "* ]]
    for argument in --nonsense -x --check=offline file "$@"; do
        run -64 --separate-stderr "$program" "$argument" </dev/null
        [ "$(jq -r .error_type <<<"$stderr")" = usage ]
    done
}
