"""How right the themes of real exports are: beside what people who read the complaints one by one say they are about.

`python -m bench.coded [FILE …]` analyses the exports in `../shared/data/demo` as `voc analyze` does and prints, for
each, how well its themes fit the topics of 360 of its complaints (`coded.tsv`: one reader each, clauses by a digest,
without their text); and the same of themes that are made without the map to topics that ships with the model. No
clause of these exports taught that map.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_mutual_info_score

from bench.quality import recipe
from bench.themes import DATA, encode
from voc.config import ReadConfig, from_mapping
from voc.encoder import language_centres, load
from voc.pipeline import analyze
from voc.readers import read_feedback
from voc.theme_vectors import Space
from voc.themes import find_themes

CODED = Path(__file__).with_name("coded.tsv")
NO_TOPIC = ("verdict", "none")
TOO_RARE = "rare"
QUICK = from_mapping({"drivers": {"rounds": 20}, "issues": {"rounds": 20}})
FIGURES = ("themes", "fit", "belong", "placed", "verdicts")


def measured(file: Path) -> dict[str, dict[str, float]]:
    """The figures of one export: as it is analysed, and without the map to topics."""
    found = analyze(read_feedback([file], ReadConfig()).frame, QUICK)
    plain = Space(language_centres(load()))
    without = find_themes(found.clauses, encode(found.clauses), QUICK.themes, space=plain)
    return {
        "as it is": figures(found.clauses, found.themes, file.stem),
        "without the map": figures(*without, file.stem),
    }


def figures(clauses: pd.DataFrame, themes: pd.DataFrame, name: str) -> dict[str, float]:
    """How the themes of the export `name` stand to the topics that its clauses were coded with.

    `fit`: adjusted mutual information of topics and themes, of clauses that have a topic; what has no theme counts as
    one. `belong`: of the clauses in a theme, those that are about what most of its clauses with a topic are about.
    `placed`: of the clauses with a topic, those in a theme; `verdicts`: of those without one, the same.
    """
    rows, digests = coded(name), clauses["text"].map(recipe("corpus").row_digest)
    theme_of = clauses["theme_id"].set_axis(digests)
    rows["theme"] = rows["clause"].map(theme_of[~theme_of.index.duplicated()]).fillna("none")
    named = themes.loc[themes["parent_id"].isna() & themes["status"].ne("residual"), "theme_id"]
    inside, topical = rows["theme"].isin(named), ~rows["topic"].isin([*NO_TOPIC, TOO_RARE])
    about = rows[inside & topical].groupby("theme")["topic"].agg(lambda topics: topics.mode().iloc[0])
    wanted = rows.loc[inside, "theme"].map(about)
    belongs = (wanted == rows.loc[inside, "topic"]) | (wanted == rows.loc[inside, "second"])
    values = (
        len(named),
        adjusted_mutual_info_score(rows.loc[topical, "topic"], rows.loc[topical, "theme"]),
        belongs.mean(),
        inside[topical].mean(),
        inside[rows["topic"].isin(NO_TOPIC)].mean(),
    )
    return dict(zip(FIGURES, map(float, values), strict=True))


def coded(name: str) -> pd.DataFrame:
    """The coded clauses of one export: clause (a digest), kind, topic, second."""
    rows = _all_coded()
    return rows[rows["file"] == name].drop(columns="file").reset_index(drop=True)


@cache
def _all_coded() -> pd.DataFrame:
    return pd.read_csv(CODED, sep="\t", keep_default_na=False)


def main(names: Sequence[str]) -> int:
    if not DATA.is_dir():
        print("Skipped: ../shared/data is not beside the checkout.")
        return 0
    files = [file for file in sorted((DATA / "demo").iterdir()) if not names or file.stem in names]
    rows = {(way, file.stem): row for file in files for way, row in measured(file).items()}
    table = pd.DataFrame(rows).T
    for way in table.index.unique(0):
        means = table.loc[way]
        print(f"\n{way}\n{pd.concat([means, means.mean().to_frame('mean').T]).round(3).to_string()}", flush=True)
    heard = pd.concat([coded(file.stem) for file in files])["kind"].value_counts(normalize=True)
    print(f"\nof what was taken for a complaint, {heard['complaint']:.0%} are, {heard['praise']:.0%} are praise")
    topics = [
        coded(file.stem).query("topic not in @NO_TOPIC and topic != @TOO_RARE")["topic"].nunique() for file in files
    ]
    print(f"topics that the readers told apart: {np.min(topics)}-{np.max(topics)} in an export")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
