"""Editions for paper and for learning systems: formulas drawn without a network, questions read back and marked."""

from __future__ import annotations

import base64
import copy
import html
import io
import math
import pickle
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from typing import Any

import canvas_importers
import pytest
from every_question import every_question
from qti_structure import wrong_in
from shown_work import without_shown_work
from thorough import THOROUGH, many

from bpkit.core.errors import BpkitError
from bpkit.core.spelling import readable
from bpkit.examples import article
from bpkit.exercises import generate, make_sheet, open_sheet
from bpkit.exercises.editions import canvas, check_editions, moodle, pages
from bpkit.exercises.editions.bank import check_variants, identity, vary
from bpkit.exercises.editions.produce import produce
from bpkit.exercises.editions.shown_question import own, svg
from bpkit.exercises.editions.xml import document, element
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Part, Wrong
from bpkit.exercises.sheets.cohort import Plan, plan
from bpkit.exercises.sheets.sheet import Sheet
from bpkit.mistakes.hand_rounding import half_unit
from bpkit.page.in_page import display
from bpkit.show.diagram import diagram
from bpkit.show.markup import as_html
from bpkit.show.mathml import lines_table, mathml

PAGES = many(1, 5)


def sheet_of(seed: int) -> Sheet:
    return every_question(seed, "Ada <b>")


@cache
def sheets_of(thorough: int) -> tuple[Sheet, ...]:
    """Sheets of which a question bank is made: so many with every question, or usually one, and one with fewer."""
    if THOROUGH:
        return tuple(map(sheet_of, range(thorough)))
    return sheet_of(0), make_sheet(seed=1, learner="Ada <b>", difficulty="hard")


