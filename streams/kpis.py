"""The performance indicators of a province: identity, unit, which way is better, how each figure comes about."""

from types import MappingProxyType
from typing import Literal, NamedTuple

Unit = Literal["ratio", "seconds", "points", "accounts", "rank", "goals"]

_MOST = {"ratio": 1.0, "points": 100.0, "goals": 5.0}
_NAMED = {"ratio": "a ratio", "rank": "a rank"}


class Indicator(NamedTuple):
    """An indicator; ``measures`` are the families it is computed from, none: its figures are imported.

    ``every_days`` is how long a figure is the newest one, as a rule; None: no other will come. ``most`` is its greatest
    value where the unit doesn't say it.
    """

    id: str
    unit: Unit
    better: Literal["higher", "lower"]
    vi: str
    en: str
    measures: tuple[str, ...] = ()
    every_days: int | None = 31
    most: float | None = None

    @property
    def live(self) -> bool:
        """Whether it is computed from events."""
        return bool(self.measures)

    def refusal(self, value: float) -> str | None:
        """Say why a value can't be a figure of this indicator; None if it can.

        Examples
        --------
        >>> KPIS["etax_firms_share"].refusal(98.9)
        'must be a ratio of 0 to 1, is 98.9'
        >>> KPIS["etax_firms_share"].refusal(0.989)
        """
        most = _MOST.get(self.unit, 1e15) if self.most is None else self.most
        if 0.0 <= value <= most:
            return None
        return f"must be {_NAMED.get(self.unit, self.unit)} of 0 to {most:g}, is {value:g}"


def _higher(
    name: str, vi: str, en: str, *measures: str, unit: Unit = "ratio", every_days: int | None = 31
) -> Indicator:
    return Indicator(name, unit, "higher", vi, en, measures, every_days)


def _part(name: str, vi: str, en: str, most: float | None = None) -> Indicator:
    """Return a part of the service index of Decision 766, told every week; ``most`` None: as the index."""
    vi, en = f"Chỉ số phục vụ: {vi}", f"Service index: {en}"
    return Indicator(f"service_index_{name}", "points", "higher", vi, en, every_days=7, most=most)


_ALL = (
    _higher("dossiers_online_share", "Hồ sơ nộp trực tuyến", "Dossiers submitted online", "dossiers_submitted"),
    _higher(
        "dossiers_full_share",
        "Hồ sơ của dịch vụ công toàn trình",
        "Dossiers of procedures that run online in full",
        "dossiers_submitted",
    ),
    _higher(
        "cashless_payments_share",
        "Thanh toán phí không dùng tiền mặt",
        "Fees paid without cash",
        "dossier_payments",
    ),
    _higher("dossiers_on_time_share", "Hồ sơ giải quyết đúng hạn", "Dossiers on time", "deadlines"),
    _higher("reports_on_time_share", "Phản ánh xử lý đúng hạn", "Field reports resolved on time", "deadlines"),
    Indicator(
        "counter_wait_mean",
        "seconds",
        "lower",
        "Thời gian chờ trung bình tại một cửa",
        "Mean wait at one-stop counters",
        ("ticket_wait_seconds",),
    ),
    _higher(
        "online_services_share",
        "Thủ tục hành chính trực tuyến mức 3 và 4",
        "Procedures offered online at level 3 or 4",
    ),
    _higher("full_online_share", "Thủ tục trực tuyến toàn trình (mức 4)", "Procedures fully online (level 4)"),
    _higher("national_portal_share", "Dịch vụ tích hợp Cổng quốc gia", "Online procedures on the national portal"),
    _higher("work_files_province_share", "Hồ sơ công việc trên mạng, cấp tỉnh", "Work files online, province"),
    _higher(
        "work_files_district_share",
        "Hồ sơ công việc trên mạng, cấp huyện",
        "Work files online, districts",
        every_days=None,  # there are no districts since July 2025
    ),
    _higher("work_files_commune_share", "Hồ sơ công việc trên mạng, cấp xã", "Work files online, communes"),
    _higher(
        "service_index", "Chỉ số phục vụ (766/QĐ-TTg)", "Service index (Decision 766)", unit="points", every_days=7
    ),
    _part("transparency", "công khai, minh bạch", "transparency", 18.0),
    _part("on_time", "tiến độ giải quyết", "on time", 20.0),
    _part("satisfaction", "mức độ hài lòng", "satisfaction", 18.0),
    _part("digitisation", "số hóa hồ sơ", "digitisation"),
    _part("online", "dịch vụ trực tuyến", "online service"),
    _higher("digital_supervision_share", "Kiểm tra thực hiện trên môi trường số", "Supervision done digitally"),
    _higher("documents_signed_share", "Văn bản điện tử được ký số", "E-documents signed"),
    _higher("documents_exchanged_share", "Văn bản trao đổi điện tử", "Documents exchanged electronically"),
    _higher("cashless_people_share", "Người dân thanh toán điện tử", "People who pay without cash"),
    _higher("payment_accounts_share", "Người từ 15 tuổi có tài khoản", "People of 15 and over with an account"),
    _higher("citizen_app_accounts", "Tài khoản ứng dụng công dân số", "Accounts of the citizens' app", unit="accounts"),
    _higher("etax_firms_share", "Doanh nghiệp nộp thuế điện tử", "Firms that pay taxes online"),
    Indicator(
        "dti_rank",
        "rank",
        "lower",
        "Xếp hạng chuyển đổi số (DTI)",
        "Rank of digital transformation (DTI)",
        every_days=366,
    ),
    _higher("five_no_goals", "Mục tiêu “5 không” đã đạt", "Goals reached of the five without", unit="goals"),
)

KPIS: MappingProxyType[str, Indicator] = MappingProxyType({each.id: each for each in _ALL})
"""Every indicator by its id."""
