"""The rules for lessons that a program can see: each lesson keeps them, and each is seen to say no."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from english import faults
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from bpkit.exercises.questions.bank import QUESTIONS
from bpkit.page.course import Lesson, lessons

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
COURSE = lessons(NOTEBOOKS)
OTHERS = [*(NOTEBOOKS / "instructors").glob("*.ipynb"), *(NOTEBOOKS / "exercises").glob("*.ipynb")]
BEGINS = COURSE[0].stem
WRITES = "12_write_it_yourself"  # whose learner defines functions
APPS = re.compile(r"\bbp\.apps\.(\w+)\(")
ASKED = {"bp.apps.predict", "bp.apps.ask", "bp.exercises.ask"}
CONCEPTS = {one.id for one in QUESTIONS if one.topic == "concepts"}
PICTURES = {one.id for one in QUESTIONS if one.topic == "pictures"}
# What is judged or written as a formula needs no calculator.
UNCOMPUTED = CONCEPTS | PICTURES | {one.id for one in QUESTIONS if one.topic == "judging"} | {"symbolic"}
FOLD = "<summary>What you should see</summary>"

Cells = list[NotebookNode]
Rule = Callable[[Cells], Iterator[str]]


def calls(cell: NotebookNode) -> list[ast.Call]:
    if cell.cell_type != "code":
        return []
    return [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]


def kinds(cell: NotebookNode) -> set[str]:
    return {ast.unparse(call.func) for call in calls(cell)}


def text_of(output: Any) -> str:
    data = output.get("data", {})
    return "".join([output.get("text", ""), *(data.get(kind, "") for kind in ("text/plain", "text/html"))])


def it_asks_one_question_first(cells: Cells) -> Iterator[str]:
    """The question stands in the first lines, in bold."""
    if not re.match(r"# [^\n]+\n\n\*\*[^*]+\?\*\*", cells[0].source):
        yield "no question in bold below the title"


def it_says_how_long_it_takes(cells: Cells) -> Iterator[str]:
    found = re.search(r"^Time: about (\d+) minutes", cells[0].source, re.MULTILINE)
    if not found or not 5 <= int(found[1]) <= 45:
        yield f"time: {found and found[1]}"


def something_to_see_comes_before_the_first_formula(cells: Cells) -> Iterator[str]:
    for cell in cells:
        outputs = cell.get("outputs", [])
        if any({"image/png", "image/svg+xml"} & set(one.get("data", {})) for one in outputs):
            return
        shown = "".join(map(text_of, outputs))
        if "<img" in shown or "<bpkit-app" in shown:
            return
        if cell.cell_type == "markdown" and re.search(r"\$\$|\\begin\{|\\frac", cell.source):
            yield f"a formula before anything to see: {cell.source[:60]!r}"
            return
        if any("text/latex" in one.get("data", {}) for one in outputs):
            yield f"a derivation before anything to see: {cell.source[:60]!r}"
            return


def every_try_this_has_an_answer(cells: Cells) -> Iterator[str]:
    """In a fold below what is to be tried, with as many points."""
    for place, cell in enumerate(cells):
        if cell.cell_type != "markdown" or not (
            found := re.search(r"Try this:\n+((?:\d+\. .*(?:\n|$)+)+)", cell.source)
        ):
            continue
        asked = len(re.findall(r"^\d+\. ", found[1], re.MULTILINE))
        fold = next((one.source for one in cells[place + 1 :] if one.cell_type == "markdown"), "")
        if FOLD not in fold or "</details>" not in fold:
            yield f"no fold below {cell.source[-60:]!r}"
        elif (told := len(re.findall(r"^\d+\. ", fold, re.MULTILINE))) != asked:
            yield f"{asked} things to try and {told} answers: {fold[:80]!r}"


def no_code_holds_an_answer(cells: Cells) -> Iterator[str]:
    for cell in cells:
        if cell.cell_type == "code" and re.search(r"\b(answer|because)\s*=", cell.source):
            yield cell.source[:60]


def its_questions_are_of_several_kinds(cells: Cells) -> Iterator[str]:
    """At least one of concept, one about a picture, and no more than two that are computed, what is extra aside."""
    end = next((place for place, cell in enumerate(cells) if cell.source.startswith("## If you want more")), len(cells))
    cells = cells[:end]
    asked = [
        str(ast.literal_eval(call.args[0]))
        for cell in cells
        for call in calls(cell)
        if ast.unparse(call.func) == "bp.exercises.ask"
    ]
    unknown = set(asked) - {one.id for one in QUESTIONS}
    if unknown:
        yield f"the bank has no {', '.join(sorted(unknown))}"
    begun = next((place for place, cell in enumerate(cells) if "## Check yourself" in cell.source), len(cells))
    thought = any("bp.apps.predict" in kinds(cell) for cell in cells[begun:])  # a prediction here is one of concept
    if not thought and not CONCEPTS & set(asked):
        yield "no question of concept"
    drawn = any(".diagram()" in cell.source for cell in cells[begun:])  # and asked about below
    if not PICTURES & set(asked) and not (thought and drawn):
        yield "no question about a picture"
    computed = [one for one in asked if one not in UNCOMPUTED]
    computed += ["a number" for cell in cells if "bp.apps.ask" in kinds(cell)]
    if len(computed) > 2:
        yield f"too much arithmetic: {', '.join(computed)}"
    if len(set(asked)) < len(asked) and "which-slip" not in asked:
        yield f"a question twice: {', '.join(asked)}"


def its_words_are_plain_and_its_notation_is_one(cells: Cells) -> Iterator[str]:
    for cell in cells:
        if cell.cell_type == "markdown":
            yield from faults(cell.source)


def its_recap_is_short(cells: Cells) -> Iterator[str]:
    recap = cells[-1].source.partition("## Recap")[2]
    if any(len(line) > 200 for line in recap.splitlines() if line.startswith("- ")):
        yield "a line of the recap is too long"


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        it_asks_one_question_first,
        it_says_how_long_it_takes,
        something_to_see_comes_before_the_first_formula,
        every_try_this_has_an_answer,
        no_code_holds_an_answer,
        its_questions_are_of_several_kinds,
        its_words_are_plain_and_its_notation_is_one,
        its_recap_is_short,
    )
}
EXCEPT = {("its_questions_are_of_several_kinds", BEGINS)}  # it shows what a question is, and asks about nothing


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("lesson", COURSE, ids=[one.stem for one in COURSE])
def test_a_lesson_keeps_the_rule(lesson: Lesson, rule: str) -> None:
    if (rule, lesson.stem) not in EXCEPT:
        assert list(RULES[rule](list(lesson.notebook.cells))) == []


@pytest.mark.parametrize("path", OTHERS, ids=[path.stem for path in OTHERS])
def test_sheets_and_instructors_notebooks_read_alike(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    assert list(its_words_are_plain_and_its_notation_is_one(cells)) == []


def markdown(*sources: str) -> Cells:
    return [new_markdown_cell(source) for source in sources]


def code(*sources: str, **data: str) -> Cells:
    outputs = [new_output("display_data", data={kind.replace("_", "/"): text for kind, text in data.items()})]
    return [new_code_cell(source, outputs=outputs if data else []) for source in sources]


TRY = "Try this:\n\n1. Move it.\n2. Move it back.\n"
BROKEN: dict[str, list[Cells]] = {
    "it_asks_one_question_first": [markdown("# 05 · Weights\n\n**Goal.** You can. Why?"), markdown("# 05 · Weights")],
    "it_says_how_long_it_takes": [markdown("# 05"), markdown("# 05\n\nTime: about 55 minutes.")],
    "something_to_see_comes_before_the_first_formula": [
        markdown("First $$a = b$$"),
        [*code("d", text_latex="$a$"), *code("app", text_html="<bpkit-app>")],
    ],
    "every_try_this_has_an_answer": [
        markdown(TRY),
        markdown(TRY, "What next?"),
        markdown(TRY, f"<details>\n{FOLD}\n\n1. It moves.\n\n</details>"),
    ],
    "no_code_holds_an_answer": [code('bp.apps.predict("How many?", answer=3)')],
    "its_questions_are_of_several_kinds": [
        code('bp.exercises.ask("zero-factor")'),
        code('bp.apps.predict("which-day")', 'bp.exercises.ask("read-slope")'),
        code('bp.exercises.ask("read-slope")'),
        code('bp.exercises.ask("read-slop")', 'bp.exercises.ask("zero-factor")'),
        code(*(f'bp.exercises.ask("{one}")' for one in ("read-slope", "zero-factor", *["loss", "net-and-out"] * 2))),
    ],
    "its_words_are_plain_and_its_notation_is_one": [
        markdown(text)
        for text in (
            "Take w₂ in place of w₄.",
            "Do it once more.",
            "Somebody computed it.",
            "That is right but for rounding.",
            "Subtract, as one must.",
            "The derivative by w₅ is positive.",
            "It is the derivative of the loss by net.",
            "The slope dE/dw5 is small.",
            "Move w5 to 3.",
            "The output out_h1 grows.",
            "It is -3.",
            "It is small - and falls.",
            "0 -> 1",
            "Lines (3), (4) and (5) say so.",
        )
    ],
    "its_recap_is_short": [markdown("## Recap\n\n- " + "long " * 50)],
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_says_no(rule: str) -> None:
    for cells in BROKEN[rule]:
        assert list(RULES[rule](cells)), cells


def test_what_is_written_well_passes() -> None:
    good = (
        "Move **b₂** to −3 (in code `b2`, $b_2$): line (12) and line (16) change. See [05](05_output_weights.ipynb).",
        "Use w₂ instead of w₄; that is the derivative of the loss with respect to w₅, ∂E/∂w₅ – it is positive.",
        "A 2-2-2 network, 0.05 to 0.95, for example; the steps are 10 times as large.",
    )
    assert [fault for text in good for fault in faults(text)] == []
