"""The boxes that judge: waiting, verdict, and an answer that stays hidden until it is right or asked for."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import numpy as np
import pytest

import bpkit as bp
from bpkit.apps.detective import earlier, lit
from bpkit.examples.example import Example
from bpkit.show.given_picture import given_network
from bpkit.show.themed import themed

ARTICLE = bp.examples.article
PROBLEM = ARTICLE.problem


def forward() -> tuple[float, float, float]:
    """net_o1, out_o1 and the loss of the article's network, in plain arithmetic."""
    squash = lambda z: 1 / (1 + math.exp(-z))
    p = PROBLEM.parameters
    h1, h2 = (squash(p[a] * 0.1 + p[b] * 0.2 + p["b1"]) for a, b in (("w1", "w4"), ("w3", "w2")))
    net = p["w5"] * h1 + p["w6"] * h2 + p["b2"]
    o1, o2 = squash(net), squash(p["w7"] * h1 + p["w8"] * h2 + p["b2"])
    return net, o1, 0.5 * (0.05 - o1) ** 2 + 0.5 * (0.95 - o2) ** 2


NET_O1, OUT_O1, LOSS = forward()


def shown(app: Any) -> str:
    """All that a learner sees of an app."""
    return " ".join([repr(app), str(app.told), str(app.bundles())])


@pytest.mark.parametrize("typed", ["", "  ", "-", "0.", ".", "-.", "8.5e", "8.5e-", "3/", "1,", "8.5*"])
def test_half_a_number_is_waited_for(typed: str) -> None:
    for app in (bp.apps.ask(PROBLEM, "net_o1"), bp.apps.detective(PROBLEM)):
        app.number.value = typed
        assert isinstance(app.state.found, str)
        assert "No number yet" in shown(app) or "go on" in shown(app)


def test_what_is_no_number_is_said_so_and_the_app_goes_on() -> None:
    app = bp.apps.ask(PROBLEM, "net_o1")
    app.number.value = "<b>a lot</b>"
    assert "I cannot read" in shown(app)
    assert "<b>a lot" not in app.bundles()[0]["text/html"]  # and the page sets texts, no HTML
    app.number.value = f"{NET_O1:.6f}"
    assert app.state.found.verdict == "correct"


def test_the_answer_shows_only_when_it_is_right_or_asked_for() -> None:
    app = bp.apps.ask(ARTICLE, "net_o1")
    secret = f"{NET_O1:.6g}"
    for typed in ["", "0.5", "0.794609", "0.84", "1", "0.85", "7e3", "-0.844", "rubbish"]:
        app.number.value = typed
        assert not app.state.opened
        assert secret[:6] not in shown(app)
    app.line.value = True
    assert f"<b>{secret}</b>" in app.told["line"]
    assert "Line (5)" in repr(app)
    app.set(line=False, number=f"{NET_O1:.4f}")
    assert app.state.opened  # right: the line opens by itself
    assert f"<b>{secret}</b>" in app.told["line"]


@pytest.mark.parametrize(
    ("quantity", "typed", "verdict"),
    [
        ("net_o1", f"{NET_O1:.8f}", "correct"),
        ("out_o1", f"{OUT_O1:.5f}", "correct"),
        ("E_total", f"{LOSS:.10f}", "correct"),
        ("E_total", f"{LOSS * 2:.10f}", "misconception"),  # without the half
        (
            "w5_new",
            f"{0.35 + 0.5 * (OUT_O1 - 0.05) * OUT_O1 * (1 - OUT_O1) / (1 + math.exp(-0.505)):.9f}",
            "misconception",
        ),
        ("out_o1", "0.123456", "unknown"),
    ],
)
def test_verdicts(quantity: str, typed: str, verdict: str) -> None:
    app, ask = bp.apps.detective(ARTICLE), bp.apps.ask(ARTICLE, quantity)
    app.set(quantity=quantity, number=typed)
    ask.number.value = typed
    for one in (app, ask):
        assert one.state.found.verdict == verdict
        assert one.state.found.message in repr(one)
    assert (app.told["verdict"], app.told["message"]) == (verdict, app.state.found.message)
    assert app.told["share"] == app.share
    assert app.share.startswith(f"bp.diagnose(bp.examples.article.problem, {quantity!r}, {typed!r}")
    assert repr(eval(app.share, {"bp": bp})) == repr(app.state.found)


