"""The shipped rules as the README's table shows them."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from rules.loader import SHIPPED, rule_files

HEADER = ("| rule | tells | window | team |", "| --- | --- | --- | --- |")


def rows() -> Iterator[str]:
    """The table, line by line, in the order of the files."""
    yield from HEADER
    for path in rule_files([SHIPPED]):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                tells = re.sub(r" \(\{amount\} \{currency\}\)", "", rule["annotations"]["summary"])
                tells = re.sub(r"\{(\w+)\}", lambda found: f"*{found[1].removeprefix('object_')}*", tells)
                yield f"| `{rule['alert']}` | {tells} | {_window(rule)} | {rule['labels']['team']} |"


def _window(rule: dict[str, Any]) -> str:
    if "burn_rate" in rule:
        return f"{rule['burn_rate']['slo']} over {rule['burn_rate']['over']}"
    if threshold := rule.get("threshold"):
        lasts = f"for {threshold['for']}" if "for" in threshold else f"in {threshold['window']}"
        return f"above {threshold['above']} {lasts}"
    if forecast := rule.get("forecast"):
        return f"from a chance of {forecast['chance']} on"
    if "settle" in rule.get("reconcile", {}):
        return f"differs for {rule['reconcile']['settle']}"
    body = rule.get("milestone") or rule.get("absence") or rule.get("duplicate") or {}
    text = str(body.get("within") or body.get("for") or "at once")
    text += " of open hours" if "calendar" in rule else ""
    return text + (", or the close" if "close" in rule else "")
