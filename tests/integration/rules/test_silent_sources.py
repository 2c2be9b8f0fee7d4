"""A source falls silent: what it would decide is suspended, one alert stands for all, and the facts decide."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.alert import Alert, AlertState
from domain.business_object import BusinessObject
from domain.contract import Contracts, EventContract, SourceContract
from domain.instants import from_micros, to_micros
from domain.rule import MilestoneRule
from domain.source_silence import BACKLOG_GRACE, SOURCE_SILENT, Episode, Silences, SourceSilence, episodes
from rules.alert_state import next_due, transitions
from rules.engine import Engine as RulesEngine
from rules.evaluator import evaluate
from storage.alerts import alert_from_row, alert_history, list_alerts
from storage.client import Store
from storage.events import EventRow, insert_events
from storage.overview import money_at_risk
from storage.source_silences import note_absence
from tests.builders import NOW, event_row
from tests.engine import Engine
from tests.fakes import BreakingStore
from tests.integration.rules.arrivals import Log, logs, rule_sets
from tests.integration.rules.test_engine_properties import END, GAPS, stored_once, tick_until_done
from tests.unit.rules.histories import MINUTE, START, rule
from tests.unit.rules.silences import contracts

HOUR = timedelta(hours=1)
PLAIN = rule()
DEADLINE = NOW + 4 * HOUR
ERP = contracts(("erp",), HOUR)
ORDERS = 200
STUCK, LATE = range(10), range(10, 20)


def approved(number: int) -> EventRow:
    currency = "USD" if number % 4 == 0 else "EUR"
    return event_row(
        f"a-{number}",
        "approved",
        [f"order/O-{number:03}"],
        occurred_at=NOW + number * timedelta(seconds=1),
        amount="1000.50",
        currency=currency,
    )


def posted(number: int, occurred_at: datetime, received_at: datetime) -> EventRow:
    return event_row(
        f"p-{number}",
        "posted",
        [f"order/O-{number:03}"],
        source="erp",
        occurred_at=occurred_at,
        received_at=received_at,
    )


def heartbeat(received_at: datetime) -> EventRow:
    return event_row("b-1", "erp.started", ["system/erp"], source="erp", occurred_at=received_at)


def tick(store: Store, through: datetime, agreed: Contracts = ERP) -> None:
    RulesEngine(store, [PLAIN], agreed).tick(through)


def counts(store: Store) -> Counter[tuple[str, AlertState]]:
    return Counter((alert.name, alert.state) for alert in list_alerts(store))


def source_silent(store: Store) -> Alert:
    [alert] = [alert for alert in list_alerts(store) if alert.name == SOURCE_SILENT]
    return alert


FIRST_WORD = NOW + 6 * HOUR


def fall_silent(store: Store) -> None:
    """Orders are approved, the ERP's last word is at two hours, the deadlines at four; it is five now."""
    insert_events(store, [heartbeat(NOW + 2 * HOUR), *(approved(number) for number in range(ORDERS))])
    for minutes in range(0, 5 * 60 + 1, 20):
        tick(store, NOW + minutes * MINUTE)


def test_one_alert_stands_for_all_that_a_silent_source_leaves_undecided(store: Store) -> None:
    fall_silent(store)

    assert counts(store) == {
        (PLAIN.name, AlertState.SUSPENDED): ORDERS,
        (SOURCE_SILENT, AlertState.FIRING): 1,
    }
    silent = source_silent(store)
    assert silent.business_object == BusinessObject("source", "erp")
    assert (silent.started_at, silent.deadline_at, silent.fired_at) == (NOW + 2 * HOUR, NOW + 3 * HOUR, DEADLINE)
    assert (silent.amount, silent.currency) == (None, None)
    assert silent.annotations == {"suspended": "128", "suspended_money": "96048.00 EUR, 32016.00 USD"}
    assert silent.reason == (
        "erp has said nothing since 2026-11-02T14:00:00Z; 128 alerts are suspended until it speaks, money behind them: "
        "96048.00 EUR, 32016.00 USD."
    )
    assert silent.labels == {
        "alertname": SOURCE_SILENT,
        "severity": "warning",
        "object_type": "source",
        "object_id": "erp",
        "source": "erp",
        "owner": "order_management",
    }
    told = [change.annotations["suspended"] for change in alert_history(store, silent.alert_id)]
    assert told == ["1", "2", "4", "8", "16", "32", "64", "128"]


