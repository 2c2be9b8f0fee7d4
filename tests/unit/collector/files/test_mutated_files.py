"""Files that something went wrong with: whatever is in them, reading ends in items or in a sentence about the file."""

import gzip
import json
import tempfile
from functools import cache
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from collector.files.formats import Format, detect, read_items
from collector.files.items import ObjectsItem, Reading
from collector.files.mapping import load_mapping
from collector.files.source_file import SourceFile
from domain.errors import UsageError
from tests.unit.collector.files.test_camt import DETAILS, entry, statement
from tests.unit.collector.files.test_csv_table import INVOICES, TABLE
from tests.unit.collector.files.test_ocel import LOG, TABLES, XML, sqlite_file
from tests.unit.collector.files.test_otlp import DOCUMENT, PROTOBUF, prefixed
from tests.unit.collector.files.test_xes import APPROVED, HEAD, trace_xml

TEXTS = {
    "events.ndjson": '{"specversion":"1.0","id":"1"}\n{"specversion":"1.0","id":"2"}\n',
    "events.json": '[{"specversion":"1.0","id":"1"}]',
    "log.xes": HEAD + trace_xml("1", APPROVED, APPROVED) + "</log>",
    "log.json": json.dumps(LOG),
    "log.xml": XML,
    "statement.xml": statement(entry(DETAILS.format(n=1) + DETAILS.format(n=2))),
    "table.csv": TABLE,
    "spans.json": json.dumps(DOCUMENT),
}


@cache
def samples() -> dict[str, bytes]:
    """A good file of each form."""
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite_file(Path(folder) / "log.sqlite", TABLES)
    binary = {"spans.pb": PROTOBUF, "prefixed.pb": prefixed(PROTOBUF, PROTOBUF), "log.sqlite": database}
    return {name: text.encode() for name, text in TEXTS.items()} | binary


@cache
def reading() -> Reading:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mapping.yaml"
        path.write_text(INVOICES, encoding="utf-8")
        return Reading(mapping=load_mapping(path))


CUTS = st.tuples(
    st.floats(0, 1), st.floats(0, 1), st.binary(max_size=12) | st.sampled_from([b"<", b'"', b"\0", b"&a;"])
)


def mutated(content: bytes, cuts: list[tuple[float, float, bytes]]) -> bytes:
    """The content with pieces of it replaced by others."""
    for at, length, other in cuts:
        start = int(at * len(content))
        content = content[:start] + other + content[start + int(length * 16) :]
    return content


@given(
    name=st.sampled_from([*TEXTS, "spans.pb", "prefixed.pb", "log.sqlite"]),
    cuts=st.lists(CUTS, min_size=1, max_size=4),
    is_compressed=st.booleans(),
    named=st.none() | st.sampled_from(Format),
)
def test_reading_a_damaged_file_ends_in_items_or_a_sentence(
    name: str,
    cuts: list[tuple[float, float, bytes]],
    is_compressed: bool,
    named: Format | None,
) -> None:
    content = mutated(samples()[name], cuts)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (f"{name}.gz" if is_compressed else name)
        path.write_bytes(gzip.compress(content) if is_compressed else content)
        check(path, named)


@given(name=st.sampled_from(list(TEXTS)), cuts=st.lists(CUTS, min_size=1, max_size=4))
def test_a_damaged_gzip_ends_in_a_sentence_or_what_came_before(
    name: str, cuts: list[tuple[float, float, bytes]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.gz"
        path.write_bytes(mutated(gzip.compress(samples()[name]), cuts))
        check(path, None)


def check(path: Path, named: Format | None) -> None:
    """Reads a file to its end, or to an error that names it."""
    told, places = f"{path}:", []
    try:
        source = SourceFile(path)
        found = read_items(source, named or detect(source, reading()), reading())
        places = [item.place for item in found if not isinstance(item, ObjectsItem)]
    except UsageError as error:
        told = str(error)
    assert told.startswith(f"{path}:")
    assert all(place > 0 for place in places)
