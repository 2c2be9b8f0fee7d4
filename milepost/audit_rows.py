"""The audit log as commands and the API show it."""

from dataclasses import asdict
from typing import Any

from domain.audit import AuditEntry, Head
from domain.errors import UsageError
from domain.instants import format_instant
from storage.audit import verify_audit
from storage.client import Store

Row = dict[str, Any]
COLUMNS = ("number", "at", "who", "token", "kind", "subject", "reason", "details", "previous_hash", "hash")


def entry_row(entry: AuditEntry) -> Row:
    """An entry as JSON shows it: every field as it is hashed, `details` as JSON in a text."""
    return {**asdict(entry), "at": format_instant(entry.at)}


def verification(store: Store, head: str | None) -> Row:
    """Whether the log is unbroken; UsageError for a head that is none."""
    try:
        kept = Head.parse(head) if head is not None else None
    except ValueError as error:
        raise UsageError(f"head: {error}") from None
    check = verify_audit(store, kept)
    return {
        "entries": check.entries,
        "head": str(check.head),
        "flaws": [asdict(flaw) for flaw in check.flaws],
        "flaws_in_all": check.flaw_count,
    }
