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

import pytest
from measurements import Table

from bpkit.exercises.editions import EDITIONS
from bpkit.exercises.editions.produce import produce
from bpkit.exercises.marking.one_file import mark_file
from bpkit.exercises.marking.submissions import files_in
from bpkit.exercises.sheets.cohort import plan
from bpkit.exercises.sheets.key import read_key

LEARNERS = int(os.environ.get("BPKIT_LEARNERS", "1000"))
MAKING, MARKING = 60.0, 20.0  # seconds for a thousand, on two processors
EVERYTHING = 50  # learners whose files of all editions are weighed
MEGABYTES = 0.5  # of a learner's files in all editions; a question bank is as large for any class


# Of what a process of its own has started, and nothing else: those of the tests are many.
LARGEST = """import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, capture_output=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"""


def bound(seconds: float) -> float:
    return max(seconds * LEARNERS / 1000, 15)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("class")


def test_sheets_for_a_thousand_learners(folder: Path, table: Table) -> None:
    started = time.perf_counter()
    done = produce(plan(LEARNERS, seed=1), folder, 1, editions=["learner"], jobs=2)
    seconds = time.perf_counter() - started
    assert len(list((folder / "learners").iterdir())) == LEARNERS
    figures = f"{done.written} files, {seconds / LEARNERS * 1000:.0f} ms each"
    table.row(f"sheets for {LEARNERS} learners", seconds, unit=" s", most=bound(MAKING), figures=figures)


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
    results = [mark_file(one, read_key(folder / "key")) for one in files_in(folder / "learners")]
    seconds = time.perf_counter() - started
    assert not any(marked.problem for marked in results)
    figures = f"{seconds / len(results) * 1000:.1f} ms each, on one processor"
    table.row(f"marking {len(results)} notebooks", seconds, unit=" s", most=bound(MARKING), figures=figures)


def test_the_doctor_from_start_to_end(folder: Path, table: Table) -> None:
    """Processor time, start of Python included; the clock on the wall depends on what else runs."""
    path = min((folder / "learners").iterdir())
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "bpkit", "doctor", str(path)], check=True, capture_output=True)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    table.row(
        "processor time of `bpkit doctor`",
        used,
        unit=" s",
        most=1,
        figures=f"{wall:.2f} s on the clock",
    )
