"""Writes and reads how far the escalation of each group of alerts is."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from storage.client import Store, encode_rows


@dataclass(frozen=True, slots=True)
class Escalation:
    """How far a group is, by the receiver of its route and its key.

    `started_at` is None while the clock stands still, since nobody has to be told. `steps` counts those reached since
    it started, over all rounds; `step_at` is when the last one was, or the start. `told` has by receiver the instant,
    in microseconds, of the last step that reached it. `by_hand` are the ids of people's wishes that were fulfilled.
    """

    receiver: str
    group_key: str
    policy: str
    started_at: datetime | None
    steps: int
    step_at: datetime
    told: Mapping[str, int]
    by_hand: tuple[str, ...] = ()
    version: int = 0


def write_escalations(store: Store, escalations: Sequence[Escalation], over: Sequence[Escalation] = ()) -> None:
    """Stores escalations over what was known of their groups; those in `over` are not read again."""
    rows = [{**asdict(one), "is_over": False} for one in escalations]
    rows += [{**asdict(replace(one, version=one.version + 1)), "is_over": True} for one in over]
    if rows:
        store.insert("escalations", encode_rows(rows))


def read_escalations(store: Store) -> list[Escalation]:
    """Every group's escalation that is not over."""
    return [Escalation(**{**row, "by_hand": tuple(row["by_hand"])}) for row in store.rows("escalations")]
