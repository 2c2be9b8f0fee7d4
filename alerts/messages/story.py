"""What a notification has to tell, in words and figures that every receiver's message is written from.

Of every alert: what is stuck, how much money, since when, by when it was due, why, and what to do. Of a group: how
many, how much per currency (never added across currencies), since when, and its first alerts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from alerts.digest_table import DigestLine, DigestTable
from alerts.extent import money_behind
from alerts.messages.incident_story import IncidentStory, incident_story, say_amount
from alerts.messages.text_limits import clean, fit, one_line
from alerts.notification import Notification, NotifyReason, in_detail, is_resolved
from domain.alert import Alert, AlertState
from domain.business_object import BusinessObject
from domain.duration import format_duration
from domain.intervention import command_for
from domain.money import Money
from domain.severity import severity_rank

# Longer addresses are refused by some receivers and cut by others.
_LONGEST_LINK = 2000
# How much of a text people read in a message; receivers' own limits come on top.
_WORD, _LABEL, _TEXT = 50, 300, 1500
_WHY = {
    NotifyReason.FIRST_NOTIFICATION: "first message about this group",
    NotifyReason.NEW_ALERTS: "new alerts",
    NotifyReason.ALL_RESOLVED: "all alerts are over",
    NotifyReason.SOME_RESOLVED: "some alerts are over",
    NotifyReason.REPEAT_INTERVAL_ELAPSED: "reminder, nothing changed",
    NotifyReason.MATERIAL_CHANGE: "materially more waits than was told",
    NotifyReason.ESCALATED: "escalated",
    NotifyReason.SNOOZE_ENDED: "its snooze is over and it still fires",
    NotifyReason.DIGEST: "daily digest",
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
    incident: IncidentStory | None = None
    counted: str = ""

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
        if self.counted:
            return self.counted
        parts = [f"{self.firing} firing"] if self.firing else []
        if self.resolved:
            parts.append(f"{self.resolved} resolved")
        return ", ".join(parts)

    @property
    def headline(self) -> str:
        """What it is and how many, in one line; of an incident also how much money since when."""
        if self.incident:
            return f"{self.incident.name}: {self.incident.line}"
        return f"[{self.counts}] {self.title}"

    @property
    def brief(self) -> str:
        """The headline with the money, for receivers that take one line."""
        return self.headline if self.incident else f"{self.headline}: {self.money}".rstrip(": ")

    @property
    def lead(self) -> str:
        """How much money since when, in one line; empty where nothing fires."""
        if self.is_over or self.since is None:
            return ""
        if self.incident:
            return self.incident.line
        return f"{self.money}, the oldest since {say_instant(self.since)}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What else there is to say of an incident, a line each; of other groups nothing."""
        if self.incident is None:
            return ()
        return (self.incident.line, *self.incident.notes) if self.is_over else self.incident.notes

    @property
    def rest(self) -> str:
        """That there is more than what is shown; empty where there is not."""
        return f"and {self.more} more" if self.more else ""


def tell(notification: Notification, console_url: str, most: int) -> GroupStory:
    """The story of a notification with its first `most` alerts, or of a digest in short."""
    if notification.digest is not None:
        return _tell_digest(notification, notification.digest, console_url)
    firing = [alert for alert in notification.alerts if not is_resolved(alert)]
    shown = in_detail(notification)[0][:most]
    incident = notification.incident
    story = incident_story(incident, notification.created_at, is_over_here=not firing) if incident else None
    where = "" if incident else ", ".join(f"{k} {v}" for k, v in notification.group_labels.items() if k != "alertname")
    return GroupStory(
        name=story.name if story else _group_name(notification),
        where=_line(where, _LABEL),
        firing=len(firing),
        resolved=len(notification.alerts) - len(firing),
        money=say_money(*money_behind(firing)),
        severity=min((alert.severity for alert in firing), key=severity_rank, default=""),
        since=min((_since(alert) for alert in firing), default=None),
        told_because=_told_because(notification),
        alerts=tuple(_alert(alert, notification.created_at, console_url) for alert in shown),
        more=len(notification.alerts) - len(shown),
        console_url=console_url,
        receiver=_line(notification.conversation.receiver, _LABEL),
        notification_id=notification.notification_id,
        incident=story,
    )


def _tell_digest(notification: Notification, table: DigestTable, console_url: str) -> GroupStory:
    """A digest as a short text, for receivers that take no table."""
    return GroupStory(
        name=_line(f"Digest {table.name}", _LABEL),
        where=_line(table.section, _LABEL),
        firing=table.open,
        resolved=table.ended,
        money=say_money(*open_money(table.totals)),
        severity="",
        since=table.oldest_since,
        told_because=digest_note(table),
        alerts=(),
        more=0,
        console_url=console_url,
        receiver=_line(notification.conversation.receiver, _LABEL),
        notification_id=notification.notification_id,
        counted=digest_counts(table),
    )


def _told_because(notification: Notification) -> str:
    if notification.reason is None:
        return ""
    step = notification.escalation
    if notification.reason is not NotifyReason.ESCALATED or step is None:
        return _WHY[notification.reason]
    again = f", round {step.round}" if step.round > 1 else ""
    return f"{_WHY[notification.reason]} (step {step.step} of {_line(step.policy, _WORD)}{again})"


def digest_counts(table: DigestTable) -> str:
    """How many alerts are open and how many ended, in words."""
    parts = [f"{table.open} open" if table.open else "nothing open", f"{table.ended} ended"]
    return ", ".join([*parts, *([f"{table.withdrawn} withdrawn"] if table.withdrawn else [])])


def digest_note(table: DigestTable) -> str:
    """Which time the digest is about, and whether others are missing before it."""
    missed = ""
    if table.missed:
        many = "digests before it were" if table.missed > 1 else "digest before it was"
        missed = f"; {table.missed} {many} not sent, and this one goes back to the last that was"
    return f"daily digest of {say_instant(table.due_at)}, ended since {say_instant(table.since)}{missed}"


def open_money(lines: Iterable[DigestLine]) -> tuple[list[Money], int]:
    """What is open in these lines, summed per currency, and how many amounts are unknown."""
    lines = list(lines)
    sums: dict[str, Money] = {}
    for line in lines:
        if line.open_amount is not None and line.currency is not None:
            before = sums.get(line.currency)
            sums[line.currency] = Money(line.open_amount + (before.amount if before else 0), line.currency)
    return [sums[currency] for currency in sorted(sums)], sum(line.open_unknown for line in lines)


def say_money(sums: Iterable[Money], unknown: int) -> str:
    """Amounts beside each other, and how many are not known; unknown is not zero."""
    parts = [say_amount(money.amount, money.currency) for money in sums]
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
        money="amount unknown" if alert.amount is None else say_amount(alert.amount, alert.currency),
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


def _since(alert: Alert) -> datetime:
    return alert.fired_at or alert.deadline_at
