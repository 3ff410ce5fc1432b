# shellcheck shell=bash
# valgrind.bash - programs under memcheck, and what it says of them: valgrind(1), and the manual of memcheck.

# under_valgrind DIR: makes DIR/bin, programs as make builds them, each of which runs that of $BUILD under memcheck. The
# log of a process is $VALGRIND_LOGS/NAME.PID.
under_valgrind() {
    local program
    mkdir -p "$1/bin"
    for program in "$BUILD"/bin/*; do
        cat >"$1/bin/${program##*/}" <<SCRIPT
#!/bin/sh
exec valgrind --quiet --verbose --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect,possible \\
    --errors-for-leak-kinds=definite,indirect,possible --track-fds=yes --num-callers=30 \\
    --suppressions='$BATS_TEST_DIRNAME/libraries.supp' --log-file="\$VALGRIND_LOGS/${program##*/}.%p" '$program' "\$@"
SCRIPT
        chmod +x "$1/bin/${program##*/}"
    done
}

# judge [OPTION...] FOLDER...: fails, and says why, if memcheck had something to say in the logs there.
judge() { "$PYTHON" "$SUPPORT/valgrind_logs.py" "$@"; }
