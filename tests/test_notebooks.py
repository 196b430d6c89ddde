"""What every notebook promises, besides running with the outputs that it was committed with (nbval sees to that)."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import nbformat
import pytest
from thorough import THOROUGH

ROOT = Path(__file__).parents[1]
# Deeper folders are an instructor's own: the classes' sheets that the panels write beside themselves.
NOTEBOOKS = sorted(path for pattern in ("*.ipynb", "*/*.ipynb") for path in (ROOT / "notebooks").glob(pattern))
SHEETS = [path for path in NOTEBOOKS if path.parent.name == "exercises"]
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.relative_to(ROOT / "notebooks").as_posix() for path in NOTEBOOKS]
WRITTEN = "12_write_it_yourself.ipynb"


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def prose(path: Path) -> str:
    return "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_a_notebook_is_committed_as_it_ran_from_top_to_bottom(path: Path) -> None:
    """nbval passes over a cell without an execution count, so that a notebook which never ran would pass."""
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {output.output_type for cell in cells for output in cell.outputs}
    assert kinds <= {"stream", "execute_result", "display_data"}
    assert not [o for cell in cells for o in cell.outputs if o.get("name") == "stderr"]
    assert "widgets" not in read(path).metadata  # a page would bind to models of a kernel that is gone
    nbformat.validate(read(path))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_cells_are_thin(path: Path) -> None:
    """Imports in the first code cell, a few lines each, no definitions, nothing that only IPython reads.

    The first cell of a sheet holds the numbers of its questions too, a line for each. In one lesson the learner writes
    functions.
    """
    for number, cell in enumerate(code_cells(path)):
        tree = ast.parse(cell.source)
        defines = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)]
        most = 20 if path in SHEETS and not number else 14 if defines else 7
        assert len(cell.source.splitlines()) <= most, cell.source
        assert not defines or path.name == WRITTEN, cell.source
        if number:
            assert not [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)], cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_nothing_in_the_outputs_changes_from_run_to_run(path: Path) -> None:
    for cell in code_cells(path):
        for output in cell.outputs:
            words = output.get("text", "") + str({k: v for k, v in output.get("data", {}).items() if k != "image/png"})
            assert not re.search(r"object at 0x|np\.float64\(|IPY_MODEL", words), words[:300]


@pytest.mark.parametrize("path", LESSONS, ids=[path.name for path in LESSONS])
def test_a_lesson_has_its_parts(path: Path) -> None:
    """Title, goal, what to know before, prediction, questions, a recap of three lines, and links to its neighbours."""
    text = prose(path)
    assert re.match(rf"# {path.name[:2]} · ", text)
    assert "**Goal.**" in text
    assert "**Before you start**" in text
    recap = text.split("## Recap\n", 1)[1]
    assert len(re.findall(r"^- ", recap, re.MULTILINE)) == 3
    calls = "\n".join(cell.source for cell in code_cells(path))
    assert "bp.apps.predict(" in calls
    asked = text.index("## Check yourself")
    assert text.index("## Predict") < asked < text.index("## Recap")
    bank = len(re.findall(r"bp\.exercises\.ask\(", calls))
    assert (1 if path == LESSONS[0] else 2) <= bank <= 4  # the first lesson has the detective's box besides
    order = [lesson.name for lesson in LESSONS]
    here = order.index(path.name)
    for neighbour in order[max(here - 1, 0) : here] + order[here + 1 : here + 2]:
        assert f"]({neighbour})" in recap, neighbour


@pytest.mark.parametrize("path", LESSONS, ids=[path.name for path in LESSONS])
def test_a_lesson_says_what_to_do_when_it_is_opened_again(path: Path) -> None:
    """Its pictures are there, and nothing moves: what moved them lived in a kernel."""
    begins, _, _ = prose(path).partition("\n## Predict")
    assert "open this lesson again" in begins
    assert "*Run → Run All Cells*" in begins
    if path == LESSONS[0]:
        assert "*Kernel → Restart Kernel and Run All Cells*" in begins


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_what_jupyterlab_shows_before_the_first_run_is_a_picture(path: Path) -> None:
    """Of one that it does not trust it shows no widget and no SVG: the plain text must not be all that is left."""
    for cell in code_cells(path):
        for output in cell.outputs:
            data = output.get("data", {})
            if "".join(data.get("text/plain", "")).startswith(("App ", "Panel ")):
                assert {"image/png", "text/html"} & data.keys(), cell.source
                assert len("".join(data.get("image/png", ""))) <= 80_000, cell.source  # 60 kB, in letters
    if path == LESSONS[0]:
        assert code_cells(path)[0].outputs, "who runs the first cell of all sees that something happened"


# Decimal numbers that the prose of lessons may name without a cell that shows them, and why.
DECLARED = {
    "0.623633": "printed in the article, quoted",
    "0.632045": "printed in the article, quoted",
    "0.794609": "printed in the article, quoted",
}


def decimals(text: str) -> set[str]:
    """Every decimal number in a text; a minus may be typed as such, a thousand is never split."""
    return set(re.findall(r"(?<![\d.])\d+\.\d+(?![\d.]|\.\d)", text))


def unsupported(words: str, produced: set[str]) -> set[str]:
    """The decimal numbers of some prose that no produced number rounds to.

    To one or two decimals nearly everything is a rounding of something: such a number must itself be produced.
    """
    known = [Decimal(number) for number in produced]

    def stands(number: str) -> bool:
        places = Decimal(number).as_tuple().exponent
        if places > -3:
            return Decimal(number) in known
        return any(value.quantize(Decimal(1).scaleb(places)) == Decimal(number) for value in known)

    # A command to try claims nothing, nor does the address of a page.
    claimed = decimals(re.sub(r"`[^`\n]*`|\]\(https?://[^)]*\)", "", words))
    return {number for number in claimed - set(DECLARED) if not stands(number)}


def produced_by(path: Path) -> set[str]:
    """The decimal numbers that a notebook's cells show."""
    shown = []
    for cell in code_cells(path):
        for output in cell.outputs:
            shown.append(output.get("text", ""))
            shown += [text for kind, text in output.get("data", {}).items() if kind.startswith("text/")]
    return decimals("\n".join(shown))


