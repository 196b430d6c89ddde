"""Every form of an answer in a box, in ``check``, in marking and in nbgrader's own hands: one verdict, the same points.

Each form of ``answer_forms`` answers an exercise of its own on one sheet, in the cell that a learner wrote. The sheet
is checked in a shell of IPython's, marked by its key, and graded by nbgrader's ``autograde``, which runs it in a
kernel.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np
import pytest
from answer_forms import FORMS, key_of
from assignment import assignment_files
from IPython.core.interactiveshell import InteractiveShell
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

import bpkit as bp
from bpkit.apps.verdicts import look
from bpkit.exercises import generate
from bpkit.exercises.editions.nbgrader import HANDOUT, NAME, SOURCE
from bpkit.exercises.marking.whole_class import handed_in, marking
from bpkit.exercises.questions.answers import NotRead, answers_in
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.feedback import Feedback
from bpkit.exercises.questions.generation import restore
from bpkit.exercises.questions.judging import Mark
from bpkit.exercises.questions.parts import ExactPart, NumberPart
from bpkit.exercises.questions.sitting import Sitting
from bpkit.exercises.sheets.checker import Checker
from bpkit.exercises.sheets.sheet import Sheet
from bpkit.mistakes.verdict import Diagnosis

# SQLAlchemy's, about nbgrader's code
pytestmark = pytest.mark.filterwarnings("ignore:Object of type <Submitted:RuntimeWarning")

Notebook = dict[str, Any]
LEARNERS = ("ada", "ben")
LINE = re.compile(r"^- \*\*(\d+[a-z]?)\*\* ([\w ]+)", re.MULTILINE)


def derivative(right: float) -> dict[str, Any]:
    """The task of an exercise whose derivative is this number: the target decides it."""
    exercise = generate("output-weight", seed=0, difficulty="easy")
    (part,) = exercise.content.parts
    assert isinstance(part, NumberPart)
    assert part.problem is not None
    step = part.problem.derivation[part.quantity]
    weight = step.quantity.by.name
    source, neuron = part.problem.network.weights[weight]
    values = bp.evaluate(part.problem)
    out, before = values[f"out_{neuron}"], values[f"out_{source}"]
    data = exercise.task.data()
    data["problems"][0]["targets"][int(neuron[1:]) - 1] = out - right / (out * (1 - out) * before)
    return data


def rates(right: str) -> dict[str, Any]:
    """The rates 0.05, 0.2 and 3, of which this is the first with which the loss grows: the input decides it."""
    data = generate("learning-rate", seed=0, difficulty="easy").task.data()
    data["problems"][0]["inputs"] = [{"0.2": 4.0, "3": 1.0}[right]]
    return {**data, "about": {"rates": [0.05, 0.2, 3.0]}}


def drawn(question: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The first task of a question that has these answers."""
    made = (generate(question, seed=seed, difficulty="easy") for seed in range(1000))
    return next(e.task.data() for e in made if all(e.parts[letter].answer == answers[letter] for letter in answers))


TASKS: Mapping[tuple[str, str], dict[str, Any]] = MappingProxyType(
    {
        ("2", "0.07045"): derivative(0.07045),
        ("3a", "positive"): drawn("sign-first", {"a": "positive", "b": -3}),
        ("3b", "-3"): drawn("sign-first", {"a": "positive", "b": -3}),
        ("4c", "3"): rates("3"),
        ("4c", "0.2"): rates("0.2"),
        ("5a", "['h1 o1', 'h1 o2']"): drawn("hidden-paths", {"a": ["h1 o1", "h1 o2"]}),
    }
)
EXERCISES: Mapping[tuple[str, str], Exercise] = MappingProxyType({key: restore(task) for key, task in TASKS.items()})


