"""Reads a user's YAML file into a checked model and says of every problem where it is.

YAML 1.2's core meaning of plain words, so that `09:00` stays a time of day, `NO` stays Norway and an instant
stays text for the model to read. A validator's message that begins with "is " continues the name of its key.
"""

import difflib
import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from domain.errors import ConfigError, Problem

# Far above any file a person writes; below what aliases of aliases could blow a small file up to.
_MOST_NODES = 200_000
# Twenty times the longest that people write; reading one as large takes seconds, and of 5 MB minutes.
_MOST_BYTES = 1_000_000
Location = Sequence[int | str]
# Under this key of a list's owner stand things of this kind, known to their author by this key.
Titles = Mapping[str, tuple[str, str]]


class ConfigModel(BaseModel):
    """A part of a user's file: unknown keys are refused, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class ConfigFile(Generic[M]):
    """A file's checked model, with the place of every part for problems found later."""

    path: Path
    model: M
    _root: yaml.Node

    def problem(self, location: Location, message: str) -> Problem:
        """A problem with the part at `location`, a path of keys and indices."""
        mark = _find(self._root, location, want_key=False).start_mark
        return Problem(self.path, mark.line + 1, mark.column + 1, message)


def load_model(path: Path, model: type[M], titles: Titles | None = None) -> M:
    """The checked content of a file; ConfigError names every problem with line and column."""
    return load_file(path, model, titles).model


def load_file(path: Path, model: type[M], titles: Titles | None = None) -> ConfigFile[M]:
    """As `load_model`, keeping the places of its parts."""
    try:
        if (size := path.stat().st_size) > _MOST_BYTES:
            message = f"is too large: {size} bytes, and {_MOST_BYTES} are the most; split it into several files"
            raise ConfigError([Problem(path, 0, 0, message)])
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(path, 0, 0, f"is not UTF-8 text (byte {error.start})")]) from error
    except OSError as error:
        raise ConfigError([Problem(path, 0, 0, f"cannot be read: {error.strerror}")]) from error
    return parse_file(text, path, model, titles)


def parse_file(text: str, path: Path, model: type[M], titles: Titles | None = None) -> ConfigFile[M]:
    """The checked content of a text that stands, or could stand, at `path`."""
    try:
        root, data = _read_yaml(text, path)
    except RecursionError:
        raise ConfigError([Problem(path, 0, 0, "is nested too deeply to read")]) from None
    try:
        return ConfigFile(path, model.model_validate(data), root)
    except ValidationError as error:
        # A list all of whose items are wrong counts as empty there, which would only repeat their problems.
        details = [
            detail for detail in error.errors(include_url=False) if detail["type"] != "too_short" or not detail["input"]
        ]
        raise ConfigError([_problem(path, root, data, model, titles or {}, detail) for detail in details]) from error


class _CoreLoader(yaml.SafeLoader):
    """Plain data with YAML 1.2's core words: no times in base 60, no yes/no/on/off, no dates, no merges."""


