"""Comments split into clauses: sentences, lines and list items, and the turns within them ("lovely staff | but …").

Sentence ends are found on spaCy's tokens, contrast by the rules of the comment's language. Where a spaCy model with a
parser is installed for the language, its sentences and conjunctions are used instead of the tokens alone. A clause is a
stretch of `clean_text`; nothing is rewritten. Judging the clauses is another stage's business.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any

import pandas as pd

from voc.config import ClausesConfig
from voc.phrases import NO_SPACES, WORDS, Phrases, Words, alternatives, compiled
from voc.rules import Rules, load
from voc.tables import CLAUSES, FEEDBACK

Cuts = dict[int, bool]
"""Offset at which a clause begins -> whether it stands however short it is (a sentence) or not (a turn)."""
Parse = Callable[[list[str]], Iterator[tuple[Cuts, frozenset[int]]]]
"""Texts -> per text, where sentences begin, and the offsets of words that turn nothing although they look like it."""
NOTHING_HELD: frozenset[int] = frozenset()

MARK = ".!?…։؟۔।॥፧።჻。！？｡‼⁇⁈⁉"
CHUNK = re.compile(rf"\S*[{MARK}]\S*")
"""A stretch without white space that holds a sentence mark: spaCy tokenises such stretches one by one anyway."""
PLAIN = re.compile(r"[\"'(“„«]?[^\W\d_]{3,}[.!?]+")
"""A word and its marks: spaCy splits them unless the whole is one of its exceptions (test_plain_chunks_as_spacy)."""
CLOSED = "”»)]}）」』】›"
CLOSING = CLOSED + "\"'’“*_"
WIDE = re.compile(r"[。！？｡؟۔।॥]+[」』）”’）\s]*")
GLUED = re.compile(r"(?:[!?]+|\.{2,}|…)(?=[^\W_])")
GLUED_STOP = re.compile(r"\.(?=([^\W\d_]+))")
"""Marks without a space after them: 'great!but slow', 'nice...cold', 'friendly.would return'."""
LINE = re.compile(r"\n\s*")
ITEM = re.compile(r"[•·‣◦▪●►➢✓✔](?=\s*\S)|[-–—]{1,3}(?=\s+\D)|[;|](?=\s)")
"""Signs that customers put between things: bullets, spaced dashes, semicolons."""
NUMBERED = re.compile(r"(?<!\S)(\d{1,2})[.)](?=\s*[^\W\d_])")
EMOJI = re.compile(r"[\u2600-\u27bf\u2b50\u2b55\ufe0f\U0001f000-\U0001faff]\s+(?=[^\W\d_])")
ELLIPSIS = re.compile(r"(?:\.{2,}|…)$")
ASIDE = re.compile(r"[(\[][!?]+[)\]]$")
QUOTED = re.compile(rf"[{MARK}][{re.escape(CLOSING)}]+$")
NUMBER_WITH_STOP = re.compile(r"\d+\.")
LOST_SIGN = re.compile(r"\d ?\?$")
"""A question mark for a currency sign that an export has lost: 'payé 50 ? pour deux'. A number asks nothing."""
CAPITAL = re.compile(r"(?<!\w)[^\W\d_a-z]")
RUN_ON_WORD = re.compile(r"(?<=[^\W\d_A-Z]) ([^\W\d_a-z][^\W\d_A-Z]+)(?=\s)")
RUN_ON, MANY_CAPITALS = 60, 0.3
"""Characters from which a text without marks is taken for a run-on, and the share of capitals that makes it a title or
shouting. Chosen on survey comments whose punctuation was stripped; guarded by test_run_on_text_is_split_at_capitals."""
SPAN = 80
LEADING = re.compile(r"(?:\s|[•·‣◦▪●►➢,;|、，；]|[-–—>*/+=.:]+(?=\s)|[-–—](?=[^\W\d_]))+")
EDGE = " \t\n\u3000,;|、，；•·"
DASHES = "-–—/*+=>"
"""What joins clauses and belongs to none."""
WORD = re.compile(r"[^\W\d_]")
TWO_LETTERS = re.compile(r"[^\W\d_][^\n]*?[^\W\d_]")
NO_TURN = frozenset({"prep", "case", "pobj", "dobj", "obj", "nsubj", "det", "amod", "nummod", "punct"})
"""Relations that a word which turns a clause never has, in English models' labels and in Universal Dependencies."""
COMMAS = (",", "，", "、")


