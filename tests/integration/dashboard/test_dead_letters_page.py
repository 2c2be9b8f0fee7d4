"""The page of dead letters on a real store, without a browser: what waits, one of them, replaying and discarding."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.doors import attach_doors
from dashboard.server import APP
from dashboard.session import ConsoleContext, attach
from domain.alert import AlertState
from domain.clock import FixedClock
from domain.errors import StoreUnreachable
from storage.alerts import list_alerts
from storage.audit import audit_page
from storage.client import Store
from storage.dead_letter_attempts import list_attempts
from storage.dead_letters import DeadLetter, LetterFilter, insert_dead_letters, list_dead_letters
from tests.browser.refused_posting import LETTER, ORDER, refused, seed_refused_posting
from tests.integration.dashboard.test_on_call_pages import fill, shown

LETTERS = "views/dead_letters.py"


@pytest.fixture
def bare(embedded_store: Store, now: datetime) -> Iterator[AppTest]:
    """The console of an empty store, which takes no input."""
    attach(ConsoleContext(embedded_store, FixedClock(now)))
    attach_doors()
    yield AppTest.from_file(str(APP), default_timeout=60).run()
    attach_doors()


@pytest.fixture
def page(bare: AppTest, embedded_store: Store, now: datetime) -> AppTest:
    """The console of a company with two dead letters."""
    seed_refused_posting(embedded_store, now)
    attach(ConsoleContext(embedded_store, FixedClock(now)))
    return bare.switch_page(LETTERS).run()


def opened(page: AppTest, dead_letter_id: str = LETTER) -> AppTest:
    page.query_params["letter"] = dead_letter_id
    return page.run()


def waiting(store: Store) -> list[str]:
    return [row["code"] for row in list_dead_letters(store, 10, LetterFilter(state="waiting"))]


def test_letters_stand_by_reason_and_in_a_list_the_newest_first(page: AppTest) -> None:
    text = shown(page)

    assert "2 inputs that could not be taken and wait" in text
    assert "<caption>Dead letters by reason and source</caption>" in text
    assert text.index("order.posted/1: amount is missing") < text.index("the body is no JSON")


def test_filters_in_the_url_narrow_the_list(bare: AppTest, embedded_store: Store, now: datetime) -> None:
    seed_refused_posting(embedded_store, now)
    attach(ConsoleContext(embedded_store, FixedClock(now)))
    bare.query_params["source"] = "crm"

    text = shown(bare.switch_page(LETTERS).run())

    assert "1 letter, the newest first" in text
    assert "amount is missing" not in text


def test_a_letter_is_shown_whole_and_nothing_in_it_is_markup(page: AppTest) -> None:
    text = shown(opened(page))

    assert "order.posted/1: amount is missing" in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert "<img" not in text
    assert '"note": "<script>alert(1)</script>"' in page.code[0].value
    assert "Nothing was tried yet" in text


def test_what_is_no_text_is_shown_in_hexadecimal_and_long_bodies_are_cut(
    page: AppTest, embedded_store: Store, now: datetime
) -> None:
    assert "00ff fe20 6e6f" in opened(page, "e" * 32).code[0].value
    long = DeadLetter("f" * 32, now, "events", "too_long", "", body=b"x" * 50_000)
    insert_dead_letters(embedded_store, [long])

    text = shown(opened(page, "f" * 32))

    assert len(page.code[0].value) == 20_000
    assert "48.8 KiB, the beginning" in text


def test_a_replay_is_foretold_then_done_with_a_reason_and_the_alert_resolves(
    page: AppTest, embedded_store: Store, now: datetime
) -> None:
    opened(page)
    page.button(key="letter_do_replay").click().run()
    assert "would be accepted</span>: 1 letter" in shown(page)
    assert waiting(embedded_store) == ["contract_violation", "malformed"]

    text = shown(fill(page, "letter_replay", "ana", "the contract is right now"))

    assert [toast.value for toast in page.toast] == ["Replayed: 1 accepted"]
    assert "accepted" in text
    assert waiting(embedded_store) == ["malformed"]
    [attempt] = list_attempts(embedded_store, LETTER)
    assert (attempt["attempted_by"], attempt["outcome"]) == ("ana", "accepted")
    [entry] = [one for one in audit_page(embedded_store) if one.kind.startswith("dead_letter.")]
    assert (entry.kind, entry.who, entry.reason) == ("dead_letter.replay", "ana", "the contract is right now")


def test_replaying_ends_the_alert_that_waited_for_it(bare: AppTest, embedded_store: Store, now: datetime) -> None:
    engine = seed_refused_posting(embedded_store, now)
    assert [one.business_object.id for one in list_alerts(embedded_store, AlertState.FIRING)] == [ORDER]
    page = opened(bare.switch_page(LETTERS))
    page.button(key="letter_do_replay").click().run()
    shown(fill(page, "letter_replay", "ana", "taken now"))

    engine.tick(now + timedelta(seconds=1))

    assert list_alerts(embedded_store, AlertState.FIRING) == []
    assert [one.business_object.id for one in list_alerts(embedded_store, AlertState.RESOLVED)] == [ORDER]


def test_all_that_wait_and_match_are_replayed_and_those_refused_again_wait(
    page: AppTest, embedded_store: Store
) -> None:
    page.button(key="letter_do_replay_all").click().run()
    text = shown(page)
    assert "would be accepted</span>: 1 letter" in text
    assert "would still be refused</span>: 1 letter" in text

    shown(fill(page, "letter_replay", "ana", "after the upgrade"))

    assert [toast.value for toast in page.toast] == ["Replayed: 1 accepted, 1 refused again"]
    assert waiting(embedded_store) == ["malformed"]


def test_a_letter_is_discarded_with_a_reason(page: AppTest, embedded_store: Store) -> None:
    opened(page, "e" * 32)
    page.button(key="letter_do_discard").click().run()
    assert "The reason is missing" in shown(fill(page, "letter_discard", "ana", " "))
    assert waiting(embedded_store) == ["contract_violation", "malformed"]

    text = shown(fill(page, "letter_discard", "ana", "a test of theirs"))

    assert "discarded" in text
    assert waiting(embedded_store) == ["contract_violation"]
    [entry] = [one for one in audit_page(embedded_store) if one.kind.startswith("dead_letter.")]
    assert (entry.kind, entry.reason) == ("dead_letter.discard", "a test of theirs")


def test_a_process_without_a_door_replays_nothing_and_says_so(page: AppTest, embedded_store: Store) -> None:
    attach_doors()
    opened(page)

    page.button(key="letter_do_replay").click().run()

    assert "This process takes no input" in shown(page)
    assert waiting(embedded_store) == ["contract_violation", "malformed"]


def test_many_letters_come_in_pages(bare: AppTest, embedded_store: Store, now: datetime) -> None:
    letters = [refused(now - timedelta(minutes=number)) for number in range(45)]
    insert_dead_letters(
        embedded_store,
        [
            DeadLetter(f"{number:032x}", one.received_at, "events", "code", f"number {number}.")
            for number, one in enumerate(letters)
        ],
    )
    bare.switch_page(LETTERS).run()
    text = shown(bare)
    assert "45 letters, the newest first" in text
    assert "number 19." in text
    assert "number 20." not in text

    bare.session_state["letter_page"] = 3

    assert "number 44." in shown(bare.run())


def test_without_letters_the_page_says_what_would_be_there(bare: AppTest) -> None:
    assert "No input waits" in shown(bare.switch_page(LETTERS).run())


def test_a_letter_nobody_knows_says_what_to_try(page: AppTest) -> None:
    assert "No dead letter is known as “nothing”" in shown(opened(page, "nothing"))


def test_a_store_that_does_not_answer_is_said_in_its_place(
    page: AppTest, embedded_store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> object:
        raise StoreUnreachable("the store at db:8123 does not answer: refused")

    monkeypatch.setattr(Store, "rows", away)
    attach(ConsoleContext(embedded_store, FixedClock(now)))

    assert "The store does not answer" in shown(page.run())
