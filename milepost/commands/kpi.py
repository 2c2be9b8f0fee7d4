"""`milepost kpi`: the KPIs there are, what they came to, the cases behind a figure, and what was stated day by day."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from domain.clock import SystemClock
from domain.duration import format_duration
from domain.errors import UsageError
from milepost.answers.from_store import open_answers
from milepost.commands.options import LimitOption, Output, OutputOption, duration_of, instant_of
from milepost.kpi_book import KpiWish
from milepost.output import print_json, print_table
from milepost.settings import load_settings

kpi_app = typer.Typer(no_args_is_help=True, help="See key figures, what they are made of, and how they went.")
Row = Mapping[str, Any]
_USUAL = "30d"
_DEFINITION_COLUMNS = ("kpi", "title", "unit", "statistic", "better", "target", "owner")
_FIGURE_COLUMNS = (
    "label",
    "value",
    "before",
    "target",
    "met",
    "closed",
    "p90",
    "open",
    "oldest open",
    "money",
    "open money",
    "why unknown",
)
_CASE_COLUMNS = (
    "object_type",
    "object_id",
    "started_at",
    "ended_at",
    "value",
    "amount",
    "currency",
    "legal_entity",
    "handoff",
)
_DAY_COLUMNS = ("day", "legal_entity", "value", "cases", "restated", "first_value", "stated_at")
AtOption = Annotated[str | None, typer.Option("--at", help="As of this instant (RFC 3339); now by default.")]
OverOption = Annotated[str, typer.Option("--over", help="The stretch of time that ends then, such as 7d.")]
PeriodOption = Annotated[
    str, typer.Option("--period", help="An accounting period in place of --at and --over, such as 2026-10.")
]
EntityOption = Annotated[
    str, typer.Option("--legal-entity", help="Only cases of this one, whose accounting periods are meant.")
]
OnlyOption = Annotated[
    list[str] | None, typer.Option("--only", help="Only these cases, as legal_entity=DE01; several for several.")
]


class Of(StrEnum):
    """Which cases of a KPI."""

    CLOSED = "closed"
    OPEN = "open"


@kpi_app.command("list")
def kpi_list(output: OutputOption = Output.TABLE) -> None:
    """Show every KPI, what it aims at and who answers for it."""
    with open_answers(load_settings(), SystemClock()) as answers:
        rows = answers.kpis(load_settings())
    if output is Output.JSON:
        print_json(rows)
    else:
        shown = [{**row, "target": _shown(row["unit"], row["target"], none="none")} for row in rows]
        print_table(shown, _DEFINITION_COLUMNS, "no KPIs are defined")


@kpi_app.command("show")
def kpi_show(
    kpi: Annotated[str, typer.Argument(help="The KPI's id, as `milepost kpi list` shows it.")],
    at: AtOption = None,
    over: OverOption = _USUAL,
    by: Annotated[
        str,
        typer.Option("--by", help="Told apart by legal_entity, region, currency, segment, source, handoff or rule."),
    ] = "",
    only: OnlyOption = None,
    period: PeriodOption = "",
    legal_entity: EntityOption = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what a KPI came to, beside the stretch before it and the cases that are still open."""
    settings = load_settings()
    with open_answers(settings, SystemClock()) as answers:
        rows = answers.kpi_figures(settings, kpi, _wish(at, over, by, _only(only, legal_entity), period))
    if output is Output.JSON:
        print_json(rows)
    else:
        print_table([_figure_cells(row) for row in rows], _FIGURE_COLUMNS, "no cases in this stretch of time")


