# The manifests in kubernetes/: what a cluster would refuse, what it would take and do wrong, and that the checks notice.

bats_require_minimum_version 1.5.0

setup_file() {
    export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build}
    export TOP=$BATS_TEST_DIRNAME/.. CHECKS=$BATS_TEST_DIRNAME/support/manifests
    export TYPES=$BATS_FILE_TMPDIR/package
    "$BATS_TEST_DIRNAME/support/kubernetes-types" "$BATS_FILE_TMPDIR"
}

setup() { cd "$BATS_TEST_TMPDIR" || return; }

# container_environment: leaves the container's variables in `environment`, with the template's Secret in secrets/.
container_environment() {
    mkdir secrets
    mapfile -t -d '' environment < <("$CHECKS/check.py" environment "$TOP/kubernetes" secrets)
    [ "${#environment[@]}" -gt 10 ]
}

# check_job VARIABLE...: dnsbl-monitor --check in that environment, what it says in file err.
check_job() {
    local status=0
    env -i PATH="$PATH" BUILD="$BUILD" "${environment[@]}" "$@" "$TOP/pipelines/dnsbl-monitor" --check 2>err >out </dev/null ||
        status=$?
    echo "$status"
}

# What is empty in the ConfigMap because only the operator knows it.
known=(DB_HOST=db.example JIRA_SERVER=https://jira.example JIRA_PROJECT=OPS)

@test "nothing is wrong with the manifests" {
    run -0 "$CHECKS/check.py" "$TYPES" "$TOP/kubernetes"
    [ -z "$output" ]
}

@test "each check can fail: mutants of the manifests are complained of" {
    run -0 "$CHECKS/mutants.py" "$TYPES" "$TOP/kubernetes" "$CHECKS/mutants.table"
    [[ $output == *" mutants, 0 problems" ]]
}

@test "types that are not Kubernetes' or cannot be read are an error, not a clean bill" {
    mkdir none
    run -1 "$CHECKS/check.py" none "$TOP/kubernetes"
    [[ $output == *"these are not the types of Kubernetes"* ]]
    cp -r "$TYPES" strange
    echo 'export class Pod {}' >>strange/core/v1.d.ts
    run -1 "$CHECKS/check.py" strange "$TOP/kubernetes"
    [[ $output == *"core/v1: cannot read export class Pod"* ]]
}

@test "a package that is not the one meant is refused" {
    mkdir -p registry/kubernetes-types/-
    echo "something else" >registry/kubernetes-types/-/kubernetes-types-1.30.0.tgz
    run -65 env BUILD="$PWD/empty" npm_config_registry="file://$PWD/registry" "$BATS_TEST_DIRNAME/support/kubernetes-types" out
    [[ $output == *"is not the package"* ]]
    [ -z "$(ls empty)" ]
}

@test "as they come, the manifests start nothing, and the job names all that is to be filled in" {
    container_environment
    [ "$(check_job)" = 78 ]
    for name in DB_HOST DB_PASSWORD JIRA_SERVER JIRA_PROJECT JIRA_API_TOKEN SPAMHAUS_KEY ABUSIX_KEY; do
        grep -q "$name" err || { echo "$name is not named" >&2 && cat err >&2 && false; }
    done
    run ! grep -E '"variable":"(DB_USER|DB_NAME|JIRA_ISSUE_TYPE|DNS_|RUN_|SURGE_)' err
}

@test "filled in, they pass the check of every program" {
    container_environment
    for name in DB_PASSWORD JIRA_API_TOKEN SPAMHAUS_KEY ABUSIX_KEY; do echo sesame >"secrets/$name"; done
    [ "$(check_job "${known[@]}")" = 0 ] || { cat err >&2 && false; }
    [ "$(check_job "${known[@]}" DNS_RESOLVERS=nonsense)" = 78 ]
}

@test "without keys they do as the ConfigMap says: the public zen, no Abusix" {
    container_environment
    for name in DB_PASSWORD JIRA_API_TOKEN; do echo sesame >"secrets/$name"; done
    rm secrets/SPAMHAUS_KEY secrets/ABUSIX_KEY
    zones=$(printf '%s\n' "${environment[@]}" | grep '^ *[A-Z0-9]*:\|^DNSBL_ZONES=' | sed 's/^DNSBL_ZONES=//; /^ABX:/d; s/${SPAMHAUS_KEY}.zen.dq.spamhaus.net/zen.spamhaus.org/')
    [[ $zones == SBL:zen.spamhaus.org=127.0.0.2* && $zones != *'$'* ]]
    [ "$(check_job "${known[@]}" DNSBL_ZONES="$zones")" = 0 ] || { cat err >&2 && false; }
}

@test "each program takes the variables of the ConfigMap that are commented out, as it shows them" {
    container_environment
    for name in DB_PASSWORD JIRA_API_TOKEN SPAMHAUS_KEY ABUSIX_KEY; do echo sesame >"secrets/$name"; done
    mapfile -t shown < <(sed -nE "s/^  # ([A-Z][A-Z0-9_]*): (.*)$/\1=\2/p" "$TOP/kubernetes/base/configmap.yaml" |
        sed -E "s/=(['\"])(.*)\1$/=\2/")
    [ "${#shown[@]}" -gt 10 ]
    [ "$(check_job "${known[@]}" "${shown[@]}")" = 0 ] || { cat err >&2 && false; }
}
