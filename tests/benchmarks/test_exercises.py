"""How long a class takes: a thousand learners' sheets of ten questions, and marking what they hand in.

Run alone, on a quiet machine: ``python -m pytest tests/benchmarks/test_exercises.py -s -n0``. BPKIT_LEARNERS sets
another number of learners, and the bounds with it.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bpkit.exercises.editions.produce import produce
from bpkit.exercises.marking.one_file import mark_all
from bpkit.exercises.marking.submissions import files_in
from bpkit.exercises.sheets.cohort import plan
from bpkit.exercises.sheets.key import read_key

LEARNERS = int(os.environ.get("BPKIT_LEARNERS", "1000"))
MAKING, MARKING = 60.0, 20.0  # seconds for a thousand, on two processors


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("class")


def test_sheets_for_a_thousand_learners(folder: Path) -> None:
    started = time.perf_counter()
    done = produce(plan(LEARNERS, seed=1), folder, 1, editions=["learner"], jobs=2)
    seconds = time.perf_counter() - started
    print(f"\n{done.written} files for {LEARNERS} learners in {seconds:.1f} s: {seconds / LEARNERS * 1000:.0f} ms each")
    assert len(list((folder / "learners").iterdir())) == LEARNERS
    assert seconds < max(MAKING * LEARNERS / 1000, 15)


def test_marking_what_a_thousand_learners_hand_in(folder: Path) -> None:
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
    results = list(mark_all(files_in(folder / "learners"), read_key(folder / "key")))
    seconds = time.perf_counter() - started
    print(f"\n{len(results)} notebooks marked in {seconds:.1f} s on one processor")
    assert not any(marked.problem for marked in results)
    assert seconds < max(MARKING * LEARNERS / 1000, 15)


def test_the_doctor_from_start_to_end(folder: Path) -> None:
    """Processor time, start of Python included; the clock on the wall depends on what else runs."""
    path = min((folder / "learners").iterdir())
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "bpkit", "doctor", str(path)], check=True, capture_output=True)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"\nbpkit doctor: {used:.2f} s of processor time, {wall:.2f} s on the clock")
    assert used < 1
