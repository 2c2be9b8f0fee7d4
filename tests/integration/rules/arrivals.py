"""Generated arrivals of many objects, and a plain reading of what was known of each: no SQL, nothing clever."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from domain.milestone import Facts, Milestone
from domain.rule import MilestoneRule, Override, Pairing, Pause
from storage.events import EventRow
from tests.builders import event_row
from tests.unit.rules.histories import LARGE, MINUTE, PLATINUM, SEVERITIES, START, rule

EUROPEAN = "region in ('EMEA') and currency = 'EUR'"
CONDITIONS: dict[str, Callable[[Facts], bool]] = {
    LARGE: lambda facts: facts.amount is not None and facts.amount >= 10000,
    PLATINUM: lambda facts: facts.attributes.get("tier") == "platinum",
    EUROPEAN: lambda facts: facts.region == "EMEA" and facts.currency == "EUR",
}
_FEWEST_OBJECTS, _MOST_OBJECTS = 20, 40


@dataclass(frozen=True)
class Arrival:
    """One event as a source states it; it may name the next object too."""

    number: int
    object_number: int
    type: str
    occurred_at: datetime
    received_at: datetime
    amount: str | None
    currency: str
    region: str
    legal_entity: str
    tier: str
    names_next: bool

    @property
    def object_ids(self) -> list[str]:
        """The objects it names."""
        return [f"O-{self.object_number + step}" for step in range(2 if self.names_next else 1)]

    @property
    def source(self) -> str:
        """Two sources, so that equal instants are ordered by identity."""
        return "ab"[self.number % 2]

    def row(self, *, later: timedelta = timedelta(0)) -> EventRow:
        """As it is stored; `later` for a repetition that slipped past the door."""
        return event_row(
            event_id=str(self.number),
            type=self.type,
            objects=[f"order/{object_id}" for object_id in self.object_ids],
            source=self.source,
            occurred_at=self.occurred_at,
            received_at=self.received_at + later,
            amount=self.amount,
            currency=self.currency,
            region=self.region,
            legal_entity=self.legal_entity,
            attributes={"tier": self.tier} if self.tier else {},
            correlation_id=f"q2c-{self.object_number}" if self.number % 3 else "",
            trace_id=f"{self.number:032x}" if self.number % 2 else "",
        )


@dataclass
class Log:
    """What arrived of all objects, in no order."""

    arrivals: Sequence[Arrival]
    by_object: dict[str, list[Arrival]] = field(init=False)

    def __post_init__(self) -> None:
        self.by_object = {}
        for arrival in self.arrivals:
            for object_id in arrival.object_ids:
                self.by_object.setdefault(object_id, []).append(arrival)

    def known(self, object_id: str, known_at: datetime) -> list[Milestone]:
        """The object's milestones by what had been received at an instant, in order."""
        received = [arrival for arrival in self.by_object[object_id] if arrival.received_at <= known_at]
        received.sort(key=lambda arrival: (arrival.occurred_at, arrival.source, str(arrival.number)))
        milestones = []
        amount, currency, region, legal_entity = None, None, None, None
        for arrival in received:
            if arrival.amount is not None:
                amount, currency = Decimal(arrival.amount), arrival.currency or None
            region = arrival.region or region
            legal_entity = arrival.legal_entity or legal_entity
            attributes = {"tier": arrival.tier} if arrival.tier else {}
            stated = {"amount": arrival.amount, "region": arrival.region, "legal_entity": arrival.legal_entity}
            left_out = frozenset(name for name, value in stated.items() if not value)
            facts = Facts(amount, currency, legal_entity, region, attributes, left_out)
            milestones.append(_milestone(arrival, facts))
        return milestones

    def as_received(self, object_id: str) -> list[Milestone]:
        """Every milestone of an object, and again for each later receipt that changed what was known of it."""
        rows: dict[str, list[Milestone]] = {}
        for known_at in sorted({arrival.received_at for arrival in self.by_object[object_id]}):
            for milestone in self.known(object_id, known_at):
                versions = rows.setdefault(milestone.event_id, [])
                if not versions:
                    versions.append(milestone)
                elif versions[-1].facts != milestone.facts:
                    versions.append(replace(milestone, received_at=known_at))
        return [milestone for versions in rows.values() for milestone in versions]