def test_a_right_step_from_an_earlier_wrong_number_counts() -> None:
    app = bp.apps.detective(ARTICLE)
    carried = f"{1 / (1 + math.exp(-0.794609)):.6f}"
    app.set(quantity="out_o1", number=carried)
    assert app.state.found.verdict != "correct"
    app.given.value = "net_o1 = 0.794609"
    assert app.state.found.verdict == "correct"
    assert app.state.found.carried == ("net_o1",)
    assert eval(app.share, {"bp": bp}).carried == ("net_o1",)
    app.given.value = "net_o1 = 0.794609, net"  # half typed: the app says how
    assert "Write earlier numbers like" in app.told["message"]
    app.given.value = "net_o9 = 0.5"
    assert "I do not know net_o9 here; did you mean" in app.told["message"]
    app.given.value = "rubbish = 0.5"
    assert "or one of 55 more. Write earlier numbers" in app.told["message"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("net_o1 = 0.79", {"net_o1": "0.79"}),
        ("net_o1=0,79;out_o1=-8.5e-2", {"net_o1": "0,79", "out_o1": "-8.5e-2"}),
        ("dE/dw5 = 0.08, out_h1 = .6", {"dE/dw5": "0.08", "out_h1": ".6"}),
        ("net_o1 0.79", None),
        ("net_o1 =", None),
        ("net_o1 = -", None),
        ("net_o1 = 0.7x", None),
    ],
)
def test_earlier_numbers(text: str, found: dict[str, str] | None) -> None:
    assert earlier(text) == found


def test_how_many_updates_is_read_as_people_type_it() -> None:
    """Two thirds of an update are none, and more than the detective computes are as many as it does: both are said."""
    app = bp.apps.detective(ARTICLE)
    app.updates.value = 1e3
    assert str(app.state.asked) == "E_total after 1000 updates"
    for given, taken in ((0.4, 0), (99999, 20_000)):
        app.updates.value = given
        assert (app.updates.value, app.state.asked.updates) == (taken, taken)


def test_figures_after_updates_and_means_over_a_batch() -> None:
    app = bp.apps.detective(bp.examples.mazur)
    app.set(quantity="E_total", updates=1, number="0.291027924")
    assert app.state.found.misconceptions[0].name == "uses the already updated weights"
    ask = bp.apps.ask(bp.examples.mazur, "E_total after 1 update")
    ask.line.value = True
    assert "0.291028" in ask.told["line"]
    batch = PROBLEM.replace(inputs=[[0.1, 0.2], [0.3, 0.1]], targets=[[0.05, 0.95], [0, 1]])
    ask = bp.apps.ask(batch, "E_total")
    ask.line.value = True
    first, second = (bp.evaluate(batch.sample(one))["E_total"] for one in range(2))
    assert f"for the 2 samples it is {first:.6g}, {second:.6g}, and their mean is {(first + second) / 2:.6g}" in repr(
        ask
    )
    ask = bp.apps.ask(batch, "w5_new")
    ask.line.value = True
    slope = np.mean([bp.evaluate(batch.sample(one))["dE/dw5"] for one in range(2)])
    assert f"their mean is {slope:.6g}. Line " in repr(ask)
    assert f"= {batch.parameters['w5'] - batch.learning_rate * slope:.6g} " in repr(ask)
    assert f"<b>{slope:.6g}</b>" in ask.told["line"]
    many = PROBLEM.replace(inputs=[[0.1, 0.2]] * 7, targets=[[0.05, 0.95]] * 7)
    ask = bp.apps.ask(many, "dE/dw5")
    ask.line.value = True
    assert f"the mean over 7 samples is {bp.evaluate(many)['dE/dw5']:.6g}" in repr(ask)
    with pytest.raises(bp.BpkitError, match="2 samples"):
        bp.apps.ask(batch, "net_o1")


