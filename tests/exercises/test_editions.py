"""Editions for paper and for learning systems: formulas drawn without a network, questions read back and marked."""

from __future__ import annotations

import base64
import html
import io
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from itertools import combinations
from typing import Any

import pytest
from qti_structure import wrong_in
from thorough import THOROUGH

from bpkit.core.errors import BpkitError
from bpkit.exercises import make_sheet, questions
from bpkit.exercises.editions import EACH, canvas, check_editions, moodle, pages
from bpkit.exercises.editions.markup import as_html
from bpkit.exercises.editions.mathml import lines_table, mathml
from bpkit.exercises.parts import ExactPart, NumberPart
from bpkit.exercises.sheet import Sheet

ALL = tuple(question.id for question in questions())
LEVELS = ("easy", "medium", "hard")


@cache
def sheet_of(seed: int) -> Sheet:
    return make_sheet(ALL, seed=seed, learner="Ada <b>", difficulty=LEVELS[seed % 3])


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


@pytest.mark.parametrize("seed", range(6))
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
    """A page without where in its pictures things stand: those numbers are nobody's answers."""
    return _DRAWN.sub(lambda tag: "".join(re.findall(r"aria-label='[^']*'", tag[0])), page)


def test_a_learner_page_holds_no_answer_and_a_solution_page_all_of_them() -> None:
    for seed in range(6):
        sheet = sheet_of(seed)
        learner = without_places(pages.learner_page(sheet))
        solution, key_page = pages.solution_page(sheet), pages.key_page(sheet)
        for key, part in sheet.parts.items():
            if isinstance(part, NumberPart):
                assert f"{abs(part.right):.3g}" not in learner, (seed, key)
                assert part.shown() in solution
                assert part.shown() in key_page
        assert all(f">{key}:</div>" in learner for key in sheet.parts)


def test_formulas_become_mathml() -> None:
    assert mathml("w_{1}") == (
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><msub><mi>w</mi><mn>1</mn></msub></math>'
    )
    whole = mathml(r"\frac{\partial E_{\text{total}}}{\partial w_{1}} = - 0.5 \times e^{- x_{1}^{2}}")
    root = ET.fromstring(whole)
    name = "{http://www.w3.org/1998/Math/MathML}"
    assert [one.tag.removeprefix(name) for one in root[0]] == ["mfrac", "mo", "mo", "mn", "mo", "msup"]
    assert "".join(root.itertext()) == "∂Etotal∂w1=−0.5×e−x12"
    cases = mathml(r"\begin{cases} 1 & \text{for}\: z > 0 \\0 & \text{otherwise} \end{cases}")
    assert len(ET.fromstring(cases).findall(f".//{name}mtr")) == 2
    assert "&lt;" in mathml("a < b")
    squared = ET.fromstring(mathml(r"\left(y_{1} - \left(a\right)\right)^{2}"))[0]  # the power is the whole bracket's
    assert (squared.tag, "".join(squared[0].itertext())) == (f"{name}msup", "(y1−(a))")


@pytest.mark.parametrize("latex", [r"\unknown{x}", r"\frac12", r"\begin{matrix}\end{matrix}", "a & b", "#"])
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


def moodle_questions(sheets: list[Sheet]) -> Iterator[tuple[str, ET.Element]]:
    root = ET.fromstring(moodle.whole([moodle.of_sheet(sheet) for sheet in sheets]).encode())
    assert root.tag == "quiz"
    category = ""
    for node in root:
        if node.get("type") == "category":
            category = node.findtext("category/text") or ""
            assert category.startswith("$course$/top/bpkit/")
        else:
            yield category, node


def test_moodle_marks_right_answers_and_names_mistakes() -> None:
    sheets = [sheet_of(seed) for seed in range(4)]
    found = list(moodle_questions(sheets))
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


