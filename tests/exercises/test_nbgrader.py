"""The assignment in nbgrader's own hands: generated, handed in right, wrong and damaged, and graded."""

from __future__ import annotations

import copy
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from assignment import assignment_files
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from printed import as_printed
from thorough import THOROUGH, in_ci
from traitlets.config import Config

from bpkit.exercises import generate, grade
from bpkit.exercises.editions.nbgrader import HANDOUT, NAME, SOURCE
from bpkit.exercises.marking.submissions import read_submission
from bpkit.exercises.questions.answers import NotRead
from bpkit.exercises.questions.judging import mark_sheet
from bpkit.exercises.questions.parts import NumberPart
from bpkit.exercises.sheets.grading import plain
from bpkit.exercises.sheets.roll import call_roll, on_roll
from bpkit.exercises.sheets.sheet import Sheet, make_sheet

NINE = {"schema_version", "grade", "locked", "solution", "task", "grade_id", "points", "checksum", "cell_type"}
SINGLE = "loss output-delta output-weight output-update hidden-weight hidden-update bias-gradient".split()
FEW = SINGLE[-3:]
Notebook = dict[str, Any]

# What is written for an answer, and the part of the points that it earns.
WRITTEN: dict[str, tuple[str, float]] = {
    "right": ("{right!r}", 1),
    "text": ('"{right:.6g}"', 1),
    "wrong": ("0.123", 0),
    "blank": ("None", 0),
    "words": ('"about a tenth"', 0),
    "nan": ('float("nan")', 0),
    "inf": ('float("inf")', 0),
    "numpy": ("np.float64({right!r})", 1),
    "numpy nan": ('np.float64("nan")', 0),
    "truth": ("True", 0),
    "list": ("[1, 2]", 0),
    "dict": ('{{"score": 1.0, "max_score": 1.0}}', 0),
    "huge": ("10**400", 0),
    "failing": ("1 / 0", 0),
    "power": ('"{mantissa}·10^{exponent}"', 1),
    "comma": ('"{comma}"', 1),
    "pair": ("0,5", 0),
    "ratio": ('"{right!r}/1"', 1),
    "named": ('"dE/dw5 = {right!r}"', 1),
    "worked out": ('"2 * {half!r}"', 1),
    "arithmetic": ("2 * {half!r}", 1),
    "from text": ('float("{right!r}")', 1),
    "rounded": ("round({right!r}, 12)", 1),
    "computed": ("{half!r} * (1 + np.exp(0))", 1),
    "percent": ('"7.045%"', 0),
    "dots": ("...", 0),
    "updated": ('None\nanswers.update({{"{key}": {right!r}}})', 1),
    "noisy": ('{right!r}\nimport sys, warnings\nwarnings.warn("x")\nprint("y", file=sys.stderr)', 1),
}


def cell(notebook: Notebook, id: str) -> Any:
    return next(one for one in notebook["cells"] if one["id"] == id)


def write(notebook: Notebook, key: str, source: str) -> None:
    cell(notebook, f"answer-{key}")["source"] = f'import numpy as np\n\nanswers["{key}"] = {source}'


def again(notebook: Notebook, id: str) -> Any:
    """A copy of a cell, placed behind it."""
    twin = copy.deepcopy(cell(notebook, id))
    notebook["cells"].insert(notebook["cells"].index(cell(notebook, id)) + 1, twin)
    return twin


def lose_answer(notebook: Notebook, key: str) -> None:
    notebook["cells"].remove(cell(notebook, f"answer-{key}"))


def double_answer(notebook: Notebook, key: str) -> None:
    again(notebook, f"answer-{key}")["id"] = f"twin-{key}"


def answer_to_text(notebook: Notebook, key: str) -> None:
    found = cell(notebook, f"answer-{key}")
    found["cell_type"] = "markdown"
    del found["outputs"], found["execution_count"]


def tamper_grade(notebook: Notebook, key: str) -> None:
    cell(notebook, f"grade-{key}")["source"] = "9.0"
    cell(notebook, f"grade-{key}")["metadata"]["nbgrader"]["points"] = 9.0


def lose_grade(notebook: Notebook, key: str) -> None:
    notebook["cells"].remove(cell(notebook, f"grade-{key}"))


