"""Step 4 of the recipe: teach the trained network what no large data tells, without forgetting what it knows.

`signals.tsv` tells the urgent signals; `opinions/` tells, in 36 languages, complaints that state a fact without an
angry word, irony, praise by idiom or by denied complaints, and neutral remarks: what the labelled sources have too
little of, and the languages that they do not have. Both are small, so they are repeated and mixed with rows of step 3
that keep their targets. The weights before and after are blended, and the probabilities calibrated. Writes `net.pt` and
`heads.json`; three quarters of an hour on 2 CPU cores.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from corpus import LABELS, TARGETS, digest, read_aspects, read_dev, read_opinions, training_rows
from scipy.optimize import minimize_scalar
from sklearn.metrics import f1_score
from tokenizers import Tokenizer
from torch import Tensor
from train import PEAK_RATES, Corpus, Plan, base_vectors, optimise, pad, read_corpus, save, token_ids

from voc.encoder.network import FeedbackNet, bert
from voc.tables import SIGNALS

REPEATS = 3
REPLAY = 40_000
"""Rows of step 3 beside them, as many as the small sets bring: with a third of it, a tuning of clever sentences made
"never again" praise in languages that have little else."""
KEPT = 0.3
"""Share of the weights of step 3 in the final ones (Wortsman et al. 2022, WiSE-FT). More of it serves tweets and small
languages of the data, less of it Lithuanian and what only the small sets tell; measured by bench/quality.py."""
RATES = {"bert": 4e-5, "heads": 2e-3}
COMPLAINS = 0.4
"""Severity from which a seed sentence is a complaint by itself: it then teaches negative sentiment too."""
FOREIGN = ("movie", "review_mixed")
"""Domains that nobody brings as customer feedback: calibration looks at the others."""
HARMLESS = ("food", "ambience", "location", "laptop#design", "display", "drinks", "keyboard", "content", "course")
"""Aspect categories whose complaints carry none of the signals: cold soup is nobody's emergency."""


def read_seeds(split: str) -> pd.DataFrame:
    """Seed sentences of one split, with a 0-1 column per signal."""
    seeds = pd.read_csv(Path(__file__).with_name("signals.tsv"), sep="\t", keep_default_na=False, quoting=3)
    seeds = seeds[seeds["split"] == split].reset_index(drop=True)
    flags = {name: [float(name in found.split()) for found in seeds["signals"]] for name in SIGNALS}
    return seeds.assign(**flags)


def harmless_complaints(data: Path) -> set[str]:
    """Complaints of the aspect data that are about harmless categories alone."""
    rows = read_aspects(data, "train")
    categories = rows["triplets"].map(lambda cell: [category.lower() for _, category, _ in json.loads(cell)])
    harmless = categories.map(lambda found: all(category.startswith(HARMLESS) for category in found))
    return set(rows.loc[harmless & (rows["label"] == "negative"), "text"])


def replayed(corpus: Corpus, rows: pd.DataFrame, harmless: set[str]) -> Corpus:
    """A sample of step 3's rows with their targets, and no signals where we know that there are none."""
    chosen = np.sort(np.random.default_rng(0).choice(len(rows), REPLAY, replace=False))
    rows = rows.iloc[chosen]
    is_calm = ((rows["positive"] == 1) | rows["text"].isin(harmless)).to_numpy()
    signals = torch.full((len(rows), len(SIGNALS)), float("nan"))
    signals[torch.tensor(is_calm)] = 0.0
    targets = {name: values[chosen] for name, values in corpus.targets.items()}
    return Corpus([corpus.ids[i] for i in chosen], {**targets, "signals": signals}, corpus.pad_id)


def read_small_sets() -> pd.DataFrame:
    """Seeds and opinions with what each knows: signals, severity, sentiment; nan where it does not say."""
    rows = pd.concat([with_sentiment(read_seeds("train")), read_opinions(held_back=False)], ignore_index=True)
    targets = [TARGETS.get(label, (float("nan"),) * 3) for label in rows["label"]]
    return pd.concat([rows, pd.DataFrame(targets, columns=list(LABELS))], axis=1)


def with_sentiment(seeds: pd.DataFrame) -> pd.DataFrame:
    """Seeds that praise are positive; as many that complain are negative, language by language.

    More of the one than of the other would teach a language that nothing else covers to be of that mood: with every
    complaint used, 70 of 100 pleased Lithuanians were heard as angry.
    """
    severity = seeds["severity"].astype(float)
    praises = (severity == 0) & (seeds["signals"] == "") & ~seeds["text"].str.contains(r"[?？]")
    complains = severity >= COMPLAINS
    order = seeds["text"].map(digest).where(complains)
    n_praises = praises.groupby(seeds["lang"]).transform("sum")
    is_negative = order.groupby(seeds["lang"]).rank() <= n_praises
    return seeds.assign(label=praises.map({True: "positive"}).where(~is_negative, "negative"))


def language_free(vectors: np.ndarray, langs: pd.Series) -> np.ndarray:
    """Unit vectors (n, d) without their language's mean: each language here speaks of all domains alike."""
    centred = vectors - pd.DataFrame(vectors).groupby(langs.to_numpy()).transform("mean").to_numpy()
    return centred / np.linalg.norm(centred, axis=1, keepdims=True)