def test_moodle_marks_words_and_whole_numbers() -> None:
    sheets = [sheet_of(seed) for seed in range(3)]
    found = {(category.rpartition("/")[2], id(node)): node for category, node in moodle_questions(sheets)}
    checked = 0
    for sheet in sheets:
        for exercise in sheet:
            for letter, part in exercise.parts.items():
                if not isinstance(part, ExactPart) or part.reader not in ("word", "whole"):
                    continue
                name = f"{exercise.id} {letter}" if len(exercise.parts) > 1 else exercise.id
                nodes = [node for (own, _), node in found.items() if own == name]
                assert len(nodes) == len(sheets)
                marks = [{a.findtext("text"): a.get("fraction") for a in node.findall("answer")} for node in nodes]
                assert any(one.get(str(part.right)) == "100" and one["*"] == "0" for one in marks)
                assert all(list(one.values()).count("100") == 1 for one in marks)
                checked += 1
    assert checked >= 12


def test_moodle_questions_carry_a_picture_of_their_network() -> None:
    sheet = sheet_of(1)
    nodes = [node for _, node in moodle_questions([sheet])]
    for node in nodes:
        (file,) = node.findall("questiontext/file")
        text = node.findtext("questiontext/text") or ""
        assert file.get("encoding") == "base64"
        assert f'src="@@PLUGINFILE@@/{file.get("name")}"' in text
        picture = ET.fromstring(base64.b64decode(file.text or "", validate=True))
        assert picture.tag == "{http://www.w3.org/2000/svg}svg"
        assert f'alt="{html.escape(picture.get("aria-label") or "?")}"' in text
    mine = next(node for node in nodes if (node.findtext("name/text") or "") == "hidden-weight")
    drawn = base64.b64decode(mine.findtext("questiontext/file") or "").decode()
    network = next(exercise for exercise in sheet if exercise.id == "hidden-weight").problem.network
    assert all(f"{neuron}" in drawn for layer in network.layers for neuron in layer)


def test_moodle_files_keep_to_moodles_rules() -> None:
    for _, node in moodle_questions([sheet_of(seed) for seed in range(3)]):
        question = Numerical(node)
        assert node.get("type") in ("numerical", "shortanswer")
        assert question.answers[0][1] == 100
        assert question.answers[-1][0] == "*"
        assert [one for one in question.answers[:-1] if one[0] == "*"] == []
        assert all(fraction in FRACTIONS for _, fraction, _, _ in question.answers)
        assert question.solution
        assert "$" not in question.text
        assert r"\(" in question.text or node.get("type") == "shortanswer" or "gradient-check" in question.name
        if node.get("type") == "numerical":
            intervals = [(float(v) - t, float(v) + t) for v, _, t, _ in question.answers[:-1]]
            assert all(high > low for low, high in intervals)
            for (low, high), (other_low, other_high) in combinations(intervals, 2):
                assert high < other_low or other_high < low


def test_editions_are_asked_for_by_name() -> None:
    assert check_editions(["learner", "moodle", "learner"]) == ("learner", "moodle")
    assert set(EACH) == {"learner", "solution", "printable"}
    with pytest.raises(BpkitError, match="did you mean 'printable'"):
        check_editions(["printables"])


# Canvas

QTI = f"{{{canvas.QTI}}}"


def canvas_items(seeds: range) -> dict[str, list[ET.Element]]:
    """The items of a package by group, after a look at its files."""
    data = canvas.whole([canvas.of_sheet(sheet_of(seed)) for seed in seeds])
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert package.namelist() == ["imsmanifest.xml", "bpkit/bpkit.xml"]
        manifest = ET.fromstring(package.read("imsmanifest.xml"))
        (resource,) = manifest.iter(f"{{{canvas.CONTENT}}}resource")
        assert resource.get("type") == "imsqti_xmlv1p2"
        (file,) = resource
        quiz = ET.fromstring(package.read(file.get("href") or ""))
    assert quiz.tag == f"{QTI}questestinterop"
    (root,) = quiz.iterfind(f"{QTI}assessment/{QTI}section")
    for section in root:
        assert section.findtext(f"{QTI}selection_ordering/{QTI}selection/{QTI}selection_number") == "1"
    return {section.get("title") or "": section.findall(f"{QTI}item") for section in root}


