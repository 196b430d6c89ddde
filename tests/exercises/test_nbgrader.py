"""The assignment in nbgrader's own hands: generated, handed in right, wrong and damaged, and graded."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpkit.exercises import grade, make_sheet
from bpkit.exercises.editions.nbgrader import NAME, assignment, plain
from bpkit.exercises.parts import NumberPart
from bpkit.exercises.sheet import Sheet

QUESTIONS = ("hidden-weight", "sign-first", "code")
NINE = {"schema_version", "grade", "locked", "solution", "task", "grade_id", "points", "checksum", "cell_type"}

FUNCTIONS = {
    "3a": """import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def forward(x, W1, b1, W2, b2):
    return sigmoid(sigmoid(x @ W1 + b1) @ W2 + b2)

answers["3a"] = forward""",
    "3c": """def update(parameters, gradients, rate):
    return [p + rate * g for p, g in zip(parameters, gradients)]

answers["3c"] = update""",
}


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    return make_sheet(QUESTIONS, seed=11)


def test_cells_carry_nine_keys_unique_names_and_no_answer(sheet: Sheet) -> None:
    text = assignment(sheet)
    notebook = json.loads(text)
    about = [cell["metadata"]["nbgrader"] for cell in notebook["cells"]]
    assert all(set(one) == NINE for one in about)
    ids = [one["grade_id"] for one in about]
    assert len(set(ids)) == len(ids)
    assert sum(one["points"] for one in about if one["grade"]) == sum(e.points for e in sheet)
    for part in sheet.parts.values():
        if isinstance(part, NumberPart):
            assert f"{abs(part.right):.3g}" not in text


def submission(release: Any, answers: dict[str, str]) -> Any:
    notebook = copy.deepcopy(release)
    for cell in notebook["cells"]:
        key = cell["metadata"]["nbgrader"]["grade_id"].removeprefix("answer-")
        if cell["metadata"]["nbgrader"]["solution"] and key in answers:
            cell["source"] = answers[key] if key.startswith("3") else f'answers["{key}"] = {answers[key]}'
    return notebook


def cell(notebook: Any, name: str) -> Any:
    return next(one for one in notebook["cells"] if one["metadata"].get("nbgrader", {}).get("grade_id") == name)


def damaged(sheet: Sheet, release: Any) -> dict[str, tuple[Any, float]]:
    """What learners hand in, and the points that it is worth."""
    right = {key: repr(part.answer) for key, part in sheet.parts.items() if not key.startswith("3")}
    only = lambda answer: submission(release, {"1": answer})
    everything = submission(release, {**right, **FUNCTIONS})
    tampered = only("0.123")
    cell(tampered, "grade-1")["source"] = "1.0"
    exchanged = only(right["1"])
    cell(exchanged, "setup")["source"] = "import bpkit as bp\nsheet = None\nanswers = {}"
    cheat = only("0.123\nsheet = bp.exercises.make_sheet(['hidden-weight'], seed=1)\nanswers['1'] = sheet[1].answer")
    deleted = copy.deepcopy(everything)
    deleted["cells"].remove(cell(deleted, "answer-1"))
    doubled = only(right["1"])
    twin = copy.deepcopy(cell(doubled, "answer-1"))
    twin["id"] = "twin"
    twin["metadata"] = {}
    doubled["cells"].insert(doubled["cells"].index(cell(doubled, "answer-1")) + 1, twin)
    noisy = f'{right["1"]}\nimport sys, warnings\nwarnings.warn("x")'
    return {
        "right": (everything, 4.0 + 1.0),
        "wrong": (only("0.123"), 0.0),
        "blank": (copy.deepcopy(release), 0.0),
        "text": (only(f'"{sheet.parts["1"].answer:.4g}"'), 1.0),
        "words": (only('"about a tenth"'), 0.0),
        "nan": (only('float("nan")'), 0.0),
        "inf": (only('float("inf")'), 0.0),
        "numpy": (only(f'__import__("numpy").float64({right["1"]})'), 1.0),
        "truth": (only("True"), 0.0),
        "list": (only("[1, 2]"), 0.0),
        "dict": (only('{"score": 1.0, "max_score": 1.0}'), 0.0),
        "tampered": (tampered, 0.0),
        "exchanged": (exchanged, 1.0),
        "cheat": (cheat, 0.0),
        "deleted": (deleted, 4.0),
        "doubled": (doubled, 1.0),
        "noisy": (only(noisy), 1.0),
    }


def nbgrader(folder: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments, f"--course-dir={folder}"],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },  # it calls alembic
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_nbgrader_generates_and_grades_it(sheet: Sheet, tmp_path: Path) -> None:
    pytest.importorskip("nbgrader", reason="nbgrader is not installed")
    from nbgrader.api import Gradebook

    source = tmp_path / "source" / NAME
    source.mkdir(parents=True)
    (source / "exercises.ipynb").write_text(assignment(sheet), encoding="utf-8")
    nbgrader(tmp_path, "generate_assignment", NAME, "--create")
    release = json.loads((tmp_path / "release" / NAME / "exercises.ipynb").read_text(encoding="utf-8"))
    expected = damaged(sheet, release)
    for learner, (notebook, _) in expected.items():
        folder = tmp_path / "submitted" / learner / NAME
        folder.mkdir(parents=True)
        (folder / "exercises.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    nbgrader(tmp_path, "autograde", NAME, "--create")
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        scores = {learner: book.find_submission(NAME, learner).score for learner in expected}
        assert book.find_assignment(NAME).max_score == sum(exercise.points for exercise in sheet)
    assert scores == {learner: points for learner, (_, points) in expected.items()}
    graded = json.loads((tmp_path / "autograded" / "right" / NAME / "exercises.ipynb").read_text(encoding="utf-8"))
    shown = json.dumps(cell(graded, "grade-3c")["outputs"])
    assert "adds the gradient" in shown


def test_a_grade_is_a_plain_float_whatever_the_answer_does(sheet: Sheet) -> None:
    class Bad:
        def __class_getitem__(cls, key: str) -> None:
            raise SystemExit

        @property
        def item(self) -> None:
            raise KeyboardInterrupt

        def __str__(self) -> str:
            raise SystemExit(1)

    for answer in (Bad(), Bad, object(), 10**400, np.array([1.0]), np.float64("nan"), lambda: 1 / 0):
        points = grade(sheet, {"1": answer}, "1", sheet.fingerprint)
        assert type(points) is float
        assert points == 0.0
    good = grade(sheet, {"1": np.float64(sheet.parts["1"].answer)}, "1", sheet.fingerprint)
    assert (type(good), good) == (float, 1.0)
    assert grade(sheet, [], "1", sheet.fingerprint) == 0.0
    assert grade(sheet, {"1": sheet.parts["1"].answer}, "1", "another") == 0.0
    assert plain(np.float64(0.5)) == 0.5
    assert plain("x") == "x"
