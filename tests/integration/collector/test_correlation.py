"""Which run objects belong to, and what it is called, as events arrive that say so."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from collector.contract_definitions import SHIPPED, load_contracts
from collector.correlation import MOST_OF_ONE_TYPE, Correlator
from domain.business_object import BusinessObject
from domain.contract import Contracts
from storage.alerts import list_alerts, write_transitions
from storage.client import Store
from storage.events import EventRow, insert_events
from storage.run_view import Run, find_run, run_ids
from storage.traces import insert_traces
from tests.builders import NOW, alert, event_row, otlp_request, span
from tests.engine import Engine
from tests.integration.collector.runs import expected_runs, stored_runs

SECOND = timedelta(seconds=1)
TRACE = bytes(range(16))
ORDER, INVOICE = BusinessObject("order", "O-1"), BusinessObject("invoice", "I-1")
Take = Callable[..., None]


@pytest.fixture(scope="module")
def contracts() -> Contracts:
    """The shipped ones."""
    return load_contracts(SHIPPED).contracts


@pytest.fixture
def take(store: Store, contracts: Contracts) -> Take:
    """Stores events as received together, a second after the ones before, and correlates them."""
    received_at = NOW

    def taken(*events: EventRow, by: Contracts = contracts) -> None:
        nonlocal received_at
        received_at += SECOND
        for event in events:
            event.received_us = event_row(received_at=received_at).received_us
        if events:
            insert_events(store, events)
        Correlator(store, by).catch_up(received_at)

    return taken


def ids(store: Store, *objects: str) -> list[str | None]:
    """The run of each object."""
    named = [BusinessObject.parse(text) for text in objects]
    found = run_ids(store, named)
    return [found.get(each) for each in named]


def run_of(store: Store, type_: str, id_: str) -> Run:
    run = find_run(store, (type_, id_), 100)
    assert run is not None
    return run


def test_an_event_without_a_correlation_id_takes_the_run_of_its_objects(store: Store, take: Take) -> None:
    take(event_row("1", "order.approved", ["order/O-1"], correlation_id="q2c-1"))
    take(event_row("2", "invoice.issued", ["invoice/I-1", "order/O-1"]))
    take(event_row("3", "payment.received", ["payment/P-1", "invoice/I-1"]))

    assert ids(store, "order/O-1", "invoice/I-1", "payment/P-1", "payment/P-2") == ["q2c-1", "q2c-1", "q2c-1", None]


def test_objects_named_alone_belong_to_no_run(store: Store, engine: Engine, take: Take) -> None:
    take(event_row("1", objects=["order/O-1"]), event_row("2", "order.posted", ["order/O-1"]))

    assert ids(store, "order/O-1") == [None]
    assert stored_runs(engine, store) == {}


def test_an_object_named_twice_by_one_event_is_not_linked_to_itself(store: Store, engine: Engine, take: Take) -> None:
    take(event_row("1", objects=["order/O-1", "order/O-1/replaced"]))
    apart = stored_runs(engine, store)
    take(event_row("2", objects=["order/O-1", "order/O-1/replaced", "invoice/I-1"]))

    assert (apart, ids(store, "order/O-1", "invoice/I-1")) == ({}, ["invoice/I-1"] * 2)


def test_a_late_link_makes_one_run_of_two(store: Store, take: Take) -> None:
    take(event_row("1", "order.approved", ["order/O-1", "quote/Q-1"], correlation_id="crm-7"))
    take(event_row("2", "invoice.issued", ["invoice/I-1"], correlation_id="billing-3", occurred_at=NOW + SECOND))
    before = ids(store, "order/O-1", "invoice/I-1")
    take(event_row("3", "invoice.posted", ["invoice/I-1", "order/O-1"]))

    assert before == ["crm-7", "billing-3"]
    assert ids(store, "order/O-1", "invoice/I-1", "quote/Q-1") == ["crm-7"] * 3
    merged = Run(
        "crm-7",
        ("crm-7", "billing-3"),
        (INVOICE, ORDER, BusinessObject("quote", "Q-1")),
        is_cut=False,
    )
    assert run_of(store, "", "billing-3") == run_of(store, "", "crm-7") == run_of(store, "quote", "Q-1") == merged


@pytest.mark.parametrize(
    "objects",
    [
        pytest.param(["order/O-1"], id="told again of what is known"),
        pytest.param(["payment/P-1"], id="told with something new"),
        pytest.param([], id="told of nothing"),
    ],
)
def test_a_run_is_called_by_the_correlation_id_that_occurred_first(
    store: Store, take: Take, objects: list[str]
) -> None:
    take(event_row("1", objects=["order/O-1"], correlation_id="a", occurred_at=NOW))
    take(event_row("2", objects=["order/O-1"], correlation_id="b", occurred_at=NOW - SECOND))
    earlier_of_two = ids(store, "order/O-1")
    take(event_row("3", objects=objects, correlation_id="a", occurred_at=NOW - 2 * SECOND))

    assert (earlier_of_two, ids(store, "order/O-1")) == (["b"], ["a"])


def test_a_run_without_correlation_ids_is_called_by_its_first_object(store: Store, take: Take) -> None:
    take(event_row("1", objects=["order/O-1", "payment/P-1"]))
    by_order = ids(store, "payment/P-1")
    take(event_row("2", objects=["payment/P-1", "invoice/I-9"]))
    by_invoice = ids(store, "payment/P-1")
    take(event_row("3", objects=["order/O-1"], correlation_id="q2c-1"))

    assert (by_order, by_invoice, ids(store, "payment/P-1")) == (["order/O-1"], ["invoice/I-9"], ["q2c-1"])


def test_a_customer_does_not_make_one_run_of_its_orders(store: Store, engine: Engine, take: Take) -> None:
    named = [[f"order/O-{number}", "customer/C-9/buyer", "product/X"] for number in range(3000)]
    take(*(event_row(str(number), "order.approved", objects) for number, objects in enumerate(named)))

    assert ids(store, "order/O-1", "order/O-2", "customer/C-9") == [None, None, None]
    assert stored_runs(engine, store) == {}


def test_a_customers_orders_keep_their_own_runs(store: Store, take: Take) -> None:
    take(
        *(
            event_row(str(number), objects=[f"order/O-{number}", "customer/C-9/buyer"], correlation_id=f"q2c-{number}")
            for number in range(3000)
        )
    )

    assert ids(store, "order/O-7", "order/O-8", "customer/C-9") == ["q2c-7", "q2c-8", None]
    assert run_of(store, "order", "O-7").objects == (BusinessObject("order", "O-7"),)


def test_a_payment_that_settles_a_thousand_invoices_does_not_make_them_one_run(store: Store, take: Take) -> None:
    invoices = [f"invoice/I-{number}" for number in range(1000)]
    take(*(event_row(each, "invoice.issued", [each, each.replace("invoice/I", "order/O")]) for each in invoices))
    take(event_row("paid", "payment.applied", ["payment/P-1", *invoices], correlation_id="bank-5"))

    assert ids(store, "payment/P-1", "invoice/I-0", "order/O-999") == ["bank-5", "invoice/I-0", "invoice/I-999"]


@pytest.mark.parametrize(
    ("invoices", "expected"),
    [
        pytest.param(MOST_OF_ONE_TYPE, "pay-1", id="as many as may be"),
        pytest.param(MOST_OF_ONE_TYPE + 1, None, id="one more"),
    ],
)
def test_an_event_joins_up_to_so_many_objects_of_one_type(
    store: Store, take: Take, invoices: int, expected: str | None
) -> None:
    named = [f"invoice/I-{number}" for number in range(invoices)]
    take(event_row("1", "payment.applied", ["payment/P-1", *named], correlation_id="pay-1"))

    assert ids(store, "invoice/I-0", "payment/P-1") == [expected, "pay-1"]


def test_long_histories_become_one_run_by_one_late_event(
    store: Store, engine: Engine, take: Take, contracts: Contracts
) -> None:
    def history(run: str, links: int) -> Sequence[EventRow]:
        chain = [f"invoice/{run}-{number}" for number in range(links + 1)]
        return [
            event_row(f"{run}-{number}", objects=chain[number : number + 2], correlation_id=run if number == 9 else "")
            for number in range(links)
        ]

    long, short = history("a", 400), history("b", 300)
    take(*long, *short)
    before = engine.select(store, "SELECT count() AS rows FROM run_members")[0]["rows"]
    link = event_row("late", "invoice.posted", ["invoice/a-200", "invoice/b-200"])
    take(link)

    assert stored_runs(engine, store) == expected_runs([*long, *short, link], contracts, MOST_OF_ONE_TYPE)
    # Only the members of the shorter move.
    assert engine.select(store, "SELECT count() AS rows FROM run_members")[0]["rows"] - before <= 302


@pytest.mark.parametrize("seed", range(3))
def test_runs_that_begin_grow_and_meet_in_one_slice_are_those_of_a_plain_reading(
    store: Store, engine: Engine, take: Take, contracts: Contracts, seed: int
) -> None:
    chance = random.Random(seed)

    def drawn(number: int) -> EventRow:
        # Most lots are of one run, in which a few objects are named again and again; the rest lead from lot to lot.
        lot = chance.randrange(60)
        named = [f"{chance.choice(('order', 'invoice', 'payment'))}/{lot}-{chance.randrange(3)}" for _ in range(2)]
        if chance.random() < 0.05:
            named.append(f"order/{chance.randrange(60)}-0")
        correlation_id = f"q2c-{lot}" if chance.random() < 0.6 else ""
        occurred_at = NOW + chance.randrange(100) * SECOND
        return event_row(str(number), objects=named, correlation_id=correlation_id, occurred_at=occurred_at)

    arriving = [drawn(number) for number in range(400)]
    for start in (0, 150, 300):
        take(*arriving[start : start + 150])

    assert stored_runs(engine, store) == expected_runs(arriving, contracts, MOST_OF_ONE_TYPE)


def test_what_joins_follows_the_contracts_when_they_change(store: Store, take: Take, contracts: Contracts) -> None:
    take(*(event_row(number, "order.posted", [f"order/O-{number}", "quote/Q-1"]) for number in "12"))
    together = ids(store, "order/O-1", "order/O-2")
    quote = replace(contracts.objects["quote"], joins=False)
    loose = replace(contracts, objects={**contracts.objects, "quote": quote})
    take(by=loose)
    apart = ids(store, "order/O-1", "order/O-2")
    take()

    assert (together, apart) == (["order/O-1"] * 2, [None] * 2)
    assert ids(store, "order/O-1", "order/O-2") == together


def test_others_read_the_runs_of_objects_from_a_view(store: Store, engine: Engine, take: Take) -> None:
    take(event_row("1", "invoice.issued", ["invoice/I-1", "order/O-1"], correlation_id="q2c-1"))
    take(event_row("2", "order.created", ["quote/Q-2", "order/O-2"]), event_row("3", objects=["order/O-3"]))

    rows = engine.select(store, "SELECT * FROM object_runs ORDER BY object_type, object_id")

    assert [tuple(row.values()) for row in rows] == [
        ("invoice", "I-1", "q2c-1"),
        ("order", "O-1", "q2c-1"),
        ("order", "O-2", "order/O-2"),
        ("quote", "Q-2", "order/O-2"),
    ]


def test_a_tick_without_news_writes_nothing(store: Store, engine: Engine, take: Take) -> None:
    take(event_row("1", objects=["order/O-1"], correlation_id="q2c-1"))
    members = engine.select(store, "SELECT * FROM run_members")
    take(event_row("2", "order.posted", ["order/O-1"], correlation_id="q2c-1"))
    take()

    assert engine.select(store, "SELECT * FROM run_members") == members


def traced(*correlation_ids: str) -> bytes:
    """Spans of one trace, one for each correlation id; an empty one carries none."""
    spans = [
        span(trace_id=TRACE, span_id=bytes([number] * 8), attributes={"correlation.id": each} if each else {})
        for number, each in enumerate(correlation_ids, start=1)
    ]
    return otlp_request(*spans).SerializeToString()


def test_an_event_in_a_trace_takes_the_one_correlation_id_of_its_spans(store: Store, take: Take) -> None:
    take(event_row("1", "invoice.issued", ["invoice/I-1", "order/O-1"], trace_id=TRACE.hex()))
    before = ids(store, "order/O-1")
    insert_traces(store, [traced("", "q2c-1", "q2c-1")])

    assert (before, ids(store, "order/O-1", "invoice/I-1")) == (["invoice/I-1"], ["q2c-1", "q2c-1"])
    assert run_of(store, "", "q2c-1").objects == run_of(store, "order", "O-1").objects == (INVOICE, ORDER)


def test_a_trace_of_several_runs_tells_nothing(store: Store, take: Take) -> None:
    take(event_row("1", objects=["order/O-1"], trace_id=TRACE.hex()))
    insert_traces(store, [traced("q2c-1")])
    by_one = ids(store, "order/O-1")
    insert_traces(store, [traced("", "q2c-2")])

    assert (by_one, ids(store, "order/O-1")) == (["q2c-1"], [None])
    assert find_run(store, ("order", "O-1"), 100) is None


def test_a_trace_leads_to_the_run_that_its_correlation_id_became_part_of(store: Store, take: Take) -> None:
    take(event_row("1", objects=["order/O-1"], trace_id=TRACE.hex()))
    take(event_row("2", objects=["payment/P-1"], correlation_id="q2c-2", occurred_at=NOW))
    take(event_row("3", objects=["payment/P-1"], correlation_id="q2c-1", occurred_at=NOW - SECOND))
    insert_traces(store, [traced("q2c-2")])

    assert ids(store, "order/O-1") == ["q2c-1"]
    assert set(map(str, run_of(store, "", "q2c-1").objects)) == {"order/O-1", "payment/P-1"}


def test_a_correlation_id_of_its_own_outweighs_that_of_a_trace(store: Store, take: Take) -> None:
    take(event_row("1", objects=["order/O-1"], correlation_id="q2c-1"))
    take(event_row("2", "order.posted", ["order/O-1"], trace_id=TRACE.hex()))
    insert_traces(store, [traced("other-9")])

    assert ids(store, "order/O-1") == ["q2c-1"]


def test_an_alert_stored_before_has_the_run_that_is_known_now(store: Store, take: Take) -> None:
    stated, silent = alert(object="order/O-1"), alert(object="order/O-2", correlation_id=None)
    write_transitions(store, [stated, silent])
    unknown = {each.business_object.id: each.correlation_id for each in list_alerts(store)}
    take(event_row("1", "invoice.issued", ["invoice/I-2", "order/O-2"], correlation_id="q2c-2"))

    assert unknown == {"O-1": stated.correlation_id, "O-2": None}
    assert {each.business_object.id: each.correlation_id for each in list_alerts(store)} == {
        "O-1": stated.correlation_id,
        "O-2": "q2c-2",
    }


def test_many_members_are_asked_for_in_portions_that_a_server_takes(store: Store, take: Take) -> None:
    orders = [BusinessObject("order", f"{'x' * 200}{number}") for number in range(900)]
    take(*(event_row(each.id, objects=[str(each)], correlation_id=each.id[200:]) for each in orders))

    found = run_ids(store, orders)

    assert set(found.values()) == set(map(str, range(900)))


@pytest.mark.parametrize("year", [1948, 2290])
def test_events_of_any_date_are_correlated(store: Store, take: Take, year: int) -> None:
    take(event_row("1", objects=["order/O-1"], correlation_id="a", occurred_at=NOW.replace(year=year)))

    assert ids(store, "order/O-1") == ["a"]
