"""Explanations: both languages, the figures of the evidence, the names of places and assets."""

import msgspec
import pytest

from ioc.units import load_places
from streams.anomalies import Anomaly, Kind, Series
from streams.explain import Names, explain, unit_name
from streams.grouping import SINGLE_RULE
from streams.incidents import Case, Severity

AT_MS = 1_772_384_400_000
PLACES = load_places(None)
NAMES = Names(PLACES, lambda *_: None)

EXPECTED = {
    Kind.SURGE: ("đếm được 40, cao bất thường", "counted 40, unusually many against the usual 7"),
    Kind.DROP: ("đếm được 40, thấp bất thường", "counted 40, unusually few against the usual 7"),
    Kind.RISE: (
        "cao hơn mức thường lệ 7 mỗi 6 giờ một cách lâu dài suốt 2 giờ; gần đây đếm được 40 mỗi 6 giờ",
        "lastingly gone above the usual 7 per 6 h, for 2 h; last counted 40 per 6 h",
    ),
    Kind.FALL: ("thấp hơn mức thường lệ 7", "lastingly gone below the usual 7 per 6 h"),
    Kind.SILENT: ("không gửi dữ liệu", "sent nothing"),
    Kind.STUCK: ("báo mãi một giá trị (40)", "one value (40)"),
    Kind.REPORT_SURGE: ("37 phản ánh trong 6 giờ, thường lệ 4.2.", "37 reports in 6 h where 4.2 are usual."),
    Kind.REPORT_CLUSTER: (
        "40 người phản ánh cùng một chỗ (bán kính 0.5 km, 6 giờ)",
        "40 people report of one place (within 0.5 km and 6 h), usually 7.",
    ),
    Kind.REPORT_AREA: (
        "liền nhau cùng phản ánh: X-1; 40 phản ánh trong 6 giờ",
        "neighbouring communes report together: X-1; 40 reports in 6 h where 7 are usual.",
    ),
    Kind.LONG_WAIT: (
        "dự báo chờ 25 phút (X-1); 12 người chờ, 2 quầy mở, cần mở thêm 3 quầy để kịp.",
        "predicted wait 25 min (X-1); 12 wait, 2 counters, 3 more would keep the target.",
    ),
    Kind.STALLED: ("không ai được gọi", "nobody is called"),
    Kind.NO_SHOWS: (
        "40 trên 90 lượt gọi không có người đến, thường lệ khoảng 7.",
        "40 of 90 people called didn't come",
    ),
    Kind.PAYMENT_FAILURES: ("40 trên 90 lượt thanh toán", "40 of 90 online payments failed where about 7 are usual."),
    Kind.FALSE_ALARMS: ("40 trên 90 cảnh báo", "40 of 90 alarms reviewed last were false"),
    Kind.WRONG_CLOCK: ("đồng hồ của", "the clock of"),
}


def member(
    kind: Kind, entity: str = "X-1", unit: str = "03127", p: float = 1e-8, family: str = "camera.count"
) -> Anomaly:
    """Return one step of an episode."""
    return Anomaly(
        id=f"{kind.value}-{entity}",
        at_ms=AT_MS,
        detector="test",
        version=1,
        kind=kind,
        series=Series("11", unit, family, entity),
        start_ms=AT_MS,
        end_ms=AT_MS + 7_200_000,
        expires_ms=AT_MS + 10**8,
        open=True,
        p=p,
        observed=40.0,
        expected=7.0,
        facts={
            "wait_s": 1500.0,
            "waiting": 12.0,
            "counters_open": 2.0,
            "counters_needed": 5.0,
            "window_h": 6.0,
            "window_observed": 37.0,
            "window_expected": 4.2,
            "trials": 90.0,
            "radius_km": 0.5,
        },
    )


def case(rule: str, *members: Anomaly, unit: str = "03127", tenant: str = "11") -> Case:
    """Return an open incident."""
    return Case(
        id="c",
        rule=rule,
        tenant=tenant,
        unit_code=unit,
        scope="VP-1",
        start_ms=AT_MS,
        members={f"{number}": each for number, each in enumerate(members)},
        severity=Severity.MINOR,
        calm_ms=None,
    )


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_is_explained_in_vietnamese_and_english(kind: Kind) -> None:
    """With the figures of the evidence; no kind is left without words."""
    text = explain(case(SINGLE_RULE[kind], member(kind)), NAMES)
    vi, en = EXPECTED[kind]
    assert vi in text.vi
    assert en in text.en


