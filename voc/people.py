"""The people behind the comments: each customer's course, and what is told about each agent's contacts.

Agents whose contacts are with few customers stand together in one row, so that nobody is judged, or recognised, by a
handful; that row never hides a single agent, or subtracting the others from the total would show it. The four service
dimensions are those that customers name first: speed, effectiveness, friendliness, availability. They tell what stands
in the file about the contacts, not what the agent caused.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from voc.attention import answers, attention
from voc.config import PeopleConfig, QueueConfig
from voc.errors import ConfigError
from voc.intervals import Array, Interval, mean_interval, median_interval, wilson
from voc.reasons import SAID
from voc.scores import real, responses
from voc.tables import AGENTS, CLAUSES, CUSTOMERS, FEEDBACK, ISSUES, SIGNALS
from voc.voices import rather_meant

LAST = 5
"""Comments of a customer's path: what a person takes in at a glance."""
TURN = 0.5
"""The change of mean sentiment, from the earlier half of a customer's comments to the later, that is told as falling or
rising: a quarter of the scale. Trades mood swings for courses. Guarded by test_course."""
TOGETHER = "(fewer than {least} customers each)"


def follow_customers(
    feedback: pd.DataFrame, clauses: pd.DataFrame, issues: pd.DataFrame, config: QueueConfig
) -> pd.DataFrame:
    """CUSTOMERS: one row per customer with an id who wrote something, those who need somebody most first."""
    if feedback.empty or "customer_id" not in feedback.columns or feedback["customer_id"].isna().all():
        return CUSTOMERS.empty()
    feedback = _written(FEEDBACK.check(feedback)).sort_values("feedback_id", ignore_index=True)
    feedback = feedback[feedback["customer_id"].notna()].reset_index(drop=True)
    weighed = attention(feedback, CLAUSES.check(clauses), ISSUES.check(issues), half_life=config.half_life)
    rows = pd.concat([feedback, weighed.add_prefix("of_")], axis=1).assign(answer=answers(feedback))
    when = ["created_at"] if "created_at" in rows.columns else []
    rows = rows.sort_values([*when, "feedback_id"], na_position="first", ignore_index=True)
    table = _customers(rows)
    table["why"] = [_course_told(row) for row in table.to_dict("records")]
    table = table.sort_values(["urgency", "customer_id"], ascending=[False, True], ignore_index=True)
    return CUSTOMERS.check(table.reindex(columns=[*CUSTOMERS.columns]))


def _written(feedback: pd.DataFrame) -> pd.DataFrame:
    feedback = real(feedback)
    return feedback[feedback["skip"].isna()] if "skip" in feedback.columns else feedback


def _customers(rows: pd.DataFrame) -> pd.DataFrame:
    """The figures of each customer, out of comments in the order of time."""
    groups = rows.groupby("customer_id", sort=True)
    leaving = rows["of_signals"].fillna("").str.split().map(lambda said: "churn" in said).astype(bool)
    table = pd.DataFrame({
        "urgency": groups["of_urgency"].max(),
        "n_feedback": groups.size(),
        "n_complaints": groups["of_complains"].sum(),
        "n_churn": leaving.groupby(rows["customer_id"]).sum(),
        "signals": _union(rows["of_signals"], rows["customer_id"]),
        "answer": groups["answer"].last(),
    })  # fmt: skip
    if "created_at" in rows.columns:
        table["first_at"], table["last_at"] = groups["created_at"].min(), groups["created_at"].max()
        table["churn_at"] = rows["created_at"].where(leaving).groupby(rows["customer_id"]).max()
    if "experience" in rows.columns:
        table["experience"], table["experience_last"] = groups["experience"].mean(), groups["experience"].last()
    for name, source in (("left_at", "churned_at"), ("revenue", "revenue")):
        if source in rows.columns:
            table[name] = groups[source].max()
    return table.join(_courses(rows)).rename_axis("customer_id").reset_index()


