"""What citizens apply for: procedures, who decides them and how long that may take; the default labels are of these."""

from typing import NamedTuple

from streams.events.dossier import Level


class Procedure(NamedTuple):
    """One procedure: ``days`` are working days until it is due, ``weight`` is its usual share, ``fee_vnd`` its fee."""

    code: str
    name: str
    agency: str
    level: Level
    days: int
    weight: float
    fee_vnd: float


_UNIT, _POLICE, _SOIL, _FINANCE = "UBND xã, phường", "Công an tỉnh", "Sở Nông nghiệp và Môi trường", "Sở Tài chính"

PROCEDURES = (
    Procedure("2.000815", "Chứng thực bản sao từ bản chính", _UNIT, Level.PARTIAL, 1, 30, 10_000),
    Procedure("1.001193", "Đăng ký khai sinh", _UNIT, Level.FULL, 1, 10, 0),
    Procedure("1.000656", "Đăng ký khai tử", _UNIT, Level.FULL, 1, 4, 0),
    Procedure("1.000894", "Đăng ký kết hôn", _UNIT, Level.PARTIAL, 2, 6, 0),
    Procedure("1.004194", "Đăng ký tạm trú", _POLICE, Level.FULL, 3, 14, 7_000),
    Procedure("1.004222", "Đăng ký thường trú", _POLICE, Level.FULL, 7, 8, 10_000),
    Procedure("1.001612", "Đăng ký thành lập hộ kinh doanh", _FINANCE, Level.FULL, 3, 10, 100_000),
    Procedure("1.004227", "Đăng ký biến động đất đai", _SOIL, Level.PARTIAL, 10, 18, 50_000),
)
