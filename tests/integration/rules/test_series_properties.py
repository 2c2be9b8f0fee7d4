"""Rules on traffic: however often the engine ticks or breaks off, it stores what a plain reading says."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.alert import Alert
from domain.business_object import BusinessObject
from domain.contract import Contracts
from domain.instants import from_micros, to_micros
from domain.milestone import Milestone
from domain.rule import Rule
from domain.series_rule import AbsenceRule, Bound, BurnRateRule, BurnWindows, EventPair, LabelSet, ThresholdRule
from domain.source_silence import Silences
from rules.alert_state import transitions
from rules.kinds.absence import AbsenceState, Arrival, Run, advance
from rules.kinds.milestone import CaseState, judge
from rules.replay import By, Span
from rules.traffic_replay import judges_traffic, replay_traffic
from storage.alerts import alert_from_row
from storage.client import Store
from storage.dead_letters import DeadLetter, insert_dead_letters
from storage.events import EventRow, insert_events
from tests.builders import event_row
from tests.engine import Engine
from tests.fakes import BreakingStore
from tests.integration.rules.test_engine_properties import GAPS, tick_until_done
from tests.unit.rules.histories import MINUTE, START, rule

END = START + 90 * MINUTE
HOUR, MICRO = timedelta(hours=1), timedelta(microseconds=1)
POSTED = rule(within=20 * MINUTE, version="m1")
MISSING = AbsenceRule(
    group="traffic",
    name="PostingsMissing",
    version="a1",
    event_type="posted",
    stretch=11 * MINUTE,
    per=("source", "legal_entity"),
    expect=((("source", "a"), ("legal_entity", "DE01")),),
    forget_after=40 * MINUTE,
)
SLOW = ThresholdRule(
    group="traffic",
    name="MessagesSlow",
    version="t1",
    signal="message_latency",
    bound=Bound.ABOVE,
    value=Decimal(120),
    stretch=3 * MINUTE,
    window=5 * MINUTE,
    per=("source",),
)
REFUSED = replace(
    SLOW, name="LettersMany", version="t2", signal="dead_letters", value=Decimal(1), stretch=timedelta(0), per=()
)
WAITING = replace(
    SLOW,
    name="OrdersWait",
    version="t3",
    signal="backlog",
    value=Decimal(2),
    per=("legal_entity",),
    pair=EventPair(object_type="order", from_type="approved", to_type="posted"),
)
BURNING = BurnRateRule(
    group="traffic",
    name="PostingBurns",
    version="b1",
    objective=Fraction(9, 10),
    target=POSTED,
    over=timedelta(days=30),
    windows=(
        BurnWindows(Fraction(3), timedelta(hours=2), 10 * MINUTE, "warning"),
        BurnWindows(Fraction(5), 30 * MINUTE, 5 * MINUTE, "critical"),
    ),
    minimum=2,
)
RULES: Sequence[Rule] = (POSTED, MISSING, SLOW, REFUSED, WAITING, BURNING)
# Alert name, label set, when it was told, state, fired_at, resolved_at, severity.
Change = tuple[str, LabelSet, datetime, str, datetime | None, datetime | None, str]
Values = Mapping[LabelSet, float]


class Sent(NamedTuple):
    number: int
    type: str
    order: int
    occurred_at: datetime
    received_at: datetime
    legal_entity: str

    @property
    def source(self) -> str:
        return "ab"[self.number % 2]

    @property
    def known_at(self) -> datetime:
        return max(self.occurred_at, self.received_at)

    def row(self) -> EventRow:
        return event_row(
            str(self.number),
            self.type,
            [f"order/O-{self.order}"],
            source=self.source,
            occurred_at=self.occurred_at,
            received_at=self.received_at,
            legal_entity=self.legal_entity,
        )

    def milestone(self) -> Milestone:
        return Milestone(self.type, self.occurred_at, self.received_at, self.source, str(self.number))


def logs() -> st.SearchStrategy[list[Sent]]:
    """Thirty events of a dozen orders within an hour; some late, some of a clock that runs ahead."""
    parts = st.tuples(
        st.sampled_from(["approved", "approved", "posted", "posted", "posted", "cancelled"]),
        st.integers(0, 11),
        st.integers(0, 60),
        st.sampled_from([0, 0, 0, 0, 1, 3, 9, 25, -2]),
        st.sampled_from(["DE01", "DE01", ""]),
    )

    def make(drawn: list[tuple[str, int, int, int, str]]) -> list[Sent]:
        return [
            Sent(number, type_, order, START + minute * MINUTE, START + (minute + delay) * MINUTE, entity)
            for number, (type_, order, minute, delay, entity) in enumerate(drawn)
        ]

    return st.lists(parts, min_size=10, max_size=40).map(make)


LETTERS = st.lists(st.integers(0, 80).map(lambda minute: START + minute * MINUTE + timedelta(seconds=20)), max_size=12)


def missing(log: Sequence[Sent]) -> Iterator[Change]:
    """What is told of missing postings; a reading that is proven by itself, of each event alone."""
    arrivals = [
        (
            (("source", sent.source), ("legal_entity", sent.legal_entity)),
            Arrival(sent.known_at, Run(*[sent.occurred_at] * 2)),
        )
        for sent in log
        if sent.type == "posted" and sent.received_at - sent.occurred_at <= MISSING.forget_after
    ]
    began_at = min(sent.received_at for sent in log)
    if began_at > END:
        return
    for told in advance(MISSING, AbsenceState(began_at), arrivals, None, END):
        yield (
            MISSING.name, told.labels, told.known_at, told.state, told.fired_at, told.resolved_at, told.severity
        )  # fmt: skip


def latency(log: Sequence[Sent], now: datetime) -> Values:
    lags: dict[LabelSet, list[float]] = {}
    for sent in log:
        # What occurred before its source was heard is history that was loaded.
        heard_at = min(other.received_at for other in log if other.source == sent.source)
        if now - SLOW.window < sent.received_at <= now and sent.occurred_at >= heard_at - MINUTE:
            lag = (sent.received_at - sent.occurred_at).total_seconds()
            lags.setdefault((("source", sent.source),), []).append(lag)
    return {labels: sorted(found)[min(int(0.95 * len(found)), len(found) - 1)] for labels, found in lags.items()}


def backlog(log: Sequence[Sent], now: datetime) -> Values:
    waiting: dict[LabelSet, float] = {}
    for order in {sent.order for sent in log}:
        known = sorted(
            (s for s in log if s.order == order and s.known_at <= now),
            key=lambda s: (s.known_at, s.source, str(s.number)),
        )
        approved = [sent for sent in known if sent.type == "approved"]
        if approved and not any(sent.type == "posted" for sent in known):
            labels = (("legal_entity", approved[0].legal_entity),)
            waiting[labels] = waiting.get(labels, 0) + 1
    return waiting


def thresholds(
    watched: ThresholdRule, values_at: Callable[[datetime], Values], quiet: float | None
) -> Iterator[Change]:
    """Every minute: beyond its bound for long enough, it fires; within it, it resolves; unknown for an hour, too."""
    pending: dict[LabelSet, datetime] = {}
    fired: dict[LabelSet, datetime] = {}
    heard: dict[LabelSet, datetime] = {}
    for minute in range(-60, 91):
        now = START + minute * MINUTE
        values = values_at(now)
        for labels in {*values, *pending, *([()] if not watched.per else [])}:
            value = values.get(labels, quiet)
            if value is None and now - heard[labels] < timedelta(hours=1):
                continue
            if value is not None:
                heard[labels] = now
            if value is None or value <= watched.value:
                pending.pop(labels, None)
                if labels in fired:
                    yield watched.name, labels, now, "resolved", fired.pop(labels), now, "warning"
            elif labels not in fired and now - pending.setdefault(labels, now) >= watched.stretch:
                fired[labels] = now
                yield watched.name, labels, now, "firing", now, None, "warning"


def outcomes(log: Sequence[Sent], now: datetime) -> Iterator[tuple[datetime, bool]]:
    """How each order's clock turned out by an instant, as known then."""
    for order in {sent.order for sent in log}:
        history = [sent.milestone() for sent in log if sent.order == order]
        told = transitions(POSTED, BusinessObject("order", f"O-{order}"), history, None, now)
        if told and told[-1].state in ("firing", "resolved") and told[-1].fired_at:
            yield told[-1].fired_at, False
            continue
        known = [milestone for milestone in history if max(milestone.received_at, milestone.occurred_at) <= now]
        for case in judge(POSTED, known, now):
            if case.state is CaseState.IN_TIME and case.ended_by:
                yield case.ended_by.occurred_at, True


