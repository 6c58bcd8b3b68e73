"""Every law can fail: a mistake planted in a detector that keeps all laws is caught by the law that is meant for it."""

import pytest

from tests.contract.cases import Case
from tests.contract.laws import LAWS, Law
from tests.contract.mutants import MUTANTS, Mutant, feed, naive
from tests.contract.steady import Steady


def broken(case: Case) -> set[Law]:
    """Return the laws that a case does not keep."""
    failed = set()
    for law in LAWS.values():
        try:
            law(case)
        except (AssertionError, ValueError, Warning, pytest.fail.Exception, IndexError):
            failed.add(law)
    return failed


def test_the_detector_without_a_mistake_keeps_every_law() -> None:
    """What mutants are made of is no reason to fail."""
    assert broken(Case("steady", Steady, feed, naive)) == set()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.made.__name__)
def test_a_mutant_breaks_its_law_and_no_other(mutant: Mutant) -> None:
    """But for those that can't be kept with its mistake: most mutants are caught by one law alone."""
    assert broken(mutant.case) == {mutant.breaks, *mutant.also}


def test_every_law_has_its_mutant() -> None:
    """A law that nothing can break would say nothing."""
    assert {mutant.breaks for mutant in MUTANTS} == set(LAWS.values())
