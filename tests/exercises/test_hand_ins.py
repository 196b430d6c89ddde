"""Hand-ins as systems and people send them: archives, old formats, attempts, late work, marks that a person wrote."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from handed_in import PEOPLE, Sheets, after, bare, bpkit, moodle, put, sheets, stripped, zipped

from bpkit.core.errors import BpkitError
from bpkit.exercises.marking import archives
from bpkit.exercises.marking.attempts import lateness
from bpkit.exercises.marking.copies import told_by
from bpkit.exercises.marking.one_file import Marked
from bpkit.exercises.marking.policy import Policy, make_policy, read_moment
from bpkit.exercises.marking.submissions import CUT_OFF, entries_in, read_notebook, read_submission

FULL = "8"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Sheets:
    return sheets(tmp_path_factory.mktemp("seven"))


@pytest.fixture
def key(made: Sheets, here: Path) -> Path:
    """A key that may be changed."""
    return Path(shutil.copytree(made.key, here / "key"))


def rows(out: str = "marked") -> dict[str, dict[str, str]]:
    with Path(out, "marks.csv").open(encoding="utf-8", newline="") as file:
        return {row["learner"] or row["file"]: row for row in csv.DictReader(file)}


def points(out: str = "marked") -> dict[str, str]:
    return {name: row["points"] for name, row in rows(out).items() if row["points"]}


def mark(submissions: str | Path, key: Path, *more: object, code: int = 0) -> str:
    return bpkit("mark", submissions, "--key", key, "--jobs", 1, *more, code=code).output


def entry(name: str | bytes, when: tuple[int, ...] = (2026, 11, 30, 12, 0, 0), **more: Any) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("x", when)  # type: ignore[arg-type]
    info.filename = name if isinstance(name, str) else name.decode("cp437")
    info.compress_type = zipfile.ZIP_DEFLATED
    for what, value in more.items():
        setattr(info, what, value)
    return info


def packed(members: Iterable[tuple[zipfile.ZipInfo, str | bytes]]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, content in members:
            archive.writestr(info, content)
    return whole.getvalue()


def text(book: dict[str, Any]) -> str:
    return json.dumps(book)


# Archives


def test_a_class_s_zip_is_marked_as_its_folder_is(made: Sheets, here: Path) -> None:
    files = {moodle("Ada Ash"): made.filled("ada-ash"), moodle("Ben Birch"): stripped(made.filled("ben-birch", _2="9"))}
    put(here / "in", files)
    whole = packed((entry(name), text(book)) for name, book in files.items())
    Path("class.zip").write_bytes(whole)
    mark("in", made.key, "--out", "one")
    said = mark("class.zip", made.key, "--out", "two")
    assert "2 files in class.zip, all in archives" in said
    without = ("handed in",)
    left, right = (
        {n: {k: v for k, v in r.items() if k not in without} for n, r in rows(out).items()} for out in ("one", "two")
    )
    assert left == right
    assert points("two") == {"Ada Ash": FULL, "Ben Birch": "7"}
    assert sorted(path.name for path in here.iterdir()) == ["class.zip", "in", "one", "two"]  # nothing was unpacked


def test_zips_in_zips_beside_notebooks_and_in_folders(made: Sheets, here: Path) -> None:
    lost = text(bare(made.filled("ben-birch")))  # the zip's name alone tells whose it is
    inner = packed(
        [(entry("hw1/exercises.ipynb"), text(made.filled("cleo-cedar"))), (entry("__MACOSX/._a.ipynb"), "x")]
    )
    put(here / "in", {"ada-ash.ipynb": made.filled("ada-ash")})
    Path("in/Ben Birch_48152_assignsubmission_file_.zip").write_bytes(packed([(entry("homework.ipynb"), lost)]))
    Path("in/rest").mkdir()
    Path("in/rest/all.zip").write_bytes(packed([(entry("Cleo Cedar_3/mine.zip"), inner), (entry("a/"), "")]))
    mark("in", made.key)
    assert points() == {"Ada Ash": FULL, "Ben Birch": FULL, "Cleo Cedar": FULL}
    assert rows()["Cleo Cedar"]["file"] == "rest/all.zip/Cleo Cedar_3/mine.zip/hw1/exercises.ipynb"
    assert set(rows()) == set(PEOPLE)


@pytest.mark.parametrize(
    "name",
    ["../../ada.ipynb", "/etc/ada.ipynb", "C:\\Users\\ada\\ada.ipynb", "..\\..\\ada.ipynb", "//server/x/ada.ipynb"],
)
def test_no_member_leaves_its_zip(name: str, made: Sheets, here: Path) -> None:
    Path("in").mkdir()
    Path("in/a.zip").write_bytes(packed([(entry(name), text(made.filled("ada-ash")))]))
    mark("in", made.key)
    file = rows()["Ada Ash"]["file"]
    assert file.startswith("a.zip/")
    assert file.endswith("ada.ipynb")
    assert not {"..", "C:", ""}.intersection(file.split("/"))
    assert "\\" not in file
    assert points() == {"Ada Ash": FULL}


@pytest.mark.parametrize(
    ("raw", "flag"),
    [
        ("Zoë Öz".encode("cp437", "replace").replace(b"?", b"\x99"), 0),  # DOS
        ("Zoë Öz".encode("cp1252"), 0),
        ("Zoë Öz".encode(), 0),  # UTF-8 that does not say so
        ("Zoe\u0308 O\u0308z".encode(), 0x800),  # macOS
    ],
)
def test_names_in_whatever_encoding_are_read(raw: bytes, flag: int, here: Path) -> None:
    of = sheets(here / "few", ("Zoë Öz", "Ada Ash"), questions="loss")
    book = text(bare(of.filled("zoe-oz")))
    placeholder = b"N" * len(raw) + b".ipynb"
    whole = packed([(entry(placeholder), book)]).replace(placeholder, raw + b".ipynb")
    if flag:
        for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            place = whole.index(sign) + at
            whole = whole[:place] + struct.pack("<H", flag) + whole[place + 2 :]
    Path("class.zip").write_bytes(whole)
    mark("class.zip", of.key)
    assert points() == {"Zoë Öz": "1"}


def damaged(whole: bytes) -> bytes:
    """The same zip with a few bytes of its first member changed."""
    start = whole.index(b"PK\x03\x04") + 60
    return whole[:start] + b"\0" * 40 + whole[start + 40 :]


def locked(whole: bytes) -> bytes:
    """The same zip, which says that a password is needed."""
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = whole.index(sign) + at
        whole = whole[:place] + b"\x01\x00" + whole[place + 2 :]
    return whole


def test_what_is_wrong_with_an_archive_is_said_and_the_rest_marked(made: Sheets, here: Path) -> None:
    good = packed([(entry("exercises.ipynb"), text(made.filled("ada-ash")))])
    put(here / "in", {"dan-elm.ipynb": made.filled("dan-elm")})
    bad = {
        "damaged.zip": damaged(good),
        "locked.zip": locked(good),
        "half.zip": good[: len(good) // 2],
        "seven.7z": b"7z\xbc\xaf\x27\x1c" + bytes(99),
        "rar.rar": b"Rar!\x1a\x07\x00" + bytes(99),
        "link.zip": packed([(entry("a.ipynb", external_attr=0o120777 << 16, create_system=3), "/etc/passwd")]),
        "lzma.zip": packed([(entry("a.ipynb", compress_type=zipfile.ZIP_LZMA), text(made.filled("ada-ash")))]),
        "half.tar.gz": gzip.compress(os.urandom(9999))[:50],
        "empty.tar.gz": gzip.compress(bytes(9999)),
        "empty.zip": packed([]),
    }
    for name, content in bad.items():
        Path("in", name).write_bytes(content)
    said = mark("in", made.key)
    assert points() == {"Dan Elm": FULL}
    for name, words in {
        "damaged.zip/exercises.ipynb": "damaged in its zip",
        "locked.zip/exercises.ipynb": "in a zip with a password; unpack it",
        "half.zip": "a damaged archive",
        "seven.7z": "a 7z archive; unpack it in this folder",
        "rar.rar": "a RAR archive; unpack it in this folder",
        "link.zip/a.ipynb": "a link, which is not followed",
        "lzma.zip/a.ipynb": "packed in a way that is not read here; unpack it",
        "half.tar.gz": "a damaged archive",
        "empty.zip": "there is no file in it",
        "empty.tar.gz": "there is no file in it",
    }.items():
        assert any(f"{name}: " in line and words in line for line in said.splitlines()), f"{name}\n{said}"


def test_bombs_are_named_and_cost_nothing(made: Sheets, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 50)
    monkeypatch.setattr(archives, "LARGEST_INNER", 1_000_000)
    put(here / "in", {"dan-elm.ipynb": made.filled("dan-elm")})
    zeros = bytes(30_000_000)
    deep = packed([(entry("exercises.ipynb"), text(made.filled("ada-ash")))])
    for _ in range(6):
        deep = packed([(entry("more.zip"), deep)])
    large = packed([(entry("exercises.ipynb"), zeros)])
    lying = large.replace(struct.pack("<L", len(zeros)), struct.pack("<L", 100))
    bombs = {
        "many.zip": packed((entry(f"{n}.ipynb"), "{}") for n in range(51)),
        "together.zip": packed([(entry("1.zip"), packed((entry(f"{n}"), "") for n in range(49))), (entry("2"), "")]),
        "large.zip": large,
        "lying.zip": lying,
        "inner.zip": packed([(entry("inner.zip"), packed([(entry("a", compress_type=0), zeros[:2_000_000])]))]),
        "deep.zip": deep,
        "large.tar.gz": gzip.compress(zeros),
    }
    for name, content in bombs.items():
        Path("in", name).write_bytes(content)
    said = mark("in", made.key)
    assert points() == {"Dan Elm": FULL}
    for name, words in {
        "many.zip": "more than 50 files in it",
        "together.zip/1.zip": "more than 50 files in it",
        "large.zip/exercises.ipynb": "more than 25 MB",
        "lying.zip/exercises.ipynb": "damaged in its zip",
        "inner.zip/inner.zip": "an archive of more than 1 MB",
        "more.zip/more.zip": "more than 4 archives in each other",
        "large.tar.gz": "a tar of more than 1 MB",
    }.items():
        assert any(name in line and words in line for line in said.splitlines()), f"{name}\n{said}"


def test_what_a_zip_s_members_unpack_to_is_bounded_together(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 1_000)
    Path("a.zip").write_bytes(packed((entry(f"{n}.ipynb"), "x" * 400) for n in range(3)))
    (found,) = entries_in(Path("a.zip"))
    assert "it unpacks to more than" in found.problem


def test_a_zip_s_table_of_contents_is_bounded_before_it_is_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "LARGEST_DIRECTORY", 1_000)
    Path("a.zip").write_bytes(packed((entry(f"{n}.ipynb"), "") for n in range(30)))
    monkeypatch.setattr(zipfile, "ZipFile", None)
    (found,) = entries_in(Path("a.zip"))
    assert "files in it" in found.problem


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tgz", "tar.bz2", "tar.xz"])
def test_a_tar_is_read_as_a_zip_is(ending: str, made: Sheets, here: Path) -> None:
    mode = {"tar": "w", "tgz": "w:gz"}.get(ending, f"w:{ending[4:]}")
    with tarfile.open(f"class.{ending}", mode) as archive:  # type: ignore[call-overload]
        for name in ("Ada Ash/exercises.ipynb", "../Ben Birch/exercises.ipynb"):
            content = text(made.filled(name.split("/")[-2].lower().replace(" ", "-"))).encode()
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1_700_000_000
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("Cleo Cedar.ipynb")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    said = mark(f"class.{ending}", made.key)
    assert points() == {"Ada Ash": FULL, "Ben Birch": FULL}
    assert rows()["Ben Birch"]["file"] == "Ben Birch/exercises.ipynb"
    assert "Cleo Cedar.ipynb: a link" in said


def test_two_members_of_one_name_are_two_files(made: Sheets, here: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        Path("a.zip").write_bytes(
            packed((entry("a.ipynb"), text(made.filled(who))) for who in ("ada-ash", "ben-birch"))
        )
    mark("a.zip", made.key)
    assert points() == {"Ada Ash": FULL, "Ben Birch": FULL}
    assert {row["file"] for row in rows().values() if row["file"]} == {"a.ipynb", "a [2].ipynb"}


def test_a_zip_that_is_called_a_notebook_and_one_that_is_a_document(made: Sheets, here: Path) -> None:
    Path("in").mkdir()
    zipped(here / "in", "ada-ash.ipynb", made.filled("ada-ash"))
    zipped(here / "in", "ben-birch.docx", made.filled("ben-birch"))
    assert "ben-birch.docx: no notebook; ask for the file" in mark("in", made.key)
    assert points() == {"Ada Ash": FULL}


def test_the_doctor_looks_into_a_zip(made: Sheets, here: Path) -> None:
    book = made.filled("ada-ash")
    book["cells"] = [cell for cell in book["cells"] if cell["id"] != "answer-2"]
    Path("a.zip").write_bytes(
        packed([(entry("one.ipynb"), text(made.filled("ben-birch"))), (entry("x/two.ipynb"), text(book))])
    )
    said = bpkit("doctor", "a.zip", "--key", made.key, "--repair").output
    assert "one.ipynb: can be marked" in said
    assert "x/two.ipynb: can be marked\n  - the answer 2 is lost" in said
    assert "cannot be repaired: it is in an archive; unpack it" in said
    assert [path.name for path in here.iterdir()] == ["a.zip"]


# Notebooks of other times and services


def of_format_3(book: dict[str, Any]) -> dict[str, Any]:
    cells = []
    for cell in book["cells"]:
        source = cell["source"].splitlines(keepends=True)
        if cell["cell_type"] == "code":
            more = {"input": source, "language": "python", "prompt_number": 1, "collapsed": False, "outputs": [3]}
        else:
            more = {"source": source}
        cells.append({"cell_type": cell["cell_type"], "metadata": cell["metadata"], **more})
    heading = {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["Mine"]}
    sheets = [{"cells": [heading, *cells[:4]], "metadata": {}}, {"cells": cells[4:]}, 5]
    return {"metadata": {**book["metadata"], "name": "x"}, "nbformat": 3, "nbformat_minor": 0, "worksheets": sheets}


def test_format_3_is_marked_as_today_s_is(made: Sheets, here: Path) -> None:
    put(here / "in", {"ada-ash.ipynb": of_format_3(made.filled("ada-ash", _2="9"))})
    put(here / "in", {"x.ipynb": of_format_3(stripped(made.filled("ben-birch")))})
    mark("in", made.key)
    assert points() == {"Ada Ash": "7", "Ben Birch": FULL}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"nbformat": 2, "worksheets": []}, "a notebook of format 2, which is too old; save it in a newer Jupyter"),
        ({"nbformat": 5, "cells": []}, "a notebook of format 5, newer than what can be read here (4); save it"),
        ({"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "outputs": 4, "input": {}}]}]}, "no answer"),
        ({"nbformat": 3, "worksheets": [{"cells": [{}]}]}, "a damaged notebook of format 3"),
    ],
)
def test_other_formats_are_said_plainly(data: dict[str, Any], words: str, made: Sheets, here: Path) -> None:
    put(here / "in", {"ada-ash.ipynb": data})
    assert words in mark("in", made.key)


SERVICES: dict[str, dict[str, Any]] = {
    "colab": {"colab": {"provenance": [], "name": "Copy of exercises.ipynb"}, "accelerator": "GPU"},
    "deepnote": {"deepnote": {}, "deepnote_notebook_id": "1", "deepnote_execution_queue": []},
    "vscode": {"language_info": {"name": "python", "version": "3.12"}, "vscode": {"interpreter": {"hash": "1"}}},
    "bad": {"kernelspec": None, "bpkit": "gone", "widgets": [1]},
}


@pytest.mark.parametrize("service", SERVICES)
def test_what_services_make_of_a_notebook_is_read(service: str, made: Sheets, here: Path) -> None:
    book = stripped(made.filled("cleo-cedar"), SERVICES[service])
    for number, cell in enumerate(book["cells"]):
        cell["source"] = cell["source"].splitlines(keepends=True)
        cell["metadata"] = {"id": f"a{number}", "cell_id": number, "source_hash": None, "outputId": "z", "tags": "x"}
        cell.pop("outputs", None)
    put(here / "in", {"Copy of exercises.ipynb": {**book, "nbformat_minor": 0}})
    mark("in", made.key)
    assert points() == {"Cleo Cedar": FULL}


# Answers under another name


def renamed(book: dict[str, Any], name: str, setup: str) -> dict[str, Any]:
    """A notebook in which ``answers`` is called otherwise from the first cell on."""
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            if "open_sheet" in cell["source"]:
                cell["source"] = setup.format(cell["source"])
            else:
                cell["source"] = cell["source"].replace("answers", name)
    return book


@pytest.mark.parametrize(
    ("setup", "name"),
    [
        ("{}\nmine = answers", "mine"),
        ("a = b = answers\n{}\na = answers", "a"),
        ("antworten = {{}}\n{}", "antworten"),
    ],
)
def test_answers_under_another_name_are_read_where_it_is_the_same(
    setup: str, name: str, made: Sheets, here: Path
) -> None:
    book = renamed(made.filled("ada-ash"), name, setup)
    if name == "antworten":
        for cell in book["cells"]:
            if "open_sheet" in cell["source"]:
                cell["source"] = (
                    cell["source"].replace("answers = {}", "antworten = {}").replace(", answers)", ", antworten)")
                )
    put(here / "in", {"ada-ash.ipynb": book})
    mark("in", made.key)
    assert points() == {"Ada Ash": FULL}
    assert f"answers is called {name} in it" in rows()["Ada Ash"]["remarks"]


def test_what_is_written_to_a_dict_of_ones_own_is_listed_not_blank(made: Sheets, here: Path) -> None:
    book = after(made.filled("ada-ash", _2="None"), "2", "code", 'mine = {}\nmine["2"] = 0.5\nmine["1"] = 3')
    put(here / "in", {"ada-ash.ipynb": book})
    mark("in", made.key)
    row = rows()["Ada Ash"]
    assert row["points"] == "7"
    assert row["to look at"].startswith("2: 0.5 (cell ")
    assert "writes it to mine, not to answers" in row["to look at"]
    assert "1:" not in row["to look at"]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (['answers["2"] = (', "0.5)"], "2: ("),
        (["value = 0.5", 'answers["2"] = value'], "2: value"),
        (["answers[", '"2"] = 0.5'], ""),
    ],
)
def test_a_split_answer_cell_is_listed(pieces: list[str], expected: str, made: Sheets, here: Path) -> None:
    book = made.filled("ada-ash")
    at = next(n for n, cell in enumerate(book["cells"]) if cell["metadata"].get("bpkit", {}).get("key") == "2")
    book["cells"][at : at + 1] = [
        {**book["cells"][at], "source": piece, "id": f"p{n}"} for n, piece in enumerate(pieces)
    ]
    put(here / "in", {"ada-ash.ipynb": book})
    mark("in", made.key)
    row = rows()["Ada Ash"]
    assert row["points"] == "7"
    assert expected in row["to look at"]
    assert expected or "no answer cell found for 2" in row["remarks"]


# Attempts


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("exercises.ipynb", "exercises (1).ipynb"),
        ("exercises (9).ipynb", "exercises (10).ipynb"),
        ("exercises.ipynb", "exercises-1.ipynb"),
        ("exercises.ipynb", "exercises - Copy.ipynb"),
        ("exercises - Copy.ipynb", "exercises - Copy (2).ipynb"),
        ("exercises.ipynb", "exercises-Copy1.ipynb"),
        ("exercises-Copy1.ipynb", "exercises-Copy2.ipynb"),
        ("exercises copy.ipynb", "exercises copy 2.ipynb"),
        ("exercises (copy).ipynb", "exercises (another copy).ipynb"),
        ("exercises (another copy).ipynb", "exercises (3rd copy).ipynb"),
        ("exercises.ipynb", "exercises - Kopie.ipynb"),
        ("exercises - Kopie.ipynb", "exercises - Kopie (2).ipynb"),
        ("exercises.ipynb", "Kopie von exercises.ipynb"),
        ("Copy of exercises.ipynb", "Copy of Copy of exercises.ipynb"),
        ("exercises.ipynb", "exercises_v2.ipynb"),
        ("exercises_v2.ipynb", "exercises_v10.ipynb"),
        ("exercises_v2.ipynb", "exercises_v2 (1).ipynb"),
        ("exercises.ipynb", "exercises_late.ipynb"),
        ("ashada_12345_678_exercises.ipynb", "ashada_12345_690_exercises.ipynb"),
        ("ashada_12345_99_exercises.ipynb", "ashada_12345_100_exercises.ipynb"),
        ("ashada_12345_690_exercises.ipynb", "ashada_LATE_12345_678_exercises-1.ipynb"),
        ("Ada_4_attempt_1_exercises.ipynb", "Ada_4_attempt_2_exercises.ipynb"),
        ("Ada/attempt_2/exercises.ipynb", "Ada/attempt_10/exercises.ipynb"),
        ("ex_aash_attempt_2026-11-30-09-00-00_a.ipynb", "ex_aash_attempt_2026-11-30-10-00-00_a.ipynb"),
    ],
)
def test_the_later_of_two_names(first: str, second: str) -> None:
    one, two = told_by(first), told_by(second)
    assert one.base == two.base
    assert (one.number, one.upload, one.date) < (two.number, two.upload, two.date)


@pytest.mark.parametrize("name", ["plate", "hobby", "version", "learner-02", "copy", "Moby Dick 1851", "template"])
def test_an_ordinary_name_is_no_copy(name: str) -> None:
    assert told_by(f"{name}.ipynb", "learner-02").number == (0,)


THREE = {"ada-ash.ipynb": "_1", "ada-ash (1).ipynb": "", "ada-ash (2).ipynb": "_1 _2"}


@pytest.mark.parametrize(
    ("attempts", "counts", "earns"),
    [("last", "ada-ash (2).ipynb", "6"), ("best", "ada-ash (1).ipynb", "8"), ("first", "ada-ash.ipynb", "7")],
)
def test_which_attempt_counts_is_a_choice(attempts: str, counts: str, earns: str, made: Sheets, here: Path) -> None:
    put(here / "in", {n: made.filled("ada-ash", **dict.fromkeys(wrong.split(), "9")) for n, wrong in THREE.items()})
    put(here / "in", {"ada-ash (3).ipynb": made.books["ada-ash"]})  # empty: no attempt
    said = mark("in", made.key, "--attempts", attempts)
    assert points() == {"Ada Ash": earns}
    assert rows()["Ada Ash"]["file"] == counts
    for name in (*THREE, "ada-ash (3).ipynb"):
        assert name == counts or (f"{name}: not counted, because" in said and name in rows()["Ada Ash"]["remarks"])
    page = Path("marked/class.html").read_text("utf-8")
    assert f"Of several attempts the {'one with the most points' if attempts == 'best' else f'{attempts} one'}" in page


def test_an_exact_copy_is_no_second_attempt(made: Sheets, here: Path) -> None:
    book, better = made.filled("ada-ash", _1="9"), made.filled("ada-ash")
    put(here / "in", {"a.ipynb": book, "again/a.ipynb": book, "b.ipynb": better})
    for days, name in enumerate(("a.ipynb", "b.ipynb", "again/a.ipynb")):
        os.utime(Path("in", name), (1e9 + days * 86400,) * 2)
    said = mark("in", made.key)
    assert rows()["Ada Ash"]["file"] == "b.ipynb"
    assert "again/a.ipynb: not counted, because it is an exact copy of a.ipynb" in said
    assert "a.ipynb: not counted, because b.ipynb is the later of 2 attempts" in said


def test_the_first_and_the_best_count_over_runs_too(made: Sheets, here: Path) -> None:
    put(here / "in", {"ada-ash.ipynb": made.filled("ada-ash", _1="9")})
    put(
        here / "late",
        {"ada-ash (1).ipynb": made.filled("ada-ash"), "x/ada-ash (2).ipynb": made.filled("ada-ash", _1="9", _2="9")},
    )
    os.utime("in/ada-ash.ipynb", (1e9, 1e9))
    mark("in", made.key)
    assert "not counted, because ada-ash.ipynb is the first" in mark(
        "late/ada-ash (1).ipynb", made.key, "--attempts", "first"
    )
    assert points() == {"Ada Ash": "7"}
    mark("late/ada-ash (1).ipynb", made.key, "--attempts", "best")
    assert points() == {"Ada Ash": "8"}
    mark("late/x", made.key, "--attempts", "best")
    assert points() == {"Ada Ash": "8"}
    mark("late/x", made.key)
    assert points() == {"Ada Ash": "6"}


# Late work


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("2026-12-01 18:00+01:00", datetime(2026, 12, 1, 17, tzinfo=UTC)),
        ("2026-12-01T18:00:00 +0100", datetime(2026, 12, 1, 17, tzinfo=UTC)),
        ("2026-12-01 18:00Z", datetime(2026, 12, 1, 18, tzinfo=UTC)),
        ("2026-12-01 18:00 UTC", datetime(2026, 12, 1, 18, tzinfo=UTC)),
        (" 2026-12-01 18:00 ", datetime(2026, 12, 1, 18).astimezone()),
        ("2026-12-01", datetime(2026, 12, 1, 23, 59, 59, 999999).astimezone()),
    ],
)
def test_due_dates(typed: str, moment: datetime) -> None:
    assert read_moment(typed) == moment


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"due": "tomorrow"}, "due: expected a date such as 2026-12-01 18:00, got 'tomorrow'"),
        ({"due": "01/12/2026"}, "due: expected a date"),
        ({"due": "2026-02-30"}, "due: expected a date"),
        ({"late": "some"}, "late: expected count, refuse or a percentage such as 20%, got 'some'"),
        ({"late": "120%"}, "late: expected"),
        ({"late": "0%"}, "late: expected"),
        ({"late": "20"}, "late: expected"),
        ({"attempts": "third"}, "attempts: expected last, best, first"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(options: dict[str, str], words: str) -> None:
    with pytest.raises(BpkitError) as refused:
        make_policy(**options)
    assert words in str(refused.value)


def test_a_file_on_the_minute_is_in_time_and_one_after_it_is_not() -> None:
    policy = Policy(due=datetime(2026, 12, 1, 18, tzinfo=UTC))
    assert policy.due
    due = policy.due.timestamp()
    assert lateness(Marked(Path("a"), date=due), policy) == ""
    assert lateness(Marked(Path("a"), date=due + 90 * 60, dated="by the date of the file"), policy) == (
        "1 hour 30 minutes late (handed in on 2026-12-01 19:30, by the date of the file)"
    )
    assert lateness(Marked(Path("a"), date=due + 49 * 3600), policy).startswith("2 days 1 hour late")
    assert lateness(Marked(Path("a")), policy) == ""  # no date at all


def class_zip(made: Sheets) -> None:
    """Ada twice, in time and late and better; Ben late; Cleo in time."""
    early, late = (2026, 11, 30, 12, 0, 0), (2026, 12, 2, 12, 0, 0)
    members = [
        (entry("Ada Ash_1_assignsubmission_file_/a.ipynb", early), made.filled("ada-ash", _1="9")),
        (entry("Ada Ash_1_assignsubmission_file_/a (1).ipynb", late), made.filled("ada-ash")),
        (entry("Ben Birch_2_assignsubmission_file_/b.ipynb", late), made.filled("ben-birch")),
        (entry("Cleo Cedar_3_assignsubmission_file_/c.ipynb", early), made.filled("cleo-cedar")),
    ]
    Path("class.zip").write_bytes(packed((info, text(book)) for info, book in members))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), {"Ada Ash": "8", "Ben Birch": "8", "Cleo Cedar": "8"}),
        (("--late", "refuse"), {"Ada Ash": "7", "Cleo Cedar": "8"}),
        (("--late", "20%"), {"Ada Ash": "6.4", "Ben Birch": "6.4", "Cleo Cedar": "8"}),
        (("--late", "20%", "--attempts", "best"), {"Ada Ash": "7", "Ben Birch": "6.4", "Cleo Cedar": "8"}),
        (("--late", "10%", "--attempts", "best"), {"Ada Ash": "7.2", "Ben Birch": "7.2", "Cleo Cedar": "8"}),
    ],
)
def test_late_work_counts_as_is_said(
    options: tuple[str, ...], expected: dict[str, str], made: Sheets, here: Path
) -> None:
    class_zip(made)
    said = mark("class.zip", made.key, "--due", "2026-12-01", *options)
    assert points() == expected
    assert "The work was due on 2026-12-01 23:59." in said
    late = {name for name, row in rows().items() if row["late"]}
    assert late == {name for name, number in expected.items() if name != "Cleo Cedar" and number != "7"} | (
        {"Ben Birch"} if "refuse" in options else set()
    )
    assert "12 hours late (handed in on 2026-12-02 12:00, by its date in the zip)" in rows()["Ben Birch"]["late"]
    page = Path("marked/class.html").read_text("utf-8")
    assert "12 hours late" in page
    if "refuse" in options:
        assert rows()["Ben Birch"]["problem"].endswith("late work does not count")
        assert "a (1).ipynb: not counted: " in said
        told = Path("marked/feedback/ben-birch.html").read_text("utf-8")
        assert "was not marked:</b> 12 hours late (handed in on 2026-12-02 12:00, by its date in the zip); late" in told
    else:
        assert "12 hours late" in Path("marked/feedback/ben-birch.html").read_text("utf-8")
    for name, row in rows().items():  # the points of the answers add up
        cells = [float(cell) for column, cell in row.items() if column[:1].isdigit() and cell]
        assert not row["points"] or sum(cells) == pytest.approx(float(row["points"])), name


def test_canvas_says_itself_what_is_late(made: Sheets, here: Path) -> None:
    put(here / "in", {"ashada_LATE_51_678_exercises-1.ipynb": made.filled("ada-ash")})
    put(here / "in", {"birchben_52_679_exercises.ipynb": made.filled("ben-birch")})
    mark("in", made.key, "--late", "50%")
    assert points() == {"Ada Ash": "4", "Ben Birch": "8"}
    assert rows()["Ada Ash"]["late"] == "late, as Canvas says in its name, 50 % of the points are taken off"


def test_without_a_due_date_only_canvas_says_what_is_late() -> None:
    said = "only work that Canvas calls LATE is late"
    assert any(said in one for one in make_policy(late="20%").sentences)
    assert any(said in one for one in make_policy(late="refuse").sentences)
    assert not any(said in one for one in make_policy(late="20%", due="2026-12-01").sentences)
    assert not any(said in one for one in make_policy().sentences)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("ascii", [True, False])
def test_a_notebook_that_is_cut_off_anywhere_says_so(ascii: bool, encoding: str, here: Path) -> None:
    cell = {"cell_type": "code", "source": ["x = {}\n", "y = 'Zoë 😀'"], "metadata": {}, "execution_count": None}
    book = {"cells": [cell, cell], "metadata": {"saved": True}, "nbformat": 4, "nbformat_minor": 5}
    whole = json.dumps(book, indent=1, ensure_ascii=ascii).encode(encoding)
    for end in range(4, len(whole)):
        Path("half.ipynb").write_bytes(whole[:end])
        with pytest.raises(archives.Unreadable) as refused:
            read_notebook(Path("half.ipynb"))
        assert str(refused.value) == CUT_OFF


@pytest.mark.parametrize(
    ("old", "new"), [('"nbformat":', '"nbformat"'), ("true", "True"), ("\n}", ",\n}"), ("\n}", "\n} x"), ("[", "[[")]
)
def test_a_notebook_that_is_broken_elsewhere_is_not_cut_off(old: str, new: str, here: Path) -> None:
    whole = json.dumps({"cells": [], "metadata": {"saved": True}, "nbformat": 4, "nbformat_minor": 5}, indent=1)
    Path("broken.ipynb").write_text(new.join(whole.rsplit(old, 1)))
    with pytest.raises(archives.Unreadable, match="not a whole notebook: ") as refused:
        read_notebook(Path("broken.ipynb"))
    assert str(refused.value) != CUT_OFF


def test_the_times_of_unix_zips_and_of_tars_are_in_no_zone(here: Path) -> None:
    when = 1_790_000_000
    extra = struct.pack("<HHBl", 0x5455, 5, 1, when)
    Path("a.zip").write_bytes(packed([(entry("a.ipynb", extra=extra), "{}")]))
    assert [one.date for one in entries_in(Path("a.zip"))] == [when]
    Path("b.zip").write_bytes(packed([(entry("a.ipynb", (1980, 1, 1, 0, 0, 0)), "{}")]))  # no date in it
    os.utime("b.zip", (when, when))
    assert [one.date for one in entries_in(Path("b.zip"))] == [when]


def test_where_all_is_late_the_dates_are_doubted(made: Sheets, here: Path) -> None:
    put(here / "in", {f"{who}.ipynb": made.filled(who) for who in ("ada-ash", "ben-birch", "cleo-cedar")})
    assert "All 3 are late by the dates of their files." in mark("in", made.key, "--due", "2001-01-01")
    class_zip(made)
    assert "are late by the dates" not in mark("class.zip", made.key, "--due", "2026-12-01")


def test_a_mark_set_by_hand_wins_over_lateness(made: Sheets, key: Path, here: Path) -> None:
    class_zip(made)
    (key / "overrides.csv").write_text("learner,question,points\nben-birch,2,1\n")
    mark("class.zip", key, "--due", "2026-12-01", "--late", "50%")
    assert rows()["Ben Birch"]["points"] == "4.5"
    (key / "overrides.csv").unlink()
    Path("one.ipynb").write_text(text(made.filled("cleo-cedar")))
    mark("one.ipynb", key)  # Ben's line stays, and only the mark by hand is taken back
    assert rows()["Ben Birch"]["points"] == "4"
    assert "50 % of the points are taken off" in rows()["Ben Birch"]["late"]


# Marks of a person's, and marking again


def edited(learner: str, **cells: str) -> None:
    """What a person does to marks.csv in a spreadsheet."""
    written = Path("marked/marks.csv").read_text("utf-8-sig")
    separator = ";" if written.startswith("learner;") else ","
    found = list(csv.DictReader(io.StringIO(written), delimiter=separator))
    for row in found:
        if row["learner"] == learner:
            row |= {name.removeprefix("_"): cell for name, cell in cells.items()}
    names = list(dict.fromkeys(name for row in found for name in row))
    with Path("marked/marks.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, names, delimiter=";", restval="")
        writer.writeheader()
        writer.writerows(found)


def test_marking_again_needs_no_force_where_nothing_of_a_persons_is_lost(made: Sheets, here: Path) -> None:
    put(here / "in", {f"{who}.ipynb": made.filled(who, _1="9") for who in ("ada-ash", "ben-birch")})
    mark("in", made.key)
    put(here / "in", {"ada-ash.ipynb": made.filled("ada-ash")})
    mark("in", made.key)
    assert points() == {"Ada Ash": "8", "Ben Birch": "7"}
    Path("in/ben-birch.ipynb").unlink()
    page = Path("marked/feedback/ada-ash.html")
    page.write_text(page.read_text("utf-8") + "My own words.", "utf-8")
    put(here / "in", {"ada-ash.ipynb": made.filled("ada-ash", _2="9")})
    said = mark("in", made.key, code=1)
    assert "marked/feedback/ada-ash.html: changed since the kit wrote it; move it away, or allow" in said
    assert points() == {"Ada Ash": "8", "Ben Birch": "7"}  # nothing was written
    mark("in", made.key, "--force")
    assert points()["Ada Ash"] == "7"


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_mark_that_was_changed_in_the_table_is_not_erased(
    force: tuple[str, ...], made: Sheets, key: Path, here: Path
) -> None:
    put(here / "in", {f"{who}.ipynb": made.filled(who) for who in ("ada-ash", "ben-birch")})
    mark("in", key)
    edited("Ada Ash", _2="0,5", points="7,5")
    before = Path("marked/marks.csv").read_bytes()
    said = mark("in", key, *force, code=1)
    assert "1 cell (Ada Ash 2)" in said
    assert "for question 2 Ada Ash has 0,5 instead of 1" in said
    assert "overrides.csv" in said
    assert Path("marked/marks.csv").read_bytes() == before
    # As the message says:
    (key / "overrides.csv").write_text("learner,question,points\nAda Ash,2,0.5\n")
    mark("in", key, *force)
    assert rows()["Ada Ash"]["points"] == "7.5"
    mark("in", key)
    assert rows()["Ada Ash"]["points"] == "7.5"


def test_a_change_stays_through_the_runs_that_do_not_touch_it(made: Sheets, here: Path) -> None:
    put(here / "in", {f"{who}.ipynb": made.filled(who) for who in ("ada-ash", "ben-birch")})
    mark("in", made.key)
    edited("Ada Ash", _2="0.5", points="7.5", tutor="Kim")
    for answer in ("9", "8"):
        put(here / "late", {"ben-birch.ipynb": made.filled("ben-birch", _1=answer)})
        mark("late", made.key)
        assert points() == {"Ada Ash": "7.5", "Ben Birch": "7"}
    assert "Ada Ash 2" in mark("in", made.key, code=1)
    edited("Ada Ash", _2="1", points="8")
    mark("in", made.key)
    assert rows()["Ada Ash"]["tutor"] == "Kim"  # a column of one's own stays, though the line is new


def test_a_total_and_an_absent_learner_s_mark_and_an_own_line_are_kept(made: Sheets, here: Path) -> None:
    put(here / "in", {"ada-ash.ipynb": made.filled("ada-ash")})
    mark("in", made.key)
    edited("Dan Elm", points="5")
    with Path("marked/marks.csv").open("a", encoding="utf-8") as file:
        file.write("Guest Gil;;;3\n")
    mark("in", made.key)
    assert (rows()["Dan Elm"]["points"], rows()["Guest Gil"]["points"]) == ("5", "3")
    edited("Ada Ash", points="7")
    assert "for the total Ada Ash has 7 instead of 8" in mark("in", made.key, "--force", code=1)
    edited("Ada Ash", points="8")
    put(here / "in", {"dan-elm.ipynb": made.filled("dan-elm")})
    assert "for the total Dan Elm has 5 instead of nothing" in mark("in", made.key, code=1)


def test_results_that_were_half_replaced_are_replaced_by_the_next_run(
    made: Sheets, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bpkit.exercises.marking import results

    put(here / "in", {f"{who}.ipynb": made.filled(who, _1="9") for who in ("ada-ash", "ben-birch")})
    mark("in", made.key)
    put(here / "in", {f"{who}.ipynb": made.filled(who) for who in ("ada-ash", "ben-birch")})
    whole, left = results.write, 2

    def interrupted(*arguments: Any) -> bool:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return whole(*arguments)

    monkeypatch.setattr(results, "write", interrupted)
    mark("in", made.key, code=130)
    monkeypatch.undo()
    monkeypatch.chdir(here)
    mark("in", made.key)
    assert points() == {"Ada Ash": "8", "Ben Birch": "8"}
    mark("in", made.key, "--out", "other")
    for path in Path("other").rglob("*.*"):
        assert path.read_bytes() == Path("marked", path.relative_to("other")).read_bytes() or path.name[0] == "."


def test_the_page_of_a_learner_stays_unless_something_about_them_changed(made: Sheets, key: Path, here: Path) -> None:
    class_zip(made)
    overrides = "learner,question,points,remark\nBen Birch,2,0.5,asked in class\n"
    (key / "overrides.csv").write_text(overrides)
    mark("class.zip", key, "--due", "2026-12-01", "--late", "20%", "--solutions")
    pages = {path.name: path.read_bytes() for path in Path("marked/feedback").iterdir()}
    before = rows()
    assert "The worked solution" in pages["ben-birch.html"].decode()
    put(here / "late", {"dan-elm.ipynb": made.filled("dan-elm")})
    for late in ("late/dan-elm.ipynb", "late"):
        mark(late, key)
        assert {name: row for name, row in rows().items() if name != "Dan Elm"} == {
            name: row for name, row in before.items() if name != "Dan Elm"
        }
        assert {name: Path("marked/feedback", name).read_bytes() for name in pages} == pages
    assert "The worked solution" not in Path("marked/feedback/dan-elm.html").read_text("utf-8")
    # Another mark for Ben: his page is made again, and says what it said.
    (key / "overrides.csv").write_text(overrides + "Ben Birch,1,0.25,oral\n")
    mark("late", key)
    assert {name: Path("marked/feedback", name).read_bytes() for name in pages if "ben" not in name} == {
        name: page for name, page in pages.items() if "ben" not in name
    }
    ben = Path("marked/feedback/ben-birch.html").read_text("utf-8")
    assert "oral" in ben
    for words in ("12 hours late", "20 % of the points are taken off", "Late work loses 20 % of its points."):
        assert words in ben
    assert "The work was due on 2026-12-01 23:59." in ben
    assert ben.count("The worked solution") == pages["ben-birch.html"].decode().count("The worked solution")
    assert rows()["Ben Birch"]["points"] == "5.55"  # 0.25 + 0.5, and 6 points less 20 %
    # The class's page says of whom which policy is true.
    how = Path("marked/class.html").read_text("utf-8").split('id="how"')[1]
    strict, usual = (how.split(f"{words}”")[0].rpartition("<li>")[2] for words in ("of its points.", "one counts."))
    assert all(name in strict for name in ("Ada Ash", "Ben Birch", "Cleo Cedar"))
    assert "Dan Elm" not in strict
    assert "Dan Elm" in usual
    assert "Ben Birch" not in usual


def test_a_later_file_that_does_not_count_is_told_on_the_page(made: Sheets, here: Path) -> None:
    put(here / "in", {f"{who}.ipynb": made.filled(who) for who in ("ada-ash", "ben-birch")})
    mark("in", made.key, "--solutions")
    ada, ben = (Path(f"marked/feedback/{who}.html") for who in ("ada-ash", "ben-birch"))
    before = ben.read_bytes()
    put(here / "late", {"ada-ash (1).ipynb": "{", "ben.txt": "x"})
    mark("late", made.key)
    assert "ada-ash (1).ipynb: not marked: " in ada.read_text("utf-8")
    assert "The worked solution" in ada.read_text("utf-8")
    assert ben.read_bytes() == before
    again = ada.read_bytes()
    mark("late", made.key)
    assert ada.read_bytes() == again


def test_a_table_of_an_older_kit_says_nothing_of_how_it_was_marked(made: Sheets, here: Path) -> None:
    put(here / "in", {f"{who}.ipynb": made.filled(who) for who in ("ada-ash", "ben-birch")})
    mark("in", made.key, "--attempts", "first")
    lines = list(rows().values())
    names = [name for name in lines[0] if name not in ("policy", "worked solutions")]
    with Path("marked/marks.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(lines)
    put(here / "late", {"dan-elm.ipynb": made.filled("dan-elm")})
    mark("late", made.key, "--attempts", "best")
    how = Path("marked/class.html").read_text("utf-8").split('id="how"')[1]
    assert "one with the most points counts" in how.split("Dan Elm")[1]
    assert "Ada Ash" not in how


def test_marks_by_hand_are_on_the_pages_though_the_run_was_interrupted(
    made: Sheets, key: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bpkit.exercises.marking import results

    put(here / "in", {f"{who}.ipynb": made.filled(who) for who in ("ada-ash", "ben-birch")})
    mark("in", key)
    (key / "overrides.csv").write_text("learner,question,points,remark\nBen Birch,2,0.5,asked in class\n")
    whole = results.write

    def interrupted(path: Path, *more: Any) -> bool:
        if path.name == "ben-birch.html":
            raise KeyboardInterrupt
        return whole(path, *more)

    monkeypatch.setattr(results, "write", interrupted)
    mark("in/ada-ash.ipynb", key, code=130)
    monkeypatch.undo()
    monkeypatch.chdir(here)
    mark("in/ada-ash.ipynb", key)
    assert "asked in class" in Path("marked/feedback/ben-birch.html").read_text("utf-8")


# What is said before and after


def test_a_dry_run_shows_all_and_writes_nothing(made: Sheets, here: Path) -> None:
    class_zip(made)
    before = sorted(here.rglob("*"))
    said = mark("class.zip", made.key, "--due", "2026-12-01", "--late", "refuse", "--dry-run")
    assert sorted(here.rglob("*")) == before
    assert "4 files in class.zip, all in archives; the key has 4 learners and 4 questions." in said
    assert "Of several attempts the last one counts. The work was due on 2026-12-01 23:59. Late work does not" in said
    assert "4 files of 3 learners." in said
    assert "Ada Ash_1_assignsubmission_file_/a.ipynb: Ada Ash, 7 of 8 points" in said
    assert "a (1).ipynb: Ada Ash, not counted: " in said
    assert "Ben Birch_2_assignsubmission_file_/b.ipynb: Ben Birch, not marked: " in said
    assert "Nothing was written. Without the dry run you get, in marked: marks.csv, answers.csv, class.html" in said
    assert "3 pages in feedback" in said


def test_files_are_counted_as_whose_they_are(made: Sheets, here: Path) -> None:
    put(here / "in", {f"{who}.ipynb": made.filled(who) for who in ("ada-ash", "ben-birch", "cleo-cedar")})
    put(here / "in", {"ada-ash (1).ipynb": made.filled("ada-ash", _2="9"), "notes.ipynb": {"nbformat": 4, "cells": []}})
    put(here / "in", {"Ada Ash and Ben Birch.ipynb": bare(made.filled("ada-ash")), "dan-elm.pdf": "%PDF"})
    put(here / "in", {"Cleo Cedar, Dan Elm.txt": "{"})
    said = mark("in", made.key)
    assert "5 files of 4 learners; 2 files of which it is unclear whose they are; 1 file of nobody in the key." in said
    # One of Ada's two counts; Ben's and Cleo's do.
    assert "3 of 8 files marked, 1 not counted; see " in said
    assert "3 of 8 files marked, 1 not counted." in Path("marked/class.html").read_text("utf-8")


def test_a_file_that_is_not_counted_is_not_said_to_be_marked(made: Sheets, here: Path) -> None:
    put(here / "in", {"ada-ash.ipynb": made.filled("ada-ash")})
    put(here / "late", {"ada-ash (1).ipynb": made.filled("ada-ash", _1="9")})
    mark("in", made.key)
    said = mark("late/ada-ash (1).ipynb", made.key, "--attempts", "best")
    assert "0 of 1 files marked, 1 not counted; see " in said


def test_the_dry_run_names_every_file_that_comes(made: Sheets, key: Path, here: Path) -> None:
    class_zip(made)
    Path("Grades.csv").write_text("Student,ID,Homework\nAda Ash,1,\nBen Birch,2,\n", "utf-8")
    options = ("--gradebook", "Grades.csv")
    said = mark("class.zip", key, *options, "--dry-run").split("you get, in marked: ")[1]
    mark("class.zip", key, *options)
    whole = {path.name for path in Path("marked").iterdir() if path.is_file() and path.name[0] != "."}
    assert whole == {one.strip(" .\n") for one in said.split(",") if " in " not in one}
    assert {"moodle_feedback.zip", "Grades.csv"} < whole
    put(here / "in", {"ada-ash.ipynb": made.filled("ada-ash")})
    assert "moodle_feedback.zip" not in mark("in", key, "--out", "other", "--dry-run")


def test_the_end_says_what_is_next(made: Sheets, here: Path) -> None:
    said = mark(put(here / "in", {"ada-ash.ipynb": made.filled("ada-ash", _2="maybe")}), made.key)
    assert "Next: open marked/class.html." in said
    assert f"{made.key / 'overrides.csv'} (learner,question,points,remark); then mark again" in said


def test_a_folder_that_is_not_there_but_a_zip_is(made: Sheets, here: Path) -> None:
    class_zip(made)
    assert "there is no class; there is class.zip, name that" in mark("class", made.key, code=1)


def test_reading_one_member_needs_no_other(made: Sheets, here: Path) -> None:
    members = [(entry("a.ipynb"), text(made.filled("ada-ash"))), (entry("b.ipynb"), "{")]
    Path("a.zip").write_bytes(packed(members))
    first, _ = entries_in(Path("a.zip"))
    assert read_submission(first).answers["2"].text == made.right["ada-ash"]["2"]
    assert zlib.crc32(first.content(10**7)) == zlib.crc32(members[0][1].encode())  # type: ignore[union-attr]


def test_the_page_of_a_learner_who_has_no_marks_any_more_says_why(made: Sheets, here: Path) -> None:
    put(here / "in", {f"{who}.ipynb": made.filled(who) for who in ("ada-ash", "ben-birch")})
    os.utime("in/ada-ash.ipynb", (1e9, 1e9))
    mark("in", made.key)
    mark("in", made.key, "--due", "2020-01-01", "--late", "refuse")
    assert points() == {"Ada Ash": FULL}
    told = Path("marked/feedback/ben-birch.html").read_text("utf-8")
    assert "late work does not count." in told
    assert "Your points" not in told
    mark("in", made.key)
    assert points() == {"Ada Ash": FULL, "Ben Birch": FULL}


def test_a_late_file_that_is_refused_takes_no_marks_away(made: Sheets, here: Path) -> None:
    put(here / "in", {"ada-ash.ipynb": made.filled("ada-ash", _1="9")})
    put(here / "late", {"ada-ash (1).ipynb": made.filled("ada-ash")})
    os.utime("in/ada-ash.ipynb", (1e9, 1e9))
    refuse = ("--due", "2020-01-01", "--late", "refuse")
    mark("in", made.key, *refuse)
    mark("late/ada-ash (1).ipynb", made.key, *refuse)
    assert points() == {"Ada Ash": "7"}
    assert "late work does not count" in rows()["Ada Ash"]["remarks"]


# The page


def test_the_page_takes_zips_and_policies_as_the_command_does(
    made: Sheets, key: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bpkit.exercises.panels.marking_panel import Mark

    class_zip(made)
    panel = Mark(submissions="class.zip", key="key", out="one")
    panel.set(due="2026-12-01", late="20%", attempts="best", dry=True, run=True)
    while panel.state.progress.running:
        panel.tick.value += 1
    assert not Path("one").exists()
    assert "<td>Ben Birch</td><td>6.4 of 8 points; 12 hours late" in panel.view["marks"].value
    assert "4 files in class.zip, all in archives" in panel.view["problems"].value
    panel.set(dry=False, run=True)
    while panel.state.progress.running:
        panel.tick.value += 1
    mark("class.zip", key, "--due", "2026-12-01", "--late", "20%", "--attempts", "best", "--out", "two")
    assert Path("one/marks.csv").read_bytes() == Path("two/marks.csv").read_bytes()
    panel.set(late="much")
    assert "late: expected count, refuse or a percentage" in panel.message.value


def test_everything_as_one_zip_has_the_pages_of_earlier_runs_too(made: Sheets, key: Path, here: Path) -> None:
    from bpkit.exercises.panels.marking_panel import Mark

    put(here / "in", {"ada-ash.ipynb": made.filled("ada-ash")})
    put(here / "late", {"Ben Birch_2_assignsubmission_file_/b.ipynb": made.filled("ben-birch")})
    mark("in", key)
    panel = Mark(submissions="late", key="key")
    panel.set(dry=True, run=True)
    while panel.state.progress.running:
        panel.tick.value += 1
    assert "moodle_feedback.zip" in panel.message.value
    panel.set(dry=False, run=True)
    while panel.state.progress.running:
        panel.tick.value += 1
    names = zipfile.ZipFile("marked/marked.zip").namelist()
    assert {"marked/feedback/ada-ash.html", "marked/feedback/ben-birch.html", "marked/marks.csv"} < set(names)
    assert len(set(names)) == len(names)


def test_an_uploaded_zip_is_marked(made: Sheets, key: Path, here: Path) -> None:
    from bpkit.exercises.panels.marking_panel import Mark

    class_zip(made)
    panel = Mark(key="key")
    when = datetime(2000, 1, 1, tzinfo=UTC)
    names = ("../class (1).zip", "ashada_LATE_51_678_a.ipynb")
    contents = (Path("class.zip").read_bytes(), text(made.filled("ada-ash", _3a="9")).encode())
    panel.upload.value = tuple(
        {"name": name, "type": "", "size": len(content), "content": memoryview(content), "last_modified": when}
        for name, content in zip(names, contents)
    )
    assert sorted(path.name for path in Path("submissions").iterdir()) == [
        "ashada_LATE_51_678_a.ipynb",
        "class (1).zip",
    ]
    panel.set(run=True)
    while panel.state.progress.running:
        panel.tick.value += 1
    assert points().keys() == {"Ada Ash", "Ben Birch", "Cleo Cedar"}
    assert "class (1).zip/Cleo Cedar_3_assignsubmission_file_/c.ipynb" in rows()["Cleo Cedar"]["file"]
