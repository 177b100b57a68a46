import dataclasses
import threading

import pytest

from xuxie.config import ServeSettings, Settings, WriteSettings
from xuxie.errors import EnvironmentFailure, InputError
from xuxie.generation.pieces import Piece
from xuxie.generation.writer import Writer
from xuxie.server import engine as engine_module
from xuxie.server.engine import Engine

SHORT = WriteSettings(length=5, seed=1)


def stays() -> bool:
    return False


def test_pieces_are_those_of_the_writer(tiny_writer: Writer) -> None:
    engine = Engine(tiny_writer, Settings())
    assert list(engine.write("他推开门，", SHORT, stays)) == list(tiny_writer.pieces("他推开门，", SHORT))


def test_candidates_are_those_of_the_writer(tiny_writer: Writer) -> None:
    engine, several = Engine(tiny_writer, Settings()), dataclasses.replace(SHORT, candidates=3)
    texts = [passage.text for passage in engine.candidates("他推开门，", several, stays)]
    assert texts == [passage.text for passage in tiny_writer.candidates("他推开门，", several)]
    assert list(engine.candidates("他推开门，", several, lambda: True)) == []


def test_default_length_keeps_within_the_limit(tiny_writer: Writer) -> None:
    settings = Settings(write=WriteSettings(length=500), serve=ServeSettings(max_length=100))
    assert Engine(tiny_writer, settings).defaults.length == 100


def test_those_who_would_wait_too_long_are_refused_before_the_first_piece(tiny_writer: Writer) -> None:
    engine = Engine(tiny_writer, Settings(serve=ServeSettings(max_waiting=1)))
    held = [engine.write("他", SHORT, stays) for _ in range(2)]  # one at work, one in line
    with pytest.raises(EnvironmentFailure, match="too many are writing"):
        engine.write("他", SHORT, stays)
    held.pop()  # left before its first piece
    assert list(engine.write("他", SHORT, stays))


def test_empty_text_takes_no_place(tiny_writer: Writer) -> None:
    engine = Engine(tiny_writer, Settings(serve=ServeSettings(max_waiting=1)))
    for _ in range(5):
        with pytest.raises(InputError, match="empty"):
            engine.write("　\n", SHORT, stays)
    assert list(engine.write("他", SHORT, stays))


def test_nothing_more_is_written_for_a_client_that_left(tiny_writer: Writer) -> None:
    engine = Engine(tiny_writer, Settings())
    left = iter([False, False, True])
    assert len(list(engine.write("他", WriteSettings(length=100, seed=1), lambda: next(left)))) == 2


def test_beams_too_stop_for_a_client_that_left(tiny_writer: Writer) -> None:
    engine, left = Engine(tiny_writer, Settings()), iter([False, True])
    beams = WriteSettings(length=100, temperature=0.0, beams=3)
    assert list(engine.write("他", beams, lambda: next(left))) == []
    assert next(left, None) is None


def test_client_that_leaves_the_line_gives_its_place_back(
    tiny_writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "LOOK_ROUND", 0.01)
    engine = Engine(tiny_writer, Settings(serve=ServeSettings(max_waiting=1)))
    at_work = engine.write("他", WriteSettings(length=100, seed=1), stays)
    next(at_work)
    left = threading.Event()
    pieces: list[Piece] = []
    in_line = threading.Thread(target=lambda: pieces.extend(engine.write("他", SHORT, left.is_set)))
    in_line.start()
    left.set()
    in_line.join(timeout=10)
    assert not in_line.is_alive()
    assert pieces == []
    engine.write("他", SHORT, stays)  # would be refused if the place were still taken
    at_work.close()  # type: ignore[attr-defined]


def test_passages_are_written_side_by_side_and_none_is_mixed_up(
    tiny_writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Writer, "slots", 3)
    engine = Engine(tiny_writer, Settings())
    prompts = ["他推开门，", "窗外下着雨，", "茶也是热的。"]
    written: dict[str, str] = {}

    def write(prompt: str) -> None:
        written[prompt] = "".join(piece.text for piece in engine.write(prompt, SHORT, stays))

    threads = [threading.Thread(target=write, args=(prompt,)) for prompt in prompts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert written == {prompt: "".join(tiny_writer.write(prompt, SHORT)) for prompt in prompts}
