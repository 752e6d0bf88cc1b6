"""What Grafana is provisioned with: whole, in one style, without overlaps."""

import json
from collections import Counter

import pytest
import yaml
from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.grafana import dashboards, render_grafana
from monitoring.panels import DATASOURCE_UID, WINDOW

BOARDS = dashboards()
FILES = render_grafana("http://prometheus:9090/prometheus", "$GF_PATHS_PROVISIONING/dashboards")
COLUMNS = 24

each_board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)


def panels(board):
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def cells(panel):
    place = panel["gridPos"]
    return {
        (x, y)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    }


def test_what_is_provisioned_is_there():
    """The data source that every panel names, where the dashboards lie, and the dashboards."""
    (source,) = yaml.safe_load(FILES["datasources/prometheus.yaml"])["datasources"]
    assert source["uid"] == DATASOURCE_UID
    assert source["url"] == "http://prometheus:9090/prometheus"
    (provider,) = yaml.safe_load(FILES["dashboards/provider.yaml"])["providers"]
    assert provider["options"]["path"] == "$GF_PATHS_PROVISIONING/dashboards"
    assert {name: json.loads(FILES[f"dashboards/{name}"]) for name in BOARDS} == BOARDS


def test_dashboards_are_told_apart():
    """By what is in their addresses, and by what people read."""
    assert len({board["uid"] for board in BOARDS.values()}) == len(BOARDS)
    assert len({board["title"] for board in BOARDS.values()}) == len(BOARDS)


@each_board
def test_grafanas_own_schema_reads_a_dashboard(board):
    """Nothing is lost or of another type when the library reads back what it wrote."""
    again = Dashboard.from_json(json.loads(json.dumps(board)))
    assert len(again.panels) == len(board["panels"])
    assert [panel.title for panel in again.panels] == [p["title"] for p in board["panels"]]


@each_board
def test_no_panel_covers_another(board):
    """Each is within the grid, and a number of its own."""
    taken = Counter(cell for panel in board["panels"] for cell in cells(panel))
    assert max(taken.values()) == 1
    assert max(x for x, _ in taken) < COLUMNS
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


@each_board
def test_a_row_is_full_or_ends_the_line(board):
    """Rows of graphs and of numbers leave no hole."""
    below = {row["gridPos"]["y"] for row in board["panels"] if row["type"] == "row"}
    taken = {cell for panel in board["panels"] for cell in cells(panel)}
    assert below
    assert all({(x, y) for x in range(COLUMNS)} <= taken for _, y in taken)


@each_board
def test_every_panel_says_what_it_shows(board):
    """A title, a unit, a legend; two panels of a dashboard have two titles."""
    titles = [(panel["title"], panel["type"]) for panel in panels(board)]
    assert len(set(titles)) == len(titles)
    for panel in panels(board):
        assert panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"] == {"type": "prometheus", "uid": DATASOURCE_UID}
        assert all(target["legendFormat"] for target in panel["targets"])
        assert len({t["refId"] for t in panel["targets"]}) == len(panel["targets"])


@each_board
def test_a_rate_is_over_the_window_that_grafana_chooses(board):
    """A fixed one is too short for some zoom, or too long."""
    for panel in panels(board):
        for target in panel["targets"]:
            assert target["expr"].count("rate(") == target["expr"].count(f"[{WINDOW}]")
