"""Log records in the store: OTLP bodies go in as they came, ClickHouse keeps the errors among them."""

from collections.abc import Collection, Sequence

from storage.client import Row, Store
from storage.protobuf_schema import ProtobufSchema

_SCHEMA = ProtobufSchema("otlp_logs.proto", "ExportLogsServiceRequest")
# A ClickHouse server takes 128 KiB a parameter; an instant takes 20 of them.
_PORTION = 5_000


def insert_logs(store: Store, bodies: Sequence[bytes]) -> None:
    """Stores the error records of OTLP log requests (protobuf); returns once they are on disk."""
    store.insert("otlp_logs_input", b"".join(bodies), fmt="ProtobufSingle", settings=_SCHEMA.settings(store))


def stored_log_records(store: Store, nanoseconds: Collection[int]) -> list[Row]:
    """What is stored of these instants (nanoseconds since 1970, signed), with the columns of the exporter in words."""
    asked = sorted(set(nanoseconds))
    return [
        row
        for start in range(0, len(asked), _PORTION)
        for row in store.rows("stored_log_records", {"nanoseconds": asked[start : start + _PORTION]})
    ]
