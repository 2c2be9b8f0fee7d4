"""What a file is, found out by its content first and its name where that says nothing."""

from pathlib import Path

import pytest

from collector.files.formats import ACCEPTED, Format, detect
from collector.files.items import Reading
from collector.files.mapping import load_mapping
from collector.files.source_file import SourceFile
from domain.errors import UsageError
from tests.builders import otlp_request, span
from tests.unit.collector.files.doors import written

CAMT = '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt/></Document>'


def found(path: Path, content: bytes | str) -> Format:
    return detect(SourceFile(written(path, content)), Reading())


@pytest.mark.parametrize(
    ("name", "content", "format_"),
    [
        ("a", '{"specversion":"1.0","id":"1"}', Format.CLOUDEVENTS),
        ("a", '[{"specversion":"1.0","id":"1"}]', Format.CLOUDEVENTS),
        ("a.csv", "", Format.CSV),
        ("a.ndjson", "", Format.CLOUDEVENTS),
        ("a.json", '\ufeff { "resourceSpans": []}', Format.OTLP),
        ("a.json", '{"objectTypes":[],"events":[]}', Format.OCEL),
        ("a.txt", "<?xml version='1.0'?><!-- a --><log><object-types/></log>", Format.OCEL),
        ("a.xml", "<log><trace/></log>", Format.XES),
        ("a.xml", "<log xes.version='1.0'/>", Format.XES),
        ("a.csv", CAMT, Format.CAMT),
        ("a", "<x:Document><x:BkToCstmrDbtCdtNtfctn/></x:Document>", Format.CAMT),
        ("a", "<?xml version='1.0'?><log><trace/></log>".encode("utf-16"), Format.XES),
        ("a", b"SQLite format 3\0", Format.OCEL),
        ("a.tsv.gz", "id\ttype\n", Format.CSV),
        ("a.csv.gz", '{"specversion":"1.0"}', Format.CLOUDEVENTS),
    ],
)
def test_a_format_is_known_by_its_content(tmp_path: Path, name: str, content: bytes | str, format_: Format) -> None:
    assert found(tmp_path / name, content) is format_


@pytest.mark.parametrize("prefix", [b"", b"\x00\x00\x00\x40"], ids=["alone", "with its length before it"])
@pytest.mark.parametrize("name", ["spans", "spans.json", "spans.gz"])
def test_spans_in_protobuf_are_known_from_text(tmp_path: Path, prefix: bytes, name: str) -> None:
    assert found(tmp_path / name, prefix + otlp_request(span()).SerializeToString()) is Format.OTLP


@pytest.mark.parametrize("content", ['\n{"id":"1"}', "\n\n\n", "\nid,type\n"])
def test_a_text_that_begins_with_an_empty_line_is_no_protobuf(tmp_path: Path, content: str) -> None:
    assert found(tmp_path / "a", content) is Format.CLOUDEVENTS


def test_a_mapping_file_says_that_it_is_a_table(tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("{type: a, time: b}", encoding="utf-8")
    source = SourceFile(written(tmp_path / "export.dat", "a;b\n"))

    assert detect(source, Reading(mapping=load_mapping(mapping))) is Format.CSV


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<html/>", f"XML of a kind that is not taken: its root is <html>; taken are {ACCEPTED}"),
        ("<", f"XML of a kind that is not taken: it does not begin as XML does; taken are {ACCEPTED}"),
        ('{"resourceLogs":[]}', "OTLP logs or metrics; of OTLP only traces are taken"),
        ('{"ocel:global-log":{}}', "OCEL of version 1; convert it to OCEL 2.0"),
    ],
)
def test_a_file_of_another_kind_is_told_what_it_seems_to_be(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "a"

    with pytest.raises(UsageError) as caught:
        found(path, content)

    assert str(caught.value) == f"{path}: {reason}"
