"""Finds the sources that events come from and no contract knows: nobody would ever hear that they are silent."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from collector.pull_definitions import PullDefinition
from collector.source_definitions import SHIPPED, SourceDefinition, read_secrets
from collector.span_mapping_config import CorrelationConfig
from domain.contract import Contracts
from domain.errors import Problem

_MOST_NEAR = 3


@dataclass(frozen=True, slots=True)
class SourceUse:
    """A name that events will have as their source, the file that says so, and what in it."""

    source: str
    path: Path
    by: str = ""


def uses_in_definitions(definitions: Iterable[SourceDefinition], environ: Mapping[str, str]) -> Iterator[SourceUse]:
    """What the events of vendors' webhooks will have as their source; a shipped one is in use once it has its secret.

    ConfigError where a secret cannot be read.
    """
    for definition in definitions:
        if definition.path.parent != SHIPPED or read_secrets(definition, environ):
            yield from (SourceUse(source, definition.path) for source in definition.sources)


def uses_in_pulls(pulls: Iterable[PullDefinition]) -> Iterator[SourceUse]:
    """What the events of pulled rows will have as their source, where their mapping gives none."""
    return (SourceUse(pull.source, pull.path) for pull in pulls)


def uses_in_span_mappings(path: Path, correlation: CorrelationConfig) -> Iterator[SourceUse]:
    """What the events that spans become will have as their source."""
    for mapping in correlation.span_mappings:
        for source in [mapping.source] if mapping.source else mapping.service:
            yield SourceUse(source, path, f'mapping "{mapping.mapping}": ')


def unknown_sources(uses: Iterable[SourceUse], contracts: Contracts) -> list[str]:
    """A warning for each source in use that stands under no `sources` of the contracts, with names near to it."""
    names = {name: each.source for each in contracts.sources.values() for name in (each.source, *each.aliases)}
    return [
        str(Problem(use.path, 0, 0, f"warning: {use.by}{_sentence(use.source, names)}"))
        for use in dict.fromkeys(uses)
        if use.source not in names
    ]


def _sentence(source: str, names: dict[str, str]) -> str:
    near = [
        name if names[name] == name else f"{name} (which is {names[name]})"
        for name in difflib.get_close_matches(source, names, _MOST_NEAR)
    ]
    hint = f"; near to it: {', '.join(near)}" if near else ""
    return (
        f'no contract knows the source "{source}", so it is never silent and its word counts for nothing{hint}. '
        "Add it to the sources of the contracts, or to the aliases of one"
    )
