"""`milepost interventions`: safe calls to the middleware, seen before they are made and watched until they are good."""

import sys
import threading
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from alerts.interventions.runs import new_run_id
from domain.clock import SystemClock
from domain.errors import UsageError
from domain.intervention import InterventionState
from milepost.answers.from_store import open_answers
from milepost.answers.intervention_questions import HistoryWish, InterventionAnswers
from milepost.commands.options import LimitOption, Output, OutputOption, user_name
from milepost.intervention_rows import DecisionRequest, RunRequest, SelectionWish
from milepost.output import echo, print_json, print_table
from milepost.settings import load_settings

interventions_app = typer.Typer(no_args_is_help=True, help="Call the middleware about objects, safely.")
_POLL_SECONDS = 0.5
_ID_SHOWN = 16
_DEFINITION_COLUMNS = ("name", "object_type", "method", "url", "milestone", "within", "approval", "description")
_PLAN_COLUMNS = ("intervention", "object", "amount", "currency", "verdict", "reason")
_CALL_COLUMNS = ("intervention", "object", "amount", "currency", "state", "attempts", "detail")
_HISTORY_COLUMNS = ("requested_at", "run", "intervention", "object", "state", "requested_by", "decided_by", "detail")
_VERSION_COLUMNS = ("updated_at", "state", "attempts", "detail")
# What nobody has to look at again.
_FINE = frozenset(
    state.value for state in (InterventionState.TAKEN, InterventionState.SUCCEEDED, InterventionState.NO_OP)
)
NameArgument = Annotated[
    str | None, typer.Argument(help="The intervention; by default the one that the alerts' rule names.")
]
ObjectsArgument = Annotated[list[str] | None, typer.Argument(help="Objects as type/id.", metavar="OBJECT…")]
AlertOption = Annotated[
    list[str] | None, typer.Option("--alert", help="The object of this alert, by its id; several times for several.")
]
RuleOption = Annotated[str, typer.Option("--rule", help="The objects of all alerts of this rule that are open.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; the audit log keeps it.")]
ByOption = Annotated[str, typer.Option("--by", help="Who does it; the machine's user by default.")]
RunArgument = Annotated[str, typer.Argument(help="The run's id, or enough of its beginning.", metavar="RUN")]


@interventions_app.command("list")
def interventions_list(output: OutputOption = Output.TABLE) -> None:
    """Show the interventions that are configured."""
    settings = load_settings()
    with open_answers(settings, SystemClock()) as answers:
        rows = answers.interventions(settings).definitions()
    if output is Output.JSON:
        print_json(rows)
    else:
        shown = [{**row, "approval": row["approval"] or "none"} for row in rows]
        print_table(shown, _DEFINITION_COLUMNS, "no interventions are defined")


@interventions_app.command("show")
def interventions_show(run: RunArgument, output: OutputOption = Output.TABLE) -> None:
    """Show a run and how far each of its calls got."""
    settings = load_settings()
    with open_answers(settings, SystemClock()) as answers:
        row = answers.interventions(settings).shown_run(run)
    if output is Output.JSON:
        print_json(row)
    else:
        _print_run(row)


