"""Marking: planted mistakes found and named, errors carried forward, and files that mean harm."""

from __future__ import annotations

import builtins
import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from thorough import many

from bpkit.core.numeric import evaluate_given
from bpkit.exercises.editions.notebooks import learner_notebook
from bpkit.exercises.marking.doctor import examine, repaired
from bpkit.exercises.marking.feedback_page import feedback_page
from bpkit.exercises.marking.one_file import Marked, mark_file
from bpkit.exercises.marking.records import answers_table, marks_table
from bpkit.exercises.marking.report import class_page
from bpkit.exercises.marking.standing import settle
from bpkit.exercises.marking.submissions import LARGEST_FILE, files_in, read_submission
from bpkit.exercises.marking.whole_class import reports
from bpkit.exercises.questions.answers import NotRead
from bpkit.exercises.questions.judging import BY_HAND, mark_sheet
from bpkit.exercises.questions.parts import ExactPart, NumberPart
from bpkit.exercises.questions.written import FormulaPart, FunctionPart
from bpkit.exercises.sheets.cohort import plan
from bpkit.exercises.sheets.fairness import facts, fairness
from bpkit.exercises.sheets.key import Key, key_text, read_key
from bpkit.exercises.sheets.sheet import Sheet, make_sheet

QUESTIONS = ("net-and-out", "hidden-weight", "hidden-update", "sign-first", "symbolic", "which-slip", "learning-rate")


def written(sheet: Sheet, answers: dict[str, Any]) -> str:
    """A learner's notebook with answers typed into it."""
    notebook = json.loads(learner_notebook(sheet))
    for cell in notebook["cells"]:
        about = cell["metadata"]["bpkit"]
        if about.get("kind") == "answer" and about["key"] in answers:
            cell["source"] = f'answers["{about["key"]}"] = {answers[about["key"]]!r}'
    return json.dumps(notebook)


def class_of(count: int, questions: tuple[str, ...] = QUESTIONS, seed: int = 5) -> tuple[Key, dict[str, Sheet]]:
    made = plan(count, seed=seed, questions=questions)
    sheets = {seat.slug: made.sheet(seat) for seat in made.seats}
    tasks = [(seat, sheets[seat.slug].data()["tasks"]) for seat in made.seats]
    path = Path("key.json")
    text = key_text(made, tasks, seed)
    data = json.loads(text)
    assert data["questions"] == list(questions)
    assert path.name == "key.json"
    return Key(made.seats, {row["slug"]: row["tasks"] for row in data["learners"]}, data), sheets


def typed(part: Any, answer: Any) -> Any:
    return float(f"{answer:.{part.digits}g}") if isinstance(part, NumberPart) else answer


def test_planted_mistakes_come_back_under_their_names(tmp_path: Path) -> None:
    learners = many(16, 30)
    key, sheets = class_of(learners)
    rng = np.random.default_rng(0)
    planted: dict[str, dict[str, str | None]] = {}
    for slug, sheet in sheets.items():
        answers, mistakes = {}, {}
        for name, part in sheet.parts.items():
            number, _ = sheet.places[name]
            options = [w for w in part.wrong if w.name in sheet[number].declared]
            # A mistake in one part only of each exercise, so that nothing is carried forward here.
            earlier = any(mistakes.get(k) for k, (n, _) in sheet.places.items() if n == number and k in mistakes)
            if options and not earlier and rng.random() < 0.4:
                wrong = options[int(rng.integers(len(options)))]
                answers[name], mistakes[name] = typed(part, wrong.answer), wrong.name
            else:
                answers[name], mistakes[name] = typed(part, part.answer), None
        planted[slug] = mistakes
        (tmp_path / f"{slug}.ipynb").write_text(written(sheet, answers))
    results = [mark_file(one, key) for one in files_in(tmp_path)]
    assert len(results) == learners
    counted = 0
    for marked in results:
        assert not marked.problem
        assert not marked.remarks
        for mark in marked.marks:
            wanted = planted[marked.slug][mark.key]
            if wanted is None:
                assert mark.feedback.verdict == "correct", mark
                assert mark.points == mark.worth
            else:
                counted += 1
                assert wanted in mark.feedback.misconceptions, mark
                assert mark.points == 0
    assert counted > 2 * learners
    by_name = Counter(name for found in planted.values() for name in found.values() if name)
    outcome = settle(results, key)
    page = class_page(outcome)
    assert f"{learners} of {learners} files marked" in page
    assert all(name.replace("'", "&#39;") in page for name in by_name)
    rows = list(csv.DictReader(io.StringIO(answers_table(outcome))))
    assert sum(row["verdict"] == "misconception" for row in rows) == counted
    total = {row["learner"]: float(row["points"]) for row in csv.DictReader(io.StringIO(marks_table(outcome)))}
    assert total == {marked.learner: pytest.approx(marked.points) for marked in results}


