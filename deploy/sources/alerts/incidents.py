"""Alerts on incidents, cameras and areas, on silent sensors of all kinds, and on the budget of alarms itself."""

from deploy.sources.alerts.model import Alert, Case, Severity, Told
from deploy.sources.thresholds import THRESHOLDS

_OPEN = "sum by (tenant, unit{more}) (ioc_unit_incidents_open{{{where}}}) > 0"
_UNIT = 'tenant="11", unit="03127"'
_OPERATORS = "on () group_left () max(ioc_operators)"


def _incidents(rule: str, severity: str, values: str, unit: str = _UNIT) -> Case:
    return Case({f'ioc_unit_incidents_open{{{unit}, rule="{rule}", severity="{severity}"}}': values}, 10)


_AREA = Alert(
    "IocAreaOutage",
    "major",
    "ky-thuat",
    _OPEN.format(more="", where='rule="area_outage", unit!=""'),
    30,
    Told(
        "Mất tín hiệu diện rộng tại $unit",
        "Nhiều camera hoặc cảm biến của $unit cùng lúc mất tín hiệu: mất điện hoặc mất mạng.",
        "Gọi điện lực và nhà mạng của đơn vị; xem trạm BTS cùng nơi. Từng camera không cần xử lý riêng.",
    ),
    Told(
        "Outage in $unit",
        "Many cameras or sensors of $unit fell silent at once: power or network.",
        "Call the power company and the carrier; look at base stations there. Single cameras need no visit.",
    ),
    "ioc-cameras",
    _incidents("area_outage", "major", "0 1x20"),
    _incidents("sensor_silent", "minor", "0 1x20"),
)
_PROVINCE = Alert(
    "IocProvinceOutage",
    "critical",
    "ky-thuat",
    'sum by (tenant) (ioc_unit_incidents_open{rule="area_outage", unit=""}) > 0',
    30,
    Told(
        "Mất tín hiệu trên toàn tỉnh",
        "Cảm biến của nhiều đơn vị cùng lúc mất tín hiệu: trung tâm dữ liệu, đường truyền trục hoặc bộ thu.",
        "Kiểm tra trung tâm dữ liệu và đường trục trước; báo lãnh đạo trực.",
    ),
    Told(
        "Outage in the whole province",
        "Sensors of many units fell silent at once: data centre, trunk lines or the collector.",
        "Check the data centre and the trunk first; tell the head of the shift.",
    ),
    "ioc-cameras",
    _incidents("area_outage", "major", "0 1x20", 'tenant="11", unit=""'),
    _incidents("area_outage", "major", "0 1x20"),
)
_CAMERAS = Alert(
    "IocCamerasSilent",
    "minor",
    "ky-thuat",
    "sum by (tenant, unit) (ioc_cameras_silent) >= 1",
    900,
    Told(
        "Camera mất tín hiệu tại $unit",
        "$value camera của $unit mất tín hiệu, đã quá 15 phút.",
        "`ioc incidents --unit MÃ` cho biết camera nào; kiểm tra nguồn và mạng tại chỗ.",
    ),
    Told(
        "Cameras are silent in $unit",
        "$value cameras of $unit are silent, for more than 15 minutes now.",
        "`ioc incidents --unit CODE` names them; check power and network there.",
    ),
    "ioc-cameras",
    Case({f"ioc_cameras_silent{{{_UNIT}}}": "0 1x40"}, 20),
    Case({f"ioc_cameras_silent{{{_UNIT}}}": "0 1x10 0x40"}, 20),
    600,
)
_MAJOR = Alert(
    "IocIncidentMajor",
    "major",
    "van-hanh",
    _OPEN.format(more=", rule", where='severity=~"critical|major", rule!="area_outage"'),
    0,
    Told(
        "Sự cố nghiêm trọng, $unit: $rule",
        "Có sự cố mức lớn trở lên đang mở: $rule ($unit).",
        "Đọc giải thích và bằng chứng bằng `ioc incidents --unit MÃ`, xem trang sự cố của đơn vị, phân công xử lý.",
    ),
    Told(
        "Major incident, $unit: $rule",
        "A major or critical incident is open: $rule ($unit).",
        "Read explanation and evidence by `ioc incidents --unit CODE`, look at the unit's page, assign it.",
    ),
    "ioc-incident",
    _incidents("queue_wait", "major", "0 1x20"),
    _incidents("queue_wait", "minor", "0 1x20"),
)


def _silent(severity: Severity, limit: float) -> Alert:
    def sensors(silent: int, watched: int) -> dict[str, str]:
        return {
            f'ioc_sensors{{tenant="11", family="telemetry", state="{state}"}}': f"{count}x40"
            for state, count in (("silent", silent), ("watched", watched))
        }

    watched = 'sum by (tenant, family) (ioc_sensors{state="watched"})'
    return Alert(
        "IocSensorsSilent",
        severity,
        "ky-thuat",
        f'sum by (tenant, family) (ioc_sensors{{state="silent"}}) / {watched} > {limit:g} and {watched} >= 10',
        600,
        Told(
            "Nhiều nguồn mất tín hiệu: $family",
            f"$share số nguồn ($family) không gửi dữ liệu, ngưỡng {limit:.0%}.",
            "Kiểm tra mạng và bộ thu chung của loại nguồn này trước khi đi từng nơi.",
        ),
        Told(
            "Many sources are silent: $family",
            f"$share of the sources ($family) send nothing, the limit is {limit:.0%}.",
            "Check the network and the collector they share before visiting any.",
        ),
        "ioc-systems",
        Case(sensors(round(limit * 100) + 1, 100), 20),
        Case(sensors(4, 9), 20),
    )