# What is done to a notebook, what was written before, and the part of the points that is left.
DAMAGE: dict[str, tuple[Callable[[Notebook, str], None], str, float]] = {
    "answer cell deleted": (lose_answer, "right", 0),
    "answer cell doubled": (double_answer, "right", 1),
    "answer cell turned to text": (answer_to_text, "right", 0),
    "grade cell tampered": (tamper_grade, "wrong", 0),
    "grade cell deleted": (lose_grade, "right", 0),
}
KINDS = [*WRITTEN, *DAMAGE]
# All kinds stand in one notebook, side by side; these also alone, as they could change what the others earn.
ALONE = ["right", "failing", "noisy", *DAMAGE] if THOROUGH else ["right", "answer cell doubled"]
CODE, BY_HAND = len(KINDS) + 1, len(KINDS) + 2

# Answered as key/answers.csv prints them.
PRINTED = "learning-rate sign-first hidden-paths matrix-shapes symbolic which-slip gradient-check batch-mean".split()
LAST = BY_HAND + len(PRINTED)

FUNCTIONS = {
    "a": """import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def forward(x, W1, b1, W2, b2):
    return sigmoid(sigmoid(x @ W1 + b1) @ W2 + b2)

answers["{key}"] = forward""",
    "b": """def backward(x, y, W1, b1, W2, b2):
    h = sigmoid(x @ W1 + b1)
    out = sigmoid(h @ W2 + b2)
    delta2 = (out - y) * out * (1 - out)
    delta1 = W2 @ delta2
    return [np.outer(x, delta1), delta1, np.outer(h, delta2), delta2]

answers["{key}"] = backward""",
    "c": """def update(parameters, gradients, rate):
    return [p + rate * g for p, g in zip(parameters, gradients)]

answers["{key}"] = update""",
    "d": """def gradient_check(loss, w, h=1e-5):
    raise SystemExit

answers["{key}"] = gradient_check""",
}


def whole(learner: str, seed: int) -> Sheet:
    """An exercise with one number for each kind of answer, one of code, and a network by hand."""
    found = [generate(SINGLE[i % len(SINGLE)], seed=seed + i) for i in range(len(KINDS))]
    more = (generate(question, seed=seed) for question in ("code", "network-by-hand", *PRINTED))
    return Sheet((*found, *more), learner)


def brief(learner: str, seed: int) -> Sheet:
    """A few exercises with one number, for what is done to a notebook as a whole."""
    return Sheet(tuple(generate(question, seed=seed) for question in FEW), learner)


def slipped(sheet: Sheet) -> tuple[dict[str, str], float]:
    """Answers to the network by hand with a slip in its first line, all that follows carried on; and their points."""
    exercise = sheet[BY_HAND]
    quantities = {letter: str(part.quantity) for letter, part in exercise.parts.items()}  # type: ignore[attr-defined]
    from bpkit.core.numeric import evaluate_given

    values = evaluate_given(exercise.problem, {quantities["a"]: exercise.parts["a"].answer * 1.1})
    given = {f"{BY_HAND}{letter}": float(values[quantity]) for letter, quantity in quantities.items()}
    marks = mark_sheet(Sheet((exercise,)), {f"1{key[-1]}": value for key, value in given.items()})
    assert [mark.points for mark in marks].count(0.0) == 1
    return {key: repr(value) for key, value in given.items()}, sum(mark.points for mark in marks)


def filled(notebook: Notebook, sheet: Sheet, kinds: Mapping[str, str]) -> tuple[Notebook, dict[str, float]]:
    """A notebook with exercises answered as their kinds say, and the points that each should earn."""
    made, points = copy.deepcopy(notebook), {}
    for key, kind in kinds.items():
        change, kind, share = DAMAGE.get(kind, (None, kind, -1.0))
        source, earned = WRITTEN[kind]
        write(made, key, spelled(source, key, sheet.parts[key].answer))
        if change:
            change(made, key)
        points[key] = share if change else earned
    return made, points


def spelled(form: str, key: str, right: float) -> str:
    """A number in one of the forms that people write."""
    mantissa, _, exponent = f"{right:.8e}".partition("e")
    comma = f"{right:.9f}".replace(".", ",")
    return form.format(key=key, right=right, half=right / 2, comma=comma, mantissa=mantissa, exponent=int(exponent))


def written_well(notebook: Notebook, sheet: Sheet) -> tuple[Notebook, dict[str, float]]:
    """Every exercise answered: numbers right, one function right, one half right, one wrong, one that leaves."""
    made, points = filled(notebook, sheet, {str(i): "right" for i in range(1, CODE)})
    for letter, source in FUNCTIONS.items():
        cell(made, f"answer-{CODE}{letter}")["source"] = source.format(key=f"{CODE}{letter}")
    given, earned = slipped(sheet)
    for key, value in given.items():
        write(made, key, value)
    for number in range(BY_HAND + 1, LAST + 1):
        for key, (place, _) in sheet.places.items():
            if place == number:
                write(made, key, as_printed(sheet.parts[key]))
        points[str(number)] = sheet[number].points
    return made, {**points, str(CODE): 2.0, str(BY_HAND): earned}


