"""When a CronJob runs: its schedule, and whether the times in the manifests fit into the time between two runs."""

import re
import zoneinfo

from manifests import job_of, pod_of

MINUTES, HOURS = range(60), range(24)
TIME_ZONES = zoneinfo.available_timezones()
FIELDS = (("minute", MINUTES), ("hour", HOURS), ("day of the month", range(1, 32)), ("month", range(1, 13)),
          ("day of the week", range(7)))
PART = re.compile(r"(?:\*|(\d+)(?:-(\d+))?)(?:/(\d+))?")
# Seconds after RUN_DEADLINE for the image, the database (14 s of retries) and Jira (60 s).
ROOM = 180


def values_of(text, allowed):
    """The numbers that a field of crontab(5) stands for; ValueError if it is none."""
    values = set()
    for part in text.split(","):
        match = PART.fullmatch(part)
        if not match:
            raise ValueError(part)
        first, last, step = match.groups()
        low = allowed[0] if first is None else int(first)
        high = int(last or low) if first is not None and (last or not step) else allowed[-1]
        if low not in allowed or high not in allowed or low > high or step == "0":
            raise ValueError(part)
        values.update(range(low, high + 1, int(step or 1)))
    return values


def period_of(schedule):
    """Seconds between two runs; ValueError with what is wrong, also when they are not the same all the year."""
    texts = schedule.split()
    if len(texts) != len(FIELDS):
        raise ValueError(f"has {len(texts)} fields, not {len(FIELDS)}")
    values = []
    for text, (name, allowed) in zip(texts, FIELDS):
        try:
            values.append(values_of(text, allowed))
        except ValueError as error:
            raise ValueError(f"{error} is no {name}") from error
    if any(len(value) < len(allowed) for value, (_, allowed) in list(zip(values, FIELDS))[2:]):
        raise ValueError("does not run every day")
    times = sorted(hour * 60 + minute for hour in values[1] for minute in values[0])
    gaps = {(after - before) % 1440 or 1440 for before, after in zip(times, times[1:] + times[:1])}
    if len(gaps) > 1:
        raise ValueError("does not run at equal intervals")
    return 60 * gaps.pop()


def complaints(manifests):
    for variant, objects in manifests.variants().items():
        spec = objects["CronJob"]["spec"]
        try:
            period = period_of(spec["schedule"])
        except ValueError as error:
            yield f"{variant}: schedule: {error}"
            continue
        if spec.get("timeZone") not in TIME_ZONES:
            yield f"{variant}: timeZone: {spec.get('timeZone')} is not known to tzdata"
        yield from wrong_times(manifests, variant, objects, period)


def wrong_times(manifests, variant, objects, period):
    limit = job_of(objects).get("activeDeadlineSeconds", period)
    grace = pod_of(objects).get("terminationGracePeriodSeconds", 30)
    questions = int(manifests.data.get("RUN_DEADLINE", 0))
    if limit + grace >= period:
        yield f"{variant}: activeDeadlineSeconds: {limit} s and {grace} s of grace reach into the next run after {period} s"
    if questions == 0 or questions + ROOM > limit:
        yield f"{variant}: RUN_DEADLINE: {questions} s leave less than {ROOM} s of {limit} s for the database and Jira"
    if objects["CronJob"]["spec"].get("startingDeadlineSeconds", 0) not in range(10, period):
        yield f"{variant}: startingDeadlineSeconds: not between 10 s, at which CronJobs are looked at, and the period"
    if grace < 10:
        yield f"{variant}: terminationGracePeriodSeconds: {grace} s are less than the 10 s that a stop may take"
    for text in (f"every {period // 60} minutes", f"{objects['CronJob']['spec']['schedule']} ", f"timeout {limit / 60:g}m "):
        if text not in manifests.readme:
            yield f"{variant}: README.md does not say '{text.strip()}'"
