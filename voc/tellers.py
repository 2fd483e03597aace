"""Who tells of a theme: the comments of one run, with the people who wrote them, as samples that shares are made of.

No run is compared here, and no theme is judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from voc.estimates import Sample
from voc.intervals import Array
from voc.scores import customer_keys


@dataclass(frozen=True)
class Tellers:
    """The comments of one run: `who` (n,) wrote each, as codes, and the places of those that tell of each theme."""

    who: Array
    places: Mapping[str, Array]

    def sample(self, theme_id: str | None) -> Sample:
        """1 for every comment that tells of the theme, 0 for every other one."""
        values: Array = np.zeros(len(self.who))
        values[self.places.get(theme_id or "", np.zeros(0, int))] = 1.0
        return Sample.of(values, self.who)


def tellers_of(comments: pd.DataFrame, clauses: pd.DataFrame) -> Tellers:
    """The `comments` (FEEDBACK, each counts) and what their clauses tell of; clauses of other comments do not count."""
    comments = comments.sort_values("feedback_id", ignore_index=True)
    who = pd.factorize(customer_keys(comments), sort=True)[0] if len(comments) else np.zeros(0, int)
    place = pd.Index(comments["feedback_id"]).get_indexer(pd.Index(clauses["feedback_id"]))
    telling = (place >= 0) & clauses["theme_id"].notna().to_numpy(bool)
    themes = clauses["theme_id"].to_numpy(object)[telling]
    return Tellers(who, pd.Series(place[telling]).groupby(themes).unique().to_dict())
