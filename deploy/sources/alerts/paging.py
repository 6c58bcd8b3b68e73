"""Alerts on the way of pages itself: what can't be handed on, and rules that can't be asked.

That nothing gets out at all can't be told by a page: for that the receiver misses the watchdog.
"""

from deploy.sources.alerts.model import Alert, Case, Told

_FAILED = 'alertmanager_notifications_failed_total{integration="webhook"}'
_BROKEN = 'prometheus_rule_evaluation_failures_total{rule_group="/etc/prometheus/alerts.yml;ioc-queues"}'

PAGING = (
    Alert(
        "IocPagesFail",
        "major",
        "ky-thuat",
        "sum by (integration) (increase(alertmanager_notifications_failed_total[10m])) > 0",
        60,
        Told(
            "Không chuyển được tin cảnh báo ($integration)",
            "Alertmanager không gửi được tin tới bên nhận: có người không được báo.",
            "Xem nhật ký của Alertmanager và của bên chuyển tin; trong lúc đó theo dõi bảng tổng quan.",
        ),
        Told(
            "Pages can't be handed on ($integration)",
            "Alertmanager could not deliver notifications: somebody is not told.",
            "Look at the logs of Alertmanager and of the relay; meanwhile watch the overview.",
        ),
        "ioc-pipeline",
        Case({_FAILED: "0x5 2x30"}, 8),
        Case({_FAILED: "2x40"}, 30),
        900,
    ),
    Alert(
        "IocRulesFail",
        "major",
        "ky-thuat",
        "sum by (rule_group) (increase(prometheus_rule_evaluation_failures_total[15m])) > 0",
        300,
        Told(
            "Có quy tắc cảnh báo không tính được",
            "Prometheus không tính được quy tắc của $rule_group: cảnh báo trong đó im lặng dù có chuyện.",
            "Mở trang Rules của Prometheus: lỗi đứng cạnh quy tắc; tạo lại các tệp sau khi nâng cấp.",
        ),
        Told(
            "Rules can't be evaluated",
            "Prometheus can't evaluate rules of $rule_group: alerts in it are silent whatever happens.",
            "Open Prometheus' page Rules: the error stands beside the rule; make the files anew after an upgrade.",
        ),
        "ioc-pipeline",
        Case({_BROKEN: "0+4x40"}, 30),
        Case({_BROKEN: "7x40"}, 30),
    ),
)