def _union(signals: pd.Series, groups: pd.Series) -> pd.Series:
    """Per group every signal once, in the order of SIGNALS; missing = none."""
    told = pd.DataFrame({"group": groups, "signals": signals}).dropna()
    said = told.groupby("group")["signals"].agg(" ".join).rename_axis(groups.name)
    return said.map(lambda text: " ".join(name for name in SIGNALS if name in text.split())).astype("string")


def _courses(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean sentiment, path and course of each customer."""
    if "sentiment" not in rows.columns:
        return pd.DataFrame(index=pd.Index([], name="customer_id"))
    judged = rows[rows["sentiment"].notna()]
    numbers, owners = judged["sentiment"].to_numpy(float), judged["customer_id"].to_numpy(object)
    order = np.argsort(owners.astype(str), kind="stable")
    names, starts = np.unique(owners[order].astype(str), return_index=True)
    parts = np.split(numbers[order], starts[1:]) if names.size else []
    told = pd.Series([tuple(part.tolist()) for part in parts], pd.Index(names, name="customer_id"), dtype=object)
    return pd.DataFrame({
        "sentiment": judged.groupby("customer_id", sort=True)["sentiment"].mean(),
        "path": told.map(path).astype("string"),
        "course": told.map(course).astype("string"),
    })  # fmt: skip


def path(sentiments: tuple[float, ...]) -> str:
    """The last five, oldest first.

    >>> path((0.9, 0.55, -0.8))
    '+0.9 > +0.6 > -0.8'
    """
    return " > ".join(f"{each:+.1f}" for each in sentiments[-LAST:])


def course(sentiments: tuple[float, ...]) -> str | None:
    """Falling, steady or rising: the mean of the later half against that of the earlier; None = a single comment.

    >>> course((0.9, 0.7, -0.8))
    'falling'
    """
    half = len(sentiments) // 2
    if half == 0:
        return None
    turn = float(np.mean(sentiments[-half:]) - np.mean(sentiments[:half]))
    return "falling" if turn <= -TURN else "rising" if turn >= TURN else "steady"


def _course_told(row: Mapping[Hashable, Any]) -> str:
    """One sentence: what was told, how often, and where it is going."""
    said = str(row["signals"]).split() if pd.notna(row["signals"]) else []
    told = [_told_often(int(row["n_complaints"]), int(row["n_feedback"]))]
    if said:
        told.append("seems to mention " + " and ".join(SAID[name] for name in said[:2]))
    if pd.notna(row.get("course")) and row["course"] != "steady":
        told.append(f"sentiment {row['course']}")
    if pd.notna(row.get("left_at")):
        told.append("has left")
    sentence = "; ".join(told)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _told_often(complaints: int, comments: int) -> str:
    """How many comments complain.

    >>> _told_often(1, 1), _told_often(1, 3)
    ('complains', '1 of 3 comments complains')
    """
    if comments == 1:
        return "complains" if complaints else "does not complain"
    verb = "complains" if complaints == 1 else "complain"
    return f"{complaints} of {comments} comments {verb}"


def compare_agents(feedback: pd.DataFrame, clauses: pd.DataFrame, config: PeopleConfig) -> pd.DataFrame:
    """AGENTS: one row per agent with customers enough, by name, and one for all others together where they are enough.

    Empty where the file names no agent. Raises ConfigError for a group size below 1.
    """
    if config.smallest_group < 1:
        raise ConfigError(f"people.smallest_group must be 1 or more, not {config.smallest_group}")
    if feedback.empty or "agent" not in feedback.columns or feedback["agent"].isna().all():
        return AGENTS.empty()
    contacts = _contacts(FEEDBACK.check(feedback), CLAUSES.check(clauses))
    contacts["row"] = contacts["agent"].map(_rows(contacts, config.smallest_group)).astype("string")
    contacts = contacts[contacts["row"].notna()]
    rows = [_agent(str(name), own) for name, own in contacts.groupby("row", sort=True)]
    return AGENTS.check(pd.DataFrame(rows, columns=[*AGENTS.columns]))


def _contacts(feedback: pd.DataFrame, clauses: pd.DataFrame) -> pd.DataFrame:
    """One row per response with an agent: `customer`, `sentiment`, `hours`, and 1/0/nan: answered, came_back, rude."""
    rows = real(feedback)
    said = _union(rather_meant(clauses), clauses["feedback_id"])
    rows = rows.assign(said=rows["feedback_id"].map(said).astype("string"))
    table = responses(rows)
    table = table[table["agent"].notna()].reset_index(drop=True)
    judged = table["sentiment"].notna() if "sentiment" in table.columns else pd.Series(data=False, index=table.index)
    for name, signal in (("came_back", "unresolved"), ("rude", "discourtesy")):
        raised = table["said"].fillna("").str.split().map(lambda each, signal=signal: signal in each)
        table[name] = raised.astype(float).where(judged)
    table["hours"], table["answered"] = _replies(table)
    return table


def _replies(table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Hours to the first reply, and whether there was one; nan where the file has no such times."""
    nothing = pd.Series(np.nan, table.index)
    if not {"created_at", "first_reply_at"} <= {*table.columns} or table["first_reply_at"].isna().all():
        return nothing, nothing
    hours = (table["first_reply_at"] - table["created_at"]) / pd.Timedelta(hours=1)
    hours = hours.astype(float).where(hours >= 0)
    return hours, table["first_reply_at"].notna().astype(float)


def _rows(contacts: pd.DataFrame, least: int) -> dict[str, str | None]:
    """The row of each agent: its own, the common one, or none.

    The common row must have `least` customers and two agents at least, else it would show what it hides: then the
    smallest of the others joins it.
    """
    sizes = contacts.groupby("agent")["customer"].nunique().sort_index().sort_values(kind="stable")
    together = int((sizes < least).sum())
    while 0 < together < len(sizes) and (together < 2 or _people(contacts, sizes.index[:together]) < least):
        together += 1
    small = [*sizes.index[:together]]
    enough = len(small) != 1 and _people(contacts, small) >= least
    name = TOGETHER.format(least=least) if enough else None
    return {str(agent): name if agent in set(small) else str(agent) for agent in sizes.index}


def _people(contacts: pd.DataFrame, agents: Any) -> int:
    return int(contacts.loc[contacts["agent"].isin(agents), "customer"].nunique())


def _agent(name: str, own: pd.DataFrame) -> dict[str, object]:
    """The row of one agent, or of several together."""
    figures = {
        "speed": _median(own["hours"]),
        "effectiveness": _share(1 - own["came_back"]),
        "friendliness": _share(1 - own["rude"]),
        "availability": _share(own["answered"]),
        "sentiment": _mean(own["sentiment"]) if "sentiment" in own.columns else (np.nan, (np.nan, np.nan)),
    }
    row: dict[str, object] = {"agent": name, "n_agents": own["agent"].nunique(), "n_contacts": len(own)}
    row["n_customers"] = own["customer"].nunique()
    for figure, (value, (low, high)) in figures.items():
        row |= {figure: value, f"{figure}_low": low, f"{figure}_high": high}
    return row


def _given(values: pd.Series) -> Array:
    numbers: Array = values.astype("Float64").to_numpy(float, na_value=np.nan)
    return numbers[~np.isnan(numbers)]


def _median(values: pd.Series) -> tuple[float, Interval]:
    given = _given(values)
    return (float(np.median(given)), median_interval(given)) if given.size else (np.nan, (np.nan, np.nan))


def _share(values: pd.Series) -> tuple[float, Interval]:
    given = _given(values)
    if not given.size:
        return np.nan, (np.nan, np.nan)
    low, high = wilson(given.sum(), given.size)
    return float(given.mean()), (float(low), float(high))


def _mean(values: pd.Series) -> tuple[float, Interval]:
    given = _given(values)
    return (float(given.mean()), mean_interval(given, bounds=(-1.0, 1.0))) if given.size else (np.nan, (np.nan, np.nan))
