"""What the rules of the corpus take away from real novels.

    python benchmarks/cleaning.py [--novels FOLDER] [--show RULE]

Imports every novel in ../shared/novels as `xuxie import` does, cleans it as `xuxie corpus` does, and prints
for each rule how often it fired, in how many books, and the characters that it touched; with --show every
text that a rule took away, for a person to judge.
"""

import argparse
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from xuxie.books.book import Book
from xuxie.books.importing import import_file
from xuxie.corpus.cleaning import RULES, clean
from xuxie.project import Project

NOVELS = Path(__file__).resolve().parents[2] / "shared" / "novels"


def main() -> None:
    """Clean all novels and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--novels", type=Path, default=NOVELS, help="a folder of novels in TXT")
    parser.add_argument("--show", choices=[name for name, _ in RULES], help="list what a rule took away")
    arguments = parser.parse_args()
    removed: dict[str, Counter[str]] = defaultdict(Counter)
    books: dict[str, set[str]] = defaultdict(set)
    before = after = chapters = 0
    for path in sorted(arguments.novels.rglob("*.txt")):
        with tempfile.TemporaryDirectory() as folder:
            import_file(path, Project(folder))
            book = Book(Project(folder).book)
            for chapter in map(book.paragraphs, book.fetched()):
                cleaned, gone = clean(chapter)
                chapters += 1
                before, after = before + sum(map(len, chapter)), after + sum(map(len, cleaned))
                for (rule, text), count in gone.items():
                    removed[rule][text] += count
                    books[rule].add(path.stem)
    print(f"{chapters:,} chapters, {before:,} characters, {before - after:,} fewer after cleaning\n")
    print("| rule | times | books | characters |\n|---|---|---|---|")
    for rule, _ in RULES:
        characters = sum(len(text) * count for text, count in removed[rule].items())
        print(f"| {rule} | {removed[rule].total():,} | {len(books[rule])} | {characters:,} |")
    for text, count in removed[arguments.show].most_common() if arguments.show else []:
        print(f"{count:6}  {text}")


if __name__ == "__main__":
    main()
