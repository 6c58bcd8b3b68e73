"""Says in Vietnamese and English, from an incident's evidence, what happened, where, and how unusual it is."""

from collections.abc import Callable
from typing import NamedTuple

from streams.anomalies import Anomaly, Kind
from streams.grouping import PLANNED
from streams.incidents import Case, Explanation, score_of
from streams.places import Places


class Names(NamedTuple):
    """How things are called: units by code, and assets by family, id and event time (None: no name is known)."""

    places: Places
    asset: Callable[[str, str, int], str | None]


class Told(NamedTuple):
    """What a sentence is made of: the case, its members from the least probable on, and their names in one list."""

    case: Case
    top: Anomaly
    ranked: list[Anomaly]
    names: str


Say = Callable[[Told], tuple[str, str]]

_NAMED = 3
_LONGEST_WAIT_MIN = 240.0  # beyond that the pace of the queue is too uncertain to name a figure


def explain(case: Case, names: Names) -> Explanation:
    """Return the explanation of a case; a pure function of its members."""
    ranked = case.ranked()
    vi, en = _SAY[case.rule](Told(case, ranked[0], ranked, _listed(ranked, names)))
    where_vi, where_en = ("Bảo trì", "Maintenance") if case.rule == "source_clock" else _where(case, names.places)
    odds_vi, odds_en = _odds(ranked[0])
    return Explanation(vi=f"{where_vi}: {vi}{odds_vi}", en=f"{where_en}: {en}{odds_en}")


def unit_name(case: Case, names: Names) -> str:
    """Return the name of the case's unit at its start, of the province where it has none."""
    return names.places.label(case.unit_code or case.tenant, case.start_ms)


def _where(case: Case, places: Places) -> tuple[str, str]:
    name = places.label(case.unit_code or case.tenant, case.start_ms)
    known = places.at(case.unit_code or case.tenant, case.start_ms) is not None
    english = name if known else f"{'unit' if case.unit_code else 'province'} {case.unit_code or case.tenant}"
    return (name, english) if case.unit_code else (f"Toàn tỉnh ({name})", f"Whole province ({english})")


def _odds(top: Anomaly) -> tuple[str, str]:
    score = score_of(top.p)
    if score < 1 or top.kind is Kind.LONG_WAIT:  # a long wait is a forecast against a limit, not an oddity
        return "", ""
    if score >= _TELLING_LIMIT:
        return " Hầu như không thể do ngẫu nhiên.", " Practically impossible by chance."
    odds = f"10^{score:.0f}"
    return f" Xác suất ngẫu nhiên khoảng 1/{odds}.", f" By chance about 1 in {odds}."


_TELLING_LIMIT = 15.0


def _listed(ranked: list[Anomaly], names: Names) -> str:
    called = list(dict.fromkeys(_called(member, names) for member in ranked))
    more = len(called) - _NAMED
    return ", ".join(called[:_NAMED]) + (f" (+{more})" if more > 0 else "")


def _called(member: Anomaly, names: Names) -> str:
    series = member.series
    name = names.asset(series.family, series.entity, member.start_ms)
    known = series.entity if name is None else f"{name} ({series.entity})"
    area = ", ".join(names.places.label(code, member.start_ms) for code in member.units)
    return " ".join(filter(None, (known, series.part, area and f"({area})")))


def _figures(top: Anomaly) -> tuple[str, str]:
    return f"{top.observed:g}", f"{top.expected:.3g}"


def _seen(top: Anomaly) -> tuple[str, str]:
    return ("đo được", "read") if top.series.family == "telemetry.value" else ("đếm được", "counted")


def _odd(vi: str, en: str, en_read: str) -> Say:
    def say(told: Told) -> tuple[str, str]:
        top, names = told.top, told.names
        seen, usual = _figures(top)
        verb_vi, verb_en = _seen(top)
        return (
            f"{names} {verb_vi} {seen}, {vi} bất thường so với mức thường lệ {usual}.",
            f"{names} {verb_en} {seen}, unusually {en_read if verb_en == 'read' else en} against the usual {usual}.",
        )

    return say


def _lasting(vi: str, en: str) -> Say:
    def say(told: Told) -> tuple[str, str]:
        top, names = told.top, told.names
        seen, usual = _figures(top)
        verb_vi, verb_en = _seen(top)
        since, per = _since(top), _per(top)
        return (
            f"{names} {vi} mức thường lệ {usual}{per[0]} một cách lâu dài{since[0]}; gần đây {verb_vi} {seen}{per[0]}.",
            f"{names} has lastingly gone {en} the usual {usual}{per[1]}{since[1]}; last {verb_en} {seen}{per[1]}.",
        )

    return say


