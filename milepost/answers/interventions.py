"""Answers about interventions, and what becomes of those that are asked for: here, and in a running Milepost."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from alerts.interventions.desk import InterventionDesk
from alerts.interventions.runs import RunWish
from domain.audit import Actor
from domain.business_object import BusinessObject
from domain.errors import UsageError
from domain.intervention import Intervention, InterventionState
from milepost.answers.api_client import ApiClient
from milepost.answers.intervention_questions import HistoryWish
from milepost.intervention_rows import (
    DecisionRequest,
    RunRequest,
    SelectionWish,
    definition_row,
    intervention_row,
    plan_row,
    run_row,
)
from storage.interventions import (
    InterventionFilter,
    intervention_versions,
    interventions_of_run,
    list_interventions,
)

Answer = dict[str, Any]
# What executes a run: at once, or in a thread of its own.
Execute = Callable[[str], None]


DEEDS = ("approve", "reject", "resume")


class StoreInterventions:
    """Answers from the store in this process, which also makes the calls."""

    def __init__(
        self,
        desk: InterventionDesk,
        execute: Execute,
        is_running: Callable[[str], bool] = lambda run_id: False,
    ) -> None:
        """`execute` brings a run on its way; `is_running` says whether it is being executed."""
        self._desk = desk
        self._execute = execute
        self._is_running = is_running

    def definitions(self) -> list[Answer]:
        """The interventions that are configured."""
        return [definition_row(config) for config in self._desk.interventions.by_name.values()]

    def plan(self, wish: SelectionWish) -> Answer:
        """What the calls that are meant would come to now; calls nobody and stores nothing."""
        return plan_row(self._desk.planner.plan(wish.selection(), self._desk.clock.now()))

    def run(self, wish: RunRequest) -> Answer:
        """The run that is stored, and on its way unless it waits for approval."""
        return self.run_by(wish, Actor(wish.by))

    def run_by(self, wish: RunRequest, by: Actor) -> Answer:
        """The same for somebody who may have proven who they are."""
        return self._started(self._desk.runs.request(RunWish(wish.selection(), wish.reason, wish.run_id), by))

    def decide(self, run_id: str, deed: str, decision: DecisionRequest) -> Answer:
        """The run after it was approved, rejected or resumed."""
        return self.decide_by(run_id, deed, decision, Actor(decision.by))

    def decide_by(self, run_id: str, deed: str, decision: DecisionRequest, by: Actor) -> Answer:
        """The same for somebody who may have proven who they are."""
        runs = self._desk.runs
        if deed not in DEEDS:
            raise UsageError(f"{deed!r} is nothing that can be done with a run; {', '.join(DEEDS)} are")
        if deed == "reject":
            return self.shown_run(runs.reject(run_id, by, decision.reason))
        act = runs.approve if deed == "approve" else runs.resume
        return self._started(act(run_id, by, decision.reason))

    def shown_run(self, run_id: str) -> Answer:
        """The run whose id begins so; UsageError where there is none, or more than one."""
        return self._row(self._desk.runs.find(run_id))

    def history(self, wish: HistoryWish) -> list[Answer]:
        """Interventions as they stand, the newest first; UsageError for a state there is not."""
        for state in wish.states:
            if state not in list(InterventionState):
                raise UsageError(f"state is {state!r}; give one of {', '.join(InterventionState)}")
        asked = InterventionFilter(
            name=wish.name,
            business_object=BusinessObject.parse(wish.business_object) if wish.business_object else None,
            run_id=wish.run_id,
            states=tuple(InterventionState(state) for state in wish.states),
        )
        return [intervention_row(one) for one in list_interventions(self._desk.store, asked, wish.limit)]

    def versions(self, intervention_id: str) -> list[Answer]:
        """All that became of the intervention whose id begins so, in order."""
        found = intervention_versions(self._desk.store, intervention_id) if intervention_id else []
        ids = {one.intervention_id for one in found}
        if len(ids) != 1:
            how_many = "more than one intervention's id begins" if ids else "no intervention's id begins"
            raise UsageError(
                f"{how_many} with {intervention_id!r}; `milepost interventions history --output json` shows their ids"
            )
        return [intervention_row(one) for one in found]

    def progress(self, run_id: str, pause: Callable[[], object]) -> Iterator[Answer]:
        """The run as it stands: here its calls are made by now."""
        yield self.shown_run(run_id)

    def _started(self, run_id: str) -> Answer:
        run = interventions_of_run(self._desk.store, run_id)
        if any(one.state.is_resumable for one in run):
            self._execute(run_id)
        return self._row(interventions_of_run(self._desk.store, run_id))

    def _row(self, run: Sequence[Intervention]) -> Answer:
        return run_row(run, is_running=self._is_running(run[0].run_id))


class ApiInterventions:
    """Answers from a running Milepost, which makes the calls."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    def definitions(self) -> list[Answer]:
        """The interventions of the running Milepost."""
        return self._api.rows("GET", "/api/interventions")

    def plan(self, wish: SelectionWish) -> Answer:
        """What the calls that are meant would come to now; calls nobody and stores nothing."""
        return self._answer("POST", "/api/interventions/preflight", json=msgspec.to_builtins(wish))

    def run(self, wish: RunRequest) -> Answer:
        """The run that is stored, and on its way unless it waits for approval."""
        return self._answer("POST", "/api/interventions/runs", json=msgspec.to_builtins(wish))

    def decide(self, run_id: str, deed: str, decision: DecisionRequest) -> Answer:
        """The run after it was approved, rejected or resumed."""
        return self._answer("POST", f"{_path(run_id)}/{deed}", json=msgspec.to_builtins(decision))

    def shown_run(self, run_id: str) -> Answer:
        """The run whose id begins so."""
        return self._answer("GET", _path(run_id))

    def history(self, wish: HistoryWish) -> list[Answer]:
        """Interventions as they stand, the newest first."""
        named = {"name": wish.name, "object": wish.business_object, "run": wish.run_id}
        params: dict[str, Any] = {name: value for name, value in named.items() if value}
        params |= {"limit": wish.limit, **({"state": wish.states} if wish.states else {})}
        return self._api.rows("GET", "/api/interventions/history", params=params)

    def versions(self, intervention_id: str) -> list[Answer]:
        """All that became of the intervention whose id begins so, in order."""
        return self._api.rows("GET", f"/api/interventions/history/{quote(intervention_id, safe='')}")

    def progress(self, run_id: str, pause: Callable[[], object]) -> Iterator[Answer]:
        """The run again and again, until nobody calls for it any more."""
        while True:
            row = self.shown_run(run_id)
            yield row
            if not row["is_running"]:
                return
            pause()

    def _answer(self, method: str, path: str, **how: Any) -> Answer:
        answer: Answer = self._api.ask(method, path, **how)
        return answer


def _path(run_id: str) -> str:
    return f"/api/interventions/runs/{quote(run_id, safe='')}"
