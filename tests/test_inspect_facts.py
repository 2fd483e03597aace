"""What `voc inspect` counts before anything is analysed: personal data, doubts, texts that are cut."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from voc.cli import main

ROWS = """id,date,comment,nps,customer
1,2025-01-02,"Call me at +44 20 7946 0958 or jo@example.org please, it broke",3,jo@example.org
2,2025-01-03,"Order no. 4711234 is late and nobody answers my calls at all",2,C2
3,2025-01-04,"Order no. 4711234 is late and nobody answers my calls at all",2,C4
4,2025-01-05,asdfghjkl qwerty,9,C3
"""


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["inspect", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_personal_data_and_doubts_are_counted(tmp_path: Path):
    path = tmp_path / "survey.csv"
    path.write_text(ROWS, encoding="utf-8")
    found = json.loads(run(str(path), "--json"))
    assert found["personal"] == {"EMAIL": 1, "PHONE": 1, "ACCOUNT": 2, "PSEUDONYM": 1}
    assert found["suspect"] == {"duplicate": 1, "keys hit at random": 1}
    assert found["cut"] == 0
    shown = run(str(path))
    told = " ".join(shown.split())
    assert "1 e-mail address, 1 telephone number, 2 order and account numbers" in told
    assert "texts that contradict their score: voc analyze finds them" in told
    assert path.read_text(encoding="utf-8") == ROWS, "the file stays as it is"


def test_long_texts_are_told(tmp_path: Path):
    path = tmp_path / "survey.csv"
    path.write_text(f"comment,nps\n{'It was late again. ' * 60},3\nAll is fine here,9\n", encoding="utf-8")
    assert "Cut" in run(str(path), "--set", "clean.max_characters=500")


def test_an_empty_text_with_something_in_it_says_what(tmp_path: Path):
    said = ("It was late again today", "All is fine here so far", "Nobody called me back", "Very kind people there")
    path = tmp_path / "survey.csv"
    path.write_text("comment,nps\nhttps://www.example.org/a,3\n,4\n" + "".join(f"{each},2\n" for each in said))
    shown = " ".join(run(str(path)).split())
    assert "2 empty, or nothing but a link or markup: “https://www.example.org/a”" in shown
