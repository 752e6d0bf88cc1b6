"""The house style of dashboards: what a graph and a number look like unless a panel says more."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import common as options
from grafana_foundation_sdk.builders import dashboard as boards
from grafana_foundation_sdk.builders import heatmap, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATASOURCE_UID = "prometheus"
REFRESH = "15s"
WINDOW = "$__rate_interval"
"""Grafana puts in a window that holds at least four scrapes."""
# Grafana's grid has 24 columns.
GRAPH = {"span": 8, "height": 7}
NUMBER = {"span": 4, "height": 4}

Panel = Builder[dashboard.Panel]
Row = tuple[str, Sequence[Panel]]


@dataclass(frozen=True)
class Query:
    """A PromQL expression, and how each of its series is called: `{{label}}` is its label."""

    expression: str
    legend: str


def rate(series: str) -> str:
    """Return a counter's growth a second."""
    return f"rate({series}[{WINDOW}])"


def growth(series: str, legend: str) -> Query:
    """Ask for a counter's growth a second."""
    return Query(rate(series), legend)


def graph(
    title: str, unit: str, *queries: Query, stacked: bool = False, least: float | None = 0
) -> timeseries.Panel:
    """Return lines over time.

    Parameters
    ----------
    title
        Above the panel.
    unit
        One of Grafana's, such as `reqps`, `s`, `percentunit`, `bytes`, `short`.
    *queries
        What is drawn.
    stacked
        Whether the series are parts of one whole.
    least
        Where the axis begins; None lets the values decide.
    """
    panel = timeseries.Panel().title(title).unit(unit).datasource(_source())
    panel = panel.span(GRAPH["span"]).height(GRAPH["height"])
    panel = panel.fill_opacity(40 if stacked else 8).line_width(1)
    panel = panel.show_points(common.VisibilityMode.NEVER)
    panel = panel.tooltip(
        options.VizTooltipOptions()
        .mode(common.TooltipDisplayMode.MULTI)
        .sort(common.SortOrder.DESCENDING)
    )
    panel = panel.legend(
        options.VizLegendOptions()
        .show_legend(True)  # noqa: FBT003  # the library's own
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
    )
    if stacked:
        panel = panel.stacking(options.StackingConfig().mode(common.StackingMode.NORMAL))
    if least is not None:
        panel = panel.min(least)
    for number, query in enumerate(queries):
        panel = panel.with_target(_target(number, query))
    return panel


def number(title: str, unit: str, query: Query, limits: Sequence[float] = ()) -> stat.Panel:
    """Return the newest value, large, and its course behind it.

    Parameters
    ----------
    title, unit, query
        As of a graph.
    limits
        Where the value turns yellow, and then red; none, and it stays as it is.
    """
    colours = ("green", "yellow", "red")
    steps = [
        dashboard.Threshold(value=value, color=colour)
        for value, colour in zip((None, *limits), colours, strict=False)
    ]
    panel = stat.Panel().title(title).unit(unit).datasource(_source())
    panel = panel.span(NUMBER["span"]).height(NUMBER["height"])
    panel = panel.thresholds(
        boards.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(steps)
    )
    panel = panel.color_mode(common.BigValueColorMode.VALUE)
    panel = panel.graph_mode(common.BigValueGraphMode.AREA)
    panel = panel.reduce_options(options.ReduceDataOptions().calcs(["lastNotNull"]))
    return panel.with_target(_target(0, query))


def names(title: str, query: Query) -> stat.Panel:
    """Return what the newest series are called, for figures that say something by their labels."""
    panel = number(title, "none", query).text_mode(common.BigValueTextMode.NAME)
    return panel.graph_mode(common.BigValueGraphMode.NONE)


def buckets(title: str, unit: str, histogram: str) -> heatmap.Panel:
    """Return how a histogram's observations are spread, over time."""
    query = Query(f"sum by (le) ({rate(f'{histogram}_bucket')})", "{{le}}")
    panel = heatmap.Panel().title(title).unit(unit).datasource(_source())
    panel = panel.span(GRAPH["span"]).height(GRAPH["height"])
    panel = panel.color(heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Blues"))
    return panel.with_target(_target(0, query).format(PromQueryFormat.HEATMAP))


def compose(uid: str, title: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Return a dashboard as what Grafana reads: rows of panels, in the order given."""
    board = boards.Dashboard(title).uid(uid).tags(["pulumi-mlops"]).refresh(REFRESH)
    board = board.time("now-1h", "now").timezone("browser").readonly()
    board = board.tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
    for name, panels in rows:
        board = board.with_row(boards.Row(name))
        for panel in panels:
            board = board.with_panel(panel)
    built = board.build()
    for place, placed in enumerate(built.panels or (), start=1):
        placed.id_val = place
    # As plain values: the library leaves objects of its own within.
    plain: dict[str, Any] = json.loads(json.dumps(built, cls=JSONEncoder))
    return plain


def _source() -> dashboard.DataSourceRef:
    return dashboard.DataSourceRef(type_val="prometheus", uid=DATASOURCE_UID)


def _target(number: int, query: Query) -> prometheus.Dataquery:
    named = prometheus.Dataquery().expr(query.expression).legend_format(query.legend)
    return named.ref_id(chr(ord("A") + number)).datasource(_source()).range()
