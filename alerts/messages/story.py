"""What a notification has to tell, in words and figures that every receiver's message is written from.

Of every alert: what is stuck, how much money, since when, by when it was due, why, and what to do. Of a group: how
many, how much per currency (never added across currencies), since when, and its first alerts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from urllib.parse import quote

from alerts.messages.text_limits import clean, fit, one_line
from alerts.notification import Notification, NotifyReason, is_resolved
from domain.alert import Alert, AlertState
from domain.business_object import BusinessObject
from domain.duration import format_duration
from domain.intervention import command_for
from domain.money import Money, format_amount

# Longer addresses are refused by some receivers and cut by others.
_LONGEST_LINK = 2000
# How much of a text people read in a message; receivers' own limits come on top.
_WORD, _LABEL, _TEXT = 50, 300, 1500
# The worst first. Others, which rules may name as they like, stand between warning and critical.
_SEVERITIES = {"critical": 0, "error": 1, "high": 1, "warning": 3, "info": 4, "none": 5}
_OTHER_SEVERITY = 2
_WHY = {
    NotifyReason.FIRST_NOTIFICATION: "first message about this group",
    NotifyReason.NEW_ALERTS: "new alerts",
    NotifyReason.ALL_RESOLVED: "all alerts are over",
    NotifyReason.SOME_RESOLVED: "some alerts are over",
    NotifyReason.REPEAT_INTERVAL_ELAPSED: "reminder, nothing changed",
}


@dataclass(frozen=True, slots=True)
class AlertStory:
    """One alert as people are told of it; texts are clean, and empty where nothing is known."""

    name: str
    object: str
    is_over: bool
    severity: str
    money: str
    summary: str
    why: str
    todo: str
    link: str
    since: datetime
    due: datetime
    over: datetime | None
    over_word: str
    late: str

    @property
    def due_line(self) -> str:
        """By when it was due and how late it is, or since when it is over."""
        if self.over is not None:
            return f"was due {say_instant(self.due)}, {self.over_word} {say_instant(self.over)}"
        return f"due {say_instant(self.due)}, {self.late}, firing since {say_instant(self.since)}"


@dataclass(frozen=True, slots=True)
class GroupStory:
    """A notification as people are told of it; `alerts` are its first ones, `more` is how many there are besides."""

    name: str
    where: str
    firing: int
    resolved: int
    money: str
    severity: str
    since: datetime | None
    told_because: str
    alerts: tuple[AlertStory, ...]
    more: int
    console_url: str
    receiver: str
    notification_id: str

    @property
    def is_over(self) -> bool:
        """Whether nothing in the group fires any more."""
        return self.firing == 0

    @property
    def title(self) -> str:
        """The group's name and labels, the same in every message about it."""
        return f"{self.name} ({self.where})" if self.where else self.name

    @property
    def counts(self) -> str:
        """How many fire and how many are over."""
        parts = [f"{self.firing} firing"] if self.firing else []
        if self.resolved:
            parts.append(f"{self.resolved} resolved")
        return ", ".join(parts)

    @property
    def headline(self) -> str:
        """State, number and name in one line."""
        return f"[{self.counts}] {self.title}"

    @property
    def lead(self) -> str:
        """How much money since when, in one line; empty where nothing fires."""
        if self.is_over or self.since is None:
            return ""
        return f"{self.money}, the oldest since {say_instant(self.since)}"

    @property
    def rest(self) -> str:
        """That there is more than what is shown; empty where there is not."""
        return f"and {self.more} more" if self.more else ""


def tell(notification: Notification, console_url: str, most: int) -> GroupStory:
    """The story of a notification with its first `most` alerts."""
    firing = [alert for alert in notification.alerts if not is_resolved(alert)]
    shown = notification.alerts[:most]
    return GroupStory(
        name=_group_name(notification),
        where=_line(", ".join(f"{k} {v}" for k, v in notification.group_labels.items() if k != "alertname"), _LABEL),
        firing=len(firing),
        resolved=len(notification.alerts) - len(firing),
        money=say_money(*money_at_risk(firing)),
        severity=min((alert.severity for alert in firing), key=_rank, default=""),
        since=min((_since(alert) for alert in firing), default=None),
        told_because=_WHY[notification.reason] if notification.reason else "",
        alerts=tuple(_alert(alert, notification.created_at, console_url) for alert in shown),
        more=len(notification.alerts) - len(shown),
        console_url=console_url,
        receiver=_line(notification.conversation.receiver, _LABEL),
        notification_id=notification.notification_id,
    )


