"""A synthetic Analysis that looks like a real one: six languages, six months, five complaints, figures that add up.

Everything is computed from made-up comments with a fixed seed; no model runs. Not a golden result: it exists so that
the report and the sinks can be tested without the stages.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from voc.config import DEFAULTS, to_mapping
from voc.tables import CHANGES, CLAUSES, DRIVERS, FEEDBACK, ISSUES, METRICS, THEMES, Analysis, Note

HOSTILE = "<script>window.hacked=1</script><img src=x onerror='window.hacked=1'>\"'</script>{{ 7*7 }}&amp;"

# theme id, label, keywords, severity, share of comments, growth over the half year, nps penalty, the customers' words
COMPLAINTS = (
    ("t-charge", "charged twice", "charged, twice, refund, card, doppelt", 0.82, 0.07, 2.6, 5.0, {
        "en": "I was charged twice for the same order and nobody refunds me",
        "de": "Der Betrag wurde doppelt von meiner Karte abgebucht",
        "it": "Mi hanno addebitato due volte lo stesso ordine",
        "lt": "Pinigai už tą patį užsakymą nuskaičiuoti du kartus"}),
    ("t-delivery", "delivery late", "late, delivery, days, waiting, Lieferung", 0.46, 0.17, 1.1, 2.8, {
        "en": "delivery took nine days instead of two",
        "de": "die Lieferung kam eine Woche zu spät",
        "fr": "la livraison est arrivée avec huit jours de retard",
        "es": "el pedido llegó con una semana de retraso",
        "lt": "siunta vėlavo visą savaitę"}),
    ("t-app", "app crashes at checkout", "app, crashes, checkout, update, freezes", 0.58, 0.12, 1.7, 3.1, {
        "en": "the app crashes every time I reach checkout",
        "de": "die App stürzt beim Bezahlen ab",
        "it": "l'app si blocca al momento del pagamento",
        "fr": "l'application plante au moment de payer",
        "es": "la aplicación se cierra al pagar"}),
    ("t-plug", "charger gets hot and sparks", "charger, hot, sparks, burned, Netzteil", 0.95, 0.012, 1.0, 4.0, {
        "en": "the charger sparked and burned my hand",
        "de": "das Netzteil wurde so heiß, dass es Funken gab"}),
    ("t-support", "no answer from support", "answer, support, waiting, email, risposta", 0.52, 0.10, 0.7, 2.4, {
        "en": "three emails to support and still no answer",
        "de": "der Kundendienst antwortet seit Tagen nicht",
        "it": "nessuna risposta dal servizio clienti da due settimane",
        "lt": "klientų aptarnavimas neatsako jau savaitę"}),
)  # fmt: skip
PRAISE = {
    "en": "lovely staff, I felt looked after",
    "de": "sehr freundliches Personal",
    "it": "personale gentilissimo",
    "fr": "le personnel est très aimable",
    "es": "el personal es muy amable",
    "lt": "labai malonus personalas",
}
LANGUAGES = tuple(PRAISE)
Group = tuple[str, str, pd.Timestamp | None]
CHANNELS = ("survey", "email", "chat", "app review")


def make_analysis(
    *, rows: int = 600, dates: bool = True, scores: bool = True, customers: bool = True, hostile: bool = False
) -> Analysis:
    """An Analysis of `rows` comments; without dates, scores or customers those columns are missing, as from a file."""
    feedback, clauses = _comments(np.random.default_rng(7), rows)
    if hostile:
        feedback, clauses = _poison(feedback, clauses)
    absent = [
        *(() if dates else ("created_at",)),
        *(() if scores else ("nps", "csat", "rating", "csat_scale", "rating_scale")),
        *(() if customers else ("customer_id",)),
    ]
    feedback = feedback.drop(columns=absent)
    themes = _themes(clauses, hostile=hostile)
    drivers = _drivers(feedback, clauses, themes)
    return Analysis(
        feedback=feedback,
        clauses=clauses,
        themes=themes,
        metrics=_metrics(feedback),
        drivers=drivers,
        issues=_issues(feedback, clauses, themes, drivers),
        settings=to_mapping(DEFAULTS),
        notes=(
            Note("read", "Column 'Kommentar' was read as the text: it holds the longest free text.", 0),
            Note("read", "dates could not be read and were left empty", 3),
            Note("clean", "rows skipped: empty", 10),
        ),
        model="voc-small",
        timings={"clean": 0.41, "sentiment": 12.8, "themes": 1.93},
        inputs=({"name": "survey-2025.csv", "format": "csv", "rows": rows, "sha256": "ab" * 32},),
    )


def make_changes(label: str = "late parcel") -> pd.DataFrame:
    """CHANGES of a second run, one row of every kind; `label` is that of the theme that was merged."""
    counted = ["born", "found", "grown", "shrunk", "gone", "steady"]
    before, now = [0, 12, 10, 60, 20, 31], [18, 11, 44, 25, 1, 30]
    rows = pd.DataFrame({"change": counted, "n_before": before, "n_now": now, "of_before": 300, "of_now": 250})
    rows = rows.assign(
        theme_id=["t-plug", "t-bill", "t-app", "t-delivery", "t-stairs", "t-support"],
        label=["charger gets hot and sparks", "bill", "app crashes", "delivery late", "stairs", "no answer"],
        share_before=rows["n_before"] / rows["of_before"], share_now=rows["n_now"] / rows["of_now"], p_value=0.01,
    )  # fmt: skip
    rows["difference"] = rows["share_now"] - rows["share_before"]
    rows = rows.assign(low=rows["difference"] - 0.021, high=rows["difference"] + 0.021, q_value=0.02)
    moved = pd.DataFrame({
        "change": ["split", "merged"], "theme_id": ["t-old", "t-parcel"], "label": ["staff", label],
        "detail": ["into 'app crashes' (t-app), 'bill, fee (new)' (t-bill)", "into 'delivery late' (t-delivery)"],
    })  # fmt: skip
    both = pd.concat([rows.iloc[:3], moved, rows.iloc[3:]], ignore_index=True)
    return CHANGES.check(both.reindex(columns=[*CHANGES.columns]))


def empty_analysis() -> Analysis:
    """An Analysis of nothing."""
    return Analysis(
        feedback=FEEDBACK.empty(),
        clauses=CLAUSES.empty(),
        themes=THEMES.empty(),
        metrics=METRICS.empty(),
        drivers=DRIVERS.empty(),
        issues=ISSUES.empty(),
        settings=to_mapping(DEFAULTS),
    )


def _comments(rng: np.random.Generator, rows: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    comments, parts = [], []
    for number in range(rows):
        comment, said = _comment(rng, number, rows)
        comments.append(comment)
        parts.extend(said)
    feedback = FEEDBACK.check(pd.DataFrame(comments))
    clauses = CLAUSES.check(pd.DataFrame(parts, columns=[*CLAUSES.columns])) if parts else CLAUSES.empty()
    first = clauses[clauses["theme_id"].notna()].drop_duplicates(["theme_id", "text"])
    place = first.groupby("theme_id").cumcount() + 1
    ranks = place.where(place <= 3).reindex(clauses.index)
    return feedback, CLAUSES.add(clauses, quote_rank=ranks)


def _comment(rng: np.random.Generator, number: int, rows: int) -> tuple[dict[str, object], list[dict[str, object]]]:
    identity, lang = f"c{number:05d}", str(rng.choice(LANGUAGES, p=[0.4, 0.22, 0.14, 0.1, 0.08, 0.06]))
    age = number / max(rows - 1, 1)
    skip = {3: "empty", 11: "says nothing"}.get(number % 60)
    said, words, at = [], [], 0
    penalty, worst = 0.0, 0.0
    for theme, _, _, severity, share, growth, cost, phrases in COMPLAINTS:
        chance = share * (1 + (growth - 1) * age) * 1.4
        if skip or lang not in phrases or rng.random() > chance:
            continue
        phrase = phrases[lang]
        said.append(_clause((identity, len(said), at), phrase, lang, (-severity, severity), theme))
        words.append(phrase)
        at += len(phrase) + 2
        penalty, worst = penalty + cost, max(worst, severity)
    if not skip and (not said or rng.random() < 0.25):
        said.append(_clause((identity, len(said), at), PRAISE[lang], lang, (0.85, 0.02), None))
        words.append(PRAISE[lang])
    text = {"empty": "", "says nothing": "n/a"}.get(str(skip), ". ".join(words))
    sentiment = float(np.mean([part["sentiment"] for part in said])) if said else None
    nps = int(np.clip(round(rng.normal(9.0 - penalty, 1.3)), 0, 10))
    return {
        "feedback_id": identity,
        "text": text,
        "created_at": pd.Timestamp("2025-01-02", tz="UTC") + pd.Timedelta(days=int(age * 178), hours=number % 13),
        "source": "survey-2025.csv",
        "channel": CHANNELS[int(rng.integers(len(CHANNELS)))],
        "customer_id": f"k{int(rng.integers(rows)):05d}",
        "nps": nps if rng.random() < 0.8 else None,
        "csat": float(np.clip(round(nps / 2.2), 1, 5)) if rng.random() < 0.5 else None,
        "csat_scale": "1-5",
        "rating": float(np.clip(round(nps / 2), 1, 5)),
        "rating_scale": "1-5",
        "clean_text": text,
        "skip": skip,
        "suspect": {17: "duplicate", 41: "score contradicts text"}.get(number % 80),
        "lang": "und" if skip else lang,
        "lang_score": None if skip else 0.97,
        "sentiment": sentiment,
        "label": None if sentiment is None else _label(sentiment),
        "confidence": 0.9,
        "severity": worst if said else None,
        "Store": ["Berlin", "Milano", "Vilnius"][number % 3],
    }, said


def _clause(
    place: tuple[str, int, int], text: str, lang: str, verdict: tuple[float, float], theme: str | None
) -> dict[str, object]:
    """`place`: comment, position and offset; `verdict`: sentiment and severity."""
    (feedback_id, position, start), (sentiment, severity) = place, verdict
    return {
        "clause_id": f"{feedback_id}-{position}",
        "feedback_id": feedback_id,
        "position": position,
        "start": start,
        "end": start + len(text),
        "text": text,
        "lang": lang,
        "sentiment": sentiment,
        "label": _label(sentiment),
        "confidence": 0.9,
        "severity": severity,
        "signals": "safety" if theme == "t-plug" else ("money" if theme == "t-charge" else None),
        "theme_id": theme,
        "theme_score": 0.8 if theme else None,
        "quote_rank": None,
    }  # fmt: skip


def _label(sentiment: float) -> str:
    return "positive" if sentiment > 0.2 else "negative" if sentiment < -0.2 else "neutral"


def _poison(feedback: pd.DataFrame, clauses: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Markup in every text a customer or a file controls."""
    for column in ("text", "clean_text", "channel", "source", "Store", "suspect"):
        feedback[column] = feedback[column].where(feedback[column].isna(), feedback[column].astype("string") + HOSTILE)
    clauses["text"] = clauses["text"] + HOSTILE
    return feedback, clauses


