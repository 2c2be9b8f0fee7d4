"""POST /v1/sources/{name} on a real collector: what is believed, stored, kept, counted and answered."""

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.contract_definitions import SHIPPED as CONTRACTS
from collector.contract_definitions import load_contracts
from collector.contract_door import ContractDoor
from collector.receivers.source_webhook import webhooks
from collector.source_definitions import load_definitions
from domain.instants import EPOCH
from storage.client import Store
from storage.events import count_events, find_events
from storage.freshness import note_traffic, source_freshness
from tests.builders import NOW
from tests.integration.collector.running import RunningCollector, running_collector
from tests.integration.collector.vendor_requests import DEFINITIONS, all_sources, proof, sample, send

ACKNOWLEDGED = {"accepted": 1, "duplicates": 0, "rejected": []}
INVOICE = sample("stripe", "invoice_finalized.json")
HUBSPOT_BATCH = sample("hubspot", "batch.json")
ORDER_XML = sample("salesforce", "outbound_message.xml")
NOTIFICATION = {"Zuora-Notification-Id": "n-1"}


@pytest.fixture
def vendors(embedded_store: Store) -> Iterator[RunningCollector]:
    """A collector that knows every shipped source and its secret."""
    with running_collector(embedded_store, sources=all_sources()) as running:
        yield running


def stored(collector: RunningCollector, source: str, event_id: str) -> dict[str, Any]:
    [row] = find_events(collector.store, [(source, event_id)]).values()
    return row


def refused_signatures(collector: RunningCollector) -> dict[tuple[str, str], float]:
    return {
        (one.labels["source"], one.labels["reason"]): one.value
        for family in collector.registry.collect()
        for one in family.samples
        if one.name == "milepost_source_rejected_signatures_total"
    }


def test_a_webhook_becomes_an_event(vendors: RunningCollector) -> None:
    response = send(vendors, "stripe", INVOICE)

    assert (response.status_code, response.json()) == (200, ACKNOWLEDGED)
    event = stored(vendors, "stripe_billing", "evt_1Milepost0001")
    assert (event["type"], event["correlation_id"]) == ("invoice.issued", "q2c-1001")
    assert json.loads(event["data"])["amount"] == "12495.00"


def test_a_vendors_event_is_heard_as_the_part_it_has_in_the_contracts(embedded_store: Store) -> None:
    contracts = load_contracts(CONTRACTS).contracts
    with running_collector(embedded_store, ContractDoor(contracts, b"a key"), all_sources()) as running:
        send(running, "stripe", INVOICE)
        send(running, "salesforce", ORDER_XML)

        note_traffic(embedded_store, EPOCH, NOW + timedelta(minutes=1))
        heard = source_freshness(embedded_store, contracts, NOW + timedelta(hours=5), timedelta(hours=6))

    told = {one.source: one.is_silent for one in heard if one.event_type is None and one.last_received_at}
    assert told == {"billing": False, "crm": True}


@pytest.mark.parametrize("source", sorted(DEFINITIONS))
def test_every_vendors_samples_are_accounted_for(vendors: RunningCollector, source: str) -> None:
    folder = DEFINITIONS[source].path.parent / "samples" / source
    payloads = [p for p in folder.iterdir() if not p.name.endswith((".expected.json", ".headers.json"))]
    expected = [json.loads(path.with_name(f"{path.stem}.expected.json").read_text()) for path in payloads]

    for path in payloads:
        headers = path.with_name(f"{path.stem}.headers.json")
        more = json.loads(headers.read_text()) if headers.exists() else {}
        send(vendors, source, path.read_bytes(), {**proof(source, path.read_bytes()), **more})

    assert vendors.total("events_stored_total") == sum(len(one["events"]) for one in expected)
    assert len(vendors.letters()) == sum(len(one["rejected"]) for one in expected)
    assert {letter["channel"] for letter in vendors.letters()} <= {f"sources/{source}"}


def test_another_attempt_is_a_duplicate(vendors: RunningCollector) -> None:
    send(vendors, "stripe", INVOICE)
    again = json.dumps({**json.loads(INVOICE), "pending_webhooks": 0}).encode()

    response = send(vendors, "stripe", again, proof("stripe", again, NOW + timedelta(minutes=2)))

    assert response.json() == {"accepted": 0, "duplicates": 1, "rejected": []}
    assert count_events(vendors.store) == 1