@pytest.mark.parametrize("path", LESSONS, ids=[path.name for path in LESSONS])
def test_every_number_in_the_prose_is_one_that_the_cells_show(path: Path) -> None:
    assert unsupported(prose(path), produced_by(path)) == set()


def test_a_wrong_digit_in_the_prose_is_seen() -> None:
    produced = produced_by(ROOT / "notebooks" / "04_forward_pass.ipynb")
    assert unsupported("the sum of 0.5 and more is 0.844681, about 0.845", produced) == set()
    assert unsupported("the sum of 0.37 and more is 0.844682, about 0.846", produced) == {"0.37", "0.844682", "0.846"}


# What the prose of each lesson means by the numbers of lines that it names: read by a person, held by the tests below.
MEANT = {
    "05": "12 dE_o1/dout_o1, 16 dout_o1/dnet_o1",
    "06": "37 dE_total/dout_h1",
}


def lines_shown(path: Path) -> set[str]:
    """The lines of derivations that a notebook's cells show, each as its number and its quantity."""
    outputs = [output for cell in code_cells(path) for output in cell.outputs]
    texts = [output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs]
    found = [re.findall(r"^ *\((\d+)\) +(\S+) = ", text, re.MULTILINE) for text in texts]
    return {f"{number} {name}" for lines in found for number, name in lines}


def lines_named(text: str) -> set[str]:
    """The numbers of lines that some prose names, as in "lines (33) and (34)"."""
    plain = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    return set(re.findall(r"\((\d+)\)", plain)) - {"2015"}  # a year


@pytest.mark.parametrize("path", LESSONS, ids=[path.name for path in LESSONS])
def test_the_lines_that_the_prose_names_are_shown_and_are_what_it_means(path: Path) -> None:
    meant = set(filter(None, MEANT.get(path.name[:2], "").split(", ")))
    assert meant <= lines_shown(path)
    assert lines_named(prose(path)) == {line.split()[0] for line in meant}


def test_a_line_that_is_not_shown_or_means_something_else_would_be_seen() -> None:
    shown = lines_shown(ROOT / "notebooks" / "05_output_weights.ipynb")
    assert "16 dout_o1/dnet_o1" in shown
    assert not {"17 dout_o1/dnet_o1", "24 dnet_o1/dw6"} & shown
    assert lines_named("as line (21) says") == {"21"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_links_lead_to_files(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|attachment:|data:)([^)#\s]+)", prose(path)):
        assert (path.parent / target).exists(), target


def test_the_map_lists_exactly_the_lessons_that_exist() -> None:
    """With their questions and times; as it is committed, of somebody who has answered nothing yet."""
    [shown] = [o.data["text/markdown"] for c in code_cells(LESSONS[0]) if "progress()" in c.source for o in c.outputs]
    row = r"^\| \[(\d\d · [^\]]+)\]\((\d\d_\w+\.ipynb)\) \| (.+?\?) \| (\d+)\xa0min \| 0\xa0of\xa0(\d+) \|$"
    rows = re.findall(row, shown, re.MULTILINE)
    assert [row[1] for row in rows] == [lesson.name for lesson in LESSONS]
    for title, name, question, minutes, asked in rows:
        first = prose(ROOT / "notebooks" / name)
        assert first.startswith(f"# {title}\n\n**{question}**")
        assert f"Time: about {minutes} minutes" in first
        calls = "\n".join(cell.source for cell in code_cells(ROOT / "notebooks" / name))
        assert int(asked) == len(re.findall(r"bp\.(?:apps\.predict|apps\.ask|exercises\.ask)\(", calls))


def test_a_wrong_derivative_makes_a_notebook_fail(tmp_path: Path) -> None:
    """Strict comparison is worth nothing unless a wrong rule of calculus is seen by it."""
    notebook = tmp_path / "copy.ipynb"
    shutil.copy(ROOT / "notebooks" / "07_training.ipynb", notebook)

    def run(slip: str) -> subprocess.CompletedProcess[str]:
        startup = tmp_path / "ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True, exist_ok=True)
        (startup / "00_slip.py").write_text(slip)
        command = [sys.executable, "-m", "pytest", "--nbval", str(notebook), "-qx", "-n0", "-p", "no:cacheprovider"]
        environment = {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")}
        return subprocess.run(
            [*command, "-c", os.devnull], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    if THOROUGH:  # else this run's own comparison of the lesson has to do
        honest = run("")
        assert honest.returncode == 0, honest.stdout[-2000:]
    # The slope of the sigmoid without its factor (1 - out), before any lesson is derived.
    wrong = run(
        "from bpkit.core.functions import BUILT_IN, OUT\n"
        "for field in ('slope', 'stable_slope'):\n"
        "    object.__setattr__(BUILT_IN['sigmoid'], field, OUT)\n"
    )
    assert wrong.returncode == 1
    assert "Cell outputs differ" in wrong.stdout
    assert "bp.apps.training(article" in wrong.stdout
