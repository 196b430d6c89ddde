"""Questions for Canvas, as a QTI 1.2 package: a group for each question, of which Canvas draws one variant.

Canvas reads such a package in two ways, as classic quizzes (``qti_exporter``) and as new ones (``instructure/qti``).
Both take every number or word that stands in a condition for a right answer, whatever score it is given. So the right
answer alone stands in a condition; the known mistakes are named in the general feedback.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from html import escape

from bpkit.exercises.editions.mistakes import exact_mistakes, explained, mistakes, options, spellings
from bpkit.exercises.editions.moodle import display, inline
from bpkit.exercises.editions.pictures import asked_alone, beside, svg, told
from bpkit.exercises.questions.decimals import DECIMALS, FINE, is_cut, margin
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Part
from bpkit.exercises.questions.streams import digest
from bpkit.exercises.questions.words import in_words
from bpkit.exercises.sheets.sheet import Sheet
from bpkit.show.drawing import Drawing
from bpkit.show.markup import as_html, image, typeset

QTI = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
CONTENT = "http://www.imsglobal.org/xsd/imscp_v1p1"
FOLDER = "bpkit"
FILES = "$IMS-CC-FILEBASE$"  # what both importers replace by the place of the package's files
ROUNDED = f"Canvas may round your number to {DECIMALS} decimals. That is fine."
Picture = tuple[str, str]  # the file's name, SVG text
Item = tuple[str, float, str, Picture | None]  # group, points, XML


def of_sheet(sheet: Sheet) -> list[Item]:
    """Every part of a sheet that Canvas can mark by itself: numbers, words and whole numbers."""
    found = []
    for number, exercise in enumerate(sheet, 1):
        for letter, part in exercise.parts.items():
            name = f"{exercise.id} {letter}" if len(exercise.parts) > 1 else exercise.id
            if xml := _item(exercise, part, name, f"{sheet.fingerprint}-{number}{letter}"):
                found.append((name, part.points, xml, _picture(beside(exercise))[0]))
    return found


def whole(sheets: Sequence[Sequence[Item]]) -> bytes:
    """The package: a manifest, one quiz with a section of all variants for each question, and the pictures."""
    rows = [item for sheet in sheets for item in sheet]
    sections = []
    for number, group in enumerate(dict.fromkeys(name for name, *_ in rows), 1):
        mine = [(points, xml) for name, points, xml, _ in rows if name == group]
        sections.append(
            f'<section ident="group-{number}" title={_quoted(group)}><selection_ordering><selection>'
            "<selection_number>1</selection_number><selection_extension>"
            f"<points_per_item>{mine[0][0]:g}</points_per_item></selection_extension></selection></selection_ordering>\n"
            + "\n".join(xml for _, xml in mine)
            + "\n</section>"
        )
    quiz = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<questestinterop xmlns="{QTI}">\n'
        '<assessment ident="bpkit" title="Backpropagation"><qtimetadata><qtimetadatafield>'
        "<fieldlabel>cc_maxattempts</fieldlabel><fieldentry>1</fieldentry></qtimetadatafield></qtimetadata>\n"
        '<section ident="root_section">\n' + "\n".join(sections) + "\n</section>\n</assessment>\n</questestinterop>\n"
    )
    pictures = dict(sorted({picture for *_, picture in rows if picture}))
    files = {"imsmanifest.xml": _manifest(pictures), f"{FOLDER}/bpkit.xml": quiz, **pictures}
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as file:  # stored: the same bytes with any zlib
        for name, text in files.items():
            file.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    return package.getvalue()


def _manifest(pictures: Iterable[str]) -> str:
    """What is in the package; Canvas takes along the files that are listed here."""
    shown = "".join(
        f'<resource identifier="picture-{number}" type="webcontent" href="{name}"><file href="{name}"/></resource>\n'
        for number, name in enumerate(pictures, 1)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<manifest identifier="bpkit-manifest" xmlns="{CONTENT}">\n'
        "<metadata><schema>IMS Content</schema><schemaversion>1.1.3</schemaversion></metadata>\n<organizations/>\n"
        f'<resources><resource identifier="bpkit" type="imsqti_xmlv1p2"><file href="{FOLDER}/bpkit.xml"/></resource>\n'
        f"{shown}</resources>\n</manifest>\n"
    )


def _picture(drawing: Drawing | None) -> tuple[Picture | None, str]:
    """A picture's file, and the image in a question's text."""
    if drawing is None:
        return None, ""
    text = svg(drawing)
    name = f"{FOLDER}/picture-{digest(text).hex()[:12]}.svg"
    return (name, text), image(f"{FILES}/{name}", drawing.caption)


def _quoted(text: str) -> str:
    return f'"{escape(text)}"'


def _item(exercise: Exercise, part: Part, name: str, where: str) -> str:
    kind, response, right = _response(part)
    if not kind:
        return ""
    note = f"\n\n{ROUNDED}" if isinstance(part, NumberPart) and is_cut(part) else ""
    asks = f"{told(exercise)}\n\n{asked_alone(exercise, part)}{note}"
    text = _picture(beside(exercise))[1] + as_html(asks, inline, display)
    solution = as_html(exercise.solution._repr_markdown_(), inline, display)
    fields = {"question_type": kind, "points_possible": f"{part.points:g}"}
    metadata = "".join(
        f"<qtimetadatafield><fieldlabel>{label}</fieldlabel><fieldentry>{entry}</fieldentry></qtimetadatafield>"
        for label, entry in fields.items()
    )
    return (
        f'<item ident="i{digest(where).hex()[:24]}" title={_quoted(name)}><itemmetadata><qtimetadata>{metadata}'
        "</qtimetadata></itemmetadata>\n"
        f"<presentation>{_html(text)}{response}</presentation>\n"
        '<resprocessing><outcomes><decvar maxvalue="100" minvalue="0" varname="SCORE" vartype="Decimal"/></outcomes>\n'
        '<respcondition continue="Yes"><conditionvar><other/></conditionvar>'
        '<displayfeedback feedbacktype="Response" linkrefid="general_fb"/></respcondition>\n'
        f'<respcondition continue="No"><conditionvar>{right}</conditionvar>'
        '<setvar action="Set" varname="SCORE">100</setvar></respcondition>\n</resprocessing>\n'
        f'<itemfeedback ident="general_fb"><flow_mat>{_html(solution + _others(exercise, part))}</flow_mat>'
        "</itemfeedback>\n</item>"
    )


def _html(text: str) -> str:
    return f'<material><mattext texttype="text/html">{escape(text)}</mattext></material>'


def _response(part: Part) -> tuple[str, str, str]:
    """The type of question that a part becomes, the place of its answer and the right one; no type for other parts."""
    if isinstance(part, NumberPart):
        return "numerical_question", _typed('fibtype="Decimal"'), _number(part.right, margin(part), FINE)
    if not isinstance(part, ExactPart):
        return "", "", ""
    if part.options:
        found = options(part)
        labels = "".join(
            f'<response_label ident="choice{place}"><material><mattext texttype="text/plain">{escape(one.text)}'
            "</mattext></material></response_label>"
            for place, one in enumerate(found, 1)
        )
        choice = f'<render_choice shuffle="Yes">{labels}</render_choice>'
        right = 1 + [one.right for one in found].index(True)
        response = f'<response_lid ident="response1" rcardinality="Single">{choice}</response_lid>'
        return "multiple_choice_question", response, _test("varequal", f"choice{right}")
    if part.reader == "whole":
        return "numerical_question", _typed('fibtype="Decimal"'), _number(part.answer, 0, 0)
    if part.reader == "order":
        texts = "".join(_test("varequal", text) for text in spellings(part.answer))
        return "short_answer_question", _typed(""), texts
    if part.reader == "word":  # nothing to choose from is known
        return "short_answer_question", _typed(""), _test("varequal", part.answer)
    return "", "", ""


def _typed(kind: str) -> str:
    return (
        f'<response_str ident="response1" rcardinality="Single"><render_fib {kind}><response_label ident="answer1"/>'
        "</render_fib></response_str>"
    )


def _test(name: str, value: str) -> str:
    return f'<{name} respident="response1">{escape(value)}</{name}>'


def _number(value: float, reach: float, decimals: int) -> str:
    """A number, and how far below and above it an answer may be."""
    shown, low, high = (f"{one:.{decimals}f}" for one in (value, value - reach, value + reach))
    return f"<or>{_test('varequal', shown)}<and>{_test('vargte', low)}{_test('varlte', high)}</and></or>"


def _others(exercise: Exercise, part: Part) -> str:
    """The known mistakes, each with the answers that it leads to."""
    if isinstance(part, NumberPart):
        known = [(typeset(part.shown(one.value)), one.said) for one in mistakes(part, exercise.declared)]
    elif isinstance(part, ExactPart) and part.options:
        known = [(one.text, one.said) for one in options(part) if one.said]
    elif isinstance(part, ExactPart) and part.reader == "whole":
        known = [(typeset(f"{one.value:g}"), one.said) for one in exact_mistakes(part)]
    elif isinstance(part, ExactPart) and part.reader == "order":
        known = [(wrong.answer, explained([wrong])) for wrong in part.wrong]
    else:
        known = []
    if not known:
        return ""
    lines = {said: in_words([answer for answer, mine in known if mine == said]) for _, said in known}
    items = "".join(f"<li><b>{escape(answers)}</b> {escape(said)}</li>" for said, answers in lines.items())
    return f"<p>Other answers, and the mistakes that lead to them:</p><ul>{items}</ul>"
