"""Alerts: what in a result somebody must hear of now, and its delivery, each thing once to each address.

An alert is told where an issue is dangerous or its urgency above the settings' mark, where a headline figure fell
beyond its interval, where customers threatened to leave lately, and, if asked for, where a theme came up more than
expected. A file remembers what was delivered where, and keeps what was not for the next run. Words of customers are
masked here once more, whatever the settings of the result. Delivery is Apprise's (extra `alerts`); addresses may name
environment variables, so that no token stands in a file. Nothing else in voc sends anything anywhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from voc.config import AlertsConfig
from voc.errors import ConfigError, InputError, MissingExtra
from voc.privacy import mask_text
from voc.statements import NAMES
from voc.tables import Analysis

STATE_FILE = "alerts.json"
DANGEROUS = 0.1
"""The danger from which an issue is told whatever its urgency. Guarded by test_a_new_danger_is_told."""
RECENT_DAYS = 28.0
"""Threats to leave older than this, counted from the newest comment, are no news."""
SHOWN = 5
"""Customers or counts named in one message: what a phone shows."""
QUOTE = 200
SAME = 0.5
"""The share of an earlier theme's comments from which a theme with another id is the same one."""
REMEMBERED = 200
VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)\}")

Send = Callable[[str, str, str], bool]
"""(address, title, body) -> whether it was delivered."""


@dataclass(frozen=True)
class Alert:
    """One message. `keys` are the things it tells of, `comments` the ids that show that a theme is a known one."""

    kind: str
    keys: tuple[str, ...]
    title: str
    body: str
    comments: tuple[str, ...] = ()


@dataclass
class Memory:
    """What was delivered: key -> addresses (as digests) and the comments of its theme; and what is still to deliver."""

    sent: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    pending: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """How many messages were delivered, and per address (without its secrets) how many were not."""

    delivered: int
    failed: dict[str, int]


def alerts_of(analysis: Analysis, config: AlertsConfig) -> list[Alert]:
    """Everything in the result that must be heard of, whether or not it was told before."""
    found = [
        *_issues(analysis, config),
        *(_drops(analysis) if config.metric_drop else ()),
        *(_leaving(analysis, config) if config.threat_to_leave else ()),
        *(_anomalies(analysis, config) if config.anomaly else ()),
    ]
    return [Alert(each.kind, each.keys, mask_text(each.title), mask_text(each.body), each.comments) for each in found]


def _issues(analysis: Analysis, config: AlertsConfig) -> Iterator[Alert]:
    """Dangerous issues, then those above the mark; each issue once."""
    status = analysis.themes.set_index("theme_id").get("status", pd.Series(dtype="string"))
    for issue in analysis.issues.sort_values("rank").to_dict("records"):
        if status.get(issue["theme_id"]) in {"praise", "residual"}:
            continue
        dangerous = config.new_danger and pd.notna(issue["danger"]) and issue["danger"] >= DANGEROUS
        if not (dangerous or issue["urgency"] > config.urgency_over):
            continue
        what = "Dangerous issue" if dangerous else "Urgent issue"
        said = [str(issue["why"]), _quoted(issue["quote"])] if config.quotes else [str(issue["why"])]
        body = "\n".join(filter(None, said))
        told = analysis.clauses.loc[
            analysis.clauses["theme_id"].eq(issue["theme_id"]).fillna(value=False), "feedback_id"
        ]
        comments = tuple(sorted(map(str, told.unique()))[:REMEMBERED])
        title = f"{what}: {issue['label']} (urgency {issue['urgency']:.0f} of 100)"
        yield Alert("issue", (f"issue {issue['theme_id']}",), title, body, comments)


