"""The drawing of the masks, character by character."""

import json

from support import Command

PSEUDO = """\
pseudo-mask
    雨  。  出  门  。  出? 门? 。?
雨  ■   ■   ·   ·   ·   ·   ·   ·
。  ■   ■   ·   ·   ·   ·   ·   ·
出  ■   ■   ■   ·   ·   ·   ·   ·
门  ■   ■   ■   ■   ·   ·   ·   ·
。  ■   ■   ■   ■   ■   ·   ·   ·
出? ■   ■   ·   ·   ·   ■   ·   ·
门? ■   ■   ■   ·   ·   ·   ■   ·
。? ■   ■   ■   ■   ·   ·   ·   ■
"""


def test_masks_are_drawn(xuxie: Command) -> None:
    result = xuxie("mask", "雨。", "出门。")
    assert result.code == 0
    assert result.out.endswith(PSEUDO)
    names = [block.split("\n")[0] for block in result.out.split("\n\n")]
    assert names == [
        "bidirectional",
        "left-to-right",
        "right-to-left",
        "sequence-to-sequence",
        "pseudo-mask",
    ]


def test_masks_as_json(xuxie: Command) -> None:
    data = json.loads(xuxie("mask", "a", "bc", "--json").out)
    assert data["sequence-to-sequence"] == {
        "labels": ["a", "b", "c"],
        "sees": [[1, 0, 0], [1, 1, 0], [1, 1, 1]],
    }
    assert data["right-to-left"]["sees"] == [[1, 1, 1], [0, 1, 1], [0, 0, 1]]


def test_a_long_text_is_cut_and_an_empty_one_drawn(xuxie: Command) -> None:
    data = json.loads(xuxie("mask", "长" * 50, "文", "--json").out)
    assert len(data["bidirectional"]["labels"]) == 40
    assert xuxie("mask", "", "").code == 0
