"""Questions for Canvas, as a QTI 1.2 package: a group for each question, from which Canvas draws one variant.

Canvas reads such a package in two ways, as classic quizzes (``qti_exporter``) and as new ones (``instructure/qti``).
Both take every number or word that stands in a condition for a right answer, whatever score it is given. So only the
right answer is in a condition; the known mistakes are named in the general feedback.

The identifiers depend on nothing but the content: an import that overwrites what has the same identifiers, which
Canvas asks about, brings no question a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from xml.etree.ElementTree import Element

from bpkit.core.spelling import readable
from bpkit.exercises.editions.bank import identity, named
from bpkit.exercises.editions.edition import Bank, Edition
from bpkit.exercises.editions.mistakes import exact_mistakes, explained, mistakes, options, spellings
from bpkit.exercises.editions.moodle import display, inline, worked
from bpkit.exercises.editions.shown_question import asked_alone, beside, svg, told
from bpkit.exercises.editions.xml import document, element
from bpkit.exercises.questions.decimals import DECIMALS, FINE, is_cut, margin
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Part
from bpkit.exercises.questions.streams import digest
from bpkit.exercises.questions.words import in_words
from bpkit.exercises.sheets.files import visible
from bpkit.exercises.sheets.zips import zipped
from bpkit.show.drawing import Drawing
from bpkit.show.markup import as_html, image

QTI = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
CONTENT = "http://www.imsglobal.org/xsd/imscp_v1p1"
FOLDER = "bpkit"
USE = """In your course open Settings, choose Import Course Content, then QTI .zip file, and take {place}. Tick
"Overwrite assessment content with matching IDs": a second import then replaces the quiz and does not double it."""
FILES = "$IMS-CC-FILEBASE$"  # what both importers replace by the place of the package's files
ROUNDED = f"Canvas may round your number to {DECIMALS} decimals. That is fine."
Picture = tuple[str, str]  # the file's name, SVG text


@dataclass(frozen=True)
class Variant:
    """One variant of a question: its name, which is its group's too, its points, the item and its picture."""

    name: str
    points: float
    item: Element
    picture: Picture | None


def of_exercise(exercise: Exercise, number: int) -> list[Variant]:
    """Every part of an exercise that Canvas can mark by itself, numbers, words and whole numbers: variant so many.

    >>> import bpkit as bp
    >>> [variant.name for variant in of_exercise(bp.exercises.generate("net-and-out"), number=3)]
    ['net-and-out a', 'net-and-out b']
    """
    picture = _picture(beside(exercise))[0]
    found = (
        (name, part, _item(exercise, letter, part, f"{name} {number:02d}")) for name, letter, part in named(exercise)
    )
    return [Variant(name, part.points, item, picture) for name, part, item in found if item is not None]


def whole(variants: Sequence[Variant], title: str = "") -> bytes:
    """The package: a manifest, a quiz of that ``title`` with a section of variants for each question, pictures."""
    groups: dict[str, list[Variant]] = {}
    for one in variants:
        groups.setdefault(one.name, []).append(one)
    # The same questions, difficulty and seed are the same quiz, however many variants it has.
    quiz = f"bpkit-{digest(*((name, found[0].item.get('ident')) for name, found in groups.items())).hex()[:16]}"
    root = element(
        "questestinterop",
        element(
            "assessment",
            element("qtimetadata", _field("cc_maxattempts", "1")),
            element("section", *(_group(name, found) for name, found in groups.items()), ident="root_section"),
            ident=quiz,
            title=visible(title) or "Backpropagation",
        ),
        xmlns=QTI,
    )
    pictures = dict(sorted({one.picture for one in variants if one.picture}))
    text = document(root, [one.item for one in variants])
    files = {"imsmanifest.xml": _manifest(pictures), f"{FOLDER}/bpkit.xml": text, **pictures}
    return zipped(files, compressed=False)


def _group(name: str, variants: Sequence[Variant]) -> Element:
    """A section from which Canvas draws one item."""
    points = element("selection_extension", element("points_per_item", f"{variants[0].points:g}"))
    drawn = element("selection_ordering", element("selection", element("selection_number", "1"), points))
    ident = f"group-{name.replace(' ', '-')}"
    return element("section", drawn, *(one.item for one in variants), ident=ident, title=name)


def _manifest(pictures: Iterable[str]) -> str:
    """What is in the package; Canvas takes along the files that are listed here."""
    quiz = element("resource", _file(f"{FOLDER}/bpkit.xml"), identifier="bpkit", type="imsqti_xmlv1p2")
    shown = [
        element("resource", _file(name), identifier=f"picture-{number}", type="webcontent", href=name)
        for number, name in enumerate(pictures, 1)
    ]
    about = element("metadata", element("schema", "IMS Content"), element("schemaversion", "1.1.3"))
    root = element(
        "manifest",
        about,
        element("organizations"),
        element("resources", quiz, *shown),
        identifier="bpkit-manifest",
        xmlns=CONTENT,
    )
    return document(root, [quiz, *shown])


def _file(place: str) -> Element:
    return element("file", href=place)


