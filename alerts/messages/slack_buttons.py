"""The buttons under a Slack message, and what a click on each asks for.

A button carries the id of its message: what it acts on are the alerts that this message told of.
https://docs.slack.dev/reference/block-kit/blocks/actions-block and .../block-elements/button-element
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from alerts.matchers import Matcher
from alerts.messages.story import GroupStory
from alerts.messages.text_limits import fit

SILENCE_LENGTH = timedelta(hours=1)
# Of a dialogue's text.
_DIALOGUE = 300


class SlackButton(StrEnum):
    """What a button is for; the words of its action_id."""

    ACKNOWLEDGE = "milepost.acknowledge"
    USEFUL = "milepost.useful"
    NOISE = "milepost.noise"
    SILENCE = "milepost.silence"


_LABELS = {
    SlackButton.ACKNOWLEDGE: "Acknowledge",
    SlackButton.USEFUL: "Useful",
    SlackButton.NOISE: "Noise",
    SlackButton.SILENCE: "Silence 1h",
}


def slack_buttons(story: GroupStory, group_labels: Mapping[str, str]) -> list[dict[str, object]]:
    """The block of buttons under a message: what is over is judged only, and no labels are nothing to silence by."""
    shown = [SlackButton.USEFUL, SlackButton.NOISE]
    if not story.is_over:
        shown.insert(0, SlackButton.ACKNOWLEDGE)
        if silence_matchers(group_labels):
            shown.append(SlackButton.SILENCE)
    elements = [_button(one, story, group_labels) for one in shown]
    # Unlike the block of the message that it may take the place of, as Slack asks.
    return [{"type": "actions", "block_id": f"milepost.{story.notification_id}", "elements": elements}]


def silence_matchers(group_labels: Mapping[str, str]) -> list[str]:
    """What an alert must meet that is like those of a group; empty where the group has no labels."""
    return [str(Matcher(name, "=", value)) for name, value in sorted(group_labels.items())]


def _button(button: SlackButton, story: GroupStory, group_labels: Mapping[str, str]) -> dict[str, object]:
    shown: dict[str, object] = {
        "type": "button",
        "action_id": button.value,
        "text": {"type": "plain_text", "text": _LABELS[button]},
        "value": story.notification_id,
    }
    if button is SlackButton.ACKNOWLEDGE:
        shown["style"] = "primary"
    if button is SlackButton.SILENCE:
        text = f"For an hour nobody is told of alerts with {', '.join(silence_matchers(group_labels))}."
        shown["confirm"] = {
            "title": {"type": "plain_text", "text": "Silence for an hour?"},
            "text": {"type": "plain_text", "text": fit(text, _DIALOGUE)},
            "confirm": {"type": "plain_text", "text": "Silence"},
            "deny": {"type": "plain_text", "text": "Leave it"},
        }
    return shown