def test_the_line_to_check_first_is_none_that_the_learner_has() -> None:
    app = bp.apps.ask(ARTICLE, "dE/dw5", known=["out_h1", "dE/dnet_o1"])
    app.set(number="77.7777")
    assert "first: ∂net(o1)/∂w₅" in repr(app)
    known = app.without_kernel()["box"]["unknown"]["large"]
    app = bp.apps.ask(ARTICLE, "dE/dw5")
    app.set(number="77.7777")
    assert "first: out(o1)" in repr(app)
    assert app.without_kernel()["box"]["unknown"]["large"] != known
    with pytest.raises(bp.BpkitError, match="out_o9"):
        bp.apps.ask(ARTICLE, "dE/dw5", known=["out_o9"])


def opened(app: Any) -> str:
    """What an app says when its lines are asked for."""
    app.set(line=True)
    return repr(app)


def test_the_lines_that_open_start_where_the_picture_or_the_page_ends() -> None:
    """With the forward pass the network is drawn, so all is shown; else what comes after the known lines."""
    numbers = lambda app: re.findall(r"Line \((\d+)\)", opened(app))
    app = bp.apps.ask(ARTICLE, "out_o1")
    assert numbers(app) == ["1", "2", "3", "4", "5", "7"]
    assert app.without_kernel()["lines"][6] == app.told["line"]
    assert app.told["line"].count("<tr>") == 7
    assert app.spec["controls"]["line"]["label"] == "Show the lines"
    assert numbers(bp.apps.ask(ARTICLE, "dE/dw7", known=["out_h1", "out_o2"])) == ["14", "17", "20", "21", "26", "27"]
    for alone in (
        bp.apps.ask(ARTICLE, "w7_new", known=["dE/dw7"]),
        bp.apps.ask(ARTICLE, "dE/dw7"),
        bp.apps.ask(ARTICLE, "w1_new", known=["out_o1", "out_o2"]),  # far more lines than a box has room for
        bp.apps.ask(PROBLEM.replace(inputs=[[0.1, 0.2]] * 2, targets=[[0.05, 0.95]] * 2), "dE/dw7", known=["out_o2"]),
    ):
        assert alone.spec["controls"]["line"]["label"] == "Show the line"
        assert len(numbers(alone)) <= 1


@pytest.mark.parametrize(
    ("quantity", "label"),
    [
        ("dE/dw7", "∂E/∂w₇"),
        ("w7_new", "new w₇"),
        ("out_h2", "out(h2)"),
        ("E_total after 2 updates", "E after 2 updates"),
    ],
)
def test_a_box_is_labelled_as_sentences_have_it(quantity: str, label: str) -> None:
    spec = bp.apps.ask(ARTICLE, quantity).spec
    assert spec["controls"]["number"]["label"] == f"{label} ="
    assert spec["texts"]["tip"] == f"Check your {label}"


def test_what_cannot_be_asked_is_told_to_the_author() -> None:
    with pytest.raises(bp.BpkitError, match="did you mean"):
        bp.apps.ask(PROBLEM, "net_o9")
    with pytest.raises(bp.BpkitError, match=r"bp\.apps\.ask\(bp\.examples\.article\)"):
        bp.apps.ask("net_o1", PROBLEM)


def test_a_storm_of_typing_ends_in_the_last_number() -> None:
    app = bp.apps.detective(ARTICLE)
    app.quantity.value = "net_o1"
    text = f"{NET_O1:.9f}"
    for end in range(len(text) + 1):
        app.number.value = text[:end]
    assert app.state.found.verdict == "correct"
    other = bp.apps.detective(ARTICLE)
    other.set(number=text, quantity="net_o1")
    assert repr(app) == repr(other)
    assert app.told == other.told


def test_digits_of_the_line() -> None:
    app = bp.apps.detective(ARTICLE)
    app.set(quantity="net_o1", line=True, digits=12)
    assert f"<b>{NET_O1:.12g}</b>" in app.told["line"]
    assert f"{NET_O1:.12g}" in repr(app)


