# Postal DNSBL Monitor. Targets: all deps install uninstall dist clean; demo; check and its part lint; further tests:
# browser-check image-check bench-check dist-check sanitize-check fuzz soak valgrind mutants check-full; bench image report.

VERSION := 0.1.0
PREFIX  ?= /usr/local
B       := build
JOBS    := $(shell nproc)
IMAGE   ?= dnsbl-monitor:$(VERSION)

# Where things are installed, inside DESTDIR; names as in the GNU Coding Standards.
prefix      = $(PREFIX)
exec_prefix = $(prefix)
bindir      = $(exec_prefix)/bin
datarootdir = $(prefix)/share
datadir     = $(datarootdir)
mandir      = $(datarootdir)/man
docdir      = $(datarootdir)/doc/dnsbl-monitor
completions = $(datadir)/bash-completion/completions

TOOLS    := pg-ips dnsbl-probe dnsbl-decide pg-apply jira-sync log-summary dnsbl-report
MANUALS  := $(wildcard tools/*.[1-8] common/*.[1-8] pipelines/*.[1-8])

CFLAGS   ?= -O2 -g
# Not -Wcast-qual: Jansson's functions that only read take no const.
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
    -Wredundant-decls -Wnested-externs -Wvla -Walloca -Wundef -Wdate-time -Wpointer-arith -Wwrite-strings -Wcast-align \
    -Wdouble-promotion -Wimplicit-fallthrough -Wnull-dereference -Wswitch-enum
# Wherever it is built, the bytes are the same.
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)=.
HARDEN   := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fPIE
override CFLAGS   += -std=gnu11 $(WARNINGS) $(HARDEN) $(REPRODUCIBLE) $(WERROR)
override CPPFLAGS += -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -Icommon
override LDFLAGS  += -pie -Wl,-z,relro,-z,now,-z,noexecstack

COMMON_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard common/*.c))
PRELOADS       := $(patsubst %.c,$(B)/%.so,$(wildcard tests/support/*.c tests/faults/preload/*.c))
UNIT_TESTS     := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*.c))

all: $(TOOLS:%=$(B)/bin/%)

# Which libraries a tool is linked with; the shared part needs only Jansson, and libseccomp in main().
$(B)/bin/pg-ips $(B)/bin/pg-apply: LDLIBS = -lpq
$(B)/bin/dnsbl-probe: LDLIBS = -lunbound -levent_core -lresolv
$(B)/bin/jira-sync: LDLIBS = -lcurl
$(B)/common/pg.o $(B)/common/pg_table.o $(B)/tools/pg-%.o lint-flags: CPPFLAGS += -I$(shell pg_config --includedir 2>/dev/null || echo /usr/include/postgresql)

# The page's texts become part of this object, and its Content-Security-Policy names them by their hashes.
PAGE := tools/dnsbl-report/page
page_hash = sha256-$(shell sha256sum $(PAGE).$(1) | cut -d' ' -f1 | tr a-f A-F | basenc -d --base16 | base64)
$(B)/$(PAGE).o: $(PAGE).html $(PAGE).css $(PAGE).js
$(B)/$(PAGE).o lint-flags: CPPFLAGS += -DPAGE_CSS_HASH='"$(call page_hash,css)"' -DPAGE_JS_HASH='"$(call page_hash,js)"'

# A tool is one file, or a folder of its name.
.SECONDEXPANSION:
$(TOOLS:%=$(B)/bin/%): $(B)/bin/%: $$(addprefix $(B)/,$$(addsuffix .o,$$(basename $$(wildcard tools/$$*.c tools/$$*/*.c)))) $(B)/common.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -ljansson -lseccomp