def numbers(notebook: Notebook) -> str:
    """What the cell with a learner's numbers binds to that name."""
    space: dict[str, str] = {}
    exec(cell(notebook, "numbers")["source"], space)
    return space["numbers"]


Submissions = dict[str, tuple[Notebook, dict[str, float]]]


def of_every_kind(copies: dict[str, Notebook], sheets: dict[str, Sheet]) -> Submissions:
    """What learners hand in, with the points of each exercise that is worth any: all kinds of answers side by side."""
    mixed, earned = filled(copies["bob"], sheets["bob"], {str(i): kind for i, kind in enumerate(KINDS, 1)})
    cell(mixed, "setup")["source"] = "answers = {}"
    return {"ada": written_well(copies["ada"], sheets["ada"]), "bob": (mixed, earned)}


def of_one_kind(copies: dict[str, Notebook], sheets: dict[str, Sheet]) -> Submissions:
    """One answer alone, none, another learner's notebook, and numbers that are not those handed out."""
    every = dict.fromkeys(map(str, range(1, len(FEW) + 1)), "right")
    right = {name: filled(copies[name], sheets[name], every)[0] for name in ("ada", "changed", "without")}
    found: Submissions = {"eve": (right["ada"], {}), "blank": (copies["blank"], {})}
    source = cell(right["changed"], "numbers")["source"]
    cell(right["changed"], "numbers")["source"] = source.replace('"learning_rate": 0.', '"learning_rate": 0.0', 1)
    assert cell(right["changed"], "numbers")["source"] != source
    right["without"]["cells"].remove(cell(right["without"], "numbers"))
    found |= {name: (right[name], {}) for name in ("changed", "without")}
    for kind in ALONE:
        learner = kind.replace(" ", "-")
        found[learner] = filled(copies[learner], sheets[learner], {"1": kind})
    assert found["right"][1] == {"1": 1}
    return found


@pytest.fixture(scope="module")
def sheets() -> dict[str, Sheet]:
    return {name: whole(name, 1000 * i) for i, name in enumerate(("ada", "bob"))}


@pytest.fixture(scope="module")
def files(sheets: dict[str, Sheet]) -> dict[str, str]:
    return assignment_files(list(sheets.values()))