# predict


def predict(**more: Any) -> Any:
    return bp.apps.predict("Which way?", choices=["up", "down"], answer="down", because="downhill", **more)


def test_a_choice_is_compared_after_committing_and_then_locked() -> None:
    app = predict()
    with pytest.raises(bp.BpkitError, match=r"expected a prediction, got none; set app\.guess\.value"):
        app.commit()
    assert (app.committed, app.feedback) == (None, "")
    assert repr(app) == f"Predict: Which way? ({' / '.join(app.state.choices)}) No prediction yet."
    app.guess.value = "up"
    assert "downhill" not in repr(app) + str(app.told)
    app.commit()
    assert app.committed == "up"
    assert app.feedback == "You said up. It is down. The reason: downhill."
    assert app.told["message"] == app.feedback
    app.guess.value = "down"
    app.commit()
    assert (app.committed, app.guess.value) == ("up", "up")  # it stays, whatever comes later, from the page too
    app.set_state({"moved": {"version": app.moved["version"], "values": {"guess": "down", "final": "down"}}})
    assert (app.committed, app.guess.value) == ("up", "up")
    assert app.feedback in repr(app)


def test_a_choice_of_several_words_is_in_quotes() -> None:
    app = bp.apps.predict("And then?", choices=["net goes up", "net goes down"], answer="net goes up", because="so")
    app.guess.value = "net goes down"
    app.commit()
    assert app.feedback == "You said “net goes down”. It is “net goes up”. The reason: so."


def test_the_right_choice() -> None:
    app = predict()
    app.guess.value = "down"
    app.commit()
    assert app.state.right
    assert "You said down. That is right." in repr(app)
    assert app.told["verdict"] == "correct"


@pytest.mark.parametrize(
    ("guess", "words"),
    [
        ("500", "it is 20. You were 480 too high: 25 times too large."),
        ("4", "it is 20. You were 16 too low: 5 times too small."),
        ("30", "it is 20. You were 10, or 50 %, too high."),
        ("19", "it is 20. Close. You were 1, or 5 %, too low."),
        ("20", "You said 20. That is right."),
        ("2e1", "You said 20. That is right."),
        ("20.4", "it is 20. Close. You were 0.4, or 2 %, too high."),
        ("-20", "You were 40 too low, and on the other side of 0."),
        ("0", "You were 20 too low."),
    ],
)
def test_a_number_is_compared_by_how_far_and_which_way(guess: str, words: str) -> None:
    app = bp.apps.predict("After how many updates?", answer=20, because="it is quick.")
    app.guess.value = guess
    assert "20 " not in str(app.told)
    app.commit()
    assert words in app.feedback
    assert app.feedback.endswith("The reason: it is quick.")
    assert app.committed == float(guess)


@pytest.mark.parametrize(
    ("guess", "words"),
    [
        ("0.731059", "You said 0.731059. That is right."),
        ("0.73", "You said 0.73. That is right; with more digits it is 0.731059."),
        ("0.731", "You said 0.731. That is right; with more digits it is 0.731059."),
        ("0.7", "You said 0.7; it is 0.731059. Close. You were 0.03106, or 4.2 %, too low."),
        ("0.732", "You said 0.732; it is 0.731059. Close. You were 0.000941, or 0.13 %, too high."),
        ("0.73106100001", "You said 0.731061; it is 0.731059. Close. You were 2·10⁻⁶, or 0.00033 %, too high."),
    ],
)
def test_a_number_is_right_to_the_digits_typed_and_what_is_off_is_the_difference_of_what_is_read(
    guess: str, words: str
) -> None:
    app = bp.apps.predict("How much?", answer=1 / (1 + math.exp(-1)))
    app.guess.value = guess
    app.commit()
    assert app.feedback == words
    assert app.state.right == ("That is right" in words)


def test_choices_that_are_numbers_are_compared_as_numbers() -> None:
    app = bp.apps.predict("Nearest?", ["0.75", "0.80", "0.85", "0.90"], answer="0.85", because="it is 0.8447.")
    app.guess.value = "0.90"
    app.commit()
    assert app.feedback.startswith("You said 0.90; it is 0.85. Close. You were 0.05, or 5.9 %, too high. The reason: ")


