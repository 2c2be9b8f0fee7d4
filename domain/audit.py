"""The audit log as a chain: each entry holds the hash of the one before, so that no past one can change unseen.

An entry's hash is the SHA-256 of its canonical JSON: keys sorted, no space between, UTF-8, the instant as RFC 3339 with
its microseconds, `details` as text that is canonical JSON itself.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from domain.instants import format_instant

# What the first entry follows.
GENESIS = "0" * 64
_HEAD = re.compile(r"(0|[1-9]\d{0,18}):([0-9a-f]{64})")
_MOST_PROBLEMS = 100


class ActKind(StrEnum):
    """What somebody did."""

    ALERT_ACKNOWLEDGE = "alert.acknowledge"
    ALERT_UNACKNOWLEDGE = "alert.unacknowledge"
    ALERT_SNOOZE = "alert.snooze"
    ALERT_ESCALATE = "alert.escalate"
    ALERT_ASSIGN = "alert.assign"
    ALERT_COMMENT = "alert.comment"
    ALERT_REQUEST_REPLAY = "alert.request_replay"
    ALERT_ACCEPT = "alert.accept"
    ALERT_MARK = "alert.mark"
    INCIDENT_ACKNOWLEDGE = "incident.acknowledge"
    DEAD_LETTER_REPLAY = "dead_letter.replay"
    DEAD_LETTER_DISCARD = "dead_letter.discard"
    SILENCE_ADD = "silence.add"
    SILENCE_UPDATE = "silence.update"
    SILENCE_EXPIRE = "silence.expire"
    INTERVENTION_REQUEST = "intervention.request"
    INTERVENTION_APPROVE = "intervention.approve"
    INTERVENTION_REJECT = "intervention.reject"
    INTERVENTION_RESUME = "intervention.resume"
    INTERVENTION_CALL = "intervention.call"
    INTERVENTION_OUTCOME = "intervention.outcome"
    CLOSE_SIGN_OFF = "close.sign_off"
    CLOSE_REOPEN = "close.reopen"
    RULE_ADOPT = "rule.adopt"
    RULE_MIGRATE = "rule.migrate"
    CONTRACT_ADOPT = "contract.adopt"
    ROUTING_ADOPT = "routing.adopt"
    TOKEN_CREATE = "token.create"  # noqa: S105 - no password
    TOKEN_REVOKE = "token.revoke"  # noqa: S105 - no password
    SESSION_SIGN_IN = "session.sign_in"
    SESSION_SIGN_OUT = "session.sign_out"
    SESSION_REFUSE = "session.refuse"
    SESSION_DENY = "session.deny"
    RULE_SAVE = "rule.save"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the name that was told, and the token that was proven; empty where there is none.

    With a `role` the name was not told but signed in with.
    """

    name: str = ""
    token: str = ""
    role: str = ""

    def __str__(self) -> str:
        """Both in one text, what is proven first."""
        return f"{self.token} ({self.name})" if self.name and self.token else self.name or self.token


NOBODY = Actor()
# What the program does by itself, such as taking rules from their files.
PROGRAM = Actor("milepost")


@dataclass(frozen=True, slots=True)
class Act:
    """What is to be written down: who does what to what, and why where that is said; `details` are JSON values."""

    kind: ActKind
    by: Actor
    subject: str
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry; `number` counts from 1, `previous_hash` is the hash of the entry before."""

    number: int
    at: datetime
    who: str
    token: str
    kind: str
    subject: str
    reason: str
    details: str
    previous_hash: str
    hash: str

    @classmethod
    def after(cls, head: "Head", act: Act, at: datetime, number: int | None = None) -> Self:
        """The entry of an act that follows the head, with the next number unless another is given."""
        entry = cls(
            number=head.number + 1 if number is None else number,
            at=at,
            who=act.by.name,
            token=act.by.token,
            kind=act.kind.value,
            subject=act.subject,
            reason=act.reason,
            # Not a field of its own: the hashes of entries from before there was sign-in must stay theirs.
            details=_canonical({**act.details, "signed_in": {"role": act.by.role}} if act.by.role else act.details),
            previous_hash=head.hash,
            hash="",
        )
        return replace(entry, hash=entry.content_hash())

    def content_hash(self) -> str:
        """The hash that the content gives."""
        content = asdict(self)
        del content["hash"]
        return hashlib.sha256(_canonical({**content, "at": format_instant(self.at)}).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: kept elsewhere, it tells whether the end was cut off or the whole written anew."""

    number: int = 0
    hash: str = GENESIS

    @classmethod
    def parse(cls, text: str) -> Self:
        """A head from `number:hash`; ValueError says what is accepted."""
        match = _HEAD.fullmatch(text)
        if match is None:
            raise ValueError(f"{text[:100]!r} is no head; give NUMBER:HASH as `milepost audit verify` prints it")
        return cls(int(match[1]), match[2])

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong at a number of the chain."""

    number: int
    problem: str


class ChainCheck:
    """Reads a chain in the order of its numbers and finds where it is broken.

    An end that was cut off, or a chain that was written anew from some entry on, shows only against a head that was
    kept elsewhere.
    """

    def __init__(self, kept: Head | None = None) -> None:
        """`kept` is a head as it was told before: the chain must hold it."""
        self._kept = kept
        self.head = Head()
        # Of the number read last, and before it: several where entries were inserted.
        self._hashes, self._previous_hashes = {GENESIS}, {GENESIS}
        self.entries = 0
        self.flaws: list[Flaw] = []
        self.flaw_count = 0

    def take(self, entry: AuditEntry) -> None:
        """The next entry; of several with one number all are given."""
        self.entries += 1
        if entry.content_hash() != entry.hash:
            self._flaw(entry.number, "the entry was changed: its content does not give its hash")
        if entry.number < 1:
            self._flaw(entry.number, "there is no such number: the entry was inserted")
            return
        if entry.number == self.head.number:
            self._flaw(entry.number, "there is more than one entry of this number: one was inserted")
            self._hashes.add(entry.hash)
        else:
            self._miss(entry.number - 1)
            self._check_kept()
            self._previous_hashes, self._hashes = self._hashes, {entry.hash}
        if entry.previous_hash not in self._previous_hashes:
            self._flaw(entry.number, "the entry does not follow the one before: it holds another hash of it")
        self.head = Head(entry.number, entry.hash)

    def end(self) -> None:
        """There are no more entries."""
        self._check_kept()
        if self._kept:
            self._miss(self._kept.number)

    def _miss(self, last: int) -> None:
        """The chain goes on, or should, after a number."""
        first = self.head.number + 1
        if first <= last:
            removed = "the entry was removed" if first == last else f"the entries up to {last} were removed"
            self._flaw(first, removed)

    def _check_kept(self) -> None:
        kept = self._kept
        if kept and kept.number == self.head.number and kept.hash not in self._hashes:
            self._flaw(kept.number, "the entry is not the one whose hash was kept")

    def _flaw(self, number: int, problem: str) -> None:
        self.flaw_count += 1
        if len(self.flaws) < _MOST_PROBLEMS:
            self.flaws.append(Flaw(number, problem))


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
