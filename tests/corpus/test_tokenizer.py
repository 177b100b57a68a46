import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models
from transformers import AutoTokenizer, BertTokenizer

from xuxie.corpus.tokenizer import (
    SPECIAL_TOKENS,
    NovelTokenizer,
    adopt,
    build_character_tokenizer,
    load_tokenizer,
)
from xuxie.errors import InputError

TEXT = "他推开门，屋里没有人。“谁来过？”她问。[EOS]PARUNK Hi 3.5％\U00020089"
TOKENIZER = build_character_tokenizer(Counter(TEXT), eos="[EOS]", paragraph="[PAR]")
WORDS = ["他", "说", "：", "。", "，", "he", "said", "hello", "##ing", "##s", "go", "2", "##4", "[unused1]"]


def wordpiece() -> Tokenizer:
    """Like Google's for Chinese, with its conventions: no full-width quotes, pieces behind ##."""
    vocabulary = {token: i for i, token in enumerate([*SPECIAL_TOKENS, *WORDS])}
    tokenizer: Tokenizer = BertTokenizer(vocab=vocabulary, do_lower_case=True).backend_tokenizer
    return tokenizer


@given(st.text(st.sampled_from(sorted(set(TEXT)))))
def test_encoding_and_decoding_gives_the_text_back(text: str) -> None:
    ids = TOKENIZER.encode([text])[0]
    assert len(ids) == len(text)
    assert TOKENIZER.decode(ids) == text


@given(st.text())
def test_any_text_can_be_encoded(text: str) -> None:
    ids = TOKENIZER.encode([text])[0]
    assert len(ids) == len(text)
    assert [i == TOKENIZER.unk_id for i in ids] == [c not in TEXT for c in text]
    assert not TOKENIZER.special_ids - {TOKENIZER.unk_id} & set(ids)


@given(st.lists(st.text(st.sampled_from([*sorted(set(TEXT)), "龘", "[", "E", "]", "\U00020000"]))))
def test_the_table_of_characters_gives_what_the_library_gives(texts: list[str]) -> None:
    ids, lengths = TOKENIZER.encode_flat(texts)
    assert TOKENIZER._ids_of_characters is not None
    expected = TOKENIZER.encode(texts)
    assert ids.tolist() == [i for encoded in expected for i in encoded]
    assert lengths.tolist() == [len(encoded) for encoded in expected]


def test_the_table_is_not_used_where_characters_do_not_stand_alone() -> None:
    for change in ({"normalizer": {"type": "Lowercase"}}, {"pre_tokenizer": {"type": "Whitespace"}}):
        content = json.loads(TOKENIZER.to_json()) | change
        other = NovelTokenizer(Tokenizer.from_str(json.dumps(content)), eos="[EOS]", paragraph="[PAR]")
        assert other._ids_of_characters is None
        ids, lengths = other.encode_flat(["他 推", "", "开"])
        assert ids.tolist() == [i for encoded in other.encode(["他 推", "", "开"]) for i in encoded]
        assert lengths.sum() == len(ids)


def test_a_missing_glyph_has_no_token() -> None:
    tokenizer = build_character_tokenizer(Counter("他\ufffd\ufffd"), eos="[EOS]", paragraph="[PAR]")
    assert "\ufffd" not in tokenizer.vocabulary()
    assert tokenizer.lacking("他\ufffd龘") == ["龘"]


def test_the_name_of_a_special_token_in_a_text_stays_text() -> None:
    ids = TOKENIZER.encode(["他[EOS]"])[0]
    assert len(ids) == 6
    assert TOKENIZER.eos_id not in ids
    assert TOKENIZER.decode(ids) == "他[EOS]"


def test_frequent_characters_come_first_and_ties_in_order() -> None:
    tokenizer = build_character_tokenizer(Counter("乙甲丙丙"), eos="[EOS]", paragraph="[PAR]")
    assert list(dict(sorted(tokenizer.vocabulary().items(), key=lambda item: item[1]))) == [
        *SPECIAL_TOKENS, "[EOS]", "[PAR]", "丙", "乙", "甲",
    ]  # fmt: skip
    assert tokenizer.size == 10


def test_paragraph_marks_are_newlines_and_other_special_tokens_nothing() -> None:
    (he,) = TOKENIZER.encode(["他"])[0]
    par, eos = TOKENIZER.paragraph_id, TOKENIZER.eos_id
    assert TOKENIZER.decode([par, he, eos, he, eos, par, he, TOKENIZER.unk_id]) == "他他\n他"
    assert TOKENIZER.decode([par, he], before="他") == "\n他"
    assert TOKENIZER.decode([par, he], before="他\n") == "他"


def test_what_must_never_be_generated() -> None:
    special = {TOKENIZER.pad_id, TOKENIZER.unk_id, TOKENIZER.cls_id, TOKENIZER.sep_id, TOKENIZER.mask_id}
    assert set(TOKENIZER.banned_ids) == special
    assert TOKENIZER.special_ids == special | {TOKENIZER.eos_id, TOKENIZER.paragraph_id}
    adopted = adopt(wordpiece(), eos="[EOS]", paragraph="[PAR]")
    assert adopted.vocabulary()["[unused1]"] in adopted.banned_ids


