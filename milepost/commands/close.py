"""`milepost close`: how ready each legal entity is to close a period, what blocks it, and signing it off."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from domain.clock import SystemClock
from milepost.answers.close import CasesWish, SignOffRequest
from milepost.answers.from_store import open_answers
from milepost.commands.options import LimitOption, Output, OutputOption, user_name
from milepost.output import echo, print_json, print_table
from milepost.settings import load_settings
from storage.close_cases import CasesWhich

close_app = typer.Typer(no_args_is_help=True, help="See how ready the books are to be closed, and sign them off.")
Row = Mapping[str, Any]
_COLUMNS = ("gate", "state", "cleared of due", "open", "in flight", "open money", "oldest", "at cutoff", "owner")
_GATE_COLUMNS = ("gate", "title", "weight", "kind", "counts", "cleared by", "unless", "owner")
_BLOCKER_COLUMNS = ("gate", "object", "legal_entity", "amount", "currency", "stuck_at", "stuck_since", "owner")
_HISTORY_COLUMNS = ("at", "legal_entity", "period", "kind", "who", "score", "blockers", "reason")
PeriodOption = Annotated[
    str, typer.Option("--period", help="The period, such as 2026-11; the one whose cutoff comes next by default.")
]
EntitiesOption = Annotated[list[str] | None, typer.Option("--legal-entity", help="Only this one; several for several.")]
EntityOption = Annotated[str | None, typer.Option("--legal-entity", help="Only this one.")]


@close_app.command("show")
def close_show(
    period: PeriodOption = "", legal_entity: EntitiesOption = None, output: OutputOption = Output.TABLE
) -> None:
    """Show the score of every legal entity with its formula, and its gates with what is open."""
    settings = load_settings()
    with open_answers(settings, SystemClock()) as answers:
        rows = answers.close_readiness(settings, period, legal_entity or [])
    if output is Output.JSON:
        print_json(rows)
        return
    if not rows:
        echo("no gate has any case in this period")
    for row in rows:
        _print_entity(row)


@close_app.command("gates")
def close_gates(output: OutputOption = Output.TABLE) -> None:
    """Show what has to be done before a period is closed, and who answers for it."""
    settings = load_settings()
    with open_answers(settings, SystemClock()) as answers:
        rows = answers.close_gates(settings)
    if output is Output.JSON:
        print_json(rows)
    else:
        print_table([_gate_cells(row) for row in rows], _GATE_COLUMNS, "no gates are defined")


@close_app.command("blockers")
def close_blockers(
    period: PeriodOption = "",
    legal_entity: EntityOption = None,
    gate: Annotated[str, typer.Option("--gate", help="Only this gate.")] = "",
    in_flight: Annotated[
        bool, typer.Option("--in-flight", help="The open cases that are not late yet, instead.")
    ] = False,
    cleared: Annotated[bool, typer.Option("--cleared", help="The cases that are cleared, instead.")] = False,
    limit: LimitOption = 100,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show the objects that are late, those worth most first."""
    settings = load_settings()
    which = CasesWhich.CLEARED if cleared else CasesWhich.IN_FLIGHT if in_flight else CasesWhich.LATE
    wish = CasesWish(period, legal_entity, gate, which, limit)
    with open_answers(settings, SystemClock()) as answers:
        rows = answers.close_cases(settings, wish)
    if output is Output.JSON:
        print_json(rows)
        return
    shown = [
        {
            **row,
            "object": f"{row['object_type']}/{row['object_id']}",
            "stuck_since": row["stuck_since"] or f"cleared {row['cleared_at']}",
        }
        for row in rows
    ]
    print_table(shown, _BLOCKER_COLUMNS, "no such case in this period")


@close_app.command("sign-off")
def close_sign_off(
    legal_entity: Annotated[str, typer.Argument(help="Whose close.")],
    reason: Annotated[str, typer.Option("--reason", help="On what it rests; it stands in the audit log.")],
    period: PeriodOption = "",
    by: Annotated[str, typer.Option("--by", help="Who signs; the machine's name of you by default.")] = "",
    with_blockers: Annotated[
        bool,
        typer.Option("--with-blockers", help="Although gates are blocked, in flight or unknown; recorded as such."),
    ] = False,
) -> None:
    """Sign off a close as it stands; what changes it later suspends that."""
    settings = load_settings()
    request = SignOffRequest(legal_entity, period, by or user_name(), reason, with_blockers)
    with open_answers(settings, SystemClock()) as answers:
        row = answers.sign_off_close(settings, request)
    signed = row["sign_off"]
    blockers = f", with {row['open']:,} open" if signed["with_blockers"] else ""
    echo(f"{row['legal_entity']} {row['period']} is signed off by {signed['who']} at {signed['at']}{blockers}")


