"""Predictions give nothing away: nothing that a learner sees before committing holds the answer."""

from __future__ import annotations

import ast
import base64
import html
import re
import runpy
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import pytest

import bpkit as bp
from bpkit.apps.questions import QUESTIONS
from bpkit.apps.questions.further import STUCK, TEN_DAYS
from bpkit.show.sharing_picture import users

LESSONS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
NAMES = [path.name for path in LESSONS]
LOW = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
RIGHT = {
    "toward-the-target": "up",
    "steps-in-fog": "to the left, each longer than the one before",
    "rate-100": "it jumps past the lowest point and never settles there",
    "sigmoid-at-1": 0.7310585786300049,
    "into-h1": "w₁ and w₄",
    "no-activation": "a straight line, whatever the weights are",
    "two-in-one": "one with the weight −6 and the bias 3",
    "forward-runs": 2310,
    "shared-factor": "all but those of w₇ and w₈",
    "smaller-h": "smaller at first, then larger again",
    "shared-behind": "those of w₁, w₄ and b₁",
    "w4-turned": "the outputs of h1, o1 and o2",
    "wrong-figure": "the net input of o1, 0.794609",
    "w5-up": "net, out and E all go up",
    "two-paths": "positive, and the path through o1 contributes more",
    "nine-layers": "1,000,000,000",
    "how-many-updates": 20,
    "rate-too-large": "growth without end",
    "largest-rate": "at 8.1, because 24.3 is too large",
    "figures-that-hold": "none of them",
    "where-mazur-slips": "in the outputs and the loss of the updated network",
    "true-sentence": "“E and w₅ have no direct relation”",
    "divided": "the output of h2 is missing",
    "lines-of-tanh": "2 of 14",
    "stuck-neuron": "only −ln(out)",
    "net-of-a-batch": 1600,
    "ten-layers": "more than a million times",
    "ways-past": 1.2 * 1.2 * 1.2,
    "slope-left-out": "all 200",
    "numbers-kept": 3800,
    "zero-grad-forgotten": "lower than in the right program",
    "momentum-in-a-valley": "narrower across the valley, and longer along it",
    "decay-gives-way": "w₂",
    "which-day": "the last day, because it is nearest to the loss",
    "first-of-ten-days": "about a millionth of it",
    "kernel-on-the-way-back": "k₂ carries the δ of o1, and k₁ the δ of o2",
    "equal-values": "not at all: the derivatives are 0",
    "at-a-score": "−0.625",
    "flat-row": "the query of word 1",
}


def test_one_answer_alone_is_right_where_a_derivative_is_0() -> None:
    """Word 1 has shares near 0 and 1, and neither mix is on its target: one of the four alone has no slope."""
    given = bp.examples.attention.problem.replace(targets=[[1, -1], [0.5, 0]], Wq1_1_1=-40, Wq1_1_2=0)
    values = bp.evaluate(given.replace(Wq1_2_1=-0.4, Wq1_2_2=0))
    assert [round(values[f"share_o{i}_{j}"], 2) for i in (1, 2) for j in (1, 2)] == [0, 1, 0.3, 0.7]
    sizes = {name: max(abs(values[f"dE/d{name}_{c}"]) for c in (1, 2)) for name in ("q_o1", "q_o2", "k_o1", "v_o2")}
    assert [name for name, size in sizes.items() if size < 1e-9] == ["q_o1"]


