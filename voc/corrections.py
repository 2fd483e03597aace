"""Regressions that correct a model's answer, pulled back to it, and what they gain on rows that they did not see.

Sentiment: multinomial logistic regression whose weights are shrunk to the model's own log-probabilities instead of to
0, after the idea of a Gaussian prior at a source model's weights (Chelba and Acero 2006). Severity: the same by ridge
regression. How strongly is chosen by cross-validation inside each fold. This room knows arrays only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Fit = Callable[..., np.ndarray]
Cost = Callable[[np.ndarray, np.ndarray, np.ndarray], float]
Answer = tuple[float, float, float]

PULLS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003)
"""How strongly weights are pulled back to the model, strongest first. The ends trade customers with fifty texts, who
want 1, for those with ten thousand, who want 0.01; held by `test_more_labels_help_more`."""
STEPS = 60
INNER_FOLDS = 3
ROUNDS = 400
BINS = 10


@dataclass(frozen=True)
class Comparison:
    """One figure before and after on held-out rows, each with its 95 % interval, and their paired difference."""

    name: str
    rows: int
    before: Answer
    after: Answer
    difference: Answer


@dataclass(frozen=True)
class Problem:
    """How a head is fitted, what its errors cost, and the head that changes nothing."""

    fit: Fit
    cost: Cost
    prior: np.ndarray


def log_shares(odds: np.ndarray) -> np.ndarray:
    """Log-probabilities of log-odds (n, k)."""
    peak = odds.max(axis=1, keepdims=True)
    found: np.ndarray = odds - peak - np.log(np.exp(odds - peak).sum(axis=1, keepdims=True))
    return found


def logistic(
    seen: np.ndarray, classes: np.ndarray, prior: np.ndarray, pull: float, start: np.ndarray | None = None
) -> np.ndarray:
    """The head (f + 1, k) under which the labels are least surprising, given the pull to `prior`.

    Classes that no row has keep their weights, and the rows are judged among the others.
    """
    from scipy.optimize import minimize

    rows = np.hstack([seen, np.ones((len(seen), 1))])
    present = np.unique(classes)
    wanted = (classes[:, None] == present).astype(float)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        head = flat.reshape(len(prior), len(present))
        logs = log_shares(rows @ head)
        away = head - prior[:, present]
        away[-1] = 0  # the base rate is the customer's own
        gradient = rows.T @ (np.exp(logs) - wanted) / len(rows) + pull * away
        return -(wanted * logs).sum() / len(rows) + pull * (away**2).sum() / 2, gradient.ravel()

    first = (prior if start is None else start)[:, present]
    found = minimize(loss, first.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    head = prior.copy()
    head[:, present] = found.x.reshape(len(prior), len(present))
    return head


def ridge(
    seen: np.ndarray, severity: np.ndarray, prior: np.ndarray, pull: float, start: np.ndarray | None = None
) -> np.ndarray:
    """The head (f + 1, 1) of the least squared error, given the pull to `prior`."""
    del start  # solved at once
    rows = np.hstack([seen, np.ones((len(seen), 1))])
    strength = np.full(len(prior), pull)
    strength[-1] = 0
    gram = rows.T @ rows / len(rows) + np.diag(strength + 1e-9)
    away = np.linalg.solve(gram, rows.T @ (severity - (rows @ prior)[:, 0]) / len(rows))
    return prior + away[:, None]


def fit_sentiment(
    seen: np.ndarray, classes: np.ndarray, folds: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The head, and the log-probabilities (n, 3) of every row before it and, from a head that did not see it, after."""
    prior = np.vstack([np.eye(seen.shape[1], 3), np.zeros((1, 3))])
    present = np.unique(classes)

    def surprise(head: np.ndarray, rows: np.ndarray, wanted: np.ndarray) -> float:
        logs = log_shares((rows @ head[:-1] + head[-1])[:, present])
        return -float(logs[np.arange(len(rows)), np.searchsorted(present, wanted)].mean())

    head, after = _held_out(Problem(logistic, surprise, prior), seen, classes, folds)
    hidden = np.full(3, -np.inf)
    hidden[present] = 0
    return head, log_shares(seen[:, :3] + hidden), log_shares(after + hidden)


