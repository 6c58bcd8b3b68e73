"""Detectors that each break a law, which law that is, and the short feed on which they do."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from detectors.arrays import Block
from tests.contract import feeds, laws
from tests.contract import mutants_of_banks as banks
from tests.contract import mutants_of_scores as scores
from tests.contract.blocks import AnyBlock
from tests.contract.cases import Case, Triple
from tests.contract.naive_steady import NaiveSteady
from tests.contract.steady import Steady

_STEPS = 120


class Mutant(NamedTuple):
    """A mistake, the law that it is planted for, and those that can't be kept with it."""

    made: type[Steady]
    breaks: laws.Law
    also: tuple[laws.Law, ...] = ()

    @property
    def case(self) -> Case:
        """Return it as a case; its twin makes the same mistake, as when one hand writes both, but for that law."""
        honest = self.breaks is laws.it_equals_its_naive_twin
        return Case(self.made.__name__, self.made, feed, naive if honest else _itself(self.made))


@cache
def feed() -> feeds.Feed:
    """Return a short feed: noise of several levels, an outlier each, gaps, repeated times, NaN."""
    rng = np.random.default_rng(31)
    value = rng.normal(0.0, 1.0, (_STEPS, feeds.SERIES)) + np.array([0.0, 5.0, -40.0, 1e3, 2.0, 0.1])
    value[90] += np.array([60.0, -60.0, 80.0, 90.0, -70.0, 60.0])
    value[30, 2] = value[50, 4] = np.nan
    keep = rng.random(value.shape) > 0.05
    step, series = np.nonzero(keep)
    at_ms = feeds.START + (step - (step == 40)) * feeds.HOUR
    return feeds.Feed(Block(series, at_ms, at_ms + feeds.OFFSET, value[keep]))


def _itself(made: type[Steady]) -> Callable[[AnyBlock], list[Triple]]:
    def run(block: AnyBlock) -> list[Triple]:
        detector: Any = made()
        detector.resize(feeds.SERIES)
        said = detector.update(block)
        return list(zip(*(column.tolist() for column in said), strict=True))

    return run


def naive(block: AnyBlock) -> list[Triple]:
    """Score with the twin of `steady`."""
    twins = [NaiveSteady() for _ in range(feeds.SERIES)]
    columns = (column.tolist() for column in block)
    return [twins[series].observe(*rest) for series, *rest in zip(*columns, strict=True)]


_RESUMED = (
    laws.permuting_series_permutes_scores,
    laws.state_and_load_in_mid_stream_change_nothing,
    laws.growing_in_mid_stream_changes_nothing,
)
"""Laws that compare a feed in two blocks, the second after a load, with one in one block."""

MUTANTS = (
    Mutant(scores.LearnsFirst, laws.what_is_expected_was_known_before),
    Mutant(scores.Unbiased, laws.it_equals_its_naive_twin),
    Mutant(scores.Mute, laws.its_feed_makes_it_speak),
    Mutant(scores.Certain, laws.probabilities_are_probabilities, (laws.it_equals_its_naive_twin,)),
    Mutant(scores.AboveOne, laws.probabilities_are_probabilities, (laws.extreme_values_raise_no_warning,)),
    Mutant(scores.Single, laws.probabilities_are_probabilities),
    Mutant(
        scores.LearnsAfterTheBlock,
        laws.splitting_a_block_changes_nothing,
        (laws.its_feed_makes_it_speak, *_RESUMED),
    ),
    Mutant(scores.Spaced, laws.splitting_a_block_changes_nothing),
    Mutant(
        scores.BlockMaximum,
        laws.the_future_does_not_change_the_past,
        (laws.splitting_a_block_changes_nothing, laws.a_series_scores_the_same_alone),
    ),
    Mutant(
        scores.NextValue,
        laws.the_future_does_not_change_the_past,
        (laws.a_series_scores_the_same_alone, laws.nan_is_neutral_and_touches_no_other),
    ),
    Mutant(scores.OddRows, laws.permuting_series_permutes_scores),
    Mutant(scores.Pooled, laws.a_series_scores_the_same_alone),
    Mutant(scores.NeverStill, laws.a_constant_series_is_silent),
    Mutant(scores.Overflows, laws.extreme_values_raise_no_warning),
    Mutant(
        banks.Forgetful,
        laws.state_and_load_in_mid_stream_change_nothing,
        (laws.what_is_expected_was_known_before, laws.splitting_a_block_changes_nothing, _RESUMED[0], _RESUMED[2]),
    ),
    Mutant(banks.Sharing, laws.state_and_load_in_mid_stream_change_nothing),
    Mutant(banks.Adding, laws.state_and_load_in_mid_stream_change_nothing),
    Mutant(banks.GrowingAnew, laws.growing_in_mid_stream_changes_nothing),
    Mutant(banks.GrowingWarm, laws.growing_in_mid_stream_changes_nothing),
    Mutant(banks.NanIsZero, laws.nan_is_neutral_and_touches_no_other),
    Mutant(banks.NanIsTold, laws.nan_is_neutral_and_touches_no_other),
    Mutant(
        banks.NanHitsTheNextRow,
        laws.nan_is_neutral_and_touches_no_other,
        (laws.splitting_a_block_changes_nothing, *_RESUMED),
    ),
    Mutant(banks.Writes, laws.inputs_are_not_written),
    Mutant(banks.EmptyFails, laws.an_empty_block_is_fine),
    Mutant(banks.Casts, laws.wrong_blocks_are_refused_by_name),
    Mutant(banks.Wraps, laws.wrong_blocks_are_refused_by_name),
    Mutant(banks.Sorts, laws.wrong_blocks_are_refused_by_name),
    Mutant(banks.LearnsThenRefuses, laws.wrong_blocks_are_refused_by_name),
    Mutant(banks.Shrinks, laws.a_bank_only_grows),
    Mutant(banks.LoadsAnything, laws.foreign_states_are_refused_by_name),
)
