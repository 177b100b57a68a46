"""The context: all that stands before the next token, and the window of it that the model sees.

    context = Context.of("灯亮着。\\n他问", tokenizer)
    source, target = context.window(shape)          # ¶灯亮着。[EOS]  and  ¶他问

The prompt's whole sentences are the source; an unfinished one becomes the beginning of the target. The
target grows sentence by sentence, each with its [EOS]; when its positions run out, the window moves on, on
whole sentences again.
"""

import dataclasses

import numpy as np

from xuxie.corpus.sentences import is_whole, split_sentences
from xuxie.corpus.tokenizer import NovelTokenizer
from xuxie.corpus.windows import WindowShape, source_start
from xuxie.errors import InputError
from xuxie.language import tr


@dataclasses.dataclass(kw_only=True)
class Context:
    """All that has been written so far, as token ids, and where its sentences begin."""

    tokens: list[int]
    starts: list[int]
    eos_id: int

    @classmethod
    def of(cls, prompt: str, tokenizer: NovelTokenizer) -> "Context":
        """Read a prompt: a line is a paragraph; only in the last one can a sentence be unfinished.

        Raises InputError when there is no text in it.
        """
        context = cls(tokens=[], starts=[0], eos_id=tokenizer.eos_id)
        lines = prompt.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        paragraphs = [line.strip() for line in lines]
        for number, paragraph in enumerate(paragraphs, start=1):
            sentences = split_sentences(paragraph)
            if not sentences:
                continue
            context.append(tokenizer.paragraph_id)
            for sentence, ids in zip(sentences, tokenizer.encode(sentences), strict=True):
                for token in ids:
                    context.append(token)
                if number < len(paragraphs) or is_whole(sentence):
                    context.append(tokenizer.eos_id)
        if not context.tokens:
            raise InputError(tr("the text to continue is empty: give it at least one character"))
        if not paragraphs[-1]:
            context.append(tokenizer.paragraph_id)  # the prompt ended its line: a new paragraph begins
        return context

    def append(self, token: int) -> None:
        """Take one more token in."""
        self.tokens.append(token)
        if token == self.eos_id:
            self.starts.append(len(self.tokens))

    def rewind(self, length: int) -> None:
        """Take back all but the first `length` tokens."""
        del self.tokens[length:]
        while self.starts[-1] > length:
            self.starts.pop()

    def fork(self) -> "Context":
        """A copy that goes its own way."""
        return Context(tokens=self.tokens.copy(), starts=self.starts.copy(), eos_id=self.eos_id)

    def window(self, shape: WindowShape) -> tuple[int, int]:
        """Where source and target begin to go on from: tokens[start:middle] and tokens[middle:].

        The unfinished sentence is target, what is before it source; one that would fill half of the target
        goes to the source as well.
        """
        end = len(self.tokens)
        middle = self.starts[-1] if end - self.starts[-1] <= shape.target // 2 else end
        return source_start(np.array(self.starts), middle, shape.source, shape.source), middle
