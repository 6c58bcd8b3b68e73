"""Scenes of the detectors of single values: a busy street, a gauge, a sensor that dies, a category that surges."""

import numpy as np

from detectors.arrays import Block, Floats, Ints
from detectors.changepoint import ChangePoint
from detectors.cusum import CountCusum, Cusum
from detectors.daily import Daily
from detectors.envelope import Envelope
from detectors.flatline import Flatline
from detectors.knn import Nearest
from detectors.level import Level
from detectors.pagehinkley import PageHinkley
from detectors.rare import RareCounts
from detectors.seasonal import SeasonalCounts
from detectors.shift import Activity, Shift
from detectors.silence import Silence
from detectors.spot import Spot
from tests.pages.scene import HOUR, MINUTE, Scene, head, of_values, rhythm, smaller, times

_COUNT = "xe mỗi giờ · vehicles per hour"
_GAUGE = "nhiệt độ · temperature, °C"


def seasonal() -> Scene:
    """Return a month of hourly counts; on the last Saturday night a fair fills the street."""
    at_ms, value = _street(weeks=4, seed=1)
    value[-28:-24] = np.round(value[-28:-24] * 4.0 + 200.0)
    return of_values(SeasonalCounts, at_ms, value, (len(at_ms) - 28, len(at_ms) - 25), _COUNT)


def count_cusum() -> Scene:
    """Return a month of hourly counts; a closed road nearby brings half as many vehicles again, for five days."""
    at_ms, value = _street(weeks=4, seed=2)
    value[-120:] = np.round(value[-120:] * 1.5)
    return of_values(CountCusum, at_ms, value, (len(at_ms) - 120, len(at_ms) - 1), _COUNT)


def flatline() -> Scene:
    """Return two weeks of hourly counts; the sensor dies on the last but one day."""
    at_ms, value = _street(weeks=2, seed=3)
    value[-36:] = 0.0
    return of_values(Flatline, at_ms, value, (len(at_ms) - 36, len(at_ms) - 1), _COUNT)


def silence() -> Scene:
    """Return a camera that is heard every five minutes or so for five days, then not for three hours."""
    rng = np.random.default_rng(4)
    gaps_ms = np.round(rng.uniform(3.5, 6.5, 1440)).astype(np.int64) * MINUTE
    gaps_ms[1400] = 180 * MINUTE
    at_ms = times(1, 1)[0] + np.cumsum(gaps_ms)
    bank = Silence()
    bank.resize(1)
    scores = bank.update(Block(*head(at_ms), np.zeros(len(at_ms))))
    minutes = gaps_ms / MINUTE
    label = "khoảng lặng · gap, min"
    return Scene(at_ms, minutes, scores.expected / 60.0, smaller(scores), (1400, 1400), label)


def rare() -> Scene:
    """Return 40 days of hourly panes with some reports a week; then 14 citizens report in three hours."""
    rng = np.random.default_rng(5)
    at_ms = times(24 * 40, HOUR)
    value = rng.poisson(0.02 * rhythm(at_ms)).astype(np.float64)
    value[-30:-27] = [3.0, 6.0, 5.0]
    return of_values(RareCounts, at_ms, value, (len(at_ms) - 30, len(at_ms) - 28), "phản ánh · reports per hour")


def level() -> Scene:
    """Return a cold store's temperature; its door stays open for a while."""
    at_ms, value = _gauge(500, seed=6)
    value[430:436] += np.array([1.5, 3.0, 4.0, 4.5, 4.0, 2.5])
    return of_values(Level, at_ms, value, (430, 435), _GAUGE)


def daily() -> Scene:
    """Return two weeks of room temperature; one night the heating runs wild."""
    rng = np.random.default_rng(7)
    at_ms = times(14 * 96, 15 * MINUTE)
    value = 24.0 + 4.0 * np.sin((at_ms / HOUR % 24 - 2.0) / 24 * 2 * np.pi) + rng.normal(0.0, 0.3, len(at_ms))
    value[-70:-60] += 9.0
    return of_values(Daily, at_ms, value, (len(at_ms) - 70, len(at_ms) - 61), _GAUGE)