def test_characters_counted() -> None:
    he, unknown = TOKENIZER.encode(["他〇"])[0]
    assert TOKENIZER.characters[[he, unknown, TOKENIZER.eos_id, TOKENIZER.paragraph_id]].tolist() == [
        1,
        1,
        0,
        0,
    ]
    adopted = adopt(wordpiece(), eos="[EOS]", paragraph="[PAR]")
    assert adopted.characters[adopted.encode(["going他"])[0]].tolist() == [2, 3, 1]


def test_a_saved_folder_is_what_transformers_loads(tmp_path: Path) -> None:
    TOKENIZER.save(tmp_path, positions=512)
    loaded = AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)
    assert (
        loaded.pad_token,
        loaded.unk_token,
        loaded.cls_token,
        loaded.sep_token,
        loaded.mask_token,
    ) == SPECIAL_TOKENS
    assert (loaded.eos_token_id, loaded.mask_token_id) == (TOKENIZER.eos_id, TOKENIZER.mask_id)
    assert loaded.paragraph_token == "[PAR]"
    assert loaded.model_max_length == 512
    assert len(loaded) == TOKENIZER.size
    text = "他推开门，“谁？”"
    ids = TOKENIZER.encode([text])[0]
    assert loaded(text, add_special_tokens=False)["input_ids"] == ids
    assert loaded.decode(ids) == text


def test_saving_and_loading_keeps_every_byte(tmp_path: Path) -> None:
    for name, tokenizer in {
        "a": TOKENIZER,
        "b": adopt(wordpiece(), eos="[EOS]", paragraph="[PAR]"),
    }.items():
        tokenizer.save(tmp_path / name, positions=64)
        again = load_tokenizer(tmp_path / name / "tokenizer.json", eos="[EOS]", paragraph="[PAR]")
        assert again.to_json() == tokenizer.to_json()
        assert again.vocabulary() == tokenizer.vocabulary()
        assert again.encode(["他[EOS]"]) == tokenizer.encode(["他[EOS]"])


def test_characters_are_added_to_a_pretrained_vocabulary() -> None:
    known = wordpiece().get_vocab()
    tokenizer = adopt(wordpiece(), eos="[EOS]", paragraph="[PAR]")
    assert tokenizer.vocabulary().items() >= known.items()
    lacking = tokenizer.lacking("他说：“走。”“走。”")
    assert lacking == ["“", "走", "”"]
    tokenizer.add(lacking)
    assert tokenizer.vocabulary().items() >= known.items()
    assert tokenizer.size == len(known) + 5
    assert tokenizer.lacking("他说：“走。”") == []
    ids = tokenizer.encode(["他说：“走。”"])[0]
    assert len(ids) == 7
    assert tokenizer.decode(ids) == "他说：“走。”"
    assert tokenizer.characters[ids].tolist() == [1] * 7


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("他说：hello，going。", "他说：hello，going。"),
        ("He said hello", "he said hello"),
        ("goings 24他2", "goings 24他2"),
        ("他说 he go", "他说he go"),
    ],
)
def test_latin_words_written_piece_by_piece_can_be_read(text: str, written: str) -> None:
    tokenizer = adopt(wordpiece(), eos="[EOS]", paragraph="[PAR]")
    ids = tokenizer.encode([text])[0]
    assert tokenizer.unk_id not in ids
    assert tokenizer.decode(ids) == written
    pieces, last = "", ""
    for token in ids:  # as the writer does, which remembers one character only
        piece = tokenizer.piece(token, last)
        last = piece[-1:]
        pieces += piece
    assert pieces == written


def test_a_character_tokenizer_puts_no_space_between_letters() -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(["Hi Hi"])[0]) == "Hi Hi"


@pytest.mark.parametrize("kind", ["BPE", "Unigram"])
def test_other_kinds_are_refused(kind: str) -> None:
    with pytest.raises(InputError, match=f"kind {kind} is not supported: WordLevel or WordPiece is"):
        adopt(Tokenizer(getattr(models, kind)()), eos="[EOS]", paragraph="[PAR]")


def test_a_tokenizer_without_special_tokens_is_refused() -> None:
    with pytest.raises(InputError, match=r"lacks \[EOS\] \[PAR\]"):
        NovelTokenizer(wordpiece(), eos="[EOS]", paragraph="[PAR]")


def test_a_missing_or_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    with pytest.raises(InputError, match=r"there is no .*tokenizer\.json"):
        load_tokenizer(path, eos="[EOS]", paragraph="[PAR]")
    for content in (b"{", b"", json.dumps({"version": "1.0"}).encode()):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"tokenizer\.json is not a tokenizer"):
            load_tokenizer(path, eos="[EOS]", paragraph="[PAR]")
    path.write_bytes("设".encode("gb18030"))
    with pytest.raises(InputError, match=r"tokenizer\.json is not UTF-8"):
        load_tokenizer(path, eos="[EOS]", paragraph="[PAR]")
