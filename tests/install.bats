# make install and make uninstall: what is put where, and that it works from there.

bats_require_minimum_version 1.5.0

setup_file() {
    export TOP=$BATS_TEST_DIRNAME/..
    BUILD=$(realpath -m "${BUILD:-$TOP/build}")
    export BUILD
    export programs='pg-ips dnsbl-probe dnsbl-decide pg-apply jira-sync log-summary dnsbl-report dnsbl-monitor'
    export ROOT=$BATS_FILE_TMPDIR/root
    (umask 077 && made install DESTDIR="$ROOT")
}

setup() { cd "$BATS_TEST_TMPDIR" || return; }

# made [DIRECTORY] TARGET VARIABLE=VALUE...: runs make, without what a make around us has said.
made() {
    local dir=$TOP
    [[ ! -d $1 ]] || { dir=$1 && shift; }
    env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u PREFIX make -s -C "$dir" B="$BUILD" "$@" >&2
}

# tree DIRECTORY: what is in it, with modes, and where links lead.
tree() { find "$1" -mindepth 1 -printf '%M %P%l\n' | sed -E 's/^l[rwx]+ (.*)$/link \1/' | LC_ALL=C sort -k2; }

# expected: as tree, what belongs below the prefix; the folders' own contents are the checkout's.
expected() {
    local name file
    for name in $programs; do
        echo "-rwxr-xr-x bin/$name"
        file=share/bash-completion/completions/$name
        [[ $name == dnsbl-monitor ]] && echo "-rw-r--r-- $file" || echo "link ${file}dnsbl-monitor"
        echo "-rw-r--r-- share/man/man1/$name.1"
    done
    for file in share/man/man5/dnsbl-record.5 share/man/man7/dnsbl-monitor.7 \
        share/dnsbl-monitor/{config,log,record}.schema.json share/dnsbl-monitor/schema.sql \
        share/doc/dnsbl-monitor/README.md share/doc/dnsbl-monitor/examples/dnsbl-monitor.cron; do
        echo "-rw-r--r-- $file"
    done
    (cd "$TOP" && find kubernetes -type f -printf '-rw-r--r-- share/doc/dnsbl-monitor/examples/%p\n')
}

# with_directories: the tree of files on stdin, and all that they lie in.
with_directories() {
    tee files
    awk '{ path = $2; while (sub("/[^/]*$", "", path)) print "drwxr-xr-x " path }' files | sort -u
}

@test "everything is where a distribution would have it, readable by all whatever the umask was" {
    expected | with_directories | LC_ALL=C sort -k2 >wanted
    [ "$(wc -l <files)" -ge 40 ]
    tree "$ROOT/usr/local" | diff wanted -
    [ "$(stat -c %a "$ROOT/usr" "$ROOT/usr/local" | sort -u)" = 755 ]
}

@test "installing again changes nothing, and replaces what is old" {
    cp -a "$ROOT" again
    echo old >again/usr/local/bin/pg-ips
    chmod 600 again/usr/local/share/man/man1/pg-ips.1
    made install DESTDIR="$PWD/again"
    diff <(tree "$ROOT") <(tree again)
    cmp again/usr/local/bin/pg-ips "$BUILD/bin/pg-ips"
}

@test "the directories are the caller's to choose" {
    made install DESTDIR="$PWD/d" prefix=/usr mandir=/opt/man docdir=/usr/share/doc/packages/dnsbl bindir=/opt/bin
    [ -x d/opt/bin/pg-ips ]
    [ -f d/opt/man/man5/dnsbl-record.5 ]
    [ -f d/usr/share/doc/packages/dnsbl/examples/kubernetes/base/cronjob.yaml ]
    [ -f d/usr/share/bash-completion/completions/dnsbl-probe ]
    [ ! -e d/usr/local ]
    made uninstall DESTDIR="$PWD/d" prefix=/usr mandir=/opt/man docdir=/usr/share/doc/packages/dnsbl bindir=/opt/bin
    [ -z "$(find d ! -type d)" ]
    made install-exec DESTDIR="$PWD/p" PREFIX=/usr
    [ "$(find p -type f | wc -l)" -eq 8 ]
    [ -x p/usr/bin/dnsbl-monitor ]
}