@interventions_app.command("preflight")
def interventions_preflight(
    name: NameArgument = None,
    objects: ObjectsArgument = None,
    alert: AlertOption = None,
    rule: RuleOption = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Say what each call would come to now: will apply, not needed, or in conflict; exit code 1 if none will apply."""
    plan = _plan(SelectionWish(name or "", objects or [], alert or [], rule))
    if output is Output.JSON:
        print_json(plan)
    else:
        _print_plan(plan)
    _require_work(plan)


@interventions_app.command("run")
def interventions_run(
    reason: ReasonOption,
    name: NameArgument = None,
    objects: ObjectsArgument = None,
    alert: AlertOption = None,
    rule: RuleOption = "",
    by: ByOption = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the requests; nothing is sent.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask after showing the plan.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show the plan, then make the calls in the order of dependency; exit code 1 where one did not get through."""
    selection = SelectionWish(name or "", objects or [], alert or [], rule)
    settings = load_settings()
    with open_answers(settings, SystemClock()) as all_answers:
        answers = all_answers.interventions(settings)
        plan = answers.plan(selection)
        if dry_run:
            print_json([{"object": _object(call), "request": call["request"]} for call in plan["calls"]])
            return
        if output is Output.TABLE:
            _print_plan(plan)
        _require_work(plan)
        _ask(yes)
        wish = RunRequest(
            name=selection.name,
            objects=selection.objects,
            alerts=selection.alerts,
            rule=selection.rule,
            reason=reason,
            by=by or user_name(),
            run_id=new_run_id(),
        )
        if output is Output.TABLE:
            echo(f"run {wish.run_id}")
        row = _followed(answers, answers.run(wish))
    _tell(row, output)


@interventions_app.command("approve")
def interventions_approve(
    run: RunArgument, reason: ReasonOption, by: ByOption = "", output: OutputOption = Output.TABLE
) -> None:
    """Approve a run that somebody else requested; its calls are looked at again and made."""
    _decide(run, "approve", reason, by, output)


@interventions_app.command("reject")
def interventions_reject(
    run: RunArgument, reason: ReasonOption, by: ByOption = "", output: OutputOption = Output.TABLE
) -> None:
    """Say that a run that waits for approval is not to be called."""
    _decide(run, "reject", reason, by, output)


@interventions_app.command("resume")
def interventions_resume(
    run: RunArgument, reason: ReasonOption, by: ByOption = "", output: OutputOption = Output.TABLE
) -> None:
    """Make the calls of a run that stopped: what is unknown again under its own key, then what was not tried."""
    _decide(run, "resume", reason, by, output)


@interventions_app.command("history")
def interventions_history(
    intervention_id: Annotated[
        str | None, typer.Argument(help="One call, by its id or enough of the beginning; all that became of it.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="Only calls of this intervention.")] = "",
    business_object: Annotated[str, typer.Option("--object", help="Only calls about this object, as type/id.")] = "",
    run: Annotated[str, typer.Option("--run", help="Only calls of this run.")] = "",
    state: Annotated[
        list[str] | None, typer.Option("--state", help="Only calls in this state; several times for several.")
    ] = None,
    limit: LimitOption = 100,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show calls as they stand, the newest first, or all that became of one."""
    settings = load_settings()
    with open_answers(settings, SystemClock()) as all_answers:
        answers = all_answers.interventions(settings)
        if intervention_id is not None:
            rows = answers.versions(intervention_id)
        else:
            rows = answers.history(HistoryWish(name, business_object, run, state or [], limit))
    columns = _HISTORY_COLUMNS if intervention_id is None else _VERSION_COLUMNS
    if output is Output.JSON:
        print_json(rows)
    else:
        print_table([_shown(row) for row in rows], columns, "no calls were requested")


def _plan(selection: SelectionWish) -> dict[str, Any]:
    settings = load_settings()
    with open_answers(settings, SystemClock()) as answers:
        return answers.interventions(settings).plan(selection)


def _decide(run: str, deed: str, reason: str, by: str, output: Output) -> None:
    settings = load_settings()
    with open_answers(settings, SystemClock()) as all_answers:
        answers = all_answers.interventions(settings)
        row = _followed(answers, answers.decide(run, deed, DecisionRequest(reason, by or user_name())))
    if deed == "reject":
        echo(f"rejected {row['run_id']}")
    else:
        _tell(row, output)


def _followed(answers: InterventionAnswers, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The run once nobody calls for it any more; whoever interrupts this interrupts no call of a running Milepost."""
    pause = threading.Event()
    for seen in answers.progress(row["run_id"], lambda: pause.wait(_POLL_SECONDS)):
        row = seen
    return row


def _tell(row: Mapping[str, Any], output: Output) -> None:
    if output is Output.JSON:
        print_json(row)
    else:
        _print_run(row)
    waits = InterventionState.AWAITING_APPROVAL.value
    if any(call["state"] not in (*_FINE, waits) for call in row["calls"]):
        raise typer.Exit(1)


def _ask(yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to confirm the plan; give --yes")
    if not typer.confirm("make these calls?"):
        raise typer.Exit(1)


def _require_work(plan: Mapping[str, Any]) -> None:
    if not any(call["verdict"] == "will_apply" for call in plan["calls"]):
        raise typer.Exit(1)


def _print_plan(plan: Mapping[str, Any]) -> None:
    print_table([_shown(call) for call in plan["calls"]], _PLAN_COLUMNS, "no calls")
    for total in plan["totals"]:
        if total["calls"]:
            echo(f"{total['verdict']}: {_total(total)}")
    if plan["needs_approval"]:
        echo("a second person has to approve before anything is called")


def _print_run(row: Mapping[str, Any]) -> None:
    print_table([_shown(call) for call in row["calls"]], _CALL_COLUMNS, "no calls")
    for total in row["totals"]:
        echo(f"{total['state']}: {_total(total)}")
    states = {total["state"] for total in row["totals"]}
    if InterventionState.AWAITING_APPROVAL in states:
        echo(f"waits for a second person: milepost interventions approve {row['run_id']} --reason …")
    elif not row["is_running"] and any(InterventionState(state).is_resumable for state in states):
        echo(f"stopped; milepost interventions resume {row['run_id']} --reason …")


def _total(total: Mapping[str, Any]) -> str:
    money = [f"{one['amount']} {one['currency']}" for one in total["money"]]
    unknown = [f"{total['unknown']} of unknown amount"] if total["unknown"] else []
    calls = "1 call" if total["calls"] == 1 else f"{total['calls']} calls"
    return f"{calls}, {', '.join([*money, *unknown])}"


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    blank = {name: row.get(name) or "" for name in ("detail", "decided_by", "currency")}
    return {**row, **blank, "object": _object(row), "run": row.get("run_id", "")[:_ID_SHOWN]}


def _object(row: Mapping[str, Any]) -> str:
    return f"{row['object_type']}/{row['object_id']}"
