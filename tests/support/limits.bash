# shellcheck shell=bash
# limits.bash - what a program may take of memory and processor in tests. With a sanitizer in it ($SANITIZED, make
# sanitize-check) it takes several times as much, and terabytes of addresses, of which most are no memory.

# at_most KIB: prints the limit for a peak of resident memory.
at_most() { echo $(($1 * (${SANITIZED:-0} ? 8 : 1))); }

# limit_addresses KIB, limit_processor SECONDS: for this shell and what it runs.
limit_addresses() { ((${SANITIZED:-0})) || ulimit -v "$1"; }
limit_processor() { ulimit -t $(($1 * (${SANITIZED:-0} ? 20 : 1))); }
