"""Defects that are planted to see whether the targets find such: one for each, that its corpus reaches.

Each is a replacement in one source file, the product's own. A defect that cannot be planted any more is a failure,
and so is one that a target does not find.
"""

import shutil
from contextlib import contextmanager
from typing import NamedTuple


class Defect(NamedTuple):
    what: str
    file: str
    before: str  # what stands there, once
    after: str  # what is planted


DEFECTS = {
    "addresses": Defect(
        "a mapped address keeps a byte of its prefix",
        "common/ip.c",
        "sizeof ip->bytes - 4",
        "sizeof ip->bytes - 5"),
    "answer": Defect(
        "a text that claims to be longer than its record",
        "tools/dnsbl-probe/answer.c",
        "if (length > (size_t)(end - at))",
        "if (length > 300)"),
    "config": Defect(
        "the newline at the end of a file is part of the value",
        "common/config.c",
        "if (length > 0 && value[length - 1] == '\\n')",
        "if (0)"),
    "decide": Defect(
        "a held address that is not LISTED",
        "tools/dnsbl-decide/decision.c",
        "    decision->listed = true;\n",
        "    decision->listed = false;\n"),
    "decision": Defect(
        "an allowlist that is UNKNOWN is not weighed both ways",
        "tools/dnsbl-decide/decision.c",
        "evaluation->doubt += zone->negative;",
        "evaluation->doubt += 0;"),
    "http": Defect(
        "a request that may have been carried out is sent again",
        "tools/jira-sync/http.c",
        "result == RESULT_UNKNOWN && !exchange->repeatable",
        "result == RESULT_UNKNOWN && 0"),
    "intake": Defect(
        "a record that is no address is counted",
        "tools/dnsbl-probe/intake.c",
        "probe->taken += is_ip;",
        "probe->taken++;"),
    "jira": Defect(
        "a dry run writes",
        "tools/jira-sync/step.c",
        "if (sync->dry_run && job->action >= PLAN_CREATE)",
        "if (0)"),
    "log-summary": Defect(
        "addresses that were lost are in no count",
        "tools/log-summary/summary.c",
        "summary->outcomes[FAILED] += lost;",
        ";"),
    "ndjson": Defect(
        "what was moved is looked at no more",
        "common/ndjson_in.c",
        "in->scanned -= in->start;",
        ";"),
    "records": Defect(
        "an update that is no object",
        "common/record.c",
        "&& !json_is_object(decision->update)",
        "&& 0"),
    "report": Defect(
        "what was read is markup in the page",
        "tools/dnsbl-report/html.c",
        "strcspn(text, \"&<>\\\"'\")",
        "strcspn(text, \"&>\\\"'\")"),
    "text": Defect(
        "a bidirectional control is shown",
        "common/text.c",
        "{0x2028, 0x202e}",
        "{0x2028, 0x202d}"),
    "zones": Defect(
        "what an allowlist takes off is forgotten",
        "common/zones.c",
        "zone->negative += site->weight;",
        ";"),
}


@contextmanager
def plant(tree, target):
    """The sources below tree with the defect of a target; gives the file that has it."""
    defect = DEFECTS[target]
    file = tree / defect.file
    text = file.read_text()
    if text.count(defect.before) != 1:
        raise ValueError(f"{defect.file} holds {defect.before!r} {text.count(defect.before)} times")
    file.write_text(text.replace(defect.before, defect.after))
    try:
        yield defect.file
    finally:
        file.write_text(text)


def copy_sources(root, tree):
    """What is built, and where it would be built anew from, with its times."""
    shutil.rmtree(tree, ignore_errors=True)
    for name in ("common", "tools", "tests/fuzz", "tests/unit", "tests/bench"):
        shutil.copytree(root / name, tree / name, ignore=shutil.ignore_patterns("corpus"))
    shutil.copy2(root / "Makefile", tree / "Makefile")
