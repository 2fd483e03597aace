"""The main path on real exports, as users bring them; a part of each file, to stay quick."""

from pathlib import Path

import pytest

from voc.config import DEFAULTS
from voc.pipeline import analyze
from voc.readers import read_feedback

EXPORTS = Path(__file__).parents[2] / "shared" / "data" / "demo"
ROWS = 400
EXPECTED = {  # file: language, score, and words of which one stands in a name or quote of the ten first issues
    "nhs_gp_fft.csv": ("en", "rating", ("appointment", "phone", "reception", "wait", "booking")),
    "alexa.tsv": ("en", "rating", ("echo", "alexa", "sound", "screen", "work")),
    "skytrax_lounge.csv": ("en", "rating", ("lounge", "food", "seat", "crowded", "staff")),
    "nps_fr_retail.csv": ("fr", "nps", ("prix", "cher", "caisse", "magasin", "attente")),
    "vietnamese_phone.csv": ("vi", "rating", ("máy", "pin", "mình", "camera", "màn")),
    "cuba_hotels.xlsx": ("es", "rating", ("hotel", "comida", "habitación", "habitaciones", "baño")),
}

pytestmark = pytest.mark.skipif(not EXPORTS.is_dir(), reason="the real exports (../shared/data/demo) are not there")


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_export_gives_ranked_issues(name):
    lang, score, words = EXPECTED[name]
    reading = read_feedback([str(EXPORTS / name)], DEFAULTS.read)
    frame = reading.frame[reading.frame["skip"].isna() & reading.frame["text"].fillna("").ne("")]
    analysis = analyze(frame.head(ROWS), notes=reading.notes)
    used = analysis.feedback[analysis.feedback["skip"].isna()]
    assert used["lang"].mode()[0] == lang
    assert used["label"].notna().all()
    assert analysis.metrics["metric"].isin([score]).any()
    whole = analysis.feedback.set_index("feedback_id")["clean_text"]
    clauses = analysis.clauses
    cut = [whole[row.feedback_id][row.start : row.end] for row in clauses.itertuples()]
    assert cut == clauses["text"].tolist()
    assert len(analysis.issues) >= 2
    assert analysis.issues["urgency"].is_monotonic_decreasing or analysis.themes["status"].eq("residual").any()
    first = analysis.issues.head(10)
    told = " ".join([*first["label"].dropna(), *first["quote"].dropna()]).lower()
    assert any(word in told for word in words)