@dataclass(frozen=True)
class Splitter:
    """The rules of one language, compiled."""

    rules: Rules
    turns: Phrases
    turns_after_comma: Phrases
    turn_ends: Phrases
    keep: Phrases
    concession: re.Pattern[str] | None
    ends: Callable[[str], tuple[int, ...]]


def split_clauses(feedback: pd.DataFrame, config: ClausesConfig) -> pd.DataFrame:
    """The clauses of every row that is not skipped, in the order of the rows, with ids, offsets, text and language.

    `clean_text[start:end]` is the clause. Clauses do not overlap, are not empty and have no white space at their edges;
    between them lies nothing but white space and separators. A used comment has at least one.
    """
    feedback = FEEDBACK.check(feedback, "clean_text", "lang")
    used = feedback[feedback["skip"].isna()] if "skip" in feedback else feedback
    used = used[used["clean_text"].fillna("").str.strip().ne("")]
    spans = _spans_by_text(used, config)
    rows = [
        (f"{identity}:{position}", identity, position, start, end, text[start:end], lang)
        for identity, text, lang in _rows(used)
        for position, (start, end) in enumerate(spans[lang, text])
    ]
    names = [name for name, column in CLAUSES.columns.items() if column.required]
    return CLAUSES.check(pd.DataFrame(rows, columns=names, dtype="object"))


def _rows(used: pd.DataFrame) -> Iterable[tuple[str, str, str]]:
    langs = used["lang"].fillna("und")
    return zip(used["feedback_id"].tolist(), used["clean_text"].tolist(), langs.tolist(), strict=True)


def _spans_by_text(used: pd.DataFrame, config: ClausesConfig) -> Mapping[tuple[str, str], list[tuple[int, int]]]:
    """The spans of each distinct text, worked through language by language."""
    texts: dict[str, dict[str, None]] = {}
    for _, text, lang in _rows(used):
        texts.setdefault(lang, {})[text] = None
    return {
        (lang, text): spans
        for lang in sorted(texts)
        for text, spans in zip(texts[lang], split_texts(list(texts[lang]), lang, config), strict=True)
    }


def split_texts(texts: list[str], lang: str, config: ClausesConfig) -> Iterator[list[tuple[int, int]]]:
    """Start and end of each clause of each text, all in one language.

    >>> text = "Lovely staff but the app crashes. Dr. Lee was kind"
    >>> [text[start:end] for start, end in next(split_texts([text], "en", ClausesConfig()))]
    ['Lovely staff', 'but the app crashes.', 'Dr. Lee was kind']
    """
    rules = load(lang)
    parse = _parser(rules.spacy or rules.code) if config.use_parser else None
    splitter = _splitter(rules)
    found = parse(texts) if parse else ((sentence_cuts(text, splitter), NOTHING_HELD) for text in texts)
    for text, (cuts, held) in zip(texts, found, strict=True):
        turns = _turns(text, splitter, held) if config.split_contrast else {}
        yield _spans(text, turns | _numbered(text, _lines_and_items(text, rules) | cuts), config.min_characters)


def sentence_cuts(text: str, splitter: Splitter) -> Cuts:
    """Where sentences begin after the first, found on spaCy's tokens."""
    cuts: Cuts = {}
    for chunk in CHUNK.finditer(text):
        for offset in splitter.ends(chunk[0]):
            end = chunk.start() + offset
            cut = end + len(text[end : end + SPAN]) - len(text[end : end + SPAN].lstrip())
            before, after = chunk[0][:offset], text[cut : cut + SPAN]
            if (
                after
                and not _goes_on(before, after, splitter.rules)
                and not LOST_SIGN.search(text, max(end - 3, 0), end)
            ):
                cuts[cut] = not (ELLIPSIS.search(before) and after[0].islower())
    return cuts or _run_on_cuts(text, splitter.rules)


def _run_on_cuts(text: str, rules: Rules) -> Cuts:
    """Where sentences begin in a text without a single mark: at the capitals of words that need none."""
    capitals = CAPITAL.findall(text)
    if len(text) < RUN_ON or CHUNK.search(text) or len(capitals) > len(WORDS.findall(text)) * MANY_CAPITALS:
        return {}
    common = rules.columns.get("words", ()) if rules.capital_nouns else rules.stop_words
    return {
        match.start(1): False
        for match in RUN_ON_WORD.finditer(text)
        if len(match[1]) > 1 and match[1].lower() in common
    }


