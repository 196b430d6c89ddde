"""Printable pages that need nothing from anywhere: a learner's sheet, its solutions, and a marking key on one page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bpkit.core.model import Model
from bpkit.core.spelling import readable
from bpkit.exercises.editions import lean
from bpkit.exercises.editions.edition import Edition, File
from bpkit.exercises.editions.shown_question import asked, beside, given, svg
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Part
from bpkit.exercises.questions.written import FormulaPart, FunctionPart
from bpkit.exercises.sheets.files import visible
from bpkit.exercises.sheets.sheet import Sheet
from bpkit.exercises.templates import rendered

BESIDE = 620  # pixels: a wider picture stands above its question, any other beside it
_LIST = re.compile(r'`\[(".*?")\]`')  # paths, as a notebook has them
MORE_LINES = {"list": 3, "code": 9}
UNNAMED = re.compile(r"learner \d+")  # a seat of a class without a roster


@dataclass(frozen=True)
class Room:
    """The room for one answer: its key, and the kind of room that it takes."""

    key: str
    kind: str

    @property
    def more(self) -> int:
        """How many lines it has after the first."""
        return MORE_LINES.get(self.kind, 0)


def learner_page(sheet: Sheet) -> str:
    """The questions with room for the answers."""
    questions = [
        question(exercise) | {"rooms": [Room(key, room(sheet.parts[key])) for key in keys]}
        for exercise, keys in zip(sheet, _keys(sheet))
    ]
    return _page("sheet.html", sheet, "", questions=questions, pictures=_painted(sheet))


def solution_page(sheet: Sheet) -> str:
    """The questions with their answers and the worked solutions."""
    questions = [
        question(exercise)
        | {
            "worked": lean.text(exercise.solution._repr_markdown_()),
            "answers": lean.text("\n".join(f"- **{key}:** {sheet.parts[key].written}" for key in keys)),
            "several": len(keys) > 1,
        }
        for exercise, keys in zip(sheet, _keys(sheet))
    ]
    return _page("solutions.html", sheet, "Solutions", questions=questions, pictures=_painted(sheet))


def key_page(sheet: Sheet) -> str:
    """Every answer with its tolerance and points, and the wrong answers that have a name."""
    rows = []
    for key, part in sheet.parts.items():
        number, _ = sheet.places[key]
        named: dict[str, dict[str, None]] = {}
        for wrong in part.wrong:
            if wrong.name in sheet[number].declared and not isinstance(part, FunctionPart):
                named.setdefault(wrong.name, {})[shown(part, wrong.answer)] = None
        mistakes = "; ".join(f"{name}: {' or '.join(values)}" for name, values in named.items())
        rows.append((key, shown(part), tolerance(part), f"{part.points:g}", mistakes))
    return _page("marking_key.html", sheet, "Marking key", rows=rows, pictures="")


def _keys(sheet: Sheet) -> list[list[str]]:
    """The keys of each question."""
    return [[key for key, (place, _) in sheet.places.items() if place == number] for number in range(1, len(sheet) + 1)]


def _page(template: str, sheet: Sheet, kind: str, **values: Any) -> str:
    """A page about a sheet: what it is, whose, and the foot of each of its sides."""
    foot = visible(" · ".join(filter(None, (kind, sheet.learner, sheet.code))))
    title = sheet.title or "Exercises"
    heading = f"{title}: {kind.lower()}" if kind and sheet.title else kind or title
    return rendered(
        template,
        sheet=sheet,
        title=f"{heading} for {sheet.learner}" if sheet.learner else heading,
        heading=heading,
        language="en",
        foot=foot,
        foot_quoted=_quoted(foot),
        unnamed=not sheet.learner or bool(UNNAMED.fullmatch(sheet.learner)),
        total=_worth(sum(exercise.points for exercise in sheet)),
        **values,
    )


def _quoted(text: str) -> str:
    """A text as a string of CSS, whatever is in it."""
    return "".join(one if one.isalnum() or one == " " else f"\\{ord(one):x} " for one in text)


def _painted(sheet: Sheet) -> str:
    """What the pictures of a sheet say of dark pages, each sentence once."""
    return lean.styles(svg(drawing) for drawing in map(beside, sheet) if drawing)


def _worth(points: float) -> str:
    return f"{points:g} point{'' if points == 1 else 's'}"


def question(exercise: Exercise) -> dict[str, Any]:
    """A question's title and points, its picture, and what is given and asked.

    >>> import bpkit as bp
    >>> question(bp.exercises.generate("loss"))["title"]
    'The loss'
    """
    code = any(isinstance(part, FunctionPart) for part in exercise.content.parts)
    drawing = None if code else beside(exercise)
    drawn = svg(drawing) if drawing else ""
    return {
        "title": exercise.bank.title,
        "points": _worth(exercise.points),
        "picture": lean.picture(drawn),
        "wide": _of_blocks(exercise) or _width(drawn) > BESIDE,
        "text": lean.text(_LIST.sub(_written, "\n\n".join(filter(None, (given(exercise), asked(exercise)))))),
    }


def _written(found: re.Match[str]) -> str:
    """A list as a person writes it."""
    return found[1].replace('"', "")


def _of_blocks(exercise: Exercise) -> bool:
    return bool(exercise.task.problems) and isinstance(exercise.problem.network, Model)


def _width(picture: str) -> float:
    found = re.search(r" width='([\d.]+)'", picture)
    return float(found[1]) if found else 0.0


def room(part: Part) -> str:
    """The kind of room that an answer takes on paper; it says nothing about the right one.

    >>> room(NumberPart("E?", 0.2335)), room(ExactPart("Which paths?", [], "paths"))
    ('line', 'list')
    """
    if isinstance(part, FunctionPart):
        return "code"
    if isinstance(part, ExactPart) and part.reader == "paths":
        return "list"
    return "formula" if isinstance(part, FormulaPart) else "line"


def shown(part: Part, answer: object = None) -> str:
    """An answer as a person writes it.

    >>> shown(NumberPart("∂E/∂w₇?", -0.0256399)), shown(ExactPart("Paths?", [("h1", "o1"), ("h1", "o2")], "paths"))
    ('−0.02564', 'h1 o1, h1 o2')
    """
    value = part.answer if answer is None else answer
    if isinstance(part, NumberPart) and isinstance(value, float):
        return readable(part.shown(value))
    if isinstance(part, ExactPart) and isinstance(value, list):
        return ", ".join(value)
    return readable(str(value)) if isinstance(value, int | float) else str(value)


def tolerance(part: Part) -> str:
    """The largest error that still counts as right.

    >>> tolerance(NumberPart("E?", 0.2335)), tolerance(ExactPart("How many?", 8, "whole"))
    ('± 5e-05', '')
    """
    return f"± {part.room:.2g}" if isinstance(part, NumberPart) else ""


PRINTABLE = Edition(
    "printable",
    "printable pages",
    (
        File("printable/sheets", ".html", learner_page),
        File("printable/solutions", ".html", solution_page, answers=True),
        File("printable/keys", ".html", key_page, answers=True),
    ),
)
