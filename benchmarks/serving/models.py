"""The model that every server serves, in the files that each wants, and the rows that it gets."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data import Floats
from training.generate import generate
from training.models.boosted import Boosted
from training.models.recipes import RECIPES
from training.schema import FEATURE_NAMES
from training.trained import fit, split

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
    """The eight-feature model, the geographic one, and (rows, 8) to predict."""

    plain: Boosted
    geographic: Boosted
    rows: Floats


def make() -> Models:
    """Fit both on generated houses; the rows are others, written as a client would."""
    parts = split(generate())
    same = {"max_depth": DEPTH, "most_trees": TREES, "patience_trees": None}
    plain, geographic = (
        fit(recipe, {**recipe.profiles["default"], **same}, parts, 0).model
        for recipe in (RECIPES["xgboost"], RECIPES["xgboost-geo"])
    )
    if not isinstance(plain, Boosted) or not isinstance(geographic, Boosted):
        raise TypeError
    rows = generate(ROWS + ROWS // 4, 1).features.round(6)
    # This project keeps predictions within the prices that it knows; the peers' answers are the
    # trees' own sum. Equal answers are asked for, so such rows are left out.
    kept = plain.booster.inplace_predict(rows) == plain.predict(rows)
    return Models(plain, geographic, rows[kept][:ROWS])


def write(model: Boosted, rows: Floats, folder: Path) -> None:
    """Write the model as `model.ubj`, as MLflow's `mlflow/` and as MLServer's `mlserver/`."""
    # Imported here: it takes seconds, which the engines' benchmark has no use for.
    import mlflow.xgboost  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415
    from mlflow.models import infer_signature  # noqa: PLC0415

    from training.run import quiet  # noqa: PLC0415

    model.booster.save_model(folder / BOOSTER_FILE)
    frame = pd.DataFrame(rows[:5], columns=list(FEATURE_NAMES))
    signature = infer_signature(frame, np.asarray(model.booster.inplace_predict(rows[:5])))
    quiet()
    mlflow.xgboost.save_model(model.booster, str(folder / "mlflow"), signature=signature)
    (folder / "mlserver").mkdir()
    model.booster.save_model(folder / "mlserver" / BOOSTER_FILE)
    (folder / "mlserver" / "model-settings.json").write_text(json.dumps(MLSERVER_MODEL))
