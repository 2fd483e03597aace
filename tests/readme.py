"""The parts of README.md that are made, not written: output of commands, tables, the reference, and the picture.

`make readme` makes them all anew; without `--write` this program only says which are stale. A made part stands between
`<!-- name … -->` and `<!-- /name -->`; MAKERS has one function a name. The commands run in order in one folder of their
own that holds a copy of the examples, as the installed `voc`, and end where one of them reaches for the network.
"""

from __future__ import annotations

import contextlib
import difflib
import doctest
import io
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PICTURE = ROOT / "docs" / "report.png"
ISSUE_PICTURE = ROOT / "docs" / "issue.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZE, ISSUE_SIZE = (1000, 1180), (1000, 1150)
DARK = "--blink-settings=preferredColorScheme=0"
PART = re.compile(r"<!-- (?P<name>[a-z]+)(?P<options>[^>\n]*?) -->\n(?P<body>.*?)<!-- /(?P=name) -->", re.DOTALL)
PROCESSORS = ("avx512_vnni", "avx_vnni", "avx2", "asimddp")
"""Instructions that the model's arithmetic depends on: its last digits differ between processors that have different
ones, and with them a clause or two of a thousand."""
TABLES_SHOWN = (
    "issues", "themes", "keywords", "metrics", "comparisons", "drivers", "queue", "customers", "agents", "anomalies",
    "changes", "feedback", "clauses", "clause_themes",
)  # fmt: skip
SHIM = """\
import sys
CALLS = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"}
def refuse(event, arguments):
    if event in CALLS:
        raise SystemExit(f"voc reached for the network: {event} {arguments}")
sys.addaudithook(refuse)
from voc.cli import main
main(prog_name="voc")
"""
OPTIONS = {"text": "--text", "feedback_id": "--id", "created_at": "--date", "customer_id": "--customer"} | {
    name: f"--{name}" for name in ("channel", "nps", "csat", "ces", "rating")
}
FIELDS_SHOWN = (
    "text", "created_at", "nps", "csat", "ces", "rating", "feedback_id", "customer_id", "channel", "question",
    "first_reply_at", "resolved_at", "agent", "stage", "invited_at", "joined_at", "churned_at", "churned", "revenue",
    "clv", "contacts",
)  # fmt: skip
FORMATS = {
    "csv": "delimiter, quoting and encoding (UTF-8, UTF-16, cp1252 …) are found out",
    "jsonl": "one object a line; nested objects become columns such as `message.body`",
    "json": "the longest list of objects in the file",
    "xlsx": "sheets with the same header become one table; others are left out and told",
    "parquet": "with the file's own types",
}
SETTINGS = {
    "read.format": "name of the format, where it is not recognised",
    "read.text": "the columns with comments",
    "read.id": "the column with the id of the row",
    "read.date": "the column with the date",
    "read.nps": "the column with likelihood to recommend",
    "read.csat": "the column with satisfaction",
    "read.ces": "the column with effort",
    "read.rating": "the column with stars",
    "read.customer": "the column with the customer",
    "read.channel": "the column with the channel",
    "read.speaker": "who the customer is, in transcripts that give names only",
    "clean.max_characters": "longer comments are cut here, and marked",
    "integrity.near_duplicate_similarity": "share of common letter groups from which two comments are copies, 0-1",
    "integrity.exclude_suspect": "leave doubted rows out of the figures, the drivers and the issues",
    "language.min_characters": "shorter comments are judged with the help of the rest of the file",
    "language.min_score": "the same for comments whose language is less sure than this, 0-1",
    "clauses.split_contrast": "split at “but” and its like",
    "privacy.keep": "leave personal data as it is (`--keep-personal-data`)",
    "privacy.names": "mask people's names in texts too (needs the extra `names`)",
    "privacy.region": "country of telephone numbers without a country code, such as `DE`",
    "privacy.salt": "secret of the pseudonyms of customers; not stored with the result",
    "clauses.min_characters": "shorter pieces stay with their neighbour",
    "clauses.use_parser": "use a spaCy model with a parser, where one is installed for the language",
    "sentiment.model": "name or folder of the model",
    "sentiment.device": "auto, cpu or gpu (gpu needs the extra `torch`)",
    "sentiment.allow_download": "fetch a model of Hugging Face that is not here (`--allow-download`)",
    "themes.of": "complaints, praise or everything",
    "themes.neighbours": "how many nearest clauses each clause is linked to",
    "themes.resolution": "how finely to group; higher = more themes; none = found out",
    "themes.min_feedback": "a theme is told by so many comments at least",
    "themes.quotes": "quotes per theme",
    "themes.keywords": "typical words per theme, and per theme and language",
    "themes.labels_in": "language of the labels, such as en (`--labels-in`)",
    "themes.labeller_url": "a chat-completions endpoint that labels the themes; by default nobody is asked",
    "themes.labeller_model": "the model to ask there; its key, if any, stands in VOC_LABELLER_KEY",
    "themes.labeller_cache": "the file that keeps its answers; beside the results by default",
    "themes.labeller_timeout": "seconds to wait for an answer",
    "taxonomy.file": "themes of your own: entries with example phrases, or cx (`--taxonomy`)",
    "taxonomy.min_confidence": "how surely a clause must belong to an entry",
    "taxonomy.discover": "whether what fits no entry is grouped",
    "metrics.by": "columns to split the figures by",
    "metrics.period": "auto, day, week, month or none",
    "metrics.min_answers": "figures on fewer answers are left out",
    "metrics.business_hours": 'such as `["Mon-Fri 09:00-17:00"]`: replies are timed within them; none = calendar time',
    "metrics.time_zone": "of the business hours, such as `Europe/Vilnius`",
    "metrics.holidays": 'days without business hours, such as `["2026-12-25"]`',
    "metrics.customers": "how many customers there are in all, for the contact rate",
    "metrics.clv_years": "years that a customer stays: lifetime value = yearly revenue × years − acquisition cost",
    "metrics.acquisition_cost": "cost of winning a customer",
    "metrics.retention": "share of customers kept a year, 0-1: lifetime value = m·r/(1+i−r)",
    "metrics.discount": "i in that formula: the yearly discount rate",
    "comparisons.baseline": "a day such as `2026-05-04`: figures since then are compared with those before",
    "comparisons.targets": 'figures to reach, such as `["nps=40", "csat=85"]`; shares are 0-1: `churn_rate=0.05`',
    "comparisons.correction": "for many comparisons: bh (Benjamini-Hochberg), by (Benjamini-Yekutieli) or none",
    "experience.sentiment": "weight of what the text says",
    "experience.effort": "weight of how hard the customer says it was",
    "experience.severity": "weight of how bad what is told is",
    "experience.survey": "weight of the survey scores",
    "drivers.min_answers": "themes with fewer scored responses get no figures",
    "drivers.rounds": "bootstrap rounds for the intervals",
    "issues.reach": "weight of reach",
    "issues.severity": "weight of severity",
    "issues.momentum": "weight of momentum",
    "issues.impact": "weight of impact",
    "issues.immediacy": "weight of immediacy",
    "issues.value": "weight of the value at risk, where the file has revenue",
    "issues.recent_days": "how long “now” is, against which the past is compared",
    "issues.rounds": "bootstrap rounds for the intervals",
    "queue.least": "urgency from which a comment is in the queue, 0-100",
    "queue.half_life": "days after which half of a comment's freshness is gone",
    "people.smallest_group": "agents with fewer customers are not shown by themselves",
    "anomalies.false_alarms": "rate of false alarms among the unusual counts that are told, 0-1",
    "alerts.to": "where alerts go, as Apprise addresses (`slack://…`, `mailto://…`; needs the extra `alerts`)",
    "alerts.urgency_over": "tell of issues whose urgency is above this; 100 = never",
    "alerts.new_danger": "tell of dangerous issues that were not told before",
    "alerts.metric_drop": "tell of figures that fell beyond their interval",
    "alerts.threat_to_leave": "tell of customers who threaten to leave",
    "alerts.anomaly": "tell of themes that came up more than expected",
    "alerts.quotes": "put a customer's (masked) words into alerts",
    "alerts.state": "file that remembers what was told; none = `alerts.json` in the result folder or by the workspace",
    "report.title": "the report's title",
    "report.lang": "language of the report: en, de, it, fr, es or lt (`--report-lang`)",
    "report.issues": "how many issues the report tells in full",
}