@pytest.mark.parametrize("rule", ["area_surge", "area_drop", "area_rise", "area_fall", "area_outage"])
def test_an_area_is_explained_by_the_number_of_its_sensors(rule: str) -> None:
    """Three are named, the rest counted."""
    text = explain(case(rule, *(member(Kind.DROP, f"CAM-{number}") for number in range(5))), NAMES)
    assert "5 camera " in text.vi
    assert "5 cameras" in text.en
    assert "(+2)" in text.en


def test_a_planned_event_is_named() -> None:
    """With how many series it made unusual."""
    told = case("planned_event", *(member(Kind.SURGE, f"CAM-{number}") for number in range(4)))
    text = explain(told, NAMES)
    assert "sự kiện đã lên kế hoạch “VP-1”: 4 chuỗi" in text.vi
    assert "planned event “VP-1”: 4 series" in text.en


def test_a_gauge_is_read_and_not_counted() -> None:
    """Its value is high, not many."""
    text = explain(case("sensor_surge", member(Kind.SURGE, family="telemetry.value")), NAMES)
    assert "đo được 40, cao bất thường" in text.vi
    assert "read 40, unusually high against the usual 7" in text.en


def test_lasting_changes_say_over_how_long_was_counted() -> None:
    """An hour in words, and nothing where each value stands for itself."""
    told = member(Kind.FALL)
    texts = [
        explain(case("sensor_fall", msgspec.structs.replace(told, facts=facts)), NAMES).en
        for facts in ({"window_h": 1.0}, {})
    ]
    assert "below the usual 7 an hour, for 2 h; last counted 40 an hour." in texts[0]
    assert "below the usual 7, for 2 h; last counted 40." in texts[1]


def test_the_figures_of_a_surge_name_their_category_where_there_are_several() -> None:
    """Else they would read as those of all together."""
    members = (member(Kind.REPORT_SURGE, "Cây đổ", p=1e-9), member(Kind.REPORT_SURGE, "Ngập úng"))
    text = explain(case("report_surge", *members), NAMES)
    assert "Cây đổ, Ngập úng; 37 phản ánh (Cây đổ) trong 6 giờ" in text.vi
    assert "Cây đổ, Ngập úng; 37 reports (Cây đổ) in 6 h" in text.en


def test_a_unit_is_named_as_it_was_called_then() -> None:
    """Before a code's present unit existed it is an old unit whose name isn't known, never the new name."""
    now = case("sensor_drop", member(Kind.DROP))
    assert unit_name(now, NAMES) == "Phường Điện Biên Phủ"
    then = case("sensor_drop", member(Kind.DROP))
    then.start_ms = 1_420_000_000_000
    assert "Điện Biên Phủ" not in unit_name(then, NAMES)
    assert explain(then, NAMES).en.startswith("unit 03127")


def test_an_incident_of_the_province_says_so() -> None:
    """In both languages."""
    text = explain(case("report_surge", member(Kind.REPORT_SURGE, unit=""), unit=""), NAMES)
    assert text.vi.startswith("Toàn tỉnh (")
    assert text.en.startswith("Whole province (")


def test_an_asset_is_called_by_the_name_that_the_site_gives_it() -> None:
    """Its id stays beside the name."""
    named = Names(PLACES, lambda *asked: "Cầu Mường Thanh" if asked[1] == "X-1" else None)
    assert "Cầu Mường Thanh (X-1)" in explain(case("sensor_drop", member(Kind.DROP)), named).vi


@pytest.mark.parametrize(
    ("p", "odds"), [(1e-8, "1 in 10^8"), (0.0, "Practically impossible by chance"), (0.5, "counted 40")]
)
def test_odds_are_told_where_they_say_something(p: float, odds: str) -> None:
    """A power of ten, or words where the figure means nothing any more, or nothing at all."""
    text = explain(case("sensor_drop", member(Kind.DROP, p=p)), NAMES).en
    assert odds in text
    assert ("chance" in text) == (p < 0.1)


def test_the_explanation_depends_on_the_members_not_on_their_order() -> None:
    """So that a restart tells the same text."""
    members = [member(Kind.DROP, f"CAM-{number}") for number in range(5)]
    assert explain(case("area_drop", *members), NAMES) == explain(case("area_drop", *members[::-1]), NAMES)
