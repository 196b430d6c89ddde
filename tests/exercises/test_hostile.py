"""What a learner controls: files that would harm, names that would mislead, and what each output makes of them."""

from __future__ import annotations

import ast
import csv
import io
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from thorough import THOROUGH

from bpkit.cli import main
from bpkit.exercises.editions import EDITIONS
from bpkit.exercises.editions.produce import produce
from bpkit.exercises.marking.doctor import examine, repaired
from bpkit.exercises.marking.one_file import Marked, mark_file
from bpkit.exercises.marking.results import WRITTEN
from bpkit.exercises.marking.standing import Outcome, Standing, settle
from bpkit.exercises.marking.submissions import Unreadable, files_in, read_submission
from bpkit.exercises.marking.whole_class import reports
from bpkit.exercises.questions.answers import NotRead
from bpkit.exercises.sheets.cohort import plan
from bpkit.exercises.sheets.files import csv_text, slugs, visible, write
from bpkit.exercises.sheets.key import Key, read_key

EVIL = "__import__('pathlib').Path('ran').touch()"

# Right sides of an answer that would run, fill the memory, or bring a careless reader down.
ANSWERS = {
    "call": EVIL,
    "formula": f'"{EVIL}"',
    "walrus": f"(x := {EVIL})",
    "lambda": f"(lambda: {EVIL})()",
    "comprehension": f"[{EVIL} for _ in (1,)]",
    "fstring": f'f"{{{EVIL}}}"',
    "power": "10**10**10",
    "power of text": "'10**10**10'",
    "long list": "[0] * 10**10",
    "long text": "'a' * 10**10",
    "huge hexadecimal": "0x" + "f" * 4900,
    "huge in a list": "[0x" + "f" * 4900 + "]",
    "huge decimal": "9" * 4900,
    "deep list": "[" * 90 + "1" + "]" * 90,
    "very deep list": "[" * 20_000 + "]" * 20_000,
    "signs": "-" * 40_000 + "1",
    "dots": "x" + ".a" * 20_000,
    "sum": "1" + "+1" * 20_000,
    "calls": "f(" * 200 + ")" * 200,
    "not": "not " * 10_000 + "1",
    "nul": "'a\0b'",
    "half of a pair": "'\ud800'",
    "bytes": "b'\\xff' * 3",
    "complex": "1j",
    "nan": "1e999 - 1e999",
    "dict": "{1: {2: {3: {4: {5: 6}}}}}",
    "set": "{1, 2}",
    "true": "True",
    "html": "'<script>alert(1)</script>'",
    "quotes": "'\"><img src=x onerror=alert(1)>'",
    "table": "'=cmd|\\'/C calc\\'!A0'",
    "escape": "'\\x1b[2J\\u202e'",
}


