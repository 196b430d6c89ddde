"""Questions for Moodle's question bank, as XML: one category for each question, a variant from each sheet."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import escape

from bpkit.core.network import Network
from bpkit.core.paper import half_unit
from bpkit.exercises.editions.markup import as_html
from bpkit.exercises.exercise import Exercise
from bpkit.exercises.parts import ExactPart, NumberPart, Part, Wrong
from bpkit.exercises.sheet import Sheet
from bpkit.show.diagram import diagram

PICTURE = "network.svg"
Variant = tuple[str, str, str]  # category, question, XML


def inline(latex: str) -> str:
    """A formula as Moodle's filters read it."""
    return rf"\({escape(latex, quote=False)}\)"


def display(latex: str) -> str:
    """Lines of formulas as Moodle's filters read them."""
    return f"<p>\\[{escape(latex.strip().strip('$').replace('{align}', '{aligned}'), quote=False)}\\]</p>"


def of_sheet(sheet: Sheet) -> list[Variant]:
    """Every part of a sheet that Moodle can mark by itself: numbers, words and whole numbers."""
    found = []
    for exercise in sheet:
        for letter, part in exercise.parts.items():
            several = len(exercise.parts) > 1
            name = f"{exercise.id} {letter}" if several else exercise.id
            if xml := _question(exercise, part, name):
                found.append((f"{exercise.bank.topic}/{name}", sheet.learner, xml))
    return found


def whole(sheets: Sequence[Sequence[Variant]]) -> str:
    """The file: category after category, the variants one after the other."""
    rows = [variant for sheet in sheets for variant in sheet]
    text = ['<?xml version="1.0" encoding="UTF-8"?>', "<quiz>"]
    for category in dict.fromkeys(category for category, _, _ in rows):
        where = escape(f"$course$/top/bpkit/{category}")
        text.append(f'<question type="category"><category><text>{where}</text></category></question>')
        text += [xml for own, _, xml in rows if own == category]
    return "\n".join([*text, "</quiz>", ""])


def _question(exercise: Exercise, part: Part, name: str) -> str:
    if isinstance(part, NumberPart):
        kind, answers = "numerical", list(_numerical(exercise, part))
    elif isinstance(part, ExactPart) and part.reader in ("word", "whole"):
        kind, answers = "shortanswer", list(_short(exercise, part))
    else:
        return ""
    text = as_html(f"{exercise.content.tell()}\n\n{part.asks}", inline, display)
    shown, file = _picture(exercise.problem.network)
    solution = as_html(exercise.solution._repr_markdown_(), inline, display)
    extra = "<usecase>0</usecase>" if kind == "shortanswer" else ""
    return "\n".join(
        [
            f'<question type="{kind}">',
            f"<name><text>{escape(name)}</text></name>",
            f'<questiontext format="html"><text>{_cdata(shown + text)}</text>{file}</questiontext>',
            f'<generalfeedback format="html"><text>{_cdata(solution)}</text></generalfeedback>',
            f"<defaultgrade>{part.points:g}</defaultgrade><penalty>0.3333333</penalty><hidden>0</hidden>{extra}",
            *answers,
            "</question>",
        ]
    )


@lru_cache(maxsize=64)
def _picture(network: Network) -> tuple[str, str]:
    """The network as an image in the text, with its words, and the file that Moodle keeps beside the text."""
    drawn = diagram(network)
    data = b64encode(str(drawn.figure).encode()).decode()
    image = f'<p><img src="@@PLUGINFILE@@/{PICTURE}" alt="{escape(drawn.caption)}"></p>\n'
    return image, f'<file name="{PICTURE}" path="/" encoding="base64">{data}</file>'


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


def _answer(value: str, fraction: str, said: str, tolerance: float | None = None) -> str:
    more = f"<tolerance>{tolerance:.12g}</tolerance>" if tolerance is not None else ""
    feedback = f'<feedback format="html"><text>{_cdata(f"<p>{escape(said)}</p>" if said else "")}</text></feedback>'
    head = f'<answer fraction="{fraction}" format="moodle_auto_format"><text>{escape(value)}</text>'
    return f"{head}{more}{feedback}</answer>"


def disjoint(part: NumberPart, declared: Sequence[str]) -> list[tuple[Wrong, float, float]]:
    """The declared wrong numbers with their middle and half width, none of which reaches into another's interval."""
    taken = [(part.right, max(part.slack, part.tolerance))]
    found = []
    for wrong in part.wrong:
        width = half_unit(wrong.answer, part.digits)
        if wrong.name in declared and all(abs(wrong.answer - middle) > width + own for middle, own in taken):
            taken.append((wrong.answer, width))
            found.append((wrong, float(wrong.answer), width))
    return found


def _numerical(exercise: Exercise, part: NumberPart) -> Iterator[str]:
    """The right answer with its tolerance, then every misconception that it can be told from, then everything else."""
    yield _answer(f"{part.right:.12g}", "100", f"Right: {part.shown()}.", max(part.slack, part.tolerance))
    for wrong, value, width in disjoint(part, exercise.declared):
        yield _answer(f"{value:.12g}", "0", f"This comes out when one {wrong.name}: {wrong.sentence}.", width)
    yield _answer("*", "0", f"Not the number. {part.digits} significant digits are asked.", 0.0)


def _short(exercise: Exercise, part: ExactPart) -> Iterator[str]:
    yield _answer(str(part.right), "100", "Right.")
    seen = {str(part.right)}
    for wrong in part.wrong:
        if str(wrong.answer) not in seen:
            seen.add(str(wrong.answer))
            yield _answer(str(wrong.answer), "0", f"This comes out when one {wrong.name}: {wrong.sentence}.")
    asked = f" Choose one of {', '.join(part.options)}." if part.options else ""
    yield _answer("*", "0", f"Not right.{asked}")
