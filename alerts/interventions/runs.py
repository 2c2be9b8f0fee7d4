"""Runs of interventions: requested with a reason, approved by a second person where that is asked for, and resumed."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.interventions.config import Interventions
from alerts.interventions.planning import PlannedCall, Planner, Selection
from alerts.interventions.records import Records
from domain.audit import Act, ActKind, Actor
from domain.clock import Clock
from domain.errors import UsageError
from domain.instants import format_instant
from domain.intervention import Intervention, InterventionState, intervention_id
from storage.audit import write_audit
from storage.client import Store
from storage.interventions import find_runs, interventions_of_run, write_interventions

_RUN_ID = re.compile(r"[0-9a-z]{8,64}")
_LONGEST_REASON, _LONGEST_NAME = 10_000, 200
SECOND_PERSON = "second_person"


@dataclass(frozen=True, slots=True)
class RunWish:
    """What somebody wants called, and why; a `run_id` lets a request that is sent again count once."""

    selection: Selection
    reason: str
    run_id: str = ""


def new_run_id() -> str:
    """An id that no other run has."""
    return secrets.token_hex(8)


class Runs:
    """Makes runs and decides on them; calls nobody."""

    def __init__(
        self, store: Store, clock: Clock, interventions: Interventions, planner: Planner, records: Records
    ) -> None:
        self._store = store
        self._clock = clock
        self._interventions = interventions
        self._planner = planner
        self._records = records

    def find(self, beginning: str) -> list[Intervention]:
        """The run whose id begins so, in its order; UsageError where there is none, or more than one."""
        found = find_runs(self._store, beginning) if beginning else []
        if len(found) != 1:
            how_many = "more than one run's id begins" if found else "no run's id begins"
            raise UsageError(f"{how_many} with {beginning!r}; `milepost interventions history` shows their ids")
        return interventions_of_run(self._store, found[0])

    def request(self, wish: RunWish, by: Actor) -> str:
        """The id of the run that is stored; nothing is called yet. UsageError where it cannot be."""
        _check_reason(wish.reason, by)
        if wish.run_id and not _RUN_ID.fullmatch(wish.run_id):
            raise UsageError(f"run_id is {wish.run_id[:80]!r}; give 8 to 64 small letters and digits")
        now = self._clock.now()
        with self._records.lock:
            if wish.run_id and (taken := interventions_of_run(self._store, wish.run_id)):
                if (taken[0].reason, taken[0].requested_by) != (wish.reason, by.name or by.token):
                    raise UsageError(f"run_id {wish.run_id!r} was used for another run; give each its own")
                return wish.run_id
            run_id = wish.run_id or new_run_id()
            planned = self._planner.plan(wish.selection, now)
            details = {
                "interventions": sorted({one.config.name for one in planned}),
                "objects": [str(one.business_object) for one in planned],
            }
            write_audit(self._store, Act(ActKind.INTERVENTION_REQUEST, by, run_id, wish.reason, details), now)
            write_interventions(self._store, _wished(planned, run_id, wish.reason, by, now))
        return run_id

    def approve(self, beginning: str, by: Actor, reason: str) -> str:
        """The id of the run that may be called now; UsageError where this person cannot approve it."""
        with self._records.lock:
            run, now = self._decide(beginning, by, reason), self._clock.now()
            requester = run[0]
            if _names(by.name, by.token) & _names(requester.requested_by, requester.requested_token):
                raise UsageError(f"{by} requested the run {requester.run_id}; a second person approves it")
            for one in run:
                config = self._interventions.find(one.name)
                if config is not None and now > (until := one.requested_at + config.approval_expires):
                    raise UsageError(
                        f"the run {one.run_id} waited for approval until {format_instant(until)}; request it anew"
                    )
            self._settle(run, ActKind.INTERVENTION_APPROVE, InterventionState.NOT_TRIED, by, reason)
        return requester.run_id

    def reject(self, beginning: str, by: Actor, reason: str) -> str:
        """The id of the run that will not be called; whoever requested it may take it back so."""
        with self._records.lock:
            run = self._decide(beginning, by, reason)
            self._settle(run, ActKind.INTERVENTION_REJECT, InterventionState.REJECTED, by, reason)
        return run[0].run_id

    def resume(self, beginning: str, by: Actor, reason: str) -> str:
        """The id of the run that has calls to be made; UsageError where it has none."""
        _check_reason(reason, by)
        run = self.find(beginning)
        rest = [one for one in run if one.state.is_resumable]
        if not rest:
            raise UsageError(f"the run {run[0].run_id} has nothing left to call")
        details = {"rest": [str(one.business_object) for one in rest]}
        act = Act(ActKind.INTERVENTION_RESUME, by, run[0].run_id, reason, details)
        write_audit(self._store, act, self._clock.now())
        return run[0].run_id

    def _decide(self, beginning: str, by: Actor, reason: str) -> list[Intervention]:
        _check_reason(reason, by)
        run = self.find(beginning)
        waiting = [one for one in run if one.state is InterventionState.AWAITING_APPROVAL]
        if not waiting:
            raise UsageError(f"the run {run[0].run_id} does not wait for approval; it is {run[0].state}")
        return waiting

    def _settle(
        self, run: Sequence[Intervention], kind: ActKind, state: InterventionState, by: Actor, reason: str
    ) -> None:
        now = self._clock.now()
        write_audit(self._store, Act(kind, by, run[0].run_id, reason), now)
        for one in run:
            self._records.change(one, state, reason, now, decided_by=str(by))


def _wished(planned: Sequence[PlannedCall], run_id: str, reason: str, by: Actor, now: datetime) -> list[Intervention]:
    # One that needs a second person makes the whole run wait: what comes after it may depend on it.
    waits = any(one.config.approval == SECOND_PERSON for one in planned)
    state = InterventionState.AWAITING_APPROVAL if waits else InterventionState.NOT_TRIED
    return [
        Intervention(
            intervention_id=intervention_id(run_id, one.config.name, one.business_object),
            run_id=run_id,
            position=position,
            name=one.config.name,
            business_object=one.business_object,
            alert_id=one.alert_id,
            amount=one.amount,
            currency=one.currency,
            state=state,
            detail="",
            reason=reason,
            requested_by=by.name or by.token,
            requested_token=by.token,
            requested_at=now,
            decided_by="",
            attempts=0,
            called_at=None,
            tried_at=None,
            due_at=None,
            version=1,
            updated_at=now,
        )
        for position, one in enumerate(planned)
    ]


def _check_reason(reason: str, by: Actor) -> None:
    if not str(by).strip():
        raise UsageError("nobody is named; say by whom")
    if len(by.name) > _LONGEST_NAME:
        raise UsageError(f"by has {len(by.name)} characters; give at most {_LONGEST_NAME}")
    if not reason.strip():
        raise UsageError("the reason is empty; say why")
    if len(reason) > _LONGEST_REASON:
        raise UsageError(f"reason has {len(reason)} characters; give at most {_LONGEST_REASON}")


def _names(name: str, token: str) -> set[str]:
    """What a person is known by; to be called alike is to be the same, as far as anybody can tell."""
    return {text.strip().casefold() for text in (name, token) if text.strip()}
