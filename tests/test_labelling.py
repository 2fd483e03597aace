"""Labels by an endpoint of the user's choice: asked once, with masked text, and never trusted."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest

from voc.config import ThemesConfig
from voc.errors import ConfigError
from voc.labelling import KEY, LONGEST, MOST_FAILURES, label_themes
from voc.tables import CLAUSES, THEMES


class Endpoint(BaseHTTPRequestHandler):
    """Speaks chat completions; `server.says` is a text, a status, or seconds to wait."""

    def do_POST(self) -> None:
        self.server.asked.append((self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
        says = self.server.says
        if isinstance(says, float):
            time.sleep(says)
        self.send_response(says if isinstance(says, int) else 200)
        self.end_headers()
        said = says(json.loads(self.server.asked[-1][2])) if callable(says) else says
        choice = {"choices": [{"message": {"role": "assistant", "content": said}}]}
        self.wfile.write(b"oops" if said is None else json.dumps(choice).encode())

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.asked, server.says = [], "Late parcels"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def asking(server: ThreadingHTTPServer, **settings: object) -> ThemesConfig:
    url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    return replace(ThemesConfig(labeller_url=url, labeller_model="little", labeller_timeout=2.0), **settings)


def tables(*labels: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One theme per label, each told once, and the residual."""
    ids = [f"t-{number}" for number in range(len(labels))]
    themes = pd.DataFrame({"theme_id": [*ids, "t-other"], "label": [*labels, "other"]})
    themes = themes.assign(parent_id=pd.NA, keywords="late, parcel", label_lang="en", status="complaints")
    themes.loc[len(ids), "status"] = "residual"
    clauses = pd.DataFrame({"clause_id": ids, "feedback_id": ids, "theme_id": ids, "lang": "en"})
    clauses["text"] = [f"Parcel {number} of jo@shop.example is late" for number in range(len(ids))]
    clauses = clauses.assign(position=0, start=0, end=9, theme_score=0.9, quote_rank=1, subtheme_id=pd.NA)
    return THEMES.check(themes), CLAUSES.check(clauses)


def test_nobody_is_asked_by_default(endpoint: ThreadingHTTPServer) -> None:
    themes, clauses = tables("parcel")
    labelled, notes = label_themes(themes, clauses, ThemesConfig())
    assert labelled is themes
    assert notes == ()
    assert not endpoint.asked


def test_the_endpoint_is_asked_with_masked_text(endpoint: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "secret")
    labelled, notes = label_themes(*tables("parcel"), asking(endpoint, labels_in="lt"))
    assert labelled["label"].tolist() == ["Late parcels", "other"]
    assert notes == ()
    ((path, headers, body),) = endpoint.asked
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer secret"
    assert json.loads(body)["model"] == "little"
    assert b"jo@shop.example" not in body
    assert b"[EMAIL]" in body
    assert b"Lithuanian" in body


def test_answers_are_kept(endpoint: ThreadingHTTPServer, tmp_path: Path) -> None:
    config = asking(endpoint, labeller_cache=str(tmp_path / "labels.json"))
    for _ in range(2):
        labelled, _ = label_themes(*tables("parcel"), config)
        assert labelled["label"].iloc[0] == "Late parcels"
    assert len(endpoint.asked) == 1
    (tmp_path / "labels.json").write_text("spoilt {")
    assert label_themes(*tables("parcel"), config)[0]["label"].iloc[0] == "Late parcels"
    assert len(endpoint.asked) == 2


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (500, "it answered 500"),
        (None, "its answer is no chat completion"),
        ("", "no usable one"),
        ("   \n  ", "no usable one"),
        ("x" * (LONGEST + 1), "no usable one"),
        ("12345", "no usable one"),
        (3.0, "did not answer in time"),
    ],
)
def test_the_built_in_label_stands_where_no_answer_is_usable(
    endpoint: ThreadingHTTPServer, says: object, told: str
) -> None:
    endpoint.says = says
    labelled, notes = label_themes(*tables("parcel"), asking(endpoint, labeller_timeout=0.5))
    assert labelled["label"].iloc[0] == "parcel"
    assert notes[0].count == 1
    assert told in notes[0].text


def test_a_dead_endpoint_is_not_asked_for_ever(endpoint: ThreadingHTTPServer) -> None:
    endpoint.says = 503
    _, notes = label_themes(*tables("one", "two", "three", "four"), asking(endpoint))
    assert len(endpoint.asked) == MOST_FAILURES
    assert notes[0].count == 4


def test_nobody_listens() -> None:
    config = ThemesConfig(labeller_url="http://127.0.0.1:9/v1", labeller_model="little")
    labelled, notes = label_themes(*tables("parcel"), config)
    assert labelled["label"].iloc[0] == "parcel"
    assert "cannot be reached" in notes[0].text


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ('"Late parcels."', "Late parcels"),
        ("**Late parcels**\nBecause many customers …", "Late parcels"),
        ("Late parcels of [EMAIL]", "Late parcels of"),
    ],
)
def test_answers_are_trimmed(endpoint: ThreadingHTTPServer, said: str, label: str) -> None:
    endpoint.says = said
    assert label_themes(*tables("parcel"), asking(endpoint))[0]["label"].iloc[0] == label


def test_labels_stay_distinct(endpoint: ThreadingHTTPServer) -> None:
    labelled, _ = label_themes(*tables("one", "two"), asking(endpoint))
    assert labelled["label"].tolist() == ["Late parcels", "two", "other"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"labeller_url": "file:///etc/passwd", "labeller_model": "m"}, "http"),
        ({"labeller_url": "http://localhost/v1"}, "labeller_model"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        label_themes(*tables("parcel"), ThemesConfig(**settings))