# Errors carried forward


def by_hand() -> Sheet:
    return make_sheet(["network-by-hand"], seed=4)


def answers_given(sheet: Sheet, wrong: dict[str, float], follow: bool = True) -> dict[str, Any]:
    """The answers of a learner who has some wrong values and computes everything else from them."""
    problem = sheet[1].problem
    places = {part.quantity: name for name, part in sheet.parts.items()}
    values = evaluate_given(problem, wrong if follow else {})
    found = {places[q]: typed(sheet.parts[places[q]], values[q]) for q in places}
    return {**found, **{places[q]: value for q, value in wrong.items()}}


def verdicts(sheet: Sheet, answers: dict[str, Any]) -> dict[str, str]:
    return {sheet.parts[mark.key].quantity: mark.feedback.verdict for mark in mark_sheet(sheet, answers)}


def test_an_error_is_counted_once_and_then_carried_forward() -> None:
    sheet = by_hand()
    said = verdicts(sheet, answers_given(sheet, {"out_h1": 0.123}))
    assert said["net_h1"] == said["net_h2"] == said["out_h2"] == "correct"
    assert said["out_h1"] not in ("correct", "rounded", "carried")
    assert {said[q] for q in ("net_o1", "net_o2", "out_o1", "out_o2", "E_total", "dE_total/dnet_o1")} == {"carried"}
    marks = mark_sheet(sheet, answers_given(sheet, {"out_h1": 0.123}))
    assert sum(mark.points for mark in marks) == len(marks) - 1
    carried = [mark.feedback.message for mark in marks if mark.feedback.verdict == "carried"]
    assert carried
    # The slip alone, and not what follows from it.
    said = "Right method: this fits your out(h1) = 0.123"
    assert {message.partition(". ")[0] for message in carried} == {said}


def test_two_errors_are_carried_forward_together() -> None:
    sheet = by_hand()
    said = verdicts(sheet, answers_given(sheet, {"net_h1": 0.7, "out_o1": 0.5}))
    assert [q for q, verdict in said.items() if verdict not in ("correct", "rounded", "carried")] == [
        "net_h1",
        "out_o1",
    ]


def test_whoever_goes_on_with_the_right_value_is_right() -> None:
    sheet = by_hand()
    said = verdicts(sheet, answers_given(sheet, {"out_h1": 0.123}, follow=False))
    assert [q for q, verdict in said.items() if verdict != "correct"] == ["out_h1"]


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, "y1"])
def test_values_that_make_the_rest_trivial_are_not_carried_and_the_learner_is_told(value: float | str) -> None:
    """Such as the target itself: no error is left to go back."""
    sheet = by_hand()
    value = sheet[1].problem.givens[value] if isinstance(value, str) else value
    marks = mark_sheet(sheet, answers_given(sheet, {"out_o1": value}))
    delta = next(mark for mark in marks if sheet.parts[mark.key].quantity == "dE_total/dnet_o1")
    assert delta.points == 0
    assert "out(o1)" in delta.feedback.message
    assert "nothing to compute" in delta.feedback.message


