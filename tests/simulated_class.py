"""A class in which everybody holds one misconception, and answers every question of every lesson by it.

``python tests/simulated_class.py`` prints which question names which misconception first.
"""

from __future__ import annotations

import ast
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp
from test_write_it_yourself import BUGS, attempt

import bpkit as bp
from bpkit.apps.ask import Ask as Box
from bpkit.core.code import code, identifier
from bpkit.core.expressions import names_in
from bpkit.exercises.questions.hints import hints, ways
from bpkit.exercises.questions.parts import NumberPart, Part
from bpkit.exercises.questions.sitting import Ask as Card
from bpkit.exercises.questions.sitting import Sitting
from bpkit.mistakes.misconceptions import PROCEDURES, RULES, catalogue, catalogue_of_training
from bpkit.mistakes.question import Question, question
from bpkit.mistakes.rewrite import FIRST, LAST, SAMPLES, Misconception
from bpkit.mistakes.variants import after, outcomes, plan, replaced
from bpkit.page.course import Lesson, lessons
from bpkit.site.notebook_run import run

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
NAMES = tuple(dict.fromkeys(one.name for one in (*RULES, *PROCEDURES)))
TYPED = 6  # digits of an answer where none are asked: so many the lessons show
SAMPLE = {SAMPLES: 1.0, FIRST: 1.0, LAST: 1.0}  # what a mistake may multiply by, where there is one sample
ASKS = re.compile(r"bp\.(apps|exercises)\.ask\(")
REVIEWS = re.compile(r"bp\.review\((\w+),")


@dataclass(frozen=True)
class Caught:
    """A misconception that a question named first: where, the line that the reply sends to, and what asked."""

    name: str
    where: str
    line: int | None = None
    part: Part | None = None
    typed: str = ""
    box: Box | None = None


# The questions, as the lessons ask them


@cache
def course() -> tuple[Lesson, ...]:
    """The lessons in their order."""
    return tuple(lessons(NOTEBOOKS))


def asked_in(lesson: Lesson) -> list[Card | Box]:
    """The questions of a lesson: its cells run, but for those that no question needs."""
    cells = [cell.source for cell in lesson.notebook.cells if cell.cell_type == "code"]
    found = run(_needed(cells), lesson.stem, lesson.folder).results
    return [one for one in found if isinstance(one, Card | Box)]


def _needed(cells: Iterable[str]) -> list[str]:
    """The statements that ask, and the imports and names that those use."""
    wanted: set[str] = set()
    kept: list[str] = []
    for node in reversed([node for cell in cells for node in ast.parse(cell).body]):
        names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        asks = isinstance(node, ast.Expr) and ASKS.match(ast.unparse(node))
        used = isinstance(node, ast.Assign) and not wanted.isdisjoint(map(_assigned, ast.walk(node)))
        if asks or used:
            wanted |= names
        if asks or used or isinstance(node, ast.Import | ast.ImportFrom):
            kept.append(ast.unparse(node))
    return kept[::-1]


