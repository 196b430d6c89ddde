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
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import bpkit as bp
from bpkit.cli import main
from bpkit.core.errors import BpkitError
from bpkit.exercises.panels import tables_and_links, working
from bpkit.exercises.panels.regenerate import Regenerate
from bpkit.exercises.sheets.key import read_key

FEW = {"loss", "output-delta"}
ROSTERS = Path(__file__).parent / "rosters"


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
    monkeypatch.setattr(tables_and_links, "MOST_BYTES", 100)
    (here / "a.zip").write_bytes(b"x" * 101)
    assert linked(tables_and_links.download(here / "a.zip", "Download")) == {}
    assert "a.zip in the file browser" in tables_and_links.download(here / "a.zip", "Download")


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


def test_after_a_clash_the_page_goes_on_in_another_folder_or_over_what_is_there(here: Path) -> None:
    panel = few(roster="Ada\nBob")
    panel._start_button.click()
    tick(panel)
    (here / "exercises/learners/bob.ipynb").write_text("a learner's work")
    for change in ({"out": "elsewhere"}, {"force": True}):
        panel.set(out="exercises", force=False)
        panel._start_button.click()
        tick(panel)
        assert "learners/bob.ipynb: exists with other content; choose another folder" in panel.message.value
        assert not panel._start_button.disabled
        assert panel._stop_button.disabled
        assert (here / "exercises/learners/bob.ipynb").read_text() == "a learner's work"
        panel.set(**change)
        assert "exists with other content" not in panel.message.value  # that was of another request
        panel._start_button.click()
        tick(panel)
        assert repr(panel.state.progress.result) in panel.message.value
    assert files(here / "elsewhere", "exercises.zip") == files(here / "exercises", "exercises.zip")


def test_another_edition_of_the_same_class_goes_into_the_zip_too(here: Path) -> None:
    """As the command adds it to the folder. A zip with anything of its own in it stays."""
    panel = few()
    for editions in ({}, {"printable": True}, {"solution": False, "printable": False}):
        panel.set(**editions)
        panel._start_button.click()
        tick(panel)
        assert repr(panel.state.progress.result) in panel.message.value
    with zipfile.ZipFile(here / "exercises/exercises.zip", "a") as archive:
        archive.writestr("exercises/notes.txt", "mine")
    panel._start_button.click()
    tick(panel)
    assert "exercises.zip: exists with other content" in panel.message.value
    with zipfile.ZipFile(here / "exercises/exercises.zip") as archive:
        assert "exercises/notes.txt" in archive.namelist()


