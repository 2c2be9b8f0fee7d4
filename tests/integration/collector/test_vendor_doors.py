"""What vendors' doors ask besides a proof, and what they consent to: orgs, certificates seen by a proxy, handshakes."""

from collections.abc import Mapping

import httpx
import pytest

from collector.access import DoorSettings
from collector.contract_door import ContractDoor
from domain.contract import Contracts, SourceContract
from storage.client import Store
from storage.events import count_events
from tests.integration.collector.running import RunningCollector, running_collector
from tests.integration.collector.vendor_requests import all_sources, proof, sample, send

ORDER_XML = sample("salesforce", "outbound_message.xml")
STREAMED = sample("salesforce", "order_activated_streaming.json")
SAP = sample("sap_s4hana", "sales_order_created.json")
ORG_OF_15, ORG_OF_18 = "00D5g000000AbCd", "00D5g000000AbCdEAK"
ORIGIN = {"WebHook-Request-Origin": "eventmesh.example.com"}


def refused(running: RunningCollector, source: str, reason: str) -> float | None:
    labels = {"source": source, "reason": reason}
    return running.registry.get_sample_value("milepost_source_rejected_signatures_total", labels)


@pytest.mark.parametrize("org", [ORG_OF_15, ORG_OF_18, f"00Dxx0000001gPL\n{ORG_OF_15}"])
def test_an_outbound_message_of_the_expected_org_is_taken(embedded_store: Store, org: str) -> None:
    with running_collector(embedded_store, sources=all_sources(SALESFORCE_ORGANIZATION_ID=org)) as running:
        answer = send(running, "salesforce", ORDER_XML)

    assert (answer.status_code, "<Ack>true</Ack>" in answer.text) == (200, True)


def test_an_outbound_message_of_another_org_is_refused_whoever_knows_the_token(embedded_store: Store) -> None:
    with running_collector(
        embedded_store, sources=all_sources(SALESFORCE_ORGANIZATION_ID="00Dxx0000001gPL")
    ) as running:
        answer = send(running, "salesforce", ORDER_XML)
        streamed = send(running, "salesforce", STREAMED)

        reason = "the request is of a sender that is not expected here"
        assert (answer.status_code, answer.json()) == (403, {"code": "wrong_sender", "reason": reason})
        assert refused(running, "salesforce", "wrong_sender") == 1
        # A streamed event names no org: who relays it has been asked for the token.
        assert streamed.status_code == 200
        assert (count_events(embedded_store), running.letters()) == (1, [])


def test_without_expectations_nothing_is_asked(embedded_store: Store) -> None:
    with running_collector(embedded_store, sources=all_sources()) as running:
        assert send(running, "salesforce", ORDER_XML).status_code == 200


@pytest.mark.parametrize(
    ("told", "status"),
    [
        pytest.param({"X-Client-Certificate": "CN=proxy.salesforce.com"}, 200, id="the certificate that is expected"),
        pytest.param({"X-Client-Certificate": "CN=next.salesforce.com"}, 200, id="the one that follows it"),
        pytest.param({"X-Client-Certificate": "CN=somebody"}, 403, id="another certificate"),
        pytest.param({}, 403, id="no certificate"),
    ],
)
def test_a_proxy_that_ends_mutual_tls_says_whose_certificate_it_saw(
    embedded_store: Store, told: Mapping[str, str], status: int
) -> None:
    certificates = "CN=proxy.salesforce.com\nCN=next.salesforce.com"
    with running_collector(embedded_store, sources=all_sources(SALESFORCE_CLIENT_CERTIFICATE=certificates)) as running:
        answer = send(running, "salesforce", ORDER_XML, {**proof("salesforce", ORDER_XML), **told})

        assert answer.status_code == status
        assert refused(running, "salesforce", "wrong_certificate") == (1 if status == 403 else None)


def test_a_certificate_is_no_proof_by_itself(embedded_store: Store) -> None:
    with running_collector(embedded_store, sources=all_sources(SALESFORCE_CLIENT_CERTIFICATE="CN=a")) as running:
        answer = send(running, "salesforce", ORDER_XML, {"X-Client-Certificate": "CN=a"})

    assert (answer.status_code, answer.json()["code"]) == (401, "missing")


def ask(running: RunningCollector, source: str, headers: Mapping[str, str]) -> httpx.Response:
    return running.http.request("OPTIONS", f"/v1/sources/{source}", headers=dict(headers))


def test_a_sender_of_cloudevents_is_told_that_it_may_send(embedded_store: Store) -> None:
    with running_collector(embedded_store, sources=all_sources()) as running:
        answer = ask(running, "sap_s4hana", {**ORIGIN, "WebHook-Request-Rate": "120"})
        # It names itself in each delivery, as the specification asks of it.
        delivered = send(running, "sap_s4hana", SAP, {**proof("sap_s4hana", SAP), "Origin": "eventmesh.example.com"})

    assert answer.status_code == 200
    told = {name: answer.headers[name] for name in ("allow", "webhook-allowed-origin", "webhook-allowed-rate")}
    assert told == {"allow": "POST", "webhook-allowed-origin": "eventmesh.example.com", "webhook-allowed-rate": "*"}
    assert delivered.status_code == 200


@pytest.mark.parametrize(
    ("of_source", "of_all", "told"),
    [(2.0, None, "120"), (None, 0.5, "30"), (2.0, 0.5, "30"), (0.001, None, "1")],
)
def test_the_rate_that_a_sender_is_told_is_the_one_it_is_held_to(
    embedded_store: Store, of_source: float | None, of_all: float | None, told: str
) -> None:
    erp = SourceContract("erp", ("sap_s4hana",), rate_per_second=of_source)
    contracts, door = ContractDoor(Contracts(sources={"erp": erp})), DoorSettings(rate_per_second=of_all)
    with running_collector(embedded_store, contracts, all_sources(), door=door) as running:
        assert ask(running, "sap_s4hana", ORIGIN).headers["webhook-allowed-rate"] == told


@pytest.mark.parametrize(
    ("source", "headers", "status"),
    [
        pytest.param("sap_s4hana", {}, 405, id="no handshake"),
        pytest.param("stripe", ORIGIN, 405, id="a source that has none"),
        pytest.param("nobody", ORIGIN, 404, id="no source"),
    ],
)
def test_what_is_no_consent_has_none_of_its_headers(
    embedded_store: Store, source: str, headers: Mapping[str, str], status: int
) -> None:
    with running_collector(embedded_store, sources=all_sources()) as running:
        answer = ask(running, source, headers)

    assert answer.status_code == status
    assert not any(name.startswith("webhook-") for name in answer.headers)


def test_a_source_without_its_secret_consents_to_nothing_yet(embedded_store: Store) -> None:
    with running_collector(embedded_store, sources=all_sources(SAP_S4HANA_TOKEN="")) as running:
        answer = ask(running, "sap_s4hana", ORIGIN)

    assert (answer.status_code, answer.json()["code"]) == (503, "not_configured")
    assert "retry-after" in answer.headers
