"""Questions for Canvas, as a QTI 1.2 package: a group for each question, of which Canvas draws one variant."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from html import escape

from bpkit.exercises.editions.markup import as_html
from bpkit.exercises.editions.moodle import disjoint, display, inline
from bpkit.exercises.exercise import Exercise
from bpkit.exercises.parts import ExactPart, NumberPart, Part, Wrong
from bpkit.exercises.sheet import Sheet
from bpkit.exercises.streams import digest

QTI = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
CONTENT = "http://www.imsglobal.org/xsd/imscp_v1p1"
# Canvas keeps four decimals: what needs more of them is asked for as ten thousand times its value.
SCALE, FINEST = 10_000, 1e-3
Item = tuple[str, float, str]  # group, points, XML


def of_sheet(sheet: Sheet) -> list[Item]:
    """Every part of a sheet that Canvas can mark by itself: numbers, words and whole numbers."""
    found = []
    for number, exercise in enumerate(sheet, 1):
        for letter, part in exercise.parts.items():
            name = f"{exercise.id} {letter}" if len(exercise.parts) > 1 else exercise.id
            if xml := _item(exercise, part, name, f"{sheet.fingerprint}-{number}{letter}"):
                found.append((name, part.points, xml))
    return found


def whole(sheets: Sequence[Sequence[Item]]) -> bytes:
    """The package: a manifest and one quiz, a section with all variants for each question."""
    rows = [item for sheet in sheets for item in sheet]
    sections = []
    for number, group in enumerate(dict.fromkeys(name for name, _, _ in rows), 1):
        mine = [(points, xml) for name, points, xml in rows if name == group]
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
    manifest = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<manifest identifier="bpkit-manifest" xmlns="{CONTENT}">\n'
        "<metadata><schema>IMS Content</schema><schemaversion>1.1.3</schemaversion></metadata>\n<organizations/>\n"
        '<resources><resource identifier="bpkit" type="imsqti_xmlv1p2"><file href="bpkit/bpkit.xml"/></resource>'
        "</resources>\n</manifest>\n"
    )
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as file:  # stored: the same bytes with any zlib
        for name, text in (("imsmanifest.xml", manifest), ("bpkit/bpkit.xml", quiz)):
            file.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    return package.getvalue()


def scale_of(part: NumberPart) -> int:
    """What the answer is multiplied by, so that Canvas's four decimals are enough."""
    return SCALE if max(part.tolerance, part.slack) < FINEST else 1


def _quoted(text: str) -> str:
    return f'"{escape(text)}"'


def _item(exercise: Exercise, part: Part, name: str, where: str) -> str:
    if isinstance(part, NumberPart):
        kind, asks, conditions = "numerical_question", _scaled(part), _numbers(exercise, part)
    elif isinstance(part, ExactPart) and part.reader in ("word", "whole"):
        kind, asks, conditions = "short_answer_question", part.asks, _words(part)
    else:
        return ""
    text = as_html(f"{exercise.content.tell()}\n\n{asks}", inline, display)
    solution = as_html(exercise.solution._repr_markdown_(), inline, display)
    blank = '<render_fib fibtype="Decimal">' if kind.startswith("num") else "<render_fib>"
    fields = {"question_type": kind, "points_possible": f"{part.points:g}"}
    metadata = "".join(
        f"<qtimetadatafield><fieldlabel>{label}</fieldlabel><fieldentry>{entry}</fieldentry></qtimetadatafield>"
        for label, entry in fields.items()
    )
    rules, said = [], [_feedback("general_fb", solution)]
    for number, (test, score, message) in enumerate(conditions):
        link = f"answer_{number}_fb"
        said.append(_feedback(link, f"<p>{escape(message)}</p>"))
        setting = f'<setvar action="Set" varname="SCORE">{score}</setvar>'
        shown = f'<displayfeedback feedbacktype="Response" linkrefid="{link}"/>'
        rules.append(
            f'<respcondition continue="No"><conditionvar>{test}</conditionvar>{setting}{shown}</respcondition>'
        )
    return (
        f'<item ident="i{digest(where).hex()[:24]}" title={_quoted(name)}><itemmetadata><qtimetadata>{metadata}'
        "</qtimetadata></itemmetadata>\n"
        f'<presentation><material><mattext texttype="text/html">{escape(text)}</mattext></material>'
        f'<response_str ident="response1" rcardinality="Single">{blank}<response_label ident="answer1"/>'
        "</render_fib></response_str></presentation>\n"
        '<resprocessing><outcomes><decvar maxvalue="100" minvalue="0" varname="SCORE" vartype="Decimal"/></outcomes>\n'
        '<respcondition continue="Yes"><conditionvar><other/></conditionvar>'
        '<displayfeedback feedbacktype="Response" linkrefid="general_fb"/></respcondition>\n'
        + "\n".join([*rules, "</resprocessing>", *said, "</item>"])
    )


def _feedback(ident: str, html: str) -> str:
    return (
        f'<itemfeedback ident="{ident}"><flow_mat><material><mattext texttype="text/html">{escape(html)}</mattext>'
        "</material></flow_mat></itemfeedback>"
    )


def _scaled(part: NumberPart) -> str:
    if scale_of(part) == 1:
        return part.asks
    return f"{part.asks}. **Give ten thousand times this number** (for 0.5 that is 5000)."


def _between(value: float, reach: float, scale: int) -> str:
    """A number, or anything from so much below to so much above it."""
    shown = f"{value * scale:.4f}"
    low, high = f"{(value - reach) * scale:.4f}", f"{(value + reach) * scale:.4f}"
    return (
        f'<or><varequal respident="response1">{shown}</varequal><and><vargte respident="response1">{low}</vargte>'
        f'<varlte respident="response1">{high}</varlte></and></or>'
    )


def _numbers(exercise: Exercise, part: NumberPart) -> list[tuple[str, int, str]]:
    """The right answer, then the misconceptions that can be told from it and from each other."""
    scale = scale_of(part)
    right = _between(part.right, max(part.slack, part.tolerance), scale)
    return [
        (right, 100, "Right."),
        *(
            (_between(value, width, scale), 0, _about(wrong))
            for wrong, value, width in disjoint(part, exercise.declared)
        ),
    ]


def _words(part: ExactPart) -> list[tuple[str, int, str]]:
    wrong = {str(one.answer): one for one in reversed(part.wrong) if str(one.answer) != str(part.right)}
    return [
        (_equal(str(part.right)), 100, "Right."),
        *((_equal(answer), 0, _about(one)) for answer, one in wrong.items()),
    ]


def _equal(text: str) -> str:
    return f'<varequal respident="response1">{escape(text)}</varequal>'


def _about(wrong: Wrong) -> str:
    return f"This comes out when one {wrong.name}: {wrong.sentence}."
