"""Alerts: what must be heard of now, masked, each thing once to each address, and again where it was not delivered."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pandas as pd
import pytest
from analysis_fixture import empty_analysis, make_analysis
from click.testing import CliRunner

from voc.alerts import Alert, addresses, alerts_of, apprise_send, deliver, shown
from voc.cli import main
from voc.config import AlertsConfig
from voc.errors import ConfigError, InputError, MissingExtra
from voc.tables import ANOMALIES, COMPARISONS, QUEUE, Analysis

NONE = AlertsConfig(urgency_over=100, new_danger=False, metric_drop=False, threat_to_leave=False)
NEWEST = pd.Timestamp("2025-06-01", tz="UTC")


@dataclass
class Phone:
    """A local server that takes messages; `broken` addresses answer with an error."""

    port: int = 0
    heard: list[tuple[str, str, str]] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    def address(self, name: str) -> str:
        return f"json://127.0.0.1:{self.port}/{name}"

    def titles(self, name: str) -> list[str]:
        return [title for path, title, _ in self.heard if path.strip("/") == name]


@pytest.fixture
def phone() -> Iterator[Phone]:
    found = Phone()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            down = self.path.strip("/") in found.broken
            if not down:
                found.heard.append((self.path, told["title"], told["message"]))
            self.send_response(500 if down else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        found.port = server.server_port
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield found
        server.shutdown()


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return make_analysis(rows=200)


def alarming(analysis: Analysis, **columns) -> Analysis:
    """The analysis with columns of its first issue set."""
    issues = analysis.issues.copy()
    for name, value in columns.items():
        issues.loc[issues.index[0], name] = value
    return replace(analysis, issues=issues)


def waiting(*rows: dict) -> pd.DataFrame:
    plain = {"urgency": 60.0, "signals": "churn", "created_at": NEWEST, "quote": "I am off"}
    return QUEUE.check(
        pd.DataFrame([{"rank": n, "feedback_id": f"f{n}"} | plain | row for n, row in enumerate(rows, 1)])
    )


# --------------------------------------------------------------------------------------------------------- what is told


def test_urgency_over_the_mark_is_told(analysis: Analysis):
    calm = replace(analysis, issues=analysis.issues.assign(urgency=50.0, danger=0.0))
    config = replace(NONE, urgency_over=60)
    assert alerts_of(calm, config) == []
    first = analysis.issues.iloc[0]
    (alert,) = alerts_of(alarming(calm, urgency=61.0), config)
    assert alert.title == f"Urgent issue: {first['label']} (urgency 61 of 100)"
    assert first["why"] in alert.body
    assert first["quote"][:40] in alert.body


def test_a_new_danger_is_told(analysis: Analysis):
    calm = replace(analysis, issues=analysis.issues.assign(urgency=50.0, danger=0.0))
    config = replace(NONE, new_danger=True)
    assert alerts_of(calm, config) == []
    (alert,) = alerts_of(alarming(calm, danger=0.5), config)
    assert alert.title.startswith("Dangerous issue: ")
    (both,) = alerts_of(alarming(calm, danger=0.5, urgency=99.0), replace(config, urgency_over=60))
    assert both.keys == alert.keys, "one message about one issue"


def test_the_residual_and_praise_are_no_alerts(analysis: Analysis):
    for status in ("residual", "praise"):
        themes = analysis.themes.assign(status=status)
        assert alerts_of(replace(analysis, themes=themes), replace(NONE, urgency_over=0)) == []


def test_a_fall_beyond_its_interval_is_told(analysis: Analysis):
    plain = {"metric": "nps", "kind": "previous", "by": "all", "segment": "all", "period_start": NEWEST, "holds": True,
             "better": "high", "difference": -12.0, "told": "NPS 12 points below May"}  # fmt: skip
    rows = [
        plain, plain | {"segment": "web", "by": "channel", "told": "on the web"},
        plain | {"metric": "csat", "holds": False}, plain | {"metric": "rating", "difference": 3.0},
        plain | {"metric": "ces", "better": "low", "difference": -1.0},
        plain | {"metric": "x", "kind": "baseline", "period_start": NEWEST + pd.Timedelta(days=9)},
        plain | {"metric": "old", "period_start": NEWEST - pd.Timedelta(days=31)},
        plain | {"metric": "effort", "better": "low", "difference": 1.0, "told": "more effort"},
    ]  # fmt: skip
    made = replace(analysis, comparisons=COMPARISONS.check(pd.DataFrame(rows)))
    told = alerts_of(made, replace(NONE, metric_drop=True))
    assert [alert.body for alert in told] == ["NPS 12 points below May", "on the web", "more effort"]
    assert told[1].title == "NPS is worse than before (channel: web)"


def test_who_threatens_to_leave_is_told_while_it_is_news(analysis: Analysis):
    newest = analysis.feedback["created_at"].max()
    old = newest - pd.Timedelta(days=60)
    queue = waiting(
        {"customer_id": "c7", "created_at": newest}, {"signals": "outage"}, {"created_at": old}, {"created_at": pd.NaT}
    )
    told = alerts_of(replace(analysis, queue=queue), replace(NONE, threat_to_leave=True))
    assert [(alert.title, alert.body) for alert in told] == [("c7", "“I am off”"), ("comment f4", "“I am off”")]


def test_more_than_expected_is_told_where_asked_for(analysis: Analysis):
    plain = {"theme_id": "t", "label": "late", "by": "all", "segment": "all", "period_start": NEWEST, "observed": 25,
             "low": 1.0, "high": 9.0, "direction": "more", "quote": "late again"}  # fmt: skip
    rows = [plain, plain | {"direction": "fewer"}, plain | {"period_start": NEWEST - pd.Timedelta(days=7)}]
    made = replace(analysis, anomalies=ANOMALIES.check(pd.DataFrame(rows)))
    assert alerts_of(made, NONE) == []
    (alert,) = alerts_of(made, replace(NONE, anomaly=True))
    assert alert.body == "25 comments since 2025-06-01, 1 to 9 were expected.\n“late again”"


def test_words_are_masked_whatever_the_result_holds(analysis: Analysis):
    private = alarming(analysis, quote="write to jane.doe@example.com or +44 20 7946 0958", urgency=99.0)
    told = " ".join(alert.body for alert in alerts_of(private, replace(NONE, urgency_over=60)))
    assert "jane.doe" not in told
    assert "7946" not in told
    assert "write to" in told


def test_words_can_be_left_out(analysis: Analysis):
    loud = replace(alarming(analysis, quote="SECRET WORDS", urgency=99.0), queue=waiting({"quote": "SECRET WORDS"}))
    config = AlertsConfig(quotes=False, urgency_over=60)
    assert "SECRET" not in " ".join(alert.body for alert in alerts_of(loud, config))


def test_nothing_alarms_nobody():
    assert alerts_of(empty_analysis(), AlertsConfig(anomaly=True, urgency_over=0)) == []


# ------------------------------------------------------------------------------------------------------------- delivery


def issue(name: str, *comments: str) -> Alert:
    return Alert("issue", (f"issue {name}",), name, f"about {name}", comments)


def leaving(*names: str) -> list[Alert]:
    return [Alert("leaving", (f"leaving {name}",), name, "“off”") for name in names]


def test_a_message_arrives_as_it_is(phone: Phone, tmp_path: Path):
    outcome = deliver([Alert("issue", ("k",), "Ärger – „heiß“", "line 1\nline <b>2</b> & more")],
                      [phone.address("a")], tmp_path / "alerts.json")  # fmt: skip
    assert (outcome.delivered, outcome.failed) == (1, {})
    assert phone.heard == [("/a", "Ärger – „heiß“", "line 1\nline <b>2</b> & more")]


def test_each_thing_is_told_once(phone: Phone, tmp_path: Path):
    state, to = tmp_path / "state" / "alerts.json", [phone.address("a")]
    for _ in range(3):
        deliver([issue("fire"), *leaving("ana")], to, state)
    deliver([issue("flood"), issue("fire"), *leaving("ana", "bo")], to, state)
    assert phone.titles("a") == ["fire", "1 customer speaks of leaving", "flood", "1 customer speaks of leaving"]
    assert phone.heard[-1][2] == "bo: “off”"


def test_many_who_leave_are_one_message(phone: Phone, tmp_path: Path):
    deliver(leaving(*"abcdefgh"), [phone.address("a")], tmp_path / "alerts.json")
    (_, title, body) = phone.heard[0]
    assert title == "8 customers speak of leaving"
    assert body.splitlines()[-1] == "and 3 more, in queue.csv"
    assert len(phone.heard) == 1


def test_an_issue_is_known_under_another_id_by_its_comments(phone: Phone, tmp_path: Path):
    """Without a workspace a theme may have another id in the next run."""
    state, to = tmp_path / "alerts.json", [phone.address("a")]
    deliver([issue("old", "1", "2", "3")], to, state)
    deliver([issue("new", "2", "3", "4"), issue("other", "7", "8"), issue("bare")], to, state)
    assert phone.titles("a") == ["old", "other", "bare"]


def test_what_failed_is_tried_again_and_only_where_it_failed(phone: Phone, tmp_path: Path):
    state, to = tmp_path / "alerts.json", [phone.address("good"), phone.address("bad")]
    phone.broken = {"bad"}
    outcome = deliver([issue("fire"), *leaving("ana")], to, state)
    assert (outcome.delivered, outcome.failed) == (2, {"json://…": 2})
    phone.broken = set()
    again = deliver([], to, state)
    assert (again.delivered, again.failed) == (2, {})
    told = ["fire", "1 customer speaks of leaving"]
    assert phone.titles("bad") == phone.titles("good") == told
    assert deliver([issue("fire")], to, state).delivered == 0


def test_nobody_at_the_address(tmp_path: Path):
    outcome = deliver([issue("fire")], ["json://127.0.0.1:1/x"], tmp_path / "alerts.json")
    assert outcome.failed == {"json://…": 1}
    assert json.loads((tmp_path / "alerts.json").read_text("utf-8"))["pending"][0]["title"] == "fire"


def test_a_run_that_is_broken_off_repeats_nothing(tmp_path: Path):
    state, heard = tmp_path / "alerts.json", []

    def send(address: str, title: str, body: str) -> bool:
        if len(heard) == 1:
            raise KeyboardInterrupt
        heard.append(title)
        return True

    with pytest.raises(KeyboardInterrupt):
        deliver([issue("one"), issue("two")], ["x://"], state, send=send)
    deliver([issue("one"), issue("two")], ["x://"], state, send=lambda _, title, body: not heard.append(title))
    assert heard == ["one", "two"]


def test_the_state_names_no_address(phone: Phone, tmp_path: Path):
    deliver([issue("fire")], [phone.address("token-of-mine")], tmp_path / "alerts.json")
    assert "token-of-mine" not in (tmp_path / "alerts.json").read_text("utf-8")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sent": 3}', "\x00"])
def test_a_broken_state_is_a_mendable_error(tmp_path: Path, text: str):
    (tmp_path / "alerts.json").write_text(text)
    with pytest.raises(InputError, match="alerts"):
        deliver([issue("fire")], ["x://"], tmp_path / "alerts.json", send=lambda *_: True)


# ------------------------------------------------------------------------------------------------------------ addresses


def test_tokens_come_from_the_environment():
    filled = addresses(["json://$VOC_HOST/${VOC_PATH}"], {"VOC_HOST": "localhost", "VOC_PATH": "x"})
    assert filled == ("json://localhost/x",)
    with pytest.raises(ConfigError, match="VOC_HOST, which is not set"):
        addresses(["json://$VOC_HOST/"], {})


@pytest.mark.parametrize("address", ["nonsense://secret", "just words", ""])
def test_an_address_nobody_knows_is_an_error_that_tells_no_secret(address: str):
    with pytest.raises(ConfigError, match="Apprise knows") as caught:
        addresses([address])
    assert "secret" not in str(caught.value)


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    with pytest.raises(MissingExtra, match=r"voc\[alerts\]"):
        addresses(["json://localhost"])
    with pytest.raises(MissingExtra):
        apprise_send("json://localhost", "t", "b")


def test_what_is_shown_of_an_address():
    assert shown("mailto://user:password@example.com") == "mailto://…"


# --------------------------------------------------------------------------------------------------------- the command


def test_analyze_ends_with_3_where_an_alert_is_not_delivered(
    phone: Phone, complaints: pd.DataFrame, tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    complaints.head(80).to_csv("survey.csv", index=False)
    Path("voc.toml").write_text(
        f'[alerts]\nto = ["{phone.address("$VOC_TEST_TOKEN")}"]\nurgency_over = 1\n[issues]\nrounds = 5\n', "utf-8"
    )
    command = ["analyze", "survey.csv", "--model", tiny, "--quiet"]
    unset = CliRunner().invoke(main, command)
    assert (unset.exit_code, Path("voc-report").exists()) == (2, False), "before the long part"
    monkeypatch.setenv("VOC_TEST_TOKEN", "secret")
    phone.broken = {"secret"}
    failed = CliRunner().invoke(main, command)
    assert failed.exit_code == 3
    assert "to json://… could not be delivered; the next run tries again" in failed.stderr
    assert Path("voc-report/report.html").is_file()
    phone.broken = set()
    assert CliRunner().invoke(main, command).exit_code == 0
    heard = len(phone.heard)
    assert heard > 0
    assert CliRunner().invoke(main, command).exit_code == 0
    assert len(phone.heard) == heard, "the folder is written anew, and still each thing is told once"
    assert not [path for path in Path("voc-report").iterdir() if b"secret" in path.read_bytes()]