def burns(log: Sequence[Sent]) -> Iterator[Change]:
    fired: dict[str, datetime] = {}
    for step in range(-6, 19):
        now = START + step * 5 * MINUTE
        known = list(outcomes(log, now))
        for windows in BURNING.windows:
            rates, counts = [], []
            for window in (windows.long, windows.short):
                within = [is_good for at, is_good in known if now - window < at <= now]
                counts.append(len(within))
                rates.append(within.count(False) / len(within) / 0.1 if within else 0)
            long_burns = rates[0] >= windows.factor - Fraction(1, 10**9) and counts[0] >= BURNING.minimum
            labels = (("burn", windows.level),)
            if long_burns and rates[1] >= windows.factor - Fraction(1, 10**9):
                if windows.level not in fired:
                    fired[windows.level] = now
                    yield BURNING.name, labels, now, "firing", now, None, windows.level
            elif windows.level in fired and not (long_burns and not counts[1]):
                yield BURNING.name, labels, now, "resolved", fired.pop(windows.level), now, windows.level


def expected(log: Sequence[Sent], letters: Sequence[datetime]) -> list[Change]:
    def letters_at(now: datetime) -> Values:
        return {(): float(sum(now - REFUSED.window < at <= now for at in letters))}

    return sorted(
        [
            *missing(log),
            *thresholds(SLOW, lambda now: latency(log, now), None),
            *thresholds(REFUSED, letters_at, 0.0),
            *thresholds(WAITING, lambda now: backlog(log, now), 0.0),
            *burns(log),
        ],
        key=repr,
    )


