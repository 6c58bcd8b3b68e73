"""A power cut behind the end of a simulation: an incident that stands, when one wants it."""

from collections import Counter
from typing import NamedTuple

import numpy as np

from ioc.errors import ConfigError
from ioc.simulate.flow import DAY_MS, rfc3339
from ioc.simulate.plan import Effect
from ioc.simulate.run import Simulation
from ioc.simulate.settings import Truth

_AT_LEAST = 3  # cameras: fewer are no outage of an area (`streams.correlate.Rules.wide_at_least`)


class PowerCut(NamedTuple):
    """What is cut off, and the truth about it."""

    effect: Effect
    truth: Truth


def power_cut(simulation: Simulation, lasting_ms: int) -> PowerCut:
    """Cut off the unit with most cameras of those that had no outage, from the end of the simulation on.

    Raises
    ------
    ConfigError
        No such unit has three cameras.
    """
    province = simulation.province
    had_one = {truth.unit_code for truth in simulation.truths if "outage" in truth.kind}
    counts = Counter(camera.unit.code for camera in province.cameras if camera.unit.code not in had_one)
    code, count = max(counts.items(), key=lambda item: item[1], default=("", 0))
    if count < _AT_LEAST:
        raise ConfigError("simulate cameras: too few for one more outage of an area; 40 are enough")
    cameras = [camera.id for camera in province.cameras if camera.unit.code == code]
    masts = [mast.id for mast in province.equipment if mast.kind == "bts" and mast.unit.code == code]
    ids = tuple(cameras + masts)
    start_ms = simulation.first_ms + simulation.settings.days * DAY_MS
    start, end = rfc3339(np.array([start_ms, start_ms + lasting_ms]))
    note = "mất điện cả địa bàn, chưa có lại"
    return PowerCut(
        Effect("silence", frozenset(ids), start_ms, start_ms + lasting_ms),
        Truth(f"power_cut-{code}", "power_cut", "area_outage", province.tenant, code, start, end, ids, note),
    )
