"""A run that two systems gave ids of their own, tied together late; it has a product in common with another."""

from datetime import datetime, timedelta

from collector.contract_definitions import SHIPPED, load_contracts
from collector.correlation import Correlator
from storage.client import Store
from storage.events import insert_events
from tests.builders import event_row


def seed_merged_run(store: Store, now: datetime) -> None:
    """Stores and correlates it; the payment carries no id, and the late event neither."""
    told = [
        ("order.approved", ["order/O-1", "product/X", "customer/C-9/buyer"], "q2c-1"),
        ("order.approved", ["order/O-2", "product/X", "customer/C-9/buyer"], "q2c-2"),
        ("invoice.issued", ["invoice/I-1", "customer/C-9/buyer"], "billing-7"),
        ("payment.received", ["payment/P-1", "invoice/I-1"], ""),
        ("invoice.posted", ["invoice/I-1", "order/O-1"], ""),
    ]
    for number, (type_, objects, run) in enumerate(told):
        at = now - timedelta(minutes=30 - number)
        insert_events(store, [event_row(str(number), type_, objects, occurred_at=at, correlation_id=run)])
    Correlator(store, load_contracts(SHIPPED).contracts).catch_up(now)
