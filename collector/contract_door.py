"""Applies the contracts to what a request brought, before anything of it is stored, dead letters included."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from collector.body import decompress
from collector.contract_checks import PersonalData, Violation, foreign_words, leaf_of, violations_of
from collector.metrics import CollectorMetrics
from collector.personal_data import MASKED, Unreadable, Way, masked_by_name, masked_text, way_of
from collector.receivers.cloudevents import Candidate, Received, Rejection
from collector.writer import EventOutcome
from domain.contract import Contracts, EventContract, OnViolation, Protection
from domain.errors import InputError
from storage.client import Store
from storage.contract_flags import ContractFlag, insert_contract_flags
from storage.events import EventRow

VIOLATION = "contract_violation"
Headers = Sequence[tuple[bytes, bytes]]
_ESCAPED = re.compile(rb"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True, slots=True)
class _Governed:
    """A contract, compiled."""

    contract: EventContract
    violations: Callable[[EventRow], Sequence[Violation]]
    foreign: Callable[[EventRow], Sequence[Violation]] | None
    personal: PersonalData | None


class ContractDoor:
    """Gives events their short names, checks them against their contracts and masks their personal data."""

    def __init__(self, contracts: Contracts, key: bytes = b"") -> None:
        """`key` is what personal data is hashed with, where any contract asks for it."""
        self._governed: dict[str, _Governed] = {}
        self._aliases = {alias: source.source for source in contracts.sources.values() for alias in source.aliases}
        self.rates = {
            source.source: source.rate_per_second for source in contracts.sources.values() if source.rate_per_second
        }
        self._ways: dict[str, Way] = {}
        self._headers: set[bytes] = set()
        for contract in contracts.events.values():
            fields = contract.personal_data
            personal = PersonalData(fields, key) if fields else None
            governed = _Governed(contract, violations_of(contract), foreign_words(contract), personal)
            self._governed |= dict.fromkeys((contract.type, *contract.aliases), governed)
            for field, protection in fields.items():
                # Of two contracts that keep a name differently, the mask keeps less.
                if protection is Protection.MASK or leaf_of(field) not in self._ways:
                    self._ways[leaf_of(field)] = way_of(protection, key)
                if field.startswith("extensions."):
                    self._headers.add(f"ce-{leaf_of(field)}".encode())

    def short_name(self, source: str) -> str:
        """What a source is called here, whatever it calls itself."""
        return self._aliases.get(source, source)

    def apply(self, received: Received, metrics: CollectorMetrics) -> None:
        """Settles what contracts say of a request's events: they change, are flagged, or become rejections."""
        for rejection in received.rejections:
            rejection.source = self.short_name(rejection.source)
            rejection.raw = self._masked_refused(rejection, received.is_binary)
        aliases, by_type = self._aliases, self._governed
        refused: set[int] = set()
        for candidate in received.candidates:
            event = candidate.event
            if event.source in aliases:
                event.source = aliases[event.source]
            governed = by_type.get(event.type)
            if governed is None:
                continue
            event.type = governed.contract.type
            found = governed.violations(event)
            foreign = governed.foreign(event) if governed.foreign else ()
            if found or foreign or governed.personal:
                refusal = _settle(received, candidate, governed, found, foreign, metrics)
                if refusal:
                    received.rejections.append(refusal)
                    refused.add(candidate.index)
        if refused:
            received.candidates = [one for one in received.candidates if one.index not in refused]

    def masked_request(self, body: bytes, headers: Headers) -> tuple[bytes, Headers]:
        """What may be kept of a request that is refused as a whole."""
        if not self._ways:
            return body, headers
        headers = self.masked_headers(headers)
        encoding = dict(headers).get(b"content-encoding", b"").decode("latin-1")
        try:
            content = decompress(body, encoding)
            kept = self._masked_untyped(content)
            if kept == content:
                return body, headers
        except InputError:
            kept = _withheld(body)
        return kept, [(name, value) for name, value in headers if name != b"content-encoding"]

    def masked_headers(self, headers: Headers) -> Headers:
        """The headers of a request as a dead letter may keep them: an extension may be personal data."""
        if not self._headers:
            return headers
        return [(name, MASKED.encode() if name in self._headers else value) for name, value in headers]

    def masked_attribute(self, name: str, value: str) -> str:
        """What may be kept of an object's attribute: masked where a contract calls a field of its name personal."""
        way = self._ways.get(name)
        return masked_text(value, way) if way else value

    def _masked_refused(self, rejection: Rejection, is_binary: bool) -> bytes:
        governed = self._governed.get(rejection.type)
        if governed and governed.personal:
            try:
                return governed.personal.masked_raw(rejection.raw, is_binary)
            except Unreadable:
                return _withheld(rejection.raw)
        return rejection.raw if rejection.type else self._masked_untyped(rejection.raw)

    def _masked_untyped(self, raw: bytes) -> bytes:
        """What may be kept of an input that names no event type: masked by name, withheld where that is no JSON."""
        if not self._may_hold_any(raw):
            return raw
        try:
            return masked_by_name(raw, self._ways)
        except Unreadable:
            return _withheld(raw)

    def _may_hold_any(self, raw: bytes) -> bool:
        """Whether an input that may be anything may hold a personal field of any contract."""
        if not self._ways:
            return False
        # Of another encoding than UTF-8 nothing can be told.
        if b"\0" in raw or not _is_utf8(raw):
            return True
        text = _ESCAPED.sub(lambda escape: chr(int(escape.group(1), 16)).encode("utf-8", "replace"), raw)
        return any(name.encode() in text for name in self._ways)


