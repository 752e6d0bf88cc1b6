"""The rows that a model was fitted on, as they travel with its version.

Without pandas, pyarrow or a model: the service that watches drift reads them too, and is small.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

ROWS_FILE = "training_rows.npz"
MOST_ROWS = 20_000
"""Drift is measured no better with more of them, and each takes 80 bytes of the version."""

Floats = npt.NDArray[np.float64]
_MEMBERS = ("rows", "target", "prediction", "reference")


@dataclass(frozen=True)
class TrainingRows:
    """Rows that a model was fitted on.

    Parameters
    ----------
    columns
        The names of the columns of `rows`.
    rows
        (rows, columns).
    target, prediction
        (rows,), the true values, and what the model itself predicts.
    reference
        (rows,), whether today's traffic is to look like the row.
    """

    columns: tuple[str, ...]
    rows: Floats
    target: Floats
    prediction: Floats
    reference: npt.NDArray[np.bool_]

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read a version's file.

        Raises
        ------
        ValueError
            It is damaged, or no such file.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as found:
                columns: Sequence[str] = found["columns"].tolist()
                read = cls(tuple(columns), *(found[name] for name in _MEMBERS))
        # Whatever a damaged archive makes of these lines, it is one thing: not to be used.
        except Exception as error:
            message = f"it is no archive of training rows: {error}"
            raise ValueError(message) from error
        read._check()
        return read

    def to_bytes(self) -> bytes:
        """Return the file's content."""
        packed = io.BytesIO()
        members = {name: getattr(self, name) for name in _MEMBERS}
        np.savez_compressed(packed, columns=np.array(self.columns), **members)
        return packed.getvalue()

    def sampled(self, most: int = MOST_ROWS, seed: int = 0) -> "TrainingRows":
        """Return at most so many of the rows, drawn at random, in their order."""
        if len(self.target) <= most:
            return self
        drawn = np.random.default_rng(seed).choice(len(self.target), most, replace=False)
        drawn.sort()
        return TrainingRows(
            self.columns,
            *(self.rows[drawn], self.target[drawn], self.prediction[drawn], self.reference[drawn]),
        )

    def of_reference(self) -> "TrainingRows":
        """Return the rows that drift is measured against."""
        mine = self.reference
        return TrainingRows(
            self.columns, self.rows[mine], self.target[mine], self.prediction[mine], mine[mine]
        )

    def _check(self) -> None:
        count = len(self.target)
        shapes = [getattr(self, name).shape for name in _MEMBERS]
        if shapes != [(count, len(self.columns)), *[(count,)] * 3]:
            message = f"its training rows do not fit together: {shapes}"
            raise ValueError(message)
        if self.reference.dtype != np.bool_ or not self.reference.any():
            message = "none of its training rows are the reference of drift"
            raise ValueError(message)