_RATE = Alert(
    "IocAlarmRate",
    "warning",
    "van-hanh",
    "sum by (tenant) (increase(ioc_incidents_opened_total[1h])) / 6"
    f" / {_OPERATORS} > {THRESHOLDS['alarm_rate'].warning:g}",
    600,
    Told(
        "Quá nhiều sự cố mới cho ca trực",
        "Trong một giờ qua mỗi trực ban nhận trung bình $value sự cố mới trong 10 phút; ISA-18.2, EEMUA 191: tối đa 1.",
        "Tăng người trực, hoặc xem loại sự cố nào nhiều nhất và chỉnh ngưỡng của nó.",
    ),
    Told(
        "Too many new incidents for the shift",
        "Within the last hour each operator got $value new incidents in 10 minutes; ISA-18.2, EEMUA 191: 1 at most.",
        "Call in staff, or see which rule tells most and adjust it.",
    ),
    "ioc-overview",
    Case(
        {'ioc_incidents_opened_total{tenant="11", rule="a", severity="minor"}': "0+1x90", "ioc_operators": "3x90"}, 80
    ),
    Case(
        {'ioc_incidents_opened_total{tenant="11", rule="a", severity="minor"}': "0+1x90", "ioc_operators": "12x90"}, 80
    ),
)
_FLOOD = Alert(
    "IocAlarmFlood",
    "major",
    "van-hanh",
    "sum by (tenant) (increase(ioc_incidents_opened_total[10m]))"
    f" / {_OPERATORS} > {THRESHOLDS['alarm_flood'].critical:g}",
    0,
    Told(
        "Ngập cảnh báo",
        "$value sự cố mới cho mỗi trực ban trong 10 phút (ngưỡng 10): không ai xử lý kịp.",
        "Chỉ xử lý mức nghiêm trọng; tìm nguyên nhân chung (bão, mất mạng) ở trang tổng quan.",
    ),
    Told(
        "Flood of alarms",
        "$value new incidents per operator in 10 minutes (limit 10): nobody can follow.",
        "Take the severe ones only; look for one common cause (storm, network) on the overview.",
    ),
    "ioc-overview",
    Case(
        {'ioc_incidents_opened_total{tenant="11", rule="a", severity="minor"}': "0+4x30", "ioc_operators": "3x30"}, 20
    ),
    Case(
        {'ioc_incidents_opened_total{tenant="11", rule="a", severity="minor"}': "0+2x30", "ioc_operators": "3x30"}, 20
    ),
)
_STALE = Alert(
    "IocIncidentsStale",
    "warning",
    "van-hanh",
    f"sum by (tenant) (ioc_incidents_stale) >= {THRESHOLDS['stale_incidents'].warning:g}",
    3600,
    Told(
        "Nhiều sự cố mở quá một ngày",
        "$value sự cố mở hơn 24 giờ (ISA-18.2: dưới 5).",
        "Duyệt danh sách sự cố mở (`ioc incidents`): xử lý, hoặc báo bảo trì nguồn gây ra.",
    ),
    Told(
        "Many incidents stand for more than a day",
        "$value incidents have been open for more than 24 hours (ISA-18.2: fewer than 5).",
        "Go through the open ones (`ioc incidents`): settle them, or have their sources maintained.",
    ),
    "ioc-incident",
    Case({'ioc_incidents_stale{tenant="11"}': "5x90"}, 80),
    Case({'ioc_incidents_stale{tenant="11"}': "4x90"}, 80),
)
_CHATTER = Alert(
    "IocIncidentsChattering",
    "warning",
    "ky-thuat",
    "sum by (tenant, rule) (increase(ioc_incidents_reopened_total[1h])) > 3",
    0,
    Told(
        "Sự cố chập chờn: $rule",
        "Sự cố loại này ($rule) mở đi mở lại hơn 3 lần trong một giờ.",
        "Cảm biến chập chờn: bảo trì, hoặc tăng ngưỡng của loại này.",
    ),
    Told(
        "Incidents chatter: $rule",
        "Incidents of this kind ($rule) opened again more than 3 times within an hour.",
        "A sensor flickers: maintain it, or let this rule ask for more evidence.",
    ),
    "ioc-incident",
    Case({'ioc_incidents_reopened_total{tenant="11", rule="sensor_drop"}': "0+0x10 1+1x20"}, 30),
    Case({'ioc_incidents_reopened_total{tenant="11", rule="sensor_drop"}': "0x10 2x20"}, 30),
)

INCIDENTS = (
    _AREA,
    _PROVINCE,
    _CAMERAS,
    _MAJOR,
    _silent("warning", THRESHOLDS["sensors_silent"].warning),
    _silent("major", THRESHOLDS["sensors_silent"].critical),
    _RATE,
    _FLOOD,
    _STALE,
    _CHATTER,
)