class Balanced(HTMLParser):
    """Notes tags that are not closed in order, and every address."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]
        if tag not in ("meta", "br", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass


@pytest.mark.parametrize("seed", range(PAGES))
def test_pages_are_whole_need_nothing_and_draw_every_formula(seed: int) -> None:
    sheet = sheet_of(seed)
    for make in (pages.learner_page, pages.solution_page, pages.key_page):
        text = make(sheet)
        reader = Balanced()
        reader.feed(text)
        assert (reader.wrong, reader.open, reader.addresses) == ([], [], [])
        assert "http" not in re.sub(r"http://www\.w3\.org/(1998/Math/MathML|2000/svg)", "", text)
        assert "@import" not in text
        assert "url(" not in text
        assert "Ada &lt;b&gt;" in text
        assert '<html lang="en">' in text
        plain = re.sub(r"<(script|style|pre|code)\b.*?</\1>", "", text, flags=re.DOTALL)
        assert not re.search(r"\\[a-z]+|\$", plain), re.search(r"\\[a-z]+|\$", plain)
        for table in re.findall(r"<table[^>]*><thead>.*?</table>", text, re.DOTALL):
            assert 'scope="col"' in table


_DRAWN = re.compile(r"<(?:path|rect|line|circle|ellipse|text|svg)\b[^>]*>")


def without_places(page: str) -> str:
    """A page without its style and the places of what its pictures show: those numbers are no answers."""
    page = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return _DRAWN.sub(lambda tag: "".join(re.findall(r"aria-label='[^']*'", tag[0])), page)


def test_a_learner_page_holds_no_answer_and_a_solution_page_all_of_them() -> None:
    for seed in range(PAGES):
        sheet = sheet_of(seed)
        learner = without_shown_work(sheet, without_places(pages.learner_page(sheet)))
        solution, key_page = pages.solution_page(sheet), pages.key_page(sheet)
        for key, part in sheet.parts.items():
            if isinstance(part, NumberPart):
                assert f"{abs(part.right):.3g}" not in learner, (seed, key)
                assert part.shown().lstrip("-") in solution
                assert readable(part.shown()) in key_page
        assert all(f">{key}:</div>" in learner for key in sheet.parts)


def test_formulas_become_mathml() -> None:
    assert mathml("w_{1}") == (
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><msub><mi>w</mi><mn>1</mn></msub></math>'
    )
    whole = mathml(r"\frac{\partial E}{\partial w_{1}} = - 0.5 \times e^{- x_{1}^{2}}")
    root = ET.fromstring(whole)
    name = "{http://www.w3.org/1998/Math/MathML}"
    assert [one.tag.removeprefix(name) for one in root[0]] == ["mfrac", "mo", "mo", "mn", "mo", "msup"]
    assert "".join(root.itertext()) == "∂E∂w1=−0.5×e−x12"
    cases = mathml(r"\begin{cases} 1 & \text{for}\: z > 0 \\0 & \text{otherwise} \end{cases}")
    assert len(ET.fromstring(cases).findall(f".//{name}mtr")) == 2
    assert "&lt;" in mathml("a < b")
    squared = ET.fromstring(mathml(r"\left(y_{1} - \left(a\right)\right)^{2}"))[0]  # the power is the whole bracket's
    assert (squared.tag, "".join(squared[0].itertext())) == (f"{name}msup", "(y1−(a))")


def shape(latex: str) -> str:
    """A formula's elements without their attributes, each with what it holds."""

    def told(one: ET.Element) -> str:
        inside = " ".join(map(told, one)) or one.text or ""
        return f"{one.tag.rpartition('}')[2].removeprefix('m')}[{inside}]"

    return " ".join(map(told, ET.fromstring(mathml(latex))))


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\underbrace{w_2 x}_{\text{one weight}}", "under[under[row[sub[i[w] n[2]] i[x]] o[⏟]] text[one weight]]"),
        (r"\overbrace{x}^{n}", "over[over[i[x] o[⏞]] i[n]]"),
        (r"w \pm h \dots", "row[i[w] o[±] i[h] o[…]]"),
        (r"a, \qquad b", "row[i[a] o[,] space[] i[b]]"),
        (r"E''' + \sigma'(x)", "row[sup[i[E] o[′′′]] o[+] sup[i[σ] o[′]] o[(] i[x] o[)]]"),
        (r"\tfrac12 x_12", "row[style[frac[n[1] n[2]]] sub[i[x] n[1]] n[2]]"),
        (r"\sum_{i=1}^{n} x", "row[underover[o[∑] row[i[i] o[=] n[1]] i[n]] i[x]]"),
        (r"\ln p + \ln(p)", "row[i[ln] space[] i[p] o[+] i[ln] o[(] i[p] o[)]]"),
        (r"\left. x \right|_0", "sub[row[i[x] o[|]] n[0]]"),
        (r"\Big( x \Big) | \phantom{y}", "row[o[(] i[x] o[)] o[|] phantom[i[y]]]"),
        (r"\hat y", "over[i[y] o[^]]"),
        (r"\text{the slope {of} it}", "text[the slope of it]"),
        (
            r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}",
            "row[o[(] table[tr[td[n[1]] td[n[2]]] tr[td[n[3]] td[n[4]]]] o[)]]",
        ),
    ],
)
def test_formulas_of_lessons_become_mathml(latex: str, expected: str) -> None:
    assert shape(latex) == expected


def test_a_sign_in_a_matrix_belongs_to_its_number() -> None:
    assert "infix" not in mathml(r"\begin{pmatrix} 1 & -2 \\ \end{pmatrix}")
    assert "infix" in mathml(r"\begin{aligned} a & = -2 \\ \end{aligned}")


def test_a_box_has_a_border_of_its_own_and_its_sign_stands_close() -> None:
    assert mathml(r"\boxed{-2} x").count("border:1px solid") == 1
    assert shape(r"\boxed{-2} x") == "row[row[row[o[−] n[2]]] i[x]]"


def test_words_keep_the_spaces_at_their_ends() -> None:
    assert "<mtext>\N{NO-BREAK SPACE}for all\N{NO-BREAK SPACE}</mtext>" in mathml(r"\text{ for  all }")


def test_the_table_of_a_derivation_has_a_row_for_each_of_its_lines() -> None:
    lines = article.problem.derivation
    rows = re.findall(r"<tr>.*?\((\d+)\)", lines_table(lines._repr_latex_()), re.DOTALL)
    assert list(map(int, rows)) == [step.number for step in lines]


