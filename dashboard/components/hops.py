"""Hops at a glance: a small figure each for rate, errors and latency, what waits behind, and the same as a table."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from dashboard.components.markup import Html, element, join
from dashboard.components.tables import Column, table
from dashboard.formatting import UNKNOWN, Reader, compact_money, count_of, duration, exact_money, grouped, percent
from domain.hop import Hop, HopFigures, HopKind, Outlook, Traffic, Waiting
from kpis.hop_figures import HopCourse

# From this share of failed calls on a hop is marked as failing.
_FAILING = 0.05


def hop_cards(hops: Sequence[HopFigures], courses: Mapping[Hop, HopCourse], currency: str, reader: Reader) -> Html:
    """A card a hop, the gravest first."""
    return element(
        "div", [_card(one, courses.get(one.hop), currency, reader) for one in hops], class_="mp-hops", role="list"
    )


def hops_table(hops: Sequence[HopFigures], currency: str, reader: Reader) -> Html:
    """Every figure of the cards, and those for which they have no room."""
    columns = (
        Column("Hop", "wide"),
        Column("Calls a minute", "number"),
        Column("Errors", "number"),
        Column("p50", "number"),
        Column("p95", "number"),
        Column("p99", "number"),
        Column("Backlog", "number"),
        Column("Money waiting", "number"),
        Column("By currency", "number"),
        Column("Waits since", "number"),
    )
    return table(columns, [_row(one, currency, reader) for one in hops], caption="Hops, the gravest first")


def outlook_table(outlooks: Sequence[Outlook], currency: str, reader: Reader) -> Html:
    """What would wait if the hop stayed down, legal entity by legal entity."""
    columns = (
        Column("Entity"),
        Column("Cutoff", "number"),
        Column("Waiting now", "number"),
        Column("Arrives until then", "number"),
        Column("At the cutoff", "number"),
        Column("How sure", "wide"),
    )
    rows = [
        (
            one.legal_entity or _unknown(),
            join(reader.instant(one.cutoff_at), _sub(f"{one.period}, in {duration(one.cutoff_at - reader.now)}")),
            join(_amount(one.amount, currency), _sub(count_of(one.objects, "object"))),
            _amount(one.expected.amount, currency),
            element("b", _amount(one.at_cutoff, currency)),
            _sureness(one, currency),
        )
        for one in outlooks
    ]
    return table(columns, rows, caption="If the hop stays down until the cutoff", class_="mp-cards-on-phone")


def _card(one: HopFigures, course: HopCourse | None, currency: str, reader: Reader) -> Html:
    fails = one.traffic is not None and one.traffic.error_rate >= _FAILING
    tone = "firing" if one.waiting.objects or fails else "plain"
    head = element(
        "div",
        element("h3", one.hop.name),
        element("span", _state(one), class_=f"mp-hop-state mp-{'firing' if tone == 'firing' else 'in_time'}"),
        class_="mp-hop-head",
    )
    figures = _queue_figures(one, reader) if one.hop.kind is not HopKind.CALL else _call_figures(one, course)
    return element(
        "div",
        head,
        element("div", _behind(one.waiting, currency, reader), class_="mp-hop-behind"),
        element("div", figures, class_="mp-hop-figures"),
        class_=f"mp-hop mp-hop-{tone}",
        role="listitem",
    )


def _state(one: HopFigures) -> Html:
    failing = one.traffic is not None and one.traffic.error_rate >= _FAILING
    word = "failing" if failing else "holds work up" if one.waiting.objects else "in order"
    icon = "firing" if word != "in order" else "in_time"
    return join(element("span", class_=f"mp-icon mp-icon-{icon}", aria_hidden="true"), word)


def _behind(waiting: Waiting, currency: str, reader: Reader) -> Html:
    if not waiting.objects:
        return element("span", "Nothing waits behind it", class_="mp-quiet")
    since = f", oldest {duration(reader.now - waiting.oldest_at)}" if waiting.oldest_at else ""
    unknown = f", {grouped(waiting.unconverted)} of unknown amount" if waiting.unconverted and waiting.total else ""
    return join(
        element("b", _amount(waiting.total, currency)),
        f" waits in {count_of(waiting.objects, 'object')}{unknown}{since}",
    )


def _call_figures(one: HopFigures, course: HopCourse | None) -> list[Html]:
    steps = course.steps if course else ()
    minutes = course.step / timedelta(minutes=1) if course else 1
    traffic = one.traffic
    return [
        _small(
            "Rate",
            _rate(one.rate),
            [step.calls / minutes if step else None for step in steps],
            _rate,
        ),
        _small(
            "Errors",
            percent(traffic.error_rate if traffic else None),
            [step.error_rate if step else None for step in steps],
            percent,
            bad=True,
            scale=1.0,
        ),
        _small(
            "p95",
            _seconds(traffic.p95 if traffic else None),
            [step.p95 if step else None for step in steps],
            _seconds,
        ),
        _small("Backlog", grouped(one.backlog or 0), (), str),
    ]


def _queue_figures(one: HopFigures, reader: Reader) -> list[Html]:
    queue = one.queue
    depth = UNKNOWN if one.backlog is None else grouped(one.backlog)
    oldest = duration(reader.now - queue.oldest_at) if queue and queue.oldest_at else UNKNOWN
    measured = reader.ago(queue.measured_at) if queue and queue.measured_at else "never"
    return [
        _small("Backlog", depth, (), str),
        _small("Oldest", oldest, (), str),
        _small("Parked", grouped(queue.parked) if queue else UNKNOWN, (), str),
        _small("Measured", measured, (), str),
    ]


def _small(
    label: str,
    value: str,
    steps: Sequence[float | None],
    words: Callable[[float], str],
    *,
    bad: bool = False,
    scale: float | None = None,
) -> Html:
    """A figure with its course as bars; what the bars show is said in words beside them."""
    unknown = " mp-unknown" if value == UNKNOWN else ""
    return element(
        "div",
        element("div", label, class_="mp-hop-label"),
        element("div", value, class_=f"mp-hop-value{unknown}"),
        _bars(label, steps, words, bad=bad, scale=scale),
        class_="mp-hop-figure",
    )


def _bars(
    label: str, steps: Sequence[float | None], words: Callable[[float], str], *, bad: bool, scale: float | None
) -> list[Html]:
    known = [step for step in steps if step is not None]
    if not known:
        return []
    highest = max(scale or 0.0, max(known)) or 1.0
    bars = [
        element("i", style=f"height:{0 if step is None else max(round(100 * step / highest), 2 if step else 0)}%")
        for step in steps
    ]
    last = steps[-1]
    text = (
        f"{label}: least {words(min(known))}, most {words(max(known))}, "
        f"last {words(last) if last is not None else 'no call'}"
    )
    return [element("div", bars, class_=f"mp-hop-bars{' mp-hop-bad' if bad else ''}", role="img", aria_label=text)]


def _row(one: HopFigures, currency: str, reader: Reader) -> tuple[str, ...]:
    traffic, waiting = one.traffic, one.waiting
    is_call = one.hop.kind is HopKind.CALL
    parked = f"{count_of(one.queue.parked, 'message')} parked" if one.queue and one.queue.parked else ""
    by_currency = [exact_money(amount, name) for name, amount in waiting.by_currency.items()]
    if waiting.unknown:
        by_currency.append(f"{grouped(waiting.unknown)} of unknown amount")
    return (
        join(element("b", one.hop.name), _sub(f"{count_of(traffic.calls, 'call')}") if traffic else ""),
        _rate(one.rate) if is_call else "–",
        percent(traffic.error_rate if traffic else None) if is_call else "–",
        *(_latency(traffic, name) if is_call else "–" for name in ("p50", "p95", "p99")),
        join(UNKNOWN if one.backlog is None else grouped(one.backlog), _sub(parked) if parked else ""),
        join(_amount(waiting.total, currency), _sub(count_of(waiting.objects, "object"))) if waiting.objects else "–",
        join(*(element("span", text, class_="mp-sub") for text in by_currency)) if by_currency else "–",
        reader.instant(waiting.oldest_at) if waiting.oldest_at else "–",
    )


def _latency(traffic: Traffic | None, name: str) -> str:
    return _seconds(getattr(traffic, name) if traffic else None)


def _sureness(one: Outlook, currency: str) -> Html:
    expected = one.expected
    if not expected.weeks:
        return join(_unknown(), _sub("no week before is known to compare with"))
    spread = f"{compact_money(expected.least, currency)} to {compact_money(expected.most, currency)}"
    return join(one.confidence, _sub(f"{spread} in the {count_of(expected.weeks, 'stretch', 'stretches')} before"))


def _rate(value: float | None) -> str:
    return UNKNOWN if value is None else f"{grouped(value, '.3g')}/min"


def _seconds(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return f"{grouped(value * 1000, '.3g')} ms" if value < 1 else f"{grouped(value, '.3g')} s"


def _amount(amount: Decimal | None, currency: str) -> Html:
    class_ = "mp-unknown" if amount is None else None
    return element("span", compact_money(amount, currency), title=exact_money(amount, currency), class_=class_)


def _unknown() -> Html:
    return element("span", UNKNOWN, class_="mp-unknown")


def _sub(text: str) -> Html:
    return element("span", text, class_="mp-sub")
