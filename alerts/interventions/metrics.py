"""What interventions count; labels are names from interventions.yaml and the words of their states."""

from prometheus_client import CollectorRegistry, Counter


class InterventionMetrics:
    """The metrics of interventions in the registry given."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.outcomes = Counter(
            "milepost_interventions_total",
            "Calls by what became of them; one that was taken counts again once its milestone decides.",
            ["intervention", "outcome"],
            registry=registry,
        )
