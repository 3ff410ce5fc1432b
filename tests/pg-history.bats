# The whole pipeline through histories made by chance, over a real database: support/pg_history.py.
#
# HISTORIES says how many (default 12; make check-full has 200, and says what happened how often), HISTORY_SEED
# which is the first (default 1).

bats_require_minimum_version 1.5.0

setup_file() {
    export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build}
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

@test "after every run of ${HISTORIES:-12} histories all rows are as they should be, and each changed once" {
    "$BATS_TEST_DIRNAME/support/pg_history.py" --seed "${HISTORY_SEED:-1}" --histories "${HISTORIES:-12}" >out || {
        cat out
        false
    }
    cat out >&3
    tail -n 1 out | grep -q ' 0 broken$'
}
