"""The table of models that can be trained, with their settings."""

from training.errors import TrainingError
from training.models import boosted, linear, network
from training.models.interface import Params, Recipe
from training.schema import HOUSING, TWO_FEATURES

CHAMPIONS_RECIPE = "xgboost-geo"

_TREES = {"objective": "reg:squarederror", "tree_method": "hist"}

# Chosen by validation RMSE on the published split.
_RAW = {
    **_TREES,
    "learning_rate": 0.1,
    "max_depth": 7,
    "subsample": 0.8,
    "colsample_bytree": 0.7,
    "min_child_weight": 5,
    "reg_lambda": 5,
    "most_trees": 1500,
    "patience_trees": 50,
}
_GEO = {
    **_TREES,
    "geographic": True,
    "learning_rate": 0.05,
    "max_depth": 6,
    "subsample": 0.7,
    "colsample_bytree": 0.3,
    "min_child_weight": 5,
    "reg_lambda": 5,
    "most_trees": 3000,
    "patience_trees": 100,
}
_FOREST = {
    **_TREES,
    "learning_rate": 1.0,
    "max_depth": 14,
    "subsample": 0.7,
    "colsample_bynode": 0.5,
    "reg_lambda": 0.1,
    "most_trees": 1,
}
_NETWORK = {
    "widths": (256, 256, 128),
    "learning_rate": 0.001,
    "batch_rows": 256,
}

RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            CHAMPIONS_RECIPE,
            HOUSING,
            boosted.fit,
            {"default": _GEO, "best": {**_GEO, "members": 5}},
        ),
        Recipe(
            "xgboost",
            HOUSING,
            boosted.fit,
            {"default": _RAW, "best": {**_RAW, "learning_rate": 0.03, "patience_trees": 150}},
        ),
        Recipe(
            "random-forest",
            HOUSING,
            boosted.fit,
            {
                "default": {**_FOREST, "num_parallel_tree": 100},
                "best": {**_FOREST, "num_parallel_tree": 500},
            },
        ),
        Recipe("linear", HOUSING, linear.fit_linear, {"default": {}, "best": {}}),
        Recipe(
            "keras",
            HOUSING,
            network.fit,
            {
                "default": {**_NETWORK, "most_epochs": 30, "patience_epochs": 8},
                "best": {**_NETWORK, "most_epochs": 200, "patience_epochs": 25},
            },
        ),
        Recipe(
            "logistic",
            TWO_FEATURES,
            linear.fit_logistic,
            {"default": {"ridge": 1.0}, "best": {"ridge": 1.0}},
        ),
    )
}
PROFILES = ("default", "best")


def recipe_named(name: str) -> Recipe:
    """Return the recipe.

    Raises
    ------
    TrainingError
        There is none of that name.
    """
    try:
        return RECIPES[name]
    except KeyError:
        message = f"--model {name}: there is no such model; choose from {', '.join(RECIPES)}"
        raise TrainingError(message) from None


def with_settings(params: Params, changed: object, source: str) -> Params:
    """Return the settings with some of them changed, as a search found them.

    Raises
    ------
    TrainingError
        `changed` is no JSON object, or names a setting that the model does not have.
    """
    if not isinstance(changed, dict):
        message = f"{source}: must be a JSON object of settings, as search's best_params.json"
        raise TrainingError(message)
    unknown = [name for name in changed if name not in params]
    if unknown:
        message = f"{source}: {', '.join(unknown)}: no such setting; there are {', '.join(params)}"
        raise TrainingError(message)
    return {**params, **changed}