def test_the_order_of_choices_depends_on_the_question_alone() -> None:
    """The right one is not where its author wrote it."""
    choices = ["left", "right", "up"]
    orders = [
        bp.apps.predict("Where?", list(way), answer="up").state.choices for way in itertools.permutations(choices)
    ]
    assert set(orders) == {orders[0]}
    assert sorted(orders[0]) == choices
    places = {bp.apps.predict(f"Where, {n}?", choices, answer="up").state.choices.index("up") for n in range(20)}
    assert places == {0, 1, 2}


def test_a_negative_answer_of_the_right_sign() -> None:
    app = bp.apps.predict("What slope?", answer=-0.01)
    app.guess.value = "-0.1"
    app.commit()
    assert app.feedback == "You said −0.1; it is −0.01. You were 0.09 too low: 10 times too large."


@pytest.mark.parametrize("typed", ["", "-", "some", "1e", "inf"])
def test_without_a_number_there_is_nothing_to_commit(typed: str) -> None:
    app = bp.apps.predict("How many?", answer=3)
    app.guess.value = typed
    with pytest.raises(bp.BpkitError, match="cannot read|expected a" if typed else "expected a prediction, got none"):
        app.commit()
    assert (app.committed, app.told["message"]) == (None, "")


def test_questions_that_cannot_be_answered() -> None:
    with pytest.raises(bp.BpkitError, match="one of the different choices"):
        bp.apps.predict("Which?", choices=["a", "b"], answer="c")
    with pytest.raises(bp.BpkitError, match="expected a number as the answer"):
        bp.apps.predict("Which?", answer="c")
    with pytest.raises(bp.BpkitError, match="did you mean 'two-paths'"):
        bp.apps.predict("two-path")
    with pytest.raises(bp.BpkitError, match="a question of your own with its answer"):
        bp.apps.predict("Which?", choices=["a", "b"])


def test_text_from_outside_stays_text() -> None:
    app = bp.apps.predict("<i>x</i>?", choices=["<b>a</b>", "c"], answer="c", because="<script>")
    app.guess.value = "<b>a</b>"
    app.commit()
    assert "<script>" not in app.bundles()[0]["text/html"]
    assert "<b>a" not in app.bundles()[0]["text/html"]


def test_pages_that_run_nothing_show_the_question_and_what_was_said() -> None:
    boxes = (bp.apps.ask(PROBLEM, "net_o1"), bp.apps.detective(PROBLEM))
    for app in boxes:
        assert "= ?</b>" in app.bundles()[0]["text/html"]
        app.number.value = "<i>1</i>"
        assert "<i>1" not in app.bundles()[0]["text/html"]
    boxes[0].number.value = "0.794609"
    assert boxes[0].state.found.message[:30] in boxes[0].bundles()[0]["text/html"]
    app = predict()
    assert "".join(f"<li>{one}</li>" for one in app.state.choices) in app.bundles()[0]["text/html"]
    assert "downhill" not in app.bundles()[0]["text/html"]
    app.guess.value = "up"
    app.commit()
    assert "It is down." in app.bundles()[0]["text/html"]


def test_a_net_input_or_an_output_is_asked_beside_the_network_with_what_it_rests_on() -> None:
    app = bp.apps.ask(PROBLEM.replace(x1=0.53), "out_h1")
    picture = app.spec["picture"]
    for number in ("0.53", "0.2", *map(str, PROBLEM.parameters.values())):
        assert number in picture
    assert "0.95" not in picture  # no target
    assert "var(--ink)" in picture
    assert "0.53" in app.still(app.state)
    for one in (
        bp.apps.ask(PROBLEM, "dE/dw5"),
        bp.apps.ask(PROBLEM, "E_total"),
        bp.apps.ask(
            bp.Problem(bp.Network(2, 9, 9, 1), dict.fromkeys(bp.Network(2, 9, 9, 1).parameters, 0.1), [1, 2], [0]),
            "net_o1",
        ),
        bp.apps.detective(PROBLEM),
    ):
        assert not one.spec.get("picture")


