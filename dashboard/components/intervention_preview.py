"""What the intervention that an alert names would do now: its pre-flight and the request, without a call."""

import json

import streamlit as st

from alerts.interventions.planning import PlannedCall, Selection
from dashboard.components.cards import notice
from dashboard.components.markup import Html, element
from dashboard.components.page import write
from dashboard.doors import doors
from dashboard.reads import now
from domain.errors import UsageError
from domain.intervention import ANNOTATION, Verdict
from storage.on_call import AlertFile

_WORDS = {
    Verdict.WILL_APPLY: ("in_time", "It would be called now"),
    Verdict.NO_OP: ("resolved", "Nothing would be done: it is done already"),
    Verdict.CONFLICT: ("firing", "It would be refused"),
}
# A request's body may be long; what is beyond is in the command's answer.
_SHOWN = 4_000


def may_be_previewed(file: AlertFile) -> bool:
    """Whether the alert names an intervention that this process knows how to plan."""
    return bool(file.record.annotations.get(ANNOTATION)) and doors().plan is not None and file.record.state.is_open


def draw_preview(file: AlertFile) -> None:
    """The dry run, and the command that makes the call."""
    plan = doors().plan
    assert plan is not None
    try:
        calls = plan(Selection(alerts=[file.record.alert_id]), now())
    except UsageError as error:
        text = str(error)
        write(notice("It cannot be tried", f"{text[:1].upper()}{text[1:]}.", tone="firing"))
        return
    for one in calls:
        write(_preview(one))
    write(
        notice(
            "Nothing was called",
            "This was a dry run. The call asks for a reason, and where it is configured so, for a second person:",
            f"milepost interventions run --alert {file.record.alert_id[:16]} --reason '…'",
        )
    )
    st.button("Try again", key="preview_again", icon=":material/refresh:", type="tertiary")


def _preview(one: PlannedCall) -> Html:
    tone, words = _WORDS[one.finding.verdict]
    request = json.dumps(one.request.row("made when it is called"), indent=2, ensure_ascii=False) if one.request else ""
    shown = [element("details", element("summary", "the request"), element("pre", request[:_SHOWN]))] if request else []
    return element(
        "div",
        element("div", f"{one.config.name} of {one.business_object}: {words}", class_="mp-verdict-head"),
        element("div", one.finding.reason, class_="mp-verdict-detail"),
        shown,
        class_=f"mp-verdict mp-{tone} mp-preview",
        role="status",
    )