def _themes(clauses: pd.DataFrame, *, hostile: bool) -> pd.DataFrame:
    found = clauses[clauses["theme_id"].notna()].groupby("theme_id")
    known = {theme: (label, keywords) for theme, label, keywords, *_ in COMPLAINTS}
    tail = HOSTILE if hostile else ""
    return THEMES.check(
        pd.DataFrame(
            [
                {
                    "theme_id": theme,
                    "parent_id": None,
                    "label": known[str(theme)][0] + tail,
                    "keywords": known[str(theme)][1] + tail,
                    "n_clauses": len(members),
                    "n_feedback": members["feedback_id"].nunique(),
                    "sentiment": members["sentiment"].mean(),
                    "cohesion": 0.7,
                    "status": "complaints",
                }
                for theme, members in found
            ],
            columns=[*THEMES.columns],
        )
    )


def _metrics(feedback: pd.DataFrame) -> pd.DataFrame:
    used = feedback[feedback["skip"].isna()]
    rows = _figures(used, ("all", "all", None))
    for by in ("channel", "lang", "Store"):
        for segment, members in used.groupby(by):
            rows += _figures(members, (by, str(segment), None))
    if "created_at" in used:
        months = used["created_at"].dt.tz_localize(None).dt.to_period("M").dt.start_time.dt.tz_localize("UTC")
        for month, members in used.groupby(months):
            rows += _figures(members, ("all", "all", month))
    return METRICS.check(pd.DataFrame(rows, columns=[*METRICS.columns]))


