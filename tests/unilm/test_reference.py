"""Every objective's masks and loss, against the papers read slowly, and what no prediction may depend on.

Each fault was made by changing one line, and the tests were seen to fail (P: is the paper's, L: depends on
nothing later, M: measured as generated), for:

    masks: segment ids not summed up               masked, pseudo-masked, unilm, shifted        P L M
    masks: `<=` of the rule made `<`               all that read the source both ways           P
    masks: left-to-right made sequence-to-sequence unilm, left-to-right                         P M
    masks: right-to-left turned round              unilm                                        P
    masks: padding not hidden                      masked, pseudo-masked                        P
    masks: the [MASK] for a token sees the token   pseudo-masked                                P L
    masks: [MASK]s see one another                 pseudo-masked                                P M
    masked: no [MASK] put in; mask bidirectional   masked                                       P L
    pseudo-masked: [MASK]s a position early        pseudo-masked                                P L
    pseudo-masked: [MASK]s of the source's segment pseudo-masked                                P M
    unilm: every window gets the first mask        unilm                                        P
    shifted: mask left-to-right; bidirectional     shifted                                      P M; P L M
    next_token: labels not moved                   shifted, left-to-right                       P M
    measured: the given token charged              masked, pseudo-masked, unilm                 M
    measured: the source charged                   left-to-right                                M
    stream: masks not narrowed to the rows asking  all but left-to-right                        P
    stream: rows that are only seen left out       all but left-to-right                        P
    stream: another scale of the scores            all                                          P
"""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy as mean_loss
from transformers import BertForMaskedLM

from unilm.batches import MASK, OBJECTIVES, PAD, PAIRS, a_model, an_example
from unilm.reference import KINDS, sequence_to_sequence, slow_logits
from xuxie.unilm.examples import IGNORED, Example, Pair, collate
from xuxie.unilm.model import cross_entropy, predict
from xuxie.unilm.objectives import measured
from xuxie.unilm.stream import concatenate, predict_stream

Predictions = list[tuple[Tensor, int]]  # the logits [vocabulary], and the token that they should foretell


@pytest.fixture(scope="module")
def model() -> BertForMaskedLM:
    model = a_model()
    model.eval()
    return model


def segments(pair: Pair) -> list[int]:
    return [0] * len(pair[0]) + [1] * len(pair[1])


def cloze(model: BertForMaskedLM, kind: str, pair: Pair, example: Example, row: int) -> Predictions:
    """What was hidden in a window, foretold under one of the masks."""
    source, tokens = len(pair[0]), [*pair[0], *pair[1]]
    inputs = example.input_ids[row, : len(tokens)].tolist()
    chosen = [i for i in range(len(tokens)) if example.labels[row, i] != IGNORED]
    assert all(inputs[i] == tokens[i] for i in range(len(tokens)) if i not in chosen)
    logits = slow_logits(model, inputs, segments(pair), KINDS[kind](source))
    return [(logits[i], tokens[i]) for i in chosen]


def masked(model: BertForMaskedLM, pair: Pair, example: Example, row: int) -> Predictions:
    """[MASK]s in the target, and nowhere else."""
    source = len(pair[0])
    for place, token in enumerate([*pair[0], *pair[1]]):
        hidden = example.labels[row, place] != IGNORED
        assert example.input_ids[row, place] == (MASK if hidden else token)
        assert not hidden or place >= source
    return cloze(model, "sequence-to-sequence", pair, example, row)


def behind(
    model: BertForMaskedLM, source: list[int], target: list[int], mask: bool = True, causal: bool = False
) -> Tensor:
    """What generation is told behind a source and a target, and a [MASK] where it puts one."""
    ids = [*source, *target, *([MASK] if mask else [])]
    sees = KINDS["left-to-right"](0) if causal else sequence_to_sequence(len(source))
    return slow_logits(model, ids, segments((source, ids[len(source) :])), sees)[-1]


def step_by_step(model: BertForMaskedLM, name: str, pair: Pair) -> Predictions:
    """What is told of each token of the target (of the window, left to right), asked one after another."""
    source, target = list(pair[0]), list(pair[1])
    tokens = [*source, *target]
    if name == "left-to-right":
        rows = slow_logits(model, tokens, segments(pair), KINDS["left-to-right"](0))
        return [(rows[i - 1], tokens[i]) for i in range(1, len(tokens))]
    result = []
    for i, token in enumerate(target):
        if name == "shifted":
            if source or i:
                result.append((behind(model, source, target[:i], mask=False), token))
        else:
            result.append((behind(model, source, target[:i]), token))
    return result


