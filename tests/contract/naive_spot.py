"""Naive twins of `detectors.spot`, and of the detectors that judge by its tails: one series each, plain Python."""

import math
from datetime import UTC, datetime

Triple = tuple[float, float, float]
SILENT = (1.0, 1.0, math.nan)


class NaivePeaks:
    """The largest of one number's history, in one sorted list."""

    def __init__(self, together: float = 1.0, shape: float = 0.0, belief: float = 0.0) -> None:
        self.together = together
        self.shape, self.belief = shape, belief
        self.largest: list[float] = []
        self.count = 0.0
        self.complete = -math.inf  # no number above this is missing from those that are not forgotten
        self.entry = -math.inf

    def tail(self, number: float) -> float:
        """Judge a number, then learn it."""
        p = self.odds(number)
        if number > self.entry:
            self.largest = sorted([*self.largest, number], reverse=True)[:65]
        self.count += 1.0
        if self.count >= 12_000:
            self.complete = self.largest[-1]
            self.entry = self.complete if len(self.largest) >= 39 else -math.inf
            self.largest = self.largest[1::2]
            self.count /= 2.0
        return p

    def odds(self, number: float) -> float:
        """Judge a number that did not come."""
        if self.count < 150:
            return 1.0
        reliable = sum(number >= self.complete for number in self.largest) - 1
        k = min(max(int(0.01 * self.count), 10), 64, max(reliable, 10), len(self.largest) - 1)
        rank = 1 + sum(peak >= number for peak in self.largest)
        if rank > k:
            return 1.0
        if 4 * rank > k:
            return rank / (self.count + 1.0)
        threshold = self.largest[k]
        excesses = sorted(peak - threshold for peak in self.largest[:k])
        mean = max(math.fsum(excesses) / k, 1e-6 * max(abs(threshold), 1e-12))
        # Hosking and Wallis 1987: b is the mean of x (1 - F(x)), the shape 2 - mean / (mean - 2 b)
        b = math.fsum(x * (1.0 - (rank - 0.35) / k) for rank, x in enumerate(excesses, 1)) / k
        shape = 2.0 - mean / max(mean - 2.0 * b, 1e-6 * mean)
        known = k / self.together + self.belief
        shape += (self.shape - shape) * self.belief / known
        beyond = predictive((number - threshold) / mean, shape, known)
        return max(k / self.count * min(beyond, 0.25), 1e-10)


def predictive(excess: float, shape: float, number: float) -> float:
    """Average the Pareto tails of five shapes and means: 0 to 2.86 standard errors from the estimates of so many."""
    s = max(min(shape, 0.4), -1.0)
    # asymptotic variances of the mean excess, relative, and of the shape by probability-weighted moments
    of_mean = 1.0 / (1.0 - 2.0 * s) / number
    of_shape = (1.0 - s) * (2.0 - s) ** 2 * (1.0 - s + 2.0 * s**2) / ((1.0 - 2.0 * s) * (3.0 - 2.0 * s)) / number
    # the roots of x^5 - 10 x^3 + 15 x, and what makes a sum over them exact for a normal's first nine moments
    roots = {0.0: 8 / 15}
    for sign in (-1.0, 1.0):
        roots[math.sqrt(5.0 + sign * math.sqrt(10.0))] = (7.0 - sign * 2.0 * math.sqrt(10.0)) / 60.0
    total = 0.0
    for root, weight in roots.items():
        for error in {root, -root}:
            bent = max(min(shape + error * math.sqrt(of_shape), 0.8), -1.0)
            bent = 1e-3 if abs(bent) < 1e-3 else bent
            scale = math.exp(error * math.sqrt(of_mean)) * (1.0 - bent)
            inside = max(1.0 + bent * excess / scale, 1e-15)
            total += weight * math.exp(-math.log(inside) / bent)
    return total


class NaiveFade:
    """A mean whose weights fade."""

    def __init__(self, memory: float) -> None:
        self.keep = 1.0 - 1.0 / memory
        self.mean = self.weight = 0.0

    def learn(self, value: float) -> float:
        """Return the mean with one more value."""
        self.weight = self.weight * self.keep + 1.0
        self.mean += (value - self.mean) / self.weight
        return self.mean


def snapped(residual: float, *sizes: float) -> float:
    """Return zero for what is only rounding."""
    return 0.0 if abs(residual) <= 1e-9 * max(abs(size) for size in sizes) else residual


class NaiveSpot:
    """Values by their own tails."""

    def __init__(self) -> None:
        self.high, self.low = NaivePeaks(), NaivePeaks()

    def observe(self, at_ms: int, local_ms: int, value: float) -> Triple:
        """Score one value, then learn it."""
        del at_ms, local_ms
        if not abs(value) <= 1e150:
            return SILENT
        ready = self.high.count >= 150
        usual = min(max(value, -self.low.largest[10]), self.high.largest[10]) if ready else math.nan
        return self.high.tail(value), self.low.tail(-value), usual


