"""The cameras of the simulated province: counts every 5 minutes, heartbeats and a few tracks."""

import hashlib
from collections.abc import Iterator
from datetime import date
from typing import TypedDict

import numpy as np

from ioc.simulate.flow import (
    DAY_MS,
    MINUTE_MS,
    SECOND_MS,
    Floats,
    Flow,
    Head,
    Ints,
    flow,
    head,
    join,
    rfc3339,
    rfc3339_of,
    stamps,
)
from ioc.simulate.plan import Plan
from ioc.simulate.province import Camera, Province
from streams.events.camera import (
    AnalyticsData,
    CameraAnalytics,
    CameraHealth,
    Direction,
    HealthData,
    ObjectClass,
    Phase,
    Rule,
    State,
    Tamper,
)
from streams.events.fields import Location
from streams.topics import CAMERA_EVENTS

_SLOTS = 288
_SLOT_MS = 5 * MINUTE_MS
_DISPERSION = 25.0  # gamma shape of the negative binomial: variance = mean + mean² / 25
_DAY_SPREAD = 0.06
_TRACKS_PER_DAY = 14.0
_SATURDAY = 5
_WEEKEND_FACTOR = {"traffic": 0.75, "market": 1.25, "crowd": 1.5, "neighbourhood": 1.05}
# kind of camera: (hour of the peak, its width in hours, its height) above a floor
_PEAKS = {
    "traffic": ((7.2, 0.9, 2.6), (11.3, 0.8, 1.2), (17.2, 1.1, 2.8), (13.5, 3.5, 0.8)),
    "market": ((6.5, 1.6, 3.2), (16.5, 1.5, 1.4)),
    "crowd": ((19.7, 1.6, 3.6), (8.0, 2.5, 0.8), (16.0, 2.5, 0.8)),
    "neighbourhood": ((6.8, 1.2, 1.6), (17.8, 1.5, 2.0), (12.0, 4.0, 0.7)),
}
_FLOOR = 0.06
_TRACKS = (
    (Rule.LINE_CROSSED, 0.5),
    (Rule.LOITERING, 0.15),
    (Rule.STOPPED_VEHICLE, 0.15),
    (Rule.WRONG_WAY, 0.08),
    (Rule.PLATE_READ, 0.12),
)


_Start = tuple[int, int, Rule]


class _Where(TypedDict):
    """The fields of ``data`` that all events of a camera share."""

    tenant: str
    unit_code: str
    location: Location
    camera_id: str


