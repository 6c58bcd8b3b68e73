"""Naive twin of `Proportion`: one series of shares, plain Python; the Beta-binomial by logarithms of factorials."""

import math


def log_beta(a: float, b: float) -> float:
    """Return the log of the beta function."""
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def beta_binomial(count: int, trials: int, a: float, b: float) -> float:
    """Return the probability of exactly that count."""
    choose = math.lgamma(trials + 1) - math.lgamma(count + 1) - math.lgamma(trials - count + 1)
    return math.exp(choose + log_beta(count + a, trials - count + b) - log_beta(a, b))


class NaiveProportion:
    """One share."""

    def __init__(self) -> None:
        self.count = 0
        self.seen = 0.0
        self.hits = self.trials = 0.0
        self.excess = self.pairs = self.scatter = 0.0

    def observe(self, at_ms: int, local_ms: int, hits: float, trials: float) -> tuple[float, float, float]:
        """Score one observation, then learn it."""
        del at_ms, local_ms
        if not (0 <= hits <= trials and 1 <= trials <= 1e15 and hits == int(hits) and trials == int(trials)):
            return 1.0, 1.0, math.nan
        whole = self.trials + 4.0
        share = (self.hits + 0.4) / whole
        weight = 2.0 / 0.05**2
        r = min(max((self.excess + weight * 0.03) / (self.pairs + weight), 0.0), 0.5)
        error = math.sqrt(self.scatter + 2.0 * weight) / (self.pairs + weight)
        unsure = (1.0 - r) / (whole + 1.0)
        size = 1.0 / min(r + 0.4 * error + unsure, 0.9) - 1.0
        n, h = int(trials), int(hits)
        chances = [beta_binomial(k, n, share * size, (1.0 - share) * size) for k in range(n + 1)]
        p_high, p_low = min(math.fsum(chances[h:]), 1.0), min(math.fsum(chances[: h + 1]), 1.0)
        ready = self.count >= 20 and self.seen >= 100
        weight = 0.1 if ready and min(p_high, p_low) < 1e-4 else 1.0
        self._learn((h, n), share, r, unsure, weight)
        return (p_high, p_low, n * share) if ready else (1.0, 1.0, math.nan)

    def _learn(self, observed: tuple[int, int], share: float, r: float, unsure: float, weight: float) -> None:
        h, n = observed
        plain = n * share * (1.0 - share)
        without = 1.0 + (n - 1) * unsure
        wide = without + (n - 1) * r
        limit = 5.0 * math.sqrt(plain * wide) + 1.0
        off = min(max(h - n * share, -limit), limit)
        fade = math.exp(-weight / 300.0)
        self.hits = fade * self.hits + weight * min(max(n * share + off, 0.0), n) / (1.0 + (n - 1) * r)
        self.trials = fade * self.trials + weight * n / (1.0 + (n - 1) * r)
        counts = weight * (n - 1) / wide**2
        fade = math.exp(-weight / 1500.0)
        surplus = counts * (off * off / plain - without)
        self.excess = fade * self.excess + surplus
        self.pairs = fade * self.pairs + counts * (n - 1)
        self.scatter = fade * self.scatter + (surplus - counts * (n - 1) * r) ** 2
        self.count += 1
        self.seen += n
