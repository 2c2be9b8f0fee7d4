"""KPIs as commands ask for them: the same from the store and from the process that holds it."""

from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from domain.errors import ConfigError, LeaseLost, StoreError, UsageError
from domain.instants import parse_instant
from kpis.catalog import SHIPPED
from kpis.flow_keeper import flow_kept_through
from milepost.kpi_book import KpiWish, load_kpi_book
from milepost.kpi_keeping import KpiKeeping
from milepost.rule_setup import rule_references
from milepost.settings import Settings
from storage.client import Store
from storage.events import insert_events
from tests.builders import NOW, event_row
from tests.engine import Engine
from tests.integration.milepost.places import PLACES, answers_at

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SETTINGS = Settings()
# As shipped, but only what is asked for is kept: to keep all would take the tests' time.
BOOK = load_kpi_book(SETTINGS)
ASKED_FOR = BOOK._replace(kpis={name: BOOK.kpis[name] for name in ("order_activation", "booked")})
WISH = KpiWish(NOW - DAY, NOW + DAY)


@pytest.fixture
def kept(embedded_store: Store) -> Store:
    """Two orders, one of which is posted after two hours, and an amount in a currency without a rate."""
    insert_events(
        embedded_store,
        [
            event_row("a", "order.approved", ["order/O-1"], amount="100.10", currency="EUR", legal_entity="DE01"),
            event_row("b", "order.posted", ["order/O-1"], source="erp", occurred_at=NOW + 2 * HOUR),
            event_row("c", "order.approved", ["order/O-2"], amount="7", currency="USD"),
        ],
    )
    ASKED_FOR.keep(embedded_store, NOW + 5 * DAY, NOW + 5 * DAY)
    return embedded_store


@pytest.mark.parametrize("place", PLACES)
def test_a_figure_says_what_is_not_in_it_and_why(kept: Store, place: str) -> None:
    with answers_at(place, kept) as answers:
        [booked] = answers.kpi_figures(SETTINGS, "booked", WISH)

    reason = "1 case in USD without a rate, first on 2026-11-02 (none in the 7 days before it)"
    assert (booked["value"], booked["reason"]) == ("100.10", reason)


def test_the_rules_say_which_figures_are_read_and_other_rules_say_others() -> None:
    book = load_kpi_book(SETTINGS)

    assert {watch.kpi for watch in book.watches} == {"order_to_invoice", "billing_exception_rate"}
    assert book.watching([]).watches == ()


@pytest.mark.parametrize("place", PLACES)
def test_a_figure_says_what_it_is_made_of(kept: Store, place: str) -> None:
    with answers_at(place, kept) as answers:
        [figure] = answers.kpi_figures(SETTINGS, "order_activation", WISH)

    assert figure == {
        "kpi": "order_activation",
        "title": "Order activation latency",
        "unit": "seconds",
        "label": None,
        "from": "2026-11-01T12:00:00Z",
        "to": "2026-11-03T12:00:00Z",
        "value": 7200.0,
        "reason": None,
        "before": None,
        "target": 3600.0,
        "met": False,
        "closed": {
            "cases": 1,
            "mean": 7200.0,
            "median": 7200.0,
            "p90": 7200.0,
            "money": {
                "by_currency": [{"currency": "EUR", "amount": "100.10", "cases": 1}],
                "currency": "EUR",
                "total": "100.10",
                "unconverted": 0,
            },
        },
        "open": {
            "cases": 1,
            "median_seconds": 86400.0,
            "p90_seconds": 86400.0,
            "oldest_seconds": 86400.0,
            "money": {
                "by_currency": [{"currency": "USD", "amount": "7.00", "cases": 1}],
                "currency": "EUR",
                "total": None,
                "unconverted": 1,
            },
        },
    }


@pytest.mark.parametrize("place", PLACES)
def test_figures_are_told_apart_and_filtered(kept: Store, place: str) -> None:
    with answers_at(place, kept) as answers:
        by = answers.kpi_figures(SETTINGS, "booked", KpiWish(WISH.since, WISH.until, "legal_entity"))
        only = KpiWish(WISH.since, WISH.until, only={"currency": ("EUR", "GBP")})
        [filtered] = answers.kpi_figures(SETTINGS, "booked", only)

    assert [(figure["label"], figure["value"]) for figure in by] == [("", None), ("DE01", "100.10")]
    assert filtered["value"] == "100.10"


