"""Rosters as real systems write them: who is read, where seeds come from, and what is refused in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bpkit.cli import main
from bpkit.core.errors import BpkitError
from bpkit.exercises.sheets.cohort import plan, seeds_table
from bpkit.exercises.sheets.key import read_key
from bpkit.exercises.sheets.roster import Roster, numbered, read_roster
from bpkit.exercises.sheets.tables import table_text

HERE = Path(__file__).parent / "rosters"
EXPECTED: dict[str, Any] = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
# Where a refusal is expected as well, and what it says.
REFUSED = {
    "commas_typed_by_hand.csv": ("looks like “Last, First” without quotation marks", "'Ash, Ada'"),
}


def turned(name: str) -> str:
    """The name as ``Last, First``."""
    *first, last = name.split()
    return f"{last}, {' '.join(first)}"


def who(text: str) -> list[tuple[str, str]]:
    return [(person.name, person.id) for person in read_roster(text).people]


def shown(text: str) -> list[str]:
    return [person.shown for person in read_roster(text).people]


def refusal(text: str) -> str:
    with pytest.raises(BpkitError) as said:
        read_roster(text)
    assert str(said.value).startswith("roster: ")
    assert "\ufffd" not in str(said.value)
    return str(said.value)


@pytest.mark.parametrize("name", sorted(set(EXPECTED) - set(REFUSED)))
def test_the_learners_of_a_roster_are_who_is_expected(name: str) -> None:
    roster = read_roster(table_text((HERE / name).read_bytes()))
    wanted = EXPECTED[name]["learners"]
    assert [person.id or None for person in roster.people] == [one["id"] for one in wanted]
    for person, one in zip(roster.people, wanted, strict=True):
        assert person.name in (one["name"], turned(one["name"]))
    assert [person.seed for person in roster.people] == EXPECTED[name].get("seeds", [None] * len(wanted))
    assert str(roster).startswith(f"{len(wanted)} learners, ")


def test_every_file_is_tried() -> None:
    assert {path.name for path in HERE.glob("*.csv")} == set(EXPECTED)
    assert all("or" in EXPECTED[name] for name in REFUSED)


@pytest.mark.parametrize(("name", "words"), REFUSED.items())
def test_the_command_refuses_what_is_not_understood(
    name: str, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(main, ["exercises", "new", "--learners", str(HERE / name)])
    assert said.exit_code == 1
    assert len(said.output.strip().splitlines()) == 1
    assert all(word in said.output for word in words)
    assert "\ufffd" not in said.output
    assert "twice" not in said.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", sorted(set(EXPECTED) - set(REFUSED)))
def test_only_a_column_headed_seed_overrules_the_seed(name: str) -> None:
    text = table_text((HERE / name).read_bytes())
    seven, eight = ([seat.seed for seat in plan(text, seed=seed).seats] for seed in (7, 8))
    if "seeds" in EXPECTED[name]:
        assert seven == eight == EXPECTED[name]["seeds"]
    else:
        assert not set(seven) & set(eight)


def test_another_seed_makes_other_sheets_for_a_class_with_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for seed in ("7", "8"):
        options = ["--questions", "loss", "--editions", "learner", "--seed", seed, "--out", seed]
        said = CliRunner().invoke(
            main, ["exercises", "new", "--learners", str(HERE / "canvas_gradebook.csv"), *options]
        )
        assert said.exit_code == 0, said.output
        assert said.output.startswith(
            "2 learners, named by *Student*, identified by *SIS User ID*. Left out: "
            "line 2 'Points Possible' (not a learner), line 5 'Student, Test' (the test student).\n"
        )
    keys = [read_key(tmp_path / seed / "key") for seed in ("7", "8")]
    for learner in ("Ash, Ada", "Birch, Ben"):
        one, other = (key.sheet(key.by_learner[learner].slug).data()["tasks"] for key in keys)
        assert one != other
    assert len(keys[0].seats) == 2


def test_a_plain_list_gives_the_names_file_names_and_seeds_that_it_always_gave() -> None:
    made = plan("Ada\nBob\nZoë\nJörn von Dorn\n'=1+1\n", seed=3)
    assert [(seat.learner, seat.slug) for seat in made.seats] == [
        ("Ada", "ada"),
        ("Bob", "bob"),
        ("Zoë", "zoe"),
        ("Jörn von Dorn", "jorn-von-dorn"),
        ("=1+1", "1-1"),
    ]
    assert [seat.seed for seat in made.seats[:3]] == [4130856860, 4223127704, 4040864550]
    assert [seat.learner for seat in plan(3).seats] == ["learner 01", "learner 02", "learner 03"]
    assert numbered(3).people[0].id == ""


def test_seeds_come_from_their_column_wherever_it_is_and_may_be_missing() -> None:
    people = read_roster("Seed,Name,redrawn\n5,Ada,loss:1 output-delta:2\n,Ben,\n").people
    assert [(one.name, one.seed, one.redrawn) for one in people] == [
        ("Ada", 5, (("loss", 1), ("output-delta", 2))),
        ("Ben", None, ()),
    ]
    made = plan("Seed,Name,redrawn\n5,Ada,loss:1\n,Ben,\n", seed=1, questions=("loss",))
    assert made.redraws == (("ada", "loss", 1),)
    assert made.seats[1].seed == plan("Ben", seed=1).seats[0].seed
    for bad in ("x", "1.5", "-3", "1" * 19):
        assert "line 2: expected a whole number" in refusal(f"Name,seed\nAda,{bad}\n")
    assert "line 2: expected redrawn questions such as loss:1" in refusal("Name,seed,redrawn\nAda,1,loss\n")
    assert "seeds without names" in refusal("seed\n11\n12\n")


def test_the_table_of_seeds_is_a_roster_of_the_same_class_whatever_learners_are_called() -> None:
    for text in (
        "Total\nTest Student\nAda",
        "name,id\nMia,1\nMia,2\n",
        "Ada;\n=1+1",
        "id,first_name,last_name\na,A,B\n",
    ):
        made = plan(text, seed=5)
        assert plan(seeds_table(made), seed=6).seats == made.seats


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Vorname;Name;Matrikel-Nr.\nAda;Ash;012\n", [("Ada Ash", "012")]),
        ("Anrede;Nachname;Vorname;E-Mail-Adresse\nFrau;Ash;Ada;a@b.org\n", [("Ada Ash", "a@b.org")]),
        ("Surname,Name\nAsh,Ada\n", [("Ada Ash", "")]),
        ("Name,First name\nAda Ash,Ada\nBen Birch,Ben\n", [("Ada Ash", ""), ("Ben Birch", "")]),
        ("Family name\tGiven name\tUsername\nAsh\tAda\tada\n", [("Ada Ash", "ada")]),
        ("Teilnehmer/in;Kennung\nAda Ash;a17\n", [("Ada Ash", "a17")]),
        ("Prénom;Nom;Courriel\nÉloi;Frêne;e@b.org\n", [("Éloi Frêne", "e@b.org")]),
        ('"Last Name","First Name","Username","Student ID","Availability"\nAsh,Ada,ada,S1,Yes', [("Ada Ash", "S1")]),
        ("Identifier,Full name,ID number,Status\nParticipant 7,Ada Ash,,\n", [("Ada Ash", "Participant 7")]),
        ("Learner,Email\nAda,a@b.org\n,b@b.org\n", [("Ada", "a@b.org"), ("b@b.org", "b@b.org")]),
        ("Username\nada\nben\n", [("ada", "ada"), ("ben", "ben")]),
        ("sep=;\nName;ID\nAda;1\n", [("Ada", "1")]),
        ('Name;ID\n"Ash; Ada";1\n', [("Ash; Ada", "1")]),
        ("Name;ID\nAsh, Ada;1\n", [("Ash, Ada", "1")]),
        ('"Ash, Ada"\n"Birch, Ben"\n', [("Ash, Ada", ""), ("Birch, Ben", "")]),
        (",Name,ID\n0,Ada,1\n1,Ben,2\n", [("Ada", "1"), ("Ben", "2")]),
        ("Ada Ash;1001\nBen Birch;1002\n", [("Ada Ash", "1001"), ("Ben Birch", "1002")]),
        ("Ada,5\nBen\n", [("Ada", "5"), ("Ben", "")]),
        ("Name\rAda\rBen\r", [("Ada", ""), ("Ben", "")]),
        ("\ufeff\ufeffName\r\n\r\nAda\r\n , \r\n", [("Ada", "")]),
        ("A\x00d\x07a\nBen", [("Ada", ""), ("Ben", "")]),
        ("Name,Group\nAda,\nMax,\n", [("Ada", ""), ("Max", "")]),
    ],
)
def test_headers_separators_and_ids_are_recognised(text: str, wanted: list[tuple[str, str]]) -> None:
    assert who(text) == wanted


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        ("Student,ID\nAda,1\nTotal: 1,\nAverage,,\n", ["'Total: 1' (not a learner)", "'Average' (not a learner)"]),
        ("Last Name,First Name,Email,HW\nAsh,Ada,a@b.org,1\n,,Points,10\n", ["'Points' (not a learner)"]),
        ("Last Name,First Name,Email,HW\nDate,,,2021\nAsh,Ada,a@b.org,1\n", ["'Date' (not a learner)"]),
        ("Nr;Name;Vorname;Matrikelnummer\n1;Ash;Ada;01\nSumme;1;;\n", ["'1' (not a learner)"]),
        ("First name,Last name\nTest,Student\nAda,Ash\n", ["'Test Student' (the test student)"]),
        ("Name,ID\nAda,1\nName,ID\nBen,2\n", ["'Name' (the headers again)"]),
        ("Name,ID,Group\nAda,1,A\n,,B\n", ["'B' (no name)"]),
        ("Kurs: ML\n\nName;ID\nAda;1\n", ["'Kurs: ML' (above the headers)"]),
    ],
)
def test_rows_that_are_no_learner_s_are_left_out_and_said(text: str, left_out: list[str]) -> None:
    roster = read_roster(text)
    assert not {person.name for person in roster.people} & {"Total: 1", "Average", "Points", "Date", "1", "Name", "B"}
    assert [words.split(" ", 2)[2] for words in roster.left_out] == left_out
    assert all(words in str(roster) for words in left_out)


def test_many_rows_that_are_left_out_are_counted() -> None:
    assert str(read_roster("Name,ID\nAda,1\n" + "Total,\n" * 8)).endswith("line 7 'Total' (not a learner) and 3 more.")


def test_two_of_one_name_are_told_apart_by_their_ids_or_refused() -> None:
    text = table_text((HERE / "same_name.csv").read_bytes())
    assert shown(text) == ["Mia Elm (1001)", "Mia Elm (1002)", "Ben Birch"]
    made = plan(text, seed=7)
    assert len({seat.slug for seat in made.seats}) == len({seat.seed for seat in made.seats}) == 3
    for twice in ("Ada\nAda\n", "name,id\nMia,\nMia,\n", "Name\nAda\nAda\n", "Name,Group\nAda,A\nAda,A\n"):
        assert "appears twice" in refusal(twice)
    assert "the id '1' appears twice, for 'Mia' and 'Ben'" in refusal("name,id\nMia,1\nBen,1\n")


def test_spaces_of_all_kinds_part_the_words_of_a_name() -> None:
    assert shown("Name;ID\nAda\u00a0Ash;1\n\u2009Ben\u202f Birch ;2\nC\u200bleo\tCedar;3\n") == [
        "Ada Ash",
        "Ben Birch",
        "Cleo Cedar",
    ]


def test_nbgrader_s_learners_are_called_by_their_ids() -> None:
    assert shown(table_text((HERE / "nbgrader_students.csv").read_bytes())) == ["ada", "ben"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "found none"),
        (" \n,,\n", "found none"),
        ("Name,ID\n", "found none"),
        ("Name\nAsh, Ada\n", "line 2: expected 1 column as in the headers, got 'Ash, Ada'"),
        ("Name,ID\nAsh, Ada,1\n", "put a name such as “Last, First” into quotation marks"),
        ("Izina,Jina\nAda,Ash\n", "a first line that names the columns"),
        ("1001,Ada Ash\n", "got several columns in line 1"),
        ("Ada,Ash,1001\n", "got several columns in line 1"),
        ("Ada Ash\nBirch, Ben\n", "looks like “Last, First” without quotation marks in line 2"),
        ('"Ash, Ada\nBirch\n', "check its quotation marks"),
        ("G\ufffdnther\n", "some were lost when this file was saved"),
        ("Name\nJÃ¶rn\n", "some were lost when this file was saved"),
    ],
)
def test_what_is_not_understood_is_refused_in_words(text: str, words: str) -> None:
    assert words in refusal(text)


def test_the_command_reads_no_more_than_it_needs(tmp_path: Path) -> None:
    said = CliRunner().invoke(main, ["exercises", "new", "--learners", "/dev/zero", "--out", str(tmp_path / "a")])
    assert said.exit_code == 1
    assert "more than 10 MB" in said.output


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        roster = read_roster(table_text(content))
    except BpkitError:
        return
    assert isinstance(roster, Roster)
    assert all(person.shown and "\ufffd" not in person.shown for person in roster.people)
