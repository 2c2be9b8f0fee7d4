"""Messages that were refused or parked, as causes of the alerts that wait for them."""

import json
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from domain.alert_cause import UNKNOWN_CAUSE, CauseKind
from rules.cause_finding import CauseFinder
from storage.client import Store
from storage.dead_letter_attempts import Attempt, AttemptOutcome, insert_attempts
from storage.dead_letters import DeadLetter, insert_dead_letters
from storage.events import insert_events
from tests.builders import NOW, event_row
from tests.integration.storage.failing_calls import (
    MINUTE,
    STUCK,
    cause_of,
    explained,
    firing,
)


@pytest.fixture
def store(embedded_store: Store) -> Store:
    """The engine is the same on a server, so that one test asks there."""
    return embedded_store


def letter(body: bytes, **changes: Any) -> DeadLetter:
    refused = DeadLetter("d-1", NOW - MINUTE, "events", "contract", "amount is missing", source="erp", body=body)
    return replace(refused, **changes)


def posted(type_: str = "order.posted", **more: Any) -> bytes:
    data = {"objects": [{"type": "order", "id": "O-1001"}]}
    return json.dumps({"specversion": "1.0", "id": "e", "source": "erp", "type": type_, "data": data, **more}).encode()


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param(letter(posted()), id="the object"),
        pytest.param(letter(posted("com.example.order.posted")), id="a prefixed type"),
        pytest.param(letter(posted(data={}, subject="order/O-1001")), id="the subject"),
        pytest.param(letter(posted(data={}, correlationid="q2c-001001")), id="the run"),
        pytest.param(
            letter(
                json.dumps({"objects": [{"type": "order", "id": "O-1001"}]}).encode(),
                headers={"ce-type": "order.posted", "ce-id": "e"},
            ),
            id="binary mode",
        ),
    ],
)
def test_a_refused_event_that_an_alert_waits_for_is_its_cause(store: Store, refused: DeadLetter) -> None:
    insert_dead_letters(store, [refused])
    cause = explained(store, *STUCK)

    assert (cause.kind, cause.service) == (CauseKind.DEAD_LETTER, "erp")
    assert cause.operation.endswith("order.posted")
    assert cause.error == "contract: amount is missing"
    assert cause.dead_letter
    assert (cause.dead_letter.id, cause.dead_letter.code) == ("d-1", "contract")
    assert cause.failed_calls[0].service == "erp"
    assert cause.signature not in ("", cause.failed_calls[0].signature)


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param(posted("order.approved"), id="another type"),
        pytest.param(posted(data={"objects": [{"type": "order", "id": "O-2"}]}), id="another object"),
        pytest.param(
            posted(data={"objects": [{"type": "order", "id": "O-2"}]}, correlationid="q2c-001001"),
            id="another order of the run",
        ),
        pytest.param(b"[" + posted() + b"]", id="a batch that was refused whole"),
        pytest.param(b"\x00\xff not JSON", id="rubbish"),
    ],
)
def test_other_dead_letters_are_not(store: Store, refused: bytes) -> None:
    insert_dead_letters(store, [letter(refused)])

    assert explained(store) == UNKNOWN_CAUSE


def test_a_dead_letter_that_comes_late_is_found_and_one_that_was_dealt_with_is_left_out(store: Store) -> None:
    told = firing()
    assert explained(store, told=told) == UNKNOWN_CAUSE

    insert_dead_letters(store, [letter(posted(), received_at=NOW + MINUTE)])
    CauseFinder(store).tick(NOW + MINUTE)
    assert cause_of(store, told).kind is CauseKind.DEAD_LETTER

    insert_attempts(store, [Attempt("d-1", NOW + 2 * MINUTE, "ann", AttemptOutcome.DISCARDED, "", "a test")])
    CauseFinder(store).tick(NOW + 2 * MINUTE)
    assert structs.replace(cause_of(store, told), recorded_at=None) == UNKNOWN_CAUSE


def test_a_message_that_the_middleware_parked_is_named_until_it_gets_rid_of_it(store: Store) -> None:
    told = firing()
    attributes = {"flow": "order.sync", "hop": "erp", "error": "HTTP 503 for O-1001"}
    parked = event_row("m-1", "middleware.dead_lettered", source="middleware", attributes=attributes)
    insert_events(store, [parked])
    cause = explained(store, told=told)

    assert (cause.kind, cause.service, cause.operation) == (CauseKind.DEAD_LETTER, "erp", "order.sync")
    assert (cause.error, cause.spans, cause.last_hop) == ("HTTP 503 for O-1001", 0, None)
    assert cause.dead_letter
    assert (cause.dead_letter.id, cause.dead_letter.channel) == ("m-1", "middleware")

    insert_events(store, [event_row("m-2", "middleware.recovered", source="middleware", occurred_at=NOW + MINUTE)])
    CauseFinder(store).tick(NOW + MINUTE)
    assert cause_of(store, told).kind is CauseKind.UNKNOWN


def test_a_failed_call_says_more_than_a_message_parked_for_it(store: Store) -> None:
    insert_events(store, [event_row("m-1", "middleware.dead_lettered", attributes={"error": "gave up"})])
    cause = explained(store, *STUCK)

    assert (cause.kind, cause.service) == (CauseKind.FAILED_CALL, "erp")
    assert cause.dead_letter


def test_a_server_finds_the_same_cause(server_store: Store) -> None:
    insert_dead_letters(server_store, [letter(posted())])
    cause = explained(server_store, *STUCK)

    assert (cause.kind, cause.failed_calls[0].service) == (CauseKind.DEAD_LETTER, "erp")
