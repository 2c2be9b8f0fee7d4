"""How long a backtest of a month takes under twenty rules, and how much memory it needs."""

import resource
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from multiprocessing.connection import Connection
from typing import Any

from bench.figures import Figure
from bench.processes import spawned
from bench.tick import fill
from domain.clock import SystemClock
from domain.rule import MilestoneRule, Override, SeverityStep
from rules.backtest import backtest
from rules.replay import By, Span
from storage.client import Store
from storage.migrator import migrate

QUICK, FULL = 1_000_000, 10_000_000
_MONTH = timedelta(days=30)


def backtests(events: int) -> list[Figure]:
    """A figure for the time and one for the memory of the process, beside those of its store."""
    with tempfile.TemporaryDirectory(prefix="milepost-bench-") as folder, spawned(_measure, folder, events) as pipe:
        seconds, fired, grown = pipe.recv()
    name = f"20 rules over {events // 1_000_000} million events, {fired:,} alerts"
    return [
        Figure("backtest", name, "s", seconds, 30.0, more_is_better=False),
        Figure("backtest", "most resident meanwhile", "MiB", [grown / 1024**2], 1536, more_is_better=False),
    ]


def twenty_rules() -> list[MilestoneRule]:
    """Four rules on each of five handoffs: most keep quiet, some fire for one order in a hundred."""
    handoffs = (
        ("order", "order.approved", "order.posted"),
        ("order", "order.transmitted", "order.posted"),
        ("invoice", "invoice.posted", "invoice.visible_in_crm"),
        ("contract", "contract.activated", "billing.configured"),
        ("payment", "payment.received", "payment.visible_to_account"),
    )
    return [rule for handoff in handoffs for rule in _four_rules(*handoff)]


def _four_rules(object_type: str, from_type: str, to_type: str) -> Sequence[MilestoneRule]:
    plain = MilestoneRule(
        group="bench",
        name=f"{from_type.replace('.', '_')}_Late",
        object_type=object_type,
        from_type=from_type,
        to_type=to_type,
        within=timedelta(hours=4),
        version="1",
        at_risk=Fraction(3, 4),
        severity=(SeverityStep(Fraction(1), "warning"), SeverityStep(Fraction(2), "critical")),
    )
    soon, few = timedelta(minutes=5), "amount >= 99000"
    return (
        plain,
        _changed(plain, "Large", where=few, within=soon),
        _changed(plain, "Platinum", overrides=(Override("attributes['tier'] = 'platinum'", timedelta(hours=1)),)),
        _changed(plain, "German", where="legal_entity = 'DE01' and region = 'EMEA'"),
    )


def _changed(rule: MilestoneRule, suffix: str, **changes: Any) -> MilestoneRule:
    return replace(rule, name=f"{rule.name}{suffix}", **changes)


def _measure(pipe: Connection, folder: str, events: int) -> None:
    now = SystemClock().now()
    with Store(f"chdb://{folder}") as store:
        migrate(store, now)
        fill(folder, events, now)
        rules = twenty_rules()
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            result = backtest(store, rules, Span(now - _MONTH, now), By.RECEIPT, lambda done, total: None)
            seconds.append(time.perf_counter() - began)
        fired = sum(len(outcome.fired) for outcome in result.of(rules))
        pipe.send((seconds, fired, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))
