"""Panels as all boards have them: one look, one palette, a description that says what is counted."""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders.common import VizLegendOptions
from grafana_foundation_sdk.builders.dashboard import DashboardLink, ThresholdsConfig
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.builders.timeseries import Panel as Course
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    GraphDrawStyle,
    LegendDisplayMode,
    LegendPlacement,
)
from grafana_foundation_sdk.models.dashboard import DashboardLinkType, DynamicConfigValue, Threshold, ThresholdsMode

from grafana.sources import CLICKHOUSE, PROMETHEUS, ClickHouse, prometheus

WHOLE, HALF, THIRD = 24, 12, 8
# The console's tones, which colour-blind readers tell apart (Okabe and Ito).
IN_TIME, AT_RISK, FIRING = "#009E73", "#E69F00", "#D55E00"
TRACE = ("Trace it in Milepost", "${console}/trace?object=${__value.raw:percentencode}")


def table(
    title: str,
    says: str,
    query: str,
    *,
    width: int = WHOLE,
    height: int = 9,
    units: Mapping[str, str] | None = None,
    links: Mapping[str, tuple[str, str]] | None = None,
) -> Table:
    """Rows of a ClickHouse statement; `units` are Grafana's, `links` a title and an address by column."""
    panel = Table().title(title).description(says).datasource(CLICKHOUSE).span(width).height(height)
    panel = panel.with_target(ClickHouse(query)).no_value("nothing")
    for column, unit in (units or {}).items():
        panel = panel.override_by_name(column, [DynamicConfigValue(id_val="unit", value=unit)])
    for column, (words, address) in (links or {}).items():
        link = [{"title": words, "url": address, "targetBlank": True}]
        panel = panel.override_by_name(column, [DynamicConfigValue(id_val="links", value=link)])
    return panel


def course(
    title: str,
    says: str,
    query: str,
    *,
    width: int = HALF,
    height: int = 8,
    unit: str = "short",
    as_bars: bool = False,
) -> Course:
    """A ClickHouse statement over time: the first column is the time, texts name the lines."""
    return (
        _course(title, says, width, height, unit, as_bars=as_bars)
        .datasource(CLICKHOUSE)
        .with_target(ClickHouse(query, is_over_time=True))
    )


def metric_course(
    title: str,
    says: str,
    expressions: Sequence[tuple[str, str]],
    *,
    width: int = HALF,
    height: int = 8,
    unit: str = "short",
) -> Course:
    """Expressions over Milepost's own metrics, each with the name of its lines."""
    panel = _course(title, says, width, height, unit, as_bars=False).datasource(PROMETHEUS)
    for number, (expression, legend) in enumerate(expressions):
        panel = panel.with_target(prometheus(expression, legend, chr(ord("A") + number)))
    return panel


def metric(
    title: str,
    says: str,
    expression: str,
    *,
    width: int = 4,
    unit: str = "short",
    bad_from: float | None = None,
    legend: str = "",
) -> Stat:
    """One metric as it is now, with its course behind it; red from `bad_from` on."""
    panel = _stat(title, says, width, unit, bad_from).datasource(PROMETHEUS)
    return panel.with_target(prometheus(expression, legend))


def figure(title: str, says: str, query: str, *, width: int = HALF, unit: str = "short") -> Stat:
    """The rows of a ClickHouse statement as large figures."""
    panel = _stat(title, says, width, unit, None).datasource(CLICKHOUSE).no_value("nothing")
    return panel.with_target(ClickHouse(query)).graph_mode(BigValueGraphMode.NONE)


def board_link(title: str, uid: str) -> DashboardLink:
    """A link on top of a board, which takes the time range and the choices along."""
    return DashboardLink(title).type(DashboardLinkType.LINK).url(f"/d/{uid}").keep_time(True).include_vars(True)


def _course(title: str, says: str, width: int, height: int, unit: str, *, as_bars: bool) -> Course:
    legend = VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
    panel = Course().title(title).description(says).span(width).height(height).unit(unit).legend(legend)
    panel = panel.no_value("nothing in this time")
    if as_bars:
        return panel.draw_style(GraphDrawStyle.BARS).fill_opacity(70)
    return panel.draw_style(GraphDrawStyle.LINE).line_width(2).fill_opacity(8)


def _stat(title: str, says: str, width: int, unit: str, bad_from: float | None) -> Stat:
    steps = [Threshold(value=None, color=IN_TIME if bad_from is not None else "text")]
    if bad_from is not None:
        steps.append(Threshold(value=bad_from, color=FIRING))
    thresholds = ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
    panel = Stat().title(title).description(says).span(width).height(5).unit(unit).thresholds(thresholds)
    return panel.color_mode(BigValueColorMode.VALUE).text_mode(BigValueTextMode.AUTO)