class NaiveDaily:
    """Residuals from the time of day, kept as lists of faded visits."""

    def __init__(self) -> None:
        self.high, self.low = NaivePeaks(), NaivePeaks()
        self.bins: dict[tuple[str, int], tuple[float, float]] = {}
        self.last_ms: int | None = None
        self.count = 0
        self.level = 0.0

    def observe(self, at_ms: int, local_ms: int, value: float) -> Triple:
        """Score one value, then learn it."""
        if not abs(value) <= 1e150:
            return SILENT
        visit = 1.0 if self.last_ms is None else min((at_ms - self.last_ms) / 900_000, 1.0)
        self.last_ms = at_ms
        clock = datetime.fromtimestamp(local_ms / 1000, UTC)
        quarter = clock.hour * 4 + clock.minute // 15
        kind = "weekend" if clock.isoweekday() > 5 else "weekday"
        if self.count == 0:
            self.level = value
        expected = self.level
        for key in (("any", quarter), (kind, quarter)):
            total, visits = self.bins.get(key, (0.0, 0.0))
            expected = (total + expected) / (visits + 1.0)
            keep = 1.0 - visit * (1.0 - math.exp(-0.1))
            self.bins[key] = keep * total + visit * value, keep * visits + visit
        residual = snapped(value - expected, value, expected)
        ready = self.count >= 150
        self.count += 1
        self.level += (value - self.level) / min(self.count, 2000)
        return self.high.tail(residual), self.low.tail(-residual), expected if ready else math.nan


class NaiveShift:
    """A short average against a long one, of values of which only the logarithm counts beyond four usual deviations."""

    def __init__(self) -> None:
        self.high, self.low = NaivePeaks(), NaivePeaks()
        self.short, self.long, self.apart = NaiveFade(30.0), NaiveFade(1000.0), NaiveFade(1000.0)

    def observe(self, at_ms: int, local_ms: int, value: float) -> Triple:
        """Score one value, then learn it."""
        del at_ms, local_ms
        if not abs(value) <= 1e150:
            return SILENT
        ready = self.high.count >= 150
        expected = self.long.mean if self.long.weight else value
        apart, most = value - expected, 4.0 * self.apart.mean
        if abs(apart) > most > 0.0:
            apart = math.copysign(most + most * (math.log(abs(apart)) - math.log(most)), apart)
            value = expected + apart
        self.apart.learn(abs(apart))
        self.long.learn(value)
        short = self.short.learn(value)
        difference = snapped(short - expected, short, expected)
        return self.high.tail(difference), self.low.tail(-difference), expected if ready else math.nan


class NaiveActivity:
    """Mean steps, short against long."""

    def __init__(self) -> None:
        self.peaks = NaivePeaks(4.0)
        self.short, self.long = NaiveFade(50.0), NaiveFade(1000.0)
        self.before: float | None = None

    def observe(self, at_ms: int, local_ms: int, value: float) -> Triple:
        """Score one value, then learn it."""
        del at_ms, local_ms
        if not abs(value) <= 1e150:
            return SILENT
        ready = self.peaks.count >= 150
        before = value if self.before is None else self.before
        step = abs(value - before)
        short, long = self.short.learn(step), self.long.learn(step)
        least = 1e-3 * long + 1e-300
        ratio = math.log((short + least) / (long + least))
        self.before = value
        return self.peaks.tail(0.0 if abs(ratio) <= 1e-9 else ratio), 1.0, before if ready else math.nan


class NaiveEnvelope:
    """Records of one series, from all of its values and a list of how far its records reached on each side."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self.reaches: dict[str, list[tuple[float, float]]] = {"high": [], "low": []}  # as they are, times ln(n)

    def observe(self, at_ms: int, local_ms: int, value: float) -> Triple:
        """Score one value, then learn it."""
        del at_ms, local_ms
        if not abs(value) <= 1e150:
            return SILENT
        before = self.values
        self.values = [*before, value]
        if len(before) < 16:
            return SILENT
        lowest, highest = min(before), max(before)
        half = max(highest - lowest, 1e-9 * max(abs(lowest), abs(highest)), 1e-300) / 2.0
        p_high = self._record("high", (value - highest) / half)
        p_low = self._record("low", (lowest - value) / half)
        return (p_high, p_low, min(max(value, lowest), highest)) if len(before) >= 150 else SILENT

    def _record(self, side: str, excess: float) -> float:
        if excess <= 0.0:
            return 1.0
        n, past = len(self.values) - 1, self.reaches[side]
        reach = math.log1p(min(excess, 1e300))
        known = len(past) + 0.25
        steady, shrinking = (math.fsum(each[which] for each in past) + 0.05 for which in (0, 1))
        # the gamma prior's predictive survivals, of as many exponentials as there were records
        power_law = math.pow(1.0 + reach / steady, -known)
        light = math.pow(1.0 + reach * math.log(n) / shrinking, -known)
        # the mean of the shrinking ones above 0.7, by a logistic as wide as the normal error of a logarithm of a mean
        heavy = 1.0 / (1.0 + math.pow(0.7 * known / shrinking, 1.7 * math.sqrt(known)))
        past.append((min(reach, 2.0), min(reach, 2.0) * math.log(n)))
        return max((heavy * power_law + (1.0 - heavy) * light) / (n + 1), 1e-10)
