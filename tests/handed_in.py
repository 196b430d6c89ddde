"""What a class hands in, made anew from its sheets: attempts, copies, lost data, files that are no notebooks.

The sheets are those of four people, seed 7, with the answers of the key as they are printed there.
"""

from __future__ import annotations

import copy
import csv
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from bpkit.cli import main

QUESTIONS = "loss,output-weight,sign-first,learning-rate"
PEOPLE = ("Ada Ash", "Ben Birch", "Cleo Cedar", "Dan Elm")

Notebook = dict[str, Any]


def bpkit(*arguments: object, code: int = 0) -> Result:
    """Run a command; its exit code must be this one."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output + repr(result.exception)
    return result


@dataclass(frozen=True)
class Sheets:
    """The sheets of a class by the slugs of the learners, the right answers as the key prints them, and its folder."""

    folder: Path
    books: Mapping[str, Notebook]
    right: Mapping[str, Mapping[str, str]]

    @property
    def key(self) -> Path:
        return self.folder / "key"

    def filled(self, who: str, **other: str) -> Notebook:
        """A sheet with right answers, some replaced: ``filled("ada-ash", _2="0.5")``."""
        book = copy.deepcopy(self.books[who])
        for cell in book["cells"]:
            about = cell["metadata"].get("bpkit", {})
            if about.get("kind") == "answer":
                text = self.right[who][about["key"]]
                literal = text if text.lstrip("-")[:1].isdigit() or text[0] == "[" else repr(text)
                cell["source"] = f'answers["{about["key"]}"] = {other.get("_" + about["key"], literal)}'
        return book


def sheets(folder: Path, people: tuple[str, ...] = PEOPLE, seed: int = 7, questions: str = QUESTIONS) -> Sheets:
    """Make the sheets of a class."""
    roster = folder / "roster.csv"
    folder.mkdir(parents=True, exist_ok=True)
    roster.write_text("name\n" + "\n".join(people) + "\n", encoding="utf-8")
    options = ("--seed", seed, "--questions", questions, "--editions", "learner", "--jobs", 1)
    bpkit("exercises", "new", "--learners", roster, *options, "--out", folder / "made")
    books = {path.stem: json.loads(path.read_text("utf-8")) for path in (folder / "made/learners").iterdir()}
    slugs = {book["metadata"]["bpkit"]["learner"]: name for name, book in books.items()}
    right: dict[str, dict[str, str]] = {}
    for row in csv.DictReader((folder / "made/key/answers.csv").read_text("utf-8").splitlines()):
        right.setdefault(slugs[row["learner"]], {})[row["key"]] = row["answer"]
    return Sheets(folder / "made", books, right)


def stripped(book: Notebook, metadata: Notebook | None = None) -> Notebook:
    """Without what the kit wrote into the metadata, as some services hand a notebook back."""
    book = copy.deepcopy(book)
    book["metadata"] = metadata or {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    for cell in book["cells"]:
        cell["metadata"] = {}
        cell.pop("id", None)
    return {**book, "nbformat_minor": 4}


def bare(book: Notebook) -> Notebook:
    """Without its data and without the cell that opens the sheet too: only the name is left to say whose it is."""
    return {**stripped(book), "cells": [cell for cell in stripped(book)["cells"] if "open_sheet" not in cell["source"]]}


def after(book: Notebook, key: str, kind: str, source: str) -> Notebook:
    """The same with a cell of the learner's own behind an answer cell."""
    at = next(i for i, c in enumerate(book["cells"]) if c["metadata"].get("bpkit", {}).get("key") == key)
    cell = {"cell_type": kind, "id": "own", "metadata": {}, "source": source}
    more = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {**book, "cells": [*book["cells"][: at + 1], {**cell, **more}, *book["cells"][at + 1 :]]}


def conflicting(book: Notebook, key: str) -> str:
    """A notebook's text as a merge leaves it that has not been resolved."""
    text = json.dumps(book, indent=1)
    line = next(line for line in text.splitlines() if f'answers[\\"{key}\\"] = ' in line)
    return text.replace(line, f"<<<<<<< HEAD\n{line}\n=======\n{line}\n>>>>>>> theirs")


def put(folder: Path, files: Mapping[str, Notebook | str]) -> Path:
    """Write files into a folder, which is returned."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), "utf-8")
    return folder


def zipped(folder: Path, name: str, book: Notebook) -> None:
    """A notebook in a zip, as a learning system sends it."""
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("exercises.ipynb", json.dumps(book))


def moodle(who: str) -> str:
    """The path of a hand-in as Moodle makes it."""
    return f"{who}_{48151 + PEOPLE.index(who)}_assignsubmission_file_/exercises.ipynb"


def cases(of: Sheets) -> Mapping[str, Callable[[Path], object]]:
    """By name, what writes a class's hand-ins into a folder."""
    ada, ben, cleo = (partial(of.filled, who) for who in ("ada-ash", "ben-birch", "cleo-cedar"))
    kaggle = {"kaggle": {"language": "python", "sourceType": "notebook"}}
    note = 'First I had\n\nanswers["2"] = 0.5\n\nbut that was wrong.'
    script = '%%script false\nanswers["2"] = 0.5'
    files: dict[str, Mapping[str, Notebook | str]] = {
        "plain": {"ada-ash.ipynb": ada(), "ben-birch.ipynb": ben(_2="0.5")},
        "moodle_folders_no_metadata": {moodle("Ada Ash"): stripped(ada()), moodle("Ben Birch"): stripped(ben())},
        "friends_copy": {moodle("Ada Ash"): ada(), moodle("Ben Birch"): ada()},
        "kaggle_no_metadata": {"notebook1a2b3c4d.ipynb": stripped(cleo(), kaggle)},
        "other_extensions": {"ada-ash.json": ada(), "ben-birch.ipynb.txt": ben(), "cleo-cedar.ipynb": cleo()},
        "two_attempts": {"ada-ash.ipynb": ada(_1="0.5", _2="0.5"), "ada-ash (1).ipynb": ada()},
        "markdown_note": {"ada-ash.ipynb": after(ada(), "2", "markdown", note)},
        "cell_that_never_runs": {"ada-ash.ipynb": after(ada(), "2", "code", script)},
        "no_notebooks_beside": {
            "ada-ash.py": 'answers = {}\nanswers["2"] = 0.07\n',
            "ben-birch.html": "<html></html>",
            "cleo-cedar.ipynb": cleo(),
        },
        "key_of_another_run": {"ada-ash.ipynb": ada(), "ben-birch.ipynb": ben()},
        "conflict_marks": {"ada-ash.ipynb": conflicting(ada(), "2")},
    }

    def zip_beside(folder: Path) -> None:
        zipped(put(folder, {"ben-birch.ipynb": ben()}), "Ada Ash_48151_assignsubmission_file_.zip", ada())

    return {**{name: partial(put, files=content) for name, content in files.items()}, "zip_beside": zip_beside}
