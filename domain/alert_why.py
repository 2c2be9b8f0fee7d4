"""The document that says why an alert stands, the same wherever programs read it: commands, API, webhooks."""

from typing import Any

import msgspec

from domain.alert import Alert


def why(alert: Alert) -> dict[str, Any]:
    """The alert's rule and evidence, in plain JSON values: what its latest change followed from."""
    rule = {"group": alert.rule_group, "name": alert.name, "version": alert.rule_version}
    return {"rule": rule, **msgspec.to_builtins(alert.evidence)}


def why_with_cause(alert: Alert) -> dict[str, Any]:
    """The same with what telemetry says of it, for an alert whose cause was looked up."""
    return {**why(alert), "cause": msgspec.to_builtins(alert.cause)}
