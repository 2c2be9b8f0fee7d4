"""Threshold rules on KPIs: live, evaluate and backtest say what a plain reading of what was known at each hour says."""

import random
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import structs

from domain.alert import Alert
from domain.contract import Contracts
from domain.kpi import Dimension, Unit
from domain.kpi_watch import KpiValue
from domain.series_rule import Bound, KpiThresholdRule
from domain.source_silence import Silences, SourceSilence
from kpis.fx import bring_rates_in
from kpis.keeper import KpiKeeper
from rules.engine import Engine
from rules.evaluator import evaluate
from rules.replay import By, Span
from rules.traffic_replay import Unanswered, replay_traffic, unanswered
from storage.alerts import alert_history, list_alerts
from storage.client import Store
from storage.events import EventRow, insert_events
from storage.fx_rates import Rate
from storage.kpi_readings import read_readings
from storage.source_silences import write_silences
from tests.builders import event_row
from tests.engine import Engine as Database
from tests.integration.kpis.keeping import DAY, KPIS, SETTINGS

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ORDERS = 20
START = datetime.fromisoformat("2026-03-02T09:00:00+00:00")
SLOW = KpiThresholdRule(
    group="kpis",
    name="ActivationSlow",
    version="k1",
    level="critical",
    kpi="order_activation",
    bound=Bound.ABOVE,
    value=Decimal(3 * 3600),
    unit=Unit.SECONDS,
    currency="",
    stretch=HOUR,
    window=6 * HOUR,
    dimension=Dimension.LEGAL_ENTITY,
)
BOOKED = replace(
    SLOW,
    name="BookedLittle",
    version="k2",
    kpi="booked",
    bound=Bound.BELOW,
    value=Decimal(300),
    unit=Unit.MONEY,
    currency="EUR",
    stretch=timedelta(0),
    window=5 * HOUR,
    dimension=None,
)
USED = {name: KPIS[name] for name in ("order_activation", "booked")}
# Alert, label, state, when it was told, and since when it fires.
Change = tuple[str, str, str, datetime, datetime]


class Sent(NamedTuple):
    order: int
    type: str
    occurred_at: datetime
    received_at: datetime
    amount: int

    @property
    def entity(self) -> str:
        return ("DE01", "FR01")[self.order % 2]

    def row(self, number: int) -> EventRow:
        return event_row(
            f"e-{number}",
            self.type,
            [f"order/O-{self.order}"],
            occurred_at=self.occurred_at,
            received_at=self.received_at,
            legal_entity=self.entity,
            amount=str(self.amount),
            currency="EUR",
        )


def history(chance: random.Random) -> list[Sent]:
    """Most of a day of orders that are late, out of order and approved twice."""
    sent = []
    for order in range(ORDERS):
        approved_at = START + chance.randrange(16 * 60) * MINUTE
        posted_at = approved_at + chance.choice((10, 100, 200, 400)) * MINUTE
        for type_, at in (("order.approved", approved_at), ("order.posted", posted_at)):
            for _ in range(chance.choice((1, 1, 2))):
                late = chance.choice((0, 0, 1, 45, 300)) * MINUTE
                sent.append(Sent(order, type_, at, at + late, chance.randrange(10, 200)))
    chance.shuffle(sent)
    return sent


def known_cases(log: Sequence[Sent], hour: datetime) -> Iterator[tuple[Sent, timedelta | None]]:
    """Each order by what was received by an hour: its approval, and how long its posting took."""
    for order in range(ORDERS):
        known = [sent for sent in log if sent.order == order and sent.received_at <= hour]
        approvals = [sent for sent in known if sent.type == "order.approved"]
        if not approvals:
            continue
        opened = min(approvals, key=lambda sent: sent.occurred_at)
        stops = [s.occurred_at for s in known if s.type == "order.posted" and s.occurred_at >= opened.occurred_at]
        yield opened, min(stops) - opened.occurred_at if stops else None


def slow_at(log: Sequence[Sent], hour: datetime) -> Mapping[str, Decimal]:
    taken: dict[str, list[float]] = {}
    for opened, took in known_cases(log, hour):
        if took is not None and hour - SLOW.window <= opened.occurred_at + took < hour:
            taken.setdefault(opened.entity, []).append(took.total_seconds())
    return {entity: Decimal(statistics.median(times)) for entity, times in taken.items()}


