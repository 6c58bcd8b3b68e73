"""docs/detectors.md tells of every detector as it is, with a picture on which it speaks."""

import re
from pathlib import Path

import numpy as np
import pytest

from detectors.level import LevelParameters
from detectors.registry import EVERY
from streams.banks.watching import Watching
from streams.topics import ANOMALIES, SOURCES
from tests.pages.detectors import PAGE, PICTURES, ROOT, SCENES, page
from tests.pages.parameters import parameters_of
from tests.pages.watched import Watched, watched

_MOST_BYTES = 60_000


def test_the_page_is_what_registry_and_docstrings_say() -> None:
    """A changed docstring, default or state, or a new detector, needs `make docs`."""
    assert PAGE.read_text(encoding="utf-8") == page(), "docs/detectors.md is older than the detectors: run `make docs`"


def test_every_detector_has_one_picture_of_bearable_size() -> None:
    """Only existence and size are held: how pixels fall depends on the version of matplotlib."""
    sizes = {picture.name: picture.stat().st_size for picture in PICTURES.iterdir()}
    assert set(sizes) == {f"{name}.png" for name in EVERY}
    assert all(0 < size <= _MOST_BYTES for size in sizes.values()), sizes


def test_every_link_of_the_page_leads_to_a_file_or_a_chapter() -> None:
    """Anchors are made as GitHub makes them: lower case, punctuation gone, blanks as hyphens."""
    text = PAGE.read_text(encoding="utf-8")
    headings = re.findall(r"^##? (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for target in re.findall(r"\]\((?!https:)([^)]+)\)", text):
        inside = target.removeprefix("#")
        assert inside in anchors if target.startswith("#") else (PAGE.parent / target).exists(), target


@pytest.mark.parametrize("name", sorted(EVERY))
def test_each_picture_shows_the_detector_speak_in_the_event_and_not_before(name: str) -> None:
    """In the event the tail is below 10⁻³, and a tenth or less of what it ever was before."""
    scene = SCENES[name]()
    first, last = scene.event
    quiet, event = scene.p[:first].min(), scene.p[first : last + 1].min()
    assert event < 1e-3
    assert event <= 0.1 * quiet
    assert len(scene.p) == len(scene.at_ms) == len(scene.value) == len(scene.expected)
    assert (np.diff(scene.at_ms) >= 0).all()


def test_every_policy_and_every_source_topic_is_told() -> None:
    """A policy that no line names would not be used."""
    lines = watched(Watching())
    assert {line.policy for line in lines} - {None} == set(Watching().policies)
    assert {line.topic for line in lines} == {*SOURCES, ANOMALIES}
    assert Watched("ioc.field-reports", "report.count", "reports", "rare", "report_surge", "surges") in lines
    assert Watched("ioc.camera-events", "camera.signal", "camera_signals", "silence", "silent", None) in lines


def test_a_parameter_without_a_meaning_is_refused() -> None:
    """The message names class and parameter."""

    class Bare(LevelParameters):
        """Says nothing of its fields."""

    with pytest.raises(ValueError, match=r"Bare: quiet_observations, level_memory, .* not under Attributes"):
        list(parameters_of(Bare()))


def test_pictures_are_no_need_of_a_worker() -> None:
    """Only requirements/dev.in names matplotlib; the worker's lock is free of it."""
    assert "matplotlib" not in Path(ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
