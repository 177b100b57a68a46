"""xuxie 续写: a novel becomes a model that continues it, on one's own machine.

    from xuxie import Project, Writer, WriteSettings
    writer = Writer.load(Project("mybook"))
    print("".join(writer.write("他推开门，", WriteSettings(length=100))))

The names in __all__ are the public ones, imported when first used, so that `import xuxie` is quick.
"""

import importlib
from typing import Any

_HOMES = {
    "Book": "xuxie.books.book",
    "Corpus": "xuxie.corpus.corpus",
    "CorpusSettings": "xuxie.config",
    "CrawlSettings": "xuxie.config",
    "Project": "xuxie.project",
    "Settings": "xuxie.config",
    "TrainSettings": "xuxie.config",
    "WriteSettings": "xuxie.config",
    "Writer": "xuxie.generation.writer",
    "XuxieError": "xuxie.errors",
    "build_corpus": "xuxie.corpus.build",
    "compute_attention_mask": "xuxie.unilm.masks",
    "crawl_book": "xuxie.crawl.crawler",
    "create_app": "xuxie.server.app",
    "import_file": "xuxie.books.importing",
    "split_sentences": "xuxie.corpus.sentences",
    "train": "xuxie.training.trainer",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'xuxie' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
