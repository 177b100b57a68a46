"""What a run starts from: a fresh model, a pretrained one with characters added, adapters in it."""

import math
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor
from transformers import BertForMaskedLM

from training.runs import CHAPTERS, SETTINGS, Watching, copy_of, outcome, pretrained
from xuxie.config import CorpusSettings, TrainSettings, from_mapping, override
from xuxie.corpus.build import build_corpus
from xuxie.corpus.corpus import Corpus
from xuxie.errors import ConfigurationError, InputError
from xuxie.models import load_model, load_pretrained_model
from xuxie.project import Project
from xuxie.training.checkpoints import checkpoints
from xuxie.training.start import rate_factor, start_model
from xuxie.training.trainer import train

RANK = 2


@torch.no_grad()
def foreseen(model: BertForMaskedLM, ids: Tensor, vocabulary: int) -> Tensor:
    """The log-probabilities of the first so many tokens at every position, float64 [tokens, vocabulary]."""
    logits: Tensor = model.eval()(input_ids=ids[None]).logits
    return logits[0, :, :vocabulary].double().log_softmax(dim=-1)


@pytest.mark.parametrize("unused", [0, 3])
def test_added_characters_change_little_of_what_is_foreseen(
    project: Project, tmp_path: Path, unused: int
) -> None:
    """Seen to fail with the bias left alone, the embeddings left alone, or unused ones taken for known."""
    name = pretrained(tmp_path / "bert", unused=unused)
    build_corpus([project], CorpusSettings(tokenizer=name))
    corpus, old = Corpus(project.corpus), load_pretrained_model(name)
    known = old.config.vocab_size - unused
    new = start_model(corpus, override(SETTINGS, start=name))
    added = corpus.tokenizer.size - known
    assert new.config.vocab_size == corpus.tokenizer.size
    assert added > 3
    single = sum(len(text) == 1 for text in corpus.tokenizer.texts[:known])
    ids = corpus.ids(0, 40)
    theirs = torch.tensor([token if token < known else corpus.tokenizer.unk_id for token in ids])
    before, after = foreseen(old, theirs, known), foreseen(new, theirs, corpus.tokenizer.size)
    divergence = (before.exp() * (before - after[:, :known])).sum(dim=-1)
    assert divergence.max() <= math.log(1 + added / single)
    ours = torch.tensor(ids)
    strange = ours >= known
    assert strange.sum() > 3
    own = foreseen(new, ours, corpus.tokenizer.size)[strange, ours[strange]]
    assert (-own).mean() < math.log(corpus.tokenizer.size) + 1  # nats; no worse than guessing, about


def test_from_a_pretrained_model(project: Project, tmp_path: Path) -> None:
    name = pretrained(tmp_path / "bert")
    settings = override(SETTINGS, start=name, steps=4)
    with pytest.raises(
        InputError, match=r"another tokenizer than .*bert: run  xuxie corpus .* --tokenizer"
    ):
        train(project, settings)
    record = build_corpus([project], CorpusSettings(tokenizer=name))
    assert record.unknown == 0
    corpus = Corpus(project.corpus)
    ids = corpus.ids(0, record.tokens)
    assert corpus.tokenizer.decode(ids).splitlines() == [line for chapter in CHAPTERS for line in chapter]
    start = BertForMaskedLM.from_pretrained(name)
    first = start_model(corpus, settings)
    rows = start.config.vocab_size
    assert first.config.vocab_size == corpus.tokenizer.size > rows
    old, new = (model.bert.embeddings.word_embeddings.weight for model in (start, first))
    assert new[:rows].equal(old)
    assert first.cls.predictions.decoder.weight is first.bert.embeddings.word_embeddings.weight
    train(project, settings)
    model, tokenizer, _ = load_model(project.model)
    assert model.config.vocab_size == tokenizer.size == corpus.tokenizer.size
    assert train(project, settings).step == 4


def test_a_run_does_not_write_over_its_start(project: Project) -> None:
    train(project, override(SETTINGS, steps=2))
    before = outcome(project)
    with pytest.raises(InputError, match=r"would write over .*: copy that folder elsewhere"):
        train(project, override(SETTINGS, steps=2, start=str(project.directory)), restart=True)
    assert outcome(project) == before