def booked_at(log: Sequence[Sent], hour: datetime) -> Mapping[str, Decimal]:
    known = [sent for sent in log if sent.type == "order.approved" and sent.received_at <= hour]
    return {"": Decimal(sum(sent.amount for sent in known if hour - BOOKED.window <= sent.occurred_at < hour))}


def plainly(log: Sequence[Sent], rule: KpiThresholdRule, through: datetime) -> list[Change]:
    """Hour by hour: beyond the bound for long enough, it fires; known to be within, it resolves."""
    values_at = slow_at if rule is SLOW else booked_at
    pending: dict[str, datetime] = {}
    fired: dict[str, datetime] = {}
    told: list[Change] = []
    hour = START
    while hour <= through:
        values = values_at(log, hour)
        for label in {*values, *pending}:
            value = values.get(label)
            if value is None:
                continue
            if (value <= rule.value) if rule.bound is Bound.ABOVE else (value >= rule.value):
                pending.pop(label, None)
                if label in fired:
                    told.append((rule.name, label, "resolved", hour, fired.pop(label)))
            elif label not in fired and hour - pending.setdefault(label, hour) >= rule.stretch:
                fired[label] = hour
                told.append((rule.name, label, "firing", hour, hour))
        hour += HOUR
    return sorted(told)


def change(alert: Alert) -> Change:
    assert alert.fired_at
    label = str(alert.labels.get("legal_entity", ""))
    return alert.name, label, alert.state.value, alert.resolved_at or alert.fired_at, alert.fired_at


def live(store: Store) -> list[Change]:
    return sorted(change(one) for alert in list_alerts(store) for one in alert_history(store, alert.alert_id))


class Milepost:
    """The keeping of figures and the rules engine, each ticking when it likes."""

    def __init__(self, store: Store, *rules: KpiThresholdRule) -> None:
        self.keeper = KpiKeeper(store, USED, SETTINGS, [rule.watch for rule in rules])
        self.engine = Engine(store, rules)

    def tick(self, through: datetime) -> None:
        self.engine.tick(through)
        self.keeper.tick(through)
        self.engine.tick(through)


# Each example keeps figures for twenty hours.
@settings(
    max_examples=2,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.integers(0, 10**6))
def test_however_it_ticks_it_tells_what_was_known_at_each_hour(
    engine: Database, embedded_store: Store, seed: int
) -> None:
    engine.clear(embedded_store.database)
    chance, store = random.Random(seed), embedded_store
    log = history(chance)
    rows = [sent.row(number) for number, sent in enumerate(log)]
    # What is sent again counts as it came first.
    again = [structs.replace(row, received_us=row.received_us + 10**9, amount="7") for row in rows[::5]]
    insert_events(store, [*rows, *again])
    running, now, end = Milepost(store, SLOW, BOOKED), START, START + 20 * HOUR
    running.tick(now)
    while now < end:
        now = min(now + chance.choice((7, 61, 180, 700)) * MINUTE, end)
        if chance.random() < 0.3:
            running.engine.tick(now)
        elif chance.random() < 0.3:
            running.keeper.tick(now)
        else:
            running.tick(now)
    running.tick(end)
    running.engine.tick(end + MINUTE)

    expected = {rule.name: plainly(log, rule, end) for rule in (SLOW, BOOKED)}

    assert live(store) == sorted([*expected[SLOW.name], *expected[BOOKED.name]])
    for rule in (SLOW, BOOKED):
        replayed = replay_traffic(store, rule, Span(START, end + HOUR), By.RECEIPT, Silences(Contracts()))
        assert sorted(map(change, replayed)) == expected[rule.name]
        for known_at in (START + 13 * HOUR, START + 17 * HOUR + MINUTE, end):
            asked = evaluate(store, [rule], end, known_at)
            assert sorted(map(change, asked)) == sorted(last_of(plainly(log, rule, known_at)).values())


def last_of(changes: Sequence[Change]) -> dict[tuple[str, datetime], Change]:
    """Each alert as it was told last."""
    return {(one[1], one[4]): one for one in sorted(changes, key=lambda one: one[3])}


