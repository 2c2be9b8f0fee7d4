"""Silences for the tests of suspended verdicts: generated, and read naively instant by instant."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import strategies as st

from domain.contract import Contracts, EventContract, SourceContract
from domain.source_silence import BACKLOG_GRACE, SourceSilence
from tests.unit.rules.histories import MINUTE, START


def contracts(sources: Sequence[str] = ("erp",), silent_after: timedelta = timedelta(hours=1)) -> Contracts:
    """`sources` tell of `posted`, and are silent after so long without any event."""
    return Contracts(
        events={"posted": EventContract("posted", 1, "order_management", "order", tuple(sources))},
        sources={source: SourceContract(source, silent_after=silent_after) for source in sources},
    )


def silence(source: str | None, since: int, until: int | None, event_type: str | None = None) -> SourceSilence:
    """A silence by minutes since the tests' beginning."""
    since_at = START + since * MINUTE
    return SourceSilence(source, event_type, since_at, since_at, None if until is None else START + until * MINUTE)


def silences(sources: Sequence[str]) -> st.SearchStrategy[list[SourceSilence]]:
    """Silences of sources, of `posted`, of another type or of anything, and times in which Milepost was away."""
    one = st.tuples(
        st.sampled_from([*sources, *sources, None]),
        st.integers(0, 40),
        st.one_of(st.integers(1, 20), st.none()),
        st.sampled_from([None, None, "posted", "cancelled"]),
    )

    def build(drawn: Iterable[tuple[str | None, int, int | None, str | None]]) -> list[SourceSilence]:
        return [
            silence(source, since, since + (length or 1) if length or not source else None, type_ if source else None)
            for source, since, length, type_ in drawn
        ]

    return st.lists(one, max_size=4).map(build)


def known_by(found: Iterable[SourceSilence], through: datetime) -> list[SourceSilence]:
    """The silences as they are known at an instant."""
    begun = [one for one in found if one.since <= through]
    return [replace(one, until=one.until if one.until and one.until <= through else None) for one in begun]


def is_unknown(
    found: Sequence[SourceSilence], first_heard: Mapping[str, datetime], sources: Sequence[str], at: datetime
) -> bool:
    """Whether nobody tells of `posted` at an instant, or did in the grace before it; all changes on whole minutes."""
    minute = START + (at - START) // MINUTE * MINUTE
    return any(
        _nobody_tells(found, first_heard, sources, minute - back * MINUTE)
        for back in range(BACKLOG_GRACE // MINUTE + 1)
    )


def _nobody_tells(
    found: Sequence[SourceSilence], first_heard: Mapping[str, datetime], sources: Sequence[str], at: datetime
) -> bool:
    heard = [source for source in sources if source in first_heard and first_heard[source] <= at]
    if heard and any(one.source is None and one.since <= at and one.until and at < one.until for one in found):
        return True
    return bool(heard) and all(
        any(
            one.source == source
            and one.event_type in (None, "posted")
            and one.since <= at
            and (one.until is None or at < one.until)
            for one in found
        )
        for source in heard
    )