def cells_of(*sources: str, **about: Any) -> dict[str, Any]:
    cells = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for source in sources
    ]
    return {"cells": cells, "metadata": {"bpkit": about} if about else {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key of two learners, and their sheets, made without a word about the tests below."""
    folder = tmp_path_factory.mktemp("made")
    questions = ("loss", "which-slip", "symbolic", "hidden-paths")
    produce(plan("ada\nbob\n", seed=3, questions=questions), folder, 3, ["learner"], jobs=1)
    return folder


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_read_as_a_value_or_not_at_all(
    name: str, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each hostile answer stands in every answer cell but one, whose right answer is marked as right."""
    monkeypatch.chdir(tmp_path)
    key = read_key(made / "key")
    sheet = key.sheet("ada")
    notebook = json.loads((made / "learners/ada.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        about = cell["metadata"].get("bpkit", {})
        if about.get("kind") == "answer":
            right = f"{sheet.parts['1'].answer:.4g}" if about["key"] == "1" else ANSWERS[name]
            cell["source"] = f'answers["{about["key"]}"] = {right}'
    path = tmp_path / "ada.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    marked = mark_file(path, key)
    assert not marked.problem
    assert marked.points == 1
    assert {mark.feedback.verdict for mark in marked.marks} <= {"correct", "unknown", "unreadable", "blank"}
    for file, text in reports(settle([marked], key)):
        text.encode("utf-8")
        assert harmless_page(text) if file.endswith(".html") else harmless_table(text)
        assert "\x1b" not in text
        assert "\u202e" not in text
    said = repr(examine(path, key)) + repr(examine(path))
    said.encode("utf-8")
    assert "\x1b" not in said
    write(tmp_path / "mended.ipynb", repaired(path, key))
    assert mark_file(tmp_path / "mended.ipynb", key).points == 1
    assert not (tmp_path / "ran").exists()


def test_numbers_of_a_notebook_that_claim_a_giant_are_no_sheet(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    task = {
        "question": "loss",
        "problems": [{"sizes": [5000, 5000], "activation": ["sigmoid"], "loss": "half_squared_error", "bias": "layer"}],
        "about": {"asks": ["E_total"]},
    }
    wrong = [task, {**task, "problems": []}, {**task, "about": {"asks": 3}}, {**task, "question": EVIL}, [], None, 3]
    for one in [*wrong, [task] * 200]:
        tasks = one if isinstance(one, list) else [one]
        data = ",\n".join(json.dumps(each) for each in tasks)
        setup = f"import bpkit as bp\n\nx = bp.exercises.open_sheet(\n    r'''{{\"tasks\": [\n{data}\n]}}'''\n)"
        for claimed in (5, "ab", {"a": 1}, [[]], ["1"] * 100_000):
            path.write_text(json.dumps(cells_of(setup, 'answers["1"] = 0.5', answers=claimed, learner=[1])))
            said = examine(path)
            assert len(said.findings) < 300
            if tasks:
                assert any("numbers of the questions" in finding for finding in said.findings), one


# Whole files. Their reading is bounded in time and memory by the process's own limits.

LIMITED = """
import json, resource, sys, time
from pathlib import Path
from bpkit.exercises.sheets.key import read_key
from bpkit.exercises.marking.one_file import mark_file
from bpkit.exercises.marking.submissions import files_in
key = read_key(Path(sys.argv[1]))
key.sheet("ada").parts
before = resource.getrusage(resource.RUSAGE_SELF)
found = {marked.path.name: marked.problem for marked in (mark_file(one, key) for one in files_in(Path(sys.argv[2])))}
after = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([after.ru_maxrss - before.ru_maxrss, after.ru_utime - before.ru_utime, found]))
"""


def hostile_files(folder: Path, good: str) -> Iterator[tuple[str, str]]:
    """Write each file; its name, and what must be said about it ("" where it is marked)."""
    size = 24_000_000 if THOROUGH else 6_000_000
    notebook = json.loads(good)

    def put(name: str, content: str | bytes) -> None:
        (folder / name).write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)

    big = json.loads(good)
    big["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * (size // 2)}]
    put("ada-output.ipynb", json.dumps(big))
    yield "ada-output.ipynb", ""
    put("ada-wide.ipynb", good.encode("utf-16"))
    yield "ada-wide.ipynb", ""
    put("ada-mark.ipynb", "\ufeff" + good)
    yield "ada-mark.ipynb", ""
    with (folder / "outputs.ipynb").open("wb") as file:
        file.write(good.encode())
        file.truncate(100_000_000)
    yield "outputs.ipynb", "100 MB large"
    put("brackets.ipynb", '{"cells": [' + "[]," * (size // 3) + "[]]}")
    yield "brackets.ipynb", "parts"
    put("objects.ipynb", '{"cells": [], "x": [' + "{}," * (size // 3) + "{}]}")
    yield "objects.ipynb", "parts"
    code = 'answers["1"] = 0.5\n' + "x = 1\n" * 8000
    put("bob-code.ipynb", json.dumps(cells_of(*[code] * (400 if THOROUGH else 20), learner="bob")))
    yield "bob-code.ipynb", ""
    put("deep.ipynb", "[" * 300_000)
    yield "deep.ipynb", "nested too deeply"
    put("half.ipynb", good[: len(good) // 2])
    yield "half.ipynb", "not a whole notebook"
    put("nul.ipynb", b"\0" * 1000)
    yield "nul.ipynb", "not a whole notebook"
    put("latin.ipynb", ("{" + "é" * 100).encode("latin-1"))
    yield "latin.ipynb", "UTF-8"
    put("surrogate.ipynb", '{"cells": "\ud800"}')
    yield "surrogate.ipynb", "UTF-8"
    put("digits.ipynb", '{"cells": ' + "9" * 1_000_000 + "}")
    yield "digits.ipynb", "not a"
    put("same.ipynb", '{"cells": 1, "cells": []}')
    yield "same.ipynb", "no learner of the key"
    put("text.ipynb", json.dumps("cells"))
    yield "text.ipynb", "not a notebook"
    (folder / "folder.ipynb").mkdir()
    yield "folder.ipynb", "not a file"
    os.mkfifo(folder / "pipe.ipynb")
    yield "pipe.ipynb", "not a file"
    (folder / "link.ipynb").symlink_to("/dev/zero")
    yield "link.ipynb", "link"
    (folder / "around.ipynb").symlink_to(folder, target_is_directory=True)
    yield "around.ipynb", "link"
    (folder / "gone.ipynb").symlink_to(folder / "nowhere")
    yield "gone.ipynb", "link"
    cells = notebook["cells"]
    put("ada-odd.ipynb", json.dumps({**notebook, "cells": [None, 1, {"source": {}}, {"cell_type": []}, *cells]}))
    yield "ada-odd.ipynb", ""


def test_files_that_mean_harm_cost_little_time_and_memory_and_stop_nothing(made: Path, tmp_path: Path) -> None:
    good = (made / "learners/ada.ipynb").read_text(encoding="utf-8")
    expected = dict(hostile_files(tmp_path, good))
    (tmp_path / "zoe").mkdir()
    (tmp_path / "zoe/ada.ipynb").write_text(good, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(made / "key"), str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (60, 60)),
    )
    kilobytes, seconds, found = json.loads(done.stdout)
    assert set(found) == {*expected, "ada.ipynb"}
    assert found.pop("ada.ipynb") == ""
    for name, words in expected.items():
        assert (words in found[name]) if words else not found[name], (name, found[name])
    assert kilobytes < 400_000
    assert seconds < 30


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else")
def test_a_file_that_may_not_be_read_is_reported(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        Path(name).chmod(0o755)
        path = Path(name, "a.ipynb")
        path.write_text("{}")
        path.chmod(0o600)
        os.seteuid(65534)
        try:
            with pytest.raises(Unreadable, match="Permission denied"):
                read_submission(path)
            with pytest.raises(ValueError, match=r"Permission denied.*choose another folder"):
                write(Path(name, "b.txt"), "text")
        finally:
            os.seteuid(0)
        assert [one.name for one in Path(name).iterdir()] == ["a.ipynb"]


# Names: of learners, and of their files.

NAMES = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "Robert'); DROP TABLE students;--",
    "$\\href{javascript:alert(1)}{x}$",
    "\\(\\input{/etc/passwd}\\) [x](javascript:alert(1)) ![y](http://z) `c` **b**",
    "=HYPERLINK(A1)",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "＝1+1",
    "a;=1+1",
    "../../etc/passwd",
    "..\\..\\windows",
    "/absolute",
    "CON",
    "nul",
    "com1",
    "COM¹",
    ".hidden",
    "~root",
    "con.ipynb",
    "Zoë",
    "Zoe",
    "ＺＯＥ",
    "李小龙",
    "🙂",
    "\u202egnp.exe",
    "zero\u200bwidth",
    "x" * 190,
    "x" * 189 + "y",
    "]]></text><x/>",
    "''' + __import__('os').system('touch ran') + r'''",
    '""" + evil + """',
    "{{7*7}} ${7*7} %s %n",
    "key\x00nul\x07bell\x1b[2J",
]
# What a notebook that comes back may claim to be: its own data are the learner's to change, and no roster's.
CLAIMS = [*NAMES, "../x", "/etc/x", "..\\x", "\0", "=1+1", "x" * 10_000, "\ud800", ""]


OWN_LINK = re.compile(r"#[a-z]+|feedback/[a-z0-9-]+\.html")  # within a report, and to the reports of learners


class Pages(HTMLParser):
    """The tags of a page, and every attribute that could do something."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.doing: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        live = [(name, value or "") for name, value in attrs if not name.startswith("data-")]  # which are read as text
        self.doing += [name for name, value in live if name.startswith("on") or "javascript:" in value.lower()]
        self.doing += [value or "" for name, value in attrs if name == "href" and not OWN_LINK.fullmatch(value or "")]


def harmless_page(text: str) -> bool:
    page = Pages()
    page.feed(text)
    return not page.doing and not page.tags & {"script", "img", "iframe", "object", "embed", "x"}


def harmless_table(text: str) -> bool:
    """No cell starts a formula: read with the comma, and as a spreadsheet of another country reads it."""
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    cells += re.split(r"[;\n]", text)
    formulas = [cell for cell in cells if cell.strip()[:1] in tuple("=+-@＝＋－＠") and cell.strip()]
    return not [cell for cell in formulas if not re.fullmatch(r"-?[\d.]+(e-?\d+)?%?", cell.strip())]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every edition for learners with names that mean harm, and everything that marking them writes."""
    folder = tmp_path_factory.mktemp("names")
    roster = io.StringIO()
    csv.writer(roster).writerows([name] for name in NAMES)
    produce(plan(roster.getvalue(), seed=1, questions=("loss",)), folder, 1, EDITIONS, jobs=1, variants=2)
    results = [mark_file(one, read_key(folder / "key")) for one in files_in(folder / "learners")]
    assert len(results) == len(NAMES)
    for name, content in reports(settle(results, read_key(folder / "key"))):
        write(folder / "marked" / name, content)
    return folder


def test_no_name_leaves_its_folder_or_meets_another(everything: Path) -> None:
    stems = [path.stem for path in (everything / "learners").iterdir()]
    assert len(stems) == len(NAMES)
    reserved = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(10))}
    for stem in stems:
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,75}", stem), stem
        assert stem not in reserved
    for path in everything.rglob("*"):
        assert path.resolve().is_relative_to(everything.resolve())


def test_no_name_becomes_code_in_any_output(everything: Path) -> None:
    counted = dict.fromkeys((".html", ".csv", ".ipynb", ".xml", ".json"), 0)
    for path in everything.rglob("*"):
        if path.suffix not in counted:
            continue
        counted[path.suffix] += 1
        text = path.read_text(encoding="utf-8")
        assert not re.search("[\x00-\x08\x0b-\x1f\u202e\u200b]", text), path
        if path.suffix == ".html":
            assert harmless_page(text), path
        elif path.suffix == ".csv":
            assert harmless_table(text), path
        elif path.suffix == ".ipynb":
            for cell in json.loads(text)["cells"]:
                if cell["cell_type"] == "code":
                    names = {node.id for node in ast.walk(ast.parse(cell["source"])) if isinstance(node, ast.Name)}
                    assert names <= {"bp", "answers", "check", "sheet", "numbers"}, names
                    continue
                assert not re.search(r"<(script|img)|\]\((javascript|http)|\\href|\\input", cell["source"]), path
        elif path.suffix == ".xml":
            assert "<script" not in text.replace("&lt;", "(")
    assert min(counted.values()) >= 1, counted
    assert counted[".html"] >= 4 * len(NAMES)


@pytest.mark.parametrize("learners", ["ada\nbob\n", 1], ids=["roster", "none"])
def test_a_notebook_may_claim_any_name_and_bear_any(
    learners: str | int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a roster its numbers say whose it is, and one file counts; where all have one sheet, each file does."""
    monkeypatch.chdir(tmp_path)
    produce(plan(learners, seed=3, questions=("loss",)), tmp_path / "made", 3, ["learner"], jobs=1)
    (first, *_) = sorted((tmp_path / "made/learners").iterdir())
    notebook = json.loads(first.read_text(encoding="utf-8"))
    (tmp_path / "in").mkdir()
    for number, claim in enumerate(CLAIMS):
        notebook["metadata"]["bpkit"]["learner"] = claim
        text = json.dumps(notebook)
        Path("in", f"{number}.ipynb").write_text(text, encoding="utf-8")
        with suppress(OSError, ValueError):  # no file can have some of the names
            Path("in", f"{claim.replace('/', '-')}.ipynb").write_text(text, encoding="utf-8")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    files = len([path for path in Path("in").iterdir() if not path.name.startswith(".")])
    said = CliRunner().invoke(main, ["mark", "in", "--key", "made/key"])
    assert said.exit_code == 0, said.output
    aside = files - 1 if isinstance(learners, str) else 0
    counted = f"{files - aside} of {files} files marked" + (f", {aside} not counted" if aside else "")
    assert f"\n{counted}; see " in said.output
    assert said.output.count("not counted, because") == aside
    assert said.output.replace("\n", "").isprintable()
    written = {path for path in tmp_path.rglob("*") if path.is_file()} - {*before, tmp_path / "marked" / WRITTEN}
    assert {path: path.read_bytes() for path in before} == before
    assert len(written) == 3 + (1 if isinstance(learners, str) else files)
    for path in written:
        assert re.fullmatch(r"marked/(feedback/)?[a-z0-9-]{1,160}\.(csv|html)", path.relative_to(tmp_path).as_posix())
        text = path.read_text(encoding="utf-8")
        assert harmless_page(text) if path.suffix == ".html" else harmless_table(text), path
        assert not re.search("[\x00-\x08\x0b-\x1f\u202e\u200b]", text), path
    assert not list(tmp_path.parent.glob("x*"))


def test_the_checks_above_can_say_no() -> None:
    assert not harmless_page("<p>" + NAMES[0])
    assert not harmless_page(NAMES[1])
    assert not harmless_table("a,=1+1\n")
    assert not harmless_table("a;=1+1\n")
    assert not harmless_table('x,"+1+cmd|1"\n')
    assert harmless_table("learner,-0.5,1e-3\n")
    assert csv_text([["-0.5", -0.5, "-2+3", "a;@x", "\t=1"]]) == "-0.5,-0.5,'-2+3,a;'@x,' =1\n"


def test_a_name_that_is_what_another_name_became_gets_its_own_file() -> None:
    first = slugs(["Zoë", "Zoe"])
    again = slugs(["Zoë", "Zoe", *first, *first[:1]])
    assert len(set(again[:4])) == 4


def test_signs_that_are_not_seen_are_shown_as_such() -> None:
    assert visible("a\x1b[2J\u202eb\ud800\tc\n") == "a\ufffd[2J\ufffdb\ufffd c "


def test_a_second_file_never_takes_somebody_elses_page() -> None:
    from bpkit.exercises.questions.feedback import Feedback
    from bpkit.exercises.questions.judging import Mark

    mark = (Mark("1", "loss", "1", Feedback("correct", "right"), 1, 1),)
    files = [
        ("ada", "a/ada.ipynb"),
        ("ada", "b/lovelace.ipynb"),
        ("ada", "b lovelace.ipynb"),
        ("ada", "c/../b/lovelace (1).ipynb"),
        ("ada", "../../lovelace.ipynb"),
    ]
    results = [Marked(Path(path), slug, slug, mark, name=path) for slug, path in files]
    made = plan("name\nada\n", questions=("loss",))
    key = Key(made.seats, {"ada": made.sheet(made.seats[0]).data()["tasks"]}, {})
    outcome = Outcome(tuple(Standing(one.slug, one.slug, one, marks=mark) for one in results), tuple(results), key)
    pages = [name for name, _ in reports(outcome) if name.startswith("feedback/")]
    assert len(pages) == 5
    assert all(re.fullmatch(r"feedback/[a-z0-9-]+\.html", page) for page in pages)
    assert "feedback/a-ada.html" in pages


def test_what_is_no_answer_is_not_read() -> None:
    """The bound itself: lists of pairs are answers, numbers beyond the floats are none."""
    from bpkit.exercises.questions.answers import answers_in

    def read(text: str) -> Any:
        return next(answers_in(f'answers["1"] = {text}', 1, "code")).value

    assert read("[['h1', 'o1'], ['h1', 'o2']]") == [["h1", "o1"], ["h1", "o2"]]
    assert read(str(2**1023)) == 2**1023
    assert isinstance(read(hex(2**1024)), NotRead)
    assert isinstance(read("[[[[1]]]]"), NotRead)