def seeded(folder: Path, replay: Corpus, device: str) -> Corpus:
    """The replayed rows, and the small sets repeated."""
    small = read_small_sets()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    geometry = language_free(base_vectors(folder, tokenizer, small["text"].tolist(), device), small["lang"])
    rows = pd.concat([small] * REPEATS, ignore_index=True)
    ids, _ = token_ids(folder, rows["text"].tolist())
    known = {
        "sentiment": rows[list(LABELS)].to_numpy(np.float32),
        "severity": rows["severity"].to_numpy(np.float32),
        "signals": rows[list(SIGNALS)].to_numpy(np.float32),
        "geometry": np.tile(geometry, (REPEATS, 1)).astype(np.float32),
    }
    targets = {name: torch.cat([values, torch.tensor(known[name])]) for name, values in replay.targets.items()}
    return Corpus(replay.ids + ids, targets, replay.pad_id)


@torch.no_grad()
def blend(net: FeedbackNet, before: dict[str, Tensor]) -> None:
    """Move the weights back towards those `before` tuning; the signals, which step 3 knows nothing of, stay."""
    for name, parameter in net.named_parameters():
        if not name.startswith("signals."):
            parameter.lerp_(before[name].to(parameter.device), KEPT)


@torch.inference_mode()
def outputs(net: FeedbackNet, folder: Path, texts: list[str], name: str) -> np.ndarray:
    """One of the network's answers for `texts`, in their order."""
    ids, pad_id = token_ids(folder, texts)
    order = np.argsort([len(row) for row in ids], kind="stable")
    device = str(next(net.parameters()).device)
    parts = [net(*pad([ids[j] for j in order[i : i + 64]], pad_id, device))[name] for i in range(0, len(order), 64)]
    return torch.cat(parts).float().cpu().numpy()[np.argsort(order)]


def calibrate(net: FeedbackNet, folder: Path, data: Path) -> None:
    """Fit temperature and neutral bias on dev rows, at most 200 a source and language; write the complete network.

    None of these rows is one that bench/quality.py measures on.
    """
    dev = read_dev(data, measured=False)
    dev = dev[(dev["text"].str.len() < 400) & ~dev["domain"].isin(FOREIGN)].assign(
        label=dev["label"].replace("mixed", "neutral")
    )
    dev = dev[dev.groupby(["source", "lang"]).cumcount() < 200]
    logits = outputs(net, folder, dev["text"].tolist(), "sentiment")
    labels = dev["label"].map(LABELS.index).to_numpy()
    temperature = fit_temperature(logits, labels)
    bias = fit_neutral_bias(logits / temperature, labels, (dev["source"] + dev["lang"]).to_numpy())
    with torch.no_grad():
        net.sentiment.bias[LABELS.index("neutral")] += bias * temperature
    save(folder / "net.pt", net.state_dict())
    found = {"temperature": round(temperature, 4), "neutral_bias": bias}
    (folder / "heads.json").write_text(json.dumps(found) + "\n")
    print(found)


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature under which the labels are least surprising (Guo et al. 2017)."""

    def surprise(temperature: float) -> float:
        scaled = logits / temperature
        return float((np.logaddexp.reduce(scaled, axis=1) - scaled[np.arange(len(labels)), labels]).mean())

    return float(minimize_scalar(surprise, bounds=(0.2, 5), method="bounded").x)


def fit_neutral_bias(logits: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> float:
    """What to add to the neutral logit: the least that comes within a point of the best macro-F1.

    The score is the mean over the sources and languages that have neutral rows. The last point is within its error,
    and every step more turns short or ironic complaints into neutral ones.
    """
    is_neutral = labels == LABELS.index("neutral")
    has_neutral = [group for group in np.unique(groups) if is_neutral[groups == group].sum() >= 10]

    def score(bias: float) -> float:
        said = (logits + bias * np.eye(len(LABELS))[LABELS.index("neutral")]).argmax(axis=1)
        return float(np.mean([f1_score(labels[groups == x], said[groups == x], average="macro") for x in has_neutral]))

    scores = {round(0.1 * step, 1): score(0.1 * step) for step in range(-3, 8)}
    return min(bias for bias, found in scores.items() if found >= max(scores.values()) - 0.01)


def report(net: FeedbackNet, folder: Path) -> None:
    """Precision and recall per signal on the seeds held back; accuracy per language on the opinions held back."""
    seeds = read_seeds("dev")
    raised = outputs(net, folder, seeds["text"].tolist(), "signals") > 0
    for row, name in enumerate(SIGNALS):
        is_true, is_raised = seeds[name].to_numpy(bool), raised[:, row]
        hits = (is_true & is_raised).sum()
        precision, recall = hits / max(1, is_raised.sum()), hits / max(1, is_true.sum())
        print(f"{name:12} precision {precision:.2f} recall {recall:.2f} n {is_true.sum()}")
    opinions = read_opinions(held_back=True)
    said = outputs(net, folder, opinions["text"].tolist(), "sentiment").argmax(axis=1)
    is_right = said == opinions["label"].replace("mixed", "neutral").map(LABELS.index)
    print(is_right.groupby(opinions["lang"]).agg(["mean", "size"]).round(2).T.to_string(), is_right.mean().round(3))


def tune(folder: Path, data: Path, device: str) -> None:
    torch.manual_seed(0)
    net = FeedbackNet(bert(json.loads((folder / "base.json").read_text())))
    net.load_state_dict(torch.load(folder / "trained.pt", weights_only=True))
    turn = len(PEAK_RATES) - 1
    rows = training_rows(data, turn)
    corpus = seeded(folder, replayed(read_corpus(folder, rows, device, turn), rows, harmless_complaints(data)), device)
    optimise(net.to(device), corpus, Plan(folder / "checkpoint-tune.pt", rates=RATES, device=device))
    blend(net, torch.load(folder / "trained.pt", weights_only=True))
    calibrate(net, folder, data)
    report(net, folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--build", type=Path, required=True, help="the folder of the earlier steps")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    tune(options.build, options.data, options.device)