@close_app.command("history")
def close_history(
    legal_entity: EntityOption = None,
    period: Annotated[str, typer.Option("--period", help="Only this period.")] = "",
    limit: LimitOption = 100,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show who signed off what, and what reopened it, the newest first."""
    settings = load_settings()
    with open_answers(settings, SystemClock()) as answers:
        rows = answers.close_history(settings, legal_entity or "", period, limit)
    if output is Output.JSON:
        print_json(rows)
        return
    shown = [
        {**row, "score": _percent(row["score"]), "blockers": "open" if row["with_blockers"] else "none"} for row in rows
    ]
    print_table(shown, _HISTORY_COLUMNS, "nobody has signed off anything")


def _print_entity(row: Row) -> None:
    echo(f"{row['legal_entity'] or 'unknown'} {row['period']}  {row['state'].replace('_', ' ')}, {_signed(row)}")
    echo(f"  score    {_score(row)}, target {_percent(row['target'])}, owner {row['owner']}")
    echo(f"  formula  {row['formula']}")
    echo(f"  cutoff   {row['cutoff_at']}, then {_at_cutoff(row['forecast'])}")
    print_table([_cells(gate) for gate in row["gates"]], _COLUMNS, "no gates are defined")
    for gate in row["gates"]:
        if gate["state"] == "unknown" or (gate["state"] == "blocked" and not gate["money"]):
            echo(f"  {gate['gate']}: {gate['why']}")
    echo("")


def _signed(row: Row) -> str:
    entry = row["sign_off"]
    if entry is None:
        return "not signed off"
    if entry["kind"] == "reopened":
        return f"sign-off SUSPENDED at {entry['at']}: {entry['reason']}"
    return f"signed off by {entry['who']} at {entry['at']}" + (" with open blockers" if entry["with_blockers"] else "")


def _score(row: Row) -> str:
    if row["score"] is not None:
        return _percent(row["score"])
    if row["score_at_least"] is None:
        return "unknown: nothing is due yet" if row["in_flight"] else "unknown: there is nothing to do"
    return f"unknown, {_percent(row['score_at_least'])} to {_percent(row['score_at_most'])}"


def _cells(gate: Row) -> dict[str, Any]:
    money = [
        f"{one['open_amount'] or 'unknown'} {one['currency'] or ''}".strip()
        + (f", {one['open_unknown']} unknown" if one["open_unknown"] and one["open_amount"] else "")
        for one in gate["money"]
        if one["open_unknown"] or (one["open_amount"] or "0").strip("0.")
    ]
    return {
        "gate": gate["gate"],
        "state": gate["state"].replace("_", " "),
        "cleared of due": f"{gate['cleared']:,} of {gate['cases'] - gate['in_flight']:,}" if gate["cases"] else "",
        "open": f"{gate['open']:,}" if gate["cases"] else "",
        "in flight": f"{gate['in_flight']:,}" if gate["cases"] else "",
        "open money": "; ".join(money),
        "oldest": gate["oldest_open_at"] or "",
        "at cutoff": "" if gate["forecast"] is None else _at_cutoff(gate["forecast"]),
        "owner": gate["owner"],
    }


def _at_cutoff(forecast: Row | None) -> str:
    if forecast is None:
        return "nothing to forecast"
    if forecast["at_cutoff"] is None:
        return f"unknown: {forecast['why']}"
    low, high = _percent(forecast["at_least"]), _percent(forecast["at_most"])
    ready = f", all cleared with {_percent(forecast['chance_ready'])}" if forecast["chance_ready"] != 1 else ""
    return _percent(forecast["at_cutoff"]) + (f" ({low} to {high})" if low != high else "") + ready


def _gate_cells(row: Row) -> dict[str, Any]:
    counts = ", ".join(row["from"] or row["alerts"] or ["authoritative sources"])
    cleared_by = ", ".join(row["to"]) or ("their end" if row["alerts"] else "a word of each")
    return {**row, "counts": counts, "cleared by": cleared_by, "unless": ", ".join(row["unless"])}


def _percent(share: float | None) -> str:
    """Never rounded up to all or down to nothing."""
    if share is None:
        return "unknown"
    shown = round(share * 100, 1)
    return f"{99.9 if shown == 100 and share < 1 else 0.1 if shown == 0 and share > 0 else shown:g}%"
