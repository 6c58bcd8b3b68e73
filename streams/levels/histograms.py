"""Counts observations into buckets until they are handed out."""

from bisect import bisect_left

from streams.measures import Labels, Waits


class Histograms:
    """Observations of one family by their labels.

    Examples
    --------
    >>> waits = Histograms((900.0, 1800.0))
    >>> for seconds in (10.0, 900.0, 901.0):
    ...     waits.observe(("11", "03127"), seconds)
    >>> waits.taken(), waits.taken()
    ({('11', '03127'): Waits(buckets=(2, 1, 0), total=1811.0)}, {})
    """

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._told: dict[Labels, tuple[list[int], float]] = {}

    def observe(self, labels: Labels, value: float) -> None:
        """Count a value; one at the edge of a bucket is in it."""
        buckets, total = self._told.get(labels) or ([0] * (len(self._bounds) + 1), 0.0)
        buckets[bisect_left(self._bounds, value)] += 1
        self._told[labels] = buckets, total + value

    def taken(self) -> dict[Labels, Waits]:
        """Return what was observed since the last call."""
        told = {labels: Waits(tuple(buckets), total) for labels, (buckets, total) in self._told.items()}
        self._told = {}
        return told
