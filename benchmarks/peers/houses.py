"""What BentoML and FastAPI are told to check: eight numbers a row, each in its plausible range."""

from typing import Annotated

from pydantic import BaseModel, Field

Row = tuple[
    Annotated[float, Field(ge=0.1, le=20)],
    Annotated[float, Field(ge=0, le=110)],
    Annotated[float, Field(ge=0.1, le=200)],
    Annotated[float, Field(ge=0.1, le=60)],
    Annotated[float, Field(ge=1, le=100_000)],
    Annotated[float, Field(ge=0.1, le=2_000)],
    Annotated[float, Field(ge=32, le=42.2)],
    Annotated[float, Field(ge=-125, le=-114)],
]
"""The ranges of training/schema.py."""


class Houses(BaseModel):
    """The body of a request."""

    features: list[Row]
