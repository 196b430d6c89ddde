"""A class as it really is: what it hands in, expected file by file; attempts, copies, marks that survive."""

from __future__ import annotations

import csv
import html
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from handed_in import PEOPLE, Sheets, after, bare, bpkit, cases, moodle, put, sheets, stripped

from bpkit.exercises.marking.copies import numbered
from bpkit.exercises.marking.whole_class import handed_in, marking, settled, workers
from bpkit.exercises.marking.whose import bearers_of, fitting
from bpkit.exercises.sheets.key import Key, read_key

EXPECTED = json.loads(Path(__file__).with_name("expected.json").read_text("utf-8"))
CASES = sorted(name for name in EXPECTED if name != "about")


IN_MOODLE = "_assignsubmission_file_/exercises.ipynb"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Sheets:
    return sheets(tmp_path_factory.mktemp("seven"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Sheets:
    """The same people's sheets of another run."""
    return sheets(tmp_path_factory.mktemp("eight"), seed=8)


@pytest.fixture
def key(made: Sheets, here: Path) -> Path:
    """A key that may be changed."""
    return Path(shutil.copytree(made.key, here / "key"))


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rows(out: str = "marked") -> dict[str, dict[str, str]]:
    """The lines of marks.csv by learner: one for each."""
    found = table(Path(out, "marks.csv"))
    learners = [row["learner"] for row in found if row["learner"]]
    assert len(set(learners)) == len(learners)
    return {row["learner"]: row for row in found}


def page(out: str = "marked") -> str:
    return Path(out, "class.html").read_text("utf-8")


def mark(submissions: str | Path, key: Path, *more: str, code: int = 0) -> str:
    return bpkit("mark", submissions, "--key", key, "--jobs", 1, *more, code=code).output


@pytest.mark.parametrize("name", CASES)
def test_each_file_is_marked_or_named(name: str, made: Sheets, other: Sheets, here: Path) -> None:
    case = EXPECTED[name]
    (here / "in").mkdir()
    cases(made)[name](here / "in")
    if "refuse" in case:
        assert "these sheets are not of this key" in mark("in", other.key, code=1)
        assert not Path("marked").exists()
        return
    said = mark("in", made.key)
    found, full = rows(), 8.0
    assert set(found) == set(PEOPLE)
    assert {row["of"] for row in found.values()} == {f"{full:g}"}
    for path, wanted in case["files"].items():
        row, points = found[wanted["learner"]], wanted["points"]
        path += "/exercises.ipynb" if path.endswith(".zip") else ""
        if points == "not counted":
            assert path in page()
            assert path in row["remarks"]
            assert path in said
            assert row["file"] != path
        elif "not marked" in str(points):
            assert row["file"] == path
            assert row["points"] == ""
            assert path in page()
            assert f"not marked: {path}: " in said
        else:
            assert (row["file"], float(row["points"])) == (path, full + (0 if points == "full" else points)), row
            assert row["problem"] == ""
    absent = set(PEOPLE) - {wanted["learner"] for wanted in case["files"].values()}
    assert {person for person, row in found.items() if row["problem"] == "nothing handed in"} == absent
    assert all(f"<li>{person}</li>" in page() for person in absent)
    assert len(list(Path("marked/feedback").glob("*"))) == len(found) - len(absent)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("friends_copy", "it is the sheet of Ada Ash, but Ben Birch handed it in; nothing in it was marked"),
        ("friends_copy", f"the file of its owner is {moodle('Ada Ash')}"),
        ("friends_copy", f"Ben Birch handed in this sheet too ({moodle('Ben Birch')})"),
        ("kaggle_no_metadata", "its own data are lost; its numbers are those of Cleo Cedar"),
        ("no_notebooks_beside", "no notebook; ask for the file that ends with .ipynb"),
        ("two_attempts", "not counted, because ada-ash (1).ipynb is the later of 2 attempts"),
        ("conflict_marks", "the marks of a merge conflict; at each &lt;&lt;&lt;&lt;&lt;&lt;&lt; keep one"),
        ("plain", "On average 94 % of 8 points"),
    ],
)
def test_what_the_class_page_says(name: str, words: str, made: Sheets, here: Path) -> None:
    (here / "in").mkdir()
    cases(made)[name](here / "in")
    mark("in", made.key)
    assert words in page()


def test_the_terminal_names_both_files_of_a_copy(made: Sheets, here: Path) -> None:
    cases(made)["friends_copy"](here / "in")
    (line,) = [line for line in mark("in", made.key).splitlines() if "not marked" in line]
    assert moodle("Ada Ash") in line
    assert moodle("Ben Birch") in line


def test_nobody_reads_of_others_on_their_own_page(made: Sheets, here: Path) -> None:
    cases(made)["friends_copy"](here / "in")
    mark("in", made.key)
    assert "Ben" not in Path("marked/feedback/ada-ash.html").read_text("utf-8")
    told = Path("marked/feedback/ben-birch.html").read_text("utf-8")
    assert "was not marked:</b> it is the sheet of another learner." in told
    assert "Ada" not in told


