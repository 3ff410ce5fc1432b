"""The ConfigMap and the Secret: all variables that the programs document, and no other; and the lists of DNSBL_ZONES."""

import re

from manifests import PATTERN, environment_of

# Variables that stand neither in the ConfigMap nor in the Secret, not even as a comment.
ELSEWHERE = {
    "SHARD_COUNT": "sharded/cronjob.yaml sets it beside completions",
    "JOB_COMPLETION_INDEX": "Kubernetes sets it",
}
FILLED_IN = {"DB_HOST", "JIRA_SERVER", "JIRA_USER", "JIRA_PROJECT"}  # empty until the operator knows better

SITE = re.compile(r"(?:([\w.-]+):)?([^=*\s]+)(?:=([^*\s]+))?(?:\*(-?\d+))?")
LAST_OCTET = re.compile(r"127\.0\.0\.\[?([0-9;.]+)\]?")  # of 127.0.0.2 or 127.0.0.[2;4..7]
REASON = re.compile(r"^  #   (\S+) +(.+)$", re.MULTILINE)
WATCHED = re.compile(r"WATCH, then \*(\d+)")
DEAD = ("sorbs.net", "ix.dnsbl.manitu.net", "db.wpbl.info", "virbl.bit.nl", "dnsbl.cyberlogic.net", "dnsbl.inps.de",
        "ahbl.org", "anonmails.de", "spamcannibal.org", "spamdown.org")
COUNTED_TWICE = ("sbl.spamhaus.org", "xbl.spamhaus.org", "pbl.spamhaus.org", "sbl-xbl.spamhaus.org", "cbl.abuseat.org")
NEIGHBOURS = ("dnsbl-2.uceprotect.net", "dnsbl-3.uceprotect.net")
NOT_FOR_MAIL = ("backscatterer.org", "bl.score.senderscore.com")
OF_DOMAINS = ("dbl.spamhaus.org", "dbl.dq.spamhaus.net", "multi.surbl.org", "multi.uribl.com")
UNFIT = {"is dead": DEAD, "counts twice what zen has": COUNTED_TWICE, "blames the neighbours": NEIGHBOURS,
         "is not about spam, or needs a registration": NOT_FOR_MAIL, "lists domains": OF_DOMAINS}
ALLOWLISTS = ("list.dnswl.org",)
# Lists that have good marks as well: last octets that are bad ones.
BAD_MARKS = {"rep.mailspike.net": set(range(10, 13)), "hostkarma.junkemailfilter.com": {2, 4}}
EVERY_OCTET = set(range(256))


def complaints(manifests):
    for check in (wrong_variables, wrong_defaults, wrong_secrets, wrong_zones):
        yield from check(manifests)


def wrong_variables(manifests):
    given, commented, secret = set(manifests.data), set(manifests.commented), set(manifests.secret["stringData"])
    for name in sorted(given | commented):
        if name not in manifests.variables and name not in manifests.others:
            yield f"ConfigMap: no manual describes {name}"
        elif manifests.variables.get(name, {}).get("x-secret"):
            yield f"ConfigMap: {name} is a secret"
    for name in sorted(given & commented):
        yield f"ConfigMap: {name} stands there twice, once as a comment"
    for name in sorted(set(manifests.variables) - given - commented - secret - manifests.commented_secrets - set(ELSEWHERE)):
        yield f"ConfigMap: {name} stands neither there nor in the Secret"
    for name in sorted(set(ELSEWHERE) & (given | commented | secret)):
        yield f"ConfigMap: {name} does not belong there: {ELSEWHERE[name]}"
    for name, value in manifests.data.items():
        if value == "" and name not in FILLED_IN:
            yield f"ConfigMap: {name} is empty"


def wrong_defaults(manifests):
    for name, shown in manifests.commented.items():
        default = manifests.variables.get(name, {}).get("default")
        text = str(default).lower() if isinstance(default, bool) else str(default)
        if default is not None and shown != text:
            yield f"ConfigMap: the comment says {name}: {shown}, and the default is {text}"
    for name, value in manifests.data.items():
        default = manifests.variables.get(name, {}).get("default")
        if default is not None and value == str(default):
            yield f"ConfigMap: {name} is set to its default"
    limit = manifests.data.get("SURGE_LIMIT_PERCENT", "0")
    if not 0 < int(limit) <= 50:
        yield f"ConfigMap: SURGE_LIMIT_PERCENT: {limit} is no brake"
    if manifests.data.get("DNS_CONCURRENCY") != "100":
        yield "ConfigMap: DNS_CONCURRENCY: is not 100"


