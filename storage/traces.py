"""Spans in the store: OTLP bodies go in as they came, ClickHouse unnests them."""

from collections.abc import Sequence

from storage.client import Store
from storage.protobuf_schema import ProtobufSchema

_SCHEMA = ProtobufSchema("otlp_traces.proto", "ExportTraceServiceRequest")


def insert_traces(store: Store, bodies: Sequence[bytes]) -> None:
    """Stores the spans of OTLP trace requests (protobuf); returns once they are on disk.

    Protobuf messages of one type may be concatenated: repeated fields then add up.
    """
    store.insert("otlp_traces_input", b"".join(bodies), fmt="ProtobufSingle", settings=_SCHEMA.settings(store))
