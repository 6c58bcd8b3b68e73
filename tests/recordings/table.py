"""Prints what is found, missed and made up in each recording as the markdown page docs/recordings-results.md.

python -m tests.recordings.table > docs/recordings-results.md
"""

import sys
from datetime import timedelta

from tests.recordings.claims import CLAIMS, Verdict, judge
from tests.recordings.labelled import ALL, QUEUES, Found, Label, labels, run
from tests.recordings.quiet import sentence as false_sentence
from tests.recordings.waits import sentence

_HEAD = """# What is found in the real recordings

Printed by `python -m tests.recordings.table`; the recordings and `labels.csv` are no part of this repository
(`RECORDINGS_DIR` names their directory). The demands are in `tests/recordings/claims.py`: a label is *found* when an
incident of the right rule and series lies in its window, *quiet* when nothing was found where nothing happened.
Delay is from the label's start to the first telling, in event time; negative where that came before the label's start.
One configuration, the defaults, but for the public holidays of each recording's place (`site.country`,
`site.subdivision`); no recording was looked at ahead of its time.

A stretch is *quiet* outside the labels' windows (of a label about one sensor or office: for that one), public holidays
and days on which the clock changes; an incident belongs to the day on which it starts. On such a stretch an incident is
false unless later numbers confirm it: a predicted wait by the call of the ticket, a standstill by half an hour without,
an outage by half an hour without any reading of its offices, at a time of day at which they are heard on most days, a
dead sensor by a day and a night without a count.
"""


def main() -> int:
    """Print the page."""
    lines = [_HEAD]
    for recording in ALL:
        lines += _section(recording)
    sys.stdout.write("\n".join(lines))
    return 0


def _section(recording: str) -> list[str]:
    result = run(recording)
    lines = [
        f"## {recording}",
        "",
        f"{result.ledger.line()}.",
        "",
        "| label | what | result | delay | incidents |",
        "|---|---|---|---|---|",
    ]
    explained: set[int] = set()
    for claim in CLAIMS:
        label = labels()[claim.label]
        if label.recording != recording:
            continue
        verdict = judge(claim, label, result.incidents)
        if not claim.absent:
            explained |= {id(each) for each in verdict.incidents}
        lines.append(_row(label, verdict, absent=claim.absent))
    lines += ["", *_rest([each for each in result.incidents if id(each) not in explained], result.incidents)]
    lines.append(false_sentence(recording))
    return [*lines, sentence(), ""] if recording == QUEUES else [*lines, ""]


def _row(label: Label, verdict: Verdict, *, absent: bool) -> str:
    words = {(False, True): "found", (False, False): "**missed**", (True, True): "quiet", (True, False): "**made up**"}
    word = words[absent, verdict.met]
    return f"| {label.name} | {label.what} | {word} | {_delay(verdict.delay)} | {len(verdict.incidents) or ''} |"


def _delay(delay: timedelta | None) -> str:
    """Return a delay as people read it.

    Examples
    --------
    >>> _delay(timedelta(hours=30)), _delay(timedelta(minutes=-90))
    ('1.2 d', '-1.5 h')
    """
    if delay is None:
        return ""
    hours = delay / timedelta(hours=1)
    return f"{hours / 24:.1f} d" if abs(hours) >= 24 else f"{hours:.1f} h"


def _rest(unexplained: list[Found], incidents: tuple[Found, ...]) -> list[str]:
    days = max((max(each.told for each in incidents) - min(each.told for each in incidents)) / timedelta(days=1), 1.0)
    by_rule: dict[str, int] = {}
    for each in unexplained:
        by_rule[each.rule] = by_rule.get(each.rule, 0) + 1
    shares = ", ".join(f"{rule} {count}" for rule, count in sorted(by_rule.items(), key=lambda pair: -pair[1]))
    rate = f"{len(unexplained) / days:.2f} a day"
    text = f"{len(unexplained)} of {len(incidents)} incidents are explained by no label, {rate}"
    return [f"{text}: {shares}." if shares else f"{text}."]


if __name__ == "__main__":
    sys.exit(main())