@pytest.mark.parametrize("example", [bp.examples.article, bp.examples.mazur])
def test_the_detective_says_of_every_printed_figure_what_the_audit_says(example: Example) -> None:
    app = bp.apps.detective(example)
    audit, signs = example.audit(), {"correct": "✓", "rounded": "✓", "follows": "→", "few_digits": "≈"}
    figures = app.spec["figures"]
    assert {*figures} == {re.sub(r"(after \d+) updates?", r"\1", one.figure) for one in audit}
    for name, (printed, given, _) in figures.items():
        if " after " in name:
            continue
        app.set(quantity=name, number=printed, given=given)
        told = app.tells()
        assert signs.get(told["verdict"], "✗") == audit[name].sign, name
        assert not re.search("Type .* digits", told["message"])
        app.set(given="")
        assert (signs.get(app.tells()["verdict"], "✗") == "✓") == audit[name].holds, name


def test_a_figure_printed_after_an_update_is_typed_for_that_update() -> None:
    app = bp.apps.detective(bp.examples.mazur, "E_total")
    printed, given, _ = app.spec["figures"]["E_total after 1"]
    assert given == ""
    app.set(number=printed)
    assert "I do not recognise the mistake" in app.tells()["message"]
    app.set(updates=1)
    assert "the new weights of the later layer on the way back" in app.tells()["message"]
    assert app.state.printed


def test_a_number_after_an_update_is_not_said_to_come_from_nothing() -> None:
    article, mazur = (bp.apps.detective(one).spec["figures"] for one in (ARTICLE, bp.examples.mazur))
    assert article["net_h1"][2] == "It comes from no earlier printed figure."
    assert not article["out_h1"][2]
    assert article["E_total after 1"][2] == "It comes from 8 new weights, of which only new w₁ is printed."
    assert mazur["E_total after 1"][2] == "After an update the detective starts from the old weights."
    assert mazur["E_total after 10000"][2] == "It comes from weights that are not printed."
    app = bp.apps.detective(ARTICLE, "E_total", ARTICLE.published["E_total after 1 update"])
    app.set(updates=1)
    assert app.tells()["message"] == "Not right, and I do not recognise the mistake."  # no line is likelier


def test_the_detective_lights_what_the_line_named_is_about() -> None:
    app = bp.apps.detective(ARTICLE, "w1_new", "0.249921")
    line = app.state.asked.derivation["dE_total/dw1"]
    network = ARTICLE.problem.network
    assert lit(network, line.quantity) == {"w1"}
    assert lit(network, app.state.asked.derivation["dnet_o1/dout_h1"].quantity) == {"h1", "o1", "w5"}
    assert lit(network, app.state.asked.derivation["E_total"].quantity) == {"o1", "o2"}
    before = app.tells()["place"]
    app.set(number="0.12345")  # nothing known: the line to check first is named
    assert app.tells()["place"] != before
    batch = PROBLEM.replace(inputs=[[0.1, 0.2], [0.3, 0.1]], targets=[[0.05, 0.95], [0, 1]])
    assert "place" not in bp.apps.detective(batch).tells()


@pytest.mark.parametrize(
    ("given", "such_as"),
    [(ARTICLE, "net_o1 = 0.794609"), (bp.examples.mazur, "net_o1 = 1.105905967"), (PROBLEM, "net_o1 = 0.79")],
)
def test_an_earlier_number_is_shown_as_the_problem_prints_it(given: Any, such_as: str) -> None:
    hint = bp.apps.detective(given).spec["controls"]["given"]["hint"]
    assert hint == f"earlier numbers of yours: {such_as}"


def test_the_lines_have_as_many_digits_as_the_number_typed() -> None:
    app = bp.apps.detective(bp.examples.mazur)
    app.set(quantity="E_total", updates=1, number="0.291027924", line=True)
    right = float(bp.evaluate(bp.examples.mazur.problem.updated(1))["E_total"])
    assert f"<b>{right:.9g}</b>" in app.tells()["line"]


