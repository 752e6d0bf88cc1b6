"""Writes a booster as an ONNX tree ensemble whose answers are XGBoost's, bit for bit.

ONNX Runtime answers a single row in a tenth of XGBoost's time; a server compares it with
XGBoost's own answers on probe rows before it uses it.
"""

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost as xgb

Singles = npt.NDArray[np.float32]

INPUT, OUTPUT = "inputs", "prediction"
PROBE_ROWS = 256
PROBE_SEED = 0
MISSING_SHARE = 0.3
# Nodes that know where a missing value goes came with this version of ONNX's tree operators.
OPERATORS, TREE_OPERATORS, FORMAT = 18, 3, 9
# Those whose prediction is the sum of base score and leaves, without a function around it.
SUMS = ("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror")


class NotExactError(ValueError):
    """A booster that cannot be written so that every answer stays the same; says why."""


def to_onnx(booster: xgb.Booster) -> bytes:
    """Return the booster as an ONNX model from float32 (rows, inputs) to float32 (rows, 1).

    XGBoost adds up the base score, then one leaf a tree, in single precision. ONNX Runtime
    starts with the first tree, so the base score is added to that tree's leaves here: the same
    additions in the same order.

    Raises
    ------
    NotExactError
        Its trees are weighted, split on categories, have several outputs, or its objective
        puts a function around their sum.
    """
    # Imported here: most of training never writes a booster.
    from onnx import TensorProto, helper  # noqa: PLC0415

    learner = json.loads(booster.save_raw("json"))["learner"]
    trees = _trees(learner)
    width = int(learner["learner_model_param"]["num_feature"])
    attributes: dict[str, Any] = _attributes(trees, _base_score(learner))
    node = helper.make_node(
        "TreeEnsembleRegressor",
        [INPUT],
        [OUTPUT],
        domain="ai.onnx.ml",
        n_targets=1,
        **attributes,
    )
    graph = helper.make_graph(
        [node],
        "booster",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, 1])],
    )
    model = helper.make_model(
        graph,
        opset_imports=[
            helper.make_opsetid("", OPERATORS),
            helper.make_opsetid("ai.onnx.ml", TREE_OPERATORS),
        ],
        ir_version=FORMAT,
    )
    return bytes(model.SerializeToString())


def probe(booster: xgb.Booster) -> tuple[Singles, Singles]:
    """Return inputs, (256, inputs), that reach the edges of the trees, and XGBoost's answers.

    A quarter lies on thresholds, a quarter just below, a quarter anywhere between, and a quarter
    has missing and infinite values, so that default branches are taken too.
    """
    learner = json.loads(booster.save_raw("json"))["learner"]
    width = int(learner["learner_model_param"]["num_feature"])
    rng = np.random.default_rng(PROBE_SEED)
    inputs = np.empty((PROBE_ROWS, width), dtype=np.float32)
    for place, found in enumerate(_thresholds(learner, width)):
        inputs[:, place] = rng.choice(found, PROBE_ROWS)
        between = rng.uniform(found.min() - 1, found.max() + 1, PROBE_ROWS // 4)
        inputs[2 * PROBE_ROWS // 4 : 3 * PROBE_ROWS // 4, place] = between
    below = slice(PROBE_ROWS // 4, 2 * PROBE_ROWS // 4)
    inputs[below] = np.nextafter(inputs[below], np.float32(-np.inf))
    odd = inputs[3 * PROBE_ROWS // 4 :]
    odd[rng.random(odd.shape) < MISSING_SHARE] = np.nan
    odd[rng.random(odd.shape) < MISSING_SHARE / 10] = np.inf
    odd[rng.random(odd.shape) < MISSING_SHARE / 10] = -np.inf
    return inputs, np.asarray(booster.inplace_predict(inputs), dtype=np.float32)


def _trees(learner: dict[str, Any]) -> list[dict[str, Any]]:
    booster, objective = learner["gradient_booster"], learner["objective"]["name"]
    if booster["name"] != "gbtree":
        message = f"its booster is {booster['name']}, whose trees are weighted or none"
        raise NotExactError(message)
    if objective not in SUMS:
        message = f"its objective {objective} is not the plain sum of its leaves"
        raise NotExactError(message)
    trees: list[dict[str, Any]] = booster["model"]["trees"]
    parameters = learner["learner_model_param"]
    # Either says how many outputs there are, by the kind of trees.
    outputs = max(int(parameters["num_class"]), int(parameters.get("num_target", "1")))
    if outputs > 1:
        message = f"it has {outputs} outputs"
        raise NotExactError(message)
    if not trees or any(tree["categories_nodes"] for tree in trees):
        message = "it has no trees" if not trees else "it splits on categories"
        raise NotExactError(message)
    return trees


def _base_score(learner: dict[str, Any]) -> np.float32:
    # A list of one since XGBoost 3.1, a plain number before.
    found = json.loads(learner["learner_model_param"]["base_score"])
    return np.float32(found[0] if isinstance(found, list) else found)


def _attributes(trees: list[dict[str, Any]], base_score: np.float32) -> dict[str, list[Any]]:
    """Return the operator's attributes: all nodes of all trees, one list for each property."""
    columns: dict[str, list[npt.NDArray[Any]]] = {}
    for number, tree in enumerate(trees):
        start = base_score if number == 0 else np.float32(0)
        for name, values in _nodes(tree, number, start).items():
            columns.setdefault(name, []).append(values)
    joined = {name: np.concatenate(values) for name, values in columns.items()}
    modes = np.where(joined.pop("leaf"), "LEAF", "BRANCH_LT")
    return {"nodes_modes": modes.tolist(), **{name: v.tolist() for name, v in joined.items()}}


def _nodes(tree: dict[str, Any], number: int, start: np.float32) -> dict[str, npt.NDArray[Any]]:
    left = np.array(tree["left_children"], dtype=np.int64)
    leaf = left == -1
    # The place of a split's threshold holds, in a leaf, the leaf's value.
    values = np.array(tree["split_conditions"], dtype=np.float32)
    identities = np.arange(len(left))

    def of_splits(column: str) -> npt.NDArray[np.int64]:
        return np.where(leaf, 0, np.array(tree[column], dtype=np.int64))

    return {
        "leaf": leaf,
        "nodes_treeids": np.full(len(left), number),
        "nodes_nodeids": identities,
        "nodes_featureids": of_splits("split_indices"),
        "nodes_values": np.where(leaf, np.float32(0), values),
        "nodes_truenodeids": of_splits("left_children"),
        "nodes_falsenodeids": of_splits("right_children"),
        "nodes_missing_value_tracks_true": of_splits("default_left"),
        "target_treeids": np.full(leaf.sum(), number),
        "target_nodeids": identities[leaf],
        "target_ids": np.zeros(leaf.sum(), dtype=np.int64),
        "target_weights": values[leaf] + start,
    }


def _thresholds(learner: dict[str, Any], width: int) -> list[Singles]:
    """Return every threshold of each input; where none is split on, zero."""
    found: list[list[float]] = [[] for _ in range(width)]
    for tree in learner["gradient_booster"]["model"]["trees"]:
        for left, feature, value in zip(
            tree["left_children"], tree["split_indices"], tree["split_conditions"], strict=True
        ):
            if left != -1:
                found[feature].append(value)
    return [np.array(values or [0.0], dtype=np.float32) for values in found]
