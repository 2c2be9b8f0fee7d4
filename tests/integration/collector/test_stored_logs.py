"""Log records that are stored are told from others by all that they say: against a plain comparison in Python."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from collector.receivers.otlp import PROTOBUF
from collector.receivers.otlp_logs import read_logs
from collector.stored_logs import fresh_logs, without_stored_logs
from storage.client import Store
from storage.log_records import insert_logs
from tests.builders import NOW, AttributeValue, key_values
from tests.engine import Engine
from tests.integration.collector.log_requests import NANOS, log_request, record

# ClickHouse writes numbers in its own way: the extremes of each kind. A text is never that of a value of another kind:
# which of the two is stored, the store cannot tell.
VALUES: st.SearchStrategy[AttributeValue] = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8).map("é".__add__),
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.floats(width=64),
    st.binary(max_size=8),
    st.lists(st.integers(-9, 9), max_size=2),
)
EXTREMES: list[AttributeValue] = [
    *(0.1, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, float("nan"), float("-inf"), -0.0, 123456789.125),
    *("", "a'b\\c\td", "é€😀", b"\x00\xff", False, -(2**63), [1, {"a": 1.5}]),
]
RECORDS = st.builds(
    record,
    body=VALUES,
    severity=st.sampled_from([17, 24]),
    attributes=st.dictionaries(st.sampled_from(["a", "b"]), VALUES, max_size=2).map(key_values),
    time_unix_nano=st.sampled_from([0, 5, NANOS, NANOS + 1, 2**63 - 1, 2**63, 2**64 - 1]),
    trace_id=st.sampled_from([b"", b"1" * 16, bytes(16)]),
    flags=st.sampled_from([0, 1, 0x1FF]),
    event_name=st.sampled_from(["", "order.failed"]),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(RECORDS, max_size=6), st.lists(RECORDS, max_size=3))
@example([record(value, attributes=key_values({"v": value})) for value in EXTREMES], [])
def test_what_is_stored_is_left_out_and_nothing_else(
    embedded_store: Store, engine: Engine, stored: list[LogRecord], others: list[LogRecord]
) -> None:
    engine.clear(embedded_store.database)
    if stored:
        insert_logs(embedded_store, [read_logs(PROTOBUF, log_request(*stored), NOW).body])
    asked = [*others, *reversed(stored), *stored[:1]]

    fresh = without_stored_logs(embedded_store, read_logs(PROTOBUF, log_request(*asked), NOW))

    expected = texts(asked) - texts(stored)
    assert texts(records_of(fresh.body)) == expected
    assert fresh.errors == expected.total()


def test_records_of_other_services_and_scopes_are_others(store: Store) -> None:
    insert_logs(store, [read_logs(PROTOBUF, log_request(record()), NOW).body])

    other = read_logs(PROTOBUF, log_request(record(), service="crm"), NOW)

    assert without_stored_logs(store, other) == other
    assert without_stored_logs(store, read_logs(PROTOBUF, log_request(record()), NOW)).errors == 0


def test_a_number_is_told_from_a_text_that_is_none(store: Store) -> None:
    insert_logs(store, [read_logs(PROTOBUF, log_request(record("not a number")), NOW).body])

    other = read_logs(PROTOBUF, log_request(record(1.5)), NOW)

    assert without_stored_logs(store, other) == other


def test_requests_end_before_one_that_repeats_a_record_of_another(store: Store) -> None:
    first, second, third = (
        read_logs(PROTOBUF, log_request(*records), NOW)
        for records in ([record("a")], [record("b"), record("c")], [record("d"), record("b")])
    )
    insert_logs(store, [read_logs(PROTOBUF, log_request(record("c")), NOW).body])

    fresh = fresh_logs(store, [first, second, third])

    assert [texts(records_of(one.body)) for one in fresh] == [texts([record("a")]), texts([record("b")])]


def records_of(body: bytes) -> list[LogRecord]:
    groups = ExportLogsServiceRequest.FromString(body).resource_logs
    return [one for group in groups for scope in group.scope_logs for one in scope.log_records]


def texts(records: Sequence[LogRecord]) -> Counter[bytes]:
    """Records as the door hands them on, each by its bytes, with what the store does not keep set to one value."""
    kept = records_of(read_logs(PROTOBUF, log_request(*records), NOW).body) if records else []
    for one in kept:
        one.flags &= 0xFF
        one.trace_id = one.trace_id if any(one.trace_id) else b""
        one.time_unix_nano, one.observed_time_unix_nano = one.time_unix_nano or one.observed_time_unix_nano, 0
    return Counter(one.SerializeToString(deterministic=True) for one in kept)
