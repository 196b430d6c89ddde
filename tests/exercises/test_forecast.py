"""What ``--dry-run`` and the page say before anything is written: all of it, and true."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openpyxl import Workbook

from bpkit.cli import main
from bpkit.exercises.editions import EDITIONS
from bpkit.exercises.editions.forecast import files_of, forecast
from bpkit.exercises.editions.produce import produce
from bpkit.exercises.panels.regenerate import Regenerate
from bpkit.exercises.sheets.cohort import plan
from bpkit.exercises.sheets.key import read_key
from bpkit.exercises.sheets.roster import read_roster

ROSTER = """\
Student,SIS User ID,Role
    Points Possible,,
"Ash, Ada",S001,Student
李小龙,S002,Student
Total 1,,
Total 2,,
Total 3,,
Total 4,,
Total 5,,
"Elm, Eve",S009,Teacher
"Mia Elm",S003,Student
"Mia Elm",S004,Student
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("roster.csv").write_text(ROSTER, encoding="utf-8")
    return tmp_path


def new(*options: str) -> Result:
    return CliRunner().invoke(main, ["exercises", "new", "--learners", "roster.csv", "--questions", "loss", *options])


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("learners", ["Ada\nBen\nZoë\n", 1], ids=["a class", "one"])
def test_the_files_that_are_told_are_those_that_are_written(learners: str | int, tmp_path: Path) -> None:
    made = plan(learners, seed=3, questions=("loss",))
    told = files_of(made, EDITIONS)
    done = produce(made, tmp_path, 3, EDITIONS, jobs=1, variants=2)
    assert sorted(told) == sorted(done.files) == sorted(files(tmp_path))
    again = forecast(made, tmp_path, EDITIONS)
    assert sorted(again.there) == sorted(told)
    assert forecast(made, tmp_path / "other", EDITIONS).there == ()


def test_a_dry_run_writes_nothing_and_tells_everything(here: Path) -> None:
    said = new("--dry-run", "--seed", "7")
    assert said.exit_code == 0, said.output
    assert list(files(here)) == ["roster.csv"]
    lines = [line.strip() for line in said.output.splitlines()]
    assert lines[0] == "4 learners, named by *Student*, identified by *SIS User ID*."
    left_out = [
        *("line 2 'Points Possible' (not a learner)", "line 5 'Total 1' (not a learner)"),
        *(f"line {number + 4} 'Total {number}' (not a learner)" for number in (2, 3, 4, 5)),
        "line 10 'Elm, Eve' (not a learner, but Teacher)",
    ]
    assert lines[1:9] == ["Left out:", *left_out]
    seats = plan(read_roster(ROSTER), seed=7).seats
    assert [seat.learner for seat in seats] == ["Ash, Ada", "李小龙", "Mia Elm (S003)", "Mia Elm (S004)"]
    rows = [line.rsplit(maxsplit=2) for line in lines]
    for seat in seats:
        assert [seat.learner, seat.id, str(seat.seed)] in rows
    assert "1 question, 1 point on the first sheet:" in lines
    assert any(line.split(maxsplit=3) == ["1", "loss", "1", "The loss"] for line in lines)
    assert "12 files:" in lines
    assert ["learners", "4"] in [line.split() for line in lines]
    assert lines[-2] == "They would be written into the folder exercises. None of them is there yet."
    assert lines[-1] == "Nothing has been written. Leave out --dry-run to make the sheets."


def test_what_a_dry_run_tells_is_what_is_made(here: Path) -> None:
    told = new("--dry-run", "--seed", "7").output
    assert new("--seed", "7").exit_code == 0
    for seat in read_key(here / "exercises/key").seats:
        assert any(
            line.split()[-2:] == [seat.id, str(seat.seed)] and seat.learner in line for line in told.splitlines()
        )
    before = files(here)
    again = new("--dry-run", "--seed", "8").output
    assert files(here) == before
    assert "There already: key/key.json, key/seeds.csv, key/answers.csv, key/fairness.csv" in again
    assert "and 7 more" in again
    assert "one with other content stops the work and stays as it is, unless you allow overwriting (--force)." in again
    assert "one with other content would be overwritten." in new("--dry-run", "--force").output
    assert new("--seed", "8").exit_code == 1  # as it was told
    assert files(here) == before


