"""The alert on a close that was signed off and has changed since; it is over once somebody signs it off again."""

from collections.abc import Mapping
from datetime import datetime

from domain.alert import VERSIONS_PER_MICROSECOND, Alert, AlertState, alert_id
from domain.business_object import BusinessObject
from domain.close import CLOSE, CLOSE_REOPENED, EntityClose, SignOff
from domain.instants import format_instant, to_micros

_GROUP = "close"
_SEVERITY = "warning"


def reopened_alert(found: EntityClose, signed: SignOff, entry: SignOff, owner: str) -> Alert:
    """What is told once a sign-off is suspended; the reopening is its clock, so that the next one is another alert."""
    labels = {**_labels(entry), "owner": owner}
    return _alert(
        entry,
        labels,
        state=AlertState.FIRING,
        changed_at=entry.at,
        resolved_at=None,
        reason=f"signed off by {signed.who} at {format_instant(signed.at)}, and reopened since: {entry.reason}",
        deadline_at=found.period.cutoff_at,
    )


def signed_again_alert(found: EntityClose, reopening: SignOff, entry: SignOff, owner: str) -> Alert:
    """The end of that alert: somebody signed the close off again."""
    return _alert(
        reopening,
        {**_labels(reopening), "owner": owner},
        state=AlertState.RESOLVED,
        changed_at=entry.at,
        resolved_at=entry.at,
        reason=f"signed off again by {entry.who} at {format_instant(entry.at)}: {entry.reason}",
        deadline_at=found.period.cutoff_at,
    )


def _alert(
    reopening: SignOff,
    labels: Mapping[str, str],
    *,
    state: AlertState,
    changed_at: datetime,
    resolved_at: datetime | None,
    reason: str,
    deadline_at: datetime,
) -> Alert:
    object_ = BusinessObject(CLOSE, f"{reopening.legal_entity}-{reopening.period}")
    return Alert(
        alert_id=alert_id(CLOSE_REOPENED, object_, reopening.entry_id),
        name=CLOSE_REOPENED,
        business_object=object_,
        state=state,
        started_at=reopening.at,
        deadline_at=deadline_at,
        fired_at=reopening.at,
        resolved_at=resolved_at,
        severity=_SEVERITY,
        amount=None,
        currency=None,
        correlation_id=None,
        reason=reason,
        changed_at=changed_at,
        recorded_at=changed_at,
        # An end that comes in the same microsecond is told after.
        version=to_micros(changed_at) * VERSIONS_PER_MICROSECOND + (resolved_at is not None),
        rule_group=_GROUP,
        labels=labels,
        annotations={"summary": f"The close of {reopening.legal_entity} {reopening.period} was reopened: {reason}"},
    )


def _labels(entry: SignOff) -> dict[str, str]:
    return {
        "alertname": CLOSE_REOPENED,
        "severity": _SEVERITY,
        "object_type": CLOSE,
        "object_id": f"{entry.legal_entity}-{entry.period}",
        "legal_entity": entry.legal_entity,
        "period": entry.period,
    }