def test_a_click_is_one_run(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the work is done by the time that it is drawn."""
    monkeypatch.setattr(working, "SLICE", 60.0)
    starts = []

    def nothing(_panel: Any, setup: Any) -> Iterator[Any]:
        starts.append(setup.seed)
        yield from ()

    monkeypatch.setattr(Regenerate, "passes", nothing)
    panel = few()
    panel._start_button.click()
    panel.set(seed=1, run=True)
    assert starts == [0, 1]


def test_an_error_of_the_kit_s_own_leaves_the_page_usable(here: Path) -> None:
    panel = few(out="no\0folder")
    panel._start_button.click()
    tick(panel)
    assert "the kit stopped at an error of its own (ValueError" in panel.message.value
    assert not panel.run.value
    assert not panel._start_button.disabled
    panel.set(out="good")
    panel._start_button.click()
    tick(panel)
    assert (here / "good/key/key.json").exists()


def test_a_question_that_cannot_be_drawn_is_said_and_leaves_the_page_usable(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*about: Any) -> Any:
        raise BpkitError("loss: no problem found")

    panel = few()
    with monkeypatch.context() as patch:
        patch.setattr(sys.modules[Regenerate.__module__], "drawn", refuses)
        panel.set(seed=1)
        assert "loss: no problem found" in panel.message.value
        panel._start_button.click()
        tick(panel)
        assert not panel.run.value
        assert not panel._start_button.disabled
    assert (here / "exercises/key/key.json").exists()
    panel.set(seed=2)
    assert "loss: no problem found" not in panel.message.value


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
        ({"learners": "2,5"}, "learners: expected a whole number, got"),
        ({"seed": "seven"}, "seed: expected a whole number, got"),
        ({"roster": "Ada\nAda"}, "appears twice"),
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
    panel = few(roster="name,seed\nAda,5\nBob,5")
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


@pytest.mark.parametrize("name", sorted(path.name for path in ROSTERS.glob("*.csv")))
def test_an_uploaded_roster_is_read_as_the_command_reads_it(name: str, here: Path) -> None:
    content = (ROSTERS / name).read_bytes()
    panel = few()
    panel.upload.value = (uploaded(name, content),)
    command = ["exercises", "new", "--questions", "loss", "--editions", "learner", "--learners", str(ROSTERS / name)]
    said = CliRunner().invoke(main, command)
    assert "\ufffd" not in panel.roster.value + panel.message.value
    if said.exit_code:
        sentence = said.output.removeprefix("Error: ").strip()
        assert escape(sentence) in panel.message.value
        assert "role='alert'" in panel.message.value
        panel._start_button.click()
        assert not panel.run.value
        assert files(here) == {}
    else:
        assert [seat.learner for seat in panel.state.setup.plan.seats] == list(
            read_key(here / "exercises/key").by_learner
        )
        seen = panel.view["roster"].value.replace("<em>", "*").replace("</em>", "*")
        assert escape(said.output.splitlines()[0]) in seen


def test_after_a_refused_roster_another_one_is_taken(here: Path) -> None:
    panel = few(roster="Ada\nBob")
    bad, good = (
        uploaded("class.csv", "Name\nGünther\n".encode("mac-roman")),  # one letter does not tell the encoding
        uploaded("class.csv", "Name\nGünther\n".encode()),
    )
    for going_on in ({"roster": "Cleo"}, {"learners": 2}, {"roster": ""}):
        panel.upload.value = (bad,)
        assert "got another encoding" in panel.message.value
        assert panel.view["roster"].value == ""
        panel.seed.value = str(int(panel.seed.value) + 1)
        assert "got another encoding" in panel.message.value  # the learners are still those of the file
        panel.set(**going_on)
        assert "got another encoding" not in panel.message.value
    panel.upload.value = (bad,)
    panel.upload.value = (good,)
    assert [seat.learner for seat in panel.state.setup.plan.seats] == ["Günther"]
    panel._start_button.click()
    tick(panel)
    assert read_key(here / "exercises/key").seats[0].learner == "Günther"


def test_the_same_file_can_be_uploaded_again(here: Path) -> None:
    panel = few()
    for _ in range(2):
        panel.upload.value = (uploaded("class.csv", b"Ada\nBob\n"),)
        assert panel.roster.value == "Ada\nBob\n"
        panel.set(roster="")
    assert panel.state.setup.roster is None


def test_what_was_read_of_a_roster_is_said() -> None:
    panel = few(roster="Student;ID\nAda;1\nTotal;\n")
    read = "1 learner, named by <em>Student</em>, identified by <em>ID</em>. Left out: line 3"
    assert read in panel.view["roster"].value
    panel.set(roster="Student*in;<b>;E-Mail\nAda;;a@b.org\n")
    assert "named by <em>Student*in</em>, identified by" in panel.view["roster"].value
    panel.set(roster="\tName\n0\tAda\n")  # the first column has no header: not to be stripped
    assert [seat.learner for seat in panel.state.setup.plan.seats] == ["Ada"]
    panel.set(roster=" \n")
    assert panel.view["roster"].value == ""


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
    assert "3 of 4 files marked" in panel.message.value
    assert "<li><b>broken.ipynb</b>: not a whole notebook" in panel.view["problems"].value
    assert "<td>Ada</td><td>ada.ipynb</td><td>2</td><td>2</td>" in panel.view["marks"].value
    assert 'forgets the output slope <span class="earned">1 answer</span>' in panel.view["class"].value
    assert [path for _, path in panel.whose.options] == [f"{n}.ipynb" for n in ("ada", "bob", "zoe")]
    assert "Handed in nothing" not in panel.view["problems"].value
    panel.whose.value = "bob.ipynb"
    assert "forgets the output slope" in panel.view["feedback"].value
    assert "0 of 2 points" in panel.view["feedback"].value
    said = CliRunner().invoke(main, ["mark", "--out", "theirs"])
    assert said.exit_code == 0, said.output
    kept = ".bpkit-written.txt"
    assert files(here / "marked", "marked.zip", kept) == files(here / "theirs", kept)
    saved = linked(panel.view["links"].value)
    assert saved["marks.csv"] == (here / "theirs/marks.csv").read_bytes()
    with zipfile.ZipFile(io.BytesIO(saved["marked.zip"])) as archive:
        assert {f"marked/{name}" for name in files(here / "theirs", kept)} == set(archive.namelist())


def test_marks_are_shown_though_earlier_results_must_stay(here: Path, sheets: Any) -> None:
    hand_in(here, {"ada": {}})
    panel = bp.exercises.panels.mark()
    panel.run.value = True
    tick(panel)
    (here / "marked/feedback/ada.html").write_text("A word of my own.")
    before = files(here / "marked")
    (here / "submissions/ada.ipynb").unlink()
    (here / "submissions").rmdir()
    hand_in(here, {"ada": {"1": "77"}})
    panel.run.value = True
    tick(panel)
    assert "tick “overwrite what is there”" in panel.message.value
    assert "77" in panel.view["feedback"].value
    assert linked(panel.view["links"].value) == {}
    assert files(here / "marked") == before
    assert "Handed in nothing: Bob, Zoë." in panel.view["problems"].value
    assert all(f"<li>{name}</li>" in panel.view["class"].value for name in ("Bob", "Zoë"))
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
    panel.upload.value = (uploaded("Ada L.ipynb", b"{}"),)
    assert "0 new files in submissions, 1 there already" in panel.message.value


def test_after_a_clash_of_uploads_the_others_are_taken_and_the_same_again(here: Path) -> None:
    both = (uploaded("ada.ipynb", b"[]"), uploaded("bob.ipynb", b"{}"), uploaded("ADA.ipynb", b"{}"))
    panel = bp.exercises.panels.mark()
    (here / "submissions").mkdir()
    (here / "submissions/ada.ipynb").write_bytes(b"mine")
    panel.upload.value = both
    assert "1 new file in submissions; not taken: submissions/ada.ipynb: exists with other" in panel.message.value
    assert "tick “overwrite what is there”, then upload again (and 1 more)" in panel.message.value
    assert "role='alert'" in panel.message.value
    assert files(here) == {"submissions/ada.ipynb": b"mine", "submissions/bob.ipynb": b"{}"}
    panel.set(submissions="other")
    panel.upload.value = both  # two names that become one: the first is not overwritten by the second
    assert "2 new files in other; not taken: other/ada.ipynb" in panel.message.value
    assert files(here / "other") == {"ada.ipynb": b"[]", "bob.ipynb": b"{}"}
    panel.set(submissions="submissions", force=True)
    panel.upload.value = both
    assert "1 new file in submissions, 1 there already; not taken: submissions/ada.ipynb" in panel.message.value
    assert files(here / "submissions") == {"ada.ipynb": b"[]", "bob.ipynb": b"{}"}
    panel.set(submissions="no\0folder")
    panel.upload.value = both
    assert "0 new files" in panel.message.value


def test_an_upload_is_said_and_marked_after_earlier_work_too(here: Path, sheets: Any) -> None:
    hand_in(here, {"ada": {}, "zoe": {}})
    late = uploaded("bob.ipynb", (here / "exercises/learners/bob.ipynb").read_bytes())
    panel = bp.exercises.panels.mark()
    panel._start_button.click()
    tick(panel)
    panel.upload.value = (late,)
    assert "1 new file in submissions. 2 of " in panel.message.value
    panel.set(force=True)
    panel._start_button.click()
    tick(panel)
    assert "new file" not in panel.message.value
    assert "3 of " in panel.message.value


def test_work_that_was_stopped_begins_anew_after_an_upload(here: Path, sheets: Any) -> None:
    hand_in(here, {"ada": {}, "zoe": {}})
    late = uploaded("bob.ipynb", (here / "exercises/learners/bob.ipynb").read_bytes())
    panel = bp.exercises.panels.mark()
    panel._start_button.click()
    panel.tick.value += 1
    panel._stop_button.click()
    panel.upload.value = (late,)
    panel._start_button.click()
    tick(panel)
    assert "3 of " in panel.message.value
    assert "bob.ipynb" in panel.view["marks"].value


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
    assert "expected the marks of this key, found those of another, Ada" in panel.message.value
    panel.set(out="again", run=True)
    tick(panel)
    assert "these sheets are not of this key" in panel.message.value
    (here / "exercises/learners/someone.ipynb").rename(here / "submissions/ada.ipynb")
    panel.set(run=True)
    tick(panel)
    assert "Someone" in panel.view["marks"].value


def test_widgets_come_with_the_panels_alone() -> None:
    code = (
        "import sys, bpkit as bp, bpkit.cli; bp.exercises.generate('loss'); print('ipywidgets' in sys.modules);"
        "bp.exercises.panels; print('ipywidgets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"]
