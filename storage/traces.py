"""Spans in the store: OTLP bodies go in as they came, ClickHouse unnests them."""

from collections.abc import Sequence
from pathlib import Path

from storage.client import Store

_SETTINGS = {
    "format_schema_source": "string",
    "format_schema": (Path(__file__).parent / "otlp_traces.proto").read_text(encoding="utf-8"),
    "format_schema_message_name": "ExportTraceServiceRequest",
}


def insert_traces(store: Store, bodies: Sequence[bytes]) -> None:
    """Stores the spans of OTLP trace requests (protobuf); returns once they are on disk.

    Protobuf messages of one type may be concatenated: repeated fields then add up.
    """
    store.insert("otlp_input", b"".join(bodies), fmt="ProtobufSingle", settings=_SETTINGS)
