"""The history of sign-offs of the close in the store: entries are added, and never changed."""

import json
from collections.abc import Sequence

from domain.close import SignOff, SignOffKind
from storage.client import Row, Store, encode_rows


def write_sign_off(store: Store, entry: SignOff) -> None:
    """Adds an entry, and returns once it is on disk; one that is there already changes nothing."""
    row = {
        "legal_entity": entry.legal_entity,
        "period": entry.period,
        "at": entry.at,
        "entry_id": entry.entry_id,
        "kind": entry.kind,
        "who": entry.who,
        "reason": entry.reason,
        "with_blockers": entry.with_blockers,
        "known_through": entry.known_through,
        "score": entry.score,
        "cells": json.dumps(entry.cells),
        "changes": json.dumps(list(entry.changes)),
        "follows": entry.follows,
    }
    store.insert("close_sign_offs", encode_rows([row]))


def last_sign_offs(store: Store) -> dict[tuple[str, str], SignOff]:
    """The last sign-off or reopening of each legal entity and period that has any."""
    found = map(_entry, store.rows("close_last_sign_offs"))
    return {(entry.legal_entity, entry.period): entry for entry in found}


def last_clearings(store: Store) -> dict[str, SignOff]:
    """By sign-off: the last note that what was open when it was given was cleared since."""
    return {entry.follows: entry for entry in map(_entry, store.rows("close_last_clearings"))}


def sign_off_history(store: Store, legal_entity: str = "", period: str = "", limit: int = 100) -> Sequence[SignOff]:
    """The entries of a legal entity and a period, or of all where they are empty, the newest first."""
    params = {"legal_entity": legal_entity, "period": period, "limit": limit}
    return [_entry(row) for row in store.rows("close_sign_offs", params)]


def _entry(row: Row) -> SignOff:
    kind = SignOffKind(row.pop("kind"))
    cells, changes = json.loads(row.pop("cells")), json.loads(row.pop("changes"))
    return SignOff(kind=kind, cells=cells, changes=changes, **row)