@dataclass(frozen=True)
class Part:
    """A made part: its name, its options, and what stands between its marks."""

    name: str
    options: str
    body: str

    def option(self, name: str) -> str | None:
        found = re.search(rf'{name}="([^"]*)"', self.options)
        return found[1] if found else None

    @property
    def title(self) -> str:
        command = re.search(r"^(?:\$|>>>) (.*)", self.body, re.MULTILINE)
        return f"{self.name}: {command[1]}" if command else self.name


def parts(text: str) -> list[Part]:
    """The parts of a page that are made, in order."""
    return [Part(found["name"], found["options"], found["body"]) for found in PART.finditer(text) if _is_made(found)]


def refresh(text: str, folder: Path) -> str:
    """The page with every made part made anew; commands run in `folder`."""
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))

    def made(found: re.Match[str]) -> str:
        part = Part(found["name"], found["options"], found["body"])
        body = MAKERS[part.name](part, folder) if _is_made(found) else part.body
        return f"<!-- {part.name}{part.options} -->\n{body}<!-- /{part.name} -->"

    return PART.sub(made, text)


def stamp() -> str:
    """What the shown figures depend on besides voc and the example: model, runtime and kind of processor."""
    digest = json.loads((ROOT / "models" / "voc-small" / "model.json").read_text("utf-8"))["sha256"]["model.onnx"]
    return f"voc-small {digest[:12]}, onnxruntime {version('onnxruntime')}, {_processor()}"