@test "uninstall takes away what was installed, and nothing else" {
    cp -a "$ROOT" d
    : >d/usr/local/bin/another
    : >d/usr/local/share/doc/dnsbl-monitor/notes-of-the-operator
    made uninstall DESTDIR="$PWD/d"
    [ "$(find d ! -type d | sort)" = $'d/usr/local/bin/another\nd/usr/local/share/doc/dnsbl-monitor/notes-of-the-operator' ]
    rm d/usr/local/share/doc/dnsbl-monitor/notes-of-the-operator
    made uninstall DESTDIR="$PWD/d" # what is gone already is no error
    [ -z "$(find d -name '*dnsbl*')" ]
    [ -d d/usr/local/share/man/man1 ]
}

@test "the installed programs run, with no checkout around" {
    for name in $programs; do
        run -0 env -i PATH=/usr/bin:/bin "$ROOT/usr/local/bin/$name" --version
        [[ $output == "$name "[0-9]* ]]
    done
    run -0 --separate-stderr env -i PATH="$ROOT/usr/local/bin:/usr/bin:/bin" DB_HOST=127.0.0.1 DB_PORT=1 DB_NAME=x DB_USER=x \
        DB_PASSWORD=x DNSBL_ZONES=a.test JIRA_SERVER=http://127.0.0.1:1 JIRA_API_TOKEN=x JIRA_PROJECT=OPS \
        JIRA_ISSUE_TYPE=Task JIRA_DNS_FAILURE_ISSUE_TYPE=Incident dnsbl-monitor --check
    [[ $stderr == *check_done* ]]
    # each of its programs is one that was installed: without it the job does not start
    cp -a "$ROOT/usr/local/bin" bin
    rm bin/pg-apply
    run -78 env -i PATH=/usr/bin:/bin bin/dnsbl-monitor --version
    [[ $output == *pg-apply* ]]
}

@test "man finds the installed pages, and can show them" {
    for page in "$ROOT"/usr/local/share/man/man*/*; do
        name=${page##*/} section=${page##*.}
        mandoc -T utf8 "$page" | sed $'s/.\b//g' >text
        name=${name%.*}
        head -n 1 text | grep -qF "${name^^}($section)" || { echo "$page: $(head -n 1 text)"; return 1; }
        [ "$(wc -l <text)" -gt 40 ]
    done
}

@test "the line for cron is that of README.md, and starts the job with the operator's settings" {
    cron=$ROOT/usr/local/share/doc/dnsbl-monitor/examples/dnsbl-monitor.cron
    line=$(grep '^\*' "$cron")
    grep -qF -- "$line" "$TOP/README.md"
    echo "DNSBL_ZONES='not a zone..'" >dnsbl-monitor.env
    command=$(sed -E 's/^(\S+ +){5}monitor +//' <<<"$line")
    command=${command//\/etc\//$PWD/}
    command=${command//\/run\/lock\//$PWD/}
    run -78 env -i PATH="$ROOT/usr/local/bin:/usr/bin:/bin" sh -c "$command"
    [[ $output == *zone..* ]]
    exec 9>dnsbl-monitor # a run that lasts
    flock 9
    run -1 env -i PATH="$ROOT/usr/local/bin:/usr/bin:/bin" sh -c "$command" 9>&-
    exec 9>&-
    [ -z "$output" ]
}

@test "what the Dockerfile copies is enough for what it installs" {
    while read -ra words; do
        [[ ${words[0]} == COPY && ${words[1]} != --from* ]] || continue
        for each in "${words[@]:1:${#words[@]}-2}"; do
            mkdir -p "context/$(dirname "$each")"
            cp -a "$TOP/$each" "context/$each"
        done
    done <"$TOP/Dockerfile"
    [ -f context/Makefile ]
    [ ! -e context/README.md ]
    target=$(grep -oE 'make [a-z-]+ DESTDIR=/installed' "$TOP/Dockerfile")
    read -r _ target _ <<<"$target"
    made context "$target" DESTDIR="$PWD/installed"
    [ "$(cd installed && find . -type f | sort)" = "$(cd "$ROOT" && find . -path '*/bin/*' -type f | sort)" ]
}