def test_lines_are_lined_up_at_their_ampersands() -> None:
    latex = r"\begin{aligned}[t] a &= b && \text{why } w_\text{a} \text{ to} \\[4pt]"
    latex += r" &+ c \begin{aligned} d \end{aligned} \\ \end{aligned}"
    rows = ET.fromstring(mathml(latex))[0]
    cells = [["".join(cell.itertext()) for cell in row] for row in rows]
    assert cells == [["a", "=b", "", "why\N{NO-BREAK SPACE}wa\N{NO-BREAK SPACE}to"], ["", "+cd"]]
    sides = [re.search(r"text-align:(\w+)", cell.attrib["style"]) for cell in rows[0]]
    assert [side and side[1] for side in sides] == ["right", "left", "right", "left"]
    found = display(f"$$\n{latex}\n$$")  # on a page as a table, whose reasons go below the lines where it is narrow
    assert re.sub("<math.*?</math>", "m", found[found.index("<tbody>") :]) == (
        '<tbody><tr><td>m</td><td>m</td><td class="more">why m to</td></tr><tr><td></td><td>m</td></tr></tbody>'
        "</table></div>"
    )
    assert rows[1][1][0][0].attrib == {"form": "infix"}  # a plus between two cells has the room of one between terms


@pytest.mark.parametrize("latex", [r"\unknown{x}", r"\frac{1}", r"\begin{tabular}\end{tabular}", "a & b", "#"])
def test_formulas_of_other_makers_are_refused_in_words(latex: str) -> None:
    with pytest.raises(BpkitError, match="formula: expected the LaTeX"):
        mathml(latex)
    with pytest.raises(BpkitError, match="lines: expected a display"):
        lines_table(latex)


def test_texts_become_html_and_nothing_that_was_not_meant() -> None:
    text = "A <b> & $x_{1}$ `a<b`.\n\n| p | v |\n| --- | --- |\n| $w_{1}$ | 1 |\n\n- **a)** one\n- two\n\n"
    text += "```python\nx\n\ny<1\n```"
    page = as_html(text)
    assert "<p>A &lt;b&gt; &amp; <math" in page
    assert "<code>a&lt;b</code>" in page
    assert page.count("<tr>") == 2
    assert "<li><b>a)</b> one</li>" in page
    assert "<pre><code>x\n\ny&lt;1\n</code></pre>" in page


# Moodle


class Numerical:
    """A question read back from the file, and how Moodle marks it: the first answer that fits counts."""

    def __init__(self, node: ET.Element) -> None:
        self.name = node.findtext("name/text") or ""
        self.text = node.findtext("questiontext/text") or ""
        self.solution = node.findtext("generalfeedback/text") or ""
        self.answers = [
            (
                answer.findtext("text") or "",
                float(answer.get("fraction") or "nan"),
                float(answer.findtext("tolerance") or 0),
                answer.findtext("feedback/text") or "",
            )
            for answer in node.findall("answer")
        ]

    def mark(self, typed: float) -> tuple[float, str]:
        for value, fraction, tolerance, said in self.answers:
            if value == "*" or abs(typed - float(value)) <= tolerance:
                return fraction, said
        return 0.0, ""


FRACTIONS = [100, 90, 83.33333, 80, 75, 70, 66.66667, 60, 50, 40, 33.33333, 30, 25, 20, 16.66667, 14.28571, 12.5]
FRACTIONS += [11.11111, 10, 5, 0]


@cache
def moodle_questions(sheets: tuple[Sheet, ...]) -> list[tuple[str, ET.Element]]:
    variants = [
        one for number, sheet in enumerate(sheets, 1) for each in sheet for one in moodle.of_exercise(each, number)
    ]
    root = ET.fromstring(moodle.whole(variants).encode())
    assert root.tag == "quiz"
    category, found = "", []
    for node in root:
        if node.get("type") == "category":
            category = node.findtext("category/text") or ""
            assert category.startswith("$course$/top/bpkit/")
        else:
            found.append((category, node))
    return found


