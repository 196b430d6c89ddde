"""The instructor's commands, from an empty folder to marked sheets; interrupted, resumed, refused."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bpkit.cli import main
from bpkit.cli.lessons import find_lesson, notebooks
from bpkit.core.errors import BpkitError
from bpkit.exercises import questions
from bpkit.exercises.editions import EDITIONS
from bpkit.exercises.editions import produce as module
from bpkit.exercises.editions.pdf import BROWSERS
from bpkit.exercises.editions.produce import produce
from bpkit.exercises.sheets.cohort import plan
from bpkit.exercises.sheets.key import read_key
from bpkit.exercises.sheets.sheet import DEFAULT_QUESTIONS
from bpkit.exercises.sheets.zips import unzipped, zipped

FEW = "loss,output-delta"


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code, result.output + repr(result.exception)
    return result


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_with_no_option_at_all_something_useful_is_made(here: Path) -> None:
    said = run("exercises", "new").output
    assert "1 learner." in said
    assert set(hashes(here / "exercises")) >= {
        "key/key.json",
        "key/seeds.csv",
        "key/answers.csv",
        "key/fairness.csv",
        "learners/learner-01.ipynb",
        "solutions/learner-01.ipynb",
    }
    assert read_key(here / "exercises/key").about["questions"] == list(DEFAULT_QUESTIONS)
    assert "0 files written, 6 were there already" in run("exercises", "new").output
    assert "--force" in run("exercises", "new", "--seed", "1", code=1).output
    before = hashes(here / "exercises")
    run("exercises", "new", "--seed", "1", "--force")
    assert hashes(here / "exercises") != before
    run("exercises", "new", "--force")
    assert hashes(here / "exercises") == before


def test_the_bank_is_listed_and_previewed() -> None:
    said = run("exercises", "list").output
    assert all(id in said for id in (*DEFAULT_QUESTIONS, "network-by-hand", "softmax-delta"))
    plain = run("exercises", "preview", "loss", "--seed", "3").output
    assert "Answer" not in plain
    assert plain.startswith("loss: The loss (1 point)\n\nA network of ")
    full = run("exercises", "preview", "loss", "--seed", "3", "--solution").output
    assert full.startswith(plain.rstrip())
    assert "E_total = " in full
    for text in (full, run("exercises", "preview", "which-slip", "--solution").output):  # as a terminal can show it
        assert not {"$", "\\", "{", "**"} & {*text, *re.findall(r"\*\*", text)}
    assert "did you mean 'loss'" in run("exercises", "preview", "los", code=1).output


def test_a_roster_of_five_names_goes_out_and_comes_back_marked(here: Path) -> None:
    Path("class.csv").write_text("name\nAda Lovelace\n../../evil\n<script>x</script>\n=1+1\nZoë\n", encoding="utf-8")
    run("exercises", "new", "--learners", "class.csv", "--questions", FEW, "--out", "out", "--seed", "4")
    assert {path.name for path in here.rglob("*.ipynb")} == {
        *("1-1.ipynb", "ada-lovelace.ipynb", "evil.ipynb", "script-x-script.ipynb", "zoe.ipynb")
    }
    key = read_key(here / "out/key")
    for path in (here / "out/learners").iterdir():
        sheet = key.sheet(path.stem)
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            about = cell["metadata"]["bpkit"]
            if about.get("kind") == "answer":
                cell["source"] = f'answers["{about["key"]}"] = {sheet.parts[about["key"]].answer:.4g}'
        path.write_text(json.dumps(notebook), encoding="utf-8")
    (here / "out/learners/broken.ipynb").write_text("{")
    (here / "out/learners/zoe.ipynb").rename(here / "zoe.ipynb")
    assert "handed in nothing: Zoë" in run("mark", "out/learners", "--key", "out/key", "--out", "early").output
    assert "<li>Zoë</li>" in (here / "early/class.html").read_text(encoding="utf-8")
    (here / "zoe.ipynb").rename(here / "out/learners/zoe.ipynb")
    said = run("mark", "out/learners", "--key", "out/key").output
    assert "5 of 6 files marked" in said
    assert "not marked: broken.ipynb" in said
    assert "handed in nothing" not in said
    with (here / "marked/marks.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["learner"]: row for row in csv.DictReader(file)}
    assert {name: row["points"] for name, row in rows.items() if name} == dict.fromkeys(
        ("Ada Lovelace", "'=1+1", "../../evil", "<script>x</script>", "Zoë"), "2"
    )
    assert len(list((here / "marked/feedback").iterdir())) == 5
    assert "<script>x" not in "".join(path.read_text(encoding="utf-8") for path in (here / "marked").rglob("*.html"))
    assert "can be marked" in run("doctor", "out/learners/zoe.ipynb", "--key", "out/key").output
    run("doctor", "out/learners/broken.ipynb", code=1)


def test_the_commands_of_the_guide_run_as_they_stand(here: Path) -> None:
    """Among them those of the README, where they stand one after the other."""
    root = Path(__file__).parents[2]
    section = (root / ".github" / "INSTRUCTORS.md").read_text(encoding="utf-8")
    steps = re.findall(r"^ +bpkit (.+)$", section, re.MULTILINE)
    assert [line.split()[0] for line in steps] == [*["exercises"] * 4, "mark", "mark", "doctor"]
    short = (root / "README.md").read_text(encoding="utf-8").split("\n## For instructors\n")[1].split("\n## ")[0]
    shown = re.findall(r"^bpkit (.+)$", short, re.MULTILINE)
    assert [line for line in steps if line in shown] == shown
    assert len(shown) == 3
    Path("roster.csv").write_text("Ada\nBob\n")
    Path("gradebook.csv").write_text("name,points\nAda,\nBob,\n")
    for line in steps:
        if line.startswith("mark"):
            shutil.copytree("exercises/learners", "submissions", dirs_exist_ok=True)
        run(*shlex.split(line))
    assert Path("marked/gradebook.csv").read_text() == "name,points\nAda,0\nBob,0\n"
    [sheet] = re.findall(r"```toml\n(.*?)```", section, re.DOTALL)
    page = json.loads((root / "notebooks/instructors/regenerate_exercises.ipynb").read_text("utf-8"))
    assert any(sheet in "".join(cell["source"]) for cell in page["cells"])
    Path("sheet.toml").write_text(sheet, encoding="utf-8")
    for line in re.findall(r"^bpkit (.+)$", section, re.MULTILINE):
        run(*shlex.split(line), *(["--out", "own"] if " new " in line else []))
    assert {path.name for path in Path("own/learners").iterdir()} == {"ada.ipynb", "bob.ipynb"}
    for name in re.findall(r"`((?:exercises|marked)/[\w./]+)`", section):
        assert (here / name).exists(), name
    columns = set(re.findall(r"`([a-z ]+)`", section.split("\n## Are the sheets equally hard?\n")[1].split("\n## ")[0]))
    head, _ = Path("exercises/key/fairness.csv").read_text("utf-8").split("\n", 1)
    assert {"question", "learners", *columns} == set(head.split(","))
    lessons = notebooks(root / "notebooks")
    for name in re.findall(r"`.venv/bin/bpkit lab (\w+)`", section):
        assert find_lesson(name, lessons).startswith("instructors/")


def test_the_doctor_mends_a_copy(here: Path) -> None:
    run("exercises", "new", "--questions", FEW)
    path = here / "exercises/learners/learner-01.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] != "answer-1"]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    said = run("doctor", str(path), "--repair").output
    assert "the answer 1 is lost" in said
    assert "lost" not in run("doctor", str(path.with_suffix(".repaired.ipynb"))).output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("exercises", "new", "--learners", "nobody.csv"), "a number or a roster"),
        (("exercises", "new", "--learners", "0"), "a number from 1"),
        (("exercises", "new", "--questions", "los"), "did you mean 'loss'"),
        (("exercises", "new", "--topics", "forwards"), "did you mean 'forward'"),
        (("exercises", "new", "--editions", "lerner"), "did you mean 'learner'"),
        (("exercises", "new", "--jobs", "0"), "a number from 1"),
        (("mark", "."), "key: expected the key.json"),
        (("exercises", "new", "--questions", "loss", "--out", "/dev/null/a"), "/dev/null/a"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(here: Path, arguments: tuple[str, ...], words: str) -> None:
    said = run(*arguments, code=1).output
    assert words in said
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) == 1


def test_in_the_end_a_command_says_what_to_do_next(here: Path) -> None:
    said = run("exercises", "new", "--questions", FEW, "--out", "week 3").output
    usual = said.strip().splitlines()
    assert usual[0].startswith("6 files written")
    steps = dict(line.split(" ", 1) for line in usual[2:])
    assert list(steps) == ["Hand", "Keep", "Mark:"]
    assert "week 3/learners" in steps["Hand"]
    assert "week 3/key and week 3/solutions" in steps["Keep"]
    assert "`bpkit mark FOLDER --key week 3/key`" in steps["Mark:"]
    options = ("--questions", "loss", "--learners", "2", "--out", "all", "--variants", "2")
    said = run("exercises", "new", *options, "--editions", ",".join(EDITIONS)).output
    for name in ("all/moodle/questions.xml", "all/canvas/questions.zip", "all/nbgrader/handout"):
        assert name in said
        assert (here / name).exists()
    assert "delete the category bpkit first" in said  # Moodle's importer never takes a question for known
    assert "Overwrite assessment content with matching IDs" in said  # as Canvas's import page calls it
    kept = next(line for line in said.splitlines() if line.startswith("Keep"))
    assert all(place in kept for place in ("all/key", "all/solutions", "all/printable/solutions", "all/printable/keys"))
    alone = run("exercises", "new", "--questions", "loss", "--editions", "nbgrader", "--out", "alone").output
    assert "generate_assignment backpropagation" in alone
    assert "handout" not in alone  # with one learner there is none


def test_so_many_variants_as_asked_are_in_a_bank(here: Path) -> None:
    run("exercises", "new", "--questions", "loss", "--editions", "moodle", "--variants", "3")
    text = (here / "exercises/moodle/questions.xml").read_text(encoding="utf-8")
    assert re.findall(r"<name><text>(.*?)</text></name>", text) == ["loss 01", "loss 02", "loss 03"]
    assert "a number from 1 to 500" in run("exercises", "new", "--variants", "0", code=1).output


def test_topics_choose_questions(here: Path) -> None:
    run("exercises", "new", "--topics", "forward", "--editions", "learner")
    made = read_key(here / "exercises/key").about["questions"]
    assert made == [question.id for question in questions(("forward",))]
    assert "net-and-out" in made
    assert not (here / "exercises/solutions").exists()


def test_interrupted_and_started_again_it_completes_with_the_same_bytes(tmp_path: Path) -> None:
    made = plan(6, seed=2, questions=FEW.split(","))

    def interrupting(work: Iterator[Any], total: int, what: str) -> Iterable[Any]:
        for number, one in enumerate(work):
            if what == "writing" and number == 3:
                raise KeyboardInterrupt
            yield one

    with pytest.raises(KeyboardInterrupt):
        produce(made, tmp_path / "a", 2, jobs=1, watch=interrupting)
    left = hashes(tmp_path / "a")
    assert 0 < sum(name.startswith("learners/") for name in left) < 6
    assert not any(name.endswith(".part") for name in left)
    again = produce(made, tmp_path / "a", 2, jobs=1)
    assert again.kept == len(left)
    produce(made, tmp_path / "b", 2, jobs=1)
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Path, target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "hardlink_to", broken)
    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(BpkitError, match="disk full"):
        produce(plan(1, questions=("loss",)), tmp_path, 0, jobs=1)
    assert hashes(tmp_path) == {}


def test_several_processes_write_the_same_bytes_as_one(tmp_path: Path) -> None:
    made = plan(9, seed=3, questions=("loss",))
    produce(made, tmp_path / "one", 3, jobs=1)
    produce(made, tmp_path / "two", 3, jobs=2)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")


def test_learners_with_one_seed_are_parted_in_every_file(tmp_path: Path) -> None:
    made = plan("name,seed\nada,5\nbob,5\n", questions=("loss",))
    done = produce(made, tmp_path, 0, jobs=1)
    assert [slug for slug, _, _ in done.plan.redraws] == ["bob"]
    key = read_key(tmp_path / "key")
    assert key.sheet("ada").data() != key.sheet("bob").data()
    for slug in ("ada", "bob"):
        notebook = (tmp_path / f"learners/{slug}.ipynb").read_text(encoding="utf-8")
        assert key.sheet(slug).fingerprint in notebook


def test_from_the_table_of_seeds_one_learner_s_files_are_made_alone(here: Path) -> None:
    """Redrawn questions too: two learners with the same seed met in every question."""
    Path("class.csv").write_text("name,seed\nAda,5\nBob,5\nCleo,6\n")
    run("exercises", "new", "--learners", "class.csv", "--questions", FEW, "--out", "all")
    head, *rows = (here / "all/key/seeds.csv").read_text().splitlines()
    assert head == "learner,seed,redrawn,file"
    assert rows[1] == "Bob,5,loss:1 output-delta:1,bob"
    for row in rows:
        Path("one.csv").write_text(f"{head}\n{row}\n")
        name = row.split(",")[0].lower()
        run("exercises", "new", "--learners", "one.csv", "--questions", FEW, "--out", name, "--seed", "77")
        for kind in ("learners", "solutions"):
            assert hashes(here / name / kind) == {
                path: found for path, found in hashes(here / "all" / kind).items() if path.startswith(name)
            }


def test_a_learner_who_comes_later_changes_no_file_of_the_others(here: Path) -> None:
    Path("class.csv").write_text("name\nAda\nBen\n")
    options = (
        "--learners",
        "class.csv",
        "--questions",
        FEW,
        "--editions",
        "learner,solution,moodle",
        "--variants",
        "1",
    )
    run("exercises", "new", *options)
    before = hashes(here / "exercises")
    Path("class.csv").write_text("name\nAda\nZoë\nBen\n")
    assert "6 files written, 5 were there already; 3 learners." in run("exercises", "new", *options).output.replace(
        "\n", " "
    )
    after = hashes(here / "exercises")
    assert {name for name in after if after[name] != before.get(name)} == {
        *("key/answers.csv", "key/fairness.csv", "key/key.json", "key/seeds.csv"),
        *("learners/zoe.ipynb", "solutions/zoe.ipynb"),
    }
    assert set(read_key(here / "exercises/key").by_learner) == {"Ada", "Ben", "Zoë"}
    Path("class.csv").write_text("name\nAda\nZoë\n")  # nobody's key goes without a word
    assert "exists with other content" in run("exercises", "new", *options, code=1).output
    assert hashes(here / "exercises") == after


@pytest.mark.parametrize("name", ["answers.csv", "seeds.csv", "fairness.csv", "key.json"])
def test_what_a_person_wrote_beside_the_key_stays_though_the_class_grows(name: str, here: Path) -> None:
    Path("class.csv").write_text("name\nAda\nBen\n")
    options = ("--learners", "class.csv", "--questions", "loss")
    run("exercises", "new", *options)
    with (here / "exercises/key" / name).open("a") as file:
        file.write("a note of mine\n")
    before = hashes(here / "exercises")
    Path("class.csv").write_text("name\nAda\nBen\nZoë\n")
    assert "exists with other content" in run("exercises", "new", *options, code=1).output
    after = hashes(here / "exercises")
    assert (after[f"key/{name}"], after["key/key.json"]) == (before[f"key/{name}"], before["key/key.json"])


def test_a_zip_grows_with_the_class_but_no_other_is_replaced(here: Path) -> None:
    Path("class.csv").write_text("name\nAda\nBen\n")
    options = ("--learners", "class.csv", "--questions", "loss", "--zip")
    run("exercises", "new", *options)
    Path("class.csv").write_text("name\nAda\nBen\nZoë\n")
    run("exercises", "new", *options)
    assert len(unzipped(Path("exercises/solutions.zip").read_bytes())) == 3
    mine = zipped({"my": "own"})
    Path("exercises/solutions.zip").write_bytes(mine)
    Path("class.csv").write_text("name\nAda\nBen\nCleo\nZoë\n")
    assert "exists with other content" in run("exercises", "new", *options, code=1).output
    assert Path("exercises/solutions.zip").read_bytes() == mine


def test_the_language_is_said_and_what_stays_english(here: Path) -> None:
    for code, said in (
        ("de", "stays in English"),
        ("fr", "The kit does not speak 'fr': your own questions"),
        ("en", ""),
    ):
        Path("sheet.toml").write_text(f'language = "{code}"\n')
        output = run("exercises", "new", "--sheet", "sheet.toml", "--dry-run").output
        assert said in output
        assert ("English" in output) == bool(said)


def test_the_work_is_watched_and_jobs_are_counted() -> None:
    assert list(module.unwatched(iter([1, 2]), 2, "x")) == [1, 2]
    assert module.usable_jobs(None) >= 1
    with pytest.raises(BpkitError, match="jobs"):
        module.usable_jobs(0)


@pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="no browser that prints is installed")
def test_pages_are_printed_where_a_browser_is(here: Path) -> None:
    run("exercises", "new", "--questions", "loss", "--editions", "learner", "--pdf")
    printed = sorted((here / "exercises/printable").rglob("*.pdf"))
    assert [path.name for path in printed] == ["all_keys.pdf", "all_sheets.pdf", "all_solutions.pdf"]
    assert all(path.read_bytes().startswith(b"%PDF") and path.stat().st_size > 5000 for path in printed)
    assert not list(here.rglob(".bpkit-*"))


def test_without_a_browser_it_says_so_before_anything_is_made(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "an installed browser" in run("exercises", "new", "--pdf", code=1).output
    assert not (here / "exercises").exists()


def test_the_doctor_starts_without_what_takes_long_to_start(here: Path) -> None:
    run("exercises", "new", "--questions", "loss", "--editions", "learner")
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom bpkit.cli import main\n"
        "said = CliRunner().invoke(main, ['doctor', sys.argv[1]]).output\n"
        "slow = ('nbformat', 'nbconvert', 'jsonschema', 'jupyter_client', 'IPython', 'ipywidgets', 'matplotlib')\n"
        "print(said, [name for name in slow if name in sys.modules])"
    )
    path = "exercises/learners/learner-01.ipynb"
    done = subprocess.run([sys.executable, "-c", code, path], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["learner-01.ipynb:", "can", "be", "marked", "[]"]
