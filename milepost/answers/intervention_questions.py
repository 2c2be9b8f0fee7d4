"""What is asked about interventions, whoever answers."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import msgspec

from milepost.intervention_rows import DecisionRequest, RunRequest, SelectionWish

Answer = dict[str, Any]


class HistoryWish(msgspec.Struct):
    """Which interventions to show; what is empty narrows nothing."""

    name: str = ""
    business_object: str = ""
    run_id: str = ""
    states: list[str] = []
    limit: int = 100


class InterventionAnswers(Protocol):
    """What is asked about interventions; rows come with plain JSON values."""

    def definitions(self) -> list[Answer]: ...
    def plan(self, wish: SelectionWish) -> Answer: ...
    def run(self, wish: RunRequest) -> Answer: ...
    def decide(self, run_id: str, deed: str, decision: DecisionRequest) -> Answer: ...
    def shown_run(self, run_id: str) -> Answer: ...
    def history(self, wish: HistoryWish) -> list[Answer]: ...
    def versions(self, intervention_id: str) -> list[Answer]: ...
    def progress(self, run_id: str, pause: Callable[[], object]) -> Iterator[Answer]: ...
