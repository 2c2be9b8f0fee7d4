"""Log records in the store: OTLP bodies go in as they came, ClickHouse keeps the errors among them."""

from collections.abc import Sequence

from storage.client import Store
from storage.protobuf_schema import ProtobufSchema

_SCHEMA = ProtobufSchema("otlp_logs.proto", "ExportLogsServiceRequest")


def insert_logs(store: Store, bodies: Sequence[bytes]) -> None:
    """Stores the error records of OTLP log requests (protobuf); returns once they are on disk."""
    store.insert("otlp_logs_input", b"".join(bodies), fmt="ProtobufSingle", settings=_SCHEMA.settings(store))
