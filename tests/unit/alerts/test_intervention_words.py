"""A message about an alert whose rule names an intervention says what to type; any other says nothing of it."""

import json

from alerts.messages.plain_text import plain_text
from alerts.messages.story import tell
from alerts.messages.webhook_body import webhook_body
from tests.builders import alert
from tests.unit.alerts.messages import CONSOLE, notification

QUIET = alert(annotations={"runbook": "Ask the ERP team"})
NAMED = alert(annotations={"runbook": "Ask the ERP team", "intervention": "repost_order"})
COMMAND = "milepost interventions run repost_order order/O-1001 --reason …"


def test_the_command_stands_beside_the_runbook() -> None:
    shown = plain_text(tell(notification([NAMED]), CONSOLE, 10))
    without_runbook = plain_text(tell(notification([alert(annotations={"intervention": "repost_order"})]), CONSOLE, 10))

    assert f"  What to do: Ask the ERP team; you may: {COMMAND}\n" in shown
    assert f"  What to do: you may: {COMMAND}\n" in without_runbook


def test_without_an_intervention_there_is_the_runbook_alone() -> None:
    assert "  What to do: Ask the ERP team\n" in plain_text(tell(notification([QUIET]), CONSOLE, 10))


def test_programs_get_the_name() -> None:
    bodies = [json.loads(webhook_body(notification([one]), max_alerts=0, console_url="")) for one in (NAMED, QUIET)]

    assert [body["alerts"][0]["intervention"] for body in bodies] == ["repost_order", None]


def test_an_id_from_another_system_is_no_part_of_the_command() -> None:
    hostile = alert(object="order/$(reboot)", annotations={"intervention": "repost_order"})

    assert "run repost_order 'order/$(reboot)' --reason" in plain_text(tell(notification([hostile]), CONSOLE, 10))
