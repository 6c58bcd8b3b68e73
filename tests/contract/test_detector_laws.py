"""Every detector of the registry keeps every law; there is no way to opt out."""

import pytest

from detectors.registry import EVERY
from tests.contract.cases import CASES, Case
from tests.contract.laws import LAWS


def test_every_detector_of_the_registry_is_under_contract() -> None:
    """The names of the registry are the names of the cases, and of the detectors themselves."""
    assert [case.name for case in CASES] == sorted(EVERY)
    assert all(make().name == name for name, make in EVERY.items())


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(
    "case",  # all laws of a detector in one process, which works out its feed once
    [pytest.param(case, id=case.name, marks=pytest.mark.xdist_group(case.name)) for case in CASES],
)
def test_every_detector_keeps_the_law(case: Case, law: str) -> None:
    """What a law says and why stands in `tests.contract.laws`; that each can fail, in `test_laws_catch_mutants`."""
    LAWS[law](case)