def test_an_error_is_carried_as_far_as_rounding_reaches_and_no_further() -> None:
    sheet = by_hand()
    given = sheet[1].problem.givens
    answers = answers_given(sheet, {"out_h1": 0.123})
    place, part = next((name, part) for name, part in sheet.parts.items() if part.quantity == "net_o1")
    h2 = evaluate_given(sheet[1].problem, {})["out_h2"]
    onward = given["w5"] * 0.123 + given["w6"] * h2 + given["b2"]
    # what rounding does to the right number, in proportion, and half a unit of the last digit typed of out_h1
    reach = part.slack * abs(onward / part.right) + abs(given["w5"]) * 0.0005
    for off, verdict in ((0.99, True), (-0.99, True), (1.01, False), (-1.01, False), (500, False)):
        said = verdicts(sheet, {**answers, place: onward + off * reach})["net_o1"]
        assert (said == "carried") == verdict, (off, said)
        assert said not in ("correct", "rounded")


def test_an_output_that_no_sigmoid_has_is_gone_on_with_as_it_stands() -> None:
    """By the formula of the lesson, out(1 - out), not by the spelling that computers need near 1."""
    sheet = by_hand()
    target = sheet[1].problem.givens["y2"]
    places = {part.quantity: name for name, part in sheet.parts.items()}
    answers = {**answers_given(sheet, {}), places["out_o2"]: 1.198}
    answers[places["dE_total/dnet_o2"]] = float(f"{(1.198 - target) * 1.198 * (1 - 1.198):.4g}")
    assert verdicts(sheet, answers)["dE_total/dnet_o2"] == "carried"


def test_code_is_left_to_the_instructor(tmp_path: Path) -> None:
    key, sheets = class_of(1, ("code", "loss"))
    ((slug, sheet),) = sheets.items()
    path = tmp_path / f"{slug}.ipynb"
    path.write_text(learner_notebook(sheet))
    marked = mark_file(path, key)
    assert [mark.feedback.verdict for mark in marked.marks] == [BY_HAND] * 4 + ["blank"]
    assert marked.worth == 6
    (standing,) = settle([marked], key).standings
    assert "Your instructor still has to mark 4 answers, worth 5 points." in feedback_page(standing, key)


def test_the_source_of_a_function_is_kept_for_the_instructor_and_marking_says_so(tmp_path: Path) -> None:
    key, sheets = class_of(1, ("code", "loss"))
    ((slug, sheet),) = sheets.items()
    book = json.loads(learner_notebook(sheet))
    source = 'import os\nos.mkdir("ran")\n\ndef backward(*arrays):\n    return arrays\n\nanswers["1b"] = backward'
    next(cell for cell in book["cells"] if cell.get("id") == "answer-1b")["source"] = source
    path = tmp_path / f"{slug}.ipynb"
    path.write_text(json.dumps(book))
    marked = mark_file(path, key)
    assert marked.code["1b"] == source
    assert set(marked.code) == {"1a", "1b", "1c", "1d"}
    files = dict(reports(settle([marked], key)))
    assert files[f"code/{slug}-1b.py"] == source
    assert all("kept in the folder code" in mark.feedback.message for mark in marked.marks[:4])
    assert not (tmp_path / "ran").exists()
    assert not Path("ran").exists()


# How answers are read


