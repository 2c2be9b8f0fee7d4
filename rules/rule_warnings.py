"""What a rule file says that is right in itself and can hardly be meant: told by `milepost rules check`."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.config_file import ConfigFile, Location, load_file
from domain.errors import Problem
from domain.rule import MilestoneRule, ObjectRule, Rule
from rules.condition_sense import always_true, canonical, never_true
from rules.loader import load_rules, rule_files
from rules.references import References
from rules.schema import TITLES, RuleConfig, RulesConfig

_LEVELS = ("info", "warning", "critical")
Found = tuple[Sequence[int | str], str]


@dataclass(frozen=True, slots=True)
class KnownTypes:
    """The event types that there are: of the contracts with their other names, and those that were received.

    `heard` is None where nobody could be asked what was received.
    """

    agreed: frozenset[str]
    heard: frozenset[str] | None

    def doubt(self, event_type: str) -> str | None:
        """What is wrong with a type that is not among them; None where it is, or where nothing is known at all."""
        known = self.agreed | (self.heard or frozenset())
        if not known or event_type in known:
            return None
        near = difflib.get_close_matches(event_type, sorted(known), n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        received = "" if self.heard is None else ", and no such event was received so far"
        return f"no contract knows the event type {event_type}{received}{hint}"


def warnings_in(paths: Iterable[Path], references: References, heard: frozenset[str] | None) -> list[Problem]:
    """The warnings on rule files that load without an error, in order."""
    contracts = references.contracts
    agreed = frozenset(contracts.events) | {name for event in contracts.events.values() for name in event.aliases}
    known = KnownTypes(agreed, heard)
    paths = list(paths)
    rules = {rule.name: rule for rule in load_rules(paths, references)}
    warnings: list[Problem] = []
    for path in rule_files(paths):
        file = load_file(path, RulesConfig, TITLES)
        for group_number, group in enumerate(file.model.groups):
            for number, config in enumerate(group.rules):
                location = ("groups", group_number, "rules", number)
                warnings.extend(_in_rule(file, location, config, rules[config.alert], known))
                for place, message in config.kind.doubts(references):
                    below = (*location, config.kind_key, *place)
                    warnings.append(file.problem(below, f'rule "{config.alert}": {message}'))
    return sorted(warnings)


def _in_rule(
    file: ConfigFile[RulesConfig], location: Location, config: RuleConfig, rule: Rule, known: KnownTypes
) -> Iterator[Problem]:
    found = (*_unknown_types(config, rule, known), *_conditions(config, rule), *_severities(config))
    for place, message in found:
        yield file.problem([*location, *place], f'rule "{config.alert}": {message}')


def _unknown_types(config: RuleConfig, rule: Rule, known: KnownTypes) -> Iterator[Found]:
    parts = {
        config.kind_key: config.kind.model_dump(by_alias=True),
        "unless": list(config.unless),
        "pause": config.pause.model_dump(by_alias=True) if config.pause else None,
    }
    for event_type in sorted(rule.event_types):
        if doubt := known.doubt(event_type):
            yield from ((place, doubt) for place in _places_of(event_type, parts))


def _places_of(text: str, part: Any, place: tuple[int | str, ...] = ()) -> Iterator[Sequence[int | str]]:
    if part == text:
        yield place
    elif isinstance(part, Mapping):
        for key, inner in part.items():
            # An object type may be called as an event type is.
            if key != "object":
                yield from _places_of(text, inner, (*place, key))
    elif isinstance(part, list | tuple):
        for number, inner in enumerate(part):
            yield from _places_of(text, inner, (*place, number))


def _conditions(config: RuleConfig, rule: Rule) -> Iterator[Found]:
    if not isinstance(rule, ObjectRule):
        return
    known = {"object_type": rule.object_type}
    if len(rule.opening_types) == 1:
        known["type"] = next(iter(rule.opening_types))
    where = config.where or ""
    if where and never_true(where, known):
        yield ("where",), "where is never true, so the rule never alerts"
        return
    if not isinstance(rule, MilestoneRule):
        return
    said: dict[str, int] = {}
    unconditional: int | None = None
    for number, override in enumerate(config.overrides):
        place = ("overrides", number, "where")
        same = canonical(override.where)
        if unconditional is not None:
            yield place, f"the override never applies: overrides[{unconditional}] before it always does"
        elif same in said:
            yield place, f"the override never applies: overrides[{said[same]}] before it has the same where"
        elif never_true(override.where, known):
            yield place, "the override never applies: its where is never true"
        elif where and never_true(override.where, known, also=where):
            yield place, "the override never applies: its where is never true where the rule's is"
        said.setdefault(same, number)
        if unconditional is None and always_true(override.where):
            unconditional = number


def _severities(config: RuleConfig) -> Iterator[Found]:
    for number, (before, step) in enumerate(zip(config.severity, config.severity[1:], strict=False), start=1):
        place = ("severity", number, "level")
        if step.level == before.level:
            yield place, f"severity is {step.level} before this step already"
        elif _LEVELS.index(step.level) < _LEVELS.index(before.level):
            yield place, f"severity falls from {before.level} to {step.level} as time passes"
