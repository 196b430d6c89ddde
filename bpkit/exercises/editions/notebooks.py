"""The learner's notebook, which holds the questions and nothing else, and the solution notebook, executed."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from typing import Any

from bpkit.exercises.editions.edition import Edition, File
from bpkit.exercises.editions.shown_question import asked, given, in_markdown
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.languages import ENGLISH, Words, words_of
from bpkit.exercises.questions.parts import Part
from bpkit.exercises.questions.written import FunctionPart
from bpkit.exercises.sheets.files import visible
from bpkit.exercises.sheets.sheet import Sheet

Cell = dict[str, Any]

SCHEMA = 1
KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def learner_notebook(sheet: Sheet, title: str = "", executed: bool = False) -> str:
    """The notebook that a learner gets: questions, empty answer cells, checks; no answer and no seed anywhere.

    ``executed`` is how it looks after a run with nothing answered yet.
    """
    words = words_of(sheet.language)
    cells = [
        _text("title", f"{titled(sheet, title)}\n\n{_greeting(sheet)}{words.how.format(_size(sheet))}"),
        _setup(sheet, "answers = {}\ncheck = ", True),
    ]
    for number, exercise in enumerate(sheet, 1):
        cells.append(_text(f"q{number}", illustrated(number, exercise, words)))
        for letter, part in exercise.parts.items():
            key = f"{number}{letter if len(exercise.parts) > 1 else ''}"
            cells.append(code_cell(f"answer-{key}", blank_answer(key, part, words), {"kind": "answer", "key": key}))
            cells.append(code_cell(f"check-{key}", f'check("{key}")', {"kind": "check", "key": key}))
    if executed:
        _run_blank(cells, sheet)
    return written(cells, {"kind": "learner", "learner": sheet.learner, **about_sheet(sheet)})


def solution_notebook(sheet: Sheet, title: str = "") -> str:
    """The same questions with their worked solutions and answers, every cell executed."""
    words = words_of(sheet.language)
    heading = titled(sheet, title or " – ".join(filter(None, (sheet.title, words.solutions))))
    cells = [_text("title", f"{heading}\n\n{_greeting(sheet)}{words.worked}"), _setup(sheet, "sheet = ", False, 1)]
    for number, exercise in enumerate(sheet, 1):
        cells.append(_text(f"q{number}", f"{illustrated(number, exercise, words)}\n\n### {number}. {words.lines}"))
        shown = {"text/plain": repr(exercise.solution), "text/markdown": exercise.solution._repr_markdown_()}
        cells.append(_run(f"solution-{number}", f"sheet[{number}].solution", shown, 2 * number))
        cells.append(_text(f"a{number}", f"### {number}. {words.answers if len(exercise.parts) > 1 else words.answer}"))
        found = exercise.answers
        shown = {"text/plain": repr(found), "text/markdown": found._repr_markdown_()}
        cells.append(_run(f"answer-{number}", f"sheet[{number}].answers", shown, 2 * number + 1))
    return written(cells, {"kind": "solution", "learner": sheet.learner, **about_sheet(sheet)})


def pretty(answer: Any) -> str:
    """A value as IPython shows it.

    >>> pretty({"b": 0.45, "a": 0.5})
    "{'b': 0.45, 'a': 0.5}"
    """
    from IPython.lib import pretty as ipython  # comes with the notebooks that the text is for

    show: Callable[[Any], str] = ipython.pretty
    return show(answer)


def question_text(number: int, exercise: Exercise, words: Words = ENGLISH) -> str:
    """A question under its number, with its points.

    >>> import bpkit as bp
    >>> question_text(3, bp.exercises.generate("loss")).splitlines()[0]
    '## 3. The loss (1 point)'
    """
    body = "\n\n".join(filter(None, (given(exercise), asked(exercise))))
    return f"## {number}. {exercise.bank.title} ({words.worth(exercise.points)})\n\n{body}"


def _size(sheet: Sheet) -> str:
    """How long a sheet is, in a sentence."""
    words = words_of(sheet.language)
    worth = words.worth(sum(one.points for one in sheet))
    return words.size.format(len(sheet), worth) if len(sheet) > 1 else words.one.format(worth)


def illustrated(number: int, exercise: Exercise, words: Words = ENGLISH) -> str:
    """The same with the picture that the question is about, below its heading."""
    heading, _, body = question_text(number, exercise, words).partition("\n\n")
    return f"{heading}\n\n{in_markdown(exercise)}{body}"


def blank_answer(key: str, part: Part, words: Words = ENGLISH) -> str:
    """An answer cell before anything is in it.

    >>> import bpkit as bp
    >>> print(blank_answer("3", bp.exercises.generate("sign-first").content.parts[0]))
    answers["3"] = None  # "positive" or "negative"
    """
    if isinstance(part, FunctionPart):
        signature = part.asks.split("`")[1]
        return f'def {signature}:\n    ...\n\n\nanswers["{key}"] = {signature.partition("(")[0]}'
    options = [json.dumps(option, ensure_ascii=False) for option in getattr(part, "options", ())]
    hint = f"  # {f' {words.either} '.join(options)}" if options else ""
    return f'answers["{key}"] = None{hint}'


def titled(sheet: Sheet, title: str = "") -> str:
    """The heading of a sheet, and when it is due; the instructor's own words, which may hold formulas.

    >>> titled(Sheet((), date="1 December"), "Test 1").splitlines()
    ['# Test 1', '', '**1 December**']
    """
    heading = f"# {visible(title or sheet.title or words_of(sheet.language).exercises)}"
    return f"{heading}\n\n**{visible(sheet.date)}**" if sheet.date else heading


def _greeting(sheet: Sheet) -> str:
    return f"{words_of(sheet.language).learner.format(safe_text(sheet.learner))}\n\n" if sheet.learner else ""


def safe_text(text: str) -> str:
    """A person's text inside Markdown, without tags, links or formulas.

    >>> safe_text("<b>$x$</b>")
    '&lt;b&gt;＄x＄&lt;/b&gt;'
    """
    # MathJax looks for formulas in what the page shows, where an escaped sign is the sign again: others stand there.
    plain = html.escape(visible(text).replace("$", "＄").replace("\\", "＼"))
    return "".join(f"&#{ord(c)};" if c in "\\`*_{}[]()#!|$~<>@:" else c for c in plain)


def about_sheet(sheet: Sheet) -> dict[str, Any]:
    """What a notebook knows about itself, for the person who marks it; no answer, no seed.

    >>> import bpkit as bp
    >>> about_sheet(bp.exercises.make_sheet(["net-and-out"]))["answers"]
    ['1a', '1b']
    """
    return {
        **({"language": sheet.language} if sheet.language != "en" else {}),
        "schema": SCHEMA,
        "questions": [exercise.id for exercise in sheet],
        "answers": list(sheet.parts),
        "fingerprint": sheet.fingerprint,
    }


def setup_source(sheet: Sheet, assign: str, checked: bool = False) -> str:
    """The code that opens a sheet from its public data: ``assign`` is what stands before it.

    >>> setup_source(Sheet(()), "sheet = ").splitlines()[2]
    'sheet = bp.exercises.open_sheet('
    """
    # A quotation mark must not end the text that the data are in.
    tasks = ",\n".join(json.dumps(task, sort_keys=True).replace("'", r"\u0027") for task in sheet.data()["tasks"])
    opened = f"bp.exercises.open_sheet(\n    r'''{{\"tasks\": [\n{tasks}\n]}}'''\n)"
    call = f"bp.exercises.Checker({opened}, answers)" if checked else opened
    return f"import bpkit as bp\n\n{assign}{call}"


def _setup(sheet: Sheet, assign: str, checked: bool, count: int | None = None) -> Cell:
    """The cell that holds the numbers of all questions, for the checks; collapsed: learners need not read it."""
    cell = code_cell("setup", setup_source(sheet, assign, checked), {"kind": "setup"})
    cell["metadata"]["jupyter"] = {"source_hidden": True}
    return {**cell, "execution_count": count}


def _text(id: str, source: str) -> Cell:
    return {"cell_type": "markdown", "id": id, "metadata": {"bpkit": {"kind": "text"}}, "source": source}


def code_cell(id: str, source: str, about: dict[str, str]) -> Cell:
    """A code cell that has not run.

    >>> code_cell("a1", 'answers["1"] = None', {"key": "1"})["source"]
    'answers["1"] = None'
    """
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": id,
        "metadata": {"bpkit": about},
        "outputs": [],
        "source": source,
    }


def _run(id: str, source: str, data: dict[str, str], count: int) -> Cell:
    return {**code_cell(id, source, {"kind": "solution"}), "outputs": [_shown(data, count)], "execution_count": count}


def _shown(data: dict[str, str], count: int) -> dict[str, Any]:
    return {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": count}


def _run_blank(cells: list[Cell], sheet: Sheet) -> None:
    """Give the cells of an unanswered sheet their numbers, and what its checks say."""
    for count, cell in enumerate((cell for cell in cells if cell["cell_type"] == "code"), 1):
        about, cell["execution_count"] = cell["metadata"]["bpkit"], count
        if about["kind"] == "check":
            found = sheet.check(about["key"], None)
            cell["outputs"] = [_shown({"text/plain": repr(found), "text/html": found._repr_html_()}, count)]


def written(cells: list[Cell], about: dict[str, Any]) -> str:
    """The notebook as bytes that depend on nothing but its content: keys sorted, no dates, ids of our own."""
    notebook = {"cells": cells, "metadata": {**KERNEL, "bpkit": about}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


LEARNER = Edition("learner", "learners' notebooks", (File("learners", ".ipynb", learner_notebook),))
SOLUTION = Edition("solution", "solution notebooks", (File("solutions", ".ipynb", solution_notebook, answers=True),))
