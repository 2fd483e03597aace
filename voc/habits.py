"""Doubt from how an answer came about, not from what it says: pasted by many at once, clicked through, given twice the
same day, or asked for. Each check gives a reason for the rows it doubts; missing = no doubt."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

import numpy as np
import pandas as pd

from voc.gibberish import MOST_WORDS, is_gibberish
from voc.intervals import Array

PASTED: Final = "one text pasted by many customers within a day"
NO_LETTERS: Final = r"[^\pL]+"
BURST, HOURS = 8, 24
"""Copies of one long text by as many different customers within a day: a campaign, no coincidence."""
ENOUGH: Final = 30
"""Answers from which "usual" has a meaning."""
SPEED: Final = 0.3
"""Share of the median duration below which nobody has read the questions: surveyors take a third to a half of it."""
GRID: Final = 5
"""Questions of one grid from which the same middle answer everywhere is no opinion. All best or all worst is one."""

ASKED, WITHIN = 4, 90
"""Requests within so many days from which a customer is asked too often: most survey tools rest 30 to 90 days between
two. Guarded by test_who_is_asked_too_often_is_told."""

DURATION: Final = re.compile(
    r"(?i)^(duration \(in seconds\)|(survey|response|interview)[ _](duration|length)|(loi|completion[ _]time)\b.*"
    r"|time[ _](to[ _]complete|taken)\b.*|bearbeitungsdauer|temps de réponse au questionnaire)$"
)
ITEM: Final = re.compile(r"^(.*?)[ _.\-]*\[?(\d+)\]?$")

BEST: Final = r"(?:10|ten|5|five|zehn|fünf|dix|cinq|diez|cinco|dieci|cinque|dez|dziesi[ąę]\w*|tien|vijf|tio|fem)"
UNIT: Final = r"(?:\s*/\s*(?:10|5)|[ -]?(?:stars?|sterne?n?|étoiles?|estrell?as?|stelle|gwiazd\w+|sterren))"
END: Final = rf"\b(?={UNIT}|\s*(?:[.,!?;)]|$)|\s+(?:in|on|im|dans|en|nella?|na|w)\b)"
"""What follows a score and not "five minutes"."""
ASKING: Final = (
    "please", "asked", "begged", "told", "pressured", "urged", "wanted", "bitte", "merci", "favor", "favore", "prego",
    "prosz", "geef", "поставьте", "lütfen", "mohon", "五星", "5星", "10分", "满分", "好评", "評価", "10점", "별",
)  # fmt: skip
"""One of these stands in every text that the pattern finds: looking for them first is 20 times as fast."""
PLEADING: Final = re.compile(
    r"(?i)"
    rf"\bplease\s+(?:give|rate|score)\s+(?:us|me)\s+(?:an?\s+|with\s+)?{BEST}{END}"
    rf"|\b(?:asked|begged|told|pressured|urged|wanted)\s+(?:me|us)\s+to\s+(?:give|rate|score)\b[^.!?]{{0,30}}\b{BEST}{END}"
    rf"|\bbitte\s+(?:geben|bewerten)\s+sie\s+uns\s+(?:mit\s+|eine?\s+)?{BEST}{END}"
    rf"|\bmerci\s+de\s+(?:nous|me)\s+(?:mettre|donner)\s+(?:un\s+|une\s+note\s+de\s+)?{BEST}{END}"
    rf"|\bpor\s+favor,?\s+(?:denos|dénos|pónganos|nos\s+d[eê])\s+(?:un\s+|uma?\s+)?(?:nota\s+)?{BEST}{END}"
    rf"|\b(?:per\s+favore|la\s+prego),?\s+(?:ci\s+dia|mi\s+dia|ci\s+metta)\s+(?:un\s+)?{BEST}{END}"
    rf"|\bproszę\s+(?:dać|wystawić)\s+(?:nam|mi)\s+(?:ocenę\s+)?{BEST}{END}"
    rf"|\bgeef\s+(?:ons|mij)\s+(?:alstublieft\s+|aub\s+)?(?:een\s+)?{BEST}{END}"
    r"|поставьте\s+(?:нам|мне),?\s+пожалуйста,?\s+(?:10|5|пять|десять|высш\w+)"
    r"|пожалуйста,?\s+поставьте\s+(?:нам|мне)\s+(?:10|5|пять|десять|высш\w+)"
    r"|lütfen\s+bize\s+(?:10|5|on|beş)\s+(?:puan|yıldız)\s+ver"
    r"|mohon\s+(?:beri|berikan)\s+(?:kami|saya)\s+(?:bintang\s+)?(?:5|lima|10)"
    r"|请给(?:我们?|个)?(?:打)?(?:五星好评|5星|五星|10分|满分)|求(?:五星|好评)"
    r"|(?:星|☆|★)?5つ?(?:星)?の?評価を(?:お願い|ください)|10점\s*(?:부탁|주세요)|별점?\s*5개\s*(?:부탁|주세요)"
)
"""A member of staff asks for a good score, or the customer tells of it."""


def pleading(feedback: pd.DataFrame) -> pd.Series:
    """Texts in which a good score is asked for."""
    texts = feedback["clean_text"].fillna("")
    asking = texts[texts.str.contains("|".join(ASKING), case=False)]
    pleads = asking.map(lambda text: PLEADING.search(text) is not None).astype(bool)
    return _why(feedback, pleads.reindex(feedback.index, fill_value=False), "asks for a good score")


def gibberish(feedback: pd.DataFrame) -> pd.Series:
    """Texts that are keys hit at random."""
    texts = feedback["clean_text"].fillna("")
    short = texts[texts.str.contains(rf"^\PL*(?:\pL+\PL+){{0,{MOST_WORDS - 1}}}\pL*\PL*$")]
    mashed = short.map(is_gibberish).astype(bool)
    return _why(feedback, mashed.reindex(feedback.index, fill_value=False), "keys hit at random")


def bursts(feedback: pd.DataFrame, copies: pd.Series) -> pd.Series:
    """Copies (`copies` = why each repeats another) that came from many customers within a day, the first included."""
    if not {"customer_id", "created_at"} <= set(feedback.columns):
        return _why(feedback, pd.Series(data=False, index=feedback.index), "")
    first = copies.str.extract(r"duplicate of (.*)$")[0]
    root = first.fillna(feedback["feedback_id"].where(feedback["feedback_id"].isin(first.dropna())))
    known = feedback.assign(root=root).dropna(subset=["root", "customer_id", "created_at"])
    hit = [label for _, rows in known.groupby("root", sort=True) for label in _together(rows)]
    return _why(feedback, feedback.index.to_series().isin(hit), PASTED)


def _together(rows: pd.DataFrame) -> list[int]:
    """The rows that stand in any stretch of `HOURS` with `BURST` customers, in one walk through the sorted moments."""
    rows = rows.sort_values(["created_at", "feedback_id"])
    times, who = rows["created_at"], pd.factorize(rows["customer_id"])[0].tolist()
    ends = pd.Index(times).searchsorted(pd.Index(times + pd.Timedelta(hours=HOURS)), side="right").tolist()
    steps: Array = np.zeros(len(rows) + 1, int)
    inside, end = Counter[int](), 0
    for place, stop in enumerate(ends):
        inside.update(who[end:stop])
        end = stop
        if len(inside) >= BURST:
            steps[[place, stop]] += (1, -1)
        inside[who[place]] -= 1
        if not inside[who[place]]:
            del inside[who[place]]
    return sorted(rows.index[np.cumsum(steps[:-1]) > 0])


def repeated(feedback: pd.DataFrame) -> pd.Series:
    """Whether the words of a row stand in another one that is not marked here: copies, and all but the first of what
    many have pasted."""
    if "suspect" not in feedback.columns:
        return pd.Series(data=False, index=feedback.index)
    copied = feedback["suspect"].str.startswith("duplicate").fillna(value=False).astype(bool)
    pasted = feedback[feedback["suspect"].eq(PASTED).fillna(value=False)].sort_values("feedback_id")
    words = pasted["text"].fillna("").str.lower().str.replace(NO_LETTERS, "", regex=True)
    return copied | feedback.index.to_series().isin(words.index[words.duplicated()])


def clicked_through(feedback: pd.DataFrame) -> pd.Series:
    """Answers given faster than anyone reads, and grids with one middle answer everywhere."""
    speed = _why(feedback, _speeders(feedback), "answered faster than the questions can be read")
    return speed.fillna(_why(feedback, _straight(feedback), "the same middle answer to every question of a grid"))


def _speeders(feedback: pd.DataFrame) -> pd.Series:
    fast = pd.Series(data=False, index=feedback.index)
    for name in feedback.columns:
        if DURATION.match(str(name).strip()):
            spent = _numbers(feedback[name])
            if spent.notna().sum() >= ENOUGH:
                fast |= spent < SPEED * spent.median()
    return fast


def _straight(feedback: pd.DataFrame) -> pd.Series:
    """Rows with one answer to all of a grid's questions, where it is neither end of the scale."""
    straight = pd.Series(data=False, index=feedback.index)
    for names in _grids(feedback):
        answers = pd.DataFrame({name: _numbers(feedback[name]) for name in names})
        low, high = answers.min().min(), answers.max().max()
        alike = answers.notna().all(axis=1) & answers.nunique(axis=1).eq(1)
        middle = answers.iloc[:, 0].gt(low) & answers.iloc[:, 0].lt(high)
        if answers.notna().all(axis=1).sum() >= ENOUGH and (alike & middle).mean() <= 0.2:
            straight |= alike & middle
    return straight


