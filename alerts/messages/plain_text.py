"""A notification as plain text: for e-mail, for descriptions, and for whoever takes nothing else."""

from collections.abc import Iterator

from alerts.messages.story import AlertStory, GroupStory
from alerts.messages.text_limits import fit, length


def plain_text(story: GroupStory, limit: int | None = None) -> str:
    """The whole message, a paragraph for each alert; with a limit, for as many as there is room for."""
    shown = list(story.alerts)
    while True:
        more = story.more + len(story.alerts) - len(shown)
        paragraphs = [_head(story), *(alert_lines(one) for one in shown), _tail(story, more)]
        text = "\n\n".join(filter(None, ("\n".join(lines) for lines in paragraphs)))
        if limit is None or length(text) <= limit or not shown:
            return text if limit is None else fit(text, limit)
        shown.pop()


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
    if story.lead and story.incident is None:
        yield f"At risk: {story.lead}."
    # The headline says what waits.
    yield from story.incident.notes if story.incident else ()
    if story.told_because:
        yield f"Sent because: {story.told_because}."


def _tail(story: GroupStory, more: int) -> Iterator[str]:
    if more:
        yield f"… and {more} more."
    if story.console_url:
        yield f"Console: {story.console_url}"