def _assigned(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else ""


# What a learner types who holds a misconception


@cache
def numbers(asked: Question) -> Mapping[str, tuple[float, ...]]:
    """What each misconception makes of a quantity, shape by shape: the whole derivation is computed as it has it."""
    made: dict[str, list[float]] = {}
    for name, number in (*_rewritten(asked), *_elsewhere(asked)):
        made.setdefault(name, []).append(number)
    return {name: tuple(values) for name, values in made.items()}


def _rewritten(asked: Question) -> Iterator[tuple[str, float]]:
    derivation, known = asked.derivation, catalogue(asked.derivation)
    if not asked.updates:
        column = _every_line(derivation, asked.problem)[asked.quantity]
    else:
        known = tuple(one for one in (*known, *catalogue_of_training(derivation)) if not one.of_answer)
        made, last = (plan(derivation, [(one,) for one in known], lines) for lines in _lines(asked))
        column = after(made, asked.problem, asked.updates, last)[asked.quantity]
    yield from zip((one.name for one in known), column.tolist(), strict=True)


def _lines(asked: Question) -> tuple[Iterable[str], Iterable[str]]:
    return replaced(asked.derivation), [asked.quantity]


@cache
def _every_line(derivation: Any, problem: bp.Problem) -> Mapping[str, Any]:
    """Every line of a derivation as each misconception computes it."""
    known = [(one,) for one in catalogue(derivation)]
    return outcomes(plan(derivation, known, derivation.by_name), problem)


def _elsewhere(asked: Question) -> Iterator[tuple[str, float]]:
    for procedure in PROCEDURES:
        for _, other, _ in procedure.elsewhere(asked):
            yield procedure.name, float(np.mean(other.exact[other.quantity]))


def plainly(asked: Question, mistake: Misconception) -> float:
    """A quantity of one sample as a misconception has it, computed line by line with plain numbers."""
    lines = mistake.applied(asked.derivation).by_name
    known = dict(asked.problem.givens)

    def value(name: str) -> float:
        if name not in known:
            used = {identifier(one): value(one) for one in names_in(lines[name].rhs) if one not in SAMPLE}
            known[name] = float(eval(code(lines[name].rhs), vars(math) | {"max": max, "min": min} | SAMPLE | used))
        return float(known[name])

    return value(asked.quantity)


def wrongly(name: str, asked: Question, digits: int) -> str | None:
    """The number of a misconception as it is typed; None where it comes out right, or not at all."""
    right = f"{asked.exact[asked.quantity]:.{digits}g}"
    typed = (f"{value:.{digits}g}" for value in numbers(asked).get(name, ()) if math.isfinite(value))
    return next((one for one in typed if one != right), None)


def answer(name: str, part: Part) -> str:
    """What is typed for a part: what the misconception leads to, or else the right answer."""
    wrong = None
    if isinstance(part, NumberPart) and part.problem is not None and part.quantity is not None:
        wrong = wrongly(name, question(part.problem, part.quantity), part.digits)
    if wrong is None:
        wrong = next((one.answer for one in part.wrong if one.name == name), part.answer)
    if isinstance(part, NumberPart):
        return f"{float(wrong):.{part.digits}g}"
    return ", ".join(map(str, wrong)) if isinstance(wrong, list | tuple) else str(wrong)


# What the kit says to it


def caught(name: str) -> Iterator[Caught]:
    """Wherever the kit names a misconception first, in the order of the course."""
    for number, lesson in enumerate(course()):
        for function in _written(lesson):
            for of, old, new, wrong, _ in BUGS:
                if (of, wrong) == (function, name) and attempt(of, old, new).misconceptions[0].name == name:
                    yield Caught(name, f"{number:02} {function}")
        for one in questions(number):
            yield from _on_card(name, number, one) if isinstance(one, Card) else _in_box(name, number, one)


@cache
def first(name: str) -> Caught | None:
    """Where it is named first."""
    return next(caught(name), None)


@cache
def questions(number: int) -> list[Card | Box]:
    return asked_in(course()[number])


def _written(lesson: Lesson) -> list[str]:
    """The functions that a lesson has reviewed."""
    cells = [cell.source for cell in lesson.notebook.cells if cell.cell_type == "code"]
    return [function for cell in cells for function in REVIEWS.findall(cell)]


def _on_card(name: str, number: int, card: Card) -> Iterator[Caught]:
    exercise = card.state.exercise
    typed = tuple(answer(name, part) for part in exercise.content.parts)
    if all(one == answer("", part) for one, part in zip(typed, exercise.content.parts)):
        return
    said = Sitting(exercise, typed).feedback
    for (letter, part), given, one in zip(exercise.parts.items(), typed, said, strict=True):
        if one.misconceptions[:1] == (name,):
            yield Caught(name, f"{number:02} {exercise.id} {letter}", one.line, part, given)


def _in_box(name: str, number: int, box: Box) -> Iterator[Caught]:
    typed = wrongly(name, box.asked, TYPED)
    if typed is None:
        return
    found = bp.diagnose(box.problem, str(box.asked), typed).misconceptions
    if found and found[0].name == name:
        yield Caught(name, f"{number:02} {box.asked}", found[0].step.number, typed=typed, box=box)


def table() -> dict[str, list[str]]:
    """The misconceptions that each question names first, in the order of the course; the last row has those of none."""
    found: dict[str, list[str]] = {}
    for name in NAMES:
        one = first(name)
        found.setdefault(one.where if one else "", []).append(name)
    return {where: sorted(found[where]) for where in sorted(found, key=_place)}


def _place(where: str) -> tuple[int, int, str]:
    number, _, label = where.partition(" ")
    if not number:
        return len(course()), 0, ""
    parts = [one.state.exercise.id if isinstance(one, Card) else str(one.asked) for one in questions(int(number))]
    return int(number), next((n for n, id in enumerate(parts) if label.startswith(id)), -1), label


# Hints, read as a learner reads them

_TEX = {r"\left": "", r"\right": "", r"\times": "*", r"\cdot": "*", r"\ln": "log", r"\geq": ">=", r"\wedge": "and"}
_TEX |= {r"\tanh": "tanh", r"\sqrt": "sqrt", r"\max": "max", "e^": "exp", "^": "**", "{": "(", "}": ")"}
_CASES = re.compile(r"\\begin{cases} (.+?) & \\text{for}\\: (.+?) \\\\(.+?) & \\text{otherwise} \\end{cases}")
_READ = {name: getattr(math, name) for name in ("log", "tanh", "sqrt", "exp")} | {"max": max, "__builtins__": {}}


def reckoned(tex: str) -> float:
    """The number of a formula in which numbers are put in, from the TeX that a page shows."""
    tex = _CASES.sub(r"((\1) if (\2) else (\3))", tex)
    while (start := tex.find(r"\frac{")) >= 0:
        above, end = _braced(tex, start + 5)
        below, end = _braced(tex, end)
        tex = f"{tex[:start]}(({above}) / ({below})){tex[end:]}"
    for old, new in _TEX.items():
        tex = tex.replace(old, new)
    return float(eval(tex, dict(_READ)))


def _braced(tex: str, start: int) -> tuple[str, int]:
    """What the brace at a place holds, and where it ends."""
    depth = 0
    for place in range(start, len(tex)):
        depth += {"{": 1, "}": -1}.get(tex[place], 0)
        if not depth:
            return tex[start + 1 : place], place + 1
    raise ValueError(tex)


def followed(part: NumberPart, caught: Caught | None = None) -> float:
    """What comes out for a learner who computes the hinted lines one after the other, from the line of the reply on.

    A line is computed from the numbers put in, else from its symbols; what no hint says, the learner has computed,
    by the misconception.
    """
    found, line = ways(part), caught.line if caught else None
    assert found
    assert part.problem is not None
    text = "\n\n".join(hints(part, line))
    known = {name: float(value) for name, value in part.problem.givens.items()} | (_own(caught) if caught else {})
    value = math.nan
    for number in found.after(line):
        step = next(step for step in found.lines or () if step.number == number)
        assert f"Line ({number}): " in text
        if filled := found.filled(number):
            assert filled in text
            value = reckoned(filled.split("$ $")[0].partition(" = ")[2].strip("$"))
            known |= {name: found.numbers[name] for name in names_in(step.rhs)}
        else:
            value = float(step.rhs.subs({sp.Symbol(name): known[name] for name in names_in(step.rhs)}))
        known[step.name] = value
    return value


def _own(caught: Caught) -> dict[str, float]:
    """Every number that led a learner to the one typed."""
    part = caught.part
    assert isinstance(part, NumberPart)
    assert part.problem is not None
    assert part.quantity is not None
    asked = question(part.problem, part.quantity)
    columns = _every_line(asked.derivation, asked.problem)
    ways_to_it = [
        {name: float(column[shape]) for name, column in columns.items()}
        for shape, mistake in enumerate(catalogue(asked.derivation))
        if mistake.name == caught.name
    ] + [
        dict(other.exact.numbers)
        for procedure in PROCEDURES
        for _, other, _ in procedure.elsewhere(asked)
        if procedure.name == caught.name
    ]
    return next(own for own in ways_to_it if f"{own[asked.quantity]:.{part.digits}g}" == caught.typed)


def opened(box: Box) -> tuple[float, ...]:
    """The number of the line that a box shows, and what the numbers put in give; of a batch the mean alone."""
    line = box.words(box.state).replace("−", "-").rpartition("Line ")[2]
    mean = "their mean is" in line
    *sides, end = line.split(" is " if mean else " = ")
    written_out = re.sub(r"√([\d.]+)", r"sqrt(\1)", sides[-1].replace("·", "*"))
    put_in = [] if mean else [reckoned(written_out)]
    return (*put_in, float(end.split()[0].rstrip(".")))


def written(card: Card, part: Any) -> float:
    """What comes out for a learner who computes the lines of a formula's hints, with the first of its settings."""
    derivation, known = card.state.exercise.problem.derivation, dict(part.settings[0])
    value = math.nan
    for number in (int(one) for text in hints(part) for one in re.findall(r"^Line \((\d+)\)", text)):
        step = next(step for step in derivation if step.number == number)
        value = float(step.rhs.subs({sp.Symbol(name): known[name] for name in names_in(step.rhs)}))
        known[step.name] = value
    return value


if __name__ == "__main__":
    os.environ["BPKIT_PROGRESS"] = ""
    for where, names in table().items():
        print(f'    "{where}": {names},')
