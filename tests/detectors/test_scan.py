"""Space-time scans: which units or which circle, over which window, and how sure."""

import numpy as np
import pytest

from detectors.arrays import Floats, Ints
from detectors.hotspots import Hotspot, HotspotParameters, Hotspots, PointBlock
from detectors.regions import likelihood_ratio, nearest
from detectors.scan import AreaBlock, AreaScan, AreaScanParameters, Clusters

HOUR = 3_600_000
MINUTE = 60_000
GRID = nearest(21.0 + np.repeat(np.arange(5), 5) / 10, 103.0 + np.tile(np.arange(5), 5) / 10, 5)


def scanned(counts: Floats, bank: AreaScan | None = None) -> Clusters:
    """Return what is said of hourly counts (hours, kinds, units), each column as (hours, kinds)."""
    hours, kinds, units = counts.shape
    bank = bank or AreaScan(GRID)
    bank.resize(kinds)
    at = np.repeat(np.arange(hours) * HOUR, kinds)
    found = bank.scan(AreaBlock(np.tile(np.arange(kinds), hours), at, at, counts.reshape(-1, units)))
    return Clusters(*(column.reshape(hours, kinds) for column in found))


def quiet(days: int, kinds: int, noise: float, seed: int) -> Floats:
    """Return counts with a rhythm, rates from 0.1 to 30 an hour, and noise beyond Poisson's."""
    rng = np.random.default_rng(seed)
    hours = np.arange(days * 24)
    rhythm = (1.0 + 0.9 * np.sin((hours % 24 - 9) / 24 * 2 * np.pi))[:, None, None]
    level = rhythm * 10 ** rng.uniform(-1.0, 1.5, (kinds, len(GRID)))
    return rng.poisson(level * (rng.gamma(1 / noise, noise, level.shape) if noise else 1.0)).astype(np.float64)


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_tails_of_the_maximum_keep_their_promise(noise: float) -> None:
    """Over all regions and windows at once p below 0.01 and 0.001 is at most twice as frequent as that."""
    p = scanned(quiet(60, 25, noise, 1)).p_high[17 * 24 :]
    for level in (1e-2, 1e-3):
        assert (p < level).mean() < 2.0 * level
    assert (p < 1e-2).mean() > 5e-3


def test_the_region_and_the_window_of_a_cluster_are_told() -> None:
    """Four hours of twice the counts in the middle of the map and to its left and right."""
    counts = np.random.default_rng(2).poisson(20.0, (24 * 30, 1, 25)).astype(np.float64)
    there = GRID[12, :3].tolist()
    assert there == [12, 11, 13]
    counts[-4:, 0, there] = 40.0
    found = scanned(counts)
    assert found.p_high[-1, 0] < 1e-8
    assert (found.window[-1, 0], found.observed[-1, 0] >= 480.0) == (4.0, True)
    region = GRID[int(found.centre[-1, 0]), : int(found.reach[-1, 0])].tolist()
    assert set(there) <= set(region)
    assert found.expected[-1, 0] == pytest.approx(80.0 * len(region), rel=0.1)


def test_a_little_in_each_of_five_neighbours_adds_up() -> None:
    """Half as much again for six hours in five units is no surprise in any of them, and one in the region."""
    counts = np.random.default_rng(3).poisson(10.0, (24 * 40, 1, 25)).astype(np.float64)
    counts[-6:, 0, GRID[12]] = 15.0
    together = scanned(counts).p_high[-1, 0]
    alone = scanned(counts, AreaScan(np.arange(25)[:, None])).p_high[-1, 0]
    assert together < 1e-6
    assert alone > 10.0 * together


