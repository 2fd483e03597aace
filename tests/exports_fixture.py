"""What the tests of readers share: the fixtures, and short words for what stands in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from voc.config import ReadConfig
from voc.readers import read_feedback

FIXTURES = Path(__file__).parent / "fixtures"


def of(name: str, **options: Any) -> pd.DataFrame:
    """The feedback of one fixture."""
    return read_feedback([FIXTURES / name], ReadConfig(**options)).frame


def by_id(frame: pd.DataFrame, column: str) -> dict[str, Any]:
    """Column by response, missing values as None."""
    found = frame.drop_duplicates("response_id").set_index("response_id")[column]
    return {key: None if pd.isna(value) else value for key, value in found.items()}


def at(text: str) -> pd.Timestamp:
    """A moment in UTC."""
    return pd.Timestamp(text, tz="UTC")
