"""The script that draws: as its package has it, kept by browsers, and as small as can be."""

import gzip

from app.factory import create_app
from app.metrics import Metrics
from app.service import Service
from app.settings import Settings
from app.status.library import version
from tests.app.fakes import FakeChampion


def client():
    return create_app(Service(Settings(), FakeChampion(), Metrics())).test_client()


def test_script_is_chart_js():
    """Whole, as JavaScript, whether packed or not."""
    plain = client().get("/status/chart.js")
    assert plain.mimetype == "text/javascript"
    assert plain.data.startswith(b"/*!\n * Chart.js v4")
    packed = client().get("/status/chart.js", headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 3
    unwanted = client().get("/status/chart.js", headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in unwanted.headers


def test_browser_keeps_the_script_until_its_version_changes():
    """The address names the version, so what is there never changes."""
    page = client().get("/status")
    assert f'src="/status/chart.js?v={version()}"' in page.text
    headers = client().get("/status/chart.js").headers
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["Vary"] == "Accept-Encoding"
    assert page.headers["Cache-Control"] == "no-store"
