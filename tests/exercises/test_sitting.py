"""The boxes of "check yourself": verdicts by name, nothing given away, new numbers, the solution for who asks."""

from __future__ import annotations

from typing import Any

import pytest

import bpkit as bp
from bpkit.core.spelling import typeset
from bpkit.exercises.parts import ExactPart, NumberPart
from bpkit.exercises.written import FormulaPart

TYPED = [question.id for question in bp.exercises.questions() if question.id != "code"]


def written(part: Any, answer: Any) -> str:
    """An answer as a learner types it."""
    if isinstance(part, NumberPart):
        return f"{answer:#.{part.digits}g}"
    return ", ".join(map(str, answer)) if isinstance(answer, list | tuple) else str(answer)


def shown(app: Any) -> str:
    """All that the page is told, with the words for pages that run nothing."""
    return " ".join([repr(app), str(app.bundles()), str(app.told), str(app.spec)])


@pytest.mark.parametrize("id", TYPED)
def test_right_answers_and_named_mistakes(id: str) -> None:
    app = bp.exercises.ask(id, seed=2)
    assert not app.told["tried"]
    for place, (letter, part) in enumerate(app.state.exercise.parts.items()):
        known = [wrong for wrong in part.wrong if wrong.name in app.state.exercise.declared]
        if known and not isinstance(part, FormulaPart):
            app.answer(**{letter: written(part, known[0].answer)})
            verdict, message = app.told["said"][place]
            assert (verdict, message[:9]) == ("misconception", "Not right")
            assert known[0].name in app.state.feedback[place].misconceptions
            assert app.told["tried"]
        app.answer(**{letter: written(part, part.answer)})
    assert all(app.state.feedback)
    assert app.told["score"].count("All correct.") == 1
    assert {verdict for verdict, _ in app.told["said"]} <= {"correct", "rounded", "carried"}


def test_the_line_where_the_mistake_happens_is_shown_and_not_the_number() -> None:
    app = bp.exercises.ask("hidden-weight", seed=6)
    part = app.state.exercise.content.parts[0]
    forgot = next(wrong for wrong in part.wrong if wrong.name == "forgets the hidden slope")
    app.answer(a=f"{forgot.answer:.5g}")
    weight = bp.derive(part.problem)[part.quantity].quantity.by.name
    name = f"dE_total/dnet_{part.problem.network.weights[weight][1]}"
    number = next(step.number for step in bp.derive(part.problem.network) if step.name == name)
    assert f"Look at line ({number}): {typeset(name, bp.derive(part.problem).quantities)} =" in app.told["said"][0][1]
    assert part.shown() not in shown(app)


def test_nothing_is_given_away_before_the_solution_is_asked_for() -> None:
    for id in ("net-and-out", "hidden-weight", "output-update"):
        app = bp.exercises.ask(id, seed=1)
        parts = app.state.exercise.parts
        answers = [f"{part.right:.4g}" for part in app.state.exercise.content.parts]
        for typed in ("", "0.5", "7", "rubbish", "-1e3", "8."):
            app.answer(**dict.fromkeys(parts, typed))
            assert not any(answer in shown(app) for answer in answers)
        app.answer(a="7")
        app.opened.value = True
        assert "<math" in app.told["solution"]
        app.opened.value = False
        assert app.told["solution"] == ""


def test_the_solution_waits_for_a_try_that_can_be_read() -> None:
    app = bp.exercises.ask("loss", seed=1)
    app.opened.value = True
    for typed, tried in [("", False), ("rubbish", False), ("1", True), ("", False)]:
        app.answer(a=typed)
        assert app.told["tried"] == bool(app.told["solution"]) == tried
    app.answer(a="rubbish")
    assert "I cannot read 'rubbish' as a number. Type it like 0.0851 or 1/3." in repr(app)


def test_new_numbers_start_afresh() -> None:
    app = bp.exercises.ask("one-weight", seed=3)
    first = app.state.exercise
    app.answer(a="up")
    app.opened.value = True
    app.again()
    now = app.state.exercise
    assert now.task == bp.exercises.generate("one-weight", seed=4, difficulty="easy").task != first.task
    assert app.state.typed == ("", "")
    assert (app.opened.value, app.told["tried"], app.told["solution"]) == (False, False, "")
    assert "No answer yet" in repr(app)
    app.answer(b=f"{now.content.parts[1].right:.4g}")
    assert "1 of 2 right" in repr(app)


def test_what_a_page_sends_is_judged_and_nonsense_changes_nothing() -> None:
    app = bp.exercises.ask("one-weight", seed=3)
    app.set_state({"moved": {"version": 0, "values": {"seed": 3, "answers": ["up", "x", "y", "z"], "opened": True}}})
    assert [verdict for verdict, _ in app.told["said"]] == ["correct", "unreadable"]
    assert "<math" in app.told["solution"]
    app.set_state({"moved": {"version": 0, "values": {"seed": "many", "answers": [], "opened": False}}})
    assert app.seed.value == 3
    with pytest.raises(bp.BpkitError, match=r"expected a part of the question \(a, b\), got 'c'"):
        app.answer(c="1")


def test_a_page_that_runs_nothing_has_the_question() -> None:
    app = bp.exercises.ask("hidden-paths", seed=1)
    bundle, place = app.bundles()
    assert bundle["text/markdown"].startswith("**The paths of a weight.**\n\nA network of")
    assert app.state.exercise.content.parts[1].asks in bundle["text/markdown"]
    assert bundle["text/plain"] == repr(app)
    assert f'<bpkit-app key="{app.key}" still>' in place["text/html"]
    assert repr(app) == repr(bp.exercises.ask("hidden-paths", seed=1))


def test_text_from_outside_stays_text() -> None:
    app = bp.exercises.ask("hidden-paths", seed=1)
    app.answer(a="<b>h1</b> o1")
    assert "<b>h1" not in app.bundles()[0]["text/markdown"] + app.page_spec()["first"]["given"]


def test_every_box_has_a_label_and_a_choice_where_there_is_one() -> None:
    for id in TYPED:
        app = bp.exercises.ask(id, seed=1)
        parts, asked = app.state.exercise.parts, app.told["draw"]["parts"]
        assert [one["label"] for one in asked] == [f"Answer {letter}" for letter in parts]
        for one, part in zip(asked, parts.values()):
            assert one["options"] == (list(part.options) if isinstance(part, ExactPart) else [])


def test_what_cannot_be_asked_is_told_to_the_author() -> None:
    with pytest.raises(bp.BpkitError, match="did you mean 'hidden-weight'"):
        bp.exercises.ask("hiden-weight")
    with pytest.raises(bp.BpkitError, match="wants functions"):
        bp.exercises.ask("code")
