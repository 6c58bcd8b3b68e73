"""Drifts of shares and gauges away from the mean of a long history, by the Page-Hinkley test with learned tails."""

from typing import NamedTuple

from detectors import excursions, standardise
from detectors.cumulative import CumulativeBank, Sums

_QUIET = excursions.Prior(0.018, 0.9)  # of generated gauges: 1.8 to 2.2 % of time, 0.88 to 0.94 nats


class PageHinkleyParameters(NamedTuple):
    """Parameters of `PageHinkley`.

    Attributes
    ----------
    tolerance_sd : float
        Departures from the mean that are no drift, in standard deviations.
    quiet_observations : float
        Length of history before which nothing is said.
    level_memory, noise_memory : float
        Memory of the mean and of the noise, in observations (e-fold).
    clip_sd : float
        A residual counts for at most this many standard deviations: one outlier is no drift.
    least_relative_sd : float
        Floor of the noise relative to the mean's size: rounding is no noise.
    """

    tolerance_sd: float = 0.2
    quiet_observations: float = 200.0
    level_memory: float = 2000.0
    noise_memory: float = 1000.0
    clip_sd: float = 3.0
    least_relative_sd: float = 1e-3

    def validated(self) -> "PageHinkleyParameters":
        """Return self; raise ValueError naming the parameter that is out of range."""
        for name, value in self._asdict().items():
            if not value > 0.0:
                raise ValueError(f"pagehinkley.{name} must be above 0, is {value}")
        if self.tolerance_sd >= self.clip_sd:
            raise ValueError(
                f"pagehinkley.tolerance_sd must be below clip_sd = {self.clip_sd}, or nothing adds up; "
                f"is {self.tolerance_sd}"
            )
        return self


class PageHinkley(CumulativeBank):
    """The test of Page (1954) and Hinkley (1971, doi:10.1093/biomet/58.3.509) for a drift of the mean, up or down.

    The test's statistic, the distance of the sum of residuals less a tolerance from its least value so far, is the
    cumulative sum that restarts at 0, and is worked out as such. What makes it Page-Hinkley is the mean of a long
    history, four times that of `Cusum`, and a small tolerance: it finds drifts half as large, later. In nats the
    tolerance is half of the shift that the likelihood ratio is for. Tails mean what they mean in `Cusum`.

    Examples
    --------
    >>> import numpy as np
    >>> from detectors.arrays import Block
    >>> bank = PageHinkley()
    >>> bank.resize(1)
    >>> at = np.arange(1000) * 60_000
    >>> share = 0.9 + 0.02 * np.sin(np.arange(1000.0) * 1.7)
    >>> share[800:] -= np.linspace(0.0, 0.04, 200)
    >>> scores = bank.update(Block(np.zeros(1000, np.int64), at, at, share))
    >>> bool(scores.p_low[-1] < 1e-6), bool(scores.p_low[:800].min() > 0.01)
    (True, True)
    """

    name = "pagehinkley"
    version = 2

    def __init__(self, parameters: PageHinkleyParameters | None = None) -> None:
        self.parameters = (parameters or PageHinkleyParameters()).validated()
        tolerance_sd, quiet, *memory = self.parameters
        super().__init__(Sums(2.0 * tolerance_sd, quiet, standardise.Memory(*memory), _QUIET))
