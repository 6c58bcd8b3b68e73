"""What is going to happen: the effects that the parts of the province obey, and the truth to compare incidents with."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Literal, NamedTuple

import numpy as np

from ioc.categories import CATEGORIES
from ioc.errors import ConfigError
from ioc.simulate.flow import DAY_MS, HOUR_MS, MINUTE_MS, rfc3339
from ioc.simulate.province import Camera, Province
from ioc.simulate.settings import SimulationSettings, Truth

What = Literal["scale", "fix", "silence", "hold", "clock", "rush", "stall", "absent", "reports", "track"]
_MONDAY_TO_FRIDAY = 5


class Effect(NamedTuple):
    """Something that holds from ``start_ms`` until before ``end_ms`` for the senders in ``ids``.

    ``amount`` is a factor (scale, rush), a value (fix), a shift in milliseconds (clock), a share of visitors (absent)
    or a number of reports; ``detail`` names the channel of reports or the rule of a track.
    """

    what: What
    ids: frozenset[str]
    start_ms: int
    end_ms: int
    amount: float = 0.0
    detail: str = ""
    categories: tuple[str, ...] = ()


class Scenario(NamedTuple):
    """A scenario as it is listed."""

    name: str
    expected: str
    summary: str
    play: Callable[["_Stage"], None]


class Plan(NamedTuple):
    """All effects, and what they amount to."""

    effects: tuple[Effect, ...]
    truths: tuple[Truth, ...]

    def of(self, what: What) -> tuple[Effect, ...]:
        """Return the effects of one sort."""
        return tuple(effect for effect in self.effects if effect.what == what)


class _Stage:
    """Hands out cameras and offices to scenarios, so that no two meet, and writes down what they do."""

    def __init__(self, settings: SimulationSettings, province: Province, first_ms: int) -> None:
        self.province = province
        self.first_ms = first_ms
        self.day_ms = first_ms + (settings.days - 1) * DAY_MS
        self.workday = (settings.start + timedelta(days=settings.days - 1)).weekday() < _MONDAY_TO_FRIDAY
        self.random = np.random.default_rng([settings.seed, 102])
        self.effects: list[Effect] = []
        self.truths: list[Truth] = []
        self.cameras = list(province.cameras)
        self.offices = list(province.offices)

    def at(self, hour: float) -> int:
        """Return the instant ``hour`` hours into the last day."""
        return self.day_ms + int(hour * HOUR_MS)

    def take_camera(self, *kinds: str) -> Camera | None:
        """Take the busiest camera left of some kinds (none named: of any)."""
        fit = [camera for camera in self.cameras if camera.kind in kinds or not kinds]
        if not fit:
            return None
        camera = max(fit, key=lambda camera: camera.rate)
        self.cameras.remove(camera)
        return camera

    def take_unit(self, at_least: int) -> list[Camera]:
        """Take all cameras of the unit that has the most left; none if that are fewer than ``at_least``."""
        by_unit: dict[str, list[Camera]] = {}
        for camera in self.cameras:
            by_unit.setdefault(camera.unit.code, []).append(camera)
        found = max(by_unit.values(), key=len, default=[])
        if len(found) < at_least:
            return []
        self.cameras = [camera for camera in self.cameras if camera not in found]
        return found

    def tell(self, kind: str, unit_code: str, span: tuple[int, int], series: tuple[str, ...], note: str) -> None:
        """Write down the truth of a scenario."""
        start, end = rfc3339(np.array(span))
        expected = next(scenario.expected for scenario in SCENARIOS if scenario.name == kind)
        tenant = self.province.tenant
        self.truths.append(
            Truth(f"{kind}-{unit_code or tenant}", kind, expected, tenant, unit_code, start, end, series, note)
        )


def make_plan(settings: SimulationSettings, province: Province, first_ms: int) -> Plan:
    """Cast the scenarios.

    Raises
    ------
    ConfigError
        A scenario named in the settings doesn't exist.
    """
    known = {scenario.name for scenario in SCENARIOS}
    wanted = known if settings.scenarios is None else set(settings.scenarios)
    if unknown := sorted(wanted - known):
        raise ConfigError(f"simulate scenarios: no such one as {', '.join(unknown)}; --list-scenarios shows all")
    stage = _Stage(settings, province, first_ms)
    for scenario in SCENARIOS:
        if scenario.name in wanted:
            scenario.play(stage)
    return Plan(tuple(stage.effects), tuple(stage.truths))


def first_instant(settings: SimulationSettings) -> int:
    """Return the midnight at which the simulation starts, milliseconds since 1970 UTC."""
    start = datetime.combine(settings.start, datetime.min.time(), tzinfo=timezone(timedelta(hours=7)))
    return int(start.timestamp()) * 1000


def _area_outage(stage: _Stage) -> None:
    cameras = stage.take_unit(at_least=4)
    if not cameras:
        return
    unit = cameras[0].unit
    span = stage.at(10 + 1 / 3), stage.at(11 + 2 / 3)
    masts = [mast.id for mast in stage.province.equipment if mast.kind == "bts" and mast.unit == unit]
    ids = [camera.id for camera in cameras]
    stage.effects.append(Effect("silence", frozenset([*ids, *masts]), *span))
    stage.tell(
        "area_outage", unit.code, span, tuple(ids + masts), "mất điện cả địa bàn: mọi camera và trạm BTS im lặng"
    )


def _outage_flush(stage: _Stage) -> None:
    cameras = stage.take_unit(at_least=3)
    if not cameras:
        return
    span = stage.at(20.5), stage.at(21 + 1 / 6)
    ids = [camera.id for camera in cameras]
    stage.effects.append(Effect("hold", frozenset(ids), *span))
    note = "đứt đường truyền, dữ liệu được gửi bù khi có mạng lại: sự kiện đến muộn"
    stage.tell("outage_flush", cameras[0].unit.code, span, tuple(ids), note)


def _camera(kind: str, kinds: tuple[str, ...], effect: Effect, note: str) -> Callable[[_Stage], None]:
    """Make the scenario of one camera; times of ``effect`` are minutes into the last day."""

    def play(stage: _Stage) -> None:
        camera = stage.take_camera(*kinds)
        if camera is not None:
            span = stage.day_ms + effect.start_ms * MINUTE_MS, stage.day_ms + effect.end_ms * MINUTE_MS
            stage.effects.append(effect._replace(ids=frozenset([camera.id]), start_ms=span[0], end_ms=span[1]))
            stage.tell(kind, camera.unit.code, span, (camera.id,), note)

    return play


def _clock_off(stage: _Stage) -> None:
    camera = stage.take_camera("neighbourhood")
    if camera is None:
        return
    span = stage.first_ms, stage.day_ms + DAY_MS
    stage.effects.append(Effect("clock", frozenset([camera.id]), *span, amount=3.0 * HOUR_MS))
    stage.tell("clock_off", camera.unit.code, span, (camera.id,), "đồng hồ camera nhanh đúng 3 giờ suốt bản ghi")


def _storm(stage: _Stage) -> None:
    span = stage.at(14), stage.at(18)
    names = tuple(category.name for category in CATEGORIES if category.stormy)
    count = max(60, round(stage.province.reports_per_day))
    units = frozenset(unit.code for unit in stage.province.units)
    stage.effects.append(Effect("reports", units, *span, amount=count, categories=names))
    stage.tell("storm", "", span, names, f"dông lốc toàn tỉnh, thêm {count} phản ánh")


def _local_surge(stage: _Stage) -> None:
    unit, span, name = stage.province.units[0], (stage.at(9), stage.at(11.5)), CATEGORIES[0].name
    stage.effects.append(Effect("reports", frozenset([unit.code]), *span, amount=35, categories=(name,)))
    stage.tell("local_surge", unit.code, span, (name,), "điểm tập kết rác quá tải, người dân phản ánh dồn dập")


def _bulk_entry(stage: _Stage) -> None:
    unit, span, name = stage.province.units[-1], (stage.at(15.5), stage.at(16.25)), CATEGORIES[3].name
    stage.effects.append(
        Effect("reports", frozenset([unit.code]), *span, amount=180, detail="staff", categories=(name,))
    )
    stage.tell(
        "bulk_entry", unit.code, span, (name,), "cán bộ nhập lại sổ cũ: không phải phản ánh dồn dập của người dân"
    )


def _queue_rush(stage: _Stage) -> None:
    if not stage.workday or not stage.offices:
        return
    office, span = stage.offices.pop(0), (stage.at(8.5), stage.at(10))
    stage.effects.append(Effect("rush", frozenset([office.id]), *span, amount=3.2))
    stage.tell(
        "queue_rush",
        office.unit.code,
        (span[0], stage.at(11.5)),
        (office.id,),
        "lượng khách gấp ba, chờ quá 15 rồi 30 phút",
    )


def _stalled_counter(stage: _Stage) -> None:
    if not stage.workday or not stage.offices:
        return
    office, span = stage.offices.pop(0), (stage.at(14.25), stage.at(15.25))
    stage.effects.append(Effect("stall", frozenset([office.id]), *span))
    stage.tell("stalled_counter", office.unit.code, span, (office.id,), "quầy mở, có người chờ nhưng không gọi số")


def _no_shows(stage: _Stage) -> None:
    if not stage.workday or not stage.offices:
        return
    office, span = stage.offices.pop(0), (stage.at(13.5), stage.at(16.5))
    stage.effects.append(Effect("absent", frozenset([office.id]), *span, amount=0.6))
    stage.tell(
        "no_shows", office.unit.code, span, (office.id,), "bảng gọi số hỏng, quá nửa số người được gọi không đến"
    )


def _road_accident(stage: _Stage) -> None:
    camera = stage.take_camera("traffic")
    if camera is None:
        return
    span = stage.at(16.5), stage.at(17)
    stage.effects.append(Effect("track", frozenset([camera.id]), *span, amount=5, detail="stopped_vehicle"))
    stage.effects.append(
        Effect("reports", frozenset([camera.id]), span[0] + 2 * MINUTE_MS, span[1] - 12 * MINUTE_MS, amount=4,
               categories=("Tai nạn giao thông", "Ùn tắc giao thông"))
    )  # fmt: skip
    stage.tell("road_accident", camera.unit.code, span, (camera.id,), "xe dừng bất thường và bốn phản ánh gần camera")


_NIGHT = 24 * 60
_NOBODY: frozenset[str] = frozenset()

SCENARIOS = (
    Scenario("area_outage", "area_outage", "all cameras and masts of a unit silent for 80 min", _area_outage),
    Scenario("outage_flush", "area_outage", "cameras of a unit cut off for 40 min, then delivered late", _outage_flush),
    Scenario("camera_surge", "surge", "a camera counts six times the usual people, 19:00-20:30",
             _camera("camera_surge", ("crowd", "market"), Effect("scale", _NOBODY, 19 * 60, 1230, 6.0),
                     "đám đông bất thường trước camera")),
    Scenario("camera_drop", "drop", "a camera counts a tenth of the usual traffic, 07:00-10:00",
             _camera("camera_drop", ("traffic",), Effect("scale", _NOBODY, 7 * 60, 10 * 60, 0.1),
                     "đường bị chặn, lưu lượng giảm mạnh")),
    Scenario("camera_dead", "stuck", "a camera reports 0 from 08:00 on",
             _camera("camera_dead", ("traffic", "market"), Effect("fix", _NOBODY, 8 * 60, _NIGHT, 0.0),
                     "cảm biến hỏng, luôn báo 0")),
    Scenario("camera_stuck", "stuck", "a camera reports the same count from 09:00 on",
             _camera("camera_stuck", (), Effect("fix", _NOBODY, 9 * 60, _NIGHT, 17.0), "bộ đếm treo, luôn báo 17")),
    Scenario("camera_silent", "silent", "a camera sends nothing, 13:00-17:00",
             _camera("camera_silent", (), Effect("silence", _NOBODY, 13 * 60, 17 * 60), "camera mất tín hiệu")),
    Scenario("clock_off", "wrong_clock", "a camera's clock is three hours ahead all the time", _clock_off),
    Scenario("storm", "report_surge", "reports of damage from the whole province, 14:00-18:00", _storm),
    Scenario("local_surge", "report_surge", "35 reports of one category from one unit, 09:00-11:30", _local_surge),
    Scenario("bulk_entry", "", "180 reports typed in by staff, 15:30-16:15: no surge", _bulk_entry),
    Scenario("queue_rush", "long_wait", "an office gets 3.2 times its visitors, 08:30-10:00", _queue_rush),
    Scenario("stalled_counter", "stalled", "an office calls nobody though people wait, 14:15-15:15", _stalled_counter),
    Scenario("no_shows", "no_shows", "six of ten visitors of an office don't come when called, 13:30-16:30", _no_shows),
    Scenario("road_accident", "road_incident", "stopped vehicles on a camera and four reports nearby", _road_accident),
)  # fmt: skip
