"""The data: what is derived from the nine columns, what is refused, how it is split."""

import gzip

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from training.data import published_split, read_housing
from training.errors import TrainingError
from training.generate import generate, generate_classes
from training.schema import STATLIB_COLUMNS
from training.storage import locate

HEADER = ",".join(STATLIB_COLUMNS)
FIRST = "-122.23,37.88,41,880,129,322,126,8.3252,452600"


def read(path):
    return read_housing(locate(str(path)))


def write(folder, *lines, name="houses.csv"):
    path = folder / name
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path


def test_features_are_derived_as_scikit_learn_does(tmp_path):
    """The first row of the real file becomes the eight features and the target it is known for."""
    housing = read(write(tmp_path, *[FIRST] * 100))
    assert housing.features[0].tolist() == [
        *(8.3252, 41.0, 880 / 126, 129 / 126, 322.0, 322 / 126, 37.88, -122.23)
    ]
    assert housing.target[0] == 4.526


def test_gzip_other_order_and_more_columns_are_read_alike(tmp_path):
    """The order of columns, further columns and compression do not change the content hash."""
    plain = read(write(tmp_path, *[FIRST] * 100))
    lines = [",".join([*reversed(HEADER.split(",")), "ocean"])]
    lines += [",".join([*reversed(FIRST.split(",")), "NEAR BAY"])] * 100
    packed = tmp_path / "houses.csv.gz"
    packed.write_bytes(gzip.compress("\n".join(lines).encode()))
    assert read(packed).content_hash() == plain.content_hash()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            FIRST.replace("8.3252", "high"),
            r"line 52\), column median_income: 'high' is not",
        ),
        (
            FIRST.replace("8.3252", ""),
            r"column median_income: there is no value; 1 of 111",
        ),
        ("-122.23,37.88,41", r"line 52: the line ends after 3 values and there are 9 columns"),
        (FIRST.replace("8.3252", "83252"), r"median_income: 83252 is not .* Divide by 10,000"),
        (FIRST.replace("8.3252", "nan"), r"column median_income: nan is not plausible"),
        (FIRST.replace("8.3252", "inf"), r"column median_income: inf is not plausible"),
        (
            FIRST.replace(",126,", ",0,"),
            r"row 51 \(line 52\), column households: 0 is not",
        ),
        (FIRST.replace("-122.23,37.88", "37.88,-122.23"), r"longitude: 37.88 .* swapped\?"),
        (
            FIRST.replace("452600", "4.526"),
            r"value: 4.526 .* 1,000 and 1,000,000 \(USD",
        ),
        (
            FIRST.replace(",880,", ",88000,"),
            r"row 51 \(line 52\), column AveRooms: 698.4.* 200 ",
        ),
    ],
)
def test_bad_row_is_named(tmp_path, line, message):
    """A bad value is refused with the file, the line, the column and the value."""
    path = write(tmp_path, *[FIRST] * 50, line, *[FIRST] * 60)
    with pytest.raises(TrainingError, match=message) as caught:
        read(path)
    assert "houses.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "houses.csv: is empty: its first line must name longitude"),
        (b"a,b\n1,2\n", "longitude, latitude"),
        (HEADER.encode() + b"\n", "0 rows"),
        (b"\x93\x00\xff", "cannot be read"),
    ],
)
def test_bad_file_is_explained(tmp_path, content, message):
    """A file that is empty, has other columns, no rows or no text is refused with the reason."""
    path = tmp_path / "houses.csv"
    path.write_bytes(content)
    with pytest.raises(TrainingError, match=message):
        read(path)


def test_cut_off_gzip_is_refused(tmp_path):
    """A half-written gzip file is an error and not fewer rows."""
    path = tmp_path / "houses.csv.gz"
    path.write_bytes(gzip.compress("\n".join([HEADER, *[FIRST] * 200]).encode())[:-20])
    with pytest.raises(TrainingError, match="cannot be read as gzipped CSV"):
        read(path)


def test_split_is_the_published_one():
    """The three parts have the published sizes, do not overlap and cover everything."""
    split = published_split(20_640)
    sizes = [len(part) for part in (split.train, split.validation, split.test)]
    assert sizes == [13_209, 3_303, 4_128]
    everything = np.concatenate([split.train, split.validation, split.test])
    assert np.array_equal(np.sort(everything), np.arange(20_640))


@pytest.mark.parametrize("rows", [100, 101, 20_640])
def test_split_is_that_of_scikit_learn(rows):
    """The rows are in the parts, and in the order, that the published calls put them."""
    rest, test = train_test_split(np.arange(rows), test_size=0.2, random_state=0)
    train, validation = train_test_split(rest, test_size=0.2, random_state=1)
    split = published_split(rows)
    assert np.array_equal(split.train, train)
    assert np.array_equal(split.validation, validation)
    assert np.array_equal(split.test, test)


def test_generated_data_has_the_relations_of_the_real_data():
    """Generated prices rise with income, and the same seed gives the same data."""
    housing = generate(2_000)
    assert np.corrcoef(housing.features[:, 0], housing.target)[0, 1] > 0.4
    assert housing.dataset == "generated"
    assert housing.content_hash() == generate(2_000).content_hash()
    assert housing.content_hash() != generate(2_000, seed=1).content_hash()


def test_generated_classes_are_those_that_two_features_tell():
    """About half of the rows are of class 1, mostly the large ones, and the same twice."""
    classes = generate_classes(2_000)
    assert set(classes.target) == {0.0, 1.0}
    assert classes.features.shape == (2_000, 2)
    expected = classes.features @ [1.0, 0.1] > 10.0
    assert 0.85 < np.mean(classes.target == expected) < 0.97
    assert 0.45 < classes.target.mean() < 0.55
    assert classes.content_hash() == generate_classes(2_000).content_hash()