def agrees(shown: str, printed: str) -> bool:
    """Whether the same was printed on another kind of processor: figures aside, two of three lines are the same.

    The last digits of the model turn a clause or two, and with them a line; a drifted page shares less than half.
    """
    masked = [[re.sub(r"[\d.,–]+", "0", line) for line in text.splitlines()] for text in (shown, printed)]
    return difflib.SequenceMatcher(None, *masked, autojunk=False).ratio() >= 2 / 3


def pictures(report: Path) -> bool:
    """The top of the report, and its first issue opened, in the dark; False where there is no browser."""
    page = report.read_text("utf-8")
    head, first = page.partition("<body>")[0], re.search('<article class="issue".*?</article>', page, re.DOTALL)
    issue = report.with_name("issue.html")
    opened = first[0].replace('<details class="drill">', '<details class="drill" open>') if first else ""
    issue.write_text(f'{head}<body><main class="sheet"><ol class="issues"><li>{opened}</li></ol></main>', "utf-8")
    shown = picture(report, PICTURE, SIZE)
    return shown and picture(issue, ISSUE_PICTURE, ISSUE_SIZE, DARK)


def picture(page: Path, target: Path, size: tuple[int, int], *more: str) -> bool:
    """What a headless browser shows of a page; False where there is none."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return False
    target.parent.mkdir(exist_ok=True)
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=5000", *more]
    shot = [f"--window-size={size[0]},{size[1]}", f"--screenshot={target}"]
    subprocess.run([browser, *flags, *shot, page.resolve().as_uri()], check=True, capture_output=True, timeout=120)
    return True


def _is_made(found: re.Match[str]) -> bool:
    return found["name"] in MAKERS


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    known = set(about.read_text("utf-8").split()) if about.exists() else set()
    return next((each for each in PROCESSORS if each in known), platform.machine())


def _stamp(part: Part, folder: Path) -> str:
    return f"<!-- {stamp()} -->\n"


def _run(part: Part, folder: Path) -> str:
    """A console block: each command with what it prints."""
    shown = [f"$ {command}\n{_cut(_output(command, folder, part), part)}" for command in _commands(part.body)]
    return f"```console\n{''.join(shown)}```\n"


def _commands(body: str) -> list[str]:
    return re.findall(r"^\$ ((?:.*\\\n)*.*)", body, re.MULTILINE)


def _output(command: str, folder: Path, part: Part) -> str:
    """What a command prints to both streams when it is piped."""
    tools = folder / ".tools"
    tools.mkdir(exist_ok=True)
    (tools / "shim.py").write_text(SHIM, "utf-8")
    (tools / "voc").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "{tools / "shim.py"}" "$@"\n', "utf-8")
    (tools / "voc").chmod(0o755)
    env = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONIOENCODING": "utf-8"}
    env.pop("COLUMNS", None)
    ended = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        encoding="utf-8", timeout=300, check=False,
    )  # fmt: skip
    expected = int(part.option("exit") or 0)
    if ended.returncode != expected:
        raise SystemExit(f"README: `{command}` ended with {ended.returncode}, not {expected}:\n{ended.stdout}")
    return "".join(f"{line.rstrip()}\n" for line in ended.stdout.splitlines())


def _cut(output: str, part: Part) -> str:
    """The output, with … for what stands from the line that matches the first pattern to that of the second."""
    cut = part.option("cut")
    if cut is None:
        return output
    first, second = cut.split("|")
    lines = output.splitlines(keepends=True)
    start = next((place for place, line in enumerate(lines) if re.match(first, line)), None)
    if start is None:
        return output
    end = next((place for place, line in enumerate(lines[start:], start) if second and re.match(second, line)), None)
    return "".join([*lines[:start], "…\n", *(lines[end:] if end is not None else [])])


def _python(part: Part, folder: Path) -> str:
    """A session in Python, with what each statement shows."""
    names: dict[str, object] = {}
    shown = []
    with contextlib.chdir(folder):
        for example in doctest.DocTestParser().get_examples(part.body):
            heard = io.StringIO()
            with contextlib.redirect_stdout(heard):
                exec(compile(example.source, "README.md", "single"), names)
            first, *rest = example.source.splitlines()
            told = "".join(f"{line.rstrip()}\n" for line in heard.getvalue().splitlines())
            shown.append(f">>> {first}\n" + "".join(f"... {line}\n" for line in rest) + told)
    return f"```pycon\n{''.join(shown)}```\n"


def _reference(part: Part, folder: Path) -> str:
    """The help of every command."""
    from click.testing import CliRunner

    from voc.cli import main

    helps = []
    for name in ("", *sorted(main.commands)):
        asked = [*filter(None, [name]), "--help"]
        told = CliRunner().invoke(main, asked, prog_name="voc", terminal_width=80, color=False)
        helps.append(f"```text\n$ {' '.join(['voc', *asked])}\n{told.output}```\n")
    return "\n".join(helps)


def _columns(part: Part, folder: Path) -> str:
    """The columns of every table that is written."""
    from voc.sinks.folder import FILES
    from voc.tables import TABLES

    by_name = {table.name: table for table in TABLES}
    return "\n".join(_folded(by_name[name], FILES) for name in TABLES_SHOWN)


def _folded(table: object, files: tuple[str, ...]) -> str:
    file = next(each for each in files if each in {f"{table.name}.csv", f"{table.name}.parquet"})
    rows = [f"| `{name}` | {column.dtype} | {_cell(column.doc)} |" for name, column in table.columns.items()]
    head = f"<details><summary><code>{file}</code></summary>\n\n| column | type | meaning |\n|---|---|---|\n"
    return head + "\n".join(rows) + "\n\n</details>\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _settings(part: Part, folder: Path) -> str:
    """Every setting with its default."""
    from voc.config import DEFAULTS

    lines = ["| section | setting | default | meaning |", "|---|---|---|---|"]
    for section in fields(DEFAULTS):
        for setting in fields(getattr(DEFAULTS, section.name)):
            value = getattr(getattr(DEFAULTS, section.name), setting.name)
            name = f"{section.name}.{setting.name}"
            lines.append(f"| `{section.name}` | `{setting.name}` | {_plain(value)} | {SETTINGS[name]} |")
    return "\n".join(lines) + "\n"


def _plain(value: object) -> str:
    if value is None or value == ():
        return "–"
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _fields(part: Part, folder: Path) -> str:
    """What voc looks for in a file, with some of the header words it knows."""
    from voc.rules import all_rules
    from voc.tables import FEEDBACK

    rules = all_rules()
    lines = ["| what | such as | to name it |", "|---|---|---|"]
    for field in FIELDS_SHOWN:
        known = [*rules["en"].columns.get(field, ())[:3], *(rules[each].columns.get(field, ("",))[0] for each in _SOME)]
        words = ", ".join(f"`{word}`" for word in dict.fromkeys(filter(None, known)))
        meaning = FEEDBACK.columns[field].doc if field != "text" else "the comment; several columns are fine"
        option = f"`{OPTIONS[field]}`" if field in OPTIONS else "–"
        lines.append(f"| `{field}`: {_cell(meaning)} | {words} | {option} |")
    told = ", ".join(sorted(each.english_name for each in rules.values() if each.columns.get("text")))
    return "\n".join(lines) + f"\n\nHeaders are known in these languages: {told}.\n"


_SOME = ("de", "it", "lt")


def _formats(part: Part, folder: Path) -> str:
    """The formats of the readers: those of files in general, then the names of those of one system each."""
    from voc.readers import READERS

    lines = ["| format | files | how |", "|---|---|---|"]
    for name, how in FORMATS.items():
        endings = " ".join(f"`{each}`" for each in READERS.get(name).suffixes)
        lines.append(f"| `{name}` | {endings} | {how} |")
    others = ", ".join(f"`{name}`" for name in sorted(set(READERS) - set(FORMATS)))
    return "\n".join(lines) + (f"\n\nKnown by their columns too: {others}.\n" if others else "\n")


MAKERS: dict[str, Callable[[Part, Path], str]] = {
    "stamp": _stamp, "run": _run, "python": _python, "reference": _reference, "columns": _columns,
    "settings": _settings, "fields": _fields, "formats": _formats,
}  # fmt: skip


def stale(old: str, new: str) -> Iterator[str]:
    """The titles of the parts that differ."""
    for before, after in zip(parts(old), parts(new), strict=True):
        if before != after:
            yield before.title


def main() -> int:
    """Make the page anew with `--write`; else say what is stale."""
    old = README.read_text("utf-8")
    with tempfile.TemporaryDirectory() as folder:
        new = refresh(old, Path(folder))
        found = [*stale(old, new)]
        if "--write" in sys.argv[1:]:
            README.write_text(new, "utf-8")
            if not pictures(Path(folder) / "voc-report" / "report.html"):
                sys.stderr.write(f"No browser found: {PICTURE.relative_to(ROOT)} stays as it is\n")
    sys.stdout.write("".join(f"stale: {title}\n" for title in found) or "README.md is current\n")
    return 0 if "--write" in sys.argv[1:] else bool(found)


if __name__ == "__main__":
    sys.exit(main())
