"""Reads XML as a stream, without document type definitions: no entity is ever expanded and nothing else is fetched."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from collector.files.items import LARGEST_EVENT
from collector.files.source_file import SourceFile
from domain.errors import UsageError

_CHUNK = 256 * 1024
# Far deeper than any of the formats go.
_DEEPEST = 200
_FIRST_ELEMENTS = 50
Attributes = dict[str, str]


class NotTaken(Exception):
    """What a handler raises at something in the document that ends its reading."""


def new_parser() -> expat.XMLParserType:
    """A parser that refuses a document type definition, which is where entities and outside references come from."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def feed(file: BinaryIO, source: SourceFile, parser: expat.XMLParserType) -> Iterator[None]:
    """Hands the file to the parser's handlers, pausing after every chunk; UsageError names the line of a fault."""
    fed = 0
    try:
        while chunk := file.read(_CHUNK):
            fed += len(chunk)
            parser.Parse(chunk, False)
            if fed - parser.CurrentByteIndex > LARGEST_EVENT:
                raise NotTaken(f"one tag is longer than {LARGEST_EVENT} bytes")
            yield
        parser.Parse(b"", True)
        yield
    except expat.ExpatError as error:
        fault = f"{error.lineno}: not well-formed XML: {expat.errors.messages[error.code]}"
    except (NotTaken, LookupError, ValueError) as error:
        fault = f"{parser.CurrentLineNumber}: {error}"
    else:
        return
    # What came before the fault is good.
    yield
    raise UsageError(f"{source.path}:{fault}")


def subtrees(source: SourceFile, wanted: Sequence[str]) -> Iterator[tuple[int, Element]]:
    """Every outermost element of these names, whole, with its line; names are local, without a prefix."""
    parser = new_parser()
    collect = _Subtrees(parser, frozenset(wanted))
    with source.open() as file:
        for _ in feed(file, source, parser):
            yield from collect.done
            collect.done.clear()


def first_elements(head: bytes) -> list[str]:
    """The local names of the first elements of what may be XML, the root first; empty where it is none."""
    parser = expat.ParserCreate()
    names: list[str] = []

    def start(name: str, _: Attributes) -> None:
        names.append(local(name))
        if len(names) == _FIRST_ELEMENTS:
            raise NotTaken

    parser.StartElementHandler = start
    with contextlib.suppress(expat.ExpatError, NotTaken, LookupError, ValueError):
        parser.Parse(head, False)
    return names


def local(name: str) -> str:
    """An element's name without its prefix."""
    return name.rpartition(":")[2]


def _refuse_doctype(*_: object) -> None:
    raise NotTaken("a document type definition (<!DOCTYPE>) is not taken; remove it")


class _Subtrees:
    """Builds the wanted elements as the parser meets them."""

    def __init__(self, parser: expat.XMLParserType, wanted: frozenset[str]) -> None:
        self.done: list[tuple[int, Element]] = []
        self._parser = parser
        self._wanted = wanted
        self._builder: TreeBuilder | None = None
        self._depth = self._line = self._weight = 0
        parser.StartElementHandler = self._start

    def _start(self, name: str, attributes: Attributes) -> None:
        if ":" in name:
            name = local(name)
        if self._builder is None:
            if name not in self._wanted:
                return
            self._builder, self._depth, self._weight = TreeBuilder(), 0, 0
            self._line = self._parser.CurrentLineNumber
            self._parser.EndElementHandler = self._end
            self._parser.CharacterDataHandler = self._text
        self._depth += 1
        weight = len(name)
        for value in attributes.values():
            weight += len(value)
        self._add_weight(weight)
        if self._depth > _DEEPEST:
            raise NotTaken(f"elements are nested deeper than {_DEEPEST}")
        self._builder.start(name, attributes)

    def _end(self, name: str) -> None:
        assert self._builder is not None
        element = self._builder.end(local(name) if ":" in name else name)
        self._depth -= 1
        if self._depth == 0:
            self.done.append((self._line, element))
            self._builder = None
            # Nothing is told of what is between two of them.
            self._parser.EndElementHandler = self._parser.CharacterDataHandler = None

    def _text(self, text: str) -> None:
        assert self._builder is not None
        self._add_weight(len(text))
        self._builder.data(text)

    def _add_weight(self, characters: int) -> None:
        self._weight += characters
        if self._weight > LARGEST_EVENT:
            raise NotTaken(f"one element is larger than {LARGEST_EVENT} characters")