def _goes_on(before: str, after: str, rules: Rules) -> bool:
    """Whether the sentence goes on after a mark: an abbreviation, an ordinal, an initial, an aside, a quotation."""
    if after[0] in CLOSED or (after[0].islower() and QUOTED.search(before)) or ASIDE.search(before):
        return True
    if not before.endswith(".") or before.endswith(".."):
        return False
    word = before[:-1].lstrip("([{\"'„“«‚").casefold()
    if word.isdigit():
        return _is_ordinal(word, after, rules)
    if word in rules.abbreviations:
        return not (after[0].isupper() and word in rules.closing_abbreviations)
    return len(word) == 1 and word.isalpha() and before[-2:-1].isupper() and word != "i"


def _is_ordinal(number: str, after: str, rules: Rules) -> bool:
    """Whether a number with a full stop counts: 'am 3. Tag', 'dne 5. května', but not 'eine 5. Der Service'."""
    if not rules.ordinal_period or len(number) > 2 or not after[0].isalpha():
        return False
    first = re.split(r"\W", after, maxsplit=1)[0]
    return after[0].islower() or (rules.capital_nouns and first.casefold() not in rules.columns.get("words", ()))


def _lines_and_items(text: str, rules: Rules) -> Cuts:
    """Where lines, list items, glued sentences and words after emoji begin."""
    cuts: Cuts = {match.end(): True for pattern in (LINE, WIDE) for match in pattern.finditer(text)}
    for match in ITEM.finditer(text):
        if _opens_item(text, match.start(), match[0]):
            cuts.setdefault(match.start(), False)
    for match in EMOJI.finditer(text):
        cuts[match.end()] = text[match.end()].isupper()
    for match in GLUED.finditer(text):
        if text[max(match.start() - 2, 0) : match.start()].isalpha():
            cuts[match.end()] = text[match.end()].isupper()
    for match in GLUED_STOP.finditer(text):
        if match[1].lower() in rules.stop_words and text[max(match.start() - 3, 0) : match.start()].isalpha():
            cuts[match.end()] = True
    return cuts


def _opens_item(text: str, at: int, sign: str) -> bool:
    """Whether a sign stands between two things: a dash needs a space before it and no number ('9 - 5')."""
    before = text[:at]
    if sign[0] in "-–—":
        return before[-1:].isspace() and not before.rstrip()[-1:].isdigit()
    return True


def _numbered(text: str, cuts: Cuts) -> Cuts:
    """The cuts of a text with '1. … 2. …': before each number, none between a number and its item."""
    numbers = list(NUMBERED.finditer(text)) if "1." in text or "1)" in text else []
    if [int(match[1]) for match in numbers[:2]] != [1, 2]:
        return cuts
    items = {match.end(): match.start() for match in numbers}
    within = {cut for cut in cuts if text[:cut].rstrip() and len(text[:cut].rstrip()) in items}
    return {cut: hard for cut, hard in cuts.items() if cut not in within} | dict.fromkeys(items.values(), True)


def _turns(text: str, splitter: Splitter, held: frozenset[int]) -> Cuts:
    """Where a comment turns against what it said."""
    words = Words.of(text)
    found = [(match.start(), match.span()) for match in splitter.turns.find(text, words)]
    found += [
        (match.start(), match.span())
        for match in splitter.turns_after_comma.find(text, words)
        if text[: match.start()].rstrip().endswith(COMMAS)
    ]
    whole = {end for _, (_, end) in found}
    found += [(match.end(), match.span()) for match in splitter.turn_ends.find(text, words) if match.end() not in whole]
    if splitter.concession and any(comma in text for comma in COMMAS):
        found += [(match.end(), match.span("word")) for match in splitter.concession.finditer(text)]
    kept = [match.span() for match in splitter.keep.find(text, words)] if found else []
    return {
        cut: False
        for cut, (start, end) in found
        if start not in held and not any(low < end and start < high for low, high in kept)
    }


def _spans(text: str, cuts: Cuts, shortest: int) -> list[tuple[int, int]]:
    """Clauses between the cuts, without separators at their edges; what is too short to stand joins its neighbour."""
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(text)), len(text)]
    dense = not text.isascii() and bool(NO_SPACES.search(text))
    kept = [0]
    for cut, following in pairwise(edges[1:]):
        sides = text[kept[-1] : cut].strip(), text[cut:following].strip()
        stands = _is_sentence if cuts[cut] else partial(_is_turn, shortest=shortest, dense=dense)
        if all(map(stands, sides)):
            kept.append(cut)
    spans = [_trimmed(text, start, end) for start, end in pairwise([*kept, len(text)])]
    found = [(start, end) for start, end in spans if start < end]
    return found or [(len(text) - len(text.lstrip()), len(text.rstrip()))]


def _is_sentence(part: str) -> bool:
    """Whether a sentence may be a clause of its own: it has two letters."""
    return TWO_LETTERS.search(part) is not None