def canvas_mark(item: ET.Element, typed: float) -> tuple[float, str]:
    """What Canvas does: the first condition that fits sets the score; answers are kept to four decimals."""
    typed = round(typed, 4)
    said = {one.get("ident"): "".join(one.itertext()) for one in item.iter(f"{QTI}itemfeedback")}
    for rule in item.iter(f"{QTI}respcondition"):
        score = rule.find(f"{QTI}setvar")
        if score is None:
            continue
        exact, low, high = (
            float(rule.findtext(f".//{QTI}{test}") or "nan") for test in ("varequal", "vargte", "varlte")
        )
        if typed == exact or low <= typed <= high:
            link = rule.find(f"{QTI}displayfeedback")
            return float(score.text or "nan"), said[link.get("linkrefid")] if link is not None else ""
    return 0.0, ""


def package_of(sheets: list[Sheet]) -> dict[str, ET.Element]:
    data = canvas.whole([canvas.of_sheet(sheet) for sheet in sheets])
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return {name: ET.fromstring(package.read(name)) for name in package.namelist()}


def test_a_package_keeps_to_the_stated_structure() -> None:
    package = package_of([sheet_of(seed) for seed in range(6 if THOROUGH else 2)])
    assert wrong_in(package["imsmanifest.xml"], canvas.CONTENT) == []
    assert wrong_in(package["bpkit/bpkit.xml"], canvas.QTI) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda item: item.attrib.pop("ident"), "item lacks ident"),
        (lambda item: item.insert(0, item[-1]), "item holds"),
        (lambda item: item.append(ET.Element(f"{QTI}note")), "note is no element"),
        (lambda item: item.remove(item[-1]), "names no itemfeedback"),
        (lambda item: item.find(f"{QTI}resprocessing").remove(item.find(f"{QTI}resprocessing")[0]), "expected"),
        (lambda item: next(item.iter(f"{QTI}varequal")).set("respident", "x"), "names no response_str"),
        (lambda item: next(item.iter(f"{QTI}respcondition")).set("continue", "yes"), "continue='yes'"),
        (lambda item: setattr(next(item.iter(f"{QTI}flow_mat")), "text", "words"), "flow_mat holds 'words'"),
    ],
)
def test_the_check_of_the_structure_can_say_no(change: Any, words: str) -> None:
    root = package_of([make_sheet(["loss"], seed=1)])["bpkit/bpkit.xml"]
    assert wrong_in(root, canvas.QTI) == []
    change(next(root.iter(f"{QTI}item")))
    assert words in "; ".join(wrong_in(root, canvas.QTI))


def test_canvas_marks_right_answers_and_names_mistakes() -> None:
    seeds = range(3)
    items = canvas_items(seeds)
    named = 0
    for seed in seeds:
        for exercise in sheet_of(seed):
            for letter, part in exercise.parts.items():
                if not isinstance(part, NumberPart):
                    continue
                group = items[f"{exercise.id} {letter}" if len(exercise.parts) > 1 else exercise.id]
                scale = canvas.scale_of(part)
                marks = [canvas_mark(item, float(part.shown()) * scale) for item in group]
                assert max(score for score, _ in marks) == 100
                item = group[[score for score, _ in marks].index(100)]
                asks = "".join(item.find(f"{QTI}presentation").itertext())  # type: ignore[union-attr]
                assert ("ten thousand times" in asks) == (scale > 1)
                assert max(part.slack, part.tolerance) * scale >= 1e-4
                for wrong in part.wrong:
                    if wrong.name in exercise.declared:
                        score, said = canvas_mark(item, float(part.shown(wrong.answer)) * scale)
                        assert score == 0
                        named += wrong.name in said
    assert named > 300


def test_every_item_has_an_identity_of_its_own_and_the_package_the_same_bytes() -> None:
    items = [item for group in canvas_items(range(3)).values() for item in group]
    assert len({item.get("ident") for item in items}) == len(items)
    kinds = {item.findtext(f".//{QTI}fieldentry") for item in items}
    assert kinds == {"numerical_question", "short_answer_question"}
    assert canvas.whole([canvas.of_sheet(sheet_of(0))]) == canvas.whole([canvas.of_sheet(sheet_of(0))])
