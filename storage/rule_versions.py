"""The versions of rules in the store: each time that one was adopted, and from when on it takes cases."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from storage.client import Store, encode_rows


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version of a rule as it was adopted.

    `number` counts those of an alert name from 1; `definition` is what it judges by, as text.
    """

    alert: str
    number: int
    rule_group: str
    rule_version: str
    from_at: datetime
    definition: str
    reason: str
    recorded_at: datetime


def read_rule_versions(store: Store) -> list[StoredVersion]:
    """Every adoption, by alert name and in order."""
    return [StoredVersion(**row) for row in store.rows("rule_versions")]


def write_rule_versions(store: Store, versions: Iterable[StoredVersion]) -> None:
    """Stores adoptions; returns once they are on disk."""
    rows = [
        {
            "alert": version.alert,
            "number": version.number,
            "rule_group": version.rule_group,
            "rule_version": version.rule_version,
            "from_at": version.from_at,
            "definition": version.definition,
            "reason": version.reason,
            "recorded_at": version.recorded_at,
        }
        for version in versions
    ]
    if rows:
        store.insert("rule_versions", encode_rows(rows))