def spot() -> Scene:
    """Return response times with rare large ones; then some that are larger than all of those."""
    rng = np.random.default_rng(8)
    value = np.round(rng.gamma(4.0, 10.0, 900), 1)
    value[800:803] = [320.0, 410.0, 300.0]
    return of_values(Spot, times(900, 5 * MINUTE), value, (800, 802), "thời gian đáp ứng · response time, ms")


def envelope() -> Scene:
    """Return a river's water level within its banks; then a flood."""
    rng = np.random.default_rng(9)
    at_ms = times(600, 30 * MINUTE)
    value = 2.0 + 0.3 * np.sin(at_ms / HOUR / 24 * 2 * np.pi) + rng.normal(0.0, 0.05, 600)
    value[540:] += np.minimum(1.6 + np.arange(60) / 12.0, 3.0)
    return of_values(Envelope, at_ms, value, (540, 599), "mực nước · water level, m")


def nearest() -> Scene:
    """Return a pump's regular cycle; then it switches on and off, within its usual range."""
    rng = np.random.default_rng(10)
    step = np.arange(1500)
    value = 10.0 + np.sin(step / 24 * 2 * np.pi) + rng.normal(0.0, 0.02, 1500)
    value[1440:1480] = 10.0 + np.sign(np.sin(step[1440:1480] / 8 * 2 * np.pi))
    return of_values(Nearest, times(1500, 5 * MINUTE), value, (1440, 1479), "dòng điện · current, A")


def shift() -> Scene:
    """Return a gauge whose level rises and stays there."""
    at_ms, value = _gauge(1500, seed=15)
    value[1400:] += 5.0
    return of_values(Shift, at_ms, value, (1400, 1499), _GAUGE)


def activity() -> Scene:
    """Return a gauge that begins to tremble around its usual level."""
    at_ms, value = _gauge(1500, seed=12)
    value[1400:1460] = 4.0 + (value[1400:1460] - 4.0) * 16.0
    return of_values(Activity, at_ms, value, (1400, 1459), "điện áp lệch · voltage deviation, V")


def cusum() -> Scene:
    """Return a gauge whose level rises by one standard deviation: no single value is odd."""
    at_ms, value = _gauge(600, seed=13)
    value[500:] += 0.6
    return of_values(Cusum, at_ms, value, (500, 599), _GAUGE)


def pagehinkley() -> Scene:
    """Return the share of a camera's alarms that reviewers confirm; it slowly falls."""
    rng = np.random.default_rng(14)
    value = 90.0 + rng.normal(0.0, 2.0, 1000)
    value[700:] -= np.linspace(0.0, 4.0, 300)
    label = "cảnh báo đúng · confirmed alarms, %"
    return of_values(PageHinkley, times(1000, HOUR), value, (700, 999), label)


def changepoint() -> Scene:
    """Return a gauge that jumps to another level."""
    at_ms, value = _gauge(500, seed=15)
    value[430:] -= 1.75
    return of_values(ChangePoint, at_ms, value, (430, 499), _GAUGE)


def _street(weeks: int, seed: int) -> tuple[Ints, Floats]:
    rng = np.random.default_rng(seed)
    at_ms = times(weeks * 168, HOUR)
    return at_ms, rng.poisson(180.0 * rhythm(at_ms) * rng.gamma(100.0, 0.01, len(at_ms))).astype(np.float64)


def _gauge(count: int, seed: int) -> tuple[Ints, Floats]:
    rng = np.random.default_rng(seed)
    return times(count, 5 * MINUTE), 4.0 + rng.normal(0.0, 0.5, count)


SCENES = {
    "activity": activity,
    "changepoint": changepoint,
    "count_cusum": count_cusum,
    "cusum": cusum,
    "daily": daily,
    "envelope": envelope,
    "flatline": flatline,
    "level": level,
    "nearest": nearest,
    "pagehinkley": pagehinkley,
    "rare": rare,
    "seasonal": seasonal,
    "shift": shift,
    "silence": silence,
    "spot": spot,
}
