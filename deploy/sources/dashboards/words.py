"""What dashboards say in both languages: pairs of words, and the names of label values that staff read in legends."""

from types import MappingProxyType
from typing import NamedTuple


class Words(NamedTuple):
    """The same in Vietnamese and in English.

    Examples
    --------
    >>> Words("Hồ sơ", "Dossiers").beside
    'Hồ sơ · Dossiers'
    """

    vi: str
    en: str

    @property
    def beside(self) -> str:
        """Both in one line, for titles and legends."""
        return f"{self.vi} · {self.en}"

    @property
    def beneath(self) -> str:
        """English beneath, for descriptions."""
        return f"{self.vi}\n\n{self.en}"


class Said(NamedTuple):
    """How a value of a label is shown: its words, and a colour where it means good or bad."""

    words: Words
    colour: str = ""


SEVERITIES = MappingProxyType(
    {
        "critical": Said(Words("nghiêm trọng", "critical"), "dark-red"),
        "major": Said(Words("lớn", "major"), "red"),
        "minor": Said(Words("nhỏ", "minor"), "orange"),
        "warning": Said(Words("lưu ý", "warning"), "blue"),
    }
)
OUTCOMES = MappingProxyType(
    {
        "on_time": Said(Words("đúng hạn", "on time"), "green"),
        "late_extended": Said(Words("trễ, đã gia hạn", "late, extended"), "yellow"),
        "late": Said(Words("trễ hạn", "late"), "red"),
        "overdue": Said(Words("quá hạn", "overdue"), "dark-red"),
    }
)
PHASES = MappingProxyType(
    {
        "under_50": Said(Words("dưới 50 %", "under 50 %"), "green"),
        "from_50": Said(Words("từ 50 %", "from 50 %"), "yellow"),
        "from_75": Said(Words("từ 75 %", "from 75 %"), "orange"),
        "from_90": Said(Words("từ 90 %", "from 90 %"), "red"),
        "overdue": Said(Words("quá hạn", "overdue"), "dark-red"),
    }
)
LEVELS = MappingProxyType(
    {
        "report_receipt": Said(Words("tiếp nhận phản ánh", "receipt of reports")),
        "report_resolution": Said(Words("xử lý phản ánh", "resolution of reports")),
        "dossier": Said(Words("hồ sơ", "dossiers")),
        "wait_15": Said(Words("chờ ≤ 15 phút", "wait ≤ 15 min")),
        "wait_30": Said(Words("chờ ≤ 30 phút", "wait ≤ 30 min")),
    }
)
TICKETS = MappingProxyType(
    {
        "served": Said(Words("đã phục vụ", "served"), "green"),
        "no_show": Said(Words("vắng mặt", "no-show"), "orange"),
        "cancelled": Said(Words("đã hủy", "cancelled"), "blue"),
    }
)
COUNTERS = MappingProxyType(
    {
        "open": Said(Words("đang mở", "open"), "green"),
        "needed": Said(Words("cần mở", "needed"), "orange"),
    }
)
PAYMENTS = MappingProxyType(
    {
        "online": Said(Words("trực tuyến", "online"), "green"),
        "cash": Said(Words("tiền mặt", "cash"), "blue"),
        "failed": Said(Words("lỗi", "failed"), "red"),
    }
)
RECORDS = MappingProxyType(
    {
        "accepted": Said(Words("nhận", "accepted"), "green"),
        "duplicate": Said(Words("trùng", "duplicate"), "blue"),
        "late": Said(Words("đến muộn", "late"), "orange"),
        "dead_lettered": Said(Words("bị loại", "dead-lettered"), "red"),
    }
)
STATUSES = MappingProxyType(
    {
        "open": Said(Words("mở", "open"), "orange"),
        "cleared": Said(Words("đã hết", "cleared"), "green"),
        "suppressed": Said(Words("được gộp", "absorbed"), "blue"),
    }
)
FAMILIES = MappingProxyType(
    {
        "camera": Said(Words("camera", "cameras")),
        "office": Said(Words("bộ phận một cửa", "one-stop offices")),
        "telemetry": Said(Words("hạ tầng, hệ thống", "infrastructure, systems")),
    }
)
STATISTICS = MappingProxyType(
    {
        "min": Said(Words("nhỏ nhất", "lowest"), "blue"),
        "mean": Said(Words("trung bình", "mean"), "green"),
        "max": Said(Words("lớn nhất", "highest"), "orange"),
    }
)
RULES = MappingProxyType(
    {
        "area_surge": Words("đông bất thường trên diện rộng", "unusual crowds in an area"),
        "area_drop": Words("vắng bất thường trên diện rộng", "unusual quiet in an area"),
        "queue_wait": Words("chờ lâu tại bộ phận một cửa", "long waits at one-stop counters"),
        "report_surge": Words("phản ánh tăng vọt", "a surge of field reports"),
        "payment_failures": Words("thanh toán trực tuyến lỗi nhiều", "failing online payments"),
        "sensor_surge": Words("một cảm biến tăng vọt", "a surge at a sensor"),
        "sensor_drop": Words("một cảm biến giảm hẳn", "a drop at a sensor"),
        "sensor_rise": Words("một cảm biến tăng lâu dài", "a lasting rise at a sensor"),
        "sensor_fall": Words("một cảm biến giảm lâu dài", "a lasting fall at a sensor"),
        "sensor_stuck": Words("một cảm biến báo mãi một giá trị", "a sensor stuck at a value"),
    }
)
"""Rules of incidents that alerts tell by name: those that can be severe, and those of sensors that flicker."""
