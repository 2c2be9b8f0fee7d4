"""Hops as the console words them: what is known, what is unknown, and nothing that breaks the page."""

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from dashboard.components.hops import hop_cards, hops_table, outlook_table
from dashboard.formatting import Reader
from domain.hop import Expected, Hop, HopFigures, HopKind, Outlook, Queue, Traffic, Waiting, WaitingSum
from tests.builders import NOW

READER = Reader(ZoneInfo("UTC"), NOW)
HOUR = timedelta(hours=1)
NOTHING = Waiting(0, 0, None, (), Decimal(0), 0)


def figures(hop: Hop, traffic: Traffic | None, queue: Queue | None = None, waiting: Waiting = NOTHING) -> HopFigures:
    return HopFigures(hop, NOW - HOUR, NOW, traffic, queue, waiting)


def outlook(expected: Expected, amount: Decimal | None = Decimal(100)) -> Outlook:
    return Outlook("DE01", "2026-11", NOW + 3 * HOUR, 1, amount, 0, expected)


def test_an_outlook_says_how_sure_it_is_and_from_what() -> None:
    markup = outlook_table(
        [outlook(Expected(4, Decimal(3), Decimal(900), Decimal(800), Decimal(1000), 0))], "EUR", READER
    )

    assert "high" in markup
    assert "€800 to €1.00\u202fK in the 4 stretches before" in markup
    assert ">€1.00\u202fK</span></b>" in markup
    assert "&lt;" not in markup


@pytest.mark.parametrize(
    ("one", "said"),
    [
        pytest.param(outlook(Expected(0, None, None, None, None, 0)), "unknown", id="without history unknown"),
        pytest.param(
            outlook(Expected(1, Decimal(1), Decimal(9), Decimal(9), Decimal(9), 0)), "low", id="of one week alone low"
        ),
        pytest.param(
            outlook(Expected(4, Decimal(1), Decimal(9), Decimal(1), Decimal(20), 0)), "low", id="of a wide spread low"
        ),
        pytest.param(
            outlook(Expected(3, Decimal(1), Decimal(9), Decimal(8), Decimal(10), 0)),
            "medium",
            id="of three weeks medium",
        ),
        pytest.param(
            outlook(Expected(4, Decimal(1), Decimal(9), Decimal(8), Decimal(10), 0)),
            "high",
            id="of four alike weeks high",
        ),
    ],
)
def test_how_sure_an_outlook_is(one: Outlook, said: str) -> None:
    assert one.confidence == said


def test_what_cannot_be_converted_leaves_the_sum_at_the_cutoff_unknown() -> None:
    known = Expected(4, Decimal(1), Decimal(9), Decimal(8), Decimal(10), 0)

    assert outlook(known, None).at_cutoff is None
    assert outlook(known).at_cutoff == Decimal(109)


def test_names_from_spans_are_text_and_never_markup() -> None:
    hop = Hop(HopKind.CALL, "<b>crm</b>", "erp")
    one = figures(hop, Traffic(10, 1, 0.1, 0.2, 3.5))

    for markup in (hop_cards([one], {}, "EUR", READER), hops_table([one], "EUR", READER)):
        assert "&lt;b&gt;crm&lt;/b&gt; → erp" in markup
    assert "3.5 s" in markup
    assert "10\u202f%" in markup


def test_a_queue_tells_its_depth_and_nothing_of_calls() -> None:
    queue = Queue(17, NOW - HOUR, NOW - timedelta(minutes=2), 3)
    waiting = Waiting(1, 1, NOW - HOUR, (WaitingSum("DE01", None, None, 1),), None, 1)

    card = hop_cards([figures(Hop(HopKind.QUEUE, "", "orders"), None, queue, waiting)], {}, "EUR", READER)

    assert "queue orders" in card
    assert ">17<" in card
    assert "unknown</span></b> waits in 1 object" in card
    assert "p95" not in card
