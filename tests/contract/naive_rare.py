"""Naive twin of `RareCounts`: one series, plain Python, every empty day learned one by one."""

import math

from scipy import special

from tests.contract.naive_peaks import NaivePeaks

HOUR = 3_600_000
DAY = 24 * HOUR
SHAPE = [0.3] * 7 + [1.2] + [1.7] * 9 + [1.3] * 3 + [0.7] * 2 + [0.3] * 2
FADE, SLOW, YEAR = math.exp(-1 / 28), math.exp(-1 / 60), math.exp(-1 / 365)


class NaiveRare:
    """One series of rare counts."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.pane = -(10**9)
        self.day = self.born = 0
        self.today = 0.0
        self.began = 0.0
        self.rate = [0.0, 1.0]
        self.noise = [0.0, 0.0]
        self.clump = [0.0, 0.0]
        self.pairs = 0.0
        self.hours = [0.0] * 24
        self.weekdays = [0.0] * 7
        self.panes: dict[int, float] = {}
        self.least = NaivePeaks(200.0, math.exp(-5.5), 40.0, 0.993)
        self.window: tuple[float, float, float] = (math.nan, math.nan, math.nan)

    def observe(self, at_ms: int, local_ms: int, value: float) -> tuple[float, float, float]:
        """Score one pane's count, then learn it."""
        self.window = (math.nan, math.nan, math.nan)
        if not 0.0 <= value <= 1e9:
            return 1.0, 1.0, math.nan
        hour, day = local_ms // HOUR, local_ms // DAY
        if self.first is None:
            self.first, self.day, self.began = at_ms, day, hour % 24 / 24
            self.born, self.pane = day if hour % 24 == 0 else day + 1, at_ms // HOUR
        if self.day < day:
            self._close(day)
        last, self.pane = self.pane, max(self.pane, at_ms // HOUR)
        before = self.panes.get(self.pane, 0.0)
        self.panes[self.pane] = after = before + value
        self.pairs += after * (after - 1) - before * (before - 1)
        shares = self._shares()
        daily = (self.rate[0] + 0.5) / self.rate[1]
        daily_noise = 1 + self._spread() * daily  # variance of a mean day's reports over their number
        ready = at_ms - self.first >= 10 * DAY
        tails, pane_mean = [], 0.0
        for width in (1, 3, 6, 12, 24):
            count = sum(self.panes.get(self.pane - back, 0.0) for back in range(width))
            mean = sum(
                shares[(hour - back) % 24] * self._weekday((hour - back) // 24 % 7, day) * daily
                for back in range(width)
            )
            mean = max(mean, 1e-6)
            pane_mean = pane_mean or mean
            within = math.fsum(shares[(hour - back) % 24] for back in range(width))
            uneven = max(1 - within, 0.0) / (within * (sum(self.hours) + 10))
            share_of_rate, share_of_weekday = 1 / (self.rate[0] + 0.5), 1 / (self.weekdays[day % 7] / daily_noise + 4)
            days = self._spread() + daily_noise * share_of_rate + share_of_weekday
            size = 1 / (days + uneven + self._clump() / mean)
            surges = count > mean + math.sqrt(mean + mean**2 / size)
            tails.append(float(special.betainc(count, size, mean / (mean + size))) if surges else 1.0)
            if ready and surges and tails[-1] < min(tails[:-1], default=math.inf):
                self.window = (width, count, mean)
        usual = max(pane_mean, daily / 24)
        few = min(value, usual + 3 * math.sqrt(usual) + 1)
        self.hours[hour % 24] += few
        self.today += value
        if not ready:
            return 1.0, 1.0, math.nan
        least = max(min(tails), 1e-300)
        p = math.exp(self.least.log_corrected(least, 5.5))
        panes = min(self.pane - last, max(self.pane - self.first // HOUR - 240, 0))
        alike = self.window[0] if least < 1 else 1.0
        self.least.learn(-math.log(least) - 5.5, (0.1 if p < 1e-4 else 1.0) if panes else 0.0, panes, alike)
        self.least.share, self.least.excess = min(self.least.share, 5 * math.exp(-5.5)), min(self.least.excess, 1.5)
        return p, 1.0, pane_mean

    def _weekday(self, weekday: int, day: int) -> float:
        """Count a weekday's reports, and those of mean days, since birth; both fade."""
        ages = [[age for age in range(1, day - self.born + 1) if (day - age) % 7 == w] for w in range(7)]
        visits = [math.fsum(SLOW**age for age in each) for each in ages]
        mean = sum(self.weekdays) / max(sum(visits), 1e-9)
        believed = 4 + 4 * self._spread() * mean
        return (self.weekdays[weekday] + believed) / (visits[weekday] * mean + believed)

    def _shares(self) -> list[float]:
        hours = [seen + 10 * shape / sum(SHAPE) for seen, shape in zip(self.hours, SHAPE, strict=True)]
        return [hour / sum(hours) for hour in hours]

    def _spread(self) -> float:
        return max((self.noise[0] + 0.9) / (self.noise[1] + 3), 0.002)

    def _clump(self) -> float:
        number = self.clump[1] + 5
        pairs = max(self.clump[0], 0.0) / number
        error = math.sqrt((2 * pairs + 6 * pairs**2 + 3 * pairs**3) / number)
        return max((self.clump[0] + 1.5) / number, 0.01) + error

    def _close(self, day: int) -> None:
        share = self._weekday(self.day % 7, self.day) * (1 - self.began)
        usual = (self.rate[0] + 0.5) / self.rate[1]
        mean, total = share * usual, self.today
        batches = 1 + self._clump()
        clip = mean + 4 * math.sqrt(batches * mean + self._spread() * mean * mean) + 1
        assert self.first is not None
        known = self.day * DAY - self.first >= 10 * DAY
        storm = known and total > clip
        weight = 0.1 if storm else 1.0
        self.rate = [FADE * self.rate[0] + weight * (clip if storm else total), FADE * self.rate[1] + weight * share]
        calm = 0.0 if storm or not known else 1 / (0.3 * mean + 1) ** 2
        self.noise = [
            FADE * self.noise[0] + calm * ((total - mean) ** 2 - batches * mean),
            FADE * self.noise[1] + calm * mean * mean,
        ]
        beyond = self.pairs - total * (total - 1) * sum(s * s for s in self._shares())
        beyond = min(beyond, total * (3 * self._clump() + 1))
        self.clump = [YEAR * self.clump[0] + beyond, YEAR * self.clump[1] + total]
        if self.day >= self.born:
            self.weekdays[self.day % 7] += 0.9 * mean + 0.1 * clip if storm else total
        for _ in range(day - self.day - 1):
            self.rate = [FADE * self.rate[0], FADE * self.rate[1] + 1]
            idle = 1 / (0.3 * usual + 1) ** 2
            self.noise = [
                FADE * self.noise[0] + idle * (usual * usual - batches * usual),
                FADE * self.noise[1] + idle * usual * usual,
            ]
        fade = SLOW ** (day - self.day)
        self.hours = [fade * seen for seen in self.hours]
        self.weekdays = [fade * seen for seen in self.weekdays]
        self.day, self.today, self.began, self.pairs = day, 0.0, 0.0, 0.0
