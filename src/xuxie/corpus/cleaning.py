"""What a reader keeps and a model must not learn: footnotes, editors' lines, hard line ends, lost glyphs.

    clean(["他坐了下来①。", "①坐：两膝着地。", "（原载《现代》第一期）"]) == (
        ["他坐了下来。"],
        {("footnotes", "①坐：两膝着地。"): 1, ("editors", "（原载《现代》第一期）"): 1, ("marks", "①"): 1},
    )

The chapters of a book are cleaned already (`xuxie.books.cleaning`: site lines, advertisements, repeated
titles, "(本章完)") and stay as readers want them; here goes what is only bad to learn from. A rule is a
pure function of a chapter's paragraphs that returns them with what it took away; RULES lists them in order.
Full-width forms are the language's own and are kept.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence

from xuxie.books.headings import MAX_LINE, recognise
from xuxie.corpus.glyphs import missing_glyphs
from xuxie.corpus.lines import join_lines

Removed = list[str]
Rule = Callable[[list[str]], tuple[list[str], Removed]]

HAN = "\u3400-\u9fff〇"
FULL_WIDTH = HAN + "\u3000-\u303f\uff01-\uff60“”‘’…—"
MARK = (
    r"[①-⑳⑴-⒇㊀-㊉]"
    r"|[\[［〔【][注註]?[0-9０-９]{1,3}[\]］〕】]"
    r"|[（(][注註][0-9０-９一二三四五六七八九十]{1,3}[）)]"
)

MARKUP = re.compile(r"&lt;/?[A-Za-z].{0,200}?&gt;|</?[A-Za-z][^<>]{0,200}>|&nbsp;")
BESIDE_PUNCTUATION = re.compile(
    f"(?<=[{HAN}]) +(?=[，。！？；：、”’）》…])|(?<=[，。！？；：、“‘（《…]) +(?=[{HAN}“‘])"
)
LETTER_SPACED = re.compile(f"(?<=[{FULL_WIDTH}]) (?=[{FULL_WIDTH}])")
SPACED = 0.3  # of a paragraph's characters: so many single spaces set letters apart, not words

CONTENTS = 4  # headings in a row: a chapter has one, a table of contents has them all

NOTES = re.compile(r"[【〔\[（(]?(?:注解|注释|註釋|註解|校勘记|校记|附注)[】〕\]）)]?\s*[：:]?\s*$")
NOTES_BEGIN = re.compile(r"(?:【注释】|【注】|注解[：:]|注释[：:])")
GLOSS = re.compile(rf"^(?:{MARK}|[^，。！？；：“”]{{1,12}}?(?:——|—|：|:))")
LONGEST_NOTE = 60  # characters: behind a longer one stands prose
GLOSSED = 0.8  # of the lines behind the word 注解, for them to be notes
REFERENCE = re.compile(rf"(?<=[{HAN}”’』」》）])(?<!第)(?:{MARK})|(?:{MARK})$")
FOOTNOTE = re.compile(rf"^\s*({MARK})")
BRACKETED_NOTE = re.compile(
    r"[（(\[［【〔](?:编者?注|編者?註|编者按|编按|校注|译注|原注|作者注|注|註|按)[：:][^（）()\[\]［］【】〔〕]{1,120}[）)\]］】〕]"
)
REPEATING_NOTE = re.compile(
    r"(?P<word>[^，。！？；：“”]{1,8})[\[［](?:(?P=word))[：:][^\[\]［］]{1,120}[\]］]"
)
PUBLISHED = re.compile(
    r"^[（(](?:原载|原載|原刊|选自|選自|载于|刊于|初载).{2,80}[）)]$"
    r"|^.{0,12}(?:本篇|本文|此文|此篇)(?:最初|原题|首次|首发|发表|曾|于[\d一二]|系据|据).{4,200}$"
    r"|^[\[［【（(]?(?:本|此)回(?:无|無)(?:总|總)?批[\]］】）)]?$"
)


def markup(paragraphs: list[str]) -> tuple[list[str], Removed]:
    """HTML that was text on the page."""
    return cut(paragraphs, MARKUP)


def spaces(paragraphs: list[str]) -> tuple[list[str], Removed]:
    """Spaces beside full-width punctuation, and those that set every character of a paragraph apart."""
    kept, removed = cut(paragraphs, BESIDE_PUNCTUATION)
    for place, paragraph in enumerate(kept):
        if len(LETTER_SPACED.findall(paragraph)) > SPACED * len(paragraph):
            kept[place], apart = LETTER_SPACED.subn("", paragraph)
            removed += [" "] * apart
    return kept, removed


def contents(paragraphs: list[str]) -> tuple[list[str], Removed]:
    """A table of contents: headings in a row."""
    is_heading = [len(line) <= MAX_LINE and recognise(line) is not None for line in paragraphs]
    gone = [False] * len(paragraphs)
    place = 0
    while place < len(paragraphs):
        end = place
        while end < len(paragraphs) and is_heading[end]:
            end += 1
        if end - place >= CONTENTS:
            gone[place:end] = [True] * (end - place)
        place = end + 1
    return parted(paragraphs, gone)


def notes(paragraphs: list[str]) -> tuple[list[str], Removed]:
    """The notes behind a chapter: from the word 注解 or 注释 on, where what follows explains words."""
    for place, line in enumerate(paragraphs):
        begin = NOTES.search(line) or NOTES_BEGIN.search(line)
        if not begin:
            continue
        behind = [rest for rest in (line[begin.end() :].strip(), *paragraphs[place + 1 :]) if rest]
        if behind and sum(GLOSS.match(rest) is not None for rest in behind) >= GLOSSED * len(behind):
            head = line[: begin.start()].rstrip()
            kept = [*paragraphs[:place], *([head] if head else [])]
            return kept, [line[begin.start() :], *paragraphs[place + 1 :]]
    return paragraphs, []


def footnotes(paragraphs: list[str]) -> tuple[list[str], Removed]:
    """Paragraphs that open with a mark to which another paragraph refers."""
    referred = {mark for line in paragraphs for mark in REFERENCE.findall(line)}
    gone = [
        len(line) <= LONGEST_NOTE
        and (found := FOOTNOTE.match(line)) is not None
        and found[1] in referred
        and GLOSS.match(line) is not None
        for line in paragraphs
    ]
    return parted(paragraphs, gone)


def marks(paragraphs: list[str]) -> tuple[list[str], Removed]:
    """The marks that refer to footnotes: behind a word, where none of a list would stand."""
    return cut(paragraphs, REFERENCE)


def editors(paragraphs: list[str]) -> tuple[list[str], Removed]:
    """Editors' lines: where a story was first printed, notes in brackets."""
    kept, removed = parted(paragraphs, [PUBLISHED.match(line) is not None for line in paragraphs])
    kept, bracketed = cut(kept, BRACKETED_NOTE)
    for place, line in enumerate(kept):
        for found in REPEATING_NOTE.finditer(line):
            note = found[0][len(found["word"]) :]
            bracketed.append(note)
            kept[place] = kept[place].replace(note, "", 1)
    return kept, removed + bracketed


