"""The audit log in the store: appended to by one writer at a time, and read in order.

Within a process a lock makes writers wait for each other, and an embedded store has one process. On a server the
number of an entry is the token by which ClickHouse takes an insert once: of writers that read the same head one is
stored, and the others see that in the log and go on from there. That holds on one server; what a replica has not yet
got is not seen.
"""

import logging
import threading
from dataclasses import asdict, dataclass
from datetime import datetime

from domain.audit import Act, ActKind, AuditEntry, ChainCheck, Head
from domain.errors import StoreError
from domain.instants import EARLIEST, LATEST
from storage.client import Store, encode_rows

log = logging.getLogger("milepost.audit")
ENTRIES_A_PAGE = 5_000
# As many numbers as the table remembers.
_MOST_TRIES = 1_000
_LAST_NUMBER = 2**64 - 1
_writing = threading.Lock()


@dataclass(frozen=True, slots=True)
class AuditPeriod:
    """Entries from `since` up to, not at, `until`."""

    since: datetime = EARLIEST
    until: datetime = LATEST


def write_audit(store: Store, act: Act, at: datetime) -> AuditEntry:
    """Appends an act, and returns once it is on disk; called before the act, so that none is without its entry.

    The log of the process tells number and hash, too: who keeps that elsewhere has heads to verify with.
    """
    with _writing:
        number = 0
        for _ in range(_MOST_TRIES):
            head = audit_head(store)
            # A number whose entry is gone is not given again: the gap is what tells of it.
            number = max(head.number, number) + 1
            entry = AuditEntry.after(head, act, at, number)
            token = {"insert_deduplication_token": str(number), "insert_deduplicate": 1, "async_insert": 0}
            store.insert("audit_log", encode_rows([asdict(entry)]), settings=token)
            if entry.hash in (row["hash"] for row in store.rows("audit_hashes", {"number": number})):
                log.info("audit %d:%s %s of %s", entry.number, entry.hash, entry.kind, entry.subject)
                return entry
        raise StoreError(f"no number up to {number} could be had for an entry of the audit log; it was tampered with")


def audit_head(store: Store) -> Head:
    """Where the log ends."""
    rows = store.rows("audit_head")
    return Head(**rows[0]) if rows else Head()


def audit_page(
    store: Store, first: int = 0, period: AuditPeriod = AuditPeriod(), limit: int = ENTRIES_A_PAGE
) -> list[AuditEntry]:
    """The entries from a number on, in order; a page ends with all that share its last number. Empty at the end."""
    if first > _LAST_NUMBER:
        return []
    params = {"first": first, "since": period.since, "until": period.until, "limit": limit}
    return [AuditEntry(**row) for row in store.rows("audit_entries", params)]


def entries_of_kind(store: Store, kind: ActKind) -> list[AuditEntry]:
    """The entries of acts of one kind, in order."""
    return [AuditEntry(**row) for row in store.rows("audit_entries_of_kind", {"kind": kind.value})]


def verify_audit(store: Store, kept: Head | None = None) -> ChainCheck:
    """The whole log, checked; against a head that was kept elsewhere, where one is given."""
    check = ChainCheck(kept)
    page = audit_page(store)
    while page:
        for entry in page:
            check.take(entry)
        page = audit_page(store, page[-1].number + 1)
    check.end()
    return check
