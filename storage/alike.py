"""What is read and kept to find objects that are the same in truth: their descriptions, keys and duties."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.instants import to_micros
from storage.client import Store, encode_rows


class SharedKeys(NamedTuple):
    """Two objects, in order of their ids, and the keys under which they are found together."""

    one: str
    other: str
    keys: frozenset[int]


class Held(NamedTuple):
    """An object that is found under a key from an instant on."""

    key: int
    object_id: str
    known_at: datetime


def described_objects(
    store: Store, object_type: str, event_types: Sequence[str], rule_version: str, after: datetime, through: datetime
) -> list[str]:
    """The ids of the objects that events of these types received in (after, through] name, or that are due."""
    params = {
        "object_type": object_type,
        "event_types": event_types,
        "rule_version": rule_version,
        "after": after,
        "through": through,
    }
    return [row["object_id"] for row in store.rows("described_objects", params)]


def write_keys(store: Store, rule_version: str, held: Iterable[Held]) -> None:
    """Keeps under which keys objects are found; what is known already may be written again."""
    rows = list(held)
    if rows:
        # By columns, since there are several a customer.
        keys, object_ids, known_at = zip(*rows, strict=True)
        versions = [rule_version] * len(rows)
        columns = {"rule_version": versions, "key": keys, "object_id": object_ids, "known_at": known_at}
        store.insert_columns("alike_keys", columns)


def pairs_with(
    store: Store, rule_version: str, keys: Iterable[int], object_ids: Iterable[str], through: datetime, holders: int
) -> list[SharedKeys]:
    """The pairs with one of the objects that share one of the keys; only the first `holders` of a key count."""
    params = {
        "rule_version": rule_version,
        # As text: the driver takes longer to write so many numbers than ClickHouse to find the pairs.
        "keys": f"[{','.join(map(str, sorted(keys)))}]",
        "object_ids": list(object_ids),
        "through": through,
        "holders": holders,
    }
    return [SharedKeys(row["one"], row["other"], frozenset(row["shared"])) for row in store.rows("alike_pairs", params)]


def open_alike_duties(store: Store, rule_version: str, object_ids: Iterable[str]) -> set[str]:
    """Which of the objects have an open duty."""
    params = {"rule_version": rule_version, "object_ids": list(object_ids)}
    return {row["object_id"] for row in store.rows("alike_duties_of", params)}


def write_alike_duties(
    store: Store, rule_version: str, duties: Mapping[str, datetime | None], recorded_at: datetime
) -> None:
    """Records by object id when time alone next changes something; None closes the duty."""
    rows = [
        {
            "rule_version": rule_version,
            "object_id": object_id,
            "due_at": due_at,
            "recorded_at": recorded_at,
            "version": to_micros(recorded_at),
        }
        for object_id, due_at in duties.items()
    ]
    if rows:
        store.insert("alike_duties", encode_rows(rows))