def test_a_mistake_that_fits_without_the_numbers_handed_in_says_so() -> None:
    given = {"out_o1": "0.6888201", "out_o2": "0.7375445"}
    found = bp.diagnose(ARTICLE.problem, "w1_new", "0.249921", given=given)
    said = {one.name: one.detail for one in found.misconceptions}
    assert "from the right earlier numbers" in said["leaves out the weight on a path"]
    assert "earlier" not in said["counts the output slope twice"]


def test_where_two_mistakes_are_named_all_their_lines_are_shown_with_the_numbers_handed_in() -> None:
    app = bp.apps.detective(bp.examples.article, "w1_new")
    app.set(number="0.249921", given="out_o1 = 0.6888201, out_o2 = 0.7375445", line=True)
    named = [step for one in app.state.found.misconceptions[:2] for step in (one.step, *one.others)]
    own = app.state.asked.derivation["w1_new"].number
    shown = app.tells()["line"]
    assert [int(one) for one in re.findall(r"<td>\((\d+)\)</td>", shown)] == [*sorted(s.number for s in named), own]
    assert [step.name for step in named] == ["dE_o1/dnet_o1", "dE_o2/dnet_o2", "dE_o2/dout_h1"]
    assert f"{0.6888201 - 0.05:.6g}\N{NO-BREAK SPACE}·" in shown  # out minus target, as handed in
    network = app.problem.network
    places = frozenset[str]().union(*(lit(network, step.quantity) for step in named))
    assert app.tells()["place"] == themed(given_network(network, app.problem.givens, places))


def test_no_number_is_sent_back_to_lines_that_hold() -> None:
    app = bp.apps.detective(ARTICLE, "E_total", ARTICLE.published["E_total"])
    assert "Check line (5) first" in app.tells()["message"]
    app.line.value = True
    own = app.state.asked.derivation["E_total"].number
    assert re.findall(r"<td>\((\d+)\)</td>", app.tells()["line"]) == ["5", str(own)]
    app.number.value = "0.51237"
    assert "Check line (5) first" in app.tells()["message"]


def test_earlier_numbers_may_be_named_as_the_list_names_them() -> None:
    assert earlier("net(o1) = 0.794609, out(o1) = 0,6888") == {"net_o1": "0.794609", "out_o1": "0,6888"}


def test_a_number_that_is_off_in_late_digits_only_is_nearly_right() -> None:
    found = bp.diagnose(PROBLEM, "out_o2", "0.7375445")
    assert found.verdict == "unknown"
    assert found.off_in_digit == 5
    assert found.message.startswith("Nearly right: it is off from digit 5 on")
    assert repr(found).startswith("out(o2) = 0.7375445: nearly right\n")
    assert bp.diagnose(PROBLEM, "out_o2", "0.74").off_in_digit is None


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("0.1856", "You get this after 1 update, as far as four digits can show. The question asks for 2 updates."),
        ("0.1051", "You get this after 3 updates, as far as four digits can show. The question asks for 2 updates."),
        ("0.2174", "You get this after 2 updates with a learning rate of 0.5, as far as four digits can show."),
        ("0.185616", "You get this after 1 update. The question asks for 2 updates."),
    ],
)
def test_another_run_is_named_before_any_other_mistake(typed: str, said: str) -> None:
    found = bp.diagnose(PROBLEM.replace(learning_rate=3), "E_total after 2 updates", typed)
    assert found.message.startswith(f"Not right. {said}")


def test_the_loss_before_any_update_is_named_without_a_guess() -> None:
    found = bp.diagnose(PROBLEM.replace(learning_rate=3), "E_total after 2 updates", "0.2335")
    assert found.message.startswith("Not right: 0.2335 is the old E")


def test_an_earlier_number_that_was_cut_off_is_no_wrong_one() -> None:
    found = bp.diagnose(PROBLEM, "net_o2", "1.0334528", {"out_h1": "0.623633", "out_h2": "0.632045"})
    assert (found.verdict, found.carried) == ("rounded", ())
