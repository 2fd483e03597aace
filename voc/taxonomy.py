"""The team's own code frame put to work: clauses go to its entries first, and what fits none is left to discovery.

Entries are told apart by multinomial logistic regression on the vectors of their example phrases. An entry's
confidence weighs how much likelier it is than the others of its facet and how near the clause lies to its examples;
below `min_confidence` no entry fits. `around` gives the themes stage a `group` of its own, so that the rest is grouped,
named, divided and remembered as ever.

What this module does not do: read files (`entries`), discover, or rank.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from voc.config import SentimentConfig, TaxonomyConfig, ThemesConfig
from voc.encoder import load
from voc.entries import CodeFrame, Entry, read_entries
from voc.tables import CLAUSE_THEMES, CLAUSES, FEEDBACK, THEMES, Note
from voc.themes import STRAY, Group, Grouped

JOURNEY = "journey"
"""The facet whose entries are the steps of the customer's journey."""
GENERAL = "cx"

STRENGTH = 20.0
"""Inverse strength of the regression's penalty, over the root of the mean number of examples of an entry. A third or
three times as much changes accuracy by 0.002 over five labelled corpora. Undivided, ten examples an entry make the
confidence 0.09 too high where three make it 0.06 too low; divided by the number itself, the general taxonomy, whose
examples are mostly translations of one another, is too shy (43 % of the complaints of the example export, not 64 %)."""

OFFSET, RIVALS, NEARNESS = -1.2, 0.8, 2.6
"""log-odds of the confidence = OFFSET + RIVALS · log-odds against the other entries + NEARNESS · cosine to the centre
of the entry's examples. Fitted once on five corpora (bank queries, two of hospital comments, German railway posts, app
reviews; examples of two kinds: 2-10 comments, or 3 phrases written by hand); on a corpus that was not fitted on the
confidence is wrong by 0.07 on average (expected calibration error, pairs of clause and entry). Both parts are needed:
without NEARNESS the best of bad entries is believed (0.15 for the first entry against 0.11). `python -m bench.taxonomy`
prints the figures; guarded by test_confidence_is_about_right."""

UNDECIDED = 1e-4
"""Least probability of an entry: keeps the log-odds within ±9."""

MOST = 2
"""Entries of one facet that a clause may have: clauses that say three things are almost always lists. Guarded by
test_a_clause_that_says_two_things_counts_for_both."""

FIRM, TIGHT, LARGE, SUGGESTED = 0.5, 0.28, 0.02, 3
"""A discovered theme is suggested as an entry where samples find it again by half, its clauses are alike (the medley
that is left over has a cohesion of 0.1-0.25 in the demo exports, topics 0.3-0.6), it has at least 2 % of the comments
that were grouped, and it is among the three largest. Guarded by test_the_whole_run_with_a_frame."""
STRAYS_TOLD = 3

DOUBT = 0.2
"""How much nearer (cosine) another entry's centre must be before a phrase is doubted; on average half of that for all
phrases of an entry. Translations and short phrases are 0.1 apart by themselves. Guarded by
test_doubtful_examples_are_told."""


@dataclass(frozen=True)
class Taxonomy:
    """Entries with the vectors (p, d) of their phrases; `owner` (p,) is the place of each phrase's entry."""

    entries: tuple[Entry, ...]
    vectors: np.ndarray
    owner: np.ndarray
    notes: tuple[Note, ...] = ()

    @property
    def facets(self) -> list[tuple[str, np.ndarray]]:
        """Every facet with the places of its entries."""
        names = dict.fromkeys(entry.facet for entry in self.entries)
        return [(name, np.flatnonzero([entry.facet == name for entry in self.entries])) for name in names]


@dataclass(frozen=True)
class Placed:
    """Which clauses have which entries: `links` has the columns row (in the clauses table), entry (its place),
    confidence (0-1) and rank (1 = the clause's surest), sorted by row and rank."""

    entries: tuple[Entry, ...]
    links: pd.DataFrame
    discover: bool = True

    def main(self, rows: np.ndarray) -> np.ndarray:
        """The place of the surest entry of each of these rows, -1 where none fits."""
        first = self.links[self.links["rank"] == 1]
        return pd.Series(first["entry"].to_numpy(), first["row"]).reindex(rows).fillna(-1).to_numpy(int)