def _figures(used: pd.DataFrame, group: Group) -> list[dict[str, object]]:
    rows = [_figure("volume", group, len(used), (len(used), 0.0), "number of comments used")]
    balance = used["label"].map({"positive": 100.0, "neutral": 0.0, "negative": -100.0}).astype(float)
    said = "share of positive minus share of negative comments"
    rows.append(_figure("net_sentiment", group, len(used), _mean(balance), said))
    if "nps" in used:
        answers = used["nps"].dropna().astype(float)
        points = (answers.ge(9).astype(float) - answers.le(6).astype(float)) * 100
        rows.append(_figure("nps", group, len(answers), _mean(points), "share of 9-10 minus share of 0-6"))
        stars = used["rating"].dropna().astype(float)
        rows.append(_figure("rating", group, len(stars), _mean(stars), "mean rating"))
    return rows


def _mean(values: pd.Series) -> tuple[float, float]:
    return float(values.mean()), 1.96 * float(values.sem())


def _figure(metric: str, group: Group, n: int, estimate: tuple[float, float], definition: str) -> dict[str, object]:
    """`estimate`: the value and the margin of its interval."""
    (by, segment, period), (value, margin) = group, estimate
    enough = n >= 10 or metric == "volume"
    return {
        "metric": metric,
        "by": by,
        "segment": segment,
        "period_start": period,
        "n": n,
        "unit": {"volume": "comments", "rating": "on 1-5"}.get(metric, "points"),
        "value": value if enough else None,
        "low": value - margin if enough and metric != "volume" else None,
        "high": value + margin if enough and metric != "volume" else None,
        "definition": definition,
    }  # fmt: skip


