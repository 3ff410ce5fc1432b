# lint: what static checkers say of the sources, each checker a test, and that each can fail.

bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_TMPDIR" || return; }

# A test below runs the others on a tree of its own.
lint() { "$BATS_TEST_DIRNAME/lint/run" "$1" "${LINT_TREE:-.}"; }

@test "clean: gcc" {
    lint gcc
}
@test "clean: clang-tidy" {
    lint clang-tidy
}
@test "clean: cppcheck" {
    lint cppcheck
}
@test "clean: clang-format" {
    lint clang-format
}
@test "clean: shellcheck" {
    lint shellcheck
}
@test "clean: pyflakes" {
    lint pyflakes
}
@test "clean: mandoc" {
    lint mandoc
}
@test "clean: yamllint" {
    lint yamllint
}
@test "clean: suppressions" {
    lint suppressions
}

# A small tree with something for each of them to find, under names of a kind.
plant() {
    mkdir tree
    cat >tree/bad.c <<'C'
#include <stdlib.h>
#include <string.h>
int leak(int count);
int leak(int count)
{
    char *text = strdup("text");
    char few[4] = "";

    for (int count = 0; count < 2; count++)
        few[4] = 1;
    return text ? text[count] + few[0] : 0;
}
C
    printf '// NO%s\n' LINT >>tree/bad.c # in two parts, for these lines are read too
    printf '#include <stdlib.h>\n#define SCALE(x) (x * 2)\nint twice(int x);\nint twice( int x )\n{\n    return atoi("3") + SCALE(x);\n}\n' >tree/odd.c
    printf '# %s disable=SC2048\ncat $*\n' shellcheck >tree/bad.bash
    printf '#!/bin/bash\n[ $1 = x ]\n' >tree/script
    printf '@test "not last" {\n    ! true\n    true\n}\n' >tree/bad.bats
    printf 'import os\nprint(undefined)\n' >tree/bad.py
    printf '.Dd $Mdocdate$\n.Dt BAD 1\n.Os\n.Sh NAME\n.Nm bad\n.Nd is wrong.\n.Xx none\n' >tree/bad.1
    printf 'a: yes\na: 2\n' >tree/bad.yaml
    printf 'disable=SC2016\n' >tree/.shellcheckrc
    printf 'Checks: >-\n  bugprone-*,\n  -bugprone-unargued\n' >tree/.clang-tidy
}

# Checker and what it must say of the tree; the suite's own test of it must fail and show that.
@test "each checker finds what was planted for it, and its test fails then" {
    local checker finding missed=no
    plant
    LINT_TREE=$PWD/tree run -1 bats --tap -f '^clean: ' "$BATS_TEST_FILENAME"
    while read -r checker finding; do
        grep -q "^not ok [0-9]* clean: $checker\$" <<<"$output" && grep -qE -- "$finding" <<<"$output" ||
            { echo "$checker did not fail, or not with: $finding" && missed=yes; }
    done <<'TABLE'
gcc bad\.c:[0-9:]+ error: .*-Werror=shadow
gcc bad\.c:[0-9:]+ error: .*-Werror=analyzer-malloc-leak
clang-tidy bad\.c:[0-9:]+ error: .*clang-diagnostic-array-bounds
clang-tidy bad\.c:[0-9:]+ error: .*clang-analyzer-unix.Malloc
clang-tidy odd\.c:[0-9:]+ error: .*cert-err34-c
clang-tidy odd\.c:[0-9:]+ error: .*bugprone-macro-parentheses
cppcheck bad\.c:[0-9:]+ error: .*arrayIndexOutOfBounds
clang-format odd\.c:[0-9:]+ error: .*clang-format-violations
shellcheck script:2:[0-9]+: note: .*SC2086
shellcheck bad\.bats:2:[0-9]+: error: .*SC2314
pyflakes bad\.py:2:.*undefined name
pyflakes bad\.py:1:.*imported but unused
mandoc bad\.1:7:.*unknown macro
yamllint bad\.yaml:2:.*duplication of key
yamllint bad\.yaml:1:.*truthy
suppressions bad\.c:13:.*LINT.*without a reason
suppressions bad\.bash:1:.*without a reason
suppressions \.shellcheckrc:1:.*without a reason
suppressions \.clang-tidy.*-bugprone-unargued.*without a reason
TABLE
    echo "$output"
    [ "$missed" = no ]
}

@test "a checker that finds nothing to read fails" {
    mkdir empty
    run -64 "$BATS_TEST_DIRNAME/lint/run" nosuch
    IFS='| ' read -ra checkers <<<"${output#usage: run }"
    [ "${#checkers[@]}" -eq 10 ] # the last is [DIR]
    for checker in "${checkers[@]::9}"; do
        run ! "$BATS_TEST_DIRNAME/lint/run" "$checker" empty
        [[ $output == *"nothing to check below empty"* ]]
    done
}
