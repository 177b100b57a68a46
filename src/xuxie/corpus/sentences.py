"""Paragraphs into sentences, aware of quotes, brackets and verse.

    split_sentences("他说：“走吧。”她没动。") == ["他说：“走吧。”", "她没动。"]

A sentence ends after 。！？ (or their ASCII forms) and whatever closes there: quotes, brackets, a dash
or an ellipsis; after an ellipsis or a dash alone only where a quote closes too, since …… and —— often stand
in mid-sentence. A title in 《》 and a bracket in mid-sentence end nothing. Verse without marks is parted at
its wide spaces. The end of a paragraph ends a sentence always. Joining the sentences gives the paragraph
back.
"""

import bisect
import itertools
import re

CLOSERS = "”’」』）】〉》〕］)]"
END = re.compile(
    rf"""
    (?: [。！？!?｡]+ (?: […—～~]+ [。！？!?｡]* )*      # 。 or ？！ or ！……
      | (?<![…—]) […—]++ (?= [{re.escape(CLOSERS)}"] )    # …… or —— where a quote closes
    )
    [{re.escape(CLOSERS)}]*
    """,
    re.VERBOSE,
)
TITLE = r"《[^《》]{1,60}》|〈[^〈〉]{1,60}〉"
BRACKET = r"（[^（）]{1,200}）|\([^()]{1,200}\)|【[^【】]{1,200}】|〔[^〔〕]{1,200}〕|［[^［］]{1,200}］"
BRACKETED = re.compile(f"{TITLE}|{BRACKET}")
VERSE = re.compile("(?:[\u3400-\u9fff，、；]+\u3000+)+[\u3400-\u9fff，、；]+")
LINE_OF_VERSE = re.compile("[^\u3000]+\u3000*")


def split_sentences(paragraph: str) -> list[str]:
    """The sentences of one paragraph, in order; "".join of them is the paragraph."""
    edges = [0, *sentence_ends(paragraph)]
    if len(edges) == 1 and VERSE.fullmatch(paragraph):
        edges += [match.end() for match in LINE_OF_VERSE.finditer(paragraph)]
    if edges[-1] < len(paragraph):
        edges.append(len(paragraph))
    return [paragraph[start:end] for start, end in itertools.pairwise(edges)]


def is_whole(text: str) -> bool:
    """Whether `text` ends where a sentence ends; what a writer left unfinished does not."""
    return sentence_ends(text)[-1:] == [len(text)]


def sentence_ends(text: str) -> list[int]:
    """The places behind which a sentence ends by its punctuation."""
    ends: list[int] = []
    brackets = [match.span() for match in BRACKETED.finditer(text)]
    quotes = counted = 0
    for match in END.finditer(text):
        end = match.end()
        quotes += text.count('"', counted, end)
        counted = end
        # An ASCII quote looks the same on both sides: it closes when one is open.
        if text[end : end + 1] == '"' and quotes % 2:
            end += 1
        elif match[0][0] in "…—" and match[0][-1] in "…—":
            continue  # the ASCII quote behind the ellipsis opens
        if brackets and is_bracketed(text, brackets, ends, end):
            continue
        if ends and ends[-1] == match.start():
            ends.pop()  # “走？”。 is one sentence: its last mark stands behind the quote
        ends.append(end)
    return ends


def is_bracketed(text: str, brackets: list[tuple[int, int]], ends: list[int], end: int) -> bool:
    """Whether a place lies in a title, or in a bracket that is a part of its sentence."""
    place = bisect.bisect_left(brackets, (end, 0)) - 1
    if place < 0:
        return False
    opened, closed = brackets[place]
    if not end <= closed < len(text):
        return False
    index = bisect.bisect_left(ends, opened)
    opens_sentence = opened == 0 or (index < len(ends) and ends[index] == opened)
    return text[opened] in "《〈" or not opens_sentence
