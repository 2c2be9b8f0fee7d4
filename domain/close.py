"""The month-end close of a legal entity: gates with evidence, how ready they are, and who signed it off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from domain.period import Period

# The alert on a close that was signed off and has changed since; no rule may have its name.
CLOSE_REOPENED = "CloseReopened"
# The object type of a close, whose id is the legal entity and the period.
CLOSE = "close"


class GateKind(StrEnum):
    """What a gate counts: objects on their way, alerts, or sources that are heard."""

    MILESTONE = "milestone"
    ALERTS = "alerts"
    SOURCES = "sources"


@dataclass(frozen=True, slots=True)
class Gate:
    """One thing that has to be done for a period; `version` changes with all that decides which cases it has.

    Of a milestone gate every object that reached a `from` is a case, cleared by the first `to` at or after it. Of an
    alerts gate every alert of these rules is, cleared when it is resolved. `awaits` are the event types whose silence
    leaves it undecided. A case that is open for less than `within` is in flight and blocks nothing, until the cutoff.
    """

    id: str
    title: str
    description: str
    owner: str
    weight: int
    kind: GateKind
    version: str
    object_type: str = ""
    from_types: tuple[str, ...] = ()
    to_types: tuple[str, ...] = ()
    unless_types: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    awaits: tuple[str, ...] = ()
    within: timedelta | None = None

    @property
    def keeps_cases(self) -> bool:
        """Whether its cases are kept in the store."""
        return self.kind is not GateKind.SOURCES


class CellState(StrEnum):
    """How a gate stands; the words users see. Nothing to do is neither ready nor blocked: there is no case.

    In flight: all that is open is still inside its window, and the cutoff has not come.
    """

    READY = "ready"
    BLOCKED = "blocked"
    IN_FLIGHT = "in_flight"
    UNKNOWN = "unknown"
    NOTHING_TO_DO = "nothing_to_do"


@dataclass(frozen=True, slots=True)
class GateMoney:
    """Amounts of a gate's cases in one currency, None where none was stated; `unknown` cases state no amount.

    A sum is None where there are cases and none of them states an amount, or where it is too large to be exact.
    """

    currency: str | None
    amount: Decimal | None
    open_amount: Decimal | None
    unknown: int
    open_unknown: int
    # Of what is open, what is in flight and what is late; 0 where nothing is.
    in_flight_amount: Decimal | None = Decimal(0)
    late_amount: Decimal | None = Decimal(0)
    in_flight_unknown: int = 0

    @property
    def late_unknown(self) -> int:
        """How many late cases state no amount."""
        return self.open_unknown - self.in_flight_unknown


@dataclass(frozen=True, slots=True)
class GateForecast:
    """The share of the cases known today that is cleared at the cutoff, with its bounds; None where nobody can say.

    `ready` is the chance that all of them are, each by itself. `learnt_from` is how many cleared cases it was learnt
    from, `beyond` how many open ones have waited longer than any of those: they count as open, and in the upper bound
    as cleared. `why` says what is missing.
    """

    share: float | None
    at_least: float | None
    at_most: float | None
    learnt_from: int
    beyond: int = 0
    ready: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class GateCell:
    """How a gate stands for one legal entity and period; `why` says what leaves it unknown or blocks it."""

    gate: Gate
    state: CellState
    cases: int
    cleared: int
    money: tuple[GateMoney, ...]
    oldest_open_at: datetime | None
    digest: int
    why: str = ""
    forecast: GateForecast | None = None
    in_flight: int = 0

    @property
    def open(self) -> int:
        """How many cases are not cleared."""
        return self.cases - self.cleared

    @property
    def late(self) -> int:
        """How many cases are not cleared, and should be: they block the close."""
        return self.open - self.in_flight

    @property
    def due(self) -> int:
        """How many cases should be cleared by now: all but those in flight."""
        return self.cases - self.in_flight

    @property
    def share(self) -> float | None:
        """The share of what is due that is cleared; None where that is unknown, or nothing is due."""
        if self.state is CellState.UNKNOWN or not self.due:
            return None
        return self.cleared / self.due

    def counts(self) -> tuple[int, int, int]:
        """What a sign-off is on: cases, how many are cleared, and a digest of which and of their amounts."""
        return self.cases, self.cleared, self.digest


@dataclass(frozen=True, slots=True)
class Score:
    """The weighted share of due cases that are cleared; `value` is None where a gate is unknown, or nothing is due.

    An unknown gate counts as 0 in `at_least` and as 1 in `at_most`. `formula` is the sum with its numbers.
    """

    value: float | None
    at_least: float | None
    at_most: float | None
    formula: str


def score_of(cells: Sequence[GateCell]) -> Score:
    """The score of the gates of one legal entity and period."""
    counted = [cell for cell in cells if cell.gate.weight and (cell.due or cell.state is CellState.UNKNOWN)]
    weights = sum(cell.gate.weight for cell in counted)
    if not weights:
        waits = any(cell.in_flight for cell in cells)
        return Score(None, None, None, "nothing is due yet" if waits else "no gate has anything to do")
    known = sum(cell.gate.weight * (cell.share or 0) for cell in counted)
    unknown = sum(cell.gate.weight for cell in counted if cell.state is CellState.UNKNOWN)
    parts = " + ".join(
        f"{cell.gate.weight} × "
        + ("unknown" if cell.state is CellState.UNKNOWN else f"{cell.cleared:,}/{cell.due:,}")
        + f" {cell.gate.id}"
        for cell in counted
    )
    low, high = known / weights, (known + unknown) / weights
    return Score(low if not unknown else None, low, high, f"({parts}) / {weights}")


class SignOffKind(StrEnum):
    """What a row of the history of sign-offs tells."""

    SIGNED_OFF = "signed_off"
    REOPENED = "reopened"
    # What was open when it was signed off was cleared since; the sign-off stands.
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class SignOff:
    """One entry of a close's history: a person signed it off, what came later suspended that, or cleared what was open.

    `cells` is what each gate was then: its state, cases, cleared and digest. `changes` says what reopened it.
    `known_through` is how far the arrivals went that it rests on; `follows` the entry that was reopened.
    """

    entry_id: str
    kind: SignOffKind
    legal_entity: str
    period: str
    at: datetime
    who: str
    reason: str
    with_blockers: bool
    known_through: datetime
    score: float | None
    cells: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    changes: Sequence[Mapping[str, object]] = ()
    follows: str = ""


@dataclass(frozen=True, slots=True)
class CoursePoint:
    """The score that is expected at an instant between now and the cutoff."""

    at: datetime
    score: float


@dataclass(frozen=True, slots=True)
class EntityClose:
    """The close of one legal entity (empty: it is unknown) and period, as it stands.

    `sign_off` is the last entry of its history; `course` how the score is expected to go, empty where nobody can say.
    `fingerprint` is the same as long as no gate's cases changed.
    """

    legal_entity: str
    period: Period
    cells: tuple[GateCell, ...]
    score: Score
    fingerprint: str
    sign_off: SignOff | None = None
    forecast: GateForecast | None = None
    course: tuple[CoursePoint, ...] = ()
    # The last note on a sign-off that stands; None where nothing was cleared since.
    cleared_since: SignOff | None = None

    @property
    def late(self) -> int:
        """How many cases block it."""
        return sum(cell.late for cell in self.cells)

    @property
    def in_flight(self) -> int:
        """How many cases are open and still inside their windows."""
        return sum(cell.in_flight for cell in self.cells)

    @property
    def state(self) -> CellState:
        """Blocked where any gate is, else unknown where any is, else in flight where any is, else ready."""
        states = {cell.state for cell in self.cells}
        for state in (CellState.BLOCKED, CellState.UNKNOWN, CellState.IN_FLIGHT, CellState.READY):
            if state in states:
                return state
        return CellState.NOTHING_TO_DO

    @property
    def is_signed_off(self) -> bool:
        """Whether a sign-off stands."""
        return self.sign_off is not None and self.sign_off.kind is SignOffKind.SIGNED_OFF

    @property
    def is_suspended(self) -> bool:
        """Whether it was signed off, and what came later suspends that."""
        return self.sign_off is not None and self.sign_off.kind is SignOffKind.REOPENED
