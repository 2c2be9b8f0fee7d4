"""An OCEL 2.0 log as XML."""

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from milepost.export.ocel_log import OcelEvent, OcelLog

# What XML 1.0 cannot hold, not even escaped. https://www.w3.org/TR/xml/#charsets
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

# A reader takes it for a line feed unless it is escaped.
_LINE_ENDS = {"\r": "&#13;"}


def write_xml(log: OcelLog, path: Path) -> None:
    """Writes the log; its events wait in a temporary file until the types and objects before them are known."""
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="", dir=path.parent) as events,
        path.open("w", encoding="utf-8", newline="") as file,
    ):
        for event in log.events():
            events.write(_event(event))
        file.write("<?xml version='1.0' encoding='UTF-8'?>\n<log>\n<object-types>\n")
        for name in log.object_types:
            file.write(f"<object-type {_attributes(name=name)}><attributes/></object-type>\n")
        file.write("</object-types>\n<event-types>\n")
        for name, attributes in log.event_types.items():
            declared = "".join(f"<attribute {_attributes(name=one, type='string')}/>" for one in attributes)
            file.write(f"<event-type {_attributes(name=name)}><attributes>{declared}</attributes></event-type>\n")
        file.write("</event-types>\n<objects>\n")
        for id_, type_ in log.objects.items():
            file.write(f"<object {_attributes(id=id_, type=type_)}><attributes/></object>\n")
        file.write("</objects>\n<events>\n")
        events.seek(0)
        shutil.copyfileobj(events, file)
        file.write("</events>\n</log>\n")


def _event(event: OcelEvent) -> str:
    relations = "".join(
        f"<relationship {_named({'object-id': id_, 'qualifier': qualifier})}/>" for id_, qualifier in event.relations
    )
    attributes = "".join(
        f"<attribute {_attributes(name=name)}>{escape(_possible(value), _LINE_ENDS)}</attribute>"
        for name, value in event.attributes.items()
    )
    head = _attributes(id=event.id, type=event.type, time=event.time)
    return f"<event {head}><objects>{relations}</objects><attributes>{attributes}</attributes></event>\n"


def _attributes(**values: str) -> str:
    return _named(values)


def _named(values: Mapping[str, str]) -> str:
    return " ".join(f"{name}={quoteattr(_possible(value))}" for name, value in values.items())


def _possible(text: str) -> str:
    return _IMPOSSIBLE.sub("\N{REPLACEMENT CHARACTER}", text)