def stored(alerts: Sequence[Alert]) -> list[Change]:
    per = {
        "PostingsMissing": MISSING.per,
        "MessagesSlow": SLOW.per,
        "OrdersWait": WAITING.per,
        "PostingBurns": ("burn",),
    }
    return sorted(
        (
            (
                alert.name,
                tuple((name, alert.labels.get(name, "")) for name in per.get(alert.name, ())),
                from_micros(alert.version // 1000),
                alert.state.value,
                alert.fired_at,
                alert.resolved_at,
                alert.severity,
            )
            for alert in alerts
            if alert.name != POSTED.name
        ),
        key=repr,
    )


def latest_of_each_key(changes: Sequence[Change]) -> list[Change]:
    """The store keeps the last of the changes of an alert that happened at one instant and left it in one state."""
    kept = {}
    for change in sorted(changes, key=lambda change: change[2]):
        name, labels, told_at, state, fired_at, resolved_at, severity = change
        changed_at = told_at if state == "retracted" else resolved_at or fired_at
        kept[name, labels, fired_at, state, changed_at, severity] = change
    return sorted(kept.values(), key=repr)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(logs(), LETTERS, GAPS, st.randoms(use_true_random=False))
def test_any_schedule_of_ticks_stores_what_the_arrivals_say(
    engine: Engine,
    embedded_store: Store,
    log: list[Sent],
    letters: list[datetime],
    gaps: list[timedelta],
    chance: random.Random,
) -> None:
    database = embedded_store.database
    engine.clear(database)
    repeated = [sent.row() for sent in log if chance.random() < 0.3]
    waiting = [*(sent.row() for sent in log), *repeated]
    chance.shuffle(waiting)
    unwritten = [DeadLetter(str(number), at, "cloudevents", "invalid", "") for number, at in enumerate(letters)]
    with BreakingStore(engine.dsn(database)) as store:
        through = START
        # A rule that is new looks back for a while only, so the first tick is at the beginning.
        for gap in [timedelta(0), *gaps, END - START]:
            through = min(through + gap, END)
            through_us = to_micros(through)
            # What was received by then is there; some of what is received later is too, and must not count yet.
            arrived = [row for row in waiting if row.received_us <= through_us or chance.random() < 0.2]
            waiting = [row for row in waiting if row not in arrived]
            if arrived:
                insert_events(store, arrived)
            if came := [letter for letter in unwritten if letter.received_at <= through]:
                insert_dead_letters(store, came)
            unwritten = [letter for letter in unwritten if letter.received_at > through]
            tick_until_done(store, RULES, through, chance)

    alerts = [alert_from_row(row) for row in engine.select(embedded_store, "SELECT * FROM alert_transitions FINAL")]
    told = stored(alerts)
    assert told == latest_of_each_key(expected(log, letters))
    # A backtest, of all the time or of a part of it, tells what those ticks told in it.
    for since in (START - HOUR, START + chance.randrange(90) * MINUTE):
        in_span = [change for change in told if change[2] >= since]
        assert replayed(embedded_store, Span(since, END + MICRO)) == in_span


def replayed(store: Store, span: Span) -> list[Change]:
    """What a backtest tells in a span of the rules on traffic."""
    silences = Silences(Contracts())
    rules = [one for one in RULES if judges_traffic(one)]
    alerts = [alert for one in rules for alert in replay_traffic(store, one, span, By.RECEIPT, silences)]
    return [change for change in latest_of_each_key(stored(alerts)) if change[2] >= span.since]
