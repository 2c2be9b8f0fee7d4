"""Log requests that are committed together share an insert, but not each other's fate."""

from collections.abc import Iterator, Mapping

import pytest
from prometheus_client import CollectorRegistry

from collector.log_writer import LogWriter
from collector.metrics import CollectorMetrics
from collector.receivers.otlp import PROTOBUF
from collector.receivers.otlp_logs import LogRequest, read_logs
from domain.errors import DataRefused, InputError, StoreUnreachable
from storage.client import PATIENCE_SECONDS, Store
from tests.builders import NOW
from tests.engine import Engine
from tests.integration.collector.log_requests import log_request, record


class ParticularStore(Store):
    """A store that refuses any insert in which a word stands, and can be away."""

    is_away = False

    def insert(
        self,
        table: str,
        body: bytes,
        fmt: str = "JSONEachRow",
        settings: Mapping[str, object] | None = None,
        seconds: int = PATIENCE_SECONDS,
    ) -> None:
        if self.is_away:
            raise StoreUnreachable("nobody answers")
        if b"poison" in body:
            raise DataRefused("poison is not kept here")
        super().insert(table, body, fmt, settings, seconds)


@pytest.fixture
def particular(engine: Engine, migrated_database: str) -> Iterator[ParticularStore]:
    engine.clear(migrated_database)
    with ParticularStore(engine.dsn(migrated_database)) as store:
        yield store


def request(body: str) -> LogRequest:
    return read_logs(PROTOBUF, log_request(record(body)), NOW)


def test_a_request_that_the_store_refuses_leaves_the_others_of_its_group_stored(
    particular: ParticularStore, engine: Engine
) -> None:
    registry = CollectorRegistry()
    writer = LogWriter(particular, CollectorMetrics(registry))

    outcomes = writer.commit([request(body) for body in ("a", "b", "poison", "c")])

    refused = outcomes.pop(2)
    assert outcomes == [True, True, True]
    assert isinstance(refused, InputError)
    assert (refused.code, str(refused)) == (
        "store_refused",
        "the store cannot hold these log records: poison is not kept here",
    )
    rows = engine.select(particular, "SELECT Body FROM otel_logs ORDER BY Body")
    assert rows == [{"Body": "a"}, {"Body": "b"}, {"Body": "c"}]
    assert registry.get_sample_value("milepost_log_errors_stored_total") == 3


def test_while_the_store_is_away_every_request_of_a_group_hears_of_it(
    particular: ParticularStore, engine: Engine
) -> None:
    particular.is_away = True
    writer = LogWriter(particular, CollectorMetrics(CollectorRegistry()))

    outcomes = writer.commit([request("a"), request("b")])

    assert [str(outcome) for outcome in outcomes] == ["nobody answers"] * 2
    assert engine.select(particular, "SELECT Body FROM otel_logs") == []
