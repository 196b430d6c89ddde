"""Marks that an instructor sets: whom and what a row may name, whole questions, the sheet, all bad rows at once."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pytest
from handed_in import Sheets, bpkit, put, sheets

from bpkit.core.errors import BpkitError
from bpkit.exercises.marking.overrides import TOTAL, read_overrides
from bpkit.exercises.sheets.key import read_key

ROSTER = """name,id
"Fir, Finn",s-017
"O’Brien, Sinéad",00042
"Ash, Ada",s-001
"Ash, Ada",s-002
"""
QUESTIONS = "loss,output-weight,hidden-weight,matrix-shapes"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("overrides")
    (folder / "roster.csv").write_text(ROSTER, "utf-8")
    options = ("--learners", folder / "roster.csv", "--questions", QUESTIONS, "--editions", "learner", "--jobs", 1)
    bpkit("exercises", "new", *options, "--out", folder / "made")
    return folder / "made/key"


@pytest.fixture
def key(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "key"))


def points(key: Path, *rows: str) -> dict[str, dict[str, float]]:
    """What rows set: points by learner and answer."""
    (key / "overrides.csv").write_text("\n".join(["learner,question,points", *rows]) + "\n", "utf-8")
    found = read_overrides(key, read_key(key))
    return {slug: {name: one.points for name, one in mine.items()} for slug, mine in found.items()}


def refused(key: Path, *rows: str) -> str:
    with pytest.raises(BpkitError) as error:
        points(key, *rows)
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ('"Fir, Finn"', "fir-finn"),
        ("Finn Fir", "fir-finn"),
        ("finn FIR", "fir-finn"),
        ("s-017", "fir-finn"),
        ("S-017", "fir-finn"),
        ("fir-finn", "fir-finn"),
        ("Sinéad O'Brien", "obrien-sinead"),
        ("Sinead OBrien", "obrien-sinead"),
        ("42", "obrien-sinead"),
        ("00042", "obrien-sinead"),
    ],
)
def test_a_learner_is_named_as_people_name_them(name: str, who: str, key: Path) -> None:
    assert points(key, f"{name},1,0.5") == {who: {"1": 0.5}}


def test_a_name_of_two_learners_is_none_and_their_ids_tell_them_apart(key: Path) -> None:
    said = refused(key, "Ada Ash,1,0")
    assert "expected one learner, got 'Ada Ash'" in said
    assert "s-001" in said
    assert "s-002" in said
    assert len(points(key, "s-001,1,0", "s-002,1,0.5")) == 2


def test_whom_a_wrong_name_may_mean(key: Path) -> None:
    assert "did you mean 'Fir, Finn'?" in refused(key, "Fin Fir,1,0")
    assert "did you mean 'Fir, Finn'?" in refused(key, '"Fir, Fin",1,0')
    said = refused(key, "Zzz,1,0")
    assert "Fir, Finn; O’Brien, Sinéad; " in said


def worths(key: Path, slug: str = "fir-finn") -> dict[str, float]:
    found = read_key(key)
    return found.worths(found.sheet(slug))


def test_a_whole_question_is_spread_over_its_parts_by_their_worth(key: Path) -> None:
    worth = {name: one for name, one in worths(key).items() if name.startswith("4")}
    assert len(worth) > 1
    whole = sum(worth.values())
    for name in ("4", "matrix-shapes", "Matrix-Shapes"):
        found = points(key, f"Finn Fir,{name},{whole / 2!r}")["fir-finn"]
        assert found == pytest.approx({part: one / 2 for part, one in worth.items()})
    first, *others = worth
    found = points(key, f"Finn Fir,4,{whole / 2!r}", f"Finn Fir,{first},0")["fir-finn"]
    assert found[first] == 0
    assert sum(found.values()) == pytest.approx(whole / 2)
    assert len({round(found[part] / worth[part], 9) for part in others}) == 1


def test_a_question_of_one_answer_is_named_by_its_id_too(key: Path) -> None:
    single = [name for name in worths(key) if name.isdecimal()]
    assert "1" in single
    assert points(key, "Finn Fir,loss,0.25") == {"fir-finn": {"1": 0.25}}


def test_parts_and_their_whole_must_fit(key: Path) -> None:
    first = next(name for name in worths(key) if name.startswith("4"))
    said = refused(key, "Finn Fir,4,0", f"Finn Fir,{first},{worths(key)[first]!r}")
    assert said.startswith("overrides.csv line 2: expected points for question 4 of Fir, Finn that fit those of ")
    assert "once, got them twice" in refused(key, "Finn Fir,4,0", "Finn Fir,matrix-shapes,1")


@pytest.mark.parametrize("name", ["points", "total", "Total"])
def test_the_whole_sheet_is_set_by_one_row(name: str, key: Path) -> None:
    assert points(key, f"s-017,{name},3.5") == {"fir-finn": {TOTAL: 3.5}}
    most = sum(worths(key).values())
    assert f"expected points from 0 to {most:g}" in refused(key, f"s-017,{name},{most + 1}")


def test_all_bad_rows_are_told_at_once(key: Path) -> None:
    said = refused(key, "Nobody,1,0", "Finn Fir,1,0.5", "Finn Fir,99,1", "Finn Fir,hiden-weight,1", "s-001,1,many")
    assert re.findall(r"line (\d)", said) == ["2", "4", "5", "6"]
    assert "got 4 lines" in said
    assert "did you mean 'hidden-weight'?" in said
    assert "expected a question as marks.csv has it (1, 2" in said


# A total through a whole marking


@pytest.fixture(scope="module")
def class_of_four(tmp_path_factory: pytest.TempPathFactory) -> Sheets:
    return sheets(tmp_path_factory.mktemp("four"))


def rows(out: Path) -> dict[str, dict[str, str]]:
    with (out / "marks.csv").open(encoding="utf-8", newline="") as file:
        return {row["learner"]: row for row in csv.DictReader(file)}


def test_a_total_that_was_changed_by_hand_can_be_kept(class_of_four: Sheets, tmp_path: Path) -> None:
    key = Path(shutil.copytree(class_of_four.key, tmp_path / "key"))
    books = {f"{name}.ipynb": class_of_four.filled(name, _2="0.5") for name in ("ada-ash", "ben-birch")}
    folder, out = put(tmp_path / "in", books), tmp_path / "marked"
    again = ("mark", folder, "--key", key, "--out", out, "--jobs", 1, "--force")
    bpkit(*again)
    kit = rows(out)["Ada Ash"]["points"]
    table = (out / "marks.csv").read_text("utf-8")
    (out / "marks.csv").write_text(re.sub(rf"(?m)^(Ada Ash,[^,]*,[^,]*),{kit},", r"\1,7.5,", table), "utf-8")
    assert rows(out)["Ada Ash"]["points"] == "7.5"
    said = bpkit(*again, code=1).output
    # The refusal ends with the table that does it.
    way = said[said.index("learner,question,points") :]
    assert way.split() == ["learner,question,points", "Ada", "Ash,points,7.5"]
    (key / "overrides.csv").write_text(way, "utf-8")
    for _ in range(2):
        bpkit(*again)
        found = rows(out)
        assert found["Ada Ash"]["points"] == "7.5"
        assert found["Ada Ash"]["2"] == found["Ben Birch"]["2"]
        assert found["Ben Birch"]["points"] == kit
        assert found["Ada Ash"]["overrides"] == "points: 7.5"
    page = (out / "feedback/ada-ash.html").read_text("utf-8")
    assert "7.5 of 8 points" in page
    assert "Your instructor set the points of the whole sheet." in page
    assert "set the points of the whole sheet" not in (out / "feedback/ben-birch.html").read_text("utf-8")
    assert "the whole sheet</td>" in (out / "class.html").read_text("utf-8")
    # What is taken back is taken back.
    (key / "overrides.csv").unlink()
    bpkit(*again)
    assert rows(out)["Ada Ash"]["points"] == kit


def test_an_old_total_beside_a_changed_answer_is_not_asked_to_be_kept(class_of_four: Sheets, tmp_path: Path) -> None:
    folder = put(tmp_path / "in", {"ada-ash.ipynb": class_of_four.filled("ada-ash", _2="0.5")})
    again = ("mark", folder, "--key", class_of_four.key, "--out", tmp_path / "marked", "--jobs", 1)
    bpkit(*again)
    with (tmp_path / "marked/marks.csv").open(encoding="utf-8", newline="") as file:
        head, *lines = csv.reader(file)
    lines[0][head.index("2")] = "0.75"
    with (tmp_path / "marked/marks.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *lines])
    said = bpkit(*again, code=1).output
    assert "Ada Ash,2,0.75" in said
    assert "Ada Ash,points" not in said


def test_absent_learners_named_last_first_are_told_apart(tmp_path: Path) -> None:
    made = sheets(tmp_path / "made", ('"Ash, Ada"', '"Elm, Eva"', '"Kapok, Kim"'), questions="loss")
    put(tmp_path / "in", {"ash-ada.ipynb": made.filled("ash-ada")})
    said = bpkit("mark", tmp_path / "in", "--key", made.key, "--out", tmp_path / "marked", "--jobs", 1).output
    assert "handed in nothing: Elm, Eva; Kapok, Kim\n" in said