def test_moodle_marks_right_answers_and_names_mistakes() -> None:
    sheets = sheets_of(3)
    found = moodle_questions(sheets)
    each = {category.rpartition("/")[2] for category, _ in found}
    assert {"net-and-out a", "hidden-weight", "learning-rate c", "which-slip a"} <= each
    named = 0
    for sheet in sheets:
        for exercise in sheet:
            for letter, part in exercise.parts.items():
                if not isinstance(part, NumberPart):
                    continue
                name = f"{exercise.id} {letter}" if len(exercise.parts) > 1 else exercise.id
                mine = [Numerical(node) for category, node in found if category.rpartition("/")[2] == name]
                question = next(one for one in mine if float(one.answers[0][0]) == pytest.approx(part.right, rel=1e-9))
                assert question.mark(float(part.shown()))[0] == 100
                assert question.mark(part.right * 1.7 + 11)[0] == 0
                for wrong in part.wrong:
                    if wrong.name in exercise.declared:
                        fraction, said = question.mark(float(part.shown(wrong.answer)))
                        assert fraction == 0
                        named += wrong.name in said
    assert named > 500


def test_moodle_lets_words_be_chosen_and_whole_numbers_be_typed() -> None:
    sheets = sheets_of(3)
    nodes: dict[str, list[ET.Element]] = {}
    for category, node in moodle_questions(sheets):
        nodes.setdefault(category.rpartition("/")[2], []).append(node)
    kinds, named = set(), 0
    for sheet in sheets:
        for exercise in sheet:
            for letter, part in exercise.parts.items():
                if not isinstance(part, ExactPart) or part.reader not in ("word", "number", "whole"):
                    continue
                node = nodes[f"{exercise.id} {letter}" if len(exercise.parts) > 1 else exercise.id].pop(0)
                question, right = Numerical(node), str(part.answer)
                kinds.add((node.get("type"), part.reader))
                said = {value: feedback for value, _, _, feedback in question.answers}
                if part.options:
                    assert node.findtext("single") == node.findtext("shuffleanswers") == "true"
                    marks = {value: fraction for value, fraction, _, _ in question.answers}
                    assert marks == {option: 100 * (option == right) for option in part.options}
                else:
                    assert question.mark(float(right))[0] == 100
                    assert question.mark(float(right) + 0.1)[0] == 0
                    assert all(tolerance == 0 for _, _, tolerance, _ in question.answers)
                for wrong in part.wrong:
                    assert said[f"{wrong.answer}"].startswith("<p>Likely mistake: ")
                    assert f": {wrong.name}. " in html.unescape(said[f"{wrong.answer}"])
                    named += 1
    chosen = {("multichoice", reader) for reader in ("word", "number", "whole")}
    assert kinds == {*chosen, ("numerical", "whole")}
    assert named > 20


def test_moodle_questions_carry_a_picture_of_their_network() -> None:
    sheet = sheet_of(0)
    nodes = [node for _, node in moodle_questions((sheet,))]
    plain = {exercise.id for exercise in sheet if not exercise.content.drawn}
    assert plain
    for node in nodes:
        if (node.findtext("name/text") or "").partition(" ")[0] in plain:
            assert not node.findall("questiontext/file")
            continue
        (file,) = node.findall("questiontext/file")
        text = node.findtext("questiontext/text") or ""
        assert file.get("encoding") == "base64"
        assert f'src="@@PLUGINFILE@@/{file.get("name")}"' in text
        picture = ET.fromstring(base64.b64decode(file.text or "", validate=True))
        assert picture.tag == "{http://www.w3.org/2000/svg}svg"
        assert f'alt="{html.escape(picture.get("aria-label") or "?")}"' in text
    mine = next(node for node in nodes if (node.findtext("name/text") or "") == "hidden-weight 01")
    drawn = base64.b64decode(mine.findtext("questiontext/file") or "").decode()
    network = next(exercise for exercise in sheet if exercise.id == "hidden-weight").problem.network
    assert all(f"{neuron}" in drawn for layer in network.layers for neuron in layer)


