"""What the network does to events on their way: loses, holds back, repeats and spoils some of them."""

from zlib import crc32

import numpy as np

from ioc.simulate.flow import DAY_MS, SECOND_MS, Flow
from ioc.simulate.plan import Plan
from streams.topics import CAMERA_EVENTS, FIELD_REPORTS, SERVICE_QUEUES, TELEMETRY

_REPEATED_SHARE = 4e-4
_FLUSH_GAP_MS = 8
_POISON = (
    (CAMERA_EVENTS, b"CAM-0", b'{"specversion":"1.0","id":"cut-short'),
    (CAMERA_EVENTS, b"CAM-0", b"\xff\xfe\x00not text"),
    (CAMERA_EVENTS, b"CAM-0", b'{"specversion":"1.0","id":"p-3","source":"/x","type":"vn.ioc.camera.analytics.v1"}'),
    (TELEMETRY, b"BTS-0", b"[1,2,3]"),
    (TELEMETRY, b"BTS-0", b""),
    (SERVICE_QUEUES, b"VP-0", b'{"specversion":"1.0","id":"p-6","source":"/x","type":"vn.ioc.unknown.v1","data":{}}'),
    (FIELD_REPORTS, b"03127", None),
)  # fmt: skip


def lose_and_hold(flow: Flow, plan: Plan) -> Flow:
    """Drop what silent senders would have sent, and deliver late what was held back, at once when the line is up."""
    keep = np.ones(len(flow.keys), dtype=bool)
    ts_ms = flow.ts_ms.copy()
    for effect in (*plan.of("silence"), *plan.of("hold")):
        within = (flow.time_ms >= effect.start_ms) & (flow.time_ms < effect.end_ms)
        if not within.any():
            continue
        ids = {text.encode() for text in effect.ids}
        hit = np.flatnonzero(within)
        rows = np.array([row for row in hit.tolist() if flow.keys[row] in ids], dtype=np.intp)
        if effect.what == "silence":
            keep[rows] = False
        else:
            in_order = rows[np.argsort(flow.time_ms[rows], kind="stable")]
            ts_ms[in_order] = effect.end_ms + _FLUSH_GAP_MS * np.arange(1, len(rows) + 1)
    kept = np.flatnonzero(keep).tolist()
    return Flow(
        flow.topic,
        flow.time_ms[keep],
        ts_ms[keep],
        [flow.keys[row] for row in kept],
        [flow.values[row] for row in kept],
    )


def repeat(flow: Flow, seed: int) -> Flow:
    """Deliver a few records once more, 1 to 30 s later.

    Which ones depends on their own bytes alone, so that more or fewer events elsewhere change nothing.
    """
    drawn = np.array([crc32(value, seed) for value in flow.values], dtype=np.int64)
    rows = np.flatnonzero(drawn < _REPEATED_SHARE * 2**32)
    later_ms = SECOND_MS + drawn[rows] % (29 * SECOND_MS)
    return Flow(
        flow.topic,
        np.concatenate([flow.time_ms, flow.time_ms[rows]]),
        np.concatenate([flow.ts_ms, flow.ts_ms[rows] + later_ms]),
        flow.keys + [flow.keys[row] for row in rows.tolist()],
        flow.values + [flow.values[row] for row in rows.tolist()],
    )


def poison(random: np.random.Generator, first_ms: int) -> list[tuple[str, int, bytes | None, bytes | None]]:
    """Return a day's few records that are no events, as (topic, ts_ms, key, value)."""
    at_ms = random.integers(first_ms, first_ms + DAY_MS, len(_POISON)).tolist()
    return [(topic, when, key, value) for (topic, key, value), when in zip(_POISON, at_ms, strict=True)]
