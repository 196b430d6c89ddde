"""Rosters of many systems, languages and people's own: who is read, and a word for each line that is no learner's."""

from __future__ import annotations

import pytest

from bpkit.core.errors import BpkitError
from bpkit.exercises.sheets.cohort import plan
from bpkit.exercises.sheets.roster import opened, read_roster

LINES = "\n".join


def who(content: str | bytes) -> list[tuple[str, str]]:
    """Everybody with their ids, by the way that a file takes."""
    one = opened(content if isinstance(content, bytes) else content.encode())
    return [(person.name, person.id) for person in read_roster(one.text).people]


def left_out(text: str) -> list[str]:
    return [what.split(" ", 2)[2] for what in read_roster(text).left_out]


BLACKBOARD = LINES(
    [
        '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"Last Access"\t"Availability"\t"Total [Pts: 10] |12"',
        '"Ash"\t"Ada"\t"ada"\t"0017"\t"2026-01-01 10:00:00"\t"Yes"\t""',
        '"Öz"\t"Günther"\t"goz"\t"0018"\t""\t"Yes"\t"9,5"',
        '"Elm_PreviewUser"\t"Eve"\t"eve_previewuser"\t""\t""\t"Yes"\t""',
    ]
)
SYSTEMS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "Moodle, participants in German": (
        "\ufeffVorname,Nachname,ID-Nummer,Institution,Abteilung,E-Mail-Adresse,Rollen,Gruppen,Status\n"
        'Ada,Ash,,,,ada@example.org,Teilnehmer/in,"Gruppe A, Gruppe B",Aktiv\n'
        "Eve,Elm,,,,eve@example.org,Trainer/in,,Aktiv\n"
        'Tom,Oak,,,,tom@example.org,"Trainer/in, Teilnehmer/in",,Aktiv\n',
        [("Ada Ash", "ada@example.org"), ("Tom Oak", "tom@example.org")],
    ),
    "Moodle, grades in German": (
        'Vorname,Nachname,ID-Nummer,Institution,Abteilung,E-Mail-Adresse,"Aufgabe: Blatt (Punkte)","Kurs gesamt"\n'
        "Ada,Ash,0017,,,ada@example.org,-,-\nBen,Birch,0018,,,ben@example.org,3,3\nGesamtdurchschnitt,,,,,,3,3\n",
        [("Ada Ash", "0017"), ("Ben Birch", "0018")],
    ),
    "Moodle in French": (
        "Prénom;Nom de famille;Numéro d'identification;Adresse de courriel;Total du cours (Brut)\n"
        "Éloi;Frêne;E17;eloi@example.org;12\n",
        [("Éloi Frêne", "E17")],
    ),
    "Moodle in French, older": (
        "Prénom,Nom,Adresse de courriel\nÉloi,Frêne,e@example.org\n",
        [("Éloi Frêne", "e@example.org")],
    ),
    "Moodle in Spanish": (
        "Nombre,Apellido(s),Número de ID,Dirección de correo,Roles\nJosé,García Peña,,jose@example.org,Estudiante\n"
        "Eva,Olmo,,eva@example.org,Profesor\n",
        [("José García Peña", "jose@example.org")],
    ),
    "Moodle, grading worksheet": (
        'Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed"\n'
        '"Participant 48151","Ada Ash",ada@example.org,"No submission",,10.00,Yes\n',
        [("Ada Ash", "Participant 48151")],
    ),
    "Canvas, manual posting": (
        "Student,ID,SIS User ID,SIS Login ID,Root Account,Section,Sheet (87)\n,,,,,,Manual Posting\n"
        '    Points Possible,,,,,,10\n"Ash, Ada",104,S001,ada,uni,BP,\n"O\'Neil, Ben",105,S002,ben,uni,BP,\n'
        '"Student, Test",109,,7f2,uni,BP,\n',
        [("Ash, Ada", "S001"), ("O'Neil, Ben", "S002")],
    ),
    "Canvas without SIS": (
        'Student,ID,Section,Sheet (87)\n    Points Possible,,,10\n"Ash, Ada",104,BP,\n"Student, Test",109,BP,\n',
        [("Ash, Ada", "104")],
    ),
    "Brightspace": (
        "OrgDefinedId,Username,Last Name,First Name,Email,Sheet Points Grade <Numeric>,End-of-Line Indicator\n"
        "#0017,#ada,Ash,Ada,a@example.org,,#\n#0018,#ben,Birch,Ben,b@example.org,9,#\n#0019,#demo,Student,Demo,,,#\n",
        [("Ada Ash", "0017"), ("Ben Birch", "0018")],
    ),
    "Brightspace, user names only": (
        "Username,Sheet Points Grade,End-of-Line Indicator\n#ada,,#\n#ben,,#\n",
        [("ada", "ada"), ("ben", "ben")],
    ),
    "Google Classroom": (
        "Last Name,First Name,Email Address,Sheet\nDate,,,2026-01-01\nPoints,,,10\nClass Average,,,8\n"
        "Ash,Ada,a@example.org,1\n",
        [("Ada Ash", "a@example.org")],
    ),
    "GitHub Classroom, grades": (
        '"assignment_name","roster_identifier","github_username","student_repository_name"\n"a","ada@example.org","ada-a","r"\n',
        [("ada@example.org", "ada@example.org")],
    ),
    "nbgrader": ("id,first_name,last_name,email,lms_user_id\nada,Ada,Ash,,\n", [("Ada Ash", "ada")]),
    "ILIAS": (
        "Login;Nachname;Vorname;Matrikelnummer;E-Mail;Rolle\nada;Ash;Ada;0017;a@example.org;Kursmitglied\n"
        "eve;Elm;Eve;;e@example.org;Kursadministrator\n",
        [("Ada Ash", "0017")],
    ),
    "Stud.IP": (
        "Status;Anrede;Titel;Vorname;Nachname;Titel nachgestellt;Benutzername;E-Mail;Studiengänge;Matrikelnummer\n"
        "dozent;Frau;Prof. Dr.;Eve;Elm;;eelm;e@example.org;;\n"
        "autor;Frau;;Ada;Ash;;aash;a@example.org;Informatik;0017\n",
        [("Ada Ash", "0017")],
    ),
    "HISinOne": (
        "startHISsheet\nmtknr;nachname;vorname;bewertung\n0017;Ash;Ada;\n0018;Birch;Ben;\nendHISsheet;;;\n",
        [("Ada Ash", "0017"), ("Ben Birch", "0018")],
    ),
    "Sakai, grades": (
        '"Student ID","Student Name","Sheet [10.0]","* Sheet"\n"ada","Ash, Ada",,\n',
        [("Ash, Ada", "ada")],
    ),
    "Sakai, site": (
        'BP 101\nAll groups\n\nName,User ID,Email,Role\n"Ash, Ada",ada,a@example.org,Student\n'
        '"Elm, Eve",eve,e@example.org,Instructor\n',
        [("Ash, Ada", "ada")],
    ),
    "Gradescope": ("First Name,Last Name,SID,Email,Sections\nAda,Ash,0017,a@example.org,1\n", [("Ada Ash", "0017")]),
    "Gradescope, roster": (
        "Name,SID,Email,Role\nAda Ash,0017,a@example.org,Student\nEve Elm,0001,e@example.org,TA\n",
        [("Ada Ash", "0017")],
    ),
    "a Dutch list": (
        "Voornaam;Tussenvoegsel;Achternaam;Studentnummer\nJan;de;Vries;0012\nAda;;Ash;0013\n",
        [("Jan de Vries", "0012"), ("Ada Ash", "0013")],
    ),
    "an Italian list": ("Cognome;Nome;Matricola\nRossi;Niccolò;0017\n", [("Niccolò Rossi", "0017")]),
    "a Portuguese list": ("Nome,Apelido,Email\nJosé,Peña,j@example.org\n", [("José Peña", "j@example.org")]),
    "a Polish list": ("Imię;Nazwisko;Nr albumu\nŁukasz;Żak;0017\n", [("Łukasz Żak", "0017")]),
    "a Russian list": (
        "Фамилия;Имя;Отчество;Email\nИванова;Юля;Олеговна;u@example.org\n",
        [("Юля Олеговна Иванова", "u@example.org")],
    ),
    "a Chinese list": ("姓名,学号\n李小龙,0017\n王芳,0018\n", [("李小龙", "0017"), ("王芳", "0018")]),
    "a Korean list": ("이름,학번\n김철수,0017\n", [("김철수", "0017")]),
    "a Japanese list": ("氏名,学籍番号\n山田 太郎,0017\n", [("山田 太郎", "0017")]),
    "names of all kinds": (
        "Name,ID\nX Æ A-12,1\nde la Cruz,2\nPrince,3\nO’Neil,4\nAda 2,5\n'Abd al-Rahman,6\n",
        [
            ("X Æ A-12", "1"),
            ("de la Cruz", "2"),
            ("Prince", "3"),
            ("O’Neil", "4"),
            ("Ada 2", "5"),
            ("'Abd al-Rahman", "6"),
        ],
    ),
    "a middle name": (
        "First Name,Middle Name,Last Name,ID\nAda,B.,Ash,1\nBen,,Birch,2\n",
        [("Ada B. Ash", "1"), ("Ben Birch", "2")],
    ),
    "a table in Markdown": ("| Name | ID |\n|------|----|\n| Ada  | 17 |\n", [("Ada", "17")]),
    "headers in row 3": (
        "Kurs: ML, Winter 2026, Gruppe A\n\nDozentin;Eve Elm\nName;Matrikelnummer\nAda;1\n",
        [("Ada", "1")],
    ),
    "a title that has a header's word": (
        "Name;Backpropagation 101\nLeitung;Eve Elm\n\nName;Matrikelnummer\nAda;1\n",
        [("Ada", "1")],
    ),
    "addresses from a mail program": (
        "Ada Ash <ada@example.org>; Ben Birch <ben@example.org>;",
        [("Ada Ash", "ada@example.org"), ("Ben Birch", "ben@example.org")],
    ),
    "addresses on lines": (
        "Ada Ash <ada@example.org>\nBen <b@example.org>\n",
        [("Ada Ash", "ada@example.org"), ("Ben", "b@example.org")],
    ),
    "a numbered list": ("1. Ada Ash\n2. Ben Birch\n", [("Ada Ash", ""), ("Ben Birch", "")]),
    "a numbered table": ("1\tAda Ash\t0017\n2\tBen Birch\t0018\n", [("Ada Ash", "0017"), ("Ben Birch", "0018")]),
    "learners who are numbers": ("1\n2\n3\n", [("1", ""), ("2", ""), ("3", "")]),
    "names that begin with a number": ("1. Ada\n3. Ben\n", [("1. Ada", ""), ("3. Ben", "")]),
    "ids from a data frame": ("name,id\nAda,1001.0\nBen,1002.0\n", [("Ada", "1001"), ("Ben", "1002")]),
    "ids as text for Excel": ('name,id\nAda,="0017"\nBen,"=""0018"""\n', [("Ada", "0017"), ("Ben", "0018")]),
}


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_learners_of_every_system_are_read_with_their_ids(system: str) -> None:
    text, wanted = SYSTEMS[system]
    assert who(text) == wanted
    assert who(text.replace("\n", "\r\n").encode("utf-16")) == wanted


