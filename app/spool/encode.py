"""Pure: writes a prediction in the form that `app.spool.record` reads."""

from array import array

from app.journal import Prediction
from app.spool.record import END, HEADER, NOBODY, START


def encode(prediction: Prediction) -> bytes:
    """Return a prediction's record."""
    one, model = prediction.id.encode(), prediction.model.encode()
    version, run_id = prediction.version.encode(), prediction.run_id.encode()
    rows, predictions = prediction.rows.tobytes(), array("d", prediction.predictions).tobytes()
    texts = len(one) + len(model) + len(version) + len(run_id)
    header = HEADER.pack(
        START,
        HEADER.size + texts + len(rows) + len(predictions) + len(END),
        prediction.at,
        prediction.latency_s,
        NOBODY if prediction.user_id is None else prediction.user_id,
        len(prediction.predictions),
        *(len(one), len(model), len(version), len(run_id)),
    )
    return b"".join((header, one, model, version, run_id, rows, predictions, END))
