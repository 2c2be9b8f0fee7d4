"""One alert as `milepost alerts show` prints it: what is wrong, what decided it, and where it is held up."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.business_object import BusinessObject
from domain.intervention import command_for

Answer = Mapping[str, Any]
_UNKNOWN = "unknown"


def alert_page(row: Answer) -> list[str]:
    """The lines about an alert, from the row that `--output json` shows; what is not known says so."""
    facts = [*_facts(row), *_evidence(row["why"]), *_cause(row["why"]["cause"])]
    facts += (("people", _action(action)) for action in row["actions"])
    facts.append(("traces", ", ".join(row["trace_ids"]) or "none"))
    width = max(len(name) for name, _ in facts)
    head = f"{row['alert']} on {row['object_type']}/{row['object_id']}: {row['state']}, {row['severity'] or _UNKNOWN}"
    return [_printable(head), *(_printable(f"  {name.ljust(width)}  {text}") for name, text in facts)]


def _facts(row: Answer) -> Iterator[tuple[str, str]]:
    amount = row["amount"]
    yield "alert id", row["alert_id"]
    yield "amount", _UNKNOWN if amount is None else f"{amount} {row['currency'] or 'without currency'}"
    yield "run", row["correlation_id"] or _UNKNOWN
    yield "deadline", row["deadline_at"]
    if row["resolved_at"]:
        yield "resolved", row["resolved_at"]
    yield "reason", row["reason"]
    for one in row["muted_by"]:
        yield "muted by", muted_by(one)
    if row["intervention"]:
        target = BusinessObject(row["object_type"], row["object_id"])
        yield "you may", f"{command_for(row['intervention'], target)} --reason …"


def muted_by(one: Answer) -> str:
    """What mutes an alert, in words short enough for a table."""
    whom = f" for {one['receiver']}" if one["receiver"] else ""
    match one["kind"]:
        case "inhibition" | "silence":
            return f"{one['kind']} {one['id'][:16]} ({one['name']})"
        case "active_interval":
            return f"outside {one['name']}{whom}"
    return f"{one['name']}{whom}"


def _evidence(why: Answer) -> Iterator[tuple[str, str]]:
    rule = why["rule"]
    yield "rule", f"{rule['name']} of {rule['group'] or _UNKNOWN}, version {rule['version'] or _UNKNOWN}"
    if "started_by" in why:
        yield "started by", _event(why["started_by"])
    for event in why.get("events", ()):
        yield "with", _event(event)
    if "stopped_by" in why:
        forgiven = f", {why['skew']} of skew forgiven" if "skew" in why else ""
        yield "stopped by", _event(why["stopped_by"]) + forgiven
    if "awaits" in why:
        yield "waits for", ", ".join(why["awaits"])
    if "within" in why:
        calendar, override = why.get("calendar"), why.get("override")
        counted = f" of open time in {calendar['name']} ({calendar['time_zone']})" if calendar else ""
        yield "window", why["within"] + counted + (f", by the override where {override['where']}" if override else "")
    if "period" in why:
        yield "period", f"{why['period']['name']}, whose cutoff at {why['period']['cutoff_at']} is the deadline"
    if "pauses" in why:
        yield "pauses", _pauses(why["pauses"])
    if "suspended" in why:
        waits = why["suspended"]
        whom = " and ".join(waits.get("sources", ())) or "Milepost itself, which was away"
        yield "suspended by", f"{whom}, since {waits['since']}"


def _pauses(pauses: Answer) -> str:
    named = [*pauses["first"], *pauses.get("last", ())]
    stretches = [f"{one['since']} to {one.get('until', 'now')}" for one in named]
    left_out = pauses["count"] - len(named)
    if left_out:
        stretches.insert(len(pauses["first"]), f"{left_out} more")
    return f"{pauses['count']}: {', '.join(stretches)}"


def _cause(cause: Answer) -> Iterator[tuple[str, str]]:
    hop = f"{cause.get('service', '')} {cause.get('operation', '')}".strip()
    match cause["kind"]:
        case "failed_call":
            yield "cause", f"the call {hop} failed: {cause['error']}"
        case "dead_letter":
            yield "cause", f"{hop} is a dead letter: {cause['error']}"
        case _:
            spans = cause["spans"]
            seen = f"no failure among the {spans} spans of its traces" if spans else "none of its traces has a span"
            yield "cause", f"{_UNKNOWN}; {seen}"
    if "signature" in cause:
        yield "signature", cause["signature"]
    if "last_hop" in cause:
        last = cause["last_hop"]
        yield "last hop", f"{last['service']} {last['operation']} at {last['at']}{', failed' * last['has_failed']}"
    yield from _failed_calls(cause.get("failed_calls", ()))
    rest = cause.get("failures", 0) - len(cause.get("failed_calls", ()))
    if rest:
        yield "", f"and {rest} more kinds of failure"
    if "dead_letter" in cause:
        letter = cause["dead_letter"]
        yield (
            "dead letter",
            f"{letter['id']}: {letter['type']} of {letter['source'] or _UNKNOWN} at {letter['received_at']}",
        )


def _failed_calls(calls: Sequence[Answer]) -> Iterator[tuple[str, str]]:
    for place, call in enumerate(calls, start=1):
        times = "once" if call["spans"] == 1 else f"{call['spans']} times"
        notes = [f"{times}, last at {call['last_at']}"]
        notes += [] if call["is_origin"] else ["because of a call beneath it"]
        notes += ["succeeded later"] if call["has_recovered"] else []
        yield f"failed {place}", f"{call['service']} {call['operation']}: {call['error']} ({'; '.join(notes)})"


def _action(action: Answer) -> str:
    value = f" {action['value']}" if action["value"] else ""
    said = f": {action['comment']}" if action["comment"] else ""
    return f"{action['kind']}{value} by {action['by']} at {action['at']}{said}"


def _event(event: Answer) -> str:
    received = event["received_at"]
    late = "" if received == event["occurred_at"] else f", received at {received}"
    return f"{event['type']} at {event['occurred_at']} ({event['source']}, event {event['event_id']}{late})"


def _printable(text: str) -> str:
    # What systems send may hold anything; a terminal must not obey it.
    return "".join(character if character.isprintable() else "�" for character in text)
