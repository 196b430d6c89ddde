"""What a learner answered is kept in one small file, and comes back; nothing is lost, and nothing else is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

import bpkit as bp
from bpkit.page import progress_file


@pytest.fixture(name="file")
def kept_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's file, and a kernel of lesson 05."""
    path = tmp_path / "home" / "progress.json"
    monkeypatch.setenv("BPKIT_PROGRESS", str(path))
    monkeypatch.setenv("JPY_SESSION_NAME", "lessons/05_output_weights.ipynb")
    monkeypatch.setattr(progress_file, "_in_kernel", lambda: True)
    return path


def moved(app: Any, **values: Any) -> None:
    """What a hand on the page does."""
    app.moved = {"version": app._version, "values": {**app.values, **values}}


def test_the_usual_place_is_in_the_learner_s_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BPKIT_PROGRESS")
    assert progress_file.place() == Path.home() / ".bpkit" / "progress.json"
    monkeypatch.setenv("BPKIT_PROGRESS", "")
    assert progress_file.place() is None


def test_answers_come_back_and_what_is_done_stays_done(file: Path) -> None:
    moved(bp.apps.predict("toward-the-target"), guess="down", final="down")
    again = bp.apps.predict("toward-the-target")
    assert again.committed == "down"
    assert "You said down" in again.told["message"]
    question = bp.exercises.ask("output-weight", seed=4)
    moved(question, answers=["0.5"])
    [kept] = [one for key, one in progress_file.answered("05_output_weights").items() if key.startswith("exercise")]
    assert not kept["done"]
    right = question.state.exercise.parts["a"].printed
    moved(question, answers=[right])
    moved(question, answers=["0.5"])
    [kept] = [one for key, one in progress_file.answered("05_output_weights").items() if key.startswith("exercise")]
    assert kept["done"]
    assert kept["title"] == question.state.exercise.bank.title
    assert bp.exercises.ask("output-weight", seed=4).state.typed == ("0.5",)
    assert bp.exercises.ask("output-weight", seed=5).state.typed == ("",)
    moved(question, seed=5)
    moved(question, answers=["0.25"])
    back = bp.exercises.ask("output-weight", seed=4)
    assert (back.values["seed"], back.state.typed) == (5, ("0.25",))
    box = bp.apps.ask(bp.examples.article, "net_o1")
    moved(box, number="0.844681")
    assert bp.apps.ask(bp.examples.article, "net_o1").state.typed == "0.844681"
    assert len(json.loads(file.read_text(encoding="utf-8"))["05_output_weights"]) == 3


def test_another_notebook_has_answers_of_its_own(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved(bp.apps.predict("toward-the-target"), guess="down", final="down")
    monkeypatch.setenv("JPY_SESSION_NAME", "06_hidden_weights.ipynb")
    assert bp.apps.predict("toward-the-target").committed is None


def test_what_a_program_sets_and_what_no_notebook_asks_is_not_kept(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bp.apps.predict("toward-the-target").set(final="down")
    moved(bp.apps.forward(bp.examples.article), w1=0.5)
    assert not file.exists()
    monkeypatch.setattr(progress_file, "_in_kernel", lambda: False)
    moved(bp.apps.predict("toward-the-target"), final="down")
    assert not file.exists()


@pytest.mark.parametrize("broken", ["{", "[1]", '{"05_output_weights": 3}', '{"05_output_weights": {"a": 1}}', "\0"])
def test_a_broken_file_brings_nothing_down_and_is_not_lost(file: Path, broken: str) -> None:
    file.parent.mkdir()
    file.write_text(broken, encoding="utf-8")
    app = bp.apps.predict("toward-the-target")
    assert app.committed is None
    moved(app, final="down")
    assert bp.apps.predict("toward-the-target").committed == "down"
    left = file.with_name("progress.json.unreadable")
    assert left.read_text(encoding="utf-8") == broken if broken[0] != "{" or broken == "{" else not left.exists()


@pytest.mark.parametrize("values", [{"final": 3}, {"final": "sideways"}, {"final": []}, {"guess": "up"}, [], None])
def test_answers_changed_by_hand_are_passed_over(file: Path, values: Any) -> None:
    moved(bp.apps.predict("toward-the-target"), guess="down", final="down")
    everything = json.loads(file.read_text(encoding="utf-8"))
    [key] = everything["05_output_weights"]
    everything["05_output_weights"][key]["values"] = values
    file.write_text(json.dumps(everything), encoding="utf-8")
    assert bp.apps.predict("toward-the-target").committed is None
    assert repr(bp.apps.predict("toward-the-target"))


def test_where_nothing_can_be_written_nothing_is_kept_and_nothing_fails(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plain").write_text("", encoding="utf-8")
    monkeypatch.setenv("BPKIT_PROGRESS", str(tmp_path / "plain" / "progress.json"))
    app = bp.apps.predict("toward-the-target")
    moved(app, final="down")
    assert app.committed == "down"
    assert bp.apps.predict("toward-the-target").committed is None


def test_the_map_tells_what_is_done_and_can_forget(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [
        nbformat.v4.new_markdown_cell("# 05 · Weights\n\n**What does w₅ do?**\n\nTime: about 15 minutes."),
        nbformat.v4.new_code_cell('bp.apps.predict("toward-the-target")'),
        nbformat.v4.new_code_cell('bp.exercises.ask("output-weight", seed=4)\nbp.apps.ask(problem, "net_o1")'),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "05_output_weights.ipynb")
    monkeypatch.chdir(tmp_path)
    row = "| [05 · Weights](05_output_weights.ipynb) | What does w₅ do? | 15\u00a0min | "
    assert f"{row}0\u00a0of\u00a03 |" in bp.apps.progress()._repr_markdown_()
    moved(bp.apps.predict("toward-the-target"), guess="down", final="down")
    shown = bp.apps.progress()
    assert f"{row}1\u00a0of\u00a03: the prediction |" in shown._repr_markdown_()
    assert repr(shown) == "1 lessons; 1 of 3 questions done"
    question = bp.exercises.ask("output-weight", seed=4)
    moved(question, answers=[question.state.exercise.parts["a"].printed])
    moved(bp.apps.ask(bp.examples.article, "net_o1"), number="0.844681")
    shown = bp.apps.progress()
    assert f"{row}✓\u00a0all\u00a03 |" in shown._repr_markdown_()
    shown.forget()
    assert f"{row}0\u00a0of\u00a03 |" in shown._repr_markdown_()
    assert not file.exists()
    assert bp.apps.predict("toward-the-target").committed is None
    assert "no lessons in this folder" in bp.apps.progress(tmp_path / "home")._repr_markdown_()
