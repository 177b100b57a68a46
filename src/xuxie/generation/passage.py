"""A passage: one continuation while it is written, from logits to text that is final.

    passage = Passage(prompt, settings, Language(tokenizer, shape), seed=7)
    while not passage.done:
        passage.step(logits_behind(passage.source, passage.target))
        print(passage.take(), end="")

It knows no model. Whoever has one shows it the logits behind `target`, and looks again afterwards: a step
may add a token, take some back (a banned phrase was completed) or move the window.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from xuxie.config import WriteSettings
from xuxie.corpus.tokenizer import NovelTokenizer
from xuxie.corpus.windows import WindowShape
from xuxie.generation.context import Context
from xuxie.generation.phrases import Phrases
from xuxie.generation.pieces import Piece
from xuxie.generation.processors import Logits
from xuxie.generation.quotes import QuoteRules, ending, opened
from xuxie.generation.rules import new_sampler
from xuxie.generation.sampling import Choice

OVERRUN = 100  # characters that a sentence may run over the length asked for, before it is ended
PATIENCE = 10  # steps for each character, at most, before endless rewinding is given up


@dataclass(frozen=True)
class Language:
    """What all passages of a model share."""

    tokenizer: NovelTokenizer
    shape: WindowShape
    quotes: QuoteRules = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "quotes", QuoteRules(self.tokenizer))


class Written(NamedTuple):
    """A token of the passage, and how things stand behind it."""

    token: int
    piece: Piece
    opened: str  # quotes and brackets that are open
    characters: int  # of the passage
    sentence: int  # characters of the sentence


class Passage:
    """One continuation. Raises InputError for a prompt without text and a bias that cannot be."""

    def __init__(self, prompt: str, settings: WriteSettings, language: Language, *, seed: int) -> None:
        self.settings, self.language = settings, language
        self.context = Context.of(prompt, language.tokenizer)
        self.sampler = new_sampler(settings, language.tokenizer, seed=seed)
        for token in self.context.tokens[-settings.penalty_window :]:
            self.sampler.append(token)
        self.done = False
        self.written: list[Written] = []
        self._given = self._taken = 0  # tokens that are final, and those of them that were taken
        self._steps = 0
        self._refused: dict[int, set[int]] = {}  # by place in `written`: what led to a banned phrase
        self._ban, self._stop = Phrases(settings.ban), Phrases(settings.stop)
        self._begun = prompt[len(prompt) - self._ban.held(prompt) :]  # of a banned phrase
        unfinished = self.context.tokens[self.context.starts[-1] :]
        self._before = Written(
            token=self.context.tokens[-1],
            piece=Piece(prompt[-1:]),
            opened=opened(prompt.replace("\r", "\n")),
            characters=0,
            sentence=int(language.tokenizer.characters[unfinished].sum()),
        )
        self._move_window()

    # ---- what the model must show

    @property
    def target(self) -> list[int]:
        """Token ids in front of the one that comes next, behind `source`."""
        return self.context.tokens[self._middle :]

    def _move_window(self) -> None:
        start, self._middle = self.context.window(self.language.shape)
        self.source = self.context.tokens[start : self._middle]  # a new object: whoever caches it sees it

    # ---- writing

    def step(self, logits: Logits) -> None:
        """Draw the next token from logits, float32 [vocabulary]. Raises InputError where none may come."""
        place = len(self.written)
        while len(self.written) == place and not self.done:
            self.append(self.sampler.sample(logits, self.forbidden()))

    def append(self, choice: Choice) -> bool:
        """The next token is this one; False when it completed a banned phrase and was taken back."""
        self._add(choice)
        pending = self._pending()
        if (place := self._banned(pending)) is not None:
            self._refuse(place)
            return False
        if (place := self._stop.find(pending)) is not None:
            self._cut(place)
        elif self._is_complete():
            self.done = True
        elif self._is_overdue():
            self._end()
        if self.done:
            self._given = len(self.written)
            return True
        self._release(
            len(pending) - max(self._ban.held(self._before_it() + pending), self._stop.held(pending))
        )
        if len(self.context.tokens) - self._middle >= self.language.shape.target:
            self._move_window()
        return True

    def forbidden(self) -> list[int]:
        """Token ids that cannot come next.

        No sentence is too short; a paragraph opens where a sentence does, and not inside of quotes; quotes
        close as they opened, all of them before the passage ends.
        """
        state, tokenizer = self._state, self.language.tokenizer
        forbidden = [
            *self._refused.get(len(self.written), ()),
            *self.language.quotes.forbidden(state.opened),
        ]
        unclosed = state.opened and state.characters >= self.settings.length
        if unclosed or state.sentence < self.settings.min_sentence:
            forbidden.append(tokenizer.eos_id)
        if state.token != tokenizer.eos_id:
            forbidden.append(tokenizer.paragraph_id)
        return forbidden

    def fork(self, seed: int | Sequence[int]) -> "Passage":
        """Another continuation of the same text from here on."""
        other = copy.copy(self)
        other.context, other.sampler = self.context.fork(), self.sampler.fork(seed)
        other.written = self.written.copy()
        other._refused = {place: set(tokens) for place, tokens in self._refused.items()}
        return other

    # ---- reading

    def take(self) -> list[Piece]:
        """The pieces that have become final since the last call; pieces without text are left out."""
        fresh = [piece for piece in self._pieces(self._taken, self._given) if piece.text]
        self._taken = self._given
        return fresh

    @property
    def text(self) -> str:
        """All of the passage that is final."""
        return "".join(piece.text for piece in self._pieces(0, self._given))

    def _pieces(self, start: int, end: int) -> Iterator[Piece]:
        return (written.piece for written in self.written[start:end])

    # ---- inside

    @property
    def _state(self) -> Written:
        return self.written[-1] if self.written else self._before

    def _add(self, choice: Choice) -> None:
        state, tokenizer = self._state, self.language.tokenizer
        text = tokenizer.piece(choice.token, self._last())
        alternatives = tuple((tokenizer.name(token), value) for token, value in choice.alternatives)
        self.written.append(
            Written(
                token=choice.token,
                piece=Piece(text, choice.log_probability, alternatives),
                opened=opened(text, state.opened),
                characters=state.characters + len(text),
                sentence=0 if choice.token == tokenizer.eos_id else state.sentence + len(text.strip()),
            )
        )
        self.context.append(choice.token)
        self.sampler.append(choice.token)
        self._steps += 1

    def _last(self) -> str:
        """The last character so far."""
        texts = (written.piece.text for written in reversed(self.written))
        return next((text[-1] for text in texts if text), self._before.piece.text)

    def _pending(self) -> str:
        return "".join(piece.text for piece in self._pieces(self._given, len(self.written)))

    def _before_it(self) -> str:
        """What the prompt begins of a banned phrase, while nothing behind it is final."""
        return "" if self._given else self._begun

    def _banned(self, pending: str) -> int | None:
        """Where in pending text a banned phrase begins; 0 for one that the prompt began."""
        begun = self._before_it()
        place = self._ban.find(begun + pending, behind=len(begun))
        return None if place is None else max(0, place - len(begun))

    def _release(self, characters: int) -> None:
        """The first pending characters are final, as far as whole tokens go."""
        while self._given < len(self.written):
            characters -= len(self.written[self._given].piece.text)
            if characters < 0:
                return
            self._given += 1

    def _token_at(self, place: int) -> tuple[int, int]:
        """Where in `written` the pending character `place` is, and which of its token's characters."""
        index = self._given
        while place >= len(self.written[index].piece.text):
            place -= len(self.written[index].piece.text)
            index += 1
        return index, place

    def _refuse(self, place: int) -> None:
        """Take back all from the pending character `place` on; it is not begun so again."""
        index, _ = self._token_at(place)
        token = self.written[index].token
        self._refused = {at: tokens for at, tokens in self._refused.items() if at <= index}
        self._refused.setdefault(index, set()).add(token)
        length = len(self.context.tokens) - (len(self.written) - index)
        self.sampler.rewind(len(self.sampler.history.tokens) - (len(self.written) - index))
        self.context.rewind(length)
        del self.written[index:]
        if length < self._middle:
            self._move_window()

    def _is_complete(self) -> bool:
        state = self._state
        ends = state.token == self.language.tokenizer.eos_id
        return ends and not state.opened and state.characters >= self.settings.length

    def _is_overdue(self) -> bool:
        longest = self.settings.length + OVERRUN
        return self._state.characters >= longest or self._steps >= PATIENCE * longest

    def _end(self) -> None:
        """End the sentence by force, with its quotes."""
        state = self._state
        sentence = "".join(piece.text for piece in self._pieces(-OVERRUN, len(self.written)))
        tail = ending(sentence, state.opened)
        if self._banned(self._pending() + tail) is None:
            self.written.append(state._replace(piece=Piece(tail), opened=""))
        self.done = True

    def _cut(self, place: int) -> None:
        """The passage ends in front of the pending character `place`."""
        index, within = self._token_at(place)
        last = self.written[index].piece
        del self.written[index:]
        if within:
            self.written.append(self._state._replace(piece=last._replace(text=last.text[:within])))
        self.done = True