def money_at_risk(firing: Iterable[Alert]) -> tuple[list[Money], int]:
    """Sums per currency of the objects behind the alerts, each once, and how many amounts are unknown."""
    behind = {alert.business_object: alert for alert in firing}
    sums: dict[str, Decimal] = {}
    unknown = 0
    for alert in behind.values():
        if alert.amount is None or alert.currency is None:
            unknown += 1
        else:
            sums[alert.currency] = sums.get(alert.currency, Decimal(0)) + alert.amount
    return [Money(amount, currency) for currency, amount in sorted(sums.items())], unknown


def say_money(sums: Iterable[Money], unknown: int) -> str:
    """Amounts beside each other, and how many are not known; unknown is not zero."""
    parts = [_amount(money.amount, money.currency) for money in sums]
    if unknown:
        parts.append(f"{unknown} amounts unknown" if unknown > 1 else "1 amount unknown" if parts else "amount unknown")
    return " and ".join(parts)


def say_instant(instant: datetime) -> str:
    """An instant as people read it, to the minute, in UTC."""
    return instant.strftime("%Y-%m-%d %H:%M UTC")


def trace_url(console_url: str, business_object: BusinessObject) -> str:
    """Where the console shows everything about an object."""
    return f"{console_url}/trace?object={quote(str(business_object), safe='', errors='replace')}"


def _alert(alert: Alert, told_at: datetime, console_url: str) -> AlertStory:
    over = is_resolved(alert)
    link = trace_url(console_url, alert.business_object) if console_url else ""
    overdue = told_at - alert.deadline_at
    return AlertStory(
        name=_name(alert.name),
        object=_name(f"{alert.business_object.type} {alert.business_object.id}"),
        is_over=over,
        severity=_line(alert.severity, _WORD),
        money="amount unknown" if alert.amount is None else _amount(alert.amount, alert.currency),
        summary=_line(alert.annotations.get("summary", ""), _TEXT),
        why=_line(_why(alert, is_over=over), _TEXT),
        todo=fit(clean(_todo(alert)).strip(), _TEXT),
        link=link if len(link) <= _LONGEST_LINK else "",
        since=_since(alert),
        due=alert.deadline_at,
        over=(alert.resolved_at or alert.changed_at) if over else None,
        over_word="withdrawn" if alert.state is AlertState.RETRACTED else "over since",
        late=f"{format_duration(overdue)} late" if overdue.total_seconds() >= 0 else "not late yet",
    )


def _why(alert: Alert, *, is_over: bool) -> str:
    """The reason, and of what is stuck the hop that holds it up, where telemetry tells."""
    cause = alert.cause
    if is_over or not cause.signature:
        return alert.reason
    hop = " ".join(part for part in (cause.service, cause.operation) if part)
    return f"{alert.reason}; held up at {hop}: {cause.error}" if hop else f"{alert.reason}; held up: {cause.error}"


def _group_name(notification: Notification) -> str:
    named = notification.group_labels.get("alertname")
    names: Mapping[str, None] = dict.fromkeys(alert.name for alert in notification.alerts)
    first = named or next(iter(names), "alerts")
    others = 0 if named else len(names) - 1
    return _name(first) + (f" and {others} other{'s' if others > 1 else ''}" if others > 0 else "")


def _amount(amount: Decimal, currency: str | None) -> str:
    code = _line(currency or "", _WORD) or "of an unknown currency"
    sign, digits = ("-", format_amount(-amount, currency)) if amount < 0 else ("", format_amount(amount, currency))
    whole, point, fraction = digits.partition(".")
    return f"{sign}{int(whole):,}{point}{fraction} {code}"


def _todo(alert: Alert) -> str:
    """The runbook, and the call that may be made where the rule names one."""
    if not alert.intervention:
        return _runbook(alert)
    may = f"you may: {command_for(alert.intervention, alert.business_object)} --reason …"
    return "; ".join(filter(None, (_runbook(alert).strip(), may)))


def _runbook(alert: Alert) -> str:
    return alert.annotations.get("runbook") or alert.annotations.get("runbook_url", "")


def _line(text: str, limit: int) -> str:
    return fit(one_line(text), limit)


def _name(text: str) -> str:
    # Receivers refuse empty titles.
    return _line(text, _LABEL) or "unnamed"


def _rank(severity: str) -> int:
    return _SEVERITIES.get(severity, _OTHER_SEVERITY)


def _since(alert: Alert) -> datetime:
    return alert.fired_at or alert.deadline_at