def _is_turn(part: str, *, shortest: int, dense: bool) -> bool:
    """Whether one side of a turn may be: it has `shortest` characters, a third in scripts that write words densely."""
    return len(WORD.findall(part)) >= max(shortest // 3, 2) if dense else len(part) >= shortest


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    leading = LEADING.match(text, start, end)
    start = leading.end() if leading else start
    part = text[start:end].rstrip(EDGE)
    while part[-1:] and part[-1] in DASHES and part.rstrip(DASHES)[-1:].isspace():
        part = part.rstrip(DASHES).rstrip(EDGE)
    return start, start + len(part)


@lru_cache(maxsize=128)
def _splitter(rules: Rules) -> Splitter:
    after_comma = [phrase[1:].strip() for phrase in rules.contrast if phrase.startswith(COMMAS)]
    return Splitter(
        rules=rules,
        turns=compiled([phrase for phrase in rules.contrast if not phrase.startswith(COMMAS)]),
        turns_after_comma=compiled(after_comma),
        turn_ends=compiled(rules.contrast_end, anywhere=True),
        keep=compiled([phrase.lstrip(",， ") for phrase in rules.keep]),
        concession=_concession(rules.concessive),
        ends=_ends(rules),
    )


def _concession(words: tuple[str, ...]) -> re.Pattern[str] | None:
    """'Although the room was small, | it was clean': the turn comes at the comma."""
    if not words:
        return None
    opening = alternatives(words, edges=not any(map(NO_SPACES.search, words)))
    return re.compile(
        rf"(?:^|[.!?\n]\s*)(?P<word>{opening})[^.!?\n,，]{{8,}}[,，]\s*(?![^.!?\n]{{0,40}}[,，])", re.IGNORECASE
    )


def _ends(rules: Rules) -> Callable[[str], tuple[int, ...]]:
    """A function that tells after which offsets of a chunk a sentence may end, by spaCy's tokens."""
    tokenizer = blank(rules.spacy or rules.code).tokenizer
    closing = frozenset(f"{word}." for word in rules.closing_abbreviations)
    exceptions = frozenset(getattr(tokenizer, "rules", None) or ())

    def ends(chunk: str) -> tuple[int, ...]:
        if PLAIN.fullmatch(chunk) and chunk not in exceptions:
            return (len(chunk),)
        return _token_ends(tokenizer, chunk, closing)

    return lru_cache(maxsize=50_000)(ends)


def _token_ends(tokenizer: Any, chunk: str, closing: frozenset[str]) -> tuple[int, ...]:
    """Offsets after marks, after numbers with a full stop, and after abbreviations that may close a sentence."""
    found, ended = [], False
    for token in tokenizer(chunk):
        closes = not set(token.text) - set(MARK)
        if ended and not closes and token.text not in CLOSING:
            found.append(token.idx)
            ended = False
        ended = ended or closes or token.lower_ in closing or bool(NUMBER_WITH_STOP.fullmatch(token.text))
    return (*found, len(chunk)) if ended else tuple(found)


@lru_cache(maxsize=64)
def blank(code: str) -> Any:
    """spaCy's empty pipeline of a language; the multilingual one where it has none or it needs more packages."""
    import spacy

    needs_more = {"ja", "ko", "th", "vi", "ru", "uk"}
    if code not in needs_more:
        try:
            return spacy.blank(code)
        except ImportError:
            pass
    return spacy.blank("xx")


@lru_cache(maxsize=8)
def _parser(code: str) -> Parse | None:
    """Sentence and conjunction finder of the installed spaCy model with a parser for a language, where there is one."""
    nlp = _model(code)
    return None if nlp is None else lambda texts: map(_parsed, nlp.pipe(texts))


def _model(code: str) -> Any:
    """The installed spaCy model with a parser for a language; the first by name, so that runs agree. None = none."""
    from spacy import load as load_model
    from spacy.util import get_installed_models

    for name in sorted(name for name in get_installed_models() if name.startswith(f"{code}_")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a model made for another version of spaCy says so, and still parses
            nlp = load_model(name, exclude=["ner", "lemmatizer", "textcat"])
        if "parser" in nlp.pipe_names:
            return nlp
    return None


def _parsed(document: Any) -> tuple[Cuts, frozenset[int]]:
    """Where the parser begins sentences, and which words join no clauses: the preposition in 'nothing but praise'."""
    cuts: Cuts = {sentence.start_char: True for sentence in document.sents if sentence.start_char}
    return cuts, frozenset(token.idx for token in document if token.dep_ in NO_TURN)