def _grids(feedback: pd.DataFrame) -> list[list[str]]:
    """Columns such as Q5_1 … Q5_6 that hold whole numbers of one short scale."""
    kin: dict[str, list[str]] = {}
    for name in feedback.columns:
        told = ITEM.match(str(name))
        if told and told[1]:
            kin.setdefault(told[1], []).append(name)
    return [names for names in kin.values() if len(names) >= GRID and all(_is_scale(feedback[n]) for n in names)]


def _is_scale(values: pd.Series) -> bool:
    told = _numbers(values).dropna()
    return bool(len(told)) and bool(told.between(0, 10).all()) and bool((told % 1 == 0).all()) and told.nunique() >= 3


def _numbers(values: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return pd.Series(np.nan, index=values.index)
    return pd.to_numeric(values, errors="coerce").astype("Float64").astype(float)


def again(feedback: pd.DataFrame) -> pd.Series:
    """Answers of a customer who has answered the same survey's recommendation question that day already."""
    needed = ("customer_id", "created_at", "response_id", "nps")
    if not set(needed) <= set(feedback.columns):
        return _why(feedback, pd.Series(data=False, index=feedback.index), "")
    source = feedback["source"].fillna("") if "source" in feedback else ""
    told = feedback.assign(day=feedback["created_at"].dt.floor("D"), where=source).dropna(subset=[*needed])
    told = told.sort_values(["created_at", "response_id", "feedback_id"])
    first = told.groupby(["customer_id", "day", "where"])["response_id"].transform("first")
    later = told.index[first.ne(told["response_id"]).to_numpy(dtype=bool)]
    return _why(feedback, feedback.index.to_series().isin(later), "another answer of the same customer that day")


def asked_often(feedback: pd.DataFrame) -> int:
    """Customers who got `ASKED` requests of surveys or more within `WITHIN` days, answered or not."""
    asked = [name for name in ("nps", "csat", "ces", "invited_at") if name in feedback]
    when = next((name for name in ("invited_at", "created_at") if name in feedback), None)
    if when is None or not asked or "customer_id" not in feedback:
        return 0
    moment = feedback[when].fillna(feedback["created_at"]) if "created_at" in feedback else feedback[when]
    requests = feedback.assign(at=moment)[feedback[asked].notna().any(axis=1)].dropna(subset=["customer_id", "at"])
    key = "response_id" if "response_id" in requests else "feedback_id"
    requests = requests.drop_duplicates(["customer_id", key]).sort_values(["customer_id", "at"])
    before = requests.groupby("customer_id")["at"].shift(ASKED - 1)
    often = requests["at"] - before <= pd.Timedelta(days=WITHIN)
    return int(requests.loc[often, "customer_id"].nunique())


def _why(feedback: pd.DataFrame, doubted: pd.Series, reason: str) -> pd.Series:
    """`reason` where a row that is used is doubted."""
    used = feedback["skip"].isna() if "skip" in feedback else True
    hit = doubted.astype(bool) & used
    return pd.Series(pd.NA, index=feedback.index, dtype="string").mask(hit, reason)
