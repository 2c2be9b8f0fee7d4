"""Writes contracts and routing that are about to count for the first time into the audit log.

The log itself is the memory of what was adopted last, so a start with the same files as before adds nothing.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from alerts.config import RoutingConfig
from domain.audit import PROGRAM, Act, ActKind
from domain.clock import Clock
from domain.contract import Contracts
from storage.audit import entries_of_kind, write_audit
from storage.client import Store

# Of a digest, what tells two texts apart for good.
_DIGEST_SHOWN = 16


class AdoptedConfiguration:
    """Notes what the files say before it is in force; StoreError where that cannot be written."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def note_contracts(self, contracts: Contracts) -> None:
        """Notes the contracts that are new or changed since they were noted last, and those that are gone."""
        known = self._known_contracts()
        now = {name: (version, digest) for name, version, digest in _read(contracts)}
        news = [
            {"contract": name, "version": version, "digest": digest}
            for name, (version, digest) in now.items()
            if known.get(name) != digest
        ]
        removed = sorted(known.keys() - now.keys())
        if not news and not removed:
            return
        names = [*(str(one["contract"]) for one in news), *removed]
        subject = names[0] if len(names) == 1 else f"{len(names)} contracts"
        details = {"contracts": news, "removed": removed}
        act = Act(ActKind.CONTRACT_ADOPT, PROGRAM, subject, "the contract files say so", details)
        write_audit(self._store, act, self._clock.now())

    def note_routing(self, path: Path, config: RoutingConfig) -> None:
        """Notes a routing file whose text is not that of the one that was noted last."""
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        before = _details(self._store, ActKind.ROUTING_ADOPT)
        if before and before[-1]["sha256"] == digest:
            return
        details = {"sha256": digest, "receivers": [receiver.name for receiver in config.receivers]}
        act = Act(ActKind.ROUTING_ADOPT, PROGRAM, path.name, "the routing file says so", details)
        write_audit(self._store, act, self._clock.now())

    def _known_contracts(self) -> dict[str, str]:
        """The digest of each contract as it was noted last."""
        known: dict[str, str] = {}
        for details in _details(self._store, ActKind.CONTRACT_ADOPT):
            known.update((one["contract"], one["digest"]) for one in details["contracts"])
            for name in details["removed"]:
                known.pop(name, None)
        return known


def _read(contracts: Contracts) -> Iterator[tuple[str, int | None, str]]:
    """The name, the version if it has one, and a digest of each contract."""
    for name, event in sorted(contracts.events.items()):
        yield name, event.version, _digest(event)
    for name, of_object in sorted(contracts.objects.items()):
        yield f"object {name}", of_object.version, _digest(of_object)
    for name, source in sorted(contracts.sources.items()):
        yield f"source {name}", None, _digest(source)


def _digest(contract: object) -> str:
    return hashlib.sha256(msgspec.json.encode(contract, order="deterministic")).hexdigest()[:_DIGEST_SHOWN]


def _details(store: Store, kind: ActKind) -> list[Any]:
    # An entry that was tampered with is for `audit verify` to find; the start must not end over it.
    found = []
    for entry in entries_of_kind(store, kind):
        try:
            found.append(json.loads(entry.details))
        except ValueError:
            continue
    return found
