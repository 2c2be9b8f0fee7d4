"""Addresses in Grafana: the board that shows a page's matter over time, and Grafana's own view of a trace."""

import json
from collections.abc import Sequence
from urllib.parse import quote, urlencode

# Uids that `grafana/` gives, by the page's path.
_BOARDS = {
    "": "milepost-revenue-flow",
    "executive": "milepost-executive",
    "work": "milepost-handoffs",
    "alerts": "milepost-integrations",
    "flow": "milepost-handoffs",
    "close": "milepost-close",
    "sources": "milepost-integrations",
}
_BY_LEGAL_ENTITY = {"milepost-revenue-flow", "milepost-executive", "milepost-handoffs"}
_CLICKHOUSE = {"type": "grafana-clickhouse-datasource", "uid": "milepost-clickhouse"}
# What each column is to the plugin's view of a trace; the table is the OpenTelemetry exporter's.
_COLUMNS = {
    "TraceId": "trace_id",
    "SpanId": "trace_span_id",
    "ParentSpanId": "trace_parent_span_id",
    "ServiceName": "trace_service_name",
    "SpanName": "trace_operation_name",
    "Timestamp": "time",
    "Duration": "trace_duration_time",
    "SpanAttributes": "trace_tags",
    "ResourceAttributes": "trace_service_tags",
    "StatusCode": "trace_status_code",
}


def board_of(grafana: str, path: str, entities: Sequence[str]) -> str | None:
    """The board of a page, of these legal entities where it tells them apart; None where a page has none."""
    uid = _BOARDS.get(path)
    if uid is None:
        return None
    chosen = [("var-legal_entity", entity) for entity in entities] if uid in _BY_LEGAL_ENTITY else []
    return f"{grafana}/d/{uid}" + (f"?{urlencode(chosen)}" if chosen else "")


def trace_in(grafana: str, database: str, trace_id: str) -> str:
    """A trace in Grafana's Explore.

    The plugin writes the statement from the options when it draws them, as for its own links to traces.
    https://github.com/grafana/clickhouse-datasource: src/data/utils.ts, src/types/queryBuilder.ts
    """
    options = {
        "database": database,
        "table": "otel_traces",
        "queryType": "traces",
        "mode": "list",
        "columns": [{"name": name, "hint": hint} for name, hint in _COLUMNS.items()],
        "filters": [],
        "orderBy": [],
        "limit": 1000,
        "meta": {
            "minimized": True,
            "isTraceIdMode": True,
            "traceId": trace_id,
            "otelEnabled": True,
            "otelVersion": "latest",
            "traceDurationUnit": "nanoseconds",
        },
    }
    query = {
        "refId": "Trace ID",
        "datasource": _CLICKHOUSE,
        "editorType": "builder",
        "queryType": "traces",
        "rawSql": "",
        "builderOptions": options,
    }
    pane = {"datasource": _CLICKHOUSE["uid"], "queries": [query], "range": {"from": "now-30d", "to": "now"}}
    panes = json.dumps({"trace": pane}, separators=(",", ":"))
    return f"{grafana}/explore?schemaVersion=1&panes={quote(panes)}"
