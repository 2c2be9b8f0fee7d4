"""XES event logs (IEEE 1849) as a stream: an event's type is its concept:name, its object the trace it is in.

An event's own attributes become attributes of the event. Those of its trace are said of the object: they change from
one export of a log to the next, and in the events they would make others of those already taken.
Defaults in `global` fill nothing: they are what a tool writes where it knows no better.
"""

from collections import Counter
from collections.abc import Container, Iterator
from xml.parsers import expat

from collector.files.items import (
    LARGEST_EVENT,
    CanonicalData,
    EventItem,
    FileEvent,
    Found,
    NamedObject,
    ObjectsItem,
    Reading,
    content_id,
    event_item,
    plain_type,
)
from collector.files.objects import object_items, valid_from, value_type
from collector.files.source_file import SourceFile
from collector.files.times import rfc3339
from collector.files.xml_reading import Attributes, NotTaken, feed, local, new_parser
from storage.object_statements import ObjectAttribute, ObjectStatement

NAME, TIMESTAMP, IDENTITY = "concept:name", "time:timestamp", "identity:id"
DEEPEST = 100
_OBJECTS_AT_ONCE = 2_000
# Children of a log that an XES file begins with; OCEL's root is called log too.
TAGS = frozenset({"extension", "global", "classifier", "trace", "event", "string", "date", "int", "float", "boolean"})


def read(source: SourceFile, reading: Reading) -> Iterator[Found]:
    """The log's events in the order of the file, and what it says of their objects."""
    parser = new_parser()
    log = _Log(parser, reading)
    with source.open() as file:
        for _ in feed(file, source, parser):
            yield from log.done
            log.done.clear()
            if len(log.objects) >= _OBJECTS_AT_ONCE:
                yield from log.told()
    yield from log.told()


class _Log:
    """What the parser has come to: the trace it is in, and the event."""

    def __init__(self, parser: expat.XMLParserType, reading: Reading) -> None:
        self.done: list[EventItem] = []
        self._parser = parser
        self._source = reading.source or "xes"
        self._object_type = reading.object_type
        self._traces: Counter[str] = Counter()
        self._equal_in_trace: Counter[str] = Counter()
        self._equal_unnamed: Counter[str] = Counter()
        self.objects: list[ObjectStatement] = []
        self._case: str | None = None
        self._nth_of_its_name = 1
        self._event: dict[str, str] | None = None
        self._line = self._weight = 0
        # The trace's own attributes with their types.
        self._trace: dict[str, tuple[str, str]] = {}
        # The keys of the attributes around the present one, from the event (or trace) inwards.
        self._keys: list[str] = []
        self._in_trace = False
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def _start(self, name: str, attributes: Attributes) -> None:
        event = self._event
        if event is not None:
            key, value = self._attribute(attributes)
            if value is not None and key:
                event[_free(key, event) if key in event else key] = value
        elif name == "event" or name.endswith(":event"):
            self._event, self._line, self._weight = {}, self._parser.CurrentLineNumber, 0
            self._keys.clear()
        elif name == "trace" or name.endswith(":trace"):
            self._begin_trace(None)
            self._in_trace = True
            self._weight = 0
            self._trace.clear()
            self._keys.clear()
        elif self._in_trace:
            if not self._keys and attributes.get("key") == NAME:
                self._begin_trace(attributes.get("value"))
            key, value = self._attribute(attributes)
            if value is not None and key and key != NAME:
                self._trace[_free(key, self._trace)] = (value, value_type(local(name)))

    def _attribute(self, attributes: Attributes) -> tuple[str, str | None]:
        """The key of an attribute that begins, behind those of the ones around it, and its value."""
        key, value = attributes.get("key", ""), attributes.get("value")
        keys = self._keys
        if keys:
            if len(keys) == DEEPEST:
                raise NotTaken(f"attributes are nested deeper than {DEEPEST}")
            key = f"{keys[-1]}/{key}" if key else keys[-1]
        keys.append(key)
        self._weight += len(key) + len(value or "")
        if self._weight > LARGEST_EVENT:
            what = "an event is" if self._event is not None else "the attributes of a trace are"
            raise NotTaken(f"{what} larger than {LARGEST_EVENT} characters")
        return key, value

    def _end(self, name: str) -> None:
        if self._keys:
            self._keys.pop()
        elif self._event is not None:
            self._finish_event(self._event)
            self._event = None
        elif name == "trace" or name.endswith(":trace"):
            self._in_trace = False
            self._finish_trace()
            self._begin_trace(None)

    def _begin_trace(self, case: str | None) -> None:
        self._case = case
        self._equal_in_trace.clear()
        if case is not None:
            self._traces[case] += 1
            self._nth_of_its_name = self._traces[case]

    def told(self) -> Iterator[ObjectsItem]:
        """What the traces so far say of their objects."""
        yield from object_items(self._source, self.objects)
        self.objects.clear()

    def _finish_trace(self) -> None:
        if self._case and self._trace:
            said = [ObjectAttribute(key, valid_from(""), *value) for key, value in self._trace.items()]
            self.objects.append(ObjectStatement(self._object_type, self._case, said))

    def _finish_event(self, attributes: dict[str, str]) -> None:
        type_, time = plain_type(attributes.pop(NAME, "")), rfc3339(attributes.pop(TIMESTAMP, ""))
        objects = [NamedObject(self._object_type, self._case)] if self._case else []
        data = CanonicalData(objects, attributes=attributes)
        event_id = attributes.pop(IDENTITY, "") or self._content_id(type_, time, attributes)
        self.done.append(event_item(self._line, FileEvent(event_id, self._source, type_, time, data)))

    def _content_id(self, type_: str, time: str, attributes: dict[str, str]) -> str:
        """An id made of what the event says, so that events may be added to a log or put in another order.

        The trace's name comes first: events that are neighbours in the log are then neighbours in the store, and
        looking 338,247 of them up again takes 17 seconds instead of 78.
        """
        said = content_id(type_, time, sorted(attributes.items()))
        if self._case is not None:
            said = f"{self._case}/{said}"
        equal = self._equal_unnamed if self._case is None else self._equal_in_trace
        equal[said] += 1
        nth = equal[said]
        if self._case is not None and self._nth_of_its_name > 1:
            # Traces that share a name may share events; they must not share ids.
            said = f"{said}-t{self._nth_of_its_name}"
        return said if nth == 1 else f"{said}-{nth}"


def _free(key: str, taken: Container[str]) -> str:
    """The key, numbered where it is taken: the members of a list may share one."""
    candidate, number = key, 1
    while candidate in taken:
        number += 1
        candidate = f"{key}/{number}"
    return candidate
