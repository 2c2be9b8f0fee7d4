"""What a digest has to tell: how many alerts are open and ended, and how much money, by legal entity and rule.

Money is that of the objects behind the alerts, each counted once in a line, and never added across currencies; what is
not known is counted, and is not zero.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.alert import Alert, AlertState
from domain.business_object import BusinessObject
from domain.instants import format_instant
from domain.money import format_amount

# The worst first; others, which rules may name as they like, stand between critical and warning.
_SEVERITIES = ("critical", "error", "high", "", "warning", "info", "none")


@dataclass(frozen=True, slots=True)
class DigestLine:
    """The alerts of one legal entity, severity and rule in one currency; None is one that is not known.

    An amount is None where none is known; `unknown` are the objects without one. What is withdrawn was wrong.
    """

    legal_entity: str | None
    severity: str | None
    alert: str | None
    currency: str | None
    open: int = 0
    open_amount: Decimal | None = None
    open_unknown: int = 0
    oldest_since: datetime | None = None
    ended: int = 0
    ended_amount: Decimal | None = None
    ended_unknown: int = 0
    withdrawn: int = 0

    def row(self) -> dict[str, Any]:
        """As JSON and CSV show it."""
        return {
            "legal_entity": self.legal_entity,
            "severity": self.severity,
            "alert": self.alert,
            "currency": self.currency,
            "open": self.open,
            "open_amount": _amount(self.open_amount, self.currency),
            "open_amounts_unknown": self.open_unknown,
            "oldest_since": format_instant(self.oldest_since) if self.oldest_since else None,
            "ended": self.ended,
            "ended_amount": _amount(self.ended_amount, self.currency),
            "ended_amounts_unknown": self.ended_unknown,
            "withdrawn": self.withdrawn,
        }


@dataclass(frozen=True, slots=True)
class DigestTable:
    """A digest as it stood when it was due, or later where it was late: what is open, what ended after `since`.

    `lines` are by legal entity, severity, rule and currency; `totals` by legal entity and currency, in which an object
    with two alerts counts its money once. `missed` digests before it were never made. `section` is what a message is
    about that tells of one legal entity alone.
    """

    name: str
    due_at: datetime
    since: datetime
    through: datetime
    missed: int
    lines: tuple[DigestLine, ...]
    totals: tuple[DigestLine, ...]
    section: str = ""

    def sections(self) -> tuple["DigestTable", ...]:
        """A table for each legal entity; the whole, which has nothing, where there is none."""
        entities = dict.fromkeys(line.legal_entity for line in self.lines)
        return tuple(
            replace(
                self,
                lines=tuple(line for line in self.lines if line.legal_entity == entity),
                totals=tuple(line for line in self.totals if line.legal_entity == entity),
                section=entity or "unknown legal entity",
            )
            for entity in entities
        ) or (self,)

    @property
    def open(self) -> int:
        """How many alerts are open."""
        return sum(line.open for line in self.lines)

    @property
    def ended(self) -> int:
        """How many alerts ended."""
        return sum(line.ended for line in self.lines)

    @property
    def withdrawn(self) -> int:
        """How many alerts turned out to be wrong."""
        return sum(line.withdrawn for line in self.lines)

    @property
    def oldest_since(self) -> datetime | None:
        """Since when the oldest open alert has fired."""
        return min((line.oldest_since for line in self.lines if line.oldest_since), default=None)

    def document(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "digest": self.name,
            "legal_entity": self.section or None,
            "due_at": format_instant(self.due_at),
            "since": format_instant(self.since),
            "through": format_instant(self.through),
            "missed": self.missed,
            "open": self.open,
            "ended": self.ended,
            "withdrawn": self.withdrawn,
            "totals": [_without(line.row(), "severity", "alert") for line in self.totals],
            "rows": [line.row() for line in self.lines],
        }


def digest_lines(alerts: Iterable[Alert]) -> tuple[DigestLine, ...]:
    """The alerts by legal entity, severity, rule and currency; those that never fired are left out."""
    keyed = _by(alerts, lambda one: (_entity(one), one.severity or None, one.name, one.currency or None))
    lines = [_line(DigestLine(*key), group) for key, group in keyed.items()]
    return tuple(sorted(lines, key=_order))


def digest_totals(alerts: Iterable[Alert]) -> tuple[DigestLine, ...]:
    """The alerts by legal entity and currency alone."""
    keyed = _by(alerts, lambda one: (_entity(one), None, None, one.currency or None))
    return tuple(sorted((_line(DigestLine(*key), group) for key, group in keyed.items()), key=_order))


_Key = tuple[str | None, str | None, str | None, str | None]


def _by(alerts: Iterable[Alert], key: Callable[[Alert], _Key]) -> dict[_Key, list[Alert]]:
    found: dict[_Key, list[Alert]] = defaultdict(list)
    for alert in alerts:
        if alert.fired_at is not None:
            found[key(alert)].append(alert)
    return found


def _line(line: DigestLine, alerts: Sequence[Alert]) -> DigestLine:
    open_ = [alert for alert in alerts if alert.state.is_open]
    ended = [alert for alert in alerts if alert.state is AlertState.RESOLVED]
    open_amount, open_unknown = _money(open_)
    ended_amount, ended_unknown = _money(ended)
    return replace(
        line,
        open=len(open_),
        open_amount=open_amount,
        open_unknown=open_unknown,
        oldest_since=min((alert.fired_at for alert in open_ if alert.fired_at), default=None),
        ended=len(ended),
        ended_amount=ended_amount,
        ended_unknown=ended_unknown,
        withdrawn=len(alerts) - len(open_) - len(ended),
    )


def _money(alerts: Iterable[Alert]) -> tuple[Decimal | None, int]:
    behind: dict[BusinessObject, Decimal | None] = {
        alert.business_object: alert.amount if alert.currency else None for alert in alerts
    }
    known = [amount for amount in behind.values() if amount is not None]
    return sum(known, Decimal(0)) if known else None, len(behind) - len(known)


def _entity(alert: Alert) -> str | None:
    return alert.labels.get("legal_entity") or None


def _order(line: DigestLine) -> tuple[object, ...]:
    severity = line.severity or ""
    rank = _SEVERITIES.index(severity if severity in _SEVERITIES else "")
    return (
        *(line.legal_entity is None, line.legal_entity or "", rank, severity),
        *(line.alert or "", line.currency is None, line.currency or ""),
    )


def _amount(amount: Decimal | None, currency: str | None) -> str | None:
    return None if amount is None else format_amount(amount, currency)


def _without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