# Whose a file is


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("ann", "Ann"),
        ("ann-lee", "Ann Lee"),
        ("Ann Lee_48151_assignsubmission_file_", "Ann Lee"),
        ("Ann_48152_assignsubmission_file_", "Ann"),
        ("leeann_late_48151_99_exercises", "Ann Lee"),  # as Canvas has it
        ("ann (1)", "Ann"),
        ("Lee_Ann", ""),
        ("Lee_Ann_48153_assignsubmission_file_", ""),
        ("ann-lee-and-ann", ""),
        ("mary-ann", ""),
        ("exercises", ""),
        ("robin 7", "robin 7"),
        ("robin_07", ""),
        ("hw3_Zoë Öz_final", "Zoë Öz"),
        ("Öz, Zoë", "Zoë Öz"),
        ("李小龙_48151_assignsubmission_file_", "李小龙"),
    ],
)
def test_a_name_fits_one_learner_or_none(name: str, who: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp() / "names"
    people = ("Ann", "Ann Lee", "Zoë Öz", "robin 7", "李小龙")
    made = folder / "made/key" if folder.exists() else sheets(folder, people, questions="loss").key
    found = fitting(name, read_key(made))
    assert ([seat.learner for seat in found] == [who]) if who else len(found) != 1


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("Sinead OBrien", "O'Brien, Sinéad"),
        ("OBrien_Sinead_48151_assignsubmission_file_", "O'Brien, Sinéad"),
        ("obriensinead_LATE_48151_99_hw", "O'Brien, Sinéad"),
        ("Sinéad O'Brien", "O'Brien, Sinéad"),
        ("Sinéad O’Brien", "O'Brien, Sinéad"),
        ("o-brien-sinead", "O'Brien, Sinéad"),
        ("Sinead Brien", "Brien, Sinéad"),
        ("Gia D'Amato", "Damato, Gia"),
        ("Gia D’Amato", "Damato, Gia"),
        ("Noa Dor", "Dor, Noa"),  # the name as it is comes before the one that it may be
        ("Noa D'Or", "D'Or, Noa"),
        ("Rui D`Avila", "D'Ávila, Rui"),
        ("OBrien", ""),
        ("Sinead", ""),
    ],
)
def test_an_apostrophe_is_nothing_between_letters(
    name: str, who: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "apostrophes"
    people = ("O'Brien, Sinéad", "Brien, Sinéad", "Damato, Gia", "D'Or, Noa", "Dor, Noa", "D'Ávila, Rui")
    quoted = tuple(f'"{one}"' for one in people)
    made = folder / "made/key" if folder.exists() else sheets(folder, quoted, questions="loss").key
    found = fitting(name, read_key(made))
    assert ([seat.learner for seat in found] == [who]) if who else len(found) != 1


def test_the_number_of_a_copy_is_nobodys_name(here: Path) -> None:
    key = read_key(sheets(here / "few", ("1", "Ada"), questions="loss").key)
    assert [seat.learner for seat in bearers_of("exercises (1).ipynb", key)] == []
    assert [seat.learner for seat in bearers_of("1.ipynb", key)] == ["1"]
    assert [seat.learner for seat in bearers_of("ada (1).py", key)] == ["Ada"]


def test_a_file_that_may_be_anybodys_is_nobodys(here: Path) -> None:
    of = sheets(here / "few", ("Ann", "Ann Lee", "Bob"), questions="loss")
    lost = {name: bare(of.filled(name)) for name in of.books}
    put(here / "in", {"Lee_Ann.ipynb": lost["ann-lee"], "Ann/Bob.ipynb": lost["ann"], "bob.ipynb": lost["bob"]})
    said = mark("in", of.key)
    assert "Lee_Ann.ipynb: it may belong to Ann or Ann Lee; rename" in said
    assert "Ann/Bob.ipynb: it may belong to Ann or Bob; rename" in said
    assert {name: row["points"] for name, row in rows().items() if name} == {"Ann": "", "Ann Lee": "", "Bob": "1"}
    assert sorted(row["file"] for row in table(Path("marked/marks.csv")) if not row["learner"]) == [
        "Ann/Bob.ipynb",
        "Lee_Ann.ipynb",
    ]
    assert "Lee_Ann.ipynb" in page()


def test_two_whose_names_become_one_are_told_apart_by_what_they_were_given(here: Path) -> None:
    of = sheets(here / "few", ("Zoë", "Zoe"), questions="loss")
    put(here / "in", {f"{name}.ipynb": bare(of.filled(name)) for name in of.books})
    put(here / "in", {"Zoe.ipynb": bare(of.filled(min(of.books)))})
    said = mark("in", of.key)
    assert {name: row["points"] for name, row in rows().items() if name} == {"Zoë": "1", "Zoe": "1"}
    assert "Zoe.ipynb: it may belong to Zoë or Zoe" in said


def test_the_numbers_say_whose_a_sheet_is_whatever_it_claims(made: Sheets, here: Path) -> None:
    claims = made.filled("ada-ash")
    claims["metadata"]["bpkit"]["learner"] = "Ben Birch"
    renamed = made.filled("cleo-cedar")
    renamed["metadata"]["bpkit"]["learner"] = "Cleo C."
    put(here / "in", {"a.ipynb": claims, "b.ipynb": renamed})
    said = mark("in", made.key)
    assert "a.ipynb: it says that it belongs to Ben Birch, but it has the numbers of Ada Ash" in said
    assert rows()["Ben Birch"]["points"] == ""
    assert rows()["Cleo Cedar"]["points"] == "8"


def test_without_metadata_a_friends_copy_is_seen_too(made: Sheets, here: Path) -> None:
    put(here / "in", {"ada-ash.ipynb": made.filled("ada-ash"), "ben-birch.ipynb": stripped(made.filled("ada-ash"))})
    put(here / "in", {"cedarcleo_48151_9912_ada-ash.ipynb": made.filled("ada-ash", _2="0.5")})
    mark("in", made.key)
    assert {name: row["points"] for name, row in rows().items()} == {
        "Ada Ash": "8",
        "Ben Birch": "",
        "Cleo Cedar": "",
        "Dan Elm": "",
    }
    assert rows()["Ada Ash"]["file"] == "ada-ash.ipynb"


def test_one_sheet_of_another_key_is_a_remark(made: Sheets, other: Sheets, here: Path) -> None:
    put(here / "in", {f"{name}.ipynb": made.filled(name) for name in ("ada-ash", "ben-birch")})
    put(here / "in", {"dan-elm.ipynb": other.filled("dan-elm"), "odd.ipynb": stripped(other.filled("cleo-cedar"))})
    said = mark("in", made.key)
    assert said.count("this sheet is not of this key") == 2
    assert rows()["Dan Elm"]["points"] == ""
    assert rows()["Ada Ash"]["points"] == "8"
    put(here / "in", {"ben-birch.ipynb": stripped(other.filled("ben-birch"))})
    assert "3 of 4" in mark("in", made.key, "--force", code=1)
    assert rows()["Ben Birch"]["points"] == "8"


def test_a_sheet_that_was_changed_in_part_is_marked_by_the_key(made: Sheets, other: Sheets, here: Path) -> None:
    book = stripped(made.filled("ada-ash"))
    setup = next(cell for cell in book["cells"] if "open_sheet" in cell["source"])
    setup["source"] = setup["source"].replace('"targets": [0.', '"targets": [0.0', 1)
    put(here / "in", {"ada-ash.ipynb": book})
    mark("in", made.key)
    assert rows()["Ada Ash"]["points"] == "8"
    assert "its numbers of question 1 are not those of the key" in rows()["Ada Ash"]["remarks"]


# Attempts


def dated(path: Path, days: float) -> None:
    os.utime(path, (1e9 + 86400 * days, 1e9 + 86400 * days))


@pytest.mark.parametrize(
    ("files", "counts"),
    [
        ({"ada-ash.ipynb": 2, "ada-ash (1).ipynb": 1}, "ada-ash (1).ipynb"),
        ({"ada-ash.ipynb": 2, "ada-ash-1.ipynb": 1}, "ada-ash-1.ipynb"),
        ({"ada-ash (10).ipynb": 1, "ada-ash (9).ipynb": 2}, "ada-ash (10).ipynb"),
        ({"ada-ash.ipynb": 1, "late/ada-ash.ipynb": 2}, "late/ada-ash.ipynb"),
        ({"ada-ash.ipynb": 2, "early/ada-ash.ipynb": 1}, "ada-ash.ipynb"),
        ({"ada-ash.ipynb": 1, "ada-ash (1).ipynb": 2, "homework.ipynb": 3}, "homework.ipynb"),
        ({"homework.ipynb": 2, "ada-ash (1).ipynb": 1, "ada-ash.ipynb": 3}, "ada-ash (1).ipynb"),
        ({"ada-ash.ipynb": 1, "ada-ash.repaired.ipynb": 9, "later.ipynb": 3}, "later.ipynb"),
        ({"ada-ash.ipynb": 1, "ada-ash.repaired.ipynb": 9, "before.ipynb": 0}, "ada-ash.repaired.ipynb"),
    ],
)
def test_of_several_attempts_the_last_counts(files: dict[str, float], counts: str, made: Sheets, here: Path) -> None:
    for name, days in files.items():
        put(here / "in", {name: made.filled("ada-ash", _2=repr(days))})
        dated(here / "in" / name, days)
    said = mark("in", made.key)
    row = rows()["Ada Ash"]
    assert row["file"] == counts
    for name in set(files) - {counts}:
        assert f"{name}: not counted, because " in said
        assert name in row["remarks"]
    assert len(list(Path("marked/feedback").iterdir())) == 1
    assert "1 of 4 learners have marks" in page()


def test_the_number_of_a_copy_is_not_the_number_of_a_learner() -> None:
    assert numbered("learner-02.ipynb", "learner-02") == ("learner-02", 0)
    assert numbered("learner-02-1.ipynb", "learner-02") == ("learner-02", 1)
    assert numbered("learner-02 (3).ipynb.txt", "learner-02") == ("learner-02", 3)


def test_a_last_attempt_that_cannot_be_read_does_not_count(made: Sheets, here: Path) -> None:
    put(here / "in", {"ada-ash.ipynb": made.filled("ada-ash"), "ada-ash (1).ipynb": "{"})
    mark("in", made.key)
    assert rows()["Ada Ash"]["points"] == "8"
    assert "ada-ash (1).ipynb: not marked: not a whole notebook" in rows()["Ada Ash"]["remarks"]


@pytest.mark.parametrize(
    ("first", "second", "numbers"),
    [
        ("ashada_67011_1_ada-ash.ipynb", "ashada_67012_2_ada-ash.ipynb", "Canvas's numbers 67011, 67012"),
        ("ashada_67012_1_ada-ash.ipynb", "ashada_LATE_67011_2_ada-ash-1.ipynb", "Canvas's numbers 67012, 67011"),
        (f"Ada Ash_1{IN_MOODLE}", f"Ada Ash_2{IN_MOODLE}", "Moodle's numbers 1, 2"),
    ],
)
@pytest.mark.parametrize("together", [True, False], ids=["at once", "one after the other"])
def test_two_people_are_not_two_attempts_of_one(
    first: str, second: str, numbers: str, together: bool, made: Sheets, here: Path
) -> None:
    """Whoever has the same name may hand in the other's sheet; their numbers tell them apart."""
    one, other = made.filled("ada-ash"), made.filled("ada-ash", _1="0.123")
    put(here / "in", {first: one, **({second: other} if together else {})})
    said = mark("in", made.key)
    if together:
        assert rows()["Ada Ash"]["points"] == ""
        assert said.count(f"it is the sheet of Ada Ash, but 2 people handed it in ({numbers})") == 2
    else:
        before = rows()["Ada Ash"]
        put(here / "later", {second: other})
        said = mark("later", made.key)
        assert rows()["Ada Ash"]["points"] == before["points"] == "8"
    assert numbers.split()[-1] in said
    assert "2 people handed it in" in page()
    told = Path("marked/feedback/ada-ash.html").read_text("utf-8")
    assert ("more than one person handed in this sheet." in told) == together
    assert "people" not in told


def test_one_person_may_hand_in_often(made: Sheets, here: Path) -> None:
    wrong = made.filled("ada-ash", _1="0.123")
    put(here / "in", {"ashada_67011_1_ada-ash.ipynb": wrong, "ashada_67011_2_ada-ash-1.ipynb": made.filled("ada-ash")})
    assert "2 people" not in mark("in", made.key)
    assert rows()["Ada Ash"]["points"] == "8"
    # Moodle numbers participants anew in each assignment.
    shutil.rmtree("marked")
    folders = {f"1/Ada Ash_1{IN_MOODLE}": wrong, f"2/Ada Ash_2{IN_MOODLE}": made.filled("ada-ash")}
    put(here / "both", folders)
    assert "2 people" not in mark("both", made.key)


@pytest.mark.parametrize("same", [True, False], ids=["one assignment", "two assignments"])
def test_a_later_assignment_of_moodle_is_known_by_its_numbers(same: bool, made: Sheets, here: Path) -> None:
    """Where Ben's number is another one too, Ada's is no other person's."""
    for folder, numbers, answers in (("in", (1, 3), {"_1": "0.123"}), ("later", (2, 3 if same else 4), {})):
        people = zip(("ada-ash", "ben-birch"), ("Ada Ash", "Ben Birch"), numbers, strict=True)
        put(here / folder, {f"{name}_{n}{IN_MOODLE}": made.filled(slug, **answers) for slug, name, n in people})
    mark("in", made.key)
    before = rows()
    assert ("2 people handed it in" in mark("later", made.key)) == same
    assert rows()["Ada Ash"]["points"] == (before["Ada Ash"]["points"] if same else "8") != ""
    assert rows()["Ben Birch"]["points"] == "8" != before["Ben Birch"]["points"]


def test_an_empty_sheet_or_another_notebook_is_no_attempt(made: Sheets, here: Path) -> None:
    notes = {**made.books["ada-ash"], "cells": []}
    files = {"ada-ash.ipynb": made.filled("ada-ash"), "ada-ash (1).ipynb": made.books["ada-ash"], "notes.ipynb": notes}
    put(here / "in", files)
    shutil.copy(next((made.folder / "learners").glob("dan*")), here / "in")
    bpkit("exercises", "new", "--learners", made.folder.parent / "roster.csv", "--seed", 7, "--editions", "solution")
    shutil.copy("exercises/solutions/ada-ash.ipynb", here / "in/ada-ash-9.ipynb")
    said = mark("in", made.key)
    assert rows()["Ada Ash"]["points"] == "8"
    assert "ada-ash (1).ipynb: not counted, because nothing is answered in it, unlike in ada-ash.ipynb" in said
    assert "notes.ipynb: there is no answer in it" in said
    assert "ada-ash-9.ipynb: it is a solutions notebook" in said
    assert rows()["Dan Elm"]["points"] == "0"


def test_empty_sheets_are_not_counted_among_the_attempts(made: Sheets, here: Path) -> None:
    tries = {"ada-ash.ipynb": made.filled("ada-ash", _1="0.5"), "ada-ash (1).ipynb": made.filled("ada-ash")}
    put(here / "in", {**tries, "ada-ash (2).ipynb": made.books["ada-ash"]})
    assert "ada-ash.ipynb: not counted, because ada-ash (1).ipynb is the later of 2 attempts" in mark("in", made.key)


def test_a_mended_copy_replaces_its_original(made: Sheets, here: Path) -> None:
    book = made.filled("ada-ash")
    book["cells"] = [cell for cell in book["cells"] if cell["id"] != "answer-2"]
    put(here / "in", {"ada-ash.ipynb": book, "ben-birch.ipynb.txt": stripped(made.filled("ben-birch"))})
    files = [str(path) for path in sorted(Path("in").iterdir())]
    assert "the answer 2 is lost" in bpkit("doctor", *files, "--key", made.key, "--repair").output
    assert sorted(path.name for path in Path("in").iterdir()) == [
        *("ada-ash.ipynb", "ada-ash.repaired.ipynb", "ben-birch.ipynb.txt", "ben-birch.repaired.ipynb")
    ]
    said = mark("in", made.key)
    assert rows()["Ada Ash"]["file"] == "ada-ash.repaired.ipynb"
    assert rows()["Ben Birch"]["file"] == "ben-birch.repaired.ipynb"
    assert "ada-ash.ipynb: not counted, because ada-ash.repaired.ipynb is its repaired copy" in said
    assert "2 of 4 learners have marks" in page()


def test_where_everybody_has_the_one_sheet_each_file_is_somebody_s(here: Path) -> None:
    of = sheets(here / "one", ("team blue",), questions="loss")
    answers = {"zoe": "0.5", "zoe (1)": "0.25", "bob": "0.5", "hw-1": "0.5", "hw-2": "0.5"}
    put(here / "in", {f"{name}.ipynb": of.filled("team-blue", _1=answer) for name, answer in answers.items()})
    mark("in", of.key)
    found = table(Path("marked/marks.csv"))
    assert [row["file"] for row in found] == ["bob.ipynb", "hw-1.ipynb", "hw-2.ipynb", "zoe (1).ipynb"]
    names = [path.name for path in sorted(Path("marked/feedback").iterdir())]
    assert names == ["bob.html", "hw-1.html", "hw-2.html", "zoe-1.html"]
    before = Path("marked/feedback/bob.html").read_text("utf-8")
    put(here / "late", {"aaron.ipynb": of.filled("team-blue", _1="0.5")})
    mark("late/aaron.ipynb", of.key, "--force")
    assert Path("marked/feedback/bob.html").read_text("utf-8") == before
    assert Path("marked/feedback/aaron.html").exists()


# Marks that survive


def test_a_late_file_marked_alone_leaves_all_other_rows(made: Sheets, here: Path) -> None:
    put(here / "in", {f"{name}.ipynb": made.filled(name, _1="0.5") for name in ("ada-ash", "ben-birch")})
    put(here / "in", {"dan-elm.html": "<p>", "whose.ipynb": "{"})
    mark("in", made.key)
    before, answers = rows(), Path("marked/answers.csv").read_text("utf-8")
    put(here / "late", {"cleo-cedar.ipynb": made.filled("cleo-cedar")})
    mark("late/cleo-cedar.ipynb", made.key)
    assert {name: row for name, row in rows().items() if name != "Cleo Cedar"} == {
        name: row for name, row in before.items() if name != "Cleo Cedar"
    }
    assert rows()["Cleo Cedar"]["points"] == "8"
    assert set(answers.splitlines()) < set(Path("marked/answers.csv").read_text("utf-8").splitlines())
    assert "3 of 4 learners have marks" in page()
    assert "whose.ipynb" in page()
    mark("late/cleo-cedar.ipynb", made.key)  # nothing else comes out


def unmarkable(made: Sheets) -> None:
    """Ada handed in well, Ben her sheet, Cleo no notebook; nobody can tell whose one file is."""
    put(here_in := Path("in"), {"ada-ash.ipynb": made.filled("ada-ash"), "cleo-cedar.pdf": "%PDF", "whose.ipynb": "{"})
    put(here_in, {moodle("Ben Birch"): made.filled("ada-ash")})


@pytest.mark.parametrize("late", ["late", "late/dan-elm.ipynb", "late.zip"])
def test_who_handed_in_what_cannot_be_marked_is_never_absent(late: str, made: Sheets, here: Path) -> None:
    unmarkable(made)
    mark("in", made.key)
    before = table(Path("marked/marks.csv"))
    put(here / "late", {"dan-elm.ipynb": made.filled("dan-elm")})
    shutil.make_archive("late", "zip", "late")
    for _ in range(2):
        said = mark(late, made.key)
        after = table(Path("marked/marks.csv"))
        assert [row for row in after if row["learner"] != "Dan Elm"] == [r for r in before if r["learner"] != "Dan Elm"]
        assert rows_of(after)["Dan Elm"]["points"] == "8"
        assert "handed in nothing" not in said
        assert "Handed in nothing" not in page()
        assert moodle("Ben Birch") in page()


def test_who_handed_in_what_cannot_be_marked_reads_why(made: Sheets, key: Path, here: Path) -> None:
    unmarkable(made)
    mark("in", key)
    row = rows()["Cleo Cedar"]
    assert row["problem"]
    told = Path("marked/feedback/cleo-cedar.html").read_text(encoding="utf-8")
    assert f"was not marked:</b> {html.escape(row['problem'])}." in told
    assert "points." not in told
    assert "Your points" not in told
    assert 'href="feedback/cleo-cedar.html"' in page()
    (key / "overrides.csv").write_text("learner,question,points,remark\nCleo Cedar,points,3,by paper\n")
    mark("in", key)
    told = Path("marked/feedback/cleo-cedar.html").read_text(encoding="utf-8")
    assert "<b>3 of 8 points.</b>" in told
    assert "Your instructor set the points of the whole sheet: by paper" in told


def rows_of(lines: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    return {row["learner"]: row for row in lines}


def test_a_mark_by_hand_makes_nobody_absent_whose_file_was_damaged(made: Sheets, key: Path, here: Path) -> None:
    unmarkable(made)
    mark("in", key)
    before = rows_of(table(Path("marked/marks.csv")))["Cleo Cedar"]
    put(here / "late", {"dan-elm.ipynb": made.filled("dan-elm")})
    (key / "overrides.csv").write_text("learner,question,points\nCleo Cedar,2,1\n")
    for _ in range(2):
        mark("late", key)
        row = rows_of(table(Path("marked/marks.csv")))["Cleo Cedar"]
        assert (row["points"], row["2"], row["1"]) == ("1", "1", "0")
        assert all(row[name] == before[name] for name in ("file", "handed in", "problem"))
    (key / "overrides.csv").unlink()
    mark("late", key)
    assert rows_of(table(Path("marked/marks.csv")))["Cleo Cedar"] == before


def test_a_file_of_nobodys_that_was_given_its_name_is_no_longer_listed(made: Sheets, here: Path) -> None:
    unmarkable(made)
    mark("in", made.key)
    shutil.copy(put(here / "new", {"dan-elm.ipynb": made.filled("dan-elm")}) / "dan-elm.ipynb", "in/whose.ipynb")
    Path("in/whose.ipynb").rename("in/dan-elm.ipynb")
    mark("in", made.key)
    assert "whose.ipynb" not in page()
    assert [row["learner"] for row in table(Path("marked/marks.csv"))] == [
        "Ada Ash",
        "Ben Birch",
        "Cleo Cedar",
        "Dan Elm",
    ]


def test_the_owner_of_a_sheet_that_another_handed_in_stays_named(made: Sheets, key: Path, here: Path) -> None:
    put(here / "in", {moodle("Ben Birch"): made.filled("ada-ash")})
    put(here / "late", {"cleo-cedar.ipynb": made.filled("cleo-cedar")})
    note = f"Ben Birch handed in this sheet ({moodle('Ben Birch')})"
    for submissions in ("in", "late", "late/cleo-cedar.ipynb", "in"):
        mark(submissions, key)
        assert rows()["Ada Ash"]["remarks"] == note
        assert f"<li>Ada Ash: {note}</li>" in page()
    put(here / "late", {"ada-ash.ipynb": made.filled("ada-ash", _2="9")})
    for _ in range(2):
        mark("late", key)
        assert rows()["Ada Ash"]["remarks"].count(note) == 1
        assert note in page()
    (key / "overrides.csv").write_text("learner,question,points\nAda Ash,2,1\n")  # her page is made again
    mark("late/cleo-cedar.ipynb", key)
    assert rows()["Ada Ash"]["points"] == "8"
    assert note in rows()["Ada Ash"]["remarks"]
    assert "Ben" not in Path("marked/feedback/ada-ash.html").read_text("utf-8")
    told = Path("marked/feedback/ben-birch.html").read_text("utf-8")
    assert "was not marked:</b> it is the sheet of another learner." in told
    assert "Ada" not in told


def test_rows_stay_as_they_were_written_or_changed(made: Sheets, here: Path) -> None:
    """Also what somebody typed into the table itself, and a column of their own; saved with semicolons."""
    put(here / "in", {f"{name}.ipynb": made.filled(name) for name in ("ada-ash", "ben-birch")})
    mark("in", made.key)
    found = table(Path("marked/marks.csv"))
    found[0] |= {"2": "0,5", "points": "7,5", "tutor": "asked; answered =1"}
    with Path("marked/marks.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(found)
    put(here / "late", {"ben-birch.ipynb": made.filled("ben-birch", _1="0.5")})
    mark("late", made.key, "--force")
    assert rows()["Ada Ash"] == found[0] | {"tutor": "asked; answered =1"}
    assert rows()["Ben Birch"]["points"] == "7"
    assert "On average 91 % of 8 points" in page()


def test_a_late_file_that_cannot_be_read_takes_no_marks_away(made: Sheets, here: Path) -> None:
    put(here / "in", {"ada-ash.ipynb": made.filled("ada-ash")})
    mark("in", made.key)
    put(here / "late", {"ada-ash (1).ipynb": "{", "ben-birch.ipynb": made.filled("ada-ash")})
    for _ in range(2):
        mark("late", made.key, "--force")
        assert rows()["Ada Ash"]["points"] == "8"
        assert rows()["Ada Ash"]["remarks"].count("ada-ash (1).ipynb: not marked") == 1


def test_the_marks_of_another_key_are_not_mixed_with_these(made: Sheets, other: Sheets, here: Path) -> None:
    put(here / "in", {"ada-ash.ipynb": made.filled("ada-ash")})
    mark("in", made.key)
    before = Path("marked/marks.csv").read_bytes()
    put(here / "next", {"ben-birch.ipynb": other.filled("ben-birch")})
    said = mark("next", other.key, "--force", code=1)
    assert "expected the marks of this key, found those of another, Ada Ash for example" in said
    assert Path("marked/marks.csv").read_bytes() == before
    Path("marked/marks.csv").write_text("some,table\n1,2\n")
    assert "whose rows would be kept" in mark("in", made.key, "--force", code=1)


def test_marks_set_by_hand_win_and_stay(made: Sheets, key: Path, here: Path) -> None:
    put(here / "in", {f"{name}.ipynb": made.filled(name, _2="maybe") for name in ("ada-ash", "ben-birch")})
    overrides = "learner,question,points,remark\nAda Ash,2,0.5,asked in class\nDan Elm,4c,1,oral\n"
    (key / "overrides.csv").write_text(overrides)
    for more in ((), ("--force",)):
        mark("in", key, *more)
        found = rows()
        assert {name: row["points"] for name, row in found.items()} == {
            "Ada Ash": "7.5",
            "Ben Birch": "7",
            "Cleo Cedar": "",
            "Dan Elm": "1",
        }
        assert found["Ada Ash"]["2"] == "0.5"
        assert found["Ada Ash"]["overrides"] == "2: 0.5 asked in class"
        assert found["Ada Ash"]["to look at"] == ""
        assert found["Ben Birch"]["to look at"].startswith("2: maybe")
        assert found["Dan Elm"]["problem"] == "nothing handed in"
    ada = Path("marked/feedback/ada-ash.html").read_text("utf-8")
    assert "asked in class" in ada
    assert "0.5 of 1 point" in ada
    assert "7.5 of 8 points" in ada
    # Also for those of an earlier run; and what is taken back is taken back.
    (key / "overrides.csv").write_text("Learner;Question;Points\nben-birch;2;0,25\n", encoding="utf-8-sig")
    mark("in/ada-ash.ipynb", key, "--force")
    assert {name: row["points"] for name, row in rows().items()} == {
        "Ada Ash": "7",
        "Ben Birch": "7.25",
        "Cleo Cedar": "",
        "Dan Elm": "",
    }
    assert "0.25 of 1 point" in Path("marked/feedback/ben-birch.html").read_text("utf-8")
    (key / "overrides.csv").unlink()
    mark("in/ada-ash.ipynb", key, "--force")
    assert rows()["Ben Birch"]["points"] == "7"
    assert rows()["Ben Birch"]["to look at"].startswith("2: maybe")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("learner,points\nAda Ash,1\n", "found no question"),
        ("learner,question,points\nAda Asch,2,1\n", "line 2: expected a learner of the key, got 'Ada Asch'; did you"),
        ("learner,question,points\n\nAda Ash,9,1\n", "line 3: expected a question as marks.csv has it (1, 2, 3a"),
        ("learner,question,points\nAda Ash,2,many\n", "line 2: expected points from 0 to 1, got 'many'"),
        ("learner,question,points\nAda Ash,2,2\n", "expected points from 0 to 1, got '2'"),
        ("learner,question,points\nAda Ash,2,-1\n", "expected points from 0 to 1, got '-1'"),
        ("learner,question,points\nAda Ash,2,nan\n", "expected points from 0 to 1, got 'nan'"),
        ("learner,question,points\nAda Ash,2,\n", "expected points from 0 to 1, got ''"),
        ("learner,question,points,remark\nAda Ash,2,0,5\n", "expected points such as 0.5, with a point"),
        ("learner,question,points\nAda Ash,2,0,5\n", "expected points such as 0.5, with a point"),
        ("learner,question,points\nAda Ash,2,0\nAda Ash,2,1\n", "line 3: expected points for question 2"),
        ("", "found no learner"),
        ("PK\x03\x04", "overrides.csv: expected a table of names, got a damaged zip file or workbook"),
    ],
)
def test_a_bad_row_set_by_hand_is_refused_before_anything_is_written(
    text: str, words: str, made: Sheets, key: Path, here: Path
) -> None:
    (key / "overrides.csv").write_text(text)
    said = mark(put(here / "in", {"ada-ash.ipynb": made.filled("ada-ash")}), key, code=1)
    assert words in said
    assert len(said.strip().splitlines()) == 1
    assert not Path("marked").exists()
    assert (key / "overrides.csv").read_text() == text


def test_an_answer_marked_by_hand_is_no_longer_to_be_marked(here: Path) -> None:
    of = sheets(here / "code", ("Ada", "Bob"), questions="code,loss")
    put(here / "in", {f"{name}.ipynb": of.books[name] for name in ("ada", "bob")})
    (of.key / "overrides.csv").write_text("learner,question,points\nAda,1a,1\nAda,1b,2\nAda,1c,1\nAda,1d,1\n")
    mark("in", of.key)
    assert [(row["points"], row["of"], row["by hand"]) for row in rows().values()] == [("5", "6", "0"), ("0", "6", "4")]
    assert "4 answers to mark by hand" in page()
    assert "still has to mark" not in Path("marked/feedback/ada.html").read_text("utf-8")


def test_the_help_and_the_guide_name_the_marks_set_by_hand() -> None:
    guide = (Path(__file__).parents[2] / ".github" / "INSTRUCTORS.md").read_text("utf-8")
    for text in (bpkit("mark", "--help").output, guide):
        assert "overrides.csv" in text
        assert "learner,question,points,remark" in "".join(text.split())


# One total, and what to look at


def test_learners_of_one_sheet_earn_out_of_one_total(here: Path) -> None:
    """Whatever is left to mark by hand or lost, and though some networks have more outputs than others."""
    people = tuple(f"p{number}" for number in range(8))
    of = sheets(here / "many", people, questions="whole-forward,code,loss")
    fair = {row["question"]: row for row in table(of.key / "fairness.csv")}
    least, most = fair["whole-forward"]["points"].split(" to ")
    assert float(least) < float(most) == float(fair["whole-forward"]["marked out of"])
    assert fair["code"]["points"] == fair["code"]["marked out of"] == "5"
    total = float(most) + 5 + 1
    assert fair["whole sheet"]["points"] == f"{float(least) + 6:g} to {total:g}"
    assert fair["whole sheet"]["marked out of"] == f"{total:g}"
    sheet = read_key(of.key)
    old = Key(sheet.seats, sheet.tasks, {name: value for name, value in sheet.about.items() if name != "worth"})
    assert old.worth == sheet.worth == (float(most), 5, 1)
    for name in people[:-1]:
        book = json.loads(json.dumps(of.books[name]))
        for cell in book["cells"]:
            about = cell["metadata"].get("bpkit", {})
            if about.get("kind") == "answer" and about["key"][0] in "13":
                cell["source"] = f'answers["{about["key"]}"] = {sheet.sheet(name).parts[about["key"]].answer!r}'
        if name == "p3":
            book["cells"] = [cell for cell in book["cells"] if cell["metadata"]["bpkit"].get("key") != "3"]
        put(here / "in", {f"{name}.ipynb": book})
    mark("in", of.key)
    found = rows()
    assert {row["of"] for row in found.values()} == {f"{total:g}"}
    assert {row["points"] for name, row in found.items() if name not in ("p3", "p7")} == {f"{float(most) + 1:g}"}
    assert float(found["p3"]["points"]) == pytest.approx(float(most))
    assert {row["by hand"] for row in found.values()} == {"4", ""}
    assert "28 answers to mark by hand" in page()
    assert "Your instructor still has to mark 4 answers, worth 5 points." in Path("marked/feedback/p0.html").read_text()


def test_what_cannot_be_read_is_listed_by_file_and_question(made: Sheets, here: Path) -> None:
    put(here / "in", {moodle("Ada Ash"): made.filled("ada-ash", _2="loss(w)", _3a="None", _4a="'about 3'")})
    said = mark("in", made.key)
    row = rows()["Ada Ash"]
    assert [one.partition(" (")[0] for one in row["to look at"].split("; ") if ": " in one][:1] == ["2: loss(w)"]
    assert "4a: 'about 3'" in row["to look at"]
    assert "3a" not in row["to look at"]
    assert "2 answers to look at" in said
    section = page().split("<caption>Answers to look at")[1].split("</table>")[0]
    assert section.count(moodle("Ada Ash")) == 2
    assert "<td>2</td><td><code>loss(w)</code></td>" in section
    assert "<td>4a</td><td><code>&#39;about 3&#39;</code></td>" in section
    answers = {one["key"]: one["verdict"] for one in table(Path("marked/answers.csv"))}
    assert (answers["2"], answers["3a"], answers["4a"]) == ("unreadable", "blank", "unreadable")


def test_a_cell_that_a_merge_left_with_both_sides_is_named(made: Sheets, here: Path) -> None:
    both = '<<<<<<< local\nanswers["2"] = 0.5\n=======\nanswers["2"] = 0.6\n>>>>>>> remote\n'
    book = made.filled("ada-ash")
    next(cell for cell in book["cells"] if cell["id"] == "answer-2")["source"] = both
    mark(put(here / "in", {"ada-ash.ipynb": book}), made.key)
    assert "has the marks of a merge conflict; look at its answers" in page()
    assert "2: 0.6" in rows()["Ada Ash"]["to look at"]


def test_the_key_is_found_in_the_folder_of_all_that_was_made(made: Sheets, here: Path) -> None:
    shutil.copytree(made.key, here / "exercises/key")
    wrong = made.filled("ada-ash", _2="unknown_name")
    said = mark(put(here / "in", {"ada-ash.ipynb": wrong}), here / "exercises")
    assert "Marks of your own go into" in said
    assert f"{here / 'exercises/key/overrides.csv'} (learner,question,points,remark)" in said
    (here / "exercises/key/overrides.csv").write_text("learner,question,points\nAda Ash,2,0.5\n")
    mark("in", here / "exercises")
    assert rows()["Ada Ash"]["2"] == "0.5"


def test_all_who_are_absent_are_named(here: Path) -> None:
    people = tuple(f"person {number}" for number in range(1, 41))
    of = sheets(here / "many", people, questions="loss")
    said = mark(put(here / "in", {"person-1.ipynb": of.filled("person-1")}), of.key)
    assert set(rows()) == set(people)
    assert all(f"<li>{name}</li>" in page() for name in people[1:])
    assert " more" not in page()
    first = ", ".join(people[1:13])
    assert f"handed in nothing: {first}; and 27 more, all of them in class.html\n" in said


def test_what_the_kit_wrote_itself_was_not_handed_in(made: Sheets, here: Path) -> None:
    shutil.copytree(made.folder, here / "exercises")
    put(here, {"in/ada-ash.ipynb": made.filled("ada-ash"), "in/__MACOSX/x": "", "in/.DS_Store": ""})
    shutil.copytree(made.key, here / "in/key")
    bpkit("mark", "in", "--key", "in/key", "--out", "in/marked")
    assert "1 of 1 files marked" in bpkit("mark", "in", "--key", "in/key", "--out", "in/marked").output


def test_several_processes_mark_as_one_does(made: Sheets, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpkit.exercises.marking.whole_class.MANY", 0)
    for n in range(3):
        put(here / "in", {f"{n}/{name}.ipynb": made.filled(name) for name in made.books})
    given = handed_in(Path("in"), made.key, Path("marked"))
    with workers(given, 2) as run:
        assert run is not map
        results: list[Any] = list(marking(given, run))
    assert results == list(marking(given))
    assert [one.points for one in settled(results, given).standings] == [8] * 4


def test_two_of_one_name_are_not_known_by_it(here: Path) -> None:
    """Other systems write the name alone: a friend's sheet from one of the two is no attempt of its owner's."""
    of = sheets(here / "few", ("Mia Elm (1001)", "Mia Elm (1002)", "Ada Ash"), questions="loss")
    anew = of.filled("ada-ash", _1="0.5")
    own = of.filled("mia-elm-1002")
    lost = bare(own)
    moodles = {"Ada Ash_1": of.filled("ada-ash"), "Mia Elm_2": anew, "Mia Elm_3": own}
    put(here / "in", {f"{name}_assignsubmission_file_/a.ipynb": book for name, book in moodles.items()})
    put(here / "in", {"Mia Elm.ipynb": lost, "hw 1 elmmia_late.ipynb": lost, "Mia Elm_4/mia-elm-1001.ipynb": lost})
    said = mark("in", of.key)
    assert "Mia Elm_2_assignsubmission_file_/a.ipynb: it is the sheet of Ada Ash, but Mia Elm (1001) or Mia Elm" in said
    assert "Mia Elm.ipynb: it may belong to Mia Elm (1001) or Mia Elm (1002); rename" in said
    found = {name: (row["points"], row["file"].partition("/")[0]) for name, row in rows().items() if name}
    assert found == {
        "Ada Ash": ("1", "Ada Ash_1_assignsubmission_file_"),
        "Mia Elm (1001)": ("0", "Mia Elm_4"),
        "Mia Elm (1002)": ("1", "Mia Elm_3_assignsubmission_file_"),
    }
    assert "Another learner handed in this sheet too (Mia Elm_2" in rows()["Ada Ash"]["remarks"]


@pytest.mark.parametrize("source", ['k = "2"\nanswers[k] = 0.5', "answers.update(mine)", 'answers.__setitem__("2", 1)'])
def test_what_a_cell_may_have_answered_unseen_is_not_blank(source: str, made: Sheets, here: Path) -> None:
    put(here / "in", {"ada-ash.ipynb": after(made.filled("ada-ash", _2="None"), "2", "code", source)})
    mark("in", made.key)
    (row,) = (one for one in table(Path("marked/answers.csv")) if one["key"] == "2")
    assert row["verdict"] == "unreadable"
    assert "2: " in rows()["Ada Ash"]["to look at"]
    assert "run" in row["feedback"]
    assert row["feedback"][:20] in html.unescape(page())
    assert rows()["Ada Ash"]["points"] == "7"


def test_an_answer_that_is_not_asked_for_is_named(made: Sheets, here: Path) -> None:
    book = after(made.filled("ada-ash"), "2", "code", 'answers["2 "] = 0.5')
    put(here / "in", {"ada-ash.ipynb": book})
    mark("in", made.key)
    assert "it answers '2 ', which this sheet does not ask for" in rows()["Ada Ash"]["remarks"]


def test_a_word_document_is_no_zip_to_unpack(made: Sheets, here: Path) -> None:
    put(here / "in", {"ada-ash.ipynb": made.filled("ada-ash")})
    Path("in/ben-birch.docx").write_bytes(b"PK\x03\x04 and so on")
    assert "ben-birch.docx: no notebook; ask for the file" in mark("in", made.key)


def test_answers_stand_in_the_order_of_the_sheet_whoever_comes_first(here: Path) -> None:
    of = sheets(here / "few", ("Ada Ash", "Ben Birch"), questions="whole-forward,loss")
    put(here / "in", {f"{name}.ipynb": of.filled(name) for name in of.books})
    mark("in", of.key)
    (head, *_) = Path("marked/marks.csv").read_text("utf-8").splitlines()
    assert "1a,1b,1c,1d,2,to look at" in head
    assert page().index(">1d</th>") < page().index(">2. ")
