"""Rule files that were damaged in any way: told as problems with their places, or read; never anything else."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.contract_definitions import SHIPPED as SHIPPED_CONTRACTS
from collector.contract_definitions import load_contracts
from domain.errors import ConfigError
from rules.calendars import SHIPPED as SHIPPED_CALENDARS
from rules.loader import SHIPPED, load_rules, rule_files
from rules.references import load_references
from rules.rule_warnings import warnings_in

REFERENCES = load_references(SHIPPED_CALENDARS, load_contracts(SHIPPED_CONTRACTS).contracts)
TEXTS = {path.stem: path.read_text("utf-8") for path in rule_files([SHIPPED])}
RULES = [rule for text in TEXTS.values() for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
MOST = 200_000


def checked(path: Path) -> list[str]:
    """The problems of a file, as `rules check` finds them."""
    try:
        load_rules([path], REFERENCES)
        warnings_in([path], REFERENCES, None)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def places(part: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every part of a tree."""
    yield above
    children = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, child in children:
        yield from places(child, (*above, key))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -1, 0, 2**63]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(["4h", "0s", "-4h", "1e9d", "99999999999999999999w", "75%", "1e99%", "critical", "order.approved"]),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)


@st.composite
def damaged_rules(draw: st.DrawFn) -> list[Any]:
    """Shipped rules with one to three parts of them dropped, replaced, moved or given another name."""
    rules = [copy.deepcopy(rule) for rule in draw(st.lists(st.sampled_from(RULES), min_size=1, max_size=3))]
    for _ in range(draw(st.integers(1, 3))):
        found = [place for place in places(rules) if place]
        place = draw(st.sampled_from(found))
        owner: Any = rules
        for key in place[:-1]:
            owner = owner[key]
        match draw(st.sampled_from(["drop", "replace", "move", "rename"])):
            case "drop":
                del owner[place[-1]]
            case "replace":
                owner[place[-1]] = draw(ANYTHING)
            case "move":
                other: Any = rules
                for key in draw(st.sampled_from(found)):
                    if isinstance(other, dict | list) and (isinstance(other, list) or key in other):
                        other = other[key] if isinstance(other, dict) else other[key % len(other)] if other else other
                owner[place[-1]] = copy.deepcopy(other)
            case "rename":
                if isinstance(owner, dict):
                    owner[draw(st.text(max_size=12))] = owner.pop(place[-1])
        if not rules:
            break
    return rules


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damaged_rules())
def test_damaged_parts_are_problems_in_their_places(tmp_path: Path, rules: list[Any]) -> None:
    path = tmp_path / "rules.yaml"
    text = yaml.safe_dump({"groups": [{"name": "mine", "rules": rules}]}, allow_unicode=True)
    path.write_text(text, encoding="utf-8")

    assert all(problem.startswith(f"{path}:") for problem in checked(path))


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(sorted(TEXTS.values())),
    st.lists(st.tuples(st.integers(0, MOST), st.integers(0, 40), st.binary(max_size=6)), min_size=1, max_size=5),
)
def test_damaged_bytes_are_problems_in_the_file(
    tmp_path: Path, text: str, damages: list[tuple[int, int, bytes]]
) -> None:
    content = text.encode()
    for at, length, put in damages:
        position = at % len(content)
        content = content[:position] + put + content[position + length :]
    path = tmp_path / "rules.yaml"
    path.write_bytes(content)

    assert all(problem.startswith(str(path)) for problem in checked(path))


ALIASES = "\n".join([f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]" for n in range(12)])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(
            ALIASES.encode(), "has more than 200000 parts once its aliases are followed", id="aliases of aliases"
        ),
        pytest.param(b"groups: &g [*g]", "contains itself", id="a part of itself"),
        pytest.param(b"groups: " + b"[" * 100_000, "is nested too deeply to read", id="deep nesting"),
        pytest.param(b"groups: " + b"{a: " * 100_000, "is nested too deeply to read", id="deep mappings"),
        pytest.param(b"groups:\n" + b"- x\n" * 1_300_000, "is too large", id="five megabytes"),
        pytest.param(b"groups: !!python/object/apply:os.system ['id']", "is not YAML", id="an object of a language"),
        pytest.param(b"groups: \xff", "is not UTF-8 text", id="bytes of no text"),
        pytest.param(b"a: 1\n---\nb: 2\n", "is not YAML", id="two documents"),
    ],
)
def test_what_would_cost_much_or_is_no_data_is_refused_at_once(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_bytes(content)

    [problem] = checked(path)
    assert message in problem
