import torch

from training.runs import SETTINGS
from xuxie.config import override
from xuxie.corpus.corpus import Corpus
from xuxie.generation.writer import Writer
from xuxie.model_record import read_record
from xuxie.models import load_model, save_model
from xuxie.project import Project
from xuxie.training.history import History
from xuxie.training.noting import note_evaluation, write_sample
from xuxie.training.trainer import train


def test_the_sample_is_of_the_model_measured_not_of_the_best(project: Project) -> None:
    train(project, override(SETTINGS, evaluations=1))
    corpus, best = Corpus(project.corpus), read_record(project.model)
    model, tokenizer, _ = load_model(project.model)
    prompt, of_the_best = write_sample(project, corpus, model, best)
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    history = History(project.model)
    note_evaluation(project, corpus, history, model, best, chapters={})
    noted = history.read()[1][-1]
    assert noted.prompt == prompt
    assert noted.sample != of_the_best
    assert read_record(project.model) == best

    save_model(project.model, model, tokenizer, best)
    settings = override(project.settings().write, length=80, seed=0)
    writer = Writer.load(project, slots=1, deterministic=True)
    assert noted.sample == "".join(writer.write(prompt, settings))
