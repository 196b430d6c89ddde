"""The instructor's panels without a browser: driven by values, worked off tick by tick, compared with the commands."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import bpkit as bp
from bpkit.cli import main
from bpkit.exercises.key import read_key
from bpkit.exercises.panels import markup, working

FEW = {"loss", "output-delta"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(working, "SLICE", 0.0)  # one share of the work at a tick
    return tmp_path


def few(**values: Any) -> Any:
    """The panel with two questions."""
    panel = bp.exercises.panels.regenerate()
    ticks = {question.id: question.id in FEW for question in bp.exercises.questions()}
    panel.set(**ticks, **values)
    return panel


def tick(panel: Any, most: int = 1000) -> int:
    """What the clock in the browser does; gives how often it was needed."""
    for number in range(most):
        if not panel.state.progress.running:
            return number
        panel.tick.value += 1
    raise AssertionError("the work does not end")


def files(folder: Path, *without: str) -> dict[str, bytes]:
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if name not in without}


def uploaded(name: str, content: bytes) -> dict[str, Any]:
    """A file as the browser hands it over."""
    when = datetime(2000, 1, 1, tzinfo=UTC)
    return {"name": name, "type": "", "size": len(content), "content": memoryview(content), "last_modified": when}


def linked(html: str) -> dict[str, bytes]:
    """What the links of a page save, by name."""
    found = re.findall(r"download='([^']+)' href='data:[^;]+;base64,([^']+)'", html)
    return {name: base64.b64decode(data) for name, data in found}


def test_the_panel_makes_what_its_command_makes(here: Path) -> None:
    panel = few(seed=3, difficulty="easy", printable=True, roster="Ada\nBob\nZoë\n", out="mine")
    Path("roster.csv").write_text("Ada\nBob\nZoë\n", encoding="utf-8")
    panel.run.value = True
    assert panel.state.progress.running
    assert panel._clock.playing
    assert panel._start_button.disabled
    assert tick(panel) >= 6
    assert not panel.run.value
    assert not panel._clock.playing
    program, *arguments = panel.command.value.split()
    assert program == "bpkit"
    arguments[arguments.index("mine")] = "theirs"
    said = CliRunner().invoke(main, arguments)
    assert said.exit_code == 0, said.output
    assert files(here / "mine", "exercises.zip") == files(here / "theirs")
    assert read_key(here / "mine/key").about["questions"] == ["loss", "output-delta"]
    assert repr(panel.state.progress.result) in panel.message.value


def test_the_first_look_is_the_command_without_options() -> None:
    assert bp.exercises.panels.regenerate().command.value == "bpkit exercises new"


def test_the_zip_on_the_page_holds_every_file(here: Path) -> None:
    panel = few(learners=2)
    panel.run.value = True
    tick(panel)
    ((name, data),) = linked(panel.view["report"].value).items()
    assert name == "exercises.zip"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        inside = {entry: archive.read(entry) for entry in archive.namelist()}
    assert inside == {f"exercises/{path}": raw for path, raw in files(here / "exercises", "exercises.zip").items()}
    for row in csv.reader(io.StringIO((here / "exercises/key/fairness.csv").read_text())):
        assert all(cell in panel.view["report"].value for cell in row)


def test_a_zip_that_is_too_large_for_the_page_is_named_instead(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markup, "MOST_BYTES", 100)
    (here / "a.zip").write_bytes(b"x" * 101)
    assert linked(markup.download(here / "a.zip", "Download")) == {}
    assert "a.zip in the file browser" in markup.download(here / "a.zip", "Download")


def test_stopped_it_goes_on_where_it_was_and_every_file_is_whole(here: Path) -> None:
    panel = few(learners=6)
    panel.run.value = True
    while not (here / "exercises/learners").exists():
        panel.tick.value += 1
    panel.run.value = False
    left = files(here / "exercises")
    assert "stopped" in panel._said.value
    panel.tick.value += 5
    assert files(here / "exercises") == left
    assert not [name for name in left if name.endswith(".part")]
    work = panel._work
    panel.run.value = True
    tick(panel)
    assert panel._work is work
    whole = few(learners=6, out="whole")
    whole.run.value = True
    tick(whole)
    assert files(here / "exercises", "exercises.zip") == files(here / "whole", "exercises.zip")


def test_after_a_restart_what_was_written_is_kept(here: Path) -> None:
    panel = few(learners=4)
    panel.run.value = True
    while len(files(here)) < 6:
        panel.tick.value += 1
    again = few(learners=4)
    again.run.value = True
    tick(again)
    assert again.state.progress.result.kept >= 5
    assert len(list((here / "exercises/solutions").iterdir())) == 4


def test_nothing_is_overwritten_unless_it_is_ticked(here: Path) -> None:
    panel = few()
    panel.run.value = True
    tick(panel)
    before = files(here)
    panel.set(seed=1, run=True)
    tick(panel)
    assert "exists with other content" in panel.message.value
    assert "overwrite what is there" in panel.message.value
    assert "--force" not in panel.message.value
    assert files(here) == before
    panel.set(force=True, run=True)
    tick(panel)
    assert "Note" not in panel.message.value
    assert files(here) != before


def test_another_class_in_the_same_folder_is_told_apart(here: Path) -> None:
    for roster in ("Ada\nBob", "Cleo"):
        panel = few(roster=roster, force=True)
        panel.run.value = True
        tick(panel)
    assert "not of this class: learners/ada.ipynb, learners/bob.ipynb, solutions/ada.ipynb, ..." in panel.message.value
    assert not any("ada" in name for name in panel.state.progress.result.files)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"learners": 0}, "a number from 1"),
        ({"roster": "Ada\nAda"}, "stands in it twice"),
        ({"learner": False, "solution": False}, "editions: expected at least one"),
        ({"out": " "}, "folder: expected a name"),
        (dict.fromkeys(FEW, False), "questions: expected at least one"),
    ],
)
def test_what_cannot_be_is_said_and_starts_nothing(here: Path, values: dict[str, Any], words: str) -> None:
    panel = few()
    before = {name: panel.control[name].value for name in values}
    panel.set(**values, run=True)
    assert words in panel.message.value
    assert not panel.run.value
    panel.set(**before)
    assert "Note" not in panel.message.value
    assert files(here) == {}


def test_a_disk_that_refuses_is_said(here: Path) -> None:
    panel = few(out="/dev/null/x")
    panel.run.value = True
    tick(panel)
    assert "/dev/null/x" in panel.message.value
    assert not panel.state.progress.running


def test_the_preview_follows_the_controls_and_is_what_the_learner_gets(here: Path) -> None:
    panel = few(roster="Ada\nBob")
    seen = {panel.view["preview"].value}
    for change in ({"seed": 5}, {"whose": "bob"}, {"question": "output-delta"}, {"difficulty": "hard"}):
        panel.set(**change)
        assert panel.view["preview"].value not in seen
        seen.add(panel.view["preview"].value)
    assert "Worked solution" not in panel.view["preview"].value
    panel.solved.value = True
    assert "Worked solution" in panel.view["preview"].value
    panel.run.value = True
    tick(panel)
    sheet = read_key(here / "exercises/key").sheet("bob")
    assert sheet[2].task == panel.state.preview.task
    assert panel.state.preview.parts["a"].shown() in panel.view["preview"].value
    panel.set(**{"output-delta": False})
    assert panel.question.value == panel.state.preview.id == "loss"


def test_the_preview_of_one_that_was_drawn_again_is_the_new_one(here: Path) -> None:
    panel = few(roster="Ada,5\nBob,5")
    panel.whose.value = "bob"
    panel.run.value = True
    tick(panel)
    assert panel.state.preview.task == read_key(here / "exercises/key").sheet("bob")[1].task


def test_topics_and_an_uploaded_roster() -> None:
    panel = bp.exercises.panels.regenerate()
    panel.topics["forward"].click()
    assert panel.control["whole-forward"].value
    assert panel.control["neuron-slope"].value
    panel.topics["forward"].click()
    assert not panel.control["loss"].value
    panel.upload.value = (uploaded("class.csv", "name\nZoë\nBo\n".encode()),)
    assert [seat.learner for seat in panel.state.setup.plan.seats] == ["Zoë", "Bo"]
    assert panel.learners.disabled


# Marking


def hand_in(here: Path, answers: dict[str, dict[str, str]]) -> None:
    """The class's notebooks, answered with these texts by file name and key."""
    (here / "submissions").mkdir()
    for name, given in answers.items():
        notebook = json.loads((here / f"exercises/learners/{name}.ipynb").read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            about = cell["metadata"]["bpkit"]
            if about.get("kind") == "answer" and about["key"] in given:
                cell["source"] = f'answers["{about["key"]}"] = {given[about["key"]]}'
        (here / f"submissions/{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


@pytest.fixture
def sheets(here: Path) -> Any:
    """Three learners' sheets; gives the key."""
    panel = few(roster="Ada\nBob\nZoë")
    panel.run.value = True
    tick(panel)
    return read_key(here / "exercises/key")


def test_marks_mistakes_and_damage_are_shown_and_written(here: Path, sheets: Any) -> None:
    slip = next(wrong for wrong in sheets.sheet("bob").parts["2"].wrong if wrong.name == "forgets the output slope")
    right = {name: f"{part.answer:.6g}" for name, part in sheets.sheet("ada").parts.items()}
    hand_in(here, {"ada": right, "bob": {"2": f"{slip.answer:.6g}"}, "zoe": {}})
    (here / "submissions/broken.ipynb").write_text("{")
    panel = bp.exercises.panels.mark()
    panel.run.value = True
    tick(panel)
    assert "3 of 4 notebooks marked" in panel.message.value
    assert "<li><b>broken.ipynb</b>: not a whole notebook" in panel.view["problems"].value
    assert "<td>Ada</td><td>ada.ipynb</td><td>2</td><td>2</td>" in panel.view["marks"].value
    assert "<td>forgets the output slope</td><td>output-delta</td><td>1</td>" in panel.view["class"].value
    assert [path for _, path in panel.whose.options] == [f"submissions/{n}.ipynb" for n in ("ada", "bob", "zoe")]
    assert "Nothing marked of" not in panel.view["problems"].value
    panel.whose.value = "submissions/bob.ipynb"
    assert "forgets the output slope" in panel.view["feedback"].value
    assert "0 of 2 points" in panel.view["feedback"].value
    said = CliRunner().invoke(main, ["mark", "--out", "theirs"])
    assert said.exit_code == 0, said.output
    assert files(here / "marked", "marked.zip") == files(here / "theirs")
    saved = linked(panel.view["links"].value)
    assert saved["marks.csv"] == (here / "theirs/marks.csv").read_bytes()
    with zipfile.ZipFile(io.BytesIO(saved["marked.zip"])) as archive:
        assert {f"marked/{name}" for name in files(here / "theirs")} == set(archive.namelist())


def test_marks_are_shown_though_earlier_results_must_stay(here: Path, sheets: Any) -> None:
    hand_in(here, {"ada": {}})
    panel = bp.exercises.panels.mark()
    panel.run.value = True
    tick(panel)
    before = files(here / "marked")
    (here / "submissions/ada.ipynb").unlink()
    (here / "submissions").rmdir()
    hand_in(here, {"ada": {"1": "77"}})
    panel.run.value = True
    tick(panel)
    assert "overwrite earlier results" in panel.message.value
    assert "<td>77</td>" in panel.view["feedback"].value
    assert linked(panel.view["links"].value) == {}
    assert files(here / "marked") == before
    assert "Nothing marked of Bob, Zoë." in panel.view["problems"].value
    assert "Nothing marked of Bob, Zoë." in panel.view["class"].value
    panel.set(force=True, run=True)
    tick(panel)
    assert b"77" in (here / "marked/feedback/ada.html").read_bytes()


def test_uploads_go_into_the_folder_and_over_nothing(here: Path) -> None:
    panel = bp.exercises.panels.mark()
    panel.upload.value = (uploaded("../../Ada L.ipynb", b"{}"),)
    assert files(here) == {"submissions/ada-l.ipynb": b"{}"}
    assert "1 new file in submissions" in panel.message.value
    panel.upload.value = (uploaded("../../Ada L.ipynb", b"[]"),)
    assert "exists with other content" in panel.message.value
    assert files(here) == {"submissions/ada-l.ipynb": b"{}"}


@pytest.mark.parametrize(("lacking", "words"), [("key", "key.json"), ("submissions", "there is no submissions")])
def test_what_is_not_there_is_said(here: Path, lacking: str, words: str) -> None:
    if lacking == "submissions":
        panel = few()
        panel.run.value = True
        tick(panel)
    panel = bp.exercises.panels.mark()
    panel.run.value = True
    tick(panel)
    assert words in panel.message.value
    assert "role='alert'" in panel.message.value


def test_a_key_that_has_changed_is_read_anew(here: Path, sheets: Any) -> None:
    hand_in(here, {"ada": {}})
    panel = bp.exercises.panels.mark()
    panel.run.value = True
    tick(panel)
    assert "<td>Ada</td>" in panel.view["marks"].value
    new = few(roster="Someone", seed=9, force=True)
    new.run.value = True
    tick(new)
    panel.set(force=True, run=True)
    tick(panel)
    assert "Someone" in panel.view["marks"].value


def test_widgets_come_with_the_panels_alone() -> None:
    code = (
        "import sys, bpkit as bp, bpkit.cli; bp.exercises.generate('loss'); print('ipywidgets' in sys.modules);"
        "bp.exercises.panels; print('ipywidgets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"]
