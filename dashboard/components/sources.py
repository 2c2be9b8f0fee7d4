"""Sources as markup: a strip that says who was heard when and who is silent, and a table of all event types."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from dashboard.components.cards import instant
from dashboard.components.markup import Html, element, join
from dashboard.components.tables import Column, table
from dashboard.formatting import UNKNOWN, Reader, count_of, duration, grouped, utc
from storage.freshness import SourceFreshness


def source_strip(sources: Sequence[SourceFreshness], reader: Reader) -> Html:
    """One dot per source with when it was last heard; those that are silent come first, those never heard last."""
    types: defaultdict[str, list[SourceFreshness]] = defaultdict(list)
    for each in sources:
        if each.event_type and each.is_silent:
            types[each.source].append(each)
    whole = [each for each in sources if each.event_type is None]
    whole.sort(key=lambda each: (not (each.is_silent or types[each.source]), not each.last_received_at, each.source))
    return element(
        "div", "Last heard", [_source(each, types[each.source], reader) for each in whole], class_="mp-sources"
    )


def _source(source: SourceFreshness, silent_types: Sequence[SourceFreshness], reader: Reader) -> Html:
    state = "silent" if source.is_silent or silent_types else "live" if source.last_received_at else "unknown"
    return element(
        "span",
        element("span", class_="mp-dot", aria_hidden="true"),
        element("b", source.source),
        f" {_heard(source, silent_types, reader)}",
        class_=f"mp-source mp-source-{state}",
        title=_details(source),
    )


def _heard(source: SourceFreshness, silent_types: Sequence[SourceFreshness], reader: Reader) -> str:
    if source.last_received_at is None:
        return "not yet"
    if source.is_silent:
        return f"silent for {duration(reader.now - source.last_received_at)}"
    heard = reader.ago(source.last_received_at)
    if not silent_types:
        return heard
    first, *more = silent_types
    if more:
        return f"{heard}, {len(silent_types)} event types silent"
    return f"{heard}, {first.event_type} silent for {_age(first, reader)}"


def _details(source: SourceFreshness) -> str:
    """What stands on hover: the last event, the lag, and what was agreed."""
    if source.last_received_at is None:
        return "a contract names this source, and no event of it was ever received"
    lines = [f"last event received {utc(source.last_received_at)}"]
    lines.append(f"{count_of(source.events, 'event')} in the last hour")
    if source.lag:
        lag = source.lag
        lines.append(
            f"received after it happened: p50 {duration(lag.p50)}, p95 {duration(lag.p95)}, p99 {duration(lag.p99)}, "
            f"longest {duration(lag.longest)}"
        )
    lines.append(_agreed(source))
    return "\n".join(lines)


def _agreed(source: SourceFreshness) -> str:
    if source.silent_after is None:
        return "no contract says when it is silent"
    return f"silent after {duration(source.silent_after)} without a word, by its contract"


def sources_table(sources: Sequence[SourceFreshness], reader: Reader) -> Html:
    """How every source and event type does that was heard, or that may not be silent for long by its contract."""
    shown = [each for each in sources if each.event_type is None or each.last_received_at or each.silent_after]
    columns = (
        Column("Source"),
        Column("Event type"),
        Column("State"),
        Column("Last heard", "number"),
        Column("Silent after", "number"),
        Column("In the last hour", "number"),
        Column("Lag p50", "number"),
        Column("p95", "number"),
        Column("p99", "number"),
        Column("Longest", "number"),
    )
    return table(columns, [_row(each, reader) for each in shown], caption="Sources by event type")


def _row(source: SourceFreshness, reader: Reader) -> tuple[str, ...]:
    lag = source.lag
    lags: tuple[timedelta | None, ...] = (lag.p50, lag.p95, lag.p99, lag.longest) if lag else (None,) * 4
    heard = source.last_received_at
    state = "silent" if source.is_silent else "heard" if heard else UNKNOWN
    return (
        element("b", source.source) if source.event_type is None else source.source,
        source.event_type or element("span", "all together", class_="mp-quiet"),
        element("span", state, class_="mp-source-silent" if source.is_silent else "mp-quiet"),
        join(instant(reader, heard), element("span", reader.ago(heard), class_="mp-sub")) if heard else "never",
        duration(source.silent_after) if source.silent_after else "not agreed",
        grouped(source.events),
        *("–" if length is None else duration(length) for length in lags),
    )


def _age(source: SourceFreshness, reader: Reader) -> str:
    return duration(reader.now - source.last_received_at if source.last_received_at else None)
