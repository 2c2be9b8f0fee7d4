"""Who is let in: tokens, their scopes and sources, revocation, and the door without any."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from google.rpc.status_pb2 import Status

from collector import tokens as tokens_module
from collector.access import DoorSettings
from collector.contract_door import ContractDoor
from collector.receivers.cloudevents import BATCH, STRUCTURED
from collector.receivers.source_webhook import webhooks
from collector.source_definitions import load_definitions
from collector.tokens import issue_token, new_operator_token, revoke_token
from domain.clock import FixedClock
from domain.contract import Contracts, SourceContract
from storage.client import Store
from storage.events import count_events
from storage.tokens import list_tokens
from tests.builders import NOW, otlp_request, span
from tests.engine import Engine
from tests.integration.collector.running import RunningCollector, event, running_collector
from tests.integration.collector.vendor_requests import all_sources, sample, send
from tests.waiting import eventually

OPERATOR = new_operator_token()
CLOCK = FixedClock(NOW)
SPANS = otlp_request(span()).SerializeToString()
PROTOBUF = "application/x-protobuf"
INVOICE = sample("stripe", "invoice_finalized.json")
OPEN_SOURCE = """
title: A source that asks for no proof
documentation: https://open.example
authentication: {none: true}
types: [{type: order.approved}]
map: {id: event.id, time: event.at}
"""
NEEDED = {
    "code": "unauthenticated",
    "reason": "a token is needed: send Authorization: Bearer mp_…; `milepost tokens create` makes one",
}
UNKNOWN = {"code": "unauthenticated", "reason": "the token is not known here"}


def issued(store: Store, scopes: Sequence[str] = ("events",), sources: Sequence[str] = ("crm",), **more: Any) -> str:
    """A token's text."""
    name = more.pop("name", "sender")
    return issue_token(store, CLOCK, name, scopes=scopes, sources=sources, **more)


def bearing(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def token(embedded_store: Store) -> str:
    """A token for events of the CRM, made before the collector starts."""
    return issued(embedded_store)


@pytest.fixture
def guarded(embedded_store: Store, token: str) -> Iterator[RunningCollector]:
    """A collector that needs tokens."""
    with running_collector(embedded_store, door=DoorSettings(operator=OPERATOR)) as running:
        yield running


def test_an_event_is_taken_with_a_token(guarded: RunningCollector, token: str) -> None:
    assert guarded.post(json.dumps(event(1)).encode(), STRUCTURED, **bearing(token)).status_code == 202


def test_without_a_token_nothing_is_taken_and_the_refusal_is_counted(guarded: RunningCollector) -> None:
    response = guarded.send(event(1))

    assert (response.status_code, response.json()) == (401, NEEDED)
    assert response.headers["www-authenticate"] == 'Bearer realm="milepost"'
    assert count_events(guarded.store) == 0
    assert guarded.letters() == []
    assert guarded.total("requests_refused_total") == guarded.total("events_received_total") == 1


def test_otlp_is_refused_in_its_own_words(guarded: RunningCollector, token: str) -> None:
    missing = guarded.post(SPANS, PROTOBUF, "/v1/traces")
    lacking = guarded.post(b"{}", "application/json", "/v1/traces", **bearing(token))

    assert (missing.status_code, missing.headers["content-type"]) == (401, PROTOBUF)
    assert Status.FromString(missing.content) == Status(code=16, message=NEEDED["reason"])
    reason = "the token sender lacks the scope traces; it has events"
    assert (lacking.status_code, lacking.json()) == (403, {"code": 7, "message": reason})


@pytest.mark.parametrize("path", ["/metrics", "/api/alerts", "/api/dead-letters/replay", "/nowhere", "/v1/sources/a"])
def test_every_other_path_needs_a_token_too(guarded: RunningCollector, path: str) -> None:
    assert guarded.http.get(path).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_told_to_anybody(guarded: RunningCollector, path: str) -> None:
    assert guarded.http.get(path).status_code == 200


@pytest.mark.parametrize(
    ("path", "scope"), [("/metrics", "metrics"), ("/api/dead-letters/replay", "read"), ("/api/tokens", "admin")]
)
def test_a_scope_opens_what_it_names(guarded: RunningCollector, token: str, path: str, scope: str) -> None:
    other = issued(guarded.store, [scope], [], name="other")
    guarded.collector.tokens.refresh()

    refused = guarded.http.get(path, headers=bearing(token))
    answered = guarded.http.get(path, headers=bearing(other))

    reason = f"the token sender lacks the scope {scope}; it has events"
    assert (refused.status_code, refused.json()) == (403, {"code": "forbidden", "reason": reason})
    challenge = f'Bearer realm="milepost", error="insufficient_scope", scope="{scope}"'
    assert refused.headers["www-authenticate"] == challenge
    assert answered.status_code in (200, 405)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("Bearer {token}x", id="with a longer secret"),
        pytest.param("Bearer mp_000000000000_{secret}", id="with another id"),
        pytest.param("Bearer {other}", id="with another secret"),
        pytest.param("Basic {token}", id="in another scheme"),
        pytest.param("Bearer nonsense", id="in another form"),
        pytest.param("Bearer", id="without any"),
    ],
)
def test_a_token_that_is_not_exactly_right_is_not_known(guarded: RunningCollector, token: str, given: str) -> None:
    other = token[: -len(token.split("_", 2)[2])] + OPERATOR.split("_", 2)[2]
    authorization = given.format(token=token, secret=token.split("_", 2)[2], other=other)

    response = guarded.post(json.dumps(event(1)).encode(), STRUCTURED, authorization=authorization)

    assert (response.status_code, response.json()) == (401, UNKNOWN)
    assert response.headers["www-authenticate"] == 'Bearer realm="milepost", error="invalid_token"'


