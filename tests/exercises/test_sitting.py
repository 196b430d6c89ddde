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
    """All that a learner can see, with the words for pages that run nothing."""
    widgets = [*app.verdicts, app.score, app.worked]
    return " ".join([repr(app), str(app._repr_mimebundle_()), *(widget.value for widget in widgets)])


@pytest.mark.parametrize("id", TYPED)
def test_right_answers_and_named_mistakes(id: str) -> None:
    app = bp.exercises.ask(id, seed=2)
    assert app.solution.disabled
    for box, part in zip(app.boxes, app.exercise.parts.values()):
        known = [wrong for wrong in part.wrong if wrong.name in app.exercise.declared]
        if known and not isinstance(part, FormulaPart):
            box.value = written(part, known[0].answer)
            place = app.boxes.index(box)
            assert "✗</b> Not right" in app.verdicts[place].value
            assert known[0].name in app.state.feedback[place].misconceptions
            assert not app.solution.disabled
        box.value = written(part, part.answer)
    assert all(app.state.feedback)
    assert app.score.value.count("All correct.") == 1
    assert all("✓" in verdict.value for verdict in app.verdicts)


def test_the_line_where_the_mistake_happens_is_shown_and_not_the_number() -> None:
    app = bp.exercises.ask("hidden-weight", seed=6)
    part = app.exercise.content.parts[0]
    forgot = next(wrong for wrong in part.wrong if wrong.name == "forgets the hidden slope")
    app.boxes[0].value = f"{forgot.answer:.5g}"
    weight = bp.derive(part.problem)[part.quantity].quantity.by.name
    name = f"dE_total/dnet_{part.problem.network.weights[weight][1]}"
    number = next(step.number for step in bp.derive(part.problem.network) if step.name == name)
    assert f"Look at line ({number}): {typeset(name, bp.derive(part.problem).quantities)} =" in app.verdicts[0].value
    assert part.shown() not in shown(app)


def test_nothing_is_given_away_before_the_solution_is_asked_for() -> None:
    for id in ("net-and-out", "hidden-weight", "output-update"):
        app = bp.exercises.ask(id, seed=1)
        answers = [f"{part.right:.4g}" for part in app.exercise.content.parts]
        for typed in ("", "0.5", "7", "rubbish", "-1e3", "8."):
            for box in app.boxes:
                box.value = typed
            assert not any(answer in shown(app) for answer in answers)
        app.solution.value = True
        assert "<math" in app.worked.value
        app.solution.value = False
        assert app.worked.value == ""


def test_the_solution_waits_for_a_try_that_can_be_read() -> None:
    app = bp.exercises.ask("loss", seed=1)
    for typed, waits in [("", True), ("rubbish", True), ("1", False), ("", True)]:
        app.boxes[0].value = typed
        assert app.solution.disabled == waits
    app.boxes[0].value = "rubbish"
    assert "I cannot read 'rubbish' as a number. Type it like 0.0851 or 1/3." in repr(app)


def test_new_numbers_start_afresh() -> None:
    app = bp.exercises.ask("one-weight", seed=3)
    first = app.exercise
    app.boxes[0].value = "up"
    app.solution.value = True
    app.again.click()
    assert app.exercise.task == bp.exercises.generate("one-weight", seed=4, difficulty="easy").task != first.task
    assert [box.value for box in app.boxes] == [""] * 2
    assert (app.solution.value, app.solution.disabled, app.worked.value) == (False, True, "")
    assert "No answer yet" in repr(app)
    app.boxes[1].value = f"{app.exercise.content.parts[1].right:.4g}"  # the new boxes are listened to
    assert "1 of 2 right" in repr(app)


def test_a_page_that_runs_nothing_has_the_question() -> None:
    app = bp.exercises.ask("hidden-paths", seed=1)
    bundle = app._repr_mimebundle_()
    assert bundle["text/markdown"].startswith("**The paths of a weight.**\n\nA network of")
    assert app.exercise.content.parts[1].asks in bundle["text/markdown"]
    assert bundle["text/plain"] == repr(app)
    assert repr(app) == repr(bp.exercises.ask("hidden-paths", seed=1))


def test_text_from_outside_stays_text() -> None:
    app = bp.exercises.ask("hidden-paths", seed=1)
    app.boxes[0].value = "<b>h1</b> o1"
    assert "<b>h1" not in app.verdicts[0].value


def test_every_box_has_a_label_and_a_choice_where_there_is_one() -> None:
    for id in TYPED:
        app = bp.exercises.ask(id, seed=1)
        assert [box.description for box in app.boxes] == [f"Answer {letter}" for letter in app.exercise.parts]
        for box, part in zip(app.boxes, app.exercise.parts.values()):
            if isinstance(part, ExactPart) and part.options:
                assert [label for label, _ in box.options] == ["choose", *part.options]
            else:
                assert not box.continuous_update


def test_what_cannot_be_asked_is_told_to_the_author() -> None:
    with pytest.raises(bp.BpkitError, match="did you mean 'hidden-weight'"):
        bp.exercises.ask("hiden-weight")
    with pytest.raises(bp.BpkitError, match="wants functions"):
        bp.exercises.ask("code")