def read_taxonomy(config: TaxonomyConfig, sentiment: SentimentConfig) -> Taxonomy | None:
    """The code frame that the settings name, its phrases read by the model; None where they name none."""
    return None if config.file is None else learn(read_entries(config.file), sentiment, told=config.file != GENERAL)


def journey_of(sentiment: SentimentConfig) -> Taxonomy:
    """The steps of the customer's journey from the general taxonomy that ships."""
    frame = read_entries(GENERAL)
    return learn(CodeFrame(tuple(entry for entry in frame.entries if entry.facet == JOURNEY)), sentiment, told=False)


def learn(frame: CodeFrame, sentiment: SentimentConfig, *, told: bool = True) -> Taxonomy:
    """The entries with the vectors of their phrases; `told`: notes say which phrases seem to be in the wrong place."""
    phrases = [phrase for entry in frame.entries for phrase in entry.phrases]
    owner: np.ndarray = np.repeat(np.arange(len(frame.entries)), [len(entry.phrases) for entry in frame.entries])
    encoder = load(sentiment.model, device=sentiment.device, allow_download=sentiment.allow_download)
    vectors: np.ndarray = encoder.encode(phrases).vectors.astype(np.float64)
    taxonomy = Taxonomy(frame.entries, vectors, owner, frame.notes)
    return Taxonomy(frame.entries, vectors, owner, (*frame.notes, *_doubts(taxonomy))) if told else taxonomy


def assign(clauses: pd.DataFrame, vectors: np.ndarray, taxonomy: Taxonomy, config: TaxonomyConfig) -> Placed:
    """The entries of every clause; `vectors` (n, d) holds one row per clause, in the same order."""
    clauses = CLAUSES.check(clauses)
    texts = clauses["text"].fillna("").to_numpy(str)
    _, firsts, node = np.unique(texts, return_index=True, return_inverse=True)
    points = np.nan_to_num(np.asarray(vectors, dtype=np.float64)[firsts])
    found = [_links(confidences(points, taxonomy, places), places, config) for _, places in taxonomy.facets]
    links = pd.concat(found, ignore_index=True).sort_values(
        ["text", "confidence", "entry"], ascending=[True, False, True], kind="stable"
    )
    rows = pd.DataFrame({"row": np.arange(len(clauses)), "text": node})
    links = rows.merge(links, on="text").drop(columns="text")
    links["rank"] = links.groupby("row").cumcount() + 1
    return Placed(taxonomy.entries, links, config.discover)


def confidences(points: np.ndarray, taxonomy: Taxonomy, places: np.ndarray) -> np.ndarray:
    """How surely each text (n, d) is about each entry of one facet (n, k), 0-1."""
    if not len(points):
        return np.zeros((0, len(places)))
    inside = np.isin(taxonomy.owner, places)
    phrases = taxonomy.vectors[inside]
    owner = np.asarray(np.searchsorted(places, taxonomy.owner[inside]))
    # Half-way between what people write as examples and what customers write: neither is the other's middle.
    middle = (points.mean(axis=0) + phrases.mean(axis=0)) / 2
    points, phrases = _unit(points - middle), _unit(phrases - middle)
    centres = _unit(np.stack([phrases[owner == place].mean(axis=0) for place in range(len(places))]))
    odds = OFFSET + RIVALS * _against_rivals(points, phrases, owner) + NEARNESS * points @ centres.T
    # Four digits: the last bits of a sum depend on the number of threads.
    rounded: np.ndarray = np.round(1 / (1 + np.exp(-odds)), 4)
    return rounded