def question_in(source: str) -> str | None:
    """The name that a cell asks its prediction by."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    for call in calls:
        if ast.unparse(call.func) == "bp.apps.predict":
            assert len(call.args) == 1, "a lesson's question lives in the kit"
            assert not call.keywords
            return str(ast.literal_eval(call.args[0]))
    return None


def shown(cell: Any) -> str:
    """All that a learner reads in a cell: its source, unless that is hidden, and its outputs, pictures of text too."""
    parts = [] if cell.metadata.get("jupyter", {}).get("source_hidden") else [cell.source]
    for output in cell.get("outputs", ()):
        parts.append(output.get("text", ""))
        for kind, data in output.get("data", {}).items():
            if kind.startswith("text/") or kind == "image/svg+xml":
                parts.append(data)
                parts += [base64.b64decode(found).decode() for found in re.findall(r"svg\+xml;base64,([^\"']+)", data)]
    return html.unescape(re.sub(r"<[^>]*>", " ", re.sub(r"base64,[\w+/=]+", "", " ".join(parts))))


def numbers(text: str) -> set[str]:
    """The numbers of a text, each at three significant digits; "20 minutes" and "lesson 04" aside."""
    text = re.sub(r"\d+ min", "", text.replace("−", "-"))
    found = re.findall(r"(?<![\w.])(?!0\d)\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?![\w])", text)
    return {f"{float(number.replace(',', '')):.3g}" for number in found}


def committed(name: str) -> str:
    """What is said after a wrong answer."""
    app = bp.apps.predict(name)
    app.set(final=next(one for one in app.state.choices or ("-1.5",) if one != app.state.answer))
    return str(app.feedback)


def secrets(name: str) -> tuple[set[str], str]:
    """What may not be read before: the answer's numbers, those of its reason, and the reason."""
    app = bp.apps.predict(name)
    state = app.state
    given = numbers(state.question) | numbers(" ".join(state.choices or ()))
    told = numbers(state.because)
    own = {one for one in told - given if len(re.sub(r"e.*|\D", "", one).strip("0")) >= 3 or float(one) >= 1000}
    return own | ({f"{float(state.answer):.3g}"} if state.choices is None else set()), state.because


def leaks(cells: list[Any]) -> list[str]:
    """What of a lesson's prediction can be read in the cells up to it, and in its own."""
    found, before = [], []
    for cell in cells:
        before.append(shown(cell))
        if cell.cell_type == "code" and (name := question_in(cell.source)):
            text = " ".join(before)
            numbers_told, because = secrets(name)
            found += sorted(numbers(text) & numbers_told)
            found += [piece for piece in re.split(r"[.;:,] ", because) if len(piece) > 12 and piece in text]
            if isinstance(RIGHT[name], str) and len(str(RIGHT[name])) > 12:
                found += [RIGHT[name]] * (" ".join(before[:-1]).count(str(RIGHT[name])))
    return found


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_nothing_up_to_a_prediction_holds_its_answer(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    assert [question_in(cell.source) for cell in cells if cell.cell_type == "code"].count(None) < len(cells)
    assert leaks(cells) == []


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_no_visible_source_has_an_answer_or_a_reason(path: Path) -> None:
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and not cell.metadata.get("jupyter", {}).get("source_hidden"):
            assert not re.search(r"\b(answer|because)\s*=", cell.source), cell.source


def test_a_leak_would_be_seen() -> None:
    ask = nbformat.v4.new_code_cell('bp.apps.predict("wrong-figure")')
    for spoiler in (
        nbformat.v4.new_markdown_cell("The net input of o1 is 0.8447."),
        nbformat.v4.new_code_cell("net", outputs=[nbformat.v4.new_output("stream", text="net_o1 = 0.844681\n")]),
        nbformat.v4.new_code_cell("d", outputs=bundled(bp.examples.article.problem.diagram())),
        nbformat.v4.new_markdown_cell("Every other line gives the figure printed behind it, to four digits or more."),
    ):
        assert leaks([spoiler, ask]), spoiler
    assert (
        leaks(
            [nbformat.v4.new_code_cell("d", outputs=bundled(bp.examples.article.problem.diagram(computed=False))), ask]
        )
        == []
    )
    assert (
        leaks(
            [
                nbformat.v4.new_code_cell('d = "more"', outputs=[]),
                nbformat.v4.new_code_cell('bp.apps.predict("how-many-updates")'),
            ]
        )
        == []
    )
    assert leaks(
        [nbformat.v4.new_markdown_cell("20 updates"), nbformat.v4.new_code_cell('bp.apps.predict("how-many-updates")')]
    )


def bundled(drawing: Any) -> list[Any]:
    return [nbformat.v4.new_output("display_data", data=dict(data)) for data in drawing.bundles()]


def test_every_question_has_its_lesson_and_its_answer() -> None:
    asked = [
        name
        for path in LESSONS
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code" and (name := question_in(cell.source))
    ]
    assert asked == list(QUESTIONS) == list(RIGHT)
    for name, right in RIGHT.items():
        answer = bp.apps.predict(name).state.answer
        assert answer == (right if isinstance(right, str) else pytest.approx(right, rel=1e-12)), name


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2304", "You said 2304; it is 2310. You left out the three biases, "),
        ("1155", "You counted one run for each, "),
        ("1152", "You left out the three biases, and counted one run "),
        ("2436", "You gave each neuron a bias of its own, "),
        ("2305", "Close. You were 5, "),
    ],
)
def test_a_number_with_a_known_slip_is_told_so(typed: str, said: str) -> None:
    app = bp.apps.predict("forward-runs")
    app.set(final=typed)
    assert said in app.feedback
    named = dict(app.without_kernel()["named"])
    assert named.get(float(typed), app.feedback) == app.feedback


