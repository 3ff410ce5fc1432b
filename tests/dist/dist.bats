# What `make dist` makes: an archive whose bytes depend on its files alone, and that is all it takes to build and to
# test, without git; and the programs built from it, elsewhere, are byte by byte those that are tested here.

bats_require_minimum_version 1.5.0

setup_file() {
    export TOP=$BATS_TEST_DIRNAME/../.. BUILD=${BUILD:-$BATS_TEST_DIRNAME/../../build}
    version=$(sed -n 's/^VERSION := //p' "$TOP/Makefile")
    export name=dnsbl-monitor-$version
    cd "$BATS_FILE_TMPDIR" || return
    make -s -C "$TOP" dist B="$PWD/first"
    make -s -C "$TOP" dist B="$PWD/second"
    tar -xf "first/$name.tar.gz"
    # Whoever calls git leaves a mark.
    mkdir no-git
    printf '#!/bin/sh\necho "$0 $*" >>%q\nexit 127\n' "$PWD/git-was-called" >no-git/git
    chmod +x no-git/git
}

setup() {
    cd "$BATS_FILE_TMPDIR" || return
    PATH=$PWD/no-git:$PATH
}

@test "the archive is the same each time, and so is one that is made of its content" {
    cmp "first/$name.tar.gz" "second/$name.tar.gz"
    make -s -C "$name" dist
    cmp "first/$name.tar.gz" "$name/build/$name.tar.gz"
    [ ! -e git-was-called ]
}

@test "it holds what git knows, below one directory, and nobody's name" {
    run ! grep -v "^-rw[x-]r-[x-]r-[x-] 0/0 .* $name/" <(tar -tvf "first/$name.tar.gz")
    tar -tf "first/$name.tar.gz" | sed "s,^$name/,," | sort >held
    grep -qx .ci/run held
    grep -qx tests/run held
    run ! grep -E '^(build|\.git)/' held
    [ ! -e "$TOP/.git" ] || (PATH=${PATH#*:} && git -C "$TOP" ls-files | sort | diff - held)
}

@test "the programs built from it are those that are tested here, to the byte" {
    make -s -C "$name" -j2 B=build/check all unit-tests
    for each in "$BUILD"/bin/*; do
        cmp "$each" "$name/build/check/bin/${each##*/}"
    done
    run ! grep -rlaF "$BATS_FILE_TMPDIR" "$name/build/check/bin"
    [ ! -e git-was-called ]
}

@test "its tests run in it" {
    BUILD=$PWD/$name/build/check run -0 "$name/tests/run" unit confine log-summary-text
    [[ ${lines[-1]} =~ ^[1-9][0-9]*\ passed,\ 0\ failed$ ]]
    # What was built is no part of the archive, wherever that one is put.
    make -s -C "$name" dist B="$PWD/third"
    cmp "first/$name.tar.gz" "third/$name.tar.gz"
    [ ! -e git-was-called ]
}

@test "where git fails there is no archive, not an empty one" {
    cp -r "$name" broken
    : >broken/.git
    run -2 make -s -C broken dist B="$PWD/fourth"
    [ -s git-was-called ]
    rm git-was-called
    run -1 compgen -G 'fourth/*.gz'
}

@test "one place says which version it is" {
    for tool in "$BUILD"/bin/* "$TOP/pipelines/dnsbl-monitor"; do
        [ "$("$tool" --version)" = "${tool##*/} ${name#dnsbl-monitor-}" ]
    done
    # The manifests name an image, which has the version for its tag: manifests.bats.
    run -1 grep -rnF "${name#dnsbl-monitor-}" "$TOP" --include='*' --exclude-dir=.git --exclude-dir=build --exclude-dir=kubernetes \
        --exclude-dir=tests --exclude=Makefile
}
