"""One folder is one project: it can be copied, backed up and deleted as a whole.

    mybook/
      xuxie.toml          what was asked for; may be absent
      book/               manifest and chapters            (crawl, import)
      corpus/             tokenizer and token ids          (corpus)
      model/              the model that continues it      (train)

`Project("mybook")` knows the places; each room of the package knows what lies in its own.
"""

from pathlib import Path

from xuxie.config import Settings, load_settings


class Project:
    """The places of one project folder, which need not exist yet."""

    def __init__(self, directory: Path | str) -> None:
        self.directory = Path(directory)
        self.book = self.directory / "book"
        self.corpus = self.directory / "corpus"
        self.model = self.directory / "model"

    def settings(self) -> Settings:
        """What xuxie.toml asks for. Raises ConfigurationError."""
        return load_settings(self.directory)

    def __str__(self) -> str:
        return str(self.directory)