def test_its_money_is_counted_once(store: Store) -> None:
    fall_silent(store)

    assert {(row.state, row.currency): row.objects for row in money_at_risk(store, [])} == {
        (AlertState.SUSPENDED, "EUR"): 150,
        (AlertState.SUSPENDED, "USD"): 50,
    }


def test_once_the_source_has_sent_its_backlog_what_is_truly_stuck_fires(store: Store) -> None:
    fall_silent(store)
    backlog = [
        posted(number, DEADLINE + HOUR if number in LATE else NOW + HOUR, FIRST_WORD + place * MINUTE / 100)
        for place, number in enumerate(sorted(set(range(ORDERS)) - set(STUCK)))
    ]
    insert_events(store, backlog)
    tick(store, FIRST_WORD + BACKLOG_GRACE - MINUTE)

    assert counts(store) == {
        (PLAIN.name, AlertState.SUSPENDED): len(STUCK),
        (PLAIN.name, AlertState.RESOLVED): len(LATE),
        (PLAIN.name, AlertState.RETRACTED): ORDERS - len(STUCK) - len(LATE),
        (SOURCE_SILENT, AlertState.RESOLVED): 1,
    }
    silent = source_silent(store)
    assert silent.resolved_at == FIRST_WORD
    assert silent.reason == (
        "erp spoke again at 2026-11-02T18:00:00Z; 200 alerts were suspended by then, money behind them: "
        "150075.00 EUR, 50025.00 USD."
    )

    tick(store, FIRST_WORD + BACKLOG_GRACE)

    firing = list_alerts(store, AlertState.FIRING)
    assert {alert.business_object.id for alert in firing} == {f"O-{number:03}" for number in STUCK}
    assert {alert.changed_at for alert in firing} == {FIRST_WORD + BACKLOG_GRACE}
    assert all(alert.fired_at == alert.deadline_at for alert in firing)


def test_the_money_of_one_currency_is_the_alerts_own(store: Store) -> None:
    insert_events(store, [heartbeat(NOW), approved(1)])

    tick(store, NOW + 5 * HOUR)

    silent = source_silent(store)
    assert (silent.amount, silent.currency, silent.labels["currency"]) == (Decimal("1000.50"), "EUR", "EUR")


def test_a_silent_source_that_nobody_waits_for_wakes_nobody(store: Store) -> None:
    insert_events(store, [heartbeat(NOW), approved(1), posted(1, NOW + MINUTE, NOW + MINUTE)])

    tick(store, NOW + 5 * HOUR)

    assert list_alerts(store) == []


def test_a_new_rule_withdraws_no_alert_on_a_source(store: Store) -> None:
    insert_events(store, [heartbeat(NOW), approved(1)])
    tick(store, NOW + 5 * HOUR)

    RulesEngine(store, [rule(name="Another", version="v2")], ERP).tick(NOW + 5 * HOUR + MINUTE)

    assert source_silent(store).state is AlertState.FIRING


def test_another_source_of_authority_releases_what_is_suspended(store: Store) -> None:
    insert_events(
        store, [heartbeat(NOW), approved(1), event_row("x", "noted", source="billing", occurred_at=NOW + 5 * HOUR)]
    )
    tick(store, NOW + 5 * HOUR)
    assert counts(store)[PLAIN.name, AlertState.SUSPENDED] == 1

    both = contracts(("erp", "billing"), 10 * HOUR)
    tick(store, NOW + 5 * HOUR + MINUTE, both)
    tick(store, NOW + 5 * HOUR + BACKLOG_GRACE, both)

    assert counts(store)[PLAIN.name, AlertState.FIRING] == 1