def test_moodle_files_keep_to_moodles_rules() -> None:
    for _, node in moodle_questions(sheets_of(3)):
        question = Numerical(node)
        if node.get("type") == "multichoice":
            assert [fraction for _, fraction, _, _ in question.answers if fraction] == [100]
            continue
        assert question.answers[0][1] == 100
        assert question.answers[-1][0] == "*"
        if node.get("type") == "shortanswer":
            assert node.findtext("usecase") == "0"
            continue
        assert node.get("type") == "numerical"
        assert [one for one in question.answers[:-1] if one[0] == "*"] == []
        assert all(fraction in FRACTIONS for _, fraction, _, _ in question.answers)
        assert question.solution
        assert "$" not in question.text
        assert r"\(" in question.text or question.name.startswith(("gradient-check", "what-costs", "read-"))
        intervals = [(float(v) - t, float(v) + t) for v, _, t, _ in question.answers[:-1]]
        assert all(high >= low for low, high in intervals)
        for (low, high), (other_low, other_high) in combinations(intervals, 2):
            assert high < other_low or other_high < low


def test_editions_are_asked_for_by_name() -> None:
    assert check_editions(["learner", "moodle", "learner"]) == ("learner", "moodle")
    with pytest.raises(BpkitError, match="did you mean 'printable'"):
        check_editions(["printables"])


# Canvas

QTI = f"{{{canvas.QTI}}}"


@cache
def canvas_rows(sheet: Sheet, number: int = 1) -> list[canvas.Variant]:
    return [one for exercise in sheet for one in canvas.of_exercise(exercise, number)]


def unpacked(sheets: Sequence[Sheet]) -> dict[str, bytes]:
    """The files of a package."""
    with zipfile.ZipFile(
        io.BytesIO(canvas.whole([row for number, sheet in enumerate(sheets, 1) for row in canvas_rows(sheet, number)]))
    ) as package:
        return {name: package.read(name) for name in package.namelist()}


def package_of(sheets: Sequence[Sheet]) -> dict[str, ET.Element]:
    return {name: ET.fromstring(data) for name, data in unpacked(sheets).items()}


@cache
def canvas_items(sheets: tuple[Sheet, ...]) -> dict[str, list[ET.Element]]:
    """The items of a package by group, in the order of the sheets, after a look at its manifest."""
    package = package_of(sheets)
    resource, *pictures = package["imsmanifest.xml"].iter(f"{{{canvas.CONTENT}}}resource")
    assert resource.get("type") == "imsqti_xmlv1p2"
    assert {picture.get("type") for picture in pictures} == {"webcontent"}
    listed = [file.get("href") or "" for one in (resource, *pictures) for file in one]
    assert listed == list(package)[1:]
    quiz = package[listed[0]]
    assert quiz.tag == f"{QTI}questestinterop"
    (root,) = quiz.iterfind(f"{QTI}assessment/{QTI}section")
    for section in root:
        assert section.findtext(f"{QTI}selection_ordering/{QTI}selection/{QTI}selection_number") == "1"
    return {section.get("title") or "": section.findall(f"{QTI}item") for section in root}


def asked_in_canvas(sheets: tuple[Sheet, ...]) -> Iterator[tuple[Exercise, Part, ET.Element]]:
    """Every part that is in a package, with its item."""
    left = {name: list(reversed(group)) for name, group in canvas_items(sheets).items()}
    for sheet in sheets:
        for exercise in sheet:
            for letter, part in exercise.parts.items():
                name = f"{exercise.id} {letter}" if len(exercise.parts) > 1 else exercise.id
                if name in left:
                    yield exercise, part, left[name].pop()
    assert not any(left.values())


def test_a_package_keeps_to_the_stated_structure() -> None:
    # Every question at each level: of one level two may be the same, which a bank never is.
    package = package_of(sheets_of(6)[::2] if THOROUGH else sheets_of(6))
    assert wrong_in(package["imsmanifest.xml"], canvas.CONTENT) == []
    assert wrong_in(package["bpkit/bpkit.xml"], canvas.QTI) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda item: item.attrib.pop("ident"), "item lacks ident"),
        (lambda item: item.insert(0, item[-1]), "item holds"),
        (lambda item: item.append(ET.Element(f"{QTI}note")), "note is no element"),
        (lambda item: item.remove(item[-1]), "linkrefid general_fb names nothing"),
        (lambda item: item.find(f"{QTI}resprocessing").remove(item.find(f"{QTI}resprocessing")[0]), "expected"),
        (lambda item: next(item.iter(f"{QTI}varequal")).set("respident", "x"), "respident x names nothing"),
        (lambda item: next(item.iter(f"{QTI}respcondition")).set("continue", "yes"), "continue='yes'"),
        (lambda item: setattr(next(item.iter(f"{QTI}flow_mat")), "text", "words"), "flow_mat holds 'words'"),
    ],
)
def test_the_check_of_the_structure_can_say_no(change: Any, words: str) -> None:
    root = package_of([make_sheet(["loss"], seed=1)])["bpkit/bpkit.xml"]
    assert wrong_in(root, canvas.QTI) == []
    change(next(root.iter(f"{QTI}item")))
    assert words in "; ".join(wrong_in(root, canvas.QTI))


