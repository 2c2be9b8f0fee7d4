"""A desk on a store with a middleware behind it, and time that passes only where the desk waits."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry

from alerts.interventions.config import Interventions, InterventionsConfig
from alerts.interventions.desk import InterventionDesk, InterventionSettings
from alerts.interventions.metrics import InterventionMetrics
from alerts.interventions.planning import Selection
from alerts.interventions.runs import RunWish
from domain.audit import Actor
from domain.clock import FixedClock
from domain.contract import Contracts
from domain.intervention import Intervention
from storage.audit import audit_page
from storage.client import Store
from storage.events import insert_events
from storage.interventions import interventions_of_run
from tests.builders import NOW, event_row
from tests.integration.milepost.places import CONTRACTS
from tests.middleware import Middleware

ANA, BEN = Actor("ana"), Actor("ben")
MINUTE = timedelta(minutes=1)
# Of the other objects anything goes.
ORDERS = Contracts(objects={"order": CONTRACTS.objects["order"]})


def interventions(middleware: Middleware, **changes: Any) -> Interventions:
    """repost_order, resend_invoice and sync_customer at the middleware; `changes` are of all of them."""
    fixed = {"period": "any", "timeout": "1s", **changes}
    of = {
        "repost_order": ("order", "order.posted"),
        "resend_invoice": ("invoice", "invoice.posted"),
        "sync_customer": ("customer", "customer.merged"),
    }
    found = [
        {
            "name": name,
            "description": name,
            "object": object_type,
            "url": f"http://{middleware.host}/{object_type}s/{{object_id}}",
            "body": {"amount": "{amount}", "currency": "{currency}"},
            "expects": {"milestone": milestone, "within": "10m"},
            **fixed,
        }
        for name, (object_type, milestone) in of.items()
    ]
    return Interventions(InterventionsConfig.model_validate({"hosts": [middleware.host], "interventions": found}))


class Office:
    """Everything around the calls of one middleware."""

    def __init__(self, store: Store, middleware: Middleware, **changes: Any) -> None:
        self.store = store
        self.middleware = middleware
        self.clock = FixedClock(NOW)
        self.pauses: list[float] = []
        self.stop_at_pause = 0
        self.registry = CollectorRegistry()
        self.metrics = InterventionMetrics(self.registry)
        self.environ: dict[str, str] = {}
        self.configured = interventions(middleware, **changes)
        self.desk = self.new_desk()

    def new_desk(self) -> InterventionDesk:
        """The desk of a process that starts now."""
        settings = InterventionSettings(self.configured, ORDERS, environ=self.environ)
        return InterventionDesk(self.store, self.clock, settings, self.metrics, self._pause)

    def _pause(self, seconds: float) -> bool:
        self.clock.advance(timedelta(seconds=seconds))
        if seconds:
            self.pauses.append(seconds)
        return 0 < self.stop_at_pause <= len(self.pauses)

    def approved(self, *objects: str, at: datetime = NOW - 60 * MINUTE, amount: str = "10.00") -> None:
        """Objects for which something is owed."""
        insert_events(
            self.store,
            [
                event_row(f"a {one}", "order.approved", [one], occurred_at=at, amount=amount, currency="EUR")
                for one in objects
            ],
        )

    def arrived(self, type_: str, object_: str, occurred_at: datetime, received_at: datetime | None = None) -> None:
        """A milestone that comes from the ERP."""
        row = event_row(
            f"{type_} {object_}", type_, [object_], occurred_at=occurred_at, received_at=received_at, source="erp"
        )
        insert_events(self.store, [row])

    def requested(self, *objects: str, name: str = "repost_order", by: Actor = ANA, run_id: str = "") -> str:
        """A run that is stored, and not called yet."""
        wish = RunWish(Selection(name, objects), "they are stuck", run_id)
        return self.desk.runs.request(wish, by)

    def run(self, *objects: str, name: str = "repost_order") -> list[Intervention]:
        """A run with its calls made."""
        run_id = self.requested(*objects, name=name)
        self.desk.caller.execute(run_id)
        return self.calls(run_id)

    def calls(self, run_id: str) -> list[Intervention]:
        """The calls of a run as they stand."""
        return interventions_of_run(self.store, run_id)

    def states(self, run_id: str) -> list[str]:
        """How far each call of a run got."""
        return [one.state.value for one in self.calls(run_id)]

    def audited(self) -> list[tuple[str, str]]:
        """What the audit log has, in order: the kind, and who."""
        return [(entry.kind, entry.who) for entry in audit_page(self.store)]

    def outcomes(self) -> dict[str, float]:
        """What was counted of repost_order, by outcome."""
        return {
            sample.labels["outcome"]: sample.value
            for metric in self.registry.collect()
            for sample in metric.samples
            if sample.name == "milepost_interventions_total" and sample.labels["intervention"] == "repost_order"
        }


Opened = Callable[..., Office]


def wished(*objects: str) -> Selection:
    """A wish to post these orders again."""
    return Selection("repost_order", objects)


def keys(asked: Sequence[Any]) -> list[str]:
    """The idempotency keys of requests."""
    return [one.key for one in asked]