def fit_severity(
    seen: np.ndarray, severity: np.ndarray, folds: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The head, and the severity (n, 1) of every row before it and, from a head that did not see it, after."""
    prior = np.zeros((seen.shape[1] + 1, 1))
    prior[4] = 1

    def error(head: np.ndarray, rows: np.ndarray, wanted: np.ndarray) -> float:
        return float(((np.clip(rows @ head[:-1] + head[-1], 0, 1)[:, 0] - wanted) ** 2).mean())

    head, after = _held_out(Problem(ridge, error, prior), seen, severity, folds)
    return head, seen[:, 4:5], np.clip(after, 0, 1)


def _held_out(
    problem: Problem, seen: np.ndarray, wanted: np.ndarray, folds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The head over all rows, and what heads fitted without each fold say about it."""
    said = np.zeros((len(seen), problem.prior.shape[1]))
    for fold in np.unique(folds):
        rest = folds != fold
        head = _best(problem, seen[rest], wanted[rest], folds[rest])
        said[~rest] = seen[~rest] @ head[:-1] + head[-1]
    return _best(problem, seen, wanted, folds), said


def _best(problem: Problem, seen: np.ndarray, wanted: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """The head with the pull that costs least on rows left out in turn."""
    fit, cost, prior = problem.fit, problem.cost, problem.prior
    parts = np.unique(folds, return_inverse=True)[1] % INNER_FOLDS
    sides = [(parts != part, parts == part) for part in np.unique(parts)]
    heads: list[np.ndarray | None] = [None] * len(sides)
    least, chosen = np.inf, PULLS[0]
    for pull in PULLS:
        found = [fit(seen[own], wanted[own], prior, pull, head) for (own, _), head in zip(sides, heads, strict=True)]
        costs = [cost(head, seen[other], wanted[other]) for (_, other), head in zip(sides, found, strict=True)]
        if np.mean(costs) >= least:
            break  # along this path the cost falls, then rises
        least, chosen, heads = float(np.mean(costs)), pull, [*found]
    return fit(seen, wanted, prior, chosen)


def compare(
    name: str, wanted: np.ndarray, before: np.ndarray, after: np.ndarray
) -> tuple[tuple[Comparison, ...], bool]:
    """The figures of `sentiment` or `severity`, and whether the new answer is better: its first figure does not fall
    and its last, an error, does."""
    measures = SENTIMENT_FIGURES if name == "sentiment" else SEVERITY_FIGURES
    told = [_compared(figure, measure, wanted, before, after) for figure, measure in measures.items()]
    better = told[0].after[0] >= told[0].before[0] and told[-1].after[0] < told[-1].before[0]
    return tuple(told), better


def _compared(
    name: str, measure: Callable[[np.ndarray, np.ndarray], float], wanted: np.ndarray, *said: np.ndarray
) -> Comparison:
    """Percentile bootstrap over the rows, the same draws before and after."""
    rng = np.random.default_rng(0)
    draws = [np.arange(len(wanted)), *(rng.integers(0, len(wanted), len(wanted)) for _ in range(ROUNDS))]
    pairs = np.array([[measure(wanted[rows], each[rows]) for each in said] for rows in draws])
    before, after, difference = (_interval(column) for column in (*pairs.T, pairs[:, 1] - pairs[:, 0]))
    return Comparison(name, len(wanted), before, after, difference)


def _interval(values: np.ndarray) -> Answer:
    low, high = np.nanquantile(values[1:], [0.025, 0.975])
    return float(values[0]), float(low), float(high)


def macro_f1(classes: np.ndarray, logs: np.ndarray) -> float:
    """Mean F1 over the classes that the labels have, in percent."""
    said = logs.argmax(axis=1)
    table = np.bincount(3 * classes + said, minlength=9).reshape(3, 3)
    both = table.sum(axis=0) + table.sum(axis=1)
    present = table.sum(axis=1) > 0
    return 100 * float((2 * np.diag(table)[present] / both[present]).mean())


def accuracy(classes: np.ndarray, logs: np.ndarray) -> float:
    """Share of right labels, in percent."""
    return 100 * float((logs.argmax(axis=1) == classes).mean())


def calibration_error(classes: np.ndarray, logs: np.ndarray) -> float:
    """Expected calibration error in percent: mean gap between confidence and accuracy, equal-width bins."""
    confidence = np.exp(logs.max(axis=1))
    hits = logs.argmax(axis=1) == classes
    bin_of = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return 100 * float(np.abs(np.bincount(bin_of, hits - confidence, BINS)).sum() / len(hits))


def log_loss(classes: np.ndarray, logs: np.ndarray) -> float:
    """Mean surprise at the right label, in nats."""
    return -float(np.maximum(logs[np.arange(len(logs)), classes], -20.0).mean())


def rank_correlation(severity: np.ndarray, said: np.ndarray) -> float:
    """Spearman's; ties share their mean rank."""
    from scipy.stats import rankdata

    if np.ptp(severity) == 0 or np.ptp(said) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(severity), rankdata(said[:, 0]))[0, 1])


def squared_error(severity: np.ndarray, said: np.ndarray) -> float:
    """Root of the mean squared error, 0-1."""
    return float(np.sqrt(((said[:, 0] - severity) ** 2).mean()))


SENTIMENT_FIGURES = {
    "macro-F1 %": macro_f1, "accuracy %": accuracy, "calibration error %": calibration_error, "log loss": log_loss,
}  # fmt: skip
SEVERITY_FIGURES = {"severity, Spearman": rank_correlation, "severity, error": squared_error}