def test_canvas_takes_the_right_answer_and_no_known_mistake() -> None:
    mistakes_refused, kinds = 0, set()
    for exercise, part, item in asked_in_canvas(sheets_of(60)):
        kinds.add(canvas_importers.kind(item))
        for answers in (canvas_importers.classic(item), canvas_importers.new(item)):
            # One condition, and it is the right answer; an order may be typed in several ways.
            assert len(answers) == (1 if canvas_importers.kind(item) != canvas_importers.WORD else 4)
            for typed in right_answers(part):
                assert any(accepts(typed) for accepts in answers), (exercise.id, typed)
            for typed in wrong_answers(part):
                assert not any(accepts(typed) for accepts in answers), (exercise.id, exercise.task.data(), typed)
                mistakes_refused += 1
    assert mistakes_refused > 1000
    assert kinds == {canvas_importers.NUMERICAL, canvas_importers.CHOICE, canvas_importers.WORD}


def right_answers(part: Part) -> list[str]:
    """The right answer as the key prints it; of a number also with more digits, and with rounding on paper."""
    if isinstance(part, ExactPart) and part.reader == "order":
        return [between.join(part.answer.split()) for between in (" ", "", ",", ", ")]
    if not isinstance(part, NumberPart):
        return [f"{part.answer}"]
    unit = 2 * half_unit(part.right, part.digits)
    reach = max(part.slack, part.tolerance)
    ends = [math.ceil((part.right - reach) / unit) * unit, math.floor((part.right + reach) / unit) * unit]
    return [part.shown(), *(f"{part.right:.{part.digits + more}g}" for more in (1, 3, 6)), *map(part.shown, ends)]


def wrong_answers(part: Part) -> list[str]:
    """Every known mistake that is farther from the right answer than the tolerance, and what nobody would take."""
    if isinstance(part, NumberPart):
        reach = max(part.slack, part.tolerance)
        known = [wrong.answer for wrong in part.wrong if abs(wrong.answer - part.right) > reach]
        finite = [value for value in known if math.isfinite(value)]
        return [*map(part.shown, finite), *(f"{value:.9f}" for value in finite), "0", f"{2 * part.right:.6g}"]
    assert isinstance(part, ExactPart)
    other = [option for option in part.options if option != str(part.answer)]
    if part.reader == "order":
        other = [str(part.answer)[::-1], str(part.answer)[2:]]
    others = other or [str(part.answer + step) for step in (-2, -1, 1, 2)]
    return [*(str(wrong.answer) for wrong in part.wrong if wrong.answer != part.right), *others]


@pytest.mark.parametrize(
    ("id", "letter", "count"),
    [("loss", "a", 1), ("sign-first", "a", 1), ("which-slip", "a", 1), ("learning-rate", "c", 1)],
)
def test_what_canvas_used_to_take_for_right(id: str, letter: str, count: int) -> None:
    found = [
        item
        for exercise, part, item in asked_in_canvas(sheets_of(3))
        if exercise.id == id and part is exercise.parts[letter]
    ]
    for item in found:
        assert len(list(item.iter(f"{QTI}setvar"))) == count
        assert len(canvas_importers.classic(item)) == len(canvas_importers.new(item)) == count


def test_the_rule_of_the_importers_can_say_no() -> None:
    (item,) = canvas_items((make_sheet(["loss"], seed=1),))["loss"]
    rules = item.find(f"{QTI}resprocessing")
    assert rules is not None
    listed = copy.deepcopy(rules[-1])  # a mistake, with no score
    next(listed.iter(f"{QTI}setvar")).text = "0"
    rules.append(listed)
    assert len(canvas_importers.classic(item)) == len(canvas_importers.new(item)) == 2