@kpi_app.command("cases")
def kpi_cases(
    kpi: Annotated[str, typer.Argument(help="The KPI's id.")],
    which: Annotated[Of, typer.Option("--which", help="Those that ended in the stretch, or those open at its end.")] = (
        Of.CLOSED
    ),
    at: AtOption = None,
    over: OverOption = _USUAL,
    only: OnlyOption = None,
    period: PeriodOption = "",
    legal_entity: EntityOption = "",
    limit: LimitOption = 100,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show the cases behind a figure, the longest or largest first."""
    settings = load_settings()
    with open_answers(settings, SystemClock()) as answers:
        [definition] = [row for row in answers.kpis(settings) if row["kpi"] == kpi] or [{"unit": "count"}]
        rows = answers.kpi_cases(
            settings, kpi, _wish(at, over, "", _only(only, legal_entity), period), limit, is_open=which is Of.OPEN
        )
    if output is Output.JSON:
        print_json(rows)
    else:
        unit = "seconds" if which is Of.OPEN else definition["unit"]
        shown = [{**row, "value": _shown("count" if unit == "money" else unit, row["value"])} for row in rows]
        print_table(shown, _CASE_COLUMNS, "no cases in this stretch of time")


@kpi_app.command("days")
def kpi_days(
    kpi: Annotated[str, typer.Argument(help="The KPI's id.")],
    at: AtOption = None,
    over: OverOption = _USUAL,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what was stated of each day that is over, and which days late events changed since."""
    settings, wish = load_settings(), _wish(at, over, "", None)
    with open_answers(settings, SystemClock()) as answers:
        [definition] = [row for row in answers.kpis(settings) if row["kpi"] == kpi] or [{"unit": "count"}]
        rows = answers.kpi_days(settings, kpi, wish.since, wish.until)
    if output is Output.JSON:
        print_json(rows)
    else:
        unit = definition["unit"]
        shown = [
            {
                **row,
                "legal_entity": row["legal_entity"] or "all",
                "value": _shown(unit, row["value"]),
                "restated": "yes" if row["restated"] else "",
                "first_value": _shown(unit, row["first_value"]) if row["restated"] else "",
            }
            for row in rows
        ]
        print_table(shown, _DAY_COLUMNS, "nothing was stated of these days")


def _only(only: list[str] | None, legal_entity: str) -> list[str]:
    return [*(only or ()), *([f"legal_entity={legal_entity}"] if legal_entity else ())]


def _wish(at: str | None, over: str, by: str, only: list[str] | None, period: str = "") -> KpiWish:
    if period and (at or over != _USUAL):
        raise UsageError("a period has its own beginning and end; give either --period, or --at and --over")
    until = instant_of("--at", at) if at else SystemClock().now()
    chosen: dict[str, tuple[str, ...]] = {}
    for text in only or ():
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--only is {text!r}; give a name and a value, such as legal_entity=DE01")
        chosen[name] = (*chosen.get(name, ()), value)
    return KpiWish(until - duration_of("--over", over), until, by, chosen, period)


def _figure_cells(row: Row) -> dict[str, Any]:
    unit, closed, waiting = row["unit"], row["closed"], row["open"]
    met = {True: "yes", False: "no", None: ""}[row["met"]]
    is_time = unit == "seconds"
    return {
        "label": "all" if row["label"] is None else row["label"] or "unknown",
        "value": _shown(unit, row["value"], currency=closed["money"]["currency"]),
        "before": _shown(unit, row["before"], currency=closed["money"]["currency"]),
        "target": _shown(unit, row["target"], none="none"),
        "met": met,
        "closed": closed["cases"],
        "p90": _shown(unit, closed["p90"]) if is_time else "",
        "open": waiting["cases"] if is_time else "",
        "oldest open": _shown(unit, waiting["oldest_seconds"], none="") if is_time else "",
        "money": _money(closed["money"]),
        "open money": _money(waiting["money"]) if is_time else "",
        "why unknown": row["reason"] or "",
    }


def _money(money: Row) -> str:
    total = "unknown" if money["total"] is None else f"{money['total']} {money['currency']}"
    return total + (f", {money['unconverted']} unknown" if money["unconverted"] else "")


def _shown(unit: str, value: Any, none: str = "unknown", currency: str = "") -> str:
    if value is None:
        return none
    if unit == "seconds":
        return format_duration(timedelta(seconds=value))
    if unit == "share":
        return f"{value:.1%}"
    if unit == "money":
        return f"{value} {currency}".strip()
    return f"{value:g}"
