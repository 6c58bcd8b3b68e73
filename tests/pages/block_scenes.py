"""Scenes of the detectors that judge more than one value: queues, exposed counts, shares, outages, places, tails."""

import numpy as np

from detectors.arrays import Block, Floats
from detectors.blocks import AreaBlock, CountBlock, PointBlock, RosterBlock, ShareBlock, TailBlock
from detectors.ensemble import Ensemble, Refractory
from detectors.exposed import ExposedCounts
from detectors.hotspots import Hotspot
from detectors.outage import Outage, OutageParameters
from detectors.proportion import Proportion
from detectors.queueing import PredictedWait, QueueBlock, StalledCounter
from detectors.registry import road
from tests.pages.scene import HOUR, MINUTE, Scene, head, rhythm, smaller, times

_DECADES = "số 0 sau dấu phẩy · decades, −log10 p"


def predicted_wait() -> Scene:
    """Return a morning at three counters; from half past nine on too many people come."""
    block = _office(days=1, rush=True, pause=False)
    return _queue(PredictedWait(), block, (24, 47), "chờ dự báo, phút · predicted wait, min", 60.0)


def stalled_counter() -> Scene:
    """Return four mornings at three counters; on the last one nobody is called for an hour and a half."""
    block = _office(days=4, rush=False, pause=True)
    label = "phục vụ thường lệ, phút · median service, min"
    return _queue(StalledCounter(), block, (3 * 48 + 24, 3 * 48 + 41), label, 60.0)


def proportion() -> Scene:
    """Return hourly no-shows among some forty tickets; one afternoon every second ticket is one."""
    rng = np.random.default_rng(21)
    trials = rng.integers(25, 55, 240)
    hits = rng.binomial(trials, rng.beta(6.0, 114.0, 240))
    hits[220:224] = rng.binomial(trials[220:224], 0.5)
    bank, at_ms = Proportion(), times(240, HOUR)
    bank.resize(1)
    scores = bank.update(ShareBlock(*head(at_ms), hits.astype(np.float64), trials.astype(np.float64)))
    label = "vắng mặt · no-shows, %"
    share, usual = 100.0 * hits / trials, 100.0 * scores.expected / trials
    return Scene(at_ms, share, usual, smaller(scores), (220, 223), label)


def exposed() -> Scene:
    """Return three weeks of visitors of two to nine open counters; one afternoon twice as many as these explain."""
    rng = np.random.default_rng(28)
    at_ms = times(24 * 21, HOUR)
    open_ = rng.integers(2, 10, len(at_ms)).astype(np.float64)
    count = rng.poisson(3.0 * open_ * rhythm(at_ms) * rng.gamma(20.0, 0.05, len(at_ms))).astype(np.float64)
    count[rng.random(len(at_ms)) < 0.1] = 0.0
    count[-20:-17] = np.round(3.0 * count[-20:-17]) + 15.0
    bank = ExposedCounts()
    bank.resize(1)
    scores = bank.update(CountBlock(*head(at_ms), count, open_))
    label = "lượt khách · visitors"
    return Scene(at_ms, count, scores.expected, smaller(scores), (len(at_ms) - 20, len(at_ms) - 18), label)


def outage() -> Scene:
    """Return three weeks of a unit with twelve cameras, each silent now and then; one evening nine are at once."""
    rng = np.random.default_rng(22)
    silent = (rng.random((504, 12)) < 0.03).astype(np.float64)
    silent[470:474, :9] = 1.0
    bank, at_ms = Outage(OutageParameters(places=12)), times(504, HOUR)
    bank.resize(1)
    scores = bank.update(RosterBlock(*head(at_ms), silent))
    label = "camera im lặng · silent cameras"
    return Scene(at_ms, silent.sum(axis=1), scores.expected, smaller(scores), (470, 473), label)


def area_scan() -> Scene:
    """Return five weeks of hourly reports in six units along a road; then three neighbours have twice as many."""
    rng = np.random.default_rng(23)
    at_ms = times(24 * 35, HOUR)
    counts = rng.poisson(6.0 * rhythm(at_ms)[:, None] * rng.uniform(0.6, 1.6, 6)).astype(np.float64)
    counts[-40:-36, 1:4] = counts[-40:-36, 1:4] * 2.0 + 6.0
    bank = road()
    bank.resize(1)
    found = bank.scan(AreaBlock(*head(at_ms), counts))
    label = "phản ánh ở vùng nổi bật nhất · reports in the most striking region"
    return Scene(at_ms, found.observed, found.expected, found.p_high, (len(at_ms) - 40, len(at_ms) - 37), label)


