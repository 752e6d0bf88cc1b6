"""The status page as people see it, in a real Chromium, where this machine has one."""

import re
import time
from dataclasses import replace

import pytest

from app.database import retrainings
from app.status.blueprint import KEPT
from tests.app.fakes import MODEL, FakeChampion
from tests.app.pages.hosted import served, site
from tests.app.status.prometheus_server import Figures, answering
from tests.browser import Page

RATED = replace(MODEL, baseline_rmse=0.376)
CHARTS = ("traffic", "latency", "drift", "rmse")
DRAWN = """(id => {
  const it = document.getElementById(id);
  return it.getContext('2d').getImageData(0, 0, it.width, it.height).data.some((value) => value);
})"""
LAPTOP = {"width": 1366, "height": 660, "deviceScaleFactor": 1, "mobile": False}


@pytest.fixture
def figures():
    return Figures()


@pytest.fixture
def made(tmp_path, figures):
    champion = FakeChampion(RATED)
    with answering(figures) as at, site(tmp_path, prometheus=at, champion=champion) as one:
        yield one


@pytest.fixture
def address(made):
    with served(made.app) as at:
        yield at


def history(made, reason="not better on 400 rows: RMSE 0.401 against 0.398"):
    """Ten retrainings that ended, the newest with this reason, and one that runs."""
    begun = time.time() - 11_000
    with made.database.writing() as connection:
        for number in range(11):
            at = begun + 1000 * number
            row = retrainings.queue(connection, MODEL.name, "LiveRmseHigh + FeatureDrift", at)
            retrainings.step(connection, row.id, stage=retrainings.FITTING, version=str(number))
            if number < 10:
                retrainings.end(connection, row.id, "refused", reason, at + 42)


def opened(browser, address, width=1200, scheme="light"):
    page = Page(browser, width, scheme)
    page.go(f"{address}/status")
    page.until("!document.getElementById('retrainings').innerText.includes('Loading')")
    return page


def test_everything_is_on_the_page(browser, made, address, figures):
    """Lights, the model, traffic, four charts with words beside them, the history; no complaint."""
    history(made)
    figures.up = {**figures.up, "mlflow": 0.0}
    page = opened(browser, address)
    assert (
        page.text("#services")
        .split("\n")
        .count("\N{BLACK UP-POINTING TRIANGLE} mlflow does not answer")
        == 1
    )
    assert "xgboost-api" in page.text("#services")
    now = page.text("#now")
    for part in ("california-housing 7", "baseline RMSE 0.376", "12 a second", "1.5 %", "12 ms"):
        assert part in now
    for chart in CHARTS:
        assert page.js(f"{DRAWN}('{chart}')"), chart
    label = page.js("document.getElementById('drift').getAttribute('aria-label')")
    assert re.search(r"MedInc now 0\.\d+, between 0\.\d+ and 0\.\d+; Latitude", label)
    assert "0.2 drifted" in label
    assert page.js("document.querySelectorAll('#retrainings tbody tr').length") == 10
    assert "fitting" in page.text("#retrainings tbody tr")
    assert "not better on 400 rows" in page.text("#retrainings tbody tr:nth-child(2)")
    assert "42 s" in page.text("#retrainings tbody tr:nth-child(2)")
    assert page.complaints() == []
    assert [url for url in page.requested() if not url.startswith(address)] == []


def test_page_follows_without_a_reload(browser, made, address, figures):
    """What has changed is shown at the next look, on the same page and charts."""
    page = opened(browser, address)
    page.js("window.same = true")
    figures.now = {**figures.now, "requests_per_s": 77.0}
    figures.psi = {"AveOccup": 0.5}
    made.app.extensions[KEPT].clear()
    page.js("document.dispatchEvent(new Event('visibilitychange'))")
    page.until("document.getElementById('now').innerText.includes('77 a second')")
    assert "AveOccup" in page.text("#drift-legend")
    assert page.js("window.same")
    assert page.complaints() == []


def test_history_is_text(browser, made, address):
    """What a reason quotes is shown, never run."""
    history(made, reason="<img src=x onerror=alert(1)>")
    page = opened(browser, address)
    assert "<img src=x onerror=alert(1)>" in page.text("#retrainings")
    assert page.complaints() == []


def test_dead_prometheus_and_no_model_are_said_in_words(browser, tmp_path):
    """Each chart says why it is empty; an empty history says what would begin one."""
    champion = FakeChampion(None, "no version has the alias champion")
    with site(tmp_path, champion=champion) as made, served(made.app) as address:
        page = Page(browser)
        page.go(f"{address}/status")
        page.until("document.querySelector('#problems .problem')")
        problems = page.text("#problems")
        assert "Prometheus cannot be asked" in problems
        assert "no version has the alias champion" in problems
        assert "Services not known" in page.text("#services")
        for chart in CHARTS:
            assert page.text(f"#{chart}-none") == "Not known: Prometheus is away"
        assert "None yet" in page.text("#retrainings")
        assert page.complaints() == []


def test_stranger_is_asked_to_log_in(browser, tmp_path):
    """Where the gate refuses, the page leads to the login and shows no empty charts."""
    with site(tmp_path, auth="required") as made, served(made.app) as address:
        page = Page(browser)
        page.go(f"{address}/status")
        page.until("document.querySelector('#problems a')")
        assert page.js("document.querySelector('#problems a').pathname") == "/login"
        assert page.js("document.getElementById('traffic').offsetParent") is None
        # The browser's own line about the 401 is what this test asked for.
        page.forget()


def test_page_fits_one_screen_of_a_laptop(browser, made, address):
    """The history scrolls in its own place, which the keyboard reaches; the page does not."""
    history(made)
    page = Page(browser)
    page.resize(**LAPTOP)
    page.go(f"{address}/status")
    page.until("document.querySelector('#retrainings table')")
    root = "document.documentElement"
    assert page.js(f"[{root}.scrollWidth, {root}.scrollHeight]") == [1366, 660]
    place = "document.getElementById('retrainings')"
    assert page.js(f"{place}.clientHeight") > 100
    assert page.js(f"{place}.scrollHeight > {place}.clientHeight")
    for _ in range(20):
        page.press("Tab")
        if page.js("document.activeElement.id") == "retrainings":
            break
    assert page.js("document.activeElement.id") == "retrainings"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone_never_scrolls_sideways(browser, made, address, scheme):
    """At 360 pixels nothing stands out of the page, in either scheme."""
    history(made, reason="a reason with a word that is too long: " + "x" * 80)
    page = opened(browser, address, 360, scheme)
    assert page.js("document.documentElement.scrollWidth") == 360
    assert page.js("document.getElementById('traffic').clientWidth") > 250
    assert page.complaints() == []
