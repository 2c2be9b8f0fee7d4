"""The console's long tables as sheets: which columns a file has, and its rows."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from dashboard.components.filters import RANGES
from dashboard.export_files import Cell, Kind, Sheet
from dashboard.session import current
from domain.flow import FlowMap, Handoff
from domain.kpi import Kpi
from kpis.figures import Question
from storage import flow
from storage.flow import FlowFilter
from storage.kpi_cases import case_rows
from storage.on_call import AlertWish, newest_entries, standing_alerts
from storage.work_list import WorkItem, WorkWish, work_page

Make = Callable[[int], Sheet]
_SECOND = timedelta(seconds=1)
_WORK: Mapping[str, Kind] = {
    "object_type": Kind.TEXT,
    "object_id": Kind.TEXT,
    "customer": Kind.TEXT,
    "legal_entity": Kind.TEXT,
    "region": Kind.TEXT,
    "amount": Kind.AMOUNT,
    "currency": Kind.TEXT,
    "amount_in_reporting_currency": Kind.AMOUNT,
    "reporting_currency": Kind.TEXT,
    "rule": Kind.TEXT,
    "state": Kind.TEXT,
    "waits_for": Kind.TEXT,
    "cause": Kind.TEXT,
    "error": Kind.TEXT,
    "since": Kind.INSTANT,
    "deadline": Kind.INSTANT,
    "owner": Kind.TEXT,
    "reason": Kind.TEXT,
    "last_note": Kind.TEXT,
    "noted_by": Kind.TEXT,
    "noted_at": Kind.INSTANT,
}


def work_sheet(wish: WorkWish, name: str = "work-list", currency: str = "") -> Make:
    """The work list, or reconciliation's, as it is filtered."""

    def make(limit: int) -> Sheet:
        context = current()
        pricing = context.pricing.into(currency)
        page = work_page(context.store, wish, context.clock.now(), pricing, limit)
        return Sheet(name, _WORK, [_work_row(item, pricing.currency) for item in page.items], page.total)

    return make


def _work_row(item: WorkItem, reporting_currency: str) -> tuple[Cell, ...]:
    handling, note = item.handling, item.note
    owner = handling.assigned.value if handling.assigned else ""
    return (
        item.business_object.type,
        item.business_object.id,
        item.customer,
        item.legal_entity,
        item.region,
        item.amount,
        item.currency,
        item.converted,
        reporting_currency,
        item.rule,
        item.state.value,
        ", ".join(item.awaits),
        item.cause,
        item.error,
        item.started_at,
        item.deadline_at,
        owner or (handling.acknowledged.acted_by if handling.acknowledged else ""),
        item.reason,
        note.comment if note else None,
        note.acted_by if note else None,
        note.acted_at if note else None,
    )


def alerts_sheet(wish: AlertWish) -> Make:
    """The alerts that stand, as on-call filters them."""
    columns = {
        "alert": Kind.TEXT, "state": Kind.TEXT, "severity": Kind.TEXT, "object_type": Kind.TEXT, "object_id": Kind.TEXT,
        "legal_entity": Kind.TEXT, "region": Kind.TEXT, "amount": Kind.AMOUNT, "currency": Kind.TEXT,
        "started_at": Kind.INSTANT, "deadline_at": Kind.INSTANT, "acknowledged_by": Kind.TEXT, "assigned_to": Kind.TEXT,
        "reason": Kind.TEXT, "alert_id": Kind.TEXT,
    }  # fmt: skip

    def make(limit: int) -> Sheet:
        found = standing_alerts(current().store, wish, limit)
        rows: list[tuple[Cell, ...]] = []
        for one in found.page.alerts:
            handling = found.handling.get(one.alert_id)
            acknowledged = handling.acknowledged.acted_by if handling and handling.acknowledged else None
            assigned = handling.assigned.value if handling and handling.assigned else None
            about = one.business_object
            rows.append(
                (
                    one.rule,
                    one.state.value,
                    one.severity,
                    about.type,
                    about.id,
                    one.legal_entity,
                    one.region,
                    one.amount,
                    one.currency,
                    one.started_at,
                    one.deadline_at,
                    acknowledged,
                    assigned,
                    one.reason,
                    one.alert_id,
                )
            )
        return Sheet("alerts", columns, rows, found.page.total)

    return make


