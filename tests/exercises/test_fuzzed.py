"""Every parser on text that nobody thought of: it reads what it understands, or refuses it in words."""

from __future__ import annotations

import csv
import io
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from thorough import examples, in_ci

import bpkit as bp
from bpkit.cli import main
from bpkit.core.errors import BpkitError
from bpkit.exercises.editions.produce import produce
from bpkit.exercises.marking.doctor import examine, repaired
from bpkit.exercises.marking.one_file import mark_file
from bpkit.exercises.marking.submissions import Unreadable
from bpkit.exercises.questions.answers import answers_in
from bpkit.exercises.sheets.cohort import plan, seeds_table
from bpkit.exercises.sheets.files import csv_text, slug
from bpkit.exercises.sheets.key import read_key
from bpkit.mistakes.formula import read_formula
from bpkit.mistakes.typed_number import read

ARTICLE = bp.examples.article.problem
PIECES = [
    "answers",
    '["1"]',
    "=",
    "0.5",
    "e",
    "-",
    "(",
    ")",
    "[",
    "]",
    "**",
    "^",
    "10",
    "x1",
    "w1",
    "out_h1",
    "exp",
    ",",
]
PIECES += ["\n", " ", "'", '"', "{", "}", "lambda", ":", "dE/d", "_new", "E_total", "·", "η", "−", "%", "#", "\\", "$"]
text = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
plain = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), text),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(text, inner, max_size=4)),
    max_leaves=12,
)


@examples(100, 4000)
@given(st.one_of(text, plain))
def test_a_number_or_a_refusal(given: Any) -> None:
    try:
        found = read(given)
    except BpkitError:
        return
    assert math.isfinite(found.value)


@examples(50, 1000)
@given(
    st.floats(-1e290, 1e290).filter(lambda x: not 0 < abs(x) < 1e-290),
    st.sampled_from(["{!r}", " {!r} ", "x = {!r}", "+{!r}"]),
)
def test_every_number_that_python_writes_is_read(value: float, form: str) -> None:
    written = form.format(abs(value))
    assert read(written).value == pytest.approx(abs(value), rel=1e-15)


@examples(150, 4000)
@given(text)
def test_a_formula_or_a_refusal(given: str) -> None:
    try:
        formula = read_formula(given, frozenset(["x1", "w1", "out_h1"]))
    except BpkitError:
        return
    assert type(formula.at({"x1": 0.3, "w1": -0.7, "out_h1": 0.6})) is float


@examples(100, 4000)
@given(text)
def test_a_roster_or_a_refusal(given: str) -> None:
    try:
        seats = plan(given).seats
    except BpkitError:
        return
    assert len({seat.learner for seat in seats}) == len({seat.slug for seat in seats}) == len(seats) > 0
    assert all(seat.learner.isprintable() and 0 < len(seat.learner) <= 403 for seat in seats)


@examples(100, 2000)
@given(st.one_of(text, st.lists(st.sampled_from([*"'=+-@＝;| 1,\"", "a"]), max_size=8).map("".join)))
def test_a_table_of_seeds_is_a_roster_of_the_same_class(name: str) -> None:
    """Names that a spreadsheet would compute, which the table quotes, come back as they were."""
    roster = io.StringIO()
    csv.writer(roster).writerows([["ada"], [name]])
    try:
        made = plan(roster.getvalue(), seed=5)
    except BpkitError:
        return
    again = plan(seeds_table(made), seed=6)
    assert again.seats == made.seats
    assert seeds_table(again) == seeds_table(made)


@examples(100, 2000)
@given(text)
def test_names_become_harmless(name: str) -> None:
    short = slug(name)
    assert short
    assert set(short) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    line = csv_text([[name]])
    assert line.count("\n") == 1
    line.encode("utf-8", "strict" if name.isprintable() else "replace")


@examples(100, 4000)
@given(text)
def test_answers_are_read_from_any_cell(source: str) -> None:
    for found in answers_in(source, 1, "code"):
        assert isinstance(found.key, str)


@examples(60, 1000)
@given(text, st.one_of(text, st.floats(), st.integers()))
def test_a_diagnosis_or_a_refusal(name: str, value: Any) -> None:
    for quantity in (name, "dE/dw1"):
        try:
            said = bp.diagnose(ARTICLE, quantity, value)
        except BpkitError:
            continue
        assert said.verdict in ("correct", "rounded", "few_digits", "misconception", "unknown")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    produce(plan("ada\n", questions=("loss",)), folder, 0, ["learner"], jobs=1)
    return folder


@examples(60, 1000)
@given(st.data())
def test_a_notebook_spoiled_anywhere_is_marked_or_reported(made: Path, data: st.DataObject) -> None:
    """Some place of a whole notebook, any place, holds something else."""
    notebook = json.loads((made / "learners/ada.ipynb").read_text(encoding="utf-8"))
    place: Any = notebook
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.integers(0, 3)) == 0:
            break
        place = place[key]
    place[key] = data.draw(plain)
    path = made / "ada.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    marked = mark_file(path, read_key(made / "key"))
    assert bool(marked.problem) != bool(marked.marks)
    assert repr(examine(path))
    try:
        (made / "mended.ipynb").write_bytes(repaired(path).encode("utf-8", "replace"))
    except Unreadable:
        return
    assert repr(examine(made / "mended.ipynb"))


words = st.one_of(
    text.filter(lambda word: not word.startswith("@") and "\0" not in word),  # no system hands a NUL on
    st.sampled_from(["--seed", "--difficulty", "--solution", "--key", "hidden-weight", "3", "-h", "--", "-1", "easy"]),
)


@examples(40, 400)
@given(st.sampled_from(["exercises preview", "doctor", "mark", "exercises list"]), st.lists(words, max_size=4))
def test_any_command_line_ends_in_words(command: str, arguments: list[str]) -> None:
    result = CliRunner().invoke(main, [*command.split(), *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code in (0, 1, 2)
    assert "Traceback" not in result.output


OFFLINE = """
import os, sys
def no_network(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto", "urllib.Request"):
        raise RuntimeError(f"network: {event} {arguments}")
sys.addaudithook(no_network)
import socket
try:
    socket.create_connection(("127.0.0.1", 9))
except RuntimeError:
    pass
else:
    raise SystemExit("the network is open")
import bpkit as bp
from bpkit.cli import main
problem = bp.examples.article.problem
bp.train(problem, 10).plot(); bp.check_gradient(problem); bp.apps.training(problem); problem.diagram()
from click.testing import CliRunner
lines = ("exercises new --questions loss,symbolic --learners 2 --jobs 1 --editions all --variants 1",
         "exercises preview",
         "exercises list", "mark exercises/learners --jobs 1", "doctor exercises/learners/learner-01.ipynb")
for line in lines:
    result = CliRunner().invoke(main, line.split())
    assert result.exit_code == 0, (line, result.output, result.exception)
print("done")
"""


@in_ci
def test_nothing_reaches_for_the_network(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", OFFLINE], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.stdout == "done\n", done.stderr
