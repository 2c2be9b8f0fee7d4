"""How many clocks were started in the store's history: counted there, since most of them never lead to an alert."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.instants import EARLIEST, LATEST, to_micros
from storage.client import Store
from storage.milestones import BITS, Recent, Stretch, condition_bits, facts_asked, fragments

# As count_plain_starts answers.
_MOST_OTHERS = 10_000


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
    """How many starts of each case became known in the span, among the objects of a stretch.

    Most objects are plain, and counting them costs a fifth; the others are counted by themselves.
    """
    counts: list[int] = []
    for first in range(0, len(cases), BITS):
        some = cases[first : first + BITS]
        if len(conditions) > BITS:
            counts += _count(store, conditions, stretch, span, some, ())
            continue
        found, others = _count_plain(store, conditions, stretch, span, some)
        if others:
            object_ids = others if len(others) <= _MOST_OTHERS else ()
            exact = _count(store, conditions, stretch, span, some, object_ids)
            # Where there are more, all were counted.
            found = [plain + other for plain, other in zip(found, exact, strict=True)] if object_ids else exact
        counts += found
    return counts


def _count_plain(
    store: Store, conditions: Mapping[str, str], stretch: Stretch, span: Recent, cases: Sequence[StartCase]
) -> tuple[list[int], Sequence[str]]:
    """The counts of plain objects, and the ids of those that are not, or more than the most of them."""
    numbers = {text: number for number, text in enumerate(conditions, start=1)}
    by_type: dict[str, list[tuple[int, StartCase]]] = {}
    for place, case in enumerate(cases):
        by_type.setdefault(case.from_type, []).append((1 << place, case))

    def of_each(value: Callable[[int, StartCase], int]) -> list[list[int]]:
        return [[value(*one) for one in group] for group in by_type.values()]

    def bits(texts: Sequence[str]) -> int:
        return condition_bits(numbers[text] for text in texts)

    params = {
        **_bounds(stretch, span),
        **facts_asked(conditions),
        "narrowed": span.narrows,
        "start_types": list(by_type),
        "case_bits": of_each(lambda bit, _: bit),
        "needs": of_each(lambda _, case: bits(case.needs)),
        "chosen": of_each(lambda _, case: bits(case.chosen)),
        "passed_over": of_each(lambda _, case: bits(case.passed_over)),
        "since_us": of_each(lambda _, case: to_micros(case.since)),
        "until_us": of_each(lambda _, case: to_micros(case.until)),
        "first_bits": sum(1 << place for place, case in enumerate(cases) if case.only_first),
    }
    _, rows = store.tuples("count_plain_starts", params, fragments(conditions))
    counts = [sum(starts for mask, starts, _ in rows if mask >> place & 1) for place in range(len(cases))]
    return counts, [object_id for _, _, others in rows for object_id in others]


def _count(
    store: Store,
    conditions: Mapping[str, str],
    stretch: Stretch,
    span: Recent,
    cases: Sequence[StartCase],
    object_ids: Sequence[str],
) -> list[int]:
    """The counts of some objects, whatever is stored of them; without ids, of all."""
    numbers = {text: number for number, text in enumerate(conditions, start=1)}

    def numbered(texts: Sequence[str]) -> list[int]:
        return [numbers[text] for text in texts]

    params = {
        **_bounds(stretch, span),
        "object_ids": list(object_ids),
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


def _bounds(stretch: Stretch, span: Recent) -> dict[str, object]:
    return {
        "object_type": stretch.object_type,
        "after_id": stretch.after_id,
        "last_id": stretch.last_id,
        "known_at": span.through if span.by_receipt else LATEST,
        "by_receipt": span.by_receipt,
        "since": span.since,
        "through": span.through,
    }