def test_what_is_left_after_nine_days_has_both_factors_of_each() -> None:
    for said, reply in {
        "about a half of it": "That is one day back, and there are nine.",
        "about a five-hundredth of it": "0.5 to the power of nine is 0.002. But each day has a slope of tanh as well.",
    }.items():
        app = bp.apps.predict("first-of-ten-days")
        app.set(final=said)
        assert reply in app.feedback
    assert "about 0.22 a day, and 1.4·10⁻⁶ after nine of them" in app.feedback
    assert TEN_DAYS.parameters["Wh1_1_1"] == 0.5
    assert "Wh is 0.5" in QUESTIONS["first-of-ten-days"].text


def test_the_first_step_with_the_large_rate_falls_short() -> None:
    app = bp.apps.predict("rate-100")
    lamp = bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 3.0}, [1.0], [0.2], learning_rate=100)
    first, second = (bp.evaluate(lamp.updated(steps))["dE/dw1"] for steps in (1, 2))
    assert first > 0 > second
    assert "it is the second step that jumps past the lowest point" in app.state.because


def test_the_picture_below_a_prediction_about_sharing_lights_what_its_answer_says() -> None:
    [path] = [path for path in LESSONS if path.name.startswith("03")]
    sources = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert sources[[question_in(source) for source in sources].index("shared-factor") + 1] == (
        'sharing(article.network, "o1")'
    )
    lit = set(users(bp.examples.article.problem.network, "o1"))
    spared = {f"w{digit}" for digit in re.findall("w(.)", RIGHT["shared-factor"].translate(LOW))}
    assert lit == set(bp.examples.article.problem.parameters) - spared
    assert len(spared) == 2


def test_the_right_choice_is_at_no_place_in_particular() -> None:
    apps = [bp.apps.predict(name) for name, question in QUESTIONS.items() if question.choices]
    places = Counter(app.state.choices.index(app.state.answer) for app in apps)
    assert len(places) >= 3
    assert max(places.values()) <= len(apps) / 2
    for app in apps:
        assert app.guess.options == app.state.choices
        assert app.guess.value is None


def test_questions_that_cannot_be_imported_break_no_other_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bpkit.apps.questions", None)
    apps = {path.stem: runpy.run_path(str(path)) for path in Path(bp.apps.__file__).parent.glob("*.py")}
    assert apps["predict"]["Predict"]("Which way?", ["up", "down"], answer="down").state.answer == "down"
    with pytest.raises(ImportError):
        bp.apps.predict("two-paths")


def test_before_the_commit_nothing_that_is_shown_or_stored_holds_the_answer() -> None:
    """What an app shows is the same whatever is right, and has no part of the reason."""
    for name in QUESTIONS:
        app = bp.apps.predict(name)
        page = everything(app)
        state = app.state
        assert not any(piece in page for piece in re.split(r"[.;:,] ", state.because) if len(piece) > 12), name
        if state.choices:
            for choice in state.choices:
                other = bp.apps.predict(state.question, state.choices, answer=choice, because="other")
                assert everything(other).replace(other.state.label, state.label) == page
        else:
            assert everything(bp.apps.predict(state.question, answer=-7.25)) == page


