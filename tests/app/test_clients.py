"""Clients written for MLflow's server and for Open Inference servers work against this one."""

import warnings

import pandas as pd
import pytest

from tests.app.fakes import MODEL, SCHEMA
from tests.app.server import ask, running

pytestmark = pytest.mark.e2e

GOOD = list(SCHEMA.example_row)
HOUSES = pd.DataFrame([GOOD, GOOD], columns=list(SCHEMA.names))
SUM = sum(GOOD)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A running service."""
    with running(tmp_path_factory.mktemp("service")) as found:
        yield found


@pytest.fixture(scope="module")
def mlflow(address):
    """MLflow's client of its own scoring server."""
    with warnings.catch_warnings():
        # It warns of its own type hints when it is imported.
        warnings.simplefilter("ignore")
        from mlflow.pyfunc.scoring_server.client import ScoringServerClient  # noqa: PLC0415
    host, _, port = address.removeprefix("http://").partition(":")
    return ScoringServerClient(host, int(port))


@pytest.fixture(scope="module")
def triton(address):
    """Triton's client of the Open Inference Protocol."""
    client = pytest.importorskip("tritonclient.http")
    connection = client.InferenceServerClient(address.removeprefix("http://"))
    yield connection
    connection.close()


def test_mlflow_client_predicts(mlflow):
    """MLflow's client waits for the server, asks its version and gets predictions."""
    mlflow.wait_server_ready(timeout=10)
    assert mlflow.get_version().startswith("3.")
    answer = mlflow.invoke(HOUSES)
    assert answer.get_predictions()[0].tolist() == pytest.approx([SUM, SUM])
    assert answer["model"] == MODEL.name


def test_mlflow_client_tells_what_is_wrong(mlflow):
    """The sentence about a bad value reaches the caller of MLflow's client."""
    with pytest.raises(Exception, match=r"error code 400.*column MedInc: 99 is not plausible"):
        mlflow.invoke(HOUSES.assign(MedInc=99.0))


def test_triton_client_sees_server_and_model(triton):
    """Triton's client finds server and model ready, and reads their descriptions."""
    assert triton.is_server_live()
    assert triton.is_server_ready()
    assert triton.is_model_ready(MODEL.name, MODEL.version)
    assert not triton.is_model_ready("other")
    described = triton.get_model_metadata(MODEL.name)
    assert [tensor["name"] for tensor in described["inputs"]] == list(SCHEMA.names)


@pytest.mark.parametrize("binary", [True, False])
def test_triton_client_predicts(triton, binary):
    """Triton's client gets predictions for tensors in JSON and in bytes, and its own id."""
    from tritonclient.http import InferInput, InferRequestedOutput  # noqa: PLC0415

    rows = HOUSES.to_numpy()
    tensor = InferInput("houses", list(rows.shape), "FP64")
    tensor.set_data_from_numpy(rows, binary_data=binary)
    outputs = [InferRequestedOutput("predict", binary_data=binary)]
    answer = triton.infer(MODEL.name, [tensor], outputs=outputs, request_id="mine")
    assert answer.as_numpy("predict")[:, 0].tolist() == pytest.approx([SUM, SUM])
    assert answer.get_response()["id"] == "mine"


def test_mlserver_codecs_write_requests_and_read_answers(address):
    """What MLServer's codecs make of a frame is answered, and its types read the answer."""
    codecs = pytest.importorskip("mlserver.codecs")
    types = pytest.importorskip("mlserver.types")
    url = f"{address}/v2/models/{MODEL.name}/infer"
    for request in (
        codecs.PandasCodec.encode_request(HOUSES),
        codecs.NumpyRequestCodec.encode_request(HOUSES.to_numpy()),
    ):
        status, body = ask(url, request.model_dump_json(exclude_none=True).encode())
        assert status == 200
        answer = types.InferenceResponse.model_validate(body)
        decoded = codecs.NumpyCodec.decode_output(answer.outputs[0])
        assert decoded[:, 0].tolist() == pytest.approx([SUM, SUM])
