"""The file in which an instructor says what a sheet is: read, checked with a word for every mistake, and obeyed."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bpkit.cli import main
from bpkit.core.errors import BpkitError
from bpkit.exercises import panels
from bpkit.exercises.editions import EDITIONS
from bpkit.exercises.editions.forecast import files_of
from bpkit.exercises.editions.notebooks import learner_notebook, solution_notebook
from bpkit.exercises.panels.request import forecast_html
from bpkit.exercises.questions.bank import QUESTIONS
from bpkit.exercises.sheets.cohort import plan
from bpkit.exercises.sheets.settings import PLAIN, read_settings, settings_file, settings_from
from bpkit.exercises.sheets.sheet import DEFAULT_QUESTIONS, chosen, make_sheet

SHEET = Path(__file__).parent / "sheets/sheet.toml"
QUESTION = """
[[question]]
id = "my-gradient"
asks = ["dE/dw1"]
[question.network]
layers = [2, 2, 1]
"""


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["exercises", *words])


def test_the_example_has_everything_that_a_file_can_say() -> None:
    settings = settings_file(SHEET)
    assert settings.title == "Sheet 3: backpropagation"
    assert settings.date == "due Friday 4 December, 18:00"
    assert settings.difficulty == "medium"
    assert settings.questions[:2] == ("hidden-weight", "my-gradient")
    assert dict(settings.points) == {"hidden-weight": 4, "my-gradient": 3, "which-factor": 1}
    assert chosen(settings=settings) == settings.questions
    assert chosen(ids=["loss"], settings=settings) == ("loss",)


def test_an_empty_file_changes_nothing() -> None:
    assert read_settings("") == PLAIN
    assert chosen(settings=read_settings("")) == DEFAULT_QUESTIONS
    assert make_sheet(["loss"], 3, settings=read_settings("")).data() == make_sheet(["loss"], 3).data()


def test_own_questions_alone_are_the_sheet_in_the_order_of_the_file() -> None:
    assert chosen(settings=read_settings(QUESTION + QUESTION.replace("my-gradient", "a-second"))) == (
        "my-gradient",
        "a-second",
    )


@pytest.mark.parametrize(
    ("date", "language", "shown"),
    [
        ("2026-12-04", "en", "4 December 2026"),
        ("2026-12-04T18:00:00", "en", "4 December 2026, 18:00"),
        ("2026-03-04 18:30:00", "de", "4. März 2026, 18:30"),
        ("2026-12-04T18:00:00+01:00", "fr", "4 December 2026, 18:00"),
        ('"Freitag,  4. Dezember"', "de", "Freitag, 4. Dezember"),
    ],
)
def test_a_date_in_words_or_as_toml_has_it(date: str, language: str, shown: str) -> None:
    assert read_settings(f'date = {date}\nlanguage = "{language}"').date == shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title = 3", r"sheet\.toml: title: expected .* got '3'"),
        ("titel = 'x'", r"got 'titel'; did you mean 'title'\?"),
        ("title = Sheet 3", r"line 1: expected TOML, got 'title = Sheet 3'.*quotation marks"),
        ("title = 'a'\ntitle = 'b'", r"line 2: .*same key.*twice"),
        ("title = “Sheet”", r"line 1: .*straight quotation marks"),
        ("\n\ntitle: 'x'", r"line 3: .*write = after a key"),
        ('title = "$\\eta$"', r"line 1: .*single quotation marks"),
        ("date = 4.12.2026", r"line 1: .*2026-12-04"),
        ("date = 18:00:00", "add the day"),
        ("language = 'deutsch!'", "language: expected a code"),
        ("difficulty = 'mittel'", "difficulty: expected easy, medium or hard, got 'mittel'"),
        ("questions = 'loss'", "questions: expected a list"),
        ("questions = ['los']", r"questions: .*got 'los'; did you mean 'loss'"),
        ("questions = ['loss', 'loss']", "got 'loss' twice"),
        ("[points]\nlos = 3", r"points: .*got 'los'; did you mean .*'loss'"),
        ("[points]\nloss = 0", "points: expected loss to be worth more than 0"),
        ("[points]\nloss = '3'", "points: expected loss to be worth"),
        ("points = 3", "points: expected a table"),
        ("[question]\nid = 'x'", r"\[\[question\]\]"),
        ('[[question]]\nid = "loss"', r"question 1 \(loss\): id: expected one that the bank does not have, got 'loss'"),
        ('[[question]]\nid = "My Id"', r"question 1 \(My Id\): id: expected small letters"),
        ("[[question]]\nasks = ['E']", r"question 1: id: expected"),
        (QUESTION + QUESTION, r"question 2 \(my-gradient\): id: expected one that no other question has"),
        (
            QUESTION.replace("dE/dw1", "dE/dw9"),
            r"sheet\.toml, question 1 \(my-gradient\): expected asks to be quantities such as net_h1, E_total, dE/dw1 "
            r"or, for the new weight, w1_new, got 'dE/dw9'; "
            "this network has w1 to w6",
        ),
        (QUESTION.replace("dE/dw1", "nett_h1"), r"got 'nett_h1'; did you mean 'net_h1'"),
        (QUESTION.replace('["dE/dw1"]', "[]"), "asks: expected a list"),
        (QUESTION.replace("layers", "layer"), r"network: expected keys .* got 'layer'; did you mean 'layers'"),
        (QUESTION.replace("[2, 2, 1]", "[2, 0, 1]"), "network: expected layers to be"),
        (QUESTION.replace("[2, 2, 1]", "[2000, 1]"), "network: expected layers to be"),
        (QUESTION + 'activation = "sigmod"', r"activation: .*got 'sigmod'; did you mean 'sigmoid'"),
        (QUESTION + 'activation = "sigmod(z)"', r"activation: sigmod\(\.\.\) .*did you mean 'sigmoid'"),
        (QUESTION + 'loss = "cross_entropy"', "expected softmax outputs"),
        (QUESTION + 'update = "Adan"', r"did you mean 'Adam'"),
        (QUESTION + 'update = {rule = "Adam", beta = 1}', "Adam: expected beta1"),
        (QUESTION + "[question.numbers]\nw9 = 3", r"numbers: .*got 'w9'; this network has w1 to w6"),
        (QUESTION + "[question.numbers]\nlerning_rate = 3", "did you mean 'learning_rate'"),
        (QUESTION + "[question.numbers]\nw1 = 'x'", "numbers: expected w1 to be a number up to 1000000"),
        (QUESTION + "[question.numbers]\nw1 = true", "numbers: expected w1 to be a number up to 1000000"),
        (QUESTION + "[question.numbers]\nw1 = nan", "numbers: expected w1 to be a number up to 1000000"),
        (QUESTION + "[question.numbers]\nw1 = [0.9, 0.1]", "from a smaller to a larger"),
        (QUESTION + "[question.numbers]\ninputs = [1, 2, 3]", r"inputs to be \[0\.1, 0\.1\]"),
        (QUESTION + "[question.numbers]\nsamples = 2\ninputs = [1, 2]", "as many samples everywhere"),
        (QUESTION + "[question.numbers]\nsamples = 2.5", "samples to be a whole number"),
        (QUESTION.replace("asks", "digits = 40\nasks"), "digits: expected a whole number"),
        (QUESTION.replace("asks", "tolerance = 0\nasks"), "tolerance: expected a number above 0"),
        (QUESTION.replace("asks", "ask"), r"got 'ask'; did you mean 'asks'"),
        (QUESTION.replace("asks", "options = ['a', 'b']\nasks"), "options: expected none beside asks"),
        (QUESTION.replace("asks", "text = 'w is {w7}'\nasks"), r"text: .*got \{w7\}"),
        (QUESTION.replace("asks", "text = 2026-12-04\nasks"), "quotation marks"),
        (QUESTION.replace("asks", "given = 3\nasks"), "given: expected true or false, got '3'"),
        (QUESTION.replace("asks", "given = false\nasks"), "given: expected a text of your own beside given = false"),
        ("[[question]]\nid = 'x'\ntext = 'y'\ngiven = false\nanswer = 2", "given: expected none where the answer"),
        ("[[question]]\nid = 'x'\nasks = ['E']", "network: expected a network"),
        ("[[question]]\nid = 'x'\ntext = 'y'", "expected asks"),
        ("[[question]]\nid = 'x'\ntext = 'y'\nanswer = 2.5", "expected a whole number, or options"),
        ("[[question]]\nid = 'x'\nanswer = 2", "text: expected"),
        ("[[question]]\nid = 'x'\ntext = 'y'\noptions = ['a']\nanswer = 'a'", "options: expected a list of 2"),
        ("[[question]]\nid = 'x'\ntext = 'y'\noptions = ['a', 'A']\nanswer = 'a'", "answers that all differ"),
        ("[[question]]\nid = 'x'\ntext = 'y'\noptions = ['alpha', 'b']\nanswer = 'alfa'", "did you mean 'alpha'"),
        ("[[question]]\nid = 'x'\ntext = 'y'\nanswer = 2\nwrong = {2 = 'no'}", "other answers than the right one"),
        ("[[question]]\nid = 'x'\ntext = 'y'\nanswer = 2\nwrong = {two = 'no'}", "write a whole number"),
        ("x = " + "[" * 20_000, "line 1|nested"),
    ],
)
def test_a_mistake_is_said_with_its_place(text: str, expected: str) -> None:
    with pytest.raises(BpkitError, match=expected) as found:
        read_settings(text)
    assert str(found.value).startswith("sheet.toml")
    assert len(str(found.value)) < 500
    assert "\n" not in str(found.value)


def test_no_id_of_the_bank_is_free() -> None:
    for question in QUESTIONS:
        with pytest.raises(BpkitError, match="the bank does not have"):
            read_settings(QUESTION.replace("my-gradient", question.id))


def test_files_as_editors_save_them(tmp_path: Path) -> None:
    text = 'title = "Übung 3"\r\ndate = "Freitag"\r\n'
    for content in (text.encode(), b"\xef\xbb\xbf" + text.encode(), text.replace("\r\n", "\r").encode()):
        assert settings_from(content).title == "Übung 3"
    with pytest.raises(BpkitError, match=r"mine\.toml, line 1: expected text in UTF-8"):
        settings_from(text.encode("cp1252"), "mine.toml")
    with pytest.raises(BpkitError, match="UTF-8"):
        settings_from(text.encode("utf-16"))
    with pytest.raises(BpkitError, match="MB"):
        settings_from(b"#" * 2_000_000)
    with pytest.raises(BpkitError, match="expected a TOML file"):
        settings_file(tmp_path / "none.toml")


def test_a_german_sheet_has_german_words() -> None:
    settings = read_settings(
        'title = "Blatt 3"\nlanguage = "de"\n' + QUESTION + "[[question]]\nid = 'wahl'\n"
        "text = 'Welche?'\noptions = ['ja', 'nein']\nanswer = 'ja'\npoints = 2\n"
    )
    sheet = make_sheet(settings.questions, 2, "Ada", settings=settings)
    text = learner_notebook(sheet)
    for words in ("Für Ada.", "(1 Punkt)", "(2 Punkte)", "Ersetze `None`", "Berechne $", "auf 4 signifikante Stellen"):
        assert words in text
    assert re.search(r"Wähle eins: “(ja|nein)”; “(ja|nein)”\.", text)
    assert "2 Aufgaben mit zusammen 3 Punkten" in text.replace("Punkte.", "Punkten.")
    assert json.loads(text)["metadata"]["bpkit"]["language"] == "de"
    solved = solution_notebook(sheet)
    assert "Der Rechenweg" in solved
    assert "Blatt 3 – Lösungen" in solved
    french = make_sheet(["loss"], settings=read_settings('language = "fr"'))
    assert "Replace `None`" in learner_notebook(french)


def test_preview_shows_a_question_or_the_whole_sheet() -> None:
    one = run("preview", "my-gradient", "--sheet", str(SHEET), "--solution")
    assert one.exit_code == 0, one.output
    assert one.output.startswith("Sheet 3: backpropagation")
    assert "my-gradient: A slope in a small network (3 points)" in one.output
    assert "Answers:\n" in one.output
    whole = run("preview", "--sheet", str(SHEET))
    assert whole.output.startswith("Sheet 3: backpropagation · due Friday 4 December, 18:00")
    assert [*re.findall(r"^([\w-]+): .* points?\)$", whole.output, re.MULTILINE)] == [*settings_file(SHEET).questions]
    missing = run("preview", "my-gradien", "--sheet", str(SHEET))
    assert missing.exit_code != 0
    assert "did you mean 'my-gradient'" in missing.output


def test_preview_says_which_guarantee_fixed_numbers_break(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(QUESTION + "[question.numbers]\nw1 = 90\nx1 = 1\n")
    said = run("preview", "--sheet", str(path))
    assert said.exit_code == 0
    assert "my-gradient: Please look at this: a neuron is saturated or dead" in said.output


def test_new_says_how_many_questions_break_a_guarantee_and_preview_tells_which(tmp_path: Path) -> None:
    path = tmp_path / "my sheet.toml"
    bad = QUESTION + "[question.numbers]\nw1 = 300\nx1 = [0.1, 0.9]\n"
    well = QUESTION.replace("dE/dw1", "net_h1")
    path.write_text(bad + well.replace("my-gradient", "fine"))
    for learners, options, first in (
        ("3", ("--dry-run",), " on the first sheet"),
        ("1", ("--jobs", "1"), ""),
    ):
        said = run("new", "--sheet", str(path), "--learners", learners, "--out", str(tmp_path / "out"), *options)
        assert said.exit_code == 0, said.output
        (line,) = [one for one in said.output.splitlines() if "guarantee" in one]
        assert line.startswith(f"Please look at this: 1 of 2 questions{first} breaks a guarantee.")
        command = re.search(r"`bpkit exercises (.*)` tells which", line)
        shown = run(*shlex.split(command[1])).output
        bad_one, fine = shown.split("\nfine: ")
        assert "a neuron is saturated" in bad_one
        assert 3 <= bad_one.count("Please look at this") <= 5
        assert re.search(r"^my-gradient: And \d+ more like these\.$", bad_one, re.MULTILINE)
        assert "Please look" not in fine
    path.write_text(well)
    assert "guarantee" not in run("new", "--sheet", str(path), "--dry-run").output
    assert "guarantee" not in run("new", "--dry-run").output
    panel = panels.regenerate(out=str(tmp_path / "page"))
    panel.set(sheet=bad)
    assert "1 of 1 question breaks a guarantee. The preview tells which." in forecast_html(panel.state)
    panel.set(sheet=well)
    assert "guarantee" not in forecast_html(panel.state)


def test_all_editions_by_one_word_and_a_wrong_one_lists_them_once(tmp_path: Path) -> None:
    done = run("new", "--questions", "loss", "--editions", "all", "--out", str(tmp_path), "--variants", "1")
    assert done.exit_code == 0, done.output
    made = files_of(plan(1, 0, ("loss",)), tuple(EDITIONS))
    assert {path.name for path in tmp_path.iterdir()} == {name.partition("/")[0] for name in made}
    refused = run("new", "--editions", "paper").output
    for name in (*EDITIONS, "all"):
        assert len(re.findall(rf"\b{name}\b", refused)) == 1
    assert "did you mean 'moodle'?" in run("new", "--editions", "modle").output
    told = " ".join(run("new", "--help").output.split())
    assert f"Instead of the usual two: some of {', '.join(EDITIONS)}, separated by commas" in told
    assert "or all" in told


def test_new_takes_difficulty_and_questions_from_the_file_and_options_win(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text('difficulty = "hard"\nquestions = ["loss", "my-gradient"]\ntitle = "Sheet"\n' + QUESTION)
    for extra, questions, level in (
        ((), ["loss", "my-gradient"], "hard"),
        (("--questions", "my-gradient"), ["my-gradient"], "hard"),
        (("--questions", "output-delta,my-gradient", "--difficulty", "easy"), ["output-delta", "my-gradient"], "easy"),
    ):
        out = tmp_path / f"out{len(extra)}"
        done = run("new", "--sheet", str(path), "--out", str(out), "--jobs", "1", *extra)
        assert done.exit_code == 0, done.output
        key = json.loads((out / "key/key.json").read_text(encoding="utf-8"))
        assert (key["questions"], key["difficulty"], key["title"]) == (questions, level, "Sheet")


def test_a_mistake_in_the_file_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(QUESTION.replace("dE/dw1", "dE/dw9"))
    done = run("new", "--sheet", str(path), "--out", str(tmp_path / "out"))
    assert done.exit_code != 0
    assert "s.toml, question 1 (my-gradient)" in done.output
    assert not (tmp_path / "out").exists()


def test_the_page_takes_the_same_file(tmp_path: Path) -> None:
    panel = panels.regenerate(out=str(tmp_path / "out"))
    text = SHEET.read_text(encoding="utf-8")
    panel.set(sheet=text, learners=2)
    setup = panel.state.setup
    assert setup.plan.settings == settings_file(SHEET)
    assert setup.plan.questions == settings_file(SHEET).questions
    assert "--sheet sheet.toml" in panel.command.value
    assert "--questions" not in panel.command.value
    panel.set(question="my-gradient")
    assert panel.state.preview.points == 3
    panel.set(sheet=text.replace("dE/dw1", "dE/dw9"))
    assert panel.state.setup is None
    assert "question 1 (my-gradient)" in panel.state.problem
    panel.set(sheet="")
    assert panel.state.setup.plan.questions == DEFAULT_QUESTIONS
