"""Silences and entries of the audit log, as people read them."""

import json
from collections.abc import Sequence

from dashboard.components.cards import facts_line, instant
from dashboard.components.markup import Html, element, join
from dashboard.components.tables import Column, table
from dashboard.formatting import Reader, count_of, duration, grouped
from domain.audit import AuditEntry, ChainCheck
from domain.silence import Silence, SilenceState

_STATES = {SilenceState.ACTIVE: "in force", SilenceState.PENDING: "to begin", SilenceState.EXPIRED: "over"}
# Of a hash, what tells two apart at a glance.
_HASH_SHOWN = 8


def silence_row(silence: Silence, reader: Reader) -> Html:
    """What is muted, until when, by whom and why."""
    state = silence.state(reader.now)
    match state:
        case SilenceState.ACTIVE:
            when = f"{duration(silence.ends_at - reader.now)} left"
        case SilenceState.PENDING:
            when = f"begins in {duration(silence.starts_at - reader.now)}"
        case SilenceState.EXPIRED:
            when = f"ended {duration(reader.now - silence.ends_at)} ago"
    facts = [
        element("b", f"{_STATES[state]}, {when}"),
        join(instant(reader, silence.starts_at), " to ", instant(reader, silence.ends_at)),
        f"by {silence.created_by}",
    ]
    return element(
        "div",
        element("div", [element("code", matcher) for matcher in silence.matchers], class_="mp-matchers"),
        element("div", silence.comment, class_="mp-silence-why"),
        element("div", facts_line(facts), class_="mp-quiet"),
        class_=f"mp-silence mp-silence-{state}",
    )


def audit_table(entries: Sequence[AuditEntry], reader: Reader) -> Html:
    """Each entry: its number, when, who, what, on what, and why."""
    columns = (
        Column("No.", "number"),
        Column("When", "number"),
        Column("Who"),
        Column("What"),
        Column("On"),
        Column("Why", "wide"),
        Column("Hash", "id"),
    )
    rows = [
        (
            grouped(entry.number),
            instant(reader, entry.at, seconds=True),
            join(entry.who or entry.token or "nobody named", _token(entry)),
            element("b", entry.kind),
            join(_subject(entry.subject), _details(entry.details)),
            entry.reason or element("span", "–", class_="mp-none"),
            element("span", entry.hash[:_HASH_SHOWN], title=entry.hash, class_="mp-quiet"),
        )
        for entry in entries
    ]
    return table(columns, rows, caption="Entries of the audit log, the newest first", class_="mp-stacked mp-audit")


def verdict(check: ChainCheck) -> Html:
    """Whether the log is unbroken, and where it is not."""
    checked = count_of(check.entries, "entry", "entries")
    if not check.flaw_count:
        head = element("code", str(check.head), class_="mp-command")
        keep = "Keep its head elsewhere: against it, an end that is cut off shows, too."
        return _verdict("in_time", f"The log is unbroken: {checked}", keep, head)
    flaws = element("ul", [element("li", f"{grouped(flaw.number)}: {flaw.problem}") for flaw in check.flaws])
    more = check.flaw_count - len(check.flaws)
    rest = f"and {grouped(more)} more" if more else ""
    return _verdict("firing", f"The log is broken at {count_of(check.flaw_count, 'place')} of {checked}", rest, flaws)


def _verdict(tone: str, headline: str, text: str, *more: Html) -> Html:
    return element(
        "div",
        element("div", headline, class_="mp-verdict-head"),
        element("div", text, class_="mp-verdict-detail"),
        *more,
        class_=f"mp-verdict mp-{tone}",
        role="status",
    )


def _token(entry: AuditEntry) -> Html:
    return element("span", f"token {entry.token}", class_="mp-sub") if entry.token and entry.who else Html("")


def _subject(subject: str) -> Html:
    # An id is told by its beginning; the whole stands on hover.
    is_id = len(subject) == 32 and all(character in "0123456789abcdef" for character in subject)
    return element("span", subject[:16] if is_id else subject, title=subject)


def _details(details: str) -> Html:
    try:
        text = json.dumps(json.loads(details), indent=2, ensure_ascii=False)
    except ValueError:
        text = details
    if text in ("{}", ""):
        return Html("")
    return element("details", element("summary", "details"), element("pre", text))