def keep_flags(
    store: Store, group: Sequence[Received], outcomes: Sequence[EventOutcome | Exception], now: datetime
) -> None:
    """Stores the flags of the events that were taken; of repeats too, in case a crash took them the first time."""
    flags: list[ContractFlag] = []
    for received, outcome in zip(group, outcomes, strict=True):
        if received.flags and isinstance(outcome, EventOutcome):
            rejected = {rejection.index for rejection in outcome.rejected}
            flags.extend(flag for index, flag in received.flags if index not in rejected)
    if flags:
        insert_contract_flags(store, flags, now)


def _settle(
    received: Received,
    candidate: Candidate,
    governed: _Governed,
    found: Sequence[Violation],
    foreign: Sequence[Violation],
    metrics: CollectorMetrics,
) -> Rejection | None:
    """Masks an event and notes what it violates; a rejection where it cannot be taken.

    What `foreign` sources state is never refused: that they do is what a rule has to tell.
    """
    event, contract = candidate.event, governed.contract
    reason = ""
    if found and contract.on_violation is OnViolation.REJECT:
        reason = f"breaks the contract {contract}: {'; '.join(violation.detail for violation in found)}"
    if governed.personal:
        try:
            governed.personal.mask(candidate, received.is_binary)
        except Unreadable:
            candidate.raw = _withheld(bytes(candidate.raw))
            reason = f"breaks the contract {contract}: its data is no JSON object, so personal data cannot be masked"
    if reason:
        metrics.contract_violations.labels(contract.type, OnViolation.REJECT).inc()
        return Rejection(
            candidate.index, event.event_id, event.source, VIOLATION, reason, bytes(candidate.raw), event.type
        )
    if found or foreign:
        metrics.contract_violations.labels(contract.type, OnViolation.FLAG).inc()
        identity = (event.source, event.event_id, event.type, contract.version)
        flags = [ContractFlag(*identity, one.flag, one.detail) for one in (*found, *foreign)]
        received.flags += [(candidate.index, flag) for flag in flags]
    return None


def _withheld(raw: bytes) -> bytes:
    return f"withheld: {len(raw)} bytes that may hold personal data, in a form in which it cannot be masked".encode()


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
