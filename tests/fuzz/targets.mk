# The fuzz targets: tests/fuzz/NAME.c each, with the objects it is linked with besides common.a, and the sources it is
# about, whose coverage is told. Included by the makefile; tests/fuzz/run builds them in three ways.

probe  := tools/dnsbl-probe
decide := tools/dnsbl-decide
jira   := tools/jira-sync
report := tools/dnsbl-report
log    := tools/log-summary

fuzz_with.addresses   := $(probe)/range $(probe)/servers
fuzz_about.addresses  := common/ip.c $(probe)/range.c $(probe)/servers.c
fuzz_with.answer      := $(probe)/answer
fuzz_about.answer     := $(probe)/answer.c
fuzz_with.config      := $(jira)/settings $(jira)/loopback
fuzz_about.config     := common/config.c common/secret.c $(jira)/settings.c
fuzz_with.decide      := $(decide)/decision $(decide)/surge
fuzz_about.decide     := $(decide)/main.c $(decide)/surge.c $(decide)/decision.c common/ndjson_in.c common/ndjson_out.c
fuzz_with.decision    := $(decide)/decision
fuzz_about.decision   := $(decide)/decision.c
fuzz_with.http        := $(jira)/loopback
fuzz_about.http       := $(jira)/http.c
fuzz_with.intake      := $(probe)/intake $(probe)/window $(probe)/range $(probe)/answer
fuzz_about.intake     := $(probe)/intake.c $(probe)/window.c $(probe)/range.c
fuzz_with.jira        := $(filter-out %/main %/http,$(basename $(wildcard $(jira)/*.c)))
fuzz_about.jira       := $(filter-out %/http.c %/loopback.c %/settings.c,$(wildcard $(jira)/*.c))
fuzz_with.log-summary := $(filter-out %/main %/metrics_file,$(basename $(wildcard $(log)/*.c)))
fuzz_about.log-summary := $(filter-out %/metrics_file.c,$(wildcard $(log)/*.c))
fuzz_with.ndjson      :=
fuzz_about.ndjson     := common/ndjson_in.c common/ndjson_out.c
fuzz_with.records     := tools/pg-apply/change
fuzz_about.records    := common/record.c common/run.c tools/pg-apply/change.c
fuzz_with.report      := $(filter-out %/main,$(basename $(wildcard $(report)/*.c)))
fuzz_about.report     := $(wildcard $(report)/*.c)
fuzz_with.text        := $(jira)/page
fuzz_about.text       := common/text.c common/secret.c $(jira)/page.c
fuzz_with.zones       :=
fuzz_about.zones      := common/zones.c

comma        := ,
FUZZ_TARGETS := $(patsubst fuzz_with.%,%,$(filter fuzz_with.%,$(.VARIABLES)))
FUZZ_SHARED  := $(patsubst %,$(B)/tests/fuzz/%.o,fuzz state msan)
# The calls by which the harness is input, output, environment and end of the process (fuzz.c), and those of msan.c.
fuzz_wraps := $(patsubst %,-Wl$(comma)--wrap=%,read write poll time isatty getenv _exit)
msan_wraps := $(patsubst %,-Wl$(comma)--wrap=%,fopencookie json_pack json_unpack json_unpack_ex json_loadb json_loads json_dumpb \
    json_dumps curl_url_set curl_url_get ns_initparse ns_parserr)

$(B)/fuzz/config $(B)/fuzz/http $(B)/fuzz/jira: LDLIBS = -lcurl

.SECONDEXPANSION:
$(FUZZ_TARGETS:%=$(B)/fuzz/%): $(B)/fuzz/%: $(B)/tests/fuzz/%.o $$(addprefix $(B)/,$$(addsuffix .o,$$(fuzz_with.$$*))) $(FUZZ_SHARED) $(B)/common.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) $(fuzz_wraps) $(msan_wraps) -o $@ $^ $(LDLIBS) -lresolv -ljansson

fuzz-targets: $(FUZZ_TARGETS:%=$(B)/fuzz/%)
fuzz-list: ; @$(foreach target,$(FUZZ_TARGETS),echo '$(target) $(fuzz_about.$(target))';)
msan-wraps: ; @echo $(msan_wraps)
.PHONY: fuzz-targets fuzz-list msan-wraps
