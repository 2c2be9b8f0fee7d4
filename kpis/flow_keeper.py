"""Keeps the counts of handoffs in line with what arrives, up to an instant that is noted before."""

from datetime import datetime

from domain.instants import EPOCH
from storage.client import Store
from storage.engine_state import Watermark, read_watermark, write_watermark
from storage.flow import flow_arrivals, keep_counts, layout

# More arrivals name so many objects that to look at all of them costs no more.
_MOST_ARRIVALS = 200_000


def keep_flow(store: Store, through: datetime) -> bool:
    """Takes in all that was received by `through`, which no event still to come may precede; whether anything was.

    A call that was cut off is repeated to the instant that it noted.
    """
    if through <= EPOCH:
        return False
    kept, begun = _mark(store, "kept"), _mark(store, "begun")
    after = kept.evaluated_through if kept else None
    if begun is not None and (after is None or begun.evaluated_through > after):
        through = begun.evaluated_through
    if after is not None and through <= after:
        return False
    _note(store, "begun", through)
    arrived = flow_arrivals(store, after or EPOCH, through)
    if arrived or after is None:
        keep_counts(store, after, through, touched=after is not None and arrived <= _MOST_ARRIVALS)
    _note(store, "kept", through)
    return arrived > 0


def flow_kept_through(store: Store) -> datetime | None:
    """The instant up to which all that was received is counted; None before the first time."""
    mark = _mark(store, "kept")
    return mark.evaluated_through if mark else None


def _mark(store: Store, what: str) -> Watermark | None:
    return read_watermark(store, f"flow {layout()} {what}")


def _note(store: Store, what: str, through: datetime) -> None:
    write_watermark(store, f"flow {layout()} {what}", Watermark(through, ""), through)
