"""The pages as people use them, in a real Chromium, where this machine has one."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.fakes import SCHEMA
from tests.app.pages.hosted import served, site
from tests.browser import Page

GOOD = "berkeley,8.3252,41,6.98,1.02,322,2.55,37.88,-122.23"
HEADER = f"name,{','.join(SCHEMA.names)}"


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    with site(tmp_path_factory.mktemp("site")) as made, served(made.app) as at:
        yield at


@pytest.fixture
def page(browser, address):
    """A tab on the first page; at its end nothing was complained of, nor asked for elsewhere."""
    tab = Page(browser)
    tab.go(f"{address}/")
    yield tab
    assert tab.complaints() == []
    assert [url for url in tab.requested() if not url.startswith((address, "blob:"))] == []


def upload(page: Page, folder: Path, *lines: str) -> Path:
    file = folder / "houses.csv"
    file.write_text("\n".join(lines))
    page.choose_file("#file", file)
    return file


def test_house_gets_its_price_and_what_drives_it(page):
    """Typing and Enter give the price with its unit, the model, and a bar for each driver."""
    page.type("#in-0", "8.32")
    page.press("Enter")
    page.until("document.querySelector('.drivers li')")
    assert page.text(".price") == "4.53 \N{MULTIPLICATION SIGN} 100,000 USD = 453,000 USD"
    assert "california-housing" in page.text("#answer")
    assert "7" in page.text("#answer")
    assert page.text(".drivers li").split("\n") == ["MedInc 8.32", "+246,000 USD"]
    assert "207,000 USD" in page.text("#drivers")
    assert page.js("document.querySelector('.raises').getBoundingClientRect().width") > 50


def test_wrong_value_is_told_at_its_field(page):
    """A value out of range shows why at its field, marks it, and takes the focus there."""
    page.type("#in-6", "-122")
    page.press("Enter")
    assert "-122 is not plausible: degrees north, between 32 and 42.2" in page.text("#error-6")
    assert page.js("document.activeElement.id") == "in-6"
    assert page.js("document.getElementById('in-6').getAttribute('aria-invalid')") == "true"
    assert page.js("document.querySelector('.price')") is None
    page.type("#in-6", "37.9")
    assert page.text("#error-6") == ""


def test_missing_value_is_told_at_its_field(page):
    """A field without a number is named, not taken as zero."""
    page.js("document.getElementById('in-1').value = ''")
    page.js("document.querySelector('#row button').click()")
    assert "a number is missing: years" in page.text("#error-1")


def test_file_gets_an_answer_for_each_row(page, tmp_path):
    """Every row is answered, columns in any order; the result holds what the file held."""
    upload(page, tmp_path, HEADER, GOOD, GOOD.replace("8.3252", "2.0").replace("b", '"b,b"', 1))
    page.until("document.querySelector('#upload-answer table')")
    assert "2 of 2 rows answered." in page.text("#upload-answer")
    assert "453,000 USD" in page.text("#upload-answer tbody tr")
    result = page.download(".download", tmp_path / "houses-predicted.csv")
    first, second = csv.DictReader(result.splitlines())
    assert (first["name"], second["name"]) == ("berkeley", "b,berkeley")
    assert float(first["prediction"]) == pytest.approx(8.3252 * 0.5 + 0.37)
    assert (second["version"], second["prediction_row"], second["error"]) == ("7", "1", "")


def test_faults_of_a_file_are_named_by_row_and_column(page, tmp_path):
    """Bad rows are named with their column and value; the good ones are answered all the same."""
    upload(page, tmp_path, HEADER, GOOD, GOOD.replace("41", "x"), GOOD.replace("37.88", "88"), "a")
    page.until("document.querySelector('#upload-answer table')")
    told = page.text("#upload-answer .problem")
    assert "Row 2, column HouseAge: “x” is not a number" in told
    assert "Row 3, column Latitude: 88 is not plausible" in told
    assert "Row 4: it has 1 values instead of 9" in told
    assert "1 of 4 rows answered." in page.text("#upload-answer")


def test_file_without_a_column_is_refused(page, tmp_path):
    """A file that lacks a column says which; the page goes on working."""
    upload(page, tmp_path, "MedInc,HouseAge", "8,41")
    page.until("document.querySelector('#upload-answer .problem')")
    assert "has no column AveRooms, AveBedrms" in page.text("#upload-answer")
    upload(page, tmp_path, HEADER, GOOD)
    page.until("document.querySelector('#upload-answer table')")


def test_true_value_is_told_in_the_history(page, address):
    """A prediction is in the history with what was asked; its true value is taken, once."""
    page.js("document.querySelector('#row button').click()")
    page.until("document.querySelector('.price')")
    page.go(f"{address}/history")
    page.until("document.querySelector('article form')")
    assert "453,000 USD" in page.text("article")
    assert "MedInc 8.3252" in page.text("article")
    page.type("article input", "4.2")
    page.press("Enter")
    page.until("!document.querySelector('article:first-child form')")
    assert page.js("document.getElementById('more').offsetParent") is None
    told = "Truly 420,000 USD: the prediction was 33,000 USD too high"
    assert told in page.text("article")
    page.go(f"{address}/history")
    page.until("document.querySelector('article')")
    assert told in page.text("article")


def test_value_that_cannot_be_true_is_refused_at_its_field(page, address):
    """What the service refuses is told where it was entered."""
    page.js("document.querySelector('#row button').click()")
    page.until("document.querySelector('.price')")
    page.go(f"{address}/history")
    page.until("document.querySelector('article form')")
    page.type("article input", "1e99")
    page.press("Enter")
    page.until("document.querySelector('article .error').textContent")
    assert "actual must be between" in page.text("article .error")
    # The browser's own line about the 400 is what this test asked for.
    page.forget()


def test_person_registers_and_logs_out(page, address):
    """The header leads to registration; it then leads to the account, and out again."""
    page.go(f"{address}/register")
    page.type("#name", "ada")
    page.type("#password", "correct horse battery")
    page.press("Enter")
    page.until("location.pathname === '/account' && document.readyState === 'complete'")
    assert page.text("h1") == "ada"
    page.go(f"{address}/")
    assert "Log in" not in page.text("header")
    page.js("document.querySelector('header form button').click()")
    page.until("location.pathname === '/login' && document.readyState === 'complete'")
    assert "Log in" in page.text("header")


def test_page_works_with_the_keyboard_alone(page):
    """The first Tab reaches the link past the header; every field is reached and has its label."""
    page.press("Tab")
    assert page.js("document.activeElement.className") == "skip"
    for _ in range(20):
        page.press("Tab")
        if page.js("document.activeElement.id") == "in-0":
            break
    assert page.js("document.activeElement.labels[0].innerText").startswith("MedInc")
    unlabelled = "[...document.querySelectorAll('input')].filter((it) => !it.labels.length).length"
    assert page.js(unlabelled) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/history", "/docs", "/login", "/register"])
def test_phone_never_scrolls_sideways(browser, address, path, scheme):
    """At 360 pixels nothing stands out of the page, in either scheme, with answers shown."""
    tab = Page(browser, 360, scheme)
    tab.go(f"{address}{path}")
    if path == "/":
        tab.js("document.querySelector('#row button').click()")
        tab.until("document.querySelector('.drivers li')")
    tab.js("document.querySelectorAll('details').forEach((it) => { it.open = true; })")
    assert tab.js("document.documentElement.scrollWidth") == 360
    dark = tab.js("getComputedStyle(document.body).backgroundColor") == "rgb(17, 22, 20)"
    assert dark == (scheme == "dark")
    assert tab.complaints() == []
