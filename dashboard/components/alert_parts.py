"""The parts of one alert's page: its head, what people did, how it came to that, and who was told."""

from collections.abc import Sequence

from alerts.muting import MutedBy
from dashboard.components.alert_rows import who_has
from dashboard.components.cards import facts_line, instant, money, severity_word, state_chip
from dashboard.components.markup import Html, element, join
from dashboard.components.tables import Column, muted_words, table
from dashboard.components.why import action_words
from dashboard.formatting import Reader, count_of, duration
from domain.alert_action import AlertAction
from storage.alert_history import AlertChange
from storage.notifications import NotificationStatus
from storage.on_call import AlertFile, Message

_REASONS = {
    "first_notification": "first message about its group",
    "new_alerts": "new alerts in its group",
    "all_resolved": "all of its group is over",
    "some_resolved": "some of its group is over",
    "repeat_interval_elapsed": "reminder",
}


def alert_head(file: AlertFile, reader: Reader, muted: Sequence[MutedBy]) -> Html:
    """What is wrong, how much, since when, until when, who has it."""
    record = file.record
    late = reader.now - record.deadline_at
    if record.resolved_at:
        due = f"was due {reader.instant(record.deadline_at)}, over {duration(reader.now - record.resolved_at)} ago"
    elif late.total_seconds() > 0:
        due = f"{duration(late)} past its deadline"
    else:
        due = f"{duration(-late)} to its deadline"
    facts = [
        severity_word(record.severity),
        money(record.amount, record.currency),
        file.labels.get("legal_entity", ""),
        due,
        join("stuck since ", instant(reader, record.started_at)),
    ]
    heading = element(
        "h1",
        element("span", record.business_object.type, class_="mp-title-type"),
        record.business_object.id,
        state_chip(record.state),
    )
    lines = [
        element("div", record.rule, class_="mp-title-rule"),
        element("div", facts_line([fact for fact in facts if fact]), class_="mp-title-facts"),
        element("div", reader.in_words(record.reason), class_="mp-title-reason"),
        element(
            "div", element("span", "Who has it: ", class_="mp-quiet"), who_has(file.handling), class_="mp-title-who"
        ),
    ]
    lines += [element("div", muted_words(one), class_="mp-title-muted") for one in muted]
    return element("div", heading, lines, class_="mp-title mp-alert-title")


def people_list(actions: Sequence[AlertAction], reader: Reader) -> Html:
    """What people did, the latest first."""
    items = [
        element(
            "li",
            element("b", action_words(action)),
            element("span", f" by {action.acted_by}, ", class_="mp-quiet"),
            element("span", instant(reader, action.acted_at), class_="mp-quiet"),
            element("div", action.comment, class_="mp-said") if action.comment else "",
        )
        for action in reversed(actions)
    ]
    return element("ul", items, class_="mp-people")


def history_table(changes: Sequence[AlertChange], reader: Reader) -> Html:
    """Every change of the alert, the latest first."""
    columns = (
        Column("When", "number"),
        Column("State"),
        Column("Severity"),
        Column("Known", "number"),
        Column("Why", "wide"),
    )
    rows = [
        (
            instant(reader, change.alert.changed_at, seconds=True),
            state_chip(change.alert.state),
            severity_word(change.alert.severity),
            _known(change, reader),
            reader.in_words(change.alert.reason),
        )
        for change in changes
    ]
    return table(columns, rows, caption="Changes of the alert, the latest first", class_="mp-stacked")


def messages_table(messages: Sequence[Message], reader: Reader) -> Html:
    """Who was told of the alert, when, and where it failed, why."""
    columns = (Column("When", "number"), Column("To"), Column("Told"), Column("Outcome", "wide"))
    rows = [
        (
            instant(reader, message.created_at, seconds=True),
            join(element("b", message.receiver), element("span", message.integration, class_="mp-sub")),
            join(
                "that it is over" if message.is_resolved else "that it fires",
                element("span", _REASONS.get(message.reason, message.reason), class_="mp-sub"),
            ),
            _outcome(message, reader),
        )
        for message in messages
    ]
    return table(columns, rows, caption="Messages that told of the alert, the latest first", class_="mp-stacked")


def _outcome(message: Message, reader: Reader) -> Html:
    tries = f" after {count_of(message.attempts, 'try', 'tries')}" if message.attempts > 1 else ""
    match message.status:
        case NotificationStatus.DELIVERED:
            return element("span", f"delivered{tries}", class_="mp-over mp-in_time")
        case NotificationStatus.SENDING:
            return element("span", f"on its way{tries}", class_="mp-quiet")
    failed = element("b", f"failed{tries}")
    return element("div", failed, element("span", message.error, class_="mp-sub"), class_="mp-over mp-firing")


def _known(change: AlertChange, reader: Reader) -> str:
    lag = change.known_at - change.alert.changed_at
    return "at once" if lag.total_seconds() < 1 else f"{duration(lag)} later"
