"""Decides calls by what arrived: a milestone in time is success, none is not, and an approval waits only so long."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby

from alerts.interventions.config import InterventionConfig, Interventions
from alerts.interventions.records import Records
from domain.instants import format_instant
from domain.intervention import Intervention, InterventionState
from domain.milestone import Milestone
from storage.client import Store
from storage.interventions import interventions_in
from storage.milestones import stated_histories

_DECIDED_HERE = [state for state in InterventionState if state.is_under_way]
# On a server another process may be calling: for no longer than the call's own limits, and a little for its writing.
_WRITING = timedelta(seconds=30)


class Settler:
    """Settles what waits; doing it often, seldom or after an outage decides the same."""

    def __init__(self, store: Store, interventions: Interventions, records: Records) -> None:
        self._store = store
        self._interventions = interventions
        self._records = records

    def settle(self, through: datetime) -> None:
        """Decides everything that can be decided by what was received by `through`, all of which is stored."""
        with self._records.lock:
            waiting = interventions_in(self._store, _DECIDED_HERE)
            waiting.sort(key=lambda one: one.name)
            for name, group in groupby(waiting, key=lambda one: one.name):
                config = self._interventions.find(name)
                if config is not None:
                    self._settle(config, list(group), through)

    def _settle(self, config: InterventionConfig, waiting: Iterable[Intervention], through: datetime) -> None:
        called = []
        for one in waiting:
            if one.state is InterventionState.AWAITING_APPROVAL:
                self._expire(one, config, through)
            elif one.intervention_id != self._records.live and one.called_at is not None:
                called.append(one)
        if not called:
            return
        ids = {one.business_object.id for one in called}
        expected = stated_histories(self._store, config.object_type, ids, (config.expects.milestone,), through)
        for one in called:
            self._decide(one, config, expected[one.business_object.id], through)

    def _expire(self, one: Intervention, config: InterventionConfig, through: datetime) -> None:
        until = one.requested_at + config.approval_expires
        if through > until:
            detail = f"nobody approved it by {format_instant(until)}"
            self._records.change(one, InterventionState.EXPIRED, detail, through)

    def _decide(
        self, one: Intervention, config: InterventionConfig, milestones: Iterable[Milestone], through: datetime
    ) -> None:
        called_at = one.called_at or one.updated_at
        arrived = sorted((m for m in milestones if m.received_at > called_at), key=lambda m: (m.received_at, m.order))
        due_at = one.due_at if one.state is InterventionState.TAKEN else None
        for milestone in arrived:
            if due_at is not None and milestone.received_at > due_at:
                break
            occurred = f"{milestone.type} occurred at {format_instant(milestone.occurred_at)}"
            if milestone.occurred_at >= called_at - config.expects.skew:
                self._records.change(one, InterventionState.SUCCEEDED, occurred, through)
            else:
                detail = f"{occurred}, before the call, which was not needed"
                self._records.change(one, InterventionState.NO_OP, detail, through)
            return
        if due_at is not None and through > due_at:
            detail = f"{config.expects.milestone} had not arrived by {format_instant(due_at)}"
            self._records.change(one, InterventionState.UNCONFIRMED, detail, through)
        elif one.state is InterventionState.CALLING and self._is_left_behind(one, config, through):
            detail = "Milepost ended before the answer came"
            self._records.change(one, InterventionState.UNKNOWN, detail, through)

    def _is_left_behind(self, one: Intervention, config: InterventionConfig, through: datetime) -> bool:
        """Whether nobody is calling it any more."""
        if self._store.is_embedded:
            return True
        longest = config.give_up_after + config.timeout + _WRITING
        return through > (one.tried_at or one.updated_at) + longest