@pytest.mark.parametrize("content", [b"\xff\xfe" + BLACKBOARD.encode("utf-16-le"), BLACKBOARD.encode("utf-16-le")])
def test_blackboard_s_text_is_read_whatever_it_is_called(content: bytes) -> None:
    assert who(content) == [("Ada Ash", "0017"), ("Günther Öz", "0018")]
    one = opened(content)
    read = str(read_roster(one.text, one.said))
    assert "read as UTF-16" in read
    assert "line 4 'Eve Elm_PreviewUser' (the test student)" in read


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "Name,Role\nAda,Student\nEve,Teacher\nTom,Non-editing teacher\n",
            ["'Eve' (not a learner, but Teacher)", "'Tom' (not a learner, but Non-editing teacher)"],
        ),
        (
            "# class of 2026\nName,ID\n# a note, with, commas\nAda,1\n",
            ["'# class of 2026' (above the headers)", "'# a note' (a comment)"],
        ),
        ("# class of 2026\nAda\n# Ben\n", ["'# class of 2026' (a comment)", "'# Ben' (a comment)"]),
        ("Name,ID\nAda,1\n23 students,\n---,---\n", ["'23 students' (not a learner)", "'---' (no name)"]),
        ("name,id,group\nMia,1,A\nBen,2,A\nMia,1,B\n", ["'Mia' (the same as line 2)"]),
        ("Mia,1001\nBen,1002\nMia,1001\n", ["'Mia' (the same as line 1)"]),
        (
            "Name,ID\nTotal,\nAda,1\nTotal,\nMia,2\nMia,2\nSumme,\n",
            [
                "'Total' (not a learner)",
                "'Total' (not a learner)",
                "'Mia' (the same as line 5)",
                "'Summe' (not a learner)",
            ],
        ),
    ],
)
def test_every_line_that_is_no_learner_s_has_a_word(text: str, words: list[str]) -> None:
    assert left_out(text) == words


