"""Learner and solution notebooks: nothing leaks, the same bytes, cells that really run, and classes of learners."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from assignment import assignment_files
from every_question import ALL
from nbclient import NotebookClient
from shown_work import without_shown_work
from thorough import THOROUGH, many

from bpkit.core.errors import BpkitError
from bpkit.exercises import make_sheet, open_sheet
from bpkit.exercises.editions import EACH, EDITIONS
from bpkit.exercises.editions.forecast import files_of
from bpkit.exercises.editions.notebooks import learner_notebook, pretty, safe_text, solution_notebook
from bpkit.exercises.editions.produce import produce
from bpkit.exercises.questions.parts import NumberPart
from bpkit.exercises.sheets.checker import Checker
from bpkit.exercises.sheets.cohort import SHARED, marks_of, plan, settled
from bpkit.exercises.sheets.files import csv_text, slug, slugs, write
from bpkit.exercises.sheets.sheet import DEFAULT_QUESTIONS, Sheet

_NUMBER = re.compile(r"(?<![\d.])\d+\.\d+(?:e-?\d+)?")
_DRAWN = re.compile(r"<style>.*?</style>|<(?:path|rect|line|circle|text)\b[^>]*>", re.DOTALL)


def answers_shown(sheet: Sheet, text: str) -> list[str]:
    """The keys whose answer stands somewhere in a text: any number of three digits or more that rounds to the same."""
    text = without_shown_work(sheet, text)
    for option in {one for part in sheet.parts.values() for one in getattr(part, "options", ()) if " " in one}:
        text = text.replace(option, "")  # the words that another question lets choose from are no answer to this one
    numbers = _NUMBER.findall(text)
    long = [number for number in numbers if len(number.partition("e")[0].replace(".", "").strip("0")) > 2]
    seen = {f"{float(number):.2e}" for number in long}
    return [
        key for key, part in sheet.parts.items() if isinstance(part, NumberPart) and f"{abs(part.right):.2e}" in seen
    ]


def seen_by_a_learner(sheet: Sheet) -> dict[str, str]:
    """Every file that a learner gets; of a page neither its style nor where the parts of its pictures stand."""
    (assignment,) = assignment_files([sheet]).values()
    files = [file for files in EACH.values() for file in files if not file.answers]
    return {file.folder: _DRAWN.sub("", str(file.make(sheet))) for file in files} | {"nbgrader": assignment}


@cache
def sheet_of(seed: int) -> Sheet:
    level = ("easy", "medium", "hard")[seed % 3]
    return make_sheet(DEFAULT_QUESTIONS if seed % 2 else ALL, 100_000 + seed, "Ada L.", level)


# Usually every question once, and those that are usual at the other levels.
@pytest.mark.parametrize("seed", range(200) if THOROUGH else (0, 1, 5))
def test_no_answer_stands_in_what_a_learner_gets(seed: int) -> None:
    sheet = sheet_of(seed)
    for edition, text in seen_by_a_learner(sheet).items():
        shown = answers_shown(sheet, text)
        if shown:  # a given number may have three digits of an answer by chance, but not on the next sheet too
            other = sheet_of(seed + 600)
            assert set(shown).isdisjoint(answers_shown(other, seen_by_a_learner(other)[edition])), edition
        assert str(100_000 + seed) not in text
    text = learner_notebook(sheet)
    assert "solution" not in text.lower().replace("a worked solution", "")
    notebook = json.loads(text)
    assert all(not cell.get("outputs") for cell in notebook["cells"])
    assert all(cell.get("execution_count") is None for cell in notebook["cells"])


def test_the_search_for_answers_can_find_one() -> None:
    sheet = make_sheet(seed=3)
    assert answers_shown(sheet, solution_notebook(sheet)) != []
    shown = str(sheet.parts["4"].answer)
    for text in seen_by_a_learner(sheet).values():
        for written in (shown, f"{sheet.parts['4'].answer:.3g}", f"{sheet.parts['4'].answer:.5e}"):
            assert answers_shown(sheet, text.replace("Compute", f"Compute {written}", 1)) == ["4"]


def test_formulas_and_words_that_are_answers_do_not_stand_in_it_either() -> None:
    sheet = make_sheet(["symbolic", "which-slip", "gradient-check"], seed=5)
    data = json.dumps(sheet.data())
    assert sheet.parts["1"].answer not in learner_notebook(sheet)
    for name in ("forgets the", "leaves out", "swaps the", "follows only"):
        assert name not in data


def test_notebooks_are_valid_and_every_cell_has_an_id_of_its_own() -> None:
    sheet = sheet_of(0)
    source, *handouts = assignment_files([sheet, Sheet(sheet.exercises, "Bob")]).values()
    for text in (learner_notebook(sheet), solution_notebook(sheet), source, handouts[0]):
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
        ids = [cell.id for cell in notebook.cells]
        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch(r"[a-z0-9-]+", id) for id in ids)
        assert notebook.metadata.bpkit.kind == "nbgrader" or all("bpkit" in cell.metadata for cell in notebook.cells)
        assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def test_a_page_without_a_kernel_still_makes_sense() -> None:
    sheet = make_sheet(seed=4)
    notebook = nbformat.reads(learner_notebook(sheet), as_version=4)
    read = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for exercise in sheet:
        for problem in exercise.task.problems:
            for value in (*problem.parameters.values(), *problem.inputs.ravel(), *problem.targets.ravel()):
                assert f"{value:g}" in read


def test_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    """Every file of every edition, whatever the seed of Python's own hashes."""
    program = (
        "import sys; from pathlib import Path; from bpkit.exercises.sheets.cohort import plan; "
        "from bpkit.exercises.editions import EDITIONS; from bpkit.exercises.editions.produce import produce; "
        "produce(plan('Ada\\nGrace', 6, ('loss', 'sign-first', 'which-slip')), Path(sys.argv[1]), 6, "
        "EDITIONS, jobs=1, variants=2)"
    )
    for seed in ("0", "12345") if THOROUGH else ("0",):
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / seed)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
    # This process has a seed of its own, another each time, and has made other sheets before.
    made = plan("Ada\nGrace", 6, ("loss", "sign-first", "which-slip"))
    produce(made, tmp_path / "here", 6, EDITIONS, jobs=1, variants=2)
    one, *others = (
        {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*")}
        for folder in tmp_path.iterdir()
    )
    assert others == [one] * len(others) != []
    assert sorted(one) == sorted(files_of(made, EDITIONS))


def test_adding_a_question_changes_no_other() -> None:
    few = make_sheet(["loss", "hidden-weight"], seed=9)
    more = make_sheet(["sign-first", "loss", "which-slip", "hidden-weight"], seed=9)
    assert [one.task for one in few] == [one.task for one in more if one.id in ("loss", "hidden-weight")]


def run(text: str, answers: dict[str, str] | None = None) -> Any:
    """Execute a notebook for real, with the answer cells filled in."""
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        key = cell.metadata.bpkit.get("key")
        if answers and key in answers and cell.metadata.bpkit.kind == "answer":
            cell.source = f'answers["{key}"] = {answers[key]}'
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return notebook


def test_check_cells_run_in_a_kernel_and_tell_right_from_wrong() -> None:
    sheet = make_sheet(["net-and-out", "hidden-weight", "sign-first"], seed=8)
    forgot = next(w.answer for w in sheet.parts["2"].wrong if w.name == "forgets the hidden slope")
    typed = {"1a": repr(sheet.parts["1a"].answer), "2": f"{forgot:.4g}", "3a": '"perhaps"'}
    notebook = run(learner_notebook(sheet), typed)
    said = {
        cell.metadata.bpkit.key: cell.outputs[0].data["text/plain"]
        for cell in notebook.cells
        if cell.metadata.bpkit.kind == "check"
    }
    assert said["1a"].startswith("correct:")
    assert said["1b"] == "blank: No answer yet."
    assert "forgets the hidden slope" in said["2"]
    assert said["3a"].startswith("unreadable:")


def test_a_solution_notebook_says_what_its_cells_say_when_they_run() -> None:
    text = solution_notebook(make_sheet(["output-update", "batch-mean", "hidden-paths", "code"], seed=8))
    stored, fresh = nbformat.reads(text, as_version=4), run(text)
    outputs = lambda notebook: [
        (cell.execution_count, [output.data for output in cell.outputs])
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
    assert outputs(fresh) == outputs(stored)


def test_checks_want_a_key_of_the_sheet() -> None:
    sheet = make_sheet(["net-and-out"], seed=1)
    check = Checker(sheet, {})
    assert check("1a").verdict == "blank"
    with pytest.raises(BpkitError, match="asks for no '1c'"):
        check("1c")
    with pytest.raises(BpkitError, match="sheet: expected the data"):
        open_sheet("{broken")
    assert pretty(sheet[1].answer).startswith("{'a': ")
    with pytest.raises(BpkitError, match="number of an exercise"):
        sheet[2]


# Classes


def test_distinct_learners_get_distinct_problems_and_collisions_are_redrawn() -> None:
    made = plan(12, seed=1, questions=("matrix-shapes", "hidden-weight"), difficulty="easy")
    same = made.seats[0]
    twins = (*made.seats[:4], *(type(same)(f"twin {i}", f"twin-{i}", same.seed) for i in range(3)))
    made = type(made)(made.questions, made.difficulty, twins)
    done = settled(made, [(seat, marks_of(made.sheet(seat))) for seat in twins])
    assert {slug for slug, _, _ in done.redraws} == {"twin-0", "twin-1", "twin-2"}
    for question in (0, 1):
        tasks = [json.dumps(done.sheet(seat).exercises[question].task.data()) for seat in twins]
        assert len(set(tasks)) == len(twins)
    assert settled(done, [(seat, marks_of(done.sheet(seat))) for seat in twins]).redraws == done.redraws


# Of pictures that are read there are as many as there are numbers to read; then learners share them.
FEW = ("read-activation", "read-loss-functions")


def test_a_class_shares_no_numbers() -> None:
    asked = [id for id in ALL if id not in SHARED]
    made = plan(many(2, 120), seed=5, questions=asked, difficulty="easy")
    sheets = {seat: made.sheet(seat) for seat in made.seats}
    done = settled(made, [(seat, marks_of(sheet)) for seat, sheet in sheets.items()])
    sheets |= {seat: done.sheet(seat) for seat in done.seats if done.redraws_of(seat.slug)}
    for question in made.questions:
        tasks = [json.dumps(one.task.data()) for sheet in sheets.values() for one in sheet if one.id == question]
        assert len(tasks) == len(made.seats)
        assert len(set(tasks)) == len(tasks) or (question in FEW and len(set(tasks)) >= 8), question


def test_learners_share_a_question_that_has_no_more_forms() -> None:
    made = plan(12, seed=5, questions=("read-loss-functions", "loss"), difficulty="easy")
    done = settled(made, [(seat, marks_of(made.sheet(seat))) for seat in made.seats])
    drawn = [{one.id: json.dumps(one.task.data()) for one in done.sheet(seat)} for seat in done.seats]
    assert len({one["read-loss-functions"] for one in drawn}) == 8
    assert len({one["loss"] for one in drawn}) == 12


def test_one_learner_can_be_drawn_alone_from_the_table_of_seeds() -> None:
    whole = plan(5, seed=3, questions=("loss",))
    third = whole.seats[2]
    alone = plan(f"learner,seed\n{third.learner},{third.seed}\n", seed=99, questions=("loss",))
    assert alone.sheet(alone.seats[0]).exercises[0].task == whole.sheet(third).exercises[0].task
    assert len({seat.seed for seat in plan(500, seed=3).seats}) == 500


HOSTILE_NAMES = ["../../etc/passwd", "<script>alert(1)</script>", "=HYPERLINK(1)", "CON", "a/b\\c", "Zoë Ångström"]


def test_hostile_names_become_harmless_files_cells_and_text(tmp_path: Any) -> None:
    found = slugs([*HOSTILE_NAMES, "zoe angstrom", "…", "x" * 500])
    assert len(set(found)) == len(found)
    assert all(re.fullmatch(r"[a-z0-9-]{1,70}", one) for one in found)
    assert slug("CON") != "con"
    assert csv_text([["=1+1", "-0.5", "-x", "@a", "ok", 3]]) == "'=1+1,-0.5,'-x,'@a,ok,3\n"
    assert not set("<[$") & set(safe_text("<b> [a](b) $x$"))
    text = learner_notebook(make_sheet(["loss"], seed=1, learner="<script>alert(1)</script> $x$ [a](javascript:b)"))
    title = "".join(json.loads(text)["cells"][0]["source"])
    assert not set("<[$") & set(title.partition("Write")[0])


def test_files_are_whole_and_never_overwritten_unasked(tmp_path: Any) -> None:
    path = tmp_path / "a" / "b.txt"
    assert write(path, "one")
    assert not write(path, "one")
    with pytest.raises(BpkitError, match="--force"):
        write(path, "two")
    assert path.read_text() == "one"
    assert write(path, "two", force=True)
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    link = tmp_path / "link.txt"
    link.symlink_to(outside)
    with pytest.raises(BpkitError, match="exists"):
        write(link, "two")
    assert write(link, "three", force=True)
    assert outside.read_text() == "mine"
    assert sorted(one.name for one in (tmp_path / "a").iterdir()) == ["b.txt"]