def _drops(analysis: Analysis) -> Iterator[Alert]:
    """Headline figures of the newest period that are worse than in the one before, beyond chance."""
    made = analysis.comparisons
    if made.empty:
        return
    made = made[made["kind"].eq("previous")]
    newest = made["period_start"].max()
    made = made[made["holds"].fillna(value=False)]
    worse = made["difference"].where(made["better"].ne("low"), -made["difference"]) < 0
    made = made[worse.fillna(value=False) & made["better"].notna()]
    for row in made[made["period_start"].eq(newest)].to_dict("records"):
        where = "" if row["by"] == "all" else f" ({row['by']}: {row['segment']})"
        key = f"drop {row['metric']} {row['by']} {row['segment']} {row['period_start']:%Y-%m-%d}"
        yield Alert(
            "drop", (key,), f"{NAMES.get(row['metric'], row['metric'])} is worse than before{where}", str(row["told"])
        )


def _leaving(analysis: Analysis, config: AlertsConfig) -> Iterator[Alert]:
    """One for each comment of a customer who threatens to leave; `_together` makes them one message."""
    queue = analysis.queue
    rows = queue[queue["signals"].fillna("").str.split().map(lambda said: "churn" in said).astype(bool)]
    if "created_at" in analysis.feedback.columns and rows["created_at"].notna().any():
        since = analysis.feedback["created_at"].max() - pd.Timedelta(days=RECENT_DAYS)
        rows = rows[rows["created_at"].isna() | (rows["created_at"] >= since)]
    rows = rows.drop_duplicates("feedback_id")
    if rows.empty:
        return
    for row in rows.to_dict("records"):
        who = row["customer_id"] if pd.notna(row["customer_id"]) else f"comment {row['feedback_id']}"
        yield Alert(
            "leaving", (f"leaving {row['feedback_id']}",), str(who), _quoted(row["quote"]) if config.quotes else ""
        )


def _anomalies(analysis: Analysis, config: AlertsConfig) -> Iterator[Alert]:
    """Themes that came up more than expected in the newest period."""
    rows = analysis.anomalies[analysis.anomalies["direction"].eq("more")]
    if rows.empty:
        return
    for row in rows[rows["period_start"].eq(rows["period_start"].max())].to_dict("records"):
        where = "" if row["by"] == "all" else f" ({row['by']}: {row['segment']})"
        since, low, high = f"{row['period_start']:%Y-%m-%d}", f"{row['low']:.0f}", f"{row['high']:.0f}"
        said = f"{row['observed']} comments since {since}, {low} to {high} were expected."
        body = "\n".join(filter(None, [said, _quoted(row["quote"]) if config.quotes else ""]))
        key = f"anomaly {row['theme_id']} {row['by']} {row['segment']} {since}"
        yield Alert("anomaly", (key,), f"More than usual: {row['label']}{where}", body)


def _quoted(text: object) -> str:
    if pd.isna(text) or not str(text).strip():
        return ""
    said = " ".join(str(text).split())
    return f"“{said}”" if len(said) <= QUOTE else f"“{said[:QUOTE].rsplit(None, 1)[0]} …”"


def deliver(alerts: Sequence[Alert], to: Sequence[str], state: Path, *, send: Send | None = None) -> Outcome:
    """Send what each address has not heard of yet, and what failed the last time; remember it in the file `state`.

    The file is written after every message, so that a run that is broken off repeats nothing. Raises InputError where
    it cannot be read or written.
    """
    send = send or apprise_send
    memory = _read(state)
    delivered, failed = 0, dict[str, int]()
    older = [Alert(**{**each, "keys": tuple(each["keys"]), "comments": tuple(each["comments"])})
             for each in memory.pending]  # fmt: skip
    memory.pending = []
    for address in to:
        place, name = digest(address), shown(address)
        for message in _messages([*older, *alerts], memory, place):
            if send(address, message.title, message.body):
                delivered += 1
                _remember(memory, message, place)
            else:
                failed[name] = failed.get(name, 0) + 1
                _postpone(memory, message)
            _write(memory, state)
    return Outcome(delivered, failed)


def _messages(alerts: Sequence[Alert], memory: Memory, place: str) -> Iterator[Alert]:
    """What an address has not heard of, each thing once; threats to leave as one message."""
    fresh, seen = [], set[str]()
    for alert in alerts:
        if set(alert.keys) <= seen or _known(alert, memory, place):
            continue
        seen |= set(alert.keys)
        fresh.append(alert)
    yield from (alert for alert in fresh if alert.kind != "leaving")
    leaving = [alert for alert in fresh if alert.kind == "leaving"]
    if leaving:
        yield _together(leaving)