def test_a_source_that_speaks_for_the_first_time_may_tell_what_another_does_not(store: Store) -> None:
    both = contracts(("erp", "billing"), HOUR)
    insert_events(store, [heartbeat(NOW), approved(1)])
    tick(store, NOW + 5 * HOUR, both)
    assert counts(store)[PLAIN.name, AlertState.SUSPENDED] == 1

    insert_events(store, [event_row("x", "noted", source="billing", occurred_at=NOW + 5 * HOUR + MINUTE)])
    tick(store, NOW + 5 * HOUR + 2 * MINUTE, both)
    tick(store, NOW + 5 * HOUR + MINUTE + BACKLOG_GRACE, both)

    assert counts(store)[PLAIN.name, AlertState.FIRING] == 1


def test_what_was_due_while_milepost_was_away_waits_until_sources_could_speak(store: Store) -> None:
    insert_events(store, [heartbeat(NOW + 3 * HOUR), approved(1), approved(2)])
    tick(store, NOW + 3 * HOUR)
    back = NOW + 9 * HOUR
    note_absence(store, NOW + 3 * HOUR, back)

    tick(store, back)
    assert counts(store) == {(PLAIN.name, AlertState.SUSPENDED): 2}

    insert_events(store, [posted(1, NOW + HOUR, back + MINUTE)])
    tick(store, back + BACKLOG_GRACE)
    assert counts(store) == {(PLAIN.name, AlertState.RETRACTED): 1, (PLAIN.name, AlertState.SUSPENDED): 1}

    tick(store, back + BACKLOG_GRACE + MINUTE)
    assert counts(store) == {(PLAIN.name, AlertState.RETRACTED): 1, (PLAIN.name, AlertState.FIRING): 1}


def test_who_stays_silent_after_milepost_came_back_is_called_so(store: Store) -> None:
    insert_events(store, [heartbeat(NOW + 3 * HOUR), approved(1), approved(2)])
    tick(store, NOW + 3 * HOUR)
    back = NOW + 9 * HOUR
    note_absence(store, NOW + 3 * HOUR, back)

    tick(store, back + MINUTE)
    assert counts(store) == {(PLAIN.name, AlertState.SUSPENDED): 2}
    tick(store, back + BACKLOG_GRACE)

    silent = source_silent(store)
    assert (silent.state, silent.fired_at) == (AlertState.FIRING, back + BACKLOG_GRACE)
    assert silent.annotations["suspended"] == "2"


def test_evaluate_says_what_was_unknown_by_what_was_known(store: Store) -> None:
    insert_events(store, [heartbeat(NOW), approved(1), posted(2, NOW + 6 * HOUR, NOW + 6 * HOUR)])
    at, silent_at = NOW + 7 * HOUR, NOW + 5 * HOUR

    def states(known_at: datetime | None) -> list[AlertState]:
        return [alert.state for alert in evaluate(store, [PLAIN], at, known_at, ERP)]

    tick(store, silent_at)
    assert states(None) == [AlertState.SUSPENDED]
    tick(store, NOW + 8 * HOUR)
    assert states(None) == [AlertState.FIRING]
    assert states(silent_at) == [AlertState.SUSPENDED]
    assert [alert.state for alert in evaluate(store, [PLAIN], silent_at, None, ERP)] == [AlertState.FIRING]


AGREED = Contracts(
    events={"posted": EventContract("posted", 1, "finance", "order", ("a", "b"), silent_after={"b": 7 * MINUTE})},
    sources={"a": SourceContract("a", silent_after=3 * MINUTE), "b": SourceContract("b", silent_after=5 * MINUTE)},
)
ALLOWED = {("a", None): 3 * MINUTE, ("b", None): 5 * MINUTE, ("b", "posted"): 7 * MINUTE}


class News(NamedTuple):
    """What is told of a silent source, and as of when."""

    known_at: datetime
    source: str
    state: str
    fired_at: datetime | None
    resolved_at: datetime | None
    suspended: str


def plain_silences(log: Log) -> Iterator[SourceSilence]:
    """The silences that the arrivals show by the end."""
    for (source, type_), allowed in ALLOWED.items():
        heard = sorted(one.received_at for one in log.arrivals if one.source == source and type_ in (None, one.type))
        for position, heard_at in enumerate(heard):
            back_at = heard[position + 1] if position + 1 < len(heard) else None
            if heard_at + allowed < (back_at or END):
                yield SourceSilence(source, type_, heard_at, heard_at + allowed, back_at)