def test_events_of_other_sources_are_rejected_one_by_one_and_can_be_replayed(
    guarded: RunningCollector, token: str
) -> None:
    events = [event(1), event(2, source="erp"), event(3)]

    batch = guarded.post(json.dumps(events).encode(), BATCH, **bearing(token))
    single = guarded.post(json.dumps(event(4, source="erp")).encode(), STRUCTURED, **bearing(token))

    reason = "the token sender may not send events of the source 'erp'"
    rejected = {"index": 1, "id": "e-2", "code": "source_not_allowed", "reason": reason}
    assert batch.json() == {"accepted": 2, "duplicates": 0, "rejected": [rejected]}
    assert (single.status_code, single.json()) == (403, {"code": "source_not_allowed", "reason": reason})
    assert [(one["source"], one["code"]) for one in guarded.letters()] == [("erp", "source_not_allowed")] * 2
    replayed = guarded.http.post("/api/dead-letters/replay", json={"all": True}, headers=bearing(OPERATOR))
    assert [one["outcome"] for one in replayed.json()["results"]] == ["accepted", "accepted"]


@pytest.mark.parametrize(
    ("sources", "allowed"),
    [
        pytest.param(["crm"], {"crm"}, id="one"),
        pytest.param(["crm", "erp"], {"crm", "erp"}, id="two"),
        pytest.param(["urn:sap:*"], {"urn:sap:1", "urn:sap:"}, id="all that begin so"),
        pytest.param(["*"], {"crm", "crm2", "erp", "urn:sap:1", "urn:sap:", "urn:sap"}, id="every one"),
    ],
)
def test_a_token_names_the_sources_it_may_send(store: Store, sources: list[str], allowed: set[str]) -> None:
    issued(store, sources=sources)
    [token] = list_tokens(store)

    tried = {"crm", "crm2", "erp", "urn:sap:1", "urn:sap:", "urn:sap"}

    assert {source for source in tried if token.may_send(source)} == allowed


def test_a_token_that_expired_is_refused_from_that_instant_on(embedded_store: Store) -> None:
    token = issued(embedded_store, expires_at=NOW + timedelta(hours=1))
    with running_collector(embedded_store) as running:
        running.clock.advance(timedelta(minutes=59))
        before = running.post(json.dumps(event(1)).encode(), STRUCTURED, **bearing(token))
        running.clock.advance(timedelta(minutes=1))
        after = running.post(json.dumps(event(2)).encode(), STRUCTURED, **bearing(token))

    assert before.status_code == 202
    reason = "the token sender expired at 2026-11-02T13:00:00Z"
    assert (after.status_code, after.json()) == (401, {"code": "unauthenticated", "reason": reason})


def test_a_revocation_over_the_api_counts_at_once(guarded: RunningCollector, token: str) -> None:
    revoked = guarded.http.post("/api/tokens/sender/revoke", headers=bearing(OPERATOR))
    response = guarded.post(json.dumps(event(1)).encode(), STRUCTURED, **bearing(token))

    assert (revoked.status_code, revoked.json()["revoked_at"]) == (200, "2026-11-02T12:00:00Z")
    reason = "the token sender was revoked at 2026-11-02T12:00:00Z"
    assert (response.status_code, response.json()) == (401, {"code": "unauthenticated", "reason": reason})