_WORDS = {
    "tag:yaml.org,2002:null": (r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    "tag:yaml.org,2002:bool": (r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    "tag:yaml.org,2002:int": (r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    "tag:yaml.org,2002:float": (
        r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?$",
        list("-+.0123456789"),
    ),
}


_CoreLoader.yaml_implicit_resolvers = {}
for _tag, (_pattern, _first) in _WORDS.items():
    _CoreLoader.add_implicit_resolver(_tag, re.compile(_pattern), _first)


def _read_yaml(text: str, path: Path) -> tuple[yaml.Node, Any]:
    loader = None
    try:
        loader = _CoreLoader(text)
        root = loader.get_single_node()
        if root is None:
            raise ConfigError([Problem(path, 0, 0, "is empty")])
        problems = [
            Problem(path, node.start_mark.line + 1, node.start_mark.column + 1, message)
            for node, message in _node_problems(root)
        ]
        if problems:
            raise ConfigError(problems)
        return root, loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise ConfigError([Problem(path, *place, f"is not YAML: {what}")]) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError([Problem(path, line, 0, f"is not YAML: {error.reason}")]) from error
    finally:
        if loader is not None:
            loader.dispose()


def _node_problems(root: yaml.Node) -> Iterator[tuple[yaml.Node, str]]:
    """What plain data cannot show any more: keys given twice, parts that contain themselves or never end."""
    count = 0
    stack: list[tuple[yaml.Node, tuple[int, ...]]] = [(root, ())]
    while stack:
        node, above = stack.pop()
        count += 1
        if count > _MOST_NODES:
            yield root, f"has more than {_MOST_NODES} parts once its aliases are followed"
            return
        if id(node) in above:
            yield node, "contains itself through an alias"
            return
        children: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            seen: dict[str, yaml.Node] = {}
            for key, value in node.value:
                children.append(value)
                if not isinstance(key, yaml.ScalarNode):
                    yield key, "a key must be a word, not a list or a mapping"
                elif key.value in seen:
                    first = seen[key.value].start_mark.line + 1
                    yield key, f'key "{key.value}" is given twice; the first is in line {first}'
                else:
                    seen[key.value] = key
        elif isinstance(node, yaml.SequenceNode):
            children.extend(node.value)
        stack.extend((child, (*above, id(node))) for child in children)


def _find(root: yaml.Node, location: Location, *, want_key: bool) -> yaml.Node:
    """The node at a location, or the deepest one on the way to it."""
    node = root
    for position, part in enumerate(location):
        last = position == len(location) - 1
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    node = key if last and want_key else value
                    break
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
    return node


def _problem(
    path: Path, root: yaml.Node, data: Any, model: type[BaseModel], titles: Titles, detail: ErrorDetails
) -> Problem:
    location = [part for part in detail["loc"] if part != "[key]"]
    kind = detail["type"]
    names_key = kind in ("extra_forbidden", "invalid_key")
    shown = location[:-1] if kind in ("extra_forbidden", "missing") else location
    message = _describe(detail, location, model)
    title, rest = _title(data, shown, titles)
    field = _dotted(rest)
    if kind == "missing":
        message = f"{_dotted([*rest, location[-1]])} {message}"
    elif field:
        message = f"{field} {message}" if message.startswith("is ") else f"{field}: {message}"
    if title:
        message = f"{title}: {message}"
    mark = _find(root, location, want_key=names_key).start_mark
    return Problem(path, mark.line + 1, mark.column + 1, message)


def _title(data: Any, location: Location, titles: Titles) -> tuple[str, Location]:
    """What the part around a location is called, such as `rule "InvoiceOverdue"`, and the rest of the way."""
    title, rest = "", location
    for position, part in enumerate(location):
        owner = location[position - 1] if position else ""
        data = _step(data, part)
        if isinstance(part, int) and owner in titles and isinstance(data, dict):
            kind, key = titles[str(owner)]
            name = data.get(key)
            title = f'{kind} "{name}"' if isinstance(name, str) else f"{kind} {part + 1}"
            rest = location[position + 1 :]
    return title, rest


def _step(data: Any, part: int | str) -> Any:
    if isinstance(data, dict):
        return data.get(part)
    if isinstance(data, list) and isinstance(part, int) and part < len(data):
        return data[part]
    return None


def _dotted(location: Location) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


_EXPECTED = {
    "string_type": "text, in quotes if need be",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}


def _describe(detail: ErrorDetails, location: Location, model: type[BaseModel]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(context["error"])
    if kind == "extra_forbidden":
        return _unknown_key(str(location[-1]), _model_at(model, location[:-1]))
    if kind in _EXPECTED:
        return f"is {show(detail['input'])}; give {_EXPECTED[kind]}"
    if kind in ("literal_error", "enum"):
        return f"is {show(detail['input'])}; give {context['expected']}"
    if kind in ("too_short", "string_too_short"):
        return "is empty; give at least one"
    return f"is {show(detail['input'])}; {detail['msg'][:1].lower()}{detail['msg'][1:]}"


def show(value: object) -> str:
    """A value from a file as its author would recognise it, cut short."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = str(value)
    text = text if len(text) <= 60 else f"{text[:60]}…"
    return f'"{text}"' if isinstance(value, str) else text


def _unknown_key(key: str, model: type[BaseModel] | None) -> str:
    if model is None:
        return f'unknown key "{key}"'
    accepted = [field.alias or name for name, field in model.model_fields.items() if not field.exclude]
    near = difflib.get_close_matches(key, accepted, n=1)
    hint = f'; did you mean "{near[0]}"?' if near else ";"
    return f'unknown key "{key}"{hint} accepted: {", ".join(accepted)}'


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel] | None:
    """The model that describes the mapping at a location, where exactly one does."""
    current: Any = model
    for part in location:
        if isinstance(part, int):
            continue
        models = _models_in(current)
        if len(models) != 1:
            return None
        current = next(
            (field.annotation for name, field in models[0].model_fields.items() if part == (field.alias or name)),
            None,
        )
    models = _models_in(current)
    return models[0] if len(models) == 1 else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [found for inner in typing.get_args(annotation) for found in _models_in(inner)]