def _picture(drawing: Drawing | None) -> tuple[Picture | None, str]:
    """A picture's file, and the image in a question's text."""
    if drawing is None:
        return None, ""
    text = svg(drawing)
    name = f"{FOLDER}/picture-{digest(text).hex()[:12]}.svg"
    return (name, text), image(f"{FILES}/{name}", drawing.caption)


def _field(label: str, entry: str) -> Element:
    return element("qtimetadatafield", element("fieldlabel", label), element("fieldentry", entry))


def _item(exercise: Exercise, letter: str, part: Part, name: str) -> Element | None:
    kind, response, right = _response(part)
    if response is None:
        return None
    note = f"\n\n{ROUNDED}" if isinstance(part, NumberPart) and is_cut(part) else ""
    asks = f"{told(exercise)}\n\n{asked_alone(exercise, part)}{note}"
    text = _picture(beside(exercise))[1] + as_html(asks, inline, display)
    said = worked(exercise) + _others(exercise, part)
    fields = (_field("question_type", kind), _field("points_possible", f"{part.points:g}"))
    score = element("decvar", maxvalue="100", minvalue="0", varname="SCORE", vartype="Decimal")
    shown = element("displayfeedback", feedbacktype="Response", linkrefid="general_fb")
    full = element("setvar", "100", action="Set", varname="SCORE")
    return element(
        "item",
        element("itemmetadata", element("qtimetadata", *fields)),
        element("presentation", _html(text), response),
        element(
            "resprocessing",
            element("outcomes", score),
            _rule("Yes", element("conditionvar", element("other")), shown),
            _rule("No", element("conditionvar", *right), full),
        ),
        element("itemfeedback", element("flow_mat", _html(said)), ident="general_fb"),
        ident=f"i{identity(exercise, letter)}",
        title=name,
    )


def _rule(on: str, *inside: Element) -> Element:
    return element("respcondition", *inside, **{"continue": on})


def _html(text: str) -> Element:
    return element("material", element("mattext", text, texttype="text/html"))


def _response(part: Part) -> tuple[str, Element | None, list[Element]]:
    """The type of question that a part becomes, the place of its answer and the right one; none for other parts."""
    if isinstance(part, NumberPart):
        return "numerical_question", _typed("Decimal"), [_number(part.right, margin(part), FINE)]
    if not isinstance(part, ExactPart):
        return "", None, []
    if part.options:
        found = options(part)
        labels = [_label(f"choice{place}", one.text) for place, one in enumerate(found, 1)]
        right = 1 + [one.right for one in found].index(True)
        choice = element("render_choice", *labels, shuffle="Yes")
        response = element("response_lid", choice, ident="response1", rcardinality="Single")
        return "multiple_choice_question", response, [_test("varequal", f"choice{right}")]
    if part.reader == "whole":
        return "numerical_question", _typed("Decimal"), [_number(part.answer, 0, 0)]
    if part.reader == "order":
        return "short_answer_question", _typed(), [_test("varequal", text) for text in spellings(part.answer)]
    if part.reader == "word":  # nothing to choose from is known
        return "short_answer_question", _typed(), [_test("varequal", str(part.answer))]
    return "", None, []


def _label(ident: str, text: str) -> Element:
    words = element("mattext", text, texttype="text/plain")
    return element("response_label", element("material", words), ident=ident)


def _typed(kind: str = "") -> Element:
    """The place of an answer to type: of a number, or of any text."""
    box = element("render_fib", element("response_label", ident="answer1"), **({"fibtype": kind} if kind else {}))
    return element("response_str", box, ident="response1", rcardinality="Single")


def _test(name: str, value: str) -> Element:
    return element(name, value, respident="response1")


def _number(value: float, reach: float, decimals: int) -> Element:
    """A number, and how far below and above it an answer may be."""
    shown, low, high = (f"{one:.{decimals}f}" for one in (value, value - reach, value + reach))
    return element("or", _test("varequal", shown), element("and", _test("vargte", low), _test("varlte", high)))


def _others(exercise: Exercise, part: Part) -> str:
    """The known mistakes, each with the answers that it leads to."""
    if isinstance(part, NumberPart):
        known = [(readable(part.shown(one.value)), one.said) for one in mistakes(part, exercise.declared)]
    elif isinstance(part, ExactPart) and part.options:
        known = [(one.text, one.said) for one in options(part) if one.said]
    elif isinstance(part, ExactPart) and part.reader == "whole":
        known = [(readable(f"{one.value:g}"), one.said) for one in exact_mistakes(part)]
    elif isinstance(part, ExactPart) and part.reader == "order":
        known = [(wrong.answer, explained([wrong])) for wrong in part.wrong]
    else:
        known = []
    if not known:
        return ""
    lines = {said: in_words([answer for answer, mine in known if mine == said]) for _, said in known}
    items = "".join(f"<li><b>{escape(answers)}</b> {escape(said)}</li>" for said, answers in lines.items())
    return f"<p>Other answers, and the mistakes that lead to them:</p><ul>{items}</ul>"


EDITION = Edition(
    "canvas",
    "Canvas questions",
    bank=Bank("canvas/questions.zip", of_exercise, whole),
    use=USE,
)
