"""The labels of the real recordings: every one that is found must stay found, what was no event must stay quiet."""

import pytest

from tests.recordings.claims import CLAIMS, judge
from tests.recordings.labelled import ALL, CAMERAS, QUEUES, REPORTS, directory, labels, run
from tests.recordings.quiet import false_rate
from tests.recordings.waits import outcomes

needs_recordings = pytest.mark.skipif(
    directory() is None,
    reason="no recordings beside the checkout nor in RECORDINGS_DIR: only generated data are tested",
)


@needs_recordings
@pytest.mark.parametrize("recording", ALL)
def test_labels_are_answered_and_records_accounted_for(recording: str) -> None:
    """One test for each recording, so that each is read once, however tests are spread over processes.

    An answer is an incident of the label's rule, in its window, of its series; or silence where nothing happened.
    """
    result = run(recording)
    mine = [claim for claim in CLAIMS if labels()[claim.label].recording == recording]
    unanswered = {claim.label for claim in mine if not judge(claim, labels()[claim.label], result.incidents).met}
    assert unanswered == set()
    assert result.ledger.balanced
    assert result.ledger.accepted > 0.99 * result.ledger.records


@needs_recordings
@pytest.mark.parametrize(("recording", "most"), [(QUEUES, 1.0), (REPORTS, 1.0), (CAMERAS, 1.0)])
def test_false_incidents_on_quiet_stretches_do_not_grow(recording: str, most: float) -> None:
    """Per 100 series and week; measured 0.77, 0.3, 0.69. The goal is 1; docs/recordings-results.md counts by rule."""
    assert false_rate(recording).per_100_weeks <= most


@needs_recordings
def test_every_label_has_a_claim() -> None:
    """A label that nobody looks at would be no test."""
    assert {claim.label for claim in CLAIMS} == set(labels())


@needs_recordings
def test_predicted_waits_come_true() -> None:
    """Of a hundred who joined such a queue 98 waited a quarter of an hour, as their ticket's later call shows."""
    found = outcomes()
    checked = found.total() - found["unknown"]
    assert checked > 150
    assert found["long"] + found["never called"] > 0.95 * checked
    assert found["short"] < 0.03 * checked