@pytest.mark.clickhouse_server
def test_a_revocation_by_another_process_counts_within_seconds(
    monkeypatch: pytest.MonkeyPatch, server_store: Store
) -> None:
    monkeypatch.setattr(tokens_module, "REFRESH_SECONDS", 0.02)
    token = issued(server_store)
    with running_collector(server_store) as running:
        body = json.dumps(event(1)).encode()
        assert running.post(body, STRUCTURED, **bearing(token)).status_code == 202

        revoke_token(server_store, CLOCK, "sender")

        eventually(lambda: running.post(body, STRUCTURED, **bearing(token)).status_code == 401, "a 401")


def test_revoking_the_last_token_opens_no_door(embedded_store: Store, token: str) -> None:
    revoke_token(embedded_store, CLOCK, "sender")

    with running_collector(embedded_store) as running:
        assert running.send(event(1)).status_code == 401


def test_tokens_are_made_over_the_api_only_by_an_administrator(embedded_store: Store) -> None:
    wish = {"name": "crm", "scopes": ["events"], "sources": ["crm"]}
    with running_collector(embedded_store, door=DoorSettings(operator=OPERATOR)) as running:
        refused = running.http.post("/api/tokens", json=wish)
        assert running.send(event(1)).status_code == 202

        made = running.http.post("/api/tokens", json=wish, headers=bearing(OPERATOR))

        assert refused.status_code == 401
        assert running.send(event(2)).status_code == 401
        assert running.post(json.dumps(event(2)).encode(), STRUCTURED, **bearing(made.json()["token"])).is_success
        assert [one["name"] for one in running.http.get("/api/tokens", headers=bearing(OPERATOR)).json()] == ["crm"]


def test_the_store_holds_no_secret(engine: Engine, embedded_store: Store, token: str) -> None:
    _, token_id, secret = token.split("_", 2)

    [row] = engine.select(embedded_store, "SELECT * FROM access_tokens")

    assert row["token_id"] == token_id
    assert len(secret) == 43
    assert secret not in str(row)


def test_an_exposed_door_needs_a_token_and_answers_by_any_name(embedded_store: Store) -> None:
    exposed = DoorSettings(is_exposed=True, operator=OPERATOR)
    with running_collector(embedded_store, door=exposed) as running:
        named = {"host": "milepost.example:4318"}
        refused = running.http.get("/metrics", headers=named)
        answered = running.http.get("/metrics", headers={**named, **bearing(OPERATOR)})
        foreign = running.http.get("/metrics", headers={**bearing(OPERATOR), "origin": "https://evil.example"})

    assert (refused.status_code, answered.status_code, foreign.status_code) == (401, 200, 403)


def test_a_refusal_leaves_the_connection_of_a_large_body_in_order(guarded: RunningCollector, token: str) -> None:
    large = json.dumps([event(number) for number in range(20_000)]).encode()

    with httpx.Client(base_url=guarded.url, timeout=30) as http:
        refused = http.post("/v1/events", content=large, headers={"content-type": BATCH})
        taken = http.post("/v1/events", json=event(1), headers={"content-type": STRUCTURED, **bearing(token)})

    assert (refused.status_code, taken.status_code) == (401, 202)


def test_a_sender_over_its_rate_is_told_when_to_come_back(embedded_store: Store) -> None:
    slow = issued(embedded_store, scopes=["events", "traces"], rate_per_second=0.001, name="slow")
    quick = issued(embedded_store, name="quick")
    with running_collector(embedded_store) as running:
        first = running.post(json.dumps([event(1), event(2)]).encode(), BATCH, **bearing(slow))
        again = running.post(json.dumps(event(3)).encode(), STRUCTURED, **bearing(slow))
        traces = running.post(SPANS, PROTOBUF, "/v1/traces", **bearing(slow))
        other = running.post(json.dumps(event(3)).encode(), STRUCTURED, **bearing(quick))

    reason = "over the rate of slow; come back later"
    assert (first.status_code, other.status_code) == (200, 202)
    assert (again.status_code, again.json()) == (429, {"code": "throttled", "reason": reason})
    # One of the two was not in the allowance: it takes two turns of a thousand seconds until the next is.
    assert 1990 <= int(again.headers["retry-after"]) <= 2000
    assert (traces.status_code, Status.FromString(traces.content).code) == (429, 8)


def test_senders_without_a_token_share_the_rate_that_is_set(embedded_store: Store) -> None:
    with running_collector(embedded_store, door=DoorSettings(rate_per_second=0.001)) as running:
        answers = [running.send(event(number)).status_code for number in (1, 2)]
        reading = running.http.get("/metrics").status_code

    assert (answers, reading) == ([202, 429], 200)