def hotspot() -> Scene:
    """Return reports around two towns; then nine people report the same within 100 m and half an hour."""
    rng = np.random.default_rng(24)
    minute = np.r_[np.sort(rng.integers(0, 28 * 1440, 400)), 28 * 1440 + 60 + np.arange(9) * 4]
    town = rng.integers(0, 2, 409)
    lat, lon = 21.4 + 0.1 * town + rng.normal(0.0, 0.03, 409), 103.0 + 0.1 * town + rng.normal(0.0, 0.03, 409)
    lat[400:], lon[400:] = 21.46 + rng.normal(0.0, 3e-4, 9), 103.04 + rng.normal(0.0, 3e-4, 9)
    bank, at_ms = Hotspot(), times(1, 1)[0] + minute.astype(np.int64) * MINUTE
    bank.resize(1)
    found = bank.scan(PointBlock(*head(at_ms), lat, lon, np.arange(409)))
    label = "người phản ánh trong vòng tròn nổi bật nhất · reporters in the most striking circle"
    return Scene(at_ms, found.observed, found.expected, found.p_high, (400, 408), label)


def ensemble() -> Scene:
    """Return the tails of three detectors of one series; for a while all three find it somewhat odd."""
    rng = np.random.default_rng(25)
    high = rng.random((400, 3)) ** 1.02
    high[340:345] = [2e-5, 1e-5, 3e-4]
    high[342] = [4e-9, 2e-8, 1e-6]
    bank, at_ms = Ensemble(), times(400, 5 * MINUTE)
    bank.resize(1)
    scores = bank.update(TailBlock(*head(at_ms), high, np.full((400, 3), np.nan)))
    return Scene(at_ms, -np.log10(high), np.full(400, np.nan), scores.p_high, (340, 344), _DECADES)


def refractory() -> Scene:
    """Return the tails of a detector that goes on crying; only the first cry and stronger ones count."""
    rng = np.random.default_rng(26)
    tails = rng.random(400)
    tails[250:310] = 10.0 ** -rng.uniform(4.0, 7.5, 60)
    tails[250], tails[290] = 3e-8, 1e-9
    bank, at_ms = Refractory(), times(400, 5 * MINUTE)
    bank.resize(1)
    scores = bank.update(Block(*head(at_ms), tails))
    return Scene(at_ms, -np.log10(tails), -np.log10(scores.expected), scores.p_high, (250, 309), _DECADES)


def _office(*, days: int, rush: bool, pause: bool) -> QueueBlock:
    """Return snapshots every five minutes of mornings from 7:30 on, with the running number of the last ticket."""
    rng = np.random.default_rng(27)
    at, waiting, served = [], [], []
    queue = called = 0
    for day in range(days):
        queue = called = 0
        for step in range(48):
            queue += int(rng.poisson(5.0 if rush and step >= 24 else 1.9))
            still = pause and day == days - 1 and 24 <= step < 42
            go = 0 if still else min(queue, int(rng.poisson(2.2)))
            queue, called = queue - go, called + go
            at.append(day * 288 + 90 + step)
            waiting.append(float(queue))
            served.append(float(called))
    at_ms = times(1, 1)[0] + np.array(at, np.int64) * 5 * MINUTE
    three = np.full(len(at), 3.0)
    return QueueBlock(*head(at_ms), np.array(waiting), three, np.full(len(at), 400.0), np.array(served), three > 0.0)


def _queue(
    bank: PredictedWait | StalledCounter, block: QueueBlock, event: tuple[int, int], label: str, per: float
) -> Scene:
    bank.resize(1)
    scores = bank.update(block)
    expected: Floats = scores.expected / per
    waiting = "người chờ · people waiting"
    return Scene(block.at_ms, block.waiting, expected, smaller(scores), event, waiting, label)


SCENES = {
    "area_scan": area_scan,
    "ensemble": ensemble,
    "exposed": exposed,
    "hotspot": hotspot,
    "outage": outage,
    "predicted_wait": predicted_wait,
    "proportion": proportion,
    "refractory": refractory,
    "stalled_counter": stalled_counter,
}