def test_the_rhythm_of_the_week_is_no_cluster() -> None:
    """Mornings that are twenty times as busy as nights, weekends at a tenth."""
    hours = np.arange(24 * 70)
    level = np.where(hours % 24 < 6, 1.0, 20.0) * np.where(hours // 24 % 7 >= 5, 0.1, 1.0)
    counts = np.random.default_rng(4).poisson(level[:, None, None], (len(hours), 1, 25)).astype(np.float64)
    found = scanned(counts)
    assert found.p_high[28 * 24 :].min() > 1e-4
    last = found.expected[-7 * 24 :, 0] / (found.reach[-7 * 24 :, 0] * found.window[-7 * 24 :, 0])
    assert last.max() > 10.0 * last.min()


def test_a_cluster_is_not_learned_as_usual() -> None:
    """Two days of five times the counts; the expectation of the week after is the old one, within a quarter."""
    counts = np.random.default_rng(5).poisson(8.0, (24 * 40, 1, 25)).astype(np.float64)
    counts[24 * 30 : 24 * 32, 0, :3] *= 5.0
    bank = AreaScan(np.arange(25)[:, None], AreaScanParameters(windows=1, slots=1))
    found = scanned(counts, bank)
    assert np.median(found.p_high[24 * 30 : 24 * 32]) < 1e-9
    assert found.p_high[24 * 30 : 24 * 32].max() < 5e-4  # 1.7e-4 in its weakest hour
    mine = np.isin(found.centre[24 * 33 :, 0], [0.0, 1.0, 2.0])
    assert found.expected[24 * 33 :, 0][mine].max() < 10.0


def test_what_is_too_long_ago_is_in_no_window() -> None:
    """After a day without counts only the new interval is looked at."""
    counts = np.random.default_rng(6).poisson(10.0, (24 * 20, 25)).astype(np.float64)
    counts[-2, :3] = 60.0
    at = np.arange(24 * 20) * HOUR
    at[-1] += 24 * HOUR
    bank = AreaScan(GRID)
    bank.resize(1)
    found = bank.scan(AreaBlock(np.zeros(len(at), np.int64), at, at, counts))
    assert found.p_high[-2] < 1e-9
    assert found.p_high[-1] > 1e-3
    assert found.observed[-1] < 200.0


def test_an_unknown_unit_leaves_the_others_as_they_are() -> None:
    """Its neighbours' cluster is found; what it would have counted is not expected."""
    counts = np.random.default_rng(7).poisson(10.0, (24 * 30, 1, 25)).astype(np.float64)
    counts[-3:, 0, [11, 13]] = 30.0
    counts[-3:, 0, 12] = np.nan
    found = scanned(counts)
    assert found.p_high[-1, 0] < 1e-8
    assert found.expected[-1, 0] < 70.0


def test_numbering_the_units_anew_changes_nothing() -> None:
    """But the last bits: sums over the map are in another order. The region's centre moves along."""
    counts = quiet(24, 2, 0.1, 8)
    counts[-3:, :, 7] += 40.0
    found = scanned(counts)
    order = np.random.default_rng(9).permutation(25)
    back = np.argsort(order)
    moved = scanned(counts[:, :, order], AreaScan(back[GRID[order]]))
    np.testing.assert_allclose(np.log(moved.p_high), np.log(found.p_high), rtol=1e-6, atol=1e-9)
    assert order[moved.centre[-1].astype(int)].tolist() == found.centre[-1].astype(int).tolist()


def test_many_kinds_at_once_score_as_each_alone() -> None:
    """More than fit into the memory of one pass, bit for bit."""
    counts = np.random.default_rng(10).poisson(3.0, (24 * 17, 1400, 25)).astype(np.float64)[-1:]
    bank = AreaScan(GRID)
    bank.resize(1400)
    at = np.zeros(1400, np.int64)
    bank.update(AreaBlock(np.arange(1400), at, at, counts[0]))
    alone = AreaScan(GRID)
    alone.resize(1)
    alone.update(AreaBlock(at[:1], at[:1], at[:1], counts[0, 1390:1391]))
    assert all((array[1390] == alone.state()[name][0]).all() for name, array in bank.state().items())


def test_the_likelihood_ratio_is_neills() -> None:
    """C log(C/B) + B - C above expectation, nothing below; near equality without cancellation."""
    counted, expected = np.array([12.0, 3.0, 0.0, 1e9 + 1.0]), np.array([5.0, 4.0, 0.0, 1e9])
    ratio = likelihood_ratio(counted, expected)
    assert ratio.tolist() == pytest.approx([12 * np.log(12 / 5) + 5 - 12, 0.0, 0.0, 0.5e-9], rel=1e-6)


@pytest.mark.parametrize(
    ("neighbours", "message"),
    [
        (np.zeros(3, np.int64), r"neighbours is int64\(3,\), need int64\(units, k\)"),
        (np.zeros((0, 1), np.int64), r"neighbours is int64\(0, 1\)"),
        (np.zeros((3, 0), np.int64), r"neighbours is int64\(3, 0\)"),
        (np.zeros((1, 1)), r"neighbours is float64\(1, 1\)"),
        (np.array([[1], [0]]), r"must hold units 0\.\.1, each row beginning with its own unit"),
        (np.array([[0, 2], [1, 0]]), r"must hold units 0\.\.1"),
        (np.array([[0, -1], [1, 0]]), r"must hold units 0\.\.1"),
        (np.array([[0, 0], [1, 0]]), "must not name a unit twice"),
    ],
)
def test_neighbour_sets_that_are_none_are_refused(neighbours: Ints, message: str) -> None:
    """By what is wrong with them."""
    with pytest.raises(ValueError, match=r"area_scan\.neighbours|area_scan\.neighbours " + message) as refused:
        AreaScan(neighbours)
    assert refused.match(message)


def test_parameters_out_of_range_are_named() -> None:
    """With the value."""
    with pytest.raises(ValueError, match=r"area_scan\.windows must be above 0 and finite, is 0"):
        AreaScan(GRID, AreaScanParameters(windows=0))
    with pytest.raises(ValueError, match=r"area_scan\.slots must be 1, 24 or 168, is 12"):
        AreaScan(GRID, AreaScanParameters(slots=12))
    with pytest.raises(ValueError, match=r"hotspot\.radii_km must be ascending values above 0, is \(2\.0, 1\.0\)"):
        Hotspot(HotspotParameters(radii_km=(2.0, 1.0)))
    with pytest.raises(ValueError, match=r"hotspot\.remembered must be at least 1 and finite, is 0"):
        Hotspot(HotspotParameters(remembered=0))


def reports(number: int, seed: int) -> PointBlock:
    """Return reports of different people in five towns of a province, one an hour."""
    rng = np.random.default_rng(seed)
    town = rng.integers(0, 5, number)
    at = np.arange(number) * HOUR
    lat, lon = 21.0 + 0.2 * town + rng.normal(0.0, 0.01, number), 103.0 + 0.1 * town + rng.normal(0.0, 0.01, number)
    return PointBlock(np.zeros(number, np.int64), at, at, lat, lon, np.arange(number))


def followed(extra: PointBlock, number: int = 400) -> Hotspots:
    """Return what is said of ``extra`` after quiet reports."""
    bank = Hotspot()
    bank.resize(1)
    bank.update(reports(number, 11))
    start = number * HOUR
    return bank.scan(extra._replace(at_ms=extra.at_ms + start, local_ms=extra.local_ms + start))


def around(lat: float, lon: float, number: int, spread: float, people: int) -> PointBlock:
    """Return reports two minutes apart around a place."""
    rng = np.random.default_rng(12)
    at = np.arange(number) * 2 * MINUTE
    near: list[Floats] = [centre + rng.normal(0.0, spread, number) for centre in (lat, lon)]
    return PointBlock(np.zeros(number, np.int64), at, at, near[0], near[1], 10_000 + np.arange(number) % people)


def test_many_people_around_one_place_are_a_cluster() -> None:
    """Eight within two hundred metres and a quarter of an hour, where nobody ever reported: the circle is told."""
    found = followed(around(21.5, 103.6, 8, 0.0005, 8))
    assert found.p_high[-1] < 1e-4
    assert found.observed[-1] == 8.0
    assert found.radius_km[-1] <= 0.5
    assert found.window_h[-1] == 1.0
    assert 1.0 < found.expected[-1] < 1.5


def test_one_person_who_reports_eight_times_is_none() -> None:
    """Nor are two who take turns."""
    assert followed(around(21.5, 103.6, 8, 0.001, 1)).statistic.max() == 0.0
    assert followed(around(21.5, 103.6, 8, 0.001, 2)).p_high.min() > 1e-3


def test_a_rainy_day_over_the_province_is_none() -> None:
    """Thirty reports in an hour, in the towns from which reports come anyway."""
    storm = reports(30, 13)
    at = np.arange(30) * 2 * MINUTE
    found = followed(storm._replace(at_ms=at, local_ms=at, reporter=storm.reporter + 5000))
    assert found.p_high.min() > 1e-4  # 5e-4 here; 3e-4 is the least of thirty such days


def test_a_cluster_across_the_date_line_is_one() -> None:
    """Half of it at 179.999 degrees east, half at 179.999 west."""
    cluster = around(21.5, 0.0, 8, 0.0001, 8)
    found = followed(cluster._replace(lon=np.tile([179.9995, -179.9995], 4)))
    assert found.observed[-1] == 8.0
    assert found.p_high[-1] < 1e-4


def test_quiet_reports_are_not_bolder_than_promised() -> None:
    """Of 100 kinds with 400 reports each: at most twice the nominal share below 0.01 and 0.001."""
    bank = Hotspot()
    bank.resize(100)
    kinds = [reports(400, 20 + kind) for kind in range(100)]
    at = np.repeat(np.arange(400) * HOUR, 100)
    lat, lon = (np.stack([getattr(kind, name) for kind in kinds], axis=1).ravel() for name in ("lat", "lon"))
    p = bank.update(PointBlock(np.tile(np.arange(100), 400), at, at, lat, lon, np.arange(40_000))).p_high[10_000:]
    for level in (1e-2, 1e-3):
        assert (p < level).mean() < 2.0 * level


def test_many_reports_at_once_score_as_each_alone() -> None:
    """More series than fit into the memory of one pass, bit for bit."""
    bank, alone = Hotspot(), Hotspot()
    bank.resize(1500)
    alone.resize(1)
    rows = np.arange(1500)
    for step in range(4):
        at = np.full(1500, step * MINUTE)
        lat = np.linspace(21.0, 21.015, 1500) + step * 1e-3
        lon = np.full(1500, 103.0)
        bank.update(PointBlock(rows, at, at, lat, lon, rows + step))
        alone.update(PointBlock(rows[:1], at[:1], at[:1], lat[1490:1491], lon[:1], rows[1490:1491] + step))
    assert all(array[1490].tobytes() == alone.state()[name][0].tobytes() for name, array in bank.state().items())


def test_late_reports_are_judged_the_same_beside_whatever_else_is_reported() -> None:
    """Twenty reports come six days late, then one a day younger: how far its windows reach is its own affair."""
    usual, late = reports(200, 5), around(21.8, 103.4, 20, 0.01, 20)
    late = late._replace(at_ms=late.at_ms + 10 * HOUR)
    last = around(21.2, 103.1, 2, 0.01, 1)._replace(series=np.arange(2), at_ms=np.full(2, 36 * HOUR))
    first = PointBlock(
        last.series[:1], last.at_ms[:1], last.local_ms[:1], last.lat[:1], last.lon[:1], last.reporter[:1]
    )
    alone, beside = Hotspot(), Hotspot()
    alone.resize(1)
    beside.resize(2)
    for block in (usual, late):
        alone.update(block)
        beside.update(block)
    beside.update(usual._replace(series=usual.series + 1))
    (mine,) = alone.update(first).p_high
    assert beside.update(last).p_high[0] == mine < 1.0
