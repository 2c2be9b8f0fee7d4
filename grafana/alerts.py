"""Alert rules about Milepost's own health, for Grafana to watch: who watches the watchman is somebody else."""

from dataclasses import dataclass

from grafana.sources import PROMETHEUS


@dataclass(frozen=True, slots=True)
class HealthAlert:
    """Fires where the expression is above the bound for so long; `for_` is a Grafana duration."""

    uid: str
    title: str
    expression: str
    above: float
    for_: str
    severity: str
    summary: str
    # What to think where there is no such metric, as of a Milepost that is down.
    without_data: str = "OK"


ALERTS = (
    HealthAlert(
        "milepost-down",
        "MilepostDown",
        'count(up{job="milepost"} == 0) or vector(0)',
        0,
        "2m",
        "critical",
        "Prometheus does not reach a Milepost process: its alerts may not be told.",
        without_data="Alerting",
    ),
    HealthAlert(
        "milepost-behind",
        "MilepostBehind",
        "time() - max(milepost_evaluated_through_timestamp_seconds)",
        300,
        "5m",
        "critical",
        "Rules have not been evaluated for five minutes of arrivals: what is due is not told.",
        without_data="Alerting",
    ),
    HealthAlert(
        "milepost-ticks-fail",
        "MilepostTicksFail",
        "sum(increase(milepost_tick_failures_total[15m]))",
        2,
        "0s",
        "critical",
        "Ticks of the rules engine fail; the log says why.",
    ),
    HealthAlert(
        "milepost-notifications-lost",
        "MilepostNotificationsGivenUp",
        "sum by (receiver) (increase(milepost_notifications_failed_total[15m]))",
        0,
        "0s",
        "critical",
        "Notifications to {{ $labels.receiver }} were given up: somebody was not told.",
    ),
    HealthAlert(
        "milepost-spool-fills",
        "MilepostSpoolFills",
        "sum(milepost_spool_bytes)",
        256 * 1024**2,
        "5m",
        "warning",
        "The store is away and the spool fills; it keeps what is acknowledged until the store is back.",
    ),
    HealthAlert(
        "milepost-dead-letters",
        "MilepostDeadLetters",
        "sum by (channel) (increase(milepost_dead_letters_total[15m]))",
        50,
        "0s",
        "warning",
        "More than fifty inputs over {{ $labels.channel }} became dead letters in a quarter of an hour.",
    ),
    HealthAlert(
        "milepost-configuration-wrong",
        "MilepostConfigurationWrong",
        "max(milepost_rules_reload_failed) + max(milepost_routing_reload_failed)",
        0,
        "1m",
        "warning",
        "A rule or routing file is wrong, and the one read before goes on.",
    ),
)


def provisioned() -> dict[str, object]:
    """The file that Grafana reads the rules from."""
    return {
        "apiVersion": 1,
        "groups": [
            {
                "orgId": 1,
                "name": "milepost",
                "folder": "Milepost",
                "interval": "1m",
                "rules": [_rule(alert) for alert in ALERTS],
            }
        ],
    }


def _rule(alert: HealthAlert) -> dict[str, object]:
    asked = {
        "refId": "A",
        "relativeTimeRange": {"from": 900, "to": 0},
        "datasourceUid": PROMETHEUS.uid,
        "model": {"refId": "A", "expr": alert.expression, "instant": True, "range": False},
    }
    bound = {
        "refId": "B",
        "datasourceUid": "__expr__",
        "model": {
            "refId": "B",
            "type": "threshold",
            "expression": "A",
            "conditions": [{"evaluator": {"type": "gt", "params": [alert.above]}}],
        },
    }
    return {
        "uid": alert.uid,
        "title": alert.title,
        "condition": "B",
        "data": [asked, bound],
        "for": alert.for_,
        "noDataState": alert.without_data,
        "execErrState": "Error",
        "labels": {"severity": alert.severity, "team": "milepost"},
        "annotations": {"summary": alert.summary},
    }
