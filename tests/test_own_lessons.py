"""Outside of a clone: what the wheel carries, and a person's own copies of the lessons, in which nothing is lost."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from zipfile import ZipFile

import pytest
from hatchling.builders.wheel import WheelBuilder

from bpkit.cli import lessons, main
from bpkit.cli.lessons import FIRST, OWN, RECORD, bring, notebooks, own_course
from bpkit.core.errors import BpkitError

ROOT = Path(__file__).parents[1]
OTHER = "instructors/mark_submissions.ipynb"


def lesson(*sources: str, output: str = "") -> str:
    """A notebook of code cells, as text."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": output}] if output else []
    cell = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": outputs}
    return json.dumps({"cells": [{**cell, "source": one} for one in sources], "metadata": {}, "nbformat": 4})


@pytest.fixture
def carried(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with two notebooks, away from any clone, and an empty folder to stand in."""
    folder, desk = here / "package", here / "desk"
    (folder / "instructors").mkdir(parents=True)
    desk.mkdir()
    (folder / FIRST).write_text(lesson("1"))
    (folder / OTHER).write_text(lesson("panel"))
    monkeypatch.setattr(lessons, "CLONE", here / "none")
    monkeypatch.setattr(lessons, "CARRIED", folder)
    monkeypatch.chdir(desk)
    return folder


def test_a_clone_opens_its_own_notebooks(here: Path) -> None:
    assert own_course() == (ROOT / "notebooks", [])
    assert list(here.iterdir()) == []


def test_the_first_time_the_lessons_are_copied_and_it_is_said_where(carried: Path) -> None:
    folder, news = own_course()
    assert folder == Path(OWN).absolute()
    assert news == [f"Copied the lessons to {folder}. What you change there stays."]
    assert notebooks(folder) == [FIRST, OTHER]
    assert all((folder / name).read_bytes() == (carried / name).read_bytes() for name in (FIRST, OTHER))
    assert own_course() == (folder, [])


def test_the_folder_is_found_from_within_and_brought_up_to_date_there(
    carried: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = own_course()
    monkeypatch.chdir(folder)
    (carried / FIRST).write_text(lesson("2"))
    assert own_course() == (folder, [])
    assert (folder / FIRST).read_text() == lesson("2")


def test_notebooks_of_a_person_s_own_are_neither_opened_nor_written_to(carried: Path) -> None:
    Path("notebooks").mkdir()
    Path("notebooks/00_data.ipynb").write_text("mine")
    assert own_course()[0] == Path(OWN).absolute()
    assert [path.name for path in Path("notebooks").iterdir()] == ["00_data.ipynb"]


def test_where_one_stands_comes_before_what_the_package_has(carried: Path) -> None:
    Path("notebooks").mkdir()
    Path("notebooks", FIRST).write_text(lesson("mine"))
    assert own_course() == (Path("notebooks").resolve(), [])
    assert lessons.course() == Path("notebooks").resolve()


def test_what_was_changed_stays_and_is_named_once(carried: Path) -> None:
    folder, _ = own_course()
    (folder / FIRST).write_text(lesson("1", "mine"))
    assert own_course() == (folder, [])
    (carried / FIRST).write_text(lesson("2"))
    (carried / OTHER).write_text(lesson("better panel"))
    _, [said] = own_course()
    assert said.startswith(f"This version has new lessons for files that you changed: {FIRST}. Your files stay")
    assert (folder / FIRST).read_text() == lesson("1", "mine")
    assert (folder / OTHER).read_text() == lesson("better panel")
    assert own_course() == (folder, [])
    (folder / FIRST).rename(folder / "mine.ipynb")  # as the sentence says
    assert own_course() == (folder, [])
    assert (folder / FIRST).read_text() == lesson("2")
    assert (folder / "mine.ipynb").read_text() == lesson("1", "mine")


def test_a_lesson_that_was_only_run_is_renewed(carried: Path) -> None:
    folder, _ = own_course()
    (folder / FIRST).write_text(lesson("1", output="ran"))
    assert own_course() == (folder, [])
    assert (folder / FIRST).read_text() == lesson("1", output="ran")
    (carried / FIRST).write_text(lesson("2"))
    assert own_course() == (folder, [])
    assert (folder / FIRST).read_text() == lesson("2")


@pytest.mark.parametrize("record", [None, "", "{", "[]", "{}"])
def test_without_a_record_everything_that_differs_counts_as_changed(carried: Path, record: str | None) -> None:
    folder, _ = own_course()
    (folder / RECORD).unlink() if record is None else (folder / RECORD).write_text(record)
    (carried / FIRST).write_text(lesson("2"))
    (carried / "01_new.ipynb").write_text(lesson("new"))
    assert bring(carried, folder) == [FIRST]
    assert (folder / FIRST).read_text() == lesson("1")
    assert notebooks(folder) == [FIRST, "01_new.ipynb", OTHER]
    assert bring(carried, folder) == []


@pytest.mark.parametrize("mine", ["", "{", "[]", '{"cells": [1]}', '{"cells": [{"cell_type": "code"}]}', None])
def test_what_is_no_notebook_is_never_overwritten(carried: Path, mine: str | None) -> None:
    """Half a file, notes under a lesson's name, or a folder of that name."""
    folder = Path(OWN)
    (folder / FIRST).mkdir(parents=True) if mine is None else folder.mkdir()
    if mine is not None:
        (folder / FIRST).write_text(mine)
    assert bring(carried, folder) == [FIRST]
    assert (folder / FIRST).is_dir() if mine is None else (folder / FIRST).read_text() == mine
    assert bring(carried, folder) == []


def test_a_copying_that_was_interrupted_goes_on(carried: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether for the first time or by a later version: no lesson counts as changed because the record is behind."""
    for version in ("1", "2"):
        for name in (FIRST, OTHER):
            (carried / name).write_text(lesson(version))
        written: list[Path] = []

        def write(path: Path, content: bytes, force: bool = False, written: list[Path] = written) -> None:
            if written:
                raise KeyboardInterrupt
            written.append(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

        with monkeypatch.context() as stopped:
            stopped.setattr(lessons, "write", write)
            with pytest.raises(KeyboardInterrupt):
                own_course()
        folder, news = own_course()
        assert news == []
        assert {(folder / name).read_text() for name in (FIRST, OTHER)} == {lesson(version)}


def test_a_folder_that_cannot_be_written_is_named(carried: Path) -> None:
    Path(OWN).write_text("a file, and no folder")
    with pytest.raises(BpkitError, match=rf"{OWN}.*: expected a file that can be written"):
        own_course()


def test_no_lessons_at_all_is_said(carried: Path) -> None:
    (carried / FIRST).unlink()
    with pytest.raises(BpkitError, match="install bpkit anew"):
        own_course()


# The wheel


def metadata(wheel: ZipFile) -> Message:
    [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return message_from_bytes(wheel.read(name))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZipFile]:
    """Built in this process, which takes a third of a second; the thorough tests let pip do it."""
    builder = WheelBuilder(str(ROOT))
    [path] = builder.build(directory=str(tmp_path_factory.mktemp("wheel")), versions=["standard"])
    with ZipFile(path) as archive:
        yield archive


def test_the_wheel_holds_the_package_and_the_lessons_and_nothing_else(wheel: ZipFile) -> None:
    """A folder of sheets beside the lessons, which git ignores, would be seen here."""
    if not (ROOT / ".git").exists():
        pytest.skip("what belongs to the kit is known from git")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "bpkit", "notebooks"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    own = {name if name.startswith("bpkit/") else f"bpkit/{name}" for name in listed}
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == own
    assert sum(one.compress_size for one in wheel.infolist()) < 4_000_000


PROGRAM = """
import json, sys
import bpkit
from bpkit.cli import main
from bpkit.cli.lessons import course, own_course
main(["--version"], "bpkit", standalone_mode=False)
main(["exercises", "list"], "bpkit", standalone_mode=False)
print(json.dumps([bpkit.__file__, str(course()), str(own_course()[0])]))
"""


def test_the_wheel_works_in_an_empty_folder(wheel: ZipFile, tmp_path: Path) -> None:
    """What costs seconds, a real JupyterLab in an environment of its own, is in the thorough tests."""
    package, desk = tmp_path / "package", tmp_path / "desk"
    wheel.extractall(package)
    desk.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=desk,
        env=os.environ | {"PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    version, *listed, told = done.stdout.splitlines()
    file, course, own = json.loads(told)
    assert version == f"bpkit, version {metadata(wheel)['Version']}"
    assert any("hidden-weight" in line for line in listed)
    assert Path(file).parents[1] == package
    assert Path(course) == package / "bpkit" / "notebooks"  # which `bpkit site` makes pages of
    assert Path(own) == desk / OWN
    assert notebooks(desk / OWN) == notebooks(ROOT / "notebooks")


def test_the_page_about_the_package_stands_alone(wheel: ZipFile) -> None:
    """An index shows it without the files beside it; and every command in it exists."""
    about = metadata(wheel)
    text = str(about.get_payload())
    assert about["Description-Content-Type"] == "text/markdown"
    assert "](" not in text
    assert "<img" not in text
    fences = re.findall(r"^```shell\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    called = [line.split()[1] for fence in fences for line in fence.splitlines()]
    assert set(called) <= main.commands.keys()
    assert {"lab", "practice", "exercises", "mark", "site"} <= set(called)
