"""The console's only reads of the store, each kept for a few seconds so that many readers cost as much as one."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import streamlit as st

from alerts import muting
from alerts.muting import MutedBy
from dashboard.components.filters import RANGES
from dashboard.framing import EVERYTHING, Frame
from dashboard.session import current
from domain.audit import ChainCheck, Head
from domain.business_object import BusinessObject
from domain.incident import Incident
from domain.reconcile_rule import ReconcileRule
from domain.silence import SilenceState
from rules import reconcile_exceptions
from rules.engine import ENGINE
from storage import incidents, on_call, overview, trace_view
from storage.audit import verify_audit
from storage.engine_state import read_watermark
from storage.freshness import SourceFreshness, known_through, source_freshness
from storage.fx_rates import latest_rates
from storage.on_call import AlertFile, AlertWish, AuditPage, HandledPage, SilencePage
from storage.overview import AlertPage, MoneyAtRisk, OrderFlow, RuleCount, Throughput
from storage.trace_view import EventRecord, Journey
from storage.work_list import WorkPage, WorkWish, work_page

# Pages refresh every five seconds; what they read may be this old.
FRESH = timedelta(seconds=4)
# What scans a stretch of time costs more (a second for thirty days of ten million events) and changes slowly.
STEADY = timedelta(seconds=20)
# More causes at once are no incidents but an outage; the command shows them all.
MOST_INCIDENTS = 20


def now() -> datetime:
    """The instant at which the reader looks."""
    return current().clock.now()


@st.cache_data(ttl=FRESH, show_spinner=False)
def money_at_risk(frame: Frame = EVERYTHING) -> list[MoneyAtRisk]:
    return overview.money_at_risk(current().store, frame.entities, frame.regions)


@st.cache_data(ttl=FRESH, show_spinner=False)
def alert_counts(frame: Frame = EVERYTHING) -> list[RuleCount]:
    return overview.alert_counts(current().store, frame.entities, frame.regions)


@st.cache_data(ttl=FRESH, show_spinner=False)
def open_alerts(frame: Frame, limit: int, offset: int) -> AlertPage:
    return overview.open_alerts(current().store, frame.entities, limit, offset, frame.regions)


@st.cache_data(ttl=FRESH, show_spinner=False)
def standing_alerts(wish: AlertWish, limit: int, offset: int) -> HandledPage:
    return on_call.standing_alerts(current().store, wish, limit, offset)


@st.cache_data(ttl=FRESH, show_spinner=False)
def alert_file(alert_id: str) -> AlertFile | None:
    return on_call.find_alert_file(current().store, alert_id)


@st.cache_data(ttl=FRESH, show_spinner=False)
def silences(states: tuple[SilenceState, ...], limit: int, offset: int) -> SilencePage:
    return on_call.silences_at(current().store, states, now(), limit, offset)


@st.cache_data(ttl=FRESH, show_spinner=False)
def audit_entries(kind: str, limit: int, offset: int) -> AuditPage:
    return on_call.newest_entries(current().store, kind, limit, offset)


def audit_check(kept: Head | None) -> ChainCheck:
    """The audit log, checked whole and now; kept by nobody, since it is asked for when it matters."""
    return verify_audit(current().store, kept)


def forget_alerts() -> None:
    """What was just changed is read anew, by every reader."""
    for one in (standing_alerts, alert_file, muted_alerts, open_alerts, silences, audit_entries, journey, work):
        one.clear()


@st.cache_data(ttl=FRESH, show_spinner=False)
def muted_alerts() -> dict[str, list[MutedBy]]:
    context = current()
    return muting.muted_alerts(context.store, context.routing(), now())


@st.cache_data(ttl=FRESH, show_spinner=False)
def open_incidents() -> list[Incident]:
    return incidents.list_incidents(current().store, ["open"], MOST_INCIDENTS)


@st.cache_data(ttl=STEADY, show_spinner=False)
def order_flow(range_name: str, frame: Frame) -> tuple[OrderFlow, OrderFlow]:
    return overview.order_flow(current().store, now(), RANGES[range_name].length, frame.entities, frame.regions)


@st.cache_data(ttl=STEADY, show_spinner=False)
def throughput(range_name: str, frame: Frame) -> Throughput:
    chosen, until = RANGES[range_name], now()
    since = until - chosen.length
    return overview.throughput(current().store, since, until, chosen.slice, frame.entities, frame.regions)


@st.cache_data(ttl=FRESH, show_spinner=False)
def judged_through() -> datetime | None:
    """Up to which arrival rules have been evaluated; None before the first time."""
    watermark = read_watermark(current().store, ENGINE)
    return watermark.evaluated_through if watermark else None


@st.cache_data(ttl=FRESH, show_spinner=False)
def sources() -> list[SourceFreshness]:
    context = current()
    at = known_through(context.store, ENGINE, now())
    return source_freshness(context.store, context.contracts, at)


@st.cache_data(ttl=STEADY, show_spinner=False)
def legal_entities() -> list[str]:
    return overview.legal_entities(current().store)


@st.cache_data(ttl=STEADY, show_spinner=False)
def regions() -> list[str]:
    return overview.regions(current().store)


@st.cache_data(ttl=STEADY, show_spinner=False)
def rates() -> Mapping[str, Decimal]:
    """What one unit of each currency is worth today in the one that rates are in."""
    return latest_rates(current().store, now().date(), current().pricing.rate_days)


@st.cache_data(ttl=FRESH, show_spinner=False)
def work(wish: WorkWish, limit: int, offset: int, currency: str = "") -> WorkPage:
    return work_page(current().store, wish, now(), current().pricing.into(currency), limit, offset)


@st.cache_data(ttl=STEADY, show_spinner=False)
def reconcile_rules() -> dict[str, ReconcileRule]:
    return reconcile_exceptions.reconcile_rules(current().store)


@st.cache_data(ttl=FRESH, show_spinner=False)
def events_of(one: BusinessObject) -> list[EventRecord]:
    return trace_view.events_of(current().store, one)


@st.cache_data(ttl=FRESH, show_spinner=False)
def journey(text: str) -> Journey | None:
    return trace_view.find_journey(current().store, text, current().span_names)


def reporting_currency() -> str:
    """In which currency amounts are added up, where the reader chooses no other."""
    return current().pricing.currency
