# What Prometheus and Grafana are given in kubernetes/monitoring: that the alerts fire when they must and only then, that the
# dashboard asks for what there is, and that the checks notice.

bats_require_minimum_version 1.5.0

setup_file() {
    export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build}
    export TOP=$BATS_TEST_DIRNAME/.. CHECKS=$BATS_TEST_DIRNAME/support/monitoring
}

teardown_file() {
    load support/servers.bash
    servers_stop "$BATS_FILE_TMPDIR"
}

setup() {
    load support/servers.bash
    cd "$BATS_TEST_TMPDIR" || return
}

# readme FIRST LAST: the lines of README.md's section from one that matches FIRST to one that matches LAST, not indented.
readme() { sed -n '/^### Alerts and dashboard/,/^## /p' "$TOP/README.md" | sed -n "/$1/,/$2/s/^    //p"; }

# answers QUERY: how many series Prometheus has for it now.
answers() {
    curl -sS --noproxy '*' --fail-with-body "$PROMETHEUS_URL/api/v1/query" --data-urlencode "query=$1" | jq '.data.result | length'
}

has_answer() { [ "$(answers "$1")" -gt 0 ]; }

@test "nothing is wrong with the alerts and the dashboard" {
    promtool check rules "$TOP/kubernetes/monitoring/alerts.yaml"
    run -0 "$CHECKS/monitoring.py" "$TOP"
    [ -z "$output" ]
}

@test "the alerts fire when they must, and not before" {
    bad=no
    for name in success status zones addresses; do
        promtool test rules "$CHECKS/$name.yaml" || bad=yes
    done
    [ "$bad" = no ]
}

@test "their texts name the cause, the shard, the host, the stage and the zone" {
    run -1 promtool test rules "$CHECKS/texts.yaml"
    alerts=$(grep -c -- '- alert:' "$TOP/kubernetes/monitoring/alerts.yaml")
    [ "$(grep -o 'got:' <<<"$output" | wc -l)" -eq "$alerts" ]
    [ "$(grep -c 'got:\[\]' <<<"$output")" -eq 0 ]
    [[ $output != *"error expanding"* && $output != *"no value"* ]]
    for text in "No run of shard 2 has succeeded for 1h 30m 0s" "ended with status 69" "No run on a:9100 has succeeded" \
        "Nothing is heard of its runs" "No run of shard 3 is known" "Not all of the 9 parts" "Refused: jira-sync (" "wrong (exit status 78)" \
        "killed (exit status 137)" "The list PSBL" "do not count (silent):" "3 addresses could not" "40 addresses that"; do
        [[ $output == *"$text"* ]] || { echo "nothing says: $text" && false; }
    done
}

@test "each check can fail: mutants of the alerts and the dashboard are noticed" {
    run -0 "$CHECKS/mutants.py" "$TOP" "$CHECKS/mutants.table" "${ALERT_MUTANTS_EVERY:-12}" # check-full: all
    [[ $output == *" mutants, 0 problems" ]]
}

@test "the operator's PrometheusRule, made as README.md says, has the same rules" {
    readme '^    sed -e' 'apply -f -' >commands
    grep -q kubectl commands
    (cd "$TOP" && bash -c "$(sed 's/| kubectl .*//' "$BATS_TEST_TMPDIR/commands")") >rule.yaml
    "$PYTHON" - rule.yaml "$TOP/kubernetes/monitoring/alerts.yaml" <<'PYTHON_END'
import sys, yaml
rule, alerts = (yaml.safe_load(open(name, encoding="utf-8")) for name in sys.argv[1:])
assert rule == {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {"name": "dnsbl-monitor"},
                "spec": alerts}, rule
PYTHON_END
}

@test "of real runs, scraped as README.md says, each query finds something, and only what is wrong alarms" {
    postgres_start "$BATS_FILE_TMPDIR"
    rbldnsd_start "$BATS_FILE_TMPDIR" one.test
    dnsdist_start "$BATS_FILE_TMPDIR"
    jira_start "$BATS_FILE_TMPDIR"
    pushgateway_start "$BATS_FILE_TMPDIR"
    pool_add 192.0.2.1
    pool_add 192.0.2.2
    zone_list one.test 192.0.2.1
    rbldnsd_reload
    export DNS_TIMEOUT=2 DNS_CONCURRENCY=100
    # gone.test is nowhere, so that there are lookups without an answer; the second shard is not configured.
    DNSBL_ZONES=one.test,gone.test "$TOP/pipelines/dnsbl-monitor" >log
    DNSBL_ZONES='' SHARD_COUNT=2 JOB_COMPLETION_INDEX=1 run -78 "$TOP/pipelines/dnsbl-monitor"

    mkdir -p "$BATS_FILE_TMPDIR/prometheus"
    cp "$TOP/kubernetes/monitoring/alerts.yaml" "$BATS_FILE_TMPDIR/prometheus/alerts.yaml"
    {
        echo "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}"
        readme '^    rule_files' '- targets'
    } | sed "s|/etc/prometheus/dnsbl-alerts.yaml|alerts.yaml|; s|pushgateway:9091|${PUSHGATEWAY_URL#http://}|" \
        >"$BATS_FILE_TMPDIR/prometheus/prometheus.yml"
    promtool check config "$BATS_FILE_TMPDIR/prometheus/prometheus.yml"
    prometheus_start "$BATS_FILE_TMPDIR" "$BATS_FILE_TMPDIR/prometheus/prometheus.yml"
    wait_for 60 has_answer 'dnsbl_job_exit_status{job="dnsbl-monitor",shard="1"}'
    [ "$(answers 'dnsbl_last_success_timestamp_seconds{job="dnsbl-monitor",shard="0",kept="success",instance=""}')" -eq 1 ]

    "$CHECKS/monitoring.py" queries "$TOP" >asked
    "$CHECKS/monitoring.py" selectors "$TOP" | jq -R . >>asked
    [ "$(wc -l <asked)" -gt 40 ]
    bad=no
    while read -r query; do
        has_answer "$(jq -r . <<<"$query")" || { echo "finds nothing: $query" && bad=yes; }
    done <asked
    [ "$bad" = no ]

    wait_for 60 has_answer 'ALERTS{alertname="DnsblMonitorMisconfigured",alertstate="firing",job="dnsbl-monitor",shard="1"}'
    [ "$(answers 'ALERTS{alertstate="firing"}')" -eq 1 ]

    # The shard is given up, as README.md says.
    readme 'for shard in 2 3' '^    done' >commands
    grep -q amtool commands
    bash -c "$(sed 's/2 3;/1;/; /amtool/d' commands)"
    wait_for 60 eval '! has_answer "ALERTS{alertstate=\"firing\"}"'
    [ "$(answers 'dnsbl_job_exit_status')" -eq 1 ]
}