def test_an_event_without_a_time_of_its_own_is_a_duplicate_too(vendors: RunningCollector) -> None:
    body = sample("zuora", "payment_declined.json")
    headers = {**proof("zuora", body), **NOTIFICATION}
    send(vendors, "zuora", body, headers)

    response = send(vendors, "zuora", body, headers)

    assert response.json() == {"accepted": 0, "duplicates": 1, "rejected": []}


def test_other_content_under_the_same_id_is_kept_with_the_vendors_bytes(vendors: RunningCollector) -> None:
    send(vendors, "stripe", INVOICE)
    other = INVOICE.replace(b"1249500", b"1249501")

    response = send(vendors, "stripe", other)

    assert (response.status_code, response.json()["code"]) == (400, "conflict")
    [letter] = vendors.letters()
    assert (letter["channel"], letter["code"], letter["body"]) == ("sources/stripe", "conflict", other)


@pytest.mark.parametrize(
    ("source", "headers", "reason"),
    [
        pytest.param("stripe", {}, "missing", id="no signature"),
        pytest.param("stripe", proof("stripe", INVOICE, secret="other"), "wrong", id="another secret's signature"),
        pytest.param("stripe", proof("stripe", b"{}"), "wrong", id="another body's signature"),
        pytest.param("stripe", proof("stripe", INVOICE, NOW - timedelta(minutes=6)), "too_old", id="an old signature"),
        pytest.param(
            "stripe", proof("stripe", INVOICE, NOW + timedelta(minutes=6)), "in_future", id="a signature of the future"
        ),
        pytest.param("hubspot", proof("hubspot", b"[]"), "wrong", id="HubSpot's, of another body"),
        pytest.param("chargebee", {}, "missing", id="no credentials"),
        pytest.param("chargebee", proof("chargebee", b"", secret="user:other"), "wrong", id="wrong credentials"),
        pytest.param("salesforce", proof("salesforce", b"", secret="other"), "wrong", id="a wrong token"),
    ],
)
def test_what_proves_nothing_is_counted_and_not_kept(
    vendors: RunningCollector, source: str, headers: dict[str, str], reason: str
) -> None:
    response = send(vendors, source, INVOICE, headers)

    assert (response.status_code, response.json()["code"]) == (401, reason)
    assert refused_signatures(vendors) == {(source, reason): 1}
    assert count_events(vendors.store) == 0
    assert vendors.letters() == []


def test_basic_credentials_are_asked_for(vendors: RunningCollector) -> None:
    body = sample("zuora", "payment_declined.json")
    first = send(vendors, "zuora", body, NOTIFICATION)

    second = send(vendors, "zuora", body, {**NOTIFICATION, **proof("zuora", body)})

    assert (first.status_code, first.headers["www-authenticate"]) == (401, 'Basic realm="milepost"')
    assert (second.status_code, second.json()) == (200, ACKNOWLEDGED)


def test_a_token_may_stand_in_the_address(vendors: RunningCollector) -> None:
    response = send(vendors, "salesforce", ORDER_XML, {}, "?token=user:s3cret")

    assert response.status_code == 200
    assert count_events(vendors.store) == 2


def test_salesforce_gets_the_acknowledgement_it_expects(vendors: RunningCollector) -> None:
    response = send(vendors, "salesforce", ORDER_XML)

    assert response.headers["content-type"] == "text/xml; charset=utf-8"
    assert "<Ack>true</Ack>" in response.text
    assert 'xmlns="http://soap.sforce.com/2005/09/outbound"' in response.text


def test_salesforce_is_told_to_go_on_when_a_message_cannot_be_mapped(vendors: RunningCollector) -> None:
    body = ORDER_XML.replace(b"2026-01-02T10:02:04.000Z", b"yesterday")

    response = send(vendors, "salesforce", body)

    assert (response.status_code, "<Ack>true</Ack>" in response.text) == (200, True)
    [letter] = vendors.letters()
    assert (letter["code"], letter["body"], letter["event_id"]) == ("invalid_time", body, "04l5g00000AaAaAAAV")


def test_json_to_salesforce_is_answered_in_json(vendors: RunningCollector) -> None:
    response = send(vendors, "salesforce", sample("salesforce", "platform_event.json"))

    assert response.json() == ACKNOWLEDGED


def test_of_a_batch_the_good_ones_are_stored_and_the_others_kept(vendors: RunningCollector) -> None:
    body = sample("hubspot", "one_of_two_without_time.json")

    response = send(vendors, "hubspot", body)

    answer = response.json()
    assert (response.status_code, answer["accepted"], [one["index"] for one in answer["rejected"]]) == (200, 1, [1])
    [letter] = vendors.letters()
    assert json.loads(letter["body"])["objectId"] == 32