def _per(top: Anomaly) -> tuple[str, str]:
    """Say over how long counts were added up."""
    hours = top.facts.get("window_h", 0.0)
    if not hours:
        return "", ""
    return (" mỗi giờ", " an hour") if hours == 1.0 else (f" mỗi {hours:g} giờ", f" per {hours:g} h")


def _silent(told: Told) -> tuple[str, str]:
    top, names = told.top, told.names
    gap = _duration(top.observed)
    usual = _duration(top.expected)
    return (
        f"{names} không gửi dữ liệu hơn {gap[0]}; thường lệ cứ {usual[0]} một lần.",
        f"{names} sent nothing for more than {gap[1]}; usually every {usual[1]}.",
    )


def _stuck(told: Told) -> tuple[str, str]:
    top, names = told.top, told.names
    since = _since(top)
    return (
        f"{names} báo mãi một giá trị ({top.observed:g}){since[0]}; thiết bị có thể đã hỏng hoặc bị treo.",
        f"{names} keeps reporting one value ({top.observed:g}){since[1]}; the device is probably dead or stuck.",
    )


_THINGS = {"camera": ("camera", "cameras"), "queue": ("điểm một cửa", "one-stop offices")}


def _area(vi: str, en: str) -> Say:
    def say(told: Told) -> tuple[str, str]:
        things = len({member.series.entity for member in told.ranked})
        names = told.names
        noun = _THINGS.get(told.top.series.family.partition(".")[0], ("cảm biến", "sensors"))
        return (
            f"{things} {noun[0]} cùng lúc {vi} ({names}); nhiều khả năng có chung một nguyên nhân.",
            f"{things} {noun[1]} {en} at once ({names}); a common cause is likely.",
        )

    return say


def _reports(told: Told) -> tuple[str, str]:
    surges, names = [member for member in told.ranked if member.kind is Kind.REPORT_SURGE], told.names
    top = surges[0]
    hours, seen = top.facts.get("window_h", 1.0), top.facts.get("window_observed", top.observed)
    expected = top.facts.get("window_expected", top.expected)
    usual = f"{expected:.2g}" if expected < 10 else f"{expected:.0f}"  # noqa: PLR2004 - two digits say enough
    several = len({member.series.entity for member in surges}) > 1
    which = f" ({top.series.entity})" if several else ""  # the figures are those of one category
    return (
        f"phản ánh tăng đột biến: {names}; {seen:g} phản ánh{which} trong {hours:g} giờ, thường lệ {usual}.",
        f"surge of citizens' reports: {names}; {seen:g} reports{which} in {hours:g} h where {usual} are usual.",
    )


def _cluster(told: Told) -> tuple[str, str]:
    top = told.top
    seen, usual = f"{top.observed:g}", f"{top.expected:.2g}"
    hours, radius = top.facts.get("window_h", 0.0), top.facts.get("radius_km", 0.0)
    return (
        f"{told.names}: {seen} người phản ánh cùng một chỗ (bán kính {radius:g} km, {hours:g} giờ), thường lệ {usual}.",
        f"{told.names}: {seen} people report of one place (within {radius:g} km and {hours:g} h), usually {usual}.",
    )


def _neighbours(told: Told) -> tuple[str, str]:
    top, names = told.top, told.names
    seen, usual, hours = f"{top.observed:g}", f"{top.expected:.2g}", top.facts.get("window_h", 1.0)
    return (
        f"các xã, phường liền nhau cùng phản ánh: {names}; {seen} phản ánh trong {hours:g} giờ, thường lệ {usual}.",
        f"neighbouring communes report together: {names}; {seen} reports in {hours:g} h where {usual} are usual.",
    )


