"""`milepost alerts ack`, `unack`, `snooze`, `escalate`, `assign`, `comment` and `mark`: what people do with alerts."""

from typing import Annotated

import typer

from domain.alert_action import ActionKind, Mark
from domain.clock import SystemClock
from domain.errors import UsageError
from milepost.alert_handling import ActionWish
from milepost.answers.from_store import open_answers
from milepost.commands.options import duration_of, user_name
from milepost.output import echo, problem
from milepost.settings import load_settings

_BEFORE_VALUE = {ActionKind.ASSIGN: "to", ActionKind.MARK: "as", ActionKind.SNOOZE: "for"}
AlertsArgument = Annotated[
    list[str], typer.Argument(help="Alerts' ids, or enough of the beginning of each.", metavar="ID…")
]
ByOption = Annotated[str, typer.Option("--by", help="Who does it; the machine's user by default.")]
CommentOption = Annotated[str, typer.Option("--comment", help="Why, or what else there is to say.")]
_DONE = {
    ActionKind.ACKNOWLEDGE: "acknowledged",
    ActionKind.UNACKNOWLEDGE: "no longer acknowledged",
    ActionKind.SNOOZE: "snoozed",
    ActionKind.ESCALATE: "escalated",
    ActionKind.ASSIGN: "assigned",
    ActionKind.COMMENT: "commented",
    ActionKind.REQUEST_REPLAY: "asked for a replay",
    ActionKind.ACCEPT: "accepted",
    ActionKind.MARK: "marked",
}


def alerts_ack(alerts: AlertsArgument, by: ByOption = "", comment: CommentOption = "") -> None:
    """Say that somebody looks after alerts: no reminders of them are sent until they end or fire anew."""
    _act(alerts, ActionWish(ActionKind.ACKNOWLEDGE, comment=comment, by=by))


def alerts_unack(alerts: AlertsArgument, by: ByOption = "", comment: CommentOption = "") -> None:
    """Take acknowledgements back."""
    _act(alerts, ActionWish(ActionKind.UNACKNOWLEDGE, comment=comment, by=by))


def alerts_snooze(
    alerts: AlertsArgument,
    for_: Annotated[str, typer.Option("--for", help="How long, such as 2h.")],
    comment: Annotated[str, typer.Option("--comment", help="Why it can wait.")],
    by: ByOption = "",
) -> None:
    """Put alerts off: as an acknowledgement that ends, after which they are told again and escalate anew."""
    duration_of("--for", for_)
    _act(alerts, ActionWish(ActionKind.SNOOZE, for_, comment, by))


def alerts_escalate(
    alerts: AlertsArgument,
    comment: Annotated[str, typer.Option("--comment", help="Why others are needed.")],
    by: ByOption = "",
) -> None:
    """Call the next step of the escalation policy now, without waiting for its time."""
    _act(alerts, ActionWish(ActionKind.ESCALATE, comment=comment, by=by))


def alerts_assign(
    alerts: AlertsArgument,
    to: Annotated[str, typer.Option("--to", help="Who is to look after them.")],
    by: ByOption = "",
    comment: CommentOption = "",
) -> None:
    """Assign alerts to somebody."""
    _act(alerts, ActionWish(ActionKind.ASSIGN, to, comment, by))


def alerts_comment(
    alerts: AlertsArgument,
    comment: Annotated[str, typer.Option("--comment", help="What there is to say.")],
    by: ByOption = "",
) -> None:
    """Write something down about alerts."""
    _act(alerts, ActionWish(ActionKind.COMMENT, comment=comment, by=by))


def alerts_request_replay(
    alerts: AlertsArgument,
    comment: Annotated[str, typer.Option("--comment", help="Why it is to be sent again.")],
    by: ByOption = "",
) -> None:
    """Ask those who may that what the objects wait for is sent again."""
    _act(alerts, ActionWish(ActionKind.REQUEST_REPLAY, comment=comment, by=by))


def alerts_accept(
    alerts: AlertsArgument,
    comment: Annotated[str, typer.Option("--comment", help="Why it may stay so.")],
    by: ByOption = "",
) -> None:
    """Accept what alerts tell of as it is, until one of the events that decided it changes or another comes."""
    _act(alerts, ActionWish(ActionKind.ACCEPT, comment=comment, by=by))


def alerts_mark(
    mark: Annotated[Mark, typer.Argument(help="What they were worth.")],
    alerts: AlertsArgument,
    by: ByOption = "",
    comment: CommentOption = "",
) -> None:
    """Say whether alerts were useful or noise; a backtest tells how precise a rule is by that."""
    _act(alerts, ActionWish(ActionKind.MARK, mark.value, comment, by))


def _act(alerts: list[str], wish: ActionWish) -> None:
    """Does it with each alert with which it can be done; exit code 2 where there is another."""
    wish.by = wish.by or user_name()
    failed = False
    with open_answers(load_settings(), SystemClock()) as answers:
        for alert_id in dict.fromkeys(alerts):
            try:
                row = answers.act_on_alert(alert_id, wish)
            except UsageError as error:
                problem(str(error))
                failed = True
                continue
            to = f" {_BEFORE_VALUE[wish.kind]} {row['value']}" if wish.kind in _BEFORE_VALUE else ""
            echo(
                f"{_DONE[wish.kind]}{to}: {row['alert']} on {row['object_type']}/{row['object_id']} ({row['alert_id']})"
            )
    if failed:
        raise typer.Exit(2)
