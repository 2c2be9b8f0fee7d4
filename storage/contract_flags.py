"""Flags in the store: what of their contracts the events that were taken all the same do not keep."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from storage.client import Store, encode_rows


@dataclass(frozen=True, slots=True)
class ContractFlag:
    """One way in which an event breaks its contract's `version`: `flag` a bounded word, `detail` a sentence."""

    source: str
    event_id: str
    type: str
    version: int
    flag: str
    detail: str


def insert_contract_flags(store: Store, flags: Sequence[ContractFlag], received_at: datetime) -> None:
    """Stores flags; the same again changes nothing."""
    store.insert("contract_flags", encode_rows([{**asdict(flag), "received_at": received_at} for flag in flags]))