def test_a_pretrained_model_with_too_few_positions(project: Project, tmp_path: Path) -> None:
    name = pretrained(tmp_path / "bert", positions=32)
    build_corpus([project], CorpusSettings(tokenizer=name))
    with pytest.raises(InputError, match=r"has 32 positions: .*source_length and target_length"):
        train(project, override(SETTINGS, start=name))


def test_the_learning_rate_rises_and_falls() -> None:
    assert rate_factor(0.0, 0.1) == pytest.approx(0.01)
    assert rate_factor(0.05, 0.1) == pytest.approx(0.5)
    assert rate_factor(0.1, 0.1) == pytest.approx(1)
    assert rate_factor(0.55, 0.1) == pytest.approx(0.5)
    assert rate_factor(1.0, 0.1) == 0
    assert rate_factor(1.2, 0.1) == 0
    assert rate_factor(0.0, 0.0) == 1
    assert rate_factor(1.0, 1.0) == 1


@pytest.fixture
def begun(project: Project, tmp_path: Path) -> tuple[Project, TrainSettings]:
    """A project whose corpus has the pretrained model's tokens, and settings to train adapters in it."""
    start = pretrained(tmp_path / "bert")
    build_corpus([project], CorpusSettings(tokenizer=start))
    return project, override(SETTINGS, start=start, lora=RANK)


def test_only_the_adapters_and_the_added_embeddings_have_changed(
    begun: tuple[Project, TrainSettings],
) -> None:
    """The weights saved differ from the first by matrices of the rank asked for, and else not at all."""
    project, settings = begun
    progress = Watching()
    train(project, settings, progress)
    assert "parameters are trained" in progress.lines[0]
    old = dict(load_pretrained_model(settings.start).named_parameters())
    new = dict(load_model(project.model)[0].named_parameters())
    assert list(new) == list(old)
    known = len(old["cls.predictions.bias"])
    for name, weight in new.items():
        if name.endswith(("dense.weight", "query.weight", "key.weight", "value.weight")):
            difference = torch.linalg.svdvals((weight - old[name]).double())
            assert difference[RANK - 1] > 1e-4
            assert difference[RANK] < 1e-6
        elif name in ("bert.embeddings.word_embeddings.weight", "cls.predictions.bias"):
            assert weight[:known].equal(old[name])
            assert weight[known:].std() > 1e-4  # they began as one
        else:
            assert weight.equal(old[name]), name


def test_adapters_learn(begun: tuple[Project, TrainSettings]) -> None:
    project, settings = begun
    progress = Watching()
    train(
        project, override(settings, steps=60, learning_rate=2e-2, left_to_right=0.0, dropout=0.0), progress
    )
    assert sum(progress.losses[-5:]) < 0.8 * sum(progress.losses[:5])


def test_a_stopped_run_with_adapters_goes_on_as_if_it_had_not(
    begun: tuple[Project, TrainSettings],
) -> None:
    project, settings = begun
    train(project, settings)
    stopped = copy_of(project, "stopped")
    for step in (3, 7):
        with pytest.raises(KeyboardInterrupt):
            train(stopped, settings, Watching(stop=step))
    progress = Watching()
    train(stopped, settings, progress)
    assert progress.lines[0] == "going on from step 7"
    assert outcome(stopped) == outcome(project)


def test_a_checkpoint_holds_what_is_trained(begun: tuple[Project, TrainSettings]) -> None:
    project, settings = begun
    train(project, settings)
    saved = checkpoints(project.model / "checkpoints")[-1] / "tensors.safetensors"
    names = [name for name in safetensors.torch.load_file(saved) if name.startswith("model.")]
    assert names
    assert all("lora_" in name or name.endswith(".rows") for name in names)


def test_a_start_that_has_changed_is_another_run(begun: tuple[Project, TrainSettings]) -> None:
    project, settings = begun
    with pytest.raises(KeyboardInterrupt):
        train(project, settings, Watching(stop=3))
    path = Path(settings.start) / "model.safetensors"
    weights = safetensors.torch.load_file(path)
    weights["bert.embeddings.LayerNorm.bias"] += 1
    safetensors.torch.save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(InputError, match="the model that it started from has changed"):
        train(project, settings)


def test_from_scratch_there_is_nothing_to_adapt() -> None:
    with pytest.raises(ConfigurationError, match="lora needs a pretrained model to start from"):
        from_mapping(TrainSettings, {"lora": 16})
    with pytest.raises(ConfigurationError, match="lora"):
        from_mapping(TrainSettings, {"lora": -1, "start": "bert"})