RULES: tuple[tuple[str, Rule], ...] = (
    ("markup", markup),
    ("contents", contents),
    ("notes", notes),
    ("footnotes", footnotes),
    ("editors", editors),
    ("marks", marks),
    ("lines", join_lines),
    ("spaces", spaces),
    ("glyphs", missing_glyphs),
)


def clean(
    paragraphs: Sequence[str], rules: Sequence[tuple[str, Rule]] = RULES
) -> tuple[list[str], Counter[tuple[str, str]]]:
    """A chapter's paragraphs after all rules, and what went: how often each (rule, text)."""
    lines = [line for line in paragraphs if line]
    removed: Counter[tuple[str, str]] = Counter()
    for name, rule in rules:
        lines, gone = rule(lines)
        removed.update((name, text) for text in gone)
    return lines, removed


def cut(paragraphs: list[str], pattern: re.Pattern[str]) -> tuple[list[str], Removed]:
    """The paragraphs without what fits a pattern, and that; a paragraph that was all of it is gone."""
    removed: Removed = []
    kept = []
    for line in paragraphs:
        found = [match[0] for match in pattern.finditer(line)]
        removed += found
        if rest := pattern.sub("", line).strip() if found else line:
            kept.append(rest)
    return kept, removed


def parted(paragraphs: list[str], gone: Sequence[bool]) -> tuple[list[str], Removed]:
    """The paragraphs that stay, and those that go."""
    stay = [line for line, goes in zip(paragraphs, gone, strict=True) if not goes]
    return stay, [line for line, goes in zip(paragraphs, gone, strict=True) if goes]