class Cameras:
    """All cameras of a province; `day` gives what they send in one day."""

    def __init__(self, seed: int, province: Province, plan: Plan) -> None:
        self._seed = seed
        self._cameras = province.cameras
        self._size = len(province.cameras)
        self._plan = plan
        self._sources = [f"/vn/{province.tenant}/camera/{camera.id}" for camera in self._cameras]
        self._where = [
            _Where(
                tenant=province.tenant,
                unit_code=camera.unit.code,
                location=Location(lat=camera.lat, lon=camera.lon, accuracy_m=20),
                camera_id=camera.id,
            )
            for camera in self._cameras
        ]
        self._clock_ms = np.zeros(len(self._cameras), dtype=np.int64)
        for effect in plan.of("clock"):
            self._clock_ms[self._rows(effect.ids)] = int(effect.amount)

    def day(self, number: int, first_ms: int, day: date) -> Flow:
        """Return the events of one day, as they happened; what the network does to them comes later."""
        random = np.random.default_rng([self._seed, 1, number])
        planned = np.random.default_rng([self._seed, 6, number])
        ends = first_ms + _SLOT_MS * np.arange(1, _SLOTS + 1)
        counts = np.stack([self._counts(row, number, ends, day.weekday() >= _SATURDAY) for row in range(self._size)])
        return join(
            [
                flow(CAMERA_EVENTS, self._counted(ends, counts)).delayed(random),
                flow(CAMERA_EVENTS, self._heartbeats(random, ends)).delayed(random),
                flow(CAMERA_EVENTS, self._tracks(random, first_ms, "t", self._usual_tracks(random, first_ms))).delayed(
                    random
                ),
                flow(
                    CAMERA_EVENTS, self._tracks(planned, first_ms, "p", self._planned_tracks(planned, first_ms))
                ).delayed(planned),
            ]
        )

    def _rows(self, ids: frozenset[str]) -> Ints:
        return np.flatnonzero([camera.id in ids for camera in self._cameras])

    def _counts(self, row: int, number: int, ends: Ints, weekend: bool) -> Ints:
        """Return one camera's counts of a day: a rhythm with noise, changed by what the plan says.

        Each camera has a generator of its own, so that a scenario at one leaves the others as they are.
        """
        random = np.random.default_rng([self._seed, 7, number, row])
        camera = self._cameras[row]
        rates = _rates(camera, weekend) * random.lognormal(0.0, _DAY_SPREAD)
        for effect in self._plan.of("scale"):
            if camera.id in effect.ids:
                rates[(ends > effect.start_ms) & (ends <= effect.end_ms)] *= effect.amount
        counts: Ints = random.poisson(random.gamma(_DISPERSION, rates / _DISPERSION))
        for effect in self._plan.of("fix"):
            if camera.id in effect.ids:
                counts[(ends > effect.start_ms) & (ends <= effect.end_ms)] = int(effect.amount)
        return counts

    def _counted(self, ends: Ints, counts: Ints) -> Iterator[tuple[int, CameraAnalytics]]:
        for row, camera in enumerate(self._cameras):
            kind = ObjectClass(camera.object_class)
            for at_ms, stamp, time, count in zip(*self._instants(row, ends), counts[row].tolist(), strict=True):
                data = AnalyticsData(
                    **self._where[row],
                    rule=Rule.COUNT,
                    phase=Phase.INSTANT,
                    object_class=kind,
                    count=count,
                    interval_s=300.0,
                )
                yield at_ms, CameraAnalytics(**self._head(row, f"{camera.id}-count-{stamp}", time), data=data)

    def _heartbeats(self, random: np.random.Generator, ends: Ints) -> Iterator[tuple[int, CameraHealth]]:
        """Yield heartbeats, every 5 minutes, each camera at its own second."""
        for row, camera in enumerate(self._cameras):
            instants = self._instants(row, ends - _SLOT_MS + (row * 37 % 300) * SECOND_MS)
            fps = np.round(random.normal(25.0, 0.3, _SLOTS).clip(0), 1).tolist()
            bitrate = np.round(random.normal(2200.0, 150.0, _SLOTS).clip(0)).tolist()
            for at_ms, stamp, time, frames, rate in zip(*instants, fps, bitrate, strict=True):
                data = HealthData(
                    **self._where[row],
                    state=State.ONLINE,
                    tamper=Tamper.NONE,
                    fps=frames,
                    bitrate_kbps=rate,
                    storage_free_pct=60.0,
                )
                yield at_ms, CameraHealth(**self._head(row, f"{camera.id}-health-{stamp}", time), data=data)

    def _instants(self, row: int, at_ms: Ints) -> tuple[list[int], list[str], list[str]]:
        """Return instants, and what the camera's own clock makes of them: as they stand in ids, and as times."""
        shown = at_ms + self._clock_ms[row]
        return at_ms.tolist(), stamps(shown), rfc3339(shown)

    def _head(self, row: int, event_id: str, time: str) -> Head:
        return head(event_id, self._sources[row], time, self._cameras[row].id)

    def _usual_tracks(self, random: np.random.Generator, first_ms: int) -> list[_Start]:
        rules, shares = [rule for rule, _ in _TRACKS], [share for _, share in _TRACKS]
        starts: list[_Start] = []
        for row, number in enumerate(random.poisson(_TRACKS_PER_DAY, self._size).tolist()):
            at = random.integers(first_ms, first_ms + DAY_MS, number).tolist()
            chosen = random.choice(len(rules), number, p=shares).tolist()
            starts += [(when, row, rules[rule]) for when, rule in zip(at, chosen, strict=True)]
        return sorted(starts, key=lambda start: start[:2])

    def _planned_tracks(self, random: np.random.Generator, first_ms: int) -> list[_Start]:
        starts: list[_Start] = []
        for effect in self._plan.of("track"):
            if first_ms <= effect.start_ms < first_ms + DAY_MS:
                at = random.integers(effect.start_ms, effect.end_ms, int(effect.amount)).tolist()
                starts += [(when, row, Rule(effect.detail)) for when in at for row in self._rows(effect.ids).tolist()]
        return sorted(starts, key=lambda start: start[:2])

    def _tracks(
        self, random: np.random.Generator, first_ms: int, series: str, starts: list[_Start]
    ) -> Iterator[tuple[int, CameraAnalytics]]:
        """Yield the beginning and the end of each track."""
        dwell = np.round(random.gamma(2.0, 20.0, len(starts)) + 1.0, 1).tolist()
        likelihood = np.round(random.beta(9.0, 2.0, len(starts)), 3).tolist()
        for number, ((at_ms, row, rule), dwell_s, sure) in enumerate(zip(starts, dwell, likelihood, strict=True)):
            track = f"{self._cameras[row].id}-{first_ms // DAY_MS}-{series}{number}"
            for phase, phase_ms in ((Phase.NEW, at_ms), (Phase.END, at_ms + int(dwell_s * SECOND_MS))):
                stayed_s = dwell_s if phase is Phase.END else None
                yield (
                    phase_ms,
                    self._track(
                        row, track=track, at_ms=phase_ms, rule=rule, phase=phase, likelihood=sure, dwell_s=stayed_s
                    ),
                )

    def _track(
        self, row: int, *, track: str, at_ms: int, rule: Rule, phase: Phase, likelihood: float, dwell_s: float | None
    ) -> CameraAnalytics:
        plate = hashlib.blake2b(track.encode(), key=b"simulated", digest_size=8).hexdigest()
        vehicle = rule in {Rule.STOPPED_VEHICLE, Rule.WRONG_WAY, Rule.PLATE_READ}
        return CameraAnalytics(
            **self._head(row, f"{track}-{phase}", rfc3339_of(at_ms + int(self._clock_ms[row]))),
            data=AnalyticsData(
                **self._where[row],
                rule=rule,
                phase=phase,
                object_class=ObjectClass.CAR if vehicle else ObjectClass.PERSON,
                track_id=track,
                likelihood=likelihood,
                direction=Direction.BACKWARD if rule is Rule.WRONG_WAY else None,
                dwell_s=dwell_s,
                plate_hash=f"k1:{plate}" if rule is Rule.PLATE_READ else None,
            ),
        )


def _rates(camera: Camera, weekend: bool) -> Floats:
    """Return the expected counts of a camera for the slots of a day; their mean on a working day is ``camera.rate``."""
    hours = (np.arange(_SLOTS) + 0.5 - camera.phase_slots) / 12.0
    shape = np.full(_SLOTS, _FLOOR)
    for peak, width, height in _PEAKS[camera.kind]:
        distance = (hours - peak + 12.0) % 24.0 - 12.0
        shape += height * np.exp(-0.5 * (distance / width) ** 2)
    factor = _WEEKEND_FACTOR[camera.kind] if weekend else 1.0
    rates: Floats = camera.rate * factor * shape / shape.mean()
    return rates
