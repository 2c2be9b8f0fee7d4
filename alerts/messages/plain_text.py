"""A notification as plain text: for e-mail, for descriptions, and for whoever takes nothing else."""

from collections.abc import Iterator

from alerts.messages.story import AlertStory, GroupStory


def plain_text(story: GroupStory) -> str:
    """The whole message, a paragraph for each alert shown."""
    return "\n\n".join(["\n".join(_head(story)), *("\n".join(alert_lines(one)) for one in story.alerts), *_tail(story)])


def alert_lines(alert: AlertStory) -> Iterator[str]:
    """What there is to say of one alert, a line for each question."""
    state = "resolved" if alert.is_over else alert.severity
    yield f"{alert.object}: {alert.name} ({state}), {alert.money}"
    if alert.summary:
        yield f"  {alert.summary}"
    yield f"  When: {alert.due_line}"
    if alert.why:
        yield f"  Why: {alert.why}"
    if alert.todo and not alert.is_over:
        yield f"  What to do: {alert.todo}"
    if alert.link:
        yield f"  {alert.link}"


def _head(story: GroupStory) -> Iterator[str]:
    yield story.headline
    if story.lead:
        yield f"At risk: {story.lead}."
    if story.told_because:
        yield f"Sent because: {story.told_because}."


def _tail(story: GroupStory) -> Iterator[str]:
    if story.rest:
        yield f"… {story.rest}."
    if story.console_url:
        yield f"Console: {story.console_url}"
