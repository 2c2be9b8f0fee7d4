"""Writes down what becomes of interventions: the audit log first, then the store, then the count."""

import threading
from dataclasses import replace
from datetime import datetime
from typing import Any

from alerts.interventions.metrics import InterventionMetrics
from domain.audit import PROGRAM, Act, ActKind, Actor
from domain.intervention import Intervention, InterventionState
from storage.audit import write_audit
from storage.client import Store
from storage.interventions import write_interventions

# What is on its way; everything else is an outcome.
_ON_THE_WAY = frozenset((InterventionState.AWAITING_APPROVAL, InterventionState.NOT_TRIED, InterventionState.CALLING))


class Records:
    """The versions of interventions. `lock` is held by whoever reads one to decide what it becomes."""

    def __init__(self, store: Store, metrics: InterventionMetrics) -> None:
        self._store = store
        self._metrics = metrics
        self.lock = threading.RLock()
        # The one that this process is calling just now.
        self.live = ""

    def change(
        self, one: Intervention, state: InterventionState, detail: str, now: datetime, **fields: Any
    ) -> Intervention:
        """The intervention as it stands from now on."""
        changed = replace(
            one,
            state=state,
            detail=detail,
            version=one.version + 1,
            # A clock set back must not make an older version look like the newer.
            updated_at=max(now, one.updated_at),
            **fields,
        )
        if state not in _ON_THE_WAY:
            write_audit(self._store, _outcome(changed), now)
        write_interventions(self._store, [changed])
        if state not in _ON_THE_WAY:
            self._metrics.outcomes.labels(changed.name, state.value).inc()
        return changed

    def note_call(self, one: Intervention, now: datetime) -> None:
        """Writes down that a call is about to be made, for whom and why."""
        details = {"run_id": one.run_id, "intervention": one.name, "object": str(one.business_object)}
        if one.decided_by:
            details["approved_by"] = one.decided_by
        by = Actor(one.requested_by, one.requested_token)
        write_audit(self._store, Act(ActKind.INTERVENTION_CALL, by, one.intervention_id, one.reason, details), now)


def _outcome(one: Intervention) -> Act:
    details = {
        "run_id": one.run_id,
        "intervention": one.name,
        "object": str(one.business_object),
        "outcome": one.state.value,
    }
    return Act(ActKind.INTERVENTION_OUTCOME, PROGRAM, one.intervention_id, one.detail, details)
