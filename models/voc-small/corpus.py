"""Step 2 of the recipe: the training rows, drawn so that customers' words count more than tweets.

Only rows whose licence allows training (`train_ok`) and whose split is `train` are used. Every row carries soft
sentiment targets (negative, neutral, positive), or none, and a severity target in 0-1, or none.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd

from voc.tables import SIGNALS

LABELS = ("negative", "neutral", "positive")
TARGETS = {
    "negative": (1.0, 0.0, 0.0),
    "neutral": (0.0, 1.0, 0.0),
    "positive": (0.0, 0.0, 1.0),
    "mixed": (0.3, 0.4, 0.3),
}
# Rows a source may give per language and label: all of the small native customer sets, a sample of the large ones and
# of the domains nobody brings (film, social chatter), so that no language, label or domain drowns another.
CAPS = {
    "cuba_hotels": 1000, "polish_wccrs": 2000, "swedish_reviews": 2000, "chinese_hotel": 1250,
    "chinese_food_delivery": 1250, "wisesight_th": 900, "husst_hu": 500, "indonlu_smsa": 1000, "malaya_ms": 500,
    "latvian_food_tweets": 800, "latvian_tweets_annotated": 500, "mabsa": 700,
}  # fmt: skip
LATER_CAPS = {"mabsa": 300}
"""From the third pass on: the translated sentences are learned by then."""
REPEATS = (
    {"czech_alza": 2, "german_amazon_household": 2, "multibooked": 2},
    # The second pass looks twice at the sets that have a neutral class, the hardest to learn.
    {"czech_alza": 2, "german_amazon_household": 2, "multibooked": 2, "opener": 2, "xlmt_sentiment": 2},
    # The third pass dwells on them.
    {"czech_alza": 2, "german_amazon_household": 2, "multibooked": 2, "opener": 2, "xlmt_sentiment": 3},
)
LABELLED_BY_CHANCE = ("xlmt_sentiment", "hi")
"""A source and language whose labels tell nothing about the texts: left out (tests/test_recipe.py looks)."""
UNLABELLED = {"clinc150": 2500, "multidogo": 1000, "app_reviews_4class": 1500}
MEASURED = 120
"""Dev rows per source and language that bench/quality.py measures on; calibration looks at the others."""
SEVERITY_HELD_BACK = 0.2
OPINIONS_HELD_BACK, NEAR_MISSES_HELD_BACK, JUDGED_HELD_BACK = 0.12, 0.15, 0.15


def digest(text: str) -> float:
    """A number in [0, 1) from the text alone: splits that survive re-ordering and new rows."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest()) / 2**48


def read_sentiment(folder: Path, split: str) -> pd.DataFrame:
    frame = pd.read_parquet(folder / "sentiment.parquet")
    return frame[frame["split"] == split]


def read_dev(folder: Path, *, measured: bool) -> pd.DataFrame:
    """The dev rows that are measured on, chosen by a hash of the text, or all the others."""
    frame = read_sentiment(folder, "dev")
    order = pd.Series(pd.util.hash_array(frame["text"].to_numpy(object)), frame.index)
    rank = order.groupby([frame["source"], frame["lang"]]).rank(method="first")
    return frame[(rank <= MEASURED) == measured]


def read_aspects(folder: Path, split: str) -> pd.DataFrame:
    """M-ABSA sentences with the polarity that all their opinions share, or `mixed`; those without opinions left out."""
    frame = pd.read_parquet(folder / "aspects.parquet")
    frame = frame[frame["split"] == split].copy()
    polarities = frame["triplets"].map(lambda cell: {polarity for _, _, polarity in json.loads(cell)})
    frame["label"] = polarities.map(lambda found: "mixed" if len(found) > 1 else next(iter(found), None))
    frame["source"] = "mabsa"
    return frame[frame["label"].isin(TARGETS)]


def read_severity(folder: Path, *, held_back: bool) -> pd.DataFrame:
    """Severity on 0-1: X-CI's 0-4 over 4; NHS criticality -4…4 with praise at 0. A fifth of the texts is held back."""
    frame = pd.read_parquet(folder / "severity.parquet")
    is_xci = frame["source"] == "xci"
    frame["target"] = (frame["severity"] / 4).where(is_xci, (-frame["severity"] / 4).clip(lower=0))
    # The same text must not be trained on under one name and measured under another.
    sentiment = pd.read_parquet(folder / "sentiment.parquet", columns=["text", "split"])
    elsewhere = set(sentiment.loc[sentiment["split"] != "train", "text"])
    is_held_back = (frame["text"].map(digest) < SEVERITY_HELD_BACK) | frame["text"].isin(elsewhere)
    return frame[is_held_back == held_back]


def read_opinions(*, held_back: bool) -> pd.DataFrame:
    """Written opinions: lang, label, severity, text, and a 0-1 column per signal; nan where a row does not say.

    What is held back is measured on and never trained on.
    """
    files = sorted(Path(__file__).with_name("opinions").glob("*.tsv"))
    rows = pd.concat([pd.read_csv(file, sep="\t", keep_default_na=False, quoting=3) for file in files])
    rows = rows[(rows["text"].map(digest) < OPINIONS_HELD_BACK) == held_back].reset_index(drop=True)
    flags = {name: [float(name in found.split()) for found in rows["signals"]] for name in SIGNALS}
    told = pd.DataFrame(flags).where(rows["signals"] != "?")
    return pd.concat([rows.assign(severity=pd.to_numeric(rows["severity"])), told], axis=1)


