"""Commands that are interrupted, killed, run twice at once or out of disk: nothing half-written, nothing lost."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from thorough import THOROUGH

from bpkit.cli.terminal import STOPPED
from bpkit.core.errors import BpkitError
from bpkit.exercises.editions.produce import produce
from bpkit.exercises.sheets import files
from bpkit.exercises.sheets.cohort import plan
from bpkit.exercises.sheets.files import sweep, write

LEARNERS = 120 if THOROUGH else 20
SLOWLY = os.pathsep.join(filter(None, (str(Path(__file__).parent / "slowly"), os.environ.get("PYTHONPATH"))))
COMMAND = [sys.executable, "-m", "bpkit", "exercises", "new", "--questions", "loss", "--editions", "learner"]


def start(out: Path, *options: str) -> subprocess.Popen[str]:
    """A command in a process group of its own, as in a terminal, slow enough for who watches it on a busy machine."""
    return subprocess.Popen(
        [*COMMAND, "--learners", str(LEARNERS), "--out", str(out), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": SLOWLY},
    )


def hashes(folder: Path) -> dict[str, str]:
    """Every file but the unfinished ones that a killed process could not take with it."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".part"
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a command that nobody disturbs makes."""
    folder = tmp_path_factory.mktemp("whole")
    produce(plan(LEARNERS, questions=("loss",)), folder, 0, ["learner"], jobs=1)
    return hashes(folder)


@pytest.mark.parametrize(
    ("blow", "jobs"),
    [(signal.SIGINT, "1"), (signal.SIGINT, "2"), *[(signal.SIGKILL, "1")] * THOROUGH, (signal.SIGKILL, "2")],
)
def test_interrupted_or_killed_it_completes_when_started_again(
    blow: signal.Signals, jobs: str, tmp_path: Path, whole: dict[str, str]
) -> None:
    process = start(tmp_path, "--jobs", jobs)
    until(lambda: len(list(tmp_path.glob("learners/*.ipynb"))) >= 3, process)
    os.killpg(process.pid, blow)
    said, _ = process.communicate()
    assert process.returncode != 0
    left = hashes(tmp_path)
    assert 3 <= sum(name.startswith("learners/") for name in left) < LEARNERS
    assert left.items() <= whole.items()  # each file that is there is whole
    if blow == signal.SIGINT:
        assert process.returncode == 130
        assert said.strip().endswith(STOPPED)
        assert "Traceback" not in said
        assert not list(tmp_path.rglob("*.part"))
    for part in tmp_path.rglob("*.part"):
        os.utime(part, (0, 0))  # an hour later
    again = produce(plan(LEARNERS, questions=("loss",)), tmp_path, 0, ["learner"], jobs=1)
    assert again.kept == len(left)
    assert hashes(tmp_path) == whole
    assert not list(tmp_path.rglob("*.part"))


def children(pid: int) -> set[int]:
    """The processes that a process has started, and theirs."""
    parents: dict[int, set[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            parents.setdefault(parent, set()).add(int(status.parent.name))
    found, waiting = set[int](), [pid]
    while waiting:
        mine = parents.get(waiting.pop(), set())
        found |= mine
        waiting += mine
    return found


def runs(pid: int) -> bool:
    """Is it a process that has not ended? One that nobody has asked for its end yet has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(wanted: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Wait for a condition; an end comes only where it never holds."""
    deadline = time.monotonic() + 300
    while not wanted():
        assert time.monotonic() < deadline
        assert process is None or process.poll() is None, process.communicate()[0]
        time.sleep(0.005)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not list its processes")
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM] if THOROUGH else [signal.SIGKILL])
def test_no_worker_outlives_a_command_that_is_killed(blow: signal.Signals, tmp_path: Path) -> None:
    process = start(tmp_path, "--jobs", "2")
    until(lambda: len(list(tmp_path.glob("learners/*.ipynb"))) >= 1, process)
    workers = children(process.pid)
    assert len(workers) >= 2
    process.send_signal(blow)  # to this process alone
    process.wait()
    until(lambda: not any(map(runs, workers)))


@pytest.mark.parametrize(
    "arguments", [("exercises", "list"), *[("exercises", "new", "-h")] * THOROUGH, ("exercises", "preview")]
)
def test_a_reader_that_leaves_early_is_no_error(arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)  # as `head` does when it has enough
    done = subprocess.run(
        [sys.executable, "-m", "bpkit", *arguments], check=False, stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_an_output_that_is_full_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "bpkit", "exercises", "list"],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr.strip() == "Error: No space left on device; make room, or choose another folder"


@pytest.mark.parametrize("seed", ["1", "0"] if THOROUGH else ["1"])
def test_two_commands_at_once_agree_or_one_is_refused(seed: str, tmp_path: Path, whole: dict[str, str]) -> None:
    both = [start(tmp_path, "--jobs", "1", "--seed", one) for one in ("0", seed)]
    said = [process.communicate()[0] for process in both]
    assert len(hashes(tmp_path)) == len(whole)
    if seed == "0":
        assert [process.returncode for process in both] == [0, 0], said
        assert hashes(tmp_path) == whole
        return
    assert sorted(process.returncode for process in both) == [0, 1], said
    refused = next(text for text, process in zip(said, both, strict=True) if process.returncode)
    assert "exists with other content" in refused
    assert "Traceback" not in refused
    same = sum(whole.get(name) == one for name, one in hashes(tmp_path).items())
    assert same in (0, len(whole))  # all files are one command's


def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--learners", "3", "--out", str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)),
    )
    assert done.returncode == 1
    assert "expected a file that can be written, got File too large" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.rglob("*.part"))
    assert all(path.stat().st_size < 2000 for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_no_space_left_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "full").symlink_to("/dev/full")

    usual = Path.open

    def full(path: Path, mode: str = "r", **options: Any) -> Any:
        if path.suffix != ".part":
            return usual(path, mode, **options)
        path.touch()
        return usual(Path("/dev/full"), "wb")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(BpkitError, match="No space left on device; make room"):
        write(tmp_path / "a.txt", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_came_meanwhile_is_not_overwritten(
    links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another command writes its file between the look and the writing; a file system may have no links."""
    path = tmp_path / "a.txt"
    looked = files._stands

    def look(one: Path, data: bytes) -> bool:
        found = looked(one, data)
        path.write_text("theirs")
        return found

    if not links:
        monkeypatch.setattr(Path, "hardlink_to", lambda *_: (_ for _ in ()).throw(OSError("no links")))
        assert write(path, "mine")
        assert path.read_text() == "mine"
        return
    monkeypatch.setattr(files, "_stands", look)
    with pytest.raises(BpkitError, match="exists with other content"):
        write(path, "mine")
    assert path.read_text() == "theirs"
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_where_a_file_should_be_and_the_reverse(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").write_text("x")
    for path, force in ((tmp_path / "a", False), (tmp_path / "a", True), (tmp_path / "b" / "c", True)):
        with pytest.raises(BpkitError):
            write(path, "text", force)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b"]


def test_only_old_leftovers_are_swept(tmp_path: Path) -> None:
    for name, age in ((".bpkit-old.part", 7200), (".bpkit-new.part", 60), ("mine.part", 7200)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".bpkit-new.part", "mine.part"]
