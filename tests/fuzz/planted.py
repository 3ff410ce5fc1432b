"""Defects that are planted to see whether the targets find such: one for each, that its corpus reaches.

Each is a replacement in one source file, the product's own. A defect that cannot be planted any more is a failure,
and so is one that a target does not find.
"""

import shutil

DEFECTS = {  # target: (file, what stands there, what is planted, the defect)
    "addresses": ("common/ip.c", "sizeof ip->bytes - 4", "sizeof ip->bytes - 5",
                  "a mapped address keeps a byte of its prefix"),
    "answer": ("tools/dnsbl-probe/answer.c", "if (length > (size_t)(end - at))", "if (length > 300)",
               "a text that claims to be longer than its record"),
    "config": ("common/config.c", "config_problem(name, \"the file %s contains a NUL",
               "config_problem(NULL, \"the file %s contains a NUL", "a file with a NUL byte"),
    "decide": ("tools/dnsbl-decide/surge.c", "decision_hold(&decision);", "decision_hold(&decision), decision.listed = 0;",
               "a held address that is not LISTED"),
    "decision": ("tools/dnsbl-decide/decision.c", "evaluation->doubt += zone->negative;", "evaluation->doubt += 0;",
                 "an allowlist that is UNKNOWN is not weighed both ways"),
    "http": ("tools/jira-sync/http.c", "result == RESULT_UNKNOWN && !exchange->repeatable", "result == RESULT_UNKNOWN && 0",
             "a request that may have been carried out is sent again"),
    "intake": ("tools/dnsbl-probe/intake.c", "probe->taken += is_ip;", "probe->taken++;", "a record that is no address is counted"),
    "jira": ("tools/jira-sync/page.c", "*at == '{' && ", "*at == '}' && ", "a reason ends the block that it stands in"),
    "log-summary": ("tools/log-summary/summary.c", "summary->outcomes[FAILED] += lost;", ";",
                    "addresses that were lost are in no count"),
    "ndjson": ("common/ndjson_in.c", "in->scanned -= in->start;", ";", "what was moved is looked at no more"),
    "records": ("common/record.c", "&& !json_is_object(decision->update)", "&& 0", "an update that is no object"),
    "report": ("tools/dnsbl-report/html.c", "strcspn(text, \"&<>\\\"'\")", "strcspn(text, \"&>\\\"'\")",
               "what was read is markup in the page"),
    "text": ("common/text.c", "code >= 0x2028 && code <= 0x202e", "code >= 0x2028 && code <= 0x202d",
             "a bidirectional control is shown"),
    "zones": ("common/zones.c", "if (length == 0 || text[-1] == '-')", "if (text[-1] == '-')", "a domain with an empty label"),
}


def plant(tree, target):
    """Puts the defect into the sources below tree; returns what it is, and how it is taken out again."""
    path, before, after, what = DEFECTS[target]
    file = tree / path
    text = file.read_text()
    if text.count(before) != 1:
        raise ValueError(f"{path} holds {before!r} {text.count(before)} times")
    file.write_text(text.replace(before, after))
    return what, lambda: file.write_text(text)


def copy_sources(root, tree):
    """What is built, and where it would be built anew from, with its times."""
    shutil.rmtree(tree, ignore_errors=True)
    for name in ("common", "tools", "tests/fuzz", "tests/unit", "tests/bench"):
        shutil.copytree(root / name, tree / name, ignore=shutil.ignore_patterns("corpus"))
    shutil.copy2(root / "Makefile", tree / "Makefile")