def notebook_of(*sources: str, kinds: tuple[str, ...] = ()) -> dict[str, Any]:
    cells = [
        {"cell_type": kind, "metadata": {}, "source": source}
        for source, kind in zip(sources, kinds or ("code",) * len(sources))
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ('answers["1"] = 0.0851', 0.0851),
        ("answers['1'] = '0,0851'  # my answer", "0,0851"),
        ('answers["1"] = -0.5\nprint("hello")', -0.5),
        ('%time\nanswers["1"] = 0.5', 0.5),
        ('answers["1"] = (2, 3)', (2, 3)),
        ('answers["1"] = ["h1 o1",\n    "h1 o2"]', ["h1 o1", "h1 o2"]),
        ('answers["1"] = 0.1 * 0.5', 0.05),
        ('answers["1"] = None', None),
        ('x = 3\nanswers["1"] = x', 3),
        ('answers["1"] = x', "name"),
        ('answers["1"] = float("0.5")', 0.5),
        ('answers["1"] = 10**10**10', "no plain value"),
        ('answers["1"] = __import__("os").system("touch ran")', "no plain value"),
        ('answers["1"] = [0] * 10**9', "no plain value"),
        ('answers["1"] = "a" * 10**9', "no plain value"),
        ('answers["1"] = ' + "[" * 300 + "]" * 300, None),
    ],
)
def test_answers_are_literals_and_nothing_is_run(
    source: str, value: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*arguments: Any, **more: Any) -> Any:
        raise AssertionError("evaluated")

    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(notebook_of(source)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(builtins, "eval", never)
    found = read_submission(path).answers["1"].value
    if isinstance(found, NotRead):
        assert isinstance(value, str) or value is None
        assert value is None or value in found.why
    elif value is not None:
        assert found == value
    assert not (tmp_path / "ran").exists()


# Files that mean harm, or have come to harm


def hostile(folder: Path, good: str) -> dict[str, str]:
    """Write bad files; what the report must say about each."""
    half = good[: len(good) // 2]
    spoiled = json.loads(good)
    files: dict[str, str | bytes] = {
        "empty": b"",
        "half": half,
        "binary": bytes(range(256)) * 40,
        "latin": "ä".join([good[:200], good[200:]]).encode("latin-1"),
        "deep": "[" * 200_000 + "]" * 200_000,
        "list": "[1, 2, 3]",
        "number": "1" * 10_000,
        "format2": json.dumps({"worksheets": [], "nbformat": 2}),
        "cells": json.dumps(
            {"cells": [None, 3, {"source": 7}, {"source": [1, "answers"]}], "metadata": [], "nbformat": 4}
        ),
        "many": json.dumps({**spoiled, "cells": spoiled["cells"] * 400}),
    }
    expected = {
        "empty": "empty",
        "half": "not a whole notebook",
        "binary": "UTF-8",
        "latin": "UTF-8",
        "deep": "nested too deeply",
        "list": "not a notebook",
        "number": "not a",
        "format2": "format 2, which is too old",
        "cells": "no learner of the key",
        "many": "more than",
        "huge": "MB large",
        "link": "link",
    }
    for name, content in files.items():
        path = folder / f"{name}.ipynb"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with (folder / "huge.ipynb").open("wb") as file:
        file.truncate(LARGEST_FILE + 75_000_001)
    (folder / "link.ipynb").symlink_to("/etc/passwd")
    return expected


def test_hostile_files_are_reported_and_the_others_marked(tmp_path: Path) -> None:
    key, sheets = class_of(3)
    for slug, sheet in sheets.items():
        answers = {name: typed(part, part.answer) for name, part in sheet.parts.items()}
        (tmp_path / f"{slug}.ipynb").write_text(written(sheet, answers))
    expected = hostile(tmp_path, (tmp_path / "learner-01.ipynb").read_text())
    loop = tmp_path / "loop"
    loop.symlink_to(tmp_path, target_is_directory=True)
    results = {marked.path.stem: marked for marked in (mark_file(one, key) for one in files_in(tmp_path))}
    assert set(results) == set(expected) | set(sheets)
    for name, words in expected.items():
        assert words in results[name].problem, (name, results[name].problem)
    for slug in sheets:
        assert results[slug].points == results[slug].worth > 0
    everything = settle(list(results.values()), key)
    assert class_page(everything).count("<tr>") > len(expected)
    lines = list(csv.DictReader(io.StringIO(marks_table(everything))))
    assert {Path(line["file"]).stem: bool(line["problem"]) for line in lines} == {
        name: name in expected for name in results
    }


def test_answers_that_would_harm_are_answers_that_are_wrong(tmp_path: Path) -> None:
    key, sheets = class_of(1)
    ((slug, sheet),) = sheets.items()
    texts = [
        *('"10**10**10"', "10**10**10", "\"__import__('os').system('touch ran')\"", '"' + "(" * 4000 + '"'),
        *(
            "float('nan')",
            "1e999",
            "True",
            "{}",
            "[[[]]]",
            "b'x'",
            "'=HYPERLINK(\"http://x\")'",
            "'<script>alert(1)</script>'",
        ),
    ]
    notebook = json.loads(learner_notebook(sheet))
    cells = [cell for cell in notebook["cells"] if cell["metadata"]["bpkit"].get("kind") == "answer"]
    for number, cell in enumerate(cells):
        cell["source"] = f'answers["{cell["metadata"]["bpkit"]["key"]}"] = {texts[number % len(texts)]}'
    path = tmp_path / f"{slug}.ipynb"
    path.write_text(json.dumps(notebook))
    marked = mark_file(path, key)
    assert not marked.problem
    assert marked.points == 0
    assert {mark.feedback.verdict for mark in marked.marks} <= {"unreadable", "unknown"}
    outcome = settle([marked], key)
    page = feedback_page(outcome.standings[0], key) + class_page(outcome)
    assert "<script>alert" not in page
    assert "\n=HYPER" not in answers_table(outcome)
    assert ",=" not in answers_table(outcome)


def test_whose_a_file_is(tmp_path: Path) -> None:
    key, sheets = class_of(3, ("loss",))
    sheet = sheets["learner-02"]
    answers = {"1": typed(sheet.parts["1"], sheet.parts["1"].answer)}
    bare = json.loads(written(sheet, answers))
    (tmp_path / "1234_learner-02_late.ipynb").write_text(json.dumps(bare))
    del bare["metadata"]["bpkit"]
    (tmp_path / "4_learner-02.ipynb").write_text(json.dumps(bare))
    (tmp_path / "homework.ipynb").write_text(json.dumps(bare))
    by_file = {marked.path.name: marked for marked in (mark_file(one, key) for one in files_in(tmp_path))}
    assert by_file["1234_learner-02_late.ipynb"].points == 1
    lost = by_file["4_learner-02.ipynb"]
    assert lost.slug == "learner-02"
    assert lost.remarks == ("its own data are lost; its numbers are those of learner 02",)
    assert by_file["homework.ipynb"].slug == "learner-02"
    bare["cells"] = [cell for cell in bare["cells"] if cell["id"] != "setup"]
    (tmp_path / "4_learner-02.ipynb").write_text(json.dumps(bare))
    lost = mark_file(tmp_path / "4_learner-02.ipynb", key, tmp_path)
    assert lost.points == 1
    assert lost.remarks == ("its own data are lost; its owner was read from the name of the file or its folder",)
    (tmp_path / "homework.ipynb").write_text(json.dumps(bare))
    assert "no learner of the key" in mark_file(tmp_path / "homework.ipynb", key, tmp_path).problem


def test_a_notebook_with_somebody_elses_numbers_is_not_marked(tmp_path: Path) -> None:
    key, sheets = class_of(2, ("hidden-weight",))
    one, two = sheets.values()
    copied = json.loads(written(one, {"1": typed(one.parts["1"], one.parts["1"].answer)}))
    copied["metadata"]["bpkit"]["learner"] = two.learner
    path = tmp_path / "learner-02.ipynb"
    path.write_text(json.dumps(copied))
    marked = mark_file(path, key)
    assert not marked.marks
    assert "it says that it belongs to learner 02, but it has the numbers of learner 01" in marked.problem


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"schema": 9, "learners": []}', "{broken", '{"schema": 1, "learners": [{}]}']
)
def test_a_key_that_is_none_is_refused_in_words(text: str, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"key: expected the key.json"):
        read_key(path)
    with pytest.raises(ValueError, match="found none"):
        read_key(tmp_path / "other" / "key.json")


