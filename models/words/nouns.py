"""Count how often customers use common words as nouns: `voc/languages/nouns/<code>.tsv`, which `voc.rules` reads.

    python models/words/nouns.py --data ../shared/data

A word is used as a noun where an article stands before it and a stop word, a mark or nothing behind it ("my bill was",
not "my last bill"); in German, where it is large within a sentence. Where most of its uses show it as something else
("they follow the"), the share shrinks. Only counts leave the texts; texts whose licence
forbids training are left out. Languages that put the article behind the noun (sv, da, no, ro) cannot be counted so.
"""

import argparse
from collections import Counter
from pathlib import Path

import pandas as pd

from voc.rules import load
from voc.theme_words import NOUN, OTHER, noun_share, stem, tokens_of, uses_in

LANGUAGES = ("ca", "de", "en", "es", "fr", "it", "nl", "pt")
TEXTS, LONGEST = 12_000, 1500
FEWEST, MOST = 10, 3000
"""Uses below which a share says nothing, and words a language, the commonest first."""


def texts(data: Path) -> pd.DataFrame:
    files = [pd.read_parquet(data / f"{name}.parquet") for name in ("sentiment", "aspects", "themes")]
    rows = pd.concat([file.loc[file["train_ok"], ["text", "lang"]] for file in files], ignore_index=True)
    return rows.drop_duplicates()


def count(lang: str, rows: pd.Series) -> list[tuple[str, int]]:
    uses, nouns, others = Counter(), Counter(), Counter()
    plain = load(lang).plain_words
    for text in rows:
        tokens = tokens_of(text[:LONGEST])
        for token, use in zip(tokens, uses_in(tokens, lang, plain), strict=True):
            if len(token) >= 3 and token[0].isalpha() and "'" not in token:
                uses[stem(token)] += 1
                nouns[stem(token)] += use == NOUN
                others[stem(token)] += use == OTHER
    common = [word for word, times in uses.most_common(MOST) if times >= FEWEST]
    return sorted((word, round(100 * noun_share(nouns[word], others[word], uses[word]))) for word in common)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, required=True)
    rows = texts(options.parse_args().data)
    folder = Path(__file__).parents[2] / "voc" / "languages" / "nouns"
    for lang in LANGUAGES:
        own = rows.loc[rows["lang"] == lang, "text"]
        shares = count(lang, own.sample(min(TEXTS, len(own)), random_state=0))
        (folder / f"{lang}.tsv").write_text("".join(f"{word}\t{share}\n" for word, share in shares), encoding="utf-8")
        print(f"{lang}: {len(own):,} texts, {len(shares):,} words")


if __name__ == "__main__":
    main()