def audit_sheet(kind: str) -> Make:
    """The audit log, the newest entries first."""
    columns = {
        "number": Kind.WHOLE, "at": Kind.INSTANT, "who": Kind.TEXT, "token": Kind.TEXT, "kind": Kind.TEXT,
        "subject": Kind.TEXT, "reason": Kind.TEXT, "details": Kind.TEXT, "previous_hash": Kind.TEXT, "hash": Kind.TEXT,
    }  # fmt: skip

    def make(limit: int) -> Sheet:
        page = newest_entries(current().store, kind, limit)
        rows = [tuple(getattr(entry, name) for name in columns) for entry in page.entries]
        return Sheet("audit-log", columns, rows, page.total)

    return make


def cases_sheet(kpi: Kpi, question: Question, *, is_open: bool) -> Make:
    """The cases behind a figure."""
    columns = {
        "object_type": Kind.TEXT, "object_id": Kind.TEXT, "started_at": Kind.INSTANT, "ended_at": Kind.INSTANT,
        "value": Kind.NUMBER, "amount": Kind.AMOUNT, "currency": Kind.TEXT, "legal_entity": Kind.TEXT,
        "region": Kind.TEXT, "segment": Kind.TEXT, "source": Kind.TEXT,
    }  # fmt: skip

    def make(limit: int) -> Sheet:
        found, total = case_rows(
            current().store, kpi, question.since, question.until, question.cases, is_open=is_open, limit=limit
        )
        return Sheet(kpi.id, columns, [tuple(getattr(one, name) for name in columns) for one in found], total)

    return make


def handoffs_sheet(found: FlowMap) -> Make:
    """The handoffs of the flow map."""
    columns = {
        "object_type": Kind.TEXT, "from": Kind.TEXT, "to": Kind.TEXT, "kind": Kind.TEXT, "skipped": Kind.TEXT,
        "times": Kind.WHOLE, "objects": Kind.WHOLE, "share": Kind.NUMBER, "reached_before": Kind.WHOLE,
        "median_seconds": Kind.NUMBER, "p90_seconds": Kind.NUMBER, "rule": Kind.TEXT, "share_in_time": Kind.NUMBER,
        "waiting": Kind.WHOLE, "money_waiting": Kind.AMOUNT, "currency": Kind.TEXT,
    }  # fmt: skip

    def make(limit: int) -> Sheet:
        rows: list[tuple[Cell, ...]] = []
        for edge in found.edges[:limit]:
            count, wait, watch = edge.count, edge.waiting, edge.watch
            rows.append(
                (
                    edge.handoff.object_type,
                    edge.handoff.from_type,
                    edge.handoff.to_type,
                    edge.kind.value,
                    ", ".join(edge.skipped),
                    count.steps,
                    count.objects,
                    edge.share,
                    count.repeated,
                    _seconds(count.median),
                    _seconds(count.p90),
                    watch.rule if watch else None,
                    watch.share_in_time if watch else None,
                    wait.objects if wait else 0,
                    wait.money.total if wait else None,
                    wait.money.reporting_currency if wait else None,
                )
            )
        return Sheet("handoffs", columns, rows, len(found.edges))

    return make


def objects_sheet(handoff: Handoff, range_name: str, which: FlowFilter, now: datetime, *, is_waiting: bool) -> Make:
    """The objects behind a handoff."""
    columns = {
        "object_type": Kind.TEXT, "object_id": Kind.TEXT, "legal_entity": Kind.TEXT, "region": Kind.TEXT,
        "amount": Kind.AMOUNT, "currency": Kind.TEXT, "from_at": Kind.INSTANT, "to_at": Kind.INSTANT,
        "seconds": Kind.NUMBER,
    }  # fmt: skip

    def make(limit: int) -> Sheet:
        since, until = flow.whole_hours(now - RANGES[range_name].length, now)
        found, total = flow.handoff_objects(
            current().store, handoff, since, until, now, which, is_waiting=is_waiting, limit=limit
        )
        rows = [
            (
                one.object_type,
                one.object_id,
                one.legal_entity,
                one.region,
                one.amount,
                one.currency,
                one.from_at,
                one.to_at,
                _seconds(one.took),
            )
            for one in found
        ]
        return Sheet("handoff-objects", columns, rows, total)

    return make


def _seconds(length: timedelta | None) -> float | None:
    return None if length is None else length / _SECOND
