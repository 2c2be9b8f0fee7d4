"""Spans in the store: OTLP bodies go in as they came, ClickHouse unnests them."""

from collections.abc import Sequence
from pathlib import Path

from storage.client import Store

_SCHEMA = Path(__file__).parent / "otlp_traces.proto"
_MESSAGE = "ExportTraceServiceRequest"
# The embedded engine reads the file: from a text it would write one into the working directory at every insert,
# and fail where it may not. A server does not have the file and keeps the text in a folder of its own.
_SETTINGS_EMBEDDED = {
    "format_schema_source": "file",
    "format_schema": str(_SCHEMA),
    "format_schema_message_name": _MESSAGE,
}
_SETTINGS_SERVER = {
    "format_schema_source": "string",
    "format_schema": _SCHEMA.read_text(encoding="utf-8"),
    "format_schema_message_name": _MESSAGE,
}


def insert_traces(store: Store, bodies: Sequence[bytes]) -> None:
    """Stores the spans of OTLP trace requests (protobuf); returns once they are on disk.

    Protobuf messages of one type may be concatenated: repeated fields then add up.
    """
    settings = _SETTINGS_EMBEDDED if store.is_embedded else _SETTINGS_SERVER
    store.insert("otlp_traces_input", b"".join(bodies), fmt="ProtobufSingle", settings=settings)
