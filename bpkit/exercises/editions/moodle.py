"""Questions for Moodle's question bank, as XML: one category for each question, a variant from each sheet."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from html import escape

from bpkit.exercises.editions.mistakes import Mistake, exact_mistakes, explained, mistakes, options, spellings
from bpkit.exercises.editions.pictures import asked_alone, beside, svg, told
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Part
from bpkit.exercises.sheets.sheet import Sheet
from bpkit.show.drawing import Drawing
from bpkit.show.markup import as_html, image, typeset

PICTURE = "picture.svg"
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
    kind, extra, answers = _answers(exercise, part)
    if not kind:
        return ""
    text = as_html(f"{told(exercise)}\n\n{asked_alone(exercise, part)}", inline, display)
    shown, file = _picture(beside(exercise))
    solution = as_html(exercise.solution._repr_markdown_(), inline, display)
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


def _answers(exercise: Exercise, part: Part) -> tuple[str, str, list[str]]:
    """The type of question that a part becomes, what else that type needs, and its answers; no type for other parts."""
    if isinstance(part, NumberPart):
        right = _answer(f"{part.right:.12g}", "100", f"Right: {typeset(part.shown())}.", part.room)
        other = f"Not right. Give {part.digits} significant digits."
        return "numerical", "", [right, *_numbers(mistakes(part, exercise.declared), other)]
    if not isinstance(part, ExactPart):
        return "", "", []
    if part.options:
        single = "<single>true</single><shuffleanswers>true</shuffleanswers><answernumbering>none</answernumbering>"
        return "multichoice", single, [_option(one.text, one.right, one.said) for one in options(part)]
    if part.reader == "whole":
        right = _answer(f"{part.answer}", "100", "Right.", 0.0)
        return "numerical", "", [right, *_numbers(exact_mistakes(part), "Not right. Give a whole number.")]
    if part.reader == "order":
        orders = [_answer(text, "100", "Right.") for text in spellings(part.answer)]
        named = [_answer(wrong.answer, "0", explained([wrong])) for wrong in part.wrong]
        return "shortanswer", "<usecase>0</usecase>", [*orders, *named, _answer("*", "0", "Not right.")]
    if part.reader == "word":  # nothing to choose from is known
        answers = [_answer(f"{part.answer}", "100", "Right."), _answer("*", "0", "Not right.")]
        return "shortanswer", "<usecase>0</usecase>", answers
    return "", "", []


def _picture(drawing: Drawing | None) -> tuple[str, str]:
    """A picture as an image in the text, with its words, and the file that Moodle keeps beside the text."""
    if drawing is None:
        return "", ""
    data = b64encode(svg(drawing).encode()).decode()
    file = f'<file name="{PICTURE}" path="/" encoding="base64">{data}</file>'
    return image(f"@@PLUGINFILE@@/{PICTURE}", drawing.caption), file


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


def _answer(value: str, fraction: str, said: str, tolerance: float | None = None) -> str:
    more = f"<tolerance>{tolerance:.12g}</tolerance>" if tolerance is not None else ""
    feedback = f'<feedback format="html"><text>{_cdata(f"<p>{escape(said)}</p>" if said else "")}</text></feedback>'
    head = f'<answer fraction="{fraction}" format="moodle_auto_format"><text>{escape(value)}</text>'
    return f"{head}{more}{feedback}</answer>"


def _numbers(known: Sequence[Mistake], other: str) -> Iterator[str]:
    """Every mistake with the interval of its answers, then everything else."""
    for mistake in known:
        yield _answer(f"{mistake.value:.12g}", "0", mistake.said, mistake.width)
    yield _answer("*", "0", other, 0.0)


def _option(text: str, right: bool, said: str) -> str:
    return _answer(text, "100" if right else "0", "Right." if right else said or "Not right.")