def test_the_operator_is_held_to_no_rate(embedded_store: Store) -> None:
    with running_collector(embedded_store, door=DoorSettings(rate_per_second=0.001, operator=OPERATOR)) as running:
        bodies = [json.dumps(event(number)).encode() for number in range(3)]
        answers = {running.post(body, STRUCTURED, **bearing(OPERATOR)).status_code for body in bodies}

    assert answers == {202}


def test_a_token_of_its_own_rate_is_not_held_to_the_set_one(embedded_store: Store) -> None:
    token = issued(embedded_store, rate_per_second=0.0)
    with running_collector(embedded_store, door=DoorSettings(rate_per_second=0.001)) as running:
        bodies = [json.dumps(event(number)).encode() for number in range(5)]
        answers = {running.post(body, STRUCTURED, **bearing(token)).status_code for body in bodies}

    assert answers == {202}


@pytest.mark.parametrize(
    ("named", "sent", "status"),
    [
        pytest.param("crm", "https://crm.example.com/7", 202, id="the short name stands for all others"),
        pytest.param("https://crm.example.com/*", "https://crm.example.com/7", 202, id="the name as it is sent"),
        pytest.param("https://crm.example.com/*", "crm", 403, id="another name stands for itself alone"),
        pytest.param("crm", "erp", 403, id="another source"),
    ],
)
def test_a_token_names_a_source_by_any_of_its_names(embedded_store: Store, named: str, sent: str, status: int) -> None:
    contracts = Contracts(sources={"crm": SourceContract("crm", ("https://crm.example.com/7",))})
    token = issued(embedded_store, sources=[named])
    with running_collector(embedded_store, ContractDoor(contracts)) as running:
        answer = running.post(json.dumps(event(source=sent)).encode(), STRUCTURED, **bearing(token))

    assert answer.status_code == status


def test_a_vendor_needs_its_proof_and_no_token(embedded_store: Store, token: str) -> None:
    with running_collector(embedded_store, sources=all_sources()) as running:
        believed = send(running, "stripe", INVOICE)
        unproven = running.post(INVOICE, "application/json", "/v1/sources/stripe", **bearing(token))
        unknown = running.post(INVOICE, "application/json", "/v1/sources/nobody")

    assert (believed.status_code, unproven.status_code, unknown.status_code) == (200, 401, 401)
    assert "www-authenticate" in unproven.headers


def test_a_source_without_proof_needs_a_token_for_its_events(embedded_store: Store, tmp_path: Path) -> None:
    (tmp_path / "open.yaml").write_text(OPEN_SOURCE, encoding="utf-8")
    sources = webhooks(load_definitions([tmp_path]).values(), {}, None)
    allowed, other = (
        issued(embedded_store, ["sources"], [source], name=f"sender-{source}") for source in ("open", "crm")
    )
    payload = json.dumps({"id": "o-1", "at": "2026-11-02T09:30:00Z"}).encode()
    with running_collector(embedded_store, sources=sources) as running:
        answers = [
            running.post(payload, "application/json", "/v1/sources/open", **headers).status_code
            for headers in ({}, bearing(other), bearing(allowed))
        ]

    assert answers == [401, 400, 200]
    assert count_events(embedded_store) == 1


def test_a_vendor_over_the_rate_is_told_so_and_its_address_alone_uses_nothing_up(embedded_store: Store) -> None:
    door = DoorSettings(rate_per_second=0.001)
    with running_collector(embedded_store, sources=all_sources(), door=door) as running:
        strangers = {running.post(INVOICE, "application/json", "/v1/sources/stripe").status_code for _ in range(3)}
        answers = [send(running, "stripe", INVOICE).status_code for _ in range(2)]

    assert strangers == {401}
    assert answers == [200, 429]


def test_grpc_asks_for_the_same_token(guarded: RunningCollector, token: str) -> None:
    tracer = issued(guarded.store, ["traces"], [], name="tracer", rate_per_second=0.001)
    guarded.collector.tokens.refresh()
    with grpc.insecure_channel(guarded.grpc_address) as channel:
        export: Any = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")

        def told(given: str) -> grpc.StatusCode:
            metadata = (("authorization", f"Bearer {given}"),) if given else ()
            try:
                export(SPANS, metadata=metadata, timeout=30)
            except grpc.RpcError as error:
                code: grpc.StatusCode = error.code()
                return code
            return grpc.StatusCode.OK

        answers = [told(given) for given in ("", token, tracer, tracer)]

    assert answers == [
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.OK,
        grpc.StatusCode.UNAVAILABLE,
    ]
    assert guarded.total("spans_received_total") == guarded.total("spans_stored_total") + 3