def plain_news(episode: Episode, alerts: Sequence[Alert]) -> Iterator[News]:
    """What an episode has to tell, by counting at every instant."""
    by_alert: dict[str, list[Alert]] = {}
    for alert in alerts:
        by_alert.setdefault(alert.alert_id, []).append(alert)
    until = episode.until or END
    most, fired_at = 0, None
    for instant in sorted({known_at(alert) for alert in alerts} | {until}):
        if not episode.since <= instant <= until:
            continue
        now = 0
        for changes in by_alert.values():
            seen_at = instant - timedelta(microseconds=instant == episode.until)
            last = [change for change in changes if episode.since <= known_at(change) <= seen_at][-1:]
            now += any(
                one.state == "suspended" and episode.source in one.annotations["suspended_by"].split(", ")
                for one in last
            )
        ended = instant == episode.until
        if ended and fired_at:
            yield News(instant, episode.source, "resolved", fired_at, instant, str(now))
        elif not ended and now and now.bit_length() > most.bit_length():
            fired_at = fired_at or instant
            most = now
            yield News(instant, episode.source, "firing", fired_at, None, str(now))


def known_at(alert: Alert) -> datetime:
    return from_micros(alert.version // 1000)


def expected(
    log: Log, rules: Sequence[MilestoneRule], silences: Sequence[SourceSilence]
) -> tuple[list[Alert], dict[str, datetime]]:
    """All changes by the end, and when time alone next changes each object, read in one go from the arrivals."""
    first_heard: dict[str, datetime] = {}
    for arrival in log.arrivals:
        first_heard[arrival.source] = min(first_heard.get(arrival.source, END), arrival.received_at)
    unknown = Silences(AGREED, silences, first_heard).unknown_times({"posted"})
    types = frozenset().union(*(one.event_types for one in rules))
    alerts: list[Alert] = []
    due: dict[str, datetime] = {}
    for object_id in log.by_object:
        history = [m for m in log.as_received(object_id) if m.type in types]
        for one in rules:
            alerts += transitions(one, BusinessObject("order", object_id), history, None, END, unknown)
        instants = [instant for one in rules if (instant := next_due(one, history, END, unknown))]
        if instants:
            due[object_id] = min(instants)
    return alerts, due


def told_of_sources(stored: Sequence[Alert]) -> list[News]:
    return [
        News(
            known_at(alert),
            alert.business_object.id,
            alert.state,
            alert.fired_at,
            alert.resolved_at,
            alert.annotations["suspended"],
        )
        for alert in stored
        if alert.name == SOURCE_SILENT
    ]


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(logs(), rule_sets(), GAPS, st.randoms(use_true_random=False))
def test_any_schedule_of_ticks_suspends_and_tells_the_same(
    engine: Engine,
    embedded_store: Store,
    log: Log,
    rules: list[MilestoneRule],
    gaps: list[timedelta],
    chance: random.Random,
) -> None:
    database = embedded_store.database
    engine.clear(database)
    waiting = [arrival.row() for arrival in log.arrivals]
    chance.shuffle(waiting)
    with BreakingStore(engine.dsn(database)) as store:
        through = START
        for gap in [*gaps, END - START]:
            through = min(through + gap, END)
            arrived = [row for row in waiting if row.received_us <= to_micros(through) or chance.random() < 0.2]
            waiting = [row for row in waiting if row not in arrived]
            if arrived:
                insert_events(store, arrived)
            tick_until_done(store, rules, through, chance, AGREED)

    silences = list(plain_silences(log))
    alerts, due = expected(log, rules, silences)
    stored = [alert_from_row(row) for row in engine.select(embedded_store, "SELECT * FROM alert_transitions FINAL")]
    assert stored_once([alert for alert in stored if alert.name != SOURCE_SILENT]) == stored_once(alerts)
    duties = engine.select(embedded_store, "SELECT * FROM open_duties FINAL WHERE isNotNull(due_at)")
    assert {row["object_id"]: row["due_at"] for row in duties} == due
    news = [one for episode in episodes(silences) for one in plain_news(episode, sorted(alerts, key=known_at))]
    assert sorted(told_of_sources(stored)) == sorted(news)
