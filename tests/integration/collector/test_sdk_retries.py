"""A store that is away for a while costs an instrumented program nothing: the real SDK tries again."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from storage.client import Store
from tests.clickhouse_endpoint import ClickHouseEndpoint, serving
from tests.engine import Engine
from tests.integration.collector.running import RunningCollector, running_collector
from tests.integration.collector.sdk_spans import ROWS, recorded_spans, rows_of
from tests.waiting import eventually


def over_http(collector: RunningCollector) -> SpanExporter:
    return HttpExporter(endpoint=f"{collector.url}/v1/traces", timeout=60)


def over_grpc(collector: RunningCollector) -> SpanExporter:
    return GrpcExporter(collector.grpc_address, insecure=True, timeout=60)


@pytest.mark.clickhouse_server
@pytest.mark.parametrize("protocol", [over_http, over_grpc])
def test_what_the_sdk_sends_while_the_store_is_away_is_stored_once_it_is_back(
    engine: Engine, migrated_database: str, protocol: Callable[[RunningCollector], SpanExporter]
) -> None:
    engine.clear(migrated_database)
    spans = recorded_spans()
    first = ClickHouseEndpoint(engine.folder)
    with ExitStack() as closing:
        with serving(first):
            store = closing.enter_context(Store(first.dsn(migrated_database)))
            collector = closing.enter_context(running_collector(store))
        exporter = protocol(collector)
        closing.callback(exporter.shutdown)

        sent = closing.enter_context(ThreadPoolExecutor(1)).submit(exporter.export, spans)
        eventually(lambda: collector.total("requests_refused_total"), "the first try was refused")
        with serving(ClickHouseEndpoint(engine.folder, port=first.server_port)):
            assert sent.result(timeout=60) is SpanExportResult.SUCCESS

        assert engine.select(store, ROWS) == rows_of(spans)