def everything(app: Any) -> str:
    """What a notebook stores of an app, and all that its page is told; each app has a key of its own."""
    told = {name: value for name, value in app.get_state().items() if "IPY_MODEL" not in str(value)}
    del told["_esm"], told["_css"]
    return str([app.bundles(), told]).replace(app.key, "")


@pytest.mark.parametrize("name", QUESTIONS)
def test_after_the_commit_you_read_what_you_said_what_is_true_why_and_how_far_off(name: str) -> None:
    told, state = committed(name), bp.apps.predict(name).state
    assert told.startswith("You said ")
    true = f"{float(state.answer):.6g}" if state.choices is None else str(state.answer)
    quoted = " " in true and "“" not in true  # several words are told apart from the sentence
    assert f" is {f'“{true}”' if quoted else true}" in told
    assert "The reason: " in told
    assert state.because.rstrip(".") in told
    if state.choices is None:
        assert re.search(r"You were [\d.e+]+.* too (high|low)", told), told
    app = bp.apps.predict(name)
    app.set(final=repr(state.answer) if state.choices is None else state.answer)
    assert "That is right" in app.feedback


def test_a_wrong_number_divided_by_the_right_one_shows_its_mistake() -> None:
    """The numbers of the question are those of the network, and each reply has the quotient of what was chosen."""
    problem = bp.examples.article.problem
    values = bp.evaluate(problem)
    error, slope, out = (values[name] for name in ("dE_o2/dout_o2", "dout_o2/dnet_o2", "out_h2"))
    asked = numbers(QUESTIONS["divided"].text)
    assert {f"{abs(one):.3g}" for one in (error, slope, out, error * slope)} == asked
    assert "−0.0411137 for ∂E/∂w₈" in QUESTIONS["divided"].text
    found = bp.diagnose(problem, "dE/dw8", "-0.0411137")
    assert [one.name for one in found.misconceptions] == ["leaves out the input factor"]
    for said, reply in {
        "the slope of the output is missing": f"Then the quotient would be {1 / slope:.4g}, that is 1 / {slope:.6g}.",
        "the slope of the output is in it twice": f"Then the quotient would be {slope:.4g}, the slope itself.",
        "the sign of the error is turned": "Then the quotient would be −1: only the sign would change.",
    }.items():
        app = bp.apps.predict("divided")
        app.set(final=said)
        assert f"You said “{said}”. {reply} It is " in app.feedback
        assert f"is {1 / out:.4g} times as large. That is 1 / {out:.6g}, so " in app.feedback
        assert f"the right number is −{abs(error * slope * out):.6g}" in app.feedback


def test_all_reasons_are_told_whichever_sentence_is_chosen() -> None:
    for sentence in QUESTIONS["true-sentence"].choices:
        app = bp.apps.predict("true-sentence")
        app.set(final=sentence)
        for reason in ("w₅ is in no formula for E", "so you subtract", "is positive", "net(o1) belongs to o1"):
            assert app.feedback.count(reason) == 1


def test_what_the_questions_say_is_so() -> None:
    """The numbers that are typed in their texts are those of the problems."""
    article = bp.examples.article
    values = bp.evaluate(article.problem)
    assert f"{values['out_o2']:.2f}" == "0.74"
    assert article.problem.givens["y2"] == 0.95
    assert article.problem.network.weights["w7"] == ("h1", "o2")
    assert len(article.audit()) == 11
    mazur = bp.examples.mazur.audit()
    assert (len(mazur), len(mazur.wrong)) == (32, 4)
    assert len(bp.examples.data_set("moons").problem(bp.Network(2, 8, 1), seed=0).inputs) == 200
    assert (STUCK.givens["w1"], STUCK.givens["x1"], STUCK.learning_rate) == (-5, 1, 0.5)
    assert all(one in QUESTIONS["stuck-neuron"].text for one in ("input is 1", "weight −5", "learning rate is 0.5"))
    neuron = bp.Problem(bp.Network(2, 1), {"w1": 2.0, "w2": 1.0, "b1": -1.4}, [0.9, 0.6], [0.95])
    assert bp.evaluate(neuron)["net_o1"] == pytest.approx(1, rel=1e-12)