# The doctor


def sick(change: Any) -> str:
    sheet = make_sheet(["net-and-out", "loss"], seed=2, learner="Ada")
    notebook = json.loads(written(sheet, {"1a": 0.5, "1b": 0.6, "2": 0.7}))
    change(notebook)
    return json.dumps(notebook)


def answer_cell(notebook: Any, key: str) -> Any:
    return next(cell for cell in notebook["cells"] if cell["metadata"].get("bpkit", {}).get("key") == key)


def lose(notebook: Any) -> None:
    notebook["cells"].remove(answer_cell(notebook, "1b"))


def copy(notebook: Any) -> None:
    notebook["cells"].append(answer_cell(notebook, "1b"))


def split(notebook: Any) -> None:
    answer_cell(notebook, "1b")["source"] = 'answers["1b"] ='


def rename(notebook: Any) -> None:
    answer_cell(notebook, "1b")["source"] = 'answers["1c"] = 0.6'


def strip(notebook: Any) -> None:
    del notebook["metadata"]["bpkit"]
    for cell in notebook["cells"]:
        cell["metadata"] = {}


def to_markdown(notebook: Any) -> None:
    cell = answer_cell(notebook, "1b")
    cell["cell_type"] = "markdown"
    del cell["outputs"], cell["execution_count"]


