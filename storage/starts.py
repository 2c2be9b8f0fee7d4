"""How many clocks were started in the store's history: counted there, since most of them never lead to an alert."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.instants import EARLIEST, LATEST, to_micros
from storage.client import Store
from storage.milestones import Recent, Stretch, fragments


@dataclass(frozen=True, slots=True)
class StartCase:
    """Which starts are counted together; conditions are the texts that are also given with their SQL.

    A `from_type` for which all of `needs` hold starts a clock, with `only_first` the object's first one alone. Of
    these count those from `since` to `until` for which all of `chosen` hold and none of `passed_over`.
    """

    from_type: str
    needs: Sequence[str] = ()
    only_first: bool = False
    chosen: Sequence[str] = ()
    passed_over: Sequence[str] = ()
    since: datetime = EARLIEST
    until: datetime = LATEST


def count_starts(
    store: Store, conditions: Mapping[str, str], stretch: Stretch, span: Recent, cases: Sequence[StartCase]
) -> list[int]:
    """How many starts of each case became known in the span, among the objects of a stretch."""
    numbers = {text: number for number, text in enumerate(conditions, start=1)}

    def numbered(texts: Sequence[str]) -> list[int]:
        return [numbers[text] for text in texts]

    params = {
        "object_type": stretch.object_type,
        "after_id": stretch.after_id,
        "last_id": stretch.last_id,
        "known_at": span.through if span.by_receipt else LATEST,
        "by_receipt": span.by_receipt,
        "since": span.since,
        "through": span.through,
        "from_types": [case.from_type for case in cases],
        "needs": [numbered(case.needs) for case in cases],
        "only_first": [case.only_first for case in cases],
        "chosen": [numbered(case.chosen) for case in cases],
        "passed_over": [numbered(case.passed_over) for case in cases],
        "since_us": [to_micros(case.since) for case in cases],
        "until_us": [to_micros(case.until) for case in cases],
    }
    _, rows = store.tuples("count_starts", params, fragments(conditions))
    return list(rows[0][0]) or [0] * len(cases)