$(B)/common.a: $(COMMON_OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/common.a
	$(CC) $(LDFLAGS) -o $@ $^ -ljansson

$(B)/tests/sanitize/planted: $(B)/tests/sanitize/planted.o
	$(CC) $(LDFLAGS) -o $@ $<

# What tests preload into the programs, ld.so(8).
$(B)/%.so: %.c Makefile
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -std=gnu11 $(WARNINGS) $(WERROR) -O2 -MMD -MP -fPIC -shared -o $@ $<

# What tests put in the programs' place.
$(B)/tests/faults/become: tests/faults/become.c Makefile
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -std=gnu11 $(WARNINGS) $(WERROR) -O2 -static -o $@ $<

# The benchmark's bare loop is dnsbl-probe's resolver with another main().
$(B)/bench/bare_loop: $(B)/tests/bench/bare_loop.o $(filter-out %/main.o %/resolver.o,$(patsubst %.c,$(B)/%.o,$(wildcard tools/dnsbl-probe/*.c))) $(B)/common.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lunbound -levent_core -lresolv -ljansson

# The image is built without tests.
-include tests/fuzz/targets.mk

deps: ; tests/support/packages build
demo: ; tests/support/packages demo
	$(MAKE) -j$(JOBS) all
	tests/demo
check: ; tests/support/packages check
	$(MAKE) -j$(JOBS) B=$(B)/check WERROR=-Werror all unit-tests
	BUILD=$(B)/check REPORT=$(B)/report tests/run
# What static checkers find, which check looks for as well.
lint: ; tests/support/packages lint
	BUILD=$(B)/check tests/run lint
lint-flags: ; @printf '%s\n' "$(subst ",\",$(CPPFLAGS) $(CFLAGS))"
# 200 histories (tests/jira-history.bats, tests/pg-history.bats), all rows of tests/faults/table, and the mutants.
check-full: ; tests/support/packages check
	$(MAKE) -j$(JOBS) B=$(B)/check WERROR=-Werror all unit-tests
	BUILD=$(B)/check REPORT=$(B)/report tests/mutants/check-full
# The job again and again over a world that changes, held against a model: see tests/support/soak.py.
soak: ; tests/support/packages check
	$(MAKE) -j$(JOBS) B=$(B)/check WERROR=-Werror all
	RUNS=$(or $(RUNS),100) SEED=$(or $(SEED),1) SUITE_SECONDS=7200 BUILD=$(B)/check REPORT=$(B)/report tests/run soak
# Every program under memcheck, in a whole job and by itself.
valgrind: ; tests/support/packages valgrind
	$(MAKE) -j$(JOBS) B=$(B)/check WERROR=-Werror all
	VALGRIND_REPORT=$(CURDIR)/$(B)/report/valgrind.json BUILD=$(B)/check tests/run valgrind
# Defects that are planted one at a time, and must be caught.
mutants: ; tests/support/packages check
	REPORT=$(B)/report tests/mutants/run
# README's table of what these have found: their numbers, in build/report, become its rows.
report: ; tests/support/hardening.py $(B)/report README.md
# FULL=1: larger and longer; SCENARIOS="...": only those, see tests/bench/run.
bench: ; tests/support/packages bench
	$(MAKE) -j$(JOBS) all bare-loop
	BUILD=$(B) tests/bench/run $(if $(FULL),--full) $(SCENARIOS)
# Whether the benchmark measures what it says.
bench-check: ; tests/support/packages bench
	$(MAKE) -j$(JOBS) B=$(B)/check WERROR=-Werror all bare-loop
	BUILD=$(B)/check tests/run bench
# Whether what dist makes is all it takes to build and to test.
dist-check: ; tests/support/packages check
	$(MAKE) -j$(JOBS) B=$(B)/check WERROR=-Werror all
	BUILD=$(B)/check tests/run dist
# All tests of the programs with AddressSanitizer and UndefinedBehaviorSanitizer in them, leaks included.
SANITIZER := -fsanitize=address,undefined
sanitize-check: ; tests/support/packages check
	$(MAKE) -j$(JOBS) B=$(B)/sanitize WERROR=-Werror all unit-tests $(B)/sanitize/tests/sanitize/planted \
	    CFLAGS='-O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=undefined $(SANITIZER)' LDFLAGS='$(SANITIZER) -static-libasan -static-libubsan'
	BUILD=$(B)/sanitize SANITIZED=1 PAIRS=1 REPORT=$(B)/report tests/run
# With docker, podman or buildah; BASE=debian@sha256:... is what it is made from.
image: ; tests/support/image/build $(IMAGE) $(BASE)
# The job in the image as the manifests say. FULL=1: 100,000 addresses, half an hour.
image-check: ; tests/support/packages image
	SUITE_SECONDS=3600 BUILD=$(B)/check tests/run image
# The page of dnsbl-report in Chromium.
browser-check: ; tests/support/packages browser
	$(MAKE) -j$(JOBS) B=$(B)/check WERROR=-Werror all
	BUILD=$(B)/check tests/run browser
# Foreign bytes, SECONDS of them for each of TARGETS (standard: 20, all), see tests/fuzz/run.
fuzz: ; tests/support/packages fuzz
	tests/fuzz/run --build $(B)/fuzz --seconds $(or $(SECONDS),20) $(TARGETS)
unit-tests: $(UNIT_TESTS) $(PRELOADS) $(B)/tests/faults/become
bare-loop: $(B)/bench/bare_loop

# What is installed beside the programs, each FILE:PLACE.
data = $(foreach page,$(MANUALS),$(page):$(mandir)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
    $(foreach file,$(wildcard common/*.schema.json) tests/support/schema.sql,$(file):$(datadir)/dnsbl-monitor/$(notdir $(file))) \
    README.md:$(docdir)/README.md pipelines/dnsbl-monitor.cron:$(docdir)/examples/dnsbl-monitor.cron \
    $(foreach file,$(shell find kubernetes -type f),$(file):$(docdir)/examples/$(file)) \
    pipelines/completion.bash:$(completions)/dnsbl-monitor

install: install-exec install-data
install-exec: all
	install -d -m 755 $(DESTDIR)$(bindir)
	install -m 755 $(TOOLS:%=$(B)/bin/%) pipelines/dnsbl-monitor $(DESTDIR)$(bindir)
install-data:
	for each in $(data); do install -D -m 644 $${each%:*} $(DESTDIR)$${each#*:} || exit; done
	for name in $(TOOLS); do ln -sf dnsbl-monitor $(DESTDIR)$(completions)/$$name || exit; done
uninstall:
	rm -f $(addprefix $(DESTDIR)$(bindir)/,$(TOOLS) dnsbl-monitor) $(addprefix $(DESTDIR)$(completions)/,$(TOOLS))
	for each in $(data); do rm -f $(DESTDIR)$${each#*:} || exit; done
	for dir in $(docdir) $(datadir)/dnsbl-monitor; do \
	    [ ! -d $(DESTDIR)$$dir ] || find $(DESTDIR)$$dir -depth -type d -empty -delete; done

# Of what git knows, or, in what such an archive held, of all: the bytes depend on these files alone. Whatever fails on the
# way leaves no archive.
dist_files = if [ -e .git ]; then git ls-files -z; else find . \( -path ./build -o -path ./$(B) \) -prune -o -type f -printf '%P\0'; fi
dist_time  = if [ -e .git ]; then git log -1 --format=%ct; else stat -c %Y Makefile; fi
dist_name  = dnsbl-monitor-$(VERSION)
dist:
	mkdir -p $(B)
	rm -f $(B)/$(dist_name).tar.gz
	($(dist_files)) >$(B)/dist.files
	[ -s $(B)/dist.files ]
	LC_ALL=C sort -z -o $(B)/dist.files $(B)/dist.files
	time=$$($(dist_time)) && tar --null -T $(B)/dist.files --mtime=@$$time --mode=u+rw,go+r,go-w --owner=0 \
	    --group=0 --numeric-owner --transform='s,^,$(dist_name)/,' -cf $(B)/dist.tar
	gzip -9n <$(B)/dist.tar >$(B)/dist.tar.gz
	mv $(B)/dist.tar.gz $(B)/$(dist_name).tar.gz
	rm $(B)/dist.files $(B)/dist.tar

clean:
	rm -rf $(B)

.PHONY: all deps demo check lint lint-flags check-full bench bench-check dist-check sanitize-check fuzz soak valgrind mutants report image image-check \
    browser-check unit-tests bare-loop install install-exec install-data uninstall dist clean
-include $(shell find $(B) -name '*.d' 2>/dev/null)
