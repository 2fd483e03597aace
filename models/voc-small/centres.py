"""Step 7 of the recipe: where the model puts the feedback of each language on average, whatever it is about.

    python models/voc-small/centres.py [FOLDER]

Reads the written opinions, which are about the same trades in every language, with the model in FOLDER (this one), and
writes `centres.json` beside it. `voc.theme_vectors.centre` shrinks the means of a file's languages towards them, so
that themes stay together where a language has few clauses or complaints of its own. To be run after every new export:
the centres mean nothing to other weights.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from corpus import read_opinions

from voc.encoder import CENTRES, load

PER_LANGUAGE = 300
DECIMALS = 5


def main(folder: Path) -> None:
    """Write the file, and its digest into model.json."""
    rows = read_opinions(held_back=False)
    rows = rows[rows.groupby("lang").cumcount() < PER_LANGUAGE].reset_index(drop=True)
    vectors = load(str(folder)).encode(rows["text"].astype(str).tolist()).vectors
    found = {
        str(lang): [round(float(each), DECIMALS) for each in vectors[own.index].mean(axis=0)]
        for lang, own in rows.groupby("lang", sort=True)
    }
    lines = ",\n".join(f"{json.dumps(lang)}: {json.dumps(centre)}" for lang, centre in found.items())
    (folder / CENTRES).write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    about["sha256"][CENTRES] = hashlib.sha256((folder / CENTRES).read_bytes()).hexdigest()
    (folder / "model.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    print(f"{len(found)} languages, {len(rows):,} texts")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