def test_canvas_asks_for_no_multiple_and_says_when_it_rounds() -> None:
    rounded = 0
    for _, part, item in asked_in_canvas(sheets_of(60)):
        asks = "".join(item.find(f"{QTI}presentation").itertext())  # type: ignore[union-attr]
        assert "thousand times" not in asks
        note = canvas.ROUNDED in asks
        assert note == (isinstance(part, NumberPart) and half_unit(part.right, part.digits) < 4e-5)
        rounded += note
    assert rounded


def test_canvas_names_mistakes_where_that_makes_no_answer_right() -> None:
    for exercise, part, item in asked_in_canvas(sheets_of(3)):
        (general,) = item.iter(f"{QTI}itemfeedback")
        assert general.get("ident") == "general_fb"
        said = html.unescape("".join(general.itertext()))
        named = [wrong for wrong in part.wrong if wrong.name in exercise.declared]
        assert ("Likely mistake:" in said) == bool(named)
        for wrong in named:
            assert f": {wrong.name}. " in said
            if isinstance(part, NumberPart):
                close = [one for one in named if one.answer == pytest.approx(wrong.answer, rel=3e-3)]
                assert any(readable(part.shown(one.answer)) in said for one in close)


def test_canvas_carries_a_picture_of_each_network() -> None:
    sheets = sheets_of(3)
    files = unpacked(sheets)
    shown = set()
    for exercise, _, item in asked_in_canvas(sheets):
        text = item.findtext(f"{QTI}presentation/{QTI}material/{QTI}mattext") or ""
        if not exercise.content.drawn:
            assert "<img" not in text
            continue
        source, words = re.findall(r'<img src="([^"]*)" alt="([^"]*)">', text)[0]
        name = source.removeprefix("$IMS-CC-FILEBASE$/")
        assert name != source
        picture = ET.fromstring(files[name])
        assert picture.tag == "{http://www.w3.org/2000/svg}svg"
        drawing = own(exercise) or diagram(exercise.problem.network)
        assert html.unescape(words) == picture.get("aria-label") == drawing.caption
        assert files[name].decode() == svg(drawing)
        shown.add(name)
    assert shown == {name for name in files if name.endswith(".svg")}


def test_a_word_to_type_has_one_right_answer() -> None:
    exercise = generate("one-weight", seed=1)
    word = ExactPart("The word", "up", "word", known=(Wrong("adds the gradient", "the update subtracts", "down"),))
    exercise.__dict__["content"] = replace(exercise.content, parts=(word, *exercise.content.parts[1:]))
    del exercise.__dict__["parts"]
    sheet = Sheet((exercise,))
    (item,) = canvas_items((sheet,))["one-weight a"]
    assert canvas_importers.kind(item) == canvas_importers.WORD
    assert wrong_in(package_of([sheet])["bpkit/bpkit.xml"], canvas.QTI) == []
    for (accepts,) in (canvas_importers.classic(item), canvas_importers.new(item)):
        assert accepts("Up ")
        assert not accepts("down")
    node = next(node for category, node in moodle_questions((sheet,)) if category.endswith("one-weight a"))
    assert node.get("type") == "shortanswer"
    assert [(a.findtext("text"), a.get("fraction")) for a in node.findall("answer")] == [("up", "100"), ("*", "0")]


def test_every_item_has_an_identity_of_its_own_and_the_package_the_same_bytes() -> None:
    sheets = sheets_of(3)
    items = [item for group in canvas_items(sheets).values() for item in group]
    assert len({item.get("ident") for item in items}) == len(items)
    assert unpacked(sheets) == unpacked([open_sheet(sheet.data()) for sheet in sheets])
    rows = canvas_rows(sheets[0])
    assert canvas.whole(rows) == canvas.whole(pickle.loads(pickle.dumps(rows)))  # it comes from another process


# Question banks


def bank(made: Plan, question: str, count: int, seed: int = 3) -> list[str]:
    return [identity(exercise) for exercise in vary(made, question, seed, count)]


