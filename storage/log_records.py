"""Log records in the store: OTLP bodies go in as they came, ClickHouse keeps the errors among them."""

from collections.abc import Sequence
from pathlib import Path

from storage.client import Store

_SCHEMA = Path(__file__).parent / "otlp_logs.proto"
_MESSAGE = "ExportLogsServiceRequest"
# Why the two differ: see storage/traces.py.
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


def insert_logs(store: Store, bodies: Sequence[bytes]) -> None:
    """Stores the error records of OTLP log requests (protobuf); returns once they are on disk."""
    settings = _SETTINGS_EMBEDDED if store.is_embedded else _SETTINGS_SERVER
    store.insert("otlp_logs_input", b"".join(bodies), fmt="ProtobufSingle", settings=settings)