def read_near_misses(*, held_back: bool) -> pd.DataFrame:
    """Rows that carry a signal or only come near one: lang, label, severity, signals, text.

    What is held back is measured on and never trained on.
    """
    rows = pd.read_csv(Path(__file__).with_name("near_misses.tsv"), sep="\t", keep_default_na=False, quoting=3)
    return rows[(rows["text"].map(digest) < NEAR_MISSES_HELD_BACK) == held_back].reset_index(drop=True)


def read_judged(folder: Path, *, held_back: bool) -> pd.DataFrame:
    """Clauses of customers in the shared training rows, read one by one for what they signal: row, lang, text,
    signals.

    `judged.tsv` names each by a digest of its row and its place there, and holds no text; its `kind` is not taught yet.
    Most were chosen because an earlier model heard a signal in them, or nearly; two of three times there was none.
    Where a model that had not seen a row was sure of the contrary, a second reader decided. What is held back is
    measured on, and not taught. Raises ValueError where rows are missing.
    """
    found = _with_texts("judged.tsv", folder)
    found = found[(found["row"].map(digest) < JUDGED_HELD_BACK) == held_back]
    return found[["row", "signals", "lang", "text"]].reset_index(drop=True)


def read_coded(folder: Path) -> pd.DataFrame:
    """Complaints of customers in the shared training rows, read one by one for what they are about: export, lang, kind,
    topic, second, text.

    `coded.tsv` names each as `judged.tsv` does. The topics of each export are those that its manager would act on
    apart; "verdict" judges the whole and names none, "none" is about nothing, "rare" about something too rare for a
    topic. Raises ValueError where rows are missing.
    """
    return _with_texts("coded.tsv", folder)[["export", "lang", "kind", "topic", "second", "text"]]


def _with_texts(name: str, folder: Path) -> pd.DataFrame:
    """The table `name` of spans of shared training rows, with their `lang` and `text`."""
    found = pd.read_csv(Path(__file__).with_name(name), sep="\t", keep_default_na=False)
    tables = [pd.read_parquet(folder / f"{each}.parquet") for each in ("sentiment", "themes", "severity", "aspects")]
    rows = pd.concat([table[(table["split"] == "train") & table["train_ok"]][["text", "lang"]] for table in tables])
    rows = rows.drop_duplicates("text").set_index(rows["text"].drop_duplicates().map(row_digest))
    if not found["row"].isin(rows.index).all():
        raise ValueError(f"{name} names rows that are not in {folder}")
    whole, spans = rows.loc[found["row"]], zip(found["start"], found["end"], strict=True)
    texts = [text[start:end] for text, (start, end) in zip(whole["text"], spans, strict=True)]
    return found.assign(lang=whole["lang"].to_numpy(), text=texts)


def row_digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _sample(frame: pd.DataFrame, turn: int) -> pd.DataFrame:
    """Rows up to their source's cap; at a later turn the next ones, where the source has as many again."""
    groups = frame["text"].map(digest).groupby([frame["source"], frame["lang"], frame["label"]])
    cap = frame["source"].map(CAPS | LATER_CAPS if turn > 1 else CAPS).fillna(1e9)
    skipped = (cap * turn).where(groups.transform("size") >= cap * (turn + 1), 0)
    rank = groups.rank(method="first") - skipped
    return frame[(rank > 0) & (rank <= cap)]


def training_rows(folder: Path, turn: int = 0) -> pd.DataFrame:
    """The rows of one pass: text, lang, domain, source, row_id, severity, negative, neutral, positive; nan = unknown.

    A later `turn` draws other rows of the sources that have more than one pass takes.
    """
    labelled = pd.concat([read_sentiment(folder, "train"), read_aspects(folder, "train")])
    by_chance = (labelled["source"] == LABELLED_BY_CHANCE[0]) & (labelled["lang"] == LABELLED_BY_CHANCE[1])
    labelled = _sample(labelled[labelled["train_ok"] & ~by_chance], turn)
    again = [labelled[labelled["source"] == name] for name, n in REPEATS[turn].items() for _ in range(n - 1)]
    labelled = pd.concat([labelled, *again])
    severity = read_severity(folder, held_back=False)
    held_back = set(read_severity(folder, held_back=True)["text"])
    labelled = labelled[~labelled["text"].isin(held_back)]
    themes = pd.read_parquet(folder / "themes.parquet")
    themes = themes[(themes["split"] == "train") & themes["train_ok"]]
    themes = themes[themes["source"].isin(UNLABELLED)]
    rank = themes["text"].map(digest).groupby(themes["source"]).rank(method="first")
    rows = pd.concat(
        [labelled, severity.assign(label=None), themes[rank <= themes["source"].map(UNLABELLED)].assign(label=None)]
    )
    rows = rows.reset_index(drop=True)
    targets = pd.DataFrame(
        [TARGETS.get(label, (None,) * 3) for label in rows["label"]], columns=list(LABELS), dtype=float
    )
    known = dict(zip(severity["text"], severity["target"], strict=True))
    # A text that praises is not severe in any language; elsewhere severity is known in English only.
    severity_target = (
        rows["text"]
        .map(known)
        .where(rows["text"].isin(known), (targets["positive"] == 1).map({True: 0.0, False: None}))
    )
    rows["severity"] = severity_target.astype(float)
    return pd.concat([rows[["text", "lang", "domain", "source", "row_id", "severity"]], targets], axis=1)