def test_while_the_source_of_its_events_is_silent_nothing_is_told(embedded_store: Store) -> None:
    """The posting that would resolve it may have come, and nobody could tell."""
    store = embedded_store
    slow = Sent(1, "order.approved", START - 7 * HOUR, START - 7 * HOUR, 10)
    posted = Sent(1, "order.posted", START - 2 * HOUR, START - 2 * HOUR, 10)
    insert_events(store, [slow.row(1), posted.row(2)])
    rule = replace(SLOW, stretch=timedelta(0))
    running = Milepost(store, rule)
    running.tick(START)
    running.engine.tick(START + MINUTE)
    assert [one[2] for one in live(store)] == ["firing"]
    write_silences(store, [SourceSilence("crm", None, START, START + MINUTE, None)], START + 9 * HOUR)
    running.tick(START + 8 * HOUR)
    running.engine.tick(START + 9 * HOUR)

    assert [one[2] for one in live(store)] == ["firing"], "the window is empty, and nothing is known"

    write_silences(store, [SourceSilence("crm", None, START, START + MINUTE, START + 9 * HOUR)], START + 10 * HOUR)
    again = Sent(3, "order.approved", START + 9 * HOUR, START + 9 * HOUR, 10)
    insert_events(store, [again.row(3), again._replace(type="order.posted").row(4)])
    running.tick(START + 10 * HOUR)
    running.engine.tick(START + 11 * HOUR)

    assert [one[2:4] for one in live(store)] == [("firing", START), ("resolved", START + 10 * HOUR)]


def test_a_sum_that_an_amount_is_missing_in_is_unknown_and_says_why(embedded_store: Store) -> None:
    store = embedded_store
    in_dollars = structs.replace(Sent(1, "order.approved", START - HOUR, START - HOUR, 10).row(1), currency="USD")
    insert_events(store, [in_dollars, Sent(2, "order.approved", START - HOUR, START - HOUR, 10).row(2)])
    running = Milepost(store, BOOKED)
    running.tick(START)
    running.engine.tick(START + MINUTE)

    [reading] = read_readings(store, BOOKED.watch, "EUR", START - HOUR, START)
    reason = "1 case in USD without a rate, first on 2026-03-02 (none in the 7 days before it)"
    assert reading.values == {"": KpiValue(None, reason)}
    assert live(store) == []

    bring_rates_in(store, [Rate("USD", START.date(), Decimal("0.5"))], START)
    running.tick(START + HOUR)
    running.engine.tick(START + HOUR + MINUTE)
    assert [one[2:4] for one in live(store)] == [("firing", START + HOUR)], "an hour is read once, and stays as it was"


def test_a_backtest_says_from_when_on_figures_are_kept(embedded_store: Store) -> None:
    store = embedded_store
    insert_events(store, [Sent(2, "order.approved", START - HOUR, START - HOUR, 10).row(2)])
    running = Milepost(store, BOOKED)
    running.tick(START)
    longer = replace(BOOKED, window=9 * HOUR)
    span = Span(START - 3 * HOUR, START + HOUR)

    assert unanswered(store, BOOKED, Span(START, START + HOUR), By.RECEIPT) is None
    assert reason(unanswered(store, BOOKED, span, By.RECEIPT)) == (
        "no figures of booked over 5h are kept before 2026-03-02T09:00:00Z",
        False,
    )
    assert reason(unanswered(store, longer, span, By.RECEIPT)) == (
        "no figures of booked over 9h are kept: they are from when a rule that runs first asks for them",
        True,
    )
    assert reason(unanswered(store, BOOKED, span, By.OCCURRENCE)) == (
        "booked is judged by what was known at each hour, and cannot be told by occurrence",
        True,
    )


def reason(found: Unanswered | None) -> tuple[str, bool]:
    assert found
    return found.reason, found.is_all


def test_figures_in_another_currency_are_not_judged(embedded_store: Store) -> None:
    running = Milepost(embedded_store, BOOKED)
    running.tick(START)
    yen = replace(BOOKED, currency="JPY", version="k3")

    assert [one.fired_at for one in evaluate(embedded_store, [BOOKED], START + HOUR)] == [START]
    assert evaluate(embedded_store, [yen], START + HOUR) == []


def test_hours_that_nobody_looked_at_are_read_as_they_were_known(embedded_store: Store) -> None:
    store = embedded_store
    running = Milepost(store, BOOKED)
    running.tick(START)
    insert_events(store, [Sent(2, "order.approved", START - HOUR, START + 3 * HOUR, 400).row(2)])
    running.tick(START + 4 * HOUR + MINUTE)

    values = [one.values[""].value for one in read_readings(store, BOOKED.watch, "EUR", START - HOUR, START + DAY)]
    assert values == [0, 0, 0, 400, 400]
