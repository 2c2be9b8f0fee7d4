"""A source over its rate at the running collector: what it is told, what is stored all the same, what is counted."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.rpc.status_pb2 import Status

from collector.contract_door import ContractDoor
from collector.receivers.cloudevents import BATCH, STRUCTURED
from collector.receivers.otlp import PROTOBUF
from domain.contract import Contracts, SourceContract
from milepost.api.door import ApiDoor
from storage.client import Store
from storage.events import count_events
from tests.integration.collector.running import RunningCollector, event, running_collector
from tests.integration.collector.test_span_mapping import MAPPING, PATH, posted
from tests.integration.collector.vendor_requests import all_sources, sample, send

# So slow that what was sent once is over the rate for as long as a test runs.
SLOW = 0.001
INVOICE = sample("stripe", "invoice_finalized.json")


@contextmanager
def limited(store: Store, source: str, rate: float = SLOW, *aliases: str) -> Iterator[RunningCollector]:
    """A collector that lets one source send only so much."""
    contracts = Contracts(sources={source: SourceContract(source, aliases, rate_per_second=rate)})
    with running_collector(store, ContractDoor(contracts), all_sources(), MAPPING) as running:
        yield running


def body(*numbers: int, source: str = "erp") -> bytes:
    return json.dumps([event(number, source=source) for number in numbers]).encode()


def balance(running: RunningCollector) -> tuple[int, int, int, int]:
    names = ("events_received_total", "events_stored_total", "dead_letters_total", "requests_refused_total")
    return tuple(running.total(name) for name in names)  # type: ignore[return-value]


def test_of_a_batch_only_what_is_over_is_refused(embedded_store: Store) -> None:
    with limited(embedded_store, "erp") as running:
        running.post(body(1), BATCH)

        mixed = json.dumps([event(2, source="crm"), event(3, source="erp"), {"id": "no event"}]).encode()
        answer = running.post(mixed, BATCH)

        assert (answer.status_code, answer.json()["accepted"]) == (429, 1)
        assert 900 <= int(answer.headers["retry-after"]) <= 1000
        rejected = [(one["index"], one["code"]) for one in answer.json()["rejected"]]
        assert rejected == [(1, "throttled"), (2, "invalid_specversion")]
        assert count_events(embedded_store) == 2
        assert [letter["code"] for letter in running.letters()] == ["invalid_specversion"]
        assert balance(running) == (4, 2, 1, 1)
        assert running.total("source_throttled_events_total") == 1


def test_a_batch_of_which_all_is_over_leaves_nothing_behind(embedded_store: Store) -> None:
    with limited(embedded_store, "erp") as running:
        running.post(body(1), BATCH)

        answers = [running.post(body(2)[:-1] + b', {"id": "no event"}]', BATCH).status_code for _ in range(2)]

        assert answers == [429, 429]
        assert (count_events(embedded_store), running.letters()) == (1, [])
        assert balance(running) == (5, 1, 0, 4)


def test_a_single_event_is_told_when_to_come_back(embedded_store: Store) -> None:
    with limited(embedded_store, "erp") as running:
        running.post(body(1), BATCH)

        answer = running.post(json.dumps(event(2, source="erp")).encode(), STRUCTURED)

    reason = "over the rate of the source erp; come back later"
    assert (answer.status_code, answer.json()) == (429, {"code": "throttled", "reason": reason})
    assert int(answer.headers["retry-after"]) > 900


def test_a_source_is_known_by_all_of_its_names(embedded_store: Store) -> None:
    with limited(embedded_store, "billing", SLOW, "stripe_billing") as running:
        running.post(body(1, source="billing"), BATCH)

        answer = send(running, "stripe", INVOICE)

    assert (answer.status_code, answer.json()["rejected"][0]["code"]) == (429, "throttled")
    assert int(answer.headers["retry-after"]) > 900


def test_spans_come_again_when_the_source_of_their_milestone_is_over(embedded_store: Store) -> None:
    with limited(embedded_store, "erp") as running:
        running.post(body(1), BATCH)

        refused = running.post(posted().SerializeToString(), PROTOBUF, PATH)
        others = running.post(posted(**{"order.id": ""}).SerializeToString(), PROTOBUF, PATH)
        with grpc.insecure_channel(running.grpc_address) as channel:
            export: Any = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
            with pytest.raises(grpc.RpcError) as failure:
                export(posted().SerializeToString(), timeout=30)

        assert (refused.status_code, Status.FromString(refused.content).code) == (429, 8)
        assert int(refused.headers["retry-after"]) > 900
        code: Any = failure.value
        assert code.code() is grpc.StatusCode.UNAVAILABLE
        assert (others.status_code, running.total("spans_stored_total")) == (200, 1)
        assert running.total("spans_received_total") == 3
        assert count_events(embedded_store) == 1


def test_a_file_comes_again_until_its_source_may_send_and_is_counted_once(embedded_store: Store) -> None:
    waited: list[float] = []
    with limited(embedded_store, "erp", rate=1000.0) as running:
        # A burst lets five thousand through at once; a few more are soon made up for.
        running.post(body(*range(10, 5_060)), BATCH)
        door = ApiDoor(running.http.request, wait=waited.append)

        taken = door.events(BATCH, json.dumps([event(1, source="crm"), event(2, source="erp")]).encode())

        assert (taken.accepted, taken.duplicates, taken.rejected) == (2, 0, [])
        assert set(waited) <= {1.0}
        assert count_events(embedded_store) == 5_052