def test_somebody_who_is_there_twice_is_one_learner_and_two_of_one_name_are_two() -> None:
    roster = read_roster("name,id\nMia,1\nMia,1\nMia,2\n")
    assert [person.shown for person in roster.people] == ["Mia (1)", "Mia (2)"]
    assert len(plan("name,id\nMia,1\nMia,1\n").seats) == 1
    with pytest.raises(BpkitError, match="the id '1' appears twice, for 'Mia' and 'Mia'"):
        read_roster("name,id,seed\nMia,1,5\nMia,1,6\n")  # not the same: which seed would count?


@pytest.mark.parametrize("cell", ["#N/A", "#REF!", "#NAME?", "#DIV/0!", "#BEZUG!", "1.23457E+11", "1,23E+11"])
def test_what_a_spreadsheet_left_instead_of_an_id_or_a_name_is_refused(cell: str) -> None:
    for text in (f'name,id\nBen,7\nAda,"{cell}"\n', f'First name,Last name,ID\nBen,Birch,7\nAda,"{cell}",8\n'):
        with pytest.raises(BpkitError, match=r"^roster: line 3: expected a name and an id, got") as said:
            read_roster(text)
        assert cell in str(said.value)
    assert who(f'name,id,grade\nAda,7,"{cell}"\n') == [("Ada", "7")]  # elsewhere it does no harm


def test_the_hash_of_brightspace_goes_and_one_that_belongs_to_an_id_stays() -> None:
    assert who("name,id\nAda,#1\nBen,2\n") == [("Ada", "#1"), ("Ben", "2")]
    assert who("name,id\nAda,1.0\nBen,1.5\n") == [("Ada", "1.0"), ("Ben", "1.5")]