def _against_rivals(points: np.ndarray, phrases: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Log-odds (n, k) of each entry against the others; 0 where there is only one."""
    from sklearn.linear_model import LogisticRegression

    if owner.max() == 0:
        return np.zeros((len(points), 1))
    # Balanced: an entry with a hundred examples is not likelier than one with three.
    strength = STRENGTH * ((owner.max() + 1) / len(owner)) ** 0.5
    model = LogisticRegression(C=strength, max_iter=2000, class_weight="balanced")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The number of unique classes")  # one example each is allowed
        model.fit(phrases, owner)
    chances = model.predict_proba(points).clip(UNDECIDED, 1 - UNDECIDED)
    odds: np.ndarray = np.log(chances / (1 - chances))
    return odds


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: np.ndarray = vectors / np.maximum(lengths, 1e-9)
    return scaled


def _links(sure: np.ndarray, places: np.ndarray, config: TaxonomyConfig) -> pd.DataFrame:
    """The entries of one facet that fit: text, entry, confidence."""
    order = np.argsort(-sure, axis=1, kind="stable")[:, :MOST]
    best = np.take_along_axis(sure, order, axis=1)
    text, turn = np.nonzero(best >= config.min_confidence)
    return pd.DataFrame({"text": text, "entry": places[order[text, turn]], "confidence": best[text, turn]})


def around(placed: Placed, inner: Group) -> Group:
    """A `group` for the themes stage: texts with an entry go there, and `inner` groups the others."""

    def group(points: np.ndarray, texts: pd.DataFrame, mentions: pd.DataFrame, config: ThemesConfig) -> Grouped:
        entry = placed.main(texts["row"].to_numpy())
        known = np.unique(entry[entry >= 0])
        rest = np.flatnonzero(entry < 0)
        found = _rest(points, texts, mentions, config, rest=rest, inner=inner if placed.discover else _nothing)
        groups = np.asarray(np.searchsorted(known, entry))
        groups[rest] = np.where(found.groups >= 0, found.groups + len(known), found.groups)
        ids = (*[placed.entries[each].entry_id for each in known], *found.ids)
        return Grouped(groups, np.concatenate([np.full(len(known), np.nan), found.firmness]), ids)

    return group


def _rest(
    points: np.ndarray,
    texts: pd.DataFrame,
    mentions: pd.DataFrame,
    config: ThemesConfig,
    *,
    rest: np.ndarray,
    inner: Group,
) -> Grouped:
    """The groups of the texts in these places, which are numbered anew for `inner`."""
    if not len(rest):
        return Grouped(np.zeros(0, np.int64), np.zeros(0), ())
    told = mentions[mentions["node"].isin(rest)]
    told = told.assign(node=np.searchsorted(rest, told["node"])).reset_index(drop=True)
    return inner(points[rest], texts.iloc[rest].reset_index(drop=True), told, config)


def _nothing(points: np.ndarray, texts: pd.DataFrame, mentions: pd.DataFrame, config: ThemesConfig) -> Grouped:  # noqa: ARG001 (as every Group)
    """The group that discovers nothing: every text is a stray."""
    return Grouped(np.full(len(points), STRAY), np.zeros(0), ())


def link(clauses: pd.DataFrame, themes: pd.DataFrame, placed: Placed | None) -> pd.DataFrame:
    """CLAUSE_THEMES: every clause with each of its themes; rank 1 is the `theme_id` of the clauses table."""
    first = clauses.loc[clauses["theme_id"].notna(), ["clause_id", "feedback_id", "theme_id"]].assign(rank=1)
    if placed is None:
        return CLAUSE_THEMES.check(first.assign(confidence=np.nan))
    ids = np.array([entry.entry_id for entry in placed.entries], dtype=object)
    given = pd.DataFrame(
        {
            "clause_id": clauses["clause_id"].to_numpy(object)[placed.links["row"]],
            "feedback_id": clauses["feedback_id"].to_numpy(object)[placed.links["row"]],
            "theme_id": ids[placed.links["entry"]],
            "confidence": placed.links["confidence"].to_numpy(),
        }
    )
    first = first.merge(given[["clause_id", "theme_id", "confidence"]], on=["clause_id", "theme_id"], how="left")
    also = given[given["clause_id"].isin(first["clause_id"]) & given["theme_id"].isin(themes["theme_id"])]
    both = pd.concat([first, also.assign(rank=2)], ignore_index=True).drop_duplicates(["clause_id", "theme_id"])
    place = pd.Index(clauses["clause_id"]).get_indexer(pd.Index(both["clause_id"]))
    both = both.assign(place=place).sort_values(["place", "rank", "confidence"], ascending=[True, True, False])
    both["rank"] = both.groupby("clause_id", sort=False).cumcount() + 1
    return CLAUSE_THEMES.check(both[[*CLAUSE_THEMES.columns]])


def tellings(clauses: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """The clauses, one row per theme they speak of: a clause that says two things counts for both."""
    also = links[links["rank"] > 1]
    if also.empty:
        return clauses
    rows = pd.Index(clauses["clause_id"]).get_indexer(pd.Index(also["clause_id"]))
    second = clauses.iloc[rows].assign(theme_id=also["theme_id"].to_numpy(object), subtheme_id=pd.NA, quote_rank=pd.NA)
    return CLAUSES.check(pd.concat([clauses, second], ignore_index=True))


def name_entries(themes: pd.DataFrame, links: pd.DataFrame, placed: Placed) -> pd.DataFrame:
    """The themes, those of entries under the entries' names, with what counts for them as their second theme too."""
    names = {entry.entry_id: entry.name for entry in placed.entries}
    known = themes["theme_id"].isin(names)
    counted = links.groupby("theme_id").agg(n_clauses=("clause_id", "nunique"), n_feedback=("feedback_id", "nunique"))
    taken = {name.casefold() for name in names.values()}
    free = themes["label"].where(~themes["label"].str.casefold().isin(taken), themes["label"] + " (found)")
    named = THEMES.add(
        themes,
        label=themes["theme_id"].map(names).where(known, free),
        label_lang=themes["label_lang"].mask(known),
        origin=np.where(known, "taxonomy", "found"),
        **{name: themes["theme_id"].map(counted[name]).where(known, themes[name]) for name in counted},
    )
    level = np.where(themes["parent_id"].notna(), 2, themes["status"].eq("residual").fillna(value=False).astype(int))
    size = np.where(level == 0, -named["n_feedback"].fillna(0).astype(int), 0)
    return named.iloc[np.lexsort((size, level))].reset_index(drop=True)


def mark_journey(feedback: pd.DataFrame, clauses: pd.DataFrame, placed: Placed) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables with `journey`: the step each clause speaks of, and the one a comment speaks of most surely."""
    steps = np.array([entry.name if entry.facet == JOURNEY else "" for entry in placed.entries], dtype=object)
    told = placed.links[steps[placed.links["entry"]] != ""]
    best = told.drop_duplicates("row")
    step: np.ndarray = np.full(len(clauses), None, dtype=object)
    step[best["row"]] = steps[best["entry"]]
    weights = pd.DataFrame(
        {
            "comment": clauses["feedback_id"].to_numpy(object)[best["row"]],
            "step": step[best["row"]],
            "sure": best["confidence"],
        }
    )
    sums = weights.groupby(["comment", "step"])["sure"].sum().round(4).reset_index()
    first = sums.sort_values(["comment", "sure", "step"], ascending=[True, False, True]).drop_duplicates("comment")
    of_comment = pd.Series(first["step"].to_numpy(object), first["comment"])
    return (
        FEEDBACK.add(feedback, journey=feedback["feedback_id"].map(of_comment)),
        CLAUSES.add(clauses, journey=step),
    )


def has_journey(entries: tuple[Entry, ...]) -> bool:
    """Whether some of the entries are steps of the customer's journey."""
    return any(entry.facet == JOURNEY for entry in entries)


def taxonomy_notes(taxonomy: Taxonomy, clauses: pd.DataFrame, themes: pd.DataFrame) -> tuple[Note, ...]:
    """What the entries cover, which nobody speaks of, what seems wrong with them and what they lack."""
    grouped = clauses[clauses["theme_id"].notna()]
    ids = {entry.entry_id: entry.name for entry in taxonomy.entries}
    covered = int(grouped["theme_id"].isin(ids).sum())
    share = f"{covered / len(grouped):.0%}" if len(grouped) else "none"
    told = f"The taxonomy covers {share} of the clauses that were grouped ({covered:,} of {len(grouped):,})"
    notes = [Note("taxonomy", told)]
    silent = [name for each, name in ids.items() if not themes["theme_id"].eq(each).any()]
    if silent:
        notes.append(Note("taxonomy", f"entries that nobody speaks of: {', '.join(silent)}", len(silent)))
    return (*taxonomy.notes, *notes, *_suggestions(clauses, themes))


def _suggestions(clauses: pd.DataFrame, themes: pd.DataFrame) -> Iterator[Note]:
    """Entries that seem to be missing, each as a line to paste into the taxonomy's file."""
    top = themes[themes["parent_id"].isna()]
    least = LARGE * clauses.loc[clauses["theme_id"].notna(), "feedback_id"].nunique()
    found = top[top["origin"].eq("found") & top["status"].ne("residual") & top["firmness"].ge(FIRM)]
    found = found[found["cohesion"].ge(TIGHT)]
    for theme in found[found["n_feedback"] >= least].head(SUGGESTED).to_dict("records"):
        own = clauses[clauses["theme_id"].eq(theme["theme_id"])]
        quoted = own.sort_values(["quote_rank", "theme_score", "clause_id"], ascending=[True, False, True])
        phrases = quoted["text"].drop_duplicates().head(3).tolist()
        line = f"{_quoted(theme['label'])} = {_quoted(phrases)}"
        told = f"comments tell of what no entry names; consider adding: {line}"
        yield Note("taxonomy", told, int(theme["n_feedback"]))


def _quoted(value: object) -> str:
    """Text or texts as TOML writes them: JSON's strings and lists are TOML's."""
    return json.dumps(value, ensure_ascii=False)


def _doubts(taxonomy: Taxonomy) -> Iterator[Note]:
    """Phrases that lie nearer to another entry, and entries whose phrases have nothing in common."""
    for _, places in taxonomy.facets:
        own, other, rival = _belonging(taxonomy, places)
        owner = taxonomy.owner[np.isin(taxonomy.owner, places)]
        phrases = [phrase for place in places for phrase in taxonomy.entries[place].phrases]
        for place in places:
            inside = owner == place
            name = taxonomy.entries[place].name
            if inside.sum() > 1 and np.nanmean(own[inside]) < np.nanmean(other[inside]) - DOUBT / 2:
                yield Note("taxonomy", f"The examples of '{name}' are less like one another than like other entries'")
                continue
            for each in np.flatnonzero(inside & (other > own + DOUBT))[:STRAYS_TOLD]:
                nearer = taxonomy.entries[rival[each]].name
                yield Note("taxonomy", f"'{phrases[each]}' is an example of '{name}' and lies nearer to '{nearer}'")


def _belonging(taxonomy: Taxonomy, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per phrase of a facet its cosine to the other phrases of its entry (nan: there are none), to the nearest other
    entry (-1: there is none), and which entry that is."""
    inside = np.isin(taxonomy.owner, places)
    owner, vectors = taxonomy.owner[inside], taxonomy.vectors[inside]
    points = _unit(vectors - vectors.mean(axis=0))
    sums = np.stack([points[owner == place].sum(axis=0) for place in places])
    cosines = points @ _unit(sums).T
    column = np.searchsorted(places, owner)
    mine = sums[column] - points
    own = np.where(np.bincount(column)[column] > 1, (points * _unit(mine)).sum(axis=1), np.nan)
    cosines[np.arange(len(points)), column] = -1
    return own, cosines.max(axis=1), places[cosines.argmax(axis=1)]
