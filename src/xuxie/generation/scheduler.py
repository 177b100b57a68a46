"""The scheduler: many requests, one decoder. They join and leave at any step.

    scheduler = Scheduler(decoder)
    for _ in scheduler.run(request):
        print(request.drawn)

A pass is: admit those who wait while there are slots; compute one step for all that run; let each take its
token. There is no thread of its own: one of those who wait for tokens makes the passes, for everybody. A
request has its own sampler, so what it writes does not depend on who else is written.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue

from xuxie.generation.decoder import Chunk, Decoder, Logits
from xuxie.generation.request import Request
from xuxie.generation.speculation import MOST


class Scheduler:
    """Runs requests on a decoder, as many at a time as it has slots; may be used from several threads."""

    def __init__(self, decoder: Decoder, *, speculate: bool = True) -> None:
        self.decoder, self.speculate = decoder, speculate
        self._arrived: SimpleQueue[Request] = SimpleQueue()
        self._passing = False  # whether somebody makes a pass; what follows is his alone
        self._passed = threading.Condition()
        self._waiting: list[Request] = []
        self._running: dict[Request, int] = {}  # the slot of each
        self._free = list(range(decoder.slots))
        self._held = 0  # free slots that are kept for those who wait for several

    def run(self, request: Request) -> Iterator[None]:
        """Write a request; yields whenever `request.drawn` has changed, at last when it is done.

        Leaving the iteration cancels the request. Raises what its sampler or judge raised, and ValueError,
        at once, when its window has no room for `request.most` tokens.
        """
        return self.run_together([request])

    def run_together(self, requests: Sequence[Request]) -> Iterator[None]:
        """Write several requests side by side; those with the same window share its prefill."""
        for request in requests:
            if not 0 < len(request.tokens) <= self.decoder.positions - request.most:
                raise ValueError(f"a window of {len(request.tokens)} tokens, and {request.most} more")
        return self._run(requests)

    def _run(self, requests: Sequence[Request]) -> Iterator[None]:
        for request in requests:
            self._arrived.put(request)
        state = [0] * len(requests)
        try:
            while not all(request.done for request in requests):
                self._pass_beyond(state, requests)
                for request in requests:
                    if request.failure:
                        raise request.failure
                state = state_of(requests)
                yield
        finally:
            for request in requests:
                request.done = True  # the next pass frees its slot

    @contextmanager
    def reserve(self, slots: int) -> Iterator[list[int]]:
        """Slots of the decoder for oneself, while nobody else is written: for searches that fork windows.

        Until so many are free, what was begun is written on, and nothing else is begun. Raises ValueError
        for more slots than the decoder has.
        """
        if slots > self.decoder.slots:
            raise ValueError(f"{slots} slots of {self.decoder.slots}")
        self._hold(slots)
        try:
            while True:
                with self._alone():
                    self._leave()
                    if len(self._free) >= slots:
                        yield self._free[:slots]
                        return
                    self._pass()
        finally:
            self._hold(-slots)

    def _hold(self, slots: int) -> None:
        with self._passed:
            self._held += slots

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._passed:
            self._passed.wait_for(lambda: not self._passing)
            self._passing = True
        try:
            yield
        finally:
            with self._passed:
                self._passing = False
                self._passed.notify_all()

    def _pass_beyond(self, state: list[int], requests: Sequence[Request]) -> None:
        """Make passes until the requests are in another state, or wait while somebody else makes them."""
        while state_of(requests) == state:
            with self._passed:
                self._passed.wait_for(lambda: state_of(requests) != state or not self._passing)
            if state_of(requests) == state:
                with self._alone():
                    if state_of(requests) == state:
                        self._pass()

    def _pass(self) -> None:
        self._leave()
        try:
            self._admit()
            if running := list(self._running.items()):
                chunks = [self._chunk(request, slot) for request, slot in running]
                steps = zip(running, chunks, self.decoder.step(chunks), strict=True)
                for (request, slot), chunk, logits in steps:
                    self._take(request, slot, logits, chunk.tokens[1:])
        except Exception as error:  # noqa: BLE001 - the caches are in no known state: all must hear of it
            for request in self._running:
                request.fail(error)

    def _chunk(self, request: Request, slot: int) -> Chunk:
        most = min(MOST // len(self._running), self.decoder.room(slot)) if self.speculate else 0
        guessed = request.speculation.guess(request.tokens, most)
        return Chunk(slot=slot, tokens=[request.tokens[-1], *guessed])

    def _take(self, request: Request, slot: int, logits: Logits, guessed: Sequence[int] = ()) -> None:
        """Let a request write what its chunk's logits say, as far as its guesses hold."""
        accepted = 0
        while not request.done:
            kept = request.take(logits[accepted])
            if not kept or accepted == len(guessed) or request.tokens[-1] != guessed[accepted]:
                break
            accepted += 1
        request.speculation.learn(len(guessed), accepted)
        if request.done:
            return
        if request.moved:
            request.moved = False
            self._take(request, slot, self.decoder.prefill(slot, request.source, request.target)[None])
            return
        # Wrong guesses go; so does the last token that is kept when others were taken back: it comes again.
        self.decoder.rewind(slot, len(request.tokens) - 1)

    def _admit(self) -> None:
        while not self._arrived.empty():
            self._waiting.append(self._arrived.get())
        while self._waiting and (most := len(self._free) - self._held) > 0:
            first = self._waiting[0]
            group = [r for r in self._waiting if same_window(r, first)][:most]
            self._waiting = [request for request in self._waiting if request not in group]
            slots = [self._free.pop(0) for _ in group]
            self._running |= zip(group, slots, strict=True)
            logits = self.decoder.prefill(slots[0], first.source, first.target)
            self.decoder.fork(slots[0], slots[1:])
            for request, slot in zip(group, slots, strict=True):
                self._take(request, slot, logits[None])
            self._leave()

    def _leave(self) -> None:
        self._waiting = [request for request in self._waiting if not request.done]
        for request in [request for request in self._running if request.done]:
            self._free.append(self._running.pop(request))
        self._free.sort()  # the lowest is taken next: slots in use lie together


def state_of(requests: Sequence[Request]) -> list[int]:
    """A number for each that changes when its tokens do or it is done."""
    return [2 * request.changes + request.done for request in requests]


def same_window(one: Request, other: Request) -> bool:
    """Whether two requests begin with the same source and target."""
    return list(one.source) == list(other.source) and list(one.target) == list(other.target)
