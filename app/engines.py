"""What computes a booster's answers: ONNX Runtime for a few rows, XGBoost for many.

A single row costs XGBoost some 150 us, most of it outside the trees, and ONNX Runtime 15 us; from
some 64 rows on XGBoost is the faster one. Both walk the same trees: a model is only answered by
ONNX Runtime after it gave XGBoost's own answers to the model's probe rows. XGBoost, a second to
import and tens of megabytes, comes in the background once somebody sends many rows.
"""

import hashlib
import io
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Files = Callable[[str], bytes]
"""Returns one file of the model by its name."""
Engine = Callable[[Floats], Singles]
"""Answers the trees' inputs, (rows, inputs), with one number a row."""

BOOSTER_FILE = "model.ubj"
MANY_ROWS = 64
PROBE_TOLERANCE = 1e-6


class DifferentAnswersError(ValueError):
    """An engine that does not give XGBoost's answers to the model's probe rows."""


def engine(metadata: Mapping[str, Any], files: Files) -> Engine:
    """Return what answers for the booster in a model's files.

    XGBoost alone when the model has no ONNX form, as older versions, or when that form does not
    give XGBoost's answers.

    Raises
    ------
    ValueError
        The booster is not the one that the ONNX form was made of.
    """
    booster = files(BOOSTER_FILE)
    described = metadata.get("onnx") or {"missing": "it was trained before there was one"}
    if "model" not in described:
        log.info("XGBoost answers alone: no ONNX form of the trees: %s", described.get("missing"))
        return xgboost_engine(booster)
    if hashlib.sha256(booster).hexdigest() != described["booster_sha256"]:
        message = f"{BOOSTER_FILE} is not what was logged: it is damaged"
        raise ValueError(message)
    model, probe = files(described["model"]), files(described["probe"])
    try:
        inputs, answers = _probe(probe)
        small = onnx_engine(model)
        check(small, inputs, answers)
    # Whatever is wrong with this copy of the trees, the booster itself can still answer.
    except Exception as error:  # noqa: BLE001
        log.warning("XGBoost answers alone: the ONNX form of the trees is not used: %s", error)
        return xgboost_engine(booster)

    def large() -> Engine:
        found = xgboost_engine(booster)
        check(found, inputs, answers)
        return found

    return BySize(small, large)


class BySize:
    """Two engines with the same answers: one for few rows, one for many that is made when needed.

    Until the second is there, the first answers everything.
    """

    def __init__(self, small: Engine, make_large: Callable[[], Engine]) -> None:
        self._small = small
        self._make_large = make_large
        self._large: Engine | None = None
        self._asked = threading.Lock()

    def __call__(self, inputs: Floats) -> Singles:
        """Answer each row."""
        if len(inputs) < MANY_ROWS:
            return self._small(inputs)
        if self._large is None:
            # The lock is never given back: one attempt is enough.
            if self._asked.acquire(blocking=False):
                threading.Thread(target=self._load, name="load-xgboost", daemon=True).start()
            return self._small(inputs)
        return self._large(inputs)

    def _load(self) -> None:
        try:
            self._large = self._make_large()
        # The thread has nobody to tell; the small engine goes on with the same answers.
        except Exception:
            log.exception("XGBoost is not used for large requests: ONNX Runtime answers them")


def onnx_engine(model: bytes) -> Engine:
    """Return ONNX Runtime with the trees in `model`, on the caller's own thread."""
    # Imported here, in the background: the server listens before.
    import onnxruntime  # type: ignore[import-untyped]  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    # More than one would add the leaves up in another order; and each worker has one core.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name, run = session.get_inputs()[0].name, session.run

    def answers(inputs: Floats) -> Singles:
        found: Singles = run(None, {name: inputs.astype(np.float32)})[0][:, 0]
        return found

    return answers


def xgboost_engine(booster: bytes) -> Engine:
    """Return XGBoost with the trees in `booster`, on the caller's own thread."""
    predict: Engine = opened_booster(booster).inplace_predict
    return predict


def opened_booster(booster: bytes) -> Any:  # noqa: ANN401 - XGBoost's, not imported at the top
    """Return XGBoost's booster, on the caller's own thread.

    Raises
    ------
    ValueError
        It is empty, cut off or damaged.
    """
    # No exception comes of these: XGBoost ends the process, the worker with all its models.
    if not (booster.startswith(b"{") and booster.endswith(b"}")):
        message = f"the booster's {len(booster)} bytes are not a whole UBJSON object: it is damaged"
        raise ValueError(message)
    # Imported here, in the background: the server listens before this second is over.
    import xgboost as xgb  # noqa: PLC0415

    opened: Any = xgb.Booster({"nthread": 1})
    opened.load_model(bytearray(booster))
    opened.set_param({"nthread": 1})
    return opened


def check(found: Engine, inputs: Singles, answers: Singles) -> None:
    """Compare an engine with XGBoost's answers, on all probe rows and on single ones.

    Raises
    ------
    DifferentAnswersError
        They differ by more than 1e-6 of the answer's size.
    """
    wide = inputs.astype(np.float64)
    alone = np.concatenate([found(wide[row : row + 1]) for row in range(0, len(wide), 16)])
    for got, expected in ((found(wide), answers), (alone, answers[::16])):
        if not np.allclose(got, expected, rtol=PROBE_TOLERANCE, atol=PROBE_TOLERANCE):
            worst = float(np.abs(got - expected).max())
            message = f"its answers to the probe rows are up to {worst:g} off XGBoost's"
            raise DifferentAnswersError(message)


def _probe(file: bytes) -> tuple[Singles, Singles]:
    with np.load(io.BytesIO(file), allow_pickle=False) as saved:
        return saved["inputs"], saved["answers"]
