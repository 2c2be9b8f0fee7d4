"""Completes what a kill in the middle of an insert left half done.

An insert into `events_input` reaches its target tables one after the other. What was acknowledged is in all of them;
what was not may be in some. Its sender sends it again, but then the door knows the event and takes nothing: so the
milestones and arrivals of an event that is there are written from the event.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.client import Store, encode_rows


@dataclass(frozen=True, slots=True)
class Repaired:
    """How many rows were missing and were written."""

    milestones: int
    arrivals: int


# A kill can only have cut short what was being inserted at the end; an hour is far more than one insert takes.
_LATEST = timedelta(hours=1)


def repair_latest(store: Store) -> Repaired:
    """Repairs the last hour before the newest stored event: what a start has to do before anything reads."""
    newest: datetime = store.rows("last_received")[0]["received_at"]
    return repair(store, newest - _LATEST)


def repair(store: Store, since: datetime) -> Repaired:
    """Writes the milestones and arrivals that events received at or after `since` lack.

    Doing it again, or beside a collector at work, changes no figure.
    """
    milestones = store.rows("missing_milestones", {"since": since})
    if milestones:
        store.insert("object_milestones", encode_rows(milestones))
    arrivals = store.rows("missing_arrivals", {"since": since})
    if arrivals:
        store.insert("arrivals", encode_rows(arrivals))
    return Repaired(len(milestones), len(arrivals))
