"""Jobs with S3 on either side, and without the S3 that they were given."""

import socket

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.training import houses
from tests.training.test_batch import champion, features
from training.batch import predict
from training.data import read_housing
from training.errors import TrainingError
from training.extract import extract
from training.origins import origin
from training.parts import PartsFolder, encoded
from training.storage import locate


def test_prefix_is_extracted_into_another_prefix_and_trained_on(bucket):
    """What was put into a prefix is taken from it, once, and read back as the same houses."""
    source, target = f"{bucket}/incoming", locate(f"{bucket}/california-housing")
    both = [houses.table(150), houses.table(160, seed=1)]
    locate(f"{source}/2026/a.csv").write(houses.csv(both[0]))
    take = origin(source, None, None)
    assert extract(take, PartsFolder(target))["rows"] == 150
    locate(f"{source}/2026/b.parquet").write(encoded(both[1], "parquet"))
    again = extract(take, PartsFolder(target))
    assert (again["new_rows"], again["rows"]) == (160, 310)
    assert extract(take, PartsFolder(target))["new_rows"] == 0
    expected = pa.concat_tables(both).column("median_income").to_numpy()
    assert np.array_equal(read_housing(target).features[:, 0], expected)


def test_batch_reads_and_writes_objects(bucket, tmp_path):
    """Input and output may be objects; the parts that were kept on the way are gone."""
    locate(f"{bucket}/in.parquet").write(encoded(features(500), "parquet"))
    model = champion(tmp_path)
    predict(*model, locate(f"{bucket}/in.parquet"), locate(f"{bucket}/out.parquet"))
    with locate(f"{bucket}/out.parquet").open() as file:
        written = pq.read_table(file)
    assert written.num_rows == 500
    assert [entry.name for entry in locate(bucket).entries()] == ["in.parquet", "out.parquet"]


def test_bucket_that_is_not_there_is_named(bucket):
    """A mistyped bucket is an error that names it."""
    with pytest.raises(TrainingError, match="s3://nowhere-at-all/data"):
        extract(origin("s3://nowhere-at-all/data", None, None), PartsFolder(locate(bucket)))


def test_s3_that_is_not_reachable_is_named(bucket, tmp_path, monkeypatch):
    """When nothing listens, the message has the address and what sets it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    (tmp_path / "a.csv").write_bytes(houses.csv(houses.table(100)))
    with pytest.raises(TrainingError, match=rf"{url} is not reachable \(AWS_ENDPOINT_URL"):
        extract(origin(str(tmp_path), None, None), PartsFolder(locate(bucket)))
