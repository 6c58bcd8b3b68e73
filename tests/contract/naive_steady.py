"""`steady` of one series, from its definition: all values are kept."""

import math
import statistics


class NaiveSteady:
    """One series."""

    def __init__(self) -> None:
        self._seen: list[float] = []

    def observe(self, at_ms: int, local_ms: int, value: float) -> tuple[float, float, float]:
        """Return both tails and what was expected, then keep the value."""
        del at_ms, local_ms
        if not abs(value) <= 1e100:
            return 1.0, 1.0, math.nan
        before, self._seen = self._seen, [*self._seen, value]
        if len(before) < 20:
            return 1.0, 1.0, math.nan
        mean = statistics.fmean(before)
        spread = math.sqrt(statistics.fmean((each - mean) ** 2 for each in before))
        z = (value - mean) / max(spread, 1e-9 * max(abs(mean), 1.0))
        p = 1.0 / (1.0 + min(abs(z), 1e6) ** 2)
        return (p, 1.0, mean) if z > 0.0 else (1.0, p, mean)