@dataclass(frozen=True)
class Place:
    """Where a form stands on the sheet: its key, the exercise's number and letter, who hands it in."""

    form: Mapping[str, Any]
    number: int

    @property
    def asked(self) -> Exercise:
        return EXERCISES[key_of(self.form), self.form["right"]]

    @property
    def letter(self) -> str:
        return key_of(self.form)[1:] or "a"

    @property
    def key(self) -> str:
        return f"{self.number}{key_of(self.form)[1:]}"

    @property
    def learner(self) -> str:
        """A cell that throws the other answers away is handed in by a learner who has no others."""
        return LEARNERS[self.form["cell"].startswith("answers = {")]

    @property
    def cell(self) -> str:
        old = key_of(self.form)
        return str(re.sub(rf"""(["']){old}\1""", rf"\g<1>{self.key}\1", self.form["cell"]))

    @property
    def expected(self) -> str:
        """What is read, or why nothing is."""
        read = self.form.get("or", self.form["read"])
        kind: str = read if read in ("look", "unreadable", "blank") else "read"
        return kind


PLACES = [Place(form, number) for number, form in enumerate(FORMS, 1)]


@dataclass(frozen=True)
class Heard:
    """What three places say of a form: ``check`` with the value it saw, marking, and nbgrader with its points."""

    check: Feedback
    value: object
    mark: Mark
    graded: str
    points: float


def handed_out(sheets: Mapping[str, Sheet]) -> tuple[str, dict[str, Notebook]]:
    """The assignment's source, and each learner's copy."""
    files = assignment_files(list(sheets.values()))
    return files[SOURCE], {name: json.loads(files[HANDOUT.format(name)]) for name in sheets}


def answered(notebook: Notebook, learner: str) -> None:
    """Put the learner's forms into the answer cells of a copy."""
    cells = {cell["id"]: cell for cell in notebook["cells"]}
    imports = {**cells["answer-1"], "id": "imports", "source": "import numpy as np"}
    notebook["cells"].insert(notebook["cells"].index(cells["question-1"]), imports)
    for place in PLACES:
        if place.learner == learner:
            cell, kind = cells[f"answer-{place.key}"], place.form.get("cell type", "code")
            cell.update(source=place.cell, cell_type=kind)
            if kind != "code":
                del cell["outputs"], cell["execution_count"]


def graded(folder: Path, source: str, copies: Mapping[str, Notebook]) -> dict[str, tuple[str, float]]:
    """What nbgrader's own programs make of the copies: the verdict on each form and the points of its exercise."""
    (folder / "source" / NAME).mkdir(parents=True)
    (folder / "source" / NAME / "exercises.ipynb").write_text(source, encoding="utf-8")
    config = Config()
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.db_url = f"sqlite:///{folder / 'gradebook.db'}"
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    done = api.generate_assignment(NAME, create=True)
    assert done["success"], done["log"]
    found = {}
    for learner, notebook in copies.items():
        path = folder / "submitted" / learner / NAME / "exercises.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook), encoding="utf-8")
        done = api.autograde(NAME, learner, create=True)
        assert done["success"], done["log"]
        after = json.loads((folder / "autograded" / learner / NAME / "exercises.ipynb").read_text(encoding="utf-8"))
        said = dict(LINE.findall("\n".join(markdown(after))))
        with Gradebook(config.CourseDirectory.db_url) as book:
            for place in PLACES:
                if place.learner == learner:
                    score = book.find_grade(f"grade-{place.number}", "exercises", NAME, learner).score or 0.0
                    found[place.key] = said[place.key].strip(), score
    return found