def _drivers(feedback: pd.DataFrame, clauses: pd.DataFrame, themes: pd.DataFrame) -> pd.DataFrame:
    if "nps" not in feedback:
        return DRIVERS.empty()
    rows = []
    for theme in themes["theme_id"]:
        members = feedback["feedback_id"].isin(clauses.loc[clauses["theme_id"] == theme, "feedback_id"])
        inside, outside = feedback.loc[members, "nps"].dropna(), feedback.loc[~members, "nps"].dropna()
        if len(inside) < 10:
            continue
        points = [100.0 * ((part >= 9).mean() - (part <= 6).mean()) for part in (inside, outside)]
        difference, margin = points[0] - points[1], 196 * 0.7 / len(inside) ** 0.5
        rows.append({
            "theme_id": theme, "score": "nps", "n": len(inside), "difference": difference,
            "low": difference - margin, "high": difference + margin, "impact": difference * len(inside) / len(feedback),
            "contribution": difference * len(inside) / len(feedback) * 0.9, "better": "high", "unit": "NPS points",
        })  # fmt: skip
    return DRIVERS.check(pd.DataFrame(rows, columns=[*DRIVERS.columns]))


def _issues(feedback: pd.DataFrame, clauses: pd.DataFrame, themes: pd.DataFrame, drivers: pd.DataFrame) -> pd.DataFrame:
    known = {theme: (severity, growth) for theme, _, _, severity, _, growth, *_ in COMPLAINTS}
    rows = []
    for theme in themes.itertuples():
        severity, growth = known[theme.theme_id]
        members = clauses[clauses["theme_id"] == theme.theme_id]
        ids = members["feedback_id"].unique()
        reach = len(ids) / max(len(feedback), 1)
        immediacy = 1.0 if theme.theme_id == "t-plug" else 0.6 if theme.theme_id == "t-charge" else 0.1
        urgency = 100 * (0.25 * min(reach * 4, 1) + 0.35 * severity + 0.1 * min(growth / 3, 1) + 0.3 * immediacy)
        writers = feedback.loc[feedback["feedback_id"].isin(ids)]
        rows.append({
            "rank": 0, "theme_id": theme.theme_id, "label": theme.label,
            "urgency": urgency, "urgency_low": max(urgency - 7, 0), "urgency_high": min(urgency + 6, 100),
            "reach": reach, "severity": severity,
            "momentum": min(growth / 3, 1) if "created_at" in feedback else None,
            "impact": 0.55 if theme.theme_id in set(drivers["theme_id"]) else None,
            "immediacy": immediacy, "danger": 0.8 if theme.theme_id == "t-plug" else 0.0, "n_feedback": len(ids),
            "n_customers": writers["customer_id"].nunique() if "customer_id" in writers else None,
            "why": f"{len(ids)} comments; what they tell is {'grave' if severity > 0.7 else 'annoying'}.",
            "quote": members["text"].iloc[0],
            "signal": {"t-plug": "safety", "t-charge": "money"}.get(theme.theme_id), "n_signal": len(ids),
        })  # fmt: skip
    ranked = pd.DataFrame(rows, columns=[*ISSUES.columns]).sort_values("urgency", ascending=False, ignore_index=True)
    ranked["rank"] = range(1, len(ranked) + 1)
    ranked["rank_low"] = (ranked["rank"] - 1).clip(lower=1)
    ranked["rank_high"] = (ranked["rank"] + 1).clip(upper=len(ranked))
    ranked["top3"] = [1.0, 0.98, 0.71, 0.24, 0.07][: len(ranked)]
    return ISSUES.check(ranked)
