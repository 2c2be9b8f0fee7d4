"""The words of an alert that do not depend on the kind of its rule: labels and annotations."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from domain.business_object import BusinessObject
from domain.duration import format_duration
from domain.instants import format_instant
from domain.money import format_amount
from rules.told import Told

# Set by the engine for every alert, so a rule cannot set them.
BUILT_IN_LABELS = frozenset(
    ("alertname", "severity", "object_type", "object_id", "legal_entity", "region", "currency", "source")
)
PLACEHOLDERS = (
    "alertname",
    "object_type",
    "object_id",
    "elapsed",
    "overdue",
    "within",
    "started_at",
    "deadline_at",
    "amount",
    "currency",
    "legal_entity",
    "region",
    "source",
    "correlation_id",
    "severity",
    "left",
    "right",
    "difference",
)
# Filled in for the rules that compare two sides only.
OF_SOME_KINDS = frozenset(("left", "right", "difference"))
_UNKNOWN = "unknown"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def placeholders(template: str) -> list[str]:
    """The names in braces, in order of appearance."""
    return _PLACEHOLDER.findall(template)


def unknown_placeholders(template: str) -> list[str]:
    """The names in braces that no alert can fill in, in order of appearance."""
    return [name for name in placeholders(template) if name not in PLACEHOLDERS]


def labels(told: Told[Any], business_object: BusinessObject) -> dict[str, str]:
    """The alert's labels; what is not known has none."""
    facts = told.case.start.facts
    known = {
        "legal_entity": facts.legal_entity,
        "region": facts.region,
        "currency": facts.currency,
        "source": told.case.start.source,
    }
    return {
        "alertname": told.case.rule.name,
        **told.case.rule.labels,
        "severity": told.severity,
        "object_type": business_object.type,
        "object_id": business_object.id,
        **{name: value for name, value in known.items() if value},
    }


def annotations(told: Told[Any], business_object: BusinessObject, correlation_id: str | None) -> dict[str, str]:
    """The rule's annotations with everything in braces filled in."""
    templates = told.case.rule.annotations
    if not templates:
        return {}
    case, facts = told.case, told.case.start.facts
    values = {
        "alertname": case.rule.name,
        "object_type": business_object.type,
        "object_id": business_object.id,
        "elapsed": format_duration(max(told.changed_at - case.started_at, timedelta(0))),
        "overdue": format_duration(max(told.changed_at - told.deadline_at, timedelta(0))),
        "within": format_duration(case.within) if case.within else None,
        "started_at": format_instant(case.started_at),
        "deadline_at": format_instant(told.deadline_at),
        "amount": None if facts.amount is None else format_amount(facts.amount, facts.currency),
        "currency": facts.currency,
        "legal_entity": facts.legal_entity,
        "region": facts.region,
        "source": case.start.source,
        "correlation_id": correlation_id,
        "severity": told.severity,
        **getattr(case, "fills", {}),
    }
    return {name: fill_in(template, values) for name, template in templates.items()}


def fill_in(template: str, values: Mapping[str, str | None]) -> str:
    """An annotation with everything in braces filled in."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1]) or _UNKNOWN, template)