def wrong_secrets(manifests):
    secret = manifests.secret
    keys = set(secret["stringData"])
    named = set(PATTERN.findall(manifests.data["DNSBL_ZONES"]))
    for name, value in secret["stringData"].items():
        if value != "":
            yield f"secret.yaml: {name} is not empty"
        if not manifests.variables.get(name, {}).get("x-secret") and name not in named:
            yield f"secret.yaml: {name} is no secret of the programs', and DNSBL_ZONES does not name it"
    if "data" in secret:
        yield "secret.yaml: has data, which nobody can read over"
    for name in sorted(named - keys):
        yield f"DNSBL_ZONES: ${{{name}}} is not in the Secret"
    for variant, objects in manifests.variants().items():
        if "Secret" in objects:
            yield f"{variant}: would apply the template of the Secret over the real one"
        for name in environment_of(objects):
            if manifests.variables.get(name, {}).get("x-secret") or name in named:
                yield f"{variant}: env {name}: a secret stands in the environment"


def last_octets(filter_text):
    """The last octets that a filter names, of answers in 127.0.0.0/24."""
    if filter_text is None:
        return EVERY_OCTET
    octets = set()
    for part in LAST_OCTET.fullmatch(filter_text)[1].split(";"):
        first, _, last = part.partition("..")
        octets.update(range(int(first), int(last or first) + 1))
    return octets


def sites_of(text):
    """(name, domain, octets, weight) of each site; a key in a domain stays ${NAME}."""
    for site in text.split():
        label, domain, filter_text, weight = SITE.fullmatch(site).groups()
        yield label or domain, domain, last_octets(filter_text), int(weight or 1)


def is_below(domain, ends):
    return any(domain == end or domain.endswith("." + end) for end in ends)


def reasons_of(text):
    """The table above DNSBL_ZONES: what stands there beside each site's name."""
    return dict(REASON.findall(text))


def wrong_zones(manifests):
    sites = list(sites_of(manifests.data["DNSBL_ZONES"]))
    reasons = reasons_of(manifests.config_text)
    threshold = int(manifests.data.get("DNSBL_THRESHOLD", 1))
    for name in sorted({site[0] for site in sites} ^ set(reasons)):
        yield f"DNSBL_ZONES: {name}: " + ("has a reason, but is not there" if name in reasons else "its reason is not told")
    for name, domain, octets, weight in sites:
        for fault, domains in UNFIT.items():
            if is_below(domain, domains):
                yield f"DNSBL_ZONES: {name}: {domain} {fault}"
        if domain in ALLOWLISTS and weight != 0:
            yield f"DNSBL_ZONES: {name}: {domain} is an allowlist, and may only be watched"
        if not octets <= BAD_MARKS.get(domain, EVERY_OCTET):
            yield f"DNSBL_ZONES: {name}: {domain} has good marks, too, and the filter takes them"
        if WATCHED.search(reasons.get(name, "")) and weight != 0:
            yield f"DNSBL_ZONES: {name}: is to be watched first, and has the weight {weight}"
        if weight not in range(threshold + 1):
            yield f"DNSBL_ZONES: {name}: the weight {weight} is not between 0 and the threshold"
    if not any(weight == threshold for *_, weight in sites):
        yield f"DNSBL_ZONES: no site reaches the threshold {threshold}"
    for i, (name, domain, octets, _) in enumerate(sites):
        for other, other_domain, other_octets, _ in sites[:i]:
            if same_list(domain, other_domain) and octets & other_octets:
                yield f"DNSBL_ZONES: {name}: counts {sorted(octets & other_octets)} twice, as {other} does"


def same_list(one, other):
    """Spamhaus' zen is one list, with a key and without."""
    zen = ("zen.spamhaus.org", "zen.dq.spamhaus.net")
    return one == other or (is_below(one, zen) and is_below(other, zen))