def test_a_bank_does_not_depend_on_the_class_and_grows_at_its_end() -> None:
    alone, many_learners = plan(1, seed=3, questions=("loss",)), plan("Ada\nBob\nCleo\n", seed=3, questions=("loss",))
    few, more = bank(alone, "loss", 5), bank(many_learners, "loss", 12)
    assert more[:5] == few
    assert len(set(more)) == 12
    assert bank(alone, "loss", 5, seed=4) != few
    own = identity(many_learners.sheet(many_learners.seats[0]).exercises[0])
    assert own not in more  # no learner's sheet is given away by it


def test_a_question_of_few_forms_fills_a_bank_as_far_as_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = [generate("loss", seed=seed) for seed in range(3)]
    monkeypatch.setattr(Plan, "sheet", lambda made, _seat: Sheet((drawn[made.redraws[0][2] % 3],)))
    assert bank(plan(1, questions=("loss",)), "loss", 20) == [identity(one) for one in drawn]


@pytest.mark.parametrize("count", [0, -1, 501])
def test_a_bank_has_a_sensible_size(count: int) -> None:
    with pytest.raises(BpkitError, match="variants: expected a number from 1 to 500"):
        check_variants(count)


def produced(folder: Path, learners: int, variants: int, editions: Sequence[str] = ("moodle", "canvas")) -> Path:
    produce(plan(learners, seed=3, questions=("loss", "which-slip")), folder, 3, editions, jobs=1, variants=variants)
    return folder


def test_banks_are_as_large_as_asked_whatever_the_class(tmp_path: Path) -> None:
    one, nine = produced(tmp_path / "one", 1, 4), produced(tmp_path / "nine", 9, 4)
    for name in ("moodle/questions.xml", "canvas/questions.zip"):
        assert (one / name).read_bytes() == (nine / name).read_bytes()
    root = ET.parse(one / "moodle/questions.xml").getroot()
    asked = [node for node in root if node.get("type") != "category"]
    names = [node.findtext("name/text") or "" for node in asked]
    groups = {name.rpartition(" ")[0] for name in names}
    assert "loss" in groups
    assert sorted(names) == sorted(f"{group} {number:02d}" for group in groups for number in range(1, 5))
    marks = [node.findtext("idnumber") or "" for node in root]
    assert len(set(marks)) == len(marks)  # in Moodle each id number stands once in a category
    assert all(0 < len(mark) <= 100 for mark in marks)
    with zipfile.ZipFile(one / "canvas/questions.zip") as package:
        quiz = ET.fromstring(package.read("bpkit/bpkit.xml"))
    assert sorted(item.get("title") or "" for item in quiz.iter(f"{QTI}item")) == sorted(names)


def test_a_second_import_meets_the_same_identifiers(tmp_path: Path) -> None:
    """What was there keeps its name when there are more variants; a quiz of other questions has another."""

    def identifiers(folder: Path) -> tuple[str | None, set[str | None], set[str | None]]:
        with zipfile.ZipFile(folder / "canvas/questions.zip") as package:
            quiz = ET.fromstring(package.read("bpkit/bpkit.xml"))
        (whole,) = quiz.iter(f"{QTI}assessment")
        groups = {section.get("ident") for section in quiz.iter(f"{QTI}section")}
        return whole.get("ident"), groups, {item.get("ident") for item in quiz.iter(f"{QTI}item")}

    few, more = identifiers(produced(tmp_path / "few", 1, 2)), identifiers(produced(tmp_path / "more", 1, 3))
    assert few[:2] == more[:2]
    assert few[2] < more[2]
    produce(plan(1, seed=9, questions=("loss",)), tmp_path / "other", 9, ["canvas"], jobs=1, variants=2)
    other = identifiers(tmp_path / "other")
    assert other[0] != few[0]
    assert not other[2] & few[2]


def test_what_xml_cannot_hold_does_not_break_the_file() -> None:
    text = document(element("a", element("b", "x\x00\x0b<&>]]>\ud800", name="\x1f\"'")))
    (inner,) = ET.fromstring(text.encode("utf-8"))
    assert (inner.text, inner.get("name")) == ("x\ufffd\ufffd<&>]]>\ufffd", "\ufffd\"'")
