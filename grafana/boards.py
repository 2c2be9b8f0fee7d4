"""The boards: what each reader sees, in the order in which they ask."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders.dashboard import (
    ConstantVariable,
    Dashboard,
    QueryVariable,
    Row,
)
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, VariableRefresh

from domain.kpi import Unit
from grafana.panels import (
    HALF,
    TRACE,
    WHOLE,
    board_link,
    course,
    figure,
    metric,
    metric_course,
    table,
)
from grafana.sources import CLICKHOUSE, statement
from kpis.catalog import SHIPPED, load_kpis

CONSOLE = "http://127.0.0.1:8501"
TITLES = {
    "milepost-executive": "Executive",
    "milepost-revenue-flow": "Revenue flow",
    "milepost-handoffs": "Handoffs and SLAs",
    "milepost-integrations": "Integrations",
    "milepost-close": "Month-end close",
    "milepost-itself": "Milepost itself",
}
_SECONDS = "s"


def boards() -> Sequence[Dashboard]:
    """All boards, ready to be written."""
    return [executive(), revenue_flow(), handoffs(), integrations(), closing(), itself()]


def executive() -> Dashboard:
    """Key figures against their targets, and how they moved."""
    board = _board("milepost-executive", "now-30d", "Key figures against their targets: what `milepost kpi show` says.")
    board = board.with_variable(_legal_entity()).with_variable(_several("kpi", "KPI", "kpis"))
    board = board.with_panel(
        figure(
            "Money past its window",
            "Amounts of the objects that are past a service window now, by currency, each object once.",
            "money_past_its_window",
            width=WHOLE,
        )
    )
    board = board.with_panel(
        metric_course(
            "Durations against their targets",
            "Each KPI in seconds over the last 30 days before each instant, and its target.",
            [
                (f'milepost_kpi{{legal_entity="",kpi=~"{_of(Unit.SECONDS)}"}}', "{{kpi}}"),
                (f'milepost_kpi_target{{kpi=~"{_of(Unit.SECONDS)}"}}', "target {{kpi}}"),
            ],
            unit=_SECONDS,
        )
    )
    board = board.with_panel(
        metric_course(
            "Shares against their targets",
            "Each KPI that is a share, over the last 30 days before each instant, and its target.",
            [
                (f'milepost_kpi{{legal_entity="",kpi=~"{_of(Unit.SHARE)}"}}', "{{kpi}}"),
                (f'milepost_kpi_target{{kpi=~"{_of(Unit.SHARE)}"}}', "target {{kpi}}"),
            ],
            unit="percentunit",
        )
    )
    board = board.with_panel(
        course(
            "Booked, billed, collected",
            "By UTC day in the reporting currency, at the rates of the day, as last stated.",
            "booked_billed_collected",
            as_bars=True,
        )
    )
    board = board.with_panel(
        course("KPIs by day", "The chosen KPIs by UTC day, in their own unit, as last stated.", "kpi_by_day")
    )
    return board.with_panel(
        table(
            "Restated days",
            "Days whose figure late events changed after it had been stated.",
            "kpi_restatements",
        )
    )


def revenue_flow() -> Dashboard:
    """How work moves, and what is stuck."""
    board = _board(
        "milepost-revenue-flow", "now-24h", "How work moves from quote to cash, and what is stuck on its way."
    )
    board = board.with_variable(_legal_entity())
    board = board.with_panel(
        figure(
            "Money past its window",
            "Amounts of the objects that are past a service window now, by currency, each object once.",
            "money_past_its_window",
            width=WHOLE,
        )
    )
    board = board.with_panel(
        course(
            "Milestones reached",
            "Milestones of objects by the hour of their business time.",
            "milestones_reached",
            width=WHOLE,
            as_bars=True,
        )
    )
    return board.with_panel(
        table(
            "What stands",
            "Open alerts, the largest first; an object opens its trace in Milepost's console.",
            "open_alerts",
            height=14,
            units={"deadline": "dateTimeFromNow"},
            links={"object": TRACE},
        )
    )


def handoffs() -> Dashboard:
    """Each handoff against its service window."""
    board = _board("milepost-handoffs", "now-7d", "Each handoff against its service window.")
    board = board.with_variable(_legal_entity())
    board = board.with_panel(
        table(
            "Work that waits, by rule",
            "Open alerts by rule and currency; suspended are those whose source is silent.",
            "work_waiting_by_handoff",
            units={"oldest_deadline": "dateTimeFromNow"},
        )
    )
    board = board.with_panel(
        course("Alerts fired and resolved", "By the instant at which that was so.", "alerts_told", as_bars=True)
    )
    return board.with_panel(
        table(
            "How late it came",
            "Of the alerts that fired in this time: how long after the deadline the work was done, and what is late.",
            "time_past_the_window",
            width=HALF,
            height=8,
            units=dict.fromkeys(("p50_seconds", "p90_seconds", "longest_seconds"), _SECONDS),
        )
    )


def integrations() -> Dashboard:
    """Rate, errors and duration of each hop between systems, with the money behind it."""
    board = _board(
        "milepost-integrations", "now-6h", "How calls and queues between systems go: what `milepost hops` says."
    )
    hop = "{{from_service}} → {{to_service}}"
    panels = (
        metric_course("Calls a minute", "Over each hop.", [("milepost_hop_calls_per_minute", hop)], unit="opm"),
        metric_course(
            "Share of calls that fail", "Over each hop.", [("milepost_hop_error_rate", hop)], unit="percentunit"
        ),
        metric_course(
            "Latency, p95",
            "In which 95 of 100 calls over each hop ended.",
            [('milepost_hop_latency_seconds{quantile="0.95"}', hop)],
            unit=_SECONDS,
        ),
        metric_course(
            "Backlog",
            "A queue's depth; behind a hop of calls the objects that wait.",
            [("milepost_hop_backlog", "{{kind}} " + hop)],
        ),
        metric_course(
            "Money waiting behind each hop",
            "In the reporting currency; an object stands behind one hop only.",
            [("milepost_hop_waiting_amount", hop + " {{currency}}")],
        ),
        metric_course(
            "Waiting without a known worth",
            "Objects that are not in the money, for want of an amount or of a rate.",
            [("milepost_hop_waiting_unconverted", hop)],
        ),
    )
    for panel in panels:
        board = board.with_panel(panel)
    return board


def closing() -> Dashboard:
    """How ready each legal entity is to close the period whose cutoff comes next."""
    board = _board(
        "milepost-close", "now-7d", "How ready each legal entity is to close: what `milepost close show` says."
    )
    whose = "{{legal_entity}} {{period}}"
    panels = (
        metric_course(
            "Readiness",
            "The score by legal entity, and its target; absent where a gate is unknown.",
            [("milepost_close_readiness", whose), ("milepost_close_readiness_target", "target")],
            unit="percentunit",
            width=WHOLE,
        ),
        metric_course(
            "Blockers by gate",
            "Late cases of all legal entities.",
            [("sum by (gate) (milepost_close_open_blockers)", "{{gate}}")],
        ),
        metric_course(
            "Blockers by legal entity",
            "Late cases of all gates; what is in flight inside its window is none.",
            [("sum by (legal_entity, period) (milepost_close_open_blockers)", whose)],
        ),
        metric_course(
            "In flight by gate",
            "Open cases inside their gate's window, of all legal entities.",
            [("sum by (gate) (milepost_close_in_flight)", "{{gate}}")],
        ),
        metric_course(
            "Gates that are unknown",
            "For want of a source that is silent.",
            [("milepost_close_gates_unknown", whose)],
        ),
        metric_course("Signed off", "1 while a sign-off stands.", [("milepost_close_signed_off", whose)]),
    )
    for panel in panels:
        board = board.with_panel(panel)
    return board


def itself() -> Dashboard:
    """Whether Milepost can be believed now."""
    board = _board("milepost-itself", "now-6h", "Whether Milepost itself is well, from its own metrics.")
    figures = (
        metric(
            "Behind on arrivals",
            "How long ago the arrivals were that rules have been evaluated up to.",
            "time() - max(milepost_evaluated_through_timestamp_seconds)",
            unit=_SECONDS,
            bad_from=60,
        ),
        metric(
            "Ticks that failed",
            "In the last hour.",
            "sum(increase(milepost_tick_failures_total[1h]))",
            bad_from=1,
        ),
        metric(
            "Notifications given up",
            "In the last day.",
            "sum(increase(milepost_notifications_failed_total[1d]))",
            bad_from=1,
        ),
        metric(
            "Silent sources",
            "Sources that are silent by their contract.",
            'sum(milepost_source_silent{type=""})',
            bad_from=1,
        ),
        metric(
            "Dead letters",
            "Inputs kept as dead letters in the last day.",
            "sum(increase(milepost_dead_letters_total[1d]))",
        ),
        metric(
            "Spool",
            "What is acknowledged and waits for a server store.",
            "sum(milepost_spool_bytes)",
            unit="bytes",
            bad_from=1,
        ),
    )
    for panel in figures:
        board = board.with_panel(panel)
    courses = (
        metric_course(
            "Events",
            "Taken, repeated and kept as dead letters, a second.",
            [
                ("sum(rate(milepost_events_stored_total[5m]))", "stored"),
                ("sum(rate(milepost_events_duplicate_total[5m]))", "duplicates"),
                ("sum(rate(milepost_dead_letters_total[5m]))", "dead letters"),
            ],
            unit="cps",
        ),
        metric_course(
            "Spans",
            "Stored and refused, a second.",
            [
                ("sum(rate(milepost_spans_stored_total[5m]))", "stored"),
                ("sum(rate(milepost_spans_rejected_total[5m]))", "refused"),
            ],
            unit="cps",
        ),
        metric_course(
            "Tick",
            "How long the evaluation of what is new takes.",
            [(_p99("milepost_tick_duration_seconds", "le"), "p99")],
            unit=_SECONDS,
        ),
        metric_course(
            "Group commits",
            "How long requests wait until what they brought is stored.",
            [
                (_p99("milepost_commit_duration_seconds", "le, channel"), "p99 {{channel}}"),
            ],
            unit=_SECONDS,
        ),
        metric_course(
            "Notifications",
            "Told, and given up, by receiver.",
            [
                ("sum by (receiver) (rate(milepost_notifications_total[10m]))", "{{receiver}}"),
                ("sum by (receiver) (rate(milepost_notifications_failed_total[10m]))", "{{receiver}} given up"),
            ],
        ),
        metric_course("Open alerts", "By state.", [("sum by (state) (milepost_alerts)", "{{state}}")]),
    )
    board = board.with_row(Row("Over time"))
    for panel_over_time in courses:
        board = board.with_panel(panel_over_time)
    return board


def _p99(histogram: str, by: str) -> str:
    return f"histogram_quantile(0.99, sum by ({by}) (rate({histogram}_bucket[10m])))"


def _of(unit: Unit) -> str:
    """A pattern of the shipped KPIs that are counted in a unit."""
    return "|".join(sorted(kpi.id for kpi in load_kpis([SHIPPED]).values() if kpi.unit is unit))


def _board(uid: str, since: str, says: str) -> Dashboard:
    board = Dashboard(f"Milepost: {TITLES[uid]}").uid(uid).description(says).tags(["milepost"]).readonly()
    board = board.time(since, "now").refresh("1m").timezone("browser").tooltip(DashboardCursorSync.CROSSHAIR)
    board = board.links([board_link(title, other) for other, title in TITLES.items() if other != uid])
    return board.with_variable(ConstantVariable("console").value(CONSOLE))


def _legal_entity() -> QueryVariable:
    return _several("legal_entity", "Legal entity", "legal_entities")


def _several(name: str, label: str, query: str) -> QueryVariable:
    variable = QueryVariable(name).label(label).datasource(CLICKHOUSE).multi(True).include_all(True)
    return variable.query({"editorType": "sql", "rawSql": statement(query)}).refresh(
        VariableRefresh.ON_TIME_RANGE_CHANGED
    )