def test_a_picture_of_the_given_numbers_has_no_others() -> None:
    problem = bp.examples.article.problem
    picture = problem.diagram(computed=False)
    for text in (picture.caption, picture.figure):
        known = {f"{float(value):.3g}" for value in problem.givens.values()}
        assert {one for one in numbers(re.sub(r"[\w-]+='[^']*'", "", text)) if "." in one} <= known
        assert not re.search(r"\b(net|out|E)_?(h1|o1|total)?\b", re.sub(r"<svg[^>]*>", "", text).replace("loss", ""))
    assert "y1 = 0.05" in picture.caption
    assert "y1 = 0.05" in picture.figure
    batch = problem.replace(inputs=[[1, 2], [3, 4]], targets=[[1, 0], [0, 1]])
    assert "Loss" not in batch.diagram(computed=False).caption


def lesson(number: str) -> list[Any]:
    [path] = [path for path in LESSONS if path.name.startswith(number)]
    return list(nbformat.read(path, as_version=4).cells)


def test_the_first_steps_need_no_derivative_and_their_answers_are_not_on_the_page() -> None:
    """Lesson 01: the slope is given, and no printed line has the new weight."""
    sources = [cell.source for cell in lesson("01") if cell.cell_type == "code"]
    answers = []
    for source in sources:
        if found := re.fullmatch(r'bp\.exercises\.ask\("one-weight", seed=(\d+)\)', source):
            exercise = bp.exercises.generate("one-weight", seed=int(found[1]), difficulty="easy")
            way, new = exercise.content.parts
            problem = exercise.task.problem
            slope = bp.evaluate(problem)["dE/dw1"]
            assert f"= {slope:.6g}$" in exercise.content.tell()
            assert "sigmoid" not in exercise.content.tell()
            assert way.answer == ("down" if slope > 0 else "up")
            by_hand = problem.parameters["w1"] - problem.learning_rate * float(f"{slope:.6g}")
            assert new.judge(f"{by_hand:.4g}").verdict == "correct"
            assert new.judge(f"{2 * problem.parameters['w1'] - by_hand:.4g}").misconceptions == ("adds the gradient",)
            answers.append(new.answer)
    assert answers
    page = numbers(" ".join(map(shown, lesson("01"))))
    assert not page & {f"{abs(answer):.3g}" for answer in answers}


@pytest.mark.parametrize(("number", "changed", "quantity"), [("00", {"x1": 0.5}, "net_h1")])
def test_a_box_asks_for_no_number_that_its_page_prints(number: str, changed: dict[str, float], quantity: str) -> None:
    [(name, value)] = changed.items()
    call = f'problem.replace({name}={value:g}), "{quantity}"'
    assert [cell for cell in lesson(number) if "bp.apps.ask(" in cell.source and call in cell.source]
    answer = bp.evaluate(bp.examples.article.problem.replace(**changed))[quantity]
    assert f"{abs(answer):.3g}" not in numbers(" ".join(map(shown, lesson(number))))


def test_the_early_sum_saves_two_multiplications() -> None:
    """What the lesson on hidden weights says of ∂E/∂w₁, counted in the derivation."""
    derivation = bp.derive(bp.examples.article.problem.network)
    by_paths = [len(path.factors) - 1 for path in derivation.paths("w1")]
    deltas = ["dE_o1/dnet_o1", "dE_o2/dnet_o2"]
    lines = [*deltas, "dE_o1/dout_h1", "dE_o2/dout_h1", "dE/dout_h1", "dE/dnet_h1", "dE/dw1"]
    early = [len(step.rhs.args) - 1 for name in lines if (step := derivation.target(name)).rhs.is_Mul]
    assert (by_paths, sum(early)) == ([4, 4], 6)
    text = next(path for path in LESSONS if path.name.startswith("06")).read_text(encoding="utf-8")
    assert "takes 8 multiplications, four in each product of five slopes" in text
    assert "6 are enough" in text
    assert "That saves two." in text
