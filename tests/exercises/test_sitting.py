"""The boxes of "check yourself": verdicts by name, nothing given away, new numbers, the solution for who asks."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import pytest

import bpkit as bp
from bpkit.core.numeric import evaluate_given
from bpkit.core.spelling import typeset
from bpkit.exercises.questions.answer_boxes import box
from bpkit.exercises.questions.card_pictures import beside
from bpkit.exercises.questions.generation import generate
from bpkit.exercises.questions.hints import hints
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Wrong
from bpkit.exercises.questions.sitting import DRAWS
from bpkit.exercises.questions.written import FormulaPart

FORWARD = ("net-and-out", "whole-forward", "neuron-slope")
TYPED = [question.id for question in bp.exercises.questions() if question.id != "code"]


def written(part: Any, answer: Any) -> str:
    """An answer as a learner types it."""
    if isinstance(part, NumberPart):
        return f"{answer:#.{part.digits}g}"
    return ", ".join(map(str, answer)) if isinstance(answer, list | tuple) else str(answer)


def shown(app: Any) -> str:
    """All that the page is told, with the words for pages that run nothing."""
    return " ".join([repr(app), str(app.bundles()), str(app.told), str(app.spec)])


# Of every question the same draw, which is made once.


@pytest.mark.parametrize("id", TYPED)
def test_right_answers_and_named_mistakes(id: str) -> None:
    app = bp.exercises.ask(id, seed=2)
    assert not app.told["tried"]
    for place, (letter, part) in enumerate(app.state.exercise.parts.items()):
        known = [wrong for wrong in part.wrong if wrong.name in app.state.exercise.declared]
        if known and not isinstance(part, FormulaPart):
            app.answer(**{letter: written(part, known[0].answer)})
            verdict, message, _ = app.told["said"][place]
            assert (verdict, message[:9]) == ("misconception", "Not right")
            assert known[0].name in app.state.feedback[place].misconceptions
            assert app.told["tried"]
        app.answer(**{letter: written(part, part.answer)})
    assert all(app.state.feedback)
    assert app.told["score"].count("All correct.") == 1
    assert {verdict for verdict, *_ in app.told["said"]} <= {"correct", "rounded", "carried"}


def test_every_box_has_a_label_and_a_choice_where_there_is_one() -> None:
    for id in TYPED:
        app = bp.exercises.ask(id, seed=2)
        parts, asked = app.state.exercise.parts, app.told["draw"]["parts"]
        assert [one["label"].partition(":")[0] for one in asked] == [f"Answer {letter}" for letter in parts]
        for one, part in zip(asked, parts.values()):
            assert one["options"] == (list(part.options) if isinstance(part, ExactPart) else [])


@pytest.mark.parametrize("id", TYPED)
def test_every_part_has_hints_and_none_of_them_is_the_answer(id: str) -> None:
    for part in bp.exercises.ask(id, seed=2).state.exercise.content.parts:
        found = hints(part)
        assert found or (isinstance(part, ExactPart) and len(part.options) == 2)
        if isinstance(part, NumberPart):
            last = re.sub(r"[^\d.]+", " ", found[-1]).split()
            assert f"{abs(part.right):.6g}" not in last


def test_the_line_where_the_mistake_happens_is_shown_and_not_the_number() -> None:
    app = bp.exercises.ask("hidden-weight", seed=6)
    part = app.state.exercise.content.parts[0]
    forgot = next(wrong for wrong in part.wrong if wrong.name == "forgets the hidden slope")
    app.answer(a=f"{forgot.answer:.5g}")
    weight = bp.derive(part.problem)[part.quantity].quantity.by.name
    name = f"dE_total/dnet_{part.problem.network.weights[weight][1]}"
    # Without the line's number: the worked solution, which has the numbers, is not open yet.
    assert f"Look at {typeset(name, bp.derive(part.problem).quantities)} =" in app.told["said"][0][1]
    app.answer(a="123.45")
    assert re.search(r"Check \S+ = ", app.told["said"][0][1])
    assert part.shown() not in shown(app)


def test_the_line_to_check_first_comes_after_what_was_asked_before() -> None:
    app = bp.exercises.ask("neuron-slope", seed=3)
    out, slope = app.state.exercise.content.parts
    for typed in (out.right / 3, out.right / 2, -slope.right * 1.1):
        app.answer(a=f"{out.right:.4g}", b=f"{typed:.4g}")
        (first, *_), (second, message, line) = app.told["said"]
        assert (first, second, line) == ("correct", "unknown", bp.derive(slope.problem)[slope.quantity].number)
        assert f". Check {typeset(str(slope.quantity), bp.derive(slope.problem).quantities)} = " in message
        assert box(slope)["first"]["near"] == line
    app.hint("b")
    assert app.state.hints(1)[0].startswith(f"Line ({line})")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1 - 0.6144^2", "if you use 1 − out², the slope of tanh"),
        ("0.25", "take the slope in the middle, at net = 0"),
        ("0.6144*0.6144", "if you multiply out by itself"),
        ("0.3856^2", "if you multiply 1 − out by itself"),
        ("0.6144*(0.6144 - 1)", "if you use out − 1 instead of 1 − out"),
        ("0.466*(1 - 0.6144)", "if you use net as the first factor"),
    ],
)
def test_another_slope_for_that_of_the_sigmoid_is_known(typed: str, said: str) -> None:
    app = bp.exercises.ask("neuron-slope", seed=3)
    app.answer(a="0.6144", b=typed)
    assert said in app.told["said"][1][1]


@pytest.mark.parametrize(
    ("seed", "you"), [(3, "leave out the bias"), (5, "leave out the bias"), (5, "swap the inputs")]
)
def test_a_wrong_net_that_is_passed_on_is_two_mistakes_with_their_names(seed: int, you: str) -> None:
    app = bp.exercises.ask("neuron-slope", seed=seed)
    problem = app.state.exercise.problem
    x, b = list(problem.inputs), 0.0
    w = [problem.parameters[name] for name in problem.network.weights]
    if you == "swap the inputs":
        x, b = x[::-1], problem.parameters["b1"]
    net = sum(one * other for one, other in zip(w, x)) + b
    for typed, place in ((f"{net:.4g}", 0), (f"{net:.6f}", 0), (f"{net * (1 - net):.4g}", 1)):
        app.answer(**{"ab"[place]: typed, "ab"[1 - place]: ""})
        assert f"if you {you}" in app.state.said(place)
        assert "and pass on net instead of out" in app.state.said(place)


def test_a_step_without_the_rate_and_added_is_known() -> None:
    app = bp.exercises.ask("one-weight", seed=1)
    problem = app.state.exercise.task.problem
    app.answer(b=f"{problem.parameters['w1'] + bp.evaluate(problem)['dE/dw1']:.5g}")
    assert "if you leave out the learning rate and add the slope" in app.told["said"][1][1]
    app.hint("b")
    assert "Line (" not in app.state.hints(1)[0]
    assert "total" not in shown(app)


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
    moved = {"seed": 3, "answers": ["up", "x", "y", "z"], "hinted": ["x", [None, -3], [1, 2, 3]], "opened": True}
    app.set_state({"moved": {"version": 0, "values": moved}})
    assert [verdict for verdict, *_ in app.told["said"]] == ["correct", "unreadable"]
    assert "<math" in app.told["solution"]
    assert app.told["hints"] == [[], []]
    app.set_state({"moved": {"version": 0, "values": {"seed": "many", "answers": [], "opened": False}}})
    assert app.seed.value == 3
    with pytest.raises(bp.BpkitError, match=r"expected a part of the question \(a, b\), got 'c'"):
        app.answer(c="1")


def test_a_page_that_runs_nothing_has_the_question() -> None:
    app = bp.exercises.ask("hidden-paths", seed=1)
    bundle, picture, place = app.bundles()
    assert bundle["text/markdown"].startswith("**The paths of a weight.**\n\nA network of")
    assert app.state.exercise.content.parts[1].asks in bundle["text/markdown"]
    assert bundle["text/plain"] == repr(app)
    assert picture["image/svg+xml"] == app.state.exercise.content.picture().figure
    assert picture["text/plain"].startswith(
        "The 2-2-2 network has sigmoid neurons, and its loss is half the squared error."
    )
    assert f'<bpkit-app key="{app.key}" still="2">' in place["text/html"]
    assert repr(app) == repr(bp.exercises.ask("hidden-paths", seed=1))


def test_text_from_outside_stays_text() -> None:
    app = bp.exercises.ask("hidden-paths", seed=1)
    app.answer(a="<b>h1</b> o1")
    assert "<b>h1" not in app.bundles()[0]["text/markdown"] + app.page_spec()["first"]["given"]


def test_what_cannot_be_asked_is_told_to_the_author() -> None:
    with pytest.raises(bp.BpkitError, match="did you mean 'hidden-weight'"):
        bp.exercises.ask("hiden-weight")
    with pytest.raises(bp.BpkitError, match="wants functions"):
        bp.exercises.ask("code")


def card_of(id: str, seed: int = 1) -> Any:
    return bp.exercises.ask(id, seed=seed).told["draw"]


@pytest.mark.parametrize("id", FORWARD)
def test_a_forward_question_has_no_loss_no_targets_and_no_learning_rate(id: str) -> None:
    app = bp.exercises.ask(id, seed=3)
    draw, caption = app.told["draw"], app.state.exercise.content.picture().caption
    assert "Loss" not in draw["given"]
    assert "η" not in draw["given"]
    assert "target" not in draw["picture"]
    assert "Target" not in caption
    assert all(f"{name} = {value:g}" in caption for name, value in app.state.exercise.problem.parameters.items())
    assert "rate" in app.state.exercise.question  # a sheet stays complete


def test_a_card_says_what_its_question_rests_on_and_no_more() -> None:
    rates = {id: "η" in card_of(id)["given"] for id in ("output-weight", "output-update", "adam-step")}
    assert rates == {"output-weight": False, "output-update": True, "adam-step": True}
    assert "target" in card_of("output-weight")["picture"]
    weight = card_of("output-weight", 4)
    assert weight["picture"].count("var(--lit)") == 2  # the weight asked about, its way and its plate
    assert "#" not in re.sub(r"&#\d+;", "", weight["picture"])  # every colour is the page's
    assert "<table>" in weight["table"]
    assert card_of("gradient-check")["picture"] == ""  # the two columns are all it takes


def test_a_network_too_large_to_read_is_a_table() -> None:
    network = bp.Network(2, 8, 3)
    large = bp.Problem(network, dict.fromkeys(network.parameters, 0.5), [0.1, 0.2], [0.1, 0.2, 0.3], 0.1)
    picture, text, table = beside(large, ["dE_total/dw1"])
    assert picture is table is None
    assert "A network of 2 inputs, 8 hidden neurons and 3 outputs." in text()
    assert text().count("\n| ") > 40


@pytest.mark.parametrize("id", ["hidden-weight", "output-update", "bias-gradient", "symbolic", "activation-swap"])
def test_new_numbers_keep_the_network(id: str) -> None:
    app = bp.exercises.ask(id, seed=1, difficulty="medium")
    networks, texts = [], []
    for count in range(DRAWS):
        if count:
            app.again()
        networks.append([problem.network for problem in app.state.exercise.task.problems])
        texts.append(app.state.exercise.question)
    assert all(one == networks[0] for one in networks)
    assert all(one != other for one, other in pairwise(texts))
    draws = bp.exercises.ask(id, seed=1, difficulty="medium").page_spec()["draws"]
    assert len({json.dumps([draw["given"], draw["picture"], draw["parts"]]) for draw in draws[:2]}) == 2


def test_new_numbers_of_what_asks_for_the_network_are_of_another() -> None:
    app = bp.exercises.ask("matrix-shapes", seed=1)
    first = app.state.exercise.problem.network
    app.again()
    assert app.state.exercise.problem.network != first


def test_another_one_is_never_the_network_just_seen_with_its_options_shuffled() -> None:
    app = bp.exercises.ask("what-costs", seed=2)
    seen = [app.state.exercise.problem.network.sizes]
    for _ in range(12):
        app.again()
        seen.append(app.state.exercise.problem.network.sizes)
        assert seen[-1] != seen[-2]
    assert len(set(seen)) >= 5


def test_a_gradient_check_has_a_row_whose_last_digits_differ_only_by_the_nudge() -> None:
    app = bp.exercises.ask("gradient-check", seed=5)
    task, (which, _) = app.state.exercise.task, app.state.exercise.content.parts
    off = {name: abs(derived - measured) for name, derived, measured in task.about["rows"]}
    near = [name for name in off if 0 < off[name] <= 20]
    assert near
    assert which.answer not in near
    for name, _, measured in task.about["rows"]:
        if name != which.answer:
            above, below = (
                bp.evaluate(task.problem.replace(**{name: task.problem.parameters[name] + h}))["E_total"]
                for h in (0.03, -0.03)
            )
            assert measured == round(1e6 * (above - below) / 0.06)
            app.answer(a=name)
            assert ("the error of the nudge itself" in app.state.said(0)) == bool(off[name])


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("-0.008286 + 0.006361", "if you leave the difference undivided"),
        ("0.008286 - 0.006361", "if you leave the difference undivided"),
        ("(0.008286 - 0.006361)/(0.008286 + 0.006361)", "if you divide by the sum of the two"),
        ("-0.1314", "if you divide by the sum of the two"),
        ("0.2629", "if you divide by the mean of the two"),
        ("(0.006361 - 0.008286)/0.006361", "if you divide by the smaller of the two"),
        ("23.23", "this is 100 times as much"),
        ("-0.2323", "the bars drop the sign"),
    ],
)
def test_other_ratios_of_a_gradient_check_have_a_name(typed: str, said: str) -> None:
    app = bp.exercises.ask("gradient-check", seed=5)
    app.answer(b=typed)
    assert said in app.state.said(1)


def test_the_number_of_a_moved_weight_is_the_loss_and_slope_times_change() -> None:
    for seed in range(6):
        exercise = bp.exercises.generate("weight-moved", seed, difficulty="hard")
        text = exercise.question
        loss, slope = (float(one) for one in re.findall(r" = (-?[\d.]+)\$", text)[:2])
        move = float(re.findall(r"by \$([\d.]+)\$", text)[0]) * (1 if "You raise" in text else -1)
        assert exercise.answer["b"] == pytest.approx(loss + slope * move, abs=1e-8)
        about = exercise.task.about["weight"]
        moved = exercise.problem.replace(**{about: exercise.problem.parameters[about] + move})
        before, after = bp.evaluate(exercise.problem), bp.evaluate(moved)
        changed = [one for one in ("o1", "o2") if before[f"out_{one}"] != after[f"out_{one}"]]
        assert exercise.answer["a"] == ("both" if len(changed) == 2 else f"{changed[0]} alone")
        assert after["E_total"] == pytest.approx(exercise.answer["b"], abs=1e-3)


def test_the_loss_times_the_slope_is_a_known_slip_of_a_moved_weight() -> None:
    app = bp.exercises.ask("weight-moved", seed=6)
    loss, slope = re.findall(r" = (-?[\d.]+)\$", app.state.exercise.question)[:2]
    app.answer(b=f"{loss}*{slope}")
    assert "multiply E by it" in app.state.said(1)


def test_a_wrong_point_of_a_curve_is_told_without_the_right_one() -> None:
    app = bp.exercises.ask("read-slope", seed=2)
    sign, _, steepest = app.state.exercise.content.parts
    for option in set(steepest.options) - {steepest.answer}:
        app.answer(c=option)
        assert not re.search(rf"\b{steepest.answer}\b", app.state.said(2))
    app.answer(a=next(one for one in sign.options if one != sign.answer))
    assert not re.search("rises|falls", app.state.said(0))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("0.25*0.1 + 0.45", "0.475"),
        ("1/8", "0.125"),
        ("0,475", "0.475"),
        ("w = 0.5", "0.5"),
        ("−1/4", "−0.25"),
        ("-0.5/10^7", "−5·10⁻⁸"),
    ],
)
def test_what_was_read_is_said_where_something_else_was_typed(typed: str, read: str) -> None:
    app = bp.exercises.ask("net-and-out", seed=2)
    app.answer(a=typed)
    assert app.told["said"][0][1].endswith(f" I read it as {read}.")
    box = bp.apps.ask(bp.examples.article, "net_o1")
    box.number.value = typed
    assert box.told["message"].endswith(f" I read it as {read}.")


@pytest.mark.parametrize("typed", ["0.475", "-0.5", "+3", "8.5e-2", ".5", "rubbish", ""])
def test_a_plain_number_is_not_repeated(typed: str) -> None:
    app = bp.exercises.ask("net-and-out", seed=2)
    app.answer(a=typed)
    assert "read it as" not in app.told["said"][0][1]


def test_a_right_number_with_a_digit_missing_is_neither_right_nor_wrong() -> None:
    app = bp.exercises.ask("hidden-weight", seed=4)
    part = app.state.exercise.content.parts[0]
    for digits, said in [(part.digits - 1, "So far right; one more digit, please."), (part.digits, "Right.")]:
        app.answer(a=f"{part.right:#.{digits}g}")
        assert app.told["said"][0][1] == said
    app.answer(a=f"{part.right:#.{part.digits - 1}g}")
    assert (app.told["said"][0][0], app.state.feedback[0].sign) == ("few_digits", "≈")
    assert not app.state.feedback[0].accepted
    assert app.told["score"] == ""
    app.answer(a=f"{part.right:#.2g}")
    assert app.told["said"][0][1] == f"So far right; the question asks for {part.digits} significant digits."
    app.answer(a=f"{part.right:#.1g}")
    assert app.told["said"][0][1] == f"Too few digits to tell. Type at least {part.digits} digits."


@pytest.mark.parametrize(
    ("typed", "verdict", "said"),
    [
        ("1", "few_digits", "Too few digits to tell. Type at least 4 digits."),
        ("0.6", "few_digits", "Too few digits to tell. Type at least 4 digits."),
        ("0.62", "few_digits", "So far right; the question asks for 4 significant digits."),
        ("0.624", "few_digits", "So far right; one more digit, please."),
        ("0.623", "few_digits", "Too few digits to tell. Type at least 4 digits."),
        ("0.25 + 0.25", "misconception", "Not right: you get this if you"),
        ("0.5", "misconception", "Not right: you get this if you"),
    ],
)
def test_one_digit_tells_nothing_and_a_formula_is_exact(typed: str, verdict: str, said: str) -> None:
    wrong = Wrong("starts at nothing", "the net input is not 0", 0.5, "leave out the net input")
    part = NumberPart("out", 0.623634, known=(wrong,))
    if verdict != "misconception":
        problem = bp.examples.article.problem
        part = NumberPart("out", float(bp.evaluate(problem)["out_h1"]), quantity="out_h1", problem=problem)
    found = part.judge(typed)
    assert found.verdict == verdict
    assert found.message.startswith(said)


def test_a_choice_gives_one_reason_and_a_number_two_at_most() -> None:
    known = tuple(Wrong(name, f"reason {name}", "down") for name in "abc")
    assert (
        ExactPart("which?", "up", "word", ("up", "down"), known=known).judge("down").message == "Not right: reason a."
    )
    known = tuple(Wrong(name, f"reason {name}", 0.25) for name in "abc")
    assert NumberPart("x", 0.7, known=known).judge("0.25").message == "Not right: reason a. Also, reason b."


def test_the_first_hint_needs_no_chain_where_no_hidden_layer_does() -> None:
    exercises = [
        bp.exercises.generate("which-way", seed, difficulty=one) for seed in range(4) for one in ("easy", "hard")
    ]
    for exercise in exercises:
        said = " ".join(text for part in exercise.content.parts for text in hints(part))
        assert ("chain" in said) == (len(exercise.problem.network.sizes) > 2)


def test_a_number_that_follows_from_a_wrong_one_is_not_right_and_its_method_is() -> None:
    app = bp.exercises.ask("net-and-out", seed=2)
    net, out = app.state.exercise.content.parts
    assert isinstance(net, NumberPart)
    assert isinstance(out, NumberPart)
    assert out.problem is not None
    assert out.quantity is not None
    assert net.quantity is not None
    wrong = 1.2345
    app.answer(a=str(wrong), b=f"{evaluate_given(out.problem, {net.quantity: wrong})[out.quantity]:.6f}")
    found = app.state.feedback[1]
    assert (found.verdict, found.sign) == ("carried", "≈")
    assert re.fullmatch(
        r"Right method: this fits your net\(h2\) = 1.2345. If you worked that out, correct that first.", found.message
    )
    assert (app.told["score"], app.done) == ("0 right, 1 follows.", False)


def test_hints_begin_at_the_line_of_the_mistake_and_never_say_the_answer() -> None:
    app = bp.exercises.ask("hidden-weight", seed=6)
    part = app.state.exercise.content.parts[0]
    app.hint()  # before a try there is none
    assert app.told["hints"] == [[]]
    forgot = next(wrong for wrong in part.wrong if wrong.name == "forgets the hidden slope")
    app.answer(a=f"{forgot.answer:.5g}")
    line = app.told["said"][0][2]
    count = 0
    while not app.told["over"][0]:
        app.hint()
        count += 1
        assert len(app.told["hints"][0]) == count
    hints = app.told["hints"][0]
    assert f"Line ({line}): " in hints[0]
    assert f"<mn>{part.right:.6g}</mn>" not in str(hints)
    numbers = [int(number) for number in re.findall(r"Line \((\d+)\)", str(hints))]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == line
    assert numbers[-1] == bp.derive(part.problem)[part.quantity].number
    assert hints[-1].count("<mo>×</mo>") == 1  # the numbers of the last line, not yet multiplied
    app.answer(a=part.shown())
    assert app.told["hints"][0] == hints  # they stay
    app.hint()
    assert app.told["hints"][0] == hints
    app.again()
    assert app.told["hints"] == [[]]


def test_the_right_result_of_a_line_that_only_follows_is_told_from_that_of_the_wrong_line() -> None:
    app = bp.exercises.ask("which-slip", seed=13)
    exercise = app.state.exercise
    line, (last, *_) = exercise.content.parts[0].right, exercise.task.about["lines"][-1]
    count = len(exercise.task.about["lines"])
    assert line < count
    app.answer(b=f"{bp.evaluate(exercise.problem)[last]:.4g}")
    assert f"that is the right result of line {count}, but line {count} only uses a wrong one" in app.state.said(1)


def test_hints_that_would_tell_an_earlier_part_wait_for_it() -> None:
    app = bp.exercises.ask("which-slip", seed=13)
    line = app.state.exercise.content.parts[0].right
    app.answer(a=str(line % 3 + 1), b="0.5")
    app.hint("b")
    assert app.told["hints"][1] == []
    app.hint("a")
    assert len(app.told["hints"][0]) == 1
    app.answer(a=str(line))
    app.hint("b")
    assert len(app.told["hints"][1]) == 1


def test_the_worked_solution_marks_the_line_where_the_learner_left_it() -> None:
    app = bp.exercises.ask("activation-swap", seed=1)
    one, other = app.state.exercise.content.parts
    forgot = next(wrong for wrong in other.wrong if wrong.name == "uses the sigmoid's slope")
    app.answer(a=one.shown(), b=f"{forgot.answer:.5g}")
    assert app.told["left"] == []  # only with the solution
    app.opened.value = True
    assert app.told["left"] == [(1, app.told["said"][1][2], "misconception")]  # in the second of the two derivations
    app.answer(b=other.shown())
    assert app.told["left"] == []


def test_the_name_of_what_is_asked_stands_before_its_box_and_paths_are_words() -> None:
    one, _ = bp.exercises.ask("net-and-out", seed=2).told["draw"]["parts"]
    assert one["letter"] == "a)"
    assert one["name"].startswith("<math>")
    assert one["name"].endswith("=")
    assert (one["asks"], one["label"], one["hint"]) == ("", "Answer a: net(h2)", "4 digits, or a formula")
    paths = bp.exercises.ask("hidden-paths", seed=1).told["draw"]["parts"][0]
    assert "for example h1 o1, h1 o2" in paths["asks"]
    assert bp.exercises.ask("hidden-weight", seed=1).told["draw"]["parts"][0]["letter"] == ""


@pytest.mark.parametrize(("question", "again"), [("library-order", "Another one"), ("output-weight", "New numbers")])
def test_only_a_question_with_numbers_offers_new_numbers(question: str, again: str) -> None:
    app = bp.exercises.ask(question, seed=1)
    assert app.spec["texts"]["again"] == again
    app.answer(**{letter: written(part, part.answer) for letter, part in app.state.exercise.parts.items()})
    assert app.told["score"] == f"All correct. Press “{again}”, or go to the next question."
    assert app.without_kernel()["done"] == app.told["score"]


def test_an_earlier_answer_that_was_kept_to_two_digits_is_named() -> None:
    app = bp.exercises.ask("whole-forward", seed=3, difficulty="easy")
    app.answer(a="0.6635", b="0.6433")  # from 0.66
    assert "You get this if you go on with out(h1) rounded to 2 significant digits. Keep all digits." in repr(app)
    app.answer(a="0.6635", b="0.6438")
    assert "rounded to 2" not in repr(app)
    app.answer(a="0.6935", b="0.6474")  # a slip of its own, and from there on right
    assert "this fits your out(h1) = 0.6935" in repr(app)


def test_hints_of_a_softmax_speak_of_the_true_class_and_of_the_delta() -> None:
    exercise = generate("softmax-delta", 3, difficulty="hard")
    loss, *_, weight = exercise.content.parts
    true = exercise.problem.network.outputs[list(exercise.problem.targets).index(1)]
    assert hints(loss)[0] == f"Only the true class counts. Its target is 1: it is {true}."
    source, neuron = exercise.problem.network.weights[weight.quantity.removeprefix("dE_total/d")]  # type: ignore[attr-defined]
    assert hints(weight)[0] == f"It is the delta of {neuron} times the output of {source}."
    flat = generate("softmax-delta", 3, difficulty="easy").content.parts[-1]
    assert re.fullmatch(r"It is the delta of o\d times \$x_\{\d\}\$\.", hints(flat)[0])