def test_a_batch_of_which_nothing_can_be_taken_is_refused(vendors: RunningCollector) -> None:
    response = send(vendors, "hubspot", b"[{}, {}]")

    assert (response.status_code, len(response.json()["rejected"])) == (400, 2)
    assert len(vendors.letters()) == 2


def test_a_body_that_is_nothing_is_kept_whole(vendors: RunningCollector) -> None:
    body = b'{"id": "evt_1", '

    response = send(vendors, "stripe", body)

    assert (response.status_code, response.json()["code"]) == (400, "invalid_json")
    [letter] = vendors.letters()
    assert (letter["channel"], letter["body"]) == ("sources/stripe", body)


def test_a_dead_letter_keeps_the_headers_that_are_mapped_and_no_proof(vendors: RunningCollector) -> None:
    body = b'{"EventCategory": "InvoicePosted", "EventDate": "today"}'

    send(vendors, "zuora", body, {**proof("zuora", body), **NOTIFICATION})

    assert [letter["headers"] for letter in vendors.letters()] == [{"zuora-notification-id": "n-1"}]


def test_a_compressed_body_is_proved_as_it_was_sent(vendors: RunningCollector) -> None:
    body = gzip.compress(INVOICE)

    response = send(vendors, "stripe", body, {**proof("stripe", body), "Content-Encoding": "gzip"})

    assert response.json() == ACKNOWLEDGED


def test_a_broken_compressed_body_without_proof_is_not_kept(vendors: RunningCollector) -> None:
    response = send(vendors, "stripe", b"no gzip", {"Content-Encoding": "gzip"})

    assert response.status_code == 401
    assert vendors.letters() == []


def test_an_unknown_source_is_named(vendors: RunningCollector) -> None:
    response = vendors.http.post("/v1/sources/shop", content=b"{}")

    assert (response.status_code, response.json()["code"]) == (404, "unknown_source")
    assert vendors.letters() == []


def test_only_post_is_answered(vendors: RunningCollector) -> None:
    assert vendors.http.get("/v1/sources/stripe").status_code == 405


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "stripe",
            "source stripe has no secret yet: put it into the environment variable STRIPE_WEBHOOK_SECRET or a file "
            "that STRIPE_WEBHOOK_SECRET_FILE names and restart",
        ),
        (
            "tax",
            "source tax has no secret yet: put it into the environment variable TAX_TOKEN or a file that "
            "TAX_TOKEN_FILE names and restart",
        ),
    ],
)
def test_a_source_without_a_secret_believes_nobody_and_says_so(embedded_store: Store, source: str, reason: str) -> None:
    with running_collector(embedded_store, sources=webhooks(DEFINITIONS.values(), {}, None)) as collector:
        response = send(collector, source, b"{}")

    assert (response.status_code, response.json()["reason"], "retry-after" in response.headers) == (503, reason, True)
    assert collector.letters() == []


def test_a_signed_address_has_to_be_configured(embedded_store: Store) -> None:
    with running_collector(embedded_store, sources=all_sources(public_url=None)) as collector:
        response = send(collector, "hubspot", HUBSPOT_BATCH)

    assert (response.status_code, response.json()["reason"]) == (
        503,
        "source hubspot signs the address it calls: set MILEPOST_PUBLIC_URL to the one it knows, such as "
        "https://milepost.example.com, and restart",
    )


def test_a_users_own_source_needs_no_code(embedded_store: Store, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(
        "title: A shop\nauthentication: none\nmap: {id: event.id, time: event.at}\n"
        "types: [{type: order.created, objects: [{type: order, id: event.order}]}]\n"
    )
    sources = webhooks(load_definitions([tmp_path]).values(), {}, None)

    with running_collector(embedded_store, sources=sources) as collector:
        response = send(collector, "shop", b'{"id": 1, "at": "2026-11-02T09:00:00Z", "order": "O-7"}', {})

        assert response.json() == ACKNOWLEDGED
        assert stored(collector, "shop", "1")["type"] == "order.created"


def test_a_source_without_proof_is_answered_on_loopback_alone(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(
        "title: A shop\nauthentication: none\nmap: {id: event.id}\ntypes: [{type: order.created}]\n"
    )
    source = webhooks(load_definitions([tmp_path]).values(), {}, None)["shop"]

    refusals = [source.refusal({"server": (host, 4318)}, b"{}", NOW) for host in ("127.0.0.1", "::1", "10.0.0.5")]

    assert [refusal and refusal.answer.status for refusal in refusals] == [None, None, 403]
