"""Dead letters as people read them: by reason, in a list, and one with its body as plain text."""

import contextlib
import json
from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlencode

from collector.replay import Fate
from dashboard.components.cards import facts_line, instant
from dashboard.components.markup import Html, element, join
from dashboard.components.tables import Column, table
from dashboard.formatting import Reader, count_of, grouped
from storage.dead_letter_attempts import AttemptOutcome
from storage.dead_letters import DeadLetter
from storage.letter_pages import LetterAttempt, LetterLine, LetterReason, WholeLetter

# More of a body is in `milepost dead-letters show`.
BODY_SHOWN = 20_000
_STATES = {"waiting": "at_risk", "replayed": "in_time", "discarded": "retracted"}
_OUTCOMES = {
    AttemptOutcome.ACCEPTED: ("in_time", "would be accepted", "accepted"),
    AttemptOutcome.DUPLICATE: ("resolved", "is stored already", "was stored already"),
    AttemptOutcome.REJECTED: ("firing", "would still be refused", "refused again"),
    AttemptOutcome.DISCARDED: ("retracted", "", "discarded"),
}
_SHOWN_REASONS = 5


def reasons_table(reasons: Sequence[LetterReason], reader: Reader) -> Html:
    """Why inputs were not taken; each line narrows the list to its letters."""
    columns = (
        Column("Reason"),
        Column("Source"),
        Column("Channel"),
        Column("Waiting", "number"),
        Column("Replayed", "number"),
        Column("Discarded", "number"),
        Column("Last came", "number"),
    )
    rows = [
        (
            _narrowing(reason),
            reason.source or element("span", "unknown", class_="mp-unknown"),
            reason.channel,
            element("b", grouped(reason.waiting)) if reason.waiting else "–",
            grouped(reason.replayed) if reason.replayed else "–",
            grouped(reason.discarded) if reason.discarded else "–",
            instant(reader, reason.last_at),
        )
        for reason in reasons
    ]
    return table(columns, rows, caption="Dead letters by reason and source")


def letter_row(letter: LetterLine, reader: Reader) -> Html:
    """A letter in one line: how it stands, why it was not taken, from where, when."""
    tried = f", tried {count_of(letter.attempts, 'time')}" if letter.attempts else ""
    return element(
        "div",
        element("div", state_chip(letter.state), class_="mp-cell-state"),
        element(
            "div",
            element("b", letter.code),
            element("span", letter.reason, class_="mp-sub mp-letter-reason"),
            class_="mp-cell-what",
        ),
        element(
            "div",
            letter.source or "unknown source",
            element("span", f"{letter.channel}, {size(letter.body_bytes)}{tried}", class_="mp-sub"),
            class_="mp-cell-entity",
        ),
        element("div", instant(reader, letter.received_at), class_="mp-cell-since mp-number"),
        class_="mp-row mp-row-letter",
    )


def letter_head(letter: WholeLetter, reader: Reader) -> Html:
    """What came, from where, when, and why it was not taken."""
    facts = [
        letter.source or "unknown source",
        letter.channel,
        letter.content_type,
        f"event {letter.event_id}" if letter.event_id else "",
        size(len(letter.body)),
        join("came ", instant(reader, letter.received_at, seconds=True)),
    ]
    return element(
        "div",
        element("h1", letter.code, state_chip(letter.state)),
        element("div", letter.reason, class_="mp-title-rule"),
        element("div", facts_line([fact for fact in facts if fact]), class_="mp-title-facts"),
        element("div", letter.dead_letter_id, class_="mp-quiet"),
        class_="mp-title mp-alert-title",
    )


def body_text(letter: WholeLetter) -> tuple[str, str]:
    """The body as text of bounded length, and a note on what it is; nothing in it is ever markup."""
    text = letter.body[: 4 * BODY_SHOWN].decode("utf-8", errors="replace")
    is_text = "\ufffd" not in text[:BODY_SHOWN]
    if not is_text:
        return letter.body[: BODY_SHOWN // 16].hex(" ", 2), f"{size(len(letter.body))} that are no text, in hexadecimal"
    if len(letter.body) <= BODY_SHOWN:
        with contextlib.suppress(ValueError, RecursionError):
            text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    note = size(len(letter.body))
    return text[:BODY_SHOWN], f"{note}, the beginning" if len(text) > BODY_SHOWN else note


def attempts_table(attempts: Sequence[LetterAttempt], reader: Reader) -> Html:
    """What was tried with a letter, in order."""
    columns = (Column("When", "number"), Column("Who"), Column("Outcome"), Column("Why", "wide"))
    rows = [
        (
            instant(reader, one.attempted_at, seconds=True),
            one.attempted_by or "nobody named",
            _outcome(AttemptOutcome(one.outcome), told=True),
            ": ".join(part for part in (one.code, one.reason) if part) or "–",
        )
        for one in attempts
    ]
    return table(columns, rows, caption="Attempts, the first first", class_="mp-stacked")


def headers_table(letter: WholeLetter) -> Html:
    """The headers that came with it."""
    rows = [(name, text[:500]) for name, text in sorted(letter.headers.items())]
    return table((Column("Header"), Column("Value", "wide")), rows, caption="Headers", class_="mp-stacked")


def foretold_panel(results: Sequence[tuple[DeadLetter, Fate]]) -> Html:
    """What a replay would do, and why some letters would be refused again."""
    outcomes = Counter(fate.outcome for _, fate in results)
    parts = [
        element("li", _outcome(outcome, told=False), f": {count_of(count, 'letter')}")
        for outcome, count in sorted(outcomes.items())
    ]
    refused = Counter(fate.reason for _, fate in results if fate.outcome is AttemptOutcome.REJECTED)
    why = [
        element("li", f"{reason} ({count})" if count > 1 else reason)
        for reason, count in refused.most_common(_SHOWN_REASONS)
    ]
    tone = "firing" if outcomes[AttemptOutcome.REJECTED] else "in_time"
    return element(
        "div",
        element("div", "What a replay would do now; nothing has been changed", class_="mp-verdict-head"),
        element("ul", parts) if parts else element("div", "No letter is meant.", class_="mp-verdict-detail"),
        [element("div", "Why some would be refused:", class_="mp-verdict-detail"), element("ul", why)] if why else [],
        class_=f"mp-verdict mp-{tone}",
        role="status",
    )


def state_chip(state: str) -> Html:
    """How a letter stands: icon, word and colour."""
    tone = _STATES.get(state, "retracted")
    icon = element("span", class_=f"mp-icon mp-icon-{tone}", aria_hidden="true")
    return element("span", icon, state, class_=f"mp-chip mp-{tone}")


def size(number: int) -> str:
    """A size in bytes as people say it."""
    return f"{grouped(number / 1024, ',.1f')} KiB" if number >= 1024 else f"{grouped(number)} bytes"


def _outcome(outcome: AttemptOutcome, *, told: bool) -> Html:
    tone, foretold, became = _OUTCOMES[outcome]
    icon = element("span", class_=f"mp-icon mp-icon-{tone}", aria_hidden="true")
    return element("span", icon, became if told else foretold, class_=f"mp-chip mp-{tone}")


def _narrowing(reason: LetterReason) -> Html:
    query = urlencode({"code": reason.code, **({"source": reason.source} if reason.source else {})})
    return element("a", reason.code, href=f"dead-letters?{query}", target="_self", class_="mp-link")