def expected(model: BertForMaskedLM, name: str, example: Example) -> tuple[Tensor, list[int]]:
    """The reference's logits and labels for all pairs, in order."""
    predictions: Predictions = []
    for row, pair in enumerate(PAIRS):
        if name.startswith("masked"):
            predictions += masked(model, pair, example, row)
        elif name.startswith("unilm-"):
            predictions += cloze(model, name.removeprefix("unilm-"), pair, example, row)
        else:
            predictions += step_by_step(model, name, pair)
    return torch.stack([logits for logits, _ in predictions]), [token for _, token in predictions]


@torch.no_grad()
@pytest.mark.parametrize("name", [name for name in OBJECTIVES if name != "unilm"])
def test_masks_and_loss_are_the_papers(model: BertForMaskedLM, name: str) -> None:
    example = an_example(name, PAIRS)
    slow, tokens = expected(model, name, example)
    loss = mean_loss(slow, torch.tensor(tokens))
    for logits, labels in (predict(model, example), predict_stream(model, concatenate(example))):
        assert labels.tolist() == tokens
        torch.testing.assert_close(logits.double(), slow, rtol=1e-4, atol=1e-4)
        assert abs(cross_entropy(logits, labels) - loss) < 1e-5
    assert slow.std() > 0.1


def test_the_mixture_is_of_those_masks() -> None:
    """Which of the four each row has got is drawn: each row's mask is one of them."""
    example = an_example("unilm", PAIRS * 8)
    masks = [an_example(f"unilm-{kind}", PAIRS * 8).attention_mask for kind in KINDS]
    found = [[bool(mask[row].equal(example.attention_mask[row])) for mask in masks] for row in range(40)]
    assert all(any(row) for row in found)
    assert all(any(column) for column in zip(*found, strict=True))


def foretold(model: BertForMaskedLM, name: str, pairs: list[Pair]) -> dict[tuple[int, int], Tensor]:
    """The logits of each row and place that is foretold."""
    example = an_example(name, pairs)
    logits, _ = predict(model, example)
    ahead = int(name in ("shifted", "left-to-right"))  # the token before foretells
    found = (example.labels != IGNORED).nonzero().tolist()
    places = [(row, int(example.position_ids[row, i]) + ahead) for row, i in found]
    return dict(zip(places, logits, strict=True))


LOOK_AHEAD = ("unilm", "unilm-bidirectional", "unilm-right-to-left")  # as the paper means them to


@torch.no_grad()
@pytest.mark.parametrize("name", [name for name in OBJECTIVES if name not in LOOK_AHEAD])
def test_nothing_depends_on_a_later_character(model: BertForMaskedLM, name: str) -> None:
    """Nor on the token that is foretold, but where `unilm` leaves one as it is."""
    source, target, rows = [5, 6, 7, 8], [9, 10, 11, 12, 13], 8
    before = foretold(model, name, [(source, target)] * rows)
    assert len(before) > rows
    changed = set()
    for t in range(len(target)):
        place = len(source) + t
        after = foretold(model, name, [(source, [*target[:t], 20, *target[t + 1 :]])] * rows)
        assert after.keys() == before.keys()
        later = {key for key in before if key[1] > place or (key[1] == place and "unilm" in name)}
        assert all(before[key].equal(after[key]) for key in before.keys() - later), place
        changed |= {key for key in later if not before[key].equal(after[key])}
    assert changed or name == "masked-all"  # which knows nothing of the target


@torch.no_grad()
@pytest.mark.parametrize("name", ["masked", "pseudo-masked", "unilm", "shifted", "left-to-right"])
def test_what_is_measured_is_what_generation_is_told(model: BertForMaskedLM, name: str) -> None:
    pairs = collate(PAIRS, PAD)
    logits, labels = predict(model, measured(OBJECTIVES[name].objective, pairs, MASK))
    slow, tokens = [], []
    for source, target in PAIRS:
        for i in range(int(not source), len(target)):  # the first of all is given
            mask, causal = name not in ("shifted", "left-to-right"), name == "left-to-right"
            slow.append(behind(model, list(source), list(target[:i]), mask, causal))
            tokens.append(target[i])
    assert labels.tolist() == tokens
    torch.testing.assert_close(logits.double(), torch.stack(slow), rtol=1e-4, atol=1e-4)
