"""Printable pages that need nothing from anywhere: a learner's sheet, its solutions, and a marking key on one page."""

from __future__ import annotations

from html import escape

from bpkit.core.model import Model
from bpkit.exercises.editions.notebooks import question_text
from bpkit.exercises.editions.pictures import beside, svg
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Part
from bpkit.exercises.questions.written import FunctionPart
from bpkit.exercises.sheets.sheet import Sheet
from bpkit.exercises.templates import page
from bpkit.show.markup import as_html, typeset


def _titled(sheet: Sheet, what: str) -> str:
    return f"{what} for {sheet.learner}" if sheet.learner else what


def _question(number: int, sheet: Sheet) -> str:
    exercise = sheet[number]
    heading, _, body = question_text(number, exercise).partition("\n\n")
    code = any(isinstance(part, FunctionPart) for part in exercise.content.parts)
    drawing = None if code else beside(exercise)
    model = exercise.task.problems and isinstance(exercise.problem.network, Model)
    wide = ' style="float: none; width: 100%; margin: 0 0 .5rem"' if model else ""
    picture = f"<figure{wide}>{svg(drawing)}</figure>\n" if drawing else ""
    return f"<h2>{escape(heading.removeprefix('## '))}</h2>\n{picture}{as_html(body)}\n"


def learner_page(sheet: Sheet) -> str:
    """The questions with room for the answers."""
    sections = []
    for number in range(1, len(sheet) + 1):
        keys = [key for key, (place, _) in sheet.places.items() if place == number]
        room = "".join(f'<div class="answer">{key}:</div>\n' for key in keys)
        sections.append(f'<section class="whole">\n{_question(number, sheet)}{room}</section>')
    return page(_titled(sheet, "Exercises"), "\n".join(sections))


def solution_page(sheet: Sheet) -> str:
    """The questions with their answers and the worked solutions."""
    sections = []
    for number, exercise in enumerate(sheet, 1):
        keys = [key for key, (place, _) in sheet.places.items() if place == number]
        answers = as_html("\n".join(f"- **{key}:** {sheet.parts[key].written}" for key in keys))
        worked = as_html(exercise.solution._repr_markdown_())
        asked = f'<section class="whole">\n{_question(number, sheet)}</section>'
        found = f"<h3>{number}. The answer{'s' * (len(keys) > 1)}</h3>\n{answers}"
        sections.append(f"{asked}\n<section>\n<h3>{number}. The lines</h3>\n{worked}\n{found}</section>")
    return page(_titled(sheet, "Solutions"), "\n".join(sections))


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
        cells = (shown(part), tolerance(part), f"{part.points:g}", mistakes)
        rows.append(f'<tr><th scope="row">{key}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>')
    head = "".join(f'<th scope="col">{cell}</th>' for cell in ("", "answer", "up to", "points", "wrong answers"))
    body = "\n".join(rows)
    return page(
        _titled(sheet, "Marking key"),
        f'<table class="key"><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>',
    )


def shown(part: Part, answer: object = None) -> str:
    """An answer as a person writes it."""
    value = part.answer if answer is None else answer
    if isinstance(part, NumberPart) and isinstance(value, float):
        return typeset(part.shown(value))
    if isinstance(part, ExactPart) and isinstance(value, list):
        return ", ".join(value)
    return typeset(str(value)) if isinstance(value, int | float) else str(value)


def tolerance(part: Part) -> str:
    """The largest error that still counts as right."""
    return f"± {part.room:.2g}" if isinstance(part, NumberPart) else ""
