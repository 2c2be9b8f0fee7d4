"""Gathers what a file says of objects into statements, and those into items of a bearable size."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice

from collector.files.items import ObjectsItem
from collector.files.times import rfc3339
from domain.instants import EPOCH, format_instant, parse_storable_instant
from storage.object_statements import EventAttributeType, ObjectStatement, Statements

TEXT, TIME, INTEGER, FLOAT, BOOLEAN = "string", "time", "integer", "float", "boolean"
# The door takes 20 MiB at once. An object with more entries is parted: a million changes of one price are a log, too.
_LARGEST_ITEM = 1024 * 1024
_MOST_ENTRIES = 1_000
_ALWAYS = format_instant(EPOCH)
# Words that tools use beside those of the standard.
_WORDS = {
    "integer": INTEGER, "int": INTEGER, "float": FLOAT, "double": FLOAT, "real": FLOAT,
    "boolean": BOOLEAN, "bool": BOOLEAN, "time": TIME, "date": TIME, "timestamp": TIME, "datetime": TIME,
}  # fmt: skip


def value_type(declared: str) -> str:
    """OCEL's word for what a file declares; text where it is none that is known."""
    return _WORDS.get(declared.strip().lower(), TEXT)


# Most logs say most of it of few instants.
@lru_cache(maxsize=4_096)
def valid_from(text: str) -> str:
    """The instant from which an object has a value; 1970, OCEL's word for "always", where the file gives none."""
    try:
        return format_instant(parse_storable_instant(rfc3339(text)))
    except ValueError:
        return _ALWAYS


def object_items(source: str, statements: Iterable[ObjectStatement]) -> Iterator[ObjectsItem]:
    """Statements in items; what is said of one object may be parted, and counts as a whole."""
    said, weight = Statements(source), 0
    for one in statements:
        for part in _parts(one):
            size = _weight(part)
            if said.objects and weight + size > _LARGEST_ITEM:
                yield ObjectsItem(said)
                said, weight = Statements(source), 0
            said.objects.append(part)
            weight += size
    if said.objects:
        yield ObjectsItem(said)


def type_items(source: str, types: Iterable[EventAttributeType]) -> Iterator[ObjectsItem]:
    """What attributes of events are declared to be, in items; text need not be told."""
    told = (one for one in types if one.value_type != TEXT)
    while some := list(islice(told, _MOST_ENTRIES)):
        yield ObjectsItem(Statements(source, event_attributes=some))


def _parts(one: ObjectStatement) -> Iterator[ObjectStatement]:
    if max(len(one.attributes), len(one.links)) <= _MOST_ENTRIES:
        yield one
        return
    for start in range(0, max(len(one.attributes), len(one.links), 1), _MOST_ENTRIES):
        some = slice(start, start + _MOST_ENTRIES)
        yield ObjectStatement(one.object_type, one.object_id, one.attributes[some], one.links[some])


def _weight(one: ObjectStatement) -> int:
    own = 100 + len(one.object_type) + len(one.object_id)
    return own + sum(40 + sum(map(len, texts)) for texts in (*one.attributes, *one.links))
