"""The model that every server serves, in the files that each wants, and the rows that it gets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import xgboost as xgb

from training.data import Floats, Housing
from training.generate import generate
from training.models.boosted import Boosted
from training.models.recipes import RECIPES
from training.schema import FEATURE_NAMES
from training.trained import Trained, fit, split

TREES = 300
DEPTH = 6
ROWS = 20_000
BOOSTER_FILE = "model.ubj"

MLSERVER_MODEL = {
    "name": "housing",
    "implementation": "mlserver_xgboost.XGBoostModel",
    "parameters": {"uri": f"./{BOOSTER_FILE}"},
}


@dataclass(frozen=True)
class Models:
    """The eight-feature model `plain` and `geographic`, their data, and (rows, 8) to predict."""

    data: Housing
    trained: Mapping[str, Trained]
    rows: Floats

    @property
    def booster(self) -> xgb.Booster:
        """The trees of the eight-feature model."""
        return _booster(self.trained["plain"])


def make() -> Models:
    """Fit both on generated houses; the rows are others, written as a client would."""
    data = generate()
    parts = split(data)
    same = {"max_depth": DEPTH, "most_trees": TREES, "patience_trees": None}
    trained = {
        name: fit(recipe, {**recipe.profiles["default"], **same}, parts, 0)
        for name, recipe in (("plain", RECIPES["xgboost"]), ("geographic", RECIPES["xgboost-geo"]))
    }
    rows = generate(ROWS + ROWS // 4, 1).features.round(6)
    # This project keeps predictions within the prices that it knows; the peers' answers are the
    # trees' own sum. Equal answers are asked for, so such rows are left out.
    sums = _booster(trained["plain"]).inplace_predict(rows)
    kept = sums == trained["plain"].model.predict(rows)
    return Models(data, trained, rows[kept][:ROWS])


def _booster(trained: Trained) -> xgb.Booster:
    return cast("Boosted", trained.model).booster


def write(booster: xgb.Booster, rows: Floats, folder: Path) -> None:
    """Write the trees as `model.ubj`, as MLflow's `mlflow/` and as MLServer's `mlserver/`."""
    # Imported here: it takes seconds, which the engines' benchmark has no use for.
    import mlflow.xgboost  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415
    from mlflow.models import infer_signature  # noqa: PLC0415

    from training.run import quiet  # noqa: PLC0415

    booster.save_model(folder / BOOSTER_FILE)
    frame = pd.DataFrame(rows[:5], columns=list(FEATURE_NAMES))
    signature = infer_signature(frame, np.asarray(booster.inplace_predict(rows[:5])))
    quiet()
    mlflow.xgboost.save_model(booster, str(folder / "mlflow"), signature=signature)
    (folder / "mlserver").mkdir()
    booster.save_model(folder / "mlserver" / BOOSTER_FILE)
    (folder / "mlserver" / "model-settings.json").write_text(json.dumps(MLSERVER_MODEL))
