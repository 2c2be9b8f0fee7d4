"""The document that says why an alert stands, the same wherever programs read it: commands, API, webhooks."""

from typing import Any

import msgspec

from domain.alert import Alert
from domain.alert_cause import AlertCause
from domain.alert_evidence import AlertEvidence


def why(alert: Alert) -> dict[str, Any]:
    """The alert's rule and evidence, in plain JSON values: what its latest change followed from."""
    rule = {"group": alert.rule_group, "name": alert.name, "version": alert.rule_version}
    return {"rule": rule, **_plain(alert.evidence)}


def why_with_cause(alert: Alert) -> dict[str, Any]:
    """The same with what telemetry says of it, for an alert whose cause was looked up."""
    return {**why(alert), "cause": _plain(alert.cause)}


def _plain(document: AlertEvidence | AlertCause) -> dict[str, Any]:
    # By way of JSON, so that it is the same whether it came over the API or not: lists, no tuples.
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(document))
    return plain
