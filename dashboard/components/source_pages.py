"""Sources as the page of their own shows them: one table, and of one source what is agreed and what breaks it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from dashboard.components.cards import instant
from dashboard.components.markup import Html, element, join
from dashboard.components.tables import Column, table
from dashboard.formatting import UNKNOWN, Reader, count_of, duration, grouped
from domain.contract import EventContract, FieldType, OnViolation
from storage.freshness import SourceFreshness
from storage.source_troubles import Trouble

SOURCE = "source"
_NONE = Html('<span class="mp-none">–</span>')


def sources_page_table(
    sources: Sequence[SourceFreshness],
    troubles: Sequence[Trouble],
    contracts: Mapping[str, Sequence[EventContract]],
    reader: Reader,
) -> Html:
    """Every source: when it last spoke, how late it is, whether it is silent, what it sends and what was refused."""
    columns = (
        Column("Source"),
        Column("State"),
        Column("Last event", "number"),
        Column("Lag p50 / p95", "number"),
        Column("Silent after", "number"),
        Column("Events", "number"),
        Column("Refused", "number"),
        Column("Flagged", "number"),
        Column("Contracts", "wide"),
    )
    of: defaultdict[str, list[Trouble]] = defaultdict(list)
    for one in troubles:
        of[one.source].append(one)
    whole = [each for each in sources if each.event_type is None]
    silent_types = {each.source for each in sources if each.event_type and each.is_silent}
    whole.sort(
        key=lambda one: (not (one.is_silent or one.source in silent_types), not one.last_received_at, one.source)
    )
    rows = [
        _row(one, one.source in silent_types, of[one.source], contracts.get(one.source, ()), reader) for one in whole
    ]
    return table(columns, rows, caption="Sources and how they do", class_="mp-stacked mp-labelled")


def _row(
    one: SourceFreshness,
    has_silent_types: bool,
    troubles: Sequence[Trouble],
    contracts: Sequence[EventContract],
    reader: Reader,
) -> tuple[str, ...]:
    link = element("a", one.source, href=f"sources?{urlencode({SOURCE: one.source})}", target="_self", class_="mp-link")
    heard = one.last_received_at
    refused = [trouble for trouble in troubles if not trouble.is_flag]
    flagged = sum(trouble.letters for trouble in troubles if trouble.is_flag)
    return (
        link,
        state_of(one, reader, has_silent_types=has_silent_types),
        join(instant(reader, heard), element("span", reader.ago(heard), class_="mp-sub")) if heard else "never",
        f"{duration(one.lag.p50)} / {duration(one.lag.p95)}" if one.lag else _NONE,
        duration(one.silent_after) if one.silent_after else element("span", "not agreed", class_="mp-quiet"),
        join(grouped(one.events), element("span", _rate(one), class_="mp-sub")),
        _refused(refused),
        element("span", grouped(flagged), class_="mp-differs") if flagged else "0",
        _contracts(contracts),
    )


def state_of(one: SourceFreshness, reader: Reader, *, has_silent_types: bool) -> Html:
    """Whether a source is heard, silent, or was never heard; as icon, word and colour."""
    if one.is_silent:
        since = f" for {duration(reader.now - one.last_received_at)}" if one.last_received_at else ""
        return _chip("suspended", f"silent{since}")
    if one.last_received_at is None:
        return element("span", "not heard yet", class_="mp-unknown")
    if has_silent_types:
        return _chip("at_risk", "an event type is silent")
    return _chip("in_time", "heard")


def _chip(tone: str, word: str) -> Html:
    icon = element("span", class_=f"mp-icon mp-icon-{tone}", aria_hidden="true")
    return element("span", icon, word, class_=f"mp-chip mp-{tone}")


def _rate(one: SourceFreshness) -> str:
    if not one.events:
        return "none in this time"
    a_minute = one.events_per_second * 60
    if one.events_per_second >= 1:
        return f"{grouped(one.events_per_second, '.3g')} a second"
    return f"{grouped(a_minute, '.3g')} a minute"


def _refused(troubles: Sequence[Trouble]) -> Html:
    letters, waiting = sum(one.letters for one in troubles), sum(one.waiting for one in troubles)
    if not letters:
        return Html("0")
    count = element("span", grouped(letters), class_="mp-differs" if waiting else None)
    return join(count, element("span", f"{grouped(waiting)} wait" if waiting else "none waits", class_="mp-sub"))


def _contracts(contracts: Sequence[EventContract]) -> Html:
    if not contracts:
        return element("span", "no contract names it", class_="mp-quiet")
    owners = ", ".join(sorted({one.owner for one in contracts if one.owner}))
    return join(count_of(len(contracts), "event type"), element("span", owners, class_="mp-sub"))


def contract_table(
    contracts: Sequence[EventContract], source: str, types: Mapping[str, SourceFreshness], reader: Reader
) -> Html:
    """What is agreed of each event type that a source's word counts for."""
    columns = (
        Column("Event type"),
        Column("Version", "number"),
        Column("Owner"),
        Column("Object"),
        Column("Must state", "wide"),
        Column("Silent after", "number"),
        Column("Last event", "number"),
        Column("If it breaks it"),
    )
    rows = [_contract_row(one, source, types.get(one.type), reader) for one in contracts]
    return table(columns, rows, caption=f"Contracts of {source}", class_="mp-stacked mp-labelled")


def _contract_row(
    one: EventContract, source: str, freshness: SourceFreshness | None, reader: Reader
) -> tuple[str, ...]:
    heard = freshness.last_received_at if freshness else None
    agreed = one.silent_after.get(source)
    is_silent = bool(freshness and freshness.is_silent)
    last = join(instant(reader, heard), element("span", reader.ago(heard), class_="mp-sub")) if heard else Html("never")
    private = ", ".join(f"{name} {way}ed" for name, way in sorted(one.personal_data.items()))
    return (
        join(element("b", one.type), element("span", private, class_="mp-sub") if private else ""),
        str(one.version),
        one.owner or UNKNOWN,
        one.object_type,
        ", ".join(f"{name}: {_type(type_)}" for name, type_ in one.required.items()) or _NONE,
        duration(agreed) if agreed else _NONE,
        join(last, element("span", "silent", class_="mp-source-silent")) if is_silent else last,
        "dead letter" if one.on_violation is OnViolation.REJECT else "stored and flagged",
    )


def _type(type_: FieldType) -> str:
    return type_ if isinstance(type_, str) else " or ".join(type_)


def troubles_table(troubles: Sequence[Trouble], reader: Reader) -> Html:
    """What breaks the contracts of a source, and what else of it could not be taken."""
    columns = (
        Column("What"),
        Column("Became of it"),
        Column("How often", "number"),
        Column("Wait", "number"),
        Column("Last", "number"),
        Column("The last one", "wide"),
    )
    rows = [
        (
            element("b", one.word.replace("_", " ")),
            "stored and flagged" if one.is_flag else "dead letter",
            grouped(one.letters),
            _NONE if one.is_flag else grouped(one.waiting),
            join(instant(reader, one.last_at), element("span", reader.ago(one.last_at), class_="mp-sub")),
            one.last_reason,
        )
        for one in troubles
    ]
    return table(columns, rows, caption="What went wrong", class_="mp-stacked mp-labelled")
