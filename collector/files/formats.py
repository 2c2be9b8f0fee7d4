"""The registry of file formats: which there are, and which one a file is in, by its content and name."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from collector.files import camt, cloudevents, csv_table, ocel, otlp, xes
from collector.files.items import Found, Reading
from collector.files.source_file import SourceFile
from collector.files.xml_reading import first_elements
from domain.errors import UsageError

_TABLE_SUFFIXES = (".csv", ".tsv", ".txt")
_PROTOBUF_SUFFIXES = (".pb", ".binpb", ".proto", ".protobuf", ".otlp")
_SPACE = b"\xef\xbb\xbf \t\r\n"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_FIRST_KEY = re.compile(rb'\{\s*"([^"\\]*)"')


class Format(StrEnum):
    """What `--format` takes."""

    CLOUDEVENTS = "cloudevents"
    OTLP = "otlp"
    OCEL = "ocel"
    XES = "xes"
    CSV = "csv"
    CAMT = "camt"


@dataclass(frozen=True, slots=True)
class _Known:
    title: str
    read: Callable[[SourceFile, Reading], Iterator[Found]]


_KNOWN = {
    Format.CLOUDEVENTS: _Known("CloudEvents (JSON, NDJSON)", cloudevents.read),
    Format.OTLP: _Known("OTLP traces (JSON, protobuf)", otlp.read),
    Format.OCEL: _Known("OCEL 2.0 (JSON, XML, SQLite)", ocel.read),
    Format.XES: _Known("XES", xes.read),
    Format.CSV: _Known("CSV with --mapping FILE", csv_table.read),
    Format.CAMT: _Known("camt.053 and camt.054", camt.read),
}
ACCEPTED = ", ".join(known.title for known in _KNOWN.values()) + ", each also as .gz"


def read_items(source: SourceFile, format_: Format, reading: Reading) -> Iterator[Found]:
    """What the file holds."""
    return _KNOWN[format_].read(source, reading)


def detect(source: SourceFile, reading: Reading) -> Format:
    """The format a file is in; UsageError where it is none of the known ones."""
    head = source.head.lstrip(_SPACE)
    if source.head.startswith(ocel.SQLITE_MAGIC):
        return Format.OCEL
    if source.name.endswith(_PROTOBUF_SUFFIXES) or (source.head and _is_binary(source.head)):
        return Format.OTLP
    if head.startswith(b"<") or source.head.startswith(_UTF16):
        return _xml_format(source)
    if head.startswith(b"{"):
        return _json_format(source, head)
    is_table = reading.mapping is not None or source.name.endswith(_TABLE_SUFFIXES)
    return Format.CSV if is_table and not head.startswith(b"[") else Format.CLOUDEVENTS


def _is_binary(head: bytes) -> bool:
    """Whether it begins as OTLP in protobuf does, with its first tag or a length, and is no text."""
    return head[0] in (0, otlp.RESOURCE_SPANS_TAG) and _CONTROL.search(head) is not None


def _xml_format(source: SourceFile) -> Format:
    names = first_elements(source.head)
    found = set(names[1:])
    if found.intersection(camt.ROOTS):
        return Format.CAMT
    if names[:1] == ["log"]:
        return Format.OCEL if found & ocel.XML_TAGS else Format.XES
    what = f"its root is <{names[0]}>" if names else "it does not begin as XML does"
    raise UsageError(f"{source.path}: XML of a kind that is not taken: {what}; taken are {ACCEPTED}")


def _json_format(source: SourceFile, head: bytes) -> Format:
    match = _FIRST_KEY.match(head)
    key = match.group(1).decode("utf-8", "replace") if match else ""
    if key in ocel.JSON_KEYS:
        return Format.OCEL
    if key in otlp.JSON_KEYS:
        return Format.OTLP
    if key in otlp.OTHER_JSON_KEYS:
        raise UsageError(f"{source.path}: OTLP logs or metrics; of OTLP only traces are taken")
    if key.startswith("ocel:"):
        raise UsageError(f"{source.path}: OCEL of version 1; convert it to OCEL 2.0")
    return Format.CLOUDEVENTS