def no_number(notebook: Any) -> None:
    answer_cell(notebook, "1b")["source"] = 'answers["1b"] = "six tenths"'


def lose_numbers(notebook: Any) -> None:
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] != "setup"]


def nothing(notebook: Any) -> None:
    pass


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lose, "the answer 1b is lost"),
        (copy, "1b is in several cells"),
        (split, "holds no line"),
        (rename, "was renamed to 1c"),
        (strip, "has lost its own data"),
        (to_markdown, "is Markdown"),
        (no_number, "cannot read 'six tenths' as a number"),
        (lose_numbers, "numbers of the questions is lost"),
    ],
)
def test_the_doctor_finds_what_is_wrong_and_mends_a_copy(change: Any, words: str, tmp_path: Path) -> None:
    path = tmp_path / "ada.ipynb"
    path.write_text(sick(change))
    said = examine(path)
    assert any(words in finding for finding in said.findings), said
    before = path.read_bytes()
    (tmp_path / "mended.ipynb").write_text(repaired(path))
    assert path.read_bytes() == before
    mended = examine(tmp_path / "mended.ipynb")
    left = {no_number, lose_numbers, rename, split}  # what only the learner can put right
    assert change in left or not any(words in finding for finding in mended.findings), mended
    kept = read_submission(tmp_path / "mended.ipynb").answers
    assert kept["1a"].value == 0.5
    assert kept["2"].value == 0.7


def test_the_doctor_lets_a_healthy_notebook_go(tmp_path: Path) -> None:
    path = tmp_path / "ada.ipynb"
    path.write_text(sick(nothing))
    assert examine(path).findings == ()
    assert "can be marked" in repr(examine(path))


def test_the_doctor_says_when_nothing_can_be_done(tmp_path: Path) -> None:
    path = tmp_path / "ada.ipynb"
    path.write_text("{")
    assert not examine(path).markable
    path.write_text(json.dumps(notebook_of("print(1)")))
    assert not examine(path).markable


# Reports


def test_a_fairness_report_tells_how_alike_the_sheets_are() -> None:
    sheets = [make_sheet(["hidden-weight", "loss", "hidden-paths"], seed=seed) for seed in range(8)]
    rows = list(csv.DictReader(io.StringIO(fairness([facts(sheet) for sheet in sheets]))))
    assert [row["question"] for row in rows] == ["hidden-weight", "loss", "hidden-paths", "whole sheet"]
    assert [row["points"] for row in rows] == [row["marked out of"] for row in rows] == ["1", "1", "2", "4"]
    assert all(int(row["learners"]) == 8 for row in rows)
    smallest = min(abs(sheet.parts["1"].answer) for sheet in sheets)
    assert float(rows[0]["smallest answer"]) == pytest.approx(smallest, rel=0.01)
    assert int(rows[0]["misconceptions"]) >= int(rows[0]["always covered"]) > 0


def test_every_kind_of_part_can_be_marked() -> None:
    sheet = make_sheet(QUESTIONS, seed=1)
    kinds = {type(part) for part in sheet.parts.values()}
    assert kinds >= {NumberPart, ExactPart, FormulaPart}
    assert FunctionPart not in kinds
    assert repr(Marked(Path("x.ipynb"), problem="empty")) == "Marked(x.ipynb: empty)"