def _together(leaving: Sequence[Alert]) -> Alert:
    lines = [f"{each.title}: {each.body}" if each.body else each.title for each in leaving[:SHOWN]]
    more = len(leaving) - SHOWN
    lines += [f"and {more} more, in queue.csv"] if more > 0 else []
    keys = tuple(key for each in leaving for key in each.keys)
    title = "1 customer speaks of leaving" if len(leaving) == 1 else f"{len(leaving)} customers speak of leaving"
    return Alert("told together", keys, title, "\n".join(lines))


def _known(alert: Alert, memory: Memory, place: str) -> bool:
    """Whether the address has heard of it; a theme is known under another id by the comments it shares."""
    if all(place in memory.sent.get(key, {}).get("places", []) for key in alert.keys):
        return True
    own = set(alert.comments)
    return bool(own) and any(
        place in told["places"] and len(own & set(told["comments"])) >= SAME * min(len(own), len(told["comments"]))
        for told in memory.sent.values() if told["comments"]
    )  # fmt: skip


def _remember(memory: Memory, message: Alert, place: str) -> None:
    for key in message.keys:
        told = memory.sent.setdefault(key, {"places": [], "comments": []})
        told["places"] = sorted({*told["places"], place})
        told["comments"] = [*message.comments]


def _postpone(memory: Memory, message: Alert) -> None:
    """Keep it for the next run; for another address too, which passes over what it has heard of."""
    told = {"kind": message.kind, "keys": [*message.keys], "title": message.title, "body": message.body,
            "comments": [*message.comments]}  # fmt: skip
    if told not in memory.pending:
        memory.pending.append(told)


def _read(state: Path) -> Memory:
    try:
        found = json.loads(state.read_text(encoding="utf-8"))
        return Memory(found["sent"], found["pending"])
    except FileNotFoundError:
        return Memory()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"Cannot read {state}, which remembers the alerts that were sent: {error}") from error


def _write(memory: Memory, state: Path) -> None:
    try:
        state.parent.mkdir(parents=True, exist_ok=True)
        fresh = state.with_name(f".{state.name}.new")
        text = json.dumps({"sent": memory.sent, "pending": memory.pending}, ensure_ascii=False, indent=1)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(state)
    except OSError as error:
        raise InputError(
            f"Cannot write {state}, which remembers the alerts that were sent: {error.strerror}"
        ) from error


def digest(address: str) -> str:
    """A name of an address that gives nothing away."""
    return hashlib.blake2b(address.encode(), digest_size=8).hexdigest()


def shown(address: str) -> str:
    """An address without its secrets.

    >>> shown("slack://token-a/token-b/#support")
    'slack://…'
    """
    return f"{address.partition('://')[0]}://…"


def addresses(to: Sequence[str], environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The addresses with environment variables filled in; ConfigError for an unset one, or an address nobody knows.

    Raises MissingExtra where Apprise is not installed.
    """
    filled = tuple(VARIABLE.sub(lambda found: _variable(found, environment), address) for address in to)
    for address in filled:
        if not len(_apprise(address)):
            raise ConfigError(
                f"alerts.to: {shown(address)} is no address that Apprise knows, such as slack://…, mailto://… or json://…"
            )
    return filled


def _variable(found: re.Match[str], environment: Mapping[str, str]) -> str:
    name = found[1] or found[2]
    if name not in environment:
        raise ConfigError(f"alerts.to names the environment variable {name}, which is not set")
    return environment[name]


def apprise_send(address: str, title: str, body: str) -> bool:
    """Whether Apprise delivered the message."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bool(_apprise(address).notify(title=title, body=body or title, body_format="text"))


def _apprise(address: str) -> Any:
    """An Apprise object with the address; empty where it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it tries modules that Python will drop
            import apprise

            found = apprise.Apprise()
            found.add(address)
    except ImportError as error:
        raise MissingExtra("Sending alerts", "alerts") from error
    return found