def _wait(told: Told) -> tuple[str, str]:
    names = told.names
    worst = max(told.ranked, key=lambda member: (member.facts.get("wait_s", 0.0), member.series))
    minutes, waiting = worst.facts.get("wait_s", 0.0) / 60, worst.facts.get("waiting", 0.0)
    counters = worst.facts.get("counters_open", 0.0)
    over = minutes > _LONGEST_WAIT_MIN
    more = worst.facts.get("counters_needed", 0.0) - counters
    also_vi, also_en = "", ""
    if more > 0:
        also_vi = f", cần mở thêm {more:g} quầy để kịp"
        also_en = f", {more:g} more would keep the target"
    long_vi = "hơn 4 giờ" if over else f"{minutes:.0f} phút"
    long_en = "over 4 h" if over else f"{minutes:.0f} min"
    return (
        f"{told.case.scope}: dự báo chờ {long_vi} ({names}); {waiting:g} người chờ, {counters:g} quầy mở{also_vi}.",
        f"{told.case.scope}: predicted wait {long_en} ({names}); {waiting:g} wait, {counters:g} counters{also_en}.",
    )


def _stalled(told: Told) -> tuple[str, str]:
    top, names = told.top, told.names
    waiting = top.facts.get("waiting", top.observed)
    counters = top.facts.get("counters_open", 0.0)
    since = _since(top)
    return (
        f"{names}: {waiting:g} người chờ, {counters:g} quầy mở, không ai được gọi{since[0]}.",
        f"{names}: {waiting:g} people wait, {counters:g} counters open, nobody is called{since[1]}.",
    )


def _clock(told: Told) -> tuple[str, str]:
    top, names = told.top, told.names
    off = _duration(abs(top.observed))
    ahead = top.observed < 0  # ingest less event time
    return (
        f"đồng hồ của {names} {'nhanh' if ahead else 'chậm'} đều {off[0]}; tính theo giờ nhận. Cần chỉnh đồng hồ.",
        f"the clock of {names} is steadily {'fast' if ahead else 'slow'} by {off[1]}; read at ingest time. Set it.",
    )


def _planned(told: Told) -> tuple[str, str]:
    things, names, event = len({member.series for member in told.ranked}), told.names, told.case.scope
    return (
        f"sự kiện đã lên kế hoạch “{event}”: {things} chuỗi số liệu bất thường như dự kiến ({names}).",
        f"planned event “{event}”: {things} series are unusual, as was to be expected ({names}).",
    )


def _share(vi: str, en: str) -> Say:
    def say(told: Told) -> tuple[str, str]:
        top, names = told.top, told.names
        trials = top.facts.get("trials", 0.0)
        seen, usual = f"{top.observed:g}", f"{top.expected:.2g}"
        several = len({member.series for member in told.ranked}) > 1
        of_vi, of_en = (f" ở {top.series.entity}", f" at {top.series.entity}") if several else ("", "")
        return (
            f"{names}: {seen} trên {trials:g} {vi}{of_vi}, thường lệ khoảng {usual}.",
            f"{names}: {seen} of {trials:g} {en}{of_en} where about {usual} are usual.",
        )

    return say


def _since(top: Anomaly) -> tuple[str, str]:
    """Return how long an episode has lasted, nothing while it is new."""
    seconds = (top.end_ms - top.start_ms) / 1000
    vi, en = _duration(seconds)
    return (f" suốt {vi}", f", for {en}") if seconds > 0 else ("", "")


def _duration(seconds: float) -> tuple[str, str]:
    for size, vi, en in ((86400, "ngày", "d"), (3600, "giờ", "h"), (60, "phút", "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {vi}", f"{seconds / size:.0f} {en}"
    return f"{seconds:.0f} giây", f"{seconds:.0f} s"


_SAY = {
    "sensor_surge": _odd("cao", "many", "high"),
    "sensor_drop": _odd("thấp", "few", "low"),
    "sensor_rise": _lasting("cao hơn", "above"),
    "sensor_fall": _lasting("thấp hơn", "below"),
    "sensor_silent": _silent,
    "sensor_stuck": _stuck,
    "area_surge": _area("cao bất thường", "are unusually high"),
    "area_drop": _area("thấp bất thường", "are unusually low"),
    "area_rise": _area("tăng lâu dài", "have lastingly risen"),
    "area_fall": _area("giảm lâu dài", "have lastingly fallen"),
    "area_outage": _area("mất tín hiệu", "fell silent"),
    "report_surge": _reports,
    "report_cluster": _cluster,
    "report_area": _neighbours,
    PLANNED: _planned,
    "queue_wait": _wait,
    "queue_stalled": _stalled,
    "queue_no_shows": _share("lượt gọi không có người đến", "people called didn't come"),
    "payment_failures": _share("lượt thanh toán trực tuyến bị lỗi", "online payments failed"),
    "camera_false_alarms": _share("cảnh báo được xem lại gần đây là báo sai", "alarms reviewed last were false"),
    "source_clock": _clock,
}
