"""Merges several boosters into one whose prediction is the mean of theirs."""

import json
from collections.abc import Sequence
from typing import Any

import xgboost as xgb


def mean_of(boosters: Sequence[xgb.Booster]) -> xgb.Booster:
    """Return one booster with the trees of all, each leaf divided by the number of boosters.

    So an ensemble is one file, one call, and everything that reads boosters reads it. The
    boosters must start from the same base score, as those fitted on the same target do.

    Raises
    ------
    ValueError
        Their base scores differ.
    """
    models = [json.loads(booster.save_raw("json")) for booster in boosters]
    if len({_base_score(model) for model in models}) > 1:
        message = "the boosters start from different base scores: their mean is no sum of trees"
        raise ValueError(message)
    trees = [tree for model in models for tree in _trees(model)["trees"]]
    for number, tree in enumerate(trees):
        tree["id"] = number
        _divide(tree, len(boosters))
    merged = models[0]
    booster_part = _trees(merged)
    booster_part["trees"] = trees
    booster_part["tree_info"] = [0] * len(trees)
    booster_part["iteration_indptr"] = list(range(len(trees) + 1))
    booster_part["gbtree_model_param"]["num_trees"] = str(len(trees))
    merged["learner"]["attributes"] = {}
    result = xgb.Booster()
    result.load_model(bytearray(json.dumps(merged).encode()))
    return result


def _trees(model: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = model["learner"]["gradient_booster"]["model"]
    return found


def _base_score(model: dict[str, Any]) -> str:
    return str(model["learner"]["learner_model_param"]["base_score"])


def _divide(tree: dict[str, Any], by: int) -> None:
    # In a leaf the place of the split's threshold holds the leaf's value. `base_weights` are the
    # means at inner nodes, which SHAP values are computed from.
    leaf = [child == -1 for child in tree["left_children"]]
    tree["split_conditions"] = [
        value / by if is_leaf else value
        for value, is_leaf in zip(tree["split_conditions"], leaf, strict=True)
    ]
    tree["base_weights"] = [weight / by for weight in tree["base_weights"]]
