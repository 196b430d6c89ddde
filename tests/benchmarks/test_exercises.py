"""How long a class takes: a thousand learners' sheets of ten questions, and marking what they hand in.

BPKIT_LEARNERS sets another number of learners, and the bounds with it.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import median

import pytest
from measurements import Table

from bpkit.exercises.editions import EDITIONS
from bpkit.exercises.editions.produce import produce
from bpkit.exercises.marking.one_file import mark_file
from bpkit.exercises.marking.submissions import files_in
from bpkit.exercises.sheets.cohort import plan
from bpkit.exercises.sheets.key import read_key

LEARNERS = int(os.environ.get("BPKIT_LEARNERS", "1000"))
MAKING, MARKING, DOCTOR = 200, 67, 3.3  # starts: as 60 s, 20 s and 1 s are where a start takes 0.3 s
EVERYTHING = 50  # learners whose files of all editions are weighed
MEGABYTES = 0.5  # of a learner's files in all editions; a question bank is as large for any class


# Of what a process of its own has started, and nothing else: those of the tests are many.
LARGEST = """import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, capture_output=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"""


STARTS = "a start of Python with SymPy and NumPy"  # says how fast the machine is just now


def bound(starts: float) -> float:
    return max(starts * LEARNERS / 1000, 50)


def used(*command: str) -> tuple[float, float]:
    """The processor time of a command, and the time on the clock."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def start() -> float:
    # One thread: those that NumPy would start spin for a while.
    program = "import os; os.environ['OPENBLAS_NUM_THREADS'] = '1'; import sympy, numpy"
    return median(used("-c", program)[0] for _ in range(5))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("class")


def test_sheets_for_a_thousand_learners(folder: Path, table: Table) -> None:
    started = time.perf_counter()
    done = produce(plan(LEARNERS, seed=1), folder, 1, editions=["learner"], jobs=2)
    seconds = time.perf_counter() - started
    assert len(list((folder / "learners").iterdir())) == LEARNERS
    figures = f"{done.written} files in {seconds:.0f} s, two processors"
    table.row(f"time of sheets for {LEARNERS} learners", seconds / start(), STARTS, most=bound(MAKING), figures=figures)


def test_all_editions_grow_with_the_class_as_far_as_they_must(tmp_path: Path, table: Table) -> None:
    """Sizes do not depend on the machine; the processor time is for the report."""
    sizes: list[Counter[str]] = []
    for learners in (EVERYTHING // 5, EVERYTHING):
        folder, before = tmp_path / str(learners), time.process_time()
        produce(plan(learners, seed=1), folder, 1, editions=EDITIONS, jobs=1)
        used = time.process_time() - before
        found: Counter[str] = Counter()
        for path in folder.rglob("*.*"):
            found["/".join(path.relative_to(folder).parts[:-1][:2])] += path.stat().st_size
        sizes.append(found)
    few, many = sizes
    assert {name: few[name] for name in ("moodle", "canvas")} == {name: many[name] for name in ("moodle", "canvas")}
    grown = sum(many.values()) - sum(few.values())
    each, figures = grown / (EVERYTHING - EVERYTHING // 5) / 1e6, f"made in {used / EVERYTHING * 1000:.0f} ms"
    table.row("a learner's files in all editions", each, unit=" MB", most=MEGABYTES, figures=figures)


def test_a_command_s_memory(tmp_path: Path, table: Table) -> None:
    """The largest of its processes, workers too."""
    command = [sys.executable, "-m", "bpkit", "exercises", "new", "--learners", "60", "--jobs", "2"]
    command += ["--editions", ",".join(EDITIONS), "--out", str(tmp_path)]
    run = subprocess.run([sys.executable, "-c", LARGEST, *command], check=True, capture_output=True, text=True)
    largest = int(run.stdout) / 1024
    table.row("memory of the largest process that makes all editions", largest, unit=" MB", most=220)


def test_marking_what_a_thousand_learners_hand_in(folder: Path, table: Table) -> None:
    key = read_key(folder / "key")
    for number, path in enumerate(sorted((folder / "learners").iterdir())):
        sheet, notebook = key.sheet(path.stem), json.loads(path.read_text(encoding="utf-8"))
        for place, cell in enumerate(notebook["cells"]):
            about = cell["metadata"]["bpkit"]
            if about.get("kind") == "answer":
                part = sheet.parts[about["key"]]
                wrong = (number + place) % 4 == 0 and part.wrong  # every fourth answer is a known mistake
                cell["source"] = f'answers["{about["key"]}"] = {(part.wrong[0].answer if wrong else part.answer)!r}'
        path.write_text(json.dumps(notebook), encoding="utf-8")
    started = time.perf_counter()
    results = [mark_file(one, key) for one in files_in(folder / "learners")]
    seconds = time.perf_counter() - started
    assert len(results) == LEARNERS
    assert not any(marked.problem for marked in results)
    figures = f"{seconds:.0f} s, one processor"
    what = f"time of marking {LEARNERS} notebooks"
    table.row(what, seconds / start(), STARTS, most=bound(MARKING), figures=figures)


def test_the_doctor_from_start_to_end(folder: Path, table: Table) -> None:
    """Processor time, start of Python included; the clock on the wall depends on what else runs."""
    seconds, wall = used("-m", "bpkit", "doctor", str(min((folder / "learners").iterdir())))
    figures = f"{wall:.2f} s on the clock"
    table.row("processor time of `bpkit doctor`", seconds / start(), STARTS, most=DOCTOR, figures=figures)