def markdown(notebook: Notebook) -> Iterator[str]:
    """What the cells that grade show above their points."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()) if cell["id"].startswith("grade-") else ():
            yield "".join(output.get("data", {}).get("text/markdown", ""))


def marked(folder: Path, sheets: Mapping[str, Sheet], copies: Mapping[str, Notebook]) -> dict[str, Mark]:
    """What ``bpkit mark`` makes of them."""
    rows = [{"learner": name, "slug": name, "seed": 0, **sheet.data()} for name, sheet in sheets.items()]
    (folder / "key").mkdir(parents=True)
    (folder / "key" / "key.json").write_text(json.dumps({"schema": 1, "learners": rows}), encoding="utf-8")
    (folder / "in").mkdir()
    for learner, notebook in copies.items():
        (folder / "in" / f"{learner}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    own = {place.key: place.learner for place in PLACES}
    found = {}
    for one in marking(handed_in(folder / "in", folder / "key", folder / "out")):
        assert not one.problem, one
        found |= {mark.key: mark for mark in one.marks if own.get(mark.key) == one.learner}
    return found


def checked(sheet: Sheet) -> dict[str, tuple[Feedback, object]]:
    """What ``check`` says in a notebook, right after each cell, and what stands in ``answers`` then."""
    shell = InteractiveShell.instance(user_module=ModuleType("notebook_of_a_test"), cache_size=0)
    found = {}
    try:
        for place in PLACES:
            shell.reset(new_session=True)
            shell.user_ns.update(np=np, answers={})
            shell.user_ns["check"] = Checker(sheet, shell.user_ns["answers"])
            if place.form.get("cell type", "code") == "code":
                shell.run_cell(place.cell, store_history=True)
            said = shell.run_cell(f'check("{place.key}")', store_history=True).result
            assert isinstance(said, Feedback)
            found[place.key] = said, shell.user_ns["answers"].get(place.key)
    finally:
        InteractiveShell.clear_instance()
    return found


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Heard]:
    """Every form's verdict in three places."""
    folder, patch = tmp_path_factory.mktemp("forms"), pytest.MonkeyPatch()
    sheets = {name: Sheet(tuple(place.asked for place in PLACES), name) for name in LEARNERS}
    source, copies = handed_out(sheets)
    for learner, notebook in copies.items():
        answered(notebook, learner)
    marks, checks = marked(folder / "marked", sheets, copies), checked(sheets["ada"])
    # It calls alembic, which stands beside this Python.
    patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    with patch.context():
        grades = graded(folder / "course", source, copies)
    patch.undo()
    return {place.key: Heard(*checks[place.key], marks[place.key], *grades[place.key]) for place in PLACES}


def typed(place: Place, one: Heard) -> str:
    """What a learner types into a box for the same answer: the text in quotes, or the value."""
    read = [found.value for found in answers_in(place.cell, 1, place.form.get("cell type", "code"))]
    value = one.value if not read or isinstance(read[-1], NotRead) else read[-1]
    if isinstance(value, list) and place.letter == "a" and isinstance(place.asked.parts["a"], ExactPart):
        return "; ".join(value)
    return "" if value in (None, ...) else str(value)


@pytest.mark.parametrize("place", PLACES, ids=[place.form["cell"] for place in PLACES])
def test_a_form_gets_one_verdict_everywhere(place: Place, heard: dict[str, Heard]) -> None:
    one, part = heard[place.key], place.asked.parts[place.letter]
    sitting = Sitting(place.asked, tuple(typed(place, one) if k == place.letter else "" for k in place.asked.parts))
    box = sitting.feedback[list(place.asked.parts).index(place.letter)]
    if place.expected == "look":
        # Marking runs nothing and says so; where the cell ran, the others judge what came out of it.
        assert one.mark.feedback.verdict == "unreadable"
        assert one.mark.points == 0
        ran = one.value is not None
        assert one.graded == ("correct" if ran else "blank")
        assert one.points == ran * part.points
        if ran:
            assert one.check.verdict == box.verdict == "correct"
            assert "will not be marked as it stands" in one.check.message
        return
    wanted = (
        place.expected if place.expected != "read" else part.judge(place.form.get("or", place.form["read"])).verdict
    )
    assert one.mark.feedback.verdict == wanted
    assert one.mark.points == one.mark.feedback.share * part.points
    assert box.verdict == wanted
    if one.value is None and place.expected == "read":  # the cell does not run: check and nbgrader see no answer
        assert one.mark.remark
        assert (one.check.verdict, one.graded, one.points) == ("blank", "blank", 0)
        return
    assert one.check.verdict == one.graded == wanted
    assert one.points == one.mark.points
    assert place.asked.check(one.value, place.letter).verdict == wanted
    if isinstance(part, NumberPart):
        found = look(part.problem, part.quantity, typed(place, one))  # the box of a lesson, which asks for no digits
        assert (found.verdict if isinstance(found, Diagnosis) else wanted) == wanted
        assert isinstance(found, Diagnosis) == (wanted not in ("blank", "unreadable"))


def test_each_kind_of_verdict_is_met(heard: dict[str, Heard]) -> None:
    kinds = {one.graded for one in heard.values()}
    assert {"correct", "unreadable", "blank"} <= kinds
    assert sum(one.points for one in heard.values()) > len(heard) / 2
    assert {type(place.asked.parts[place.letter]) for place in PLACES} == {NumberPart, ExactPart}