@pytest.mark.parametrize("place", PLACES)
def test_the_cases_behind_a_figure_are_named(kept: Store, place: str) -> None:
    with answers_at(place, kept) as answers:
        closed = answers.kpi_cases(SETTINGS, "order_activation", WISH, 10, is_open=False)
        waiting = answers.kpi_cases(SETTINGS, "order_activation", WISH, 10, is_open=True)

    assert [(case["object_id"], case["value"], case["amount"]) for case in closed] == [("O-1", 7200.0, "100.10")]
    assert [(case["object_id"], case["ended_at"], case["amount"]) for case in waiting] == [("O-2", None, "7.00")]


@pytest.mark.parametrize("place", PLACES)
def test_each_day_that_is_over_was_stated(kept: Store, place: str) -> None:
    with answers_at(place, kept) as answers:
        days = answers.kpi_days(SETTINGS, "order_activation", NOW - 2 * DAY, NOW + 2 * DAY)

    stated = [(day["day"], day["legal_entity"], day["value"], day["restated"]) for day in days]
    assert stated == [("2026-11-02", None, 7200.0, False), ("2026-11-02", "DE01", 7200.0, False)]


@pytest.mark.parametrize("place", PLACES)
def test_every_kpi_is_listed_with_what_it_aims_at(embedded_store: Store, place: str) -> None:
    with answers_at(place, embedded_store) as answers:
        listed = {row["kpi"]: row for row in answers.kpis(SETTINGS)}

    assert listed["completion_rate"]["target"] == 0.95
    assert listed["booked"]["target"] is None
    assert {row["owner"] for row in listed.values()} >= {"order_management", "integration"}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("name", "wish", "problem"),
    [
        pytest.param(
            "cycle_time",
            WISH,
            "there is no KPI 'cycle_time'; there are api_error_rate, api_latency, bill",
            id="no such KPI",
        ),
        pytest.param(
            "booked",
            KpiWish(WISH.since, WISH.until, "country"),
            "'country' is nothing that cases are told apart by; give one of legal_entity, region, currency, segment, "
            "source",
            id="no such dimension",
        ),
        pytest.param(
            "booked",
            KpiWish(WISH.until, WISH.since),
            "from is 2026-11-03T12:00:00Z and to is 2026-11-01T12:00:00Z; give a later to, and no more than ten years",
            id="a stretch that ends before it begins",
        ),
    ],
)
def test_a_wrong_question_is_told(embedded_store: Store, place: str, name: str, wish: KpiWish, problem: str) -> None:
    with answers_at(place, embedded_store) as answers, pytest.raises(UsageError) as raised:
        answers.kpi_figures(SETTINGS, name, wish)

    assert str(raised.value).startswith(problem)


@pytest.mark.parametrize("place", PLACES)
def test_days_that_end_before_they_begin_are_told(embedded_store: Store, place: str) -> None:
    with answers_at(place, embedded_store) as answers, pytest.raises(UsageError) as raised:
        answers.kpi_days(SETTINGS, "booked", NOW, NOW - DAY)

    assert str(raised.value) == (
        "from is 2026-11-02T12:00:00Z and to is 2026-11-01T12:00:00Z; give a later to, and no more than ten years"
    )


