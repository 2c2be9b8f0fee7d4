"""Which buttons stand under a Slack message, by what the message tells."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from alerts.matchers import Matcher, parse_matchers
from alerts.messages.slack_buttons import silence_matchers, slack_buttons
from alerts.messages.slack_message import slack_message
from alerts.messages.story import tell
from domain.alert import Alert, AlertState
from tests.builders import NOW, alert
from tests.unit.alerts.messages import CONSOLE, notification
from tests.vendors.server import check
from tests.vendors.slack import BLOCK

FIRING = alert()
OVER = replace(FIRING, state=AlertState.RESOLVED, resolved_at=NOW)
LABELS = {"alertname": "OrderNotPosted", "legal_entity": "DE01"}


@pytest.mark.parametrize(
    ("alerts", "labels", "shown"),
    [
        pytest.param([FIRING], LABELS, ["Acknowledge", "Useful", "Noise", "Silence 1h"], id="what fires"),
        pytest.param(
            [FIRING, OVER], LABELS, ["Acknowledge", "Useful", "Noise", "Silence 1h"], id="some of which is over"
        ),
        pytest.param([OVER], LABELS, ["Useful", "Noise"], id="what is over is judged only"),
        pytest.param([FIRING], {}, ["Acknowledge", "Useful", "Noise"], id="a group without labels cannot be silenced"),
    ],
)
def test_a_message_has_the_buttons_that_mean_something(
    alerts: Sequence[Alert], labels: Mapping[str, str], shown: Sequence[str]
) -> None:
    story = tell(notification(alerts, labels), CONSOLE, 8)

    [block] = slack_buttons(story, labels)
    message = slack_message(story, [block])

    elements = block["elements"]
    assert isinstance(elements, list)
    assert [button["text"]["text"] for button in elements] == shown
    assert {button["value"] for button in elements} == {story.notification_id}
    blocks = message["blocks"]
    assert isinstance(blocks, list)
    for one in blocks:
        check(BLOCK, one)


def test_a_long_group_fits_the_question_whether_to_silence_it() -> None:
    labels = {f"label_{number}": 'a "quoted" value ' * 5 for number in range(20)}
    [block] = slack_buttons(tell(notification([FIRING], labels), CONSOLE, 8), labels)

    check(BLOCK, block)


def test_a_silence_is_about_the_labels_of_the_group() -> None:
    odd = {"alertname": "Größe", "object_id": 'a "b" \\ {c}'}

    read = [matcher for text in silence_matchers(odd) for matcher in parse_matchers(text)]

    assert read == [Matcher(name, "=", value) for name, value in sorted(odd.items())]
    assert silence_matchers({}) == []
