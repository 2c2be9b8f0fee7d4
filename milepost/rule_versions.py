"""Which versions of the rules judge which cases, for people; and letting the newest take cases that run."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from domain.audit import NOBODY, Act, ActKind, Actor
from domain.instants import EARLIEST, format_instant, parse_storable_instant
from rules.versions import effective, migrate
from storage.alerts import count_open_alerts_by_version
from storage.audit import write_audit
from storage.client import Store
from storage.rule_versions import StoredVersion, read_rule_versions, write_rule_versions

Row = dict[str, Any]


class MigrateRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The rules whose newest versions are to take the cases that started at `since` or later; None: all."""

    alerts: list[str]
    since: str | None = None
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class MigrationWish:
    """As asked: of these rules the cases that started at `since` or later."""

    alerts: Sequence[str]
    since: datetime = EARLIEST
    reason: str = ""
    by: Actor = NOBODY


def wish_of(asked: MigrateRequest, by: Actor) -> MigrationWish:
    """What is asked; ValueError for what is no instant."""
    since = EARLIEST if asked.since is None else parse_storable_instant(asked.since)
    return MigrationWish(asked.alerts, since, asked.reason, by)


def version_rows(store: Store, alert: str | None) -> list[Row]:
    """The versions that have cases, by alert name, the oldest first; of one alert, where it is given."""
    open_alerts = count_open_alerts_by_version(store)
    return [
        row
        for name, versions in sorted(effective(read_rule_versions(store)).items())
        if alert is None or name == alert
        for row in _rows(versions, open_alerts)
    ]


def take_running_cases(store: Store, wish: MigrationWish, now: datetime) -> list[Row]:
    """What is changed: the rules whose newest versions take more cases from the next tick on.

    Those that start after now are the newest's already. UsageError for a name that no rule has.
    """
    moved = migrate(read_rule_versions(store), wish.alerts, min(wish.since, now), wish.reason, now)
    rows = [{"alert": row.alert, "rule_version": row.rule_version, "from": _begins(row)} for row in moved]
    if rows:
        subject = ", ".join(row.alert for row in moved)
        write_audit(store, Act(ActKind.RULE_MIGRATE, wish.by, subject, wish.reason, {"versions": rows}), now)
    write_rule_versions(store, moved)
    return rows


def _rows(versions: Sequence[StoredVersion], open_alerts: Mapping[tuple[str, str], int]) -> list[Row]:
    ends = [*(_begins(version) for version in versions[1:]), None]
    # Of a text that was gone back to, each tenure has a row; its alerts stand in the last of them.
    last = Counter(version.rule_version for version in versions)
    rows: list[Row] = []
    for version, until in zip(versions, ends, strict=True):
        last[version.rule_version] -= 1
        count = open_alerts.get((version.alert, version.rule_version), 0) if not last[version.rule_version] else 0
        rows.append(
            {
                "alert": version.alert,
                "rule_group": version.rule_group,
                "rule_version": version.rule_version,
                "from": _begins(version),
                "until": until,
                "open_alerts": count,
                "adopted_at": format_instant(version.recorded_at),
                "reason": version.reason or None,
            }
        )
    return rows


def _begins(version: StoredVersion) -> str | None:
    return None if version.from_at == EARLIEST else format_instant(version.from_at)
