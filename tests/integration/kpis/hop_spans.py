"""Spans for the tests of hops: calls of a few services, stored when a test says that they were received."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from storage.client import Store, encode_rows
from tests.builders import NOW

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def insert_spans(store: Store, *spans: Mapping[str, object]) -> None:
    """Stores spans with the columns that are given; the extent of their traces follows from a view."""
    plain = {"SpanKind": "Client", "StatusCode": "Ok", "Duration": 10**8, "ParentSpanId": "", "SpanName": "POST /x"}
    store.insert("otel_traces", encode_rows([{**plain, **span} for span in spans]))


def call(
    trace: int,
    *,
    at: datetime = NOW,
    caller: str = "middleware",
    service: str = "erp",
    milliseconds: int = 100,
    failed: bool = False,
    number: int = 0,
    received: timedelta = SECOND,
    caller_received: timedelta | None = None,
) -> Sequence[Mapping[str, object]]:
    """A calling span and the serving span beneath it, which began at `at` and were received so long after."""
    ids = {"TraceId": f"{trace:032x}", "Timestamp": at}
    calling, serving = f"c{trace}-{number}", f"s{trace}-{number}"
    return (
        {
            **ids,
            "SpanId": calling,
            "ServiceName": caller,
            "ReceivedAt": at + (received if caller_received is None else caller_received),
        },
        {
            **ids,
            "SpanId": serving,
            "ParentSpanId": calling,
            "ServiceName": service,
            "SpanKind": "Server",
            "Duration": milliseconds * 10**6,
            "StatusCode": "Error" if failed else "Ok",
            "ReceivedAt": at + received,
        },
    )
