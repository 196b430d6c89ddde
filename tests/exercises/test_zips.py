"""The files of a large class in a zip for each edition: the same files, and no more of them than before."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bpkit.cli import main
from bpkit.cli.instructor_steps import next_steps
from bpkit.core.errors import BpkitError
from bpkit.exercises.editions import EDITIONS, FOLDERS, MANY, archive_of, zips_of
from bpkit.exercises.editions.forecast import files_of
from bpkit.exercises.editions.produce import produce
from bpkit.exercises.sheets.cohort import plan
from bpkit.exercises.sheets.zips import unzipped, zipped

ZIPS = tuple(name for name in FOLDERS if name != "learner")
PLACES = {archive_of(folder, ZIPS) for name in ZIPS for folder in FOLDERS[name]}


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def loose(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("loose")
    produce(plan("Ada\nBen\nZoë\n", seed=3, questions=("loss",)), folder, 3, EDITIONS, jobs=1, variants=1)
    return files(folder)


def test_unpacked_where_they_are_zips_are_the_folders(loose: dict[str, bytes], tmp_path: Path) -> None:
    made = plan("Ada\nBen\nZoë\n", seed=3, questions=("loss",))
    done = produce(made, tmp_path, 3, EDITIONS, jobs=1, variants=1, zips=ZIPS)
    assert sorted(done.files) == sorted(files(tmp_path)) == sorted(files_of(made, EDITIONS, zips=ZIPS))
    assert done.others == ()
    for place in PLACES:
        with zipfile.ZipFile(tmp_path / place) as archive:
            assert archive.testzip() is None
            archive.extractall((tmp_path / place).parent)
        (tmp_path / place).unlink()
    assert files(tmp_path) == loose


def test_interrupted_and_started_again_the_zips_are_whole(tmp_path: Path) -> None:
    made = plan(6, seed=2, questions=("loss",))

    def interrupting(work: Iterator[Any], total: int, what: str) -> Iterable[Any]:
        for number, one in enumerate(work):
            if what == "writing" and number == 3:
                raise KeyboardInterrupt
            yield one

    kinds = ("learner", "solution")
    with pytest.raises(KeyboardInterrupt):
        produce(made, tmp_path / "a", 2, kinds, jobs=1, watch=interrupting, zips=ZIPS)
    assert not (tmp_path / "a/solutions.zip").exists()
    again = produce(made, tmp_path / "a", 2, kinds, jobs=1, zips=ZIPS)
    assert again.written == 6 - 4 + 1
    assert produce(made, tmp_path / "a", 2, kinds, jobs=1, zips=ZIPS).written == 0
    produce(made, tmp_path / "b", 2, kinds, jobs=2, zips=ZIPS)
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_another_zip_in_the_way_stays(tmp_path: Path) -> None:
    (tmp_path / "solutions.zip").write_bytes(b"mine")
    with pytest.raises(BpkitError, match=r"solutions\.zip: exists with other content"):
        produce(plan(2, questions=("loss",)), tmp_path, 0, jobs=1, zips=ZIPS)
    assert (tmp_path / "solutions.zip").read_bytes() == b"mine"


def test_many_learners_or_who_wishes_it_get_zips_but_never_of_what_is_handed_out() -> None:
    assert zips_of(MANY) == zips_of(MANY + 1, False) == ()
    assert zips_of(MANY + 1) == zips_of(1, True) == ZIPS
    guide = (Path(__file__).parents[2] / ".github" / "INSTRUCTORS.md").read_text("utf-8")
    assert f"For more than {MANY} learners the solutions," in guide
    assert zips_of(MANY + 1, loose=["printable"]) == tuple(name for name in ZIPS if name != "printable")
    assert archive_of("learners/ada.ipynb", ZIPS) == archive_of("key/key.json", ZIPS) == ""
    assert archive_of("printable/keys/ada.html", ZIPS) == "printable.zip"
    assert archive_of("printable/keys/ada.html", ["solution"]) == ""
    assert archive_of("nbgrader/source/backpropagation/exercises.ipynb", ZIPS) == ""


def test_the_command_tells_where_everything_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = ["exercises", "new", "--learners", "2", "--questions", "loss", "--editions", "learner,solution,printable"]
    told = CliRunner().invoke(main, [*wanted, "--zip", "--dry-run"]).output
    assert "8 files:" in told
    said = CliRunner().invoke(main, [*wanted, "--zip"])
    assert said.exit_code == 0, said.output
    assert "Print exercises/printable.zip: the pages are in its folder sheets; its folder keys has" in said.output
    assert "Keep exercises/key, exercises/solutions.zip and exercises/printable.zip to yourself" in said.output
    assert sorted(files(Path("exercises"))) == [
        *("key/answers.csv", "key/fairness.csv", "key/key.json", "key/seeds.csv"),
        *("learners/learner-01.ipynb", "learners/learner-02.ipynb", "printable.zip", "solutions.zip"),
    ]
    steps = " ".join(next_steps(Path("x"), ["nbgrader"], 200, zips=ZIPS))
    assert "hand out the copies in x/nbgrader/handout.zip, one folder for each learner" in steps


def test_a_zip_depends_on_its_files_alone() -> None:
    files: dict[str, str | bytes] = {"a/ä.txt": "one", "b.bin": b"\0\1" * 999}
    assert zipped(files) == zipped(files)
    assert unzipped(zipped(files)) == {"a/ä.txt": b"one", "b.bin": b"\0\1" * 999}
    assert unzipped(zipped(files, compressed=False)) == unzipped(zipped(files))
    assert len(zipped(files)) < 600 < 1998 < len(zipped(files, compressed=False))