def test_columns_are_aligned_whatever_the_script(here: Path) -> None:
    lines = new("--dry-run").output.splitlines()
    one, other = (next(line for line in lines if id in line and "(" not in line) for id in ("S001", "S002"))
    assert one.index("S001") == other.index("S002") + 3  # three signs take two columns each


def test_learners_without_names_are_counted() -> None:
    said = CliRunner().invoke(main, ["exercises", "new", "--learners", "200", "--questions", "loss", "--dry-run"])
    assert "learner 003" in said.output
    assert "learner 004" not in said.output
    assert "and 197 more" in said.output


def test_what_cannot_be_is_refused_in_a_dry_run_too(here: Path) -> None:
    for options, words in (
        (("--editions", "paper"), "edition: expected some of"),
        (("--questions", "losses"), "did you mean"),
    ):
        said = new("--dry-run", *options)
        assert said.exit_code == 1
        assert words in said.output


def test_the_page_tells_the_same_before_it_starts(here: Path) -> None:
    panel = Regenerate()
    panel.set(**{name: name == "loss" for name in panel.control if name in ("loss", *panel.state.setup.plan.questions)})
    panel.set(roster=ROSTER, seed=7)
    roster, told = panel.view["roster"].value, panel.view["forecast"].value
    assert "4 learners, named by <em>Student</em>, identified by <em>SIS User ID</em>" in roster
    made = read_roster(ROSTER)
    assert len(made.left_out) == 7
    assert all(escape(what) in roster for what in made.left_out)
    assert "13 files for the folder exercises. None of them is there yet." in told  # the zip is one of them
    for seat in plan(made, seed=7).seats:
        assert f"<td>{seat.learner}</td><td>{seat.id}</td><td>{seat.seed}</td>" in told
    assert list(files(here)) == ["roster.csv"]
    assert new("--seed", "7").exit_code == 0
    panel.set(seed=8)
    told = panel.view["forecast"].value
    assert "There already: key/key.json" in told
    assert "unless you tick “overwrite what is there”." in told
    panel.set(force=True)
    assert "would be overwritten" in panel.view["forecast"].value
    panel.set(roster="Ada\nAda")
    assert panel.view["forecast"].value == panel.view["roster"].value == ""


def test_a_workbook_on_the_page_is_read_as_the_command_reads_it(here: Path) -> None:
    made = Workbook()
    made.active.append(["Please fill in your names"])
    sheet = made.create_sheet("BP 101")
    for row in (["Name", "Matrikelnummer"], ["Jörn Dorn", 17], ["Ash, Ada", 18], ["Summe", 2]):
        sheet.append(row)
    sheet["B2"].number_format = "0000"
    made.save("class.xlsx")
    panel = Regenerate()
    when = datetime(2000, 1, 1, tzinfo=UTC)
    content = memoryview(Path("class.xlsx").read_bytes())
    file = {"name": "class.xlsx", "type": "", "size": len(content), "content": content, "last_modified": when}
    panel.upload.value = (file,)
    assert [(seat.learner, seat.id) for seat in panel.state.setup.plan.seats] == [
        ("Jörn Dorn", "0017"),
        ("Ash, Ada", "18"),
    ]
    said = CliRunner().invoke(main, ["exercises", "new", "--learners", "class.xlsx", "--questions", "loss"])
    first = said.output.splitlines()[0]
    assert "from the sheet “BP 101”. Left out: line 4 'Summe' (not a learner)." in first
    assert escape(first).replace("*Name*", "<em>Name</em>").replace("*Matrikelnummer*", "<em>Matrikelnummer</em>") in (
        panel.view["roster"].value
    )
    panel.set(roster=panel.roster.value.replace("Summe,2", "Cleo,19"))
    assert len(panel.state.setup.plan.seats) == 3
    assert "from the sheet" not in panel.view["roster"].value  # it is the text in the field now
