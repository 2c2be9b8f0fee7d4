"""Keeps the cases of KPIs in the store in line with what arrives, what is recorded of alerts, and what is measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.instants import EPOCH, format_instant, to_micros
from domain.kpi import JudgedRule, Kpi, SignalReading
from storage.client import Row, Store, encode_rows
from storage.milestones import Stretch, fragments
from storage.series import signal_values

_MICROSECOND, _MINUTE = timedelta(microseconds=1), timedelta(minutes=1)
_OWN_COLUMNS = ("legal_entity", "region", "currency", "source")
_SIGNAL = "signal"


@dataclass(frozen=True, slots=True)
class Span:
    """What became known in (after, through]; `after` is None where no cases were kept before.

    Unless it is `touched`, and only that counts of which something became known in it, all does.
    """

    after: datetime | None
    through: datetime
    touched: bool

    def params(self) -> dict[str, object]:
        """As statements take it."""
        return {"after": self.after or EPOCH, "through": self.through, "touched": self.touched}


def keep_cases(store: Store, kpi: Kpi, stretch: Stretch, span: Span, segment: str) -> None:
    """Brings the cases of a stretch's objects in line with what was received by the end of a span.

    Repeated for the same instants it changes nothing.
    """
    source = kpi.cases
    params = {
        **_of_kpi(kpi, segment),
        **_of_stretch(stretch),
        **span.params(),
        "types": source.types,
        "from_types": list(source.from_types),
        "to_types": list(source.to_types),
        "unless_types": list(source.unless_types),
        "own_amounts": source.own_amounts,
    }
    store.run("keep_kpi_cases", params, {"cases": source.statement})


def keep_touches(store: Store, kpi: Kpi, span: Span, segment: str) -> None:
    """The same of what people did by hand: corrections, interventions and exceptions that they accepted."""
    source = kpi.cases
    params = {**_of_kpi(kpi, segment), **span.params(), "object_type": source.object_type, "types": source.types}
    store.run("keep_kpi_touches", params)


def keep_alert_cases(store: Store, kpi: Kpi, span: Span, segment: str) -> None:
    """The same of what was recorded of alerts."""
    params = {**_of_kpi(kpi, segment), **span.params(), "names": list(kpi.cases.alerts)}
    store.run("keep_kpi_alert_cases", params, {"cases": kpi.cases.statement})


def keep_duty_cases(store: Store, kpi: Kpi, judged: JudgedRule, stretch: Stretch, span: Span, segment: str) -> None:
    """The same of the duties of one rule, on a stretch of objects of its type."""
    rule = judged.rule
    params = {
        **_of_kpi(kpi, segment),
        **_of_stretch(stretch),
        **span.params(),
        "rule": rule.name,
        "handoff": rule.labels.get("handoff", ""),
        "from_type": rule.from_type,
        "to_type": rule.to_type,
        "unless_types": list(rule.unless),
        "pairing": rule.pairing,
        "skew_us": rule.skew // _MICROSECOND,
    }
    conditions = fragments({"": judged.condition or "true"})
    store.run("keep_kpi_duty_cases", params, {"cases": kpi.cases.statement, **conditions})


def keep_readings(store: Store, kpi: Kpi, first: datetime, instants: int, every: timedelta, through: datetime) -> None:
    """Keeps what a KPI's signal was at so many instants from `first` on, each of the time since the one before.

    A signal whose silence means zero has a reading of zero at each of them, too, for all that it was not told of.
    """
    source, minutes = kpi.cases, every // _MINUTE
    reading = source.reading
    if reading is None:
        raise ValueError(f"kpi {kpi.id} reads no signal")
    params: dict[str, object] = {
        "per": list(reading.per),
        "first": first,
        "steps": (instants - 1) * minutes + 1,
        "window_us": every // _MICROSECOND,
        "known_at": through,
        "object_type": source.object_type,
        "from_type": next(iter(source.from_types), ""),
        "to_type": next(iter(source.to_types), ""),
    }
    measured: dict[datetime, dict[tuple[str, ...], float]] = {first + one * every: {} for one in range(instants)}
    for at, labels, value in signal_values(store, reading.signal, params):
        if at in measured:
            measured[at][tuple(labels)] = value
    if reading.quiet_is_zero:
        known = {label for at in measured for label in measured[at]} | _labels_read(store, kpi, reading)
        # Nothing at all was measured: that is a reading, too.
        silent = known or {("",) * len(reading.per)}
        measured = {at: dict.fromkeys(silent, 0.0) | found for at, found in measured.items()}
    rows = [
        _reading(kpi, at, every, dict(zip(reading.per, labels, strict=True)), value, through)
        for at, found in measured.items()
        for labels, value in found.items()
    ]
    if rows:
        store.insert("kpi_cases", encode_rows(rows))


def arrivals(store: Store, object_type: str, after: datetime, through: datetime) -> int:
    """How many events that name an object of a type were received in (after, through]."""
    params = {"object_type": object_type, "after": after, "through": through}
    arrived: int = store.rows("kpi_arrivals", params)[0]["arrived"]
    return arrived


def rules_told_of(store: Store, span: Span) -> set[str]:
    """The names of the rules of whose alerts something was recorded in a span."""
    rows = store.rows("rules_told_of", {"after": span.after or EPOCH, "through": span.through})
    return {row["alert"] for row in rows}


def _of_kpi(kpi: Kpi, segment: str) -> dict[str, object]:
    return {"kpi": kpi.id, "definition": kpi.version, "segment": segment}


def _of_stretch(stretch: Stretch) -> dict[str, object]:
    return {"object_type": stretch.object_type, "after_id": stretch.after_id, "last_id": stretch.last_id}


def _labels_read(store: Store, kpi: Kpi, reading: SignalReading) -> set[tuple[str, ...]]:
    rows = store.rows("kpi_reading_labels", {"kpi": kpi.id, "definition": kpi.version})
    return {tuple(row[name] for name in reading.per) for row in rows if any(row[name] for name in reading.per)}


def _reading(
    kpi: Kpi, at: datetime, every: timedelta, labels: Mapping[str, str], value: float, through: datetime
) -> Row:
    handoff = " → ".join(text for name, text in labels.items() if name not in _OWN_COLUMNS)
    return {
        "kpi": kpi.id,
        "definition": kpi.version,
        "day": at.date(),
        "object_type": _SIGNAL,
        "object_id": kpi.cases.reading.signal if kpi.cases.reading else "",
        "case_id": " ".join((format_instant(at), *labels.values())),
        "started_at": at - every,
        "ended_at": at,
        "value": value,
        **{name: labels.get(name, "") for name in _OWN_COLUMNS},
        "handoff": handoff,
        "version": version_of(through) + 1,
        "is_deleted": 0,
    }


def version_of(through: datetime) -> int:
    """Under which version a tick deletes; what it writes has one more."""
    return 2 * to_micros(through)