def test_a_wrong_statement_of_a_users_own_is_told_before_anything_is_kept(
    embedded_store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "kpis"
    folder.mkdir()
    shipped = (SHIPPED / "quote_to_cash.yaml").read_text(encoding="utf-8")
    (folder / "own.yaml").write_text(shipped, encoding="utf-8")
    (folder / "handoff.sql").write_text("SELECT * FROM access_tokens", encoding="utf-8")
    settings = Settings(config=tmp_path)
    problem = f"{folder / 'handoff.sql'}: is no statement that finds cases: Unknown expression"

    with answers_at("in this process", embedded_store) as answers, pytest.raises(ConfigError) as listed:
        answers.kpis(settings)
    keeping = KpiKeeping(settings, rule_references(settings), CollectorRegistry(), NOW, demo=False)
    with pytest.raises(ConfigError) as started:
        keeping.run(embedded_store, NOW, NOW)

    assert str(listed.value).startswith(problem)
    assert str(started.value).startswith(problem)


class Failing:
    """A keeping with a fault in it."""

    def run(self, *_: object) -> None:
        raise ArithmeticError("no figure has so many digits")


def test_what_cannot_be_kept_keeps_nothing_else_from_being_kept(embedded_store: Store) -> None:
    insert_events(embedded_store, [event_row("a", "order.approved", occurred_at=NOW, received_at=NOW)])
    registry = CollectorRegistry()
    settings = Settings()
    keeping = KpiKeeping(settings, rule_references(settings), registry, NOW, demo=False)
    keeping.hops = Failing()  # type: ignore[assignment]

    with pytest.raises(StoreError) as failed:
        keeping.run(embedded_store, NOW + HOUR, NOW + HOUR)

    assert str(failed.value) == "ArithmeticError: no figure has so many digits"
    assert flow_kept_through(embedded_store) == NOW + HOUR
    assert registry.get_sample_value("milepost_kpi_open_cases", {"kpi": "order_to_invoice", "legal_entity": ""}) == 1


class Idle:
    """A keeping that keeps nothing."""

    def run(self, *_: object) -> None:
        pass


class Over:
    """A turn that is over."""

    epoch = 1

    def require(self) -> None:
        raise LeaseLost("it is another one's turn")


def test_an_engine_whose_turn_is_over_keeps_nothing_and_says_so_once(embedded_store: Store, engine: Engine) -> None:
    insert_events(embedded_store, [event_row("a", "order.approved", occurred_at=NOW, received_at=NOW)])
    settings = Settings()
    keeping = KpiKeeping(settings, rule_references(settings), CollectorRegistry(), NOW, demo=False)
    keeping.hops = Idle()  # type: ignore[assignment]

    with Store(engine.dsn(embedded_store.database), fence=Over()) as store:
        for keep in (keeping.run, keeping.close.run):
            with pytest.raises(LeaseLost) as lost:
                keep(store, NOW + HOUR, NOW + HOUR)
            assert str(lost.value) == "it is another one's turn"


@pytest.mark.parametrize("place", PLACES)
def test_a_period_is_set_beside_the_period_before_it(embedded_store: Store, place: str) -> None:
    """Germany is an hour ahead of UTC in winter, and in the last hour of a month's last day there it is the next."""
    instants = ["2026-09-30T21:59:59Z", "2026-09-30T22:00:00Z", "2026-10-31T22:59:59Z", "2026-10-31T23:00:00Z"]
    insert_events(
        embedded_store,
        [
            event_row(
                f"a-{at}",
                "order.approved",
                [f"order/{at}"],
                occurred_at=parse_instant(at),
                amount=str(10**number),
                currency="EUR",
                legal_entity="DE01",
            )
            for number, at in enumerate(instants)
        ],
    )
    ASKED_FOR.keep(embedded_store, NOW + 5 * DAY, NOW + 5 * DAY)
    wish = KpiWish(NOW, NOW + DAY, only={"legal_entity": ("DE01",)}, period="2026-10")

    with answers_at(place, embedded_store) as answers:
        [figure] = answers.kpi_figures(SETTINGS, "booked", wish)
        cases = answers.kpi_cases(SETTINGS, "booked", wish, 10, is_open=False)

    assert (figure["from"], figure["to"]) == ("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z")
    assert (figure["value"], figure["before"], len(cases)) == ("110.00", "1.00", 2)


@pytest.mark.parametrize("place", PLACES)
def test_a_period_that_there_is_not_is_told_with_one_that_there_is(embedded_store: Store, place: str) -> None:
    with answers_at(place, embedded_store) as answers, pytest.raises(UsageError) as raised:
        answers.kpi_figures(SETTINGS, "booked", KpiWish(NOW, NOW + DAY, period="2026-P10"))

    assert str(raised.value).endswith(
        "period is '2026-P10'; give a period as scheme default calls them, such as 2026-10"
    )
