"""Generated data as a file: what is written can be trained on and predicted."""

import pytest

from training.data import read_housing
from training.generate import generate
from training.make_data import main
from training.storage import locate


@pytest.mark.parametrize("name", ["houses.csv", "houses.parquet"])
def test_what_is_written_is_read_back_the_same(tmp_path, name):
    """The same rows to the last bit, in either form."""
    path = tmp_path / name
    assert main(["--out", str(path), "--rows", "300", "--seed", "5"]) == 0
    read, made = read_housing(locate(str(path))), generate(300, 5)
    assert (read.features == made.features).all()
    assert (read.target == made.target).all()


def test_the_classification_set_has_its_own_columns(tmp_path):
    """Two features and a class, by name."""
    path = tmp_path / "points.csv"
    assert main(["--out", str(path), "--problem", "two-feature-classes", "--rows", "5"]) == 0
    header, *rows = path.read_text().splitlines()
    assert header.replace('"', "") == "feature1,feature2,class"
    assert len(rows) == 5


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--out", "x.txt"], "x.txt"),
        (["--out", "x.csv", "--rows", "0"], "--rows 0"),
        (["--out", f"{__file__}/x.csv"], "x.csv"),
    ],
)
def test_what_cannot_be_made_is_named(capsys, flags, told):
    """A sentence with the value, status 1, no trace."""
    assert main(flags) == 1
    error = capsys.readouterr().err
    assert error.startswith("Making data failed: ")
    assert told in error