def _milestone(arrival: Arrival, facts: Facts) -> Milestone:
    row = arrival.row()
    return Milestone(
        type=arrival.type,
        occurred_at=arrival.occurred_at,
        received_at=arrival.received_at,
        source=arrival.source,
        event_id=str(arrival.number),
        correlation_id=row.correlation_id or None,
        trace_id=row.trace_id or None,
        facts=facts,
        holds=frozenset(text for text, is_true in CONDITIONS.items() if is_true(facts)),
    )


_PARTS = st.tuples(
    st.sampled_from(["approved", "approved", "posted", "posted", "cancelled", "held", "released", "noted"]),
    st.integers(0, 24),
    st.sampled_from([0, 0, 0, 1, 3, 9, 20, -2]),
    st.sampled_from([None, None, ("9999.999999999", "EUR"), ("10000", "EUR"), ("20000.50", "USD"), ("15000", "")]),
    st.sampled_from(["", "", "EMEA", "AMER"]),
    st.sampled_from(["", "DE01"]),
    st.sampled_from(["", "", "platinum", "gold"]),
    st.sampled_from([False, False, False, True]),
)


def logs(longest: int = 8) -> st.SearchStrategy[Log]:
    """The histories of some objects on a coarse grid of minutes, so that instants often coincide."""
    history = st.lists(_PARTS, min_size=1, max_size=longest)
    return st.lists(history, min_size=_FEWEST_OBJECTS, max_size=_MOST_OBJECTS).map(_log)


def _log(drawn: Sequence[Sequence[tuple[str, int, int, tuple[str, str] | None, str, str, str, bool]]]) -> Log:
    arrivals: list[Arrival] = []
    for object_number, history in enumerate(drawn):
        for type_, occurred, delay, money, region, legal_entity, tier, names_next in history:
            occurred_at = START + occurred * MINUTE
            amount, currency = money or (None, "")
            arrivals.append(
                Arrival(
                    number=len(arrivals),
                    object_number=object_number,
                    type=type_,
                    occurred_at=occurred_at,
                    received_at=occurred_at + delay * MINUTE,
                    amount=amount,
                    currency=currency,
                    region=region,
                    legal_entity=legal_entity,
                    tier=tier,
                    names_next=names_next,
                )
            )
    return Log(arrivals)


def rule_sets() -> st.SearchStrategy[list[MilestoneRule]]:
    """Up to three rules on orders that use every part of the milestone kind, named apart."""
    minutes = st.integers(1, 12).map(lambda count: count * MINUTE)
    one = st.builds(
        rule,
        within=minutes,
        pairing=st.sampled_from(Pairing),
        skew=st.sampled_from([0, 0, 1, 2]).map(lambda count: count * MINUTE),
        unless=st.sampled_from([(), ("cancelled",)]),
        where=st.sampled_from([None, None, LARGE, EUROPEAN]),
        overrides=st.sampled_from([(), (Override(PLATINUM, 2 * MINUTE),)]),
        pause=st.sampled_from([None, None, Pause("held", "released")]),
        at_risk=st.sampled_from([None, Fraction(1, 2), Fraction(3, 4)]),
        severity=st.sampled_from(SEVERITIES),
        annotations=st.sampled_from([{}, {"summary": "{object_id} {amount} {currency} {region} {correlation_id}"}]),
    )
    return st.lists(one, min_size=1, max_size=3).map(
        lambda drawn: [replace(rule, name=f"Rule{number}") for number, rule in enumerate(drawn)]
    )
