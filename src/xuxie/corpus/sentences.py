"""Paragraphs into sentences, aware of quotes.

    split_sentences("他说：“走吧。”她没动。") == ["他说：“走吧。”", "她没动。"]

A sentence ends after 。！？ (or their ASCII forms) and whatever closes there: quotes, brackets, a dash
or an ellipsis; after an ellipsis only where a quote closes too, since …… often stands in mid-sentence.
The end of a paragraph ends a sentence always. Joining the sentences gives the paragraph back.
"""

import itertools
import re

CLOSERS = "”’」』）】〉》〕］)]"
END = re.compile(
    rf"""
    (?: [。！？!?｡]+ (?: […—～~]+ [。！？!?｡]* )*      # 。 or ？！ or ！……
      | (?<!…) …++ (?= [{re.escape(CLOSERS)}"] )     # …… where a quote closes
    )
    [{re.escape(CLOSERS)}]*
    """,
    re.VERBOSE,
)


def split_sentences(paragraph: str) -> list[str]:
    """The sentences of one paragraph, in order; "".join of them is the paragraph."""
    edges = [0, *sentence_ends(paragraph)]
    if edges[-1] < len(paragraph):
        edges.append(len(paragraph))
    return [paragraph[start:end] for start, end in itertools.pairwise(edges)]


def is_whole(text: str) -> bool:
    """Whether `text` ends where a sentence ends; what a writer left unfinished does not."""
    return sentence_ends(text)[-1:] == [len(text)]


def sentence_ends(text: str) -> list[int]:
    """The places behind which a sentence ends by its punctuation."""
    ends: list[int] = []
    quotes = counted = 0
    for match in END.finditer(text):
        end = match.end()
        quotes += text.count('"', counted, end)
        counted = end
        # An ASCII quote looks the same on both sides: it closes when one is open.
        if text[end : end + 1] == '"' and quotes % 2:
            end += 1
        elif match.group().endswith("…") and match.group().startswith("…"):
            continue  # the ASCII quote behind the ellipsis opens
        if ends and ends[-1] == match.start():
            ends.pop()  # “走？”。 is one sentence: its last mark stands behind the quote
        ends.append(end)
    return ends
