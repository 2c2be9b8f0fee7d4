"""Interventions as commands and the API ask for them, and as JSON shows them."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from alerts.interventions.config import InterventionConfig
from alerts.interventions.planning import PlannedCall, Selection
from domain.duration import write_duration
from domain.instants import format_instant
from domain.intervention import Intervention, InterventionState, Verdict
from domain.money import format_amount

Row = dict[str, Any]
# A plan is not a run yet, and only a run has keys.
_KEY_OF_A_PLAN = "made for each run"


class SelectionWish(msgspec.Struct, forbid_unknown_fields=True):
    """Which calls are meant: an intervention by name, objects as type/id, alerts by their ids, or a rule."""

    name: str = ""
    objects: list[str] = []
    alerts: list[str] = []
    rule: str = ""

    def selection(self) -> Selection:
        """The same as the planner takes it."""
        return Selection(self.name, tuple(self.objects), tuple(self.alerts), self.rule)


class RunRequest(SelectionWish, forbid_unknown_fields=True, kw_only=True):
    """A run that is asked for, and why."""

    reason: str
    by: str = ""
    run_id: str = ""


class DecisionRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody decides on a run, and why."""

    reason: str
    by: str = ""


def definition_row(config: InterventionConfig) -> Row:
    """An intervention as it is configured; where its secrets are is not shown."""
    limit = config.rate_limit
    return {
        "name": config.name,
        "description": config.description,
        "object_type": config.object_type,
        "method": config.method,
        "url": config.url,
        "milestone": config.expects.milestone,
        "within": write_duration(config.expects.within),
        "after": config.expects.after,
        "taken": list(config.taken),
        "timeout": write_duration(config.timeout),
        "give_up_after": write_duration(config.give_up_after),
        "rate_limit": f"{limit.calls} in {write_duration(limit.per)}" if limit else None,
        "approval": config.approval,
        "period": config.period,
    }


def plan_row(planned: Sequence[PlannedCall]) -> Row:
    """A plan: its calls, and how many and how much money there is by verdict."""
    return {
        "calls": [_planned_row(one) for one in planned],
        "totals": [
            {"verdict": verdict.value, **_total([one for one in planned if one.finding.verdict is verdict])}
            for verdict in Verdict
        ],
        "needs_approval": any(one.config.approval is not None for one in planned),
    }


def run_row(run: Sequence[Intervention], *, is_running: bool) -> Row:
    """A run with its calls in their order."""
    first = run[0]
    return {
        "run_id": first.run_id,
        "reason": first.reason,
        "requested_by": first.requested_by,
        "requested_at": format_instant(first.requested_at),
        "is_running": is_running,
        "totals": [
            {"state": state.value, **_total(chosen)}
            for state in InterventionState
            if (chosen := [one for one in run if one.state is state])
        ],
        "calls": [intervention_row(one) for one in run],
    }


def intervention_row(one: Intervention) -> Row:
    """One call as it stands."""
    return {
        "intervention_id": one.intervention_id,
        "run_id": one.run_id,
        "intervention": one.name,
        "object_type": one.business_object.type,
        "object_id": one.business_object.id,
        "alert_id": one.alert_id or None,
        "amount": _amount(one.amount, one.currency),
        "currency": one.currency,
        "state": one.state.value,
        "detail": one.detail or None,
        "reason": one.reason,
        "requested_by": one.requested_by,
        "requested_at": format_instant(one.requested_at),
        "decided_by": one.decided_by or None,
        "attempts": one.attempts,
        "called_at": format_instant(one.called_at) if one.called_at else None,
        "due_at": format_instant(one.due_at) if one.due_at else None,
        "updated_at": format_instant(one.updated_at),
        "version": one.version,
    }


def _planned_row(one: PlannedCall) -> Row:
    return {
        "intervention": one.config.name,
        "object_type": one.business_object.type,
        "object_id": one.business_object.id,
        "alert_id": one.alert_id or None,
        "amount": _amount(one.amount, one.currency),
        "currency": one.currency,
        "verdict": one.finding.verdict.value,
        "reason": one.finding.reason,
        "request": one.request.row(_KEY_OF_A_PLAN) if one.request else None,
    }


def _total(calls: Iterable[PlannedCall | Intervention]) -> Row:
    """How many calls there are and the money behind them, per currency; what is not known is counted, never zero."""
    sums: dict[str, Decimal] = {}
    count = unknown = 0
    for one in calls:
        count += 1
        if one.amount is None or one.currency is None:
            unknown += 1
        else:
            sums[one.currency] = sums.get(one.currency, Decimal(0)) + one.amount
    money = [{"amount": format_amount(sums[code], code), "currency": code} for code in sorted(sums)]
    return {"calls": count, "money": money, "unknown": unknown}


def _amount(amount: Decimal | None, currency: str | None) -> str | None:
    return None if amount is None else format_amount(amount, currency)
