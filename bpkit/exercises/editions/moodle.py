"""Questions for Moodle's question bank, as XML: a category for each question, and its variants in it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from xml.etree.ElementTree import Element

from bpkit.core.spelling import readable
from bpkit.exercises.editions.bank import identity, named
from bpkit.exercises.editions.edition import Bank, Edition
from bpkit.exercises.editions.mistakes import Mistake, exact_mistakes, explained, mistakes, options, spellings
from bpkit.exercises.editions.shown_question import asked_alone, beside, svg, told
from bpkit.exercises.editions.xml import document, element
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Part
from bpkit.exercises.sheets.files import visible
from bpkit.show.drawing import Drawing
from bpkit.show.markup import as_html, image

USE = """In your course open the question bank, choose Import, then Moodle XML format, and take {place}. The category
bpkit then has a category for each question; a quiz can draw a random question from each. If you import the file a
second time, Moodle doubles the questions: delete the category bpkit first."""
PICTURE = "picture.svg"


@dataclass(frozen=True)
class Variant:
    """One variant of a question: its topic and name, which are its category, and the question itself."""

    topic: str
    name: str
    question: Element


def inline(latex: str) -> str:
    r"""A formula as Moodle's filters read it.

    >>> print(inline("w_1 < 1"))
    \(w_1 &lt; 1\)
    """
    return rf"\({escape(latex, quote=False)}\)"


def display(latex: str) -> str:
    r"""Lines of formulas as Moodle's filters read them.

    >>> print(display("$$E = 0.2335$$"))
    <p>\[E = 0.2335\]</p>
    """
    return f"<p>\\[{escape(latex.strip().strip('$').replace('{align}', '{aligned}'), quote=False)}\\]</p>"


@lru_cache(maxsize=4)
def worked(exercise: Exercise) -> str:
    """The worked solution, the same below every part and in every bank."""
    return as_html(exercise.solution._repr_markdown_(), inline, display)


def of_exercise(exercise: Exercise, number: int) -> list[Variant]:
    """Every part of an exercise that Moodle can mark by itself, numbers, words and whole numbers: variant so many.

    >>> import bpkit as bp
    >>> [variant.name for variant in of_exercise(bp.exercises.generate("net-and-out"), number=3)]
    ['net-and-out a', 'net-and-out b']
    """
    found = (
        (name, _question(exercise, letter, part, f"{name} {number:02d}")) for name, letter, part in named(exercise)
    )
    return [Variant(exercise.bank.topic, name, question) for name, question in found if question is not None]


def whole(variants: Sequence[Variant], title: str = "") -> str:
    """The file: category after category, the variants one after the other; ``title`` describes the categories.

    Moodle puts questions into a category that has this place already, and keeps each id number once in a category: it
    takes no question for known, but what came a second time has no id number.
    """
    groups: dict[tuple[str, str], list[Element]] = {}
    for one in variants:
        groups.setdefault((one.topic, one.name), []).append(one.question)
    rows = [row for (topic, name), found in groups.items() for row in (_category(topic, name, title), *found)]
    return document(element("quiz", *rows), rows)


def _category(topic: str, name: str, title: str) -> Element:
    place = "/".join(part.replace("/", "//") for part in ("top", "bpkit", topic, name))
    return element(
        "question",
        element("category", element("text", f"$course$/{place}")),
        *([element("info", element("text", visible(title)), format="plain_text")] if title else []),
        element("idnumber", f"bpkit {name}"),
        type="category",
    )


def _question(exercise: Exercise, letter: str, part: Part, name: str) -> Element | None:
    kind, extra, answers = _answers(exercise, part)
    if not kind:
        return None
    text = as_html(f"{told(exercise)}\n\n{asked_alone(exercise, part)}", inline, display)
    shown, file = _picture(beside(exercise))
    return element(
        "question",
        element("name", element("text", name)),
        element("questiontext", element("text", shown + text), file, format="html"),
        _html("generalfeedback", worked(exercise)),
        element("defaultgrade", f"{part.points:g}"),
        element("penalty", "0.3333333"),
        element("hidden", "0"),
        element("idnumber", identity(exercise, letter)),
        *extra,
        *answers,
        type=kind,
    )


def _answers(exercise: Exercise, part: Part) -> tuple[str, list[Element], list[Element]]:
    """The type of question that a part becomes, what else that type needs, and its answers; no type for other parts."""
    if isinstance(part, NumberPart):
        right = _answer(f"{part.right:.12g}", "100", f"Right: {readable(part.shown())}.", part.room)
        other = f"Not right. Give {part.digits} significant digits."
        return "numerical", [], [right, *_numbers(mistakes(part, exercise.declared), other)]
    if not isinstance(part, ExactPart):
        return "", [], []
    if part.options:
        single = {"single": "true", "shuffleanswers": "true", "answernumbering": "none"}
        chosen = [_option(one.text, one.right, one.said) for one in options(part)]
        return "multichoice", [element(tag, text) for tag, text in single.items()], chosen
    if part.reader == "whole":
        right = _answer(f"{part.answer}", "100", "Right.", 0.0)
        return "numerical", [], [right, *_numbers(exact_mistakes(part), "Not right. Give a whole number.")]
    if part.reader == "order":
        orders = [_answer(text, "100", "Right.") for text in spellings(part.answer)]
        wrong = [_answer(wrong.answer, "0", explained([wrong])) for wrong in part.wrong]
        return "shortanswer", [element("usecase", "0")], [*orders, *wrong, _answer("*", "0", "Not right.")]
    if part.reader == "word":  # nothing to choose from is known
        answers = [_answer(f"{part.answer}", "100", "Right."), _answer("*", "0", "Not right.")]
        return "shortanswer", [element("usecase", "0")], answers
    return "", [], []


def _picture(drawing: Drawing | None) -> tuple[str, Element | None]:
    """A picture as an image in the text, with its words, and the file that Moodle keeps beside the text."""
    if drawing is None:
        return "", None
    data = b64encode(svg(drawing).encode()).decode()
    file = element("file", data, name=PICTURE, path="/", encoding="base64")
    return image(f"@@PLUGINFILE@@/{PICTURE}", drawing.caption), file


def _html(tag: str, text: str) -> Element:
    return element(tag, element("text", text), format="html")


def _answer(value: str, fraction: str, said: str, tolerance: float | None = None) -> Element:
    return element(
        "answer",
        element("text", value),
        None if tolerance is None else element("tolerance", f"{tolerance:.12g}"),
        _html("feedback", f"<p>{escape(said)}</p>" if said else ""),
        fraction=fraction,
        format="moodle_auto_format",
    )


def _numbers(known: Sequence[Mistake], other: str) -> Iterator[Element]:
    """Every mistake with the interval of its answers, then everything else."""
    for mistake in known:
        yield _answer(f"{mistake.value:.12g}", "0", mistake.said, mistake.width)
    yield _answer("*", "0", other, 0.0)


def _option(text: str, right: bool, said: str) -> Element:
    return _answer(text, "100" if right else "0", "Right." if right else said or "Not right.")


EDITION = Edition(
    "moodle",
    "Moodle questions",
    bank=Bank("moodle/questions.xml", of_exercise, whole),
    use=USE,
)
