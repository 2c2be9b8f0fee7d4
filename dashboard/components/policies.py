"""Who is on call now and next, and what happens when nobody acknowledges: the escalation policies in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.components.cards import instant
from dashboard.components.markup import Html, element, join
from dashboard.components.tables import Column, table
from dashboard.formatting import Reader, count_of, duration
from domain.duration import parse_duration
from domain.instants import parse_instant

Policy = Mapping[str, Any]
_NONE = Html('<span class="mp-none">–</span>')


def on_call_table(policies: Sequence[Policy], reader: Reader) -> Html:
    """Of every rotation who has it now, until when, and who is next."""
    columns = (Column("Rotation"), Column("On call now"), Column("Until", "number"), Column("Next"), Column("Policy"))
    rows = [
        (
            element("b", rotation["rotation"]),
            _shift(rotation["on_call"]) if rotation["on_call"] else element("b", "nobody", class_="mp-differs"),
            _until(rotation["on_call"] or {}, reader),
            _shift(rotation["next"]) if rotation["next"] else _NONE,
            policy["policy"],
        )
        for policy in policies
        for rotation in _rotations(policy)
    ]
    return table(columns, rows, caption="Who is on call", class_="mp-stacked mp-labelled")


def has_rotations(policies: Sequence[Policy]) -> bool:
    """Whether anybody can be on call."""
    return any(_rotations(policy) for policy in policies)


def policy_words(policy: Policy) -> Html:
    """What a policy does, step by step."""
    steps = [element("li", _step(step)) for step in policy["steps"]]
    rest = []
    if policy["repeat"]:
        after = f", {_length(policy['repeat_after'])} after the last step" if policy["repeat_after"] else ""
        rest.append(f"Then all of it again, {count_of(policy['repeat'], 'time')}{after}.")
    if policy["acknowledgement_timeout"]:
        rest.append(f"An acknowledgement counts for {_length(policy['acknowledgement_timeout'])}.")
    return element(
        "div",
        element("p", policy["policy"], class_="mp-words-first"),
        element("ol", steps),
        [element("p", one, class_="mp-quiet") for one in rest],
        class_="mp-words mp-policy",
    )


def _rotations(policy: Policy) -> list[Mapping[str, Any]]:
    found = {rotation["rotation"]: rotation for step in policy["steps"] for rotation in step["rotations"]}
    return list(found.values())


def _step(step: Mapping[str, Any]) -> Html:
    after = parse_duration(step["after"])
    when = f"After {duration(after)} without an acknowledgement" if after else "At once"
    whom = [*step["receivers"], *(f"whoever is on call for {one['rotation']}" for one in step["rotations"])]
    now = ", ".join(step["tells"]) or "nobody"
    told = element("span", f"now {now}", class_="mp-sub")
    return join(f"{when}, {' and '.join(whom)} {'are' if len(whom) > 1 else 'is'} told.", told)


def _shift(shift: Mapping[str, Any]) -> Html:
    told = ", ".join(shift["receivers"])
    override = " (override)" if shift["is_override"] else ""
    return join(element("b", f"{shift['member'] or 'nobody'}{override}"), element("span", told, class_="mp-sub"))


def _until(shift: Mapping[str, Any], reader: Reader) -> Html:
    return instant(reader, parse_instant(shift["until"])) if shift.get("until") else _NONE


def _length(text: str) -> str:
    return duration(parse_duration(text))