class Course:
    """A course in nbgrader's own hands, with the assignment released."""

    def __init__(self, root: Path, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = root / name.removeprefix("nbgrader/")
            path.parent.mkdir(parents=True)
            path.write_text(text, encoding="utf-8")
        config = Config()
        config.CourseDirectory.root = str(root)
        self.root, self.database = root, f"sqlite:///{root / 'gradebook.db'}"
        config.CourseDirectory.db_url = self.database
        self.api = NbGraderAPI(CourseDirectory(config=config), config=config)
        done = self.api.generate_assignment(NAME, create=True)
        assert done["success"], done["log"]

    def file(self, *folders: str) -> Any:
        return json.loads(self.root.joinpath(*folders, NAME, "exercises.ipynb").read_text(encoding="utf-8"))

    def graded(self, learner: str, notebook: Notebook) -> Any:
        """What nbgrader says when it grades what somebody hands in."""
        folder = self.root / "submitted" / learner / NAME
        folder.mkdir(parents=True)
        (folder / "exercises.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
        return self.api.autograde(NAME, learner, create=True)

    def holds(self, expected: Submissions, sheet: Sheet) -> None:
        """Grade them all; the gradebook has the points that each exercise should earn."""
        for learner, (notebook, _) in expected.items():
            done = self.graded(learner, notebook)
            assert done["success"], done["log"]
        with Gradebook(self.database) as book:
            for learner, (_, points) in expected.items():
                found = {
                    key: book.find_grade(f"grade-{key}", "exercises", NAME, learner).score or 0.0
                    for key in map(str, range(1, len(sheet) + 1))
                }
                assert found == {key: pytest.approx(points.get(key, 0.0), abs=1e-12) for key in found}, learner
                assert book.find_submission(NAME, learner).score == pytest.approx(sum(points.values()))
            assert book.find_assignment(NAME).max_score == sum(exercise.points for exercise in sheet)


@pytest.fixture
def _alembic(monkeypatch: pytest.MonkeyPatch) -> None:
    """nbgrader calls it; it stands beside this Python."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def nbgrader(test: Any) -> Any:
    """A test in which nbgrader runs; the warning is SQLAlchemy's, about nbgrader's code."""
    quiet = pytest.mark.filterwarnings("ignore:Object of type <Submitted:RuntimeWarning")
    return in_ci(quiet(pytest.mark.usefixtures("_alembic")(test)))


@nbgrader
def test_nbgrader_generates_and_grades_it(sheets: dict[str, Sheet], files: dict[str, str], tmp_path: Path) -> None:
    course = Course(tmp_path, files)
    copies = {name: json.loads(files[HANDOUT.format(name)]) for name in sheets}
    # What is locked is the same in every copy, to the last byte of its metadata, as nbgrader released it.
    locked = lambda notebook: [
        {**one, "source": "".join(one["source"])} for one in notebook["cells"] if "nbgrader" in one["metadata"]
    ]
    assert all(locked(one) == locked(course.file("release")) for one in copies.values())
    course.holds(of_every_kind(copies, sheets), sheets["ada"])
    said = json.dumps(course.file("autograded", "ada"))
    for words in ("adds the gradient", "carried: ", "ended with SystemExit"):
        assert words in said


@nbgrader
def test_nbgrader_grades_notebooks_that_are_not_as_they_were_handed_out(tmp_path: Path) -> None:
    names = ["ada", "eve", "blank", "changed", "without", *(kind.replace(" ", "-") for kind in ALONE)]
    sheets = {name: brief(name, i) for i, name in enumerate(names)}
    files = assignment_files(list(sheets.values()))
    course = Course(tmp_path, files)
    copies = {name: json.loads(files[HANDOUT.format(name)]) for name in sheets}
    expected = of_one_kind(copies, sheets)
    # The others earn what `grade` says in this process, in the last test.
    some = expected if THOROUGH else {name: expected[name] for name in ("eve", "answer-cell-doubled")}
    course.holds(some, sheets["ada"])
    assert "got those of ada" in json.dumps(course.file("autograded", "eve"))
    # A copy of a cell that nbgrader has annotated is more than nbgrader takes: it says so, and grades nothing.
    again(copies["ada"], "grade-1")["id"] = "twin-grade"
    done = course.graded("twin", copies["ada"])
    assert not done["success"]
    assert "Cell with id 'grade-1' exists multiple times" in done["log"]


def test_cells_carry_nine_keys_unique_names_and_no_answer(sheets: dict[str, Sheet], files: dict[str, str]) -> None:
    for name, text in files.items():
        notebook = json.loads(text)
        about = [one["metadata"]["nbgrader"] for one in notebook["cells"] if "nbgrader" in one["metadata"]]
        assert all(set(one) == NINE and one["schema_version"] == 3 for one in about)
        ids = [one["id"] for one in notebook["cells"]]
        assert len(set(ids)) == len(ids)
        assert len({one["grade_id"] for one in about}) == len(about)
        assert sum(one["points"] for one in about if one["grade"]) == sum(e.points for e in sheets["ada"]), name
        assert sum("injected-parameters" in one["metadata"].get("tags", ()) for one in notebook["cells"]) == (
            name != SOURCE
        )
        for sheet in sheets.values():
            for key, part in sheet.parts.items():
                if isinstance(part, NumberPart) and (name == SOURCE or sheet.learner in name):
                    # By chance another question's number has the same three digits; a slip may print the other sign.
                    number = re.match(r"\d+", key)[0]  # type: ignore[index]
                    own = [
                        one["source"] for one in notebook["cells"] if re.fullmatch(rf"\w+-{number}[a-z]*", one["id"])
                    ]
                    assert own, (name, key)
                    for places, shown in ((3, json.dumps(own)), (6, text)):
                        right = re.escape(f"{part.right:.{places}g}")
                        assert not re.search(rf"(?<![\d.-]){right}", shown), (name, key)
    source = json.loads(files[SOURCE])
    assert not any("learning_rate" in "".join(one["source"]) for one in source["cells"])


def test_with_one_sheet_its_numbers_are_everybodys() -> None:
    (text,) = assignment_files([make_sheet(["loss"], seed=3, learner="learner 01")]).values()
    notebook = json.loads(text)
    assert "learner 01" not in text
    space: dict[str, Any] = {}
    for one in notebook["cells"]:
        if one["cell_type"] == "code" and one["id"] != "grade-1":
            exec(one["source"], space)
    space["answers"]["1"] = make_sheet(["loss"], seed=3)[1].answer
    assert eval(cell(notebook, "grade-1")["source"], space) == 1.0


def test_sheets_with_more_and_fewer_parts_are_worth_the_same() -> None:
    sheets = [make_sheet(["softmax-delta", "whole-forward"], seed=seed, learner=f"l{seed}") for seed in range(6)]
    assert len({len(sheet.parts) for sheet in sheets}) > 1
    files = assignment_files(sheets)
    for sheet in sheets:
        notebook = json.loads(files[HANDOUT.format(sheet.learner)])
        answers = {key: part.answer for key, part in sheet.parts.items()}
        for number, best in ((1, max(s[1].points for s in sheets)), (2, max(s[2].points for s in sheets))):
            source = cell(notebook, f"grade-{number}")["source"]
            root = source.split('"')[1]
            assert source.startswith(f"bp.exercises.grade(numbers, answers, {number}, {best:g}, ")
            assert grade(numbers(notebook), answers, number, best, root) == best


def test_names_cannot_break_out_of_the_cell_that_they_stand_in(tmp_path: Path) -> None:
    hostile = ["'''; import os; os.abort() #", 'quo"te \\', "plain"]
    sheets = [make_sheet(["loss"], seed=seed, learner=name) for seed, name in enumerate(hostile)]
    files = assignment_files(sheets)
    assert [json.loads(numbers(json.loads(text)))["learner"] for text in list(files.values())[1:]] == hostile


def test_a_copy_can_also_be_marked_without_nbgrader(
    sheets: dict[str, Sheet], files: dict[str, str], tmp_path: Path
) -> None:
    notebook, _ = filled(json.loads(files[HANDOUT.format("bob")]), sheets["bob"], {"1": "right"})
    (tmp_path / "exercises.ipynb").write_text(json.dumps(notebook))
    found = read_submission(tmp_path / "exercises.ipynb")
    assert found.about["learner"] == "bob"
    assert found.about["fingerprint"] == sheets["bob"].fingerprint
    assert found.answers["1"].value == sheets["bob"].parts["1"].answer


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 13])
def test_a_roll_knows_its_own_and_nobody_else(count: int) -> None:
    marks = [f"mark {i}" for i in range(count)]
    root, ways = call_roll(marks)
    for i, (mark, way) in enumerate(zip(marks, ways, strict=True)):
        assert on_roll(mark, way, root)
        assert not on_roll(f"{mark}!", way, root)
        assert count == 1 or not on_roll(mark, ways[i - 1], root) or way == ways[i - 1]
    assert call_roll([*marks[:-1], "another"])[0] != root


def test_a_grade_is_a_plain_float_whatever_the_answer_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Bad:
        def __class_getitem__(cls, key: str) -> None:
            raise SystemExit

        @property
        def item(self) -> None:
            raise KeyboardInterrupt

        def __str__(self) -> str:
            raise SystemExit(1)

    class Number(np.float64):
        def item(self) -> Any:  # type: ignore[override]
            raise SystemExit(1)

    sheets = [make_sheet(["loss"], seed=seed, learner=name) for seed, name in ((1, "ada"), (2, "bob"))]
    files = assignment_files(sheets)
    notebook = json.loads(files[HANDOUT.format("ada")])
    mine, right = numbers(notebook), sheets[0].parts["1"].answer
    root = cell(notebook, "grade-1")["source"].split('"')[1]
    for answer in (Bad(), Bad, object(), 10**5000, np.array([1.0]), np.float64("nan"), lambda: 1 / 0, {"1": 1.0}):
        points = grade(mine, {"1": answer}, 1, 1, root)
        assert type(points) is float
        assert points == 0.0
    for answer in (right, np.float64(right), Number(right)):
        good = grade(mine, {"1": answer}, 1, 1, root)
        assert (type(good), good) == (float, 1.0)
    for given, numbers_given, root_given in (
        ([], mine, root),
        ({"1": right}, mine, "another"),
        ({"1": right}, "", root),
        ({"1": right}, "{broken", root),
        ({"1": right}, None, root),
        ({"1": right}, mine.replace("0.", "0.0", 1), root),
        ({"1": right}, "[" * 100_000, root),
    ):
        assert grade(numbers_given, given, 1, 1, root_given) == 0.0
    # Whose numbers they are counts where nbgrader runs the notebook, in a folder named after the learner.
    for learner, expected in (("ada", 1.0), ("bob", 0.0)):
        (tmp_path / learner).mkdir()
        monkeypatch.chdir(tmp_path / learner)
        monkeypatch.setitem(os.environ, "NBGRADER_EXECUTION", "autograde")
        assert grade(mine, {"1": right}, 1, 1, root) == expected
    assert plain(np.float64(0.5)) == 0.5
    assert plain("x") == "x"
    assert plain((2, [3])) == [2, [3]]
    assert isinstance(plain(np.array([1.0])), NotRead)
