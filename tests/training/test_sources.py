"""Finding the data: each source in its turn."""

import pytest
from sklearn.datasets import fetch_california_housing

from tests.training.test_data import FIRST, write
from training import sources
from training.data import Housing
from training.errors import TrainingError
from training.generate import generate
from training.sources import find_housing

DOWNLOADED = generate(200)


def downloaded() -> Housing:
    return DOWNLOADED


def no_network() -> Housing:
    message = "no route to host"
    raise OSError(message)


def never() -> Housing:
    pytest.fail("a source nearer by has the data")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    monkeypatch.delenv("HOUSING_CSV", raising=False)
    folder = tmp_path / "checkout"
    (folder / "data").mkdir(parents=True)
    return folder


def test_named_file_is_first(checkout, tmp_path, monkeypatch):
    """HOUSING_CSV wins over a file in data/."""
    named = write(tmp_path, *[FIRST] * 100)
    write(checkout / "data", *[FIRST] * 101, name="california_housing.csv")
    monkeypatch.setenv("HOUSING_CSV", str(named))
    assert find_housing(print, checkout, never).source == str(named)


def test_named_file_that_is_absent_is_an_error(checkout, monkeypatch):
    """A wrong HOUSING_CSV is never answered with other data."""
    monkeypatch.setenv("HOUSING_CSV", "/nowhere/houses.csv")
    with pytest.raises(TrainingError, match=r"HOUSING_CSV=/nowhere/houses\.csv"):
        find_housing(print, checkout, never)


def test_data_folder_comes_before_the_download(checkout):
    """A file in data/ is taken without asking the network."""
    path = write(checkout / "data", *[FIRST] * 100, name="california_housing.csv")
    assert find_housing(print, checkout, never).source == str(path)


def test_shared_file_with_another_hash_is_refused(checkout):
    """A shared file that is not the known one is named, with both hashes."""
    shared = checkout.parent / "shared" / "data"
    shared.mkdir(parents=True)
    (shared / "california_housing.csv.gz").write_bytes(b"something else")
    with pytest.raises(TrainingError, match=r"sha256 is .* not faaf8688"):
        find_housing(print, checkout, never)


def test_download_comes_before_generated_data(checkout):
    """Without a file the download is taken as it is."""
    assert find_housing(print, checkout, downloaded) is DOWNLOADED


def test_offline_falls_back_to_generated_data_with_a_warning(checkout):
    """Without a file and a network the data is generated, tagged so, and a warning says why."""
    told: list[str] = []
    assert find_housing(told.append, checkout, no_network).dataset == "generated"
    assert "no route to host" in told[0]
    assert "HOUSING_CSV" in told[0]


def test_scikit_learn_takes_the_download_options(tmp_path):
    """An option that it refuses would end a training offline, where generated data must do."""
    with pytest.raises(OSError, match="not found"):
        fetch_california_housing(data_home=tmp_path, download_if_missing=False, **sources.QUICKLY)
