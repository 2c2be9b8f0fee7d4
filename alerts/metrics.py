"""What the alert pipeline counts; labels are names from the routing file and fixed words."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class AlertMetrics:
    """The pipeline's metrics in the registry given."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.notifications = Counter(
            "milepost_notifications_total",
            "Notifications whose fate is known: delivered or given up.",
            ["receiver", "integration"],
            registry=registry,
        )
        self.notifications_failed = Counter(
            "milepost_notifications_failed_total",
            "Notifications given up, by what the last try met.",
            ["receiver", "integration", "reason"],
            registry=registry,
        )
        self.latency = Histogram(
            "milepost_notification_latency_seconds",
            "How long a receiver took to answer one try.",
            ["receiver", "integration"],
            buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 20),
            registry=registry,
        )
        self.reasons = Counter(
            "milepost_notification_reasons_total",
            "Notifications whose fate is known, by why they were told.",
            ["receiver", "reason"],
            registry=registry,
        )
        self.incidents = Gauge(
            "milepost_incidents_open", "Failing hops that alerts wait behind, each one incident.", registry=registry
        )
        self.groups = Gauge("milepost_alert_groups", "Groups of alerts that the dispatcher holds.", registry=registry)
        self.escalation_steps = Counter(
            "milepost_escalation_steps_total",
            "Escalation steps reached that had somebody to tell.",
            ["policy"],
            registry=registry,
        )
