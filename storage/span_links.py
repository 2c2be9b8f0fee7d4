"""The traces whose spans name business objects or runs of the workflow in configured attributes.

Found when somebody looks: a table kept as spans arrive would cost a fifth of their ingest where every third span names
an object, an index on attributes a sixth. Looking costs a sixth of a second per million spans in the stretch looked at.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.business_object import BusinessObject
from domain.instants import EPOCH
from domain.span_names import SpanNames
from storage.client import Store

MOST_TRACES = 200
# Work on an object begins before its first event, and is retried after its last.
_AROUND = timedelta(days=1)
# How far back an object is looked for that no event names.
_RECENT = timedelta(days=30)
# Spans count nanoseconds, so the store keeps their instants up to here only; events may be of later dates.
_LATEST = datetime(2262, 1, 1, tzinfo=UTC)
Attributes = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SpanLinks:
    """The traces found, the latest first, and the objects that their spans name."""

    trace_ids: tuple[str, ...] = ()
    objects: tuple[BusinessObject, ...] = ()


def traces_of(
    store: Store,
    names: SpanNames,
    objects: Iterable[BusinessObject],
    correlation_ids: Iterable[str],
    times: Sequence[datetime],
) -> SpanLinks:
    """The traces that name any of these objects or runs around the times at which something happened to them."""
    attributes = names.of_objects(objects) + names.of_runs(correlation_ids)
    if not attributes or not times:
        return SpanLinks()
    return _find(store, names, attributes, min(times) - _AROUND, max(times) + _AROUND)


def traces_of_text(store: Store, names: SpanNames, text: str) -> SpanLinks:
    """The recent traces that name an object (`order/O-1001`), any object with an id, or a run of the workflow."""
    type_, slash, id_ = text.partition("/")
    attributes = names.of_runs([text]) + [(name, text) for name in names.objects]
    if slash and type_ and id_:
        attributes += names.of_objects([BusinessObject(type_, id_)])
    latest: datetime = store.rows("latest_span")[0]["received_at"]
    return _find(store, names, attributes, latest - _RECENT, _LATEST)


def _find(store: Store, names: SpanNames, attributes: Attributes, since: datetime, until: datetime) -> SpanLinks:
    values = sorted({value for _, value in attributes})
    since, until = (min(max(each, EPOCH), _LATEST) for each in (since, until))
    params = {"attributes": attributes, "values": values, "since": since, "until": until, "limit": MOST_TRACES}
    rows = store.rows("traces_by_attributes", params)
    objects = {BusinessObject(names.objects[row["name"]], row["value"]) for row in rows if row["name"] in names.objects}
    return SpanLinks(tuple(dict.fromkeys(row["trace_id"] for row in rows)), tuple(sorted(objects)))
