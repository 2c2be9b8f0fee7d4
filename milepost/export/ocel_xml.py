"""An OCEL 2.0 log as XML."""

import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from milepost.export.ocel_log import Declared, OcelEvent, OcelLog, OcelObject

# What XML 1.0 cannot hold, not even escaped. https://www.w3.org/TR/xml/#charsets
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

# A reader takes it for a line feed unless it is escaped.
_LINE_ENDS = {"\r": "&#13;"}


def write_xml(log: OcelLog, path: Path) -> None:
    """Writes the log; what it holds waits in temporary files until the types before it are known."""
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="", dir=path.parent) as events,
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="", dir=path.parent) as objects,
        path.open("w", encoding="utf-8", newline="") as file,
    ):
        events.writelines(map(_event, log.events()))
        objects.writelines(map(_object, log.objects()))
        file.write("<?xml version='1.0' encoding='UTF-8'?>\n<log>\n<object-types>\n")
        file.writelines(_type("object-type", name, declared) for name, declared in sorted(log.object_types.items()))
        file.write("</object-types>\n<event-types>\n")
        file.writelines(_type("event-type", name, declared) for name, declared in log.event_types.items())
        file.write("</event-types>\n<objects>\n")
        objects.seek(0)
        shutil.copyfileobj(objects, file)
        file.write("</objects>\n<events>\n")
        events.seek(0)
        shutil.copyfileobj(events, file)
        file.write("</events>\n</log>\n")


def _type(tag: str, name: str, declared: Declared) -> str:
    attributes = "".join(f"<attribute {_attributes(name=one, type=kind)}/>" for one, kind in declared.items())
    return f"<{tag} {_attributes(name=name)}><attributes>{attributes}</attributes></{tag}>\n"


def _object(one: OcelObject) -> str:
    attributes = "".join(
        f"<attribute {_attributes(name=name, time=time)}>{escape(_possible(value), _LINE_ENDS)}</attribute>"
        for name, time, value, _ in one.attributes
    )
    head = _attributes(id=one.id, type=one.type)
    relations = _relations(one.relations)
    return f"<object {head}><objects>{relations}</objects><attributes>{attributes}</attributes></object>\n"


def _event(event: OcelEvent) -> str:
    attributes = "".join(
        f"<attribute {_attributes(name=name)}>{escape(_possible(value), _LINE_ENDS)}</attribute>"
        for name, value in event.attributes.items()
    )
    head = _attributes(id=event.id, type=event.type, time=event.time)
    return (
        f"<event {head}><objects>{_relations(event.relations)}</objects><attributes>{attributes}</attributes></event>\n"
    )


def _relations(relations: Iterable[tuple[str, str]]) -> str:
    return "".join(
        f"<relationship {_named({'object-id': id_, 'qualifier': qualifier})}/>" for id_, qualifier in relations
    )


def _attributes(**values: str) -> str:
    return _named(values)


def _named(values: Mapping[str, str]) -> str:
    return " ".join(f"{name}={quoteattr(_possible(value))}" for name, value in values.items())


def _possible(text: str) -> str:
    return _IMPOSSIBLE.sub("\N{REPLACEMENT CHARACTER}", text)
