"""Completes what a kill in the middle of an insert left half done.

An insert into `events_input` reaches its target tables one after the other. What was acknowledged is in both of them;
what was not may be in one. Its sender sends it again, but then the door knows the event and takes nothing: so the
milestones of an event that is there are written from the event, inside ClickHouse.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from domain.instants import LATEST
from storage.client import Row, Store

# A kill can only have cut short what was being inserted at the end; an hour is far more than one insert takes.
_LAST_HOUR = timedelta(hours=1)
# What one statement looks at, so that its memory does not depend on how much was lost: some 100 MB.
_OBJECTS_A_PORTION = 500_000
_GROUPS_A_PORTION = 1_000


def repair_latest(store: Store) -> None:
    """Repairs the last hour before the newest stored event: what a start has to do before anything reads."""
    newest: datetime = store.rows("last_received")[0]["received_at"]
    repair(store, newest - _LAST_HOUR)


def repair(store: Store, since: datetime, until: datetime = LATEST) -> None:
    """Writes the milestones that events received at or after `since`, and by `until`, lack.

    All events of a group commit are received at one instant; only groups whose counts differ between the tables are
    looked at closer. Doing it again, or beside a collector at work, changes no figure.
    """
    for groups in _portions(store.rows("incomplete_groups", {"since": since, "until": until})):
        store.run("complete_milestones", {"groups": groups})


def _portions(incomplete: list[Row]) -> Iterator[list[datetime]]:
    portion: list[datetime] = []
    objects = 0
    for row in incomplete:
        if portion and (objects + row["objects"] > _OBJECTS_A_PORTION or len(portion) == _GROUPS_A_PORTION):
            yield portion
            portion, objects = [], 0
        portion.append(row["received_at"])
        objects += row["objects"]
    if portion:
        yield portion
